//! Makes inclusion and consistency proofs (RFC 6962 section 2.1.1 and 2.1.2), from any source of nodes or from a slice of leaf hashes.
//!
//! A source is a function from [`Node`] to its hash, none where it has none. It is asked only for perfect subtrees that lie in the
//! tree, at most 126 times a proof, and what is asked depends on the sizes alone: a store that reads everything in one query first
//! calls with a source that notes the nodes and answers zeros, then again with the nodes it read.

use crate::span::{Node, Span, way_to_leaf, way_to_old_end};
use crate::tree::{fold, root_of};
use crate::{Digest, MAX_SIZE, ProofError};

/// Proof that leaf `index` is in the tree of `size` leaves, nearest sibling first.
pub fn inclusion_proof_from(
    index: u64,
    size: u64,
    mut node: impl FnMut(Node) -> Option<Digest>,
) -> Result<Vec<Digest>, ProofError> {
    way_to_leaf(index, size)?.iter().rev().map(|step| hash_of(step.sibling, &mut node)).collect()
}

/// Proof that the tree of `old` leaves is the beginning of the tree of `new` leaves; empty where `old` is 0 or equals `new`.
pub fn consistency_proof_from(
    old: u64,
    new: u64,
    mut node: impl FnMut(Node) -> Option<Digest>,
) -> Result<Vec<Digest>, ProofError> {
    let Some((bottom, steps)) = way_to_old_end(old, new)? else { return Ok(Vec::new()) };
    // Where the old tree is itself a subtree of the new one, its root is known to whoever verifies.
    let seed = (bottom.start > 0).then_some(bottom);
    let siblings = steps.iter().rev().map(|step| step.sibling);
    seed.into_iter().chain(siblings).map(|span| hash_of(span, &mut node)).collect()
}

/// Root of the first `size` leaves.
pub fn root_from(size: u64, mut node: impl FnMut(Node) -> Option<Digest>) -> Result<Digest, ProofError> {
    if size > MAX_SIZE {
        return Err(ProofError::TooLarge(size));
    }
    hash_of(Span { start: 0, end: size }, &mut node)
}

/// The right edge of the first `size` leaves: what a tree goes on from ([`crate::Tree::from_edge`]).
pub fn edge_from(size: u64, mut node: impl FnMut(Node) -> Option<Digest>) -> Result<Vec<Digest>, ProofError> {
    if size > MAX_SIZE {
        return Err(ProofError::TooLarge(size));
    }
    let peaks = Span { start: 0, end: size }.peaks();
    peaks.into_iter().map(|peak| node(peak).ok_or(ProofError::MissingNode(peak))).collect()
}

/// [`inclusion_proof_from`] over the leaf hashes of a tree that has at least `size` of them.
pub fn inclusion_proof(leaf_hashes: &[Digest], index: u64, size: u64) -> Result<Vec<Digest>, ProofError> {
    inclusion_proof_from(index, size, from_leaves(leaf_hashes))
}

/// [`consistency_proof_from`] over the leaf hashes of a tree that has at least `new` of them.
pub fn consistency_proof(leaf_hashes: &[Digest], old: u64, new: u64) -> Result<Vec<Digest>, ProofError> {
    consistency_proof_from(old, new, from_leaves(leaf_hashes))
}

fn from_leaves(leaf_hashes: &[Digest]) -> impl FnMut(Node) -> Option<Digest> {
    |node| {
        let Span { start, end } = node.span();
        let covered = leaf_hashes.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)?;
        Some(root_of(covered))
    }
}

fn hash_of(span: Span, node: &mut impl FnMut(Node) -> Option<Digest>) -> Result<Digest, ProofError> {
    let peaks: Result<Vec<Digest>, ProofError> =
        span.peaks().into_iter().map(|peak| node(peak).ok_or(ProofError::MissingNode(peak))).collect();
    Ok(fold(&peaks?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_asked_for_perfect_subtrees_within_the_tree() {
        let leaves: Vec<Digest> = (0..77u8).map(|i| [i; 32]).collect();
        let mut asked = Vec::new();
        let dry = inclusion_proof_from(70, 77, |node| {
            asked.push(node);
            Some([0; 32])
        });
        assert_eq!(dry.map(|proof| proof.len()), Ok(5));
        assert!(asked.iter().all(|node| node.span().end <= 77), "{asked:?}");

        // The second call with just those nodes gives the same as the leaves do.
        let held: Vec<(Node, Digest)> =
            asked.iter().filter_map(|node| from_leaves(&leaves)(*node).map(|hash| (*node, hash))).collect();
        let proof = inclusion_proof_from(70, 77, |node| held.iter().find(|(n, _)| *n == node).map(|(_, hash)| *hash));
        assert_eq!(proof, inclusion_proof(&leaves, 70, 77));
    }

    #[test]
    fn what_cannot_be_proven_is_refused() {
        let leaves = [[7; 32]; 5];
        assert_eq!(inclusion_proof(&leaves, 5, 5), Err(ProofError::IndexOutOfRange { index: 5, size: 5 }));
        assert_eq!(inclusion_proof(&leaves, 0, 0), Err(ProofError::IndexOutOfRange { index: 0, size: 0 }));
        assert_eq!(consistency_proof(&leaves, 4, 3), Err(ProofError::OldLarger { old: 4, new: 3 }));
        assert_eq!(inclusion_proof(&leaves, 0, u64::MAX), Err(ProofError::TooLarge(u64::MAX)));
        assert!(matches!(inclusion_proof(&leaves, 0, 6), Err(ProofError::MissingNode(_))));
        assert!(matches!(consistency_proof(&leaves, 3, 6), Err(ProofError::MissingNode(_))));
    }
}
