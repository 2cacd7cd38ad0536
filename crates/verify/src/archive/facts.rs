//! What was used, and where: a fact of 16 bytes for each request, bill and slip of a whole log. They come in no order and are asked about
//! once, at the end, so they are kept in buckets by the first bits of their names, and each bucket is sorted then.

use record::{Digest, Sequence, hash};

/// A fact: the first 87 bits of a SHA-256, and below them the sequence. Two of a hundred million facts share their bits by chance less
/// than once in ten thousand million books; sequences beyond 2^40 take some ten years at three thousand records a second.
pub(crate) type Fact = u128;
const SEQUENCE_BITS: u32 = 40;
const SEQUENCE_MASK: u128 = (1 << SEQUENCE_BITS) - 1;
const REQUEST: u128 = 1 << 127;
/// Buckets, as a power of two: of ten million receipts one holds what a processor's cache does, so that sorting it is quick.
const BUCKET_BITS: u32 = 8;
/// Facts that a bucket grows by: 8 KiB, so that all buckets together have 1 MiB of room that is not used yet.
const BLOCK: usize = 512;

/// What can be used once.
#[derive(Clone, Copy)]
pub(crate) enum Once<'a> {
    Request(&'a str),
    Bill(&'a str),
    Paper(&'a Digest),
}

impl Once<'_> {
    /// Its name: a fact at sequence 0.
    pub(crate) fn name(self) -> Fact {
        let (tag, bytes) = match self {
            Once::Request(id) => (1u8, id.as_bytes()),
            Once::Bill(no) => (2, no.as_bytes()),
            Once::Paper(digest) => (3, digest.as_slice()),
        };
        let mut text = [0u8; 65];
        let place = bytes.len().min(64);
        let digest = match text.split_at_mut_checked(1) {
            Some((first, rest)) if bytes.len() <= 64 => {
                first.fill(tag);
                rest.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
                hash::sha256(text.get(..place.saturating_add(1)).unwrap_or(&text))
            }
            _ => hash::sha256(&[&[tag][..], bytes].concat()),
        };
        let first: [u8; 16] = digest.first_chunk().copied().unwrap_or_default();
        // The topmost bit tells requests from the rest.
        let name = u128::from_be_bytes(first) & !SEQUENCE_MASK & !REQUEST;
        if tag == 1 { name | REQUEST } else { name }
    }
}

/// Facts of which the first bits are the same, in blocks that are not moved when more come.
#[derive(Default)]
struct Bucket {
    full: Vec<Vec<Fact>>,
    open: Vec<Fact>,
}

impl Bucket {
    fn add(&mut self, fact: Fact) {
        if self.open.len() >= BLOCK {
            self.full.push(core::mem::take(&mut self.open));
        }
        if self.open.capacity() == 0 {
            self.open.reserve_exact(BLOCK);
        }
        self.open.push(fact);
    }

    /// All of them in order, and nothing beside.
    fn sorted(self) -> Vec<Fact> {
        let blocks = self.full.len().saturating_mul(BLOCK);
        let mut all = Vec::with_capacity(blocks.saturating_add(self.open.len()));
        self.full.into_iter().for_each(|block| all.extend(block));
        all.extend(self.open);
        all.sort_unstable();
        all
    }
}

/// Facts as they come.
pub(crate) struct Facts(Vec<Bucket>);

impl Default for Facts {
    fn default() -> Facts {
        Facts((0..1 << BUCKET_BITS).map(|_| Bucket::default()).collect())
    }
}

impl Facts {
    /// Notes that a name was used.
    pub(crate) fn add(&mut self, name: Fact, sequence: Sequence) {
        if let Some(bucket) = self.0.get_mut(bucket_of(name)) {
            bucket.add(name | (u128::from(sequence) & SEQUENCE_MASK));
        }
    }

    /// All facts, in order.
    pub(crate) fn close(&mut self) -> Sorted {
        Sorted(core::mem::take(self).0.into_iter().map(Bucket::sorted).collect())
    }
}

/// The bucket of a name: its first bits.
fn bucket_of(name: Fact) -> usize {
    usize::try_from(name >> (u128::BITS - BUCKET_BITS)).unwrap_or(0)
}

/// All facts of a log in order.
pub(crate) struct Sorted(Vec<Vec<Fact>>);

impl Sorted {
    /// The first sequence of a name.
    pub(crate) fn first(&self, name: Fact) -> Option<Sequence> {
        let bucket = self.0.get(bucket_of(name))?;
        let at = bucket.partition_point(|fact| *fact < name);
        bucket.get(at).filter(|fact| name_of(**fact) == name).map(|fact| sequence_of(*fact))
    }

    /// Facts with the name of an earlier one: whether it is a request's, first and later sequence.
    pub(crate) fn twice(&self) -> Vec<(bool, Sequence, Sequence)> {
        let mut found = Vec::new();
        let mut first: Option<Fact> = None;
        for fact in self.0.iter().flatten() {
            match first.filter(|first| name_of(*first) == name_of(*fact)) {
                Some(first) => found.push((fact & REQUEST != 0, sequence_of(first), sequence_of(*fact))),
                None => first = Some(*fact),
            }
        }
        found
    }
}

fn name_of(fact: Fact) -> Fact {
    fact & !SEQUENCE_MASK
}

fn sequence_of(fact: Fact) -> Sequence {
    Sequence::try_from(fact & SEQUENCE_MASK).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_again_is_found_with_its_first_use() {
        let mut facts = Facts::default();
        // More than a block of every bucket holds.
        let ids: Vec<String> = (0..300_000).map(|no| format!("R-{no}")).collect();
        ids.iter().zip(1..).for_each(|(id, at)| facts.add(Once::Request(id).name(), at));
        for (id, at) in [(&ids[77], 300_001), (&ids[299_999], 300_002), (&ids[77], 300_003)] {
            facts.add(Once::Request(id).name(), at);
        }
        // The same text as a bill is another name.
        facts.add(Once::Bill(&ids[5]).name(), 300_004);
        facts.add(Once::Paper(&[7; 32]).name(), 9);
        facts.add(Once::Paper(&[7; 32]).name(), 4);
        let sorted = facts.close();
        let mut twice = sorted.twice();
        twice.sort_unstable();
        assert_eq!(twice, [(false, 4, 9), (true, 78, 300_001), (true, 78, 300_003), (true, 300_000, 300_002)]);
        for (name, first) in [
            (Once::Request(&ids[77]).name(), Some(78)),
            (Once::Bill(&ids[5]).name(), Some(300_004)),
            (Once::Bill(&ids[6]).name(), None),
            (Once::Paper(&[7; 32]).name(), Some(4)),
        ] {
            assert_eq!(sorted.first(name), first);
        }
    }
}
