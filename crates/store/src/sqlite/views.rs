//! The views file as a whole: opened when first asked for, and replaced by an empty one when the views are to be filled anew. A book
//! whose views cannot be opened still posts and can still have them cleared.

use std::path::PathBuf;
use std::sync::atomic::AtomicU64;

use engine::store::StoreError;
use tokio::sync::{Mutex, RwLock, RwLockReadGuard};

use super::database::{Database, Kind};
use super::files::sync_dir;
use crate::error::file_error;
use crate::projecting::Projecting;

/// A book's views.
pub(super) struct Views {
    dir: PathBuf,
    /// Readers and projector share it; replacing the file waits for them and keeps them out.
    open: RwLock<Option<Open>>,
}

/// An open views file, with what is remembered of it.
pub(super) struct Open {
    pub(super) database: Database,
    /// What the projector goes on from.
    pub(super) projecting: Mutex<Option<Projecting>>,
    /// Era in which facts were last found: what is asked next is often beside it.
    pub(super) era: AtomicU64,
}

impl Views {
    /// The views in this book's folder, not opened yet.
    pub(super) fn new(dir: PathBuf) -> Views {
        Views { dir, open: RwLock::new(None) }
    }

    /// The views, opened (and made) if they were not.
    pub(super) async fn open(&self) -> Result<RwLockReadGuard<'_, Open>, StoreError> {
        loop {
            let guard = self.open.read().await;
            if let Ok(database) = RwLockReadGuard::try_map(guard, Option::as_ref) {
                return Ok(database);
            }
            let mut slot = self.open.write().await;
            if slot.is_none() {
                *slot = Some(self.make().await?);
            }
        }
    }

    async fn make(&self) -> Result<Open, StoreError> {
        let database = Database::open(&self.dir.join("views.sqlite"), Kind::Views, true).await?;
        sync_dir(&self.dir)?;
        Ok(Open { database, projecting: Mutex::new(None), era: AtomicU64::new(0) })
    }

    /// Replaces the file by an empty one: the guards on its tables refuse a DELETE.
    pub(super) async fn clear(&self) -> Result<(), StoreError> {
        let mut slot = self.open.write().await;
        if let Some(open) = slot.take() {
            open.database.close().await;
        }
        // The main file goes first: SQLite discards a write-ahead log that it finds beside a file that is not there.
        for name in ["views.sqlite", "views.sqlite-wal", "views.sqlite-shm"] {
            match std::fs::remove_file(self.dir.join(name)) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(file_error("views", &e)),
                _ => {}
            }
        }
        sync_dir(&self.dir)?;
        *slot = Some(self.make().await?);
        Ok(())
    }

    /// Closes the file.
    pub(super) async fn close(self) {
        if let Some(open) = self.open.into_inner() {
            open.database.close().await;
        }
    }
}
