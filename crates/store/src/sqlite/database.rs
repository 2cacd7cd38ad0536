//! One SQLite file: its connections, its schema, and transactions that leave nothing half-done behind. No statement about books or
//! rows stands here.

use std::path::Path;
use std::time::Duration;

use engine::store::StoreError;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteRow, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Row, SqlSafeStr, Sqlite};
use tokio::sync::{Mutex, MutexGuard};

use super::checkpoint::Checkpointer;
use crate::decode::Columns;
use crate::error::{migrate_error, store_error};

/// How long a transaction waits for another one's lock: far longer than any of ours takes, so that only trouble is reported.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Begins a transaction that writes, and takes the lock for it at once.
const BEGIN: &str = "BEGIN IMMEDIATE";
/// Connections for reads, each a thread: reads are short, and the machine has few cores.
const READERS: u32 = 4;
/// How long a read waits for one of them.
const READER_WAIT: Duration = Duration::from_secs(10);

/// Which of our schemas a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Books and tokens.
    Catalogue,
    /// Head and batches of a book.
    Log,
    /// Views of a book.
    Views,
}

impl Kind {
    /// Its name in errors.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Catalogue => "catalogue",
            Kind::Log => "log",
            Kind::Views => "views",
        }
    }

    /// Page cache of the connection that writes, KiB. Facts go to random pages: with the 2 MiB that SQLite takes by itself, each page
    /// is read again for nearly every batch (a fifth of the time at a million records).
    fn writer_cache(self) -> u32 {
        match self {
            Kind::Catalogue | Kind::Log => 2 << 10,
            Kind::Views => 32 << 10,
        }
    }

    /// Its schema, step by step; embedded in the program.
    fn steps(self) -> &'static [(i64, &'static str, &'static str)] {
        match self {
            Kind::Catalogue => &[
                (1, "catalogue", include_str!("../../../../migrations/sqlite/catalogue/0001_catalogue.sql")),
                (2, "arriving", include_str!("../../../../migrations/sqlite/catalogue/0002_arriving.sql")),
            ],
            Kind::Log => &[
                (1, "log", include_str!("../../../../migrations/sqlite/log/0001_log.sql")),
                (2, "heads", include_str!("../../../../migrations/sqlite/log/0002_heads.sql")),
            ],
            Kind::Views => &[(1, "views", include_str!("../../../../migrations/sqlite/views/0001_views.sql"))],
        }
    }

    /// Makes its schema on an empty connection.
    pub(super) async fn make(self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        self.migrator().run_direct(None, connection, false).await.map_err(|e| migrate_error(self.name(), &e))
    }

    fn migrator(self) -> Migrator {
        let step = |&(version, name, text): &(i64, &'static str, &'static str)| {
            Migration::new(version, name.into(), MigrationType::Simple, text.into_sql_str(), false)
        };
        Migrator::with_migrations(self.steps().iter().map(step).collect())
    }
}

/// An open file: one connection that writes, some that read, and one that checkpoints.
pub(super) struct Database {
    kind: Kind,
    /// Of connections that write.
    options: SqliteConnectOptions,
    /// Taken out while a transaction runs and put back only after its clean end: a connection whose transaction was broken off by an
    /// error or a dropped future is thrown away, and SQLite rolls back.
    writer: Mutex<Option<SqliteConnection>>,
    readers: SqlitePool,
    checkpointer: Checkpointer,
}

impl Database {
    /// Opens a file and brings its schema up to date; makes the file only if told so.
    pub(super) async fn open(path: &Path, kind: Kind, make: bool) -> Result<Database, StoreError> {
        let fail = |e: sqlx::Error| store_error(kind.name(), &e);
        let shared = options(path);
        let options = shared.clone().pragma("cache_size", format!("-{}", kind.writer_cache()));
        let mut writer = options.clone().create_if_missing(make).connect().await.map_err(fail)?;
        kind.migrator().run_direct(None, &mut writer, false).await.map_err(|e| migrate_error(kind.name(), &e))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .min_connections(0)
            .acquire_timeout(READER_WAIT)
            // A file does not fall silent, and the pool looks at each connection when it comes back: asking before each read as well
            // would wake two threads for nothing.
            .test_before_acquire(false)
            .connect_lazy_with(shared.clone().pragma("query_only", "ON"));
        let checkpointer = Checkpointer::start(shared, kind);
        Ok(Database { kind, options, writer: Mutex::new(Some(writer)), readers, checkpointer })
    }

    /// Connections for single statements that read. Nothing holds a transaction on them, so that a dropped read leaves nothing behind.
    pub(super) fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// An error of this file.
    pub(super) fn error(&self, error: &sqlx::Error) -> StoreError {
        store_error(self.kind.name(), error)
    }

