//! The library version check: SQLite before 3.51.3 can corrupt a database when a WAL is reset while another connection checkpoints.

use engine::store::StoreError;

use super::Database;
use crate::error::store_error;

/// First release with the fix.
const OLDEST: [u32; 3] = [3, 51, 3];

/// Whether a `sqlite_version()` is new enough. 3.52.0 was withdrawn and counts as newer; the bundled library is never that one.
pub fn check_version(version: &str) -> Result<(), StoreError> {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().ok());
    let found = [parts.next().flatten(), parts.next().flatten(), parts.next().flatten()];
    match found {
        [Some(major), Some(minor), Some(patch)] if parts.next().is_none() && [major, minor, patch] >= OLDEST => Ok(()),
        _ => Err(StoreError::Corrupt("SQLite is older than 3.51.3, which can corrupt a write-ahead log".into())),
    }
}

/// Refuses a library that is too old.
pub(super) async fn check_library(database: &Database) -> Result<(), StoreError> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(database.readers())
        .await
        .map_err(|e| store_error("library version", &e))?;
    check_version(&version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fixed_releases_pass() {
        for (version, passes) in [
            ("3.51.3", true),
            ("3.51.10", true),
            ("3.53.0", true),
            ("4.0.0", true),
            ("3.51.2", false),
            ("3.9.99", false),
            ("3.40.1", false),
            ("2.99.99", false),
            ("3.51", false),
            ("3.51.3.1", false),
            ("", false),
            ("3.51.x", false),
        ] {
            assert_eq!(check_version(version).is_ok(), passes, "{version:?}");
        }
    }
}
