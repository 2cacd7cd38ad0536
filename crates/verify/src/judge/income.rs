//! Money coming in (T01a, T01b, T01c, T04 to T10), and interest shared over the sources (T09b).

use std::collections::BTreeMap;

use record::command::{AllocateInterest, AppropriateSurplus, GrantSpec, RecordIncome};
use record::event::{Effect, GrantOpened};
use record::kinds::{
    ApprovalKind, BankPurpose, Direction, GrantKind, IncomeKind, OrgType, Restriction, Side, Template,
};
use record::{AccountNo, Day, Event, Fen, GrantNo, Line, SourceNo, UseNo};

use super::checks::{Drawn, Needs};
use super::kinds::{GIFTS, KINDS, SUBSIDIES};
use super::{Case, LINES, Plan};
use crate::book::look::OWN;

/// The parameter that says where interest goes, and its value where it is shared (P6).
const INTEREST: (&str, &str) = ("P6.interest", "DAILY_BALANCE");

pub(super) fn record(case: &mut Case<'_>, c: &RecordIncome) -> Vec<Event> {
    case.dated(c.date);
    case.bill(&c.bill_no);
    let Some(kind) = KINDS.iter().find(|kind| kind.kind == c.kind) else { return Vec::new() };
    let has = kind.papers.is_empty() || c.evidence.iter().any(|e| kind.papers.contains(&e.kind));
    let complete = has
        && !(kind.doc_no && c.grant.doc_no.is_empty())
        && !(kind.bill && c.bill_no.is_empty())
        && !(kind.uses && c.grant.permitted_uses.is_empty());
    case.breaks_if(!complete, kind.rule, "documents");
    let drawn = case.draw_special(&c.bank_account, &c.bank_txn, Direction::In, (c.fen, c.date));
    case.papers(&c.evidence);
    from_outside(case, drawn, Some(c.kind));
    if c.kind == IncomeKind::Interest {
        case.breaks_if(shared_under(case, c.date).is_some(), "SRC-008", INTEREST.0);
    }
    let Some(source) = source_of(case, c) else { return Vec::new() };
    let paired = case.book.source(source).map_or("", |s| s.income_account.as_str());
    let other = !c.account.is_empty() && c.account != paired;
    case.breaks_if(other, "SRC-002", "account");
    let named = if other { c.account.as_str() } else { paired };
    let account = case.book.accounts.small(named).unwrap_or(0);
    let (grant, opened) = under(case, (source, kind.grant, c.date), &c.grant);
    let Some(drawn) = drawn else { return Vec::new() };
    let lines = pair(case, (source, grant, account), c.fen, &c.grant.grantor, drawn.no);
    let plan = Plan {
        attachments: c.evidence.len(),
        cashier: drawn.cashier,
        settlement: Some(drawn.settlement),
        summary: c.summary.clone(),
        ..Plan::money(kind.template, c.date, lines)
    };
    let posted = case.posted(plan, Effect::None, &c.evidence, &c.bill_no);
    opened.into_iter().chain([posted]).collect()
}

/// Money on the special account against an account of its source.
fn pair(
    case: &Case<'_>,
    (source, grant, account): (SourceNo, GrantNo, AccountNo),
    fen: Fen,
    grantor: &str,
    movement: u32,
) -> Vec<Line> {
    let money = Line {
        account: case.book.parts.special,
        source,
        grant,
        side: Side::Debit,
        fen,
        holder: OWN,
        counterparty: case.book.orgs.no(grantor).unwrap_or(0),
        bank: movement,
        ..Line::default()
    };
    let other = Line { account, side: Side::Credit, bank: 0, ..money.clone() };
    vec![money, other]
}

/// T01b: surplus of earlier years, under an INTERNAL_TRANSFER approval.
pub(super) fn appropriate(case: &mut Case<'_>, c: &AppropriateSurplus) -> Vec<Event> {
    case.dated(c.date);
    let drawn = case.draw_special(&c.bank_account, &c.bank_txn, Direction::In, (c.fen, c.date));
    case.papers(&c.evidence);
    from_outside(case, drawn, None);
    let first = case.book.lawful_for(IncomeKind::Appropriation).next().map(|(no, s)| (no, s.code.clone()));
    let Some((source, code)) = first else {
        case.breaks("SRC-001", "source");
        return Vec::new();
    };
    let needs = Needs {
        approval: &c.approval,
        kinds: &[ApprovalKind::InternalTransfer],
        rule: "SRC-004",
        on: c.date,
        fen: c.fen,
        source: &code,
        class: "",
        plan: "",
    };
    let approval = case.approval(&needs).unwrap_or(0);
    let (grant, opened) = under(case, (source, GrantKind::Appropriation, c.date), &c.grant);
    let Some(drawn) = drawn else { return Vec::new() };
    let account = case.book.internal_of(source);
    let lines = pair(case, (source, grant, account), c.fen, &c.grant.grantor, drawn.no);
    let plan = Plan {
        attachments: c.evidence.len(),
        cashier: drawn.cashier,
        approval,
        settlement: Some(drawn.settlement),
        summary: c.summary.clone(),
        ..Plan::money(Template::T01b, c.date, lines)
    };
    let posted = case.posted(plan, Effect::None, &c.evidence, "");
    opened.into_iter().chain([posted]).collect()
}

