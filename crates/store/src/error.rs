//! From driver errors to [`StoreError`]: what may pass later is unavailable, what will not is corrupt. Texts name the operation and a
//! code, never a row's contents, which some databases put into their messages.

use engine::store::StoreError;
use sqlx::migrate::MigrateError;

/// Primary result codes of SQLite after which trying again may help: PERM, BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL,
/// CANTOPEN, PROTOCOL, AUTH.
const PASSING: [u32; 11] = [3, 5, 6, 7, 8, 9, 10, 13, 14, 15, 23];
/// CONSTRAINT: a check, key or guard refused the rows.
const CONSTRAINT: u32 = 19;

/// A driver error met while doing `what`.
pub(crate) fn store_error(what: &'static str, error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(database) => match database.code().and_then(|code| code.parse::<u32>().ok()) {
            Some(code) => of_code(what, code),
            None => StoreError::Corrupt(format!("{what}: database error without a code")),
        },
        sqlx::Error::Io(io) => StoreError::Unavailable(format!("{what}: {}", io.kind())),
        sqlx::Error::PoolTimedOut => StoreError::Unavailable(format!("{what}: all connections are busy")),
        sqlx::Error::PoolClosed => StoreError::Unavailable(format!("{what}: the database is being closed")),
        sqlx::Error::WorkerCrashed => StoreError::Unavailable(format!("{what}: the connection is gone")),
        sqlx::Error::RowNotFound => StoreError::Corrupt(format!("{what}: a row that always stands is missing")),
        sqlx::Error::ColumnDecode { index, .. } => {
            StoreError::Corrupt(format!("{what}: column {index} has another type"))
        }
        sqlx::Error::Decode(_) => StoreError::Corrupt(format!("{what}: a value has another type")),
        _ => StoreError::Unavailable(format!("{what}: driver error")),
    }
}

/// By SQLite's extended result code, whose low byte is the primary one.
fn of_code(what: &'static str, code: u32) -> StoreError {
    match code & 0xff {
        primary if PASSING.contains(&primary) => StoreError::Unavailable(format!("{what}: SQLite error {code}")),
        CONSTRAINT => StoreError::Corrupt(format!("{what}: refused by a constraint (SQLite error {code})")),
        _ => StoreError::Corrupt(format!("{what}: SQLite error {code}")),
    }
}

/// A migration error met while opening `what`.
pub(crate) fn migrate_error(what: &'static str, error: &MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => store_error(what, e),
        MigrateError::VersionMissing(version) => StoreError::Corrupt(format!(
            "{what}: made by a newer version of Earmark (schema step {version} is unknown here)"
        )),
        MigrateError::VersionMismatch(version) => {
            StoreError::Corrupt(format!("{what}: schema step {version} is not the one of this version"))
        }
        MigrateError::Dirty(version) => StoreError::Corrupt(format!("{what}: schema step {version} is half applied")),
        _ => StoreError::Corrupt(format!("{what}: the schema cannot be brought up to date")),
    }
}

/// A file system error met while doing `what`.
pub(crate) fn file_error(what: &'static str, error: &std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("{what}: {}", error.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_tell_what_may_pass_from_what_will_not() {
        // code, may pass
        for (code, passes) in [
            (5, true),     // BUSY
            (261, true),   // BUSY_RECOVERY
            (10, true),    // IOERR
            (1034, true),  // IOERR_FSYNC
            (13, true),    // FULL
            (14, true),    // CANTOPEN
            (8, true),     // READONLY
            (1032, true),  // READONLY_DBMOVED
            (11, false),   // CORRUPT
            (267, false),  // CORRUPT_VTAB
            (26, false),   // NOTADB
            (1, false),    // ERROR
            (1811, false), // CONSTRAINT_TRIGGER
            (2067, false), // CONSTRAINT_UNIQUE
        ] {
            assert_eq!(matches!(of_code("test", code), StoreError::Unavailable(_)), passes, "{code}");
        }
    }

    #[test]
    fn newer_schemas_are_named_as_such() {
        let error = migrate_error("log", &MigrateError::VersionMissing(7));
        assert!(matches!(&error, StoreError::Corrupt(text) if text.contains("newer version")), "{error}");
    }
}
