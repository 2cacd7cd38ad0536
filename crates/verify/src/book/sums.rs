//! Sums of lines: by everything that lines are added up by (what Totals records commit), and as day-by-day series of what a purse or a
//! budget account holds.

use core::hash::{Hash, Hasher};
use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use record::kinds::{LedgerKind, Side};
use record::{AccountNo, ClassNo, Day, Digest, Fen, GrantNo, Line, OrgNo, PlanNo, SourceNo, UseNo, Voucher, hash};

use super::BudgetLine;
use crate::fast::Map;

/// What lines are added up by; the order of fields is that of the entries that a Totals record commits (docs/format/evidence.md).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub(crate) struct Key {
    pub account: AccountNo,
    pub source: SourceNo,
    pub grant: GrantNo,
    pub holder: OrgNo,
    pub day: Day,
    pub use_code: UseNo,
    pub class: ClassNo,
    pub plan: PlanNo,
    pub year: u16,
}

impl Key {
    /// What a line of a voucher of this day is added up by.
    pub(crate) fn of(line: &Line, day: Day) -> Key {
        Key {
            account: line.account,
            source: line.source,
            grant: line.grant,
            holder: line.holder,
            day,
            use_code: line.use_code,
            class: line.class,
            plan: line.plan,
            year: line.year,
        }
    }
}

/// In three words instead of nine fields: a receipt looks two of them up.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b] = self.account.to_le_bytes();
        let [y, z] = self.year.to_le_bytes();
        state.write_u64(u64::from_le_bytes([a, b, self.source, self.use_code, self.class, self.plan, y, z]));
        state.write_u64(u64::from(self.grant) << 32 | u64::from(self.holder));
        state.write_i32(self.day.0);
    }
}

/// Totals of both sides and heads, debit lines less credit lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Sum {
    pub debit: Fen,
    pub credit: Fen,
    pub heads: i64,
}

impl Sum {
    pub(crate) fn add(&mut self, line: &Line) {
        let heads = i64::from(line.heads);
        if line.side == Side::Debit {
            self.debit = self.debit.saturating_add(line.fen);
            self.heads = self.heads.saturating_add(heads);
        } else {
            self.credit = self.credit.saturating_add(line.fen);
            self.heads = self.heads.saturating_sub(heads);
        }
    }

    /// Adds another sum.
    pub(crate) fn merge(&mut self, other: &Sum) {
        self.debit = self.debit.saturating_add(other.debit);
        self.credit = self.credit.saturating_add(other.credit);
        self.heads = self.heads.saturating_add(other.heads);
    }

    /// Debit less credit.
    pub(crate) fn balance(&self) -> Fen {
        self.debit.saturating_sub(self.credit)
    }
}

/// An account's money of a source, grant and holder.
pub(crate) type Purse = (AccountNo, SourceNo, GrantNo, OrgNo);

/// Net movements by day, in order of days.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series(Vec<(Day, Fen)>);

impl Series {
    /// Adds a movement. Nearly all come in order of days.
    pub(crate) fn add(&mut self, day: Day, fen: Fen) {
        let at = match self.0.last() {
            Some((last, _)) if *last <= day => self.0.len().saturating_sub(usize::from(*last == day)),
            _ => self.0.partition_point(|(other, _)| *other < day),
        };
        match self.0.get_mut(at) {
            Some((other, net)) if *other == day => *net = net.saturating_add(fen),
            _ => self.0.insert(at, (day, fen)),
        }
    }

    /// Balance over all days.
    pub(crate) fn balance(&self) -> Fen {
        self.0.iter().fold(0, |sum, (_, fen)| sum.saturating_add(*fen))
    }

    /// The lowest balance at the end of a day, from this one on.
    pub(crate) fn lowest_from(&self, day: Day) -> Fen {
        let split = self.0.partition_point(|(other, _)| *other <= day);
        let (before, after) = self.0.split_at_checked(split).unwrap_or((&self.0, &[]));
        let mut balance = before.iter().fold(0, |sum: Fen, (_, fen)| sum.saturating_add(*fen));
        let mut lowest = balance;
        for (_, fen) in after {
            balance = balance.saturating_add(*fen);
            lowest = lowest.min(balance);
        }
        lowest
    }

    /// Movements in order of days.
    pub(crate) fn days(&self) -> impl Iterator<Item = (Day, Fen)> {
        self.0.iter().copied()
    }
}

/// All sums of a book.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sums {
    all: Map<Key, Sum>,
    purses: Map<Purse, Series>,
    /// Credit less debit.
    budget: Map<(BudgetLine, AccountNo), Series>,
    trial: BTreeMap<(AccountNo, SourceNo), Sum>,
}

