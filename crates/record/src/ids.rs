//! Identities and fingerprints: nothing random, so the same commands give the same ids, bytes and root on every store.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{Command, Digest, Sequence, command};

/// The UUIDv7 of the voucher in record `sequence` of `book`: the record's milliseconds, then SHA-256(book, sequence).
pub fn voucher_id(book: &str, sequence: Sequence, time_micros: i64) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(b"earmark/voucher/v1\0");
    hash.update(book.as_bytes());
    hash.update([0]);
    hash.update(sequence.to_be_bytes());
    let digest: Digest = hash.finalize().into();
    let mut tail = [0u8; 10];
    tail.copy_from_slice(digest.first_chunk::<10>().unwrap_or(&[0; 10]));
    let millis = u64::try_from(time_micros.div_euclid(1_000)).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
}

/// What a request_id stands for: the book, the person who asked and the canonical command. The same request_id with another
/// fingerprint is refused.
pub fn command_fingerprint(book: &str, person: &str, command: &Command) -> Digest {
    canonical_fingerprint(book, person, &command::encode(command))
}

/// [`command_fingerprint`] of a command's canonical bytes.
pub fn canonical_fingerprint(book: &str, person: &str, canonical: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update(b"earmark/command/v1\0");
    for part in [book, person] {
        hash.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.update(canonical);
    hash.finalize().into()
}
