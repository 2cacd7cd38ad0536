//! The one writer of a book: takes everything that waits, decides it as one batch, hands the batch to `commit`. It owns the working
//! state; nothing else changes it. How a batch is committed stands in `commit`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use ledger::rows::FactHash;
use ledger::{Ask, Decision, Facts, Receipt, decide, facts, project};
use record::{Command, Event, Record};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::book::Answer;
use crate::draft::{Draft, Verdict};
use crate::error::{EngineError, StopReason};
use crate::facts::{Gathered, Missing, Sight};
use crate::metrics::Came;
use crate::position::{Position, Sealed};
use crate::projector::Followed;
use crate::shared::{Phase, Shared};
use crate::store::{Store, StoreError};

/// Decisions after which the writer lets other tasks of its thread run.
const DECISIONS_PER_TURN: usize = 128;

/// Rounds of reading facts for one command: keys, then originals, each once more where the tail moved on or a review of something just
/// submitted named more. Beyond it the views fall back behind the tail again and again.
pub(crate) const FACT_ROUNDS: usize = 6;

/// Microseconds in a minute, over which refusals are counted.
const MINUTE: i64 = 60_000_000;

/// A command that waits for the writer.
#[derive(Debug)]
pub(crate) struct Queued {
    pub ask: Ask,
    pub deadline: Option<Instant>,
    pub reply: oneshot::Sender<Verdict>,
}

/// A command of the batch being formed, with the names of the facts that it needs.
struct Waiting {
    queued: Queued,
    keys: Vec<FactHash>,
}

/// The writer of a book.
pub(crate) struct Writer<S> {
    pub(crate) shared: Arc<Shared<S>>,
    queue: mpsc::Receiver<Queued>,
    /// Taken from the queue and not decided, in order.
    waiting: VecDeque<Queued>,
    pub(crate) working: Position,
    /// Epoch that this writer writes under.
    pub(crate) epoch: u64,
    pub(crate) followers: mpsc::Sender<Followed>,
    pub(crate) saving: Option<JoinHandle<()>>,
}

