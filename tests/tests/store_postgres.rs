//! What only the PostgreSQL store has: schema steps, promises of the server, guards against other hands, locks, lines that break, a server
//! that goes away. What every store must do stands in `store_suite.rs`; servers killed under load, in `postgres_faults.rs`.

mod store_cases;

use std::time::Duration;

use earmark_tests::postgres::{Database, database, empty_database, raw, run};
use engine::store::{AppendError, Head, Store, StoreError, VoucherQuery};
use sqlx::{AssertSqlSafe, Executor, Row, SqlSafeStr};
use store::postgres::{Migrated, migrate};
use store::{PostgresStore, Reading, SchemaPart, sql};
use store_cases::sample::{BOOK, batch, body, book, fill, filled_book};

/// A store with one book of three records, projected up to the third.
async fn filled(url: &str) -> (PostgresStore, Head) {
    let store = PostgresStore::open(url).await.unwrap();
    let head = filled_book(&store).await;
    (store, head)
}

async fn new_filled() -> (Database, PostgresStore, Head) {
    let database = database().await;
    let (store, head) = filled(&database.url).await;
    (database, store, head)
}

fn corrupt(result: Result<PostgresStore, StoreError>, text: &str) {
    match result {
        Err(StoreError::Corrupt(told)) => assert!(told.contains(text), "{told}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("opened, though {text}"),
    }
}

#[tokio::test]
async fn every_shared_statement_prepares() {
    let (database, _store, _) = new_filled().await;
    let mut connection = database.raw().await;
    for (name, statement) in sql::ALL {
        // As a store asks them: with numbers of 64 bits, which the server takes for narrower columns too.
        let prepared = (&mut connection).prepare(AssertSqlSafe(*statement).into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
}

/// What whoever reads a database alone finds of its schema, and what should be there.
async fn schema(url: &str) -> (Vec<SchemaPart>, Vec<SchemaPart>) {
    Reading::database(url).await.unwrap().schema(BOOK).await.unwrap()
}

/// Changes that somebody with all rights makes, each of which must show.
const CHANGES: &[&str] = &[
    "ALTER TABLE earmark_views.voucher DISABLE TRIGGER voucher_guard",
    "ALTER TABLE earmark_log.head ENABLE TRIGGER head_update",
    "DROP TRIGGER head_insert ON earmark_log.head; CREATE TRIGGER head_insert BEFORE INSERT ON earmark_log.head FOR EACH ROW \
     WHEN (false) EXECUTE FUNCTION earmark.refuse('a head begins at nothing'); \
     ALTER TABLE earmark_log.head ENABLE ALWAYS TRIGGER head_insert",
    "CREATE OR REPLACE FUNCTION earmark_views.check_new() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
    "DO $$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW earmark_views.line_spelled AS ' \
     || replace(pg_get_viewdef('earmark_views.line_spelled'::regclass), '(100)', '(10)'); END $$",
    "DROP INDEX earmark_views.voucher_by_reference",
    "ALTER TABLE earmark_views.line DROP CONSTRAINT line_side_check",
    "ALTER TABLE earmark_views.fact DROP CONSTRAINT fact_key_check; \
     ALTER TABLE earmark_views.fact ADD CONSTRAINT fact_key_check CHECK (true)",
    "ALTER TABLE earmark_log.log SET UNLOGGED",
    "ALTER TABLE earmark_log.log ENABLE ROW LEVEL SECURITY",
    "CREATE RULE no_rejections AS ON INSERT TO earmark_views.rejection DO INSTEAD NOTHING",
    "GRANT UPDATE ON earmark_log.log TO PUBLIC",
    "GRANT UPDATE (note) ON earmark_log.tree_head TO PUBLIC",
    "GRANT CREATE ON SCHEMA earmark_log TO PUBLIC",
];

#[tokio::test]
async fn a_migrated_schema_is_this_version_s_and_a_changed_one_is_not() {
    let (database, store, head) = new_filled().await;
    let reading = Reading::database(&database.url).await.unwrap();
    assert_eq!(reading.books().await.unwrap(), [BOOK]);
    assert_eq!(reading.head(BOOK).await.unwrap(), head);
    assert_eq!(reading.log_rows(BOOK, 1, 1 << 20).await.unwrap(), store.log_rows(BOOK, 1, 1 << 20).await.unwrap());
    assert_eq!(reading.reached(BOOK).await.unwrap(), 3);
    let (found, expected) = schema(&database.url).await;
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        let text: String = found.iter().map(|part| format!("{}\t{}\n", part.name, part.definition)).collect();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/store/src/postgres/schema.tsv");
        std::fs::write(path, text).expect("the fixture can be written");
    } else {
        assert_eq!(found, expected, "a new migration has a new `schema.tsv`: UPDATE_FIXTURES=1");
    }
    let name: String =
        sqlx::query_scalar("SELECT current_database()").fetch_one(&mut database.raw().await).await.unwrap();
    for setting in ["intervalstyle = iso_8601", "datestyle = 'SQL, DMY'", "quote_all_identifiers = on"] {
        run(&mut database.raw().await, &format!("ALTER DATABASE {name} SET {setting}")).await.unwrap();
    }
    assert_eq!(schema(&database.url).await.0, found, "however the database spells things");
    for change in CHANGES {
        let (before, _) = schema(&database.url).await;
        run(&mut database.raw().await, change).await.unwrap_or_else(|e| panic!("{change}: {e}"));
        let (after, _) = schema(&database.url).await;
        assert_ne!(after, before, "{change}");
    }
}

#[tokio::test]
async fn a_schema_is_made_once_and_a_server_takes_no_other() {
    let database = empty_database().await;
    corrupt(PostgresStore::open(&database.url).await, "run `earmark migrate`");
    let steps = migrate(&database.url).await.unwrap().now;
    assert!(steps >= 3);
    let again = migrate(&database.url).await.unwrap();
    assert_eq!(again, Migrated { before: steps, now: steps });
    filled(&database.url).await.0.close().await;
    // Over what stands, nothing is made anew.
    migrate(&database.url).await.unwrap();
    let store = PostgresStore::open(&database.url).await.unwrap();
    assert_eq!(store.reached(BOOK).await.unwrap(), 3);
    store.close().await;

    let mut other = database.raw().await;
    run(&mut other, "UPDATE _migrations SET checksum = 'x' WHERE version = 2").await.unwrap();
    corrupt(PostgresStore::open(&database.url).await, "step 2 is not the one");
    run(&mut other, "DELETE FROM _migrations WHERE version >= 2").await.unwrap();
    corrupt(PostgresStore::open(&database.url).await, "run `earmark migrate`");
    run(&mut other, "INSERT INTO _migrations SELECT 99, description, now(), success, checksum, 0 FROM _migrations")
        .await
        .unwrap();
    corrupt(PostgresStore::open(&database.url).await, "newer version");
    assert!(matches!(migrate(&database.url).await, Err(StoreError::Corrupt(told)) if told.contains("newer version")));
}

#[tokio::test]
async fn what_a_server_does_not_promise_it_is_not_asked_to_keep() {
    let (database, store, head) = new_filled().await;
    let mut other = database.raw().await;
    let name: String = sqlx::query_scalar("SELECT current_database()").fetch_one(&mut other).await.unwrap();
    // A lowered default is raised for our own connections.
    run(&mut other, &format!("ALTER DATABASE {name} SET synchronous_commit = off")).await.unwrap();
    let head = Head { epoch: head.epoch + 1, ..fill(&store, BOOK, head, &[1]).await };
    assert_eq!(store.fence(BOOK).await.unwrap(), head);
    let head = fill(&store, BOOK, head, &[1]).await;
    // A database that was made read-only is not there for writing, and comes back without ado.
    run(&mut other, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await.unwrap();
    let refused = store.fence(BOOK).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(told)) if told.contains("read-only")), "{refused:?}");
    let next = batch(&head, &[body(head.sequence + 1)]);
    let refused = store.append(BOOK, &head, &next).await;
    assert!(matches!(refused, Err(AppendError::NotCommitted(StoreError::Unavailable(_)))), "{refused:?}");
    assert_eq!(store.records(BOOK, &[1]).await.unwrap(), [Some(body(1))]);
    let mut writing = raw(&database.url).await;
    run(&mut writing, "SET default_transaction_read_only = off").await.unwrap();
    run(&mut writing, &format!("ALTER DATABASE {name} RESET ALL")).await.unwrap();
    let fenced = store.fence(BOOK).await.unwrap();
    assert_eq!((fenced.sequence, fenced.root), (head.sequence, head.root));
    fill(&store, BOOK, fenced, &[1]).await;
}

