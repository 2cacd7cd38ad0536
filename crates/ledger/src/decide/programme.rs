//! The programme: scheme, standards, budget (T11), quotas (T12), enrolment batches and their review.

use std::collections::BTreeMap;

use record::command::{
    AdjustBudget, AllocateQuota, BudgetLine, ConfirmCoverage, Evidence, RegisterScheme, ReviewEnrollmentBatch,
    SetBudget, SetSubsidyStandard, SubmitEnrollmentBatch,
};
use record::event::{Effect, QuotaAllocated};
use record::kinds::{ApprovalKind, Change, EvidenceKind, Side, Template, Verdict};
use record::{AccountNo, ApprovalNo, ClassNo, Day, Event, Fen, Heads, Line, OrgNo, PlanNo, SourceNo};

use super::approvals::{Act, carry, check_scope};
use super::desk::{Desk, Draft, times};
use super::lines::OWN;
use super::{eligibility, layers, lines, persons};
use crate::State;

/// An act under an approval that takes no money and has no scope.
fn act<'c>(approval: &'c str, kinds: &'c [ApprovalKind], rule: &'c str, date: Day) -> Act<'c> {
    Act { approval, kinds, rule, date, fen: 0, scope: ["", "", ""] }
}

pub(super) fn register_scheme(desk: &mut Desk<'_>, c: &RegisterScheme) -> Vec<Event> {
    if desk.state.schemes.contains_key(&c.year) {
        desk.taken("year");
    }
    // A scheme entered after the fact is judged on its own days (decisions.md 12).
    let date = if c.enroll_deadline < desk.state.live_from { c.enroll_deadline } else { desk.today };
    let approval = carry(desk, &act(&c.approval, &[ApprovalKind::Scheme], "APR-003", date)).unwrap_or(0);
    // An approval that names an amount approves a scheme of that amount, not of a larger one.
    let ceiling = desk.state.approvals.get(approval).map_or(0, |a| a.approval.max_fen);
    if ceiling > 0 && c.total_fen > ceiling {
        desk.short("APR-003", "total_fen", ceiling, c.total_fen);
    }
    // A budget set before its scheme is within it too.
    let set = bound_budget(desk.state, c.year);
    if set > c.total_fen {
        desk.short("BUD-001", "total_fen", c.total_fen, set);
    }
    for (i, target) in c.targets.iter().enumerate() {
        if desk.state.class_no(&target.class).is_none() {
            desk.hit("USE-003", &format!("targets[{i}].class"), "", &target.class);
        }
    }
    layers::check_scheme(desk, c);
    vec![Event::SchemeRegistered { scheme: c.clone(), approval }]
}

pub(super) fn set_standard(desk: &mut Desk<'_>, c: &SetSubsidyStandard) -> Vec<Event> {
    let s = &c.standard;
    lines::class_and_plan(desk, &s.class, &s.plan);
    // Approved before it holds: the day from which it holds is the day of the act.
    let act = act(&c.approval, &[ApprovalKind::Standard], "APR-004", s.valid_from);
    let approval = carry(desk, &Act { scope: ["", &s.class, &s.plan], ..act }).unwrap_or(0);
    desk.check_open(s.valid_from, "standard.valid_from");
    layers::check_standard(desk, s);
    vec![Event::StandardSet { standard: s.clone(), approval }]
}

/// A budget line with its ordinals, and the signed amount.
struct Known {
    source: SourceNo,
    class: ClassNo,
    plan: PlanNo,
    change: Change,
    fen: Fen,
}

pub(super) fn set_budget(desk: &mut Desk<'_>, c: &SetBudget) -> Vec<Event> {
    desk.check_date(c.date, "date");
    desk.check_budget_not_over(c.year, c.date);
    desk.check_evidence(&c.evidence);
    let sum = c.lines.iter().fold(0, |sum: Fen, line| sum.saturating_add(line.fen));
    if sum != c.total_fen {
        desk.hit("BUD-002", "total_fen", &sum.to_string(), &c.total_fen.to_string());
    }
    let kinds = [ApprovalKind::Budget, ApprovalKind::Scheme];
    let approval = carry(desk, &Act { fen: c.total_fen, ..act(&c.approval, &kinds, "BUD-002", c.date) });
    let known = budget_lines(desk, approval.unwrap_or(0), &c.lines);
    for (i, line) in known.iter().enumerate() {
        let total = desk.state.posting.budget_total;
        let set = desk.state.budget.contains_key(&(c.year, line.source, line.class, line.plan, total));
        if set {
            desk.hit("BUD-002", &format!("lines[{i}]"), "AdjustBudget", "SetBudget");
        }
    }
    check_scheme_total(desk, c.year, &known);
    budget_voucher(desk, c.year, c.date, approval.unwrap_or(0), &known, &c.evidence)
}

