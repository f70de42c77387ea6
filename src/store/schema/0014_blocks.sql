-- Who is blocked on which number, by the name that the provider knows them by. Kept apart from contacts: the provider may
-- name people who never wrote here.
CREATE TABLE blocks (
    account_id INTEGER NOT NULL REFERENCES accounts(id),
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- Who did it here; empty when it was done elsewhere.
    actor TEXT NOT NULL,
    PRIMARY KEY (account_id, kind, value)
) STRICT, WITHOUT ROWID;
