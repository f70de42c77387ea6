-- Times are Unix milliseconds. Ids named `uid` are 16 bytes and mean the same on every host; integer ids are local.

CREATE TABLE meta(
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts(
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  provider TEXT NOT NULL,
  environment TEXT NOT NULL,
  number TEXT NOT NULL,
  business TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'pending',
  state_text TEXT NOT NULL DEFAULT '',
  facts TEXT NOT NULL DEFAULT '{}',
  threads INTEGER NOT NULL DEFAULT 0,
  unread INTEGER NOT NULL DEFAULT 0,
  unread_threads INTEGER NOT NULL DEFAULT 0,
  last_webhook INTEGER,
  templates_synced INTEGER
) STRICT;

-- A contact belongs to a scope: the provider's business account.
CREATE TABLE contacts(
  id INTEGER PRIMARY KEY,
  uid BLOB NOT NULL UNIQUE,
  scope TEXT NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  profile_name TEXT NOT NULL DEFAULT '',
  marketing_stop INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE identities(
  scope TEXT NOT NULL,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  contact_id INTEGER NOT NULL REFERENCES contacts(id),
  PRIMARY KEY(scope, kind, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_contact ON identities(contact_id);

CREATE TABLE threads(
  id INTEGER PRIMARY KEY,
  uid BLOB NOT NULL UNIQUE,
  account_id INTEGER NOT NULL REFERENCES accounts(id),
  contact_id INTEGER NOT NULL REFERENCES contacts(id),
  contact_uid BLOB NOT NULL,
  title TEXT NOT NULL,
  phone TEXT,
  last_at INTEGER NOT NULL,
  last_row INTEGER NOT NULL DEFAULT 0,
  last_uid BLOB,
  last_inbound INTEGER NOT NULL DEFAULT 0,
  last_kind TEXT NOT NULL DEFAULT '',
  last_text TEXT NOT NULL DEFAULT '',
  last_state TEXT NOT NULL DEFAULT 'received',
  unread INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  draft INTEGER NOT NULL DEFAULT 0,
  window_until INTEGER,
  read_at INTEGER,
  search TEXT NOT NULL DEFAULT '',
  UNIQUE(account_id, contact_id)
) STRICT;
-- One index that every message moves, not three: all accounts together are merged from the accounts' lists, and the
-- index of unread threads changes only when a thread gets or loses its first unread message.
CREATE INDEX threads_account ON threads(account_id, last_at, id);
CREATE INDEX threads_unread ON threads(account_id) WHERE unread > 0;
CREATE INDEX threads_failed ON threads(account_id) WHERE failed > 0;
CREATE INDEX threads_title ON threads(title COLLATE NOCASE);
CREATE INDEX threads_contact ON threads(contact_id);

-- Rows are appended: the body never sits on a random page. `uid` is the dedupe key: for what a provider named it is
-- a hash of (account, provider message id).
CREATE TABLE messages(
  id INTEGER PRIMARY KEY,
  uid BLOB NOT NULL UNIQUE,
  thread_id INTEGER NOT NULL REFERENCES threads(id),
  at INTEGER NOT NULL,
  stored_at INTEGER NOT NULL,
  inbound INTEGER NOT NULL,
  unread INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL,
  kind TEXT NOT NULL,
  text TEXT NOT NULL,
  body TEXT,
  origin TEXT,
  provider_id TEXT,
  quote TEXT,
  times TEXT,
  error TEXT,
  tag TEXT,
  edited INTEGER NOT NULL DEFAULT 0,
  dismissed INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  revision INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX messages_thread ON messages(thread_id, at, id);

CREATE TABLE reactions(
  message_id INTEGER NOT NULL REFERENCES messages(id),
  own INTEGER NOT NULL,
  emoji TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY(message_id, own)
) STRICT, WITHOUT ROWID;

-- News about messages that are not here yet: statuses, reactions and edits that overtook their message.
CREATE TABLE early(
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL,
  received_at INTEGER NOT NULL,
  change TEXT NOT NULL
) STRICT;
CREATE INDEX early_key ON early(key);

-- Sends on their way, in the order in which they were committed. A reaction has no message of its own: it is shown
-- on its target.
CREATE TABLE outbox(
  id INTEGER PRIMARY KEY,
  uid BLOB NOT NULL UNIQUE,
  message_id INTEGER REFERENCES messages(id),
  target_id INTEGER REFERENCES messages(id),
  thread_id INTEGER NOT NULL REFERENCES threads(id),
  account_id INTEGER NOT NULL REFERENCES accounts(id),
  attempt BLOB NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('queued','sending','unknown','failed','done','cancelled')),
  not_before INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  content TEXT NOT NULL,
  quote_id INTEGER REFERENCES messages(id)
) STRICT;
CREATE INDEX outbox_message ON outbox(message_id);
CREATE INDEX outbox_open ON outbox(id) WHERE state IN ('queued','sending','unknown');

CREATE TABLE attempts(
  uid BLOB PRIMARY KEY,
  outbox_id INTEGER NOT NULL REFERENCES outbox(id),
  n INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  outcome TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_outbox ON attempts(outbox_id);

-- Provider ids of what started here; the key is the same hash as `messages.uid` of what a provider named.
CREATE TABLE provider_ids(
  key BLOB PRIMARY KEY,
  outbox_id INTEGER NOT NULL REFERENCES outbox(id)
) STRICT, WITHOUT ROWID;

CREATE TABLE drafts(
  thread_id INTEGER NOT NULL REFERENCES threads(id),
  mode TEXT NOT NULL CHECK(mode IN ('reply','note')),
  text TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY(thread_id, mode)
) STRICT, WITHOUT ROWID;

CREATE TABLE templates(
  account_id INTEGER NOT NULL REFERENCES accounts(id),
  name TEXT NOT NULL,
  language TEXT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY(account_id, name, language)
) STRICT, WITHOUT ROWID;

CREATE TABLE quick_replies(
  uid BLOB PRIMARY KEY,
  shortcut TEXT NOT NULL UNIQUE COLLATE NOCASE,
  text TEXT NOT NULL,
  used INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE webhooks(
  id INTEGER PRIMARY KEY,
  uid BLOB NOT NULL,
  account_id INTEGER NOT NULL REFERENCES accounts(id),
  received_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('applied','partial','failed')),
  problem TEXT,
  body BLOB NOT NULL
) STRICT;
CREATE INDEX webhooks_failed ON webhooks(id) WHERE state <> 'applied';

CREATE TABLE notices(
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  account_id INTEGER NOT NULL REFERENCES accounts(id),
  severity TEXT NOT NULL,
  field TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;

-- Every event once: who, what, when. An event whose id is here has been applied.
CREATE TABLE audit(
  id INTEGER PRIMARY KEY,
  uid BLOB NOT NULL UNIQUE,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL DEFAULT ''
) STRICT;

-- Words of messages, newest first by rowid. Contentless: what is indexed is a prepared form of `messages.text`.
CREATE VIRTUAL TABLE message_words USING fts5(
  text, content='', columnsize=0, prefix='2 3', tokenize='unicode61 remove_diacritics 2'
);
-- Many small segments while webhooks come, merged when the writer is idle.
INSERT INTO message_words(message_words, rank) VALUES('automerge', 16);
INSERT INTO message_words(message_words, rank) VALUES('crisismerge', 64);
-- Parts of words, filled when the writer is idle up to meta `parts_upto`.
CREATE VIRTUAL TABLE message_parts USING fts5(
  text, content='', columnsize=0, tokenize='trigram remove_diacritics 1'
);
-- Names and numbers of the other side of a thread.
CREATE VIRTUAL TABLE thread_parts USING fts5(
  text, content='', columnsize=0, tokenize='trigram remove_diacritics 1'
);
