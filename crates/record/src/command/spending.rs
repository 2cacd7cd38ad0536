//! Commands that authorise, commit, spend, return and correct.

use borsh::{BorshDeserialize, BorshSerialize};

use super::{Command, Evidence};
use crate::kinds::{ApprovalKind, Body, Settlement, Verdict};
use crate::{Day, Digest, Fen, VoucherRef};

/// What an approval may be used for; an empty field leaves that dimension open.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ApprovalScope {
    /// Source code.
    pub source: String,
    /// Class code.
    pub class: String,
    /// Plan code.
    pub plan: String,
    /// Payee organisation code.
    pub payee: String,
}

/// Registers an approval (批复) from the minutes of the body that gave it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RecordApproval {
    /// Code, unique.
    pub code: String,
    /// Kind.
    pub kind: ApprovalKind,
    /// Body that decided.
    pub body: Body,
    /// Day of the meeting or document.
    pub meeting_on: Day,
    /// Document number.
    pub doc_no: String,
    /// What it covers.
    pub scope: ApprovalScope,
    /// Ceiling in fen; 0 where it authorises no money (standards, parameters).
    pub max_fen: Fen,
    /// Last day on which it may be used, if bounded.
    pub valid_to: Option<Day>,
    /// SHA-256 of the minutes.
    pub minutes_digest: Digest,
}

/// Commits budget under an EXPENDITURE approval (占用, T13). Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CommitExpenditure {
    /// Code of the commitment, unique.
    pub code: String,
    /// Code of the approval; consumed here, once.
    pub approval: String,
    /// Budget year.
    pub year: u16,
    /// Source code.
    pub source: String,
    /// Class code.
    pub class: String,
    /// Plan code.
    pub plan: String,
    /// Heads.
    pub heads: u32,
    /// Subsidy a head.
    pub unit_fen: Fen,
    /// Amount.
    pub fen: Fen,
    /// Voucher date.
    pub date: Day,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// Releases a commitment, in part or whole: the budget and the approval come back.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReleaseCommitment {
    /// Commitment code.
    pub commitment: String,
    /// Heads released.
    pub heads: u32,
    /// Amount released.
    pub fen: Fen,
    /// Voucher date.
    pub date: Day,
    /// Reason.
    pub reason: String,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// A named share of a payment on one grant.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GrantShare {
    /// Grant code.
    pub grant: String,
    /// Amount on it.
    pub fen: Fen,
}

/// Pays premiums straight from the special account to the association (直拨, T14), drawing on a commitment; the budget follows in the
/// same decision (913 -> 914). Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Disburse {
    /// Code of the commitment that it draws on (BUD-005).
    pub commitment: String,
    /// Code of the payee's registered account (USE-006).
    pub payee_account: String,
    /// Enrolment batches that are paid for; each in whole.
    pub batches: Vec<String>,
    /// Heads.
    pub heads: u32,
    /// Subsidy a head.
    pub unit_fen: Fen,
    /// Amount.
    pub fen: Fen,
    /// Voucher date.
    pub date: Day,
    /// Code of our bank account that paid.
    pub bank_account: String,
    /// Bank transaction that carried it.
    pub bank_txn: String,
    /// How the money moved (DIV-003).
    pub settlement: Settlement,
    /// Use code; empty means that of class and plan.
    pub use_code: String,
    /// Expense account code; empty means that of the class.
    pub account: String,
    /// Grants that carry it; empty splits it over the source's open grants, oldest first.
    pub grants: Vec<GrantShare>,
    /// 摘要; empty lets the template make it.
    pub summary: String,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// Books money that the association sent back (退回): to the same source and grants. In the year of the payment the budget is restored
/// (T17, 914 -> 911); in a later year the opening balance takes it (T18). Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RecordReturn {
    /// The payment's voucher.
    pub payment: VoucherRef,
    /// Heads returned.
    pub heads: u32,
    /// Amount returned.
    pub fen: Fen,
    /// Voucher date.
    pub date: Day,
    /// Code of our bank account that received it.
    pub bank_account: String,
    /// Bank transaction that brought it.
    pub bank_txn: String,
    /// Reason.
    pub reason: String,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// Carries accumulated carry-forward of a source to surplus (T27), under a CARRY_TO_SURPLUS approval (DIV-007). Reviewed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CarryToSurplus {
    /// Source code.
    pub source: String,
    /// Grant whose remainder is carried.
    pub grant: String,
    /// Amount.
    pub fen: Fen,
    /// Code of the approval; empty is refused (DIV-007).
    pub approval: String,
    /// Voucher date.
    pub date: Day,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// Reverses a voucher in red (红字注销, T20), within its year (LED-010). Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReverseVoucher {
    /// The voucher.
    pub voucher: VoucherRef,
    /// Voucher date of the reversal.
    pub date: Day,
    /// Reason.
    pub reason: String,
    /// Bank transaction that shows that the money came back; needed where the original moved money (decisions.md 2).
    pub return_txn: String,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// Corrects a voucher: its red reversal and the right voucher in one decision, the bank transaction's net unchanged (decisions.md 2).
/// Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CorrectVoucher {
    /// The wrong voucher.
    pub voucher: VoucherRef,
    /// Voucher date of both.
    pub date: Day,
    /// Reason.
    pub reason: String,
    /// The command that would have posted the right voucher; of the same kind as the one that posted the wrong one,
    /// so never itself a correction: [`super::decode`] knows no such bytes.
    #[borsh(deserialize_with = "super::read_replacement")]
    pub replacement: Box<Command>,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// Reviews a submitted command (审核): approval lets it be judged again and take effect, rejection ends it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReviewCommand {
    /// Sequence of the submission's record.
    pub submission: u64,
    /// Verdict.
    pub verdict: Verdict,
    /// Reason, needed on rejection.
    pub reason: String,
}

/// Takes back a submitted command before anybody has reviewed it (撤回): its maker's alone.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct WithdrawCommand {
    /// Sequence of the submission's record.
    pub submission: u64,
    /// Reason.
    pub reason: String,
}
