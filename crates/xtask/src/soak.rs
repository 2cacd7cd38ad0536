//! `cargo xtask soak`: the long forms of tests that `cargo xtask test` runs in a short one. In release mode, since they take
//! minutes; what they do stands with the tests, which read how much of it is wanted.

use anyhow::{Result, bail};

use crate::needs;
use crate::run::{Profile, cargo, succeeds};

/// A test in its long form.
struct Long {
    name: &'static str,
    /// What is tried.
    what: &'static str,
    /// The test program, and which of its tests; empty for all.
    test: [&'static str; 2],
    /// The variable that asks for all of it.
    variable: (&'static str, &'static str),
}

const ALL: &[Long] = &[
    Long {
        name: "flips",
        what: "every bit of 300 rows on both engines, 20,000 bits of the files",
        test: ["flips", ""],
        variable: ("EARMARK_FLIPS", "all"),
    },
    Long {
        name: "agreement",
        what: "the verifiers in Rust and Python on 1,000 random books",
        test: ["model", "the_verifier_in_python_agrees_on_random_books"],
        variable: ("EARMARK_LEDGERS", "1000"),
    },
];

/// Runs those that the rest of the command line names, or all; true if all hold.
pub fn run(rest: &[&str]) -> Result<bool> {
    if let Some(unknown) = rest.iter().find(|word| !ALL.iter().any(|long| long.name == **word)) {
        let known: Vec<String> = ALL.iter().map(|long| format!("  {:<12}{}", long.name, long.what)).collect();
        bail!("no such soak: `{unknown}`; there are\n{}", known.join("\n"));
    }
    needs::postgres_programs();
    let mut all_hold = true;
    for long in ALL.iter().filter(|long| rest.is_empty() || rest.contains(&long.name)) {
        let [program, test] = long.test;
        let (variable, value) = long.variable;
        let mut command = cargo(&["test", "--package", "earmark-tests", "--test", program]);
        command.args(Profile::Release.arguments()).args(["--", "--nocapture", test]).env(variable, value);
        all_hold &= succeeds(&mut command)?;
    }
    Ok(all_hold)
}
