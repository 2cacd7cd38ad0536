//! Explaining a spend without posting it: whether it is lawful, by which clauses, and which sources could pay for it. It judges with the
//! rules' own checks; what only papers show (documents, bank slips, persons) is asked when the spend is posted.

use record::event::Hit;
use record::kinds::{ApprovalKind, Restriction};
use record::{ClassNo, Day, Fen, OrgNo, PlanNo, SourceNo, UseNo};

use super::approvals::PARAM_BODY;
use super::desk::{Desk, times};
use super::lines::{self, Outflow};
use super::{Hands, eligibility, places};
use crate::state::Approval;
use crate::{Facts, State};

/// Rules that an explanation judges, in the documented order.
const JUDGED: &[&str] = &[
    "USE-002", "USE-003", "USE-004", "USE-005", "USE-006", "USE-007", "USE-009", "USE-011", "USE-012", "SRC-001",
    "SRC-003", "SRC-006", "SRC-007", "APR-001", "BUD-001", "BUD-004", "ENR-005",
];

/// A spend that somebody thinks of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spend {
    /// Day of payment; none means today.
    pub date: Option<Day>,
    /// Class code.
    pub class: String,
    /// Plan code.
    pub plan: String,
    /// Heads.
    pub heads: u32,
    /// Price a head; 0 means the standard's.
    pub unit_fen: Fen,
    /// Account of the payee; empty means a registered one of the association.
    pub payee_account: String,
    /// Use code; empty means that of class and plan.
    pub use_code: String,
    /// Unit whose members are paid for; empty where no unit's places and dues are asked about.
    pub organization: String,
}

/// What the rules say of a spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What is wrong with it whoever pays.
    pub hits: Vec<Hit>,
    /// Its amount; 0 where no standard gives one.
    pub fen: Fen,
    /// Every source, and whether it could pay.
    pub sources: Vec<OfSource>,
    /// Rules that were judged.
    pub judged: &'static [&'static str],
}

/// What the rules say of a source as payer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfSource {
    /// The source.
    pub source: SourceNo,
    /// What stands against it, apart from what stands against the spend.
    pub hits: Vec<Hit>,
    /// Money that its open documents permit for this use on the day.
    pub spendable_fen: Fen,
    /// Budget that is not committed.
    pub budget_fen: Fen,
    /// Codes of the approvals that could carry it.
    pub approvals: Vec<String>,
}

impl Explanation {
    /// Sources that could lawfully pay.
    pub fn lawful(&self) -> impl Iterator<Item = &OfSource> {
        self.sources.iter().filter(|of| self.hits.is_empty() && of.hits.is_empty())
    }
}

/// Explains a spend on the books as they are. Posts and records nothing.
pub fn explain(state: &State, spend: &Spend, now: i64) -> Explanation {
    let facts = Facts::default();
    let desk = || Desk::new(state, &facts, now, Hands { maker: 0, reviewer: 0 });
    let mut whole = desk();
    let date = spend.date.unwrap_or(whole.today);
    let at = lines::class_and_plan(&mut whole, &spend.class, &spend.plan);
    let standard = at.and_then(|(class, plan)| state.standard_on(class, plan, date)).map_or(0, |s| s.subsidy_fen);
    let unit_fen = if spend.unit_fen == 0 { standard } else { spend.unit_fen };
    let fen = times(spend.heads, unit_fen).unwrap_or(0);
    if let Some(at) = at {
        lines::check_price(&mut whole, at, date, spend.heads, unit_fen, fen);
    }
    if !spend.payee_account.is_empty() {
        lines::payee(&mut whole, &spend.payee_account, "USE-006");
    }
    let use_code = use_of(&mut whole, spend);
    let unit = state.organizations.no(&spend.organization);
    if let Some(((class, _), unit)) = at.zip(unit) {
        eligibility::check_dues_of(&mut whole, class, date.year(), unit, &spend.organization);
    }
    let asked = Asked { date, at, use_code, heads: spend.heads, fen, unit };
    let payers = state.sources.iter().filter(|(_, s)| s.restriction != Restriction::PassThrough);
    let payers = payers.filter_map(|(no, _)| SourceNo::try_from(no).ok());
    let sources = payers.map(|source| of_source(desk(), source, &asked)).collect();
    // No check here finds a fault of form: the spend names codes only, and unknown ones hit rules.
    Explanation { hits: whole.finish().unwrap_or_default(), fen, sources, judged: JUDGED }
}

