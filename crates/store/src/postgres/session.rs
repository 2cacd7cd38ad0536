//! A connection that writes, in explicit transactions only: taken for one, and given back only after its clean end. Whatever was broken off
//! takes its connection along, so that no statement can land in a transaction that somebody else left open.

use std::time::Duration;

use engine::store::StoreError;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::{Connection, Postgres, Row};
use tokio::time::timeout;

use super::connector::Connector;
use super::lock;
use crate::error::{store_error, unavailable};

/// A statement with its values.
pub(super) type Query<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

/// How long any statement before COMMIT may take to be answered: far longer than ours take, so that only a silent server is given up.
const STATEMENT_WITHIN: Duration = Duration::from_secs(20);
/// The same for COMMIT, which may wait for a standby. After it the outcome is unknown.
const COMMIT_WITHIN: Duration = Duration::from_secs(30);
/// How long the views may take for the rows of a large transaction.
const COPY_WITHIN: Duration = Duration::from_secs(120);
/// How long emptying the views of a large book may take.
const LONG_WITHIN: Duration = Duration::from_secs(3_600);
/// Oldest release that is supported, as `server_version_num`.
const OLDEST: i32 = 150_000;

/// What must hold of a server before anything is written: `synchronous_commit` is raised if someone lowered it, then read back.
const PROMISES: &str = "SELECT pg_backend_pid(), current_setting('server_version_num')::int, pg_is_in_recovery() \
     OR current_setting('transaction_read_only')::bool, current_setting('fsync'), current_setting('full_page_writes'), \
     CASE WHEN pg_is_in_recovery() OR current_setting('synchronous_commit') IN ('on', 'remote_apply') \
     THEN current_setting('synchronous_commit') ELSE set_config('synchronous_commit', 'on', false) END";

/// A connection that writes.
pub(super) struct Session {
    connection: PgConnection,
    what: &'static str,
    /// The server's process behind it.
    pub pid: i32,
}

impl Session {
    /// Takes a fresh connection if its server keeps its promises.
    pub(super) async fn begin_with(mut connection: PgConnection, what: &'static str) -> Result<Session, StoreError> {
        let row = within(what, STATEMENT_WITHIN, sqlx::query(PROMISES).fetch_one(&mut connection)).await?;
        let get =
            |index: usize| -> Result<String, StoreError> { row.try_get(index).map_err(|e| store_error(what, &e)) };
        let fail = |e: sqlx::Error| store_error(what, &e);
        let (pid, version): (i32, i32) = (row.try_get(0).map_err(fail)?, row.try_get(1).map_err(fail)?);
        if version < OLDEST {
            return Err(StoreError::Corrupt(format!(
                "PostgreSQL {} is too old: 15 or newer is needed",
                version / 10_000
            )));
        }
        if row.try_get(2).map_err(fail)? {
            return Err(unavailable(what, "the database is read-only (a standby, or set so)"));
        }
        for (index, name) in [(3, "fsync"), (4, "full_page_writes")] {
            if get(index)? != "on" {
                return Err(unavailable(
                    what,
                    &format!("the server has {name} off and may lose what it commits: turn it on"),
                ));
            }
        }
        if !matches!(get(5)?.as_str(), "on" | "remote_apply") {
            return Err(unavailable(what, "synchronous_commit cannot be turned on"));
        }
        Ok(Session { connection, what, pid })
    }

    /// The connection, for statements that change nothing by themselves or stand in a transaction.
    pub(super) fn on(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// Says goodbye; a failure loses nothing.
    pub(super) async fn close(self) {
        timeout(STATEMENT_WITHIN, self.connection.close()).await.map(drop).unwrap_or_default();
    }
}

/// A place for a session: empty until needed, and again after one that was broken off.
pub(super) struct Line {
    what: &'static str,
    session: Option<Session>,
    /// The book whose lock its sessions try to hold.
    locks: Option<i64>,
    /// The server's process of the session before, which may not have heard yet that we are gone.
    left: Option<i32>,
}

impl Line {
    /// An empty place.
    pub(super) fn new(what: &'static str) -> Line {
        Line { what, session: None, locks: None, left: None }
    }

    /// An empty place for sessions that hold the lock of a book.
    pub(super) fn locking(what: &'static str, book: i64) -> Line {
        Line { locks: Some(book), ..Line::new(what) }
    }

    /// Begins a transaction: on the session that is here, or on a fresh one where there is none or its server has gone since.
    pub(super) async fn begin(&mut self, connector: &Connector) -> Result<Writing<'_>, StoreError> {
        if let Some(mut session) = self.take()
            && start(&mut session).await.is_ok()
        {
            return Ok(Writing { line: self, session });
        }
        let mut session = self.fresh(connector).await?;
        if let Some(book) = self.locks
            && !lock::try_take(&mut session, book).await?
        {
            // The epoch will tell whether that one writes.
            tracing::warn!(book, "another process holds the lock of the book");
        }
        self.begin_on(session).await
    }

