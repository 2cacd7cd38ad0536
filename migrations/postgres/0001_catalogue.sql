-- The catalogue: which books there are, by which number their rows are kept, and whose tokens open the door. One for all books of a
-- database. `earmark migrate` makes the schema `earmark` before its first step.

CREATE TABLE earmark.book (
    no         INTEGER NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- `book` in every other table
    code       TEXT COLLATE "C" NOT NULL UNIQUE CHECK (length(code) > 0),
    created_at BIGINT  NOT NULL, -- microseconds
    -- Being copied here from another store: until all of it is here, nobody serves it.
    arriving   SMALLINT NOT NULL DEFAULT 0 CHECK (arriving IN (0, 1))
);

CREATE TABLE earmark.token (
    hash       BYTEA    NOT NULL PRIMARY KEY CHECK (octet_length(hash) = 32), -- SHA-256 of the token
    person     TEXT     NOT NULL CHECK (length(person) > 0),
    operator   SMALLINT NOT NULL CHECK (operator IN (0, 1)),
    created_at BIGINT   NOT NULL, -- microseconds
    expires_at BIGINT,            -- microseconds; NULL never
    revoked    SMALLINT NOT NULL DEFAULT 0 CHECK (revoked IN (0, 1))
);

-- Guards refuse whatever an append-only table must not see; the first argument says why. They hold in replication mode too.
CREATE FUNCTION earmark.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER book_guard BEFORE DELETE OR TRUNCATE ON earmark.book
FOR EACH STATEMENT EXECUTE FUNCTION earmark.refuse('book is append-only');
CREATE TRIGGER book_update BEFORE UPDATE ON earmark.book FOR EACH ROW
WHEN (NEW.no <> OLD.no OR NEW.code <> OLD.code OR NEW.created_at <> OLD.created_at OR NEW.arriving <> 0)
EXECUTE FUNCTION earmark.refuse('book is append-only');
ALTER TABLE earmark.book ENABLE ALWAYS TRIGGER book_guard;
ALTER TABLE earmark.book ENABLE ALWAYS TRIGGER book_update;

-- A token can be revoked, and nothing else of it can change.
CREATE TRIGGER token_guard BEFORE DELETE OR TRUNCATE ON earmark.token
FOR EACH STATEMENT EXECUTE FUNCTION earmark.refuse('a token can only be revoked');
CREATE TRIGGER token_update BEFORE UPDATE ON earmark.token FOR EACH ROW
WHEN (NEW.hash <> OLD.hash OR NEW.person <> OLD.person OR NEW.operator <> OLD.operator OR NEW.created_at <> OLD.created_at
   OR NEW.expires_at IS DISTINCT FROM OLD.expires_at OR NEW.revoked < OLD.revoked)
EXECUTE FUNCTION earmark.refuse('a token can only be revoked');
ALTER TABLE earmark.token ENABLE ALWAYS TRIGGER token_guard;
ALTER TABLE earmark.token ENABLE ALWAYS TRIGGER token_update;
