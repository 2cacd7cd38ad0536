//! The handle of a book: submitting, validating, reading, waiting for the views, health. Deciding and writing are its tasks' work.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ledger::decide::{Decision, preview};
use ledger::{Ask, Facts, Receipt, State, facts};
use record::event::Hit;
use record::{Day, Digest, Sequence};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::draft::Verdict;
use crate::error::{EngineError, StopReason};
use crate::facts::{Gathered, Sight, read_records};
use crate::queue::{Entrance, Full, Pending};
use crate::round::{FACT_ROUNDS, rest_of_minute, views_lost};
use crate::shared::{Phase, Shared};
use crate::store::{Head, Store};

/// Stands for the request id that a preview has none of; whether a request used it is not asked.
pub(crate) const PREVIEW_ID: &str = "validate_only";

/// The answer to a command: what was recorded of it. A refusal is an answer too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The receipt.
    pub receipt: Receipt,
    /// Whether the same request was answered before, with this receipt.
    pub replayed: bool,
}

/// What rules would say of a command; nothing was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Rules that it would hit; empty where it would be accepted.
    pub hits: Vec<Hit>,
    /// The committed size that it was judged at.
    pub judged_at: Sequence,
}

/// How a book is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Why it stopped, if it did.
    pub stopped: Option<StopReason>,
    /// Whether the outcome of a commit is unknown just now.
    pub parked: bool,
    /// Whether the views fail to move.
    pub views_failing: bool,
    /// Why it takes no writes although it runs: somebody holds more of its log than was found.
    pub suspicion: Option<crate::guard::Suspicion>,
    /// Sequence of the committed head.
    pub head: Sequence,
    /// Sequence that the views have reached.
    pub reached: Sequence,
    /// Commands in the queue.
    pub queued: usize,
}

impl Health {
    /// Whether the book serves in full: SERVING or NOT_SERVING.
    pub fn is_serving(&self) -> bool {
        self.stopped.is_none() && !self.parked && !self.views_failing && self.suspicion.is_none()
    }
}

/// An open book.
pub struct Book<S> {
    shared: Arc<Shared<S>>,
    queue: Entrance,
}

