//! A place that keeps a book, on either engine: written from a log, copied, edited by whoever may do anything, and verified.

use std::path::{Path, PathBuf};

use engine::store::{Batch, BookEntry, Cosignature, Head, Store, StoreError, TreeHead};
use ledger::State;
use proof::Tree;
use record::hash::leaf_hash;
use record::{Digest, Record};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use store::{AnyStore, PostgresStore, Reading, SqliteStore};
use tokio::sync::OnceCell;
use verify::{Report, Trusted};

use super::book::{Log, Signed};
use super::kept::{self, Look};
use crate::postgres::{self, Database};

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Files of a folder.
    Sqlite,
    /// A database.
    Postgres,
}

/// Which part of a place: on SQLite a file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Books and tokens.
    Catalogue,
    /// Head, batches, signed heads.
    Log,
    /// Views.
    Views,
}

impl Part {
    /// All parts.
    pub const ALL: [Part; 3] = [Part::Catalogue, Part::Log, Part::Views];
}

enum Where {
    Folder(tempfile::TempDir),
    Database(Database),
}

/// A database with nothing but the schema: copying it takes less than making the schema.
static EMPTY: OnceCell<Database> = OnceCell::const_new();

/// See the module.
pub struct Place {
    at: Where,
    /// Code of its book.
    book: String,
}

impl Place {
    /// An empty place.
    async fn new(kind: Kind, book: &str) -> Place {
        let at = match kind {
            Kind::Sqlite => Where::Folder(tempfile::tempdir().expect("a folder")),
            Kind::Postgres => Where::Database(postgres::copy_of(EMPTY.get_or_init(postgres::database).await).await),
        };
        Place { at, book: book.to_owned() }
    }

    /// A place that holds this log and its views; views only as far as they can be made of what was forged.
    pub async fn written(kind: Kind, log: &Log) -> Place {
        let place = Place::new(kind, &log.book).await;
        let store = place.store().await;
        let beside = write(&store, log).await.unwrap_or_else(|error| panic!("{}: {error}", log.book));
        store.close().await;
        for head in beside {
            place.plant(head).await;
        }
        place
    }

    /// Puts a signed head in that the log does not lead to.
    async fn plant(&self, head: &Signed) {
        let sqlite = self.kind() == Kind::Sqlite;
        let (begin, end) = if sqlite { ("x'", "'") } else { ("'\\x", "'::bytea") };
        let (book, number) = if sqlite { ("", "") } else { ("book, ", "(SELECT no FROM book), ") };
        let root: String = head.root.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut statements = format!(
            "INSERT INTO tree_head ({book}size, root, note) VALUES ({number}{}, {begin}{root}{end}, '{}')",
            head.size, head.note
        );
        for (name, id, line) in &head.cosignatures {
            statements += &format!(
                "; INSERT INTO cosignature ({book}size, key_name, key_id, line) VALUES ({number}{}, '{name}', {id}, '{line}')",
                head.size
            );
        }
        self.run(Part::Log, &statements).await;
    }

    /// The same place once more.
    pub async fn copied(&self) -> Place {
        let at = match &self.at {
            Where::Folder(folder) => {
                let copy = tempfile::tempdir().expect("a folder");
                copy_folder(folder.path(), copy.path());
                Where::Folder(copy)
            }
            Where::Database(database) => Where::Database(postgres::copy_of(database).await),
        };
        Place { at, book: self.book.clone() }
    }

    /// Which engine it is on.
    pub fn kind(&self) -> Kind {
        match self.at {
            Where::Folder(_) => Kind::Sqlite,
            Where::Database(_) => Kind::Postgres,
        }
    }

    /// Its database, where it is one.
    pub fn url(&self) -> Option<&str> {
        match &self.at {
            Where::Folder(_) => None,
            Where::Database(database) => Some(&database.url),
        }
    }

    /// Its folder, where it is one.
    pub fn folder(&self) -> Option<&Path> {
        match &self.at {
            Where::Folder(folder) => Some(folder.path()),
            Where::Database(_) => None,
        }
    }

    /// The file of a part, where it has files.
    pub fn file(&self, part: Part) -> Option<PathBuf> {
        let folder = self.folder()?;
        let name = match part {
            Part::Catalogue => return Some(folder.join("catalogue.sqlite")),
            Part::Log => "log.sqlite",
            Part::Views => "views.sqlite",
        };
        let mut books = std::fs::read_dir(folder.join("books")).expect("books");
        Some(books.next().expect("a book").expect("an entry").path().join(name))
    }

    /// Its store, as a server opens it.
    pub async fn store(&self) -> AnyStore {
        match &self.at {
            Where::Folder(folder) => {
                AnyStore::Sqlite(Box::new(SqliteStore::open(folder.path()).await.expect("a store")))
            }
            Where::Database(database) => {
                AnyStore::Postgres(Box::new(PostgresStore::open(&database.url).await.expect("a store")))
            }
        }
    }

    /// Opened for reading alone.
    pub async fn reading(&self) -> Result<Reading, StoreError> {
        match &self.at {
            Where::Folder(folder) => Reading::folder(folder.path()).await,
            Where::Database(database) => Reading::database(&database.url).await,
        }
    }

    /// What `earmark verify` says of it.
    pub async fn verified(&self, trusted: Trusted, look: Look) -> Result<Report, StoreError> {
        kept::verify(&self.reading().await?, &self.book, trusted, look, |_, _| ()).await
    }

