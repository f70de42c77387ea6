-- How far the past of an account was read from its provider (JSON); NULL: never.
ALTER TABLE accounts ADD COLUMN history TEXT;
-- A message that came from the past and counts as read; a webhook that brings it after all takes this away.
ALTER TABLE messages ADD COLUMN past INTEGER;
