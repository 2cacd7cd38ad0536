//! Money that changes its source (T16) or goes to surplus (T27), fiscal money handed back (T28), amended terms, opening balances (T30).

use record::command::{
    AmendGrant, CarryToSurplus, OpeningCustody, OpeningFund, PostOpeningBalances, ReturnFiscalSurplus,
    TransferBetweenSources,
};
use record::event::{Effect, GrantAmended};
use record::kinds::{
    ApprovalKind, Direction, EvidenceKind, GrantKind, OrgType, Restriction, Side, Template, VoucherKind, Word,
};
use record::{AccountNo, ApprovalNo, Day, Event, Fen, GrantNo, Heads, Line, OrgNo, SourceNo};

use super::checks::{Needs, times};
use super::income::{permitted, under};
use super::premium::own_share;
use super::{Case, LINES, Plan};
use crate::book::look::OWN;

/// A line of the fund's own money.
fn own(account: AccountNo, (source, grant): (SourceNo, GrantNo), side: Side, fen: Fen) -> Line {
    Line { account, source, grant, side, fen, holder: OWN, ..Line::default() }
}

fn needs<'c>(
    approval: &'c str,
    kinds: &'static [ApprovalKind],
    rule: &'static str,
    (on, fen): (Day, Fen),
    source: &'c str,
) -> Needs<'c> {
    Needs { approval, kinds, rule, on, fen, source, class: "", plan: "" }
}

pub(super) fn transfer(case: &mut Case<'_>, c: &TransferBetweenSources) -> Vec<Event> {
    case.dated(c.date);
    case.papers(&c.evidence);
    let kinds = &[ApprovalKind::InternalTransfer];
    let approval = case.approval(&needs(&c.approval, kinds, "SRC-004", (c.date, c.fen), &c.source)).unwrap_or(0);
    let Some((from, to)) = case.source(&c.source).zip(case.source(&c.to_source)) else { return Vec::new() };
    case.breaks_if(from == to, "SRC-004", "to_source");
    let held = [from, to].map(|no| case.book.restriction(no) == Some(Restriction::PassThrough));
    if held.contains(&true) {
        case.breaks("SRC-007", "source");
        return Vec::new();
    }
    let consent = consent(case, from, &c.consent, c.date, c.fen);
    let Some((grant, _)) = case.book.grants.find(&c.grant).filter(|(_, grant)| grant.source == from) else {
        case.unknown("grant");
        return Vec::new();
    };
    let (to_grant, opened) = under(case, (to, GrantKind::Other, c.date), &c.to_grant);
    let money = case.book.parts.special;
    let use_code = case.book.uses.small("XF").unwrap_or(0);
    let (giver, taker) = ((from, grant), (to, to_grant));
    let lines = vec![
        own(case.book.internal_of(from), giver, Side::Debit, c.fen),
        own(money, giver, Side::Credit, c.fen),
        own(money, taker, Side::Debit, c.fen),
        own(case.book.internal_of(to), taker, Side::Credit, c.fen),
    ];
    let lines = lines.into_iter().map(|line| Line { use_code, ..line }).collect();
    let plan = Plan {
        attachments: c.evidence.len(),
        approval,
        summary: c.reason.clone(),
        ..Plan::money(Template::T16, c.date, lines)
    };
    let posted = case.posted(plan, Effect::Transfer { consent, fen: c.fen }, &c.evidence, "");
    opened.into_iter().chain([posted]).collect()
}

/// What the giver of bound money must have said: SRC-006 of fiscal money, USE-011 of what a donor or document bound.
fn consent(case: &mut Case<'_>, source: SourceNo, code: &str, date: Day, fen: Fen) -> ApprovalNo {
    let kinds: &'static [ApprovalKind] = match case.book.restriction(source) {
        Some(Restriction::Fiscal) => &[ApprovalKind::FiscalReply],
        Some(Restriction::Donor | Restriction::Document) => &[ApprovalKind::DonorConsent],
        _ => {
            if !code.is_empty() {
                case.unknown("consent");
            }
            return 0;
        }
    };
    let (rule, name) = (case.purpose_rule(source), case.book.sources.code(source).to_owned());
    case.approval(&needs(code, kinds, rule, (date, fen), &name)).unwrap_or(0)
}

pub(super) fn surplus(case: &mut Case<'_>, c: &CarryToSurplus) -> Vec<Event> {
    case.dated(c.date);
    case.papers(&c.evidence);
    let kinds = &[ApprovalKind::CarryToSurplus];
    let approval = case.approval(&needs(&c.approval, kinds, "DIV-007", (c.date, c.fen), &c.source)).unwrap_or(0);
    let Some(source) = case.source(&c.source) else { return Vec::new() };
    // T27 knows the union's own surplus only.
    case.breaks_if(case.book.restriction(source) == Some(Restriction::Fiscal), "SRC-006", "source");
    let Some((grant, _)) = case.book.grants.find(&c.grant).filter(|(_, grant)| grant.source == source) else {
        case.unknown("grant");
        return Vec::new();
    };
    let carry = case.book.carry_of(source);
    let left = case.book.sums.balance((carry, source, grant, OWN)).saturating_neg();
    case.breaks_if(left < c.fen, "SRC-003", "fen");
    let (of, parts) = ((source, grant), &case.book.parts);
    let lines = vec![
        own(carry, of, Side::Debit, c.fen),
        own(parts.surplus_in, of, Side::Credit, c.fen),
        own(parts.surplus_in, of, Side::Debit, c.fen),
        own(parts.surplus, of, Side::Credit, c.fen),
    ];
    let plan = Plan { attachments: c.evidence.len(), approval, ..Plan::money(Template::T27, c.date, lines) };
    vec![case.posted(plan, Effect::None, &c.evidence, "")]
}

