//! Who may be enrolled (办法第六条, 第十一条): dues status of units, states of the registers of hardship files and honours, and what a form
//! must show of its persons. Scheme, places and the form's sums stand in `programme`.

use std::collections::BTreeMap;

use record::command::{RegisterSnapshot, SetDuesStatus, SubmitEnrollmentBatch};
use record::kinds::EvidenceKind;
use record::{ClassNo, Event, GrantNo, OrgNo};

use super::Desk;
use crate::state::Batch;

pub(super) fn set_dues(desk: &mut Desk<'_>, c: &SetDuesStatus) -> Vec<Event> {
    desk.check_not_future(c.as_of, "as_of");
    desk.check_evidence(&c.evidence);
    let organization = desk.state.organizations.no(&c.organization).unwrap_or_else(|| {
        desk.unknown("organization");
        0
    });
    let (year, fully_paid, as_of) = (c.year, c.fully_paid, c.as_of);
    vec![Event::DuesStatusSet { organization, year, fully_paid, as_of, evidence: c.evidence.clone() }]
}

pub(super) fn register_snapshot(desk: &mut Desk<'_>, c: &RegisterSnapshot) -> Vec<Event> {
    if desk.state.snapshots.contains_key(&c.code) {
        desk.taken("code");
    }
    if desk.state.organizations.no(&c.organization).is_none() {
        desk.unknown("organization");
    }
    desk.check_not_future(c.as_of, "as_of");
    let keeper = c.register.keeper();
    if !desk.state.has_role(desk.hands.maker, &[keeper]) {
        let person = desk.state.persons.code(desk.hands.maker).to_owned();
        desk.hit("ENR-006", "register", keeper.code(), &person);
    }
    vec![Event::SnapshotRegistered { snapshot: c.clone() }]
}

/// ENR-006, ENR-007, ENR-008, ENR-012: what a form shows of its persons.
pub(super) fn check_form(desk: &mut Desk<'_>, c: &SubmitEnrollmentBatch) {
    if c.insured_count > c.unit_headcount {
        desk.hit("ENR-012", "insured_count", &c.unit_headcount.to_string(), &c.insured_count.to_string());
    }
    if c.high_risk_count > c.insured_count {
        desk.hit("ENR-012", "high_risk_count", &c.insured_count.to_string(), &c.high_risk_count.to_string());
    }
    if c.in_service != c.insured_count {
        desk.hit("ENR-008", "in_service", &c.insured_count.to_string(), &c.in_service.to_string());
    }
    let class = desk.state.class_no(&c.class).and_then(|no| desk.state.classes.get(no));
    // Members are shown by their unit's dues; the others by a register and by their insurance.
    let Some(reviewer) = class.filter(|class| class.review_required).map(|class| class.reviewer) else { return };
    let proven = c.evidence.iter().any(|e| e.kind == EvidenceKind::MedicalProof);
    if !proven || c.proof_heads != c.insured_count {
        let found = if proven { c.proof_heads } else { 0 };
        desk.hit("ENR-007", "proof_heads", &c.insured_count.to_string(), &found.to_string());
    }
    check_snapshot(desk, c, reviewer);
}

/// ENR-006: the form names a state of the register that its class's department keeps, of an organisation that the unit belongs to, no
/// younger than the form, and with as many persons at least.
fn check_snapshot(desk: &mut Desk<'_>, c: &SubmitEnrollmentBatch, reviewer: record::kinds::Role) {
    let state = desk.state;
    let Some(snapshot) = state.snapshots.get(&c.snapshot) else {
        desk.hit("ENR-006", "snapshot", reviewer.code(), &c.snapshot);
        return;
    };
    if snapshot.register.keeper() != reviewer {
        desk.hit("ENR-006", "snapshot", reviewer.code(), snapshot.register.code());
    }
    let within = |unit: OrgNo| state.organizations.no(&snapshot.organization).is_some_and(|o| state.is_within(unit, o));
    if !state.organizations.no(&c.organization).is_none_or(within) {
        desk.hit("ENR-006", "organization", &snapshot.organization, &c.organization);
    }
    if snapshot.as_of > c.submitted_on {
        desk.hit("ENR-006", "submitted_on", &snapshot.as_of.to_string(), &c.submitted_on.to_string());
    }
    if c.insured_count > snapshot.heads {
        desk.hit("ENR-006", "insured_count", &snapshot.heads.to_string(), &c.insured_count.to_string());
    }
}

/// ENR-006 over a year: each form alone is judged when it is handed in, and several could each take every person of a register. The heads
/// paid out of the states of one register stay within the largest of these states.
pub(super) fn check_registers(desk: &mut Desk<'_>, batches: &[(GrantNo, u32)]) {
    let state = desk.state;
    let register_of = |batch: &Batch| {
        let snapshot = state.snapshots.get(&batch.form.snapshot)?;
        Some(((batch.form.year, snapshot.register, snapshot.organization.as_str()), i64::from(snapshot.heads)))
    };
    let mut asked: BTreeMap<_, (i64, i64)> = BTreeMap::new();
    for (no, heads) in batches {
        let Some((register, size)) = state.batch(*no).and_then(register_of) else { continue };
        let (sum, largest) = asked.entry(register).or_default();
        // A form that was paid already is told as such, and counted once.
        let unpaid = state.batch(*no).is_none_or(|batch| batch.paid_heads == 0);
        *sum = sum.saturating_add(if unpaid { i64::from(*heads) } else { 0 });
        *largest = size.max(*largest);
    }
    for ((year, register, organization), (mut heads, mut largest)) in asked {
        for batch in state.grants.iter().filter_map(|(_, grant)| grant.batch.as_deref()).filter(|b| b.paid_heads > 0) {
            if let Some((_, size)) = register_of(batch).filter(|(of, _)| *of == (year, register, organization)) {
                heads = heads.saturating_add(i64::from(batch.paid_heads));
                largest = size.max(largest);
            }
        }
        if heads > largest {
            let subject = format!("{register} {organization} {year}");
            desk.hit("ENR-006", &subject, &largest.to_string(), &heads.to_string());
        }
    }
}

/// ENR-005: members are paid for where their unit, or what stands above it, is shown to have paid its dues of the year in full.
pub(super) fn check_dues(desk: &mut Desk<'_>, batch: &Batch) {
    let unit = desk.state.organizations.no(&batch.form.organization).unwrap_or(0);
    check_dues_of(desk, batch.class, batch.form.year, unit, &batch.form.code);
}

/// ENR-005 for a class, year and unit.
pub(super) fn check_dues_of(desk: &mut Desk<'_>, class: ClassNo, year: u16, unit: OrgNo, subject: &str) {
    let members = desk.state.classes.get(class).is_some_and(|class| !class.review_required);
    let status = desk.state.dues_of(year, unit);
    if members && status != Some(true) {
        let expected = desk.state.organizations.code(unit).to_owned();
        let found = if status.is_none() { "" } else { "false" };
        desk.hit("ENR-005", subject, &expected, found);
    }
}
