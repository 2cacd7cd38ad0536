//! Sums of lines and the questions that deciding asks of them: what a source has, on every day.

use borsh::{BorshDeserialize, BorshSerialize};
use record::kinds::Side;
use record::{AccountNo, ClassNo, Day, Fen, GrantNo, Line, OrgNo, PlanNo, SourceNo, UseNo};

use super::State;

/// What lines are added up by. The field order is the sort order: an account's money by source, grant and holder, day by day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct SumKey {
    /// Account.
    pub account: AccountNo,
    /// Source.
    pub source: SourceNo,
    /// Grant; 0 on BUDGET lines.
    pub grant: GrantNo,
    /// Holder.
    pub holder: OrgNo,
    /// Voucher date.
    pub day: Day,
    /// Use.
    pub use_code: UseNo,
    /// Class.
    pub class: ClassNo,
    /// Plan.
    pub plan: PlanNo,
    /// Programme year.
    pub year: u16,
}

impl SumKey {
    /// What a line of a voucher of this date is added up under.
    pub fn of(day: Day, line: &Line) -> SumKey {
        SumKey {
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

/// Debit and credit totals in fen, red-letter lines lowering their own side, and heads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Sum {
    /// Debit total.
    pub debit_fen: Fen,
    /// Credit total.
    pub credit_fen: Fen,
    /// Heads: debit lines less credit lines.
    pub heads: i64,
}

impl Sum {
    /// Adds a line. Sums stay far inside `i64`: form limits bound each amount, and `check` bounds each total.
    pub(crate) fn add(&mut self, line: &Line) {
        let heads = i64::from(line.heads);
        match line.side {
            Side::Debit => {
                self.debit_fen = self.debit_fen.saturating_add(line.fen);
                self.heads = self.heads.saturating_add(heads);
            }
            Side::Credit => {
                self.credit_fen = self.credit_fen.saturating_add(line.fen);
                self.heads = self.heads.saturating_sub(heads);
            }
        }
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &Sum) {
        self.debit_fen = self.debit_fen.saturating_add(other.debit_fen);
        self.credit_fen = self.credit_fen.saturating_add(other.credit_fen);
        self.heads = self.heads.saturating_add(other.heads);
    }

    /// Debit less credit, in fen.
    pub fn balance(&self) -> Fen {
        self.debit_fen.saturating_sub(self.credit_fen)
    }
}

impl State {
    /// Day-by-day movements (debit less credit) of an account's money of a source, grant and holder, in day order.
    pub fn movements(
        &self,
        account: AccountNo,
        source: SourceNo,
        grant: GrantNo,
        holder: OrgNo,
    ) -> impl Iterator<Item = (Day, Fen)> + '_ {
        self.sums_of(account, source, grant, holder).map(|(k, sum)| (k.day, sum.balance()))
    }

    /// Sums of an account's money of a source, grant and holder, day by day and use by use.
    pub fn sums_of(
        &self,
        account: AccountNo,
        source: SourceNo,
        grant: GrantNo,
        holder: OrgNo,
    ) -> impl Iterator<Item = (&SumKey, &Sum)> + '_ {
        let from = SumKey { account, source, grant, holder, day: Day(i32::MIN), ..SumKey::default() };
        self.sums
            .range(from..)
            .take_while(move |(k, _)| (k.account, k.source, k.grant, k.holder) == (account, source, grant, holder))
    }

    /// What can be taken on `day` without the balance falling below zero on that day or any later one; never negative.
    pub fn spendable(&self, account: AccountNo, source: SourceNo, grant: GrantNo, holder: OrgNo, day: Day) -> Fen {
        self.lowest_from(account, source, grant, holder, day).unwrap_or(0).max(0)
    }

    /// The lowest end-of-day balance from `day` on, if anything moved after it; else the balance on `day`.
    pub(crate) fn lowest_from(
        &self,
        account: AccountNo,
        source: SourceNo,
        grant: GrantNo,
        holder: OrgNo,
        day: Day,
    ) -> Option<Fen> {
        lowest(self.movements(account, source, grant, holder), day)
    }

    /// Balance (debit less credit) of an account's money of a source, grant and holder over all days.
    pub fn balance(&self, account: AccountNo, source: SourceNo, grant: GrantNo, holder: OrgNo) -> Fen {
        self.movements(account, source, grant, holder).fold(0, |sum, (_, fen)| Fen::saturating_add(sum, fen))
    }

    /// What can be taken of a budget line's account on `day` without its balance falling below zero on that day or any later one; never
    /// negative. Credit is positive.
    pub fn budget_left(
        &self,
        (year, source, class, plan): (u16, SourceNo, ClassNo, PlanNo),
        account: AccountNo,
        day: Day,
    ) -> Fen {
        let from = SumKey { account, source, day: Day(i32::MIN), ..SumKey::default() };
        let of_line = self
            .sums
            .range(from..)
            .take_while(|(k, _)| (k.account, k.source) == (account, source))
            .filter(|(k, _)| (k.year, k.class, k.plan) == (year, class, plan))
            .map(|(k, sum)| (k.day, sum.balance().saturating_neg()));
        lowest(of_line, day).unwrap_or(0).max(0)
    }

    /// Budget balance of a line's account in fen, credit positive.
    pub fn budget_balance(&self, year: u16, source: SourceNo, class: ClassNo, plan: PlanNo, account: AccountNo) -> Fen {
        self.budget.get(&(year, source, class, plan, account)).copied().unwrap_or(0)
    }
}

/// The lowest end-of-day balance from `day` on, of movements in day order; none if there are none.
fn lowest(movements: impl Iterator<Item = (Day, Fen)>, day: Day) -> Option<Fen> {
    let mut balance: Fen = 0;
    let mut lowest: Option<Fen> = None;
    let mut last: Option<Day> = None;
    for (at, movement) in movements {
        if last != Some(at) {
            if at > day {
                lowest = Some(lowest.map_or(balance, |low| low.min(balance)));
            }
            last = Some(at);
        }
        balance = balance.saturating_add(movement);
    }
    last.map(|_| lowest.map_or(balance, |low| low.min(balance)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_balance_is_that_of_a_day_s_end_from_the_day_on() {
        let movements = [(1, 100), (3, -60), (3, 20), (5, -50), (7, 500)];
        for (day, left) in [(0, 0), (1, 10), (3, 10), (4, 10), (5, 10), (6, 10), (7, 510), (9, 510)] {
            let found = lowest(movements.iter().map(|(d, fen)| (Day(*d), *fen)), Day(day));
            assert_eq!(found, Some(left), "day {day}");
        }
        assert_eq!(lowest(core::iter::empty(), Day(0)), None);
    }
}
