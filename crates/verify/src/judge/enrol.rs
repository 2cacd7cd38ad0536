//! Enrolment: forms and their reviews, confirmations, dues, registers, and persons as tokens (办法第六条, 第十一条; decision 0022).

use std::collections::{BTreeMap, BTreeSet};

use record::command::{
    ConfirmCoverage, RegisterSnapshot, RegisterTokenKey, ReviewEnrollmentBatch, SetDuesStatus, SubmitEnrollmentBatch,
    UploadRosterChunk,
};
use record::event::PersonsEnrolled;
use record::kinds::{EvidenceKind, Role, Verdict};
use record::{Event, GrantNo, PlanNo, Token, hash};

use super::Case;
use super::checks::times;
use crate::book::Form;

/// Tokens of one record.
const TOKENS: usize = 8_000;

pub(super) fn submit(case: &mut Case<'_>, c: &SubmitEnrollmentBatch) -> Vec<Event> {
    let book = case.book;
    if book.grants.no(&c.code).is_some() {
        case.unknown("code: taken");
    }
    if book.orgs.no(&c.organization).is_none() {
        case.unknown("organization");
    }
    case.dated(c.submitted_on);
    case.unique_papers(&c.evidence);
    case.breaks_if(c.roster_rows != c.insured_count, "ENR-001", "roster_rows");
    case.breaks_if(times(c.gift_count, c.gift_per_person_fen) != Some(c.gift_total_fen), "ENR-002", "gift_total_fen");
    let at = case.class_and_plan(&c.class, &c.plan);
    if let Some(at) = at {
        let premium = book.standard(at, c.submitted_on).map(|s| s.premium_fen);
        let total = premium.and_then(|premium| times(c.insured_count, premium));
        case.breaks_if(total != Some(c.premium_total_fen), "ENR-002", "premium_total_fen");
    }
    terms(case, c);
    shown(case, c);
    let persons = seal(case, c, at.map(|(_, plan)| plan));
    let mut events = vec![Event::BatchSubmitted { no: book.grants.next(), batch: c.clone() }];
    events.extend(persons);
    events
}

/// APR-003 without a scheme, ENR-009 after its deadline, USE-008 for another length of cover.
fn terms(case: &mut Case<'_>, c: &SubmitEnrollmentBatch) {
    let Some((scheme, _)) = case.book.schemes.get(&c.year) else {
        case.breaks("APR-003", "year");
        return;
    };
    case.breaks_if(case.judged_on(c.submitted_on) > scheme.enroll_deadline, "ENR-009", "submitted_on");
    let end = c.cover_start.end_of_months(u32::from(scheme.cover_months));
    case.breaks_if(end != Some(c.cover_end), "USE-008", "cover_end");
}

/// What a form shows of its persons: ENR-012, ENR-008, and of classes that a department reviews ENR-007 and ENR-006.
fn shown(case: &mut Case<'_>, c: &SubmitEnrollmentBatch) {
    let book = case.book;
    case.breaks_if(c.insured_count > c.unit_headcount, "ENR-012", "insured_count");
    case.breaks_if(c.high_risk_count > c.insured_count, "ENR-012", "high_risk_count");
    case.breaks_if(c.in_service != c.insured_count, "ENR-008", "in_service");
    let class = book.classes.find(&c.class).map(|(_, class)| class);
    let Some(reviewer) = class.filter(|class| class.review_required).map(|class| class.reviewer) else { return };
    let proven = c.evidence.iter().any(|e| e.kind == EvidenceKind::MedicalProof);
    case.breaks_if(!proven || c.proof_heads != c.insured_count, "ENR-007", "proof_heads");
    let Some(state) = book.snapshots.get(&c.snapshot) else {
        case.breaks("ENR-006", "snapshot");
        return;
    };
    case.breaks_if(state.register.keeper() != reviewer, "ENR-006", "snapshot");
    let (of, unit) = (book.orgs.no(&state.organization), book.orgs.no(&c.organization));
    let within = unit.is_none_or(|unit| of.is_some_and(|of| book.within(unit, of)));
    case.breaks_if(!within, "ENR-006", "organization");
    case.breaks_if(state.as_of > c.submitted_on, "ENR-006", "submitted_on");
    case.breaks_if(c.insured_count > state.heads, "ENR-006", "insured_count");
}

