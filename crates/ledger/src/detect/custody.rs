//! The 20 yuan that others hold: collected and kept too long (REM-001), left after the deadline (REM-002), custody account against
//! liability (REM-004). One sign a holder.

use std::collections::BTreeMap;

use record::kinds::{BankPurpose, Direction, SubjectKind};
use record::{AccountNo, Day, Fen, GrantNo, OrgNo, Sequence, SourceNo};

use super::Look;
use crate::rules::yuan;
use crate::state::{Place, State, Sum, SumKey};

/// What a holder keeps too long, by rule.
#[derive(Default)]
struct Kept {
    fen: Fen,
    since: Option<Day>,
    batches: Vec<GrantNo>,
}

impl Kept {
    fn add(&mut self, fen: Fen, since: Day, batch: GrantNo) {
        if fen > 0 {
            self.fen = self.fen.saturating_add(fen);
            self.since = Some(self.since.map_or(since, |first| first.min(since)));
            self.batches.push(batch);
        }
    }
}

pub(super) fn look(look: &mut Look<'_>) {
    let (state, day) = (look.state, look.day);
    let max_days = look.number("P1.remit_max_days");
    let cutoff = day.plus_days(max_days.saturating_add(1).saturating_neg());
    let mut aged: BTreeMap<OrgNo, Kept> = BTreeMap::new();
    let mut late: BTreeMap<OrgNo, Kept> = BTreeMap::new();
    let mut owed: BTreeMap<OrgNo, Fen> = BTreeMap::new();
    for ((source, batch, holder), mut days) in by_batch(state, state.posting.custody_liability, day) {
        // A receipt that was reversed went out on that day: netted with what came in then, it would leave its age to it.
        let mut of_day = None;
        for (on, sum) in &mut days {
            // A day may stand more than once, by use.
            if of_day.replace(*on) == Some(*on) {
                continue;
            }
            let red = state.watch.reversed_receipts.get(&((source, batch, holder), *on)).copied().unwrap_or(0);
            sum.credit_fen = sum.credit_fen.saturating_add(red);
            sum.debit_fen = sum.debit_fen.saturating_add(red);
        }
        let (balance, overdue, oldest) = age(&days, cutoff);
        let sum = owed.entry(holder).or_default();
        *sum = sum.saturating_add(balance);
        aged.entry(holder).or_default().add(overdue, oldest.plus_days(max_days.saturating_add(1)), batch);
        let year = state.batch(batch).map_or(0, |b| b.form.year);
        let deadline = state.schemes.get(&year).map(|scheme| scheme.scheme.enroll_deadline);
        if let Some(deadline) = deadline.filter(|deadline| day > *deadline) {
            late.entry(holder).or_default().add(balance, deadline.plus_days(1), batch);
        }
    }
    for (holder, (overdue, oldest)) in whole_age(state, day, cutoff) {
        let kept = aged.entry(holder).or_default();
        if overdue > kept.fen {
            let since = oldest.plus_days(max_days.saturating_add(1));
            kept.fen = overdue;
            kept.since = Some(kept.since.map_or(since, |first| first.min(since)));
        }
    }
    for (rule, holders) in [("REM-001", aged), ("REM-002", late)] {
        for (holder, kept) in holders.into_iter().filter(|(_, kept)| kept.fen > 0) {
            let mut sign = look.sign(rule, SubjectKind::Holder, state.organizations.code(holder));
            sign.fen = kept.fen;
            (sign.expected, sign.found) = (yuan(0), yuan(kept.fen));
            sign.since = kept.since.unwrap_or(day);
            sign.evidence = look.grants(kept.batches);
            look.see(sign);
        }
    }
    custody_account(look, &owed);
}

/// What each holder has in custody on a day: heads, money, and the day on which the oldest of it came in.
pub(crate) fn held_premiums(state: &State, day: Day) -> BTreeMap<OrgNo, (i64, Fen, Day)> {
    let mut held: BTreeMap<OrgNo, (i64, Fen, Day)> = BTreeMap::new();
    for ((_, _, holder), days) in by_batch(state, state.posting.custody_liability, day) {
        let (balance, _, oldest) = age(&days, day);
        if balance > 0 {
            let sum = held.entry(holder).or_insert((0, 0, oldest));
            (sum.1, sum.2) = (sum.1.saturating_add(balance), sum.2.min(oldest));
        }
    }
    for ((holder, ..), heads) in &state.custody_heads {
        if let Some(sum) = held.get_mut(holder) {
            sum.0 = sum.0.saturating_add(*heads);
        }
    }
    held
}

/// Day by day sums of an account up to a day, of each source, batch and holder.
fn by_batch(state: &State, account: AccountNo, day: Day) -> BTreeMap<(SourceNo, GrantNo, OrgNo), Vec<(Day, Sum)>> {
    let from = SumKey { account, day: Day(i32::MIN), ..SumKey::default() };
    let mut found: BTreeMap<(SourceNo, GrantNo, OrgNo), Vec<(Day, Sum)>> = BTreeMap::new();
    for (key, sum) in state.sums.range(from..).take_while(|(key, _)| key.account == account) {
        if key.day <= day {
            found.entry((key.source, key.grant, key.holder)).or_default().push((key.day, *sum));
        }
    }
    found
}

