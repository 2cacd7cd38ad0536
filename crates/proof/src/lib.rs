//! The RFC 6962 Merkle tree over SHA-256: roots, the right edge that an append needs, inclusion and consistency proofs and their
//! verification. Pure: leaf hashes come in, digests go out. What a leaf is made of stands in `record`.
//!
//! Beside it the texts of C2SP that carry a tree's head to people who trust nobody: signed notes ([`Note`]), checkpoints, cosignatures and
//! keys, trust policies ([`Policy`]), offline proofs ([`OfflineProof`]) and what a witness is asked ([`AddCheckpoint`]). `docs/proof.md`
//! tells how they are used.
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

mod checkpoint;
mod error;
mod gather;
mod key;
mod mldsa;
mod note;
mod offline;
mod policy;
mod prove;
mod request;
mod span;
mod statement;
#[cfg(test)]
mod tests;
mod text;
mod tree;
mod verify;

use sha2::{Digest as _, Sha256};

pub use checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
pub use error::ProofError;
pub use gather::Gather;
pub use key::{COSIGNATURE, ED25519, KeyError, MAX_KEY_BYTES, ML_DSA_44, SignatureError, Signer, VerifierKey};
pub use note::{MAX_NOTE_BYTES, MAX_SIGNATURES, Note, NoteError, Signature};
pub use offline::{MAX_OFFLINE_BYTES, OfflineDistrust, OfflineError, OfflineProof};
pub use policy::{Believed, Distrust, Log, MAX_POLICY_BYTES, Policy, PolicyFault, PolicyFaultKind, Witness};
pub use prove::{
    consistency_proof, consistency_proof_from, edge_from, inclusion_proof, inclusion_proof_from, root_from,
};
pub use request::{AddCheckpoint, MAX_REQUEST_BYTES, RequestError};
pub use span::Node;
pub use statement::{NoStatement, Recovery, Statement, policy_digest};
pub use tree::{Tree, root_of};
pub use verify::{verify_consistency, verify_inclusion};

/// A SHA-256 value.
pub type Digest = [u8; 32];

/// Most leaves a tree may have: sizes and indices fit the signed 64-bit integers of databases.
pub const MAX_SIZE: u64 = i64::MAX as u64;

/// Leaf hash: SHA-256(0x00 || content).
pub fn leaf_hash(content: &[u8]) -> Digest {
    Sha256::new().chain_update([0x00]).chain_update(content).finalize().into()
}

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
