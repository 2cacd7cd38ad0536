//! The 20 yuan given back to who paid it (T19): the only outflow beside those to the association (USE-006), so it names the receipt, the
//! approval and the payer's own receipt.

use record::command::RefundPremium;
use record::event::Effect;
use record::kinds::{BankPurpose, Direction, EvidenceKind, OrgType, Side, Template};
use record::{Event, Fen, Heads, Line};

use super::approvals::carry_outflow;
use super::bank::{Draw, Drawn, draw};
use super::desk::{Desk, Draft, times};
use super::premium::custody_account_of_txn;
use super::spending::association;
use crate::facts::FactKey;

pub(super) fn refund(desk: &mut Desk<'_>, c: &RefundPremium) -> Vec<Event> {
    desk.check_date(c.date, "date");
    desk.check_evidence(&c.evidence);
    if !c.evidence.iter().any(|e| e.kind == EvidenceKind::Bill) {
        desk.hit("USE-006", "evidence", EvidenceKind::Bill.code(), "");
    }
    let Some(paid) = paid(desk, c) else { return Vec::new() };
    let source = desk.state.sources.code(paid.source).to_owned();
    carry_outflow(desk, &c.approval, &source, c.date, c.fen);
    check_amount(desk, c, &paid);
    let passed_on = !c.return_txn.is_empty();
    check_held(desk, c, &paid, passed_on);
    let back = passed_on.then(|| draw_custody(desk, &paid, &c.return_txn, Direction::In, c));
    if let Some(Some(drawn)) = back.filter(|drawn| drawn.is_some_and(|d| association(desk, d.counterparty) == 0)) {
        let code = desk.state.bank_accounts.code(drawn.counterparty).to_owned();
        desk.hit("REM-006", "return_txn.counterparty_account", OrgType::MutualAid.code(), &code);
    }
    let out = draw_custody(desk, &paid, &c.refund_txn, Direction::Out, c);
    // A registered account is ours, a collector's or the association's: none of them paid this premium.
    if let Some(drawn) = out.filter(|drawn| is_another_s(desk, drawn)) {
        let code = desk.state.bank_accounts.code(drawn.counterparty).to_owned();
        desk.hit("USE-006", "refund_txn.counterparty_account", "", &code);
    }
    let mut events = Vec::new();
    if let Some(back) = back {
        let Some(back) = back else { return Vec::new() };
        events.push(voucher(desk, c, &paid, back, true));
    }
    let Some(out) = out else { return Vec::new() };
    events.push(voucher(desk, c, &paid, out, false));
    events
}

fn is_another_s(desk: &Desk<'_>, drawn: &Drawn) -> bool {
    desk.state.bank_accounts.get(drawn.counterparty).is_some_and(|account| account.purpose != BankPurpose::Payer)
}

/// The liability line of the premium receipt: who holds it, for which batch and at which price. LED-010 where the receipt was reversed.
fn paid(desk: &mut Desk<'_>, c: &RefundPremium) -> Option<Line> {
    let line = desk.facts.original(c.receipt).and_then(|record| match &record.event {
        Event::ReceiptPosted(posted) => posted.voucher.lines.iter().find(|l| l.side == Side::Credit).cloned(),
        _ => None,
    });
    if line.is_none() {
        desk.unknown("receipt");
    }
    let received_on = desk.facts.original(c.receipt).and_then(crate::voucher_of).map(|voucher| voucher.date);
    if let Some(day) = received_on.filter(|day| c.date < *day) {
        desk.hit("LED-007", "date", &day.to_string(), &c.date.to_string());
    }
    if desk.facts.get(FactKey::Reversed(c.receipt)).is_some() {
        desk.hit("LED-010", "receipt", "not reversed yet", &c.receipt.to_string());
    }
    line
}

/// USE-005 and ENR-001: heads times the price paid, and no more heads than the receipt has left.
fn check_amount(desk: &mut Desk<'_>, c: &RefundPremium, paid: &Line) {
    match times(c.heads, paid.price) {
        Some(product) if product == c.fen => {}
        product => desk.hit("USE-005", "fen", &product.unwrap_or(0).to_string(), &c.fen.to_string()),
    }
    let given = desk.state.refunds.get(&c.receipt).copied().unwrap_or(0);
    let left = paid.heads.unsigned_abs().saturating_sub(given);
    if c.heads > left {
        desk.hit("ENR-001", "heads", &left.to_string(), &c.heads.to_string());
    }
}

/// REM-003: what the holder still has comes out of what it has; what was passed on cannot come back twice.
fn check_held(desk: &mut Desk<'_>, c: &RefundPremium, paid: &Line, passed_on: bool) {
    let heads = i64::from(c.heads);
    let left = if passed_on {
        // Passed on with the use of a remittance, sent back with that of a refund.
        let liability = desk.state.posting.custody_liability;
        let refund = desk.state.use_no("RF").unwrap_or(0);
        let of_batch = desk.state.sums_of(liability, paid.source, paid.grant, paid.holder);
        let (out, back) = of_batch.fold((0, 0), |(out, back): (Fen, Fen), (key, sum)| {
            if key.use_code == refund {
                (out, back.saturating_add(sum.credit_fen))
            } else {
                (out.saturating_add(sum.debit_fen), back)
            }
        });
        out.saturating_sub(back).checked_div(paid.price.max(1)).unwrap_or(0)
    } else {
        desk.state.custody_heads.get(&(paid.holder, paid.source, paid.grant)).copied().unwrap_or(0)
    };
    if heads > left {
        desk.hit("REM-003", "heads", &left.to_string(), &c.heads.to_string());
    }
}

fn draw_custody(desk: &mut Desk<'_>, paid: &Line, txn: &str, direction: Direction, c: &RefundPremium) -> Option<Drawn> {
    let account = custody_account_of_txn(desk, txn);
    let ask = Draw {
        account: &account,
        purpose: BankPurpose::Custody,
        owner: paid.holder,
        txn,
        direction,
        fen: c.fen,
        not_before: Some(c.date),
    };
    draw(desk, &ask)
}

/// One of the two vouchers: back into custody, or out of it to the payer.
fn voucher(desk: &mut Desk<'_>, c: &RefundPremium, paid: &Line, drawn: Drawn, back: bool) -> Event {
    let owed = Line {
        side: if back { Side::Credit } else { Side::Debit },
        fen: c.fen,
        use_code: desk.state.use_no("RF").unwrap_or(0),
        counterparty: if back { association(desk, drawn.counterparty) } else { paid.counterparty },
        heads: Heads::try_from(c.heads).unwrap_or(Heads::MAX),
        bank: 0,
        ..paid.clone()
    };
    let money =
        Line { account: desk.state.posting.custody_bank, side: owed.side.other(), bank: drawn.txn, ..owed.clone() };
    let approval = if back { 0 } else { desk.state.approvals.no(&c.approval).unwrap_or(0) };
    let draft = Draft {
        attachments: c.evidence.len(),
        cashier: drawn.cashier,
        approval,
        settlement: Some(drawn.settlement),
        summary: c.reason.clone(),
        ..Draft::actual(Template::T19, c.date, if back { vec![money, owed] } else { vec![owed, money] })
    };
    let voucher = desk.voucher(draft);
    let effect = Effect::Refund { receipt: c.receipt, heads: c.heads, passed_on: !c.return_txn.is_empty() };
    // The documents stand with the voucher that pays out.
    if back { desk.posted(voucher, Effect::None, &[]) } else { desk.posted(voucher, effect, &c.evidence) }
}
