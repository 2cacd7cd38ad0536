//! The books as the records tell them, folded a second time: what a judgement of the next command looks at. Look-ups stand in `look`, the
//! fold in `fold` and `post`, sums in `sums`. Nothing here knows how the ledger keeps its own state.

mod fold;
mod layers;
pub(crate) mod look;
mod money;
mod policy;
mod post;
mod roll;
mod sparse;
mod statements;
mod sums;

use std::collections::{BTreeMap, BTreeSet};

use record::command::{
    RecordApproval, RecordDestruction, RegisterScheme, RegisterSnapshot, RegisterTokenKey, StatementLine,
    SubmitEnrollmentBatch,
};
use record::event::BankAccountRegistered;
use record::finding::Sign;
use record::kinds::{Direction, FindingState, Role, Settlement, Verdict, Word};
use record::preset::{AccountDef, ClassDef, Named, OrgDef, SourceDef, StandardDef, UseDef};
use record::{
    AccountNo, ApprovalNo, BankAccountNo, ClassNo, CommitmentNo, Day, Digest, Fen, GrantNo, OrgNo, Period, PersonNo,
    PlanNo, Sequence, SourceNo, UseNo, VoucherRef,
};

pub(crate) use layers::Layers;
pub(crate) use look::Parts;
pub(crate) use policy::LogPolicy;
pub(crate) use roll::Roll;
pub(crate) use statements::Statements;
pub(crate) use sums::{Key, Purse, Series, Sum, Sums};

/// Budget line: year, source, class, plan.
pub(crate) type BudgetLine = (u16, SourceNo, ClassNo, PlanNo);

/// A person's offices at this moment.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub display: String,
    pub roles: Vec<Role>,
    /// Organisation that bounds a collecting system; 0 none.
    pub organization: OrgNo,
}

/// A registered bank account, and the day from which it counts as registered.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub is: BankAccountRegistered,
    pub registered_on: Day,
}

/// A movement on one of our accounts.
#[derive(Clone, Debug)]
pub(crate) struct Movement {
    pub account: BankAccountNo,
    pub direction: Direction,
    pub fen: Fen,
    /// Net of the lines that draw on it, in its direction.
    pub drawn: Fen,
    pub date: Day,
    pub counterparty: BankAccountNo,
    pub settlement: Settlement,
    pub slip: Digest,
    pub cashier: PersonNo,
}

/// An approval and what was taken of it.
#[derive(Clone, Debug)]
pub(crate) struct Approval {
    pub is: RecordApproval,
    pub used: Fen,
    pub registered_by: PersonNo,
}

/// Terms of a funding document, and until when they stood.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub uses: Vec<UseNo>,
    pub first: Option<Day>,
    pub last: Option<Day>,
    /// First day of the terms that took over; none of the present ones.
    pub until: Option<Day>,
}

/// A funding document, or an enrolment form as grant of its premiums.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    /// 0 for a form, which takes every pass-through source.
    pub source: SourceNo,
    pub grantor: OrgNo,
    pub doc_no: String,
    /// Oldest first; the last ones are present.
    pub terms: Vec<Terms>,
    pub form: Option<Box<Form>>,
}

/// An enrolment form.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub is: SubmitEnrollmentBatch,
    pub submitted_by: PersonNo,
    pub class: ClassNo,
    pub plan: PlanNo,
    /// The use that its own share is passed on under.
    pub own_use: UseNo,
    pub review: Option<(Verdict, Day)>,
    /// From when it may be paid: in a live book not before it was recorded (decision 0026).
    pub stands_from: Day,
    pub paid: u32,
    pub received: i64,
}

/// A commitment of budget.
#[derive(Clone, Debug)]
pub(crate) struct Commitment {
    pub approval: ApprovalNo,
    pub line: BudgetLine,
    pub unit_fen: Fen,
    pub open_heads: u32,
    pub open_fen: Fen,
    pub from_places: Fen,
    pub paid: Fen,
    pub date: Day,
    /// From when it carries payments: in a live book not before it was recorded (decision 0026).
    pub stands_from: Day,
}

/// A payment that stands or stood.
#[derive(Clone, Debug)]
pub(crate) struct Payment {
    pub commitment: CommitmentNo,
    pub batches: Vec<(GrantNo, u32)>,
    pub heads: u32,
    pub fen: Fen,
    /// Grant, amount, amount that came back: in the order of attribution.
    pub shares: Vec<(GrantNo, Fen, Fen)>,
    pub account: AccountNo,
    pub use_code: UseNo,
    pub date: Day,
    pub returned: u32,
    pub reversed: bool,
}

