//! Valid commands that keep the book going: reviews, signatures, closings, roles, parameters, chart, organisations, bank.

use record::command::{
    ClosePeriod, CloseYear, DefineAccount, GrantRole, RegisterBankAccount, RegisterBankTransaction,
    RegisterOrganization, ReviewCommand, RevokeRole, SetParameter, SignDailySummary, WithdrawCommand,
};
use record::kinds::{
    ApprovalKind, BankPurpose, Direction, Element, Role, Settlement, Side, Verdict as Judgement, Word,
};
use record::preset::AccountDef;
use record::{Command, Day};
use testkit::model::{makers, reviewers};

use super::make_in::{Made, ORG_TYPES};
use super::pair::Pair;
use super::papers::{AID, SPECIAL, digest, organization, person};
use super::rng::Rng;
use super::world::bank_account;

/// A person whose roles let them make the command, collecting systems of other organisations apart.
pub fn someone(pair: &Pair, rng: &mut Rng, command: &Command) -> Option<String> {
    let roles = makers(command);
    let holder = match command {
        Command::RemitPremiums(c) => c.holder.as_str(),
        Command::SubmitEnrollmentBatch(c) => c.organization.as_str(),
        _ => "",
    };
    let may: Vec<&String> = pair
        .model
        .persons
        .iter()
        .filter(|p| p.roles.iter().any(|r| roles.contains(r)))
        .filter(|p| p.roles != [Role::Collector] || p.organization == holder)
        // Who registered approvals in an earlier office meets APR-005 now and then, not each time.
        .filter(|p| !["zhuan", "fupi"].contains(&p.code.as_str()) || rng.chance(35))
        .map(|p| &p.code)
        .collect();
    rng.pick(&may).map(|code| (*code).clone())
}

/// Another person who may review the command.
pub fn reviewer_of(pair: &Pair, command: &Command, maker: &str) -> Option<String> {
    let roles = reviewers(command);
    let maker_is_cashier = pair.model.persons.iter().any(|p| p.code == maker && p.roles.contains(&Role::Cashier));
    let fits = |p: &&record::command::PersonDef| {
        let other_office = !matches!(command, Command::SignDailySummary(_))
            || p.roles.contains(if maker_is_cashier { &Role::FinReviewer } else { &Role::Cashier });
        p.code != maker && other_office && p.roles.iter().any(|r| roles.contains(r))
    };
    pair.model.persons.iter().find(fits).map(|p| p.code.clone())
}

/// A voucher date: today, or some days back where the months are open.
pub fn doc_date(pair: &Pair, rng: &mut Rng) -> Day {
    let today = pair.today();
    if rng.chance(70) {
        return today;
    }
    let back = i32::try_from(rng.below(12)).unwrap_or(0);
    today.plus_days(-back).max(pair.model.next_to_close().first_day()).min(today)
}

pub fn review(pair: &mut Pair, rng: &mut Rng) -> Made {
    let Some(waiting) = rng.pick(&pair.model.waiting).cloned() else { return Ok(None) };
    let verdict = if rng.chance(90) { Judgement::Approve } else { Judgement::Reject };
    let review = ReviewCommand { submission: waiting.number, verdict, reason: "意见".into() };
    Ok(reviewer_of(pair, &waiting.command, &waiting.person).map(|who| (who, Command::ReviewCommand(review))))
}

/// What waits is taken back, mostly by who submitted it.
pub fn withdraw(pair: &mut Pair, rng: &mut Rng) -> Made {
    let Some(waiting) = rng.pick(&pair.model.waiting).cloned() else { return Ok(None) };
    let withdrawal = WithdrawCommand { submission: waiting.number, reason: "填错".into() };
    Ok(Some((waiting.person, Command::WithdrawCommand(withdrawal))))
}

pub fn sign_day(pair: &mut Pair, rng: &mut Rng) -> Made {
    let next = pair.model.next_to_close();
    let mut days: Vec<Day> =
        pair.model.papers.iter().filter(|p| p.reference.word == Word::Dai).map(|p| p.date).collect();
    days.sort_unstable();
    days.dedup();
    let signed =
        |day: &Day| pair.model.signatures.iter().rfind(|(d, ..)| d == day).map(|(_, count, fen)| (*count, *fen));
    days.retain(|day| day.period() >= next && signed(day) != Some(pair.model.receipts_of_day(*day)));
    let Some(day) = rng.pick(&days).copied() else { return Ok(None) };
    let (count, total_fen) = pair.model.receipts_of_day(day);
    let command = Command::SignDailySummary(SignDailySummary { day, count, total_fen });
    Ok(if total_fen > 0 { someone(pair, rng, &command).map(|who| (who, command)) } else { None })
}

