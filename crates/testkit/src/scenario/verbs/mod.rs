//! Verbs of the scenario language and the commands that they stand for. Each takes what it needs from the line and leaves the rest to the
//! builders' defaults; the programme's verbs stand in `programme`, those of money in `money` and `flows`, those of
//! supervision in `audit`, those of reconciliation in `statements`, those of the rules above in `layers`.

mod audit;
mod flows;
mod layers;
mod money;
mod programme;
mod setup;
mod statements;

use record::command::{Evidence, RegisterBankTransaction};
use record::kinds::{Direction, EvidenceKind};
use record::{Command, Day, Fen};

use super::Fault;
use super::args::{Args, coded, date};
use crate::book::Book;
use crate::build::{bank_txn, digest};

/// A command, and the bank movement that it silently takes for granted.
pub(super) struct Built {
    pub before: Option<RegisterBankTransaction>,
    pub command: Command,
}

/// What a verb may look at.
pub(super) struct Context<'b> {
    pub book: &'b Book,
    /// Id of the bank movement that this line takes for granted, if it names none.
    pub movement: String,
}

impl Context<'_> {
    /// The clock's day: the date of a command that gives none.
    pub fn today(&self) -> Day {
        self.book.today()
    }

    /// The date of a line.
    pub fn date(&self, args: &mut Args) -> Result<Day, Fault> {
        args.field("date").map_or(Ok(self.today()), |text| date(&text))
    }

    /// The cycle that completes short voucher numbers.
    pub fn cycle(&self) -> u32 {
        self.book.state.cycle(self.today())
    }

    /// The movement that a line names by `txn=`, or one that is taken for granted on that day. `other` is the account on the other side.
    fn movement(
        &self,
        args: &mut Args,
        on: Day,
        (account, direction, fen): (&str, Direction, Fen),
        other: &str,
    ) -> Result<(String, Option<RegisterBankTransaction>), Fault> {
        if let Some(id) = args.field("txn") {
            return Ok((id, None));
        }
        let on = args.field("txn-date").map_or(Ok(on), |text| date(&text))?;
        let known = |code: &str| self.book.state.bank_accounts.no(code).is_some();
        let counterparty_account = if known(other) { other.to_owned() } else { String::new() };
        let movement =
            RegisterBankTransaction { counterparty_account, ..bank_txn(&self.movement, account, direction, fen, on) };
        Ok((self.movement.clone(), Some(movement)))
    }
}

/// Sets documents from `docs=`: `none`, or `KIND/NUMBER[@DAY]+KIND/NUMBER[@DAY]`. The same kind and number are the same file.
fn documents(args: &mut Args, day: Day, into: &mut Vec<Evidence>) -> Result<(), Fault> {
    let Some(list) = args.field("docs") else { return Ok(()) };
    into.clear();
    for item in list.split('+').filter(|item| *item != "none") {
        let (item, date_of) = item.split_once('@').map_or((item, None), |(item, day)| (item, Some(day)));
        let (kind, doc_no) = item.split_once('/').unwrap_or((item, item));
        let day = date_of.map_or(Ok(day), date)?;
        let kind = coded(kind, EvidenceKind::from_code)?;
        // The file is its number alone: a bill passed off as another kind of document is still the same file.
        into.push(Evidence { kind, doc_no: doc_no.to_owned(), date: day, digest: digest(doc_no), pages: 1 });
    }
    Ok(())
}

/// Items of a `+` list.
fn list(text: &str) -> Vec<String> {
    text.split('+').map(str::to_owned).collect()
}

/// Parts of a `/` tuple.
pub(super) fn parts<const N: usize>(text: &str) -> Result<[&str; N], Fault> {
    let parts: Vec<&str> = text.split('/').collect();
    parts.try_into().map_err(|_| Fault::unreadable(format!("{text:?} needs {N} parts between /")))
}

/// The command of a line.
pub(super) fn build(context: &Context<'_>, args: &mut Args) -> Result<Built, Fault> {
    let built = if let Some(command) = setup::build(context, args)? {
        Built { before: None, command }
    } else if let Some(command) = programme::build(context, args)? {
        Built { before: None, command }
    } else if let Some(command) = audit::build(context, args)? {
        Built { before: None, command }
    } else if let Some(command) = statements::build(context, args)? {
        Built { before: None, command }
    } else if let Some(command) = layers::build(context, args)? {
        Built { before: None, command }
    } else if let Some(built) = money::build(context, args)? {
        built
    } else if let Some(built) = flows::build(context, args)? {
        built
    } else {
        return Err(Fault::unreadable(format!("no such verb: {}", args.verb)));
    };
    args.finish()?;
    Ok(built)
}
