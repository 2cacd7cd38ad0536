//! Commands of the programme: scheme, standards, budget, quotas, enrolment batches, approvals.

use record::command::{
    AdjustBudget, AllocateQuota, ApprovalScope, BudgetLine, ClassTarget, CloseYear, ConfirmCoverage, QuotaLine,
    RecordApproval, RegisterScheme, RegisterSnapshot, RegisterTokenKey, ReviewEnrollmentBatch, SetBudget,
    SetDuesStatus, SetSubsidyStandard, SubmitEnrollmentBatch, UploadRosterChunk,
};
use record::kinds::{ApprovalKind, Body, Change, EvidenceKind, GiftType, RegisterKind, Verdict};
use record::preset::StandardDef;
use record::{Day, Digest, Fen, Token};

use super::{PROVINCE, day, digest, paper, yuan};

/// The body that usually gives a kind of approval.
pub fn body_of(kind: ApprovalKind) -> Body {
    match kind {
        ApprovalKind::Scheme | ApprovalKind::Standard => Body::PartyGroup,
        ApprovalKind::ReviewB => Body::SvcDept,
        ApprovalKind::ReviewC => Body::EcoDept,
        ApprovalKind::FiscalReply => Body::Fiscal,
        ApprovalKind::DonorConsent => Body::Donor,
        _ => Body::ChairOffice,
    }
}

/// An approval by the body that usually gives it, open to every source, class and plan.
pub fn approval(code: &str, kind: ApprovalKind, meeting_on: Day, max_fen: Fen) -> RecordApproval {
    RecordApproval {
        code: code.into(),
        kind,
        body: body_of(kind),
        meeting_on,
        doc_no: format!("纪要 {code}"),
        scope: ApprovalScope::default(),
        max_fen,
        valid_to: None,
        minutes_digest: digest(&format!("minutes {code}")),
    }
}

/// The scheme of 2018 (方案): 50,000,000 yuan, 616,000 + 35,000 + 5,000 heads, until 15 December, a year's cover.
pub fn scheme(approval: &str) -> RegisterScheme {
    let targets = [("A", 616_000), ("B", 35_000), ("C", 5_000)];
    RegisterScheme {
        year: 2018,
        doc_no: "粤工总〔2018〕18号".into(),
        approval: approval.into(),
        total_fen: yuan(50_000_000),
        targets: targets.iter().map(|(class, heads)| ClassTarget { class: (*class).into(), heads: *heads }).collect(),
        enroll_deadline: day("2018-12-15"),
        cover_months: 12,
    }
}

/// A standard from a day on, without end.
pub fn standard(
    class: &str,
    plan: &str,
    subsidy_fen: Fen,
    own_fen: Fen,
    from: Day,
    approval: &str,
) -> SetSubsidyStandard {
    SetSubsidyStandard {
        standard: StandardDef {
            class: class.into(),
            plan: plan.into(),
            premium_fen: subsidy_fen + own_fen,
            subsidy_fen,
            own_fen,
            valid_from: from,
            valid_to: None,
        },
        approval: approval.into(),
    }
}

/// A budget line that rises.
pub fn budget_line(source: &str, class: &str, plan: &str, fen: Fen) -> BudgetLine {
    BudgetLine { source: source.into(), class: class.into(), plan: plan.into(), fen, change: Change::Increase }
}

/// A budget whose total is that of its lines.
pub fn set_budget(year: u16, date: Day, approval: &str, lines: Vec<BudgetLine>) -> SetBudget {
    SetBudget {
        year,
        date,
        approval: approval.into(),
        total_fen: lines.iter().map(|l| l.fen).sum(),
        lines,
        evidence: vec![paper(EvidenceKind::Minutes, approval, date)],
    }
}

/// An adjustment of budget lines.
pub fn adjust_budget(year: u16, date: Day, approval: &str, lines: Vec<BudgetLine>) -> AdjustBudget {
    AdjustBudget {
        year,
        date,
        approval: approval.into(),
        lines,
        evidence: vec![paper(EvidenceKind::Minutes, approval, date)],
    }
}

/// Places of a class; none means by actual number.
pub fn quota_line(class: &str, plan: &str, heads: Option<u32>) -> QuotaLine {
    QuotaLine { class: class.into(), plan: plan.into(), heads }
}

