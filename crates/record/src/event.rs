//! Events: what a record says has happened. State is a fold over them, and only over them. Refusals stand in `refusal`.

mod posted;
mod programme;
mod refusal;
mod statements;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::command::{
    Evidence, RecordApproval, RecordDestruction, RegisterHistory, RegisterScheme, RegisterSnapshot, RegisterTokenKey,
    SubmitEnrollmentBatch, UploadRosterChunk, UploadStatementChunk,
};
pub use posted::{Effect, ReceiptFields, ReceiptPosted, VoucherPosted};
pub use programme::{PersonsEnrolled, QuotaAllocated, RuleSetAdopted};
pub use refusal::{Hit, Refused};
pub use statements::{LinesMatched, LinesUnmatched, StatementImported};

use crate::finding::{FindingChanged, FindingOpened, FindingUpdated};
use crate::kinds::{BankPurpose, Direction, GrantKind, Role, Settlement, Verdict};
use crate::preset::{AccountDef, OrgDef, Preset, StandardDef};
use crate::{
    AccountNo, ApprovalNo, BankAccountNo, BankTxnNo, ClassNo, CommitmentNo, Day, Digest, Fen, FindingNo, GrantNo,
    OrgNo, Period, PersonNo, PlanNo, Sequence, SourceNo, UseNo,
};

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Event {
    /// A book was opened; always record 1. Ordinals of its preset's lists count from 1 in list order.
    BookCreated(Box<BookCreated>),
    /// An account was added to the chart.
    AccountDefined {
        /// Its ordinal.
        no: AccountNo,
        /// The account.
        account: AccountDef,
    },
    /// An organisation was registered.
    OrganizationRegistered {
        /// Its ordinal.
        no: OrgNo,
        /// The organisation.
        organization: OrgDef,
    },
    /// A bank account was registered.
    BankAccountRegistered(BankAccountRegistered),
    /// A movement on one of our bank accounts was registered.
    BankTransactionRegistered(BankTransactionRegistered),
    /// A person's roles from now on, in whole.
    RolesSet(RolesSet),
    /// A parameter from a day on.
    ParameterSet {
        /// Key.
        key: String,
        /// Value.
        value: String,
        /// First day.
        effective_from: Day,
        /// Approval; 0 for the preset's own.
        approval: ApprovalNo,
    },
    /// A subsidy standard from a day on.
    StandardSet {
        /// The standard.
        standard: StandardDef,
        /// Approval; 0 for the preset's own.
        approval: ApprovalNo,
    },
    /// An approval was registered.
    ApprovalRecorded {
        /// Its ordinal.
        no: ApprovalNo,
        /// The approval.
        approval: RecordApproval,
    },
    /// A scheme was registered.
    SchemeRegistered {
        /// The scheme.
        scheme: RegisterScheme,
        /// Its approval.
        approval: ApprovalNo,
    },
    /// Places were allocated or taken back; the voucher follows in the same command where money is bound.
    QuotaAllocated(QuotaAllocated),
    /// An enrolment batch was handed in; it is at once the grant of its premiums.
    BatchSubmitted {
        /// Its ordinal among grants.
        no: GrantNo,
        /// The form's header.
        batch: SubmitEnrollmentBatch,
    },
    /// An enrolment batch was reviewed.
    BatchReviewed {
        /// The batch.
        batch: GrantNo,
        /// Verdict.
        verdict: Verdict,
        /// Day.
        reviewed_on: Day,
        /// Reason.
        reason: String,
    },
    /// Cover was confirmed by the association.
    CoverConfirmed {
        /// The batch.
        batch: GrantNo,
        /// 确认书号
        confirmation_no: String,
        /// Heads.
        heads: u32,
        /// Premium.
        fen: Fen,
        /// Day.
        confirmed_on: Day,
    },
    /// A grant was opened; income under it follows in the same command.
    GrantOpened(GrantOpened),
    /// Budget was committed under an approval.
    Committed(Committed),
    /// A commitment was released in part or whole.
    Released {
        /// The commitment.
        commitment: CommitmentNo,
        /// Heads.
        heads: u32,
        /// Amount.
        fen: Fen,
    },
    /// A voucher was posted.
    VoucherPosted(Box<VoucherPosted>),
    /// A premium receipt was booked as a voucher of word 代.
    ReceiptPosted(Box<ReceiptPosted>),
    /// A premium paid straight to the association was noted: no voucher.
    ReceiptNoted(ReceiptFields),
    /// A month was closed.
    PeriodClosed {
        /// The month.
        period: Period,
        /// Hash of the trial balance at closing.
        trial_balance: Digest,
    },
    /// A day's receipts were signed.
    DaySigned {
        /// The day.
        day: Day,
        /// Vouchers signed for.
        count: u64,
        /// Their total.
        fen: Fen,
        /// 审核
        reviewer: PersonNo,
        /// 出纳
        cashier: PersonNo,
    },
    /// A command was submitted for review: nothing has taken effect.
    Submitted {
        /// Canonical command.
        command: Vec<u8>,
    },
    /// A submitted command was reviewed. On approval its own records follow in the same command.
    Reviewed {
        /// Sequence of the submission.
        submission: Sequence,
        /// Verdict.
        verdict: Verdict,
        /// Reason.
        reason: String,
    },
    /// A business request was refused; nothing else changed.
    Refused(Refused),
    /// Refusals of one person beyond the bound per minute, counted and not kept.
    RefusalsSuppressed {
        /// The person.
        person: PersonNo,
        /// The minute since the Unix epoch.
        minute: i64,
    },
    /// Commits the ledger's state at a sequence, so that a snapshot can be trusted.
    StateDigest {
        /// State after this many records.
        at: Sequence,
        /// SHA-256 of the canonical state.
        state: Digest,
        /// SHA-256 of the key filter.
        filter: Digest,
    },
    /// Commits the sums at a sequence, so that balances, absences and completeness can be proven.
    Totals {
        /// Sums after this many records.
        at: Sequence,
        /// Number of entries.
        entries: u64,
        /// RFC 6962 root over the sorted entries.
        root: Digest,
    },
    /// The terms of a grant were changed: these hold from now on, in whole.
    GrantAmended(GrantAmended),
    /// A submitted command was taken back by its maker.
    Withdrawn {
        /// Sequence of the submission.
        submission: Sequence,
        /// Reason.
        reason: String,
    },
    /// Whether a unit paid its dues of a year in full.
    DuesStatusSet {
        /// The unit.
        organization: OrgNo,
        /// Year of the dues.
        year: u16,
        /// Whether they were paid in full.
        fully_paid: bool,
        /// Day of which this is the state.
        as_of: Day,
        /// What shows it.
        evidence: Vec<Evidence>,
    },
    /// A state of a register was registered.
    SnapshotRegistered {
        /// The snapshot.
        snapshot: RegisterSnapshot,
    },
    /// The key of a year's person tokens was registered.
    TokenKeyRegistered {
        /// The key.
        key: RegisterTokenKey,
    },
    /// A part of a roster was uploaded: nothing has taken effect.
    RosterChunkUploaded {
        /// The part.
        chunk: UploadRosterChunk,
    },
    /// Tokens of a batch's persons, from now on enrolled in the year.
    PersonsEnrolled(PersonsEnrolled),
    /// Numbers of a collecting system that no receipt will bear.
    SourceNumbersVoided {
        /// The system.
        system: PersonNo,
        /// First number.
        from: u64,
        /// Last number.
        to: u64,
        /// Reason.
        reason: String,
    },
    /// The detectors were run; what they newly saw follows in the same command.
    DetectorsRun {
        /// Day that was looked at.
        day: Day,
        /// Signs seen on it.
        signs: u32,
        /// Changes against the run before that this one leaves to the next: a run notes a bounded number.
        left: u32,
    },
    /// A finding was opened.
    FindingOpened(Box<FindingOpened>),
    /// A finding's sign has changed, or is there again.
    FindingChanged(Box<FindingChanged>),
    /// A finding's sign is no longer there.
    FindingGone {
        /// The finding.
        finding: FindingNo,
        /// Day that was looked at.
        day: Day,
    },
    /// A finding was taken a step on.
    FindingUpdated(FindingUpdated),
    /// A part of a statement was uploaded: nothing has taken effect.
    StatementChunkUploaded {
        /// The part.
        chunk: UploadStatementChunk,
    },
    /// An uploaded statement was sealed: its lines count from now on.
    StatementImported(Box<StatementImported>),
    /// Lines of statements were matched with movements.
    LinesMatched(LinesMatched),
    /// What was matched was taken apart.
    LinesUnmatched(LinesUnmatched),
    /// The rules of the book above were taken over.
    RuleSetAdopted(Box<RuleSetAdopted>),
    /// The book's rules were reported to the organisation above.
    RulesFiled {
        /// Version reported, with those before it that were not.
        version: u32,
        /// Number of the document.
        doc_no: String,
        /// Day of the document.
        filed_on: Day,
        /// Organisation that it went to.
        filed_with: OrgNo,
        /// Backing documents.
        evidence: Vec<Evidence>,
    },
    /// A file of historical entries was registered.
    HistoryRegistered {
        /// The file.
        history: RegisterHistory,
        /// Its approval.
        approval: ApprovalNo,
    },
    /// Archived originals were destroyed after their term.
    ArchivesDestroyed {
        /// What was destroyed.
        destruction: RecordDestruction,
        /// Approval of it.
        approval: ApprovalNo,
    },
    /// The trust policy of the log was set: this one holds from now on, in whole.
    LogPolicySet {
        /// The policy, in the text form of `c2sp.org/tlog-policy`.
        policy: String,
        /// What its parties stated, a signed note.
        statement: String,
    },
}

