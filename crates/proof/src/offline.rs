//! Offline proofs of `c2sp.org/tlog-proof`: a record, its place, the way to the root, and the signed checkpoint, in one text that needs no
//! server to be checked. Earmark puts the record's exact bytes into the extra line.

use std::fmt;

use crate::checkpoint::Checkpoint;
use crate::note::{Note, NoteError};
use crate::policy::{Believed, Distrust, Policy};
use crate::text::{decimal, digest, from_base64, to_base64};
use crate::{Digest, ProofError, leaf_hash, verify_inclusion};

/// Longest text of an offline proof: a record of a mebibyte in base64, and the longest note.
pub const MAX_OFFLINE_BYTES: usize = 2 << 20;

/// Most digests of a proof: the height of the largest tree.
pub const MAX_PATH: usize = 63;

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Why a text is no offline proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfflineError {
    /// It is longer than [`MAX_OFFLINE_BYTES`].
    #[error("an offline proof is at most {MAX_OFFLINE_BYTES} bytes long")]
    TooLong,
    /// The first line is another.
    #[error("an offline proof begins with the line {FIRST_LINE}")]
    FirstLine,
    /// The extra line is no base64.
    #[error("the extra line does not read \"extra BASE64\"")]
    Extra,
    /// The index line is missing or wrong.
    #[error("the line \"index NUMBER\" is missing or has leading zeros")]
    Index,
    /// A line of the proof is no SHA-256 value in base64, or there are too many.
    #[error("digest {0} of the proof is not 32 bytes in base64, or is one too many")]
    Path(usize),
    /// What follows the blank line is no signed note.
    #[error("after the blank line: {0}")]
    Note(#[from] NoteError),
}

/// Why an offline proof does not convince.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfflineDistrust {
    /// It holds no record, and none was given beside it.
    #[error("the proof holds no record")]
    NoRecord,
    /// The checkpoint is not believed.
    #[error(transparent)]
    Checkpoint(#[from] Distrust),
    /// The way does not lead to the checkpoint's root.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

/// An offline proof; nothing is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflineProof {
    /// The record's exact bytes. They prove themselves: the leaf hash is computed from them.
    pub extra: Option<Vec<u8>>,
    /// Place of the leaf, from 0: the record's sequence less one.
    pub index: u64,
    /// The way to the root, nearest sibling first.
    pub path: Vec<Digest>,
    /// The signed checkpoint.
    pub checkpoint: Note,
}

impl OfflineProof {
    /// Reads the text of an offline proof.
    pub fn parse(text: &str) -> Result<OfflineProof, OfflineError> {
        if text.len() > MAX_OFFLINE_BYTES {
            return Err(OfflineError::TooLong);
        }
        let rest =
            text.strip_prefix(FIRST_LINE).and_then(|rest| rest.strip_prefix('\n')).ok_or(OfflineError::FirstLine)?;
        let (extra, rest) = match rest.strip_prefix("extra ") {
            Some(rest) => {
                let (line, rest) = rest.split_once('\n').ok_or(OfflineError::Extra)?;
                (Some(from_base64(line).ok_or(OfflineError::Extra)?), rest)
            }
            None => (None, rest),
        };
        let (line, rest) = rest.split_once('\n').ok_or(OfflineError::Index)?;
        let index = line.strip_prefix("index ").and_then(decimal).ok_or(OfflineError::Index)?;
        let (path, rest) = digests(rest).map_err(OfflineError::Path)?;
        Ok(OfflineProof { extra, index, path, checkpoint: Note::parse(rest)? })
    }

    /// Checks all of it with nothing but a policy: the record it holds is in the tree whose head a log signed and a quorum cosigned.
    pub fn verify(&self, policy: &Policy) -> Result<Believed, OfflineDistrust> {
        let record = self.extra.as_ref().ok_or(OfflineDistrust::NoRecord)?;
        let believed = policy.judge(&self.checkpoint)?;
        let Checkpoint { size, root, .. } = &believed.checkpoint;
        verify_inclusion(&leaf_hash(record), self.index, *size, &self.path, root)?;
        Ok(believed)
    }
}

/// The text, as it stands in a `.tlog-proof` file.
impl fmt::Display for OfflineProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", to_base64(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.path.iter().try_for_each(|hash| writeln!(f, "{}", to_base64(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// Digest lines up to a blank line, and what follows it; else the number of the line that is none.
pub(crate) fn digests(text: &str) -> Result<(Vec<Digest>, &str), usize> {
    let mut path = Vec::new();
    let mut rest = text;
    loop {
        let number = path.len().saturating_add(1);
        let (line, after) = rest.split_once('\n').ok_or(number)?;
        rest = after;
        if line.is_empty() {
            return Ok((path, rest));
        }
        if path.len() >= MAX_PATH {
            return Err(number);
        }
        path.push(digest(line).ok_or(number)?);
    }
}
