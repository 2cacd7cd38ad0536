//! Money that goes out: commitments under the chairs' approval, payments straight to the association, the mis-posting and its
//! correction, and what came back.

use anyhow::Context;
use api::v1;
use v1::{ApprovalBody, ApprovalKind, EvidenceKind, Settlement};

use super::enrol::batch_code;
use super::people::{PAYEE, SPECIAL, UNITS};
use super::stage::{Movement, Stage, approval, ask, on, paper, yuan_fen};

/// Budget to commit: code, approval, (source, class, plan), heads, subsidy a head in yuan.
pub struct Commitment<'a> {
    /// Code.
    pub code: &'a str,
    /// Approval that it consumes.
    pub under: &'a str,
    /// Source, class and plan.
    pub line: (&'a str, &'a str, &'a str),
    /// Heads.
    pub heads: u32,
    /// Subsidy a head, yuan.
    pub unit: i64,
    /// Budget year.
    pub year: u32,
    /// Voucher date.
    pub date: &'a str,
}

/// Code, approval, (source, class, plan), heads and subsidy a head of a commitment.
type Row = (&'static str, &'static str, (&'static str, &'static str, &'static str), u32, i64);

/// October's commitments.
const COMMITMENTS: &[Row] = &[
    ("CM-2018-A", "APR-EXP-2018-1", ("S2P", "A", "COMP"), 616_000, 75),
    ("CM-2018-B", "APR-EXP-2018-1", ("S2P", "B", "COMP"), 35_000, 95),
    ("CM-2018-C", "APR-EXP-2018-1", ("S2P", "C", "COMP"), 5_000, 95),
    ("CM-2018-S2F", "APR-EXP-2018-2", ("S2F", "B", "COMP"), 2_000, 95),
    ("CM-2018-S3R", "APR-EXP-2018-2", ("S3R", "B", "COMP"), 1_000, 95),
    ("CM-2018-S3N", "APR-EXP-2018-2", ("S3N", "C", "ALLOW"), 500, 80),
];

/// A payment.
pub struct Payment<'a> {
    /// Commitment that it draws on.
    pub commitment: &'a str,
    /// Batches.
    pub batches: Vec<String>,
    /// Heads.
    pub heads: u32,
    /// Subsidy a head, yuan.
    pub unit: i64,
    /// Voucher date.
    pub date: &'a str,
    /// Bank transaction.
    pub txn: &'a str,
    /// Summary.
    pub summary: &'a str,
}

impl Payment<'_> {
    /// Heads times price, in fen.
    pub fn fen(&self) -> i64 {
        i64::from(self.heads) * yuan_fen(self.unit)
    }

    /// The request's content.
    pub fn disbursement(&self) -> v1::Disbursement {
        v1::Disbursement {
            commitment: self.commitment.into(),
            payee_account: PAYEE.into(),
            batches: self.batches.clone(),
            heads: self.heads,
            unit_fen: yuan_fen(self.unit),
            amount_fen: self.fen(),
            date: on(self.date),
            bank_account: SPECIAL.into(),
            bank_txn: self.txn.into(),
            settlement: Settlement::Transfer.into(),
            r#use: String::new(),
            account: String::new(),
            grants: Vec::new(),
            summary: self.summary.into(),
            evidence: vec![paper(EvidenceKind::BankSlip, &format!("{} {}", self.txn, self.date), self.date)],
        }
    }
}

/// October 15: the chairs' meeting approves, the budget is committed.
pub async fn commitments(stage: &mut Stage) -> anyhow::Result<()> {
    stage.say("十月  批复、占用、直拨", "October  approval, commitments, payments");
    let body = (ApprovalKind::Expenditure, ApprovalBody::ChairOffice);
    let approvals = [
        ("APR-EXP-2018-1", "主席办公会议纪要〔2018〕12号", 50_000_000),
        ("APR-EXP-2018-2", "主席办公会议纪要〔2018〕13号", 325_000),
    ];
    for (code, doc_no, yuan) in approvals {
        stage.approve(approval(code, body, "2018-10-15", doc_no, yuan_fen(yuan))).await?;
    }
    for (code, under, line, heads, unit) in COMMITMENTS {
        let commitment =
            Commitment { code, under, line: *line, heads: *heads, unit: *unit, year: 2018, date: "2018-10-15" };
        commit(stage, &commitment).await?;
    }
    Ok(())
}

/// Commits budget, with its review.
pub async fn commit(stage: &mut Stage, of: &Commitment<'_>) -> anyhow::Result<()> {
    let asked = ask!(
        stage,
        "maker",
        spending.commit_expenditure,
        CommitExpenditureRequest { commitment: Some(commitment(of)) }
    );
    stage.post(asked, "reviewer").await.map(drop)
}

/// The request's content.
pub fn commitment(of: &Commitment<'_>) -> v1::Commitment {
    let (source, class, plan) = of.line;
    v1::Commitment {
        code: of.code.into(),
        approval: of.under.into(),
        year: of.year,
        source: source.into(),
        class: class.into(),
        plan: plan.into(),
        heads: of.heads,
        unit_fen: yuan_fen(of.unit),
        amount_fen: i64::from(of.heads) * yuan_fen(of.unit),
        date: on(of.date),
        evidence: vec![paper(EvidenceKind::Minutes, of.under, of.date)],
    }
}

fn all_of(class: &str) -> Vec<String> {
    UNITS.iter().filter(|unit| class != "C" || unit.model > 0).map(|unit| batch_code(unit.code, class)).collect()
}

