//! Checkpoints of a file's write-ahead log, by a connection and a task of their own: never inside a commit, whose answer would wait
//! for them and could fail with them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::database::Kind;

/// How often the task looks whether there is something to do.
const TICK: Duration = Duration::from_millis(200);
/// A checkpoint is due when about this much was written since the last one: it costs two syncs, so not at every commit.
const DUE_BYTES: u64 = 4 << 20;
/// Ticks after which even a little is checkpointed, so that a quiet book's log is in its main file.
const DUE_TICKS: u32 = 25;
/// What a commit writes besides its rows: a handful of pages.
const PAGES_OF_A_COMMIT: u64 = 16 << 10;
/// A write-ahead log of more pages of 4 KiB than this is emptied while writers wait; else steady writing keeps it growing for ever.
const LONG_LOG_PAGES: i64 = 16 << 10;

/// The task that checkpoints one file.
pub(super) struct Checkpointer {
    pending: Arc<AtomicU64>,
    /// Dropping it stops the task.
    stop: watch::Sender<()>,
    task: JoinHandle<()>,
}

impl Checkpointer {
    /// Starts the task; it opens its connection when there is something to do.
    pub(super) fn start(options: SqliteConnectOptions, kind: Kind) -> Checkpointer {
        let pending = Arc::new(AtomicU64::new(0));
        let (stop, stopped) = watch::channel(());
        let task = tokio::spawn(run(options, kind, Arc::clone(&pending), stopped));
        Checkpointer { pending, stop, task }
    }

    /// Notes that about so much was committed.
    pub(super) fn written(&self, bytes: usize) {
        self.pending.fetch_add(PAGES_OF_A_COMMIT.saturating_add(bytes as u64), Ordering::Relaxed);
    }

    /// Stops the task after the checkpoint that it is in.
    pub(super) async fn stop(self) {
        drop(self.stop);
        if let Err(e) = self.task.await {
            tracing::error!(panicked = e.is_panic(), "checkpoint task ended badly");
        }
    }
}

async fn run(options: SqliteConnectOptions, kind: Kind, pending: Arc<AtomicU64>, mut stopped: watch::Receiver<()>) {
    let mut connection = None;
    let mut ticks = 0;
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            () = tokio::time::sleep(TICK) => ticks += 1,
        }
        let bytes = pending.load(Ordering::Relaxed);
        if bytes == 0 || (bytes < DUE_BYTES && ticks < DUE_TICKS) {
            continue;
        }
        pending.fetch_sub(bytes, Ordering::Relaxed);
        ticks = 0;
        match checkpoint(&options, connection.take()).await {
            Ok(open) => connection = Some(open),
            Err(e) => {
                // Nothing is lost: the write-ahead log keeps what is not checkpointed, and the next round tries again.
                pending.fetch_add(bytes, Ordering::Relaxed);
                tracing::warn!(file = kind.name(), error = %crate::error::store_error("checkpoint", &e), "checkpoint failed");
            }
        }
    }
    if let Some(connection) = connection {
        connection.close().await.unwrap_or_default();
    }
}

/// Copies what readers allow, and empties the log if it has become long.
async fn checkpoint(
    options: &SqliteConnectOptions,
    connection: Option<SqliteConnection>,
) -> Result<SqliteConnection, sqlx::Error> {
    let mut connection = match connection {
        Some(connection) => connection,
        None => options.connect().await?,
    };
    let (_busy, pages, _copied): (i64, i64, i64) =
        sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(&mut connection).await?;
    if pages > LONG_LOG_PAGES {
        let _: (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection).await?;
    }
    Ok(connection)
}