    /// Begins a transaction that writes, after those before it.
    pub(super) async fn begin(&self) -> Result<Writing<'_>, sqlx::Error> {
        let mut writing = self.writing().await?;
        sqlx::query(BEGIN).execute(writing.on()).await?;
        Ok(writing)
    }

    /// Runs a query that is a whole transaction, its BEGIN and COMMIT included, after those before it; gives the rows that its statements
    /// answered. `bytes` as in [`Writing::commit`].
    pub(super) async fn transact(&self, whole: Whole<'_>, bytes: usize) -> Result<Vec<SqliteRow>, Broken> {
        let mut writing = self.writing().await.map_err(Broken::NotCommitted)?;
        match whole.fetch_all(writing.on()).await {
            Ok(rows) => {
                writing.done(bytes);
                Ok(rows)
            }
            // Where there is a transaction to roll back, it was not committed.
            Err(error) => Err(match sqlx::query("ROLLBACK").execute(writing.on()).await {
                Ok(_) => Broken::NotCommitted(error),
                Err(_) => Broken::Unknown(error),
            }),
        }
    }

    /// The connection that writes, taken out for a transaction.
    async fn writing(&self) -> Result<Writing<'_>, sqlx::Error> {
        let mut slot = self.writer.lock().await;
        let connection = match slot.take() {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        Ok(Writing { database: self, connection, slot: Some(slot) })
    }

    /// Begins one on a fresh connection, which becomes the writer's if no transaction is open there.
    pub(super) async fn begin_fresh(&self) -> Result<Writing<'_>, sqlx::Error> {
        let mut writing = Writing { database: self, connection: self.options.connect().await?, slot: None };
        // SQLite itself makes it wait for a transaction still open elsewhere.
        sqlx::query(BEGIN).execute(writing.on()).await?;
        writing.slot = self.writer.try_lock().ok();
        Ok(writing)
    }

    /// Closes all connections after what they are doing. The last one to close empties the write-ahead log into the file.
    pub(super) async fn close(self) {
        self.checkpointer.stop().await;
        self.readers.close().await;
        if let Some(writer) = self.writer.into_inner() {
            // A failure to close loses nothing that was committed.
            writer.close().await.unwrap_or_default();
        }
    }
}

/// Options of every connection. The safe settings of SQLite, and no checkpoint inside a commit.
fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("recursive_triggers", "ON")
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .pragma("mmap_size", "0")
        .pragma("wal_autocheckpoint", "0")
        .disable_statement_logging()
}

/// An open transaction. Dropped without [`Writing::commit`], it is rolled back together with its connection.
pub(super) struct Writing<'a> {
    database: &'a Database,
    connection: SqliteConnection,
    slot: Option<MutexGuard<'a, Option<SqliteConnection>>>,
}

impl Writing<'_> {
    /// The connection, inside the transaction.
    pub(super) fn on(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    /// Commits; `bytes` tells the checkpointer about how much was written. An error leaves the outcome open.
    pub(super) async fn commit(mut self, bytes: usize) -> Result<(), sqlx::Error> {
        sqlx::query("COMMIT").execute(&mut self.connection).await?;
        self.done(bytes);
        Ok(())
    }

    /// Gives the connection back after a clean end.
    fn done(mut self, bytes: usize) {
        self.database.checkpointer.written(bytes);
        if let Some(mut slot) = self.slot.take() {
            *slot = Some(self.connection);
        }
    }
}

/// A query that is a whole transaction.
pub(super) type Whole<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

/// What became of a whole transaction that failed.
pub(super) enum Broken {
    /// It is certainly not committed.
    NotCommitted(sqlx::Error),
    /// The failure may have been that of its COMMIT.
    Unknown(sqlx::Error),
}

impl Columns for SqliteRow {
    fn int(&self, index: usize) -> Result<i64, StoreError> {
        self.try_get(index).map_err(|e| store_error("row", &e))
    }

    fn int_or_null(&self, index: usize) -> Result<Option<i64>, StoreError> {
        self.try_get(index).map_err(|e| store_error("row", &e))
    }

    fn slice(&self, index: usize) -> Result<&[u8], StoreError> {
        self.try_get(index).map_err(|e| store_error("row", &e))
    }

    fn text(&self, index: usize) -> Result<String, StoreError> {
        self.try_get(index).map_err(|e| store_error("row", &e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn pragma(connection: &mut SqliteConnection, name: &'static str) -> String {
        let row = sqlx::query(name).fetch_one(connection).await.unwrap();
        row.try_get::<i64, _>(0).map(|n| n.to_string()).or_else(|_| row.try_get(0)).unwrap()
    }

    #[tokio::test]
    async fn every_connection_has_the_safe_settings() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open(&dir.path().join("log.sqlite"), Kind::Log, true).await.unwrap();
        let settings = [
            ("PRAGMA journal_mode", "wal"),
            ("PRAGMA synchronous", "2"),
            ("PRAGMA foreign_keys", "1"),
            ("PRAGMA recursive_triggers", "1"),
            ("PRAGMA trusted_schema", "0"),
            ("PRAGMA cell_size_check", "1"),
            ("PRAGMA mmap_size", "0"),
            ("PRAGMA wal_autocheckpoint", "0"),
            ("PRAGMA busy_timeout", "10000"),
        ];
        let mut writing = database.begin().await.unwrap();
        let mut reader = database.readers().acquire().await.unwrap();
        for (name, value) in settings {
            assert_eq!(pragma(writing.on(), name).await, value, "{name} of the writer");
            assert_eq!(pragma(&mut reader, name).await, value, "{name} of a reader");
        }
        assert_eq!(pragma(writing.on(), "PRAGMA query_only").await, "0");
        assert_eq!(pragma(&mut reader, "PRAGMA query_only").await, "1");
        drop((writing, reader));
        let mut fresh = database.begin_fresh().await.unwrap();
        for (name, value) in settings {
            assert_eq!(pragma(fresh.on(), name).await, value, "{name} of a fresh writer");
        }
    }

    #[tokio::test]
    async fn a_transaction_dropped_is_rolled_back_before_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::open(&dir.path().join("catalogue.sqlite"), Kind::Catalogue, true).await.unwrap();
        for round in 0..20 {
            let mut writing = database.begin().await.unwrap();
            let books: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM book").fetch_one(writing.on()).await.unwrap();
            assert_eq!(books, 0, "round {round}");
            sqlx::query("INSERT INTO book (code, created_at) VALUES ('X', 1)").execute(writing.on()).await.unwrap();
        }
    }
}
