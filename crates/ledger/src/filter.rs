//! The key filter: tells for most facts at once that they do not exist, and never denies one that does. Built from committed records
//! only, in log order, so that its bytes are a function of the log and a StateDigest can commit them.

use std::iter;
use std::sync::Arc;

use borsh::io::{self, Read, Write};
use borsh::{BorshDeserialize, BorshSerialize};
use record::{Digest, hash};

use crate::rows::FactHash;

/// Keys that the first layer holds before a next one, twice as large, is opened: 640 KiB of it.
const FIRST_LAYER_KEYS: u64 = 1 << 18;
/// Bits a key. All bits of a key lie in one block, so that a layer costs one access to memory however large it is; with these about one
/// key in 3,000 that is not there looks in a full layer as if it were, and costs a query.
const BITS_PER_KEY: u64 = 20;
/// Words of a block, which is a line of the processor's cache. A key sets one bit in each.
const WORDS: usize = 8;
/// Bits of a block.
const BITS_PER_BLOCK: u64 = 64 * WORDS as u64;
/// Blocks that are encoded together where a filter is saved: a mebibyte.
const BLOCKS_PER_PART: usize = 1 << 14;

/// A growing Bloom filter over fact names, which are uniform hashes already. A copy shares the layers with it until the newest one takes
/// a key: the others never change again.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Filter {
    layers: Vec<Arc<Layer>>,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Layer {
    /// Keys added.
    keys: u64,
    /// Keys that it takes.
    capacity: u64,
    blocks: Vec<Block>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(align(64))]
struct Block([u64; WORDS]);

impl Block {
    fn to_bytes(self) -> [[u8; 8]; WORDS] {
        self.0.map(u64::to_le_bytes)
    }
}

// By hand, a block at a time: a filter is hashed and saved as a whole.
impl BorshSerialize for Block {
    fn serialize<W: Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(self.to_bytes().as_flattened())
    }
}

impl BorshDeserialize for Block {
    fn deserialize_reader<R: Read>(reader: &mut R) -> io::Result<Block> {
        let mut bytes = [[0; 8]; WORDS];
        reader.read_exact(bytes.as_flattened_mut())?;
        Ok(Block(bytes.map(u64::from_le_bytes)))
    }
}

/// The bit of each word that a key sets: six bits each of its first half.
fn bits(key: &FactHash) -> Block {
    let low = u128::from_le_bytes(*key) as u64;
    let mut word = 0;
    Block([(); WORDS].map(|()| {
        let bit = low.wrapping_shr(word) & 63;
        word = word.wrapping_add(6);
        1 << bit
    }))
}

impl Layer {
    fn with_capacity(capacity: u64) -> Layer {
        let blocks = capacity.saturating_mul(BITS_PER_KEY).div_ceil(BITS_PER_BLOCK);
        Layer { keys: 0, capacity, blocks: vec![Block::default(); usize::try_from(blocks).unwrap_or(0)] }
    }

    /// Index of a key's block, by its second half.
    fn block(&self, key: &FactHash) -> usize {
        let high = u128::from_le_bytes(*key) >> 64;
        (high.wrapping_mul(self.blocks.len() as u128) >> 64) as usize
    }

    /// Canonical bytes, a part at a time.
    fn parts(&self) -> impl Iterator<Item = Vec<u8>> {
        let head = [&self.keys.to_le_bytes()[..], &self.capacity.to_le_bytes(), &length(&self.blocks)].concat();
        let encode = |blocks: &[Block]| {
            let mut bytes = Vec::with_capacity(size_of_val(blocks));
            blocks.iter().for_each(|block| bytes.extend_from_slice(block.to_bytes().as_flattened()));
            bytes
        };
        iter::once(head).chain(self.blocks.chunks(BLOCKS_PER_PART).map(encode))
    }

    fn may_hold(&self, key: &FactHash, bits: &Block) -> bool {
        let held = |block: &Block| block.0.iter().zip(bits.0).all(|(word, bit)| word & bit != 0);
        self.blocks.get(self.block(key)).is_some_and(held)
    }

    fn add(&mut self, key: &FactHash, bits: &Block) {
        self.keys = self.keys.saturating_add(1);
        let block = self.block(key);
        if let Some(block) = self.blocks.get_mut(block) {
            block.0.iter_mut().zip(bits.0).for_each(|(word, bit)| *word |= bit);
        }
    }
}

/// How many, as the canonical form tells it.
fn length<T>(items: &[T]) -> [u8; 4] {
    u32::try_from(items.len()).unwrap_or(u32::MAX).to_le_bytes()
}

impl Filter {
    /// Adds a key.
    pub fn add(&mut self, key: &FactHash) {
        let full = self.layers.last().is_none_or(|layer| layer.keys >= layer.capacity);
        if full {
            let capacity = self.layers.last().map_or(FIRST_LAYER_KEYS, |layer| layer.capacity.saturating_mul(2));
            self.layers.push(Arc::new(Layer::with_capacity(capacity)));
        }
        if let Some(layer) = self.layers.last_mut() {
            Arc::make_mut(layer).add(key, &bits(key));
        }
    }

    /// Whether the key may exist. False is certain.
    pub fn may_hold(&self, key: &FactHash) -> bool {
        let bits = bits(key);
        // Newest and largest first: most of what is there stands there.
        self.layers.iter().rev().any(|layer| layer.may_hold(key, &bits))
    }

    /// Canonical bytes, a part of at most some mebibyte at a time: a filter of tens of megabytes is saved without another copy of it.
    pub fn parts(&self) -> impl Iterator<Item = Vec<u8>> {
        iter::once(length(&self.layers).to_vec()).chain(self.layers.iter().flat_map(|layer| layer.parts()))
    }

    /// The filter of canonical bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Filter> {
        borsh::from_slice(bytes).ok()
    }

    /// SHA-256 of the canonical bytes.
    pub fn digest(&self) -> Digest {
        hash::sha256_encoded(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::FactKey;

    #[test]
    fn never_denies_and_seldom_imagines() {
        let mut filter = Filter::default();
        let key = |i: u32| FactKey::Request(&format!("r-{i}")).hash();
        // Into the second layer, so that the first is full.
        for i in 0..300_000 {
            filter.add(&key(i));
        }
        assert!((0..300_000).all(|i| filter.may_hold(&key(i))));
        let imagined = (300_000..400_000).filter(|i| filter.may_hold(&key(*i))).count();
        assert!(imagined < 60, "{imagined} of 100,000");
        let bytes = filter.parts().collect::<Vec<_>>().concat();
        assert_eq!(Filter::from_bytes(&bytes).as_ref(), Some(&filter));
        assert_eq!(filter.digest(), hash::sha256(&bytes));
        let copy = filter.clone();
        filter.add(&key(300_000));
        assert!(filter.may_hold(&key(300_000)) && !copy.may_hold(&key(300_000)), "a copy stays as it was");
    }
}
