//! The tree of `proof` against ct-merkle and tlog_tiles, implementations that nobody here wrote: the same roots, the same proofs, and
//! each side accepts the other's. All sizes up to [`SIZES`], all leaves, all pairs of sizes; wrong proofs are refused.

use std::sync::LazyLock;

use ct_merkle::{ConsistencyProof, InclusionProof, RootHash, mem_backed_tree::MemoryBackedTree};
use proof::{Digest, Node, Tree, verify_consistency, verify_inclusion};
use sha2::Sha256;
use tlog_tiles::Hash;

const SIZES: u64 = 400;

/// Leaf hashes and the perfect subtrees above them, the roots by size, and ct-merkle's tree for each size.
struct Both {
    levels: Vec<Vec<Digest>>,
    leaves: Vec<Digest>,
    roots: Vec<Digest>,
    theirs: Vec<MemoryBackedTree<Sha256, Vec<u8>>>,
}

/// Made once for all tests.
static BOTH: LazyLock<Both> = LazyLock::new(both);

fn both() -> Both {
    let mut tree = Tree::empty();
    let mut other = MemoryBackedTree::new();
    let mut both =
        Both { levels: vec![], leaves: vec![], roots: vec![tree.root()], theirs: vec![MemoryBackedTree::new()] };
    for index in 0..SIZES {
        let content = index.to_be_bytes().to_vec();
        let leaf = record::hash::leaf_hash(&content);
        tree.push(leaf);
        other.push(content);
        both.leaves.push(leaf);
        both.roots.push(tree.root());
        both.theirs.push(other.clone());
    }
    let mut level = both.leaves.clone();
    while !level.is_empty() {
        let above = level.chunks_exact(2).map(|pair| proof::node_hash(&pair[0], &pair[1])).collect();
        both.levels.push(std::mem::replace(&mut level, above));
    }
    both
}

impl Both {
    /// A kept subtree, as tiles would give it.
    fn node(&self, node: Node) -> Option<Digest> {
        self.levels.get(usize::try_from(node.level).ok()?)?.get(usize::try_from(node.index).ok()?).copied()
    }
}

fn hashes(proof: &[Digest]) -> Vec<Hash> {
    proof.iter().copied().map(Hash).collect()
}

fn at<T>(list: &[T], index: u64) -> &T {
    &list[usize::try_from(index).unwrap()]
}

#[test]
fn roots_are_the_same() {
    let both = &*BOTH;
    for size in 0..=SIZES {
        let theirs = at(&both.theirs, size).root();
        assert_eq!(theirs.as_bytes().as_slice(), at(&both.roots, size), "{size} leaves");
        let ours = proof::root_of(&both.leaves[..usize::try_from(size).unwrap()]);
        assert_eq!(ours, *at(&both.roots, size), "{size} leaves");
    }
}

#[test]
fn inclusion_proofs_are_the_same() {
    let both = &*BOTH;
    for size in 1..=SIZES {
        let root = at(&both.roots, size);
        for index in 0..size {
            let case = format!("leaf {index} of {size}");
            let ours = proof::inclusion_proof_from(index, size, |node| both.node(node)).unwrap();
            let theirs = at(&both.theirs, size).prove_inclusion(usize::try_from(index).unwrap());
            assert_eq!(theirs.as_bytes(), ours.as_flattened(), "{case}");
            assert_eq!(verify_inclusion(at(&both.leaves, index), index, size, &ours, root), Ok(()), "{case}");
            let third =
                tlog_tiles::check_record(&hashes(&ours), size, Hash(*root), index, Hash(*at(&both.leaves, index)));
            assert!(third.is_ok(), "{case}");

            let wrong_index = (index + 1) % size;
            let outcome = verify_inclusion(at(&both.leaves, index), wrong_index, size, &ours, root);
            assert_eq!(outcome.is_ok(), size == 1, "{case}, said to be leaf {wrong_index}");
            assert!(
                verify_inclusion(at(&both.leaves, index), index, size, &ours, &[9; 32]).is_err(),
                "{case}, other root"
            );
        }
    }
}

