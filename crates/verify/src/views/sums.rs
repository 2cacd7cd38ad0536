//! What the views add up: the keys of lines, and the sums of each full block of records, made a second time from the lines. A block of
//! level n holds 2^n records; blocks of account, source and class begin at level 10, those of full keys at 13, and eight of one level
//! make one of the next. A block's sums run over its voucher dates.

use std::collections::{BTreeMap, VecDeque};

use record::kinds::Side;
use record::{AccountNo, ClassNo, Day, Fen, GrantNo, Line, OrgNo, PlanNo, Sequence, SourceNo, UseNo};

use crate::fast::Map;
use crate::fault::Code;
use crate::report::Report;

/// Lowest level of blocks by account, source and class.
const ROUGH: u32 = 10;
/// Lowest level of blocks by full keys.
const FULL: u32 = 13;
/// From one level to the next.
const STEP: u32 = 3;

/// What lines are added up by. A rough key has account, source and class alone, and zeros in the other places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Account.
    pub account: AccountNo,
    /// Source.
    pub source: SourceNo,
    /// Grant; 0 on budget lines.
    pub grant: GrantNo,
    /// Holder.
    pub holder: OrgNo,
    /// Programme year.
    pub year: u16,
    /// Class.
    pub class: ClassNo,
    /// Plan.
    pub plan: PlanNo,
    /// Use.
    pub use_code: UseNo,
}

/// A key with its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Its number, from 1 without gap in the order of first lines.
    pub no: u32,
    /// Number of the rough key that it belongs to; none where it is one itself.
    pub rough: Option<u32>,
    /// The key.
    pub key: Key,
}

/// A level and the number of a block in it.
pub type Block = (u32, u64);

/// A sum of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BalanceRow {
    /// Number of the key.
    pub key: u32,
    /// Vouchers dated up to this day.
    pub day: Day,
    /// Debits, fen.
    pub debit: Fen,
    /// Credits, fen.
    pub credit: Fen,
    /// Heads of debit lines less those of credit lines.
    pub heads: i64,
}

/// Debits, credits, heads.
type Sum = (Fen, Fen, i64);

/// Sums by key number and voucher date.
type ByDay = BTreeMap<(u32, Day), Sum>;

fn add(to: &mut Sum, other: Sum) {
    to.0 = to.0.saturating_add(other.0);
    to.1 = to.1.saturating_add(other.1);
    to.2 = to.2.saturating_add(other.2);
}

/// See the module.
#[derive(Default)]
pub(super) struct Sums {
    /// Numbers of full keys, with those of their rough keys.
    full: Map<Key, (u32, u32)>,
    rough: Map<Key, u32>,
    count: u32,
    /// Keys of the records up to the one that the stored keys hold for.
    keys: Vec<KeyRow>,
    /// Sums of the block of each level that is not full yet.
    filling: BTreeMap<u32, ByDay>,
    /// The last record of which all was added.
    reached: Sequence,
    /// Full blocks that nobody has compared yet.
    blocks: VecDeque<(Block, Vec<BalanceRow>)>,
}

impl Sums {
    /// Adds a line. `listed` tells whether the stored keys reach it.
    pub(super) fn add(&mut self, day: Day, line: &Line, listed: bool) {
        let (full, rough) = self.numbers(line, listed);
        let heads = i64::from(line.heads);
        let sum = match line.side {
            Side::Debit => (line.fen, 0, heads),
            Side::Credit => (0, line.fen, heads.saturating_neg()),
        };
        for (level, no) in [(ROUGH, rough), (FULL, full)] {
            add(self.filling.entry(level).or_default().entry((no, day)).or_default(), sum);
        }
    }

    fn numbers(&mut self, line: &Line, listed: bool) -> (u32, u32) {
        let key = Key {
            account: line.account,
            source: line.source,
            grant: line.grant,
            holder: line.holder,
            year: line.year,
            class: line.class,
            plan: line.plan,
            use_code: line.use_code,
        };
        if let Some(numbers) = self.full.get(&key) {
            return *numbers;
        }
        let above = Key { grant: 0, holder: 0, year: 0, plan: 0, use_code: 0, ..key };
        let known = self.rough.get(&above).copied();
        let rough = known.unwrap_or_else(|| self.next(None, above, listed));
        self.rough.insert(above, rough);
        let numbers = (self.next(Some(rough), key, listed), rough);
        self.full.insert(key, numbers);
        numbers
    }

    fn next(&mut self, rough: Option<u32>, key: Key, listed: bool) -> u32 {
        self.count = self.count.saturating_add(1);
        if listed {
            self.keys.push(KeyRow { no: self.count, rough, key });
        }
        self.count
    }

