//! Connections that read, shared by everybody: one single statement each time, so that a read which is dropped leaves nothing behind but a
//! closed connection. A read whose connection is gone is asked again, since it changes nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::store::StoreError;
use sqlx::Connection;
use sqlx::postgres::{PgConnection, PgRow};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::connector::Connector;
use super::session::Query;
use crate::error::{is_line_gone, store_error, unavailable};

/// Connections for reads, each a process of the server: reads are short, and machines have few cores.
const READERS: usize = 8;
/// How long a read waits for one of them.
const READER_WAIT: Duration = Duration::from_secs(10);
/// How long a read may take: a little longer than the server's own limit for it.
const READ_WITHIN: Duration = Duration::from_secs(35);

/// The connections.
pub(super) struct Readers {
    connector: Arc<Connector>,
    idle: Mutex<Vec<PgConnection>>,
    permits: Semaphore,
}

impl Readers {
    /// None are made before they are needed.
    pub(super) fn new(connector: Arc<Connector>) -> Readers {
        Readers { connector, idle: Mutex::default(), permits: Semaphore::new(READERS) }
    }

    /// The connector, for what is written beside.
    pub(super) fn connector(&self) -> &Connector {
        &self.connector
    }

    /// All rows of a statement.
    pub(super) async fn rows<'q>(
        &self,
        what: &'static str,
        query: impl Fn() -> Query<'q>,
    ) -> Result<Vec<PgRow>, StoreError> {
        let permit = timeout(READER_WAIT, self.permits.acquire()).await;
        let Ok(Ok(_permit)) = permit else { return Err(unavailable(what, "all connections are busy")) };
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let was_idle = idle.is_some();
            let mut connection = match idle {
                Some(connection) => connection,
                None => self.connector.reading(what).await?,
            };
            match timeout(READ_WITHIN, query().fetch_all(&mut connection)).await {
                Ok(Ok(rows)) => {
                    self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
                    return Ok(rows);
                }
                // It may have been gone for long: the next idle one, in the end a fresh one, will tell.
                Ok(Err(error)) if was_idle && is_line_gone(&error) => {}
                Ok(Err(error)) => return Err(store_error(what, &error)),
                Err(_) => return Err(unavailable(what, "the database does not answer")),
            }
        }
    }

    /// The first row of a statement, if it has one.
    pub(super) async fn row_or_none<'q>(
        &self,
        what: &'static str,
        query: impl Fn() -> Query<'q>,
    ) -> Result<Option<PgRow>, StoreError> {
        Ok(self.rows(what, query).await?.into_iter().next())
    }

    /// The row of a statement that always has one.
    pub(super) async fn row<'q>(&self, what: &'static str, query: impl Fn() -> Query<'q>) -> Result<PgRow, StoreError> {
        self.row_or_none(what, query).await?.ok_or_else(|| store_error(what, &sqlx::Error::RowNotFound))
    }

    /// Closes the idle connections; a failure loses nothing.
    pub(super) async fn close(self) {
        for connection in self.idle.into_inner().unwrap_or_else(PoisonError::into_inner) {
            timeout(READER_WAIT, connection.close()).await.map(drop).unwrap_or_default();
        }
    }
}
