//! Statements of banks and of the association as the state knows them: their lines, which of them are matched with which movements, and
//! what vouchers drew on each movement, day by day. What follows from it is computed in `reconcile`.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use record::command::{ImportStatement, StatementLine};
use record::event::{LinesMatched, LinesUnmatched, StatementImported};
use record::kinds::Direction;
use record::{BankAccountNo, BankTxnNo, Day, Fen, LineNo, MatchNo, PersonNo, Record, Sequence, StatementNo};

use super::enrol::Uploaded;
use super::{Place, State};

/// A sealed statement.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Statement {
    /// As sealed.
    pub statement: ImportStatement,
    /// The account.
    pub account: BankAccountNo,
    /// Ordinal of its first line.
    pub first_line: LineNo,
    /// Who sealed it.
    pub person: PersonNo,
    /// When, microseconds.
    pub time: i64,
    /// Its record.
    pub sequence: Sequence,
}

/// A line of a sealed statement.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct EnteredLine {
    /// The account.
    pub account: BankAccountNo,
    /// The statement.
    pub statement: StatementNo,
    /// As uploaded.
    pub line: StatementLine,
    /// The group that it is matched in; 0 none.
    pub group: MatchNo,
}

/// Lines and movements that belong together.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Group {
    /// The account whose lines they are.
    pub account: BankAccountNo,
    /// The lines.
    pub lines: Vec<LineNo>,
    /// The movements.
    pub transactions: Vec<BankTxnNo>,
    /// Whether ids determined it.
    pub by_ids: bool,
    /// The record that matched them.
    pub sequence: Sequence,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Statements {
    /// Statements that stand, by ordinal.
    pub sealed: BTreeMap<StatementNo, Statement>,
    /// Statements that stand, by account, in the order of their days.
    pub of_account: BTreeMap<BankAccountNo, Vec<StatementNo>>,
    /// Ordinals of statements by their codes, those replaced included.
    pub codes: BTreeMap<String, StatementNo>,
    /// Lines of statements that stand.
    pub lines: BTreeMap<LineNo, EnteredLine>,
    /// Those lines by account and id.
    pub ids: BTreeMap<(BankAccountNo, String), LineNo>,
    /// Groups that stand.
    pub groups: BTreeMap<MatchNo, Group>,
    /// The group of a movement, by account and movement: one that paid the association stands on two statements.
    pub matched: BTreeMap<(BankAccountNo, BankTxnNo), MatchNo>,
    /// What vouchers drew on a movement, by voucher date, in fen; into the account is positive.
    pub drawn: BTreeMap<(BankTxnNo, Day), Fen>,
    /// Last ordinals given: statements, lines, groups.
    pub last: (StatementNo, LineNo, MatchNo),
}

/// An amount with the sign of its direction, seen from the account that the line stands on: in is positive.
pub fn signed(direction: Direction, fen: Fen) -> Fen {
    if direction == Direction::In { fen } else { fen.saturating_neg() }
}

impl Statements {
    /// Statements of an account, in the order of their days.
    pub fn of(&self, account: BankAccountNo) -> impl Iterator<Item = &Statement> {
        let numbers = self.of_account.get(&account).map_or(&[][..], Vec::as_slice);
        numbers.iter().filter_map(|no| self.sealed.get(no))
    }

    /// The newest statement of an account.
    pub fn newest(&self, account: BankAccountNo) -> Option<(StatementNo, &Statement)> {
        let no = *self.of_account.get(&account)?.last()?;
        Some((no, self.sealed.get(&no)?))
    }

    /// The line of an account with this id.
    pub fn line(&self, account: BankAccountNo, id: &str) -> Option<(LineNo, &EnteredLine)> {
        let no = *self.ids.get(&(account, id.to_owned()))?;
        Some((no, self.lines.get(&no)?))
    }

    /// What vouchers dated up to a day drew on a movement; into the account is positive.
    pub fn drawn_until(&self, txn: BankTxnNo, day: Day) -> Fen {
        super::until(&self.drawn, txn, day)
    }

    fn seal(&mut self, record: &Record, event: &StatementImported, lines: Vec<StatementLine>) {
        self.remove(event.replaces);
        let statement = Statement {
            statement: event.statement.clone(),
            account: event.account,
            first_line: event.first_line,
            person: record.actor.person,
            time: record.time,
            sequence: record.sequence,
        };
        self.codes.insert(event.statement.code.clone(), event.no);
        self.of_account.entry(event.account).or_default().push(event.no);
        self.sealed.insert(event.no, statement);
        let mut last = event.first_line.saturating_sub(1);
        for (no, line) in (event.first_line..).zip(lines) {
            self.ids.insert((event.account, line.id.clone()), no);
            self.lines.insert(no, EnteredLine { account: event.account, statement: event.no, line, group: 0 });
            last = no;
        }
        self.last.0 = event.no;
        self.last.1 = self.last.1.max(last);
    }

    /// Takes a statement out, with its lines and all groups that any of them stands in.
    fn remove(&mut self, no: StatementNo) {
        let Some(statement) = self.sealed.remove(&no) else { return };
        if let Some(numbers) = self.of_account.get_mut(&statement.account) {
            numbers.retain(|other| *other != no);
        }
        let lines = self.lines.range(statement.first_line..).take_while(|(_, line)| line.statement == no);
        let lines: Vec<(LineNo, MatchNo)> = lines.map(|(line, entered)| (*line, entered.group)).collect();
        for (line, group) in lines {
            self.part(group);
            if let Some(entered) = self.lines.remove(&line) {
                self.ids.remove(&(entered.account, entered.line.id));
            }
        }
    }

    fn join(&mut self, sequence: Sequence, event: &LinesMatched) {
        for (no, (lines, transactions)) in (event.first..).zip(&event.groups) {
            for line in lines {
                if let Some(entered) = self.lines.get_mut(line) {
                    entered.group = no;
                }
            }
            for txn in transactions {
                self.matched.insert((event.account, *txn), no);
            }
            let (lines, transactions) = (lines.clone(), transactions.clone());
            let group = Group { account: event.account, lines, transactions, by_ids: event.by_ids, sequence };
            self.groups.insert(no, group);
            self.last.2 = self.last.2.max(no);
        }
    }

    fn part(&mut self, no: MatchNo) {
        let Some(group) = self.groups.remove(&no) else { return };
        for line in &group.lines {
            if let Some(entered) = self.lines.get_mut(line) {
                entered.group = 0;
            }
        }
        for txn in group.transactions {
            self.matched.remove(&(group.account, txn));
        }
    }
}

impl State {
    /// Folds what reconciliation records.
    pub(super) fn seal_statement(&mut self, record: &Record, event: &StatementImported) {
        let lines = match self.uploads.remove(&event.statement.upload).map(|upload| upload.of) {
            Some(Uploaded::Statement(_, lines)) => lines.into_values().collect(),
            _ => Vec::new(),
        };
        self.watch.places.insert(Place::Statement(event.no), record.sequence);
        self.statements.seal(record, event, lines);
    }

    pub(super) fn match_lines(&mut self, record: &Record, event: &LinesMatched) {
        self.statements.join(record.sequence, event);
    }

    pub(super) fn unmatch_lines(&mut self, event: &LinesUnmatched) {
        self.statements.part(event.group);
    }

    /// A voucher's line draws on a movement.
    pub(super) fn draw_on(&mut self, txn: BankTxnNo, on: Day, inward: Fen) {
        let sum = self.statements.drawn.entry((txn, on)).or_default();
        *sum = sum.saturating_add(inward);
    }
}
