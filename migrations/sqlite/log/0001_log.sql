-- The log of one book, its archive: the head and the batches. `book` takes no space here (a file a book) and lets PostgreSQL, where
-- it comes first in every key, share the statements.

CREATE TABLE head (
    book     INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL,
    only     INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    sequence INTEGER NOT NULL CHECK (sequence >= 0),
    root     BLOB    NOT NULL CHECK (length(root) = 32),
    edge     BLOB    NOT NULL CHECK (length(edge) % 32 = 0), -- roots of the perfect subtrees, largest first
    time     INTEGER NOT NULL CHECK (time >= 0),             -- of the last record, microseconds
    epoch    INTEGER NOT NULL CHECK (epoch >= 0)
) STRICT;

-- The root of the empty tree is SHA-256 of nothing (RFC 6962 section 2.1).
INSERT INTO head (only, sequence, root, edge, time, epoch)
VALUES (1, 0, x'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', x'', 0, 0);

CREATE TABLE log (
    book    INTEGER NOT NULL GENERATED ALWAYS AS (1) VIRTUAL,
    first   INTEGER NOT NULL PRIMARY KEY CHECK (first > 0), -- sequence of the first record
    count   INTEGER NOT NULL CHECK (count > 0),
    epoch   INTEGER NOT NULL CHECK (epoch > 0),
    time    INTEGER NOT NULL,                               -- of the last record, microseconds
    root    BLOB    NOT NULL CHECK (length(root) = 32),     -- after this row
    offsets BLOB    NOT NULL CHECK (length(offsets) = 4 * count), -- where each body ends, little-endian u32
    leaves  BLOB    NOT NULL CHECK (length(leaves) = 32 * count),
    bodies  BLOB    NOT NULL
) STRICT;

CREATE TRIGGER head_update BEFORE UPDATE ON head
WHEN NEW.only <> OLD.only OR NEW.sequence < OLD.sequence OR NEW.epoch < OLD.epoch OR NEW.time < OLD.time
  OR (NEW.sequence = OLD.sequence AND (NEW.root <> OLD.root OR NEW.edge <> OLD.edge OR NEW.time <> OLD.time))
BEGIN SELECT RAISE(ABORT, 'the head only rises'); END;
CREATE TRIGGER head_delete BEFORE DELETE ON head BEGIN SELECT RAISE(ABORT, 'the head only rises'); END;
CREATE TRIGGER head_insert BEFORE INSERT ON head BEGIN SELECT RAISE(ABORT, 'the head only rises'); END;

CREATE TRIGGER log_update BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'log is append-only'); END;
CREATE TRIGGER log_delete BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'log is append-only'); END;
-- A row follows the last one without gap, and ends where the head already stands.
CREATE TRIGGER log_insert BEFORE INSERT ON log
WHEN NEW.first IS NOT COALESCE((SELECT first + count FROM log ORDER BY first DESC LIMIT 1), 1)
  OR NOT EXISTS (SELECT 1 FROM head WHERE sequence = NEW.first + NEW.count - 1 AND root = NEW.root AND epoch = NEW.epoch)
BEGIN SELECT RAISE(ABORT, 'log is append-only'); END;
