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

-- The outbox: when, why not yet, and what became of each attempt.
-- `send_at` is the time that an operator chose, `line_at` the place in the thread's line, `hold` why it waits until
-- `not_before`, `spent` the attempts made before an operator sent it again.
ALTER TABLE outbox ADD COLUMN send_at INTEGER;
ALTER TABLE outbox ADD COLUMN line_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN hold TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN spent INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_line ON outbox(thread_id, line_at, id) WHERE state IN ('queued','sending');
CREATE INDEX outbox_due ON outbox(account_id, not_before, id) WHERE state = 'queued';
CREATE INDEX outbox_failed ON outbox(id) WHERE state = 'failed';
-- How far an attempt got that is not its message's present one: the message shows the present one.
ALTER TABLE attempts ADD COLUMN state TEXT;
ALTER TABLE attempts ADD COLUMN times TEXT;
ALTER TABLE attempts ADD COLUMN error TEXT;
ALTER TABLE attempts ADD COLUMN provider_id TEXT;
CREATE INDEX attempts_started ON attempts(started_at);
-- Which attempt a provider's id belongs to.
ALTER TABLE provider_ids ADD COLUMN attempt BLOB;
