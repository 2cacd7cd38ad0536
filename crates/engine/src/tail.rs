//! The tail: facts of committed records that the views may not hold yet, and where their vouchers stand. Which facts a record makes is
//! `ledger`'s matter.

use std::collections::{HashMap, VecDeque};

use ledger::rows::{FactHash, FactRow};
use ledger::voucher_of;
use record::kinds::Word;
use record::{Record, Sequence, VoucherRef};

use crate::facts::FactMap;

/// Facts and vouchers of all committed records after a sequence.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// Oldest first. They are forgotten whole: that spares an order of all facts, and looking for each to forget it.
    chunks: VecDeque<Chunk>,
    /// Records of a chunk.
    chunk_records: u64,
    trimmed_to: Sequence,
}

/// Facts and vouchers of records that follow each other.
#[derive(Debug)]
struct Chunk {
    /// Last sequence that may stand in it.
    last: Sequence,
    facts: FactMap<Sequence>,
    /// By word and cycle: numbers with their records, both rising.
    vouchers: HashMap<(Word, u32), Vec<(u32, Sequence)>>,
}

impl Tail {
    /// An empty tail over views that hold everything up to `reached`.
    pub fn after(reached: Sequence, chunk_records: u64) -> Tail {
        Tail { chunks: VecDeque::new(), chunk_records, trimmed_to: reached }
    }

    /// The chunk of the newest record.
    fn chunk(&mut self, sequence: Sequence) -> Option<&mut Chunk> {
        if self.chunks.back().is_none_or(|chunk| chunk.last < sequence) {
            let last = sequence.saturating_add(self.chunk_records.saturating_sub(1));
            self.chunks.push_back(Chunk { last, facts: FactMap::default(), vouchers: HashMap::new() });
        }
        self.chunks.back_mut()
    }

    /// Adds a committed fact. Records come in their order.
    pub fn add(&mut self, row: FactRow) {
        if let Some(chunk) = self.chunk(row.sequence) {
            chunk.facts.insert(row.key, row.sequence);
        }
    }

    /// Adds the voucher of a committed record, if it posts one.
    pub fn add_voucher(&mut self, record: &Record) {
        if let Some(VoucherRef { word, cycle, number }) = voucher_of(record).map(|voucher| voucher.reference)
            && let Some(chunk) = self.chunk(record.sequence)
        {
            chunk.vouchers.entry((word, cycle)).or_default().push((number, record.sequence));
        }
    }

    /// The record that posts a voucher.
    pub fn voucher(&self, reference: VoucherRef) -> Option<Sequence> {
        self.chunks.iter().rev().find_map(|chunk| {
            let numbers = chunk.vouchers.get(&(reference.word, reference.cycle))?;
            let place = numbers.binary_search_by_key(&reference.number, |(number, _)| *number).ok()?;
            numbers.get(place).map(|(_, sequence)| *sequence)
        })
    }

    /// The fact under a key.
    pub fn get(&self, key: &FactHash) -> Option<FactRow> {
        let sequence = self.chunks.iter().rev().find_map(|chunk| chunk.facts.get(key))?;
        Some(FactRow { key: *key, sequence: *sequence })
    }

    /// The tail holds every fact of records after this sequence. A read of the views that had reached less is of no use with it.
    pub fn trimmed_to(&self) -> Sequence {
        self.trimmed_to
    }

    /// Forgets what the views hold, as far as whole chunks are concerned.
    pub fn trim(&mut self, reached: Sequence) {
        while let Some(chunk) = self.chunks.pop_front_if(|chunk| chunk.last <= reached) {
            self.trimmed_to = self.trimmed_to.max(chunk.last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: u8, sequence: Sequence) -> FactRow {
        FactRow { key: [name; 16], sequence }
    }

    #[test]
    fn forgets_only_what_the_views_hold() {
        let mut tail = Tail::after(10, 100);
        let second = 111;
        for (name, sequence) in [(1, 11), (2, 12), (3, second - 1), (4, second)] {
            tail.add(row(name, sequence));
        }
        let held = |tail: &Tail| [1, 2, 3, 4].map(|name| tail.get(&[name; 16]).is_some());
        for (reached, trimmed_to, kept) in [
            (12, 10, [true; 4]),
            (second - 2, 10, [true; 4]),
            (second - 1, second - 1, [false, false, false, true]),
            // A late, lower reading brings nothing back.
            (5, second - 1, [false, false, false, true]),
        ] {
            tail.trim(reached);
            assert_eq!((tail.trimmed_to(), held(&tail)), (trimmed_to, kept), "views at {reached}");
        }
    }
}
