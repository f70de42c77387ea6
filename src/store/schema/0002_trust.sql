-- What it takes to show and prove the life of a message.

-- Ingest and identity.

-- A kept webhook is found by its id, to be read again. Ids grow, so this index only ever grows at its end.
CREATE INDEX webhooks_uid ON webhooks(uid);

-- Flight recorder.

-- Bytes of the raw webhooks that came in by an account's path, kept with the account's other counters.
ALTER TABLE accounts ADD COLUMN webhook_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE accounts SET webhook_bytes =
  (SELECT coalesce(sum(length(body)), 0) FROM webhooks w WHERE w.account_id = accounts.id);
-- What the doctor posts to our own listener: kept, and never traffic.
ALTER TABLE webhooks ADD COLUMN test INTEGER NOT NULL DEFAULT 0;

-- What an operator set on a screen and expects on the next one: muted threads and the like.

CREATE TABLE preferences(
  operator TEXT NOT NULL,
  key      TEXT NOT NULL,
  value    TEXT NOT NULL,
  PRIMARY KEY(operator, key)
) STRICT, WITHOUT ROWID;