pub fn close(pair: &mut Pair, rng: &mut Rng) -> Made {
    let period = pair.model.next_to_close();
    if pair.today() <= period.last_day() {
        return Ok(None);
    }
    let command = if period.month == 12 {
        Command::CloseYear(CloseYear { year: period.year })
    } else {
        Command::ClosePeriod(ClosePeriod { period })
    };
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn roles(pair: &mut Pair, rng: &mut Rng) -> Made {
    let code = rng.one(&["zhu", "zhi2", "shen2", "jing", "xin1", "xin2"]);
    let role = rng.one(&[Role::FinReviewer, Role::FinPoster, Role::SvcDept, Role::Cashier, Role::FinMaker]);
    let command = if rng.chance(25) {
        Command::RevokeRole(RevokeRole { person: code.into(), roles: vec![role] })
    } else {
        Command::GrantRole(GrantRole { person: person(code, &[role], "") })
    };
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn parameter(pair: &mut Pair, rng: &mut Rng) -> Made {
    let mut of_kind = pair.model.approvals.iter().filter(|(a, who)| a.kind == ApprovalKind::Param && who == "pi");
    let Some(approval) = of_kind.next_back().map(|(a, _)| a.code.clone()) else { return Ok(None) };
    let (key, value) = rng.one(&[
        ("P9.voucher_cycle", "MONTH"),
        ("P9.voucher_cycle", "YEAR"),
        ("P1.remit_max_days", "20"),
        ("P15.review_max_days", "2"),
        ("P16.payee_cooling_days", "9"),
        ("approval_body.EXPENDITURE", "主席办公会议|领导班子"),
        ("P6.interest", "DAILY_BALANCE"),
        ("P6.interest", "S5I"),
    ]);
    let effective_from = pair.today().plus_days(rng.one(&[-5, 0, 3])).max(pair.model.next_to_close().first_day());
    let set = SetParameter { key: key.into(), value: value.into(), effective_from, approval };
    let command = Command::SetParameter(set);
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn account(pair: &mut Pair, rng: &mut Rng) -> Made {
    let parent = rng.one(&["408", "", "403", "321"]);
    let account = AccountDef {
        code: format!("9{}", pair.serial()),
        name_zh: "新设明细".into(),
        name_en: String::new(),
        parent: parent.into(),
        element: Element::Income,
        normal: Side::Credit,
        posting: true,
        blocked: false,
        dimensions: Vec::new(),
        crosswalk_2009: String::new(),
        crosswalk_2009_name: String::new(),
    };
    let command = Command::DefineAccount(DefineAccount { account });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn unit(pair: &mut Pair, rng: &mut Rng) -> Made {
    let code = format!("DW-{}", pair.serial());
    let organization = organization(&code, rng.one(&ORG_TYPES), rng.one(&["GZ", "SZ", ""]));
    let command = Command::RegisterOrganization(RegisterOrganization { organization });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn bank(pair: &mut Pair, rng: &mut Rng) -> Made {
    let (organization, purpose) = rng.one(&[
        ("CHANG", BankPurpose::Custody),
        ("GDZHZ", BankPurpose::Payee),
        ("JUAN", BankPurpose::Payer),
        ("GDFED", BankPurpose::FundSpecial),
        ("GDFED", BankPurpose::Custody),
    ]);
    let code = format!("YH-{}", pair.serial());
    let account: RegisterBankAccount = bank_account(&code, organization, purpose);
    let command = Command::RegisterBankAccount(account);
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}

pub fn slip(pair: &mut Pair, rng: &mut Rng) -> Made {
    let command = Command::RegisterBankTransaction(RegisterBankTransaction {
        id: format!("T-{}", pair.serial()),
        account: rng.one(&[SPECIAL, "DG-GZ", "ZH-2"]).into(),
        direction: rng.one(&[Direction::In, Direction::Out]),
        fen: 100 * i64::from(rng.up_to(1_000)),
        date: doc_date(pair, rng),
        counterparty_account: rng.one(&["", AID]).into(),
        settlement: rng.one(&[Settlement::Transfer, Settlement::Cash]),
        currency: "CNY".into(),
        slip_digest: digest(pair),
    });
    Ok(someone(pair, rng, &command).map(|who| (who, command)))
}