/// SRC-002, REM-006: what the association sends is a return. SRC-004: what comes from an account of ours was the fund's already. SRC-002:
/// an account of a donor or of the treasury brings gifts or subsidies and nothing else. No kind is surplus that is appropriated.
pub(super) fn from_outside(case: &mut Case<'_>, drawn: Option<Drawn>, kind: Option<IncomeKind>) {
    let account = drawn.and_then(|drawn| case.book.bank_accounts.get(drawn.counterparty));
    match account.map(|account| account.is.purpose) {
        Some(BankPurpose::Payee) => {
            case.breaks("SRC-002", "bank_txn.counterparty_account");
            case.breaks("REM-006", "bank_txn.counterparty_account");
        }
        Some(BankPurpose::FundSpecial | BankPurpose::Custody) => {
            case.breaks("SRC-004", "bank_txn.counterparty_account")
        }
        Some(BankPurpose::Payer) => {
            let owner = drawn.and_then(|drawn| case.book.owner_type(drawn.counterparty));
            let brings: Option<&[IncomeKind]> = match owner {
                Some(OrgType::Donor) => Some(&GIFTS),
                Some(OrgType::Fiscal) => Some(&SUBSIDIES),
                _ => None,
            };
            let fits = brings.is_none_or(|kinds| kind.is_some_and(|kind| kinds.contains(&kind)));
            case.breaks_if(!fits, "SRC-002", "bank_txn.counterparty_account");
        }
        None => {}
    }
}

/// SRC-001, SRC-002, SRC-008: the source that was named, or the first that this kind may enter.
fn source_of(case: &mut Case<'_>, c: &RecordIncome) -> Option<SourceNo> {
    let first = case.book.lawful_for(c.kind).next().map(|(no, _)| no);
    if c.source.is_empty() {
        case.breaks_if(first.is_none(), "SRC-001", "source");
        return first;
    }
    let source = case.source(&c.source)?;
    let lawful = case.book.lawful_for(c.kind).any(|(no, _)| no == source);
    let rule = if c.kind == IncomeKind::Interest { "SRC-008" } else { "SRC-002" };
    case.breaks_if(!lawful, rule, "source");
    Some(source)
}

/// The uses that a document permits: known ones (USE-002) within its source's own.
pub(super) fn permitted(case: &mut Case<'_>, source: SourceNo, codes: &[String]) -> Vec<UseNo> {
    let mut uses = std::collections::BTreeSet::new();
    for code in codes {
        let no: Option<UseNo> = case.book.uses.small(code);
        case.breaks_if(no.is_none(), "USE-002", code);
        case.purpose(source, no);
        uses.extend(no);
    }
    uses.into_iter().collect()
}

/// The grant that money comes under: a new one with its event, or one that stands with the same source, document and terms.
pub(super) fn under(
    case: &mut Case<'_>,
    (source, kind, opened_on): (SourceNo, GrantKind, Day),
    spec: &GrantSpec,
) -> (GrantNo, Option<Event>) {
    let permitted_uses = permitted(case, source, &spec.permitted_uses);
    let grantor = if spec.grantor.is_empty() { Some(0) } else { case.book.orgs.no(&spec.grantor) };
    if grantor.is_none() {
        case.unknown("grant.grantor");
    }
    let grantor = grantor.unwrap_or(0);
    if let Some((no, known)) = case.book.grants.find(&spec.code) {
        let terms = known.present();
        let same = (known.source, &known.doc_no, known.grantor) == (source, &spec.doc_no, grantor)
            && terms.is_some_and(|t| (&t.uses, t.first, t.last) == (&permitted_uses, spec.valid_from, spec.valid_to));
        if !same {
            case.unknown("grant.code: taken");
        }
        return (no, None);
    }
    let opened = GrantOpened {
        no: case.book.grants.next(),
        code: spec.code.clone(),
        kind,
        source,
        grantor,
        doc_no: spec.doc_no.clone(),
        permitted_uses,
        opened_on,
        valid_from: spec.valid_from,
        valid_to: spec.valid_to,
    };
    (opened.no, Some(Event::GrantOpened(opened)))
}

/// The approval of the policy that shares interest, where it is in force.
fn shared_under(case: &Case<'_>, day: Day) -> Option<u32> {
    case.book.parameter(INTEREST.0, day).filter(|(value, _)| value == INTEREST.1).map(|(_, approval)| *approval)
}

