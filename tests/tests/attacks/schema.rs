//! Attacks on what keeps rows as they are: guards, checks, indexes, views, rights; and what only the database itself finds.

use earmark_tests::attacked::Part;

use super::{Attack, How, Who};

/// Statements for SQLite and for PostgreSQL.
fn schema(name: &'static str, part: Part, sqlite: Option<&'static str>, postgres: Option<&'static str>) -> Attack {
    Attack { name, how: How::Schema(part, sqlite, postgres), who: Who::Verify, code: "VER-044" }
}

pub fn attacks() -> Vec<Attack> {
    [guards(), rights(), tables(), rows_thrown_or_hidden()].into_iter().flatten().collect()
}

fn guards() -> Vec<Attack> {
    vec![
        schema(
            "a guard is dropped",
            Part::Log,
            Some("DROP TRIGGER log_update"),
            Some("DROP TRIGGER log_guard ON earmark_log.log"),
        ),
        schema(
            "a guard is switched off",
            Part::Views,
            None,
            Some("ALTER TABLE earmark_views.voucher DISABLE TRIGGER voucher_guard"),
        ),
        schema(
            "a guard holds no more in replication mode",
            Part::Log,
            None,
            Some("ALTER TABLE earmark_log.head ENABLE TRIGGER head_update"),
        ),
        schema(
            "a guard is replaced by one that never fires",
            Part::Log,
            Some(
                "DROP TRIGGER head_delete; CREATE TRIGGER head_delete BEFORE DELETE ON head WHEN 0 \
                 BEGIN SELECT RAISE(ABORT, 'the head only rises'); END",
            ),
            Some(
                "DROP TRIGGER head_update ON earmark_log.head; CREATE TRIGGER head_update BEFORE UPDATE ON earmark_log.head \
                 FOR EACH ROW WHEN (false) EXECUTE FUNCTION earmark.refuse('the head only rises'); \
                 ALTER TABLE earmark_log.head ENABLE ALWAYS TRIGGER head_update",
            ),
        ),
        schema(
            "the function of the guards does nothing",
            Part::Catalogue,
            None,
            Some(
                "CREATE OR REPLACE FUNCTION earmark.refuse() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RETURN COALESCE(NEW, OLD); END $$",
            ),
        ),
        schema(
            "a trigger is planted that spoils what is posted",
            Part::Views,
            Some(
                "CREATE TRIGGER planted AFTER INSERT ON voucher BEGIN DELETE FROM rejection WHERE sequence = NEW.sequence; END",
            ),
            Some(
                "CREATE FUNCTION earmark_views.planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.total_fen := 0; \
                 RETURN NEW; END $$; CREATE TRIGGER planted BEFORE INSERT ON earmark_views.voucher \
                 FOR EACH ROW EXECUTE FUNCTION earmark_views.planted()",
            ),
        ),
    ]
}

fn rights() -> Vec<Attack> {
    vec![
        schema(
            "whoever wants may change the log",
            Part::Log,
            None,
            Some("GRANT INSERT, UPDATE, DELETE ON earmark_log.log TO PUBLIC"),
        ),
        schema(
            "whoever wants may change a column of signed heads",
            Part::Log,
            None,
            Some("GRANT UPDATE (note) ON earmark_log.tree_head TO PUBLIC"),
        ),
        schema(
            "whoever wants may make tables beside the log",
            Part::Log,
            None,
            Some("GRANT CREATE ON SCHEMA earmark_log TO PUBLIC"),
        ),
    ]
}

fn tables() -> Vec<Attack> {
    vec![
        schema(
            "the index that keeps voucher numbers unique is dropped",
            Part::Views,
            Some("DROP INDEX voucher_by_reference"),
            Some("DROP INDEX earmark_views.voucher_by_reference"),
        ),
        schema(
            "a check is dropped",
            Part::Views,
            Some(
                "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (side IN (0, 1))', '') \
                 WHERE name = 'line'; PRAGMA writable_schema = RESET",
            ),
            Some("ALTER TABLE earmark_views.line DROP CONSTRAINT line_side_check"),
        ),
        schema(
            "a check is replaced by one that lets all pass",
            Part::Log,
            Some(
                "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (count > 0)', 'CHECK (count < 9e18)') \
                 WHERE name = 'log'; PRAGMA writable_schema = RESET",
            ),
            Some(
                "ALTER TABLE earmark_log.log DROP CONSTRAINT log_count_check; \
                 ALTER TABLE earmark_log.log ADD CONSTRAINT log_count_check CHECK (true)",
            ),
        ),
        schema(
            "the view that people read shows a tenth",
            Part::Views,
            Some(
                "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'abs(l.fen) / 100', 'abs(l.fen) / 1000') \
                 WHERE name = 'line_spelled'; PRAGMA writable_schema = RESET",
            ),
            Some(
                "DO $$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW earmark_views.line_spelled AS ' \
                 || replace(pg_get_viewdef('earmark_views.line_spelled'::regclass), '(100)', '(1000)'); END $$",
            ),
        ),
        schema(
            "a table is put beside the log",
            Part::Log,
            Some("CREATE TABLE log2 (x)"),
            Some("CREATE TABLE earmark_log.log2 (x BIGINT)"),
        ),
    ]
}

fn rows_thrown_or_hidden() -> Vec<Attack> {
    vec![
        schema(
            "the log is no more kept over a crash",
            Part::Log,
            None,
            Some("ALTER TABLE earmark_log.log SET UNLOGGED"),
        ),
        schema(
            "rows are hidden from the auditor",
            Part::Log,
            None,
            Some("ALTER TABLE earmark_views.rejection ENABLE ROW LEVEL SECURITY"),
        ),
        schema(
            "refusals are thrown away as they come",
            Part::Views,
            None,
            Some("CREATE RULE thrown AS ON INSERT TO earmark_views.rejection DO INSTEAD NOTHING"),
        ),
        Attack {
            name: "vouchers are no more found by their date",
            how: How::Schema(
                Part::Views,
                Some(
                    "DROP INDEX voucher_by_date; CREATE INDEX voucher_by_date ON voucher (date, sequence) WHERE sequence < 0; \
                     PRAGMA writable_schema = ON; UPDATE sqlite_schema \
                     SET sql = 'CREATE INDEX voucher_by_date ON voucher (date, sequence)' WHERE name = 'voucher_by_date'; \
                     PRAGMA writable_schema = RESET",
                ),
                None,
            ),
            who: Who::Verify,
            code: "VER-046",
        },
    ]
}
