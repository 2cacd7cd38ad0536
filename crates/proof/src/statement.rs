//! What the parties to a book's log state together when its trust policy is set: which policy follows which, and, where the log was
//! rolled back, what is given up. A statement is a signed note; the log's old and new keys and the quorums of both policies sign it, a
//! witness with the key that it cosigns with. The first line, and with ML-DSA-44 the context, keeps such signatures apart from those on
//! checkpoints and cosignatures.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::Digest;
use crate::key::{ED25519, SignatureError};
use crate::note::Note;
use crate::policy::{Policy, Witness};
use crate::text::{decimal, digest, to_base64};

const FIRST_LINE: &str = "earmark log policy v1";

/// A text that is no statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {0} of the statement is not what its form asks for")]
pub struct NoStatement(pub usize);

/// What the parties state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Code of the book.
    pub book: String,
    /// SHA-256 of the policy's text.
    pub policy: Digest,
    /// SHA-256 of the text of the policy before; none for a book's first.
    pub follows: Option<Digest>,
    /// Where the log was rolled back: what it goes on from, and what is given up.
    pub recovery: Option<Recovery>,
}

/// A log that lost its end goes on under a new origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Records that the log holds.
    pub size: u64,
    /// Root over them.
    pub root: Digest,
    /// Records of the largest checkpoint of the old origin that anybody holds.
    pub lost_size: u64,
    /// Its root.
    pub lost_root: Digest,
}

impl Statement {
    /// Reads the text of a note.
    pub fn parse(text: &str) -> Result<Statement, NoStatement> {
        let lines: Vec<&str> = text.strip_suffix('\n').ok_or(NoStatement(1))?.split('\n').collect();
        let line = |number: usize, word: &str| {
            let line = lines.get(number.saturating_sub(1)).and_then(|line| line.strip_prefix(word));
            line.filter(|rest| !rest.is_empty()).ok_or(NoStatement(number))
        };
        if lines.first() != Some(&FIRST_LINE) {
            return Err(NoStatement(1));
        }
        let book = line(2, "book ")?.to_owned();
        let policy = digest(line(3, "policy ")?).ok_or(NoStatement(3))?;
        let follows = match line(4, "follows ")? {
            "nothing" => None,
            hash => Some(digest(hash).ok_or(NoStatement(4))?),
        };
        let recovery = match lines.len() {
            4 => None,
            6 => {
                let (size, root) = head(line(5, "recovers ")?).ok_or(NoStatement(5))?;
                let (lost_size, lost_root) = head(line(6, "abandons ")?).ok_or(NoStatement(6))?;
                Some(Recovery { size, root, lost_size, lost_root })
            }
            other => return Err(NoStatement(other.min(7))),
        };
        Ok(Statement { book, policy, follows, recovery })
    }
}

/// The text that is signed.
impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let follows = self.follows.map_or("nothing".to_owned(), |hash| to_base64(&hash));
        writeln!(f, "{FIRST_LINE}\nbook {}\npolicy {}\nfollows {follows}", self.book, to_base64(&self.policy))?;
        match &self.recovery {
            None => Ok(()),
            Some(Recovery { size, root, lost_size, lost_root }) => {
                writeln!(f, "recovers {size} {}\nabandons {lost_size} {}", to_base64(root), to_base64(lost_root))
            }
        }
    }
}

/// The name of a policy in a statement: SHA-256 of its text.
pub fn policy_digest(text: &str) -> Digest {
    Sha256::digest(text).into()
}

impl Policy {
    /// Whether a key of one of the policy's logs signed a statement.
    pub fn log_endorses(&self, statement: &Note) -> Result<bool, SignatureError> {
        let mut endorsed = false;
        for log in &self.logs {
            endorsed |= log.key.kind() == ED25519 && !statement.signed_by(&log.key)?.is_empty();
        }
        Ok(endorsed)
    }

    /// Whether the policy's quorum signed a statement.
    pub fn quorum_endorses(&self, statement: &Note) -> Result<bool, SignatureError> {
        let mut endorsed = Vec::new();
        for witness in &self.witnesses {
            if let Some(key) = witness.key.endorser()
                && !statement.signed_by(&key)?.is_empty()
            {
                endorsed.push(witness.name.as_str());
            }
        }
        Ok(self.is_quorum(|witness: &Witness| endorsed.contains(&witness.name.as_str())))
    }
}

fn head(text: &str) -> Option<(u64, Digest)> {
    let (size, root) = text.split_once(' ')?;
    Some((decimal(size)?, digest(root)?))
}
