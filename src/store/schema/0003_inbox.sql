-- What agents do with conversations: states, labels, views, notes, replies with a place of their own.

-- Quick replies with a category, files and an owner ('' = everybody's). A shortcut is taken once per owner, so that
-- nobody learns of another's private ones.
CREATE TABLE replies(
  uid BLOB PRIMARY KEY,
  shortcut TEXT NOT NULL COLLATE NOCASE,
  text TEXT NOT NULL,
  category TEXT NOT NULL DEFAULT '',
  owner TEXT NOT NULL DEFAULT '',
  files TEXT NOT NULL DEFAULT '[]',
  used INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER NOT NULL,
  UNIQUE(owner, shortcut)
) STRICT, WITHOUT ROWID;
INSERT INTO replies(uid, shortcut, text, used, updated_at)
  SELECT uid, shortcut, text, used, updated_at FROM quick_replies;
DROP TABLE quick_replies;
ALTER TABLE replies RENAME TO quick_replies;

-- Macros: several commands under one name; the steps are lines of text as JSON.
CREATE TABLE macros(
  uid BLOB PRIMARY KEY,
  name TEXT NOT NULL COLLATE NOCASE,
  about TEXT NOT NULL DEFAULT '',
  steps TEXT NOT NULL,
  owner TEXT NOT NULL DEFAULT '',
  used INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER NOT NULL,
  UNIQUE(owner, name)
) STRICT, WITHOUT ROWID;
