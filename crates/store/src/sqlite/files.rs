//! Folders, names and the lock of a book. No database is opened here, nor are its files: closing a second descriptor of an open
//! database would drop SQLite's own locks on it.

use std::fs::{File, TryLockError};
use std::path::Path;

use engine::store::StoreError;

use crate::error::file_error;

/// Makes a folder with its parents, and makes their entries durable.
pub(super) fn make_dir(dir: &Path) -> Result<(), StoreError> {
    if dir.is_dir() {
        return Ok(());
    }
    if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make_dir(parent)?;
    }
    match std::fs::create_dir(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => return Err(file_error("data folder", &e)),
        _ => {}
    }
    match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_dir(parent),
        _ => sync_dir(Path::new(".")),
    }
}

/// Makes the entries of a folder durable.
pub(super) fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    File::open(dir).and_then(|folder| folder.sync_all()).map_err(|e| file_error("data folder", &e))
}

/// The folder of a book: its code, with every byte that could mean something to a file system spelled as `%xx`.
pub(super) fn folder_name(code: &str) -> String {
    let mut name = String::with_capacity(code.len());
    for byte in code.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            _ => name.push_str(&format!("%{byte:02x}")),
        }
    }
    name
}

/// A file lock; given back when dropped, and by the system when the process ends.
pub(super) struct FileLock(
    #[expect(dead_code, reason = "held, not read: the lock lives as long as the descriptor")] File,
);

/// Takes a lock that one process has at a time.
pub(super) fn lock(path: &Path) -> Result<FileLock, StoreError> {
    let file = lock_file(path)?;
    match file.try_lock() {
        Ok(()) => Ok(FileLock(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked),
        Err(TryLockError::Error(e)) => Err(file_error("lock", &e)),
    }
}

fn lock_file(path: &Path) -> Result<File, StoreError> {
    File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(|e| file_error("lock", &e))
}

/// Waits for a lock that is only ever held shortly.
pub(super) async fn wait_for_lock(path: &Path) -> Result<FileLock, StoreError> {
    let file = lock_file(path)?;
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    match locked {
        Ok(Ok(file)) => Ok(FileLock(file)),
        Ok(Err(e)) => Err(file_error("lock", &e)),
        Err(_) => Err(StoreError::Unavailable("lock: the runtime is shutting down".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names_stay_in_their_folder() {
        for (code, name) in [
            ("GD-2018", "GD-2018"),
            ("..", "%2e%2e"),
            ("a/b", "a%2fb"),
            ("", ""),
            ("%41", "%2541"),
            ("粤", "%e7%b2%a4"),
        ] {
            assert_eq!(folder_name(code), name);
        }
    }
}
