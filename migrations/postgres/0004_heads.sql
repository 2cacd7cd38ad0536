-- Signed tree heads of the logs, one for a size at most, and what witnesses signed on them. Both are kept for ever: they are what readers
-- hold a log to.

CREATE TABLE earmark_log.tree_head (
    book INTEGER NOT NULL,
    size BIGINT  NOT NULL CHECK (size > 0), -- records
    root BYTEA   NOT NULL CHECK (octet_length(root) = 32),
    note TEXT    NOT NULL CHECK (length(note) > 0), -- the checkpoint as the log signed it
    PRIMARY KEY (book, size)
);

CREATE TABLE earmark_log.cosignature (
    book     INTEGER NOT NULL,
    size     BIGINT  NOT NULL,
    key_name TEXT    NOT NULL CHECK (length(key_name) > 0),
    key_id   BIGINT  NOT NULL CHECK (key_id >= 0),
    line     TEXT    NOT NULL CHECK (length(line) > 0), -- the signature line of the note
    PRIMARY KEY (book, size, key_name, key_id)
);

CREATE TRIGGER tree_head_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON earmark_log.tree_head
FOR EACH STATEMENT EXECUTE FUNCTION earmark.refuse('tree_head is append-only');
-- Only what the log holds is signed: the end of a row, with its root.
CREATE FUNCTION earmark_log.check_tree_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM earmark_log.log AS l WHERE l.book = NEW.book
                   AND l.first = (SELECT MAX(m.first) FROM earmark_log.log AS m WHERE m.book = NEW.book AND m.first <= NEW.size)
                   AND l.first + l.count - 1 = NEW.size AND l.root = NEW.root) THEN
        RAISE EXCEPTION 'tree_head is append-only' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER tree_head_insert BEFORE INSERT ON earmark_log.tree_head FOR EACH ROW EXECUTE FUNCTION earmark_log.check_tree_head();
ALTER TABLE earmark_log.tree_head ENABLE ALWAYS TRIGGER tree_head_guard;
ALTER TABLE earmark_log.tree_head ENABLE ALWAYS TRIGGER tree_head_insert;

CREATE TRIGGER cosignature_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON earmark_log.cosignature
FOR EACH STATEMENT EXECUTE FUNCTION earmark.refuse('cosignature is append-only');
CREATE FUNCTION earmark_log.check_cosignature() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM earmark_log.tree_head AS h WHERE h.book = NEW.book AND h.size = NEW.size) THEN
        RAISE EXCEPTION 'cosignature is append-only' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER cosignature_insert BEFORE INSERT ON earmark_log.cosignature
FOR EACH ROW EXECUTE FUNCTION earmark_log.check_cosignature();
ALTER TABLE earmark_log.cosignature ENABLE ALWAYS TRIGGER cosignature_guard;
ALTER TABLE earmark_log.cosignature ENABLE ALWAYS TRIGGER cosignature_insert;
