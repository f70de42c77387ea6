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
-- When the provider first stated an identity (its time; 0 for one that was only typed), and whether another one of
-- the same kind has taken its place: a retired one finds the person and is not written to.
ALTER TABLE identities ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE identities ADD COLUMN retired INTEGER NOT NULL DEFAULT 0;
-- The provider's times of the name and of the wish to get no marketing: older news change nothing.
ALTER TABLE contacts ADD COLUMN named_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contacts ADD COLUMN stop_at INTEGER NOT NULL DEFAULT 0;
-- When the provider last said that the window is closed: what the customer wrote before does not open it.
ALTER TABLE threads ADD COLUMN closed_at INTEGER NOT NULL DEFAULT 0;
-- Fingerprint of the identity on the other side of a thread's messages, and of those messages that name another.
ALTER TABLE threads ADD COLUMN peer INTEGER;
ALTER TABLE messages ADD COLUMN peer INTEGER;
-- Milliseconds between the provider's time and arrival, for messages that came late.
ALTER TABLE messages ADD COLUMN late INTEGER;

-- What edited and deleted messages said: the original, and each change that was told.
CREATE TABLE versions(
  message_id INTEGER NOT NULL REFERENCES messages(id),
  original INTEGER NOT NULL,
  at INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY(message_id, original, at, body)
) STRICT, WITHOUT ROWID;

-- Quotes of messages that are not here, or that only the inner token matches. The key is the hash of the message
-- id, or of the token.
CREATE TABLE open_quotes(
  key BLOB NOT NULL,
  message_id INTEGER NOT NULL REFERENCES messages(id),
  PRIMARY KEY(key, message_id)
) STRICT, WITHOUT ROWID;

-- Ids of threads and contacts that were joined with another: who still holds one gets the other.
CREATE TABLE joined(
  uid BLOB PRIMARY KEY,
  target BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX joined_target ON joined(target);

-- Contacts that an operator took apart: nothing joins them by itself again.
CREATE TABLE apart(
  a INTEGER NOT NULL REFERENCES contacts(id),
  b INTEGER NOT NULL REFERENCES contacts(id),
  PRIMARY KEY(a, b)
) STRICT, WITHOUT ROWID;

-- The same news is told once, however often it comes.
ALTER TABLE notices ADD COLUMN key BLOB;
CREATE UNIQUE INDEX notices_key ON notices(key);

-- The provider's time of each part of a template that a webhook told: older news change nothing.
CREATE TABLE template_news(
  account_id INTEGER NOT NULL REFERENCES accounts(id),
  name TEXT NOT NULL,
  language TEXT NOT NULL,
  part TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY(account_id, name, language, part)
) STRICT, WITHOUT ROWID;

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
