//! SHA-256, plain and as the leaf hash of RFC 6962 section 2.1. Inner nodes and trees stand in `proof`.

use borsh::BorshSerialize;
use borsh::io::{self, Write};
use sha2::{Digest as _, Sha256};

use crate::Digest;

/// SHA-256 of the bytes.
pub fn sha256(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

/// SHA-256 of the parts one after another.
pub fn sha256_of(parts: &[&[u8]]) -> Digest {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

/// SHA-256 of a value's canonical bytes, which are not held together for it.
pub fn sha256_encoded(value: &impl BorshSerialize) -> Digest {
    let mut hashing = Hashing(Sha256::new());
    // Hashing takes all it is given.
    let _ = value.serialize(&mut hashing);
    hashing.0.finalize().into()
}

struct Hashing(Sha256);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Leaf hash of a record body exactly as stored: SHA-256(0x00 || body).
pub fn leaf_hash(body: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update([0x00]);
    hash.update(body);
    hash.finalize().into()
}
