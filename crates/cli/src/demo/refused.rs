//! What the money must not be used for: attempts at diversion after the year is closed, each of which the ledger refuses. They are real
//! requests; their refusals stand in the log.

use api::v1;
use tonic::Status;
use v1::{ApprovalBody, ApprovalKind, BankDirection, EvidenceKind, Role};

use super::enrol::{self, Batch};
use super::income::{self, Kind, Receipt};
use super::pay::{self, Commitment, Payment};
use super::people::{SPECIAL, UNITS, custody_account};
use super::setup::set_budget;
use super::stage::{Asked, Movement, Stage, approval, ask, on, paper, yuan_fen};

/// An attempt and what the server said to it.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// What was tried, in Chinese.
    pub zh: &'static str,
    /// What was tried, in English.
    pub en: &'static str,
    /// The refusal.
    pub status: Status,
}

/// Batches of the new year: code, class, heads.
const NEW_BATCHES: &[(&str, &str, u32)] = &[("B-2019-GZ", "B", 10), ("B-2019-GZ-1", "B", 5), ("C-2019-GZ", "C", 5)];
/// A hardship batch that no department has reviewed.
const UNREVIEWED: &str = "B-2019-GZ-2";
/// A member who enrolled in time, one more than the scheme has places.
const ONE_MORE: &str = "A-2018-GZ-2";

fn batch<'a>(code: &'a str, class: &'a str, heads: u32, year: u32, date: &'a str) -> Batch<'a> {
    Batch { code, unit: "GZ", collector: "collector-gz", class: (class, "COMP"), heads, premium: 95, year, date }
}

/// Hands in a batch that nobody reviews.
async fn hand_in(stage: &mut Stage, batch: &Batch<'_>) -> anyhow::Result<Asked> {
    let form = Some(enrol::form(batch));
    Ok(ask!(stage, "collector-gz", program.submit_enrollment_batch, SubmitEnrollmentBatchRequest { form }))
}

/// December 2018: one member more than there are places for.
pub async fn one_more(stage: &mut Stage) -> anyhow::Result<()> {
    let asked = hand_in(stage, &batch(ONE_MORE, "A", 1, 2018, "2018-12-14")).await?;
    stage.accepted(asked).map(drop)
}

/// January 2019: a scheme, and a little budget out of what was carried forward, so that each attempt meets the rule it is about. And the
/// scheme of 2020, the first year in which the book is live.
pub async fn new_year(stage: &mut Stage) -> anyhow::Result<()> {
    stage.say("2019 年一月  新年度方案与少量预算", "January 2019  the new scheme and a little budget");
    scheme(stage, 2019).await?;
    scheme(stage, 2020).await?;
    let budget = (ApprovalKind::Budget, ApprovalBody::Leadership);
    stage.approve(approval("APR-BUD-2019", budget, "2019-01-07", "粤工总〔2019〕2号", yuan_fen(12_000))).await?;
    set_budget(stage, (2019, "2019-01-08"), "APR-BUD-2019", &[("S5I", "B", "COMP", 9_500), ("S3R", "C", "COMP", 475)])
        .await?;
    for (code, class, heads) in NEW_BATCHES {
        enrol::enrol(stage, &batch(code, class, *heads, 2019, "2019-01-05")).await?;
    }
    let asked = hand_in(stage, &batch(UNREVIEWED, "B", 4, 2019, "2019-01-05")).await?;
    stage.accepted(asked)?;
    let outlay = (ApprovalKind::Expenditure, ApprovalBody::ChairOffice);
    let doc_no = "主席办公会议纪要〔2019〕1号";
    stage.approve(approval("APR-EXP-2019", outlay, "2019-01-09", doc_no, yuan_fen(100_000))).await?;
    for (code, line, heads) in [("CM-2019-B", ("S5I", "B", "COMP"), 15), ("CM-2019-C", ("S3R", "C", "COMP"), 5)] {
        pay::commit(stage, &commitment(code, line, heads)).await?;
    }
    stage.say("  合规的一笔照常拨付", "  a lawful payment goes through as ever");
    let lawful = Payment { txn: "BK-2019-0", ..payment("CM-2019-B", "B-2019-GZ-1", 5, 95) };
    pay::pay(stage, &lawful).await?;
    bank_slips(stage).await
}

/// A year's scheme under the party group's approval.
async fn scheme(stage: &mut Stage, year: u32) -> anyhow::Result<()> {
    let (code, doc_no) = (format!("APR-SCHEME-{year}"), format!("粤工总〔{year}〕1号"));
    let kind = (ApprovalKind::Scheme, ApprovalBody::PartyGroup);
    stage.approve(approval(&code, kind, &format!("{year}-01-03"), &doc_no, yuan_fen(1_000_000))).await?;
    let target = |class: &str, heads| v1::ClassTarget { class: class.into(), heads };
    let scheme = v1::Scheme {
        year,
        doc_no,
        approval: code,
        total_fen: yuan_fen(1_000_000),
        targets: vec![target("A", 10_000), target("B", 1_000), target("C", 100)],
        enroll_deadline: on(&format!("{year}-12-15")),
        cover_months: 12,
    };
    let asked = ask!(stage, "svc", program.register_scheme, RegisterSchemeRequest { scheme: Some(scheme) });
    stage.settle(asked, "chief").await.map(drop)
}

