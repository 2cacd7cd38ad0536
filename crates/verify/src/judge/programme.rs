//! The programme: scheme, standards, budget (T11) and places (T12).

use std::collections::BTreeMap;

use record::command::{
    AdjustBudget, AllocateQuota, BudgetLine, Evidence, RegisterScheme, SetBudget, SetSubsidyStandard,
};
use record::event::{Effect, QuotaAllocated};
use record::kinds::{ApprovalKind, Change, EvidenceKind, Side, Template};
use record::{ApprovalNo, ClassNo, Day, Event, Fen, Heads, Line, OrgNo, PlanNo, SourceNo};

use super::checks::{Needs, times};
use super::{Case, Plan, layers};
use crate::book::look::OWN;

fn needs<'c>(approval: &'c str, kinds: &'static [ApprovalKind], rule: &'static str, on: Day, fen: Fen) -> Needs<'c> {
    Needs { approval, kinds, rule, on, fen, source: "", class: "", plan: "" }
}

pub(super) fn scheme(case: &mut Case<'_>, c: &RegisterScheme) -> Vec<Event> {
    let book = case.book;
    if book.schemes.contains_key(&c.year) {
        case.unknown("year: taken");
    }
    let on = if c.enroll_deadline < book.live_from { c.enroll_deadline } else { case.today };
    let approval = case.approval(&needs(&c.approval, &[ApprovalKind::Scheme], "APR-003", on, 0)).unwrap_or(0);
    let ceiling = book.approvals.get(approval).map_or(0, |a| a.is.max_fen);
    case.breaks_if(ceiling > 0 && c.total_fen > ceiling, "APR-003", "total_fen");
    case.breaks_if(bound_budget(case, c.year) > c.total_fen, "BUD-001", "total_fen");
    for target in &c.targets {
        case.breaks_if(book.classes.no(&target.class).is_none(), "USE-003", "targets");
    }
    layers::scheme(case, c);
    vec![Event::SchemeRegistered { scheme: c.clone(), approval }]
}

pub(super) fn standard(case: &mut Case<'_>, c: &SetSubsidyStandard) -> Vec<Event> {
    let s = &c.standard;
    case.class_and_plan(&s.class, &s.plan);
    let plain = needs(&c.approval, &[ApprovalKind::Standard], "APR-004", s.valid_from, 0);
    let approval = case.approval(&Needs { class: &s.class, plan: &s.plan, ..plain }).unwrap_or(0);
    case.in_open_month(s.valid_from);
    layers::standard(case, s);
    vec![Event::StandardSet { standard: s.clone(), approval }]
}

/// Budget of a year that the scheme's funds bound.
fn bound_budget(case: &Case<'_>, year: u16) -> Fen {
    let of_year = case.book.sums.budgets().into_iter().filter(|((line, account), _)| {
        (line.0, *account) == (year, case.book.parts.total) && case.book.source(line.1).is_some_and(|s| s.quota_bound)
    });
    // 901 stands in debit.
    of_year.fold(0, |sum: Fen, (_, fen)| sum.saturating_sub(fen))
}

/// A budget line that is known.
struct Known {
    line: (SourceNo, ClassNo, PlanNo),
    change: Change,
    fen: Fen,
}

fn known_lines(case: &mut Case<'_>, approval: ApprovalNo, lines: &[BudgetLine]) -> Vec<Known> {
    let mut known: Vec<Known> = Vec::with_capacity(lines.len());
    for line in lines {
        case.scope(approval, "BUD-002", [&line.source, &line.class, &line.plan]);
        let source = case.source(&line.source);
        let at = case.class_and_plan(&line.class, &line.plan);
        let Some((source, (class, plan))) = source.zip(at) else { continue };
        case.purpose(source, case.book.use_of(&line.class, &line.plan, false));
        if known.iter().any(|other| other.line == (source, class, plan)) {
            case.unknown("lines: twice");
        }
        known.push(Known { line: (source, class, plan), change: line.change, fen: line.fen });
    }
    known
}

/// BUD-001: the scheme's own money stays within the scheme's funds.
fn within_scheme(case: &mut Case<'_>, year: u16, lines: &[Known]) {
    let Some(limit) = case.book.schemes.get(&year).map(|(scheme, _)| scheme.total_fen) else { return };
    let bound = |known: &&Known| case.book.source(known.line.0).is_some_and(|s| s.quota_bound);
    let change = lines.iter().filter(bound).fold(0, |sum: Fen, known| match known.change {
        Change::Increase => sum.saturating_add(known.fen),
        Change::Decrease => sum.saturating_sub(known.fen),
    });
    let asked = bound_budget(case, year).saturating_add(change);
    case.breaks_if(change > 0 && asked > limit, "BUD-001", "scheme.total_fen");
}

