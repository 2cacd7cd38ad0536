//! The worked season of 2018 (books.md 4.6) as data: what is asked on which day, in order. Who asks follows from the command's roles
//! ([`Book::act`]). Units are simplified to one city with two units; amounts and sources are the worked example's, to the fen.

use record::command::{GrantRole, RecordIncome, RegisterBankTransaction};
use record::kinds::{
    ApprovalKind, BankPurpose, Direction, IncomeKind, OrgType, PayerType, RegisterKind, Role, Settlement, Word,
};
use record::{Command, Day, Fen, Period, VoucherRef};

use crate::book::{Book, took_effect};
use crate::build::{
    self, GZ, PAYEE, PROVINCE, SPECIAL, bank_account, bank_txn, budget_line, custody_of, day, organization, quota_line,
    yuan,
};

/// One command of the season, and the day on which it is asked.
#[derive(Clone, Debug)]
pub struct Step {
    /// The day.
    pub day: Day,
    /// The command.
    pub command: Command,
}

fn on(text: &str, command: Command) -> Step {
    Step { day: day(text), command }
}

/// The first month of the season's book.
pub const FIRST_PERIOD: Period = Period { year: 2018, month: 4 };

/// Opens the book: cast, organisations, accounts, the city's collector. `live_from` decides from when deadlines are judged live.
pub fn opening(live_from: Day) -> Vec<Step> {
    let at = |command| on("2018-04-08", command);
    let org = |code: &str, name: &str, org_type, parent: &str| {
        at(Command::RegisterOrganization(organization(code, name, org_type, parent)))
    };
    let account = |code: &str, organization: &str, purpose| {
        at(Command::RegisterBankAccount(bank_account(code, organization, purpose)))
    };
    let collector = build::person("collector.gz", Role::Collector, GZ);
    vec![
        at(Command::CreateBook(Box::new(build::create_book(FIRST_PERIOD, live_from)))),
        org(GZ, "广州市总工会", OrgType::CityFed, PROVINCE),
        org("GZ-U1", "广州第一单位工会", OrgType::Grassroots, GZ),
        org("GZ-U2", "广州第二单位工会", OrgType::Grassroots, GZ),
        org("CZT", "广东省财政厅", OrgType::Fiscal, ""),
        org("DONOR", "捐赠企业", OrgType::Donor, ""),
        account(SPECIAL, PROVINCE, BankPurpose::FundSpecial),
        account(PAYEE, "GDZHZ", BankPurpose::Payee),
        account(&custody_of(GZ), GZ, BankPurpose::Custody),
        at(Command::GrantRole(GrantRole { person: collector })),
    ]
}

/// Scheme, its budget and its places.
pub fn programme() -> Vec<Step> {
    let at = |command| on("2018-04-20", command);
    let date = day("2018-04-20");
    let lines = vec![
        budget_line("S2P", "A", "COMP", yuan(46_200_000)),
        budget_line("S2P", "B", "COMP", yuan(3_325_000)),
        budget_line("S2P", "C", "COMP", yuan(475_000)),
    ];
    vec![
        at(Command::RecordApproval(build::approval("AP-SCHEME", ApprovalKind::Scheme, date, yuan(50_000_000)))),
        at(Command::RegisterScheme(build::scheme("AP-SCHEME"))),
        at(Command::SetBudget(build::set_budget(2018, date, "AP-SCHEME", lines))),
        at(Command::RegisterSnapshot(build::snapshot("JD-2018", RegisterKind::Hardship, 40_000, date))),
        at(Command::RegisterSnapshot(build::snapshot("RY-2018", RegisterKind::Honour, 6_000, date))),
        at(Command::SetDuesStatus(build::dues(GZ, 2018, date))),
        at(Command::AllocateQuota(build::quota("ME-A", GZ, date, vec![quota_line("A", "COMP", Some(616_000))]))),
        at(Command::AllocateQuota(build::quota(
            "ME-B",
            GZ,
            date,
            vec![quota_line("B", "COMP", Some(35_000)), quota_line("C", "COMP", None)],
        ))),
    ]
}

/// A movement on the special account and the income that it brings.
fn received(date: &str, income: RecordIncome) -> [Step; 2] {
    let txn = bank_txn(&income.bank_txn, SPECIAL, Direction::In, income.fen, income.date);
    [on(date, Command::RegisterBankTransaction(txn)), on(date, Command::RecordIncome(income))]
}

/// Income of a kind, with the grantor and permitted uses that its document names.
fn income(
    date: &str,
    kind: IncomeKind,
    grant: &str,
    fen: Fen,
    txn: &str,
    (grantor, uses): (&str, &[&str]),
) -> [Step; 2] {
    let mut income = build::income(kind, grant, fen, day(date), txn);
    income.grant.grantor = grantor.into();
    income.grant.permitted_uses = uses.iter().map(|u| (*u).to_owned()).collect();
    received(date, income)
}

