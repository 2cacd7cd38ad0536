//! The upper part of the tree in memory, so that a proof reads at most two short runs of leaf hashes from the log. Every perfect subtree of
//! 256 leaves and more has its root here: a quarter of a byte a record. It follows the log when it is asked, and reads nothing but the
//! leaf hashes in the log's rows; that they lead to the committed root is checked each time.
//!
//! Tables of nodes would have to be written by every batch; these few bytes are made again in some seconds for ten million records
//! (docs/decisions/0029-inner-nodes-in-memory.md).

use std::collections::{BTreeMap, BTreeSet};

use proof::{Digest, Node, ProofError, root_from, root_of};
use record::Sequence;

use crate::store::{Store, StoreError};

/// Level of the smallest subtrees kept: 2^8 leaves, the width of a tile in other logs.
const BLOCK_LEVEL: u32 = 8;
/// Leaves of a block.
const BLOCK: usize = 1 << BLOCK_LEVEL;
/// Leaf hashes read at once while catching up: 2 MiB.
const READ_LEAVES: u64 = 65_536;

/// Roots of whole blocks and of everything above them.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    size: u64,
    /// By height above a block: the roots of the whole subtrees of that height, from the left.
    levels: Vec<Vec<Digest>>,
    /// Leaves after the last whole block.
    rest: Vec<Digest>,
}

/// Blocks whose leaves were read for one proof, by number.
pub(crate) type Blocks = BTreeMap<u64, Vec<Digest>>;

impl Nodes {
    /// Leaves taken in.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Takes a leaf in.
    pub fn push(&mut self, leaf: Digest) {
        self.size += 1;
        self.rest.push(leaf);
        if self.rest.len() < BLOCK {
            return;
        }
        let mut node = root_of(&self.rest);
        self.rest.clear();
        for height in 0.. {
            if self.levels.len() == height {
                self.levels.push(Vec::new());
            }
            let Some(level) = self.levels.get_mut(height) else { return };
            level.push(node);
            // A right one completes the subtree above it.
            let [.., left, right] = level.as_slice() else { return };
            if level.len() % 2 == 1 {
                return;
            }
            node = proof::node_hash(left, right);
        }
    }

    /// Reads on from the log up to a sequence.
    pub async fn follow<S: Store>(&mut self, store: &S, book: &str, to: Sequence) -> Result<(), StoreError> {
        while self.size < to {
            let until = to.min(self.size.saturating_add(READ_LEAVES));
            let leaves = store.leaves(book, self.size + 1, until).await?;
            if leaves.len() as u64 != until - self.size {
                return Err(StoreError::Corrupt(format!(
                    "leaf hashes of records {} to {until} are missing",
                    self.size + 1
                )));
            }
            leaves.into_iter().for_each(|leaf| self.push(leaf));
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// A node, from here or from blocks that were read.
    fn node(&self, node: Node, blocks: &Blocks) -> Option<Digest> {
        if let Some(height) = node.level.checked_sub(BLOCK_LEVEL) {
            let level = self.levels.get(usize::try_from(height).ok()?)?;
            return level.get(usize::try_from(node.index).ok()?).copied();
        }
        let width = 1usize << node.level;
        let block = block_of(node);
        let within = usize::try_from(node.index).ok()?.checked_mul(width)? % BLOCK;
        let leaves = if block == self.size / BLOCK as u64 { &self.rest } else { blocks.get(&block)? };
        leaves.get(within..within + width).map(root_of)
    }

    /// Makes something of nodes, after reading the blocks that it takes. What is asked depends on sizes alone, so that a first run, with
    /// zeros for what is not here, tells which those are.
    pub async fn make<S: Store, T>(
        &self,
        (store, book): (&S, &str),
        make: impl Fn(&mut dyn FnMut(Node) -> Option<Digest>) -> Result<T, ProofError>,
    ) -> Result<Result<T, ProofError>, StoreError> {
        let mut blocks = Blocks::new();
        let mut missing = BTreeSet::new();
        let dry = make(&mut |node| {
            let known = self.node(node, &blocks);
            if known.is_none() && node.level < BLOCK_LEVEL {
                missing.insert(block_of(node));
            }
            known.or(Some([0; 32]))
        });
        if missing.is_empty() || dry.is_err() {
            // Nothing had to be read, or nothing can be made; a node that does not exist is told by the second run.
            return Ok(make(&mut |node| self.node(node, &blocks)));
        }
        for block in missing {
            let first = block.saturating_mul(BLOCK as u64);
            let leaves = store.leaves(book, first.saturating_add(1), first.saturating_add(BLOCK as u64)).await?;
            blocks.insert(block, leaves);
        }
        Ok(make(&mut |node| self.node(node, &blocks)))
    }

    /// Root over the first so many leaves.
    pub async fn root_at<S: Store>(&self, at: (&S, &str), size: u64) -> Result<Result<Digest, ProofError>, StoreError> {
        self.make(at, |node| root_from(size, node)).await
    }
}

/// The block that a node below its level lies in.
fn block_of(node: Node) -> u64 {
    node.index >> BLOCK_LEVEL.saturating_sub(node.level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_whole_subtree_has_its_root() {
        let leaves: Vec<Digest> = (0..3_000u32)
            .map(|i| {
                let mut leaf = [0; 32];
                leaf[..4].copy_from_slice(&i.to_be_bytes());
                leaf
            })
            .collect();
        let mut nodes = Nodes::default();
        let none = Blocks::new();
        for (count, leaf) in (1u64..).zip(&leaves) {
            nodes.push(*leaf);
            assert_eq!(nodes.size(), count);
            if count % 97 != 0 && count != 3_000 {
                continue;
            }
            for level in BLOCK_LEVEL..12 {
                let width = 1u64 << level;
                for index in 0..=count / width {
                    let whole = (index + 1) * width <= count;
                    let span = usize::try_from(index * width).unwrap()..usize::try_from((index + 1) * width).unwrap();
                    let expected = whole.then(|| root_of(&leaves[span]));
                    assert_eq!(nodes.node(Node { level, index }, &none), expected, "{level}/{index} of {count}");
                }
            }
        }
        // Below, the last block is here and the others are not.
        let last = Node { level: 0, index: 2_999 };
        assert_eq!(nodes.node(last, &none), Some(leaves[2_999]));
        assert_eq!(nodes.node(Node { level: 0, index: 3_000 }, &none), None);
        assert_eq!(nodes.node(Node { level: 3, index: 2 }, &none), None);
        let first = Blocks::from([(0, leaves[..256].to_vec())]);
        assert_eq!(nodes.node(Node { level: 3, index: 2 }, &first), Some(root_of(&leaves[16..24])));
    }
}
