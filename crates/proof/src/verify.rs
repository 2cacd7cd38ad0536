//! Checks inclusion and consistency proofs against roots. A proof has exactly one right length for its sizes; any other is refused.

use crate::span::{Side, way_to_leaf, way_to_old_end};
use crate::{Digest, ProofError, empty_root, node_hash};

/// Whether `proof` shows that `leaf_hash` is leaf `index` of the tree of `size` leaves with this root.
pub fn verify_inclusion(
    leaf_hash: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    let steps = way_to_leaf(index, size)?;
    check_length(steps.len(), proof)?;
    let mut hash = *leaf_hash;
    for (step, sibling) in steps.iter().rev().zip(proof) {
        hash = match step.side {
            Side::Left => node_hash(sibling, &hash),
            Side::Right => node_hash(&hash, sibling),
        };
    }
    if hash == *root { Ok(()) } else { Err(ProofError::RootMismatch) }
}

/// Whether `proof` shows that the tree of `old` leaves with root `old_root` is the beginning of the tree of `new` leaves with root
/// `new_root`. The empty tree is the beginning of every tree; trees of one size must have one root.
pub fn verify_consistency(
    old: u64,
    new: u64,
    proof: &[Digest],
    old_root: &Digest,
    new_root: &Digest,
) -> Result<(), ProofError> {
    let way = way_to_old_end(old, new)?;
    if old == 0 && *old_root != empty_root() {
        return Err(ProofError::OldRootMismatch);
    }
    let Some((bottom, steps)) = way else {
        check_length(0, proof)?;
        return if old == new && old_root != new_root { Err(ProofError::RootMismatch) } else { Ok(()) };
    };
    let seeds = usize::from(bottom.start > 0);
    check_length(steps.len().saturating_add(seeds), proof)?;
    let (seed, siblings) = match proof.split_first() {
        Some((first, rest)) if seeds == 1 => (first, rest),
        _ => (old_root, proof),
    };
    let mut old_hash = *seed;
    let mut new_hash = *seed;
    for (step, sibling) in steps.iter().rev().zip(siblings) {
        match step.side {
            Side::Left => {
                old_hash = node_hash(sibling, &old_hash);
                new_hash = node_hash(sibling, &new_hash);
            }
            // What lies to the right came after the old tree.
            Side::Right => new_hash = node_hash(&new_hash, sibling),
        }
    }
    if old_hash != *old_root {
        return Err(ProofError::OldRootMismatch);
    }
    if new_hash == *new_root { Ok(()) } else { Err(ProofError::RootMismatch) }
}

fn check_length(expected: usize, proof: &[Digest]) -> Result<(), ProofError> {
    if proof.len() == expected { Ok(()) } else { Err(ProofError::WrongLength { expected, found: proof.len() }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{consistency_proof, inclusion_proof, root_of};

    fn leaves(count: u8) -> Vec<Digest> {
        (0..count).map(|i| [i; 32]).collect()
    }

    #[test]
    fn malformed_inclusion_proofs_are_refused() {
        let leaves = leaves(7);
        let root = root_of(&leaves);
        let proof = inclusion_proof(&leaves, 3, 7).unwrap();
        assert_eq!(verify_inclusion(&leaves[3], 3, 7, &proof, &root), Ok(()));

        let longer: Vec<Digest> = proof.iter().copied().chain([[0; 32]]).collect();
        let swapped: Vec<Digest> = proof.iter().rev().copied().collect();
        let length = |found| Err(ProofError::WrongLength { expected: 3, found });
        let cases = [
            ("too long", verify_inclusion(&leaves[3], 3, 7, &longer, &root), length(4)),
            ("too short", verify_inclusion(&leaves[3], 3, 7, &proof[1..], &root), length(2)),
            ("empty", verify_inclusion(&leaves[3], 3, 7, &[], &root), length(0)),
            ("other order", verify_inclusion(&leaves[3], 3, 7, &swapped, &root), Err(ProofError::RootMismatch)),
            ("other leaf", verify_inclusion(&leaves[2], 3, 7, &proof, &root), Err(ProofError::RootMismatch)),
            ("other index", verify_inclusion(&leaves[3], 2, 7, &proof, &root), Err(ProofError::RootMismatch)),
            (
                "index outside",
                verify_inclusion(&leaves[3], 7, 7, &proof, &root),
                Err(ProofError::IndexOutOfRange { index: 7, size: 7 }),
            ),
            (
                "no tree",
                verify_inclusion(&leaves[3], 0, 0, &[], &empty_root()),
                Err(ProofError::IndexOutOfRange { index: 0, size: 0 }),
            ),
        ];
        for (case, found, expected) in cases {
            assert_eq!(found, expected, "{case}");
        }
    }

    #[test]
    fn malformed_consistency_proofs_are_refused() {
        let leaves = leaves(7);
        let root = |size: usize| root_of(&leaves[..size]);
        let proof = consistency_proof(&leaves, 3, 7).unwrap();
        assert_eq!(verify_consistency(3, 7, &proof, &root(3), &root(7)), Ok(()));

        let longer: Vec<Digest> = proof.iter().copied().chain([[0; 32]]).collect();
        let length = |expected, found| Err(ProofError::WrongLength { expected, found });
        let cases = [
            ("too long", verify_consistency(3, 7, &longer, &root(3), &root(7)), length(4, 5)),
            ("too short", verify_consistency(3, 7, &proof[..3], &root(3), &root(7)), length(4, 3)),
            ("empty", verify_consistency(3, 7, &[], &root(3), &root(7)), length(4, 0)),
            ("other old", verify_consistency(3, 7, &proof, &root(4), &root(7)), Err(ProofError::OldRootMismatch)),
            ("other new", verify_consistency(3, 7, &proof, &root(3), &root(6)), Err(ProofError::RootMismatch)),
            (
                "backwards",
                verify_consistency(7, 3, &proof, &root(7), &root(3)),
                Err(ProofError::OldLarger { old: 7, new: 3 }),
            ),
            ("one size", verify_consistency(7, 7, &[], &root(7), &root(7)), Ok(())),
            ("one size, two roots", verify_consistency(7, 7, &[], &root(6), &root(7)), Err(ProofError::RootMismatch)),
            ("one size, a proof", verify_consistency(7, 7, &proof, &root(7), &root(7)), length(0, 4)),
            ("from nothing", verify_consistency(0, 7, &[], &empty_root(), &root(7)), Ok(())),
            ("from nothing, a proof", verify_consistency(0, 7, &proof, &empty_root(), &root(7)), length(0, 4)),
            (
                "from a false nothing",
                verify_consistency(0, 7, &[], &[0; 32], &root(7)),
                Err(ProofError::OldRootMismatch),
            ),
        ];
        for (case, found, expected) in cases {
            assert_eq!(found, expected, "{case}");
        }
    }
}
