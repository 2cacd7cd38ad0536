//! Gathers the nodes that many proofs take while the leaves go by once: for logs that are read from front to back. Where nodes are kept,
//! proofs are made from there (`prove`).

use std::collections::{BTreeMap, BTreeSet};

use crate::prove::{consistency_proof_from, edge_from, inclusion_proof_from};
use crate::{Digest, Node, ProofError, node_hash};

/// Wanted nodes, filled in as leaves come.
#[derive(Debug, Default)]
pub struct Gather {
    nodes: BTreeMap<Node, Digest>,
    wanted: BTreeSet<Node>,
    size: u64,
    /// Roots of the perfect subtrees of what has come, largest first, with their levels.
    edge: Vec<(u32, Digest)>,
}

impl Gather {
    /// Wants what proves a leaf in the tree of a size.
    pub fn inclusion(&mut self, index: u64, size: u64) -> Result<(), ProofError> {
        inclusion_proof_from(index, size, |node| self.want(node)).map(drop)
    }

    /// Wants what proves that a tree is the beginning of another.
    pub fn consistency(&mut self, old: u64, new: u64) -> Result<(), ProofError> {
        consistency_proof_from(old, new, |node| self.want(node)).map(drop)
    }

    /// Wants the right edge of the tree of a size.
    pub fn edge(&mut self, size: u64) -> Result<(), ProofError> {
        edge_from(size, |node| self.want(node)).map(drop)
    }

    fn want(&mut self, node: Node) -> Option<Digest> {
        self.wanted.insert(node);
        Some([0; 32])
    }

    /// Takes the next leaf hash.
    pub fn push(&mut self, leaf: Digest) {
        let mut node = Node { level: 0, index: self.size };
        let mut hash = leaf;
        self.size = self.size.saturating_add(1);
        loop {
            if self.wanted.contains(&node) {
                self.nodes.insert(node, hash);
            }
            // A right one completes the subtree above it with its left sibling.
            let left = match self.edge.last() {
                Some((level, left)) if *level == node.level && node.index & 1 == 1 => *left,
                _ => break,
            };
            self.edge.pop();
            hash = node_hash(&left, &hash);
            node = Node { level: node.level.saturating_add(1), index: node.index >> 1 };
        }
        self.edge.push((node.level, hash));
    }

    /// A wanted node, once its leaves have come.
    pub fn node(&self, node: Node) -> Option<Digest> {
        self.nodes.get(&node).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{consistency_proof, inclusion_proof, root_of, verify_consistency, verify_inclusion};

    #[test]
    fn proofs_from_gathered_nodes_are_those_from_leaves() {
        let leaves: Vec<Digest> = (0..77u8).map(|i| [i; 32]).collect();
        for size in [1u64, 2, 3, 31, 32, 33, 64, 76, 77] {
            let root = root_of(&leaves[..size as usize]);
            let mut gather = Gather::default();
            let asked: Vec<u64> = (0..size).filter(|index| index % 5 == size % 5 || *index == size - 1).collect();
            for index in &asked {
                gather.inclusion(*index, size).unwrap();
                gather.consistency(*index, size).unwrap();
                gather.edge(*index).unwrap();
            }
            leaves[..size as usize].iter().for_each(|leaf| gather.push(*leaf));
            for index in asked {
                let proof = inclusion_proof_from(index, size, |node| gather.node(node)).unwrap();
                assert_eq!(Ok(&proof), inclusion_proof(&leaves, index, size).as_ref());
                assert_eq!(verify_inclusion(&leaves[index as usize], index, size, &proof, &root), Ok(()));
                let proof = consistency_proof_from(index, size, |node| gather.node(node)).unwrap();
                assert_eq!(Ok(&proof), consistency_proof(&leaves, index, size).as_ref());
                let edge = edge_from(index, |node| gather.node(node)).unwrap();
                let tree = crate::Tree::from_edge(index, edge).unwrap();
                assert_eq!(verify_consistency(index, size, &proof, &tree.root(), &root), Ok(()));
            }
            assert!(gather.node(Node { level: 63, index: 0 }).is_none());
        }
    }
}
