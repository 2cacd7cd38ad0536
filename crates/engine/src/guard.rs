//! The guard at a book's start: what others hold of its log, against the log that was found. An old copy of the database, or a standby
//! that lost its end, is whole and balanced; only who holds a later checkpoint can tell. A log under suspicion is read, and written no
//! more until its parties put a recovery on record. Where the checkpoints come from is `Remembered`'s.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use ledger::state::LogPolicy;
use proof::{Note, SignedCheckpoint, Statement};
use record::{Command, Digest, Sequence};

use crate::committed::Committed;
use crate::error::EngineError;
use crate::nodes::Nodes;
use crate::options::Options;
use crate::store::{Store, StoreError};

/// A checkpoint that somebody holds of a book's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Who: a witness's address, a file's name.
    pub from: String,
    /// The checkpoint. Whether it is to be believed was judged where it came from.
    pub checkpoint: SignedCheckpoint,
}

/// A future of [`Remembered`].
pub type Asked<'a> = Pin<Box<dyn Future<Output = Result<Vec<Known>, StoreError>> + Send + 'a>>;

/// Memory outside the database.
pub trait Remembered: Send + Sync {
    /// Everything that can be reached of what others hold of a book's log, under the policy that was found. Err where something that is
    /// here cannot be read: then the book does not open.
    fn known<'a>(&'a self, book: &'a str, policy: &'a LogPolicy) -> Asked<'a>;
    /// Remembers a checkpoint before anybody hears of it; never a smaller one of the same origin. May wait for the disk.
    fn remember(&self, book: &str, checkpoint: &SignedCheckpoint) -> std::io::Result<()>;
}

/// Why a log that was found is not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspicion {
    /// Who holds the checkpoint.
    pub from: String,
    /// Its log.
    pub origin: String,
    /// Its records.
    pub size: Sequence,
    /// Records of the log that was found.
    pub found: Sequence,
    /// Whether the log that was found has another root at that size; else it ends before it, or knows no such origin.
    pub differs: bool,
}

impl fmt::Display for Suspicion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Suspicion { from, origin, size, found, differs } = self;
        let what = if *differs { "FORKED" } else { "ROLLED_BACK" };
        write!(
            f,
            "{what}: {from} holds a checkpoint of {size} records of {origin}, which the log found, of {found}, does not lead to"
        )
    }
}

impl Suspicion {
    /// Whether a command is a recovery that gives up what this suspicion is about.
    pub(crate) fn is_named_by(&self, command: &Command) -> bool {
        let Command::SetLogPolicy(set) = command else { return false };
        let stated = Note::parse(&set.statement).ok().and_then(|note| Statement::parse(note.text()).ok());
        stated.and_then(|stated| stated.recovery).is_some_and(|recovery| recovery.lost_size >= self.size)
    }

    /// Whether such a recovery is on record.
    pub(crate) fn is_settled(&self, policy: &LogPolicy) -> bool {
        policy.abandoned.iter().any(|past| past.origin == self.origin && past.lost.0 >= self.size)
    }
}

/// Compares the log that was found with what others hold of it. The nodes read for it serve proofs later.
pub(crate) async fn look<S: Store>(
    store: &S,
    book: &str,
    options: &Options,
    committed: &Committed,
) -> Result<(Nodes, Option<Suspicion>), EngineError> {
    let mut nodes = Nodes::default();
    let Some(remembered) = &options.remembered else { return Ok((nodes, None)) };
    let policy = &committed.position.state.log_policy;
    let head = &committed.head;
    let mut suspicion: Option<Suspicion> = None;
    for known in remembered.known(book, policy).await? {
        let checkpoint = &known.checkpoint.checkpoint;
        let root = if checkpoint.size > head.sequence {
            None
        } else {
            nodes.follow(store, book, head.sequence).await?;
            let whole = nodes.root_at((store, book), head.sequence).await?;
            if whole != Ok(head.root) {
                return Err(StoreError::Corrupt("the leaf hashes of the log do not lead to its root".into()).into());
            }
            let root = nodes.root_at((store, book), checkpoint.size).await?;
            Some(root.map_err(|error| StoreError::Corrupt(error.to_string()))?)
        };
        let Some(found) = suspect(policy, head.sequence, &known, root) else { continue };
        tracing::error!(book, suspicion = %found, "the log was rolled back; it is read, and not written before a recovery is on record");
        // The largest is what a recovery must name.
        if suspicion.as_ref().is_none_or(|other| other.size < found.size) {
            suspicion = Some(found);
        }
    }
    Ok((nodes, suspicion))
}

