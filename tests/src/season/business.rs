//! The season's business that its size does not change: other income, the batches of hardship and model workers, their payment, the
//! mis-posting and its correction, interest, and what came back.

use api::google::r#type::Date;
use api::v1::{self, EvidenceKind, command};
use sha2::{Digest as _, Sha256};

use super::{PAYEE, SPECIAL, YUAN};
use crate::collecting::enrollment;
use crate::office::{CASHIER, COLLECTOR, ECONOMY, MAKER, OWN, Office, REVIEWER, SERVICE, day};
use crate::{post, review};

/// A movement on one of our accounts, registered by the cashier; its number.
pub async fn moved(
    office: &Office,
    account: &str,
    direction: v1::BankDirection,
    fen: i64,
    on: Date,
    other: &str,
) -> String {
    let id = format!("流水-{}", office.next());
    let transaction = v1::BankTransaction {
        id: id.clone(),
        account: account.into(),
        direction: direction.into(),
        amount_fen: fen,
        date: Some(on),
        counterparty_account: other.into(),
        settlement: v1::Settlement::Transfer.into(),
        currency: "CNY".into(),
        slip_digest: Sha256::digest(&id).to_vec(),
    };
    post!(
        office,
        CASHIER,
        spending.register_bank_transaction(RegisterBankTransactionRequest { transaction: Some(transaction) })
    );
    id
}

/// Money that came in under a funding document of its own.
pub async fn income(office: &Office, grant: &str, grantor: &str, fen: i64, on: Date) -> v1::Income {
    v1::Income {
        source: String::new(),
        account: String::new(),
        grant: Some(v1::GrantSpec {
            code: grant.into(),
            grantor: grantor.into(),
            doc_no: format!("文号-{grant}"),
            permitted_uses: Vec::new(),
            valid_from: None,
            valid_to: None,
        }),
        amount_fen: fen,
        date: Some(on),
        bank_account: SPECIAL.into(),
        bank_txn: moved(office, SPECIAL, v1::BankDirection::In, fen, on, "").await,
        bill_no: format!("收据-{grant}"),
        summary: String::new(),
        evidence: vec![office.paper(EvidenceKind::BankSlip, on)],
    }
}

/// [`income`] with the document that it needs, and the uses that the document permits.
async fn documented(
    office: &Office,
    (grant, grantor): (&str, &str),
    yuan: i64,
    on: Date,
    paper: EvidenceKind,
    uses: &[&str],
) -> v1::Income {
    let mut income = income(office, grant, grantor, yuan * YUAN, on).await;
    income.evidence.push(office.paper(paper, on));
    if let Some(grant) = &mut income.grant {
        grant.permitted_uses = uses.iter().map(|code| (*code).to_owned()).collect();
    }
    income
}

/// T04 to T08.
pub async fn other_income(office: &Office) {
    use EvidenceKind::{Agreement, Announcement, Reply};
    let subsidy = documented(office, ("G-S2F", "FISCAL"), 200_000, day(2018, 6, 5), Reply, &["B95"]).await;
    let kind = v1::SubsidyKind::Fiscal.into();
    review!(
        office,
        MAKER,
        REVIEWER,
        funding.record_subsidy(RecordSubsidyRequest { kind: kind, income: Some(subsidy) })
    );
    for (grant, kind, yuan, uses) in [
        ("G-S3R", v1::DonationKind::Restricted, 100_000, &["B95"][..]),
        ("G-S3N", v1::DonationKind::Unrestricted, 50_000, &[]),
    ] {
        let donation = documented(office, (grant, "DONOR"), yuan, day(2018, 6, 6), Agreement, uses).await;
        review!(
            office,
            MAKER,
            REVIEWER,
            funding.record_donation(RecordDonationRequest { kind: kind.into(), income: Some(donation) })
        );
    }
    for (grant, kind, yuan) in
        [("G-S4C", v1::FundraisingKind::Campaign, 30_000), ("G-S4S", v1::FundraisingKind::Sponsorship, 20_000)]
    {
        let raised = documented(office, (grant, "DONOR"), yuan, day(2018, 6, 20), Announcement, &["B95"]).await;
        review!(
            office,
            MAKER,
            REVIEWER,
            funding.record_fundraising(RecordFundraisingRequest { kind: kind.into(), income: Some(raised) })
        );
    }
}

