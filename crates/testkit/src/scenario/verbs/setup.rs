//! Verbs that open, staff and close a book: open, account, org, bank-account, bank, grant-role, revoke-role, parameter, close-month,
//! close-year, sign, review, withdraw.

use record::command::{ClosePeriod, DefineAccount, GrantRole, PersonDef, ReviewCommand, RevokeRole, WithdrawCommand};
use record::kinds::{BankPurpose, Direction, Element, OrgType, Role, Settlement, Side, Verdict};
use record::preset::AccountDef;
use record::{Command, Period};

use super::super::Fault;
use super::super::args::{Args, coded, date, money, number};
use super::{Context, list};
use crate::build::{self, SPECIAL};

pub(super) fn build(context: &Context<'_>, args: &mut Args) -> Result<Option<Command>, Fault> {
    Ok(Some(match args.verb.as_str() {
        "open" => open(args)?,
        "account" => account(args)?,
        "org" => org(args)?,
        "bank-account" => bank_account(args)?,
        "bank" => bank(context, args)?,
        "grant-role" => grant_role(args)?,
        "revoke-role" => {
            let (person, roles) = (args.word("a person")?, roles(&args.word("roles")?)?);
            Command::RevokeRole(RevokeRole { person, roles })
        }
        "parameter" => {
            let (key, value) = (args.word("a key")?, args.word("a value")?);
            let from = args.field("from").map_or(Ok(context.today()), |t| date(&t))?;
            let approval = args.field("approval").unwrap_or_else(|| "AP-PARAM".into());
            Command::SetParameter(build::parameter(&key, &value, from, &approval))
        }
        "close-month" => {
            let text = args.word("a month")?;
            Command::ClosePeriod(ClosePeriod { period: period(&text)? })
        }
        "close-year" => Command::CloseYear(build::close_year(number(&args.word("a year")?)?)),
        "sign" => sign(context, args)?,
        "review" => review(args)?,
        "withdraw" => {
            let submission = number(&args.word("a submission")?)?;
            let reason = args.field("reason").unwrap_or_else(|| "填错".into());
            Command::WithdrawCommand(WithdrawCommand { submission, reason })
        }
        _ => return Ok(None),
    }))
}

fn period(text: &str) -> Result<Period, Fault> {
    let (year, month) = text.split_once('-').ok_or_else(|| Fault::unreadable(format!("{text:?} is no month")))?;
    Ok(Period { year: number(year)?, month: number(month)? })
}

fn roles(text: &str) -> Result<Vec<Role>, Fault> {
    list(text).iter().map(|code| coded(code, Role::from_code)).collect()
}

fn open(args: &mut Args) -> Result<Command, Fault> {
    let mut create = build::create_book(Period { year: 2018, month: 1 }, build::day("2019-01-01"));
    args.text("currency", &mut create.preset.currency);
    if let Some(own) = args.field("org") {
        let [code, org_type] = super::parts(&own)?;
        create.organization =
            build::organization(code, &format!("单位{code}"), coded(org_type, OrgType::from_code)?, "").organization;
    }
    args.text("book", &mut create.book);
    if let Some(name) = args.field("preset") {
        let preset = ledger::preset::builtin(&name);
        create.preset = preset.map_err(|error| Fault::unreadable(error.to_string()))?;
    }
    args.set("first", &mut create.first_period, period)?;
    args.set("live", &mut create.live_from, date)?;
    for person in args.all("person") {
        let [code, held] = super::parts(&person)?;
        create.persons.push(PersonDef { roles: roles(held)?, ..build::person(code, Role::Audit, "") });
    }
    Ok(Command::CreateBook(Box::new(create)))
}

fn account(args: &mut Args) -> Result<Command, Fault> {
    let code = args.word("a code")?;
    let mut name_zh = format!("科目{code}");
    args.text("name", &mut name_zh);
    let account = AccountDef {
        code,
        name_en: name_zh.clone(),
        name_zh,
        parent: args.field("parent").unwrap_or_default(),
        element: args.field("element").map_or(Ok(Element::Expense), |t| coded(&t, Element::from_code))?,
        normal: Side::Debit,
        posting: true,
        blocked: false,
        dimensions: Vec::new(),
        crosswalk_2009: String::new(),
        crosswalk_2009_name: String::new(),
    };
    Ok(Command::DefineAccount(DefineAccount { account }))
}

fn org(args: &mut Args) -> Result<Command, Fault> {
    let code = args.word("a code")?;
    let org_type = coded(&args.word("a type")?, OrgType::from_code)?;
    let name = args.field("name").unwrap_or_else(|| format!("单位{code}"));
    let parent = args.field("parent").unwrap_or_default();
    Ok(Command::RegisterOrganization(build::organization(&code, &name, org_type, &parent)))
}

fn bank_account(args: &mut Args) -> Result<Command, Fault> {
    let (code, org) = (args.word("a code")?, args.word("an organisation")?);
    let purpose = coded(&args.word("a purpose")?, BankPurpose::from_code)?;
    let mut account = build::bank_account(&code, &org, purpose);
    args.text("currency", &mut account.currency);
    args.text("name", &mut account.name);
    Ok(Command::RegisterBankAccount(account))
}

/// `bank TX in|out AMOUNT [account=SPECIAL] [other=ACCOUNT] [cash=yes] [currency=CNY] [slip=NUMBER]`
fn bank(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let id = args.word("a number")?;
    let direction = match args.word("in or out")?.as_str() {
        "in" => Direction::In,
        "out" => Direction::Out,
        other => return Err(Fault::unreadable(format!("in or out, not {other}"))),
    };
    let fen = money(&args.word("an amount")?)?;
    let account = args.field("account").unwrap_or_else(|| SPECIAL.into());
    let mut txn = build::bank_txn(&id, &account, direction, fen, context.date(args)?);
    args.text("other", &mut txn.counterparty_account);
    args.text("currency", &mut txn.currency);
    if let Some(slip) = args.field("slip") {
        txn.slip_digest = build::digest(&slip);
    }
    if args.field("cash").is_some() {
        txn.settlement = Settlement::Cash;
    }
    Ok(Command::RegisterBankTransaction(txn))
}

fn grant_role(args: &mut Args) -> Result<Command, Fault> {
    let (code, held) = (args.word("a person")?, args.word("roles")?);
    let organization = args.field("org").unwrap_or_default();
    let person = PersonDef { roles: roles(&held)?, ..build::person(&code, Role::Audit, &organization) };
    Ok(Command::GrantRole(GrantRole { person }))
}

/// `sign DAY [count=N] [total=AMOUNT]`: by default what the book holds.
fn sign(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let day = date(&args.word("a day")?)?;
    let held = context.book.state.receipt_days.get(&day).cloned().unwrap_or_default();
    let mut summary = build::sign_day(day, held.count, held.fen);
    args.set("count", &mut summary.count, number)?;
    args.set("total", &mut summary.total_fen, money)?;
    Ok(Command::SignDailySummary(summary))
}

fn review(args: &mut Args) -> Result<Command, Fault> {
    let submission = number(&args.word("a submission")?)?;
    let reason = args.field("reject");
    let verdict = if reason.is_some() { Verdict::Reject } else { Verdict::Approve };
    Ok(Command::ReviewCommand(ReviewCommand { submission, verdict, reason: reason.unwrap_or_default() }))
}
