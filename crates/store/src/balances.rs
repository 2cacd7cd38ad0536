//! Sums of lines by key, date and block of records, from which the balance at any date as known at any sequence is read in a few
//! rows: what a key is, which blocks there are, which of them answer a question, and the block that is being filled. Pure; how blocks
//! are stored stands with each engine.
//!
//! A block of level n holds 2^n records, from a multiple of it on. Blocks of the lowest level are added up here from their lines; eight of
//! them make one of the next level, by a statement. The sums of a block run over its dates, so that a question costs one row a key and
//! block, however many dates were posted in it.

use std::collections::{BTreeMap, HashMap};

use engine::store::SumQuery;
use ledger::rows::{LineRow, SideSums};
use record::kinds::Side;
use record::{AccountNo, ClassNo, Day, Fen, GrantNo, Heads, Line, OrgNo, PlanNo, Sequence, SourceNo, UseNo};

/// Lowest level of rough keys: a read adds up at most 1,023 records by their lines, some hundred microseconds.
pub(crate) const ROUGH_LEVEL: u32 = 10;
/// Lowest level of full keys, of which there are thousands: a block then holds several lines of each, so that its sums are fewer than
/// its lines.
pub(crate) const FULL_LEVEL: u32 = 13;
/// From one level to the next: eight blocks make one.
pub(crate) const STEP: u32 = 3;

/// What lines are added up by. A rough key has account, source and class alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub rough: bool,
    pub account: AccountNo,
    pub source: SourceNo,
    pub grant: GrantNo,
    pub holder: OrgNo,
    pub year: u16,
    pub class: ClassNo,
    pub plan: PlanNo,
    pub use_code: UseNo,
}

impl Key {
    /// The full key of a line.
    pub fn of(line: &Line) -> Key {
        Key {
            rough: false,
            account: line.account,
            source: line.source,
            grant: line.grant,
            holder: line.holder,
            year: line.year,
            class: line.class,
            plan: line.plan,
            use_code: line.use_code,
        }
    }

    /// The rough key that it belongs to.
    pub fn rough(self) -> Key {
        Key { rough: true, grant: 0, holder: 0, year: 0, plan: 0, use_code: 0, ..self }
    }
}

/// Number of a key, from 1 in the order of first lines.
pub(crate) type KeyNo = u32;

/// The numbers of a book's keys.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    numbers: HashMap<Key, (KeyNo, KeyNo)>,
    count: KeyNo,
}

impl Keys {
    /// Adds a stored key with its number and that of its rough key.
    pub fn insert(&mut self, key: Key, no: KeyNo, rough: KeyNo) {
        self.numbers.insert(key, (no, rough));
        self.count = self.count.max(no);
    }

    /// The numbers of a line's keys, the full and the rough one. New ones are added to `new`, to be stored.
    pub fn of(&mut self, line: &Line, new: &mut Vec<(KeyNo, Option<KeyNo>, Key)>) -> (KeyNo, KeyNo) {
        let key = Key::of(line);
        if let Some(numbers) = self.numbers.get(&key) {
            return *numbers;
        }
        let rough = match self.numbers.get(&key.rough()) {
            Some((no, _)) => *no,
            None => {
                let no = self.count + 1;
                self.insert(key.rough(), no, no);
                new.push((no, None, key.rough()));
                no
            }
        };
        let no = self.count + 1;
        self.insert(key, no, rough);
        new.push((no, Some(rough), key));
        (no, rough)
    }
}

/// A stored sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BalanceRow {
    pub level: u32,
    pub block: u64,
    pub key_no: KeyNo,
    pub date: Day,
    pub sums: SideSums,
}

/// The block of one level that is being filled.
#[derive(Debug)]
struct Filling {
    level: u32,
    block: u64,
    sums: BTreeMap<(KeyNo, Day), SideSums>,
}

impl Filling {
    fn after(level: u32, reached: Sequence) -> Filling {
        Filling { level, block: reached >> level, sums: BTreeMap::new() }
    }

    /// Goes on to a record, or past the last one; a block left behind is full.
    fn advance(&mut self, block: u64, full: &mut Vec<BalanceRow>) {
        if block == self.block {
            return;
        }
        let (mut last, mut running) = (0, SideSums::default());
        for ((key_no, date), sums) in std::mem::take(&mut self.sums) {
            running = if key_no == last { add(running, sums) } else { sums };
            last = key_no;
            full.push(BalanceRow { level: self.level, block: self.block, key_no, date, sums: running });
        }
        self.block = block;
    }

    fn add(&mut self, sequence: Sequence, key_no: KeyNo, date: Day, sums: SideSums, full: &mut Vec<BalanceRow>) {
        self.advance((sequence - 1) >> self.level, full);
        let sum = self.sums.entry((key_no, date)).or_default();
        *sum = add(*sum, sums);
    }
}

/// The lowest blocks that are being filled.
#[derive(Debug)]
pub(crate) struct Fillings {
    rough: Filling,
    full: Filling,
}

