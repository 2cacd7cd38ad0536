//! One round of the writer: facts of everything that waits in one query, then deciding it one by one, later ones seeing earlier ones,
//! into a draft. What the rules say is `ledger`'s; how the draft is committed stands in `commit`.

use std::collections::VecDeque;
use std::time::Duration;

use ledger::rows::FactHash;
use ledger::{Ask, Decision, Facts, Receipt, decide, facts, project_facts, project_facts_of};
use record::{Command, Event};

use crate::book::Answer;
use crate::draft::{Draft, Verdict};
use crate::error::{EngineError, StopReason};
use crate::facts::{Gathered, Missing, Sight};
use crate::position::Sealed;
use crate::queue::Queued;
use crate::store::{Store, StoreError};
use crate::writer::Writer;

/// Decisions after which the writer lets other tasks of its thread run.
const DECISIONS_PER_TURN: usize = 128;

/// Rounds of reading facts for one command: keys and vouchers, then originals, each once more where the tail moved on or a review of
/// something just submitted named more; a roster asks twice more for each time that its persons were enrolled and sent back. Beyond it the
/// views fall back behind the tail again and again.
pub(crate) const FACT_ROUNDS: usize = 20;

/// Microseconds in a minute, over which refusals are counted.
const MINUTE: i64 = 60_000_000;

/// A command of the batch being formed, with the names of the facts that what it reviews needs.
struct Waiting {
    queued: Queued,
    reviewed: Vec<FactHash>,
    /// Its facts as gathered for the whole batch. Only what the batch itself makes can be missing from them.
    gathered: Option<Facts>,
}

impl Waiting {
    fn keys(&self) -> impl Iterator<Item = &FactHash> {
        self.queued.ask.keys().iter().chain(&self.reviewed)
    }
}

impl<S: Store> Writer<S> {
    /// Decides what waits as one batch and sends it to the log. What does not fit stays waiting.
    #[tracing::instrument(level = "debug", skip_all, fields(book = self.shared.code, waiting = self.waiting.len()))]
    pub(crate) async fn round(&mut self) -> Result<(), StopReason> {
        let now = (self.shared.options.clock)().max(self.working.state.time);
        let mut gathered = Gathered::default();
        let mut batch = self.name_facts();
        if let Err(error) = self.gather(&mut gathered, &mut batch).await? {
            batch.into_iter().for_each(|waiting| self.waiting.push_back(waiting.queued));
            self.refuse_waiting(&error);
            return Ok(());
        }
        let mut draft = Draft::for_commands(batch.len());
        while let Some(mut waiting) = batch.pop_front() {
            if let Command::ReviewCommand(_) = waiting.queued.ask.command {
                // It needs what its submission needs, which may stand in this very batch.
                waiting.reviewed = facts::reviewed_keys(&self.working.state, &waiting.queued.ask.command);
                waiting.gathered = None;
            }
            if facts::looks_for_persons(&waiting.queued.ask.command) {
                // Another roster of this very batch may have the same persons.
                waiting.gathered = None;
            }
            let decision = match self.facts(&mut gathered, &draft, &mut waiting).await? {
                Ok(mut facts) => {
                    if facts::cites_root(&waiting.queued.ask.command) {
                        facts.root = Some(self.working.tree.root());
                    }
                    decide(&self.working.state, &waiting.queued.ask, &facts, now)
                }
                Err(error) => {
                    draft.answer(waiting.queued.reply, Err(error));
                    continue;
                }
            };
            if let Some(left) = self.take(&mut draft, waiting, decision, now)? {
                batch.push_front(left);
                break;
            }
            if self.digest_due().is_some() {
                break;
            }
            if draft.commands().is_multiple_of(DECISIONS_PER_TURN) {
                tokio::task::yield_now().await;
            }
        }
        batch.into_iter().rev().for_each(|waiting| self.waiting.push_front(waiting.queued));
        self.send(draft).await
    }

