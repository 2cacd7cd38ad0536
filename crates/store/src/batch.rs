//! A batch as one row: bodies joined, with a table of where each ends; records looked for among rows; numbers as they are stored. Pure;
//! every engine stores the same bytes.

use engine::store::{AppendError, Batch, Head, LogRow, StoreError};
use record::{Digest, Sequence};

/// The columns of a batch that are not plain numbers.
pub(crate) struct Packed {
    /// Where each body ends in `bodies`, little-endian u32 each.
    pub offsets: Vec<u8>,
    /// The leaf hashes, joined.
    pub leaves: Vec<u8>,
    /// The bodies, joined.
    pub bodies: Vec<u8>,
}

/// Joins a batch. Fails if the bodies together pass 4 GiB, which no batch comes near.
pub(crate) fn pack(batch: &Batch) -> Result<Packed, StoreError> {
    let mut offsets = Vec::with_capacity(batch.bodies.len() * 4);
    let mut bodies = Vec::with_capacity(batch.bodies.iter().map(Vec::len).sum());
    for body in &batch.bodies {
        bodies.extend_from_slice(body);
        let end = u32::try_from(bodies.len()).map_err(|_| corrupt("a batch of more than 4 GiB"))?;
        offsets.extend_from_slice(&end.to_le_bytes());
    }
    Ok(Packed { offsets, leaves: batch.leaves.concat(), bodies })
}

/// Whether a batch follows the head that its writer expects.
pub(crate) fn check_follows(expected: &Head, batch: &Batch) -> Result<(), StoreError> {
    let count = batch.bodies.len() as u64;
    let after = &batch.after;
    if count == 0 || batch.leaves.len() != batch.bodies.len() {
        return Err(corrupt("a batch without records, or with another number of leaf hashes"));
    }
    if expected.sequence.checked_add(1) != Some(batch.first)
        || expected.sequence.checked_add(count) != Some(after.sequence)
    {
        return Err(corrupt("a batch that does not follow the expected head"));
    }
    if after.epoch != expected.epoch || after.time < expected.time {
        return Err(corrupt("a batch of another epoch, or of an earlier time than the head"));
    }
    Ok(())
}

/// Why an append that expected one head and found another wrote nothing.
pub(crate) fn overtaken(expected: &Head, found: &Head) -> AppendError {
    if found.epoch == expected.epoch {
        AppendError::HeadMoved { expected: expected.sequence, found: found.sequence }
    } else {
        AppendError::Fenced(found.epoch)
    }
}

/// The bodies of a row where they stand, checked to be ones that [`pack`] can have made: a full row is some 700 KB, of which mostly a
/// single record is wanted.
#[derive(Clone, Copy)]
pub(crate) struct Held<'r> {
    first: Sequence,
    ends: &'r [[u8; 4]],
    bodies: &'r [u8],
}

impl<'r> Held<'r> {
    /// Checks the bodies of a row that holds `count` records from `first` on.
    pub(crate) fn new(first: Sequence, count: u64, offsets: &'r [u8], bodies: &'r [u8]) -> Result<Self, StoreError> {
        let (ends, rest) = offsets.as_chunks::<4>();
        let whole = rest.is_empty() && first > 0 && count > 0 && ends.len() as u64 == count;
        let rising = ends.iter().map(|end| u32::from_le_bytes(*end)).is_sorted();
        let end = ends.last().map_or(0, |end| u32::from_le_bytes(*end)) as usize;
        if !whole || !rising || end != bodies.len() {
            return Err(corrupt("log row whose offsets and bodies do not fit each other"));
        }
        Ok(Held { first, ends, bodies })
    }

    /// Sequence of its last record.
    fn last(self) -> Sequence {
        self.first.saturating_add(self.ends.len() as u64).saturating_sub(1)
    }

    /// The body of a record, if the row holds it.
    fn body(self, sequence: Sequence) -> Option<&'r [u8]> {
        let place = usize::try_from(sequence.checked_sub(self.first)?).ok()?;
        let end = |place: usize| self.ends.get(place).map(|end| u32::from_le_bytes(*end) as usize);
        let start = place.checked_sub(1).map_or(Some(0), end)?;
        self.bodies.get(start..end(place)?)
    }

    /// All of the row.
    pub(crate) fn unpack(self, leaves: &[u8], epoch: u64, root: Digest) -> Result<LogRow, StoreError> {
        let (leaves, rest) = leaves.as_chunks::<32>();
        if !rest.is_empty() || leaves.len() != self.ends.len() {
            return Err(corrupt("log row whose leaf hashes do not fit its count"));
        }
        let all = self.first..=self.last();
        let bodies = all.filter_map(|sequence| self.body(sequence)).map(<[u8]>::to_vec).collect();
        Ok(LogRow { first: self.first, bodies, leaves: leaves.to_vec(), root, epoch })
    }
}

/// Records that are looked for, each row that holds some of them being read once.
pub(crate) struct Wanted {
    /// Sequence and place in the answer of what was not looked for yet, the lowest last.
    asked: Vec<(Sequence, usize)>,
    /// The bodies found, in the order asked.
    pub bodies: Vec<Option<Vec<u8>>>,
}

