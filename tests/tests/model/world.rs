//! The small worlds that sequences start from: a book just opened, one in the middle of its season, one at its year-end and one after
//! it. Each is built by commands, compared like all others.

use ledger::preset;
use record::command::{
    AllocateQuota, BudgetLine, ClassTarget, ClosePeriod, CloseYear, CreateBook, GrantRole, QuotaLine,
    RegisterBankAccount, RegisterOrganization, RegisterScheme, RegisterSnapshot, ReviewCommand, RevokeRole, SetBudget,
    SetDuesStatus,
};
use record::kinds::{
    ApprovalKind, BankPurpose, Change, EvidenceKind, OrgType, RegisterKind, Role, Verdict as Judgement,
};
use record::{Command, Day, Fen, Period};
use testkit::model::Verdict;

use super::make_flow;
use super::make_in;
use super::make_out;
use super::pair::{BOOK, Pair};
use super::papers::{AID, OWN, PAYER, SPECIAL, TREASURY, approval, day, digest, documents, organization, person};
use super::rng::Rng;

type Built = Result<(), String>;
type Maker = fn(&mut Pair, &mut Rng) -> make_in::Made;

/// First days that are live, one for each kind of book: from its start, from the season's last days, later than all sequences.
pub const LIVE_FROM: [&str; 3] = ["2018-01-01", "2018-12-10", "2019-09-01"];

/// The stages that a sequence can start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Opened,
    Season,
    YearEnd,
    NextYear,
}

pub const STAGES: [Stage; 4] = [Stage::Opened, Stage::Season, Stage::YearEnd, Stage::NextYear];

/// Asks, has what waits reviewed by somebody who may, and gives what was said in the end. Who registered approvals in another office
/// steps aside for a colleague.
pub fn settle(pair: &mut Pair, who: &str, command: &Command) -> Result<Verdict, String> {
    let asks_approval = !matches!(command, Command::RecordApproval(_));
    let who = if who == "zhuan" && asks_approval { "zhi1" } else { who };
    let verdict = pair.ask(who, command.clone())?;
    if verdict != Verdict::Submitted {
        return Ok(verdict);
    }
    let submission = pair.model.waiting.last().ok_or("nothing waits")?.number;
    let review = ReviewCommand { submission, verdict: Judgement::Approve, reason: String::new() };
    let reviewer = make_flow::reviewer_of(pair, command, who).ok_or("nobody may review")?;
    pair.ask(&reviewer, Command::ReviewCommand(review))
}

/// Has a command done; a refusal is an error.
pub fn done(pair: &mut Pair, who: &str, command: Command) -> Built {
    match settle(pair, who, &command)? {
        Verdict::Accepted(_) => Ok(()),
        other => Err(format!("{command:?}: {other:?}")),
    }
}

/// Asks for what the makers make; a refusal is part of the season.
pub fn attempt(pair: &mut Pair, rng: &mut Rng, makers: &[Maker]) -> Built {
    for make in makers {
        if let Some((who, command)) = make(pair, rng)? {
            settle(pair, &who, &command)?;
        }
    }
    Ok(())
}

/// A book of the stage.
pub fn build(stage: Stage, live_from: &str) -> Result<Pair, String> {
    let mut pair = Pair::default();
    pair.set_day(day("2018-10-08"));
    open(&mut pair, day(live_from))?;
    if stage != Stage::Opened {
        season(&mut pair)?;
    }
    if matches!(stage, Stage::YearEnd | Stage::NextYear) {
        year_end(&mut pair)?;
    }
    if stage == Stage::NextYear {
        done(&mut pair, "zhu", Command::CloseYear(CloseYear { year: 2018 }))?;
        budget(&mut pair, 2019)?;
        attempt(&mut pair, &mut Rng::new(2019), &[make_in::batch, make_in::batch, make_in::batch])?;
        work(&mut pair, &mut Rng::new(2019))?;
    }
    pair.mark();
    Ok(pair)
}

