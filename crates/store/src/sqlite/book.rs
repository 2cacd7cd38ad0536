//! An open book: its folder's lock, its log and its views.

use std::path::{Path, PathBuf};

use engine::store::StoreError;

use super::database::{Database, Kind};
use super::files::{self, FileLock};
use super::views::Views;

/// An open book.
pub(super) struct Book {
    /// Where its files stand.
    pub dir: PathBuf,
    /// The archive.
    pub log: Database,
    /// What is filled from it.
    pub views: Views,
    /// Given back last.
    lock: FileLock,
}

impl Book {
    /// Opens a book that was made before.
    pub(super) async fn open(dir: &Path) -> Result<Book, StoreError> {
        // A lost or emptied archive is never replaced by a new one in silence.
        match std::fs::metadata(log_path(dir)) {
            Ok(file) if file.len() > 0 => Book::open_or_make(dir, false).await,
            Ok(_) => Err(StoreError::Corrupt("the log's file is empty".into())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                Err(StoreError::Corrupt("the log's file is missing".into()))
            }
            Err(e) => Err(crate::error::file_error("log", &e)),
        }
    }

    /// Opens a book, making whatever of it is not there yet.
    pub(super) async fn make(dir: &Path) -> Result<Book, StoreError> {
        files::make_dir(dir)?;
        Book::open_or_make(dir, true).await
    }

    async fn open_or_make(dir: &Path, make: bool) -> Result<Book, StoreError> {
        let lock = files::lock(&dir.join("lock"))?;
        let log = Database::open(&log_path(dir), Kind::Log, make).await?;
        files::sync_dir(dir)?;
        Ok(Book { dir: dir.to_owned(), log, views: Views::new(dir.to_owned()), lock })
    }

    /// Closes its files and gives the lock back.
    pub(super) async fn close(self) {
        self.views.close().await;
        self.log.close().await;
        drop(self.lock);
    }
}

fn log_path(dir: &Path) -> PathBuf {
    dir.join("log.sqlite")
}
