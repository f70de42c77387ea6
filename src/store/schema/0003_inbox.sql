-- What agents do with conversations: states, labels, views, notes, replies with a place of their own.

-- States, assignees, priorities, labels. `state` is 0 open, 1 snoozed, 2 resolved; `woken_at` the place in the list
-- that waking gave a thread.
ALTER TABLE threads ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
ALTER TABLE threads ADD COLUMN snooze INTEGER;
ALTER TABLE threads ADD COLUMN snooze_until INTEGER;
ALTER TABLE threads ADD COLUMN woken_at INTEGER;
ALTER TABLE threads ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE threads ADD COLUMN assignee TEXT;
-- Still one index that every message moves: each view reads some of its lists and merges them. Threads that somebody
-- has are in a second one.
DROP INDEX threads_account;
CREATE INDEX threads_list ON threads(account_id, state, assignee IS NULL, last_at, id);
CREATE INDEX threads_assignee ON threads(assignee, account_id, state, last_at, id) WHERE assignee IS NOT NULL;
CREATE INDEX threads_snoozed ON threads(snooze_until) WHERE snooze_until IS NOT NULL;
CREATE TABLE labels(
  id INTEGER PRIMARY KEY,
  uid BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  color INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE thread_labels(
  thread_id INTEGER NOT NULL REFERENCES threads(id),
  label_id INTEGER NOT NULL REFERENCES labels(id),
  PRIMARY KEY(thread_id, label_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX thread_labels_label ON thread_labels(label_id);
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
