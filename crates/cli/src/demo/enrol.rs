//! Enrolment: batches of every unit and their reviews, the 20 yuan in a stream of receipts, the days signed, the association's
//! confirmations, and the money passed on.

use api::v1;
use v1::premium_receipt_answer::Answer;
use v1::{BankDirection, Custody, EvidenceKind, GiftType, PayerType, Verdict};

use super::people::{PAYEE, UNITS, Unit, custody_account};
use super::stage::{Movement, Stage, ask, digest, on, paper, read, yuan_fen};
use crate::yuan;

/// Heads of one receipt: a workplace's.
const HEADS_PER_RECEIPT: u32 = 500;
/// Days on which the 20 yuan came in.
const RECEIPT_DAYS: [&str; 3] = ["2018-10-17", "2018-10-24", "2018-10-31"];
/// Members of 省直机关工会 whose 20 yuan stay behind until next year.
const LEFT_BEHIND: u32 = 100;

/// A batch to enrol.
pub struct Batch<'a> {
    /// Code.
    pub code: &'a str,
    /// Unit.
    pub unit: &'a str,
    /// Person code of its collecting system.
    pub collector: &'a str,
    /// Class and plan.
    pub class: (&'a str, &'a str),
    /// Heads.
    pub heads: u32,
    /// Premium a head, yuan.
    pub premium: i64,
    /// Programme year.
    pub year: u32,
    /// Day of handing in.
    pub date: &'a str,
}

/// Code of a unit's batch of a class.
pub fn batch_code(unit: &str, class: &str) -> String {
    format!("{class}-2018-{unit}")
}

/// Batches that other sources pay for, and the wrong one of the mis-posting: code, unit, class, plan, heads, premium.
const MORE: &[(&str, &str, &str, &str, u32, i64)] = &[
    ("B-2018-FS-CZ", "FS", "B", "COMP", 2_000, 95),
    ("B-2018-GZ-JK", "GZ", "B", "COMP", 1_000, 95),
    ("C-2018-GZ-JT", "GZ", "C", "ALLOW", 500, 80),
    ("C-2018-JKW", "JKW", "C", "COMP", 500, 95),
];

/// September: every unit enrols its people; hardship and model workers are reviewed by their departments.
pub async fn batches(stage: &mut Stage) -> anyhow::Result<()> {
    stage.say("九月  报名批次与审核", "September  enrolment and review");
    let mut count = 0;
    for unit in UNITS {
        for (class, heads) in [("A", unit.members + unit.by_union), ("B", unit.hardship), ("C", unit.model)] {
            if heads > 0 {
                let code = batch_code(unit.code, class);
                enrol(stage, &of_unit(&code, unit, (class, "COMP"), heads, 95)).await?;
                count += 1;
            }
        }
    }
    for (code, unit, class, plan, heads, premium) in MORE {
        let unit = UNITS.iter().find(|found| found.code == *unit);
        if let Some(unit) = unit {
            enrol(stage, &of_unit(code, unit, (class, plan), *heads, *premium)).await?;
            count += 1;
        }
    }
    stage.say(
        &format!("  {count} 个批次已报名；困难职工由职工服务部、劳模由经济工作部审核通过"),
        &format!("  {count} batches enrolled; hardship and model workers passed by their departments"),
    );
    Ok(())
}

fn of_unit<'a>(code: &'a str, unit: &'a Unit, class: (&'a str, &'a str), heads: u32, premium: i64) -> Batch<'a> {
    Batch { code, unit: unit.code, collector: unit.collector, class, heads, premium, year: 2018, date: "2018-09-10" }
}

/// Hands in a batch; B and C are reviewed by their department.
pub async fn enrol(stage: &mut Stage, batch: &Batch<'_>) -> anyhow::Result<()> {
    let asked = ask!(
        stage,
        batch.collector,
        program.submit_enrollment_batch,
        SubmitEnrollmentBatchRequest { form: Some(form(batch)) }
    );
    stage.accepted(asked)?;
    match batch.class.0 {
        "B" => review(stage, batch, "svc").await,
        "C" => review(stage, batch, "eco").await,
        _ => Ok(()),
    }
}

async fn review(stage: &mut Stage, batch: &Batch<'_>, department: &str) -> anyhow::Result<()> {
    let review = v1::EnrollmentReview {
        batch: batch.code.into(),
        verdict: Verdict::Approve.into(),
        reviewed_on: on(batch.date),
        reason: String::new(),
    };
    let asked =
        ask!(stage, department, program.review_enrollment_batch, ReviewEnrollmentBatchRequest { review: Some(review) });
    stage.accepted(asked).map(drop)
}

