//! A hash for keys of a few small numbers: sums are looked up four times a receipt, and no key here comes from somebody who could gain by a
//! slow look-up that the limits of a log row would not bound.

use core::hash::{BuildHasherDefault, Hasher};
use std::collections::HashMap;

/// A map under this hash. Its order means nothing: whoever goes through it sorts.
pub(crate) type Map<K, V> = HashMap<K, V, BuildHasherDefault<Mix>>;

/// Multiplies and rotates.
#[derive(Clone, Copy, Default)]
pub(crate) struct Mix(u64);

/// An odd number with well spread bits: the golden ratio in 64 bits.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Mix {
    fn mix(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(23) ^ value).wrapping_mul(SPREAD);
    }
}

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        // The upper bits are the best mixed; tables take the lower ones.
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.mix(u64::from_le_bytes(*word)));
        let mut last = [0u8; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.mix(u64::from_le_bytes(last));
    }

    fn write_u8(&mut self, value: u8) {
        self.mix(u64::from(value));
    }

    fn write_u16(&mut self, value: u16) {
        self.mix(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.mix(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }

    fn write_i32(&mut self, value: i32) {
        self.mix(u64::from(value.cast_unsigned()));
    }

    fn write_usize(&mut self, value: usize) {
        self.mix(value as u64);
    }
}
