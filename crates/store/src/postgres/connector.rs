//! Making connections: where to, with which settings, and not too often while the database is gone. What is done on a connection stands in
//! `session` and `readers`.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::store::StoreError;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::time::{Instant, timeout};

use super::session::Session;
use crate::error::{connect_error, store_error};

/// How long a connection may take: the name is looked up, and a server that recovers refuses at once.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Pause after a connection that failed; it doubles up to [`LONGEST_PAUSE`]. Whoever asks meanwhile hears at once that there is none.
const FIRST_PAUSE: Duration = Duration::from_millis(25);
/// Longest pause: after a restart of the database, service is back that soon.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Where the shared statements find their tables.
const SEARCH_PATH: &str = "earmark,earmark_log,earmark_views";
/// How the server finds that we are gone: 10 s of silence, then three questions 5 s apart; what was sent and is not acknowledged counts
/// too.
const KEEPALIVE: [(&str, &str); 4] = [
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "25000"),
];
/// A transaction that waits this long for a row is told so: only a writer that hangs holds one longer.
pub(super) const LOCK_TIMEOUT: &str = "5s";
/// A transaction of ours does nothing between two statements; one that stands idle so long belongs to a process that hangs.
const IDLE_TIMEOUT: &str = "30s";
/// A read that takes longer is of no use to anybody.
const READ_TIMEOUT: &str = "30s";

/// Makes the connections of one store.
pub(super) struct Connector {
    options: PgConnectOptions,
    /// Tells our connections apart from those of every other process and store.
    name: String,
    pause: Mutex<Pause>,
}

/// When the next attempt may be made.
struct Pause {
    until: Option<Instant>,
    next: Duration,
}

impl Connector {
    /// Connections to the database of a URL. It is not connected yet.
    pub(super) fn new(url: &str) -> Result<Connector, StoreError> {
        // The text of the error would name parts of the URL, which may hold a password.
        let options: PgConnectOptions =
            url.parse().map_err(|_| StoreError::Unavailable("database: the URL is not one of PostgreSQL".into()))?;
        let name = instance();
        let options = options
            .application_name(&name)
            .options(KEEPALIVE)
            .options([("search_path", SEARCH_PATH), ("jit", "off"), ("client_min_messages", "warning")])
            .disable_statement_logging();
        Ok(Connector { options, name, pause: Mutex::new(Pause { until: None, next: FIRST_PAUSE }) })
    }

    /// Name of our connections in `pg_stat_activity`.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A connection that writes, on a server that keeps what it says is committed. No time limit of the server's falls on it: one that
    /// strikes while COMMIT waits for a standby would leave the outcome open.
    pub(super) async fn writing(&self, what: &'static str) -> Result<Session, StoreError> {
        let settings = [
            ("statement_timeout", "0"),
            ("lock_timeout", LOCK_TIMEOUT),
            ("idle_in_transaction_session_timeout", IDLE_TIMEOUT),
            // Statistics of tables that are being filled are always old: their planner would scan them whole.
            ("enable_seqscan", "off"),
        ];
        let connection = self.connect(what, self.options.clone().options(settings)).await?;
        Session::begin_with(connection, what).await
    }

    /// A connection for single statements that read; it cannot write.
    pub(super) async fn reading(&self, what: &'static str) -> Result<PgConnection, StoreError> {
        let settings = [
            ("statement_timeout", READ_TIMEOUT),
            ("default_transaction_read_only", "on"),
            // As for writing: every read has an index of its own.
            ("enable_seqscan", "off"),
            // One process a read: the order of a UNION ALL holds, and the cores are for others too.
            ("max_parallel_workers_per_gather", "0"),
            // The parts of the schema are spelled alike everywhere.
            ("intervalstyle", "postgres"),
            ("quote_all_identifiers", "off"),
        ];
        self.connect(what, self.options.clone().options(settings)).await
    }

    async fn connect(&self, what: &'static str, options: PgConnectOptions) -> Result<PgConnection, StoreError> {
        if self.pause().until.is_some_and(|until| Instant::now() < until) {
            return Err(StoreError::Unavailable(format!(
                "{what}: no connection to the database; trying again shortly"
            )));
        }
        let made = timeout(CONNECT_WITHIN, options.connect()).await;
        let mut pause = self.pause();
        match made {
            Ok(Ok(connection)) => {
                *pause = Pause { until: None, next: FIRST_PAUSE };
                return Ok(connection);
            }
            Ok(Err(sqlx::Error::Database(error))) if !is_away(error.code().as_deref()) => {
                // It answered: the password, the database's name or the like is wrong.
                return Err(store_error(what, &sqlx::Error::Database(error)));
            }
            _ => {}
        }
        let wait = pause.next;
        *pause = Pause { until: Some(Instant::now() + wait), next: (wait * 2).min(LONGEST_PAUSE) };
        drop(pause);
        Err(match made {
            Ok(Err(error)) => connect_error(what, &error),
            _ => StoreError::Unavailable(format!("{what}: the database does not answer")),
        })
    }

    fn pause(&self) -> MutexGuard<'_, Pause> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the server says that it cannot serve now: starting, stopping, out of connections or of resources.
fn is_away(code: Option<&str>) -> bool {
    code.is_some_and(|code| code.starts_with("57") || code.starts_with("53"))
}

/// `earmark <host> <process> <random>`, within PostgreSQL's 63 bytes.
fn instance() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host: String = host.trim().chars().filter(|c| c.is_ascii_graphic()).take(24).collect();
    let random = RandomState::new().build_hasher().finish();
    format!("earmark {host} {} {random:016x}", std::process::id())
}
