//! Commands: what people and systems ask of a book, in the one canonical form that serves as request fingerprint, as draft and as the
//! bytes that an approver signs. Amounts are positive fen; codes are checked by `ledger`, which answers unknown ones by rule.

mod archive;
mod audit;
mod book;
mod flows;
mod layers;
mod log;
mod money;
mod programme;
mod spending;
mod statements;

use borsh::de::EnumExt;
use borsh::io::{Error, ErrorKind, Read, Result};
use borsh::{BorshDeserialize, BorshSerialize};

pub use archive::RecordDestruction;
pub use audit::{RunDetectors, UpdateFinding};
pub use book::{
    ClosePeriod, CloseYear, CreateBook, DefineAccount, GrantRole, PersonDef, RegisterBankAccount,
    RegisterBankTransaction, RegisterOrganization, RevokeRole, SetParameter, SignDailySummary,
};
pub use flows::{
    AdjustAmount, AllocateInterest, AmendGrant, AppropriateSurplus, CorrectPriorYear, Identified, IdentifyDeposit,
    OpeningCustody, OpeningFund, PostOpeningBalances, RecordUnidentifiedDeposit, RefundPremium, ReturnDeposit,
    ReturnFiscalSurplus, ReturnGrant, TransferBetweenSources,
};
pub use layers::{AdoptRuleSet, FileRules, RegisterHistory};
pub use log::SetLogPolicy;
pub use money::{GrantSpec, PostPremiumReceipt, RecordIncome, RemitItem, RemitPremiums, VoidSourceNumbers};
pub use programme::{
    AdjustBudget, AllocateQuota, BudgetLine, ClassTarget, ConfirmCoverage, QuotaLine, RegisterScheme, RegisterSnapshot,
    RegisterTokenKey, ReviewEnrollmentBatch, SetBudget, SetDuesStatus, SetSubsidyStandard, SubmitEnrollmentBatch,
    UploadRosterChunk,
};
pub use spending::{
    ApprovalScope, CarryToSurplus, CommitExpenditure, CorrectVoucher, Disburse, GrantShare, RecordApproval,
    RecordReturn, ReleaseCommitment, ReverseVoucher, ReviewCommand, WithdrawCommand,
};
pub use statements::{
    ImportStatement, MatchStatement, StatementLine, UnmatchStatement, UploadStatementChunk, lines_digest,
};

use crate::kinds::EvidenceKind;
use crate::{Day, Digest};

/// A document that backs a command (原始凭证, 附件): what it is, and the SHA-256 of its file. The file itself stays outside.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Evidence {
    /// Kind of document.
    pub kind: EvidenceKind,
    /// Its number, as printed on it; may be empty.
    pub doc_no: String,
    /// Its date.
    pub date: Day,
    /// SHA-256 of the file.
    pub digest: Digest,
    /// Pages.
    pub pages: u16,
}