impl Fillings {
    /// What follows views that reach to `reached`, without the lines that these blocks hold already: see [`Fillings::first`].
    pub fn after(reached: Sequence) -> Fillings {
        Fillings { rough: Filling::after(ROUGH_LEVEL, reached), full: Filling::after(FULL_LEVEL, reached) }
    }

    /// The record before the first one of these blocks' lines.
    pub fn first(reached: Sequence) -> Sequence {
        (reached >> FULL_LEVEL) << FULL_LEVEL
    }

    /// Adds a line; blocks that it leaves behind are full.
    pub fn add(&mut self, at: Sequence, date: Day, keys: (KeyNo, KeyNo), sums: SideSums, full: &mut Vec<BalanceRow>) {
        self.full.add(at, keys.0, date, sums, full);
        self.rough.add(at, keys.1, date, sums, full);
    }

    /// Goes on to the end of a projection.
    pub fn reach(&mut self, to: Sequence, full: &mut Vec<BalanceRow>) {
        self.full.advance(to >> FULL_LEVEL, full);
        self.rough.advance(to >> ROUGH_LEVEL, full);
    }
}

/// The sums of one line.
pub(crate) fn sums_of(side: Side, fen: Fen, heads: Heads) -> SideSums {
    match side {
        Side::Debit => SideSums { debit_fen: fen, credit_fen: 0, heads: i64::from(heads) },
        Side::Credit => SideSums { debit_fen: 0, credit_fen: fen, heads: -i64::from(heads) },
    }
}

fn add(a: SideSums, b: SideSums) -> SideSums {
    SideSums {
        debit_fen: a.debit_fen.saturating_add(b.debit_fen),
        credit_fen: a.credit_fen.saturating_add(b.credit_fen),
        heads: a.heads.saturating_add(b.heads),
    }
}

/// Grant of a line if it is the first of its voucher's lines that names it. `before` are the voucher's lines before it.
pub(crate) fn leads(before: &[LineRow], line: &Line) -> Option<GrantNo> {
    let named = before.iter().rev().any(|row| row.line.grant == line.grant);
    (!named).then_some(line.grant)
}

/// Blocks of levels above the lowest that become full when the views go from one sequence to another, lower levels first. Rough keys
/// alone stand in the level below the first of them.
pub(crate) fn to_roll_up(from: Sequence, to: Sequence) -> Vec<(u32, u64)> {
    let levels = (ROUGH_LEVEL + STEP..u64::BITS).step_by(STEP as usize);
    let full = levels.take_while(|level| to >> level > 0);
    full.flat_map(|level| ((from >> level)..(to >> level)).map(move |block| (level, block))).collect()
}

/// Blocks of `lowest` and the levels above it that together hold the first records up to `known_at` and no more, as many as there are; with
/// the record after which the rest begins.
pub(crate) fn cover(lowest: u32, known_at: Sequence) -> (Vec<(u32, u64)>, Sequence) {
    let mut blocks = Vec::new();
    let mut covered = 0;
    let levels: Vec<u32> =
        (lowest..u64::BITS).step_by(STEP as usize).take_while(|level| known_at >> level > 0).collect();
    for level in levels.into_iter().rev() {
        while (known_at - covered) >> level > 0 {
            blocks.push((level, covered >> level));
            covered += 1 << level;
        }
    }
    (blocks, covered)
}

/// The lowest level of the keys that a question is about.
pub(crate) fn lowest_level(query: &SumQuery) -> u32 {
    if query.rough { ROUGH_LEVEL } else { FULL_LEVEL }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_every_record_once() {
        for known_at in [0, 1, 1_023, 1_024, 1_025, 8_191, 8_192, 70_000, 616_616, 10_000_000] {
            for lowest in [ROUGH_LEVEL, FULL_LEVEL] {
                let (blocks, covered) = cover(lowest, known_at);
                let mut next = 0;
                for (level, block) in &blocks {
                    assert_eq!(block << level, next, "{known_at}: {blocks:?}");
                    next += 1 << level;
                }
                assert_eq!(next, covered);
                assert!(covered <= known_at && known_at - covered < 1 << lowest, "{known_at}: {covered}");
                assert!(blocks.len() <= 7 * 5, "{known_at}: {blocks:?}");
            }
        }
    }

    #[test]
    fn each_block_is_rolled_up_once_after_the_blocks_in_it() {
        let mut rolled = Vec::new();
        let steps = [0, 1, 5_000, 8_191, 8_192, 8_193, 70_000, 70_000, 600_000];
        for step in steps.windows(2) {
            rolled.extend(to_roll_up(step[0], step[1]));
        }
        let count = |level: u32| rolled.iter().filter(|(l, _)| *l == level).count() as u64;
        for (level, blocks) in [(13, 600_000 >> 13), (16, 600_000 >> 16), (19, 600_000 >> 19), (22, 0)] {
            assert_eq!(count(level), blocks, "level {level}");
        }
        for (place, (level, block)) in rolled.iter().enumerate().filter(|(_, (level, _))| *level > 13) {
            let within: Vec<_> =
                rolled[..place].iter().filter(|(l, b)| l + STEP == *level && b >> STEP == *block).collect();
            assert_eq!(within.len(), 8, "{level} {block}");
        }
    }
}