/// Appropriation, other sources, and the other sources' budget: until June.
pub fn funding() -> Vec<Step> {
    let date = day("2018-06-01");
    let budget = vec![
        budget_line("S2F", "B", "COMP", yuan(200_000)),
        budget_line("S3R", "B", "COMP", yuan(100_000)),
        budget_line("S3N", "C", "ALLOW", yuan(50_000)),
    ];
    let approval = build::approval("AP-BUDGET", ApprovalKind::Budget, date, yuan(350_000));
    let mut steps: Vec<Step> = Vec::new();
    steps.extend(income("2018-05-10", IncomeKind::Appropriation, "BK-2018", yuan(50_000_000), "TX-1", (PROVINCE, &[])));
    steps.push(on("2018-06-01", Command::RecordApproval(approval)));
    steps.push(on("2018-06-01", Command::SetBudget(build::set_budget(2018, date, "AP-BUDGET", budget))));
    steps.extend(income("2018-06-05", IncomeKind::FiscalSubsidy, "CZ-2018", yuan(200_000), "TX-2", ("CZT", &["B95"])));
    let restricted = IncomeKind::RestrictedDonation;
    steps.extend(income("2018-06-06", restricted, "JZ-R", yuan(100_000), "TX-3", ("DONOR", &["B95"])));
    steps.extend(income("2018-06-06", IncomeKind::Donation, "JZ-N", yuan(50_000), "TX-4", ("DONOR", &[])));
    steps.extend(income("2018-06-20", IncomeKind::Fundraising, "MJ-1", yuan(30_000), "TX-5", ("", &["B95"])));
    steps.extend(income("2018-06-20", IncomeKind::Sponsorship, "ZZ-1", yuan(20_000), "TX-6", ("DONOR", &["C95"])));
    steps
}

/// Batches and their reviews, and what the chair's office meeting commits on 15 October.
pub fn enrolment() -> Vec<Step> {
    let mut steps = Vec::new();
    let batches = [
        ("A-1", "GZ-U1", "A", "COMP", 400_000),
        ("A-2", "GZ-U2", "A", "COMP", 216_000),
        ("B-1", "GZ-U1", "B", "COMP", 35_000),
        ("C-WRONG", "GZ-U2", "C", "COMP", 5_000),
        ("C-1", "GZ-U1", "C", "COMP", 5_000),
        ("B-F", "GZ-U1", "B", "COMP", 2_000),
        ("B-R", "GZ-U2", "B", "COMP", 1_000),
        ("C-N", "GZ-U2", "C", "ALLOW", 500),
    ];
    for (code, org, class, plan, heads) in batches {
        let batch = build::batch(code, org, class, plan, heads, day("2018-10-08"));
        steps.push(on("2018-10-08", Command::SubmitEnrollmentBatch(batch)));
        let review = build::review_batch(code, day("2018-10-12"));
        steps.push(on("2018-10-12", Command::ReviewEnrollmentBatch(review)));
    }
    // Reviews come after all forms are in: the clock moves forward only.
    steps.sort_by_key(|step| step.day);
    let date = day("2018-10-15");
    let at = |command| on("2018-10-15", command);
    let approval =
        |code: &str, fen| at(Command::RecordApproval(build::approval(code, ApprovalKind::Expenditure, date, fen)));
    steps.extend([approval("AP-EXP", yuan(50_000_000)), approval("AP-OTHER", yuan(325_000))]);
    let commits = [
        ("CM-A", "AP-EXP", ("S2P", "A", "COMP"), 616_000, 75),
        ("CM-B", "AP-EXP", ("S2P", "B", "COMP"), 35_000, 95),
        ("CM-C", "AP-EXP", ("S2P", "C", "COMP"), 5_000, 95),
        ("CM-F", "AP-OTHER", ("S2F", "B", "COMP"), 2_000, 95),
        ("CM-R", "AP-OTHER", ("S3R", "B", "COMP"), 1_000, 95),
        ("CM-N", "AP-OTHER", ("S3N", "C", "ALLOW"), 500, 80),
    ];
    let commit = |(code, approval, at, heads, price): (&str, &str, (&str, &str, &str), u32, i64)| {
        Command::CommitExpenditure(build::commit(code, approval, at, heads, yuan(price), date))
    };
    steps.extend(commits.into_iter().map(|c| at(commit(c))));
    steps
}

/// A movement between our account and the association.
fn association(id: &str, account: &str, direction: Direction, fen: Fen, date: &str) -> Step {
    let txn = RegisterBankTransaction {
        counterparty_account: PAYEE.into(),
        settlement: Settlement::Transfer,
        ..bank_txn(id, account, direction, fen, day(date))
    };
    on(date, Command::RegisterBankTransaction(txn))
}

