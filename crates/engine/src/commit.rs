//! Committing a batch: append, the three outcomes of it, publication, answers; and the digest batches with their snapshots. An answer is
//! sent after commit and after nothing else.

use std::sync::atomic::Ordering;
use std::time::Duration;

use record::Sequence;
use tokio::time::{Instant, sleep};

use crate::digest::snapshot_of;
use crate::draft::Draft;
use crate::error::{EngineError, StopReason};
use crate::metrics::Came;
use crate::shared::Phase;
use crate::store::{AppendError, Batch, Head, Store, StoreError};
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
    /// Appends the batch and tells every caller. Ok(Err) where it is certainly not committed: the working state is restored and the
    /// callers may ask again, under the same request ids; retrying here would keep all others waiting for storage that fails.
    pub(crate) async fn commit(&mut self, mut draft: Draft) -> Result<Result<(), EngineError>, StopReason> {
        let Some(batch) = draft.batch(self.working.head(self.epoch)) else {
            draft.tell(&self.shared.metrics);
            return Ok(Ok(()));
        };
        let started = Instant::now();
        let outcome = self.append(&batch).await?;
        self.shared.metrics.batch(batch.bodies.len(), started.elapsed());
        match outcome {
            Outcome::Committed(head) => {
                self.publish(draft, head)?;
                Ok(Ok(()))
            }
            Outcome::NotCommitted(error) => {
                tracing::warn!(book = self.shared.code, %error, "a batch was not committed");
                self.restore()?;
                self.shared.metrics.commands(Came::Unavailable, draft.commands());
                draft.fail(&error);
                Ok(Err(error))
            }
        }
    }

    /// Makes a committed batch visible, then answers.
    fn publish(&mut self, mut draft: Draft, head: Head) -> Result<(), StopReason> {
        let last = head.sequence;
        let reached = self.shared.views.borrow().reached;
        self.shared.publish(|committed| committed.publish(&draft, &self.working, head, reached))?;
        // A projector too far behind for this reads the log instead.
        drop(self.followers.try_send(draft.followed(last)));
        self.shared.head.send_replace(last);
        self.shared.metrics.backlog(last.saturating_sub(reached));
        draft.tell(&self.shared.metrics);
        Ok(())
    }

    #[tracing::instrument(level = "debug", skip_all, fields(book = self.shared.code, records = batch.bodies.len()))]
    async fn append(&mut self, batch: &Batch) -> Result<Outcome, StopReason> {
        let expected = Head { epoch: self.epoch, ..self.shared.committed()?.head.clone() };
        let (store, code) = (&self.shared.store, &self.shared.code);
        match store.append(code, &expected, batch).await {
            Ok(()) => Ok(Outcome::Committed(batch.after.clone())),
            Err(AppendError::NotCommitted(error)) => Ok(Outcome::NotCommitted(not_committed(error))),
            Err(AppendError::Fenced(epoch)) => Err(StopReason::Fenced { epoch }),
            Err(AppendError::HeadMoved { found, .. }) => Err(moved(expected.sequence, found)),
            Err(AppendError::Unknown(error)) => {
                tracing::warn!(book = code, %error, "the outcome of a commit is unknown; the batch is parked");
                self.shared.parked.store(true, Ordering::Relaxed);
                let outcome = self.resolve(&expected, batch).await;
                self.shared.parked.store(false, Ordering::Relaxed);
                outcome
            }
        }
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

    /// Appends StateDigest and Totals, if they are due, as a batch of their own, so that they commit what is committed; then saves
    /// the snapshot that they confirm, beside the writer.
    pub(crate) async fn commit_due_digest(&mut self) -> Result<Result<(), EngineError>, StopReason> {
        if !self.is_digest_due() {
            return Ok(Ok(()));
        }
        let (events, snapshot) = {
            let committed = self.shared.committed()?;
            (ledger::totals::commitments(&committed.position.state, &committed.filter), snapshot_of(&committed))
        };
        let mut draft = Draft::default();
        self.record_events(&mut draft, events)?;
        if let Err(error) = self.commit(draft).await? {
            return Ok(Err(error));
        }
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
        Ok(Ok(()))
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