    /// Runs statements as somebody who may do anything, with guards and checks as they stand.
    pub async fn run_as_is(&self, part: Part, statements: &str) {
        match &self.at {
            Where::Folder(_) => {
                let mut connection = sqlite(&self.file(part).expect("a file")).await;
                let run = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await;
                run.unwrap_or_else(|error| panic!("{statements}: {error}"));
                connection.close().await.expect("closed");
            }
            Where::Database(_) => {
                let mut connection = postgres::raw(self.url().expect("a database")).await;
                let run = postgres::run(&mut connection, statements).await;
                run.unwrap_or_else(|error| panic!("{statements}: {error}"));
                connection.close().await.expect("closed");
            }
        }
    }

    /// Runs statements with all guards taken down and put back afterwards as they were, so that nothing but the rows tells of it.
    pub async fn run(&self, part: Part, statements: &str) {
        match &self.at {
            Where::Folder(_) => {
                let mut connection = sqlite(&self.file(part).expect("a file")).await;
                let guards = guards_down(&mut connection).await;
                let run = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await;
                run.unwrap_or_else(|error| panic!("{statements}: {error}"));
                for guard in guards {
                    sqlx::raw_sql(AssertSqlSafe(guard)).execute(&mut connection).await.expect("a guard");
                }
                connection.close().await.expect("closed");
            }
            Where::Database(_) => {
                let whole = format!("{GUARDS_DOWN}; {statements}; {GUARDS_UP}");
                self.run_as_is(part, &whole).await;
            }
        }
    }
}

/// Takes all guards of all tables down.
pub const GUARDS_DOWN: &str = "DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT DISTINCT tgrelid FROM pg_trigger \
     WHERE NOT tgisinternal LOOP EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', t); END LOOP; END $$";
/// Puts them up again as they were.
const GUARDS_UP: &str = "DO $$ DECLARE t record; BEGIN FOR t IN SELECT tgrelid::regclass AS rel, tgname FROM pg_trigger \
     WHERE NOT tgisinternal LOOP EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', t.rel, t.tgname); END LOOP; END $$";

/// A connection to a file that holds back nothing.
pub async fn sqlite(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .synchronous(SqliteSynchronous::Off)
        .pragma("ignore_check_constraints", "ON")
        .pragma("foreign_keys", "OFF");
    options.connect().await.expect("a file")
}

/// Drops all triggers of a file; gives the statements that make them again.
pub async fn guards_down(connection: &mut SqliteConnection) -> Vec<String> {
    let rows = sqlx::query("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'");
    let rows = rows.fetch_all(&mut *connection).await.expect("the schema");
    let mut guards = Vec::new();
    for row in rows {
        let (name, sql): (String, String) = (row.get(0), row.get(1));
        sqlx::raw_sql(AssertSqlSafe(format!("DROP TRIGGER {name}"))).execute(&mut *connection).await.expect("dropped");
        guards.push(sql);
    }
    guards
}

/// Copies a folder of files that nobody has open.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// Writes a log through the store, as a server does; gives the heads that it does not lead to.
async fn write<'a>(store: &AnyStore, log: &'a Log) -> Result<Vec<&'a Signed>, StoreError> {
    let created_at = log.rows.first().and_then(|row| row.first()).map_or(0, |record| record.time);
    store.create_book(&BookEntry { book: log.book.clone(), created_at }).await?;
    let mut head = store.fence(&log.book).await?;
    let (mut tree, mut beside) = (Tree::empty(), Vec::new());
    for row in &log.rows {
        let batch = batch(&head, row, &mut tree);
        store.append(&log.book, &head, &batch).await.map_err(|error| StoreError::Corrupt(error.to_string()))?;
        head = batch.after;
        for signed in log.heads.iter().filter(|signed| signed.size == head.sequence) {
            if signed.root != head.root {
                beside.push(signed);
                continue;
            }
            let (size, root, note) = (signed.size, signed.root, signed.note.clone());
            store.add_tree_head(&log.book, &TreeHead { size, root, note, cosignatures: Vec::new() }).await?;
            let of = |(name, id, line): &(String, u32, String)| Cosignature {
                key_name: name.clone(),
                key_id: *id,
                line: line.clone(),
            };
            let lines: Vec<Cosignature> = signed.cosignatures.iter().map(of).collect();
            store.add_cosignatures(&log.book, size, &lines).await?;
        }
    }
    project(store, log).await;
    Ok(beside)
}

fn batch(head: &Head, row: &[Record], tree: &mut Tree) -> Batch {
    let bodies: Vec<Vec<u8>> = row.iter().map(record::encode).collect();
    let leaves: Vec<Digest> = bodies.iter().map(|body| leaf_hash(body)).collect();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    // Time runs on in a head, whatever was forged into the records.
    let time = row.iter().map(|record| record.time).fold(head.time, i64::max);
    let after = Head { sequence: tree.size(), root: tree.root(), edge: tree.edge().to_vec(), time, epoch: head.epoch };
    Batch { first: head.sequence + 1, bodies, leaves, after }
}

/// Makes the views, as far as the records can be shown.
async fn project(store: &AnyStore, log: &Log) {
    // Asked of an empty place, it makes the tables.
    store.reached(&log.book).await.expect("views");
    let (mut state, mut reached) = (State::default(), 0);
    for row in &log.rows {
        row.iter().for_each(|record| state.apply(record));
        let to = reached + row.len() as u64;
        let Ok(rows) = ledger::project(&state, row) else { return };
        if store.project(&log.book, reached, to, &rows).await.is_err() {
            return;
        }
        reached = to;
    }
}
