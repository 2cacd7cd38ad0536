//! The state of a book: a fold over its records and nothing else. It has one canonical form (borsh), which StateDigest records commit.
//! Reading it is free; changing it is `apply`'s alone.

mod apply;
mod days;
mod enrol;
mod findings;
mod flows;
mod layers;
mod log_policy;
mod masters;
mod money;
mod numbers;
mod places;
mod statements;
mod terms;
mod vouchers;
mod watch;

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};
use record::command::{
    RecordApproval, RecordDestruction, RegisterScheme, RegisterSnapshot, RegisterTokenKey, SubmitEnrollmentBatch,
};
use record::event::Committed;
use record::kinds::{ArchiveKind, BankPurpose, Direction, GrantKind, Role, Settlement, Verdict, Word};
use record::preset::{AccountDef, ClassDef, Named, OrgDef, PostingMap, SourceDef, StandardDef, UseDef};
use record::{
    AccountNo, ApprovalNo, BankAccountNo, ClassNo, CommitmentNo, Day, Digest, Fen, GrantNo, OrgNo, Period, PersonNo,
    PlanNo, Sequence, SourceNo, UseNo, VoucherRef,
};

pub use days::{ReceiptDay, ReceiptPart};
pub use enrol::{Upload, Uploaded};
pub use findings::{Finding, Findings, SignKey, StepTaken, key_of, transition};
pub use flows::{Flow, FlowKind, GrantMoney};
pub use layers::{Adopted, Changed, Filing, History, Layers, RuleVersion};
pub(crate) use log_policy::Parties;
pub use log_policy::{Abandoned, LogPolicy};
pub use masters::{List, Listed};
pub use money::{Sum, SumKey};
pub use numbers::{Gap, SourceNumbers};
pub use places::Places;
pub use statements::{EnteredLine, Group, Statement, Statements, signed};
pub use terms::{PARAM_PAYEE_COOLING, PARAM_REVIEW_DAYS, PARAM_UPLOAD_DAYS};
pub use vouchers::PARAM_CYCLE;
pub(crate) use watch::until;
pub use watch::{Place, Tries, VoucherDay, Watch};