/// Enrolment of classes B and C, each reviewed by its department.
pub async fn other_batches(office: &Office) {
    for (code, class, plan, heads) in [
        ("B-S2P", "B", "COMP", 35_000),
        ("C-WRONG", "C", "COMP", 5_000),
        ("C-S2P", "C", "COMP", 5_000),
        ("B-S2F", "B", "COMP", 2_000),
        ("B-S3R", "B", "COMP", 1_000),
        ("C-S3N", "C", "ALLOW", 500),
    ] {
        let form = enrollment(code, OWN, (class, plan), heads);
        let department = if class == "B" { SERVICE } else { ECONOMY };
        post!(office, COLLECTOR, program.submit_enrollment_batch(SubmitEnrollmentBatchRequest { form: Some(form) }));
        let review = v1::EnrollmentReview {
            batch: code.into(),
            verdict: v1::Verdict::Approve.into(),
            reviewed_on: Some(day(2018, 9, 28)),
            reason: String::new(),
        };
        post!(
            office,
            department,
            program.review_enrollment_batch(ReviewEnrollmentBatchRequest { review: Some(review) })
        );
    }
}

/// A payment to the association; the reference of its voucher.
pub async fn pay(
    office: &Office,
    commitment: &str,
    batches: Vec<String>,
    heads: u32,
    unit_fen: i64,
    on: Date,
) -> (String, v1::Disbursement) {
    let amount_fen = i64::from(heads) * unit_fen;
    let payment = v1::Disbursement {
        commitment: commitment.into(),
        payee_account: PAYEE.into(),
        batches,
        heads,
        unit_fen,
        amount_fen,
        date: Some(on),
        bank_account: SPECIAL.into(),
        bank_txn: moved(office, SPECIAL, v1::BankDirection::Out, amount_fen, on, PAYEE).await,
        settlement: v1::Settlement::Transfer.into(),
        r#use: String::new(),
        account: String::new(),
        grants: Vec::new(),
        summary: String::new(),
        evidence: vec![office.paper(EvidenceKind::BankSlip, on)],
    };
    let asked = payment.clone();
    let vouchers =
        review!(office, MAKER, REVIEWER, spending.disburse(DisburseRequest { disbursement: Some(asked.clone()) }));
    let voucher = vouchers.into_iter().find(|reference| reference.starts_with('记'));
    (voucher.expect("a payment has a voucher of word 记"), payment)
}

/// The payments of October: hardship, model workers with the wrong unit and its correction, and those of other sources. The voucher of
/// the first, of which something comes back.
pub async fn payments(office: &Office) -> String {
    let (first, _) = pay(office, "C-B", vec!["B-S2P".into()], 35_000, 95 * YUAN, day(2018, 10, 20)).await;
    let (wrong, payment) = pay(office, "C-C", vec!["C-WRONG".into()], 5_000, 95 * YUAN, day(2018, 10, 20)).await;
    let on = day(2018, 10, 22);
    let right = v1::Disbursement { batches: vec!["C-S2P".into()], date: Some(on), ..payment };
    let correction = v1::Correction {
        voucher: wrong,
        date: Some(on),
        reason: "参保单位记错".into(),
        replacement: Some(Box::new(v1::Command { command: Some(command::Command::Disbursement(right)) })),
        evidence: vec![office.paper(EvidenceKind::Other, on)],
    };
    review!(
        office,
        MAKER,
        REVIEWER,
        voucher.correct_voucher(CorrectVoucherRequest { correction: Some(correction.clone()) })
    );
    for (commitment, batch, heads, unit_fen) in
        [("C-F", "B-S2F", 2_000, 95 * YUAN), ("C-R", "B-S3R", 1_000, 95 * YUAN), ("C-N", "C-S3N", 500, 80 * YUAN)]
    {
        pay(office, commitment, vec![batch.into()], heads, unit_fen, day(2018, 10, 25)).await;
    }
    first
}

/// Interest (T09) and another lawful source (T10).
pub async fn late_income(office: &Office) {
    let interest = income(office, "G-S5I", "", 1_234_567, day(2018, 12, 20)).await;
    review!(office, MAKER, REVIEWER, funding.record_interest(RecordInterestRequest { income: Some(interest) }));
    let basis = EvidenceKind::LegalBasis;
    let other = documented(office, ("G-S6X", "FISCAL"), 5_000, day(2018, 12, 21), basis, &["B95"]).await;
    let kind = v1::OtherIncomeKind::OtherLawful.into();
    review!(
        office,
        MAKER,
        REVIEWER,
        funding.record_other_income(RecordOtherIncomeRequest { kind: kind, income: Some(other) })
    );
}

/// T17: three heads of a payment come back.
pub async fn give_back(office: &Office, payment: String) {
    let (on, fen) = (day(2018, 12, 25), 3 * 95 * YUAN);
    let returned = v1::PaymentReturn {
        payment,
        heads: 3,
        amount_fen: fen,
        date: Some(on),
        bank_account: SPECIAL.into(),
        bank_txn: moved(office, SPECIAL, v1::BankDirection::In, fen, on, PAYEE).await,
        reason: "不符合参保条件".into(),
        evidence: vec![office.paper(EvidenceKind::ReturnNotice, on)],
    };
    review!(office, MAKER, REVIEWER, spending.record_return(RecordReturnRequest { payment_return: Some(returned) }));
}