    /// A fresh session that is not in a transaction. What is left of the one before is ended first, since its server may hold the locks of
    /// a transaction until it notices that nobody is there.
    pub(super) async fn fresh(&mut self, connector: &Connector) -> Result<Session, StoreError> {
        drop(self.take());
        let mut session = connector.writing(self.what).await?;
        if let Some(pid) = self.left {
            let end = sqlx::query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND application_name = $2",
            )
            .bind(pid)
            .bind(connector.name().to_owned());
            within(self.what, STATEMENT_WITHIN, end.execute(session.on())).await?;
            self.left = None;
        }
        Ok(session)
    }

    /// Begins a transaction on a session that was taken with [`Line::fresh`].
    pub(super) async fn begin_on(&mut self, mut session: Session) -> Result<Writing<'_>, StoreError> {
        self.left = Some(session.pid);
        start(&mut session).await?;
        Ok(Writing { line: self, session })
    }

    /// The session, remembered as one that may be left behind.
    fn take(&mut self) -> Option<Session> {
        let session = self.session.take()?;
        self.left = Some(session.pid);
        Some(session)
    }

    /// Closes the session.
    pub(super) async fn close(self) {
        if let Some(session) = self.session {
            session.close().await;
        }
    }
}

async fn start(session: &mut Session) -> Result<(), StoreError> {
    within(session.what, STATEMENT_WITHIN, sqlx::raw_sql("BEGIN").execute(&mut session.connection)).await.map(drop)
}

/// An open transaction. Dropped without [`Writing::commit`], its connection is closed and the server rolls back.
pub(super) struct Writing<'a> {
    line: &'a mut Line,
    session: Session,
}

impl Writing<'_> {
    fn on(&mut self) -> &mut PgConnection {
        &mut self.session.connection
    }

    /// Runs a statement of the transaction; tells how many rows it changed.
    pub(super) async fn run(&mut self, query: Query<'_>) -> Result<u64, StoreError> {
        let done = within(self.session.what, STATEMENT_WITHIN, query.execute(self.on())).await?;
        Ok(done.rows_affected())
    }

    /// [`Writing::run`] for a statement that may change very many rows.
    pub(super) async fn run_long(&mut self, query: Query<'_>) -> Result<u64, StoreError> {
        let done = within(self.session.what, LONG_WITHIN, query.execute(self.on())).await?;
        Ok(done.rows_affected())
    }

    /// The one row of a statement of the transaction.
    pub(super) async fn row(&mut self, query: Query<'_>) -> Result<PgRow, StoreError> {
        within(self.session.what, STATEMENT_WITHIN, query.fetch_one(self.on())).await
    }

    /// The row of a statement of the transaction, if it has one.
    pub(super) async fn row_or_none(&mut self, query: Query<'_>) -> Result<Option<PgRow>, StoreError> {
        within(self.session.what, STATEMENT_WITHIN, query.fetch_optional(self.on())).await
    }

    /// All rows of a statement of the transaction.
    pub(super) async fn rows(&mut self, query: Query<'_>) -> Result<Vec<PgRow>, StoreError> {
        within(self.session.what, STATEMENT_WITHIN, query.fetch_all(self.on())).await
    }

    /// Sends rows in COPY's binary form.
    pub(super) async fn copy(&mut self, statement: &'static str, rows: Vec<u8>) -> Result<(), StoreError> {
        let connection = &mut self.session.connection;
        let copied = async {
            let mut copy = connection.copy_in_raw(statement).await?;
            copy.send(rows).await?;
            copy.finish().await
        };
        within(self.session.what, COPY_WITHIN, copied).await.map(drop)
    }

    /// Commits. The error tells whether the database said no, or did not say.
    pub(super) async fn commit(self) -> Result<(), CommitError> {
        let Writing { line, mut session } = self;
        let what = session.what;
        let commit = timeout(COMMIT_WITHIN, sqlx::raw_sql("COMMIT").execute(&mut session.connection)).await;
        match commit {
            Ok(Ok(_)) => {
                line.left = None;
                line.session = Some(session);
                Ok(())
            }
            Ok(Err(error)) if crate::error::is_plain_refusal(&error) => {
                Err(CommitError::Refused(store_error(what, &error)))
            }
            Ok(Err(error)) => Err(CommitError::Unknown(store_error(what, &error))),
            Err(_) => Err(CommitError::Unknown(unavailable(what, "COMMIT was not answered in time"))),
        }
    }
}

/// What became of a COMMIT that was not simply done.
pub(super) enum CommitError {
    /// The database said instead that nothing is committed.
    Refused(StoreError),
    /// The database did not say.
    Unknown(StoreError),
}

impl From<CommitError> for StoreError {
    fn from(error: CommitError) -> StoreError {
        match error {
            CommitError::Refused(error) => error,
            CommitError::Unknown(StoreError::Corrupt(text)) => StoreError::Unavailable(text),
            CommitError::Unknown(error) => error,
        }
    }
}

/// Awaits an answer of the database, but not for ever: a line that was cut says nothing.
pub(super) async fn within<T>(
    what: &'static str,
    limit: Duration,
    asked: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    match timeout(limit, asked).await {
        Ok(answered) => answered.map_err(|e| store_error(what, &e)),
        Err(_) => Err(unavailable(what, "the database does not answer")),
    }
}
