//! Money whose origin is not known yet (待查款, T31, decisions 18): it enters a source of its own that no use may spend, and leaves it in
//! two ways only: identified with evidence, under all rules for what it is, or back to the account that it came from.

use record::command::{Identified, IdentifyDeposit, RecordUnidentifiedDeposit, ReturnDeposit};
use record::event::{Effect, GrantOpened};
use record::kinds::{Direction, GrantKind, Side, Template};
use record::{AccountNo, BankTxnNo, Event, Fen, GrantNo, Line, OrgNo, SourceNo};

use super::bank::{Draw, draw};
use super::correct::scratch;
use super::desk::{Desk, Draft};
use super::lines::OWN;
use super::{funding, returns};
use crate::facts::unique_evidence;

/// An open deposit.
struct Deposit {
    source: SourceNo,
    grant: GrantNo,
    /// Bank transaction that brought it.
    txn: BankTxnNo,
}

pub(super) fn record_deposit(desk: &mut Desk<'_>, c: &RecordUnidentifiedDeposit) -> Vec<Event> {
    desk.check_date(c.date, "date");
    let drawn = draw(desk, &Draw::special(&c.bank_account, &c.bank_txn, Direction::In, c.fen, c.date));
    desk.check_evidence(&c.evidence);
    if desk.state.grants.no(&c.code).is_some() {
        desk.taken("code");
    }
    let Some(source) = desk.state.suspense_source() else {
        desk.hit("SRC-001", "source", "", "");
        return Vec::new();
    };
    let Some(drawn) = drawn else { return Vec::new() };
    let grant = desk.state.grants.next_no();
    let opened = GrantOpened {
        no: grant,
        code: c.code.clone(),
        kind: GrantKind::Other,
        source,
        grantor: 0,
        doc_no: c.bank_txn.clone(),
        permitted_uses: Vec::new(),
        opened_on: c.date,
        valid_from: None,
        valid_to: None,
    };
    let deposit = Deposit { source, grant, txn: drawn.txn };
    let lines = lines(desk, &deposit, c.fen, 0, drawn.txn);
    let draft = Draft {
        attachments: c.evidence.len(),
        cashier: drawn.cashier,
        settlement: Some(drawn.settlement),
        summary: c.summary.clone(),
        ..Draft::actual(Template::T31, c.date, lines)
    };
    let voucher = desk.voucher(draft);
    vec![Event::GrantOpened(opened), desk.posted(voucher, Effect::None, &c.evidence)]
}

/// 10201 against 待查款: money in.
fn lines(desk: &Desk<'_>, of: &Deposit, fen: Fen, counterparty: OrgNo, txn: BankTxnNo) -> Vec<Line> {
    let posting = &desk.state.posting;
    let line = |account: AccountNo, side: Side| Line {
        account,
        source: of.source,
        grant: of.grant,
        side,
        fen,
        holder: OWN,
        counterparty,
        ..Line::default()
    };
    vec![Line { bank: txn, ..line(posting.special_bank, Side::Debit) }, line(posting.suspense, Side::Credit)]
}

/// The same, money out.
fn lines_out(desk: &Desk<'_>, of: &Deposit, fen: Fen, counterparty: OrgNo, txn: BankTxnNo) -> Vec<Line> {
    let turned = |line: Line| Line { side: line.side.other(), ..line };
    lines(desk, of, fen, counterparty, txn).into_iter().rev().map(turned).collect()
}

/// The deposit of a code, with at least this much left (SRC-003).
fn deposit(desk: &mut Desk<'_>, code: &str, fen: Fen) -> Option<Deposit> {
    let suspense = desk.state.suspense_source();
    let Some((grant, found)) = desk.state.grants.find(code).filter(|(_, g)| Some(g.source) == suspense) else {
        desk.unknown("deposit");
        return None;
    };
    // The deposit's document is the bank transaction that brought it.
    let txn = desk.state.bank_txns.no(&found.doc_no).unwrap_or(0);
    let source = found.source;
    let left = desk.state.balance(desk.state.posting.suspense, source, grant, OWN).saturating_neg();
    if left < fen {
        desk.short("SRC-003", "deposit", left, fen);
    }
    Some(Deposit { source, grant, txn })
}

