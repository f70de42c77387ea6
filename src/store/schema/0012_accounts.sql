-- Accounts that are made, changed and taken away while the engine runs.

-- `kept` is the definition of one that was made here (JSON, no secrets); NULL: the configuration file has it. `options` is what
-- an admin set, `setup` how far connecting it got, `blocked` whether its state means that nothing can be sent.
ALTER TABLE accounts ADD COLUMN kept TEXT;
ALTER TABLE accounts ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
ALTER TABLE accounts ADD COLUMN setup TEXT NOT NULL DEFAULT '{}';
ALTER TABLE accounts ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN connected_at INTEGER;
ALTER TABLE accounts ADD COLUMN disconnected_at INTEGER;
ALTER TABLE accounts ADD COLUMN token_at INTEGER;
-- When it was taken away; its conversations are still there.
ALTER TABLE accounts ADD COLUMN removed_at INTEGER;
