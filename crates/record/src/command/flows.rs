//! Commands of the money flows beside the ordinary ones: transfers between sources, surplus, refunds, shared interest, deposits that
//! nobody can place yet, differences and earlier years, opening balances, and the terms of grants.

use borsh::{BorshDeserialize, BorshSerialize};

use super::{Evidence, GrantSpec, RecordIncome, RecordReturn};
use crate::kinds::Change;
use crate::{Day, Fen, VoucherRef};

/// Moves money from one source to another within the special account (来源间调剂, T16), under an INTERNAL_TRANSFER approval (SRC-004).
/// Fiscal money needs a FISCAL_REPLY beside it, money that a giver bound a DONOR_CONSENT. Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TransferBetweenSources {
    /// Source code that gives.
    pub source: String,
    /// Its grant that gives.
    pub grant: String,
    /// Source code that takes.
    pub to_source: String,
    /// The grant that takes: an open one of that source, or a new one.
    pub to_grant: GrantSpec,
    /// Amount.
    pub fen: Fen,
    /// Voucher date.
    pub date: Day,
    /// Code of the INTERNAL_TRANSFER approval; empty is refused (SRC-004).
    pub approval: String,
    /// Code of the FISCAL_REPLY or DONOR_CONSENT; empty where the giving source needs none.
    pub consent: String,
    /// Reason.
    pub reason: String,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// Books an appropriation that the union made out of the surplus of earlier years (历年结余调剂, T01b), under an INTERNAL_TRANSFER
/// approval. Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AppropriateSurplus {
    /// The appropriation letter.
    pub grant: GrantSpec,
    /// Amount.
    pub fen: Fen,
    /// Voucher date.
    pub date: Day,
    /// Code of our bank account that received it.
    pub bank_account: String,
    /// Bank transaction that brought it.
    pub bank_txn: String,
    /// Code of the approval; empty is refused (SRC-004).
    pub approval: String,
    /// 摘要; empty lets the template make it.
    pub summary: String,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// Gives collected premiums back to who paid them (20 元返还, T19): from the association to the custody account, where they had been
/// passed on, and from there to the payer. The only exception of USE-006, so it takes an approval and a named receipt. Reviewed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RefundPremium {
    /// The premium receipt's voucher (word 代).
    pub receipt: VoucherRef,
    /// Heads given back.
    pub heads: u32,
    /// Amount.
    pub fen: Fen,
    /// Voucher date.
    pub date: Day,
    /// Code of an EXPENDITURE approval that names the premium's source.
    pub approval: String,
    /// Bank transaction by which the association sent it back; empty where it was never passed on.
    pub return_txn: String,
    /// Bank transaction that carried it from custody to the payer.
    pub refund_txn: String,
    /// Reason.
    pub reason: String,
    /// Backing documents; a BILL among them, the payer's named receipt (实名收据).
    pub evidence: Vec<Evidence>,
}

/// Shares the bank's interest over the sources by their average daily balances (利息分摊, T09b), where parameter P6 says so. The shares
/// follow from the books; nobody states them. Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AllocateInterest {
    /// First day of the interest period.
    pub from: Day,
    /// Last day of the interest period.
    pub to: Day,
    /// Amount, as on the bank's note.
    pub fen: Fen,
    /// Voucher date.
    pub date: Day,
    /// Code of our bank account that received it.
    pub bank_account: String,
    /// Bank transaction that brought it; the shares take all of it.
    pub bank_txn: String,
    /// 摘要; empty lets the template make it.
    pub summary: String,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// Books money whose origin is not known yet (待查款, T31): it may not be spent, only identified or returned. Reviewed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RecordUnidentifiedDeposit {
    /// Code of the deposit, new: it stands among the grants.
    pub code: String,
    /// Amount.
    pub fen: Fen,
    /// Voucher date.
    pub date: Day,
    /// Code of our bank account that received it.
    pub bank_account: String,
    /// Bank transaction that brought it.
    pub bank_txn: String,
    /// 摘要; empty lets the template make it.
    pub summary: String,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// What an unidentified deposit turned out to be. The bank transaction that it names is the deposit's.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Identified {
    /// Income of a source.
    Income(Box<RecordIncome>),
    /// Money of a payment that came back.
    Return(Box<RecordReturn>),
}

/// Moves an unidentified deposit, or part of it, to where it belongs, with evidence (待查款转出, T31). What it is is judged by all rules
/// for money of that kind. Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct IdentifyDeposit {
    /// Code of the deposit.
    pub deposit: String,
    /// What it turned out to be; dated with this command.
    pub identified: Identified,
    /// Voucher date.
    pub date: Day,
    /// Reason.
    pub reason: String,
    /// Documents that show what it is.
    pub evidence: Vec<Evidence>,
}

