//! The projector of a book: follows the committed log and writes the views, in large transactions. What rows a record makes is
//! `ledger::project`'s matter; the views can be emptied at any time and come back.

use std::sync::Arc;
use std::time::Duration;

use ledger::rows::{FactRow, ViewRows};
use ledger::{project, project_rest};
use record::{Record, Sequence};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::error::EngineError;
use crate::replay::decode_row;
use crate::shared::{Phase, Shared, Views};
use crate::store::{Store, StoreError};

/// Committed records that wait in memory for the projector, about 1 KB each; when there are more, it reads them from the log. Enough for
/// views that keep up; in a burst they would only take memory.
const FOLLOWED_RECORDS: usize = 24_576;

/// Records in a views transaction at most: large enough that its fixed cost and the pages of facts written by each vanish, small enough
/// to show in well under a second.
const TRANSACTION_RECORDS: u64 = 32_768;

/// How long the views let more records come before they move. A transaction of few records costs nearly as much as one of hundreds, for
/// each fact goes to a page of its own, and its disk flush delays those of the log. A read that waits for the views ends the waiting.
const GATHER: Duration = Duration::from_millis(500);
/// Records that are enough for a transaction.
const GATHER_RECORDS: u64 = 16_384;

/// Views that are behind by more than this give way to a burst of posting; with less they follow at once, so that reads of what was just
/// posted never wait for it.
const YIELD_RECORDS: u64 = 16_384;
/// Records posted in a second in a burst. Slower posting is followed at once.
const BURST_RATE: u64 = 10_000;
/// How far behind views may fall in a burst: as much as they make up in a second.
const BURST_BACKLOG: u64 = 98_304;
/// Records posted in a second in a flood, which views could not follow anyway: only half of the backlog's bound ends their giving way.
/// Below what they follow beside posting on the slowest machine seen, so that a burst there is one as well.
const FLOOD_RATE: u64 = 30_000;
/// How long views give way before they look again, and the shortest time over which the rate is taken.
const YIELD_LOOK: Duration = Duration::from_millis(50);
/// Views that are behind by more than this after they gave way for as long as they do press: posting then gives way to them.
const PRESSED_RECORDS: u64 = 131_072;
/// How long the writer rests before a batch for each [`PRESSED_RECORDS`] that views which press are behind. A full batch takes some 30 ms:
/// at twice as many, half of the time goes to the views. In proportion, so that the backlog settles low instead of where it happened to be.
const PRESSED_REST: Duration = Duration::from_millis(16);
/// How long views give way to a burst at most before they catch up again: as long as a whole season takes to post, and the reads that
/// wait meanwhile would have waited anyway.
const LONGEST_YIELD: Duration = Duration::from_secs(5);

/// Bytes of log read at once.
pub(crate) const READ_BYTES: usize = 8 << 20;

/// First pause after a failure; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A committed batch, in memory.
#[derive(Debug)]
pub(crate) struct Followed {
    pub first: Sequence,
    pub last: Sequence,
    pub records: Vec<Record>,
    pub facts: Vec<FactRow>,
}

/// The way of committed batches from the writer to the projector, in memory.
#[derive(Clone, Debug)]
pub(crate) struct Following {
    batches: mpsc::UnboundedSender<(Followed, OwnedSemaphorePermit)>,
    room: Arc<Semaphore>,
}

/// The projector's end of it. A batch gives its room back when it is taken.
pub(crate) type Batches = mpsc::UnboundedReceiver<(Followed, OwnedSemaphorePermit)>;

/// A way for a book's batches.
pub(crate) fn following() -> (Following, Batches) {
    let (batches, taken) = mpsc::unbounded_channel();
    (Following { batches, room: Arc::new(Semaphore::new(FOLLOWED_RECORDS)) }, taken)
}

impl Following {
    /// Hands a batch on if there is room for it.
    pub fn offer(&self, batch: Followed) {
        let count = u32::try_from(batch.records.len()).unwrap_or(u32::MAX);
        if let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(count) {
            // A projector that is gone projects no more.
            drop(self.batches.send((batch, room)));
        }
    }
}

