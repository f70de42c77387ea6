-- Who quotes a message, wherever the answer is: what was said at its time is looked up again when the message changes.
CREATE INDEX messages_answers ON messages(json_extract(quote, '$.message')) WHERE quote IS NOT NULL;
