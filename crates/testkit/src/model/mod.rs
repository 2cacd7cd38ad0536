//! The reference model of a book: what the fund's rules say of a command, worked out the slow and plain way. It keeps every paper ever
//! booked in one list and scans that list for each question; there are no running sums, ordinals or undo. It imports nothing of
//! `ledger`: only the formats of `record`, so that a mistake in the ledger is not copied here. No speed and no storage live here.

mod access;
mod ask;
mod books;
mod case;
mod closing;
mod correction;
mod custody;
mod eligibility;
mod flows;
mod form;
mod form_text;
mod give_back;
mod income;
mod paper;
mod programme;
mod returns;
mod setup;
mod sharing;
mod spending;

use std::collections::BTreeSet;
use std::sync::Arc;

use record::command::{
    AllocateQuota, CommitExpenditure, ConfirmCoverage, CreateBook, PersonDef, PostPremiumReceipt, RecordApproval,
    RegisterBankAccount, RegisterBankTransaction, RegisterScheme, RegisterSnapshot, SetDuesStatus,
    SubmitEnrollmentBatch,
};
use record::kinds::Verdict as Judgement;
use record::preset::{AccountDef, OrgDef, StandardDef};
use record::{Command, Day, Fen, Period};

pub use access::{makers, needs_review, reviewers};
pub use paper::{Deed, Leg, Paper};

/// What the model says of an ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It took effect, with these papers.
    Accepted(Vec<Paper>),
    /// It waits for review; [`Model::number_submission`] tells the model under which sequence.
    Submitted,
    /// A review turned a submitted command down.
    Rejected,
    /// These rules refuse it.
    Refused(BTreeSet<&'static str>),
    /// These fields, each with the code of its fault, are malformed.
    Malformed(BTreeSet<(String, &'static str)>),
    /// The person may not ask it.
    Denied,
    /// The same request was answered before.
    Replay,
    /// The request id was used for something else.
    KeyReused,
}

/// A funding document that income opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Code.
    pub code: String,
    /// Source code.
    pub source: String,
    /// Code of the grantor; empty none.
    pub grantor: String,
    /// Document number.
    pub doc_no: String,
    /// Uses permitted, sorted; empty where the source's own hold.
    pub uses: Vec<String>,
    /// Date of its first income.
    pub opened_on: Day,
    /// First day on which it may be spent.
    pub valid_from: Option<Day>,
    /// Last day on which it may be spent.
    pub valid_to: Option<Day>,
}

/// A review of an enrolment batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Batch code.
    pub batch: String,
    /// Verdict.
    pub verdict: Judgement,
    /// Day from which it stands: in a live book not before it was recorded.
    pub on: Day,
}

/// A submitted command that nobody has reviewed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Sequence of its submission; 0 until told.
    pub number: u64,
    /// Who submitted it.
    pub person: String,
    /// What was submitted.
    pub command: Command,
    /// Last day on which it may be reviewed, by what P15 said when it was submitted.
    pub until: Day,
}

/// What an accepted command adds to the model.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Book(Arc<CreateBook>),
    Account(AccountDef),
    Organization(OrgDef),
    Person(PersonDef),
    BankAccount(RegisterBankAccount, Day),
    BankTxn(RegisterBankTransaction, String),
    Parameter(String, String, Day, String),
    Standard(StandardDef),
    Approval(RecordApproval, String),
    Scheme(RegisterScheme),
    Quota(AllocateQuota),
    Batch(SubmitEnrollmentBatch, String, Day),
    Review(Review),
    Cover(ConfirmCoverage),
    Grant(Grant),
    Commitment(CommitExpenditure, Fen, Day),
    Paper(Box<Paper>),
    Note(PostPremiumReceipt),
    Closed(Period),
    Signed(Day, u64, Fen),
    Terms(Grant, Day, Vec<record::Digest>),
    Withdrawn(u64),
    Dues(SetDuesStatus),
    Snapshot(RegisterSnapshot),
}

