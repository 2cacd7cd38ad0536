//! The amount alone of an income corrected: of this year as a difference (T22), of an earlier year against the opening balance (T23).
//! Both stay on the income's own bank transaction, so that neither books money that is not there.

use record::command::{AdjustAmount, CorrectPriorYear, Evidence};
use record::event::Effect;
use record::kinds::{ApprovalKind, Change, Direction, Template, VoucherKind};
use record::{ApprovalNo, Day, Event, Fen, Line, Voucher, VoucherRef};

use super::approvals::{Act, carry};
use super::correct::{bound_rule, is_income};
use super::desk::{Desk, Draft};
use crate::facts::FactKey;

/// What both corrections ask.
struct Difference<'c> {
    voucher: VoucherRef,
    change: Change,
    fen: Fen,
    date: Day,
    reason: &'c str,
    evidence: &'c [Evidence],
}

/// T22: more in blue, less in red, on the same accounts.
pub(super) fn amount(desk: &mut Desk<'_>, c: &AdjustAmount) -> Vec<Event> {
    let asked = Difference {
        voucher: c.voucher,
        change: c.change,
        fen: c.fen,
        date: c.date,
        reason: &c.reason,
        evidence: &c.evidence,
    };
    let Some(original) = original(desk, &asked) else { return Vec::new() };
    if original.date.year() != c.date.year() || c.date < original.date {
        desk.hit("LED-010", "date", &original.date.to_string(), &c.date.to_string());
    }
    let signed = if c.change == Change::Increase { c.fen } else { c.fen.saturating_neg() };
    let lines = original.lines.iter().map(|line| Line { fen: signed, ..line.clone() }).collect();
    let kind = if c.change == Change::Increase { VoucherKind::Normal } else { VoucherKind::RedAdjust };
    post(desk, &asked, &original, (Template::T22, kind, 0), lines)
}

/// T23: 年初余额调整 stands where the income of a closed year stood.
pub(super) fn prior_year(desk: &mut Desk<'_>, c: &CorrectPriorYear) -> Vec<Event> {
    let asked = Difference {
        voucher: c.voucher,
        change: c.change,
        fen: c.fen,
        date: c.date,
        reason: &c.reason,
        evidence: &c.evidence,
    };
    let Some(original) = original(desk, &asked) else { return Vec::new() };
    if original.date.year() >= c.date.year() {
        desk.hit("LED-010", "date", &c.date.to_string(), &original.date.to_string());
    }
    let source = original.lines.first().map_or(0, |l| l.source);
    let code = desk.state.sources.code(source).to_owned();
    let act = Act {
        approval: &c.approval,
        kinds: &[ApprovalKind::PriorYear],
        rule: "LED-010",
        date: c.date,
        fen: c.fen,
        scope: [&code, "", ""],
    };
    let approval = carry(desk, &act).unwrap_or(0);
    let adjusting = desk.state.opening_adjustment_of(source);
    let money = desk.state.posting.special_bank;
    let lines = original
        .lines
        .iter()
        .map(|line| Line {
            account: if line.account == money { money } else { adjusting },
            side: if c.change == Change::Increase { line.side } else { line.side.other() },
            fen: c.fen,
            ..line.clone()
        })
        .collect();
    post(desk, &asked, &original, (Template::T23, VoucherKind::BlueCorrection, approval), lines)
}

/// LED-010: an income that stands, booked from a bank transaction with one pair of lines. What has heads and prices, or shares, is
/// corrected as a whole.
fn original(desk: &mut Desk<'_>, asked: &Difference<'_>) -> Option<Voucher> {
    desk.check_date(asked.date, "date");
    desk.check_evidence(asked.evidence);
    let found = desk.facts.original(asked.voucher).and_then(|record| match &record.event {
        Event::VoucherPosted(posted) => Some(posted.voucher.clone()),
        Event::ReceiptPosted(posted) => Some(posted.voucher.clone()),
        _ => None,
    });
    let Some(original) = found else {
        desk.unknown("voucher");
        return None;
    };
    let income = is_income(original.template);
    let stands = matches!(original.kind, VoucherKind::Normal | VoucherKind::BlueCorrection);
    let reversed = desk.facts.get(FactKey::Reversed(asked.voucher)).is_some();
    if !income || !stands || reversed {
        let found = format!("{} {}", original.template, original.kind);
        desk.hit("LED-010", "voucher", "income that stands", &found);
        return None;
    }
    check_amount(desk, asked, &original);
    check_stays_bound(desk, asked, &original);
    Some(original)
}

/// USE-011, SRC-006: the bank brought no less than is booked, so what a smaller amount leaves over would be booked as other money. What its
/// giver bound stays bound: it changes its source by a transfer, under the giver's consent.
fn check_stays_bound(desk: &mut Desk<'_>, asked: &Difference<'_>, original: &Voucher) {
    let source = original.lines.first().map_or(0, |line| line.source);
    if let Some(rule) = bound_rule(desk.state, source).filter(|_| asked.change == Change::Decrease) {
        let code = desk.state.sources.code(source).to_owned();
        desk.hit(rule, "change", Change::Increase.code(), &code);
    }
}

/// LED-011: no more than the bank transaction brought. LED-010: no less than nothing, with what was corrected before.
fn check_amount(desk: &mut Desk<'_>, asked: &Difference<'_>, original: &Voucher) {
    let booked = original.lines.first().map_or(0, |l| l.fen);
    let before = desk.state.adjustments.get(&asked.voucher).copied().unwrap_or(0);
    let stands = booked.saturating_add(before);
    let txn = original.lines.iter().find(|l| l.bank != 0).and_then(|l| desk.state.bank_txns.get(l.bank));
    match asked.change {
        Change::Increase => {
            let inward = txn.filter(|txn| txn.direction == Direction::In);
            let left = inward.map_or(0, |txn| txn.fen.saturating_sub(txn.used_fen));
            if left < asked.fen {
                desk.short("LED-011", "fen", left, asked.fen);
            }
        }
        Change::Decrease if stands < asked.fen => desk.short("LED-010", "fen", stands, asked.fen),
        Change::Decrease => {}
    }
    // The slip stands with the income; it may be shown again.
    desk.reusable.extend(txn.map(|txn| txn.slip_digest));
}

fn post(
    desk: &mut Desk<'_>,
    asked: &Difference<'_>,
    original: &Voucher,
    (template, kind, approval): (Template, VoucherKind, ApprovalNo),
    lines: Vec<Line>,
) -> Vec<Event> {
    let draft = Draft {
        kind,
        attachments: asked.evidence.len(),
        cashier: original.cashier_by,
        approval,
        settlement: original.settlement,
        corrects: Some(asked.voucher),
        summary: format!("订正{}号凭证金额 {}", asked.voucher, asked.reason),
        ..Draft::actual(template, asked.date, lines)
    };
    let voucher = desk.voucher(draft);
    let effect = Effect::Adjustment { of: asked.voucher, change: asked.change, fen: asked.fen };
    vec![desk.posted(voucher, effect, asked.evidence)]
}
