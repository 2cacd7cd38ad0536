//! SQLite, the embedded default: files, locks and connections; one file a subject. What differs from the statements that all engines
//! share, and nothing else, stands here: connections and their pragmas, `BEGIN IMMEDIATE`, checkpoints by a connection of their own,
//! `json_each` for lists, multi-row inserts, the file lock, views and snapshot as files.
//!
//! ```text
//! <data>/catalogue.sqlite             books and tokens
//! <data>/books/<book>/lock            held by the one process that has the book open
//! <data>/books/<book>/log.sqlite      the archive: head and batches
//! <data>/books/<book>/views.sqlite    what SQL can query; deleted and filled anew at will
//! <data>/books/<book>/snapshot        the last saved state; a cache, checked by its hash
//! ```

mod book;
mod bulk;
mod catalogue;
mod checkpoint;
mod database;
mod facts;
mod files;
mod guards;
mod heads;
mod log;
mod project;
mod queries;
mod reader;
mod snapshot;
mod store;
mod version;
mod views;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine::store::{BookEntry, StoreError};
use tokio::sync::RwLock;

use book::Book;
use database::Database;

use crate::sole;
pub(crate) use reader::Reader;
pub use version::check_version;

/// `$1` of the shared statements: every file holds one book, so its number is always this.
const BOOK: i64 = 1;

/// How durable commits are, as the connection that writes says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Durability {
    /// `wal`.
    pub journal_mode: String,
    /// 2 is FULL: every commit is synced.
    pub synchronous: i64,
}

/// Books in a data folder, each in files of its own. One process at a time has a book open.
pub struct SqliteStore {
    dir: PathBuf,
    catalogue: Database,
    books: RwLock<HashMap<String, Arc<Book>>>,
}

impl SqliteStore {
    /// Opens (or makes) a data folder. Books are opened when they are first asked for. Needs a running tokio runtime.
    pub async fn open(dir: &Path) -> Result<SqliteStore, StoreError> {
        files::make_dir(dir)?;
        let catalogue = catalogue::open(dir).await?;
        version::check_library(&catalogue).await?;
        Ok(SqliteStore { dir: dir.to_owned(), catalogue, books: RwLock::new(HashMap::new()) })
    }

    /// Closes all files: waits for what is being written, stops the checkpoint tasks, and gives the locks back. Dropping the store does
    /// the same without waiting, which loses nothing.
    pub async fn close(self) {
        for (_, book) in self.books.into_inner() {
            // A request still reading keeps its book open until it is done.
            if let Some(book) = sole(book).await {
                book.close().await;
            }
        }
        self.catalogue.close().await;
    }

    /// How durable the commits of a book's log are, read back from the connection that writes it.
    pub async fn durability(&self, code: &str) -> Result<Durability, StoreError> {
        let book = self.book(code).await?;
        let error = |e: sqlx::Error| book.log.error(&e);
        let mut writing = book.log.begin().await.map_err(error)?;
        let journal_mode = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(writing.on()).await.map_err(error)?;
        let synchronous = sqlx::query_scalar("PRAGMA synchronous").fetch_one(writing.on()).await.map_err(error)?;
        Ok(Durability { journal_mode, synchronous })
    }

    /// Lists a book that arrives from another store: its log can be written, and nobody takes it for a book before [`Self::arrived`].
    /// One that was arriving already goes on arriving.
    pub async fn begin_arrival(&self, entry: &BookEntry) -> Result<(), StoreError> {
        let mut books = self.books.write().await;
        match catalogue::arriving(&self.catalogue, &entry.book).await? {
            Some(true) => return Ok(()),
            Some(false) => return Err(StoreError::BookExists),
            None => {}
        }
        let book = Book::make(&self.book_dir(&entry.book)).await?;
        if !log::is_empty(&book.log).await? {
            return Err(StoreError::BookExists);
        }
        books.insert(entry.book.clone(), Arc::new(book));
        catalogue::add_arriving(&self.catalogue, entry).await
    }

    /// Whether a book is still arriving; none if it is not listed.
    pub async fn arriving(&self, code: &str) -> Result<Option<bool>, StoreError> {
        catalogue::arriving(&self.catalogue, code).await
    }

    /// All of a book is here.
    pub async fn arrived(&self, code: &str) -> Result<(), StoreError> {
        catalogue::arrived(&self.catalogue, code).await
    }

    /// The book, opened if it was not.
    async fn book(&self, code: &str) -> Result<Arc<Book>, StoreError> {
        if let Some(book) = self.books.read().await.get(code) {
            return Ok(Arc::clone(book));
        }
        let mut books = self.books.write().await;
        if let Some(book) = books.get(code) {
            return Ok(Arc::clone(book));
        }
        if !catalogue::has_book(&self.catalogue, code).await? {
            return Err(StoreError::NoSuchBook);
        }
        let book = Arc::new(Book::open(&self.book_dir(code)).await?);
        books.insert(code.to_owned(), Arc::clone(&book));
        Ok(book)
    }

    /// Where a book's files stand.
    fn book_dir(&self, code: &str) -> PathBuf {
        self.dir.join("books").join(files::folder_name(code))
    }
}