/// ENR-006 over a year: the heads paid out of all states of a register stay within the largest of these states.
pub(super) fn registers(case: &mut Case<'_>, batches: &[(GrantNo, u32)]) {
    let book = case.book;
    let of = |form: &Form| {
        let state = book.snapshots.get(&form.is.snapshot)?;
        Some(((form.is.year, state.register, state.organization.clone()), i64::from(state.heads)))
    };
    let mut asked: BTreeMap<_, (i64, i64)> = BTreeMap::new();
    for (no, heads) in batches {
        let Some(form) = book.form(*no) else { continue };
        let Some((register, size)) = of(form) else { continue };
        let known = asked.entry(register).or_default();
        let heads = if form.paid == 0 { i64::from(*heads) } else { 0 };
        *known = (known.0.saturating_add(heads), known.1.max(size));
    }
    if asked.is_empty() {
        return;
    }
    for form in book.grants.all().filter_map(|(_, _, grant)| grant.form.as_deref()).filter(|form| form.paid > 0) {
        let Some((register, size)) = of(form) else { continue };
        if let Some(known) = asked.get_mut(&register) {
            *known = (known.0.saturating_add(i64::from(form.paid)), known.1.max(size));
        }
    }
    for ((_, register, organization), (heads, largest)) in asked {
        case.breaks_if(heads > largest, "ENR-006", &format!("{register} {organization}"));
    }
}

/// The persons of a form: ENR-003, ENR-001, and USE-007 for one that stands under another plan.
fn seal(case: &mut Case<'_>, c: &SubmitEnrollmentBatch, plan: Option<PlanNo>) -> Vec<Event> {
    let book = case.book;
    if c.upload.is_empty() {
        case.breaks_if(book.token_keys.contains_key(&c.year), "ENR-003", "upload");
        return Vec::new();
    }
    let upload = book.uploads.get(&c.upload);
    let own = upload.filter(|u| u.person == case.maker && case.today <= u.last_day && u.year == c.year);
    if own.is_none() {
        case.unknown("upload");
    }
    if upload.is_none() {
        return Vec::new();
    }
    let rows = case.archive.roster(&c.upload);
    let whole = (1u32..).zip(&rows).all(|(no, (row, _))| no == *row);
    case.breaks_if(!whole || u32::try_from(rows.len()) != Ok(c.roster_rows), "ENR-001", "upload");
    let bytes: Vec<u8> = rows.iter().flat_map(|(_, token)| *token).collect();
    case.breaks_if(c.tokens_digest != Some(hash::sha256(&bytes)), "ENR-001", "tokens_digest");
    once_each(case, c.year, &rows, plan);
    let batch = book.grants.next();
    let enrolled = rows.chunks(TOKENS).map(|part| {
        let again = (0u32..).zip(part).filter_map(|(place, (_, token))| {
            let times = case.archive.times_enrolled(c.year, token);
            (times > 0).then_some((place, times))
        });
        Event::PersonsEnrolled(PersonsEnrolled {
            batch,
            year: c.year,
            first_row: part.first().map_or(0, |(row, _)| *row),
            tokens: part.iter().map(|(_, token)| *token).collect(),
            again: again.collect(),
        })
    });
    enrolled.collect()
}

/// ENR-003: no person twice among these, nor in another batch of the year.
fn once_each(case: &mut Case<'_>, year: u16, rows: &[(u32, Token)], plan: Option<PlanNo>) {
    let mut seen = BTreeSet::new();
    let (mut twice, mut elsewhere, mut both_plans) = (false, false, false);
    for (_, token) in rows {
        twice |= !seen.insert(*token);
        let Some(other) = case.archive.enrolled_by(case.book, year, token) else { continue };
        elsewhere = true;
        let other_plan = case.book.form(other).map(|form| form.plan);
        both_plans |= plan.is_some() && other_plan.is_some() && other_plan != plan;
    }
    case.breaks_if(twice || elsewhere, "ENR-003", "rows");
    case.breaks_if(both_plans, "USE-007", "rows");
}

