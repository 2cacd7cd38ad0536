//! Money of unknown origin (待查款, T31, decisions 18): into a source that nothing may spend, and out of it by evidence or back where it came
//! from.

use record::command::{Identified, IdentifyDeposit, RecordUnidentifiedDeposit, ReturnDeposit};
use record::event::{Effect, GrantOpened};
use record::kinds::{Direction, GrantKind, Side, Template};
use record::{BankTxnNo, Event, Fen, GrantNo, Line, OrgNo, SourceNo};

use super::correct::with;
use super::{Case, Plan, income, spend};
use crate::book::look::OWN;

pub(super) fn deposit(case: &mut Case<'_>, c: &RecordUnidentifiedDeposit) -> Vec<Event> {
    case.dated(c.date);
    let drawn = case.draw_special(&c.bank_account, &c.bank_txn, Direction::In, (c.fen, c.date));
    case.papers(&c.evidence);
    if case.book.grants.no(&c.code).is_some() {
        case.unknown("code: taken");
    }
    let Some(source) = case.book.suspense_source() else {
        case.breaks("SRC-001", "source");
        return Vec::new();
    };
    let Some(drawn) = drawn else { return Vec::new() };
    let grant = case.book.grants.next();
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
    let [money, owed] = pair(case, (source, grant), (c.fen, 0, drawn.no), Side::Debit);
    let plan = Plan {
        attachments: c.evidence.len(),
        cashier: drawn.cashier,
        settlement: Some(drawn.settlement),
        summary: c.summary.clone(),
        ..Plan::money(Template::T31, c.date, vec![money, owed])
    };
    let posted = case.posted(plan, Effect::None, &c.evidence, "");
    vec![Event::GrantOpened(opened), posted]
}

/// Money against 待查款; money on this side.
fn pair(
    case: &Case<'_>,
    (source, grant): (SourceNo, GrantNo),
    (fen, counterparty, bank): (Fen, OrgNo, BankTxnNo),
    side: Side,
) -> [Line; 2] {
    let (money, owed) = (case.book.parts.special, case.book.parts.suspense);
    let line = |account, side| Line { account, source, grant, side, fen, holder: OWN, counterparty, ..Line::default() };
    [Line { bank, ..line(money, side) }, line(owed, side.other())]
}

/// A deposit: source, grant, the bank transaction that brought it.
fn open_deposit(case: &mut Case<'_>, code: &str, fen: Fen) -> Option<(SourceNo, GrantNo, BankTxnNo)> {
    let suspense = case.book.suspense_source();
    let found = case.book.grants.find(code).filter(|(_, grant)| Some(grant.source) == suspense);
    let Some((grant, found)) = found else {
        case.unknown("deposit");
        return None;
    };
    let movement = case.book.movements.no(&found.doc_no).unwrap_or(0);
    let left = case.book.sums.balance((case.book.parts.suspense, found.source, grant, OWN)).saturating_neg();
    case.breaks_if(left < fen, "SRC-003", "deposit");
    Some((found.source, grant, movement))
}

pub(super) fn identify(case: &mut Case<'_>, c: &IdentifyDeposit) -> Vec<Event> {
    case.dated(c.date);
    case.papers(&c.evidence);
    let (fen, date, movement, theirs) = match &c.identified {
        Identified::Income(r) => (r.fen, r.date, &r.bank_txn, &r.evidence),
        Identified::Return(r) => (r.fen, r.date, &r.bank_txn, &r.evidence),
    };
    if date != c.date {
        case.unknown("date");
    }
    let unique = |list: &[record::command::Evidence]| -> Vec<record::Digest> {
        list.iter().filter(|e| e.kind.is_unique()).map(|e| e.digest).collect()
    };
    let theirs = unique(theirs);
    case.breaks_if(unique(&c.evidence).iter().any(|digest| theirs.contains(digest)), "LED-011", "evidence: twice");
    let Some((source, grant, brought_by)) = open_deposit(case, &c.deposit, fen) else { return Vec::new() };
    let other = case.book.movements.code(brought_by) != movement;
    case.breaks_if(other, "LED-011", "identified.bank_txn");
    let [money, owed] = pair(case, (source, grant), (fen, 0, brought_by), Side::Credit);
    let of = case.book.movements.get(brought_by);
    let plan = Plan {
        attachments: c.evidence.len(),
        cashier: of.map_or(0, |m| m.cashier),
        settlement: of.map(|m| m.settlement),
        summary: c.reason.clone(),
        ..Plan::money(Template::T31, c.date, vec![owed, money])
    };
    let mut events = vec![case.posted(plan, Effect::None, &c.evidence, "")];
    let after = with(case.book, &events, case.now);
    let mut rest = Case::new(&after, case.archive, case.now, case.maker, case.reviewer);
    rest.refused = case.refused;
    events.extend(match &c.identified {
        Identified::Income(r) => income::record(&mut rest, r),
        Identified::Return(r) => spend::give_back(&mut rest, r),
    });
    let found = rest.found;
    case.found.broken.extend(found.broken);
    case.found.unknown.extend(found.unknown);
    case.found.once.extend(found.once);
    events
}

/// USE-006: back to the very account that it came from.
pub(super) fn return_deposit(case: &mut Case<'_>, c: &ReturnDeposit) -> Vec<Event> {
    case.dated(c.date);
    case.papers(&c.evidence);
    let drawn = case.draw_special(&c.bank_account, &c.bank_txn, Direction::Out, (c.fen, c.date));
    let Some((source, grant, brought_by)) = open_deposit(case, &c.deposit, c.fen) else { return Vec::new() };
    let Some(drawn) = drawn else { return Vec::new() };
    let payer = case.book.movements.get(brought_by).map_or(0, |m| m.counterparty);
    case.breaks_if(payer == 0 || payer != drawn.counterparty, "USE-006", "bank_txn.counterparty_account");
    let owner = case.book.bank_accounts.get(drawn.counterparty).map_or(0, |a| a.is.organization);
    let [money, owed] = pair(case, (source, grant), (c.fen, owner, drawn.no), Side::Credit);
    let plan = Plan {
        attachments: c.evidence.len(),
        cashier: drawn.cashier,
        settlement: Some(drawn.settlement),
        summary: c.reason.clone(),
        ..Plan::money(Template::T31, c.date, vec![owed, money])
    };
    vec![case.posted(plan, Effect::None, &c.evidence, "")]
}
