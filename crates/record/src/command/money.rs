//! Commands that bring money in and pass premiums on.

use borsh::{BorshDeserialize, BorshSerialize};

use super::Evidence;
use crate::kinds::{Custody, IncomeKind, PayerType};
use crate::{Day, Fen};

/// The funding document that income comes under. An existing code of the same source is topped up; a new one is opened.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GrantSpec {
    /// Code of the grant.
    pub code: String,
    /// Code of the grantor organisation; empty for interest.
    pub grantor: String,
    /// Document number (拨款文号, 批复文号, 协议号).
    pub doc_no: String,
    /// Uses it permits; empty where its source's own uses hold.
    pub permitted_uses: Vec<String>,
    /// First day on which it may be spent, if bounded.
    pub valid_from: Option<Day>,
    /// Last day on which it may be spent, if bounded.
    pub valid_to: Option<Day>,
}

/// Books money coming in (T01a, T01c, T04..T10). Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RecordIncome {
    /// What kind of money: chooses the template, and the source where `source` is empty.
    pub kind: IncomeKind,
    /// Source code; empty means the only one of this kind.
    pub source: String,
    /// Income account code; empty means the source's own (SRC-002).
    pub account: String,
    /// The funding document.
    pub grant: GrantSpec,
    /// Amount.
    pub fen: Fen,
    /// Voucher date.
    pub date: Day,
    /// Code of our bank account that received it (SRC-010).
    pub bank_account: String,
    /// Bank transaction that brought it.
    pub bank_txn: String,
    /// Number of the receipt that we issued (票据号); unique.
    pub bill_no: String,
    /// 摘要; empty lets the template make it.
    pub summary: String,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// Books a 20-yuan premium receipt (T02 member, T03 employer or unit union), as a voucher of word 代 at once (decisions.md 6).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PostPremiumReceipt {
    /// Organisation that collected and holds the money.
    pub holder: String,
    /// Who paid: chooses the source.
    pub payer: PayerType,
    /// Enrolment batch that it belongs to.
    pub batch: String,
    /// Heads paid for.
    pub heads: u32,
    /// Own share a head.
    pub unit_fen: Fen,
    /// Amount.
    pub fen: Fen,
    /// Day of receipt; the voucher date.
    pub received_on: Day,
    /// In the collector's custody account, or paid straight to the association.
    pub custody: Custody,
    /// Bill number, unique.
    pub bill_no: String,
    /// Bank transaction; empty where many receipts are paid in together later.
    pub bank_txn: String,
    /// Contiguous number within the collecting system, from 1; 0 where the system has none.
    pub source_seq: u64,
}

/// Premiums of one source in a remittance.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RemitItem {
    /// Source code (S1*).
    pub source: String,
    /// Batch code; empty lets the oldest batches of the holder go first.
    pub batch: String,
    /// Heads.
    pub heads: u32,
    /// Amount.
    pub fen: Fen,
}

/// Passes collected premiums on to the association (上解, T15). Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RemitPremiums {
    /// Organisation that holds the money.
    pub holder: String,
    /// Programme year.
    pub year: u16,
    /// Code of the payee's registered account (REM-003).
    pub payee_account: String,
    /// What is remitted, by source.
    pub items: Vec<RemitItem>,
    /// Voucher date.
    pub date: Day,
    /// Bank transaction that carried it.
    pub bank_txn: String,
    /// 摘要; empty lets the template make it.
    pub summary: String,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}

/// Declares numbers of a collecting system that no receipt will ever bear (作废序号), so that their gap keeps no month open. Reviewed by a
/// second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct VoidSourceNumbers {
    /// Person code of the collecting system.
    pub system: String,
    /// First number.
    pub from: u64,
    /// Last number.
    pub to: u64,
    /// Reason.
    pub reason: String,
}
