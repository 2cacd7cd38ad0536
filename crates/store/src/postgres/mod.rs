//! PostgreSQL, 15 and newer, for departments that run one: connections and their settings, transactions, locks, COPY. What differs from
//! the statements that all engines share, and nothing else, stands here. `docs/decisions/0012` tells why it is made this way.
//!
//! ```text
//! earmark        books and tokens, and which schema steps were made
//! earmark_log    the archive: heads and batches of all books
//! earmark_views  what SQL can query; emptied and filled anew at will
//! ```
//!
//! Each book has a connection of its own for its log and one for its views; reads share some. A connection whose work was broken off, by an
//! error or a dropped future, is never used again.

mod book;
mod catalogue;
mod connector;
mod copy;
mod facts;
mod heads;
mod lock;
mod log;
mod project;
mod queries;
mod reader;
mod readers;
mod row;
mod schema;
mod session;
mod snapshot;
mod store;

use std::collections::HashMap;
use std::sync::Arc;

use engine::store::{BookEntry, StoreError};
use tokio::sync::RwLock;

use book::Book;
use connector::Connector;
use readers::Readers;

use crate::sole;
pub(crate) use reader::Reader;
pub use schema::Migrated;

/// Books in a PostgreSQL database. One process at a time writes a book; the catalogue may be used by several.
pub struct PostgresStore {
    connector: Arc<Connector>,
    readers: Readers,
    books: RwLock<HashMap<String, Arc<Book>>>,
}

impl PostgresStore {
    /// Opens the database of a URL, which must have the schema of this version: [`migrate`] makes it.
    pub async fn open(url: &str) -> Result<PostgresStore, StoreError> {
        let connector = Arc::new(Connector::new(url)?);
        let mut session = connector.writing("database").await?;
        schema::check(session.on()).await?;
        session.close().await;
        let readers = Readers::new(Arc::clone(&connector));
        Ok(PostgresStore { connector, readers, books: RwLock::default() })
    }

    /// Closes all connections; locks are given back. Dropping the store does the same without waiting, which loses nothing.
    pub async fn close(self) {
        for (_, book) in self.books.into_inner() {
            // A request still reading keeps its book open until it is done.
            if let Some(book) = sole(book).await {
                book.close().await;
            }
        }
        self.readers.close().await;
    }

    /// Lists a book that arrives from another store: its log can be written, and nobody takes it for a book before [`Self::arrived`].
    /// One that was arriving already goes on arriving.
    pub async fn begin_arrival(&self, entry: &BookEntry) -> Result<(), StoreError> {
        if catalogue::arriving(&self.readers, &entry.book).await? == Some(false) {
            return Err(StoreError::BookExists);
        }
        catalogue::create_book(&self.readers, entry, true).await
    }

    /// Whether a book is still arriving; none if it is not listed.
    pub async fn arriving(&self, code: &str) -> Result<Option<bool>, StoreError> {
        catalogue::arriving(&self.readers, code).await
    }

    /// All of a book is here.
    pub async fn arrived(&self, code: &str) -> Result<(), StoreError> {
        catalogue::arrived(&self.readers, code).await
    }

    /// The book, looked up if it was not.
    async fn book(&self, code: &str) -> Result<Arc<Book>, StoreError> {
        if let Some(book) = self.books.read().await.get(code) {
            return Ok(Arc::clone(book));
        }
        let number = catalogue::number(&self.readers, code).await?.ok_or(StoreError::NoSuchBook)?;
        let mut books = self.books.write().await;
        let book = books.entry(code.to_owned()).or_insert_with(|| Arc::new(Book::new(number)));
        Ok(Arc::clone(book))
    }
}

/// Brings the schema of a database up to date, all steps or none of those that fail. Tells which steps stood and which were made.
pub async fn migrate(url: &str) -> Result<Migrated, StoreError> {
    let connector = Connector::new(url)?;
    let mut session = connector.writing("database").await?;
    let migrated = schema::migrate(session.on()).await?;
    session.close().await;
    Ok(migrated)
}