fn budget_voucher(
    case: &mut Case<'_>,
    (year, date): (u16, Day),
    approval: ApprovalNo,
    known: &[Known],
    evidence: &[Evidence],
) -> Vec<Event> {
    let (total, available) = (case.book.parts.total, case.book.parts.available);
    let mut lines = Vec::with_capacity(known.len().saturating_mul(2));
    for Known { line: (source, class, plan), change, fen } in known {
        let side = if *change == Change::Increase { Side::Debit } else { Side::Credit };
        let one = Line {
            account: total,
            source: *source,
            side,
            fen: *fen,
            year,
            class: *class,
            plan: *plan,
            ..Line::default()
        };
        lines.push(one.clone());
        lines.push(Line { account: available, side: side.other(), ..one });
    }
    let plan = Plan { approval, attachments: evidence.len(), ..Plan::budget(Template::T11, date, lines) };
    vec![case.posted(plan, Effect::None, evidence, "")]
}

pub(super) fn set_budget(case: &mut Case<'_>, c: &SetBudget) -> Vec<Event> {
    case.dated(c.date);
    case.breaks_if(c.date.year() > c.year, "BUD-001", "year");
    case.papers(&c.evidence);
    let sum = c.lines.iter().fold(0, |sum: Fen, line| sum.saturating_add(line.fen));
    case.breaks_if(sum != c.total_fen, "BUD-002", "total_fen");
    let kinds = &[ApprovalKind::Budget, ApprovalKind::Scheme];
    let approval = case.approval(&needs(&c.approval, kinds, "BUD-002", c.date, c.total_fen)).unwrap_or(0);
    let known = known_lines(case, approval, &c.lines);
    for Known { line: (source, class, plan), .. } in &known {
        let set = case.book.sums.budget_balance((c.year, *source, *class, *plan), case.book.parts.total);
        case.breaks_if(set.is_some(), "BUD-002", "lines: set before");
    }
    within_scheme(case, c.year, &known);
    budget_voucher(case, (c.year, c.date), approval, &known, &c.evidence)
}

pub(super) fn adjust_budget(case: &mut Case<'_>, c: &AdjustBudget) -> Vec<Event> {
    case.dated(c.date);
    case.breaks_if(c.date.year() > c.year, "BUD-001", "year");
    case.papers(&c.evidence);
    let up = c.lines.iter().filter(|line| line.change == Change::Increase);
    let up = up.fold(0, |sum: Fen, line| sum.saturating_add(line.fen));
    let approval =
        case.approval(&needs(&c.approval, &[ApprovalKind::BudgetAdjust], "BUD-002", c.date, up)).unwrap_or(0);
    let known = known_lines(case, approval, &c.lines);
    for Known { line: (source, class, plan), fen, .. } in known.iter().filter(|k| k.change == Change::Decrease) {
        case.budget((c.year, *source, *class, *plan), &[case.book.parts.available], c.date, *fen);
    }
    within_scheme(case, c.year, &known);
    budget_voucher(case, (c.year, c.date), approval, &known, &c.evidence)
}

pub(super) fn quota(case: &mut Case<'_>, c: &AllocateQuota) -> Vec<Event> {
    case.dated(c.date);
    case.breaks_if(c.date.year() > c.year, "BUD-001", "year");
    case.papers(&c.evidence);
    if case.book.notices.contains(&c.notice_no) {
        case.unknown("notice_no: taken");
    }
    let organization = case.book.orgs.no(&c.organization);
    if organization.is_none() {
        case.unknown("organization");
    }
    let organization = organization.unwrap_or(0);
    after_scheme(case, c);
    second_level(case, c, organization);
    let source = case.source(&c.source);
    let mut known = Vec::with_capacity(c.lines.len());
    let mut lines = Vec::new();
    let mut by_class: BTreeMap<ClassNo, i64> = BTreeMap::new();
    for line in &c.lines {
        let Some((class, plan)) = case.class_and_plan(&line.class, &line.plan) else { continue };
        if known.iter().any(|(k, p, _)| (*k, *p) == (class, plan)) {
            case.unknown("lines: twice");
        }
        known.push((class, plan, line.heads));
        let Some((source, heads)) = source.zip(line.heads.filter(|heads| *heads > 0)) else { continue };
        let sum = by_class.entry(class).or_default();
        *sum = sum.saturating_add(i64::from(heads));
        lines.extend(places_pair(case, c, (source, class, plan), heads));
    }
    let Some(source) = source else { return Vec::new() };
    by_class.into_iter().for_each(|(class, heads)| places(case, c, (source, class, organization), heads));
    let mut events = vec![Event::QuotaAllocated(QuotaAllocated {
        notice_no: c.notice_no.clone(),
        organization,
        year: c.year,
        source,
        change: c.change,
        lines: known,
        basis: c.basis.clone(),
        second_level: c.second_level,
        evidence: c.evidence.clone(),
    })];
    if !lines.is_empty() {
        let plan = Plan { attachments: c.evidence.len(), ..Plan::budget(Template::T12, c.date, lines) };
        events.push(case.posted(plan, Effect::None, &[], ""));
    }
    events
}

