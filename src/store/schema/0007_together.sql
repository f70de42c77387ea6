-- Several operators at work in one conversation.

-- A draft belongs to who writes it. Those that were kept before this had no owner (''): everybody sees them as their
-- own, and whoever goes on writing has it.
CREATE TABLE own_drafts(
  thread_id INTEGER NOT NULL REFERENCES threads(id),
  mode TEXT NOT NULL CHECK(mode IN ('reply','note')),
  operator TEXT NOT NULL,
  text TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY(thread_id, mode, operator)
) STRICT, WITHOUT ROWID;
INSERT INTO own_drafts(thread_id, mode, operator, text, updated_at)
  SELECT thread_id, mode, '', text, updated_at FROM drafts;
DROP TABLE drafts;
ALTER TABLE own_drafts RENAME TO drafts;

-- Whom a note calls, by the name in small letters, and when they saw it.
CREATE TABLE mentions(
  operator TEXT NOT NULL,
  message_id INTEGER NOT NULL REFERENCES messages(id) ON DELETE CASCADE,
  read_at INTEGER,
  PRIMARY KEY(operator, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX mentions_unread ON mentions(operator) WHERE read_at IS NULL;
CREATE INDEX mentions_note ON mentions(message_id);

-- When somebody was last given a conversation by the engine: whose turn is longest ago is next.
CREATE TABLE turns(
  operator TEXT PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
