//! What can be set about an engine, each limit with its reason, its clock and its log keys. How the limits are kept stands where they are
//! kept.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proof::{Signer, VerifierKey};

use crate::guard::Remembered;

/// Commands that may wait for a book's writer: about what it decides in a second on a slow machine, so that nobody in the queue waits
/// much longer; at 64 KiB at most a command, 256 MiB.
pub const QUEUE_COMMANDS: usize = 4_096;

/// Commands in a batch at most: a batch is decided in some ten milliseconds, the time of a few disk flushes.
pub const BATCH_COMMANDS: usize = 2_048;

/// Commands that are decided ahead of a commit that is under way: with fewer, waiting for it makes one larger batch of them and of what
/// comes meanwhile.
pub const AHEAD_COMMANDS: usize = 512;

/// Bytes of record bodies in a batch at most, a single larger command apart: a log row that every engine takes in its stride.
pub const BATCH_BYTES: usize = 1 << 20;

/// How long a read waits for the views to reach what it asks for.
pub const READ_WAIT: Duration = Duration::from_secs(2);

/// How long a stream's commands and a batch wait for room (in the queue, in the projector's backlog) before they are answered
/// overloaded.
pub const ROOM_WAIT: Duration = Duration::from_secs(2);

/// Records that the log may be ahead of the views: bounds the tail in memory (some hundred bytes a record) and the lag of reads.
pub const BACKLOG_RECORDS: u64 = 1_000_000;

/// Records of a chunk of the tail: few enough that what is kept too long is small, many enough that few chunks are looked through.
pub const CHUNK_RECORDS: u64 = 65_536;

/// When an overloaded caller should come again: some batches later.
pub const RETRY_AFTER: Duration = Duration::from_millis(500);

/// How long a shutdown waits for an outcome that is still unknown and for views that do not follow; what is left, the next start
/// finds.
pub const SHUTDOWN_WAIT: Duration = Duration::from_secs(10);

/// Bytes of log that the background check reads in a second: a season of 616,000 receipts in minutes, at some hundredths of a core.
pub const RECHECK_BYTES_PER_SECOND: u64 = 4 << 20;

/// How long the background check rests before each pass: an hour is soon enough to keep an older backup whole.
pub const RECHECK_REST: Duration = Duration::from_secs(3_600);
/// How often a book that has grown is signed of its own accord: what an old copy could lose unnoticed, and some thousand small rows a day.
pub const CHECKPOINT_EVERY: Duration = Duration::from_secs(10);

/// Tells the time in microseconds since the Unix epoch.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The log keys that this process holds, by book.
#[derive(Clone, Debug, Default)]
pub struct LogKeys {
    keys: BTreeMap<String, Vec<Signer>>,
}

impl LogKeys {
    /// Adds a key of a book. One being rotated has two.
    pub fn add(&mut self, book: &str, key: Signer) {
        self.keys.entry(book.to_owned()).or_default().push(key);
    }

    /// The signer that this key verifies.
    pub(crate) fn signer(&self, book: &str, key: &VerifierKey) -> Option<&Signer> {
        self.keys.get(book)?.iter().find(|signer| signer.verifier() == key)
    }

    /// Whether there is any key of a book.
    pub(crate) fn has(&self, book: &str) -> bool {
        self.keys.contains_key(book)
    }
}

/// What can be set about an engine.
#[derive(Clone)]
pub struct Options {
    /// Commands that may wait; beyond it callers hear at once that the book is overloaded.
    pub queue_commands: usize,
    /// Commands in a batch at most.
    pub batch_commands: usize,
    /// Commands that are decided ahead of a commit that is under way.
    pub ahead_commands: usize,
    /// Bytes of record bodies in a batch at most, a single larger command apart.
    pub batch_bytes: usize,
    /// How long a read waits for the views.
    pub read_wait: Duration,
    /// How long commands wait for room before they are answered overloaded.
    pub room_wait: Duration,
    /// Records that the log may be ahead of the views.
    pub backlog_records: u64,
    /// Records of a chunk of the tail, which is forgotten whole.
    pub chunk_records: u64,
    /// Records between two Totals records, and at least between two StateDigest records.
    pub records_per_totals: u64,
    /// When an overloaded caller should come again.
    pub retry_after: Duration,
    /// How long a shutdown waits for storage that does not answer.
    pub shutdown_wait: Duration,
    /// Bytes that the background check of the log reads in a second.
    pub recheck_bytes_per_second: u64,
    /// How long it rests before each pass.
    pub recheck_rest: Duration,
    /// How often a book that has grown is signed of its own accord.
    pub checkpoint_every: Duration,
    /// Keys that checkpoints are signed with.
    pub log_keys: Arc<LogKeys>,
    /// What others hold of the books: asked before a book takes writes.
    pub remembered: Option<Arc<dyn Remembered>>,
    /// The clock. Only tests set another than the machine's.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            queue_commands: QUEUE_COMMANDS,
            batch_commands: BATCH_COMMANDS,
            ahead_commands: AHEAD_COMMANDS,
            batch_bytes: BATCH_BYTES,
            read_wait: READ_WAIT,
            room_wait: ROOM_WAIT,
            backlog_records: BACKLOG_RECORDS,
            chunk_records: CHUNK_RECORDS,
            records_per_totals: ledger::totals::RECORDS_PER_TOTALS,
            retry_after: RETRY_AFTER,
            shutdown_wait: SHUTDOWN_WAIT,
            recheck_bytes_per_second: RECHECK_BYTES_PER_SECOND,
            recheck_rest: RECHECK_REST,
            checkpoint_every: CHECKPOINT_EVERY,
            log_keys: Arc::default(),
            remembered: None,
            clock: Arc::new(system_time),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("queue_commands", &self.queue_commands)
            .field("batch_commands", &self.batch_commands)
            .field("batch_bytes", &self.batch_bytes)
            .field("backlog_records", &self.backlog_records)
            .field("records_per_totals", &self.records_per_totals)
            .finish_non_exhaustive()
    }
}

/// The machine's clock. A clock before 1970 reads 0: record time then stands still, it never runs backwards.
fn system_time() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
