//! Vouchers as the model keeps them: names spelled out, and beside the lines what the voucher was for.

use record::kinds::{LedgerKind, Settlement, Side, Template, VoucherKind};
use record::{Day, Digest, Fen, VoucherRef};

/// A line, with codes where the log has ordinals. A dimension that does not apply is empty or 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leg {
    /// Account code.
    pub account: String,
    /// Source code.
    pub source: String,
    /// Grant or batch code.
    pub grant: String,
    /// Side.
    pub side: Side,
    /// Amount in fen; negative in red.
    pub fen: Fen,
    /// Programme year.
    pub year: u16,
    /// Class code.
    pub class: String,
    /// Plan code.
    pub plan: String,
    /// Use code.
    pub use_code: String,
    /// Code of the holding organisation.
    pub holder: String,
    /// Code of the counterparty.
    pub counterparty: String,
    /// Heads.
    pub heads: i64,
    /// Unit price in fen.
    pub price: Fen,
    /// Bank transaction.
    pub bank: String,
}

impl Leg {
    /// A line that names account, source, side and amount alone.
    pub fn new(account: &str, source: &str, side: Side, fen: Fen) -> Leg {
        let none = String::new;
        Leg {
            account: account.to_owned(),
            source: source.to_owned(),
            grant: none(),
            side,
            fen,
            year: 0,
            class: none(),
            plan: none(),
            use_code: none(),
            holder: none(),
            counterparty: none(),
            heads: 0,
            price: 0,
            bank: none(),
        }
    }

    /// The line on another account and the other side.
    pub fn opposite(&self, account: &str) -> Leg {
        Leg { account: account.to_owned(), side: self.side.other(), ..self.clone() }
    }

    /// Debit positive, credit negative.
    pub fn signed(&self) -> Fen {
        if self.side == Side::Debit { self.fen } else { -self.fen }
    }
}

/// What a voucher did, beside its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Nothing else.
    Plain,
    /// Money came in.
    Income,
    /// A premium was received.
    Receipt,
    /// A commitment was made.
    Commit,
    /// A commitment was released: heads and fen.
    Release(u32, Fen),
    /// Batches were paid, each with its heads; heads and fen in all.
    Payment(Vec<(String, u32)>, u32, Fen),
    /// Money of a payment came back: heads and fen.
    Return(VoucherRef, u32, Fen),
    /// Premiums were passed on: batch, source, heads.
    Remittance(Vec<(String, String, u32)>),
    /// Another voucher was reversed.
    Red(VoucherRef),
    /// Money changed its source, with this consent of its giver: fen.
    Transfer(String, Fen),
    /// The amount of an income was corrected by so much.
    Adjustment(VoucherRef, Fen),
    /// Premiums of a receipt were given back: heads, and whether they had been passed on.
    Refund(VoucherRef, u32, bool),
}

/// A voucher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// Word, cycle, number.
    pub reference: VoucherRef,
    /// ACTUAL or BUDGET.
    pub ledger: LedgerKind,
    /// Voucher date.
    pub date: Day,
    /// Kind.
    pub kind: VoucherKind,
    /// Template.
    pub template: Template,
    /// 制单
    pub maker: String,
    /// 审核
    pub reviewer: String,
    /// 出纳
    pub cashier: String,
    /// Approval code.
    pub approval: String,
    /// Commitment code.
    pub commitment: String,
    /// How the money moved.
    pub settlement: Option<Settlement>,
    /// What it corrects.
    pub corrects: Option<VoucherRef>,
    /// Lines.
    pub legs: Vec<Leg>,
    /// What it did.
    pub deed: Deed,
    /// Bill number issued or cited.
    pub bill: String,
    /// Digests of its bills and bank slips.
    pub slips: Vec<Digest>,
}

impl Paper {
    /// Whether its lines may be negative.
    pub fn may_be_red(&self) -> bool {
        self.is_red() || self.kind == VoucherKind::RedAdjust
    }

    /// Whether it is a red reversal.
    pub fn is_red(&self) -> bool {
        self.kind == VoucherKind::RedReversal
    }
}
