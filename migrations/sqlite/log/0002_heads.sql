-- Signed tree heads of the log, one for a size at most, and what witnesses signed on them. Both are kept for ever: they are what readers
-- hold this log to.

CREATE TABLE tree_head (
    book INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL,
    size INTEGER NOT NULL PRIMARY KEY CHECK (size > 0), -- records
    root BLOB    NOT NULL CHECK (length(root) = 32),
    note TEXT    NOT NULL CHECK (length(note) > 0)      -- the checkpoint as the log signed it
) STRICT;

CREATE TABLE cosignature (
    book     INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL,
    size     INTEGER NOT NULL,
    key_name TEXT    NOT NULL CHECK (length(key_name) > 0),
    key_id   INTEGER NOT NULL CHECK (key_id >= 0),
    line     TEXT    NOT NULL CHECK (length(line) > 0), -- the signature line of the note
    PRIMARY KEY (size, key_name, key_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER tree_head_update BEFORE UPDATE ON tree_head BEGIN SELECT RAISE(ABORT, 'tree_head is append-only'); END;
CREATE TRIGGER tree_head_delete BEFORE DELETE ON tree_head BEGIN SELECT RAISE(ABORT, 'tree_head is append-only'); END;
-- Only what the log holds is signed: the end of a row, with its root.
CREATE TRIGGER tree_head_insert BEFORE INSERT ON tree_head
WHEN EXISTS (SELECT 1 FROM tree_head WHERE size = NEW.size)
  OR NOT EXISTS (SELECT 1 FROM log WHERE first = (SELECT MAX(first) FROM log WHERE first <= NEW.size)
                 AND first + count - 1 = NEW.size AND root = NEW.root)
BEGIN SELECT RAISE(ABORT, 'tree_head is append-only'); END;

CREATE TRIGGER cosignature_update BEFORE UPDATE ON cosignature BEGIN SELECT RAISE(ABORT, 'cosignature is append-only'); END;
CREATE TRIGGER cosignature_delete BEFORE DELETE ON cosignature BEGIN SELECT RAISE(ABORT, 'cosignature is append-only'); END;
CREATE TRIGGER cosignature_insert BEFORE INSERT ON cosignature
WHEN NOT EXISTS (SELECT 1 FROM tree_head WHERE size = NEW.size)
  OR EXISTS (SELECT 1 FROM cosignature WHERE size = NEW.size AND key_name = NEW.key_name AND key_id = NEW.key_id)
BEGIN SELECT RAISE(ABORT, 'cosignature is append-only'); END;
