-- What it takes to show and prove the life of a message.

-- Ingest and identity.

-- A kept webhook is found by its id, to be read again. Ids grow, so this index only ever grows at its end.
CREATE INDEX webhooks_uid ON webhooks(uid);
