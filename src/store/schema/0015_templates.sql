-- What is kept here about templates, apart from the provider's list: it outlives a read of the list, and a template that is
-- made again finds it.

-- What is set here: whether it is offered, to whom, and where its values come from.
CREATE TABLE template_settings(
  account_id INTEGER NOT NULL REFERENCES accounts(id),
  name TEXT NOT NULL,
  language TEXT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY(account_id, name, language)
) STRICT, WITHOUT ROWID;

-- How often it was sent, and when last.
CREATE TABLE template_uses(
  account_id INTEGER NOT NULL REFERENCES accounts(id),
  name TEXT NOT NULL,
  language TEXT NOT NULL,
  count INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY(account_id, name, language)
) STRICT, WITHOUT ROWID;

-- What changed about it, and who did it. The same change is noted once, however often it is told.
CREATE TABLE template_changes(
  id INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES accounts(id),
  name TEXT NOT NULL,
  language TEXT NOT NULL,
  at INTEGER NOT NULL,
  part TEXT NOT NULL,
  was TEXT NOT NULL,
  becomes TEXT NOT NULL,
  actor TEXT NOT NULL,
  key BLOB NOT NULL UNIQUE
) STRICT;
CREATE INDEX template_changes_of ON template_changes(account_id, name, language, at);

-- A move to another category that nobody has yet sent it in spite of.
CREATE TABLE template_warnings(
  account_id INTEGER NOT NULL REFERENCES accounts(id),
  name TEXT NOT NULL,
  language TEXT NOT NULL,
  at INTEGER NOT NULL,
  part TEXT NOT NULL,
  was TEXT NOT NULL,
  becomes TEXT NOT NULL,
  PRIMARY KEY(account_id, name, language)
) STRICT, WITHOUT ROWID;

-- Business actions: names that send a template.
CREATE TABLE actions(
  account_id INTEGER NOT NULL REFERENCES accounts(id),
  name TEXT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY(account_id, name)
) STRICT, WITHOUT ROWID;