/// What each holder keeps too long over all batches and payers, and since when: premiums that a correction books under another batch or
/// payer are not collected anew, so they stay as old as they are.
fn whole_age(state: &State, day: Day, cutoff: Day) -> BTreeMap<OrgNo, (Fen, Day)> {
    let mut holders: BTreeMap<OrgNo, BTreeMap<Day, Sum>> = BTreeMap::new();
    for ((_, _, holder), days) in by_batch(state, state.posting.custody_liability, day) {
        for (on, sum) in days {
            let all = holders.entry(holder).or_default().entry(on).or_default();
            all.credit_fen = all.credit_fen.saturating_add(sum.credit_fen);
            all.debit_fen = all.debit_fen.saturating_add(sum.debit_fen);
        }
    }
    let unreceived = state.watch.unreceived.iter().filter(|((_, on), _)| *on <= day);
    for ((holder, on), fen) in unreceived {
        // What was reversed alone went out; without that, it would lower what came in on its day.
        let all = holders.entry(*holder).or_default().entry(*on).or_default();
        all.credit_fen = all.credit_fen.saturating_add(*fen);
        all.debit_fen = all.debit_fen.saturating_add(*fen);
    }
    let aged = holders.into_iter().map(|(holder, days)| {
        let days: Vec<(Day, Sum)> = days.into_iter().collect();
        let (_, overdue, oldest) = age(&days, cutoff);
        (holder, (overdue, oldest))
    });
    aged.filter(|(_, (overdue, _))| *overdue > 0).collect()
}

/// Balance, what of it came in up to `cutoff`, and the day on which the oldest of it came in: what goes out is the oldest.
fn age(days: &[(Day, Sum)], cutoff: Day) -> (Fen, Fen, Day) {
    let total = |pick: fn(&Sum) -> Fen, until: Day| {
        days.iter().filter(|(at, _)| *at <= until).fold(0, |sum: Fen, (_, s)| sum.saturating_add(pick(s)))
    };
    let out = total(|s| s.debit_fen, Day(i32::MAX));
    let balance = total(|s| s.credit_fen, Day(i32::MAX)).saturating_sub(out);
    let overdue = total(|s| s.credit_fen, cutoff).saturating_sub(out).min(balance).max(0);
    let oldest = days.iter().map(|(at, _)| *at).find(|at| total(|s| s.credit_fen, *at) > out);
    (balance, overdue, oldest.unwrap_or_default())
}

/// REM-004: what a holder's custody accounts hold against what it owes. The books move both together; so what parts them is money that
/// left a registered custody account and that no voucher explains.
fn custody_account(look: &mut Look<'_>, owed: &BTreeMap<OrgNo, Fen>) {
    let (state, day) = (look.state, look.day);
    let mut missing: BTreeMap<OrgNo, (Fen, Day, Vec<Sequence>)> = BTreeMap::new();
    for (no, txn) in state.bank_txns.iter().filter(|(_, t)| t.direction == Direction::Out && t.date <= day) {
        let account = state.bank_accounts.get(txn.account).filter(|a| a.purpose == BankPurpose::Custody);
        let (Some(account), left) = (account, txn.fen.saturating_sub(txn.used_fen)) else { continue };
        if left > 0 {
            let (fen, since, records) = missing.entry(account.organization).or_insert((0, txn.date, Vec::new()));
            *fen = fen.saturating_add(left);
            *since = txn.date.min(*since);
            records.extend(look.at(&Place::BankTransaction(no)));
        }
    }
    for ((_, _, holder), days) in by_batch(state, state.posting.custody_bank, day) {
        let held = days.iter().fold(0, |sum: Fen, (_, s)| sum.saturating_add(s.balance()));
        let (fen, ..) = missing.entry(holder).or_insert((0, day, Vec::new()));
        *fen = fen.saturating_sub(held);
    }
    for (holder, (fen, since, evidence)) in missing {
        // Owed less held in the books, and less what left the bank unexplained.
        let owed = owed.get(&holder).copied().unwrap_or(0);
        let difference = owed.saturating_add(fen);
        if difference != 0 {
            let mut sign = look.sign("REM-004", SubjectKind::Holder, state.organizations.code(holder));
            sign.fen = super::size(difference);
            (sign.expected, sign.found) = (yuan(owed), yuan(owed.saturating_sub(difference)));
            (sign.since, sign.evidence) = (since, evidence);
            look.see(sign);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_out_first() {
        let day = |at: i32, credit_fen: Fen, debit_fen: Fen| (Day(at), Sum { credit_fen, debit_fen, heads: 0 });
        let days = [day(1, 100, 0), day(5, 50, 0), day(8, 0, 120)];
        // 30 of the 50 of day 5 are left.
        assert_eq!(age(&days, Day(4)), (30, 0, Day(5)));
        assert_eq!(age(&days, Day(5)), (30, 30, Day(5)));
        // A red letter of a later day takes no more than what is there.
        let red = [day(1, 100, 0), day(9, -100, 0)];
        assert_eq!(age(&red, Day(1)), (0, 0, Day(1)));
    }
}
