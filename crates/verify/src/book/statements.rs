//! Statements of banks and of the association: their lines, and which of these are which of our movements.

use std::collections::{BTreeMap, BTreeSet};

use record::command::{ImportStatement, StatementLine};
use record::event::{LinesMatched, StatementImported};
use record::{BankAccountNo, BankTxnNo, LineNo, MatchNo, StatementNo};

/// A statement that stands.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub is: ImportStatement,
    pub account: BankAccountNo,
    pub lines: Vec<LineNo>,
}

/// A line of a statement that stands.
#[derive(Clone, Debug)]
pub(crate) struct Entered {
    pub statement: StatementNo,
    pub line: StatementLine,
    /// The group that it is matched in; 0 none.
    pub group: MatchNo,
}

/// Lines and movements that belong together on an account.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub account: BankAccountNo,
    pub lines: Vec<LineNo>,
    pub movements: Vec<BankTxnNo>,
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Statements {
    /// Those that stand; an account's follow one another by day as by ordinal.
    pub standing: BTreeMap<StatementNo, Statement>,
    /// Codes ever given.
    pub codes: BTreeSet<String>,
    pub lines: BTreeMap<LineNo, Entered>,
    pub ids: BTreeMap<(BankAccountNo, String), LineNo>,
    pub groups: BTreeMap<MatchNo, Group>,
    /// The group of a movement, by account: one that paid the association stands on two statements.
    pub matched: BTreeMap<(BankAccountNo, BankTxnNo), MatchNo>,
    /// Last ordinals given.
    pub last_statement: StatementNo,
    pub last_line: LineNo,
    pub last_group: MatchNo,
}

impl Statements {
    /// An account's newest statement.
    pub(crate) fn newest(&self, account: BankAccountNo) -> Option<(StatementNo, &Statement)> {
        let mut of_account = self.standing.iter().rev().filter(|(_, statement)| statement.account == account);
        of_account.next().map(|(no, statement)| (*no, statement))
    }

    /// The line of an account that has this id.
    pub(crate) fn entered(&self, account: BankAccountNo, id: &str) -> Option<(LineNo, &Entered)> {
        let no = *self.ids.get(&(account, id.to_owned()))?;
        Some((no, self.lines.get(&no)?))
    }

    /// Lines of an account that are not matched.
    pub(crate) fn open(&self, account: BankAccountNo) -> Vec<(LineNo, &StatementLine)> {
        let of_account = self.standing.values().filter(|statement| statement.account == account);
        let lines = of_account.flat_map(|statement| &statement.lines);
        let entered = lines.filter_map(|no| Some((*no, self.lines.get(no)?)));
        entered.filter(|(_, entered)| entered.group == 0).map(|(no, entered)| (no, &entered.line)).collect()
    }

    pub(super) fn seal(&mut self, event: &StatementImported, lines: Vec<StatementLine>) {
        self.take_out(event.replaces);
        let mut numbers = Vec::with_capacity(lines.len());
        for (no, line) in (event.first_line..).zip(lines) {
            self.ids.insert((event.account, line.id.clone()), no);
            self.lines.insert(no, Entered { statement: event.no, line, group: 0 });
            self.last_line = self.last_line.max(no);
            numbers.push(no);
        }
        self.codes.insert(event.statement.code.clone());
        self.last_statement = event.no;
        let statement = Statement { is: event.statement.clone(), account: event.account, lines: numbers };
        self.standing.insert(event.no, statement);
    }

    /// A statement that another takes the place of goes with its lines and all groups that any of them stands in.
    fn take_out(&mut self, no: StatementNo) {
        let Some(statement) = self.standing.remove(&no) else { return };
        for line in statement.lines {
            let Some(entered) = self.lines.remove(&line) else { continue };
            self.part(entered.group);
            self.ids.remove(&(statement.account, entered.line.id));
        }
    }

    pub(super) fn join(&mut self, event: &LinesMatched) {
        for (no, (lines, movements)) in (event.first..).zip(&event.groups) {
            for line in lines {
                if let Some(entered) = self.lines.get_mut(line) {
                    entered.group = no;
                }
            }
            self.matched.extend(movements.iter().map(|movement| ((event.account, *movement), no)));
            let group = Group { account: event.account, lines: lines.clone(), movements: movements.clone() };
            self.groups.insert(no, group);
            self.last_group = self.last_group.max(no);
        }
    }

    pub(super) fn part(&mut self, no: MatchNo) {
        let Some(group) = self.groups.remove(&no) else { return };
        for line in &group.lines {
            if let Some(entered) = self.lines.get_mut(line) {
                entered.group = 0;
            }
        }
        for movement in group.movements {
            self.matched.remove(&(group.account, movement));
        }
    }
}
