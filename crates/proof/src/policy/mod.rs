//! Trust policies of `c2sp.org/tlog-policy`: which logs, which witnesses, and which of these must have cosigned a checkpoint. Reading a
//! file stands in `parse`; here is what it says and how it judges a signed checkpoint.

mod parse;

pub use parse::{PolicyFault, PolicyFaultKind};

use crate::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use crate::key::{SignatureError, VerifierKey};
use crate::note::Note;

/// Longest policy file: its tables full of ML-DSA-44 keys fit.
pub const MAX_POLICY_BYTES: usize = 1 << 20;

/// Most logs, witnesses and groups, each. The specification recommends at least 32.
pub const MAX_ENTRIES: usize = 256;

/// A log that is trusted to be a log: its history is what witnesses watch over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Its key; the key's name is the origin.
    pub key: VerifierKey,
    /// Where it is reached.
    pub url: Option<String>,
}

/// A witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its name within the policy.
    pub name: String,
    /// Its key.
    pub key: VerifierKey,
    /// Its submission prefix.
    pub url: Option<String>,
}

/// What a group counts or a quorum asks for, by place in the policy's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Member {
    Witness(usize),
    Group(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    threshold: usize,
    members: Vec<Member>,
}

/// A trust policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub(crate) logs: Vec<Log>,
    pub(crate) witnesses: Vec<Witness>,
    groups: Vec<Group>,
    /// None asks for no cosignature.
    quorum: Option<Member>,
    quorum_name: String,
}

/// Why a checkpoint is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// It is none.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// No log of the policy has this origin.
    #[error("no log of the policy has the origin {0}")]
    UnknownOrigin(String),
    /// The log did not sign it.
    #[error("the checkpoint bears no signature of the log {0} by a key of the policy")]
    NotSigned(String),
    /// A signature that bears name and id of a known key does not verify: the note is spoilt.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Too few witnesses cosigned it.
    #[error("the quorum {quorum} is not reached; cosigned by: {}", .cosigned.join(", "))]
    NoQuorum {
        /// Name of the quorum.
        quorum: String,
        /// Names of those whose cosignatures verify.
        cosigned: Vec<String>,
    },
}

/// A checkpoint that the policy believes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Believed {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Who cosigned it, by name in the policy, and when, seconds since the Unix epoch.
    pub cosigned: Vec<(String, u64)>,
}

impl Policy {
    /// Its logs.
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// Its witnesses.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Name of its quorum; `none` where no cosignature is asked for.
    pub fn quorum(&self) -> &str {
        &self.quorum_name
    }

    /// Judges a signed checkpoint: a log of the policy signed it, and its quorum cosigned it.
    pub fn judge(&self, note: &Note) -> Result<Believed, Distrust> {
        let checkpoint = self.signed_by_log(note)?;
        let cosigned = self.cosigned_by(note)?;
        let by = |place: usize| cosigned.iter().any(|(witness, _)| *witness == place);
        let named = cosigned.iter().filter_map(|(place, time)| Some((self.witnesses.get(*place)?.name.clone(), *time)));
        let named: Vec<(String, u64)> = named.collect();
        if self.quorum.is_some_and(|quorum| !self.reached(quorum, &by)) {
            let cosigned = named.into_iter().map(|(name, _)| name).collect();
            return Err(Distrust::NoQuorum { quorum: self.quorum_name.clone(), cosigned });
        }
        Ok(Believed { checkpoint, cosigned: named })
    }

    /// The checkpoint of a note that a log of the policy signed, whoever cosigned it.
    pub fn signed_by_log(&self, note: &Note) -> Result<Checkpoint, Distrust> {
        let checkpoint = SignedCheckpoint::of(note.clone())?.checkpoint;
        let mut known = self.logs.iter().filter(|log| log.key.name() == checkpoint.origin).peekable();
        if known.peek().is_none() {
            return Err(Distrust::UnknownOrigin(checkpoint.origin));
        }
        let mut signed = false;
        for log in known {
            signed |= verified(note, &log.key)?.is_some();
        }
        if signed { Ok(checkpoint) } else { Err(Distrust::NotSigned(checkpoint.origin)) }
    }

    /// Witnesses that cosigned a note, by place, with their latest times.
    fn cosigned_by(&self, note: &Note) -> Result<Vec<(usize, u64)>, Distrust> {
        let mut found = Vec::new();
        for (place, witness) in self.witnesses.iter().enumerate() {
            if let Some(times) = verified(note, &witness.key)? {
                found.push((place, times.into_iter().flatten().max().unwrap_or(0)));
            }
        }
        Ok(found)
    }

    /// Whether those for whom `by` holds make the quorum. Asked of endorsements as well, which are no cosignatures.
    pub fn is_quorum(&self, by: impl Fn(&Witness) -> bool) -> bool {
        let by = |place: usize| self.witnesses.get(place).is_some_and(&by);
        self.quorum.is_none_or(|quorum| self.reached(quorum, &by))
    }

    /// Groups name only what stands before them, so that this ends.
    fn reached(&self, member: Member, by: &impl Fn(usize) -> bool) -> bool {
        match member {
            Member::Witness(place) => by(place),
            Member::Group(place) => self.groups.get(place).is_some_and(|group| {
                group.members.iter().filter(|member| self.reached(**member, by)).count() >= group.threshold
            }),
        }
    }
}

/// Times of the signatures of a key on a note, where it made any. Keys of a type that this version does not know made none.
fn verified(note: &Note, key: &VerifierKey) -> Result<Option<Vec<Option<u64>>>, SignatureError> {
    match note.signed_by(key) {
        Ok(times) if times.is_empty() => Ok(None),
        Ok(times) => Ok(Some(times)),
        Err(SignatureError::Unsupported(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
