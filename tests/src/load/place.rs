//! Where a book under load is kept: SQLite files in a temporary folder, or a PostgreSQL cluster made for it; and how durable what is
//! written there is, read back from the database.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::Command;

use proof::Signer;
use sqlx::Row as _;
use store::{AnyStore, PostgresStore, SqliteStore};
use tempfile::TempDir;
use testkit::postgres::Cluster;
use testkit::process;

use super::book::BOOK;
use super::row::note;
use crate::postgres::{raw, run};

/// The database of ours in the cluster; peers have others.
const DATABASE: &str = "earmark";
/// What PostgreSQL must say of itself before anything is measured.
const PROMISES: [&str; 3] = ["fsync", "full_page_writes", "synchronous_commit"];

/// A storage engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The embedded default.
    Sqlite,
    /// PostgreSQL, as its defaults configure it.
    Postgres,
}

impl Engine {
    /// Its name in rows.
    pub fn name(self) -> &'static str {
        match self {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgresql",
        }
    }
}

/// A place of its own for a run; gone with it.
pub struct Place {
    folder: TempDir,
    cluster: Option<Cluster>,
    /// File with the key that the book's log is signed with, if it is.
    signing: Option<PathBuf>,
}

impl Place {
    /// Makes an empty one.
    pub async fn make(engine: Engine) -> Place {
        let folder = tempfile::tempdir().expect("there is room for a temporary folder");
        let cluster = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Cluster::start(&[]).expect("a private PostgreSQL starts")),
        };
        let place = Place { folder, cluster, signing: None };
        if let Some(url) = place.database(DATABASE).await {
            store::postgres::migrate(&url).await.expect("the schema can be made");
        }
        place
    }

    /// The data folder, which a database stands over.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// `earmark` with these words over this place.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = process::command(&self.data(), words);
        if let Some(url) = self.url(DATABASE) {
            command.arg("--database").arg(url);
        }
        command
    }

    /// `earmark serve` on a free port.
    pub fn serve(&self) -> Command {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        if let Some(key) = &self.signing {
            command.arg("--signing-key").arg(key).arg("--memory").arg(key.with_extension("memory"));
        }
        command
    }

    /// Gives servers of this place the key that they sign the book's log with.
    pub fn sign_with(&mut self, key: &Signer) {
        let file = self.data().with_extension("key");
        let mut open = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&file).expect("a new file");
        writeln!(open, "{BOOK} {}", key.secret_text()).expect("room for a line");
        self.signing = Some(file);
    }

    /// URL of a fresh database in the cluster, if there is one.
    pub async fn database(&self, name: &str) -> Option<String> {
        let admin = self.url("postgres")?;
        let made = run(&mut raw(&admin).await, &format!("CREATE DATABASE {name}")).await;
        made.expect("the cluster takes another database");
        self.url(name)
    }

    fn url(&self, database: &str) -> Option<String> {
        self.cluster.as_ref().map(|cluster| cluster.url(database))
    }

    /// Opens the store, whose server must be gone.
    pub async fn open(&self) -> AnyStore {
        let opened = match self.url(DATABASE) {
            Some(url) => PostgresStore::open(&url).await.map(|store| AnyStore::Postgres(Box::new(store))),
            None => SqliteStore::open(&self.data()).await.map(|store| AnyStore::Sqlite(Box::new(store))),
        };
        opened.expect("the store opens once its server is gone")
    }

    /// Tells what the database says of its durability; panics where a commit could be lost.
    pub async fn tell_durability(&self, store: &AnyStore) {
        let said = match (self.url(DATABASE), store) {
            (None, AnyStore::Sqlite(store)) => {
                let said = store.durability(BOOK).await.expect("the log's connection answers");
                assert_eq!((said.journal_mode.as_str(), said.synchronous), ("wal", 2), "commits are not synced");
                format!("journal_mode={}, synchronous={} (FULL)", said.journal_mode, said.synchronous)
            }
            (Some(url), _) => {
                let mut connection = raw(&url).await;
                let mut all = Vec::new();
                for name in PROMISES {
                    let asked = sqlx::query("SELECT current_setting($1)").bind(name);
                    let row = asked.fetch_one(&mut connection).await.expect("a setting can be read");
                    let value: String = row.get(0);
                    assert_eq!(value, "on", "{name} is off");
                    all.push(format!("{name}={value}"));
                }
                all.join(", ")
            }
            (None, AnyStore::Postgres(_)) => panic!("a store of PostgreSQL has a URL"),
        };
        note(format!("durable: {said}"));
    }

    /// Bytes of the book's log on disk.
    pub async fn log_bytes(&self) -> u64 {
        let Some(url) = self.url(DATABASE) else {
            return super::book::bytes(&self.data().join("books").join(BOOK), "log.sqlite");
        };
        let sized = sqlx::query_scalar("SELECT pg_total_relation_size('earmark_log.log')");
        let bytes: i64 = sized.fetch_one(&mut raw(&url).await).await.expect("a table has a size");
        u64::try_from(bytes).expect("sizes are positive")
    }
}
