//! SHA-256, plain and as the leaf hash of RFC 6962 section 2.1. Inner nodes and trees stand in `proof`.

use sha2::{Digest as _, Sha256};

use crate::Digest;

/// SHA-256 of the bytes.
pub fn sha256(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

/// Leaf hash of a record body exactly as stored: SHA-256(0x00 || body).
pub fn leaf_hash(body: &[u8]) -> Digest {
    let mut hash = Sha256::new();
    hash.update([0x00]);
    hash.update(body);
    hash.finalize().into()
}