/// A book as opened.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BookCreated {
    /// Code of the book.
    pub book: String,
    /// Name.
    pub name: String,
    /// The organisation whose book it is: ordinal 1; the preset's organisations follow.
    pub organization: OrgDef,
    /// The preset.
    pub preset: Preset,
    /// First accounting period.
    pub first_period: Period,
    /// First live day.
    pub live_from: Day,
}

/// A registered bank account.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BankAccountRegistered {
    /// Its ordinal.
    pub no: BankAccountNo,
    /// Code.
    pub code: String,
    /// Owner.
    pub organization: OrgNo,
    /// Purpose.
    pub purpose: BankPurpose,
    /// 户名
    pub name: String,
    /// Masked number.
    pub masked_no: String,
}

/// A registered bank transaction.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BankTransactionRegistered {
    /// Its ordinal.
    pub no: BankTxnNo,
    /// The bank's number.
    pub id: String,
    /// Our account.
    pub account: BankAccountNo,
    /// In or out.
    pub direction: Direction,
    /// Amount.
    pub fen: Fen,
    /// Day.
    pub date: Day,
    /// Registered account on the other side; 0 none.
    pub counterparty: BankAccountNo,
    /// How the money moved.
    pub settlement: Settlement,
    /// SHA-256 of the slip.
    pub slip_digest: Digest,
}