#[test]
fn consistency_proofs_are_the_same() {
    let both = &*BOTH;
    for new in 1..=SIZES {
        let new_root = at(&both.roots, new);
        for old in 1..=new {
            let case = format!("{old} to {new}");
            let old_root = at(&both.roots, old);
            let ours = proof::consistency_proof_from(old, new, |node| both.node(node)).unwrap();
            let theirs = at(&both.theirs, new).prove_consistency(usize::try_from(new - old).unwrap());
            assert_eq!(theirs.as_bytes(), ours.as_flattened(), "{case}");
            assert_eq!(verify_consistency(old, new, &ours, old_root, new_root), Ok(()), "{case}");
            let third = tlog_tiles::check_tree(&hashes(&ours), new, Hash(*new_root), old, Hash(*old_root));
            assert!(third.is_ok(), "{case}");
            assert!(verify_consistency(old, new, &ours, &[9; 32], new_root).is_err(), "{case}, other old root");
            assert!(verify_consistency(old, new, &ours, old_root, &[9; 32]).is_err(), "{case}, other new root");
        }
    }
}

#[test]
fn leaves_give_the_proofs_that_kept_subtrees_give() {
    let both = &*BOTH;
    for size in [1, 2, 7, 64, 65, 127, SIZES] {
        for place in 0..size {
            let ours = proof::inclusion_proof(&both.leaves, place, size);
            assert_eq!(
                ours,
                proof::inclusion_proof_from(place, size, |node| both.node(node)),
                "leaf {place} of {size}"
            );
            let ours = proof::consistency_proof(&both.leaves, place, size);
            assert_eq!(ours, proof::consistency_proof_from(place, size, |node| both.node(node)), "{place} to {size}");
        }
    }
}

#[test]
fn damaged_proofs_are_refused_by_both() {
    let both = &*BOTH;
    for (index, size) in [(0, 1), (0, 2), (6, 7), (63, 64), (64, 65), (100, 199), (199, 200)] {
        let root = at(&both.roots, size);
        let their_root = at(&both.theirs, size).root();
        let leaf = at(&both.leaves, index);
        for (damage, bad) in damaged(&proof::inclusion_proof(&both.leaves, index, size).unwrap()) {
            let case = format!("leaf {index} of {size}, {damage}");
            assert!(verify_inclusion(leaf, index, size, &bad, root).is_err(), "{case}");
            let theirs = InclusionProof::<Sha256>::from_bytes(bad.as_flattened().to_vec());
            let content = index.to_be_bytes().to_vec();
            assert!(their_root.verify_inclusion(&content, index, &theirs).is_err(), "{case}");
        }
    }
    for (old, new) in [(1, 2), (3, 7), (4, 7), (6, 8), (64, 65), (65, 128), (127, 200), (200, 200)] {
        let (old_root, new_root) = (at(&both.roots, old), at(&both.roots, new));
        let their_old: RootHash<Sha256> = at(&both.theirs, old).root();
        for (damage, bad) in damaged(&proof::consistency_proof(&both.leaves, old, new).unwrap()) {
            let case = format!("{old} to {new}, {damage}");
            assert!(verify_consistency(old, new, &bad, old_root, new_root).is_err(), "{case}");
            let theirs = ConsistencyProof::<Sha256>::try_from_bytes(bad.as_flattened().to_vec()).unwrap();
            assert!(at(&both.theirs, new).root().verify_consistency(&their_old, &theirs).is_err(), "{case}");
        }
    }
}

/// The proof with a digest more, one less, one changed by a bit, two exchanged.
fn damaged(proof: &[Digest]) -> Vec<(String, Vec<Digest>)> {
    let mut bad = vec![("a digest more".to_owned(), [proof, &[[0; 32]]].concat())];
    for place in 0..proof.len() {
        let mut shorter = proof.to_vec();
        shorter.remove(place);
        bad.push((format!("without {place}"), shorter));
        let mut changed = proof.to_vec();
        changed[place][31] ^= 1;
        bad.push((format!("{place} changed"), changed));
        if place > 0 {
            let mut exchanged = proof.to_vec();
            exchanged.swap(place - 1, place);
            bad.push((format!("{place} exchanged"), exchanged));
        }
    }
    bad
}
