//! `cargo xtask check`: format, lints, tidiness and crate arrows, before every commit. The whole is `test`.

use std::time::Instant;

use anyhow::Result;

use crate::run::{cargo, succeeds};
use crate::tally::Table;

/// Cargo's words for each check that needs no test run; `test` runs the same.
pub const STATIC: &[(&str, &[&str])] = &[
    ("format", &["fmt", "--all", "--check"]),
    ("lints", &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]),
];

/// The tests about the text of this repository rather than its behaviour.
const TIDY: &[&str] = &["test", "--package", "earmark-tests", "--test", "tidy", "--test", "arrows"];

/// Runs the static checks into the table.
pub fn run_static(table: &mut Table) -> Result<()> {
    for (name, words) in STATIC {
        let start = Instant::now();
        let held = succeeds(&mut cargo(words))?;
        table.check(name, held, start.elapsed());
    }
    Ok(())
}

/// The command; true if all holds.
pub fn run() -> Result<bool> {
    let mut table = Table::default();
    run_static(&mut table)?;
    let start = Instant::now();
    let held = succeeds(&mut cargo(TIDY))?;
    table.check("tidy, arrows", held, start.elapsed());
    table.print();
    Ok(table.total().failed == 0)
}
