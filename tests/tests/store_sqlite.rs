//! What only the SQLite store has: guards against other hands on its files, locks, broken-off transactions, damaged files, and query
//! plans. What every store must do stands in `store_suite.rs`.

mod store_cases;

use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::store::{AppendError, Head, Store, StoreError, VoucherQuery};
use ledger::rows::ViewRows;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use store::{SqliteStore, sql};
use store_cases::sample::{BOOK, Numbers, batch, body, book, fill, filled_book, plain, random_vouchers};

/// A connection of someone else, with SQLite's own defaults.
async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(10)).connect().await.unwrap()
}

fn file(dir: &Path, name: &str) -> PathBuf {
    dir.join("books").join(BOOK).join(name)
}

async fn run(connection: &mut SqliteConnection, statement: &str) -> Result<u64, sqlx::Error> {
    let done = sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(connection).await?;
    Ok(done.rows_affected())
}

/// A store with one book of three records, projected up to the third.
async fn filled(dir: &Path) -> (SqliteStore, Head) {
    let store = SqliteStore::open(dir).await.unwrap();
    let head = filled_book(&store).await;
    (store, head)
}

#[tokio::test]
async fn every_shared_statement_prepares() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = filled(dir.path()).await;
    let mut connection = raw(&dir.path().join("catalogue.sqlite")).await;
    for name in ["log", "views"] {
        let path = file(dir.path(), &format!("{name}.sqlite"));
        run(&mut connection, &format!("ATTACH '{}' AS {name}_file", path.display())).await.unwrap();
    }
    for (name, statement) in sql::ALL {
        let plan = run(&mut connection, &format!("EXPLAIN {statement}")).await;
        assert!(plan.is_ok(), "{name}: {plan:?}");
    }
    store.close().await;
}

