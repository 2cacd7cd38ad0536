//! Commands of the programme: scheme, standards, budget, quotas, enrolment.

use borsh::{BorshDeserialize, BorshSerialize};

use super::Evidence;
use crate::kinds::{Change, GiftType, RegisterKind, Verdict};
use crate::{Day, Digest, Fen, Token};

/// Registers a year's scheme (实施方案). Needs a SCHEME approval (APR-003). Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RegisterScheme {
    /// Programme year; one scheme a year.
    pub year: u16,
    /// Document number, for example 粤工总〔2018〕18号.
    pub doc_no: String,
    /// Code of the SCHEME approval.
    pub approval: String,
    /// Funds of the scheme.
    pub total_fen: Fen,
    /// Places of each class.
    pub targets: Vec<ClassTarget>,
    /// Last day for enrolment (ENR-009).
    pub enroll_deadline: Day,
    /// Months of cover (USE-008).
    pub cover_months: u8,
}

/// Places of a class in a scheme.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ClassTarget {
    /// Class code.
    pub class: String,
    /// Places.
    pub heads: u32,
}

/// Sets a subsidy standard from a day on, under a STANDARD approval (APR-004). Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetSubsidyStandard {
    /// The standard.
    pub standard: crate::preset::StandardDef,
    /// Code of the approval.
    pub approval: String,
}

/// One budget line: year x source x class x plan.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BudgetLine {
    /// Source code.
    pub source: String,
    /// Class code.
    pub class: String,
    /// Plan code.
    pub plan: String,
    /// Amount.
    pub fen: Fen,
    /// Whether the line rises or falls; SetBudget takes INCREASE only.
    pub change: Change,
}

/// Sets budget lines that do not exist yet (T11), under a BUDGET or SCHEME approval. Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetBudget {
    /// Budget year.
    pub year: u16,
    /// Voucher date.
    pub date: Day,
    /// Code of the approval.
    pub approval: String,
    /// Sum of the lines (BUD-002).
    pub total_fen: Fen,
    /// The lines.
    pub lines: Vec<BudgetLine>,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// Adjusts budget lines (T11), under a BUDGET_ADJUST approval (BUD-002, P8). Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AdjustBudget {
    /// Budget year.
    pub year: u16,
    /// Voucher date.
    pub date: Day,
    /// Code of the approval.
    pub approval: String,
    /// The lines, each up or down.
    pub lines: Vec<BudgetLine>,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// Places of one class in a quota notice.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct QuotaLine {
    /// Class code.
    pub class: String,
    /// Plan code.
    pub plan: String,
    /// Places; none means "by actual number" (附件1, class C).
    pub heads: Option<u32>,
}

/// A quota notice (名额分配通知单, 附件1; T12).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AllocateQuota {
    /// Notice number, unique.
    pub notice_no: String,
    /// Organisation that the places go to.
    pub organization: String,
    /// Programme year.
    pub year: u16,
    /// Source whose budget carries them.
    pub source: String,
    /// Voucher date.
    pub date: Day,
    /// Allocated or taken back.
    pub change: Change,
    /// The places.
    pub lines: Vec<QuotaLine>,
    /// What the number rests on (decisions.md 21): 上缴经费, 建档, 荣誉.
    pub basis: String,
    /// Whether it goes to a second-level unit.
    pub second_level: bool,
    /// Backing documents; a second-level unit needs three (ENR-011).
    pub evidence: Vec<Evidence>,
}