/// The state of a book after some number of records.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct State {
    /// Records folded so far.
    pub sequence: Sequence,
    /// Time of the last record, microseconds.
    pub time: i64,
    /// Version of the rule set in force.
    pub rule_set: u32,
    /// Code of the book; empty before record 1.
    pub book: String,
    /// Name of the book.
    pub name: String,
    /// Code of the fund.
    pub fund_code: String,
    /// Name of the fund.
    pub fund_name: String,
    /// Version of the chart of accounts.
    pub chart_version: String,
    /// Name of the preset that it was opened from.
    pub preset: String,
    /// First accounting period.
    pub first_period: Period,
    /// First live day; earlier documents are 补录.
    pub live_from: Day,
    /// Rules in force.
    pub rules: Vec<String>,
    /// Chart of accounts.
    pub accounts: List<AccountDef>,
    /// Funding sources.
    pub sources: List<SourceDef>,
    /// Use codes.
    pub uses: List<UseDef>,
    /// Known and forbidden uses.
    pub forbidden_uses: Vec<Named>,
    /// Beneficiary classes.
    pub classes: List<ClassDef>,
    /// Insurance plans.
    pub plans: List<Named>,
    /// Which account plays which part.
    pub posting: Posting,
    /// Organisations; 1 is the book's own.
    pub organizations: List<OrgDef>,
    /// Persons.
    pub persons: List<Person>,
    /// Bank accounts.
    pub bank_accounts: List<BankAccount>,
    /// Bank transactions.
    pub bank_txns: List<BankTxn>,
    /// Parameters: by key, values by first day; the newest record of a day wins.
    pub parameters: BTreeMap<String, BTreeMap<Day, (String, ApprovalNo)>>,
    /// Standards: by (class, plan), by first day; the newest record of a day wins.
    pub standards: BTreeMap<(ClassNo, PlanNo), BTreeMap<Day, (StandardDef, ApprovalNo)>>,
    /// Schemes, by programme year.
    pub schemes: BTreeMap<u16, Scheme>,
    /// Approvals.
    pub approvals: List<Approval>,
    /// Quota notices, by notice number.
    pub quotas: BTreeMap<String, Quota>,
    /// Places allocated, net: by (year, source, class).
    pub quota_heads: BTreeMap<(u16, SourceNo, ClassNo), i64>,
    /// Grants: funding documents and enrolment batches.
    pub grants: List<Grant>,
    /// Commitments.
    pub commitments: List<Commitment>,
    /// Payments, by voucher.
    pub payments: BTreeMap<VoucherRef, Payment>,
    /// Remittances, by voucher.
    pub remittances: BTreeMap<VoucherRef, Vec<(GrantNo, SourceNo, i64, Fen)>>,
    /// Returns, by voucher: the payment and the heads.
    pub returns: BTreeMap<VoucherRef, (VoucherRef, u32)>,
    /// Organisations with a registered custody account (代管户).
    pub custodians: BTreeSet<OrgNo>,
    /// Heads collected and not passed on: by (holder, source, batch).
    pub custody_heads: BTreeMap<(OrgNo, SourceNo, GrantNo), i64>,
    /// Grants by source and age, for oldest-first attribution; enrolment batches stand under source 0.
    pub grant_ages: BTreeSet<(SourceNo, Day, GrantNo)>,
    /// Sums of all lines, by account, source, grant, holder, day and the rest.
    pub sums: BTreeMap<SumKey, Sum>,
    /// Cumulated sums by (account, source): the trial balance.
    pub trial: BTreeMap<(AccountNo, SourceNo), Sum>,
    /// Budget balances in fen, credit positive: by (year, source, class, plan, account).
    pub budget: BTreeMap<(u16, SourceNo, ClassNo, PlanNo, AccountNo), Fen>,
    /// Last number allotted: by word and cycle.
    pub numbers: BTreeMap<(Word, u32), u32>,
    /// Last closed month; none before the first closing.
    pub closed_through: Option<Period>,
    /// Premium receipts by voucher date: posted and signed.
    pub receipt_days: BTreeMap<Day, ReceiptDay>,
    /// Submitted commands that wait for review, by sequence of their submission.
    pub pending: BTreeMap<Sequence, Pending>,
    /// Heads given back of each premium receipt (T19).
    pub refunds: BTreeMap<VoucherRef, u32>,
    /// Income vouchers whose amount was corrected (T22, T23): the sum of the corrections in fen.
    pub adjustments: BTreeMap<VoucherRef, Fen>,
    /// Vouchers that opened the books (T30).
    pub openings: u32,
    /// Refusals in the current minute: by person, the minute since the epoch and the count.
    pub refusals: BTreeMap<PersonNo, (i64, u32)>,
    /// Places of organisations, net: by (year, source, class, organisation).
    pub places: BTreeMap<(u16, SourceNo, ClassNo, OrgNo), Places>,
    /// Heads paid and not returned: by (year, source, class, unit).
    pub paid_heads: BTreeMap<(u16, SourceNo, ClassNo, OrgNo), i64>,
    /// Whether dues were paid in full: by (year, organisation), with the day of which it is the state.
    pub dues: BTreeMap<(u16, OrgNo), (bool, Day)>,
    /// States of the registers of hardship files and honours, by code.
    pub snapshots: BTreeMap<String, RegisterSnapshot>,
    /// Keys of person tokens, by programme year.
    pub token_keys: BTreeMap<u16, RegisterTokenKey>,
    /// Rosters and statements uploaded in part and not sealed, by code.
    pub uploads: BTreeMap<String, Upload>,
    /// Archived originals destroyed, by accounting year and kind, each with its approval.
    pub destructions: BTreeMap<(u16, ArchiveKind), Vec<(RecordDestruction, ApprovalNo)>>,
    /// Numbers that collecting systems gave their receipts.
    pub source_numbers: BTreeMap<PersonNo, SourceNumbers>,
    /// What detectors look at beside all this.
    pub watch: Watch,
    /// Findings of the detectors.
    pub findings: Findings,
    /// Statements of banks and of the association.
    pub statements: Statements,
    /// Versions of the rule set, and the rules of the book above.
    pub layers: Layers,
    /// Whom readers of the log trust.
    pub log_policy: LogPolicy,
}

/// [`PostingMap`] with ordinals.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Posting {
    /// 住院二次医保专户
    pub special_bank: AccountNo,
    /// 代管户
    pub custody_bank: AccountNo,
    /// 代管经费
    pub custody_liability: AccountNo,
    /// 901
    pub budget_total: AccountNo,
    /// 911
    pub budget_available: AccountNo,
    /// 912
    pub budget_allocated: AccountNo,
    /// 913
    pub budget_committed: AccountNo,
    /// 914
    pub budget_spent: AccountNo,
    /// 结转转入
    pub surplus_transfer: AccountNo,
    /// 累计结余
    pub surplus: AccountNo,
    /// Never an expense of the fund (USE-010).
    pub not_expense: Vec<AccountNo>,
    /// Pass money down the ranks (USE-009).
    pub pass_down: Vec<AccountNo>,
    /// 年初余额调整, one beside each carry-forward account.
    pub opening_adjustments: Vec<AccountNo>,
    /// 单位内部调剂, one beside each carry-forward account.
    pub internal_transfers: Vec<AccountNo>,
    /// 财政拨款结余-归集上缴
    pub fiscal_return: AccountNo,
    /// 财政拨款结余-结转转入
    pub fiscal_surplus_transfer: AccountNo,
    /// 待查款
    pub suspense: AccountNo,
}

