//! Statements as data: trial balances under either chart and the statement of income and use by source, made of sums of lines. Pure: where
//! the sums come from is the caller's matter, how a statement is sent or printed as well.

mod statement;
mod sums;
mod trial;

pub use statement::{ClassExpense, Columns, Custody, Fund, Parts, Row, statement};
pub use sums::{Key, Sums};
pub use trial::{Chart, Totals, TrialBalance, TrialRow, trial_balance};