#[tokio::test]
async fn the_guards_refuse_every_change_of_what_stands() {
    let (database, store, _) = new_filled().await;
    let attempts = [
        "UPDATE log SET root = root",
        "DELETE FROM log WHERE first = 3",
        "TRUNCATE log",
        "INSERT INTO log SELECT book, 4, 1, epoch, time, root, '\\x00000000', decode(repeat('00', 32), 'hex'), '' FROM log WHERE first = 3",
        "INSERT INTO log SELECT * FROM log",
        "UPDATE head SET sequence = sequence - 1",
        "UPDATE head SET epoch = epoch - 1",
        "UPDATE head SET root = decode(repeat('00', 32), 'hex')",
        "UPDATE head SET edge = ''",
        "UPDATE head SET time = time - 1, sequence = sequence + 1",
        "UPDATE head SET book = book + 1",
        "DELETE FROM head",
        "TRUNCATE head CASCADE",
        "UPDATE voucher SET total_fen = 1",
        "DELETE FROM voucher",
        "TRUNCATE voucher",
        "INSERT INTO voucher SELECT 2, time, total_fen, cycle, number + 9, book, date, word, ledger, kind, template, summary \
            FROM voucher WHERE sequence = 1",
        "UPDATE line SET fen = fen + 1",
        "DELETE FROM line WHERE sequence = 1",
        "TRUNCATE line",
        "UPDATE fact SET sequence = 9",
        "DELETE FROM fact",
        "INSERT INTO fact SELECT sequence, book, era, decode(repeat('22', 16), 'hex') FROM fact",
        "UPDATE balance_key SET grant_no = 9",
        "DELETE FROM balance_key",
        "INSERT INTO balance_key (grant_no, holder, book, no, account, year, source, class, plan, use_no) \
            VALUES (1, 1, 1, 99, 1, 1, 1, 1, 1, 1)",
        "INSERT INTO balance (block, debit_fen, credit_fen, heads, book, key_no, date, level) VALUES (0, 1, 1, 1, 1, 1, 1, 0)",
        "UPDATE rejection SET person = 'x'",
        "DELETE FROM rejection",
        "UPDATE reached SET sequence = sequence - 1",
        "DELETE FROM reached",
        "INSERT INTO reached VALUES (99, 5)",
        "UPDATE book SET code = 'x'",
        "UPDATE book SET arriving = 1",
        "DELETE FROM book",
        "TRUNCATE book CASCADE",
    ];
    let mut other = database.raw().await;
    for mode in ["origin", "replica"] {
        run(&mut other, &format!("SET session_replication_role = {mode}")).await.unwrap();
        for attempt in attempts {
            let refused = run(&mut other, attempt).await.expect_err(attempt);
            let state = refused.as_database_error().and_then(|e| e.code()).map(|code| code.into_owned());
            assert_eq!(state.as_deref().map(|s| &s[..2]), Some("23"), "{mode}: {attempt}: {refused}");
        }
    }
    // Emptying the views says so; its own word opens no other book.
    run(&mut other, "SET earmark.clearing = '7'").await.unwrap();
    run(&mut other, "DELETE FROM line").await.unwrap_err();
    store.clear_views(BOOK).await.unwrap();
    assert_eq!(store.reached(BOOK).await.unwrap(), 0);
}

