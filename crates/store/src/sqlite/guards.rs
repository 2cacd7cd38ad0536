//! The guards on inserts, lifted while a large projection runs. They are for other hands: a trigger a row takes as long as the row itself,
//! and the projection's own rows are checked before, and by the keys of their tables. Lifting and setting them again are part of its
//! transaction, so that nobody else ever meets tables without guards, whatever happens in between.

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row};

/// Rows from which on lifting pays: it costs some milliseconds, since statements are prepared anew afterwards.
const MANY_ROWS: usize = 10_000;

/// The guards of the tables that take a row or more a receipt.
const GUARDS: &str = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' \
     AND name IN ('voucher_insert', 'line_insert', 'fact_insert')";

/// Guards that are lifted: the statements that set them again.
#[must_use]
pub(super) struct Lifted(Vec<String>);

/// Lifts the guards inside a transaction that will insert so many rows, if that pays.
pub(super) async fn lift(connection: &mut SqliteConnection, rows: usize) -> Result<Lifted, sqlx::Error> {
    let mut lifted = Vec::new();
    if rows >= MANY_ROWS {
        for guard in sqlx::query(GUARDS).fetch_all(&mut *connection).await? {
            let name: String = guard.try_get(0)?;
            sqlx::raw_sql(AssertSqlSafe(format!("DROP TRIGGER {name}"))).execute(&mut *connection).await?;
            lifted.push(guard.try_get(1)?);
        }
    }
    Ok(Lifted(lifted))
}

impl Lifted {
    /// Sets them again, in the same transaction.
    pub(super) async fn set(self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        for guard in self.0 {
            sqlx::raw_sql(AssertSqlSafe(guard)).execute(&mut *connection).await?;
        }
        Ok(())
    }
}
