//! What a posted voucher and a booked premium receipt tell beside their lines.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::command::Evidence;
use crate::kinds::Change;
use crate::{ApprovalNo, CommitmentNo, Day, Digest, Fen, GrantNo, Heads, OrgNo, SourceNo, Voucher, VoucherRef};

/// What a voucher does to the fund's documents beside its lines.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Effect {
    /// Nothing beside its lines.
    None,
    /// Pays batches out of a commitment.
    Payment {
        /// The commitment.
        commitment: CommitmentNo,
        /// Batches paid, with heads.
        batches: Vec<(GrantNo, u32)>,
        /// Heads.
        heads: u32,
        /// Amount.
        fen: Fen,
    },
    /// Money of a payment came back.
    Return {
        /// The payment.
        payment: VoucherRef,
        /// Heads.
        heads: u32,
        /// Amount.
        fen: Fen,
    },
    /// Premiums were passed on: heads and amount of each batch and source.
    Remittance {
        /// Holder.
        holder: OrgNo,
        /// Batch, source, heads, fen.
        items: Vec<(GrantNo, SourceNo, Heads, Fen)>,
    },
    /// A reversal: what its original did is undone.
    Reversal {
        /// The original.
        of: VoucherRef,
    },
    /// Money moved between sources.
    Transfer {
        /// Consent of the giver, consumed beside the voucher's approval; 0 none.
        consent: ApprovalNo,
        /// Amount.
        fen: Fen,
    },
    /// Premiums were given back to who paid them.
    Refund {
        /// The premium receipt.
        receipt: VoucherRef,
        /// Heads.
        heads: u32,
        /// Whether they had been passed on to the association, which sent them back.
        passed_on: bool,
    },
    /// The amount of an income voucher was corrected.
    Adjustment {
        /// The income's voucher.
        of: VoucherRef,
        /// Up or down.
        change: Change,
        /// The difference.
        fen: Fen,
    },
    /// The books were opened with premiums in custody.
    Opening {
        /// Batch, source, holder, heads, fen.
        custody: Vec<(GrantNo, SourceNo, OrgNo, Heads, Fen)>,
    },
}

/// A posted voucher and what it does.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct VoucherPosted {
    /// The voucher.
    pub voucher: Voucher,
    /// What it does beside its lines.
    pub effect: Effect,
    /// Bill number issued; empty none.
    pub bill_no: String,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
    /// Digests among them, and the bill number's, that an earlier record brought: a bank transaction's slip, or the documents of the
    /// voucher that this one corrects. They make no new fact.
    pub reused: Vec<Digest>,
}

/// The fields of a premium receipt.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReceiptFields {
    /// Batch that it belongs to.
    pub batch: GrantNo,
    /// Source, by payer.
    pub source: SourceNo,
    /// Holder of the money.
    pub holder: OrgNo,
    /// Heads.
    pub heads: u32,
    /// Amount.
    pub fen: Fen,
    /// Day of receipt.
    pub received_on: Day,
    /// Bill number.
    pub bill_no: String,
    /// Number within the collecting system; 0 none.
    pub source_seq: u64,
}

/// A booked premium receipt.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ReceiptPosted {
    /// Its fields.
    pub receipt: ReceiptFields,
    /// Its voucher.
    pub voucher: Voucher,
}