impl Sums {
    /// Adds a voucher's lines.
    pub(crate) fn post(&mut self, voucher: &Voucher) {
        for line in &voucher.lines {
            self.all.entry(Key::of(line, voucher.date)).or_default().add(line);
            self.trial.entry((line.account, line.source)).or_default().add(line);
            let signed = signed(line);
            if voucher.ledger == LedgerKind::Budget {
                let at = ((line.year, line.source, line.class, line.plan), line.account);
                self.budget.entry(at).or_default().add(voucher.date, signed.saturating_neg());
            } else {
                let purse = (line.account, line.source, line.grant, line.holder);
                self.purses.entry(purse).or_default().add(voucher.date, signed);
            }
        }
    }

    /// All sums, in no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Key, &Sum)> {
        self.all.iter()
    }

    /// The series of a purse, if anything ever moved in it.
    pub(crate) fn purse(&self, purse: Purse) -> Option<&Series> {
        self.purses.get(&purse)
    }

    /// What can be taken of a purse on a day without leaving less than nothing on it or a later one.
    pub(crate) fn free(&self, purse: Purse, day: Day) -> Fen {
        self.purse(purse).map_or(0, |series| series.lowest_from(day)).max(0)
    }

    /// The balance of a purse over all days.
    pub(crate) fn balance(&self, purse: Purse) -> Fen {
        self.purse(purse).map_or(0, Series::balance)
    }

    /// What can be taken of an account of a budget line on a day.
    pub(crate) fn budget_free(&self, line: BudgetLine, account: AccountNo, day: Day) -> Fen {
        self.budget.get(&(line, account)).map_or(0, |series| series.lowest_from(day)).max(0)
    }

    /// The balance of an account of a budget line; none if nothing was ever booked to it.
    pub(crate) fn budget_balance(&self, line: BudgetLine, account: AccountNo) -> Option<Fen> {
        self.budget.get(&(line, account)).map(Series::balance)
    }

    /// The lowest balance from a day on of an account of a budget line.
    pub(crate) fn budget_lowest(&self, line: BudgetLine, account: AccountNo, day: Day) -> Fen {
        self.budget.get(&(line, account)).map_or(0, |series| series.lowest_from(day))
    }

    /// Budget accounts with their balances, in order.
    pub(crate) fn budgets(&self) -> BTreeMap<(BudgetLine, AccountNo), Fen> {
        self.budget.iter().map(|(at, series)| (*at, series.balance())).collect()
    }

    /// Cumulated totals of an account and source.
    pub(crate) fn trial(&self, account: AccountNo, source: SourceNo) -> Sum {
        self.trial.get(&(account, source)).copied().unwrap_or_default()
    }

    /// Balances by account and source.
    pub(crate) fn trials(&self) -> impl Iterator<Item = ((AccountNo, SourceNo), Fen)> {
        self.trial.iter().map(|(at, sum)| (*at, sum.balance()))
    }

    /// Balances at the end of a day of what is wanted, by everything but the day.
    pub(crate) fn at(&self, day: Day, wanted: impl Fn(&Key) -> bool) -> BTreeMap<Key, Fen> {
        let mut found: BTreeMap<Key, Fen> = BTreeMap::new();
        for (key, sum) in self.all.iter().filter(|(key, _)| key.day <= day && wanted(key)) {
            let balance = found.entry(Key { day: Day::default(), ..*key }).or_default();
            *balance = balance.saturating_add(sum.balance());
        }
        found.retain(|_, balance| *balance != 0);
        found
    }

    /// Number of entries and root of the tree over them: what a Totals record must say.
    pub(crate) fn commitment(&self) -> (u64, Digest) {
        let mut entries: Vec<(Key, Sum)> = self.all.iter().map(|(key, sum)| (*key, *sum)).collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        let mut tree = proof::Tree::empty();
        for entry in &entries {
            tree.push(hash::leaf_hash(&borsh::to_vec(entry).unwrap_or_default()));
        }
        (tree.size(), tree.root())
    }

    /// The hash of the trial balance: what a closing must say.
    pub(crate) fn trial_hash(&self) -> Digest {
        let rows: Vec<_> = self.trial.iter().map(|(at, sum)| (*at, *sum)).collect();
        hash::sha256(&borsh::to_vec(&rows).unwrap_or_default())
    }
}

/// Debit positive.
pub(crate) fn signed(line: &Line) -> Fen {
    if line.side == Side::Debit { line.fen } else { line.fen.saturating_neg() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_balance_is_that_of_a_day_s_end_from_the_day_on() {
        let mut series = Series::default();
        for (day, fen) in [(1, 100), (3, -60), (7, 500), (3, 20), (5, -50)] {
            series.add(Day(day), fen);
        }
        for (day, lowest) in [(0, 0), (1, 10), (3, 10), (4, 10), (5, 10), (6, 10), (7, 510), (9, 510)] {
            assert_eq!(series.lowest_from(Day(day)), lowest, "day {day}");
        }
        assert_eq!(series.balance(), 510);
    }
}