#[tokio::test]
async fn the_guards_refuse_every_change_of_what_stands() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = filled(dir.path()).await;
    // So many rows that guards were lifted meanwhile, and some blocks of sums are full.
    let many = random_vouchers(&mut Numbers(5), 4, 4_000);
    assert!(many.len() > 10_000);
    store.project(BOOK, 3, 4_003, &many).await.unwrap();
    let line = "SELECT sequence, line_no, key_no, leads, side, fen + 1, counterparty, heads, price, bank FROM line WHERE sequence = 1";
    let columns = "sequence, line_no, key_no, leads, side, fen, counterparty, heads, price, bank";
    let late = line.replace("line_no,", "line_no + 2,");
    let attempts = [
        ("log", "UPDATE log SET root = zeroblob(32)".to_owned()),
        ("log", "DELETE FROM log WHERE first = 3".into()),
        ("log", "INSERT OR REPLACE INTO log (first, count, epoch, time, root, offsets, leaves, bodies) \
            SELECT first, count, epoch, time, root, offsets, leaves, zeroblob(9) FROM log".into()),
        ("log", "INSERT INTO log (first, count, epoch, time, root, offsets, leaves, bodies) \
            SELECT 4, 1, epoch, time, root, zeroblob(4), zeroblob(32), x'' FROM log WHERE first = 3".into()),
        ("log", "UPDATE head SET sequence = sequence - 1".into()),
        ("log", "UPDATE head SET epoch = epoch - 1".into()),
        ("log", "UPDATE head SET root = zeroblob(32)".into()),
        ("log", "UPDATE head SET edge = x''".into()),
        ("log", "UPDATE head SET time = time - 1, sequence = sequence + 1".into()),
        ("log", "DELETE FROM head".into()),
        ("log", "INSERT OR REPLACE INTO head (only, sequence, root, edge, time, epoch) \
            SELECT only, 0, root, edge, time, epoch FROM head".into()),
        ("views", "UPDATE voucher SET total_fen = 1".into()),
        ("views", "DELETE FROM voucher".into()),
        ("views", "INSERT OR REPLACE INTO voucher SELECT sequence, time, word, cycle, number + 9, ledger, kind, template, date, \
            total_fen, summary FROM voucher".into()),
        ("views", "INSERT OR REPLACE INTO voucher SELECT sequence + 9999, time, word, cycle, number, ledger, kind, template, \
            date, total_fen, summary FROM voucher WHERE sequence = 1".into()),
        ("views", "UPDATE line SET fen = fen + 1".into()),
        ("views", "DELETE FROM line".into()),
        ("views", format!("INSERT OR REPLACE INTO line ({columns}) {line}")),
        ("views", format!("INSERT INTO line ({columns}) {late}")),
        ("views", "UPDATE balance_key SET account = 1".into()),
        ("views", "DELETE FROM balance_key".into()),
        ("views", "INSERT OR REPLACE INTO balance_key SELECT no, rough, 1, source, grant_no, holder, year, class, plan, use_no \
            FROM balance_key".into()),
        ("views", "UPDATE balance SET debit_fen = 1".into()),
        ("views", "DELETE FROM balance".into()),
        ("views", "INSERT INTO balance (level, block, key_no, date, debit_fen, credit_fen, heads) VALUES (0, 2, 1, 0, 1, 0, 0)".into()),
        ("views", "UPDATE fact SET sequence = 2".into()),
        ("views", "DELETE FROM fact".into()),
        ("views", "INSERT OR REPLACE INTO fact (era, key, sequence) SELECT era, key, 9999 FROM fact".into()),
        ("views", "INSERT OR REPLACE INTO fact (era, key, sequence) VALUES (0, zeroblob(16), 1)".into()),
        ("views", "UPDATE rejection SET person = 'x'".into()),
        ("views", "DELETE FROM rejection".into()),
        ("views", "INSERT OR REPLACE INTO rejection SELECT sequence, time, 'x', request_id, first_rule, hits FROM rejection".into()),
        ("views", "UPDATE reached SET sequence = 0".into()),
        ("views", "DELETE FROM reached".into()),
        ("views", "INSERT OR REPLACE INTO reached (only, sequence) VALUES (1, 0)".into()),
        ("catalogue", "UPDATE book SET created_at = 2".into()),
        ("catalogue", "DELETE FROM book".into()),
        ("catalogue", "INSERT OR REPLACE INTO book VALUES ('GD-2018', 2, 0)".into()),
        ("catalogue", "UPDATE book SET arriving = 1".into()),
    ];
    for (place, attempt) in attempts {
        let path = match place {
            "catalogue" => dir.path().join("catalogue.sqlite"),
            _ => file(dir.path(), &format!("{place}.sqlite")),
        };
        let mut connection = raw(&path).await;
        let refused = run(&mut connection, &attempt).await.unwrap_err();
        // 1811 is SQLITE_CONSTRAINT_TRIGGER.
        let code = refused.as_database_error().and_then(|e| e.code()).map(|code| code.into_owned());
        assert_eq!(code.as_deref(), Some("1811"), "{attempt}: {refused}");
    }
    store.close().await;
}

#[tokio::test]
async fn tokens_can_only_be_revoked() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).await.unwrap();
    store_cases::catalogue::tokens_are_kept_and_revoked(&store).await;
    let mut connection = raw(&dir.path().join("catalogue.sqlite")).await;
    for attempt in [
        "UPDATE token SET revoked = 0",
        "UPDATE token SET person = 'x'",
        "UPDATE token SET expires_at = 99",
        "UPDATE token SET operator = 1",
        "DELETE FROM token",
        "INSERT OR REPLACE INTO token SELECT hash, 'x', 1, created_at, NULL, 0 FROM token",
    ] {
        assert!(run(&mut connection, attempt).await.is_err(), "{attempt}");
    }
    assert_eq!(run(&mut connection, "UPDATE token SET revoked = 1").await.unwrap(), 3);
    store.close().await;
}

