//! The body of `add-checkpoint` in `c2sp.org/tlog-witness`: the size that the witness cosigned last, a consistency proof from there, and
//! the new checkpoint. The same text goes by HTTP, by mail or on a stick.

use std::fmt;

use crate::Digest;
use crate::note::{MAX_NOTE_BYTES, Note, NoteError};
use crate::offline::{MAX_PATH, digests};
use crate::text::{decimal, to_base64};

/// Longest request: the longest proof and the longest note.
pub const MAX_REQUEST_BYTES: usize = MAX_NOTE_BYTES + 8 * 1024;

/// Why a text is no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It is longer than [`MAX_REQUEST_BYTES`].
    #[error("a request is at most {MAX_REQUEST_BYTES} bytes long")]
    TooLong,
    /// The first line is not `old SIZE`.
    #[error("a request begins with the line \"old SIZE\", the size without leading zeros")]
    Old,
    /// A line of the proof is no SHA-256 value in base64, or there are more than 63.
    #[error("digest {0} of the proof is not 32 bytes in base64, or is one too many (at most {MAX_PATH})")]
    Proof(usize),
    /// What follows the blank line is no signed note.
    #[error("after the blank line: {0}")]
    Note(#[from] NoteError),
}

/// A request to cosign a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Size that the witness cosigned last, as the asker believes.
    pub old: u64,
    /// Consistency proof from there; empty where the old size is 0 or the new one.
    pub proof: Vec<Digest>,
    /// The checkpoint, signed by the log.
    pub checkpoint: Note,
}

impl AddCheckpoint {
    /// Reads the text of a request.
    pub fn parse(text: &str) -> Result<AddCheckpoint, RequestError> {
        if text.len() > MAX_REQUEST_BYTES {
            return Err(RequestError::TooLong);
        }
        let (line, rest) = text.split_once('\n').ok_or(RequestError::Old)?;
        let old = line.strip_prefix("old ").and_then(decimal).ok_or(RequestError::Old)?;
        let (proof, rest) = digests(rest).map_err(RequestError::Proof)?;
        Ok(AddCheckpoint { old, proof, checkpoint: Note::parse(rest)? })
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", to_base64(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