/// Movements that the attempts would be booked on.
async fn bank_slips(stage: &mut Stage) -> anyhow::Result<()> {
    let date = "2019-01-10";
    stage.bank(Movement::to_association("BK-2019-1", yuan_fen(950), date)).await?;
    let (gz, zj) = (custody_account(&UNITS[0]), custody_account(&UNITS[5]));
    for (id, account, fen) in [("BK-2019-2", SPECIAL, 950), ("BK-2019-3", zj.as_str(), 2_000)] {
        let (direction, fen) = (BankDirection::Out, yuan_fen(fen));
        stage.bank(Movement { id, account, direction, fen, date, counterparty: &gz }).await?;
    }
    stage.bank(Movement::into_special("BK-2018-LATE", yuan_fen(1_000), "2018-11-15")).await
}

fn commitment<'a>(code: &'a str, line: (&'a str, &'a str, &'a str), heads: u32) -> Commitment<'a> {
    Commitment { code, under: "APR-EXP-2019", line, heads, unit: 95, year: 2019, date: "2019-01-09" }
}

/// The lawful payment that the attempts bend: ten hardship workers out of last year's interest.
fn lawful() -> v1::Disbursement {
    payment("CM-2019-B", "B-2019-GZ", 10, 95).disbursement()
}

fn payment<'a>(commitment: &'a str, batch: &str, heads: u32, unit: i64) -> Payment<'a> {
    let batches = vec![batch.to_owned()];
    Payment { commitment, batches, heads, unit, date: "2019-01-10", txn: "BK-2019-1", summary: "" }
}

