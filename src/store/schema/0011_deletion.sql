-- Deleted conversations.

-- Messages, conversations and provider's ids that were deleted: news of them, and they themselves when they come again,
-- change nothing.
CREATE TABLE gone(
  uid BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;
-- Conversations of which something is still left, taken away bit by bit. `uid` is the id that it had, `webhook` the last
-- raw webhook that was looked at; 0: messages are left.
CREATE TABLE deletions(
  thread_id INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL,
  contact_id INTEGER NOT NULL,
  uid BLOB NOT NULL,
  began INTEGER NOT NULL,
  messages INTEGER NOT NULL DEFAULT 0,
  webhooks INTEGER NOT NULL DEFAULT 0,
  webhook INTEGER NOT NULL DEFAULT 0
) STRICT;
-- Without these each message that goes would be looked for in whole tables.
CREATE INDEX outbox_target ON outbox(target_id) WHERE target_id IS NOT NULL;
CREATE INDEX outbox_quote ON outbox(quote_id) WHERE quote_id IS NOT NULL;
CREATE INDEX provider_ids_outbox ON provider_ids(outbox_id);
CREATE INDEX open_quotes_message ON open_quotes(message_id);