#[tokio::test]
async fn tokens_can_only_be_revoked() {
    let database = database().await;
    let store = PostgresStore::open(&database.url).await.unwrap();
    store_cases::catalogue::tokens_are_kept_and_revoked(&store).await;
    let mut other = database.raw().await;
    for attempt in [
        "UPDATE token SET revoked = 0",
        "UPDATE token SET person = 'x'",
        "UPDATE token SET expires_at = 99",
        "UPDATE token SET operator = 1 - operator",
        "DELETE FROM token",
        "TRUNCATE token",
    ] {
        run(&mut other, attempt).await.expect_err(attempt);
    }
    assert_eq!(run(&mut other, "UPDATE token SET revoked = 1").await.unwrap(), 3);
}

#[tokio::test]
async fn one_store_at_a_time_has_a_book_and_the_second_is_told_who() {
    let (database, store, head) = new_filled().await;
    let second = PostgresStore::open(&database.url).await.unwrap();
    let told = second.fence(BOOK).await.unwrap_err().to_string();
    let holder = format!("{} ", std::process::id());
    assert!(told.contains("is held by \"earmark ") && told.contains(&holder) && told.contains("since"), "{told}");
    // The catalogue is shared, and other books are free.
    assert_eq!(second.books().await.unwrap().len(), 1);
    book(&second, "SZ-2018").await;
    let head = fill(&store, BOOK, head, &[1]).await;
    store.close().await;
    assert_eq!(second.fence(BOOK).await.unwrap(), Head { epoch: 2, ..head });
    second.close().await;
}