/// APR-003: places follow an approved scheme.
fn after_scheme(case: &mut Case<'_>, c: &AllocateQuota) {
    let book = case.book;
    let approved = book.schemes.get(&c.year).and_then(|(_, approval)| book.approvals.get(*approval));
    let meeting = approved.map(|approval| approval.is.meeting_on);
    case.breaks_if(meeting.is_none_or(|meeting| c.date < meeting), "APR-003", "year");
}

/// ENR-011: three documents of a unit of the second level.
fn second_level(case: &mut Case<'_>, c: &AllocateQuota, organization: OrgNo) {
    let parent = case.book.orgs.get(organization).and_then(|org| case.book.orgs.no(&org.parent));
    let below = organization != OWN && parent.is_some_and(|parent| parent != OWN);
    let demanded = [EvidenceKind::QuotaTable, EvidenceKind::AllocationDocument, EvidenceKind::IndustryAllocation];
    let lacks = demanded.iter().any(|kind| !c.evidence.iter().any(|e| e.kind == *kind));
    case.breaks_if(c.change == Change::Increase && (c.second_level || below) && lacks, "ENR-011", "evidence");
}

/// BUD-003: within the scheme's places, and none taken back that was not given.
fn places(
    case: &mut Case<'_>,
    c: &AllocateQuota,
    (source, class, organization): (SourceNo, ClassNo, OrgNo),
    heads: i64,
) {
    let book = case.book;
    if c.change == Change::Decrease {
        let given = book.places.get(&(c.year, source, class, organization)).map_or(0, |places| places.heads);
        case.breaks_if(heads > given, "BUD-003", "lines");
        return;
    }
    let bound = book.source(source).is_some_and(|s| s.quota_bound);
    let code = book.classes.code(class);
    let of_class = |scheme: &RegisterScheme| {
        scheme.targets.iter().rev().find(|target| target.class == code).map_or(0, |target| i64::from(target.heads))
    };
    let limit = book.schemes.get(&c.year).map(|(scheme, _)| of_class(scheme));
    let given = book.given.get(&(c.year, source, class)).copied().unwrap_or(0);
    let over = limit.is_some_and(|limit| given.saturating_add(heads) > limit);
    case.breaks_if(bound && over, "BUD-003", "lines");
}

/// T12 at the subsidy of the day; BUD-001 where the budget is short.
fn places_pair(case: &mut Case<'_>, c: &AllocateQuota, at: (SourceNo, ClassNo, PlanNo), heads: u32) -> Vec<Line> {
    let (source, class, plan) = at;
    let price = case.book.standard((class, plan), c.date).map(|s| s.subsidy_fen);
    let Some((price, fen)) = price.and_then(|price| Some((price, times(heads, price)?))) else {
        case.breaks("USE-004", "lines");
        return Vec::new();
    };
    let parts = &case.book.parts;
    let (from, to) = match c.change {
        Change::Increase => (parts.available, parts.allocated),
        Change::Decrease => (parts.allocated, parts.available),
    };
    case.budget((c.year, source, class, plan), &[from], c.date, fen);
    let one = Line {
        account: from,
        source,
        side: Side::Debit,
        fen,
        year: c.year,
        class,
        plan,
        heads: Heads::try_from(heads).unwrap_or(Heads::MAX),
        price,
        ..Line::default()
    };
    let other = Line { account: to, side: Side::Credit, ..one.clone() };
    vec![one, other]
}
