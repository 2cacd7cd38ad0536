//! Why a command or a read is not answered, and why a book stops. A business refusal is an answer, not an error.

use std::sync::Arc;
use std::time::Duration;

use ledger::FieldFault;
use record::Sequence;
use record::event::Hit;

use crate::store::StoreError;

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineError {
    /// Malformed: nothing is recorded.
    #[error("malformed: {} field faults", .0.len())]
    Malformed(Vec<FieldFault>),
    /// The caller's roles do not allow it: nothing is recorded.
    #[error("this person has no role that may ask this")]
    Denied,
    /// The request id was used for something else.
    #[error("the request id was used for another request")]
    KeyReused,
    /// Too many refusals of this person this minute.
    #[error("too many refused requests; try again in {retry_after:?}")]
    RefusalsSuppressed {
        /// When the minute is over.
        retry_after: Duration,
    },
    /// The queue is full or the views are too far behind; nothing was decided.
    #[error("overloaded; try again in {retry_after:?}")]
    Overloaded {
        /// When to come again.
        retry_after: Duration,
    },
    /// The caller's deadline passed before the command was decided; nothing is recorded.
    #[error("the deadline passed before the command was decided")]
    Late,
    /// The book has stopped. What was asked may have been recorded: the same request id tells, once the book runs again.
    #[error("the book has stopped: {reason}")]
    Stopped {
        /// Why.
        reason: StopReason,
    },
    /// The views have not reached the sequence that the read asks for.
    #[error("the views have reached sequence {reached} only")]
    ViewsBehind {
        /// What they have reached.
        reached: Sequence,
    },
    /// There is no such book.
    #[error("no such book")]
    NoSuchBook,
    /// The book exists already.
    #[error("the book exists already")]
    BookExists,
    /// The rules do not let the book be opened; as there is no log yet, this is not recorded.
    #[error("the book cannot be opened: {} rules hit", .0.len())]
    NotOpened(Vec<Hit>),
    /// Somebody holds a checkpoint that the log found does not lead to: an old copy was put in its place. Nothing is written before a
    /// recovery is on record.
    #[error("{0}")]
    Suspected(crate::guard::Suspicion),
    /// The book has no trust policy yet, so nothing is signed.
    #[error("the book has no log policy yet")]
    NoLogPolicy,
    /// This server does not hold the log key of the policy in force.
    #[error("this server does not hold the log key of the policy in force")]
    NoLogKey,
    /// There is no such checkpoint.
    #[error("there is no such checkpoint")]
    NoCheckpoint,
    /// The command's records exceed the limits of the log; nothing is recorded.
    #[error("the command makes records that the log cannot take")]
    Unrecordable,
    /// Storage failed. A command was certainly not recorded, and may be sent again under the same request id.
    #[error(transparent)]
    Store(Arc<StoreError>),
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> EngineError {
        match error {
            StoreError::NoSuchBook => EngineError::NoSuchBook,
            StoreError::BookExists => EngineError::BookExists,
            other => EngineError::Store(Arc::new(other)),
        }
    }
}

impl From<StopReason> for EngineError {
    fn from(reason: StopReason) -> EngineError {
        EngineError::Stopped { reason }
    }
}

/// Why a book stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StopReason {
    /// The engine was shut down.
    #[error("SHUT_DOWN: the server is going down")]
    ShutDown,
    /// Another writer took the book over.
    #[error("FENCED: the book is now written under epoch {epoch}")]
    Fenced {
        /// The epoch that may write.
        epoch: u64,
    },
    /// The log holds records that this writer did not append.
    #[error("HEAD_MOVED: the log is at {found}, this writer left it at {expected}")]
    HeadMoved {
        /// Where this writer left it.
        expected: Sequence,
        /// Where it is.
        found: Sequence,
    },
    /// The log is below, or differs at, a sequence that this process acknowledged: an old copy of the database was put in its place.
    #[error("ROLLED_BACK: record {acknowledged} was acknowledged, the log found is at {found} or differs")]
    RolledBack {
        /// The highest sequence acknowledged.
        acknowledged: Sequence,
        /// Where the log found is.
        found: Sequence,
    },
    /// Shut down while the outcome of a commit was unknown; the next start finds it.
    #[error("OUTCOME_UNKNOWN: shut down before storage told the outcome of the last commit")]
    OutcomeUnknown,
    /// What is stored contradicts itself.
    #[error("CORRUPT: {0}")]
    Corrupt(String),
    /// The background check found that what is stored is not what was committed (LED-012).
    #[error("LED-012: the stored log is damaged at record {sequence}: expected {expected}, found {found}")]
    Damaged {
        /// The first record that differs; where only a root does, the last one under it.
        sequence: Sequence,
        /// What was committed: a leaf hash or root in hexadecimal, or what should stand there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A task of the book panicked.
    #[error("PANICKED: the {0} of the book failed; this is a defect")]
    Panicked(&'static str),
}
