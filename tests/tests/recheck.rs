//! The background check of the stored log (LED-012) on both engines: somebody who may do anything to the database changes a byte of a
//! record while the book runs. The book stops, says where, and is not opened again. What else can be damaged stands in the engine's
//! cases.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use earmark_tests::postgres::{database, run};
use engine::store::Store;
use engine::{Engine, EngineError, Options, StopReason};
use ledger::{Ask, Caller};
use record::Command;
use record::kinds::OrgType;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Row};
use store::{PostgresStore, SqliteStore};
use testkit::build::{create_book, day, organization};
use testkit::season::FIRST_PERIOD;
use tokio::time::timeout;

const BOOK: &str = "GD";
/// Records posted beside the opening's.
const POSTED: usize = 12;

fn options() -> Options {
    Options { recheck_rest: Duration::from_millis(30), recheck_bytes_per_second: 1 << 30, ..Options::default() }
}

fn caller(person: &str) -> Caller {
    Caller { person: person.into(), key_id: [7; 8], signature: None }
}

/// A running book with some records in it.
async fn running<S: Store>(store: &Arc<S>) -> Arc<Engine<S>> {
    let engine = Engine::open(Arc::clone(store), options()).await.unwrap();
    let create = create_book(FIRST_PERIOD, day("2018-04-08"));
    engine.create_book(caller("root"), "open".into(), create).await.unwrap();
    let book = engine.book(BOOK).unwrap();
    for n in 0..POSTED {
        let named = organization(&format!("U-{n}"), &format!("单位{n}"), OrgType::CityFed, "");
        let ask = Ask::new(BOOK, caller("fin.maker"), format!("r-{n}"), Command::RegisterOrganization(named));
        book.submit(ask).await.unwrap();
    }
    // Several passes over what is whole change nothing.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(book.health().is_serving(), "{:?}", book.health());
    engine
}

/// The book has stopped, names the record, and takes nothing more.
async fn stops<S: Store>(engine: Arc<Engine<S>>) {
    let fatal = timeout(Duration::from_secs(20), engine.wait_fatal()).await.expect("the damage is found");
    let told = fatal.reason.to_string();
    let StopReason::Damaged { sequence, expected, found } = fatal.reason else { panic!("{told}") };
    assert!(told.starts_with("LED-012") && told.contains(&expected) && told.contains(&found), "{told}");
    assert!(sequence > 0 && expected != found && expected.len() == 64 && found.len() == 64, "{told}");
    let book = engine.book(BOOK).unwrap();
    assert!(!book.health().is_serving());
    let named = organization("LATE", "晚到的单位", OrgType::CityFed, "");
    let ask = Ask::new(BOOK, caller("fin.maker"), "late".into(), Command::RegisterOrganization(named));
    let late = book.submit(ask).await;
    assert!(matches!(late, Err(EngineError::Stopped { reason: StopReason::Damaged { .. } })), "{late:?}");
    timeout(Duration::from_secs(5), engine.shutdown()).await.expect("a stopped book goes down too");
}

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(10)).connect().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_log_stops_the_running_book_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(dir.path()).await.unwrap());
    let engine = running(&store).await;
    let mut connection = raw(&dir.path().join("books").join(BOOK).join("log.sqlite")).await;
    let guards = sqlx::query("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'log'");
    for guard in guards.fetch_all(&mut connection).await.unwrap() {
        let name: String = guard.get(0);
        sqlx::raw_sql(AssertSqlSafe(format!("DROP TRIGGER {name}"))).execute(&mut connection).await.unwrap();
    }
    let row = sqlx::query("SELECT first, bodies FROM log ORDER BY first DESC LIMIT 1");
    let row = row.fetch_one(&mut connection).await.unwrap();
    let (first, mut bodies): (i64, Vec<u8>) = (row.get(0), row.get(1));
    let middle = bodies.len() / 2;
    bodies[middle] ^= 1;
    let change = sqlx::query("UPDATE log SET bodies = $1 WHERE first = $2").bind(bodies).bind(first);
    assert_eq!(change.execute(&mut connection).await.unwrap().rows_affected(), 1);
    stops(engine).await;
    assert!(Engine::open(store, options()).await.is_err(), "a damaged log is not opened");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_log_stops_the_running_book_on_postgresql() {
    let database = database().await;
    let store = Arc::new(PostgresStore::open(&database.url).await.unwrap());
    let engine = running(&store).await;
    let mut connection = database.raw().await;
    run(&mut connection, "ALTER TABLE earmark_log.log DISABLE TRIGGER ALL").await.unwrap();
    let change = "UPDATE earmark_log.log SET bodies = set_byte(bodies, length(bodies) / 2, get_byte(bodies, length(bodies) / 2) # 1) \
                  WHERE first = (SELECT max(first) FROM earmark_log.log)";
    assert_eq!(run(&mut connection, change).await.unwrap(), 1);
    stops(engine).await;
    assert!(Engine::open(store, options()).await.is_err(), "a damaged log is not opened");
}