/// Code of the register snapshot that a class is drawn from; members need none.
pub fn snapshot_of(class: &str) -> &'static str {
    match class {
        "B" => "JD-2018",
        "C" => "RY-2018",
        _ => "",
    }
}

/// The form of a batch: its roster is known by its digest only.
pub fn form(batch: &Batch<'_>) -> v1::EnrollmentForm {
    let premium = i64::from(batch.heads) * yuan_fen(batch.premium);
    v1::EnrollmentForm {
        code: batch.code.into(),
        organization: batch.unit.into(),
        year: batch.year,
        class: batch.class.0.into(),
        plan: batch.class.1.into(),
        renewal: false,
        prior_confirmation_no: String::new(),
        unit_headcount: batch.heads * 2,
        insured_count: batch.heads,
        premium_total_fen: premium,
        high_risk_count: 0,
        gift_type: GiftType::None.into(),
        gift_count: 0,
        gift_per_person_fen: 0,
        gift_total_fen: 0,
        roster_rows: batch.heads,
        roster_digest: digest(&format!("roster {}", batch.code)),
        submitted_on: on(batch.date),
        cover_start: on(&format!("{}-01-01", batch.year + 1)),
        cover_end: on(&format!("{}-12-31", batch.year + 1)),
        evidence: vec![paper(EvidenceKind::MedicalProof, batch.code, batch.date)],
        snapshot: snapshot_of(batch.class.0).into(),
        proof_heads: batch.heads,
        in_service: batch.heads,
        upload: String::new(),
        tokens_digest: Vec::new(),
    }
}

/// October: units stream their receipts of 20 yuan a head; each day is signed by cashier and reviewer.
pub async fn receipts(stage: &mut Stage) -> anyhow::Result<()> {
    stage.say("  各单位系统以流方式报送 20 元代收", "  the units' systems stream the receipts of 20 yuan");
    for unit in UNITS {
        let client = stage.client(unit.collector)?;
        let (mut heads, mut fen, mut last) = (0u64, 0i64, 0u64);
        let mut failed = None;
        let items = items_of(unit);
        let by_id: std::collections::HashMap<String, (u32, i64)> = items
            .iter()
            .filter_map(|item| Some((item.request_id.clone(), item.receipt.as_ref().map(|r| (r.heads, r.amount_fen))?)))
            .collect();
        let posted = client.post_receipts(super::stage::BOOK, items, |answer| match answer.answer {
            Some(Answer::Result(result)) => {
                last = last.max(result.receipt.map_or(0, |receipt| receipt.sequence));
                let (of_heads, of_fen) = by_id.get(&answer.request_id).copied().unwrap_or_default();
                heads += u64::from(of_heads);
                fen += of_fen;
            }
            Some(Answer::Error(error)) => failed = Some(error.message),
            None => failed = Some("an answer without content".to_owned()),
        });
        let progress = posted.await.map_err(|error| stage.failed(&error))?;
        if let Some(message) = failed {
            anyhow::bail!("{}: {message}", unit.name);
        }
        stage.seen = stage.seen.max(last);
        let amount = yuan::show(fen);
        stage.say(
            &format!("    {}：{} 笔，{heads} 人，{amount} 元", unit.name, progress.posted),
            &format!("    {}: {} receipts, {heads} heads, {amount} yuan", unit.name, progress.posted),
        );
    }
    for day in RECEIPT_DAYS {
        sign(stage, day).await?;
    }
    Ok(())
}

/// A unit's receipts: its members' and its union's, in workplaces of 500, over the days.
fn items_of(unit: &Unit) -> Vec<v1::PremiumReceiptItem> {
    let mut items = Vec::new();
    for (payer, total) in [(PayerType::Member, unit.members), (PayerType::UnitUnion, unit.by_union)] {
        let mut left = total;
        while left > 0 {
            let heads = left.min(HEADS_PER_RECEIPT);
            left -= heads;
            let number = items.len() + 1;
            let receipt = v1::PremiumReceipt {
                holder: unit.code.into(),
                payer: payer.into(),
                batch: batch_code(unit.code, "A"),
                heads,
                unit_fen: yuan_fen(20),
                amount_fen: i64::from(heads) * yuan_fen(20),
                received_on: on(RECEIPT_DAYS[number % RECEIPT_DAYS.len()]),
                custody: Custody::Collector.into(),
                bill_no: format!("{}-{number:06}", unit.code),
                bank_txn: String::new(),
                source_seq: number as u64,
            };
            items.push(v1::PremiumReceiptItem {
                request_id: format!("{}-{number:06}", unit.code),
                receipt: Some(receipt),
            });
        }
    }
    items
}