/// Everything that can be asked of a book.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Command {
    /// Opens a book from a preset.
    CreateBook(Box<CreateBook>),
    /// Adds an account to the chart.
    DefineAccount(DefineAccount),
    /// Registers an organisation.
    RegisterOrganization(RegisterOrganization),
    /// Registers a bank account.
    RegisterBankAccount(RegisterBankAccount),
    /// Registers a movement on one of our bank accounts, from its slip.
    RegisterBankTransaction(RegisterBankTransaction),
    /// Gives a person roles.
    GrantRole(GrantRole),
    /// Takes roles from a person.
    RevokeRole(RevokeRole),
    /// Changes a parameter from a day on.
    SetParameter(SetParameter),
    /// Closes a month.
    ClosePeriod(ClosePeriod),
    /// Posts the year-end vouchers and closes December.
    CloseYear(CloseYear),
    /// Signs the receipts of one day (汇总凭证).
    SignDailySummary(SignDailySummary),
    /// Registers a year's scheme (实施方案).
    RegisterScheme(RegisterScheme),
    /// Sets a subsidy standard from a day on.
    SetSubsidyStandard(SetSubsidyStandard),
    /// Sets a year's budget lines (T11).
    SetBudget(SetBudget),
    /// Adjusts a year's budget lines (T11).
    AdjustBudget(AdjustBudget),
    /// Allocates or takes back places (名额, T12).
    AllocateQuota(AllocateQuota),
    /// Hands in an enrolment form (附件2), header only.
    SubmitEnrollmentBatch(SubmitEnrollmentBatch),
    /// Reviews an enrolment batch.
    ReviewEnrollmentBatch(ReviewEnrollmentBatch),
    /// The association confirms cover.
    ConfirmCoverage(ConfirmCoverage),
    /// Books money coming in (T01a, T01c, T04..T10).
    RecordIncome(RecordIncome),
    /// Books a 20-yuan premium receipt (T02, T03).
    PostPremiumReceipt(PostPremiumReceipt),
    /// Passes collected premiums on to the association (T15).
    RemitPremiums(RemitPremiums),
    /// Registers an approval as a spendable authorisation.
    RecordApproval(RecordApproval),
    /// Commits budget under an approval (T13).
    CommitExpenditure(CommitExpenditure),
    /// Releases a commitment (T13 reversed).
    ReleaseCommitment(ReleaseCommitment),
    /// Pays premiums straight to the association (T14).
    Disburse(Disburse),
    /// Books money that a payee sent back (T17, T18).
    RecordReturn(RecordReturn),
    /// Carries completed projects' remainder to surplus (T27).
    CarryToSurplus(CarryToSurplus),
    /// Reverses a voucher in red (T20).
    ReverseVoucher(ReverseVoucher),
    /// Corrects a voucher: red and blue in one decision (T20 + T21).
    CorrectVoucher(CorrectVoucher),
    /// Reviews a submitted command.
    ReviewCommand(ReviewCommand),
    /// Moves money between sources (T16).
    TransferBetweenSources(TransferBetweenSources),
    /// Books an appropriation out of earlier years' surplus (T01b).
    AppropriateSurplus(AppropriateSurplus),
    /// Gives premiums back to who paid them (T19).
    RefundPremium(RefundPremium),
    /// Shares interest over the sources (T09b).
    AllocateInterest(AllocateInterest),
    /// Books money of unknown origin (T31).
    RecordUnidentifiedDeposit(RecordUnidentifiedDeposit),
    /// Moves an unidentified deposit to where it belongs (T31).
    IdentifyDeposit(IdentifyDeposit),
    /// Returns an unidentified deposit to its payer (T31).
    ReturnDeposit(ReturnDeposit),
    /// Corrects the amount alone of this year's income (T22).
    AdjustAmount(AdjustAmount),
    /// Corrects income of an earlier year (T23).
    CorrectPriorYear(CorrectPriorYear),
    /// Hands fiscal money back to the treasury (T28).
    ReturnFiscalSurplus(ReturnFiscalSurplus),
    /// Opens the books by source (T30).
    PostOpeningBalances(PostOpeningBalances),
    /// Changes the terms of a funding document.
    AmendGrant(AmendGrant),
    /// Takes back a submitted command before it is reviewed.
    WithdrawCommand(WithdrawCommand),
    /// States whether a unit paid its union dues of a year in full (ENR-005).
    SetDuesStatus(SetDuesStatus),
    /// Registers a state of a register of hardship files or honours (ENR-006).
    RegisterSnapshot(RegisterSnapshot),
    /// Registers the key of a year's person tokens, by its name and check value (ENR-003).
    RegisterTokenKey(RegisterTokenKey),
    /// Uploads a part of a roster as tokens; it counts for nothing until an enrolment form seals it.
    UploadRosterChunk(UploadRosterChunk),
    /// Declares numbers of a collecting system that no receipt will ever bear.
    VoidSourceNumbers(VoidSourceNumbers),
    /// Runs the detectors.
    RunDetectors(RunDetectors),
    /// Takes a finding a step on.
    UpdateFinding(UpdateFinding),
    /// Uploads a part of a statement; it counts for nothing until it is sealed.
    UploadStatementChunk(UploadStatementChunk),
    /// Seals an uploaded statement.
    ImportStatement(ImportStatement),
    /// Says which lines of statements are which movements.
    MatchStatement(MatchStatement),
    /// Takes apart what was matched.
    UnmatchStatement(UnmatchStatement),
    /// Takes the rules of the book above over.
    AdoptRuleSet(AdoptRuleSet),
    /// Notes that the book's rules were reported to the organisation above.
    FileRules(FileRules),
    /// Returns bound money to its giver (T32).
    ReturnGrant(ReturnGrant),
    /// Registers a file of historical entries.
    RegisterHistory(RegisterHistory),
    /// Records the destruction of archived originals (RET-001).
    RecordDestruction(RecordDestruction),
    /// Sets the trust policy of the book's log.
    SetLogPolicy(SetLogPolicy),
}

/// Borsh tag of [`Command::CorrectVoucher`]: its place in the list.
const CORRECT_VOUCHER_TAG: u8 = 29;

/// The outer version tag of a canonical command.
#[derive(BorshDeserialize)]
enum Versioned {
    V1(Command),
}

/// The canonical bytes of a command.
pub fn encode(command: &Command) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(192);
    // Writing to a Vec cannot fail; list lengths are bounded far below borsh's u32.
    let written = 0u8.serialize(&mut bytes).and_then(|()| command.serialize(&mut bytes));
    debug_assert!(written.is_ok(), "borsh to memory");
    bytes
}

/// The command of canonical bytes; none for anything else.
pub fn decode(bytes: &[u8]) -> Option<Command> {
    let Versioned::V1(command) = borsh::from_slice(bytes).ok()?;
    (encode(&command) == bytes).then_some(command)
}

/// Reads the command within a correction. It is never a correction again, so bytes cannot nest until the stack ends.
fn read_replacement<R: Read>(reader: &mut R) -> Result<Box<Command>> {
    let tag = u8::deserialize_reader(reader)?;
    if tag == CORRECT_VOUCHER_TAG {
        return Err(Error::new(ErrorKind::InvalidData, "a correction within a correction"));
    }
    Command::deserialize_variant(reader, tag).map(Box::new)
}
