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
    let mut hashing = Hashing::new(std::io::sink());
    // Nowhere takes all it is given.
    let _ = value.serialize(&mut hashing);
    hashing.finish()
}

/// Hashes what is written through it.
#[derive(Debug)]
pub struct Hashing<W> {
    hash: Sha256,
    to: W,
}

impl<W: Write> Hashing<W> {
    /// Nothing is written yet.
    pub fn new(to: W) -> Hashing<W> {
        Hashing { hash: Sha256::new(), to }
    }

    /// SHA-256 of all that was written.
    pub fn finish(self) -> Digest {
        self.hash.finalize().into()
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Leaf hash of a record body exactly as stored: SHA-256(0x00 || body).
pub fn leaf_hash(body: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update([0x00]);
    hash.update(body);
    hash.finalize().into()
}