/// A payment and the movement that carries it.
fn paid(date: &str, txn: &str, commitment: &str, batches: &[&str], heads: u32, price: i64) -> [Step; 2] {
    let pay = build::disburse(commitment, batches, heads, yuan(price), day(date), txn);
    [association(txn, SPECIAL, Direction::Out, pay.fen, date), on(date, Command::Disburse(pay))]
}

/// A 记 voucher of 2018.
fn ji(number: u32) -> VoucherRef {
    VoucherRef { word: Word::Ji, cycle: 2018, number }
}

/// Payments, the correction of 记-8, premiums, remittance, interest and the return: until Christmas.
pub fn spending() -> Vec<Step> {
    let custody = custody_of(GZ);
    let mut steps = Vec::new();
    steps.extend(paid("2018-10-20", "TX-7", "CM-B", &["B-1"], 35_000, 95));
    steps.extend(paid("2018-10-20", "TX-8", "CM-C", &["C-WRONG"], 5_000, 95));
    let right = build::disburse("CM-C", &["C-1"], 5_000, yuan(95), day("2018-10-22"), "TX-8");
    let correction = build::correct(ji(8), day("2018-10-22"), Command::Disburse(right));
    steps.push(on("2018-10-22", Command::CorrectVoucher(correction)));
    steps.extend(paid("2018-10-25", "TX-11", "CM-F", &["B-F"], 2_000, 95));
    steps.extend(paid("2018-10-25", "TX-12", "CM-R", &["B-R"], 1_000, 95));
    steps.extend(paid("2018-10-25", "TX-13", "CM-N", &["C-N"], 500, 80));
    let date = day("2018-10-31");
    let receipt = |batch: &str, heads, payer, bill: &str| {
        on("2018-10-31", Command::PostPremiumReceipt(build::receipt(GZ, batch, heads, payer, date, bill)))
    };
    steps.push(receipt("A-1", 400_000, PayerType::Member, "SJ-1"));
    steps.push(receipt("A-2", 216_000, PayerType::UnitUnion, "SJ-2"));
    steps.push(on("2018-11-01", Command::SignDailySummary(build::sign_day(date, 2, yuan(12_320_000)))));
    steps.extend(paid("2018-11-30", "TX-16", "CM-A", &["A-1", "A-2"], 616_000, 75));
    let items = vec![build::remit_item("S1M", 399_900), build::remit_item("S1U", 216_000)];
    steps.push(association("TX-17", &custody, Direction::Out, yuan(12_318_000), "2018-12-10"));
    steps.push(on("2018-12-10", Command::RemitPremiums(build::remit(GZ, day("2018-12-10"), "TX-17", items))));
    steps.extend(income("2018-12-20", IncomeKind::Interest, "LX-2018", 1_234_567, "TX-18", ("", &[])));
    steps.extend(income("2018-12-21", IncomeKind::OtherLawful, "QT-1", yuan(5_000), "TX-19", ("", &[])));
    steps.push(association("TX-20", SPECIAL, Direction::In, yuan(285), "2018-12-25"));
    let back = build::record_return(ji(7), 3, yuan(95), day("2018-12-25"), "TX-20");
    steps.push(on("2018-12-25", Command::RecordReturn(back)));
    steps
}

/// The months' and the year's closing, in January.
pub fn closing() -> Vec<Step> {
    let month = |month| {
        let period = Period { year: 2018, month };
        on("2019-01-05", Command::ClosePeriod(record::command::ClosePeriod { period }))
    };
    let year = on("2019-01-05", Command::CloseYear(build::close_year(2018)));
    (4..=11).map(month).chain([year]).collect()
}

/// The whole season, for a book that goes live in 2019: everything of 2018 is judged on its own dates.
pub fn all() -> Vec<Step> {
    let parts = [opening(day("2019-01-01")), programme(), funding(), enrolment(), spending(), closing()];
    parts.into_iter().flatten().collect()
}

/// Plays steps; each must take effect.
pub fn play(book: &mut Book, steps: Vec<Step>) {
    for step in steps {
        book.set_day(step.day);
        let shown = format!("{:?}", step.command);
        let decision = book.act(step.command);
        assert!(took_effect(&decision), "{} {shown}\n{decision:?}", step.day);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_season_plays() {
        let mut book = Book::new();
        play(&mut book, all());
        let bank = book.state.account_no("10201").unwrap();
        let total: Fen = book.state.trial.iter().filter(|((a, _), _)| *a == bank).map(|(_, s)| s.balance()).sum();
        assert_eq!(total, 9_263_067);
        assert!(book.state.budget.values().all(|fen| *fen == 0), "T29 leaves no budget");
    }
}