pub(super) fn adjust_budget(desk: &mut Desk<'_>, c: &AdjustBudget) -> Vec<Event> {
    desk.check_date(c.date, "date");
    desk.check_budget_not_over(c.year, c.date);
    desk.check_evidence(&c.evidence);
    let up = c.lines.iter().filter(|l| l.change == Change::Increase).fold(0, |sum: Fen, l| sum.saturating_add(l.fen));
    let approval = carry(desk, &Act { fen: up, ..act(&c.approval, &[ApprovalKind::BudgetAdjust], "BUD-002", c.date) });
    let known = budget_lines(desk, approval.unwrap_or(0), &c.lines);
    let available = desk.state.posting.budget_available;
    for line in known.iter().filter(|l| l.change == Change::Decrease) {
        let left = desk.state.budget_left((c.year, line.source, line.class, line.plan), available, c.date);
        if left < line.fen {
            let subject = format!("{} {}", c.year, desk.state.sources.code(line.source));
            desk.short("BUD-001", &subject, left, line.fen);
        }
    }
    check_scheme_total(desk, c.year, &known);
    budget_voucher(desk, c.year, c.date, approval.unwrap_or(0), &known, &c.evidence)
}

/// BUD-002 by the approval's scope, SRC-001, USE-003, USE-007 and the source's purpose, for every line; a line named twice is a fault.
fn budget_lines(desk: &mut Desk<'_>, approval: ApprovalNo, lines: &[BudgetLine]) -> Vec<Known> {
    let mut known: Vec<Known> = Vec::with_capacity(lines.len());
    for (i, line) in lines.iter().enumerate() {
        check_scope(desk, approval, "BUD-002", [&line.source, &line.class, &line.plan]);
        let source = desk.source(&line.source, &format!("lines[{i}].source"));
        let at = lines::class_and_plan(desk, &line.class, &line.plan);
        let (Some(source), Some((class, plan))) = (source, at) else { continue };
        let use_code = desk.state.use_for(&line.class, &line.plan, false);
        if let Some(use_code) = use_code.filter(|u| !lines::source_permits(desk.state, source, *u)) {
            let rule = lines::purpose_rule(desk.state, source);
            let found = desk.state.uses.code(use_code).to_owned();
            desk.hit(rule, &format!("lines[{i}].source"), "", &found);
        }
        if known.iter().any(|k| (k.source, k.class, k.plan) == (source, class, plan)) {
            desk.fault(&format!("lines[{i}]"), "DUPLICATE", "同一预算行只能列一次", "names a budget line twice");
        }
        known.push(Known { source, class, plan, change: line.change, fen: line.fen });
    }
    known
}

/// BUD-001: the budget of the scheme's own money stays within the scheme's funds (资金额为硬上限, rules.md 6.6).
fn check_scheme_total(desk: &mut Desk<'_>, year: u16, lines: &[Known]) {
    let Some(limit) = desk.state.schemes.get(&year).map(|s| s.scheme.total_fen) else { return };
    let bound = |source: SourceNo| desk.state.sources.get(source).is_some_and(|s| s.quota_bound);
    let set = bound_budget(desk.state, year);
    let change = lines.iter().filter(|l| bound(l.source)).fold(0, |sum: Fen, l| match l.change {
        Change::Increase => sum.saturating_add(l.fen),
        Change::Decrease => sum.saturating_sub(l.fen),
    });
    let asked = set.saturating_add(change);
    if change > 0 && asked > limit {
        desk.short("BUD-001", "scheme.total_fen", limit, asked);
    }
}

/// The budget of a year's own money that its scheme bounds.
fn bound_budget(state: &State, year: u16) -> Fen {
    let bound = |source: SourceNo| state.sources.get(source).is_some_and(|s| s.quota_bound);
    state
        .budget
        .iter()
        .filter(|((y, source, _, _, account), _)| {
            (*y, *account) == (year, state.posting.budget_total) && bound(*source)
        })
        .fold(0, |sum: Fen, (_, fen)| sum.saturating_sub(*fen))
}