impl Posting {
    /// The map with each code looked up; a code that the chart lacks becomes 0 and fails every posting.
    pub(crate) fn resolve(map: &PostingMap, accounts: &List<AccountDef>) -> Posting {
        let no = |code: &str| accounts.no(code).and_then(|n| AccountNo::try_from(n).ok()).unwrap_or(0);
        let all = |codes: &[String]| codes.iter().map(|c| no(c)).collect();
        Posting {
            special_bank: no(&map.special_bank),
            custody_bank: no(&map.custody_bank),
            custody_liability: no(&map.custody_liability),
            budget_total: no(&map.budget_total),
            budget_available: no(&map.budget_available),
            budget_allocated: no(&map.budget_allocated),
            budget_committed: no(&map.budget_committed),
            budget_spent: no(&map.budget_spent),
            surplus_transfer: no(&map.surplus_transfer),
            surplus: no(&map.surplus),
            not_expense: all(&map.not_expense),
            pass_down: all(&map.pass_down),
            opening_adjustments: all(&map.opening_adjustments),
            internal_transfers: all(&map.internal_transfers),
            fiscal_return: no(&map.fiscal_return),
            fiscal_surplus_transfer: no(&map.fiscal_surplus_transfer),
            suspense: no(&map.suspense),
        }
    }
}

/// A person with roles: staff or a system account.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Person {
    /// Code that a token names.
    pub code: String,
    /// Shown on vouchers.
    pub display: String,
    /// Roles now, sorted.
    pub roles: Vec<Role>,
    /// Organisation that bounds a COLLECTOR; 0 none.
    pub organization: OrgNo,
}

/// A registered bank account.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BankAccount {
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
    /// Day on which its registration took effect: a payee's account may be paid to some days later (冷静期).
    pub registered_on: Day,
}

/// A registered movement on one of our bank accounts.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BankTxn {
    /// The bank's number.
    pub id: String,
    /// Our account.
    pub account: BankAccountNo,
    /// In or out.
    pub direction: Direction,
    /// Amount.
    pub fen: Fen,
    /// Net of the bank lines that cite it, as a positive amount in its direction.
    pub used_fen: Fen,
    /// Day.
    pub date: Day,
    /// Registered account on the other side; 0 none.
    pub counterparty: BankAccountNo,
    /// How the money moved.
    pub settlement: Settlement,
    /// SHA-256 of its slip: vouchers that draw on it may cite it again.
    pub slip_digest: Digest,
    /// The cashier who registered it (出纳).
    pub cashier: PersonNo,
}

/// A registered scheme.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Scheme {
    /// As registered.
    pub scheme: RegisterScheme,
    /// Places by class.
    pub heads: BTreeMap<ClassNo, u32>,
    /// Its approval.
    pub approval: ApprovalNo,
}

/// An approval and how much of it is used.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Approval {
    /// As registered.
    pub approval: RecordApproval,
    /// Consumed by commitments, budgets and surplus, in fen.
    pub used_fen: Fen,
    /// Who registered it (APR-005).
    pub registered_by: PersonNo,
}

/// A quota notice.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Quota {
    /// As allocated.
    pub notice: record::event::QuotaAllocated,
    /// Voucher date of it; the record day where it bound no money.
    pub date: Day,
}

/// A grant: a funding document, or an enrolment batch as grant of its premiums.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Grant {
    /// Code.
    pub code: String,
    /// Kind.
    pub kind: GrantKind,
    /// Source; 0 for an enrolment batch, which takes every pass-through source.
    pub source: SourceNo,
    /// Grantor; the unit for a batch.
    pub grantor: OrgNo,
    /// Document number.
    pub doc_no: String,
    /// Uses permitted; empty where the source's own hold.
    pub permitted_uses: Vec<UseNo>,
    /// Age in oldest-first attribution.
    pub opened_on: Day,
    /// First day on which it may be spent.
    pub valid_from: Option<Day>,
    /// Last day on which it may be spent.
    pub valid_to: Option<Day>,
    /// Income booked under it, net, in fen.
    pub received_fen: Fen,
    /// The enrolment batch, if it is one.
    pub batch: Option<Box<Batch>>,
    /// What else became of its money.
    pub flow: Flow,
    /// Terms that were amended, oldest first: each with the amending document, and the day from which it took over.
    pub former: Vec<FormerTerms>,
}