pub(super) fn upload(case: &mut Case<'_>, c: &UploadRosterChunk) -> Vec<Event> {
    let book = case.book;
    let key = book.token_keys.get(&c.year);
    let right = key.is_some_and(|key| (&key.key_id, &key.check_value) == (&c.key_id, &c.check_value));
    case.breaks_if(!right, "ENR-003", "key_id");
    if let Some(known) = book.uploads.get(&c.upload) {
        let own = known.person == case.maker && case.today <= known.last_day && known.year == c.year;
        if !own || known.first_rows.contains(&c.first_row) {
            case.unknown("upload");
        }
    }
    let rows: Vec<(u32, Token)> = (c.first_row..).zip(c.tokens.iter().copied()).collect();
    once_each(case, c.year, &rows, None);
    vec![Event::RosterChunkUploaded { chunk: c.clone() }]
}

pub(super) fn token_key(case: &mut Case<'_>, c: &RegisterTokenKey) -> Vec<Event> {
    if case.book.token_keys.contains_key(&c.year) {
        case.unknown("year: taken");
    }
    vec![Event::TokenKeyRegistered { key: c.clone() }]
}

/// APR-002: by the department of the class, by another person than who filled the form in, after it, before it is paid.
pub(super) fn review(case: &mut Case<'_>, c: &ReviewEnrollmentBatch) -> Vec<Event> {
    let book = case.book;
    let Some((no, form)) = book.form_of(&c.batch) else {
        case.unknown("batch");
        return Vec::new();
    };
    case.not_ahead(c.reviewed_on);
    let office: Option<Role> = book.classes.get(form.class).map(|class| class.reviewer);
    let of_office = office.is_some_and(|office| book.holds(case.maker, &[office]));
    case.breaks_if(!of_office || form.submitted_by == case.maker, "APR-002", "reviewer");
    case.breaks_if(c.reviewed_on < form.is.submitted_on, "APR-002", "reviewed_on");
    case.breaks_if(form.paid > 0, "APR-002", "batch");
    // A form that was sent back has freed its persons for another one.
    let freed = form.review.is_some_and(|(verdict, _)| verdict == Verdict::Reject) && !form.is.upload.is_empty();
    case.breaks_if(c.verdict == Verdict::Approve && freed, "ENR-003", "batch");
    vec![Event::BatchReviewed { batch: no, verdict: c.verdict, reviewed_on: c.reviewed_on, reason: c.reason.clone() }]
}

pub(super) fn confirm(case: &mut Case<'_>, c: &ConfirmCoverage) -> Vec<Event> {
    let Some((batch, _)) = case.book.form_of(&c.batch) else {
        case.unknown("batch");
        return Vec::new();
    };
    case.not_ahead(c.confirmed_on);
    vec![Event::CoverConfirmed {
        batch,
        confirmation_no: c.confirmation_no.clone(),
        heads: c.heads,
        fen: c.fen,
        confirmed_on: c.confirmed_on,
    }]
}

pub(super) fn dues(case: &mut Case<'_>, c: &SetDuesStatus) -> Vec<Event> {
    case.not_ahead(c.as_of);
    case.papers(&c.evidence);
    let organization = case.book.orgs.no(&c.organization);
    if organization.is_none() {
        case.unknown("organization");
    }
    vec![Event::DuesStatusSet {
        organization: organization.unwrap_or(0),
        year: c.year,
        fully_paid: c.fully_paid,
        as_of: c.as_of,
        evidence: c.evidence.clone(),
    }]
}

/// ENR-006: the department that keeps a register registers its state.
pub(super) fn snapshot(case: &mut Case<'_>, c: &RegisterSnapshot) -> Vec<Event> {
    if case.book.snapshots.contains_key(&c.code) {
        case.unknown("code: taken");
    }
    if case.book.orgs.no(&c.organization).is_none() {
        case.unknown("organization");
    }
    case.not_ahead(c.as_of);
    case.breaks_if(!case.book.holds(case.maker, &[c.register.keeper()]), "ENR-006", "register");
    vec![Event::SnapshotRegistered { snapshot: c.clone() }]
}