impl<S: Store> Book<S> {
    pub(crate) fn new(shared: Arc<Shared<S>>, queue: Entrance) -> Book<S> {
        Book { shared, queue }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared<S>> {
        &self.shared
    }

    /// Code of the book.
    pub fn code(&self) -> &str {
        &self.shared.code
    }

    /// Where the book is stored, for queries of its views and records.
    pub fn store(&self) -> &Arc<S> {
        &self.shared.store
    }

    /// Hands a command in and waits for its answer. A full queue refuses at once.
    pub async fn submit(&self, ask: Ask) -> Verdict {
        self.submit_by(ask, None).await
    }

    /// [`Book::submit`] for a caller with a deadline: a command that is still undecided then is dropped.
    pub async fn submit_by(&self, ask: Ask, deadline: Option<Instant>) -> Verdict {
        self.open_for_commands()?;
        let recovering = self.recovering(&ask)?;
        let sent = self.queue.try_send(ask, deadline, self.shared.watch_stop());
        let pending = sent.map_err(|Full| self.overloaded())?;
        let verdict = pending.answers().await.pop();
        if recovering && matches!(verdict, Some(Ok(_))) {
            self.settle()?;
        }
        verdict.unwrap_or_else(|| Err(StopReason::ShutDown.into()))
    }

    /// Hands many commands in, in their order, without waiting for answers; each item tells those of some of them. Where the queue is
    /// full it waits for room, as a stream should; once some are not taken within `room_wait` or by the deadline, none after them are.
    pub async fn submit_many(&self, asks: Vec<Ask>, deadline: Option<Instant>) -> Vec<Pending> {
        let mut handed = Vec::with_capacity(1);
        let mut refused: Option<EngineError> = None;
        let mut rest = asks.into_iter();
        while rest.len() > 0 {
            let some: Vec<Ask> = rest.by_ref().take(self.queue.together()).collect();
            let count = some.len();
            let sent = match (&refused, self.open_for_many()) {
                (Some(error), _) => Err(error.clone()),
                (None, Err(error)) => Err(error),
                (None, Ok(())) => {
                    let latest = Instant::now() + self.shared.options.room_wait;
                    let until = deadline.map_or(latest, |deadline| deadline.min(latest));
                    let sent = self.queue.send(some, deadline, until, self.shared.watch_stop()).await;
                    sent.map_err(|Full| self.overloaded())
                }
            };
            handed.push(sent.unwrap_or_else(|error| {
                refused = Some(error.clone());
                Pending::refused(count, error)
            }));
        }
        handed
    }

    /// Streams carry no recovery.
    fn open_for_many(&self) -> Result<(), EngineError> {
        self.open_for_commands()?;
        self.shared.suspicion().map_or(Ok(()), |suspicion| Err(EngineError::Suspected(suspicion)))
    }

    /// Where the log is under suspicion, whether this is the recovery that may lift it; any other command errs.
    fn recovering(&self, ask: &Ask) -> Result<bool, EngineError> {
        match self.shared.suspicion() {
            None => Ok(false),
            Some(suspicion) if suspicion.is_named_by(&ask.command) => Ok(true),
            Some(suspicion) => Err(EngineError::Suspected(suspicion)),
        }
    }

    /// Takes writes again, if a recovery on record names what was lost.
    fn settle(&self) -> Result<(), EngineError> {
        let settled =
            self.read(|state| self.shared.suspicion().is_some_and(|known| known.is_settled(&state.log_policy)));
        if settled? {
            self.shared.settle();
        }
        Ok(())
    }

    fn open_for_commands(&self) -> Result<(), StopReason> {
        self.shared.running()?;
        if *self.shared.phase.borrow() == Phase::Open { Ok(()) } else { Err(StopReason::ShutDown) }
    }

    fn overloaded(&self) -> EngineError {
        EngineError::Overloaded { retry_after: self.shared.options.retry_after }
    }

    /// The instant of a decision made now, microseconds since the Unix epoch.
    pub fn now(&self) -> i64 {
        (self.shared.options.clock)()
    }

    /// The day that a decision made now would bear, in Asia/Shanghai.
    pub fn today(&self) -> Day {
        Day::of_instant(self.now())
    }

    /// Judges a command on the committed state and records nothing. Its request id plays no part.
    pub async fn validate(&self, ask: &Ask) -> Result<Preview, EngineError> {
        self.shared.readable()?;
        let ask = Ask::new(&self.shared.code, ask.caller.clone(), PREVIEW_ID.to_owned(), ask.command.clone());
        let used = facts::FactKey::Request(PREVIEW_ID).hash();
        let now = (self.shared.options.clock)();
        let mut gathered = Gathered::default();
        for _ in 0..FACT_ROUNDS {
            let missing = {
                let committed = self.shared.committed()?;
                let state = &committed.position.state;
                let keys = facts::needs(state, &ask);
                let sight = Sight::new(state, &committed, [None, None]);
                match gathered.resolve(&sight, &ask, keys.iter().filter(|key| **key != used)) {
                    Ok(mut facts) => {
                        facts.root = facts::cites_root(&ask.command).then_some(committed.head.root);
                        return previewed(preview(state, &ask, &facts, now), state, now);
                    }
                    Err(missing) => missing,
                }
            };
            gathered.fetch(&*self.shared.store, &self.shared.code, missing).await?;
        }
        Err(views_lost())
    }

    /// The answer that a request id got before: the receipt, if it stood for the same request.
    pub(crate) async fn answered(
        &self,
        request_id: &str,
        fingerprint: &Digest,
    ) -> Result<Option<Receipt>, EngineError> {
        let (store, code) = (&*self.shared.store, &self.shared.code);
        let key = facts::FactKey::Request(request_id).hash();
        let in_tail = self.shared.committed()?.tail.get(&key);
        let row = match in_tail {
            Some(row) => Some(row),
            // Trimmed from the tail between the two looks, it is in the views.
            None => store.facts(code, &[key]).await?.found.into_iter().next(),
        };
        let Some(row) = row else { return Ok(None) };
        let mut facts = Facts::default();
        facts.add(row);
        let mut wanted = vec![row.sequence];
        while !wanted.is_empty() {
            read_records(store, code, &wanted).await?.into_iter().for_each(|record| facts.add_original(record));
            wanted = facts.wanted_of_request(&key);
        }
        match facts.answered(code, &key) {
            Some((found, receipt)) if found == *fingerprint => Ok(Some(receipt)),
            _ => Err(EngineError::KeyReused),
        }
    }

    /// Reads the committed state. It never waits for storage; keep the reading short, publication waits for it.
    pub fn read<R>(&self, reader: impl FnOnce(&State) -> R) -> Result<R, EngineError> {
        self.shared.readable()?;
        Ok(reader(&self.shared.committed()?.position.state))
    }

    /// Reads the committed state together with its head, both of the same moment.
    pub fn read_at<R>(&self, reader: impl FnOnce(&State, &Head) -> R) -> Result<R, EngineError> {
        self.shared.readable()?;
        let committed = self.shared.committed()?;
        Ok(reader(&committed.position.state, &committed.head))
    }

    /// The committed head.
    pub fn head(&self) -> Result<Head, EngineError> {
        self.shared.readable()?;
        Ok(self.shared.committed()?.head.clone())
    }

    /// Follows the sequence of the committed head.
    pub fn watch_head(&self) -> watch::Receiver<Sequence> {
        self.shared.head.subscribe()
    }

    /// The sequence that a read of the views holds for. Waits, up to `read_wait` or the deadline, until the views hold `at_least`, or
    /// without it the head found on arrival; with `allow_stale` it takes what they hold now.
    pub async fn views_at(
        &self,
        at_least: Option<Sequence>,
        allow_stale: bool,
        deadline: Option<Instant>,
    ) -> Result<Sequence, EngineError> {
        self.shared.readable()?;
        let target = at_least.unwrap_or_else(|| *self.shared.head.borrow());
        let mut views = self.shared.views.subscribe();
        if !allow_stale && views.borrow().reached < target {
            self.shared.want(target);
        }
        let latest = Instant::now() + self.shared.options.read_wait;
        let until = deadline.map_or(latest, |deadline| deadline.min(latest));
        // Views that fail to move are told at once: waiting would not help.
        let settled = views.wait_for(|views| views.reached >= target || views.failing || allow_stale);
        // The sender lives as long as this book.
        let found = timeout_at(until, settled).await.ok().and_then(Result::ok).map(|views| *views);
        let now = found.unwrap_or_else(|| *self.shared.views.borrow());
        if now.reached >= target || allow_stale {
            Ok(now.reached)
        } else {
            Err(EngineError::ViewsBehind { reached: now.reached })
        }
    }

    /// How the book is.
    pub fn health(&self) -> Health {
        let views = *self.shared.views.borrow();
        Health {
            stopped: self.shared.stopped(),
            parked: self.shared.parked.load(Ordering::Relaxed),
            views_failing: views.failing,
            suspicion: self.shared.suspicion(),
            head: *self.shared.head.borrow(),
            reached: views.reached,
            queued: self.queue.waiting(),
        }
    }
}

/// What a preview says, as the engine's answer.
pub(crate) fn previewed(judged: Result<Vec<Hit>, Decision>, state: &State, now: i64) -> Result<Preview, EngineError> {
    match judged {
        Ok(hits) => Ok(Preview { hits, judged_at: state.sequence }),
        Err(Decision::Malformed(faults)) => Err(EngineError::Malformed(faults)),
        Err(Decision::Denied) => Err(EngineError::Denied),
        Err(Decision::Suppressed(_)) => Err(EngineError::RefusalsSuppressed { retry_after: rest_of_minute(now) }),
        // Only a request id can be reused or replayed, and a preview has none.
        Err(Decision::KeyReused | Decision::Replay(_) | Decision::Records(_)) => Err(EngineError::KeyReused),
    }
}
