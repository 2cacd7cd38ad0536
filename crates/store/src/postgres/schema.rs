//! The schema: made and brought up to date by `earmark migrate`, looked at by everybody else. A server never changes it: whoever owns the
//! database decides when that happens.

use engine::store::StoreError;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::PgConnection;
use sqlx::{Row, SqlSafeStr};

use crate::error::{migrate_error, store_error};

const WHAT: &str = "database";
/// Where the steps made are noted.
const NOTES: &str = "earmark._migrations";
const NOTES_THERE: &str = "SELECT to_regclass('earmark._migrations') IS NOT NULL";
const STEPS_MADE: &str = "SELECT version, checksum FROM earmark._migrations WHERE success ORDER BY version";

/// The steps, embedded in the program.
const STEPS: &[(i64, &str, &str)] = &[
    (1, "catalogue", include_str!("../../../../migrations/postgres/0001_catalogue.sql")),
    (2, "log", include_str!("../../../../migrations/postgres/0002_log.sql")),
    (3, "views", include_str!("../../../../migrations/postgres/0003_views.sql")),
    (4, "heads", include_str!("../../../../migrations/postgres/0004_heads.sql")),
];

/// What a migration did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Steps that stood before.
    pub before: usize,
    /// Steps that stand now.
    pub now: usize,
}

fn migrator() -> Migrator {
    let step = |&(version, name, text): &(i64, &'static str, &'static str)| {
        Migration::new(version, name.into(), MigrationType::Simple, text.into_sql_str(), false)
    };
    let mut migrator = Migrator::with_migrations(STEPS.iter().map(step).collect());
    migrator.dangerous_set_table_name(NOTES);
    migrator.create_schema("earmark");
    migrator
}

/// Makes the steps that are missing, each in a transaction. Others who do the same wait.
pub(super) async fn migrate(connection: &mut PgConnection) -> Result<Migrated, StoreError> {
    let before = steps_made(connection).await?.len();
    migrator().run_direct(None, connection, false).await.map_err(|e| migrate_error(WHAT, &e))?;
    Ok(Migrated { before, now: STEPS.len() })
}

/// Whether the schema is exactly that of this version.
pub(super) async fn check(connection: &mut PgConnection) -> Result<(), StoreError> {
    let made = steps_made(connection).await?;
    let known = migrator();
    for (version, checksum) in &made {
        match known.iter().find(|step| step.version == *version) {
            None => {
                return Err(StoreError::Corrupt(format!(
                    "{WHAT}: made by a newer version of Earmark (schema step {version} is unknown here): use that version"
                )));
            }
            Some(step) if *step.checksum != checksum[..] => {
                return Err(StoreError::Corrupt(format!(
                    "{WHAT}: schema step {version} is not the one of this version"
                )));
            }
            Some(_) => {}
        }
    }
    if made.len() < STEPS.len() {
        let there = made.len();
        let all = STEPS.len();
        return Err(StoreError::Corrupt(format!(
            "{WHAT}: the schema has {there} of {all} steps: run `earmark migrate`"
        )));
    }
    Ok(())
}

/// Version and checksum of every step made.
async fn steps_made(connection: &mut PgConnection) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    let fail = |e: sqlx::Error| store_error(WHAT, &e);
    let there: bool = sqlx::query_scalar(NOTES_THERE).fetch_one(&mut *connection).await.map_err(fail)?;
    if !there {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(STEPS_MADE).fetch_all(connection).await.map_err(fail)?;
    rows.iter().map(|row| Ok((row.try_get(0).map_err(fail)?, row.try_get(1).map_err(fail)?))).collect()
}
