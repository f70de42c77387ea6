-- Words of messages are put off like their parts: up to this row they are in the index. All of them are so far.
INSERT INTO meta(key, value) SELECT 'words_upto', coalesce(max(id), 0) FROM messages;