/// Cashier and reviewer sign a day's receipts as the ledger has them.
async fn sign(stage: &mut Stage, day: &str) -> anyhow::Result<()> {
    let (mut count, mut total_fen, mut page_token) = (0u64, 0i64, String::new());
    loop {
        let page = read!(
            stage,
            "cashier",
            voucher.list_vouchers,
            ListVouchersRequest {
                page_size: 1_000,
                page_token: page_token,
                from_date: on(day),
                to_date: on(day),
                word: v1::VoucherWord::Receipt.into(),
            }
        )
        .map_err(|error| stage.failed(&error))?;
        count += page.vouchers.len() as u64;
        total_fen += page.vouchers.iter().map(|voucher| voucher.total_fen).sum::<i64>();
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let summary = v1::DailySummary { day: on(day), count, total_fen };
    let asked = ask!(stage, "cashier", book.sign_daily_summary, SignDailySummaryRequest { summary: Some(summary) });
    stage.settle(asked, "reviewer").await?;
    let amount = yuan::show(total_fen);
    stage.say(
        &format!("  {day} 代收汇总 {count} 张 {amount} 元，出纳、审核签章"),
        &format!("  {day} {count} receipts, {amount} yuan, signed by cashier and reviewer"),
    );
    Ok(())
}

/// December: the association confirms what it was paid for.
pub async fn confirm(stage: &mut Stage, batches: &[String]) -> anyhow::Result<()> {
    let known = read!(
        stage,
        "association",
        program.list_enrollment_batches,
        ListEnrollmentBatchesRequest { year: 2018, page_size: 1_000 }
    )
    .map_err(|error| stage.failed(&error))?;
    let forms = known.batches.into_iter().filter_map(|batch| batch.form);
    let paid: Vec<v1::EnrollmentForm> = forms.filter(|form| batches.contains(&form.code)).collect();
    for form in &paid {
        let confirmation = v1::CoverageConfirmation {
            batch: form.code.clone(),
            confirmation_no: format!("QR-{}", form.code),
            heads: form.insured_count,
            amount_fen: form.premium_total_fen,
            confirmed_on: on("2018-12-05"),
        };
        let asked = ask!(
            stage,
            "association",
            program.confirm_coverage,
            ConfirmCoverageRequest { confirmation: Some(confirmation) }
        );
        stage.accepted(asked)?;
    }
    let heads: u64 = paid.iter().map(|form| u64::from(form.insured_count)).sum();
    stage.say(
        &format!("  互助会出具 {} 份确认书，{heads} 人", paid.len()),
        &format!("  the association confirms {} batches, {heads} heads", paid.len()),
    );
    Ok(())
}

/// December: the units pass the 20 yuan on; 100 members' stay behind.
pub async fn remit(stage: &mut Stage) -> anyhow::Result<()> {
    for unit in UNITS {
        let members = if unit.code == "ZJ" { unit.members - LEFT_BEHIND } else { unit.members };
        let item = |source: &str, heads: u32| v1::RemittanceItem {
            source: source.into(),
            batch: String::new(),
            heads,
            amount_fen: i64::from(heads) * yuan_fen(20),
        };
        let (txn, account) = (format!("BK-OUT-20Y-{}", unit.code), custody_account(unit));
        let fen = i64::from(members + unit.by_union) * yuan_fen(20);
        let (id, direction) = (txn.as_str(), BankDirection::Out);
        let movement = Movement { id, account: &account, direction, fen, date: "2018-12-10", counterparty: PAYEE };
        stage.bank(movement).await?;
        let remittance = v1::Remittance {
            holder: unit.code.into(),
            year: 2018,
            payee_account: PAYEE.into(),
            items: vec![item("S1M", members), item("S1U", unit.by_union)],
            date: on("2018-12-10"),
            bank_txn: txn.clone(),
            summary: format!("上解20元至省职工保障互助会 {}人", members + unit.by_union),
            evidence: vec![paper(EvidenceKind::BankSlip, &txn, "2018-12-10")],
        };
        let asked =
            ask!(stage, unit.collector, premium.remit_premiums, RemitPremiumsRequest { remittance: Some(remittance) });
        stage.post(asked, "reviewer").await?;
    }
    Ok(())
}