/// Places of an organisation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Places {
    pub heads: i64,
    pub by_actual_number: bool,
}

/// Premium receipts of a day: posted and signed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ReceiptDay {
    pub posted: (u64, Fen),
    pub signed: (u64, Fen),
}

/// A command that waits for its reviewer.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub person: PersonNo,
    pub command: Vec<u8>,
    pub last_day: Day,
}

/// A roster or statement uploaded in part. A roster's tokens stand with the archive.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub person: PersonNo,
    /// Programme year of a roster; 0 of a statement.
    pub year: u16,
    /// Account of a statement; 0 of a roster.
    pub account: BankAccountNo,
    /// A statement's lines, by row.
    pub lines: BTreeMap<u32, StatementLine>,
    pub first_rows: BTreeSet<u32>,
    pub last_day: Day,
}

/// A finding as far as its way goes.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub state: FindingState,
    pub stands: bool,
    pub sign: Sign,
    pub due: Option<Day>,
}

/// Numbers seen of a collecting system: by first number of a run, its last and its earliest day.
pub(crate) type Runs = BTreeMap<u64, (u64, Day)>;

/// The books after some number of records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    pub sequence: Sequence,
    pub time: i64,
    pub code: String,
    pub first_period: Period,
    pub live_from: Day,
    pub accounts: Roll<AccountDef>,
    pub sources: Roll<SourceDef>,
    pub uses: Roll<UseDef>,
    pub forbidden: Vec<Named>,
    pub classes: Roll<ClassDef>,
    pub plans: Roll<Named>,
    pub parts: Parts,
    pub orgs: Roll<OrgDef>,
    pub persons: Roll<Person>,
    pub bank_accounts: Roll<Account>,
    pub movements: Roll<Movement>,
    pub parameters: BTreeMap<String, BTreeMap<Day, (String, ApprovalNo)>>,
    pub standards: BTreeMap<(ClassNo, PlanNo), BTreeMap<Day, StandardDef>>,
    pub schemes: BTreeMap<u16, (RegisterScheme, ApprovalNo)>,
    pub approvals: Roll<Approval>,
    pub notices: BTreeSet<String>,
    /// Places given, net: by year, source, class.
    pub given: BTreeMap<(u16, SourceNo, ClassNo), i64>,
    /// The same by organisation.
    pub places: BTreeMap<(u16, SourceNo, ClassNo, OrgNo), Places>,
    /// Heads paid and not returned, by year, source, class and unit.
    pub served: BTreeMap<(u16, SourceNo, ClassNo, OrgNo), i64>,
    pub grants: Roll<Grant>,
    /// Grants by source and age; forms stand under source 0.
    pub ages: BTreeSet<(SourceNo, Day, GrantNo)>,
    pub commitments: Roll<Commitment>,
    pub payments: BTreeMap<VoucherRef, Payment>,
    pub remittances: BTreeMap<VoucherRef, Vec<(GrantNo, SourceNo, i64)>>,
    pub returns: BTreeMap<VoucherRef, (VoucherRef, u32)>,
    pub custodians: BTreeSet<OrgNo>,
    /// Heads collected and not passed on.
    pub held: BTreeMap<(OrgNo, SourceNo, GrantNo), i64>,
    /// Of a holder's batch and source: passed on, and come back, in fen.
    pub passed: BTreeMap<(SourceNo, GrantNo, OrgNo), (Fen, Fen)>,
    pub sums: Sums,
    pub numbers: BTreeMap<(Word, u32), u32>,
    pub closed_through: Option<Period>,
    pub receipt_days: BTreeMap<Day, ReceiptDay>,
    pub waiting: BTreeMap<Sequence, Waiting>,
    pub refunds: BTreeMap<VoucherRef, u32>,
    pub adjusted: BTreeMap<VoucherRef, Fen>,
    pub openings: u32,
    pub dues: BTreeMap<(u16, OrgNo), bool>,
    pub snapshots: BTreeMap<String, RegisterSnapshot>,
    pub token_keys: BTreeMap<u16, RegisterTokenKey>,
    pub uploads: BTreeMap<String, Upload>,
    pub source_numbers: BTreeMap<PersonNo, Runs>,
    pub findings: Vec<Finding>,
    pub last_run: Option<Day>,
    /// Codes of the rules that the preset names.
    pub rules: Vec<String>,
    pub layers: Layers,
    pub destroyed: Vec<RecordDestruction>,
    pub statements: Statements,
    pub policy: LogPolicy,
}
