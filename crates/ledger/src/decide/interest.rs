//! Interest shared over the sources by their average daily balances (T09b, P6, decisions 17): largest remainder, to the fen, and within
//! a source over its grants the same way, so that interest on bound money stays bound.

use std::collections::BTreeMap;

use record::command::AllocateInterest;
use record::event::Effect;
use record::kinds::{Direction, IncomeKind, Restriction, Side, Template};
use record::{ApprovalNo, Day, Event, Fen, GrantNo, Line, SourceNo};

use super::bank::{Draw, draw};
use super::check::LINES_PER_VOUCHER;
use super::desk::{Desk, Draft};
use super::funding::check_payer;
use super::lines::{OWN, grants_of};
use crate::State;

/// Parameter that chooses where interest goes (P6).
pub const PARAM_INTEREST: &str = "P6.interest";
/// Its value where interest is shared out.
pub const DAILY_BALANCE: &str = "DAILY_BALANCE";

/// Whether interest is shared on a day, and the approval of that policy.
fn policy(state: &State, day: Day) -> Option<ApprovalNo> {
    let (_, (value, approval)) = state.parameters.get(PARAM_INTEREST)?.range(..=day).next_back()?;
    (value == DAILY_BALANCE).then_some(*approval)
}

/// SRC-008: where the approved policy shares interest, all of it is shared.
pub(super) fn check_not_shared(desk: &mut Desk<'_>, day: Day) {
    if policy(desk.state, day).is_some() {
        desk.hit("SRC-008", PARAM_INTEREST, "AllocateInterest", "RecordInterest");
    }
}

pub(super) fn allocate(desk: &mut Desk<'_>, c: &AllocateInterest) -> Vec<Event> {
    desk.check_date(c.date, "date");
    let drawn = draw(desk, &Draw::special(&c.bank_account, &c.bank_txn, Direction::In, c.fen, c.date));
    desk.check_evidence(&c.evidence);
    check_payer(desk, drawn, Some(IncomeKind::Interest));
    let approval = policy(desk.state, c.date);
    if approval.is_none() {
        let found = desk.state.parameter_on(PARAM_INTEREST, c.date).unwrap_or("").to_owned();
        desk.hit("SRC-008", PARAM_INTEREST, DAILY_BALANCE, &found);
    }
    // A period that is not over has balances that may still change.
    if c.to > c.date {
        desk.hit("SRC-008", "to", &c.date.to_string(), &c.to.to_string());
    }
    let Some(drawn) = drawn else { return Vec::new() };
    let whole = desk.state.bank_txns.get(drawn.txn).map_or(0, |txn| txn.fen);
    if whole != c.fen {
        desk.hit("SRC-008", "fen", &whole.to_string(), &c.fen.to_string());
    }
    let shares = shares(desk.state, (c.from, c.to), c.fen);
    if shares.is_empty() {
        desk.hit("SRC-008", "from", "", "0");
    }
    let interest = desk.state.sources_of_income(IncomeKind::Interest).next();
    let account = interest.and_then(|(_, s)| desk.state.account_no(&s.income_account)).unwrap_or(0);
    let lines: Vec<Line> = shares
        .into_iter()
        .flat_map(|(source, grant, fen)| {
            let money = Line {
                account: desk.state.posting.special_bank,
                source,
                grant,
                side: Side::Debit,
                fen,
                holder: OWN,
                bank: drawn.txn,
                ..Line::default()
            };
            [money.clone(), Line { account, side: Side::Credit, bank: 0, ..money }]
        })
        .collect();
    let mut events = Vec::new();
    for chunk in lines.chunks(LINES_PER_VOUCHER) {
        let draft = Draft {
            attachments: c.evidence.len(),
            cashier: drawn.cashier,
            approval: approval.unwrap_or(0),
            settlement: Some(drawn.settlement),
            summary: c.summary.clone(),
            ..Draft::actual(Template::T09b, c.date, chunk.to_vec())
        };
        let voucher = desk.voucher(draft);
        let evidence = if events.is_empty() { c.evidence.as_slice() } else { &[] };
        events.push(desk.posted(voucher, Effect::None, evidence));
    }
    events
}