/// Returns an unidentified deposit to the account that it came from (待查款退回, T31). Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReturnDeposit {
    /// Code of the deposit.
    pub deposit: String,
    /// Amount.
    pub fen: Fen,
    /// Voucher date.
    pub date: Day,
    /// Code of our bank account that paid.
    pub bank_account: String,
    /// Bank transaction that carried it.
    pub bank_txn: String,
    /// Reason.
    pub reason: String,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// Corrects the amount alone of this year's income (金额差额调整, T22): more in blue, less in red, on the income's own bank transaction.
/// Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AdjustAmount {
    /// The income's voucher.
    pub voucher: VoucherRef,
    /// Whether too little or too much was booked.
    pub change: Change,
    /// The difference.
    pub fen: Fen,
    /// Voucher date.
    pub date: Day,
    /// Reason.
    pub reason: String,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// Corrects income of an earlier year against the opening balance (以前年度差错, T23), in blue, under a PRIOR_YEAR approval (LED-010), on
/// the income's own bank transaction. Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CorrectPriorYear {
    /// The income's voucher, of an earlier year.
    pub voucher: VoucherRef,
    /// Whether too little or too much was booked.
    pub change: Change,
    /// The difference.
    pub fen: Fen,
    /// Voucher date.
    pub date: Day,
    /// Code of the approval; empty is refused (LED-010).
    pub approval: String,
    /// Reason.
    pub reason: String,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// Hands what is left of fiscal money back to the treasury (财政结余上缴, T28), under its FISCAL_REPLY (SRC-006). Reviewed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReturnFiscalSurplus {
    /// Grant whose remainder is handed back.
    pub grant: String,
    /// Amount.
    pub fen: Fen,
    /// Voucher date.
    pub date: Day,
    /// Code of our bank account that paid.
    pub bank_account: String,
    /// Bank transaction that carried it, to a registered account of the treasury.
    pub bank_txn: String,
    /// Code of the approval; empty is refused (SRC-006).
    pub approval: String,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// Money of one grant that a book starts with.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OpeningFund {
    /// Source code.
    pub source: String,
    /// The funding document; new.
    pub grant: GrantSpec,
    /// Day from which it counts in oldest-first attribution: that of its first income.
    pub opened_on: Day,
    /// Money of it in the special account.
    pub fen: Fen,
    /// Of it, surplus; the rest is carried forward.
    pub surplus_fen: Fen,
}

/// Premiums that a holder has in custody as a book starts.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OpeningCustody {
    /// Source code (S1*).
    pub source: String,
    /// Organisation that holds the money.
    pub holder: String,
    /// Enrolment batch.
    pub batch: String,
    /// Heads.
    pub heads: u32,
    /// Amount.
    pub fen: Fen,
}

/// Opens the books by source (期初建账, T30): dated the first day of the first month, before any other voucher. Reviewed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PostOpeningBalances {
    /// The fund's own money.
    pub funds: Vec<OpeningFund>,
    /// Premiums held for the insured.
    pub custody: Vec<OpeningCustody>,
    /// Voucher date: the first day of the book's first month.
    pub date: Day,
    /// Backing documents: the closing statement of the old books, the bank's.
    pub evidence: Vec<Evidence>,
}

/// Changes what a funding document permits and until when, as another document says. A restricted gift takes the donor's consent, fiscal
/// money a reply. Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AmendGrant {
    /// Code of the grant.
    pub grant: String,
    /// Number of the amending document.
    pub doc_no: String,
    /// Uses permitted from now on, all of them; empty where the source's own hold.
    pub permitted_uses: Vec<String>,
    /// First day on which it may be spent, if bounded.
    pub valid_from: Option<Day>,
    /// Last day on which it may be spent, if bounded; the day on which its purpose ends.
    pub valid_to: Option<Day>,
    /// Day of the amending document.
    pub date: Day,
    /// Code of the DONOR_CONSENT or FISCAL_REPLY; empty where its source needs none.
    pub consent: String,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// Returns what is left of bound money to who gave it, after its purpose has ended (退还出资人, T32), under an EXPENDITURE approval that names
/// its source. Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReturnGrant {
    /// Code of the grant.
    pub grant: String,
    /// Amount; no more than lies idle.
    pub fen: Fen,
    /// Voucher date.
    pub date: Day,
    /// Code of our bank account that paid.
    pub bank_account: String,
    /// Bank transaction that carried it, to a registered account of the giver.
    pub bank_txn: String,
    /// Code of the approval; empty is refused (APR-001).
    pub approval: String,
    /// Reason.
    pub reason: String,
    /// Backing documents; the AGREEMENT that ends the purpose among them.
    pub evidence: Vec<Evidence>,
}