    /// All lines up to this record are added: blocks that end here are full.
    pub(super) fn reach(&mut self, sequence: Sequence) {
        let before = core::mem::replace(&mut self.reached, sequence);
        let mut level = ROUGH;
        loop {
            let shift = |n: Sequence| n.checked_shr(level).unwrap_or(0);
            if shift(sequence) <= shift(before) {
                return;
            }
            let block = shift(sequence).saturating_sub(1);
            let sums = self.filling.remove(&level).unwrap_or_default();
            let above = level.saturating_add(STEP);
            let next = self.filling.entry(above).or_default();
            sums.iter().for_each(|(at, sum)| add(next.entry(*at).or_default(), *sum));
            self.blocks.push_back(((level, block), running(sums)));
            level = above;
        }
    }

    /// Blocks that are full and not compared yet.
    pub(super) fn full_blocks(&self) -> impl Iterator<Item = Block> {
        self.blocks.iter().map(|(block, _)| *block)
    }

    /// Compares a full block with what is stored of it, and forgets it.
    pub(super) fn compare_block(&mut self, block: Block, found: &[BalanceRow], report: &mut Report) {
        let Some(place) = self.blocks.iter().position(|(other, _)| *other == block) else { return };
        let Some((_, expected)) = self.blocks.remove(place) else { return };
        let mut found = found.to_vec();
        found.sort_unstable();
        let last = block.1.saturating_add(1).checked_shl(block.0).unwrap_or(Sequence::MAX);
        let what = format!("balance of block {} of level {}", block.1, block.0);
        super::compare(&what, &expected, &found, |row| (row.key, row.day), |_| last, report);
    }

    /// Compares the keys.
    pub(super) fn compare_keys(&mut self, mut found: Vec<KeyRow>, report: &mut Report) {
        let expected = core::mem::take(&mut self.keys);
        found.sort_by_key(|row| row.no);
        super::compare("balance_key", &expected, &found, |row| row.no, |_| 0, report);
    }

    /// Blocks that were not compared, because the records end before or nobody asked.
    pub(super) fn close(&mut self, report: &mut Report) {
        for ((level, block), rows) in core::mem::take(&mut self.blocks) {
            if let Some(row) = rows.first() {
                report.add(0, Code::ViewMissing, format!("balance of block {block} of level {level}: {row:?}"), "none");
            }
        }
    }
}

/// Sums that run over the days of each key.
fn running(sums: ByDay) -> Vec<BalanceRow> {
    let (mut last, mut sum) = (0, Sum::default());
    let row = |((key, day), own): ((u32, Day), Sum)| {
        if key != last {
            (last, sum) = (key, Sum::default());
        }
        add(&mut sum, own);
        BalanceRow { key, day, debit: sum.0, credit: sum.1, heads: sum.2 }
    };
    sums.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(account: AccountNo, grant: GrantNo, side: Side, fen: Fen) -> Line {
        Line {
            account,
            source: 1,
            grant,
            side,
            fen,
            year: 2018,
            class: 0,
            plan: 0,
            use_code: 0,
            holder: 0,
            counterparty: 0,
            heads: 1,
            price: 0,
            bank: 0,
        }
    }

    #[test]
    fn blocks_are_full_where_they_end_and_sums_run_over_days() {
        let mut sums = Sums::default();
        for sequence in 1..=8192u64 {
            let day = Day(if sequence % 2 == 0 { 5 } else { 4 });
            sums.add(day, &line(7, 3, Side::Debit, 1), true);
            sums.add(day, &line(8, 3, Side::Credit, 1), sequence < 100);
            sums.reach(sequence);
        }
        let blocks: Vec<Block> = sums.full_blocks().collect();
        assert_eq!(blocks.len(), 9);
        assert_eq!((blocks[0], blocks[7], blocks[8]), ((10, 0), (10, 7), (13, 0)));
        // Rough and full keys of two accounts, in the order of first lines.
        assert_eq!(
            sums.keys.iter().map(|row| (row.no, row.rough)).collect::<Vec<_>>(),
            [(1, None), (2, Some(1)), (3, None), (4, Some(3))]
        );
        let (_, top) = &sums.blocks[8];
        let row = |key, day, debit, credit| BalanceRow { key, day: Day(day), debit, credit, heads: debit - credit };
        assert_eq!(top[..2], [row(1, 4, 4096, 0), row(1, 5, 8192, 0)]);
        assert_eq!(top.len(), 8);
        let (_, low) = sums.blocks[7].clone();
        assert_eq!(low, [row(1, 4, 512, 0), row(1, 5, 1024, 0), row(3, 4, 0, 512), row(3, 5, 0, 1024)]);
        let mut report = Report::default();
        sums.compare_block((10, 7), &low, &mut report);
        assert!(report.is_clean(), "{report:?}");
        sums.compare_block((10, 6), &low[..3], &mut report);
        sums.compare_block((10, 5), &[low[0], low[1], row(2, 4, 1, 0), low[2], row(3, 5, 0, 1)], &mut report);
        let codes = [(Code::ViewMissing, 1), (Code::ViewExtra, 1), (Code::ViewDiffers, 1)];
        assert_eq!(report.counts, codes.into_iter().collect());
        sums.close(&mut report);
        assert_eq!(report.counts[&Code::ViewMissing], 7, "what nobody compared is missing");
    }
}
