//! The one writer of a book: takes everything that waits, round by round, and keeps digests, backlog and going down in their places. It
//! owns the working state; nothing else changes it. A round stands in `round`, the commit of its batch in `commit`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::digest::Due;
use crate::draft::Draft;
use crate::error::{EngineError, StopReason};
use crate::flight::{Flight, Landing};
use crate::metrics::Came;
use crate::position::Position;
use crate::projector::Following;
use crate::queue::{Entry, Exit, Queued, Room};
use crate::shared::{Phase, Shared};
use crate::store::Store;

/// Commands of a batch after which as many are expected again: whoever was answered asks again. A lone poster, and streams, whose
/// messages are batches already, are never waited for.
const COMPANY: std::ops::Range<usize> = 8..256;
/// How long they are waited for at most, the writer giving its turn to the requests that are being read meanwhile: a commit of a few
/// costs storage and processors as much as one of many.
const COMPANY_WAIT: Duration = Duration::from_micros(500);

/// The writer of a book.
pub(crate) struct Writer<S> {
    pub(crate) shared: Arc<Shared<S>>,
    queue: Exit,
    /// Taken from the queue and not decided, in order.
    pub(crate) waiting: VecDeque<Queued>,
    /// The room that they take in the queue, until a batch is made of them.
    rooms: Vec<Room>,
    pub(crate) working: Position,
    /// Commands of the batch formed last.
    last: usize,
    /// The batch on its way to the log, if one is.
    pub(crate) flight: Option<Flight>,
    /// Epoch that this writer writes under.
    pub(crate) epoch: u64,
    pub(crate) followers: Following,
    pub(crate) saving: Option<JoinHandle<()>>,
}

impl<S: Store> Writer<S> {
    pub fn new(shared: Arc<Shared<S>>, queue: Exit, working: Position, epoch: u64, followers: Following) -> Writer<S> {
        Writer {
            shared,
            queue,
            waiting: VecDeque::new(),
            rooms: Vec::new(),
            working,
            last: 0,
            flight: None,
            epoch,
            followers,
            saving: None,
        }
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

    /// Takes everything that waits, up to a batch; false when the queue is closed and empty, and nothing is on its way any more. While a
    /// batch is, a few commands wait for it and go together then: a small batch costs storage as much as a large one.
    async fn collect(&mut self) -> Result<bool, StopReason> {
        let shared = Arc::clone(&self.shared);
        let mut open = !self.queue.is_closed();
        loop {
            self.take_all().await;
            self.drop_abandoned();
            shared.metrics.queue(self.queue.waiting().max(self.waiting.len()));
            let ahead = self.flight.is_none() || self.waiting.len() >= shared.options.ahead_commands;
            if !self.waiting.is_empty() && ahead {
                return shared.running().map(|()| true);
            }
            tokio::select! {
                biased;
                reason = shared.until_stopped() => return Err(reason),
                () = shared.until_phase(Phase::Closing), if open => {
                    self.queue.close();
                    open = false;
                }
                landing = landing(&mut self.flight), if self.flight.is_some() => drop(self.landed(landing).await?),
                next = self.queue.recv() => match next {
                    Some(entry) => self.take_in(entry),
                    None => {
                        // Its failure is its callers' to hear.
                        drop(self.land().await?);
                        if self.waiting.is_empty() {
                            return Ok(false);
                        }
                    }
                },
            }
        }
    }

    /// Takes what is in the queue; where posters come in company, and storage is free for them, all of the company if it comes soon.
    async fn take_all(&mut self) {
        let expected = if COMPANY.contains(&self.last) { self.last } else { 0 };
        let begun = Instant::now();
        loop {
            while self.waiting.len() < self.shared.options.batch_commands
                && let Some(entry) = self.queue.try_recv()
            {
                self.take_in(entry);
            }
            let complete = self.waiting.is_empty() || self.waiting.len() >= expected || self.flight.is_some();
            if complete || begun.elapsed() >= COMPANY_WAIT {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    fn take_in(&mut self, entry: Entry) {
        self.waiting.extend(entry.commands);
        self.rooms.push(entry.room);
    }

    /// Commands for a batch. What waits takes no more room in the queue from here on.
    pub(crate) fn take_out(&mut self) -> impl Iterator<Item = Queued> + '_ {
        self.rooms.clear();
        let limit = self.shared.options.batch_commands.min(self.waiting.len());
        self.last = limit;
        self.waiting.drain(..limit)
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
        if self.waiting.is_empty() {
            self.rooms.clear();
        }
    }

    /// Waits for the views where they are too far behind; false if they stay so. Nobody whose batch is on its way waits along.
    async fn has_backlog_room(&mut self) -> Result<bool, StopReason> {
        let limit = self.shared.options.backlog_records;
        let head = self.working.tree.size();
        let mut views = self.shared.views.subscribe();
        let now = *views.borrow();
        let full = head.saturating_sub(now.reached) >= limit;
        if full || !now.rest.is_zero() {
            // Its failure is its callers' to hear.
            drop(self.land().await?);
        }
        if full {
            self.shared.want(*self.shared.head.borrow());
        }
        if !now.rest.is_zero() {
            // The time goes to the views; what waits meanwhile makes the next batch larger.
            tokio::time::sleep(now.rest).await;
        }
        let room = views.wait_for(|views| head.saturating_sub(views.reached) < limit);
        let room = tokio::time::timeout(self.shared.options.room_wait, room).await.is_ok();
        self.shared.running().map(|()| room)
    }

    pub(crate) fn refuse_waiting(&mut self, error: &EngineError) {
        self.shared.metrics.commands(Came::Unavailable, self.waiting.len());
        self.rooms.clear();
        for queued in self.waiting.drain(..) {
            queued.reply.send(Err(error.clone()));
        }
    }

    /// What was decided and is on its way.
    pub(crate) fn flying(&self) -> Option<&Draft> {
        self.flight.as_ref().map(|flight| &flight.draft)
    }

    /// Goes back to the committed position.
    pub(crate) fn restore(&mut self) -> Result<(), StopReason> {
        self.working = self.shared.committed()?.position.clone();
        Ok(())
    }

    pub(crate) fn digest_due(&self) -> Option<Due> {
        let sequence = self.working.tree.size();
        let due = self.working.digests.due(sequence, self.shared.options.records_per_totals);
        // A log under suspicion gets no record of the ledger's own either.
        due.filter(|_| self.shared.suspicion().is_none())
    }
}

/// Waits for the end of a flight; for ever where there is none.
async fn landing(flight: &mut Option<Flight>) -> Landing {
    match flight {
        Some(flight) => flight.landing().await,
        None => std::future::pending().await,
    }
}
