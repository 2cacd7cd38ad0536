//! The language of the scenario files: a command a line with its expected outcome, then balances. `tests/scenarios/README.md` tells how
//! to write it; here it is read, run against a book in memory, and compared. What is judged is the ledger alone.

mod args;
mod expect;
mod finds;
mod look;
mod look_rules;
mod reconciled;
mod run;
mod verbs;

pub use expect::{Expected, Found};
pub use finds::{Seen, Wanted};
pub use look_rules::rejudge;
pub use run::{Report, play, run};

/// What is wrong with a line: with its writing, or with what came of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The line cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// Something else came of it than the line says.
    #[error("expected {expected}\n    found    {found}")]
    Differs {
        /// What the line says.
        expected: String,
        /// What came of it.
        found: String,
    },
}

impl Fault {
    /// An unreadable line.
    fn unreadable(what: impl Into<String>) -> Fault {
        Fault::Unreadable(what.into())
    }

    /// Nothing, if both are the same; else how they differ.
    fn unless_same(expected: &str, found: &str) -> Result<(), Fault> {
        if expected == found {
            return Ok(());
        }
        Err(Fault::Differs { expected: expected.to_owned(), found: found.to_owned() })
    }
}