impl Wanted {
    /// Looks for these.
    pub(crate) fn new(sequences: &[Sequence]) -> Wanted {
        let mut asked: Vec<(Sequence, usize)> = sequences.iter().copied().zip(0..).collect();
        asked.sort_unstable_by(|a, b| b.cmp(a));
        Wanted { asked, bodies: vec![None; sequences.len()] }
    }

    /// The record whose row is to be read next.
    pub(crate) fn next(&self) -> Option<Sequence> {
        self.asked.last().map(|(sequence, _)| *sequence)
    }

    /// Takes what that row holds of what is asked; none if there is no such row.
    pub(crate) fn found(&mut self, row: Option<Held<'_>>) {
        while let Some((sequence, place)) = self.asked.pop() {
            if let Some(slot) = self.bodies.get_mut(place) {
                *slot = row.and_then(|row| row.body(sequence)).map(<[u8]>::to_vec);
            }
            if self.next().is_some_and(|next| next > row.map_or(sequence, Held::last)) {
                return;
            }
        }
    }
}

/// Records of an era, as a power of two: new facts then go to some 30 MB of the table, which fit the cache, and a look-up that finds
/// its keys in one era leaves the others alone.
pub(crate) const ERA: u32 = 18;

/// The era of a record: facts stand by it.
pub(crate) fn era_of(sequence: Sequence) -> u64 {
    sequence >> ERA
}

/// The first record of an era.
pub(crate) fn era_begin(era: u64) -> Sequence {
    era.checked_shl(ERA).unwrap_or(u64::MAX)
}

/// A number to be stored.
pub(crate) fn stored(n: u64) -> Result<i64, AppendError> {
    i64::try_from(n).map_err(|_| AppendError::NotCommitted(corrupt("a number beyond 2^63")))
}

/// A bound of a search: nothing stands beyond the largest number that can be stored.
pub(crate) fn bound(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn corrupt(text: &str) -> StoreError {
    StoreError::Corrupt(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(bodies: &[&[u8]]) -> Batch {
        let after = Head { sequence: bodies.len() as u64, root: [1; 32], edge: vec![], time: 5, epoch: 1 };
        let leaves = (0..bodies.len()).map(|i| [i as u8; 32]).collect();
        Batch { first: 1, bodies: bodies.iter().map(|b| b.to_vec()).collect(), leaves, after }
    }

    #[test]
    fn what_is_packed_unpacks() {
        for bodies in [vec![&b"one"[..]], vec![b"a", b"", b"ccc"], vec![&[0; 300]]] {
            let batch = batch(&bodies);
            let packed = pack(&batch).unwrap();
            let held = Held::new(1, bodies.len() as u64, &packed.offsets, &packed.bodies).unwrap();
            let row = held.unpack(&packed.leaves, 1, [1; 32]).unwrap();
            let mut wanted = Wanted::new(&[1, bodies.len() as u64, 9]);
            while wanted.next().is_some() {
                wanted.found(Some(held));
            }
            assert_eq!(wanted.bodies, [batch.bodies.first().cloned(), batch.bodies.last().cloned(), None]);
            assert_eq!((row.bodies, row.leaves), (batch.bodies, batch.leaves));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let good = || pack(&batch(&[b"one", b"two"])).unwrap();
        let unpacks = |count, packed: Packed| {
            let held = Held::new(1, count, &packed.offsets, &packed.bodies);
            held.is_ok_and(|held| held.unpack(&packed.leaves, 1, [1; 32]).is_ok())
        };
        assert!(unpacks(2, good()));
        let ends = |ends: [u32; 2]| Packed { offsets: ends.map(u32::to_le_bytes).concat(), ..good() };
        for (case, count, packed) in [
            ("another count", 1, good()),
            ("falling ends", 2, ends([6, 3])),
            ("an end beyond the bodies", 2, ends([3, 7])),
            ("bytes after the last end", 2, ends([3, 5])),
            ("half an offset", 2, Packed { offsets: good().offsets[..7].to_vec(), ..good() }),
            ("half a leaf", 2, Packed { leaves: good().leaves[..40].to_vec(), ..good() }),
            ("no record", 0, Packed { offsets: vec![], leaves: vec![], bodies: vec![] }),
        ] {
            assert!(!unpacks(count, packed), "{case}");
        }
    }

    #[test]
    fn only_a_batch_that_follows_is_appended() {
        let expected = Head { sequence: 0, root: [0; 32], edge: vec![], time: 5, epoch: 1 };
        let good = batch(&[b"one"]);
        assert!(check_follows(&expected, &good).is_ok());
        let after = good.after.clone();
        for (case, bad) in [
            ("empty", batch(&[])),
            ("gap", Batch { first: 2, ..good.clone() }),
            ("other end", Batch { after: Head { sequence: 2, ..after.clone() }, ..good.clone() }),
            ("other epoch", Batch { after: Head { epoch: 2, ..after.clone() }, ..good.clone() }),
            ("earlier time", Batch { after: Head { time: 4, ..after }, ..good.clone() }),
            ("leaf missing", Batch { leaves: vec![], ..good.clone() }),
        ] {
            assert!(check_follows(&expected, &bad).is_err(), "{case}");
        }
    }
}
