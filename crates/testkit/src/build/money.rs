//! Commands that move money: income, premiums, commitments, payments, returns, corrections.

use record::command::{
    CarryToSurplus, Command, CommitExpenditure, CorrectVoucher, Disburse, GrantSpec, PostPremiumReceipt, RecordIncome,
    RecordReturn, ReleaseCommitment, RemitItem, RemitPremiums, ReverseVoucher,
};
use record::kinds::{Custody, EvidenceKind, IncomeKind, PayerType, Settlement};
use record::{Day, Fen, VoucherRef};

use super::{PAYEE, SPECIAL, paper, yuan};

/// The document that each kind of income must come with.
fn document(kind: IncomeKind) -> EvidenceKind {
    match kind {
        IncomeKind::Appropriation | IncomeKind::SuperiorSubsidy => EvidenceKind::AppropriationLetter,
        IncomeKind::FiscalSubsidy | IncomeKind::OtherFiscalSubsidy => EvidenceKind::Reply,
        IncomeKind::RestrictedDonation | IncomeKind::Donation => EvidenceKind::Agreement,
        IncomeKind::Fundraising | IncomeKind::Sponsorship => EvidenceKind::Announcement,
        IncomeKind::OtherLawful => EvidenceKind::LegalBasis,
        IncomeKind::Interest | IncomeKind::Other => EvidenceKind::Other,
    }
}

/// Income under a grant, into the special account. The bank transaction must have been registered.
pub fn income(kind: IncomeKind, grant: &str, fen: Fen, date: Day, bank_txn: &str) -> RecordIncome {
    RecordIncome {
        kind,
        source: String::new(),
        account: String::new(),
        grant: GrantSpec {
            code: grant.into(),
            grantor: String::new(),
            doc_no: format!("文 {grant}"),
            permitted_uses: Vec::new(),
            valid_from: None,
            valid_to: None,
        },
        fen,
        date,
        bank_account: SPECIAL.into(),
        bank_txn: bank_txn.into(),
        bill_no: format!("PJ-{bank_txn}"),
        summary: String::new(),
        evidence: vec![paper(document(kind), grant, date)],
    }
}

/// Premiums of 20 yuan a head, collected by `holder`.
pub fn receipt(
    holder: &str,
    batch: &str,
    heads: u32,
    payer: PayerType,
    date: Day,
    bill_no: &str,
) -> PostPremiumReceipt {
    PostPremiumReceipt {
        holder: holder.into(),
        payer,
        batch: batch.into(),
        heads,
        unit_fen: yuan(20),
        fen: i64::from(heads) * yuan(20),
        received_on: date,
        custody: Custody::Collector,
        bill_no: bill_no.into(),
        bank_txn: String::new(),
        source_seq: 0,
    }
}

/// Premiums of one source to pass on, oldest batches first.
pub fn remit_item(source: &str, heads: u32) -> RemitItem {
    RemitItem { source: source.into(), batch: String::new(), heads, fen: i64::from(heads) * yuan(20) }
}

/// A remittance to the association.
pub fn remit(holder: &str, date: Day, bank_txn: &str, items: Vec<RemitItem>) -> RemitPremiums {
    RemitPremiums {
        holder: holder.into(),
        year: date.year(),
        payee_account: PAYEE.into(),
        items,
        date,
        bank_txn: bank_txn.into(),
        summary: String::new(),
        evidence: vec![paper(EvidenceKind::Other, bank_txn, date)],
    }
}

/// A commitment of heads at a price, for the year of its date.
pub fn commit(
    code: &str,
    approval: &str,
    (source, class, plan): (&str, &str, &str),
    heads: u32,
    unit_fen: Fen,
    date: Day,
) -> CommitExpenditure {
    CommitExpenditure {
        code: code.into(),
        approval: approval.into(),
        year: date.year(),
        source: source.into(),
        class: class.into(),
        plan: plan.into(),
        heads,
        unit_fen,
        fen: i64::from(heads) * unit_fen,
        date,
        evidence: vec![paper(EvidenceKind::Minutes, approval, date)],
    }
}

/// The release of part of a commitment.
pub fn release(commitment: &str, heads: u32, unit_fen: Fen, date: Day) -> ReleaseCommitment {
    ReleaseCommitment {
        commitment: commitment.into(),
        heads,
        fen: i64::from(heads) * unit_fen,
        date,
        reason: "人数减少".into(),
        evidence: vec![paper(EvidenceKind::Other, commitment, date)],
    }
}

/// A payment to the association out of a commitment. The bank transaction must have been registered.
pub fn disburse(commitment: &str, batches: &[&str], heads: u32, unit_fen: Fen, date: Day, bank_txn: &str) -> Disburse {
    Disburse {
        commitment: commitment.into(),
        payee_account: PAYEE.into(),
        batches: batches.iter().map(|b| (*b).to_owned()).collect(),
        heads,
        unit_fen,
        fen: i64::from(heads) * unit_fen,
        date,
        bank_account: SPECIAL.into(),
        bank_txn: bank_txn.into(),
        settlement: Settlement::Transfer,
        use_code: String::new(),
        account: String::new(),
        grants: Vec::new(),
        summary: String::new(),
        evidence: vec![paper(EvidenceKind::Other, bank_txn, date)],
    }
}

/// Money of a payment sent back by the association.
pub fn record_return(payment: VoucherRef, heads: u32, unit_fen: Fen, date: Day, bank_txn: &str) -> RecordReturn {
    RecordReturn {
        payment,
        heads,
        fen: i64::from(heads) * unit_fen,
        date,
        bank_account: SPECIAL.into(),
        bank_txn: bank_txn.into(),
        reason: "互助会退回".into(),
        evidence: vec![paper(EvidenceKind::ReturnNotice, bank_txn, date)],
    }
}

/// Carry-forward of a grant to surplus.
pub fn surplus(source: &str, grant: &str, fen: Fen, approval: &str, date: Day) -> CarryToSurplus {
    CarryToSurplus {
        source: source.into(),
        grant: grant.into(),
        fen,
        approval: approval.into(),
        date,
        evidence: vec![paper(EvidenceKind::Minutes, approval, date)],
    }
}

/// A red-letter reversal.
pub fn reverse(voucher: VoucherRef, date: Day, return_txn: &str) -> ReverseVoucher {
    ReverseVoucher {
        voucher,
        date,
        reason: "记账有误".into(),
        return_txn: return_txn.into(),
        evidence: vec![paper(EvidenceKind::Other, &voucher.to_string(), date)],
    }
}

/// Red and blue in one decision.
pub fn correct(voucher: VoucherRef, date: Day, replacement: Command) -> CorrectVoucher {
    CorrectVoucher {
        voucher,
        date,
        reason: "记账有误".into(),
        replacement: Box::new(replacement),
        evidence: vec![paper(EvidenceKind::Other, &voucher.to_string(), date)],
    }
}
