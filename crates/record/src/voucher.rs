//! Vouchers (记账凭证) and their lines as they stand in the log. Names are ordinals; views spell them out.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::kinds::{LedgerKind, Settlement, Side, Template, VoucherKind, Word};
use crate::{
    AccountNo, ApprovalNo, BankTxnNo, ClassNo, CommitmentNo, Day, Fen, GrantNo, Heads, OrgNo, PersonNo, PlanNo,
    SourceNo, UseNo,
};

/// One line of a voucher. A dimension that does not apply is 0. ACTUAL lines always name source and grant.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Line {
    /// The account, a leaf that allows posting.
    pub account: AccountNo,
    /// Funding source (资金来源).
    pub source: SourceNo,
    /// Funding document; 0 on BUDGET lines only.
    pub grant: GrantNo,
    /// Debit or credit.
    pub side: Side,
    /// Amount in fen; negative only in RED_REVERSAL and RED_ADJUST vouchers.
    pub fen: Fen,
    /// Programme year.
    pub year: u16,
    /// Beneficiary class.
    pub class: ClassNo,
    /// Insurance plan.
    pub plan: PlanNo,
    /// Use code.
    pub use_code: UseNo,
    /// Organisation that holds the money (经管单位).
    pub holder: OrgNo,
    /// Counterparty organisation.
    pub counterparty: OrgNo,
    /// Headcount; stands once on the lines of a split payment.
    pub heads: Heads,
    /// Unit price in fen.
    pub price: Fen,
    /// Bank transaction that this line is backed by.
    pub bank: BankTxnNo,
}

#[allow(clippy::derivable_impls, reason = "the macro-made enum has no default of its own, and needs none elsewhere")]
impl Default for Side {
    fn default() -> Side {
        Side::Debit
    }
}

/// How a voucher is cited: word, cycle and number are unique in a book (凭证字号).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct VoucherRef {
    /// 凭证字
    pub word: Word,
    /// The numbering cycle: a year (2018), or year x 100 + month (201812) where parameter P9 says month.
    pub cycle: u32,
    /// Number within word and cycle, from 1 without gap.
    pub number: u32,
}

impl core::fmt::Display for VoucherRef {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}-{}-{}", self.word, self.cycle, self.number)
    }
}

impl VoucherRef {
    /// Parses `记-2018-7`, the form that [`core::fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<VoucherRef> {
        let mut parts = text.split('-');
        let word = Word::from_code(parts.next()?)?;
        let cycle = parts.next()?;
        let number = parts.next()?;
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit()) && !s.starts_with('0');
        if parts.next().is_some() || !digits(cycle) || !digits(number) {
            return None;
        }
        Some(VoucherRef { word, cycle: cycle.parse().ok()?, number: number.parse().ok()? })
    }
}

/// A voucher as posted. Its identity is [`crate::voucher_id`] of the record that holds it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Voucher {
    /// ACTUAL or BUDGET; never both (LED-016).
    pub ledger: LedgerKind,
    /// Word, cycle and number.
    pub reference: VoucherRef,
    /// Voucher date (凭证日期), the effective date.
    pub date: Day,
    /// What the voucher is.
    pub kind: VoucherKind,
    /// The template that made it.
    pub template: Template,
    /// 摘要 as given; empty where views make it from template and fields.
    pub summary: String,
    /// 附单据数.
    pub attachments: u16,
    /// 制单
    pub prepared_by: PersonNo,
    /// 审核; 0 where the word needs no review.
    pub reviewed_by: PersonNo,
    /// 记账; the ledger itself posts, so this is 0 unless a person did.
    pub posted_by: PersonNo,
    /// 出纳; 0 where no money moved.
    pub cashier_by: PersonNo,
    /// 会计主管; 0 unless the voucher is a closing one.
    pub chief_by: PersonNo,
    /// The voucher that this one reverses or corrects.
    pub corrects: Option<VoucherRef>,
    /// 补录: dated before the book's `live_from`.
    pub historical: bool,
    /// Approval that allowed it; 0 none.
    pub approval: ApprovalNo,
    /// Commitment that it draws on; 0 none.
    pub commitment: CommitmentNo,
    /// How the money moved; none where no money moved.
    pub settlement: Option<Settlement>,
    /// The lines, 2 to 1,000.
    pub lines: Vec<Line>,
}