#[tokio::test]
async fn a_dropped_store_leaves_everything_acknowledged_behind() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut head) = filled(dir.path()).await;
    drop(store);
    for _ in 0..5 {
        let store = SqliteStore::open(dir.path()).await.unwrap();
        let found = store.fence(BOOK).await.unwrap();
        assert_eq!(found, Head { epoch: head.epoch + 1, ..head });
        head = fill(&store, BOOK, found, &[1, 2]).await;
        assert_eq!(store.reached(BOOK).await.unwrap(), 3);
    }
    let store = SqliteStore::open(dir.path()).await.unwrap();
    let all: Vec<u64> = (1..=head.sequence).collect();
    let bodies: Vec<_> = all.iter().map(|sequence| Some(body(*sequence))).collect();
    assert_eq!(store.records(BOOK, &all).await.unwrap(), bodies);
    store.close().await;
}

#[tokio::test]
async fn one_store_at_a_time_has_a_book() {
    let dir = tempfile::tempdir().unwrap();
    let (store, head) = filled(dir.path()).await;
    let second = SqliteStore::open(dir.path()).await.unwrap();
    assert!(matches!(second.fence(BOOK).await, Err(StoreError::Locked)));
    let appended = second.append(BOOK, &head, &batch(&head, &[body(4)])).await;
    assert!(matches!(appended, Err(AppendError::NotCommitted(StoreError::Locked))), "{appended:?}");
    // The catalogue is shared, and other books are free.
    assert_eq!(second.books().await.unwrap().len(), 1);
    book(&second, "SZ-2018").await;
    store.close().await;
    assert_eq!(second.fence(BOOK).await.unwrap(), Head { epoch: 2, ..head });
    second.close().await;
}

#[tokio::test]
async fn a_fence_waits_for_an_open_transaction_and_sees_its_end() {
    for (end, epoch) in [("COMMIT", 12), ("ROLLBACK", 2)] {
        let dir = tempfile::tempdir().unwrap();
        let (store, head) = filled(dir.path()).await;
        let mut old = raw(&file(dir.path(), "log.sqlite")).await;
        run(&mut old, "BEGIN IMMEDIATE; UPDATE head SET epoch = epoch + 10").await.unwrap();
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
        store.close().await;
    }
}

#[tokio::test]
async fn writes_broken_off_at_any_point_leave_all_or_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (store, head) = filled(dir.path()).await;
    store_cases::broken::writes_leave_all_or_nothing(&store, head, (1..16).cycle().take(150)).await;
    store.close().await;
}

#[tokio::test]
async fn files_of_a_newer_version_are_refused() {
    for (name, lost) in [("log.sqlite", false), ("views.sqlite", true)] {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = filled(dir.path()).await;
        store.close().await;
        let mut connection = raw(&file(dir.path(), name)).await;
        let newer = "INSERT INTO _sqlx_migrations SELECT 99, description, installed_on, success, checksum, execution_time \
            FROM _sqlx_migrations WHERE version = 1";
        run(&mut connection, newer).await.unwrap();
        connection.close().await.unwrap();
        let store = SqliteStore::open(dir.path()).await.unwrap();
        let refused = store.reached(BOOK).await;
        assert!(matches!(&refused, Err(StoreError::Corrupt(text)) if text.contains("newer version")), "{refused:?}");
        // Views can be made anew by this version, the log cannot.
        assert_eq!(store.clear_views(BOOK).await.is_ok(), lost, "{name}");
        store.close().await;
    }
}

#[tokio::test]
async fn a_filled_catalogue_of_an_older_version_is_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let (store, head) = filled(dir.path()).await;
    store_cases::catalogue::tokens_are_kept_and_revoked(&store).await;
    let tokens = store.tokens().await.unwrap();
    store.close().await;
    // As the first step left it.
    let mut connection = raw(&dir.path().join("catalogue.sqlite")).await;
    let back = "DROP TRIGGER book_update; ALTER TABLE book DROP COLUMN arriving; CREATE TRIGGER book_update BEFORE UPDATE ON book \
        BEGIN SELECT RAISE(ABORT, 'book is append-only'); END; DELETE FROM _sqlx_migrations WHERE version = 2";
    run(&mut connection, back).await.unwrap();
    connection.close().await.unwrap();
    let store = SqliteStore::open(dir.path()).await.unwrap();
    assert!(store.books().await.unwrap().iter().any(|entry| entry.book == BOOK));
    assert_eq!((store.arriving(BOOK).await.unwrap(), store.tokens().await.unwrap()), (Some(false), tokens));
    assert_eq!(store.fence(BOOK).await.unwrap(), Head { epoch: 2, ..head });
    store.close().await;
}

