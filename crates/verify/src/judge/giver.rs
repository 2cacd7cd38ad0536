//! What is left of bound money, returned to who gave it after its purpose has ended (T32).

use record::command::ReturnGrant;
use record::event::Effect;
use record::kinds::{ApprovalKind, BankPurpose, Direction, EvidenceKind, Restriction, Side, Template};
use record::{AccountNo, Day, Event, Fen, Line};

use super::checks::Needs;
use super::{Case, Plan};
use crate::book::look::OWN;

pub(super) fn return_grant(case: &mut Case<'_>, c: &ReturnGrant) -> Vec<Event> {
    let book = case.book;
    case.dated(c.date);
    case.papers(&c.evidence);
    case.breaks_if(!c.evidence.iter().any(|e| e.kind == EvidenceKind::Agreement), "USE-011", "evidence");
    let drawn = case.draw_special(&c.bank_account, &c.bank_txn, Direction::Out, (c.fen, c.date));
    let Some((grant, found)) = book.grants.find(&c.grant).filter(|(_, grant)| grant.form.is_none()) else {
        case.unknown("grant");
        return Vec::new();
    };
    let (source, giver) = (found.source, found.grantor);
    let code = book.sources.code(source);
    // Fiscal money has a way of its own (T28), premiums are their payers', free money is the fund's.
    let bound = matches!(book.restriction(source), Some(Restriction::Donor | Restriction::Document));
    let rule = case.purpose_rule(source);
    case.breaks_if(!bound, rule, "grant");
    let last = found.present().and_then(|terms| terms.last);
    case.breaks_if(last.is_none_or(|last| c.date <= last), "USE-011", "grant.valid_to");
    let idle = book.sums.free((book.parts.special, source, grant, OWN), c.date);
    case.breaks_if(idle < c.fen, "SRC-003", "fen");
    let needs = Needs {
        approval: &c.approval,
        kinds: &[ApprovalKind::Expenditure],
        rule: "APR-001",
        on: c.date,
        fen: c.fen,
        source: code,
        class: "",
        plan: "",
    };
    let approval = case.approval(&needs).unwrap_or(0);
    let unnamed = book.approvals.get(approval).is_some_and(|a| a.is.scope.source.is_empty());
    case.breaks_if(unnamed, "APR-001", "approval.scope.source");
    let Some(drawn) = drawn else { return Vec::new() };
    let account = book.bank_accounts.get(drawn.counterparty).map(|a| (a.is.purpose, a.is.organization));
    let own = giver != 0 && account == Some((BankPurpose::Payer, giver));
    case.breaks_if(!own, "USE-006", "bank_txn.counterparty_account");
    // Income of the year is income no longer; what earlier years left comes off the opening balance.
    let income = book.source(source).and_then(|s| book.accounts.small::<AccountNo>(&s.income_account)).unwrap_or(0);
    let of_year = book.sums.at(Day(i32::MAX), |key| {
        (key.account, key.source, key.grant) == (income, source, grant) && key.day.year() == c.date.year()
    });
    let of_year = of_year.values().fold(0, |left: Fen, fen| left.saturating_sub(*fen)).clamp(0, c.fen.max(0));
    let line = |account, side, fen| Line {
        account,
        source,
        grant,
        side,
        fen,
        use_code: book.uses.small("RF").unwrap_or(0),
        holder: OWN,
        counterparty: giver,
        ..Line::default()
    };
    let debits = [(income, of_year), (book.opening_of(source), c.fen.saturating_sub(of_year))];
    let debits = debits.into_iter().filter(|(_, fen)| *fen > 0).map(|(account, fen)| line(account, Side::Debit, fen));
    let money = Line { bank: drawn.no, ..line(book.parts.special, Side::Credit, c.fen) };
    let plan = Plan {
        attachments: c.evidence.len(),
        cashier: drawn.cashier,
        approval,
        settlement: Some(drawn.settlement),
        summary: c.reason.clone(),
        ..Plan::money(Template::T32, c.date, debits.chain([money]).collect())
    };
    vec![case.posted(plan, Effect::None, &c.evidence, "")]
}