/// What a known checkpoint says of a log, `root` being the log's own at that size, none where it ends before.
fn suspect(policy: &LogPolicy, found: Sequence, known: &Known, root: Option<Digest>) -> Option<Suspicion> {
    let checkpoint = &known.checkpoint.checkpoint;
    let suspicion = Suspicion {
        from: known.from.clone(),
        origin: checkpoint.origin.clone(),
        size: checkpoint.size,
        found,
        differs: root.is_some_and(|root| root != checkpoint.root),
    };
    let own = policy.origin().is_none_or(|origin| origin == checkpoint.origin);
    let past = policy.abandoned.iter().any(|past| past.origin == checkpoint.origin);
    let leads_there = (own || past) && root == Some(checkpoint.root);
    if leads_there || suspicion.is_settled(policy) { None } else { Some(suspicion) }
}

#[cfg(test)]
mod tests {
    use ledger::state::Abandoned;
    use proof::{Checkpoint, ED25519, Signer};

    use super::*;

    const HERE: Digest = [1; 32];
    const THERE: Digest = [2; 32];

    fn policy(origin: &str, abandoned: &[(&str, u64)]) -> LogPolicy {
        let key = Signer::from_seed(origin, ED25519, &[7; 32]).unwrap();
        let given_up = |&(origin, lost): &(&str, u64)| Abandoned {
            origin: origin.to_owned(),
            kept: (5, HERE),
            lost: (lost, THERE),
        };
        LogPolicy {
            text: format!("log {}\nquorum none\n", key.verifier()),
            since: 2,
            abandoned: abandoned.iter().map(given_up).collect(),
        }
    }

    fn known(origin: &str, size: u64, root: Digest) -> Known {
        let text = Checkpoint::new(origin, size, root).to_string();
        let signer = Signer::from_seed(origin, ED25519, &[7; 32]).unwrap();
        let note = Note::new(text.clone(), vec![signer.sign(&text, 0)]).unwrap();
        Known { from: "w".into(), checkpoint: SignedCheckpoint::of(note).unwrap() }
    }

    #[test]
    fn what_others_hold_is_compared() {
        let (first, second) = (policy("a", &[]), policy("b", &[("a", 9)]));
        let none = LogPolicy::default();
        for (case, policy, origin, size, theirs, ours, suspected) in [
            ("same", &first, "a", 5, HERE, Some(HERE), None),
            ("ahead of us", &first, "a", 9, THERE, None, Some(false)),
            ("another history", &first, "a", 5, THERE, Some(HERE), Some(true)),
            ("an origin nobody here knows", &first, "b", 5, HERE, Some(HERE), Some(false)),
            ("before any policy", &none, "a", 9, THERE, None, Some(false)),
            ("given up", &second, "a", 9, THERE, None, None),
            ("more than was given up", &second, "a", 10, THERE, None, Some(false)),
            ("given up, and here", &second, "a", 5, HERE, Some(HERE), None),
            ("rolled back after the recovery", &second, "b", 12, THERE, None, Some(false)),
        ] {
            let found = suspect(policy, 7, &known(origin, size, theirs), ours);
            assert_eq!(found.map(|suspicion| suspicion.differs), suspected, "{case}");
        }
    }
}