/// T11: 901 to 911, or back.
fn budget_voucher(
    desk: &mut Desk<'_>,
    year: u16,
    date: Day,
    approval: u32,
    lines: &[Known],
    evidence: &[Evidence],
) -> Vec<Event> {
    let posting = &desk.state.posting;
    let pairs = lines.iter().flat_map(|line| {
        let side = if line.change == Change::Increase { Side::Debit } else { Side::Credit };
        let top = Line {
            account: posting.budget_total,
            source: line.source,
            side,
            fen: line.fen,
            year,
            class: line.class,
            plan: line.plan,
            ..Line::default()
        };
        let below = Line { account: posting.budget_available, side: side.other(), ..top.clone() };
        [top, below]
    });
    let lines = pairs.collect();
    let draft = Draft { attachments: evidence.len(), approval, ..Draft::budget(Template::T11, date, lines) };
    let voucher = desk.voucher(draft);
    vec![desk.posted(voucher, Effect::None, evidence)]
}

pub(super) fn allocate_quota(desk: &mut Desk<'_>, c: &AllocateQuota) -> Vec<Event> {
    desk.check_date(c.date, "date");
    desk.check_budget_not_over(c.year, c.date);
    desk.check_evidence(&c.evidence);
    if desk.state.quotas.contains_key(&c.notice_no) {
        desk.taken("notice_no");
    }
    let organization = desk.state.organizations.no(&c.organization).unwrap_or_else(|| {
        desk.unknown("organization");
        0
    });
    check_scheme_before(desk, c);
    check_second_level(desk, c, organization);
    let source = desk.source(&c.source, "source");
    let mut known = Vec::with_capacity(c.lines.len());
    let mut voucher_lines = Vec::new();
    let mut by_class: BTreeMap<ClassNo, i64> = BTreeMap::new();
    for (i, line) in c.lines.iter().enumerate() {
        let Some((class, plan)) = lines::class_and_plan(desk, &line.class, &line.plan) else { continue };
        if known.iter().any(|(k, p, _)| (*k, *p) == (class, plan)) {
            desk.fault(&format!("lines[{i}]"), "DUPLICATE", "同一类别和计划只能列一次", "names a class and plan twice");
        }
        known.push((class, plan, line.heads));
        let Some((source, heads)) = source.zip(line.heads.filter(|heads| *heads > 0)) else { continue };
        let sum = by_class.entry(class).or_default();
        *sum = sum.saturating_add(i64::from(heads));
        voucher_lines.extend(quota_pair(desk, c, (source, class, plan), heads));
    }
    let Some(source) = source else { return Vec::new() };
    by_class.into_iter().for_each(|(class, heads)| check_places(desk, c, source, class, heads));
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
    if !voucher_lines.is_empty() {
        let draft = Draft { attachments: c.evidence.len(), ..Draft::budget(Template::T12, c.date, voucher_lines) };
        let voucher = desk.voucher(draft);
        events.push(desk.posted(voucher, Effect::None, &[]));
    }
    events
}

/// APR-003: no places before an approved scheme, nor dated before its approval.
fn check_scheme_before(desk: &mut Desk<'_>, c: &AllocateQuota) {
    let approved = desk.state.schemes.get(&c.year).and_then(|s| desk.state.approvals.get(s.approval));
    match approved.map(|a| a.approval.meeting_on) {
        None => desk.hit("APR-003", "year", ApprovalKind::Scheme.code(), &c.year.to_string()),
        Some(meeting) if c.date < meeting => {
            desk.hit("APR-003", "date", &meeting.to_string(), &c.date.to_string());
        }
        Some(_) => {}
    }
}

/// ENR-011: a unit of the second level brings the table and the document of the unit above it, and those of its industry's union.
fn check_second_level(desk: &mut Desk<'_>, c: &AllocateQuota, organization: OrgNo) {
    let parent = desk.state.organizations.get(organization).and_then(|o| desk.state.organizations.no(&o.parent));
    let below_another = parent.is_some_and(|parent| parent != OWN) && organization != OWN;
    if c.change == Change::Decrease || !(c.second_level || below_another) {
        return;
    }
    for kind in [EvidenceKind::QuotaTable, EvidenceKind::AllocationDocument, EvidenceKind::IndustryAllocation] {
        if !c.evidence.iter().any(|e| e.kind == kind) {
            desk.hit("ENR-011", &format!("evidence.{kind}"), kind.code(), "");
        }
    }
}