fn open(pair: &mut Pair, live_from: Day) -> Built {
    use Role::{Approver, Audit, Cashier, EcoDept, FinChief, FinMaker, FinReviewer, MutualAid, SvcDept};
    let staff: &[(&str, &[Role])] = &[
        ("zhi1", &[FinMaker]),
        ("zhi2", &[FinMaker]),
        ("shen1", &[FinReviewer]),
        ("shen2", &[FinReviewer]),
        ("zhu", &[FinChief]),
        ("zhushen", &[FinChief, FinReviewer]),
        ("chu1", &[Cashier]),
        ("chu2", &[Cashier]),
        ("fu", &[SvcDept]),
        ("fupi", &[SvcDept, Approver]),
        ("jing", &[EcoDept]),
        ("pi", &[Approver]),
        ("zhuan", &[Approver]),
        ("huzhu", &[MutualAid]),
        ("shenji", &[Audit]),
    ];
    let preset = preset::builtin("hospital-2018").map_err(|e| e.to_string())?;
    let create = CreateBook {
        book: BOOK.into(),
        name: "省总住院二次医保资金".into(),
        organization: organization(OWN, OrgType::ProvFed, ""),
        preset,
        first_period: Period { year: 2018, month: 10 },
        live_from,
        persons: staff.iter().map(|(code, roles)| person(code, roles, "")).collect(),
    };
    done(pair, "zhu", Command::CreateBook(Box::new(create)))?;
    let organizations = [
        ("GZ", OrgType::CityFed, OWN),
        ("SZ", OrgType::CityFed, OWN),
        ("CHANG", OrgType::Grassroots, "GZ"),
        ("JUAN", OrgType::Donor, ""),
        ("CAI", OrgType::Fiscal, ""),
    ];
    for (code, org_type, parent) in organizations {
        let organization = organization(code, org_type, parent);
        done(pair, "zhi1", Command::RegisterOrganization(RegisterOrganization { organization }))?;
    }
    for (code, organization) in [("gz", "GZ"), ("sz", "SZ")] {
        let person = person(code, &[Role::Collector], organization);
        done(pair, "zhu", Command::GrantRole(GrantRole { person }))?;
    }
    let accounts = [
        (SPECIAL, OWN, BankPurpose::FundSpecial),
        ("ZH-2", OWN, BankPurpose::FundSpecial),
        ("DG-GZ", "GZ", BankPurpose::Custody),
        ("DG-SZ", "SZ", BankPurpose::Custody),
        (AID, "GDZHZ", BankPurpose::Payee),
        (PAYER, "JUAN", BankPurpose::Payer),
        (TREASURY, "CAI", BankPurpose::Payer),
    ];
    for (code, organization, purpose) in accounts {
        done(pair, "zhi1", Command::RegisterBankAccount(bank_account(code, organization, purpose)))?;
    }
    registers(pair)?;
    schemes(pair)
}

pub fn bank_account(code: &str, organization: &str, purpose: BankPurpose) -> RegisterBankAccount {
    RegisterBankAccount {
        code: code.into(),
        organization: organization.into(),
        purpose,
        name: format!("户{code}"),
        masked_no: "****0001".into(),
        currency: "CNY".into(),
    }
}

/// Schemes of two years, some approvals, and a maker who registered one of them in another office before.
fn schemes(pair: &mut Pair) -> Built {
    let met = day("2018-10-01");
    for (year, deadline) in [(2018, "2018-12-15"), (2019, "2019-12-15")] {
        let scheme = approval(pair, ApprovalKind::Scheme, met, 5_000_000, "");
        let code = scheme.code.clone();
        done(pair, "pi", Command::RecordApproval(scheme))?;
        let target = |class: &str, heads| ClassTarget { class: class.into(), heads };
        let scheme = RegisterScheme {
            year,
            doc_no: format!("粤工总〔{year}〕18号"),
            approval: code,
            total_fen: 5_000_000,
            targets: vec![target("A", 300), target("B", 60), target("C", 20)],
            enroll_deadline: day(deadline),
            cover_months: 12,
        };
        done(pair, "fu", Command::RegisterScheme(scheme))?;
    }
    for (who, kind, max) in [
        ("pi", ApprovalKind::Expenditure, 900_000),
        ("zhuan", ApprovalKind::Expenditure, 900_000),
        ("fupi", ApprovalKind::Scheme, 100_000),
        ("fupi", ApprovalKind::Param, 0),
        ("fupi", ApprovalKind::Standard, 0),
        ("pi", ApprovalKind::Param, 0),
        ("pi", ApprovalKind::Standard, 0),
        ("pi", ApprovalKind::CarryToSurplus, 200_000),
        ("pi", ApprovalKind::BudgetAdjust, 200_000),
    ] {
        let approval = approval(pair, kind, met, max, "");
        done(pair, who, Command::RecordApproval(approval))?;
    }
    let roles = vec![Role::Approver];
    done(pair, "zhu", Command::RevokeRole(RevokeRole { person: "zhuan".into(), roles }))?;
    done(pair, "zhu", Command::GrantRole(GrantRole { person: person("zhuan", &[Role::FinMaker], "") }))
}

/// Dues of both cities for two years, and states of both registers.
fn registers(pair: &mut Pair) -> Built {
    let as_of = pair.today();
    for (organization, year) in [("GZ", 2018), ("SZ", 2018), ("GDFED", 2019)] {
        let evidence = documents(pair, EvidenceKind::Reply, as_of);
        let dues = SetDuesStatus { organization: organization.into(), year, fully_paid: true, as_of, evidence };
        done(pair, "zhi1", Command::SetDuesStatus(dues))?;
    }
    for (who, register) in [("fu", RegisterKind::Hardship), ("jing", RegisterKind::Honour)] {
        let snapshot = RegisterSnapshot {
            code: format!("CE-{register}"),
            register,
            version: "第1版".into(),
            organization: OWN.into(),
            as_of,
            heads: 20,
            digest: digest(pair),
        };
        done(pair, who, Command::RegisterSnapshot(snapshot))?;
    }
    Ok(())
}