/// The header of an enrolment form (报名表, 附件2). Its rows never reach the ledger: only their count, digest and tokens.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SubmitEnrollmentBatch {
    /// Code of the batch, unique.
    pub code: String,
    /// Unit that enrols.
    pub organization: String,
    /// Programme year.
    pub year: u16,
    /// Class code.
    pub class: String,
    /// Plan code (保障类型).
    pub plan: String,
    /// 新保 (false) or 续保 (true).
    pub renewal: bool,
    /// 上期确认书号; must be given on renewal.
    pub prior_confirmation_no: String,
    /// 单位总人数
    pub unit_headcount: u32,
    /// 参保人数
    pub insured_count: u32,
    /// 保费总金额
    pub premium_total_fen: Fen,
    /// 从事高危人数
    pub high_risk_count: u32,
    /// 赠送类型
    pub gift_type: GiftType,
    /// 赠送人数
    pub gift_count: u32,
    /// 赠送每人金额
    pub gift_per_person_fen: Fen,
    /// 赠送总金额
    pub gift_total_fen: Fen,
    /// Rows of the roster.
    pub roster_rows: u32,
    /// SHA-256 of the roster file.
    pub roster_digest: Digest,
    /// Day of handing in (ENR-009).
    pub submitted_on: Day,
    /// First day of cover.
    pub cover_start: Day,
    /// Last day of cover.
    pub cover_end: Day,
    /// Proofs and attachments.
    pub evidence: Vec<Evidence>,
    /// Code of the register snapshot that its persons stand in; needed where a department reviews the class (ENR-006).
    pub snapshot: String,
    /// Heads that the proofs of basic medical insurance cover (ENR-007).
    pub proof_heads: u32,
    /// Heads that the unit declares to be in its service (ENR-008).
    pub in_service: u32,
    /// Upload that holds the persons' tokens, which the form seals; needed in a year with a registered key (ENR-003).
    pub upload: String,
    /// SHA-256 over the tokens in the order of the roster's rows.
    pub tokens_digest: Option<Digest>,
}

/// A department's or the association's review of an enrolment batch (办法第九条).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReviewEnrollmentBatch {
    /// Batch code.
    pub batch: String,
    /// Verdict.
    pub verdict: Verdict,
    /// Day of the review.
    pub reviewed_on: Day,
    /// Reason, needed on rejection.
    pub reason: String,
}

/// The association's confirmation of cover (确认书).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ConfirmCoverage {
    /// Batch code.
    pub batch: String,
    /// 确认书号
    pub confirmation_no: String,
    /// Heads confirmed.
    pub heads: u32,
    /// Premium confirmed.
    pub fen: Fen,
    /// Day of the confirmation.
    pub confirmed_on: Day,
}

/// States whether a unit paid its union dues of a year in full (足额上缴, ENR-005). Newest holds; it holds for units below too, unless they
/// have their own. Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetDuesStatus {
    /// Unit.
    pub organization: String,
    /// Year of the dues.
    pub year: u16,
    /// Whether they were paid in full.
    pub fully_paid: bool,
    /// Day of which this is the state.
    pub as_of: Day,
    /// What shows it.
    pub evidence: Vec<Evidence>,
}

/// Registers a state of a register of hardship files or honours (登记册快照, ENR-006). The department that keeps the register does it;
/// a later state is another snapshot.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RegisterSnapshot {
    /// Code of the snapshot, unique.
    pub code: String,
    /// Which register.
    pub register: RegisterKind,
    /// Version as the register itself counts them.
    pub version: String,
    /// Organisation whose register it is: of itself and all below.
    pub organization: String,
    /// Day of which it is the state.
    pub as_of: Day,
    /// Persons in it.
    pub heads: u32,
    /// SHA-256 of the register's own export.
    pub digest: Digest,
}

/// Registers the key of a year's person tokens (P13): its name and a value that shows whether somebody holds the same key, not the key.
/// One key a year. Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RegisterTokenKey {
    /// Programme year.
    pub year: u16,
    /// Name of the key.
    pub key_id: String,
    /// HMAC-SHA256 of a fixed text under the key.
    pub check_value: Digest,
}

/// Uploads a part of a roster as person tokens. Parts of an upload come in any order; together they count for nothing until an enrolment
/// form seals them, and are forgotten some days later (P17).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct UploadRosterChunk {
    /// Code of the upload, the uploader's own.
    pub upload: String,
    /// Programme year.
    pub year: u16,
    /// Name of the key that made the tokens.
    pub key_id: String,
    /// The key's check value.
    pub check_value: Digest,
    /// Row of the roster that the first token stands for, from 1.
    pub first_row: u32,
    /// The tokens, a row each.
    pub tokens: Vec<Token>,
}