/// BUD-003: places of money that the scheme bounds stay within the scheme's, and none is taken back that was not given.
fn check_places(desk: &mut Desk<'_>, c: &AllocateQuota, source: SourceNo, class: ClassNo, heads: i64) {
    let given = desk.state.quota_heads.get(&(c.year, source, class)).copied().unwrap_or(0);
    let code = desk.state.classes.code(class).to_owned();
    if c.change == Change::Decrease {
        let given = given_to(desk.state, c, source, class);
        if heads > given {
            desk.hit("BUD-003", &code, &given.to_string(), &heads.to_string());
        }
        return;
    }
    let bound = desk.state.sources.get(source).is_some_and(|s| s.quota_bound);
    let limit = desk.state.schemes.get(&c.year).map(|s| s.heads.get(&class).copied().unwrap_or(0));
    if let Some(limit) = limit.filter(|_| bound) {
        let asked = given.saturating_add(heads);
        if asked > i64::from(limit) {
            desk.hit("BUD-003", &code, &limit.to_string(), &asked.to_string());
        }
    }
}

/// Places that an organisation has of a class, net of what was taken back.
fn given_to(state: &State, c: &AllocateQuota, source: SourceNo, class: ClassNo) -> i64 {
    let organization = state.organizations.no(&c.organization);
    let notices = state
        .quotas
        .values()
        .map(|q| &q.notice)
        .filter(|n| Some(n.organization) == organization && (n.year, n.source) == (c.year, source));
    notices.fold(0, |sum: i64, notice| {
        let of_class = notice.lines.iter().filter(|(k, ..)| *k == class).filter_map(|(.., heads)| *heads);
        let heads = of_class.fold(0, |sum: i64, heads| sum.saturating_add(i64::from(heads)));
        if notice.change == Change::Increase { sum.saturating_add(heads) } else { sum.saturating_sub(heads) }
    })
}

/// T12: 911 to 912 (or back) at the subsidy of the day. BUD-001 where the budget is short.
fn quota_pair(desk: &mut Desk<'_>, c: &AllocateQuota, at: (SourceNo, ClassNo, PlanNo), heads: u32) -> Vec<Line> {
    let (source, class, plan) = at;
    let price = desk.state.standard_on(class, plan, c.date).map(|s| s.subsidy_fen);
    let Some((price, fen)) = price.and_then(|price| Some((price, times(heads, price)?))) else {
        desk.hit("USE-004", "lines", "", &c.date.to_string());
        return Vec::new();
    };
    let posting = &desk.state.posting;
    let (from, to) = match c.change {
        Change::Increase => (posting.budget_available, posting.budget_allocated),
        Change::Decrease => (posting.budget_allocated, posting.budget_available),
    };
    let left = desk.state.budget_left((c.year, source, class, plan), from, c.date);
    if left < fen {
        let subject = format!("{} {}/{}", c.year, desk.state.sources.code(source), desk.state.classes.code(class));
        desk.short("BUD-001", &subject, left, fen);
    }
    let line = |account: AccountNo, side: Side| Line {
        account,
        source,
        side,
        fen,
        year: c.year,
        class,
        plan,
        heads: Heads::try_from(heads).unwrap_or(Heads::MAX),
        price,
        ..Line::default()
    };
    vec![line(from, Side::Debit), line(to, Side::Credit)]
}

