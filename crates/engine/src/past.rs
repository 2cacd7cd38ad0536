//! A book as it was known after an earlier record or at an earlier moment. The state of then is the fold of the records of then: it is
//! folded anew, off the writer, from the nearest position that is at hand, every leaf hash checked on the way. What views answer without
//! it (vouchers, sums) does not come here.

use std::sync::{Arc, Mutex, PoisonError};

use ledger::State;
use record::{Digest, Sequence};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::book::Book;
use crate::error::EngineError;
use crate::position::Position;
use crate::projector::READ_BYTES;
use crate::replay::{confirmed_snapshot, decode_row};
use crate::shared::Shared;
use crate::store::{Store, StoreError};

/// Earlier states kept: a listing's pages, or a comparison of two moments, fold once.
const KEPT: usize = 2;
/// Askers of states that are not at hand, of one book, at most. One state is folded at a time, so that they hold one in memory.
const ASKERS: usize = 8;

/// A book after so many records.
#[derive(Debug)]
pub struct Past {
    position: Position,
    root: Digest,
}

impl Past {
    /// The state of then.
    pub fn state(&self) -> &State {
        &self.position.state
    }

    /// The root over the records of then.
    pub fn root(&self) -> Digest {
        self.root
    }

    fn at(&self) -> Sequence {
        self.position.tree.size()
    }
}

/// Earlier states of a book at hand.
#[derive(Debug)]
pub(crate) struct Pasts {
    kept: Mutex<Vec<Arc<Past>>>,
    /// Held by whoever waits for a state.
    askers: Semaphore,
    /// Held while one is folded.
    folding: tokio::sync::Mutex<()>,
}

impl Pasts {
    pub fn new() -> Pasts {
        Pasts { kept: Mutex::default(), askers: Semaphore::new(ASKERS), folding: tokio::sync::Mutex::new(()) }
    }

    fn get(&self, at: Sequence) -> Option<Arc<Past>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).iter().find(|past| past.at() == at).cloned()
    }

    /// The newest one that is not after a sequence.
    fn before(&self, at: Sequence) -> Option<Arc<Past>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().filter(|past| past.at() <= at).max_by_key(|past| past.at()).cloned()
    }

    fn keep(&self, past: &Arc<Past>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(0, Arc::clone(past));
        kept.truncate(KEPT);
    }
}

impl<S: Store> Book<S> {
    /// The book after its first `at` records, at least one and no more than are committed. Where it is not at hand it is folded anew,
    /// which takes some seconds for millions of records and goes on when the caller has left, so that asking again finds it. Ends with
    /// [`EngineError::Late`] at the deadline, and with [`EngineError::Overloaded`] where too many wait.
    pub async fn past(&self, at: Sequence, deadline: Option<Instant>) -> Result<Arc<Past>, EngineError> {
        self.shared().readable()?;
        if let Some(found) = self.shared().pasts.get(at) {
            return Ok(found);
        }
        let Ok(_asker) = self.shared().pasts.askers.try_acquire() else {
            return Err(EngineError::Overloaded { retry_after: self.shared().options.retry_after });
        };
        let folding = tokio::spawn(fold(Arc::clone(self.shared()), at));
        let folded = match deadline {
            Some(deadline) => timeout_at(deadline, folding).await.map_err(|_| EngineError::Late)?,
            None => folding.await,
        };
        folded.unwrap_or_else(|_| Err(StoreError::Unavailable("the work was broken off".into()).into()))
    }

    /// How many records were committed at a moment, microseconds: 0 before the first.
    pub async fn known_at(&self, time: i64) -> Result<Sequence, EngineError> {
        let head = self.head()?;
        if head.time <= time {
            return Ok(head.sequence);
        }
        let (store, code) = (&*self.shared().store, self.code());
        // All records up to `before` are of that moment or earlier, and those from `after` on later, by rows.
        let (mut before, mut after) = (0, head.sequence.saturating_add(1));
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            let row = store.row_time(code, middle).await?;
            let row = row.ok_or_else(|| StoreError::Corrupt(format!("record {middle} is missing")))?;
            if row.time <= time {
                before = row.last;
            } else {
                after = row.first;
            }
        }
        // A row has the time of its last record; the first ones of the next may be earlier.
        let Some(row) = store.log_rows(code, after, 1).await?.into_iter().next() else { return Ok(before) };
        let records = decode_row(&row, row.first)?;
        let earlier = records.iter().take_while(|record| record.time <= time).last();
        Ok(earlier.map_or(before, |record| record.sequence))
    }

    /// The root over the first `size` records.
    pub async fn root_at(&self, size: Sequence) -> Result<Digest, EngineError> {
        self.shared().readable()?;
        let recent = self.shared().committed()?.root_of(size);
        if let Some(root) = recent {
            return Ok(root);
        }
        if let Some(past) = self.shared().pasts.get(size) {
            return Ok(past.root());
        }
        self.follow(size).await?;
        let nodes = self.shared().nodes.read().await;
        let root = nodes.root_at((&*self.shared().store, self.code()), size).await?;
        Ok(root.map_err(|error| StoreError::Corrupt(format!("the root of {size} records: {error}")))?)
    }
}

async fn fold<S: Store>(shared: Arc<Shared<S>>, at: Sequence) -> Result<Arc<Past>, EngineError> {
    let _alone = shared.pasts.folding.lock().await;
    // Whoever held the lock before may have folded this one.
    if let Some(found) = shared.pasts.get(at) {
        return Ok(found);
    }
    let mut position = beginning(&shared, at).await?;
    while position.tree.size() < at {
        let rows = shared.store.log_rows(&shared.code, position.tree.size() + 1, READ_BYTES).await?;
        if rows.is_empty() {
            let reason = format!("record {} is missing", position.tree.size() + 1);
            return Err(StoreError::Corrupt(reason).into());
        }
        for row in rows {
            for (record, leaf) in decode_row(&row, row.first)?.iter().zip(&row.leaves) {
                if record.sequence == position.tree.size() + 1 && record.sequence <= at {
                    position.fold(record, *leaf);
                }
            }
            shared.readable()?;
            // A row is some milliseconds of work: others run between two.
            tokio::task::yield_now().await;
        }
    }
    let past = Arc::new(Past { root: position.tree.root(), position });
    shared.pasts.keep(&past);
    Ok(past)
}

/// The nearest position that is at hand: of an earlier state, of a confirmed snapshot, or the empty one.
async fn beginning<S: Store>(shared: &Shared<S>, at: Sequence) -> Result<Position, EngineError> {
    let kept = shared.pasts.before(at);
    let head = shared.committed()?.head.clone();
    let snapshot = confirmed_snapshot(&*shared.store, &shared.code, &head).await?;
    let snapshot = snapshot.map(|(position, _)| position).filter(|position| position.tree.size() <= at);
    Ok(match (kept, snapshot) {
        (Some(kept), Some(snapshot)) if kept.at() < snapshot.tree.size() => snapshot,
        (Some(kept), _) => kept.position.clone(),
        (None, Some(snapshot)) => snapshot,
        (None, None) => Position::default(),
    })
}