/// Out of 待查款, and in one decision where it belongs, on the same bank transaction.
pub(super) fn identify(desk: &mut Desk<'_>, c: &IdentifyDeposit) -> Vec<Event> {
    desk.check_date(c.date, "date");
    desk.check_evidence(&c.evidence);
    let (fen, date, txn, theirs) = match &c.identified {
        Identified::Income(r) => (r.fen, r.date, &r.bank_txn, &r.evidence),
        Identified::Return(r) => (r.fen, r.date, &r.bank_txn, &r.evidence),
    };
    if date != c.date {
        desk.fault("date", "MISMATCH", "须与查明事项的日期相同", "must be the date of what it turned out to be");
    }
    for document in unique_evidence(&c.evidence) {
        if unique_evidence(theirs).any(|e| e.digest == document.digest) {
            desk.hit("LED-011", "evidence", "", "twice in this request");
        }
    }
    let Some(of) = deposit(desk, &c.deposit, fen) else { return Vec::new() };
    let brought_by = desk.state.bank_txns.code(of.txn).to_owned();
    if *txn != brought_by {
        desk.hit("LED-011", "identified.bank_txn", &brought_by, txn);
    }
    let bank = desk.state.bank_txns.get(of.txn);
    let draft = Draft {
        attachments: c.evidence.len(),
        cashier: bank.map_or(0, |txn| txn.cashier),
        summary: c.reason.clone(),
        settlement: bank.map(|txn| txn.settlement),
        ..Draft::actual(Template::T31, c.date, lines_out(desk, &of, fen, 0, of.txn))
    };
    let voucher = desk.voucher(draft);
    let mut events = vec![desk.posted(voucher, Effect::None, &c.evidence)];
    // What it is is judged on the books as they stand without it. Such deposits are few, so a copy is cheap enough.
    let mut after = desk.state.clone();
    for event in &events {
        let sequence = after.sequence.saturating_add(1);
        after.apply(&scratch(sequence, desk.now, event.clone()));
    }
    let mut nested = Desk::new(&after, desk.facts, desk.now, desk.hands);
    events.extend(match &c.identified {
        Identified::Income(r) => funding::income(&mut nested, r),
        Identified::Return(r) => returns::record_return(&mut nested, r),
    });
    desk.adopt(nested);
    events
}

/// USE-006: back to the very account that it came from, so that a deposit is no way through the books to somebody else.
pub(super) fn return_deposit(desk: &mut Desk<'_>, c: &ReturnDeposit) -> Vec<Event> {
    desk.check_date(c.date, "date");
    desk.check_evidence(&c.evidence);
    let drawn = draw(desk, &Draw::special(&c.bank_account, &c.bank_txn, Direction::Out, c.fen, c.date));
    let Some(of) = deposit(desk, &c.deposit, c.fen) else { return Vec::new() };
    let Some(drawn) = drawn else { return Vec::new() };
    let payer = desk.state.bank_txns.get(of.txn).map_or(0, |txn| txn.counterparty);
    // Two accounts that nobody registered are not known to be the same.
    if payer == 0 || payer != drawn.counterparty {
        let (expected, found) =
            (desk.state.bank_accounts.code(payer), desk.state.bank_accounts.code(drawn.counterparty));
        desk.hit("USE-006", "bank_txn.counterparty_account", expected, found);
    }
    let owner = desk.state.bank_accounts.get(drawn.counterparty).map_or(0, |account| account.organization);
    let draft = Draft {
        attachments: c.evidence.len(),
        cashier: drawn.cashier,
        settlement: Some(drawn.settlement),
        summary: c.reason.clone(),
        ..Draft::actual(Template::T31, c.date, lines_out(desk, &of, c.fen, owner, drawn.txn))
    };
    let voucher = desk.voucher(draft);
    vec![desk.posted(voucher, Effect::None, &c.evidence)]
}