pub(super) fn submit_batch(desk: &mut Desk<'_>, c: &SubmitEnrollmentBatch) -> Vec<Event> {
    if desk.state.grants.no(&c.code).is_some() {
        desk.taken("code");
    }
    if desk.state.organizations.no(&c.organization).is_none() {
        desk.unknown("organization");
    }
    desk.check_date(c.submitted_on, "submitted_on");
    desk.check_unique_evidence(&c.evidence);
    if c.roster_rows != c.insured_count {
        desk.hit("ENR-001", "roster_rows", &c.insured_count.to_string(), &c.roster_rows.to_string());
    }
    let gift = times(c.gift_count, c.gift_per_person_fen);
    if gift != Some(c.gift_total_fen) {
        desk.hit("ENR-002", "gift_total_fen", &gift.unwrap_or(0).to_string(), &c.gift_total_fen.to_string());
    }
    let at = lines::class_and_plan(desk, &c.class, &c.plan);
    if let Some(at) = at {
        let premium = desk.state.standard_on(at.0, at.1, c.submitted_on).map(|s| s.premium_fen);
        let total = premium.and_then(|premium| times(c.insured_count, premium));
        if total != Some(c.premium_total_fen) {
            let expected = total.map(|t| t.to_string()).unwrap_or_default();
            desk.hit("ENR-002", "premium_total_fen", &expected, &c.premium_total_fen.to_string());
        }
    }
    check_scheme_terms(desk, c);
    eligibility::check_form(desk, c);
    let persons = persons::seal(desk, c, at.map(|(_, plan)| plan));
    let mut events = vec![Event::BatchSubmitted { no: desk.state.grants.next_no(), batch: c.clone() }];
    events.extend(persons);
    events
}

/// APR-003 without a scheme; ENR-009 after its deadline; USE-008 for another length of cover.
fn check_scheme_terms(desk: &mut Desk<'_>, c: &SubmitEnrollmentBatch) {
    let Some(scheme) = desk.state.schemes.get(&c.year).map(|s| &s.scheme) else {
        desk.hit("APR-003", "year", ApprovalKind::Scheme.code(), &c.year.to_string());
        return;
    };
    let (deadline, months) = (scheme.enroll_deadline, scheme.cover_months);
    let judged = desk.judged_day(c.submitted_on);
    if judged > deadline {
        desk.hit("ENR-009", "submitted_on", &deadline.to_string(), &judged.to_string());
    }
    let end = c.cover_start.end_of_months(u32::from(months));
    if end != Some(c.cover_end) {
        let expected = end.map(|day| day.to_string()).unwrap_or_default();
        desk.hit("USE-008", "cover_end", &expected, &c.cover_end.to_string());
    }
}

pub(super) fn review_batch(desk: &mut Desk<'_>, c: &ReviewEnrollmentBatch) -> Vec<Event> {
    let found = desk.state.grants.no(&c.batch).and_then(|no| Some((no, desk.state.batch(no)?)));
    let Some((no, batch)) = found else {
        desk.unknown("batch");
        return Vec::new();
    };
    desk.check_not_future(c.reviewed_on, "reviewed_on");
    let role = desk.state.classes.get(batch.class).map(|class| class.reviewer);
    if !role.is_some_and(|role| desk.state.has_role(desk.hands.maker, &[role])) {
        let person = desk.state.persons.code(desk.hands.maker).to_owned();
        desk.hit("APR-002", "reviewer", role.map_or("", |r| r.code()), &person);
    }
    // A department may fill in a form; it then takes another person of it to review that form.
    if batch.submitted_by == desk.hands.maker {
        let person = desk.state.persons.code(desk.hands.maker).to_owned();
        desk.hit("APR-002", "reviewer", "another person", &person);
    }
    if c.reviewed_on < batch.form.submitted_on {
        desk.hit("APR-002", "reviewed_on", &batch.form.submitted_on.to_string(), &c.reviewed_on.to_string());
    }
    if batch.paid_heads > 0 {
        desk.hit("APR-002", "batch", "0", &batch.paid_heads.to_string());
    }
    if c.verdict == Verdict::Approve {
        persons::check_not_freed(desk, no);
    }
    vec![Event::BatchReviewed { batch: no, verdict: c.verdict, reviewed_on: c.reviewed_on, reason: c.reason.clone() }]
}

pub(super) fn confirm(desk: &mut Desk<'_>, c: &ConfirmCoverage) -> Vec<Event> {
    let Some(batch) = desk.state.grants.no(&c.batch).filter(|no| desk.state.batch(*no).is_some()) else {
        desk.unknown("batch");
        return Vec::new();
    };
    desk.check_not_future(c.confirmed_on, "confirmed_on");
    vec![Event::CoverConfirmed {
        batch,
        confirmation_no: c.confirmation_no.clone(),
        heads: c.heads,
        fen: c.fen,
        confirmed_on: c.confirmed_on,
    }]
}