#[tokio::test]
async fn a_writer_that_lost_its_lock_is_stopped_by_the_epoch() {
    let (database, old, head) = new_filled().await;
    let new = PostgresStore::open(&database.url).await.unwrap();
    let mut other = database.raw().await;
    // The old server's line breaks, and it does not know it.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' \
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let ended = run(&mut other, end).await.unwrap();
    assert_eq!(ended, 1);
    let taken = new.fence(BOOK).await.unwrap();
    assert_eq!(taken, Head { epoch: 2, ..head.clone() });
    for _ in 0..2 {
        let late = old.append(BOOK, &head, &batch(&head, &[body(4)])).await;
        assert!(matches!(late, Err(AppendError::Fenced(2))), "{late:?}");
    }
    fill(&new, BOOK, taken, &[1]).await;
    let late = old.append(BOOK, &head, &batch(&head, &[body(4)])).await;
    assert!(matches!(late, Err(AppendError::Fenced(2))), "{late:?}");
}

#[tokio::test]
async fn a_fence_waits_for_an_open_transaction_and_sees_its_end() {
    for (end, epoch) in [("COMMIT", 12), ("ROLLBACK", 2)] {
        let (database, store, head) = new_filled().await;
        let mut old = database.raw().await;
        run(&mut old, "BEGIN; UPDATE head SET epoch = epoch + 10").await.unwrap();
        let ended = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            run(&mut old, end).await.unwrap();
        });
        let asked = std::time::Instant::now();
        let fenced = store.fence(BOOK).await.unwrap();
        assert!(asked.elapsed() > Duration::from_millis(100), "the fence came before the end");
        assert_eq!(fenced, Head { epoch, ..head.clone() }, "{end}");
        ended.await.unwrap();
        let late = store.append(BOOK, &head, &batch(&head, &[body(4)])).await;
        assert!(matches!(late, Err(AppendError::Fenced(found)) if found == epoch), "{late:?}");
        fill(&store, BOOK, fenced, &[1]).await;
    }
}

#[tokio::test]
async fn writes_broken_off_at_any_point_leave_all_or_nothing() {
    let (_database, store, head) = new_filled().await;
    store_cases::broken::writes_leave_all_or_nothing(&store, head, (1..8).cycle().take(100)).await;
}

