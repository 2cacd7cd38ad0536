//! The key filter: tells for most facts at once that they do not exist, and never denies one that does. Built from committed records
//! only, in log order, so that its bytes are a function of the log and a StateDigest can commit them.

use borsh::{BorshDeserialize, BorshSerialize};
use record::{Digest, hash};

use crate::rows::FactHash;

/// Keys that the first layer holds before a next one, twice as large, is opened.
const FIRST_LAYER_KEYS: u64 = 1 << 16;
/// Bits a key: with [`PROBES`] about 1 key in 2,000 that is not there looks as if it were, and costs a query.
const BITS_PER_KEY: u64 = 16;
/// Bits set and read a key.
const PROBES: u32 = 8;

/// A growing Bloom filter over fact names, which are uniform hashes already.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Filter {
    layers: Vec<Layer>,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
struct Layer {
    /// Keys added.
    keys: u64,
    /// Keys that it takes.
    capacity: u64,
    /// The bits, in words; a power of two of them.
    words: Vec<u64>,
}

impl Layer {
    fn with_capacity(capacity: u64) -> Layer {
        let words = usize::try_from(capacity.saturating_mul(BITS_PER_KEY) >> 6).unwrap_or(0);
        Layer { keys: 0, capacity, words: vec![0; words] }
    }

    /// Word index and bit mask of each probe.
    fn probes(&self, key: &FactHash) -> impl Iterator<Item = (usize, u64)> + use<> {
        let number = u128::from_le_bytes(*key);
        let (low, high) = (number as u64, (number >> 64) as u64 | 1);
        let mask = (self.words.len() as u64).wrapping_mul(64).wrapping_sub(1);
        (0..PROBES).map(move |i| {
            let bit = low.wrapping_add(high.wrapping_mul(u64::from(i))) & mask;
            ((bit >> 6) as usize, 1u64 << (bit & 63))
        })
    }
}

impl Filter {
    /// Adds a key.
    pub fn add(&mut self, key: &FactHash) {
        let full = self.layers.last().is_none_or(|layer| layer.keys >= layer.capacity);
        if full {
            let capacity = self.layers.last().map_or(FIRST_LAYER_KEYS, |layer| layer.capacity.saturating_mul(2));
            self.layers.push(Layer::with_capacity(capacity));
        }
        if let Some(layer) = self.layers.last_mut() {
            layer.keys = layer.keys.saturating_add(1);
            for (word, bit) in layer.probes(key) {
                if let Some(word) = layer.words.get_mut(word) {
                    *word |= bit;
                }
            }
        }
    }

    /// Whether the key may exist. False is certain.
    pub fn may_hold(&self, key: &FactHash) -> bool {
        self.layers
            .iter()
            .any(|layer| layer.probes(key).all(|(word, bit)| layer.words.get(word).is_some_and(|w| w & bit != 0)))
    }

    /// Canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        borsh::to_vec(self).unwrap_or_default()
    }

    /// The filter of canonical bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Filter> {
        borsh::from_slice(bytes).ok()
    }

    /// SHA-256 of the canonical bytes.
    pub fn digest(&self) -> Digest {
        hash::sha256(&self.to_bytes())
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
        for i in 0..100_000 {
            filter.add(&key(i));
        }
        assert!((0..100_000).all(|i| filter.may_hold(&key(i))));
        let imagined = (100_000..200_000).filter(|i| filter.may_hold(&key(*i))).count();
        assert!(imagined < 300, "{imagined} of 100,000");
        assert_eq!(Filter::from_bytes(&filter.to_bytes()).as_ref(), Some(&filter));
    }
}