/// A book as lists of what happened, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// How it was opened; none before that.
    pub book: Option<Arc<CreateBook>>,
    /// Accounts added to the preset's.
    pub accounts: Vec<AccountDef>,
    /// Organisations: the book's own, the preset's, those registered.
    pub organizations: Vec<OrgDef>,
    /// Persons with their roles now.
    pub persons: Vec<PersonDef>,
    /// Bank accounts.
    pub bank_accounts: Vec<RegisterBankAccount>,
    /// Day on which each bank account was registered.
    pub accounts_since: Vec<(String, Day)>,
    /// Bank transactions, each with the cashier who registered it.
    pub bank_txns: Vec<(RegisterBankTransaction, String)>,
    /// Parameters set: key, value, first day, approval.
    pub parameters: Vec<(String, String, Day, String)>,
    /// Standards set.
    pub standards: Vec<StandardDef>,
    /// Approvals, each with who registered it.
    pub approvals: Vec<(RecordApproval, String)>,
    /// Schemes.
    pub schemes: Vec<RegisterScheme>,
    /// Quota notices.
    pub quotas: Vec<AllocateQuota>,
    /// Enrolment batches.
    pub batches: Vec<SubmitEnrollmentBatch>,
    /// Who handed each batch in: batch, person.
    pub handed_in: Vec<(String, String)>,
    /// Dues of units, as stated.
    pub dues: Vec<SetDuesStatus>,
    /// States of registers.
    pub snapshots: Vec<RegisterSnapshot>,
    /// Reviews of batches.
    pub reviews: Vec<Review>,
    /// Confirmations of cover.
    pub covers: Vec<ConfirmCoverage>,
    /// Funding documents.
    pub grants: Vec<Grant>,
    /// Commitments, each with what it took from allocated places.
    pub commitments: Vec<(CommitExpenditure, Fen)>,
    /// Day from which each commitment carries a payment: in a live book not before it was recorded.
    pub committed_from: Vec<(String, Day)>,
    /// The same of each batch.
    pub handed_in_from: Vec<(String, Day)>,
    /// Every voucher.
    pub papers: Vec<Paper>,
    /// Premiums paid straight to the association.
    pub notes: Vec<PostPremiumReceipt>,
    /// Closed months.
    pub closed: Vec<Period>,
    /// Signatures of days: day, count, total.
    pub signatures: Vec<(Day, u64, Fen)>,
    /// Submitted commands that wait.
    pub waiting: Vec<Waiting>,
    /// Terms that grants had, each with the first day of those that took over.
    pub former: Vec<(Grant, Day)>,
    /// Bills and slips among the documents that amended grants.
    pub amending_slips: Vec<record::Digest>,
    /// Requests answered: id, person, command.
    pub requests: Vec<(String, String, Command)>,
}

impl Model {
    /// Tells the model under which sequence the last submission stands.
    pub fn number_submission(&mut self, sequence: u64) {
        if let Some(last) = self.waiting.last_mut() {
            last.number = sequence;
        }
    }

    pub(crate) fn add(&mut self, change: Change) {
        match change {
            Change::Book(book) => self.open(book),
            Change::Account(account) => self.accounts.push(account),
            Change::Organization(organization) => self.organizations.push(organization),
            Change::Person(person) => match self.persons.iter_mut().find(|p| p.code == person.code) {
                Some(known) => *known = person,
                None => self.persons.push(person),
            },
            Change::BankAccount(account, since) => {
                self.accounts_since.push((account.code.clone(), since));
                self.bank_accounts.push(account);
            }
            Change::BankTxn(txn, cashier) => self.bank_txns.push((txn, cashier)),
            Change::Parameter(key, value, from, approval) => self.parameters.push((key, value, from, approval)),
            Change::Standard(standard) => self.standards.push(standard),
            Change::Approval(approval, person) => self.approvals.push((approval, person)),
            Change::Scheme(scheme) => self.schemes.push(scheme),
            Change::Quota(quota) => self.quotas.push(quota),
            Change::Batch(batch, person, from) => {
                self.handed_in_from.push((batch.code.clone(), from));
                self.handed_in.push((batch.code.clone(), person));
                self.batches.push(batch);
            }
            Change::Review(review) => self.reviews.push(review),
            Change::Cover(cover) => self.covers.push(cover),
            Change::Grant(grant) => self.grants.push(grant),
            Change::Commitment(commitment, allocated, from) => {
                self.committed_from.push((commitment.code.clone(), from));
                self.commitments.push((commitment, allocated));
            }
            Change::Paper(paper) => self.papers.push(*paper),
            Change::Note(note) => self.notes.push(note),
            Change::Closed(period) => self.closed.push(period),
            Change::Signed(day, count, fen) => self.signatures.push((day, count, fen)),
            Change::Terms(terms, from, slips) => {
                self.amending_slips.extend(slips);
                let before = self.grants.iter().filter(|g| g.code == terms.code).cloned();
                self.former.extend(before.map(|grant| (grant, from)).collect::<Vec<_>>());
                self.grants.iter_mut().filter(|g| g.code == terms.code).for_each(|g| *g = terms.clone());
            }
            Change::Dues(dues) => self.dues.push(dues),
            Change::Snapshot(snapshot) => self.snapshots.push(snapshot),
            Change::Withdrawn(submission) => self.waiting.retain(|w| w.number != submission),
        }
    }

    fn open(&mut self, book: Arc<CreateBook>) {
        let preset = &book.preset;
        self.organizations.push(book.organization.clone());
        self.organizations.extend(preset.organizations.iter().cloned());
        self.standards.extend(preset.standards.iter().cloned());
        let start = book.first_period.first_day();
        let of_preset = |p: &record::preset::Named| (p.code.clone(), p.name.clone(), start, String::new());
        self.parameters.extend(preset.parameters.iter().map(of_preset));
        self.book = Some(book);
    }
}