/// USE-002, USE-012: the use named is that of class and plan, and none that is forbidden.
fn use_of(desk: &mut Desk<'_>, spend: &Spend) -> Option<UseNo> {
    let right = desk.state.use_for(&spend.class, &spend.plan, false);
    if spend.use_code.is_empty() {
        return right;
    }
    let named = desk.state.use_no(&spend.use_code);
    if named.is_none() || named != right {
        let expected = right.map(|no| desk.state.uses.code(no).to_owned()).unwrap_or_default();
        desk.hit("USE-002", "use", &expected, &spend.use_code);
    }
    if let Some(forbidden) = desk.state.forbidden_uses.iter().find(|u| u.code == spend.use_code) {
        let name = forbidden.name.clone();
        desk.hit("USE-012", "use", "", &name);
    }
    named.or(right)
}

/// A spend with its ordinals.
struct Asked {
    date: Day,
    at: Option<(ClassNo, PlanNo)>,
    use_code: Option<UseNo>,
    heads: u32,
    fen: Fen,
    unit: Option<OrgNo>,
}

/// SRC-001, the source's purpose, SRC-003, BUD-001, BUD-004 and APR-001 for one source.
fn of_source(mut desk: Desk<'_>, source: SourceNo, asked: &Asked) -> OfSource {
    let state = desk.state;
    let code = state.sources.code(source).to_owned();
    desk.source(&code, "source");
    let (mut spendable_fen, mut budget_fen) = (0, 0);
    if let Some(use_code) = asked.use_code {
        let out = Outflow { source, use_code, fen: asked.fen, date: asked.date, paid_on: asked.date };
        spendable_fen = lines::spendable(&desk, out);
        if lines::source_permits(state, source, use_code) {
            lines::attribute(&mut desk, out);
        } else {
            let found = state.uses.code(use_code).to_owned();
            desk.hit(lines::purpose_rule(state, source), "source", "", &found);
        }
    }
    let mut approvals = Vec::new();
    if let Some((class, plan)) = asked.at {
        let line = (asked.date.year(), source, class, plan);
        let left = |account| state.budget_left(line, account, asked.date);
        budget_fen = left(state.posting.budget_allocated).saturating_add(left(state.posting.budget_available));
        if budget_fen < asked.fen {
            desk.short("BUD-001", &format!("{} {code}", line.0), budget_fen, asked.fen);
        }
        if let Some(unit) = asked.unit {
            places::check_unit(&mut desk, (line.0, source, class), unit, i64::from(asked.heads));
        }
        let scope = [code.as_str(), state.classes.code(class), state.plans.code(plan)];
        let fits = state.approvals.iter().filter(|(_, a)| carries(&desk, a, asked, scope));
        approvals = fits.map(|(_, a)| a.approval.code.clone()).collect();
        if approvals.is_empty() {
            desk.hit("APR-001", "approval", ApprovalKind::Expenditure.code(), "");
        }
    }
    OfSource { source, hits: desk.finish().unwrap_or_default(), spendable_fen, budget_fen, approvals }
}

/// Whether an approval could carry the spend: kind, body, days, scope and what is left of it.
fn carries(desk: &Desk<'_>, found: &Approval, asked: &Asked, scope: [&str; 3]) -> bool {
    let approval = &found.approval;
    let key = format!("{PARAM_BODY}{}", approval.kind);
    let bodies = desk.state.parameter_on(&key, asked.date).unwrap_or("");
    let allowed = [&approval.scope.source, &approval.scope.class, &approval.scope.plan];
    let judged = desk.judged_day(asked.date);
    approval.kind == ApprovalKind::Expenditure
        && bodies.split('|').any(|body| body == approval.body.code())
        && approval.meeting_on <= asked.date
        && approval.valid_to.is_none_or(|last| judged <= last)
        && approval.max_fen.saturating_sub(found.used_fen) >= asked.fen
        && allowed.iter().zip(scope).all(|(allowed, asked)| allowed.is_empty() || *allowed == asked)
}
