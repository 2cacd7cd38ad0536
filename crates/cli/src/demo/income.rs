//! Money that comes in: the appropriation, then the other sources, interest and other lawful money.

use api::v1;
use v1::{ApprovalBody, ApprovalKind, EvidenceKind};

use super::people::{OWN, SPECIAL};
use super::setup::set_budget;
use super::stage::{Asked, Movement, Stage, approval, ask, on, paper, yuan_fen};

/// Which method takes it.
#[derive(Clone, Copy)]
pub enum Kind {
    /// RecordAppropriation
    Appropriation,
    /// RecordSubsidy
    Subsidy(v1::SubsidyKind),
    /// RecordDonation
    Donation(v1::DonationKind),
    /// RecordFundraising
    Fundraising(v1::FundraisingKind),
    /// RecordInterest
    Interest,
    /// RecordOtherIncome
    Other(v1::OtherIncomeKind),
}

/// One receipt of money.
pub struct Receipt {
    /// Method and kind.
    pub kind: Kind,
    /// Voucher date.
    pub date: &'static str,
    /// Amount in fen.
    pub fen: i64,
    /// Grant: code, grantor, document number, permitted uses.
    pub grant: (&'static str, &'static str, &'static str, &'static [&'static str]),
    /// Documents behind it.
    pub papers: &'static [EvidenceKind],
    /// Summary.
    pub summary: &'static str,
}

/// The first half of the year.
const SPRING: Receipt = Receipt {
    kind: Kind::Appropriation,
    date: "2018-05-10",
    fen: yuan_fen(50_000_000),
    grant: ("G-S2P-2018", OWN, "粤工总拨〔2018〕1号", &[]),
    papers: &[EvidenceKind::AppropriationLetter],
    summary: "收到省总拨入专户",
};

const JUNE: &[Receipt] = &[
    Receipt {
        kind: Kind::Subsidy(v1::SubsidyKind::Fiscal),
        date: "2018-06-05",
        fen: yuan_fen(200_000),
        grant: ("G-S2F-2018", "GDCZ", "粤财社〔2018〕6号", &["B95", "B80"]),
        papers: &[EvidenceKind::Reply],
        summary: "收到同级财政补助",
    },
    Receipt {
        kind: Kind::Donation(v1::DonationKind::Restricted),
        date: "2018-06-06",
        fen: yuan_fen(100_000),
        grant: ("G-S3R-2018", "DON-1", "捐字2018-1号", &["B95"]),
        papers: &[EvidenceKind::Agreement],
        summary: "收到限定捐赠(限困难职工)",
    },
    Receipt {
        kind: Kind::Donation(v1::DonationKind::Unrestricted),
        date: "2018-06-06",
        fen: yuan_fen(50_000),
        grant: ("G-S3N-2018", "DON-2", "捐字2018-2号", &[]),
        papers: &[EvidenceKind::Agreement],
        summary: "收到非限定捐赠",
    },
    Receipt {
        kind: Kind::Fundraising(v1::FundraisingKind::Campaign),
        date: "2018-06-20",
        fen: yuan_fen(30_000),
        grant: ("G-S4C-2018", "DON-2", "募字2018-1号", &["B95", "C95"]),
        papers: &[EvidenceKind::Announcement],
        summary: "公益募集",
    },
    Receipt {
        kind: Kind::Fundraising(v1::FundraisingKind::Sponsorship),
        date: "2018-06-20",
        fen: yuan_fen(20_000),
        grant: ("G-S4S-2018", "DON-1", "赞字2018-1号", &["C95", "C80"]),
        papers: &[EvidenceKind::Agreement],
        summary: "赞助",
    },
];

const DECEMBER: &[Receipt] = &[
    Receipt {
        kind: Kind::Interest,
        date: "2018-12-20",
        fen: 1_234_567,
        grant: ("G-S5I-2018Q4", "", "2018年四季度结息单", &[]),
        papers: &[EvidenceKind::Other],
        summary: "四季度结息",
    },
    Receipt {
        kind: Kind::Other(v1::OtherIncomeKind::OtherLawful),
        date: "2018-12-21",
        fen: yuan_fen(5_000),
        grant: ("G-S6X-2018", "DON-2", "依据2018-1号", &[]),
        papers: &[EvidenceKind::LegalBasis],
        summary: "其他合法来源",
    },
];

/// May: the appropriation.
pub async fn spring(stage: &mut Stage) -> anyhow::Result<()> {
    stage.say("五月  省总拨款", "May  the province's appropriation");
    take(stage, &SPRING).await
}

/// June: budget for the other sources, and their money.
pub async fn june(stage: &mut Stage) -> anyhow::Result<()> {
    stage.say("六月  财政补助、捐赠、募集、赞助", "June  subsidy, donations, campaign, sponsorship");
    let body = (ApprovalKind::Budget, ApprovalBody::Leadership);
    stage.approve(approval("APR-BUD-2018-2", body, "2018-05-31", "粤工总〔2018〕25号", yuan_fen(350_000))).await?;
    let lines = [("S2F", "B", "COMP", 200_000), ("S3R", "B", "COMP", 100_000), ("S3N", "C", "ALLOW", 50_000)];
    set_budget(stage, (2018, "2018-06-01"), "APR-BUD-2018-2", &lines).await?;
    for receipt in JUNE {
        take(stage, receipt).await?;
    }
    Ok(())
}

/// December: interest, and other lawful money.
pub async fn december(stage: &mut Stage) -> anyhow::Result<()> {
    for receipt in DECEMBER {
        take(stage, receipt).await?;
    }
    Ok(())
}

async fn take(stage: &mut Stage, receipt: &Receipt) -> anyhow::Result<()> {
    let txn = format!("BK-IN-{}", receipt.grant.0);
    stage.bank(Movement::into_special(&txn, receipt.fen, receipt.date)).await?;
    let asked = record(stage, receipt.kind, income(receipt, &txn)).await?;
    stage.post(asked, "reviewer").await.map(drop)
}

/// The request's content.
pub fn income(receipt: &Receipt, bank_txn: &str) -> v1::Income {
    let (code, grantor, doc_no, uses) = receipt.grant;
    let papers = receipt.papers.iter().chain([&EvidenceKind::BankSlip]);
    v1::Income {
        source: String::new(),
        account: String::new(),
        grant: Some(v1::GrantSpec {
            code: code.into(),
            grantor: grantor.into(),
            doc_no: doc_no.into(),
            permitted_uses: uses.iter().map(|&code| code.to_owned()).collect(),
            valid_from: None,
            valid_to: None,
        }),
        amount_fen: receipt.fen,
        date: on(receipt.date),
        bank_account: SPECIAL.into(),
        bank_txn: bank_txn.into(),
        bill_no: format!("PJ-{code}"),
        summary: receipt.summary.into(),
        evidence: papers.map(|kind| paper(*kind, &format!("{doc_no} {bank_txn}"), receipt.date)).collect(),
    }
}

/// Asks the method of a kind, as the maker.
pub async fn record(stage: &mut Stage, kind: Kind, income: v1::Income) -> anyhow::Result<Asked> {
    let income = Some(income);
    Ok(match kind {
        Kind::Appropriation => {
            ask!(stage, "maker", funding.record_appropriation, RecordAppropriationRequest { income })
        }
        Kind::Subsidy(kind) => {
            let kind = kind.into();
            ask!(stage, "maker", funding.record_subsidy, RecordSubsidyRequest { kind, income })
        }
        Kind::Donation(kind) => {
            let kind = kind.into();
            ask!(stage, "maker", funding.record_donation, RecordDonationRequest { kind, income })
        }
        Kind::Fundraising(kind) => {
            let kind = kind.into();
            ask!(stage, "maker", funding.record_fundraising, RecordFundraisingRequest { kind, income })
        }
        Kind::Interest => ask!(stage, "maker", funding.record_interest, RecordInterestRequest { income }),
        Kind::Other(kind) => {
            let kind = kind.into();
            ask!(stage, "maker", funding.record_other_income, RecordOtherIncomeRequest { kind, income })
        }
    })
}
