//! Checkpoints of `c2sp.org/tlog-checkpoint`: which log, how many leaves, which root. Signed, they are notes.

use std::fmt;

use crate::note::{Note, NoteError};
use crate::text::{decimal, digest, to_base64};
use crate::{Digest, MAX_SIZE};

/// Why a text is no checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It is no signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Fewer than three lines, or an empty one among them.
    #[error("a checkpoint has at least three lines, none of them empty: origin, size, root")]
    Lines,
    /// The second line is no size.
    #[error("the size of a checkpoint is a decimal number up to 2^63 - 1, without leading zeros")]
    Size,
    /// The third line is no SHA-256 value in base64.
    #[error("the root of a checkpoint is 32 bytes in base64")]
    Root,
}

/// What a checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: a name that is never used for another one.
    pub origin: String,
    /// Leaves.
    pub size: u64,
    /// Root over them.
    pub root: Digest,
    /// Further lines, opaque. Earmark writes none.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    pub fn new(origin: &str, size: u64, root: Digest) -> Checkpoint {
        Checkpoint { origin: origin.to_owned(), size, root, extensions: Vec::new() }
    }

    /// Reads the text of a note.
    pub fn parse(text: &str) -> Result<Checkpoint, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?.split('\n');
        let mut line = || lines.next().filter(|line| !line.is_empty()).ok_or(CheckpointError::Lines);
        let (origin, size, root) = (line()?, line()?, line()?);
        let size = decimal(size).filter(|size| *size <= MAX_SIZE).ok_or(CheckpointError::Size)?;
        let root = digest(root).ok_or(CheckpointError::Root)?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::Lines);
        }
        Ok(Checkpoint { origin: origin.to_owned(), size, root, extensions })
    }
}

/// The text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, to_base64(&self.root))?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A checkpoint and the note that it came in: nothing is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// As it was signed.
    pub note: Note,
}

impl SignedCheckpoint {
    /// Reads a signed note that is a checkpoint.
    pub fn parse(text: &str) -> Result<SignedCheckpoint, CheckpointError> {
        SignedCheckpoint::of(Note::parse(text)?)
    }

    /// Takes a note for a checkpoint.
    pub fn of(note: Note) -> Result<SignedCheckpoint, CheckpointError> {
        Ok(SignedCheckpoint { checkpoint: Checkpoint::parse(note.text())?, note })
    }
}
