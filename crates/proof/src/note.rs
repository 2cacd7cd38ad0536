//! Signed notes of `c2sp.org/signed-note`: a text, a blank line, signature lines. A note is read strictly and written back byte for byte;
//! signatures of unknown keys are kept. What the text means stands elsewhere.

use std::fmt;

use crate::key::{SignatureError, VerifierKey};
use crate::text::{from_base64, is_key_name, to_base64};

/// Longest note: a checkpoint is three lines; sixty-four post-quantum signatures of 5 kB fit beside it.
pub const MAX_NOTE_BYTES: usize = 512 << 10;

/// Most signatures of one note. The specification demands at least sixteen.
pub const MAX_SIGNATURES: usize = 64;

/// What a signature line begins with: an em dash and a space.
const DASH: &str = "\u{2014} ";

/// Why a text is no signed note.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is longer than [`MAX_NOTE_BYTES`].
    #[error("a signed note is at most {MAX_NOTE_BYTES} bytes long")]
    TooLong,
    /// It holds a control character other than the newline.
    #[error("a signed note has no control characters")]
    ControlCharacter,
    /// No blank line with signature lines after it, or no newline at the end.
    #[error("a signed note is a text, a blank line, and signature lines, each ended by a newline")]
    Shape,
    /// A line after the blank one is no signature.
    #[error("signature line {0} does not read \u{2014} NAME BASE64")]
    SignatureLine(usize),
    /// It has more than [`MAX_SIGNATURES`] signatures.
    #[error("a signed note has at most {MAX_SIGNATURES} signatures")]
    TooMany,
}

/// One signature of a note, verified or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Name of the key that it says it is of.
    pub name: String,
    /// Id of that key.
    pub id: u32,
    /// The signature itself; what it is made of depends on the key's type.
    pub bytes: Vec<u8>,
}

impl Signature {
    /// Reads `— NAME BASE64`, without the newline.
    pub fn parse(line: &str) -> Option<Signature> {
        let (name, encoded) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = from_base64(encoded)?;
        let (id, bytes) = bytes.split_first_chunk::<4>()?;
        if !is_key_name(name) || bytes.is_empty() {
            return None;
        }
        Some(Signature { name: name.to_owned(), id: u32::from_be_bytes(*id), bytes: bytes.to_vec() })
    }

    /// Reads signature lines, each ended by a newline: what a witness answers.
    pub fn parse_lines(text: &str) -> Result<Vec<Signature>, NoteError> {
        if text.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong);
        }
        let lines = text.strip_suffix('\n').ok_or(NoteError::Shape)?;
        let mut signatures = Vec::new();
        for (number, line) in (1..).zip(lines.split('\n')) {
            if number > MAX_SIGNATURES {
                return Err(NoteError::TooMany);
            }
            signatures.push(Signature::parse(line).ok_or(NoteError::SignatureLine(number))?);
        }
        Ok(signatures)
    }
}

/// The line, with its newline.
impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id.to_be_bytes()[..], &self.bytes[..]].concat();
        writeln!(f, "{DASH}{} {}", self.name, to_base64(&bytes))
    }
}

/// A text with signatures. The text must be ignored until a signature of a trusted key was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

impl Note {
    /// A note of this text, which ends with a newline and has no control characters.
    pub fn new(text: String, signatures: Vec<Signature>) -> Result<Note, NoteError> {
        let note = Note { text, signatures };
        // One reader decides what a note is.
        Note::parse(&note.to_string())
    }

    /// Reads a note.
    pub fn parse(whole: &str) -> Result<Note, NoteError> {
        if whole.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong);
        }
        if whole.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(NoteError::ControlCharacter);
        }
        let (body, lines) = whole.rsplit_once("\n\n").ok_or(NoteError::Shape)?;
        if lines.is_empty() {
            return Err(NoteError::Shape);
        }
        Ok(Note { text: format!("{body}\n"), signatures: Signature::parse_lines(lines)? })
    }

    /// The text, with its last newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All signatures, in their order.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a signature unless the very same stands there.
    pub fn add(&mut self, signature: Signature) -> Result<(), NoteError> {
        if self.signatures.contains(&signature) {
            return Ok(());
        }
        if self.signatures.len() >= MAX_SIGNATURES {
            return Err(NoteError::TooMany);
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// The signatures that a key made, verified: one that bears its name and id and does not verify spoils the note. Empty where it made
    /// none; the time of each cosignature, none of a plain signature.
    pub fn signed_by(&self, key: &VerifierKey) -> Result<Vec<Option<u64>>, SignatureError> {
        let own = self.signatures.iter().filter(|signature| key.made(signature));
        own.map(|signature| key.verify(&self.text, signature)).collect()
    }
}

/// The note as it is sent, stored and signed.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| write!(f, "{signature}"))
    }
}