/// A quota notice that gives places out of the province's own money.
pub fn quota(notice_no: &str, organization: &str, date: Day, lines: Vec<QuotaLine>) -> AllocateQuota {
    AllocateQuota {
        notice_no: notice_no.into(),
        organization: organization.into(),
        year: date.year(),
        source: "S2P".into(),
        date,
        change: Change::Increase,
        lines,
        basis: "上缴经费与建档情况".into(),
        second_level: false,
        evidence: vec![paper(EvidenceKind::QuotaTable, notice_no, date)],
    }
}

/// An enrolment form for next year's cover at the premiums of 2018 (COMP 95, ALLOW 80 a head).
pub fn batch(
    code: &str,
    organization: &str,
    class: &str,
    plan: &str,
    heads: u32,
    submitted_on: Day,
) -> SubmitEnrollmentBatch {
    let year = submitted_on.year();
    let premium = if plan == "ALLOW" { yuan(80) } else { yuan(95) };
    SubmitEnrollmentBatch {
        code: code.into(),
        organization: organization.into(),
        year,
        class: class.into(),
        plan: plan.into(),
        renewal: false,
        prior_confirmation_no: String::new(),
        unit_headcount: heads,
        insured_count: heads,
        premium_total_fen: i64::from(heads) * premium,
        high_risk_count: 0,
        gift_type: GiftType::None,
        gift_count: 0,
        gift_per_person_fen: 0,
        gift_total_fen: 0,
        roster_rows: heads,
        roster_digest: digest(&format!("roster {code}")),
        submitted_on,
        cover_start: day(&format!("{}-01-01", year + 1)),
        cover_end: day(&format!("{}-12-31", year + 1)),
        evidence: vec![paper(EvidenceKind::MedicalProof, code, submitted_on)],
        snapshot: snapshot_of(class).into(),
        proof_heads: heads,
        in_service: heads,
        upload: String::new(),
        tokens_digest: None,
    }
}

/// Code of the season's register snapshot that a class is drawn from; members need none.
pub fn snapshot_of(class: &str) -> &'static str {
    match class {
        "B" => "JD-2018",
        "C" => "RY-2018",
        _ => "",
    }
}

/// A state of a register of the province.
pub fn snapshot(code: &str, register: RegisterKind, heads: u32, as_of: Day) -> RegisterSnapshot {
    RegisterSnapshot {
        code: code.into(),
        register,
        version: format!("v-{code}"),
        organization: PROVINCE.into(),
        as_of,
        heads,
        digest: digest(&format!("register {code}")),
    }
}

/// Dues of a year paid in full.
pub fn dues(organization: &str, year: u16, as_of: Day) -> SetDuesStatus {
    SetDuesStatus {
        organization: organization.into(),
        year,
        fully_paid: true,
        as_of,
        evidence: vec![paper(EvidenceKind::Other, &format!("足额-{organization}-{year}"), as_of)],
    }
}

/// An approving review of a batch.
pub fn review_batch(batch: &str, reviewed_on: Day) -> ReviewEnrollmentBatch {
    ReviewEnrollmentBatch { batch: batch.into(), verdict: Verdict::Approve, reviewed_on, reason: String::new() }
}

/// The association's confirmation of a batch.
pub fn confirm(batch: &str, heads: u32, fen: Fen, confirmed_on: Day) -> ConfirmCoverage {
    ConfirmCoverage { batch: batch.into(), confirmation_no: format!("QR-{batch}"), heads, fen, confirmed_on }
}

/// The closing of a year.
pub fn close_year(year: u16) -> CloseYear {
    CloseYear { year }
}

/// The key of a year's tokens; its check value is made of its name.
pub fn token_key(year: u16, key_id: &str) -> RegisterTokenKey {
    RegisterTokenKey { year, key_id: key_id.into(), check_value: digest(&format!("check {key_id}")) }
}

/// The token of a person, who is a number, under a key.
pub fn token(key_id: &str, person: u32) -> Token {
    let digest = digest(&format!("{key_id} {person}"));
    digest.first_chunk().copied().unwrap_or_default()
}

/// A part of a roster.
pub fn chunk(upload: &str, year: u16, key_id: &str, first_row: u32, persons: &[u32]) -> UploadRosterChunk {
    UploadRosterChunk {
        upload: upload.into(),
        year,
        key_id: key_id.into(),
        check_value: token_key(year, key_id).check_value,
        first_row,
        tokens: persons.iter().map(|person| token(key_id, *person)).collect(),
    }
}

/// The digest of the tokens of persons, in order.
pub fn tokens_digest(key_id: &str, persons: &[u32]) -> Digest {
    let bytes: Vec<u8> = persons.iter().flat_map(|person| token(key_id, *person)).collect();
    record::hash::sha256(&bytes)
}
