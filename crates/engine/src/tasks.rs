//! The tasks of one book: starting them, noticing their end, taking them down in order. What they do stands in `writer` and `projector`.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};

use crate::book::Book;
use crate::engine::Fatal;
use crate::error::{EngineError, StopReason};
use crate::guard;
use crate::options::Options;
use crate::projector::{Projector, following};
use crate::proofs;
use crate::queue::queue;
use crate::recheck;
use crate::replay;
use crate::shared::{Phase, Shared};
use crate::store::{Store, StoreError};
use crate::writer::Writer;

/// Opens a book from its log and starts its tasks; gives its handle and the task that ends when they have ended.
pub(crate) async fn start<S: Store>(
    store: Arc<S>,
    code: &str,
    options: Options,
    fatal: watch::Sender<Option<Fatal>>,
) -> Result<(Book<S>, JoinHandle<()>), EngineError> {
    let committed = replay::open(&*store, code).await?;
    let reached = store.reached(code).await?;
    let head = committed.head.clone();
    if reached > head.sequence {
        let reason =
            format!("the views hold record {reached}, the log ends at {}: the log was rolled back", head.sequence);
        return Err(StoreError::Corrupt(reason).into());
    }
    let watched = guard::look(&*store, code, &options, &committed).await?;
    let working = committed.position.clone();
    let shared = Arc::new(Shared::new(code, store, options, committed, reached, watched, fatal));

    let (followers, batches) = following();
    let mut projector = Projector::new(Arc::clone(&shared), batches);
    let reached = projector.catch_up(shared.options.backlog_records).await?;
    let tail = replay::tail_after(&shared, reached).await?;
    shared.publish(|committed| committed.tail = tail)?;

    let (queue, commands) = queue(shared.options.queue_commands);
    let writer = Writer::new(Arc::clone(&shared), commands, working, head.epoch, followers);
    recheck::start(&shared);
    if shared.options.log_keys.has(code) {
        // It ends by itself when the book does.
        drop(tokio::spawn(proofs::sign_now_and_then(Arc::clone(&shared))));
    }
    let writer = tokio::spawn(writer.run());
    let projector = tokio::spawn(projector.run());
    let ended = tokio::spawn(supervise(Arc::clone(&shared), writer, projector));
    Ok((Book::new(shared, queue), ended))
}

/// Waits for the end of a book's tasks. A panic in either stops the book, so that nobody overlooks it.
async fn supervise<S>(shared: Arc<Shared<S>>, mut writer: JoinHandle<StopReason>, mut projector: JoinHandle<()>) {
    tokio::select! {
        ended = &mut writer => {
            let reason = ended.unwrap_or_else(|error| panicked(&error, "writer"));
            if reason != StopReason::ShutDown {
                shared.stop(reason);
            }
            shared.phase.send_replace(Phase::Draining);
            if let Err(error) = projector.await {
                shared.stop(panicked(&error, "projector"));
            }
        }
        ended = &mut projector => {
            // Before the writer's end the projector ends only by a panic.
            let reason = ended.err().map_or(StopReason::Panicked("projector"), |error| panicked(&error, "projector"));
            shared.stop(reason);
            if let Err(error) = writer.await {
                shared.stop(panicked(&error, "writer"));
            }
        }
    }
    shared.stop(StopReason::ShutDown);
}

/// A task that did not end by itself: it panicked, or the runtime went down under it.
fn panicked(error: &JoinError, task: &'static str) -> StopReason {
    if error.is_panic() { StopReason::Panicked(task) } else { StopReason::ShutDown }
}
