//! Why a tree, a proof or a verification is refused; one closed set for the crate.

use crate::Node;

/// Why a tree, a proof or a verification is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The tree is larger than [`crate::MAX_SIZE`].
    #[error("a tree of {0} leaves is too large")]
    TooLarge(u64),
    /// A right edge does not have the number of subtrees that its size demands.
    #[error("the right edge of {size} leaves has {expected} digests, not {found}")]
    WrongEdge {
        /// Leaves.
        size: u64,
        /// One digest for each one-bit of the size.
        expected: usize,
        /// Digests given.
        found: usize,
    },
    /// There is no such leaf in the tree.
    #[error("leaf {index} lies outside a tree of {size} leaves")]
    IndexOutOfRange {
        /// Index asked for, from 0.
        index: u64,
        /// Leaves.
        size: u64,
    },
    /// A consistency proof goes from a smaller or equal tree to a larger one.
    #[error("a tree of {old} leaves is no beginning of one of {new}")]
    OldLarger {
        /// Leaves of the older tree.
        old: u64,
        /// Leaves of the newer tree.
        new: u64,
    },
    /// The source of nodes does not hold one that the proof needs.
    #[error("node {} of level {} is not to be had", .0.index, .0.level)]
    MissingNode(Node),
    /// The proof is too long or too short for its sizes.
    #[error("the proof has {found} digests, expected {expected}")]
    WrongLength {
        /// Digests that a proof for these sizes has.
        expected: usize,
        /// Digests given.
        found: usize,
    },
    /// The proof leads to another root.
    #[error("the proof leads to another root")]
    RootMismatch,
    /// The proof leads to another root of the older tree.
    #[error("the proof leads to another root of the older tree")]
    OldRootMismatch,
}