/// Payments that are lawful but for one thing.
fn bent_payments() -> Vec<(&'static str, &'static str, v1::Disbursement)> {
    let share = |grant: &str, fen| v1::GrantShare { grant: grant.into(), amount_fen: fen };
    vec![
        (
            "付给市总工会而不是互助会",
            "pay a city federation instead of the association",
            v1::Disbursement { payee_account: custody_account(&UNITS[0]), bank_txn: "BK-2019-2".into(), ..lawful() },
        ),
        ("列支管理费", "spend it on administration", v1::Disbursement { r#use: "ADMIN".into(), ..lawful() }),
        ("记作其他应收款借出", "lend it out as a receivable", v1::Disbursement { account: "135".into(), ..lawful() }),
        (
            "按每人 80 元付综合互助保障（标准 95 元）",
            "pay 80 yuan a head where the standard is 95",
            payment("CM-2019-B", "B-2019-GZ", 10, 80).disbursement(),
        ),
        (
            "10 人按 900 元付（10×95=950）",
            "pay 900 yuan for ten heads at 95",
            v1::Disbursement { amount_fen: yuan_fen(900), ..lawful() },
        ),
        ("第 616,001 名会员", "the 616,001st member", payment("CM-2018-A", ONE_MORE, 1, 75).disbursement()),
        (
            "用限定捐赠的钱付利息来源的支出",
            "pay with another source's money",
            v1::Disbursement { grants: vec![share("G-S3R-2018", yuan_fen(950))], ..lawful() },
        ),
        (
            "限困难职工的捐赠用于劳模",
            "spend a donation outside its agreement",
            payment("CM-2019-C", "C-2019-GZ", 5, 95).disbursement(),
        ),
        (
            "困难职工批次未经职工服务部审核",
            "pay for hardship workers whom no department reviewed",
            payment("CM-2019-B", UNREVIEWED, 4, 95).disbursement(),
        ),
        (
            "从专户提取现金",
            "take cash from the special account",
            v1::Disbursement { settlement: v1::Settlement::Cash.into(), ..lawful() },
        ),
        (
            "用已入账的银行流水再付一次",
            "book a bank slip a second time",
            v1::Disbursement { bank_txn: "BK-2019-0".into(), ..lawful() },
        ),
    ]
}

/// Tries every diversion. The first that is accepted ends the demonstration as failed.
pub async fn attempts(stage: &mut Stage) -> anyhow::Result<Vec<Attempt>> {
    let mut told = Vec::new();
    for (zh, en, disbursement) in bent_payments() {
        let asked = ask!(stage, "maker", spending.disburse, DisburseRequest { disbursement: Some(disbursement) });
        note(stage, &mut told, (zh, en), asked)?;
    }
    let over = commitment("CM-2019-X", ("S5I", "B", "COMP"), 1_000);
    let asked = ask!(
        stage,
        "maker",
        spending.commit_expenditure,
        CommitExpenditureRequest { commitment: Some(pay::commitment(&over)) }
    );
    note(stage, &mut told, ("超出预算占用 1,000 人", "commit more than the budget holds"), asked)?;
    let late = batch("B-2020-GZ", "B", 3, 2020, "2020-12-10");
    let asked = hand_in(stage, &late).await?;
    note(
        stage,
        &mut told,
        ("启用后截止日已过仍报批次（单据倒填日期）", "enrol after the deadline, the form dated back"),
        asked,
    )?;
    back_dated(stage, &mut told).await?;
    own_review(stage, &mut told).await?;
    aside(stage, &mut told).await?;
    Ok(told)
}

fn note(
    stage: &mut Stage,
    told: &mut Vec<Attempt>,
    (zh, en): (&'static str, &'static str),
    asked: Asked,
) -> anyhow::Result<()> {
    let status = stage.refused(asked).map_err(|error| error.context(zh))?;
    told.push(Attempt { zh, en, status });
    Ok(())
}

/// Income dated into a month that is closed.
async fn back_dated(stage: &mut Stage, told: &mut Vec<Attempt>) -> anyhow::Result<()> {
    let receipt = Receipt {
        kind: Kind::Other(v1::OtherIncomeKind::OtherLawful),
        date: "2018-11-15",
        fen: yuan_fen(1_000),
        grant: ("G-S6X-LATE", "DON-2", "依据2018-2号", &[]),
        papers: &[EvidenceKind::LegalBasis],
        summary: "补记十一月收入",
    };
    let asked = income::record(stage, receipt.kind, income::income(&receipt, "BK-2018-LATE")).await?;
    note(stage, told, ("倒填日期记入已结账的十一月", "date a voucher back into closed November"), asked)
}

/// The maker's own review of the maker's payment, and the roles that would allow it.
async fn own_review(stage: &mut Stage, told: &mut Vec<Attempt>) -> anyhow::Result<()> {
    let asked = ask!(stage, "maker", spending.disburse, DisburseRequest { disbursement: Some(lawful()) });
    let result = stage.accepted(asked)?;
    let Some(v1::mutation_result::Outcome::Submitted(submitted)) = result.outcome else {
        anyhow::bail!("a payment took effect without review")
    };
    let review = |verdict: v1::Verdict, reason: &str| v1::CommandReview {
        submission: submitted.submission,
        verdict: verdict.into(),
        reason: reason.into(),
    };
    let own = review(v1::Verdict::Approve, "");
    let asked = ask!(stage, "maker", voucher.review_command, ReviewCommandRequest { review: Some(own) });
    note(stage, told, ("制单人审核自己的付款", "review one's own payment"), asked)?;
    let both = v1::Person {
        code: "maker".into(),
        display: "制单岗".into(),
        roles: vec![Role::FinReviewer.into()],
        organization: String::new(),
    };
    let asked = ask!(stage, "chief", book.grant_role, GrantRoleRequest { person: Some(both) });
    note(stage, told, ("让制单人兼任审核", "make the maker a reviewer too"), asked)?;
    // The payment itself is lawful; the reviewer sends it back, so that nothing waits when the demonstration ends.
    let sent_back = review(v1::Verdict::Reject, "演示用，退回");
    let asked = ask!(stage, "reviewer", voucher.review_command, ReviewCommandRequest { review: Some(sent_back) });
    stage.accepted(asked).map(drop)
}

/// The 20 yuan kept among the unions, carry-forward turned into surplus, and a person's number in a text.
async fn aside(stage: &mut Stage, told: &mut Vec<Attempt>) -> anyhow::Result<()> {
    let remittance = v1::Remittance {
        holder: "ZJ".into(),
        year: 2018,
        payee_account: custody_account(&UNITS[0]),
        items: vec![v1::RemittanceItem {
            source: "S1M".into(),
            batch: String::new(),
            heads: 100,
            amount_fen: yuan_fen(2_000),
        }],
        date: on("2019-01-10"),
        bank_txn: "BK-2019-3".into(),
        summary: String::new(),
        evidence: vec![paper(EvidenceKind::Other, "BK-2019-3", "2019-01-10")],
    };
    let asked =
        ask!(stage, "collector-zj", premium.remit_premiums, RemitPremiumsRequest { remittance: Some(remittance) });
    note(stage, told, ("20 元转给另一家工会而不上解", "pass the 20 yuan to another union"), asked)?;
    let carry = v1::SurplusCarry {
        source: "S4C".into(),
        grant: "G-S4C-2018".into(),
        amount_fen: yuan_fen(30_000),
        approval: String::new(),
        date: on("2019-01-10"),
        evidence: vec![paper(EvidenceKind::Other, "结余说明", "2019-01-10")],
    };
    let asked = ask!(stage, "maker", spending.carry_to_surplus, CarryToSurplusRequest { carry: Some(carry) });
    note(stage, told, ("未经批准把结转转作结余", "turn carry-forward into surplus without approval"), asked)?;
    // A synthetic number, of nobody: the answer names the field and does not repeat it.
    let disbursement = v1::Disbursement { summary: "付给某职工 110101199003070011".into(), ..lawful() };
    let asked = ask!(stage, "maker", spending.disburse, DisburseRequest { disbursement: Some(disbursement) });
    note(
        stage,
        told,
        ("摘要写入身份证号（合成号）", "write an identity number into a summary (a synthetic one)"),
        asked,
    )
}
