-- The logs of all books, the archive: heads and batches. `book` comes first in every key, so that books can be spread.

CREATE SCHEMA earmark_log;

-- Rewritten at every batch: room is left in the page, so that the row stays there and no index is touched.
CREATE TABLE earmark_log.head (
    book     INTEGER NOT NULL PRIMARY KEY REFERENCES earmark.book (no),
    sequence BIGINT  NOT NULL CHECK (sequence >= 0),
    root     BYTEA   NOT NULL CHECK (octet_length(root) = 32),
    edge     BYTEA   NOT NULL CHECK (octet_length(edge) % 32 = 0), -- roots of the perfect subtrees, largest first
    time     BIGINT  NOT NULL CHECK (time >= 0),                   -- of the last record, microseconds
    epoch    BIGINT  NOT NULL CHECK (epoch >= 0)
) WITH (fillfactor = 20);
ALTER TABLE earmark_log.head ALTER edge SET STORAGE PLAIN;

CREATE TABLE earmark_log.log (
    book    INTEGER NOT NULL,
    first   BIGINT  NOT NULL CHECK (first > 0), -- sequence of the first record
    count   BIGINT  NOT NULL CHECK (count > 0),
    epoch   BIGINT  NOT NULL CHECK (epoch > 0),
    time    BIGINT  NOT NULL,                                   -- of the last record, microseconds
    root    BYTEA   NOT NULL CHECK (octet_length(root) = 32),   -- after this row
    offsets BYTEA   NOT NULL CHECK (octet_length(offsets) = 4 * count), -- where each body ends, little-endian u32
    leaves  BYTEA   NOT NULL CHECK (octet_length(leaves) = 32 * count),
    bodies  BYTEA   NOT NULL,
    PRIMARY KEY (book, first)
);
-- Hashes and bodies do not compress enough to pay for it; stored plainly, their sizes are read without them.
ALTER TABLE earmark_log.log ALTER offsets SET STORAGE EXTERNAL, ALTER leaves SET STORAGE EXTERNAL, ALTER bodies SET STORAGE EXTERNAL;

CREATE TRIGGER head_insert BEFORE INSERT ON earmark_log.head FOR EACH ROW
-- The root of the empty tree is SHA-256 of nothing (RFC 6962 section 2.1).
WHEN (NEW.sequence <> 0 OR NEW.epoch <> 0 OR NEW.time <> 0 OR NEW.edge <> ''
   OR NEW.root <> '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
EXECUTE FUNCTION earmark.refuse('a head begins at nothing');
CREATE TRIGGER head_update BEFORE UPDATE ON earmark_log.head FOR EACH ROW
WHEN (NEW.book <> OLD.book OR NEW.sequence < OLD.sequence OR NEW.epoch < OLD.epoch OR NEW.time < OLD.time
   OR (NEW.sequence = OLD.sequence AND (NEW.root <> OLD.root OR NEW.edge <> OLD.edge OR NEW.time <> OLD.time)))
EXECUTE FUNCTION earmark.refuse('the head only rises');
CREATE TRIGGER head_guard BEFORE DELETE OR TRUNCATE ON earmark_log.head
FOR EACH STATEMENT EXECUTE FUNCTION earmark.refuse('the head only rises');
ALTER TABLE earmark_log.head ENABLE ALWAYS TRIGGER head_insert;
ALTER TABLE earmark_log.head ENABLE ALWAYS TRIGGER head_update;
ALTER TABLE earmark_log.head ENABLE ALWAYS TRIGGER head_guard;

CREATE TRIGGER log_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON earmark_log.log
FOR EACH STATEMENT EXECUTE FUNCTION earmark.refuse('log is append-only');
-- A row follows the last one without gap, and ends where the head already stands.
CREATE FUNCTION earmark_log.check_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.first <> COALESCE((SELECT l.first + l.count FROM earmark_log.log AS l WHERE l.book = NEW.book ORDER BY l.first DESC LIMIT 1), 1)
       OR NOT EXISTS (SELECT 1 FROM earmark_log.head AS h WHERE h.book = NEW.book AND h.sequence = NEW.first + NEW.count - 1
                      AND h.root = NEW.root AND h.epoch = NEW.epoch) THEN
        RAISE EXCEPTION 'log is append-only' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER log_insert BEFORE INSERT ON earmark_log.log FOR EACH ROW EXECUTE FUNCTION earmark_log.check_row();
ALTER TABLE earmark_log.log ENABLE ALWAYS TRIGGER log_guard;
ALTER TABLE earmark_log.log ENABLE ALWAYS TRIGGER log_insert;