/// What each grant gets of an amount: shared over the sources by the sums of their daily balances in the period, then over each one's
/// grants. Money held for others earns for the fund, not for its holders: P6 knows the special account only.
fn shares(state: &State, period: (Day, Day), fen: Fen) -> Vec<(SourceNo, GrantNo, Fen)> {
    let own = state.sources.iter().filter(|(_, s)| s.restriction != Restriction::PassThrough);
    let weights: Vec<(SourceNo, Vec<(GrantNo, i128)>)> = own
        .filter_map(|(no, _)| SourceNo::try_from(no).ok())
        .map(|source| (source, grants_of(state, source).map(|g| (g, weight(state, source, g, period))).collect()))
        .collect();
    let of_sources: Vec<i128> = weights.iter().map(|(_, grants)| sum(grants.iter().map(|(_, w)| *w))).collect();
    let mut found = Vec::new();
    for ((source, grants), fen) in weights.iter().zip(share_out(fen, &of_sources)) {
        let of_grants: Vec<i128> = grants.iter().map(|(_, weight)| *weight).collect();
        let parts = grants.iter().zip(share_out(fen, &of_grants));
        found.extend(parts.filter(|(_, part)| *part > 0).map(|((grant, _), part)| (*source, *grant, part)));
    }
    found
}

fn sum(weights: impl Iterator<Item = i128>) -> i128 {
    weights.fold(0, i128::saturating_add)
}

/// The sum of a grant's end-of-day balances from the first to the last day: its average, times the same number of days for all.
fn weight(state: &State, source: SourceNo, grant: GrantNo, (from, to): (Day, Day)) -> i128 {
    let mut changes: BTreeMap<Day, Fen> = BTreeMap::new();
    for (day, fen) in state.movements(state.posting.special_bank, source, grant, OWN).filter(|(day, _)| *day <= to) {
        // What moved before the period stands from its first day on.
        let net = changes.entry(day.max(from)).or_default();
        *net = net.saturating_add(fen);
    }
    let days_left = |day: Day| i128::from(to.0).saturating_sub(i128::from(day.0)).saturating_add(1);
    sum(changes.into_iter().map(|(day, fen)| i128::from(fen).saturating_mul(days_left(day)))).max(0)
}

/// Shares an amount in proportion to weights, to the fen: each gets its whole part, what is left over goes by a fen each to the largest
/// remainders, the earlier of equals first. Nothing where no weight is.
pub(crate) fn share_out(fen: Fen, weights: &[i128]) -> Vec<Fen> {
    let total = sum(weights.iter().copied());
    if total <= 0 {
        return vec![0; weights.len()];
    }
    let exact = |weight: i128| i128::from(fen).saturating_mul(weight);
    let mut parts: Vec<Fen> = weights.iter().map(|w| Fen::try_from(exact(*w).div_euclid(total)).unwrap_or(0)).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|i| core::cmp::Reverse(weights.get(*i).map_or(0, |w| exact(*w).rem_euclid(total))));
    let shared = parts.iter().fold(0, |sum: Fen, part| sum.saturating_add(*part));
    let left = usize::try_from(fen.saturating_sub(shared)).unwrap_or(0);
    for i in order.into_iter().take(left) {
        if let Some(part) = parts.get_mut(i) {
            *part = part.saturating_add(1);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_interest_of_the_season() {
        let weights = [3_125_000_000, 6_250_000, 3_500_000, 2_250_000];
        assert_eq!(share_out(1_234_567, &weights), [1_229_844, 2_460, 1_377, 886]);
    }

    #[test]
    fn shares_add_up_to_the_fen() {
        for (fen, weights, parts) in [
            (10, &[1, 1, 1][..], &[4, 3, 3][..]),
            (1, &[0, 5, 5][..], &[0, 1, 0][..]),
            (7, &[0, 0][..], &[0, 0][..]),
            (2, &[3, 3, 1][..], &[1, 1, 0][..]),
        ] {
            assert_eq!(share_out(fen, weights), parts, "{fen} over {weights:?}");
        }
        assert_eq!(
            share_out(record::MAX_FEN, &[i128::from(record::MAX_FEN) * 366; 3]).iter().sum::<Fen>(),
            record::MAX_FEN
        );
    }
}
