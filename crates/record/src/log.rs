//! The record: the unit of the log, with its header and its one canonical encoding.

use borsh::io::{Error, ErrorKind, Result as IoResult, Write};
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{Digest, Event, PersonNo, Sequence};

/// A record body never exceeds this: a command's canonical form (at most 64 KiB, presets aside) or 1,000 lines of 45 bytes fit.
pub const MAX_RECORD_BYTES: usize = 256 * 1024;

/// Who caused a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Actor {
    /// The person (staff or system account); 0 is the ledger itself.
    pub person: PersonNo,
    /// Which key or token of theirs was used: the first eight bytes of its SHA-256. Zero for the ledger itself.
    pub key_id: [u8; 8],
    /// The person's own signature over the canonical command, where they gave one.
    pub signature: Option<Vec<u8>>,
}

/// The request that a record answers; stands on the first record of a command.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Request {
    /// The caller's id for it, unique per book for ever.
    pub id: String,
    /// [`crate::command_fingerprint`] of what was asked.
    pub fingerprint: Digest,
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Record {
    /// Place in the log, from 1.
    pub sequence: Sequence,
    /// When it was decided, microseconds since the Unix epoch; never runs backwards.
    pub time: i64,
    /// Who caused it.
    pub actor: Actor,
    /// Version of the rule set that it was decided under.
    pub rule_set: u32,
    /// Place among the records of its command, from 0.
    pub part: u16,
    /// How many records its command made.
    pub parts: u16,
    /// The request it answers; on part 0 of a client's command only.
    pub request: Option<Request>,
    /// What happened.
    pub event: Event,
}

/// The outer version tag of a record body.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
enum Versioned {
    V1(Record),
}

/// Bytes that are not the canonical encoding of a record of a known version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a canonical record body: {0}")]
pub struct DecodeError(String);

/// The canonical body of a record.
pub fn encode(record: &Record) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(320);
    // Writing to a Vec cannot fail, and borsh refuses only lengths over u32, which the limits on every list exclude.
    let written = 0u8.serialize(&mut bytes).and_then(|()| record.serialize(&mut bytes));
    debug_assert!(written.is_ok(), "borsh to memory");
    bytes
}

/// The record of a body; refuses trailing bytes, unknown versions and any second spelling of the same record.
pub fn decode(body: &[u8]) -> Result<Record, DecodeError> {
    if body.len() > MAX_RECORD_BYTES {
        return Err(DecodeError(format!("{} bytes, over the limit of {MAX_RECORD_BYTES}", body.len())));
    }
    let Versioned::V1(record) = borsh::from_slice(body).map_err(|e| DecodeError(e.to_string()))?;
    let mut again = Compared { rest: body };
    let same = 0u8.serialize(&mut again).and_then(|()| record.serialize(&mut again));
    if same.is_err() || !again.rest.is_empty() {
        return Err(DecodeError("re-encoding gives other bytes".into()));
    }
    Ok(record)
}

/// Takes what is encoded again and compares it with the bytes that were decoded, as they come: a reader of whole logs encodes every
/// record a second time, and needs no memory for it.
struct Compared<'a> {
    rest: &'a [u8],
}

impl Write for Compared<'_> {
    fn write(&mut self, bytes: &[u8]) -> IoResult<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    // Inlined, since most of what comes is a number: of known length, it is compared in one step.
    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> IoResult<()> {
        self.rest = self.rest.strip_prefix(bytes).ok_or_else(|| Error::from(ErrorKind::InvalidData))?;
        Ok(())
    }

    fn flush(&mut self) -> IoResult<()> {
        Ok(())
    }
}