#[tokio::test]
async fn damaged_views_are_reported_and_can_be_cleared_while_posting_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (store, head) = filled(dir.path()).await;
    store.close().await;
    std::fs::write(file(dir.path(), "views.sqlite"), [0x55; 8192]).unwrap();
    let store = SqliteStore::open(dir.path()).await.unwrap();
    let listed = store.vouchers(BOOK, &VoucherQuery { up_to: 9, limit: 9, ..VoucherQuery::default() }).await;
    assert!(matches!(listed, Err(StoreError::Corrupt(_))), "{listed:?}");
    let fenced = store.fence(BOOK).await.unwrap();
    assert_eq!(fenced, Head { epoch: 2, ..head });
    fill(&store, BOOK, fenced, &[1]).await;
    store.clear_views(BOOK).await.unwrap();
    store.project(BOOK, 0, 1, &plain(1, 100)).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_lost_or_contradictory_log_is_never_taken_for_a_new_one() {
    type Damage = (&'static str, &'static str);
    let damages: [Damage; 5] = [
        ("the head's root", "DROP TRIGGER head_update; UPDATE head SET root = zeroblob(32)"),
        ("the head's sequence", "UPDATE head SET sequence = 9"),
        ("the last row", "DROP TRIGGER log_delete; DELETE FROM log WHERE first = 3"),
        ("the last row's epoch", "DROP TRIGGER log_update; UPDATE log SET epoch = 99"),
        ("all rows", "DROP TRIGGER log_delete; DELETE FROM log"),
    ];
    for (case, damage) in damages {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = filled(dir.path()).await;
        let mut connection = raw(&file(dir.path(), "log.sqlite")).await;
        run(&mut connection, damage).await.unwrap();
        let fenced = store.fence(BOOK).await;
        assert!(matches!(fenced, Err(StoreError::Corrupt(_))), "{case}: {fenced:?}");
        store.close().await;
    }
    for content in [None, Some(&b""[..]), Some(&[0x55; 8192][..])] {
        let dir = tempfile::tempdir().unwrap();
        let (store, _) = filled(dir.path()).await;
        store.close().await;
        let path = file(dir.path(), "log.sqlite");
        match content {
            None => std::fs::remove_file(path).unwrap(),
            Some(content) => std::fs::write(path, content).unwrap(),
        }
        let store = SqliteStore::open(dir.path()).await.unwrap();
        let fenced = store.fence(BOOK).await;
        assert!(matches!(fenced, Err(StoreError::Corrupt(_))), "{fenced:?}");
        let made = store.create_book(&engine::store::BookEntry { book: BOOK.into(), created_at: 1 }).await;
        assert!(made.is_err(), "a lost log was replaced by an empty one");
    }
}

#[tokio::test]
async fn nonsense_in_a_log_row_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = filled(dir.path()).await;
    let mut connection = raw(&file(dir.path(), "log.sqlite")).await;
    run(&mut connection, "DROP TRIGGER log_update; UPDATE log SET offsets = x'ffffffff00000000' WHERE first = 1")
        .await
        .unwrap();
    assert!(matches!(store.log_rows(BOOK, 1, 1 << 20).await, Err(StoreError::Corrupt(_))));
    assert!(matches!(store.records(BOOK, &[1]).await, Err(StoreError::Corrupt(_))));
    assert_eq!(store.records(BOOK, &[3]).await.unwrap(), [Some(body(3))]);
    store.close().await;
}

