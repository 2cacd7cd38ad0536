//! The two hashes of RFC 6962 section 2.1 and plain SHA-256. Trees are built in `proof`.

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

/// Inner node hash: SHA-256(0x01 || left || right).
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut hash = Sha256::new();
    hash.update([0x01]);
    hash.update(left);
    hash.update(right);
    hash.finalize().into()
}