/// The projector of a book.
pub(crate) struct Projector<S> {
    shared: Arc<Shared<S>>,
    batches: Batches,
    /// A batch that came before its turn.
    early: Option<Followed>,
    reached: Sequence,
    /// When they first gave way to posting since they were last at the head.
    yielding: Option<Instant>,
    /// When the rate of posting was last looked at, the head then, and the rate.
    looked: (Instant, Sequence, u64),
}

impl<S: Store> Projector<S> {
    pub fn new(shared: Arc<Shared<S>>, batches: Batches) -> Projector<S> {
        let reached = shared.views.borrow().reached;
        Projector { shared, batches, early: None, reached, yielding: None, looked: (Instant::now(), reached, 0) }
    }

    /// Follows the log until the writer is done and the views hold everything, or do not move any more.
    pub async fn run(mut self) {
        let mut head = self.shared.head.subscribe();
        let mut pause = FIRST_PAUSE;
        let mut until = None;
        loop {
            let target = *head.borrow_and_update();
            if self.reached < target {
                if self.yields_to_posting(target).await {
                    continue;
                }
                self.let_more_come(&mut head).await;
                let target = *head.borrow();
                match self.step(target).await {
                    Ok(()) => pause = FIRST_PAUSE,
                    Err(error) => {
                        self.fail(&error).await;
                        if *self.shared.phase.borrow() == Phase::Draining {
                            let until =
                                *until.get_or_insert_with(|| Instant::now() + self.shared.options.shutdown_wait);
                            if Instant::now() >= until {
                                return;
                            }
                        }
                        sleep(pause).await;
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                }
                continue;
            }
            self.yielding = None;
            self.looked = (Instant::now(), target, 0);
            tokio::select! {
                biased;
                changed = head.changed() => if changed.is_err() { return },
                // The writer publishes the head before it is done, so nothing is left here.
                () = self.shared.until_phase(Phase::Draining) => if *head.borrow() <= self.reached { return },
            }
        }
    }

    /// Gives way to posting while it is in a burst: both compete for processors, and what is posted late is late for somebody who waits,
    /// while views have time. Not for long, not in a row, not while a read waits for them, and not when the backlog is half full: posting
    /// must never come to wait for views that gave way to it.
    async fn yields_to_posting(&mut self, target: Sequence) -> bool {
        let behind = target - self.reached;
        let (when, before, _) = self.looked;
        if when.elapsed() >= YIELD_LOOK {
            let millis = u64::try_from(when.elapsed().as_millis()).unwrap_or(u64::MAX);
            let posted = target.saturating_sub(before).saturating_mul(1_000);
            self.looked = (Instant::now(), target, posted / millis.max(1));
        }
        let half = self.shared.options.backlog_records / 2;
        let most = match self.looked.2 {
            FLOOD_RATE.. => half,
            BURST_RATE.. => half.min(BURST_BACKLOG),
            _ => 0,
        };
        let may = (YIELD_RECORDS..most).contains(&behind) && *self.shared.wanted.borrow() <= self.reached;
        let since = self.yielding.map_or(Duration::ZERO, |since| since.elapsed());
        if !may || since >= LONGEST_YIELD || *self.shared.phase.borrow() != Phase::Open {
            return false;
        }
        self.yielding.get_or_insert_with(Instant::now);
        sleep(YIELD_LOOK).await;
        true
    }

    /// How long posting should rest before each batch now, so that the backlog does not stay for as long as a flood lasts.
    fn rest(&self) -> Duration {
        let behind = self.shared.head.borrow().saturating_sub(self.reached);
        let presses = self.yielding.is_none_or(|since| since.elapsed() >= LONGEST_YIELD);
        let times = if presses { behind / PRESSED_RECORDS } else { 0 };
        PRESSED_REST * u32::try_from(times).unwrap_or(u32::MAX)
    }

    /// Waits for more to project, unless a read waits for what there is.
    async fn let_more_come(&self, head: &mut watch::Receiver<Sequence>) {
        let reached = self.reached;
        let mut wanted = self.shared.wanted.subscribe();
        let enough = async {
            tokio::select! {
                _ = wanted.wait_for(|wanted| *wanted > reached) => {}
                _ = head.wait_for(|head| head.saturating_sub(reached) >= GATHER_RECORDS) => {}
                () = self.shared.until_phase(Phase::Closing) => {}
            }
        };
        // Time is the other end of it.
        drop(timeout(GATHER, enough).await);
    }

    /// Moves the views on until at most `limit` records are left, before the book takes commands.
    pub async fn catch_up(&mut self, limit: u64) -> Result<Sequence, EngineError> {
        let target = *self.shared.head.borrow();
        while target.saturating_sub(self.reached) > limit {
            self.step(target).await?;
        }
        Ok(self.reached)
    }

    /// Moves the views on by one transaction, toward `target`. There is something to do.
    async fn step(&mut self, target: Sequence) -> Result<(), EngineError> {
        let (to, rows) = match self.next_in_memory()? {
            Some(next) => next,
            None => self.next_in_log(target).await?,
        };
        let started = Instant::now();
        self.shared.store.project(&self.shared.code, self.reached, to, &rows).await?;
        tracing::debug!(book = self.shared.code, to, rows = rows.len(), took = ?started.elapsed(), "views moved");
        self.reached = to;
        self.shared.views.send_replace(Views { reached: to, failing: false, rest: self.rest() });
        self.shared.metrics.backlog(self.shared.head.borrow().saturating_sub(to));
        Ok(())
    }

    /// The batches that follow the views without gap, merged, if they are in memory.
    fn next_in_memory(&mut self) -> Result<Option<(Sequence, ViewRows)>, EngineError> {
        let mut rows = ViewRows::default();
        let mut to = self.reached;
        while let Some(next) = self.early.take().or_else(|| self.batches.try_recv().ok().map(|(batch, _)| batch)) {
            if next.last <= to {
                // Read from the log already.
                continue;
            }
            let full = to > self.reached && next.last - self.reached > TRANSACTION_RECORDS;
            if next.first != to + 1 || full {
                self.early = Some(next);
                break;
            }
            to = next.last;
            extend(&mut rows, project_rest(&self.shared.committed()?.position.state, &next.records, next.facts));
        }
        Ok((to > self.reached).then_some((to, rows)))
    }

    /// The rows of the log that follow the views, up to `target`.
    async fn next_in_log(&self, target: Sequence) -> Result<(Sequence, ViewRows), EngineError> {
        let from = self.reached + 1;
        let log = self.shared.store.log_rows(&self.shared.code, from, READ_BYTES).await?;
        let mut rows = ViewRows::default();
        let mut to = self.reached;
        for row in log {
            let last = to + row.bodies.len() as u64;
            if last > target || (to > self.reached && last - self.reached > TRANSACTION_RECORDS) {
                break;
            }
            extend(&mut rows, self.rows_of(&decode_row(&row, to + 1)?)?);
            to = last;
            tokio::task::yield_now().await;
        }
        if to == self.reached {
            return Err(StoreError::Corrupt(format!("the log does not hold record {from}, which was committed")).into());
        }
        Ok((to, rows))
    }

    fn rows_of(&self, records: &[Record]) -> Result<ViewRows, EngineError> {
        let committed = self.shared.committed()?;
        let rows = project(&committed.position.state, records);
        Ok(rows.map_err(|error| StoreError::Corrupt(error.to_string()))?)
    }

    /// Marks the views as failing and looks where they are: a lost answer may hide that they moved, a rebuild may have emptied them.
    async fn fail(&mut self, error: &EngineError) {
        tracing::warn!(book = self.shared.code, reached = self.reached, %error, "the views do not move");
        self.shared.views.send_modify(|views| views.failing = true);
        if let Ok(reached) = self.shared.store.reached(&self.shared.code).await {
            let moved = reached > self.reached;
            self.reached = reached;
            self.shared.views.send_modify(|views| *views = Views { reached, failing: !moved, ..*views });
        }
    }
}

/// Adds rows to rows.
fn extend(rows: &mut ViewRows, more: ViewRows) {
    rows.facts.extend(more.facts);
    rows.vouchers.extend(more.vouchers);
    rows.lines.extend(more.lines);
    rows.rejections.extend(more.rejections);
    rows.names.extend(more.names);
}
