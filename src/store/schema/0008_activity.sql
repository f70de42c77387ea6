-- The activity log: where operators sat, and a chain of hashes over its rows.

-- User and process are the kernel's word, terminal and source the client's. A seat is noted anew each day, so that those
-- of rows that are gone can go too.
CREATE TABLE seats(
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  uid INTEGER,
  pid INTEGER,
  terminal TEXT NOT NULL,
  source TEXT NOT NULL
) STRICT;
ALTER TABLE audit ADD COLUMN seat INTEGER;
-- Over the row and the hash before it; rows of before this step have none.
ALTER TABLE audit ADD COLUMN hash BLOB;

-- `start` is the last row without a hash, `anchor` the row after which the chain begins (the last one that retention
-- took away), `head` its end: a tail that was cut off is missed there.
CREATE TABLE audit_chain(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  start INTEGER NOT NULL,
  anchor INTEGER NOT NULL,
  anchor_hash BLOB NOT NULL,
  head INTEGER NOT NULL,
  head_hash BLOB NOT NULL
) STRICT;
INSERT INTO audit_chain(id, start, anchor, anchor_hash, head, head_hash)
  SELECT 1, n, n, zeroblob(32), n, zeroblob(32) FROM (SELECT coalesce(max(id), 0) AS n FROM audit);

-- Nothing edits the log by mistake: rows never change, and go only when the anchor has passed them.
CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit BEGIN
  SELECT RAISE(ABORT, 'the activity log cannot be changed');
END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit WHEN old.id > (SELECT anchor FROM audit_chain) BEGIN
  SELECT RAISE(ABORT, 'the activity log cannot be shortened');
END;

-- Numbers for the lead, put together from messages and the log when the writer is idle.

-- How far that is: rows of `messages` and of `audit` that are in.
CREATE TABLE numbers_upto(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  message INTEGER NOT NULL,
  audit INTEGER NOT NULL
) STRICT;
INSERT INTO numbers_upto(id, message, audit) VALUES(1, 0, 0);
-- `since` is the customer's first message that nobody answered, `opened` when the thread was opened again; 0 while it
-- is resolved.
CREATE TABLE waits(
  thread_id INTEGER PRIMARY KEY,
  since INTEGER,
  opened INTEGER
) STRICT;
CREATE INDEX waits_since ON waits(since) WHERE since IS NOT NULL;
-- How long each answer (kind 0) and each resolution (kind 1) took. `seq` is the row that told.
CREATE TABLE spans(
  kind INTEGER NOT NULL,
  at INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  operator TEXT NOT NULL,
  took INTEGER,
  PRIMARY KEY(kind, at, seq)
) STRICT, WITHOUT ROWID;
-- Messages by quarters of an hour, so that a day can be one of any time zone.
CREATE TABLE tallies(
  quarter INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  operator TEXT NOT NULL,
  received INTEGER NOT NULL DEFAULT 0,
  sent INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(quarter, account_id, operator)
) STRICT, WITHOUT ROWID;