#[tokio::test]
async fn the_write_ahead_log_is_checkpointed_behind_the_writer() {
    let dir = tempfile::tempdir().unwrap();
    let (store, mut head) = filled(dir.path()).await;
    for _ in 0..16 {
        let next = batch(&head, &[vec![1; 1 << 20]]);
        store.append(BOOK, &head, &next).await.unwrap();
        head = next.after;
    }
    let main_file = || std::fs::metadata(file(dir.path(), "log.sqlite")).unwrap().len();
    let copied = async {
        while main_file() < 16 << 20 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), copied).await.expect("nothing checkpoints the log");
    store.close().await;
    assert!(!file(dir.path(), "log.sqlite-wal").exists(), "a clean close empties the write-ahead log");
}

#[tokio::test]
async fn people_can_read_lines_spelled_out() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = filled(dir.path()).await;
    let mut connection = raw(&file(dir.path(), "views.sqlite")).await;
    run(&mut connection, "PRAGMA trusted_schema = OFF").await.unwrap();
    let row = sqlx::query(
        "SELECT voucher || ' ' || voucher_date || ' ' || record_day || ' ' || ledger || ' ' || account || account_name \
         || ' ' || funding_name || ' ' || side || ' ' || yuan || ' ' || summary FROM line_spelled \
         WHERE sequence = 1 AND line_no = 1",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    let spelled = "记-2018-1 2018-01-02 2018-01-03 ACTUAL 501保障支出 粤工〔2018〕1号 借 95.00 直拨保障费 1";
    assert_eq!(row.get::<String, _>(0), spelled);
    store.close().await;
}

#[tokio::test]
async fn searches_use_their_indexes() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = filled(dir.path()).await;
    for (name, file_name, statement, uses) in [
        ("BODIES_OF", "log", sql::BODIES_OF, "SEARCH log USING INTEGER PRIMARY KEY"),
        ("LOG_ROWS", "log", sql::LOG_ROWS, "SEARCH log USING INTEGER PRIMARY KEY"),
        ("VOUCHERS", "views", sql::VOUCHERS, "SEARCH v USING INTEGER PRIMARY KEY"),
        ("VOUCHERS_OF_DAY", "views", sql::VOUCHERS_OF_DAY, "SEARCH v USING INDEX voucher_by_date"),
        ("VOUCHERS_OF_GRANT", "views", sql::VOUCHERS_OF_GRANT, "SEARCH l USING INDEX line_by_grant"),
        ("VOUCHER", "views", sql::VOUCHER, "SEARCH v USING INDEX voucher_by_reference"),
        ("LANDED", "views", sql::LANDED, "SEARCH line USING PRIMARY KEY"),
        ("SUMMANDS", "views", sql::SUMMANDS, "SEARCH l USING PRIMARY KEY"),
        ("REJECTIONS", "views", sql::REJECTIONS, "SEARCH rejection USING INTEGER PRIMARY KEY"),
    ] {
        let mut connection = raw(&file(dir.path(), &format!("{file_name}.sqlite"))).await;
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"));
        let steps = sqlx::query(explain).fetch_all(&mut connection).await.unwrap();
        let plan: Vec<String> = steps.iter().map(|step| step.get(3)).collect();
        assert!(plan.iter().any(|step| step.starts_with(uses)), "{name}: {plan:#?}");
        if name.starts_with("VOUCHERS") {
            assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{name} sorts: {plan:#?}");
        }
    }
    store.close().await;
}

#[tokio::test]
async fn reads_of_many_tasks_go_on_while_views_are_cleared() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = filled(dir.path()).await;
    let store = std::sync::Arc::new(store);
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let store = std::sync::Arc::clone(&store);
            tokio::spawn(async move {
                for _ in 0..100 {
                    let lines = store.lines(BOOK, &[1, 2]).await.unwrap();
                    assert!(matches!(lines.len(), 0 | 2 | 4), "{lines:?}");
                }
            })
        })
        .collect();
    for _ in 0..5 {
        store.clear_views(BOOK).await.unwrap();
        store.project(BOOK, 0, 1, &plain(1, 1)).await.unwrap();
        store.project(BOOK, 1, 2, &plain(2, 1)).await.unwrap();
        store.project(BOOK, 2, 3, &ViewRows::default()).await.unwrap();
    }
    for reader in readers {
        reader.await.unwrap();
    }
}
