//! Money that a payee sent back (T17, of an earlier year T18): to its own source and grants (REM-006), newest attribution first.

use record::command::RecordReturn;
use record::event::Effect;
use record::kinds::{Direction, OrgType, Side, Template};
use record::{AccountNo, Event, Fen, GrantNo, Heads, Line};

use super::bank::{Draw, Drawn, draw};
use super::desk::{Desk, Draft, times};
use super::lines::OWN;
use super::spending::{association, budget_line};
use crate::state::{Commitment, Payment};

pub(super) fn record_return(desk: &mut Desk<'_>, c: &RecordReturn) -> Vec<Event> {
    desk.check_date(c.date, "date");
    let drawn = draw(desk, &Draw::special(&c.bank_account, &c.bank_txn, Direction::In, c.fen, c.date));
    desk.check_evidence(&c.evidence);
    let Some(payment) = desk.state.payments.get(&c.payment) else {
        desk.unknown("payment");
        return Vec::new();
    };
    let Some(commitment) = desk.state.commitments.get(payment.commitment) else {
        desk.unknown("payment");
        return Vec::new();
    };
    check(desk, payment, commitment, c);
    // Money from anybody else is income of its own source; booked as a return it would be another source's to spend.
    if let Some(drawn) = drawn.filter(|drawn| association(desk, drawn.counterparty) == 0) {
        let code = desk.state.bank_accounts.code(drawn.counterparty).to_owned();
        desk.hit("SRC-002", "bank_txn.counterparty_account", OrgType::MutualAid.code(), &code);
    }
    let Some(drawn) = drawn else { return Vec::new() };
    let shares = shares(payment, c.fen);
    // The expense of a closed year is closed: its opening balance takes the money, and its budget is over.
    let earlier = payment.date.year() < c.date.year();
    let account = if earlier { desk.state.opening_adjustment_of(commitment.source) } else { payment.account };
    let lines = lines(desk, (payment, account), commitment, c, drawn, &shares);
    let template = if earlier { Template::T18 } else { Template::T17 };
    let draft = Draft {
        attachments: c.evidence.len(),
        cashier: drawn.cashier,
        commitment: payment.commitment,
        settlement: Some(drawn.settlement),
        summary: c.reason.clone(),
        ..Draft::actual(template, c.date, lines)
    };
    let voucher = desk.voucher(draft);
    let effect = Effect::Return { payment: c.payment, heads: c.heads, fen: c.fen };
    if earlier {
        return vec![desk.posted(voucher, effect, &c.evidence)];
    }
    let budget = Draft {
        attachments: 1,
        commitment: payment.commitment,
        ..Draft::budget(Template::T17, c.date, restored(desk, commitment, c.heads, c.fen))
    };
    let budget = desk.voucher(budget);
    vec![desk.posted(voucher, effect, &c.evidence), desk.posted(budget, Effect::None, &[])]
}

/// LED-010 for money that comes back before it went or on a payment that was reversed, ENR-001 and USE-005 for more than was paid.
fn check(desk: &mut Desk<'_>, payment: &Payment, commitment: &Commitment, c: &RecordReturn) {
    if payment.date > c.date || payment.reversed {
        desk.hit("LED-010", "payment", &payment.date.to_string(), &c.date.to_string());
    }
    let left = payment.heads.saturating_sub(payment.returned_heads);
    if c.heads > left {
        desk.hit("ENR-001", "heads", &left.to_string(), &c.heads.to_string());
    }
    match times(c.heads, commitment.unit_fen) {
        Some(product) if product == c.fen => {}
        product => desk.hit("USE-005", "fen", &product.unwrap_or(0).to_string(), &c.fen.to_string()),
    }
}

/// The newest attribution first, up to what each grant carried and has not got back.
fn shares(payment: &Payment, fen: Fen) -> Vec<(GrantNo, Fen)> {
    let mut left = fen;
    let mut shares = Vec::new();
    for ((grant, paid), returned) in payment.shares.iter().zip(&payment.returned).rev() {
        let part = paid.saturating_sub(*returned).min(left);
        if part > 0 {
            shares.push((*grant, part));
            left = left.saturating_sub(part);
        }
    }
    shares
}

fn lines(
    desk: &Desk<'_>,
    (payment, account): (&Payment, AccountNo),
    commitment: &Commitment,
    c: &RecordReturn,
    drawn: Drawn,
    shares: &[(GrantNo, Fen)],
) -> Vec<Line> {
    let mut heads = Heads::try_from(c.heads).unwrap_or(Heads::MAX);
    let mut lines = Vec::with_capacity(shares.len().saturating_mul(2));
    for (grant, fen) in shares {
        let expense = Line {
            account,
            source: commitment.source,
            grant: *grant,
            side: Side::Credit,
            fen: *fen,
            year: commitment.year,
            class: commitment.class,
            plan: commitment.plan,
            use_code: payment.use_code,
            holder: OWN,
            counterparty: association(desk, drawn.counterparty),
            heads,
            price: commitment.unit_fen,
            bank: 0,
        };
        let money = Line {
            account: desk.state.posting.special_bank,
            side: Side::Debit,
            heads: 0,
            bank: drawn.txn,
            ..expense.clone()
        };
        heads = 0;
        lines.extend([money, expense]);
    }
    lines
}

/// 914 to 911: a return restores the budget, never the approval (decisions.md 8).
fn restored(desk: &Desk<'_>, commitment: &Commitment, heads: u32, fen: Fen) -> Vec<Line> {
    let posting = &desk.state.posting;
    vec![
        budget_line(commitment, posting.budget_spent, Side::Debit, fen, heads),
        budget_line(commitment, posting.budget_available, Side::Credit, fen, heads),
    ]
}
