//! The append-only tree, kept as its right edge: enough to append and to tell the root, nothing more. Proofs stand in `prove`.

use crate::{Digest, MAX_SIZE, ProofError, empty_root, node_hash};

/// A tree kept as its right edge: the roots of the perfect subtrees that make it up, largest first, one for each one-bit of its size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    edge: Vec<Digest>,
}

impl Tree {
    /// The tree without leaves.
    pub fn empty() -> Tree {
        Tree::default()
    }

    /// The tree of this size with this right edge, as [`Tree::edge`] gave it.
    pub fn from_edge(size: u64, edge: Vec<Digest>) -> Result<Tree, ProofError> {
        if size > MAX_SIZE {
            return Err(ProofError::TooLarge(size));
        }
        let expected = usize::try_from(size.count_ones()).unwrap_or(usize::MAX);
        if edge.len() != expected {
            return Err(ProofError::WrongEdge { size, expected, found: edge.len() });
        }
        Ok(Tree { size, edge })
    }

    /// Appends a leaf by its hash. Amortised, one inner node is hashed for each leaf.
    pub fn push(&mut self, leaf_hash: Digest) {
        let mut root = leaf_hash;
        for _ in 0..self.size.trailing_ones() {
            let Some(left) = self.edge.pop() else { break };
            root = node_hash(&left, &root);
        }
        self.edge.push(root);
        // Starting at MAX_SIZE at most, u64 is not exhausted in 10^5 years at a million appends a second.
        self.size = self.size.saturating_add(1);
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its RFC 6962 root; SHA-256 of nothing for the empty tree.
    pub fn root(&self) -> Digest {
        fold(&self.edge)
    }

    /// The right edge, largest subtree first.
    pub fn edge(&self) -> &[Digest] {
        &self.edge
    }
}

/// RFC 6962 root over leaf hashes.
pub fn root_of(leaf_hashes: &[Digest]) -> Digest {
    let mut tree = Tree::empty();
    for leaf in leaf_hashes {
        tree.push(*leaf);
    }
    tree.root()
}

/// Root over perfect subtrees, largest first.
pub(crate) fn fold(peaks: &[Digest]) -> Digest {
    match peaks.split_last() {
        Some((last, rest)) => rest.iter().rev().fold(*last, |right, left| node_hash(left, &right)),
        None => empty_root(),
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    fn hex(digest: &Digest) -> String {
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The leaves and roots that the certificate-transparency project tests its own implementations with.
    #[test]
    fn known_roots() {
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Tree::empty();
        assert_eq!(hex(&tree.root()), roots[0]);
        for (leaf, root) in leaves.iter().zip(&roots[1..]) {
            tree.push(Sha256::new().chain_update([0]).chain_update(leaf).finalize().into());
            assert_eq!(hex(&tree.root()), *root, "{} leaves", tree.size());
        }
    }

    #[test]
    fn a_tree_goes_on_from_its_edge() {
        let leaves: Vec<Digest> = (0..70u8).map(|i| [i; 32]).collect();
        let mut tree = Tree::empty();
        for (i, leaf) in leaves.iter().enumerate() {
            let kept = Tree::from_edge(tree.size(), tree.edge().to_vec()).unwrap();
            assert_eq!(kept, tree);
            assert_eq!(tree.root(), root_of(&leaves[..i]));
            tree = kept;
            tree.push(*leaf);
        }
        assert_eq!(tree.root(), root_of(&leaves));
    }

    #[test]
    fn an_edge_fits_its_size() {
        for (size, digests, ok) in
            [(0, 0, true), (0, 1, false), (1, 1, true), (1, 0, false), (6, 2, true), (6, 3, false), (8, 3, false)]
        {
            assert_eq!(Tree::from_edge(size, vec![[0; 32]; digests]).is_ok(), ok, "{size} leaves, {digests} digests");
        }
        assert!(Tree::from_edge(MAX_SIZE, vec![[0; 32]; 63]).is_ok());
        assert_eq!(Tree::from_edge(MAX_SIZE + 1, vec![[0; 32]]), Err(ProofError::TooLarge(MAX_SIZE + 1)));
    }
}
