-- Who may do what: one book of rules (see `model::access::AccessBook`), read whole at every change.
CREATE TABLE access(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  book TEXT NOT NULL
) STRICT;
