//! Approvals that are not carried out (REM-005), and payments that were cut so that each fits under an approval (DIV-005).

use std::collections::{BTreeMap, BTreeSet};

use record::kinds::{ApprovalKind, SubjectKind};
use record::{ApprovalNo, ClassNo, Day, Fen, PlanNo, SourceNo, VoucherRef};

use super::Look;
use crate::rules::yuan;
use crate::state::{Place, State, until};

/// REM-005: what was committed under an approval and not paid, and what was approved and never committed, beyond P2's days after the
/// meeting.
pub(super) fn unpaid(look: &mut Look<'_>) {
    let (state, day) = (look.state, look.day);
    let days = look.number("P2.pay_max_days").saturating_add(1);
    let mut used: BTreeSet<ApprovalNo> = BTreeSet::new();
    for (no, commitment) in state.commitments.iter().filter(|(_, c)| c.date <= day) {
        used.insert(commitment.approval);
        let since = state.approvals.get(commitment.approval).map_or(commitment.date, |a| a.approval.meeting_on);
        let since = since.plus_days(days);
        let stands = commitment.open_fen.saturating_add(commitment.paid_fen);
        let left = stands.saturating_sub(until(&state.watch.spent, no, day));
        if day < since || left <= 0 {
            continue;
        }
        let mut sign = look.sign("REM-005", SubjectKind::Commitment, &commitment.code);
        sign.fen = left;
        sign.heads = left.checked_div(commitment.unit_fen).unwrap_or(0);
        (sign.expected, sign.found) = (yuan(0), yuan(left));
        sign.since = since;
        let places = [Place::Approval(commitment.approval), Place::Commitment(no)];
        sign.evidence = places.iter().filter_map(|place| look.at(place)).collect();
        look.see(sign);
    }
    for (no, approval) in state.approvals.iter() {
        let since = approval.approval.meeting_on.plus_days(days);
        if approval.approval.kind == ApprovalKind::Expenditure && day >= since && !used.contains(&no) {
            let mut sign = look.sign("REM-005", SubjectKind::Approval, &approval.approval.code);
            sign.fen = approval.approval.max_fen;
            (sign.expected, sign.found) = (yuan(0), yuan(sign.fen));
            sign.since = since;
            sign.evidence = look.at(&Place::Approval(no)).into_iter().collect();
            look.see(sign);
        }
    }
}

/// A payment that stands, as far as splitting is concerned.
#[derive(Clone, Copy)]
struct Paid {
    date: Day,
    fen: Fen,
    approval: ApprovalNo,
    ceiling: Fen,
    meeting_on: Day,
    voucher: VoucherRef,
}

type Line = (u16, SourceNo, ClassNo, PlanNo);

/// DIV-005: several payments of a budget line within days, under approvals whose meetings lie as close, that together exceed the largest
/// of these approvals: one approval for all of them would have had to be a larger one.
pub(super) fn split(look: &mut Look<'_>) {
    let state = look.state;
    let days = look.number("detect.split_days");
    let least = usize::try_from(look.number("detect.split_payments")).unwrap_or(usize::MAX);
    for (line, mut rest) in by_line(state, look.day) {
        while let Some(first) = rest.first().copied() {
            let end = first.date.plus_days(days);
            let near = |p: &&Paid| p.date <= end && size_of_gap(p.meeting_on, first.meeting_on) <= days;
            let window: Vec<Paid> = rest.iter().filter(near).copied().collect();
            let approvals: BTreeSet<ApprovalNo> = window.iter().map(|p| p.approval).collect();
            let total = window.iter().fold(0, |sum: Fen, p| sum.saturating_add(p.fen));
            let ceiling = window.iter().map(|p| p.ceiling).max().unwrap_or(0);
            if window.len() >= least.max(2) && approvals.len() > 1 && total > ceiling {
                see_split(look, line, &window, (total, ceiling));
                rest.retain(|p| !window.iter().any(|seen| seen.voucher == p.voucher));
            } else {
                rest.remove(0);
            }
        }
    }
}

fn size_of_gap(one: Day, other: Day) -> i32 {
    one.0.saturating_sub(other.0).saturating_abs()
}

/// Payments that stand, by budget line, in order of their dates.
fn by_line(state: &State, day: Day) -> BTreeMap<Line, Vec<Paid>> {
    let mut lines: BTreeMap<Line, Vec<Paid>> = BTreeMap::new();
    for (voucher, payment) in state.payments.iter().filter(|(_, p)| p.date <= day && !p.reversed) {
        let Some(commitment) = state.commitments.get(payment.commitment) else { continue };
        let Some(approval) = state.approvals.get(commitment.approval) else { continue };
        let line = (commitment.year, commitment.source, commitment.class, commitment.plan);
        lines.entry(line).or_default().push(Paid {
            date: payment.date,
            fen: payment.fen,
            approval: commitment.approval,
            ceiling: approval.approval.max_fen,
            meeting_on: approval.approval.meeting_on,
            voucher: *voucher,
        });
    }
    lines.values_mut().for_each(|payments| payments.sort_by_key(|p| (p.date, p.voucher)));
    lines
}

fn see_split(look: &mut Look<'_>, line: Line, window: &[Paid], (total, ceiling): (Fen, Fen)) {
    let (year, source, class, plan) = line;
    let state = look.state;
    let (source, class, plan) = (state.sources.code(source), state.classes.code(class), state.plans.code(plan));
    let first = window.first().map_or(look.day, |p| p.date);
    let mut sign = look.sign("DIV-005", SubjectKind::BudgetLine, &format!("{year}/{source}/{class}/{plan}/{first}"));
    sign.fen = total;
    sign.count = u32::try_from(window.len()).unwrap_or(u32::MAX);
    (sign.expected, sign.found) = (yuan(ceiling), yuan(total));
    sign.since = window.last().map_or(first, |p| p.date);
    sign.evidence = window
        .iter()
        .flat_map(|p| [Place::Approval(p.approval), Place::Voucher(p.voucher)])
        .filter_map(|place| look.at(&place))
        .collect();
    look.see(sign);
}
