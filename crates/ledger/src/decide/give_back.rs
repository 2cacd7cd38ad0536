//! Bound money returned to who gave it once its purpose has ended (T32): beside the association, the treasury and a premium's payer only
//! the giver takes money out of the fund, on an account of its own (USE-006).

use record::command::ReturnGrant;
use record::event::Effect;
use record::kinds::{BankPurpose, Direction, EvidenceKind, Restriction, Side, Template};
use record::{AccountNo, Day, Event, Fen, GrantNo, Line, OrgNo, SourceNo};

use super::approvals::carry_outflow;
use super::bank::{Draw, Drawn, draw};
use super::desk::{Desk, Draft};
use super::lines::{OWN, purpose_rule};
use crate::State;
use crate::state::SumKey;

pub(super) fn return_grant(desk: &mut Desk<'_>, c: &ReturnGrant) -> Vec<Event> {
    desk.check_date(c.date, "date");
    desk.check_evidence(&c.evidence);
    if !c.evidence.iter().any(|e| e.kind == EvidenceKind::Agreement) {
        desk.hit("USE-011", "evidence", EvidenceKind::Agreement.code(), "");
    }
    let drawn = draw(desk, &Draw::special(&c.bank_account, &c.bank_txn, Direction::Out, c.fen, c.date));
    let Some((grant, found)) = desk.state.grants.find(&c.grant).filter(|(_, g)| g.batch.is_none()) else {
        desk.unknown("grant");
        return Vec::new();
    };
    let (source, grantor, last) = (found.source, found.grantor, found.valid_to);
    let code = desk.state.sources.code(source).to_owned();
    check_bound(desk, source, &code);
    if last.is_none_or(|last| c.date <= last) {
        let last = last.map(|day| day.to_string()).unwrap_or_default();
        desk.hit("USE-011", "grant.valid_to", &format!("< {}", c.date), &last);
    }
    // Money of an ended document lies idle: no commitment can draw on it any more.
    let idle = desk.state.spendable(desk.state.posting.special_bank, source, grant, OWN, c.date);
    if idle < c.fen {
        desk.short("SRC-003", "fen", idle, c.fen);
    }
    carry_outflow(desk, &c.approval, &code, c.date, c.fen);
    let Some(drawn) = drawn else { return Vec::new() };
    check_giver(desk, drawn, grantor);
    vec![post(desk, c, (source, grant), grantor, drawn)]
}

/// Only what a giver bound goes back to one: fiscal money has a way of its own (T28, SRC-006), premiums are their payers' (SRC-007), and
/// free money is the fund's.
fn check_bound(desk: &mut Desk<'_>, source: SourceNo, code: &str) {
    let restriction = desk.state.sources.get(source).map(|s| s.restriction);
    if !matches!(restriction, Some(Restriction::Donor | Restriction::Document)) {
        desk.hit(purpose_rule(desk.state, source), "grant", "DONOR | DOCUMENT", code);
    }
}

/// USE-006: the money went to an account that is registered as the giver's own.
fn check_giver(desk: &mut Desk<'_>, drawn: Drawn, grantor: OrgNo) {
    let account = desk.state.bank_accounts.get(drawn.counterparty);
    let own = account.is_some_and(|a| a.purpose == BankPurpose::Payer && grantor != 0 && a.organization == grantor);
    if !own {
        let (giver, found) = (
            desk.state.organizations.code(grantor).to_owned(),
            desk.state.bank_accounts.code(drawn.counterparty).to_owned(),
        );
        desk.hit("USE-006", "bank_txn.counterparty_account", &giver, &found);
    }
}

/// What of a grant's income of a year still stands on its income account.
fn income_of_year(state: &State, account: AccountNo, source: SourceNo, grant: GrantNo, date: Day) -> Fen {
    let from = SumKey { account, source, grant, day: Day(i32::MIN), ..SumKey::default() };
    let of_grant =
        state.sums.range(from..).take_while(|(k, _)| (k.account, k.source, k.grant) == (account, source, grant));
    let of_year = of_grant.filter(|(k, _)| k.day.year() == date.year());
    of_year.fold(0, |left: Fen, (_, sum)| left.saturating_sub(sum.balance())).max(0)
}

/// Income of the year is income no longer; what earlier years left comes off the opening balance, as a return of theirs does (T18).
fn post(
    desk: &mut Desk<'_>,
    c: &ReturnGrant,
    (source, grant): (SourceNo, GrantNo),
    giver: OrgNo,
    drawn: Drawn,
) -> Event {
    let state = desk.state;
    let income = state.sources.get(source).and_then(|s| state.account_no(&s.income_account)).unwrap_or(0);
    let of_year = income_of_year(state, income, source, grant, c.date).min(c.fen);
    let line = |account: AccountNo, side: Side, fen: Fen| Line {
        account,
        source,
        grant,
        side,
        fen,
        use_code: state.use_no("RF").unwrap_or(0),
        holder: OWN,
        counterparty: giver,
        ..Line::default()
    };
    let parts = [(income, of_year), (state.opening_adjustment_of(source), c.fen.saturating_sub(of_year))];
    let debits = parts.into_iter().filter(|(_, fen)| *fen > 0);
    let mut lines: Vec<Line> = debits.map(|(account, fen)| line(account, Side::Debit, fen)).collect();
    lines.push(Line { bank: drawn.txn, ..line(state.posting.special_bank, Side::Credit, c.fen) });
    let draft = Draft {
        attachments: c.evidence.len(),
        cashier: drawn.cashier,
        approval: state.approvals.no(&c.approval).unwrap_or(0),
        settlement: Some(drawn.settlement),
        summary: c.reason.clone(),
        ..Draft::actual(Template::T32, c.date, lines)
    };
    let voucher = desk.voucher(draft);
    desk.posted(voucher, Effect::None, &c.evidence)
}
