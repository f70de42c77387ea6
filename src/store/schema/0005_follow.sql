-- What changed, line after line, for programs that follow along. Written only while somebody follows, and for a month
-- after; ids grow and are never used again (the newest line is never deleted).
CREATE TABLE feed(
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  kind TEXT NOT NULL,
  thread BLOB,
  message BLOB,
  other BLOB,
  state TEXT
) STRICT;

-- Until when lines are written.
CREATE TABLE feed_kept(
  id INTEGER PRIMARY KEY CHECK(id = 1),
  until INTEGER NOT NULL
) STRICT;
