//! What the tasks and the handle of one book share: the read model and the signals between them.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use record::Sequence;
use tokio::sync::{Semaphore, watch};

use crate::committed::Committed;
use crate::engine::Fatal;
use crate::error::StopReason;
use crate::guard::Suspicion;
use crate::kept::KeptCheckpoint;
use crate::metrics::Metrics;
use crate::nodes::Nodes;
use crate::options::Options;
use crate::past::Pasts;

/// How far a book has come in going down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// It takes commands.
    Open,
    /// It takes no more; what waits is finished.
    Closing,
    /// The writer is done; the views follow what is left.
    Draining,
}

/// Where the views are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Views {
    /// They hold all records up to this one.
    pub reached: Sequence,
    /// The last attempt to move them failed.
    pub failing: bool,
    /// How long the writer rests before each batch, so that they come to follow: none unless they are far behind and have given way to
    /// posting long enough.
    pub rest: Duration,
}

/// Shared by the tasks and the handle of one book.
pub(crate) struct Shared<S> {
    pub code: String,
    pub store: Arc<S>,
    pub options: Options,
    committed: RwLock<Committed>,
    /// Sequence of the committed head.
    pub head: watch::Sender<Sequence>,
    pub views: watch::Sender<Views>,
    /// The highest sequence that a read has waited for.
    pub wanted: watch::Sender<Sequence>,
    pub phase: watch::Sender<Phase>,
    stop: watch::Sender<Option<StopReason>>,
    /// Whether the outcome of a commit is unknown just now.
    pub parked: AtomicBool,
    /// Held while the log is judged again under other rules: each such judging holds two states in memory.
    pub rejudging: Semaphore,
    /// Earlier states at hand.
    pub pasts: Pasts,
    /// Inner nodes for proofs.
    pub nodes: tokio::sync::RwLock<Nodes>,
    /// The newest cosigned checkpoint, as it was found last.
    pub cosigned: KeptCheckpoint,
    /// Held while a checkpoint is signed, one at a time; the size that was remembered outside.
    pub signing: tokio::sync::Mutex<Sequence>,
    /// Why the book takes no writes although it runs.
    suspicion: RwLock<Option<Suspicion>>,
    pub metrics: Metrics,
    fatal: watch::Sender<Option<Fatal>>,
}

impl<S> Shared<S> {
    pub fn new(
        code: &str,
        store: Arc<S>,
        options: Options,
        committed: Committed,
        reached: Sequence,
        (nodes, suspicion): (Nodes, Option<Suspicion>),
        fatal: watch::Sender<Option<Fatal>>,
    ) -> Shared<S> {
        Shared {
            code: code.to_owned(),
            store,
            options,
            head: watch::Sender::new(committed.head.sequence),
            committed: RwLock::new(committed),
            views: watch::Sender::new(Views { reached, ..Views::default() }),
            wanted: watch::Sender::new(0),
            phase: watch::Sender::new(Phase::Open),
            stop: watch::Sender::new(None),
            parked: AtomicBool::new(false),
            rejudging: Semaphore::new(1),
            pasts: Pasts::new(),
            nodes: tokio::sync::RwLock::new(nodes),
            cosigned: KeptCheckpoint::default(),
            signing: tokio::sync::Mutex::new(0),
            suspicion: RwLock::new(suspicion),
            metrics: Metrics::of(code),
            fatal,
        }
    }

    /// The committed read model, for reading. A lock poisoned by a panic in publishing guards a state of which nobody knows what it holds.
    pub fn committed(&self) -> Result<RwLockReadGuard<'_, Committed>, StopReason> {
        self.committed.read().map_err(|_| StopReason::Panicked("writer"))
    }

    /// Changes the committed read model.
    pub fn publish(&self, change: impl FnOnce(&mut Committed)) -> Result<(), StopReason> {
        let mut committed = self.committed.write().map_err(|_| StopReason::Panicked("writer"))?;
        change(&mut committed);
        Ok(())
    }

    /// Why the book takes no writes although it runs.
    pub fn suspicion(&self) -> Option<Suspicion> {
        self.suspicion.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The parties have put it on record: the book goes on.
    pub fn settle(&self) {
        let settled = self.suspicion.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(suspicion) = settled {
            tracing::warn!(book = self.code, %suspicion, "a recovery is on record; the book takes writes again");
        }
    }

    /// Asks the projector to bring the views there without waiting for more.
    pub fn want(&self, sequence: Sequence) {
        self.wanted.send_if_modified(|wanted| {
            let more = sequence > *wanted;
            *wanted = sequence.max(*wanted);
            more
        });
    }

    /// Why the book stopped, if it did.
    pub fn stopped(&self) -> Option<StopReason> {
        self.stop.borrow().clone()
    }

    /// Errs once the book has stopped.
    pub fn running(&self) -> Result<(), StopReason> {
        self.stopped().map_or(Ok(()), Err)
    }

    /// Errs where the book can no longer vouch for what it knows: it stopped for another reason than going down.
    pub fn readable(&self) -> Result<(), StopReason> {
        self.running().or_else(|reason| if reason == StopReason::ShutDown { Ok(()) } else { Err(reason) })
    }

    /// Follows the stopping of the book.
    pub fn watch_stop(&self) -> watch::Receiver<Option<StopReason>> {
        self.stop.subscribe()
    }

    /// Waits until the book stops.
    pub async fn until_stopped(&self) -> StopReason {
        let mut stop = self.stop.subscribe();
        // The sender lives in self, so that waiting cannot fail.
        let found = stop.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
        found.unwrap_or(StopReason::ShutDown)
    }

    /// Waits until the book is in this phase of going down, or a later one.
    pub async fn until_phase(&self, phase: Phase) {
        drop(self.phase.subscribe().wait_for(|now| *now >= phase).await);
    }

    /// Stops the book. The first reason stays; any but a shutdown is fatal for the process.
    pub fn stop(&self, reason: StopReason) {
        let first = self.stop.send_if_modified(|stop| {
            let first = stop.is_none();
            if first {
                *stop = Some(reason.clone());
            }
            first
        });
        if first && reason != StopReason::ShutDown {
            tracing::error!(book = self.code, %reason, "the book has stopped");
            self.fatal.send_replace(Some(Fatal { book: self.code.clone(), reason }));
        }
    }
}