/// What became of October's payments that later acts need.
pub struct Paid {
    /// The hardship workers' payment, of which three heads come back.
    pub hardship: String,
    /// Batches that were paid.
    pub batches: Vec<String>,
}

/// October 20 to 25: hardship workers, model workers (with a wrong unit, put right two days later), other sources.
pub async fn october(stage: &mut Stage) -> anyhow::Result<Paid> {
    let hardship = Payment {
        commitment: "CM-2018-B",
        batches: all_of("B"),
        heads: 35_000,
        unit: 95,
        date: "2018-10-20",
        txn: "BK-OUT-B",
        summary: "直拨互助会 困难职工3.5万×95",
    };
    let paid = pay(stage, &hardship).await?;
    let model = correct_mistake(stage).await?;
    let others = [
        ("CM-2018-S2F", "B-2018-FS-CZ", 2_000, 95, "BK-OUT-S2F", "直拨互助会 财政补助2000×95"),
        ("CM-2018-S3R", "B-2018-GZ-JK", 1_000, 95, "BK-OUT-S3R", "直拨互助会 限定捐赠1000×95"),
        ("CM-2018-S3N", "C-2018-GZ-JT", 500, 80, "BK-OUT-S3N", "直拨互助会 非限定捐赠 劳模津贴计划500×80"),
    ];
    let mut batches = [hardship.batches.clone(), model].concat();
    for (commitment, batch, heads, unit, txn, summary) in others {
        let payment =
            Payment { commitment, batches: vec![batch.into()], heads, unit, date: "2018-10-25", txn, summary };
        pay(stage, &payment).await?;
        batches.push(batch.into());
    }
    Ok(Paid { hardship: paid, batches })
}

/// The model workers' payment names a unit that was not meant; red and blue put it right without a second movement of money.
async fn correct_mistake(stage: &mut Stage) -> anyhow::Result<Vec<String>> {
    let right = all_of("C");
    let mut wrong = right.clone();
    wrong.pop();
    wrong.push(batch_code("JKW", "C"));
    let mistaken = Payment {
        commitment: "CM-2018-C",
        batches: wrong,
        heads: 5_000,
        unit: 95,
        date: "2018-10-20",
        txn: "BK-OUT-C",
        summary: "直拨互助会 劳模5000×95(参保单位记错)",
    };
    let voucher = pay(stage, &mistaken).await?;
    stage.say(
        "  发现参保单位记错：红字注销、蓝字订正，同一笔银行流水",
        "  a wrong unit: red and blue, the same bank transaction",
    );
    let meant = Payment { batches: right.clone(), summary: "直拨互助会 劳模5000×95", ..mistaken };
    let disbursement = meant.disbursement();
    let replacement = v1::Disbursement { date: on("2018-10-22"), ..disbursement };
    let correction = v1::Correction {
        voucher,
        date: on("2018-10-22"),
        reason: "参保单位记错".into(),
        replacement: Some(Box::new(v1::Command { command: Some(v1::command::Command::Disbursement(replacement)) })),
        evidence: vec![paper(EvidenceKind::Other, "更正说明", "2018-10-22")],
    };
    let asked = ask!(stage, "maker", voucher.correct_voucher, CorrectVoucherRequest { correction: Some(correction) });
    stage.post(asked, "reviewer").await?;
    Ok(right)
}

/// November 30: 616,000 members at 75 yuan.
pub async fn november(stage: &mut Stage) -> anyhow::Result<Vec<String>> {
    stage.say("十一月  会员补贴", "November  the members' subsidy");
    let payment = Payment {
        commitment: "CM-2018-A",
        batches: all_of("A"),
        heads: 616_000,
        unit: 75,
        date: "2018-11-30",
        txn: "BK-OUT-A",
        summary: "直拨互助会 会员61.6万×75",
    };
    pay(stage, &payment).await?;
    Ok(payment.batches)
}

/// The cashier registers the slip, the maker submits, the reviewer passes. Gives the payment's voucher.
pub async fn pay(stage: &mut Stage, payment: &Payment<'_>) -> anyhow::Result<String> {
    stage.bank(Movement::to_association(payment.txn, payment.fen(), payment.date)).await?;
    let asked = ask!(stage, "maker", spending.disburse, DisburseRequest { disbursement: Some(payment.disbursement()) });
    let references = stage.post(asked, "reviewer").await?;
    references.into_iter().next().context("a payment without a voucher")
}

/// December 25: the association sends back three heads that did not qualify.
pub async fn three_heads_back(stage: &mut Stage, payment: &str) -> anyhow::Result<()> {
    let fen = 3 * yuan_fen(95);
    let movement = Movement { counterparty: PAYEE, ..Movement::into_special("BK-IN-TH", fen, "2018-12-25") };
    stage.bank(movement).await?;
    let back = v1::PaymentReturn {
        payment: payment.into(),
        heads: 3,
        amount_fen: fen,
        date: on("2018-12-25"),
        bank_account: SPECIAL.into(),
        bank_txn: "BK-IN-TH".into(),
        reason: "互助会退回不符合条件3人×95(当年)".into(),
        evidence: vec![paper(EvidenceKind::ReturnNotice, "退字2018-1号", "2018-12-25")],
    };
    let asked = ask!(stage, "maker", spending.record_return, RecordReturnRequest { payment_return: Some(back) });
    stage.post(asked, "reviewer").await.map(drop)
}
