//! The one writer of a book: takes everything that waits, round by round, and keeps digests, backlog and going down in their places. It
//! owns the working state; nothing else changes it. A round stands in `round`, the commit of its batch in `commit`.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::error::{EngineError, StopReason};
use crate::metrics::Came;
use crate::position::Position;
use crate::projector::Followed;
use crate::queue::{Exit, Queued};
use crate::shared::{Phase, Shared};
use crate::store::Store;

/// The writer of a book.
pub(crate) struct Writer<S> {
    pub(crate) shared: Arc<Shared<S>>,
    queue: Exit,
    /// Taken from the queue and not decided, in order.
    pub(crate) waiting: VecDeque<Queued>,
    pub(crate) working: Position,
    /// Epoch that this writer writes under.
    pub(crate) epoch: u64,
    pub(crate) followers: mpsc::Sender<Followed>,
    pub(crate) saving: Option<JoinHandle<()>>,
}

impl<S: Store> Writer<S> {
    pub fn new(
        shared: Arc<Shared<S>>,
        queue: Exit,
        working: Position,
        epoch: u64,
        followers: mpsc::Sender<Followed>,
    ) -> Writer<S> {
        Writer { shared, queue, waiting: VecDeque::new(), working, epoch, followers, saving: None }
    }

    /// Writes until the queue is closed and finished, or the book stops.
    pub async fn run(mut self) -> StopReason {
        let reason = match self.write().await {
            Ok(()) => StopReason::ShutDown,
            Err(reason) => reason,
        };
        if let Some(saving) = self.saving.take() {
            // It tells its own failure; a snapshot is only a shortcut.
            drop(saving.await);
        }
        reason
    }

    async fn write(&mut self) -> Result<(), StopReason> {
        loop {
            // A digest stands right after the command that made it due, also across a crash between the two.
            let digest = self.commit_due_digest().await?;
            if !self.collect().await? {
                return Ok(());
            }
            if digest.is_err()
                && let Err(error) = self.commit_due_digest().await?
            {
                self.refuse_waiting(&error);
            } else if self.has_backlog_room().await? {
                self.round().await?;
            } else {
                self.refuse_waiting(&EngineError::Overloaded { retry_after: self.shared.options.retry_after });
            }
        }
    }

    /// Takes everything that waits, up to a batch; false when the queue is closed and empty.
    async fn collect(&mut self) -> Result<bool, StopReason> {
        let shared = Arc::clone(&self.shared);
        let mut open = !self.queue.is_closed();
        loop {
            while self.waiting.len() < shared.options.batch_commands
                && let Some(commands) = self.queue.try_recv()
            {
                self.waiting.extend(commands);
            }
            self.drop_abandoned();
            shared.metrics.queue(self.queue.waiting() + self.waiting.len());
            if !self.waiting.is_empty() {
                return shared.running().map(|()| true);
            }
            tokio::select! {
                biased;
                reason = shared.until_stopped() => return Err(reason),
                () = shared.until_phase(Phase::Closing), if open => {
                    self.queue.close();
                    open = false;
                }
                next = self.queue.recv() => match next {
                    Some(commands) => self.waiting.extend(commands),
                    None => return Ok(false),
                },
            }
        }
    }

    /// Drops commands whose caller is gone or late: from here on every other one is finished, whatever its caller does.
    fn drop_abandoned(&mut self) {
        let now = Instant::now();
        let late = |queued: &Queued| queued.deadline.is_some_and(|deadline| deadline <= now);
        if !self.waiting.iter().any(|queued| late(queued) || queued.reply.is_closed()) {
            return;
        }
        let before = self.waiting.len();
        for queued in std::mem::take(&mut self.waiting) {
            if late(&queued) {
                queued.reply.send(Err(EngineError::Late));
            } else if !queued.reply.is_closed() {
                self.waiting.push_back(queued);
            }
        }
        self.shared.metrics.commands(Came::Dropped, before - self.waiting.len());
    }

    /// Waits for the views where they are too far behind; false if they stay so.
    async fn has_backlog_room(&self) -> Result<bool, StopReason> {
        let limit = self.shared.options.backlog_records;
        let head = self.working.tree.size();
        let mut views = self.shared.views.subscribe();
        let room = views.wait_for(|views| head.saturating_sub(views.reached) < limit);
        let room = tokio::time::timeout(self.shared.options.room_wait, room).await.is_ok();
        self.shared.running().map(|()| room)
    }

    pub(crate) fn refuse_waiting(&mut self, error: &EngineError) {
        self.shared.metrics.commands(Came::Unavailable, self.waiting.len());
        for queued in self.waiting.drain(..) {
            queued.reply.send(Err(error.clone()));
        }
    }

    /// Goes back to the committed position.
    pub(crate) fn restore(&mut self) -> Result<(), StopReason> {
        self.working = self.shared.committed()?.position.clone();
        Ok(())
    }

    pub(crate) fn is_digest_due(&self) -> bool {
        let sequence = self.working.tree.size();
        self.working.digests.is_due(sequence, self.shared.options.records_per_digest)
    }
}
