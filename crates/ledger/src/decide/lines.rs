//! Purposes and money: whether a source may pay a use, and which grants carry an outflow (oldest first, decisions.md 9).

use record::kinds::{OrgType, Restriction};
use record::{ClassNo, Day, Fen, GrantNo, OrgNo, PlanNo, SourceNo, UseNo};

use super::Desk;
use crate::State;
use crate::state::Grant;

/// The book's own organisation: ordinal 1, holder of the special account.
pub(crate) const OWN: OrgNo = 1;

/// The rule that guards a source against a use outside its purpose.
pub(crate) fn purpose_rule(state: &State, source: SourceNo) -> &'static str {
    match state.sources.get(source).map(|s| s.restriction) {
        Some(Restriction::PassThrough) => "SRC-007",
        Some(Restriction::Fiscal) => "SRC-006",
        _ => "USE-011",
    }
}

/// Whether a source may, by its nature, pay a use.
pub(crate) fn source_permits(state: &State, source: SourceNo, use_code: UseNo) -> bool {
    let code = state.uses.code(use_code);
    state.sources.get(source).is_some_and(|s| s.uses.iter().any(|u| u == code))
}

/// Whether a grant may pay a use with money that moves on a day: as its document says then, and its source where the document says
/// nothing.
pub(crate) fn grant_permits(state: &State, grant: &Grant, use_code: UseNo, moved_on: Day) -> bool {
    let (permitted_uses, ..) = grant.terms_on(moved_on);
    if permitted_uses.is_empty() {
        let own_needed = state.sources.get(grant.source).is_some_and(|s| s.grant_uses);
        !own_needed && source_permits(state, grant.source, use_code)
    } else {
        permitted_uses.contains(&use_code)
    }
}

/// Whether a grant may be spent: from its first day, when the money moved, to its last, on the day that deadlines judge.
pub(crate) fn in_term(grant: &Grant, (moved_on, judged): (Day, Day)) -> bool {
    let (_, first, last) = grant.terms_on(moved_on);
    first.is_none_or(|first| first <= moved_on) && last.is_none_or(|last| judged <= last)
}

/// Sources of the special account that could lawfully carry an outflow.
fn lawful_sources(desk: &Desk<'_>, out: Outflow) -> Vec<String> {
    let state = desk.state;
    state
        .sources
        .iter()
        .filter(|(_, s)| s.enabled && s.restriction != Restriction::PassThrough)
        .filter_map(|(no, s)| Some((SourceNo::try_from(no).ok()?, s)))
        .filter(|(no, _)| source_permits(state, *no, out.use_code))
        .filter(|(source, _)| spendable(desk, Outflow { source: *source, ..out }) >= out.fen)
        .map(|(_, s)| s.code.clone())
        .collect()
}

/// The open grants that may carry an outflow, oldest first, each with what it has.
fn open_grants(desk: &Desk<'_>, out: Outflow) -> Vec<(GrantNo, Fen)> {
    let state = desk.state;
    let term = (out.paid_on, desk.deadline_day(out.date, out.paid_on));
    grants_of(state, out.source)
        .filter(|no| {
            let permits = |g: &Grant| in_term(g, term) && grant_permits(state, g, out.use_code, out.paid_on);
            state.grants.get(*no).is_some_and(permits)
        })
        .map(|no| (no, state.spendable(state.posting.special_bank, out.source, no, OWN, out.date)))
        .filter(|(_, left)| *left > 0)
        .collect()
}

/// What the open grants of a source have for an outflow.
pub(crate) fn spendable(desk: &Desk<'_>, out: Outflow) -> Fen {
    open_grants(desk, out).iter().fold(0, |sum: Fen, (_, left)| sum.saturating_add(*left))
}

/// Grants of a source, oldest first.
pub(crate) fn grants_of(state: &State, source: SourceNo) -> impl Iterator<Item = GrantNo> + '_ {
    let from = (source, Day(i32::MIN), 0);
    state.grant_ages.range(from..).take_while(move |(s, _, _)| *s == source).map(|(_, _, no)| *no)
}

/// An outflow from the special account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outflow {
    pub source: SourceNo,
    pub use_code: UseNo,
    pub fen: Fen,
    /// Voucher date.
    pub date: Day,
    /// Day on which the money moved.
    pub paid_on: Day,
}

