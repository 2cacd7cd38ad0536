-- A book that is being copied here from another store stands in the catalogue as arriving until all of it is here; until then nobody
-- serves it. Nothing else of a book can change.

ALTER TABLE book ADD COLUMN arriving INTEGER NOT NULL DEFAULT 0 CHECK (arriving IN (0, 1));

DROP TRIGGER book_update;
CREATE TRIGGER book_update BEFORE UPDATE ON book
WHEN NEW.code IS NOT OLD.code OR NEW.created_at IS NOT OLD.created_at OR NEW.arriving IS NOT 0
BEGIN SELECT RAISE(ABORT, 'book is append-only'); END;