/// T28: to the treasury that gave it, under its reply.
pub(super) fn hand_back(case: &mut Case<'_>, c: &ReturnFiscalSurplus) -> Vec<Event> {
    case.dated(c.date);
    case.papers(&c.evidence);
    let drawn = case.draw_special(&c.bank_account, &c.bank_txn, Direction::Out, (c.fen, c.date));
    let found = case.book.grants.find(&c.grant).filter(|(_, grant)| grant.form.is_none());
    let Some((grant, source, grantor)) = found.map(|(no, grant)| (no, grant.source, grant.grantor)) else {
        case.unknown("grant");
        return Vec::new();
    };
    case.breaks_if(case.book.restriction(source) != Some(Restriction::Fiscal), "SRC-006", "grant");
    let code = case.book.sources.code(source).to_owned();
    let kinds = &[ApprovalKind::FiscalReply];
    let approval = case.approval(&needs(&c.approval, kinds, "SRC-006", (c.date, c.fen), &code)).unwrap_or(0);
    let carry = case.book.carry_of(source);
    let left = case.book.sums.balance((carry, source, grant, OWN)).saturating_neg();
    case.breaks_if(left < c.fen, "SRC-003", "fen");
    let Some(drawn) = drawn else { return Vec::new() };
    let treasury = case.book.bank_accounts.get(drawn.counterparty).map_or(0, |a| a.is.organization);
    let fiscal = case.book.owner_type(drawn.counterparty) == Some(OrgType::Fiscal);
    let gave_it = grantor == 0 || grantor == treasury;
    case.breaks_if(!fiscal || !gave_it, "USE-006", "bank_txn.counterparty_account");
    let (of, parts) = ((source, grant), &case.book.parts);
    let lines = vec![
        own(carry, of, Side::Debit, c.fen),
        own(parts.fiscal_in, of, Side::Credit, c.fen),
        own(parts.handed_back, of, Side::Debit, c.fen),
        Line { bank: drawn.no, ..own(parts.special, of, Side::Credit, c.fen) },
    ];
    let lines = lines.into_iter().map(|line| Line { counterparty: treasury, ..line }).collect();
    let plan = Plan {
        attachments: c.evidence.len(),
        cashier: drawn.cashier,
        approval,
        settlement: Some(drawn.settlement),
        ..Plan::money(Template::T28, c.date, lines)
    };
    vec![case.posted(plan, Effect::None, &c.evidence, "")]
}

pub(super) fn amend(case: &mut Case<'_>, c: &AmendGrant) -> Vec<Event> {
    case.not_ahead(c.date);
    case.papers(&c.evidence);
    let found = case.book.grants.find(&c.grant).filter(|(_, grant)| grant.form.is_none());
    let Some((grant, source)) = found.map(|(no, grant)| (no, grant.source)) else {
        case.unknown("grant");
        return Vec::new();
    };
    case.breaks_if(case.book.restriction(source) == Some(Restriction::PassThrough), "SRC-007", "grant");
    let consent = consent(case, source, &c.consent, c.date, 0);
    let permitted_uses = permitted(case, source, &c.permitted_uses);
    let must_name = case.book.source(source).is_some_and(|s| s.grant_uses);
    let rule = case.purpose_rule(source);
    case.breaks_if(must_name && permitted_uses.is_empty(), rule, "permitted_uses");
    vec![Event::GrantAmended(GrantAmended {
        grant,
        doc_no: c.doc_no.clone(),
        permitted_uses,
        valid_from: c.valid_from,
        valid_to: c.valid_to,
        date: c.date,
        consent,
        evidence: c.evidence.clone(),
    })]
}

/// A premium in custody: batch, source, holder, heads, fen.
type Held = (GrantNo, SourceNo, OrgNo, Heads, Fen);