/// Budget of every kind of money, and places.
fn budget(pair: &mut Pair, year: u16) -> Built {
    let today = pair.today();
    let allowed = approval(pair, ApprovalKind::Budget, day("2018-10-01"), 4_000_000, "");
    let code = allowed.code.clone();
    done(pair, "pi", Command::RecordApproval(allowed))?;
    let lines: Vec<BudgetLine> = [
        ("S2P", "A", "COMP", 1_500_000),
        ("S2P", "B", "COMP", 400_000),
        ("S2P", "C", "ALLOW", 200_000),
        ("S2F", "B", "COMP", 200_000),
        ("S3R", "B", "COMP", 200_000),
        ("S3N", "C", "COMP", 200_000),
    ]
    .into_iter()
    .map(|(source, class, plan, fen)| budget_line(source, class, plan, fen))
    .collect();
    let total_fen: Fen = lines.iter().map(|l| l.fen).sum();
    let evidence = documents(pair, EvidenceKind::Minutes, today);
    done(
        pair,
        "zhi1",
        Command::SetBudget(SetBudget { year, date: today, approval: code, total_fen, lines, evidence }),
    )?;
    let places = |class: &str, plan: &str, heads| QuotaLine { class: class.into(), plan: plan.into(), heads };
    let quota = AllocateQuota {
        notice_no: format!("名额{year}"),
        organization: "GZ".into(),
        year,
        source: "S2P".into(),
        date: today,
        change: Change::Increase,
        lines: vec![places("A", "COMP", Some(80)), places("B", "COMP", Some(12)), places("C", "ALLOW", None)],
        basis: "上缴经费".into(),
        second_level: false,
        evidence: documents(pair, EvidenceKind::QuotaTable, today),
    };
    done(pair, "fu", Command::AllocateQuota(quota))
}

pub fn budget_line(source: &str, class: &str, plan: &str, fen: Fen) -> BudgetLine {
    BudgetLine { source: source.into(), class: class.into(), plan: plan.into(), fen, change: Change::Increase }
}

/// Money of several kinds, batches, commitments and receipts.
fn season(pair: &mut Pair) -> Built {
    let mut rng = Rng::new(2018);
    budget(pair, 2018)?;
    for kind in make_in::INCOME_KINDS {
        for _ in 0..4 {
            let income = make_in::income_of(pair, &mut rng, *kind)?;
            done(pair, "zhi1", Command::RecordIncome(income))?;
        }
    }
    pair.set_day(day("2018-10-20"));
    let enrolled = [
        ("GZ", "A", "COMP", 8),
        ("CHANG", "A", "COMP", 7),
        ("SZ", "A", "COMP", 6),
        ("GZ", "B", "COMP", 4),
        ("SZ", "B", "COMP", 3),
        ("GZ", "C", "COMP", 2),
        ("GZ", "C", "ALLOW", 2),
    ];
    for (unit, class, plan, heads) in enrolled {
        let batch = make_in::batch_of(pair, unit, 2018, (class, plan), heads);
        let system = if unit == "SZ" { "sz" } else { "gz" };
        done(pair, system, Command::SubmitEnrollmentBatch(batch))?;
    }
    work(pair, &mut rng)?;
    spend(pair, 3)
}

/// Batches reviewed, premiums received, budget committed.
fn work(pair: &mut Pair, rng: &mut Rng) -> Built {
    for _ in 0..8 {
        attempt(pair, rng, &[make_in::batch_review, make_in::receipt, make_out::commit])?;
    }
    Ok(())
}

/// Payments, of which one comes back in part, and premiums passed on.
fn spend(pair: &mut Pair, times: usize) -> Built {
    let mut rng = Rng::new(618);
    pair.set_day(day("2018-11-05"));
    for time in 0..times {
        let other: [Maker; 3] = [make_in::remit, make_out::give_back, make_in::receipt];
        attempt(pair, &mut rng, &[make_out::pay, make_out::pay, make_out::pay, other[time % other.len()]])?;
    }
    Ok(())
}

/// Commitments released, days signed, October and November closed; December is over.
fn year_end(pair: &mut Pair) -> Built {
    let mut rng = Rng::new(1231);
    pair.set_day(day("2019-01-08"));
    for _ in 0..12 {
        attempt(pair, &mut rng, &[make_out::release_whole, make_flow::sign_day])?;
    }
    for month in [10, 11] {
        done(pair, "zhu", Command::ClosePeriod(ClosePeriod { period: Period { year: 2018, month } }))?;
    }
    Ok(())
}