/// Terms of a grant that another document took over from.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FormerTerms {
    /// Number of the amending document.
    pub amended_by: String,
    /// First day of the terms that took over.
    pub until: Day,
    /// Uses permitted; empty where the source's own held.
    pub permitted_uses: Vec<UseNo>,
    /// First day on which it might be spent.
    pub valid_from: Option<Day>,
    /// Last day on which it might be spent.
    pub valid_to: Option<Day>,
}

/// An enrolment batch.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Batch {
    /// The form's header.
    pub form: SubmitEnrollmentBatch,
    /// Who handed it in.
    pub submitted_by: PersonNo,
    /// Day from which it may be paid for: in a live book not before it was recorded.
    pub stands_from: Day,
    /// Class.
    pub class: ClassNo,
    /// Plan.
    pub plan: PlanNo,
    /// Last review: verdict, day from which it stands, reviewer.
    pub review: Option<(Verdict, Day, PersonNo)>,
    /// Heads whose subsidy was paid and not returned, with the payments' reversals taken out.
    pub paid_heads: u32,
    /// Heads whose own share was received (custody or direct).
    pub received_heads: i64,
    /// Heads whose own share was passed on, direct payments included.
    pub remitted_heads: i64,
    /// Confirmation: number, heads, premium, day.
    pub confirmation: Option<(String, u32, Fen, Day)>,
}

/// A commitment of budget.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Commitment {
    /// Code.
    pub code: String,
    /// Approval that it consumed.
    pub approval: ApprovalNo,
    /// Budget year.
    pub year: u16,
    /// Source.
    pub source: SourceNo,
    /// Class.
    pub class: ClassNo,
    /// Plan.
    pub plan: PlanNo,
    /// Subsidy a head.
    pub unit_fen: Fen,
    /// Heads committed and neither paid nor released.
    pub open_heads: u32,
    /// Amount committed and neither paid nor released.
    pub open_fen: Fen,
    /// Taken from allocated places (912), less what releases gave back to them.
    pub allocated_fen: Fen,
    /// Paid by payments that stand.
    pub paid_fen: Fen,
    /// Day of the commitment.
    pub date: Day,
    /// Day from which it carries payments: in a live book not before it was recorded.
    pub stands_from: Day,
}

impl Commitment {
    /// The commitment that an event opens.
    pub(crate) fn opened(event: &Committed) -> Commitment {
        Commitment {
            code: event.code.clone(),
            approval: event.approval,
            year: event.year,
            source: event.source,
            class: event.class,
            plan: event.plan,
            unit_fen: event.unit_fen,
            open_heads: event.heads,
            open_fen: event.fen,
            allocated_fen: event.from_allocated_fen,
            paid_fen: 0,
            date: event.date,
            stands_from: event.date,
        }
    }

    /// Of the open amount, what came from allocated places: payments spend those first. A payment that was reversed spent nothing.
    pub fn open_allocated_fen(&self) -> Fen {
        self.allocated_fen.saturating_sub(self.paid_fen).max(0)
    }
}

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Payment {
    /// Commitment that it drew on.
    pub commitment: CommitmentNo,
    /// Batches paid, with heads.
    pub batches: Vec<(GrantNo, u32)>,
    /// Heads.
    pub heads: u32,
    /// Amount.
    pub fen: Fen,
    /// Amount on each grant, in the order of attribution (oldest first).
    pub shares: Vec<(GrantNo, Fen)>,
    /// Expense account.
    pub account: AccountNo,
    /// Use code.
    pub use_code: UseNo,
    /// Voucher date.
    pub date: Day,
    /// Heads returned.
    pub returned_heads: u32,
    /// Amount returned on each grant, in the order of `shares`.
    pub returned: Vec<Fen>,
    /// Whether it was reversed.
    pub reversed: bool,
}

/// A command that waits for review.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Pending {
    /// Who submitted it (制单).
    pub person: PersonNo,
    /// Its canonical bytes.
    pub command: Vec<u8>,
    /// Request that submitted it.
    pub request_id: String,
    /// When, microseconds.
    pub time: i64,
    /// Last day on which it may be reviewed.
    pub last_day: Day,
}
