//! Committing a batch: append, the three outcomes of it, publication, answers; and the digest batches with their snapshots. An answer is
//! sent after commit and after nothing else.

use std::sync::atomic::Ordering;
use std::time::Duration;

use ledger::totals;
use record::Sequence;
use tokio::time::{Instant, sleep};

use crate::digest::{Due, snapshot_of};
use crate::draft::Draft;
use crate::error::{EngineError, StopReason};
use crate::flight::{Flight, Landing};
use crate::metrics::Came;
use crate::shared::Phase;
use crate::store::{AppendError, Batch, Head, Snapshot, Store, StoreError};
use crate::writer::Writer;

/// First pause before storage is asked again for an unknown outcome; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// Longest pause between two questions for an unknown outcome: callers are waiting.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What became of an append.
enum Outcome {
    Committed(Head),
    NotCommitted(EngineError),
}

impl<S: Store> Writer<S> {
    /// Sends a draft to the log, which must stand at `expected`. One without records has nothing to wait for: it is told at once.
    fn launch(&mut self, mut draft: Draft, expected: Head) {
        let Some(batch) = draft.batch(self.working.head(self.epoch)) else {
            draft.tell(&self.shared.metrics);
            return;
        };
        let expected = Head { epoch: self.epoch, ..expected };
        let (store, code) = (&self.shared.store, &self.shared.code);
        self.flight = Some(Flight::begin(store, code, expected, (draft, batch), &self.working));
    }

    /// Sends a draft off as soon as the batch before it is in the log. Where that one is not committed, neither is this one, which was
    /// decided on it.
    pub(crate) async fn send(&mut self, draft: Draft) -> Result<(), StopReason> {
        match self.arrival().await? {
            None => {
                let head = self.shared.committed()?.head.clone();
                self.launch(draft, head);
            }
            // The next one sets out before the readers hear of this one: storage need not wait for that.
            Some((flight, Outcome::Committed(head))) => {
                self.launch(draft, head.clone());
                self.publish(flight, head)?;
            }
            Some((flight, Outcome::NotCommitted(error))) => {
                self.undo(flight, &error)?;
                self.shared.metrics.commands(Came::Unavailable, draft.commands());
                draft.fail(&error);
            }
        }
        Ok(())
    }

    /// Waits for the batch that is on its way, if one is, and tells its callers. Ok(Err) where it is certainly not committed: the working
    /// state is restored and the callers may ask again, under the same request ids; retrying here would keep all others waiting for
    /// storage that fails.
    pub(crate) async fn land(&mut self) -> Result<Result<(), EngineError>, StopReason> {
        let arrived = self.arrival().await?;
        self.settle(arrived)
    }

    /// [`Writer::land`] once the landing is known.
    pub(crate) async fn landed(&mut self, landing: Landing) -> Result<Result<(), EngineError>, StopReason> {
        let arrived = self.judged(landing).await?;
        self.settle(arrived)
    }

    fn settle(&mut self, arrived: Option<(Flight, Outcome)>) -> Result<Result<(), EngineError>, StopReason> {
        match arrived {
            None => Ok(Ok(())),
            Some((flight, Outcome::Committed(head))) => self.publish(flight, head).map(Ok),
            Some((flight, Outcome::NotCommitted(error))) => self.undo(flight, &error).map(|()| Err(error)),
        }
    }

    async fn arrival(&mut self) -> Result<Option<(Flight, Outcome)>, StopReason> {
        match self.flight.as_mut() {
            None => Ok(None),
            Some(flight) => {
                let landing = flight.landing().await;
                self.judged(landing).await
            }
        }
    }

    /// What became of the batch that was on its way.
    async fn judged(&mut self, landing: Landing) -> Result<Option<(Flight, Outcome)>, StopReason> {
        let Some(flight) = self.flight.take() else { return Ok(None) };
        let outcome = match landing.map_err(|_| StopReason::Panicked("writer"))? {
            Ok(()) => Outcome::Committed(flight.batch.after.clone()),
            Err(AppendError::NotCommitted(error)) => Outcome::NotCommitted(not_committed(error)),
            Err(AppendError::Fenced(epoch)) => return Err(StopReason::Fenced { epoch }),
            Err(AppendError::HeadMoved { found, .. }) => return Err(moved(flight.expected.sequence, found)),
            Err(AppendError::Unknown(error)) => {
                tracing::warn!(book = self.shared.code, %error, "the outcome of a commit is unknown; the batch is parked");
                self.shared.parked.store(true, Ordering::Relaxed);
                let outcome = self.resolve(&flight.expected, &flight.batch).await;
                self.shared.parked.store(false, Ordering::Relaxed);
                outcome?
            }
        };
        self.shared.metrics.batch(flight.draft.records().len(), flight.begun.elapsed());
        Ok(Some((flight, outcome)))
    }

