-- The catalogue: which books there are, and whose tokens open the door. One file for all books of a data folder.

CREATE TABLE book (
    code       TEXT    NOT NULL PRIMARY KEY CHECK (length(code) > 0),
    created_at INTEGER NOT NULL -- microseconds
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    hash       BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32), -- SHA-256 of the token
    person     TEXT    NOT NULL CHECK (length(person) > 0),
    operator   INTEGER NOT NULL CHECK (operator IN (0, 1)),
    created_at INTEGER NOT NULL, -- microseconds
    expires_at INTEGER,          -- microseconds; NULL never
    revoked    INTEGER NOT NULL DEFAULT 0 CHECK (revoked IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TRIGGER book_update BEFORE UPDATE ON book BEGIN SELECT RAISE(ABORT, 'book is append-only'); END;
CREATE TRIGGER book_delete BEFORE DELETE ON book BEGIN SELECT RAISE(ABORT, 'book is append-only'); END;
CREATE TRIGGER book_insert BEFORE INSERT ON book
WHEN EXISTS (SELECT 1 FROM book WHERE code = NEW.code)
BEGIN SELECT RAISE(ABORT, 'book is append-only'); END;

-- A token can be revoked, and nothing else of it can change.
CREATE TRIGGER token_update BEFORE UPDATE ON token
WHEN NEW.hash IS NOT OLD.hash OR NEW.person IS NOT OLD.person OR NEW.operator IS NOT OLD.operator
  OR NEW.created_at IS NOT OLD.created_at OR NEW.expires_at IS NOT OLD.expires_at OR NEW.revoked < OLD.revoked
BEGIN SELECT RAISE(ABORT, 'a token can only be revoked'); END;
CREATE TRIGGER token_delete BEFORE DELETE ON token BEGIN SELECT RAISE(ABORT, 'a token can only be revoked'); END;
CREATE TRIGGER token_insert BEFORE INSERT ON token
WHEN EXISTS (SELECT 1 FROM token WHERE hash = NEW.hash)
BEGIN SELECT RAISE(ABORT, 'a token can only be revoked'); END;