/// A person's roles.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RolesSet {
    /// The person's ordinal.
    pub person: PersonNo,
    /// Whether the person is new to the book.
    pub new: bool,
    /// Code.
    pub code: String,
    /// Shown name.
    pub display: String,
    /// All roles that the person has from now on, sorted.
    pub roles: Vec<Role>,
    /// Organisation that bounds a COLLECTOR; 0 none.
    pub organization: OrgNo,
}

/// A grant opened by income.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GrantOpened {
    /// Its ordinal.
    pub no: GrantNo,
    /// Code.
    pub code: String,
    /// Kind.
    pub kind: GrantKind,
    /// Source.
    pub source: SourceNo,
    /// Grantor; 0 none.
    pub grantor: OrgNo,
    /// Document number.
    pub doc_no: String,
    /// Uses permitted; empty where the source's own hold.
    pub permitted_uses: Vec<UseNo>,
    /// Voucher date of its first income: its age in oldest-first attribution.
    pub opened_on: Day,
    /// First day on which it may be spent.
    pub valid_from: Option<Day>,
    /// Last day on which it may be spent.
    pub valid_to: Option<Day>,
}

/// The terms of a grant, changed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GrantAmended {
    /// The grant.
    pub grant: GrantNo,
    /// Number of the amending document.
    pub doc_no: String,
    /// Uses permitted; empty where the source's own hold.
    pub permitted_uses: Vec<UseNo>,
    /// First day on which it may be spent.
    pub valid_from: Option<Day>,
    /// Last day on which it may be spent.
    pub valid_to: Option<Day>,
    /// Day of the amending document.
    pub date: Day,
    /// Consent of the giver; 0 none.
    pub consent: ApprovalNo,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// Budget committed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Committed {
    /// Its ordinal.
    pub no: CommitmentNo,
    /// Code.
    pub code: String,
    /// Approval consumed.
    pub approval: ApprovalNo,
    /// Budget year.
    pub year: u16,
    /// Source.
    pub source: SourceNo,
    /// Class.
    pub class: ClassNo,
    /// Plan.
    pub plan: PlanNo,
    /// Heads.
    pub heads: u32,
    /// Subsidy a head.
    pub unit_fen: Fen,
    /// Amount.
    pub fen: Fen,
    /// Of it, taken from allocated places (912); the rest from the available budget (911).
    pub from_allocated_fen: Fen,
    /// Day.
    pub date: Day,
}
