//! Events of bank and association reconciliation.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::command::ImportStatement;
use crate::{BankAccountNo, BankTxnNo, LineNo, MatchNo, StatementNo};

/// An uploaded statement, sealed. Its lines are those of the upload's parts in the order of their rows, and have consecutive ordinals.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StatementImported {
    /// Its ordinal.
    pub no: StatementNo,
    /// The account.
    pub account: BankAccountNo,
    /// Ordinal of its first line.
    pub first_line: LineNo,
    /// As sealed.
    pub statement: ImportStatement,
    /// The statement whose place it takes; 0 none.
    pub replaces: StatementNo,
}

/// Lines matched with movements.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct LinesMatched {
    /// The account whose statements the lines stand on.
    pub account: BankAccountNo,
    /// Ordinal of the first group; the others follow.
    pub first: MatchNo,
    /// Whether ids determined it.
    pub by_ids: bool,
    /// The groups, each of lines and movements.
    pub groups: Vec<(Vec<LineNo>, Vec<BankTxnNo>)>,
    /// Why they belong together; empty where ids determined it.
    pub reason: String,
}

/// A group of lines and movements, taken apart.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct LinesUnmatched {
    /// The group.
    pub group: MatchNo,
    /// Why.
    pub reason: String,
}
