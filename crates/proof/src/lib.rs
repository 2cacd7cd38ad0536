//! The RFC 6962 Merkle tree over SHA-256: roots, the right edge that an append needs, inclusion and consistency proofs and their
//! verification. Pure: leaf hashes come in, digests go out. What a leaf is made of stands in `record`; signed checkpoints are not here yet.
//!
//! A tree of n leaves is cut at the largest power of two below n, again and again. So every proof needs only roots of *perfect*
//! subtrees, named by [`Node`]; wherever those are kept (a slice of leaves, tiles in a database), the same generator serves.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used))]

mod error;
mod prove;
mod span;
mod tree;
mod verify;

use sha2::{Digest as _, Sha256};

pub use error::ProofError;
pub use prove::{consistency_proof, consistency_proof_from, inclusion_proof, inclusion_proof_from};
pub use span::Node;
pub use tree::{Tree, root_of};
pub use verify::{verify_consistency, verify_inclusion};

/// A SHA-256 value.
pub type Digest = [u8; 32];

/// Most leaves a tree may have: sizes and indices fit the signed 64-bit integers of databases.
pub const MAX_SIZE: u64 = i64::MAX as u64;

/// Inner node hash: SHA-256(0x01 || left || right).
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut hash = Sha256::new();
    hash.update([0x01]);
    hash.update(left);
    hash.update(right);
    hash.finalize().into()
}

/// Root of the empty tree: SHA-256 of nothing.
pub fn empty_root() -> Digest {
    Sha256::digest([]).into()
}
