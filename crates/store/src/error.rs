//! From driver errors to [`StoreError`]: what may pass later is unavailable, what will not is corrupt. Texts name the operation and a
//! code, never a row's contents, which some databases put into their messages.

use engine::store::StoreError;
use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// Primary result codes of SQLite after which trying again may help: PERM, BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL,
/// CANTOPEN, PROTOCOL, AUTH.
const PASSING: [u32; 11] = [3, 5, 6, 7, 8, 9, 10, 13, 14, 15, 23];
/// CONSTRAINT: a check, key or guard refused the rows.
const CONSTRAINT: u32 = 19;

/// A driver error met while doing `what`.
pub(crate) fn store_error(what: &'static str, error: &sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(database) => match database.code() {
            Some(code) if database.try_downcast_ref::<PgDatabaseError>().is_some() => of_state(what, &code),
            Some(code) => code.parse().map_or_else(|_| no_code(what), |code| of_code(what, code)),
            None => no_code(what),
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

fn no_code(what: &str) -> StoreError {
    StoreError::Corrupt(format!("{what}: database error without a code"))
}

/// By PostgreSQL's SQLSTATE, whose first two characters are the class.
fn of_state(what: &'static str, state: &str) -> StoreError {
    let class = state.get(..2).unwrap_or_default();
    let text = match (state, class) {
        ("25006", _) => "the database is read-only",
        ("53100", _) => "the disk of the database is full",
        ("53300", _) => "the database has no connection left",
        ("57P01" | "57P02" | "57P03", _) => "the database is going down, or coming up",
        ("55P03", _) => "another transaction holds what this one needs",
        ("3D000", _) => "there is no such database",
        ("42501", _) => "the database's role may not do this",
        ("42P01" | "42703" | "42883" | "3F000", _) => {
            return StoreError::Corrupt(format!(
                "{what}: the schema is not that of this version ({state}): run `earmark migrate`"
            ));
        }
        (_, "28") => "the database does not let this role in",
        (_, "08" | "25" | "40" | "53" | "54" | "55" | "57" | "58") => "the database cannot do this now",
        (_, "23") => return StoreError::Corrupt(format!("{what}: refused by a constraint (SQLSTATE {state})")),
        _ => return StoreError::Corrupt(format!("{what}: SQLSTATE {state}")),
    };
    StoreError::Unavailable(format!("{what}: {text} (SQLSTATE {state})"))
}

/// Something that may pass, met while doing `what`.
pub(crate) fn unavailable(what: &'static str, text: &str) -> StoreError {
    StoreError::Unavailable(format!("{what}: {text}"))
}

/// A failure to connect while doing `what`: whatever it is, the database may be there later.
pub(crate) fn connect_error(what: &'static str, error: &sqlx::Error) -> StoreError {
    match store_error(what, error) {
        StoreError::Corrupt(text) => StoreError::Unavailable(text),
        other => other,
    }
}

/// Whether PostgreSQL plainly refused, and goes on serving this connection: what was asked was not done. One that ends the connection with
/// its words may have done it before.
pub(crate) fn is_plain_refusal(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(database) = error else { return false };
    database.try_downcast_ref::<PgDatabaseError>().is_some_and(|error| error.severity() == PgSeverity::Error)
}

/// Whether the connection is gone, or about to be.
pub(crate) fn is_line_gone(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(_) => !is_plain_refusal(error),
        _ => false,
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
    fn states_tell_what_may_pass_from_what_will_not() {
        // SQLSTATE, may pass
        for (state, passes) in [
            ("08006", true),  // connection failure
            ("25006", true),  // read-only transaction
            ("28P01", true),  // wrong password
            ("40001", true),  // serialization failure
            ("42501", true),  // insufficient privilege
            ("53100", true),  // disk full
            ("53300", true),  // too many connections
            ("55P03", true),  // lock not available
            ("57014", true),  // cancelled
            ("57P01", true),  // shut down by an administrator
            ("58030", true),  // input or output
            ("23505", false), // unique violation
            ("23000", false), // a guard
            ("42601", false), // syntax
            ("42P01", false), // no such table
            ("XX001", false), // data corrupted
            ("", false),
        ] {
            assert_eq!(matches!(of_state("test", state), StoreError::Unavailable(_)), passes, "{state}");
        }
    }

    #[test]
    fn newer_schemas_are_named_as_such() {
        let error = migrate_error("log", &MigrateError::VersionMissing(7));
        assert!(matches!(&error, StoreError::Corrupt(text) if text.contains("newer version")), "{error}");
    }
}