pub(super) fn share_interest(case: &mut Case<'_>, c: &AllocateInterest) -> Vec<Event> {
    case.dated(c.date);
    let drawn = case.draw_special(&c.bank_account, &c.bank_txn, Direction::In, (c.fen, c.date));
    case.papers(&c.evidence);
    from_outside(case, drawn, Some(IncomeKind::Interest));
    let approval = shared_under(case, c.date);
    case.breaks_if(approval.is_none(), "SRC-008", INTEREST.0);
    case.breaks_if(c.to > c.date, "SRC-008", "to");
    let Some(drawn) = drawn else { return Vec::new() };
    case.breaks_if(drawn.whole != c.fen, "SRC-008", "fen");
    let shares = shares(case, (c.from, c.to), c.fen);
    case.breaks_if(shares.is_empty(), "SRC-008", "from");
    let interest = |s: &record::preset::SourceDef| s.income_kinds.iter().any(|k| k == IncomeKind::Interest.code());
    let of_interest = case.book.sources.all().find(|(_, _, s)| interest(s));
    let account: AccountNo = of_interest.and_then(|(_, _, s)| case.book.accounts.small(&s.income_account)).unwrap_or(0);
    let mut lines = Vec::with_capacity(shares.len().saturating_mul(2));
    for (source, grant, fen) in shares {
        lines.extend(pair(case, (source, grant, account), fen, "", drawn.no));
    }
    let mut events: Vec<Event> = Vec::new();
    for part in lines.chunks(LINES) {
        let plan = Plan {
            attachments: c.evidence.len(),
            cashier: drawn.cashier,
            approval: approval.unwrap_or(0),
            settlement: Some(drawn.settlement),
            summary: c.summary.clone(),
            ..Plan::money(Template::T09b, c.date, part.to_vec())
        };
        let evidence = if events.is_empty() { c.evidence.as_slice() } else { &[] };
        events.push(case.posted(plan, Effect::None, evidence, ""));
    }
    events
}

/// Interest by daily balances, over sources and within each over its grants; to the fen by largest remainders.
fn shares(case: &Case<'_>, (from, to): (Day, Day), fen: Fen) -> Vec<(SourceNo, GrantNo, Fen)> {
    let book = case.book;
    let weight = |source: SourceNo, grant: GrantNo| -> i128 {
        let series = book.sums.purse((book.parts.special, source, grant, OWN));
        let mut changes: BTreeMap<Day, Fen> = BTreeMap::new();
        for (day, net) in series.into_iter().flat_map(|s| s.days()).filter(|(day, _)| *day <= to) {
            let sum = changes.entry(day.max(from)).or_default();
            *sum = sum.saturating_add(net);
        }
        let days = |day: Day| i128::from(to.0).saturating_sub(i128::from(day.0)).saturating_add(1);
        let of = changes.into_iter().map(|(day, net)| i128::from(net).saturating_mul(days(day)));
        of.fold(0, i128::saturating_add).max(0)
    };
    let own = book.sources.all().filter(|(_, _, s)| s.restriction != Restriction::PassThrough);
    let own = own.filter_map(|(no, ..)| SourceNo::try_from(no).ok());
    let weights: Vec<(SourceNo, Vec<(GrantNo, i128)>)> =
        own.map(|source| (source, book.oldest_first(source).map(|g| (g, weight(source, g))).collect())).collect();
    let total = |grants: &[(GrantNo, i128)]| grants.iter().fold(0, |sum: i128, (_, w)| sum.saturating_add(*w));
    let of_sources: Vec<i128> = weights.iter().map(|(_, grants)| total(grants)).collect();
    let mut found = Vec::new();
    for ((source, grants), part) in weights.iter().zip(divide(fen, &of_sources)) {
        let of_grants: Vec<i128> = grants.iter().map(|(_, w)| *w).collect();
        let parts = grants.iter().zip(divide(part, &of_grants)).filter(|(_, part)| *part > 0);
        found.extend(parts.map(|((grant, _), part)| (*source, *grant, part)));
    }
    found
}

/// Divides an amount by weights: whole parts, then a fen each to the largest remainders, earlier ones first.
fn divide(fen: Fen, weights: &[i128]) -> Vec<Fen> {
    let total = weights.iter().fold(0, |sum: i128, w| sum.saturating_add(*w));
    if total <= 0 {
        return vec![0; weights.len()];
    }
    let exact = |w: &i128| i128::from(fen).saturating_mul(*w);
    let mut parts: Vec<(Fen, i128, usize)> = weights
        .iter()
        .enumerate()
        .map(|(at, w)| (Fen::try_from(exact(w).div_euclid(total)).unwrap_or(0), exact(w).rem_euclid(total), at))
        .collect();
    let shared = parts.iter().fold(0, |sum: Fen, (part, ..)| sum.saturating_add(*part));
    let left = usize::try_from(fen.saturating_sub(shared)).unwrap_or(0);
    parts.sort_by_key(|(_, rest, at)| (core::cmp::Reverse(*rest), *at));
    parts.iter_mut().take(left).for_each(|(part, ..)| *part = part.saturating_add(1));
    parts.sort_by_key(|(.., at)| *at);
    parts.into_iter().map(|(part, ..)| part).collect()
}

#[cfg(test)]
mod tests {
    use super::divide;

    #[test]
    fn the_worked_interest_of_the_season() {
        let weights = [3_125_000_000, 6_250_000, 3_500_000, 2_250_000];
        assert_eq!(divide(1_234_567, &weights), [1_229_844, 2_460, 1_377, 886]);
        assert_eq!(divide(10, &[1, 1, 1]), [4, 3, 3]);
        assert_eq!(divide(7, &[0, 0]), [0, 0]);
    }
}
