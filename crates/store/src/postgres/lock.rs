//! The advisory lock of a book: a courtesy that tells whoever comes second who is there. What keeps two writers apart is the epoch in the
//! head, not this.

use std::time::Duration;

use engine::store::StoreError;
use sqlx::Row;
use tokio::time::{Instant, sleep};

use super::connector::Connector;
use super::session::{Session, within};
use crate::error::{store_error, unavailable};

/// First half of our lock keys: "EARM" in ASCII. The second is the book's number.
const CLASS: i32 = 0x4541_524d;
/// How long to wait for the lock: a server that goes down in order gives it back that soon, and so does one whose end the database
/// notices.
const WAIT: Duration = Duration::from_secs(3);
/// How often to look meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long a look may take.
const LOOK_WITHIN: Duration = Duration::from_secs(5);

const TRY: &str = "SELECT pg_try_advisory_lock($1, $2::int)";
const HOLDER: &str = "SELECT a.pid, a.application_name, COALESCE(host(a.client_addr), 'this machine'), \
     to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ') FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid \
     WHERE l.locktype = 'advisory' AND l.granted AND l.classid::bigint = $1 AND l.objid::bigint = $2 AND l.objsubid = 2 \
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())";
const END: &str = "SELECT pg_terminate_backend($1)";

/// Takes the lock for a session. What this store itself left behind on a line that was cut is ended; another holder is waited for a little
/// and then named.
pub(super) async fn take(session: &mut Session, connector: &Connector, book: i64) -> Result<(), StoreError> {
    let until = Instant::now() + WAIT;
    while !try_take(session, book).await? {
        let holder = sqlx::query(HOLDER).bind(i64::from(CLASS)).bind(book);
        let holder = within("log", LOOK_WITHIN, holder.fetch_optional(session.on())).await?;
        if let Some(holder) = holder {
            let text = |index: usize| holder.try_get::<String, _>(index).map_err(|e| store_error("log", &e));
            let (pid, name) = (holder.try_get::<i32, _>(0).map_err(|e| store_error("log", &e))?, text(1)?);
            if name == connector.name() {
                within("log", LOOK_WITHIN, sqlx::query(END).bind(pid).execute(session.on())).await?;
            } else if Instant::now() >= until {
                let said =
                    format!("the book is held by \"{name}\" at {} since {} (server process {pid})", text(2)?, text(3)?);
                return Err(unavailable("log", &said));
            }
        }
        sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// Takes the lock if it is free.
pub(super) async fn try_take(session: &mut Session, book: i64) -> Result<bool, StoreError> {
    let asked = sqlx::query_scalar(TRY).bind(CLASS).bind(book);
    within("log", LOOK_WITHIN, asked.fetch_one(session.on())).await
}