#[tokio::test]
async fn a_contradictory_log_is_never_taken_over() {
    for (case, damage) in [
        (
            "the head's root",
            "ALTER TABLE head DISABLE TRIGGER USER; UPDATE head SET root = decode(repeat('00', 32), 'hex')",
        ),
        ("the head's sequence", "UPDATE head SET sequence = 9, root = root"),
        ("the last row", "ALTER TABLE log DISABLE TRIGGER USER; DELETE FROM log WHERE first = 3"),
        ("the last row's epoch", "ALTER TABLE log DISABLE TRIGGER USER; UPDATE log SET epoch = 99"),
        ("all rows", "ALTER TABLE log DISABLE TRIGGER USER; DELETE FROM log"),
        ("the head", "ALTER TABLE head DISABLE TRIGGER USER; DELETE FROM head"),
    ] {
        let (database, store, _) = new_filled().await;
        run(&mut database.raw().await, damage).await.unwrap();
        let fenced = store.fence(BOOK).await;
        assert!(matches!(fenced, Err(StoreError::Corrupt(_))), "{case}: {fenced:?}");
    }
}

#[tokio::test]
async fn nonsense_in_a_log_row_is_refused() {
    let (database, store, _) = new_filled().await;
    let damage = "ALTER TABLE log DISABLE TRIGGER USER; UPDATE log SET offsets = '\\xffffffff00000000' WHERE first = 1";
    run(&mut database.raw().await, damage).await.unwrap();
    assert!(matches!(store.log_rows(BOOK, 1, 1 << 20).await, Err(StoreError::Corrupt(_))));
    assert!(matches!(store.records(BOOK, &[1]).await, Err(StoreError::Corrupt(_))));
    assert_eq!(store.records(BOOK, &[3]).await.unwrap(), [Some(body(3))]);
}

#[tokio::test]
async fn people_can_read_lines_spelled_out() {
    let (database, _store, _) = new_filled().await;
    let row = sqlx::query(
        "SELECT book || ' ' || voucher || ' ' || voucher_date || ' ' || record_day || ' ' || ledger || ' ' || account || account_name \
         || ' ' || funding_name || ' ' || side || ' ' || yuan || ' ' || summary FROM line_spelled \
         WHERE sequence = 1 AND line_no = 1",
    )
    .fetch_one(&mut database.raw().await)
    .await
    .unwrap();
    let spelled = "GD-2018 记-2018-1 2018-01-02 2018-01-03 ACTUAL 501保障支出 粤工〔2018〕1号 借 95.00 直拨保障费 1";
    assert_eq!(row.get::<String, _>(0), spelled);
}

#[tokio::test]
async fn reads_go_on_when_their_lines_are_broken() {
    let (database, store, _) = new_filled().await;
    let query = VoucherQuery { up_to: 9, limit: 9, ..VoucherQuery::default() };
    let listed = store.vouchers(BOOK, &query).await.unwrap();
    let ours = "FROM pg_stat_activity WHERE application_name LIKE 'earmark %' AND datname = current_database()";
    for _ in 0..3 {
        // Several idle connections, all of which the server ends. Two reads at once may share one, where the first is done before a second
        // one is open: they are asked for until there are two.
        loop {
            let (a, b) = tokio::join!(store.lines(BOOK, &[1]), store.records(BOOK, &[1]));
            assert!(a.is_ok() && b.is_ok());
            let open = sqlx::query_scalar::<_, i64>(AssertSqlSafe(format!("SELECT count(*) {ours}")));
            if open.fetch_one(&mut database.raw().await).await.unwrap() >= 2 {
                break;
            }
        }
        let end = format!("SELECT pg_terminate_backend(pid) {ours}");
        assert!(run(&mut database.raw().await, &end).await.unwrap() >= 2);
        assert_eq!(store.vouchers(BOOK, &query).await.unwrap(), listed);
    }
}