/// Splits an outflow over the open grants of its source, oldest first. What cannot be covered hits SRC-003, or the source's purpose
/// rule where money is there but its documents do not permit this use.
pub(crate) fn attribute(desk: &mut Desk<'_>, out: Outflow) -> Vec<(GrantNo, Fen)> {
    let state = desk.state;
    let mut left = out.fen;
    let mut shares = Vec::new();
    for (grant, available) in open_grants(desk, out) {
        if left <= 0 {
            break;
        }
        let part = available.min(left);
        shares.push((grant, part));
        left = left.saturating_sub(part);
    }
    if left > 0 {
        let bound: Fen = grants_of(state, out.source)
            .filter(|no| !shares.iter().any(|(g, _)| g == no))
            .map(|no| state.spendable(state.posting.special_bank, out.source, no, OWN, out.date))
            .fold(0, Fen::saturating_add);
        let subject = state.sources.code(out.source).to_owned();
        let lawful = lawful_sources(desk, out);
        let covered = out.fen.saturating_sub(left);
        if bound > 0 {
            let rule = purpose_rule(state, out.source);
            desk.short_with_sources(rule, &subject, covered, out.fen, lawful.clone());
        }
        if bound < left {
            desk.short_with_sources("SRC-003", &subject, covered, out.fen, lawful);
        }
    }
    shares
}

/// The class and plan of a use, checked: USE-003, USE-007.
pub(crate) fn class_and_plan(desk: &mut Desk<'_>, class: &str, plan: &str) -> Option<(ClassNo, PlanNo)> {
    let class_no = desk.state.class_no(class);
    if class_no.is_none() {
        let known = desk.state.classes.iter().map(|(_, c)| c.code.as_str()).collect::<Vec<_>>().join(" | ");
        desk.hit("USE-003", "class", &known, class);
    }
    let plan_no = desk.state.plan_no(plan);
    let open = class_no.and_then(|no| desk.state.classes.get(no)).map(|c| c.plans.clone()).unwrap_or_default();
    if plan_no.is_none() || (class_no.is_some() && !open.iter().any(|p| p == plan)) {
        desk.hit("USE-007", "plan", &open.join(" | "), plan);
        return None;
    }
    Some((class_no?, plan_no?))
}

/// USE-004 and USE-005: the unit price is the standard's subsidy on the day, and the amount is heads times it.
pub(crate) fn check_price(desk: &mut Desk<'_>, at: (ClassNo, PlanNo), day: Day, heads: u32, unit_fen: Fen, fen: Fen) {
    let standard = desk.state.standard_on(at.0, at.1, day).map(|s| s.subsidy_fen);
    if standard != Some(unit_fen) {
        let expected = standard.map(|s| s.to_string()).unwrap_or_default();
        desk.hit("USE-004", "unit_fen", &expected, &unit_fen.to_string());
    }
    match super::desk::times(heads, unit_fen) {
        Some(product) if product == fen => {}
        product => {
            let expected = product.map(|p| p.to_string()).unwrap_or_default();
            desk.hit("USE-005", "fen", &expected, &fen.to_string());
        }
    }
}

/// The payee's organisation if the account is a registered payee account of the association: else `rule`, and USE-009 where a
/// union body would be paid.
pub(crate) fn payee(desk: &mut Desk<'_>, account: &str, rule: &str) -> Option<(u32, OrgNo)> {
    let found = desk.state.bank_accounts.find(account).map(|(no, a)| (no, a.organization, a.purpose));
    let organization = found.map(|(_, o, _)| o);
    let org_type = organization.and_then(|o| desk.state.organizations.get(o)).map(|o| o.org_type);
    let lawful =
        org_type == Some(OrgType::MutualAid) && found.is_some_and(|(_, _, p)| p == record::kinds::BankPurpose::Payee);
    if !lawful {
        desk.hit(rule, "payee_account", OrgType::MutualAid.code(), account);
        if rule == "USE-006" && org_type.is_some_and(OrgType::is_union) {
            desk.hit("USE-009", "payee_account", OrgType::MutualAid.code(), account);
        }
    }
    found.map(|(no, o, _)| (no, o))
}
