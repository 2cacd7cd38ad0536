//! What was used, and where: a fact of 14 bytes for each request, bill and slip of a whole log. They come in no order and are asked about
//! once, at the end, so they are kept in buckets by the first bits of their names, which need not be kept then, and each bucket is sorted.

use std::collections::BTreeMap;

use record::{Digest, Sequence, hash};

/// A fact, of 120 bits: whether it is a request, the first 79 bits of a SHA-256, and below them the sequence. Two of a hundred million
/// facts share their bits by chance once in a hundred million books; sequences beyond 2^40 take some ten years at three thousand
/// records a second.
pub(crate) type Fact = u128;
const BITS: u32 = 120;
const SEQUENCE_BITS: u32 = 40;
const SEQUENCE_MASK: u128 = (1 << SEQUENCE_BITS) - 1;
const REQUEST: u128 = 1 << (BITS - 1);
/// Buckets, as a power of two: of ten million receipts one holds what a processor's cache does, so that sorting it is quick.
const BUCKET_BITS: u32 = 8;
/// What is left of a fact in its bucket.
type Kept = [u8; 14];
/// Facts that a bucket grows by: some 8 KiB, so that all buckets together have 1 MiB of room that is not used yet.
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
        let name = u128::from_be_bytes(first) >> (u128::BITS - BITS) & !SEQUENCE_MASK & !REQUEST;
        if tag == 1 { name | REQUEST } else { name }
    }
}

/// Facts of which the first bits are the same, in blocks that are not moved when more come.
#[derive(Default)]
struct Bucket {
    full: Vec<Vec<Kept>>,
    open: Vec<Kept>,
}

impl Bucket {
    fn add(&mut self, fact: Fact) {
        if self.open.len() >= BLOCK {
            self.full.push(core::mem::take(&mut self.open));
        }
        if self.open.capacity() == 0 {
            self.open.reserve_exact(BLOCK);
        }
        self.open.push(fact.to_le_bytes().first_chunk().copied().unwrap_or_default());
    }

    /// Puts all of them, in order, in the place of what stood there; one block after the other is given back.
    fn sort_into(self, no: usize, all: &mut Vec<Fact>) {
        let first = (no as Fact) << (BITS - BUCKET_BITS);
        let whole = |kept: Kept| {
            let mut bytes = [0; 16];
            bytes.iter_mut().zip(kept).for_each(|(to, from)| *to = from);
            first | Fact::from_le_bytes(bytes)
        };
        all.clear();
        self.full.into_iter().chain([self.open]).for_each(|block| all.extend(block.into_iter().map(whole)));
        all.sort_unstable();
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

    /// Closes them: what was used twice, and where each of these names was used first. Bucket after bucket is sorted in one place, so that
    /// facts are never held twice.
    pub(crate) fn close(&mut self, asked: impl Iterator<Item = Fact>) -> Closed {
        let mut closed = Closed::default();
        let mut wanted: BTreeMap<usize, Vec<Fact>> = BTreeMap::new();
        asked.for_each(|name| wanted.entry(bucket_of(name)).or_default().push(name));
        let mut all = Vec::new();
        for (no, bucket) in core::mem::take(self).0.into_iter().enumerate() {
            bucket.sort_into(no, &mut all);
            closed.note_twice(&all);
            for name in wanted.remove(&no).unwrap_or_default() {
                let at = all.partition_point(|fact| *fact < name);
                let found = all.get(at).filter(|fact| name_of(**fact) == name);
                closed.first.extend(found.map(|fact| (name, sequence_of(*fact))));
            }
        }
        closed
    }
}

/// The bucket of a name: its first bits.
fn bucket_of(name: Fact) -> usize {
    usize::try_from(name >> (BITS - BUCKET_BITS)).unwrap_or(0)
}

/// What the facts of a whole log tell.
#[derive(Default)]
pub(crate) struct Closed {
    /// Facts with the name of an earlier one: whether it is a request's, first and later sequence.
    pub twice: Vec<(bool, Sequence, Sequence)>,
    /// The first sequence of each name that was asked for and is there.
    pub first: BTreeMap<Fact, Sequence>,
}

impl Closed {
    fn note_twice(&mut self, sorted: &[Fact]) {
        let mut first: Option<Fact> = None;
        for fact in sorted {
            match first.filter(|first| name_of(*first) == name_of(*fact)) {
                Some(first) => self.twice.push((fact & REQUEST != 0, sequence_of(first), sequence_of(*fact))),
                None => first = Some(*fact),
            }
        }
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
        let asked = [Once::Request(&ids[77]), Once::Bill(&ids[5]), Once::Bill(&ids[6]), Once::Paper(&[7; 32])];
        let mut closed = facts.close(asked.iter().map(|once| once.name()));
        closed.twice.sort_unstable();
        assert_eq!(closed.twice, [(false, 4, 9), (true, 78, 300_001), (true, 78, 300_003), (true, 300_000, 300_002)]);
        let first = asked.map(|once| closed.first.get(&once.name()).copied());
        assert_eq!(first, [Some(78), Some(300_004), None, Some(4)]);
    }
}