    /// The commands of this batch with the names of the facts that they need.
    fn name_facts(&mut self) -> VecDeque<Waiting> {
        let taken: Vec<Queued> = self.take_out().collect();
        let state = &self.working.state;
        let waiting = |queued: Queued| {
            let reviewed = facts::reviewed_keys(state, &queued.ask.command);
            Waiting { queued, reviewed, gathered: None }
        };
        taken.into_iter().map(waiting).collect()
    }

    /// Reads the facts of the whole batch in one query, then the originals of its reversals in one.
    async fn gather(
        &self,
        gathered: &mut Gathered,
        batch: &mut VecDeque<Waiting>,
    ) -> Result<Result<(), EngineError>, StopReason> {
        for _ in 0..2 {
            let mut all = Missing::default();
            {
                let committed = self.shared.committed()?;
                let sight = Sight::new(&self.working.state, &committed, [self.flying(), None]);
                for waiting in batch.iter_mut().filter(|waiting| waiting.gathered.is_none()) {
                    match gathered.resolve(&sight, &waiting.queued.ask, waiting.keys()) {
                        Ok(facts) => waiting.gathered = Some(facts),
                        Err(missing) => all.merge(missing),
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
        waiting: &mut Waiting,
    ) -> Result<Result<Facts, EngineError>, StopReason> {
        if let Some(facts) = waiting.gathered.take()
            && !waiting.keys().any(|key| draft.fact(key).is_some())
            && facts.wanted_vouchers(&self.working.state, &waiting.queued.ask).is_empty()
        {
            return Ok(Ok(facts));
        }
        for _ in 0..FACT_ROUNDS {
            let missing = {
                let committed = self.shared.committed()?;
                let sight = Sight::new(&self.working.state, &committed, [self.flying(), Some(draft)]);
                match gathered.resolve(&sight, &waiting.queued.ask, waiting.keys()) {
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
                self.receive(draft, sealed, Some(&waiting.queued.ask))?
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
                    drop(self.receive(draft, sealed, None)?);
                }
                Err(EngineError::RefusalsSuppressed { retry_after: rest_of_minute(now) })
            }
        };
        draft.answer(waiting.queued.reply, verdict);
        Ok(None)
    }

    /// Folds a command's records into the working state and the batch, after checking that they can be projected and read back.
    fn receive(&mut self, draft: &mut Draft, sealed: Sealed, ask: Option<&Ask>) -> Result<Verdict, StopReason> {
        if !sealed.is_recordable() {
            return Ok(Err(EngineError::Unrecordable));
        }
        for (record, leaf) in sealed.records.iter().zip(&sealed.leaves) {
            self.working.fold(record, *leaf);
        }
        let receipt = sealed.leaves.last().and_then(|leaf| Receipt::of(&self.shared.code, &sealed.records, *leaf));
        let facts = match ask {
            Some(ask) => project_facts_of(ask, &sealed.records),
            None => project_facts(&sealed.records),
        };
        let facts = facts.ok();
        let (Some(receipt), Some(facts)) = (receipt, facts) else {
            // Nothing of it may stay: back to the committed position, and on to where the batch was.
            self.restore()?;
            let flying = self.flight.iter().flat_map(|flight| flight.draft.leaves());
            flying.chain(draft.leaves()).for_each(|(record, leaf)| self.working.fold(record, leaf));
            return Ok(Err(EngineError::Unrecordable));
        };
        draft.add(sealed, facts);
        Ok(Ok(Answer { receipt, replayed: false }))
    }

    /// Makes system records of events, as records of their own, and takes them into a batch.
    pub(crate) fn record_events(
        &mut self,
        draft: &mut Draft,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<(), StopReason> {
        let now = (self.shared.options.clock)();
        for event in events {
            let record = ledger::decide::system_record(&self.working.state, now, event);
            drop(self.receive(draft, Sealed::new(vec![record]), None)?);
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