    /// Makes a committed batch visible, then answers.
    fn publish(&mut self, mut flight: Flight, head: Head) -> Result<(), StopReason> {
        let last = head.sequence;
        let reached = self.shared.views.borrow().reached;
        self.shared.publish(|committed| committed.publish(&flight, head, reached))?;
        // A projector too far behind for this reads the log instead.
        self.followers.offer(flight.draft.followed(last));
        self.shared.head.send_replace(last);
        self.shared.metrics.backlog(last.saturating_sub(reached));
        flight.draft.tell(&self.shared.metrics);
        Ok(())
    }

    /// Goes back to where the log stands without this batch.
    fn undo(&mut self, flight: Flight, error: &EngineError) -> Result<(), StopReason> {
        tracing::warn!(book = self.shared.code, %error, "a batch was not committed");
        self.restore()?;
        self.shared.metrics.commands(Came::Unavailable, flight.draft.commands());
        flight.draft.fail(error);
        Ok(())
    }

    /// Finds out what became of a batch: raising the epoch waits behind the old transaction and fences it; the head read after it
    /// decides. Meanwhile nothing is decided and nobody is answered.
    async fn resolve(&mut self, before: &Head, batch: &Batch) -> Result<Outcome, StopReason> {
        let mut pause = FIRST_PAUSE;
        let mut raised = 0;
        let mut until = None;
        loop {
            raised += 1;
            match self.shared.store.fence(&self.shared.code).await {
                // Each attempt of ours, also one whose answer was lost, raises the epoch by one; what is above was another's.
                Ok(found) if found.epoch > before.epoch.saturating_add(raised) => {
                    return Err(StopReason::Fenced { epoch: found.epoch });
                }
                Ok(found) => {
                    self.epoch = found.epoch;
                    return judge(before, &batch.after, found);
                }
                Err(StoreError::Unavailable(_) | StoreError::Locked) => {}
                Err(error) => return Err(StopReason::Corrupt(error.to_string())),
            }
            self.shared.running()?;
            if *self.shared.phase.borrow() >= Phase::Closing {
                let until = *until.get_or_insert_with(|| Instant::now() + self.shared.options.shutdown_wait);
                if Instant::now() >= until {
                    return Err(StopReason::OutcomeUnknown);
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Appends what is due of StateDigest and Totals, as a batch of their own, so that they commit what is committed; then saves the
    /// snapshot that a digest confirms, beside the writer.
    pub(crate) async fn commit_due_digest(&mut self) -> Result<Result<(), EngineError>, StopReason> {
        let Some(due) = self.digest_due() else { return Ok(Ok(())) };
        if let Err(error) = self.land().await? {
            return Ok(Err(error));
        }
        let (events, snapshot) = {
            let committed = self.shared.committed()?;
            let state = &committed.position.state;
            match due {
                Due::Totals => (vec![totals::totals(state)], None),
                Due::Digest => {
                    let events = vec![totals::state_digest(state, &committed.filter), totals::totals(state)];
                    (events, Some(snapshot_of(&committed)))
                }
            }
        };
        let mut draft = Draft::default();
        self.record_events(&mut draft, events)?;
        self.send(draft).await?;
        if let Err(error) = self.land().await? {
            return Ok(Err(error));
        }
        if let Some(snapshot) = snapshot {
            self.save(snapshot).await;
        }
        Ok(Ok(()))
    }

    /// Saves a snapshot by a task of its own, after the one before.
    async fn save(&mut self, snapshot: Snapshot) {
        if let Some(saving) = self.saving.take() {
            drop(saving.await);
        }
        let shared = std::sync::Arc::clone(&self.shared);
        self.saving = Some(tokio::spawn(async move {
            let at = snapshot.at;
            if let Err(error) = shared.store.save_snapshot(&shared.code, &snapshot).await {
                tracing::warn!(book = shared.code, at, %error, "a snapshot was not saved; the next start replays more");
            }
        }));
    }
}

/// A batch that was certainly not committed may be asked again, also where the store's own error would say otherwise.
fn not_committed(error: StoreError) -> EngineError {
    EngineError::Store(std::sync::Arc::new(error))
}

/// A head at another place than this writer, which owns the epoch, left it.
fn moved(acknowledged: Sequence, found: Sequence) -> StopReason {
    if found > acknowledged {
        StopReason::HeadMoved { expected: acknowledged, found }
    } else {
        StopReason::RolledBack { acknowledged, found }
    }
}

/// What the head found after an unknown outcome says of the batch between `before` and `after`.
fn judge(before: &Head, after: &Head, found: Head) -> Result<Outcome, StopReason> {
    let is_at = |head: &Head| (found.sequence, found.root) == (head.sequence, head.root);
    if is_at(after) {
        Ok(Outcome::Committed(found))
    } else if is_at(before) {
        Ok(Outcome::NotCommitted(not_committed(StoreError::Unavailable("the commit did not happen".into()))))
    } else {
        Err(moved(before.sequence, found.sequence))
    }
}