impl<S: Store> Writer<S> {
    pub fn new(
        shared: Arc<Shared<S>>,
        queue: mpsc::Receiver<Queued>,
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
                && let Ok(queued) = self.queue.try_recv()
            {
                self.waiting.push_back(queued);
            }
            self.drop_abandoned();
            shared.metrics.queue(self.queue.len() + self.waiting.len());
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
                    Some(queued) => self.waiting.push_back(queued),
                    None => return Ok(false),
                },
            }
        }
    }

    /// Drops commands whose caller is gone or late: from here on every other one is finished, whatever its caller does.
    fn drop_abandoned(&mut self) {
        let now = Instant::now();
        let before = self.waiting.len();
        for queued in std::mem::take(&mut self.waiting) {
            if queued.deadline.is_some_and(|deadline| deadline <= now) {
                drop(queued.reply.send(Err(EngineError::Late)));
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

    fn refuse_waiting(&mut self, error: &EngineError) {
        self.shared.metrics.commands(Came::Unavailable, self.waiting.len());
        for queued in self.waiting.drain(..) {
            drop(queued.reply.send(Err(error.clone())));
        }
    }

    /// Decides what waits as one batch and commits it. What does not fit stays waiting.
    #[tracing::instrument(level = "debug", skip_all, fields(book = self.shared.code, waiting = self.waiting.len()))]
    async fn round(&mut self) -> Result<(), StopReason> {
        let now = (self.shared.options.clock)().max(self.working.state.time);
        let mut gathered = Gathered::default();
        let mut batch = self.name_facts();
        if let Err(error) = self.gather(&mut gathered, &batch).await? {
            batch.into_iter().for_each(|waiting| self.waiting.push_back(waiting.queued));
            self.refuse_waiting(&error);
            return Ok(());
        }
        let mut draft = Draft::default();
        while let Some(mut waiting) = batch.pop_front() {
            if let Command::ReviewCommand(_) = waiting.queued.ask.command {
                // It needs what its submission needs, which may stand in this very batch.
                waiting.keys = facts::needs(&self.working.state, &waiting.queued.ask);
            }
            let decision = match self.facts(&mut gathered, &draft, &waiting).await? {
                Ok(facts) => decide(&self.working.state, &waiting.queued.ask, &facts, now),
                Err(error) => {
                    draft.answer(waiting.queued.reply, Err(error));
                    continue;
                }
            };
            if let Some(left) = self.take(&mut draft, waiting, decision, now)? {
                batch.push_front(left);
                break;
            }
            if self.is_digest_due() {
                break;
            }
            if draft.commands() % DECISIONS_PER_TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
        batch.into_iter().rev().for_each(|waiting| self.waiting.push_front(waiting.queued));
        self.commit(draft).await.map(drop)
    }

    /// The commands of this batch with the names of the facts that they need.
    fn name_facts(&mut self) -> VecDeque<Waiting> {
        let state = &self.working.state;
        let limit = self.shared.options.batch_commands.min(self.waiting.len());
        self.waiting.drain(..limit).map(|queued| Waiting { keys: facts::needs(state, &queued.ask), queued }).collect()
    }

    /// Reads the facts of the whole batch in one query, then the originals of its reversals in one.
    async fn gather(
        &self,
        gathered: &mut Gathered,
        batch: &VecDeque<Waiting>,
    ) -> Result<Result<(), EngineError>, StopReason> {
        for _ in 0..2 {
            let mut all = Missing::default();
            {
                let committed = self.shared.committed()?;
                let sight = Sight { state: &self.working.state, committed: &committed, draft: None };
                for waiting in batch {
                    if let Err(missing) = gathered.resolve(&sight, &waiting.queued.ask, &waiting.keys) {
                        all.merge(missing);
                    }
                }
            }
            if all.is_empty() {
                break;
            }
            if let Err(error) = gathered.fetch(&*self.shared.store, &self.shared.code, all).await {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }

    /// The facts of one decision; nearly always gathered already.
    async fn facts(
        &self,
        gathered: &mut Gathered,
        draft: &Draft,
        waiting: &Waiting,
    ) -> Result<Result<Facts, EngineError>, StopReason> {
        for _ in 0..FACT_ROUNDS {
            let missing = {
                let committed = self.shared.committed()?;
                let sight = Sight { state: &self.working.state, committed: &committed, draft: Some(draft) };
                match gathered.resolve(&sight, &waiting.queued.ask, &waiting.keys) {
                    Ok(facts) => return Ok(Ok(facts)),
                    Err(missing) => missing,
                }
            };
            if let Err(error) = gathered.fetch(&*self.shared.store, &self.shared.code, missing).await {
                return Ok(Err(error));
            }
        }
        Ok(Err(views_lost()))
    }

    /// Takes a decision into the batch; gives the command back where its records do not fit any more.
    fn take(
        &mut self,
        draft: &mut Draft,
        waiting: Waiting,
        decision: Decision,
        now: i64,
    ) -> Result<Option<Waiting>, StopReason> {
        let verdict = match decision {
            Decision::Records(records) => {
                let sealed = Sealed::new(records);
                if !draft.has_room(sealed.bytes(), self.shared.options.batch_bytes) {
                    return Ok(Some(waiting));
                }
                self.receive(draft, sealed)?
            }
            Decision::Replay(receipt) => Ok(Answer { receipt: *receipt, replayed: true }),
            Decision::KeyReused => Err(EngineError::KeyReused),
            Decision::Malformed(faults) => Err(EngineError::Malformed(faults)),
            Decision::Denied => Err(EngineError::Denied),
            Decision::Suppressed(summary) => {
                if let Some(record) = summary {
                    let sealed = Sealed::new(vec![*record]);
                    if !draft.has_room(sealed.bytes(), self.shared.options.batch_bytes) {
                        return Ok(Some(waiting));
                    }
                    // The summary's own receipt is nobody's answer.
                    drop(self.receive(draft, sealed)?);
                }
                Err(EngineError::RefusalsSuppressed { retry_after: rest_of_minute(now) })
            }
        };
        draft.answer(waiting.queued.reply, verdict);
        Ok(None)
    }

    /// Folds a command's records into the working state and the batch, after checking that they can be projected and read back.
    fn receive(&mut self, draft: &mut Draft, sealed: Sealed) -> Result<Verdict, StopReason> {
        if !sealed.is_recordable() {
            return Ok(Err(EngineError::Unrecordable));
        }
        for (record, leaf) in sealed.records.iter().zip(&sealed.leaves) {
            self.working.fold(record, *leaf);
        }
        let receipt = sealed.leaves.last().and_then(|leaf| Receipt::of(&self.shared.code, &sealed.records, *leaf));
        let rows = project(&self.working.state, &sealed.records, &sealed.leaves).ok();
        let (Some(receipt), Some(rows)) = (receipt, rows) else {
            // Nothing of it may stay: back to the committed position, and on to where the batch was.
            self.restore()?;
            draft.leaves().for_each(|(record, leaf)| self.working.fold(record, leaf));
            return Ok(Err(EngineError::Unrecordable));
        };
        draft.add(sealed, rows);
        Ok(Ok(Answer { receipt, replayed: false }))
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

    /// Makes system records of events, as records of their own, and takes them into a batch.
    pub(crate) fn record_events(
        &mut self,
        draft: &mut Draft,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<(), StopReason> {
        let now = (self.shared.options.clock)();
        for event in events {
            let record: Record = ledger::decide::system_record(&self.working.state, now, event);
            drop(self.receive(draft, Sealed::new(vec![record]))?);
        }
        Ok(())
    }
}

/// The views fell behind what the tail still holds, as while they are being rebuilt: nothing can be decided on them.
pub(crate) fn views_lost() -> EngineError {
    StoreError::Unavailable("the views are behind what they held before".into()).into()
}

/// Time to the end of the minute of an instant.
pub(crate) fn rest_of_minute(now: i64) -> Duration {
    Duration::from_micros(u64::try_from(MINUTE - now.rem_euclid(MINUTE)).unwrap_or(0))
}