/// T30: on the first day of the first month (LED-007), before any other money voucher (LED-005).
pub(super) fn opening(case: &mut Case<'_>, c: &PostOpeningBalances) -> Vec<Event> {
    case.dated(c.date);
    case.breaks_if(c.date != case.book.first_period.first_day(), "LED-007", "date");
    let money = case.book.numbers.iter().filter(|((word, _), _)| *word != Word::Yu);
    let posted = money.fold(0u32, |sum, (_, last)| sum.saturating_add(*last));
    case.breaks_if(posted > case.book.openings, "LED-005", "date");
    case.papers(&c.evidence);
    case.breaks_if(!c.evidence.iter().any(|e| e.kind == EvidenceKind::BankSlip), "LED-008", "evidence");
    let mut events = Vec::new();
    let mut groups: Vec<Vec<Line>> = Vec::new();
    for (at, fund) in c.funds.iter().enumerate() {
        let twice = c.funds.iter().take(at).any(|other| other.grant.code == fund.grant.code);
        if twice || case.book.grants.no(&fund.grant.code).is_some() {
            case.unknown("funds.grant.code: taken");
            continue;
        }
        groups.extend(fund_lines(case, fund, &mut events));
    }
    let mut held: Vec<Held> = Vec::new();
    for custody in &c.custody {
        groups.extend(custody_lines(case, custody, &mut held));
    }
    let mut vouchers: Vec<Vec<Line>> = Vec::new();
    for group in groups {
        match vouchers.last_mut().filter(|lines| lines.len().saturating_add(group.len()) <= LINES) {
            Some(lines) => lines.extend(group),
            None => vouchers.push(group),
        }
    }
    for (at, lines) in vouchers.into_iter().enumerate() {
        let plan = Plan {
            kind: VoucherKind::Opening,
            attachments: c.evidence.len(),
            ..Plan::money(Template::T30, c.date, lines)
        };
        let (custody, evidence) =
            if at == 0 { (core::mem::take(&mut held), c.evidence.as_slice()) } else { (Vec::new(), &[][..]) };
        events.push(case.posted(plan, Effect::Opening { custody }, evidence, ""));
    }
    events
}

fn fund_lines(case: &mut Case<'_>, fund: &OpeningFund, opened: &mut Vec<Event>) -> Option<Vec<Line>> {
    let source = case.source(&fund.source)?;
    if case.book.restriction(source) == Some(Restriction::PassThrough) {
        case.breaks("SRC-007", "funds");
        return None;
    }
    let must_name = case.book.source(source).is_some_and(|s| s.grant_uses);
    let rule = case.purpose_rule(source);
    case.breaks_if(must_name && fund.grant.permitted_uses.is_empty(), rule, "funds.grant.permitted_uses");
    let fiscal = case.book.restriction(source) == Some(Restriction::Fiscal);
    case.breaks_if(fiscal && fund.surplus_fen > 0, "SRC-006", "funds.surplus_fen");
    let (_, event) = under(case, (source, GrantKind::Other, fund.opened_on), &fund.grant);
    // Several grants open at once: each takes the next ordinal.
    let no = case.book.grants.next().saturating_add(u32::try_from(opened.len()).unwrap_or(0));
    if let Some(Event::GrantOpened(mut grant)) = event {
        grant.no = no;
        opened.push(Event::GrantOpened(grant));
    }
    let of = (source, no);
    let lines = [
        own(case.book.parts.special, of, Side::Debit, fund.fen),
        own(case.book.carry_of(source), of, Side::Credit, fund.fen.saturating_sub(fund.surplus_fen)),
        own(case.book.parts.surplus, of, Side::Credit, fund.surplus_fen),
    ];
    Some(lines.into_iter().filter(|line| line.fen > 0).collect())
}

fn custody_lines(case: &mut Case<'_>, c: &OpeningCustody, held: &mut Vec<Held>) -> Option<Vec<Line>> {
    let source = case.source(&c.source)?;
    let book = case.book;
    if book.source(source).is_none_or(|s| s.payer.is_empty()) {
        case.breaks("SRC-007", "custody.source");
        return None;
    }
    let holder = book.orgs.no(&c.holder);
    case.breaks_if(holder.is_some_and(|no| !book.custodians.contains(&no)), "SRC-010", "custody.holder");
    let Some((holder, (grant, form))) = holder.zip(book.form_of(&c.batch)) else {
        case.unknown("custody");
        return None;
    };
    let own = own_share(case, form);
    case.breaks_if(own.and_then(|own| times(c.heads, own)) != Some(c.fen), "SRC-007", "custody.fen");
    let before = held.iter().filter(|(other, ..)| *other == grant);
    let before = before.fold(form.received, |sum, (_, _, _, heads, _)| sum.saturating_add(i64::from(*heads)));
    let left = i64::from(form.is.insured_count).saturating_sub(before);
    case.breaks_if(i64::from(c.heads) > left, "ENR-001", "custody.heads");
    let heads = Heads::try_from(c.heads).unwrap_or(Heads::MAX);
    held.push((grant, source, holder, heads, c.fen));
    let money = Line {
        account: book.parts.custody,
        source,
        grant,
        side: Side::Debit,
        fen: c.fen,
        year: form.is.year,
        class: form.class,
        plan: form.plan,
        use_code: form.own_use,
        holder,
        counterparty: book.grants.get(grant).map_or(0, |g| g.grantor),
        heads,
        price: own.unwrap_or(0),
        bank: 0,
    };
    let owed = Line { account: book.parts.owed, side: Side::Credit, ..money.clone() };
    Some(vec![money, owed])
}
