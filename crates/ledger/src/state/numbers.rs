//! Numbers that a collecting system gave its receipts: which were seen, as runs without gap, and what is missing between them.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use record::Day;

/// The numbers seen of one system. In order they are one run, however many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SourceNumbers {
    /// By first number: last number, and the earliest day of a receipt in the run.
    runs: BTreeMap<u64, (u64, Day)>,
}

/// Numbers passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// First number missing.
    pub from: u64,
    /// Last number missing.
    pub to: u64,
    /// Earliest day of the receipts right behind it.
    pub before: Day,
}

impl SourceNumbers {
    /// The run at or before a number.
    fn run(&self, number: u64) -> Option<(u64, u64, Day)> {
        self.runs.range(..=number).next_back().map(|(first, (last, day))| (*first, *last, *day))
    }

    /// Whether a number was seen.
    pub fn has(&self, number: u64) -> bool {
        self.run(number).is_some_and(|(_, last, _)| number <= last)
    }

    /// The highest number seen; 0 before the first.
    pub fn highest(&self) -> u64 {
        self.runs.last_key_value().map_or(0, |(_, (last, _))| *last)
    }

    /// Takes numbers in, of receipts from a day on; those between must be new.
    pub(super) fn add(&mut self, from: u64, to: u64, day: Day) {
        let (mut first, mut last, mut earliest) = (from, to, day);
        if let Some((start, end, of)) = self.run(from).filter(|(_, end, _)| *end >= from.saturating_sub(1)) {
            (first, last, earliest) = (start, end.max(to), of.min(day));
        }
        if let Some((end, of)) = last.checked_add(1).and_then(|next| self.runs.remove(&next)) {
            (last, earliest) = (end, earliest.min(of));
        }
        self.runs.insert(first, (last, earliest));
    }

    /// Numbers that receipts passed over.
    pub fn gaps(&self) -> impl Iterator<Item = Gap> + '_ {
        let ends = core::iter::once(0).chain(self.runs.values().map(|(last, _)| *last));
        ends.zip(&self.runs).filter_map(|(end, (first, (_, before)))| {
            let (from, to) = (end.saturating_add(1), first.saturating_sub(1));
            (from <= to).then_some(Gap { from, to, before: *before })
        })
    }

    /// The day that numbers within a gap count by: that of the receipts behind it.
    pub(super) fn day_within(&self, number: u64) -> Option<Day> {
        self.gaps().find(|gap| gap.from <= number && number <= gap.to).map(|gap| gap.before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_grow_together_and_gaps_are_told() {
        let mut numbers = SourceNumbers::default();
        let gaps = |numbers: &SourceNumbers| numbers.gaps().map(|g| (g.from, g.to, g.before.0)).collect::<Vec<_>>();
        for (number, day) in [(1, 10), (2, 10), (5, 12), (9, 13), (8, 11)] {
            numbers.add(number, number, Day(day));
        }
        assert_eq!(gaps(&numbers), [(3, 4, 12), (6, 7, 11)]);
        assert!(numbers.has(2) && !numbers.has(3) && numbers.has(8) && !numbers.has(10) && !numbers.has(0));
        numbers.add(3, 4, Day(14));
        assert_eq!(gaps(&numbers), [(6, 7, 11)]);
        assert_eq!(numbers.day_within(7), Some(Day(11)));
        numbers.add(7, 7, Day(11));
        numbers.add(6, 6, Day(20));
        assert_eq!((gaps(&numbers), numbers.highest(), numbers.runs.len()), (vec![], 9, 1));
        numbers.add(u64::MAX, u64::MAX, Day(1));
        assert_eq!(gaps(&numbers), [(10, u64::MAX - 1, 1)]);
    }
}
