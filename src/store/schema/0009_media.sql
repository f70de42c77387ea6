-- Files that go out. Their bytes are in the data folder under their hash (SHA-256); this is what is known of them.
CREATE TABLE files(
  hash BLOB PRIMARY KEY,
  size INTEGER NOT NULL,
  -- What the content is, as JSON.
  facts TEXT NOT NULL,
  -- When it was last handed over, sent or kept with a quick reply.
  used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What has a file: sends and quick replies, by their id.
CREATE TABLE file_uses(
  hash BLOB NOT NULL,
  uid BLOB NOT NULL,
  reply INTEGER NOT NULL,
  PRIMARY KEY(hash, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_uses_uid ON file_uses(uid);

-- The provider's id of a file, for the account that handed it over.
CREATE TABLE file_ids(
  hash BLOB NOT NULL,
  account_id INTEGER NOT NULL REFERENCES accounts(id),
  provider_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY(hash, account_id)
) STRICT, WITHOUT ROWID;
