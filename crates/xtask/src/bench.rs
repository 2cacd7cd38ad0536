//! `cargo xtask bench`: measurements. They are programs of the tests package, which measure the `earmark` beside them; this only builds
//! both as shipped and hands over.

use std::process::Command;

use anyhow::Result;

use crate::run::{Profile, cargo, succeeds, target_folder};

/// The program that has the benches.
const PROGRAM: &str = "bench";

/// Runs the benches that the rest of the command line names.
pub fn run(rest: &[&str]) -> Result<bool> {
    // Both with the features of the whole workspace, so that nothing is built twice.
    let words = ["build", "--workspace", "--bin", "earmark", "--bin", PROGRAM];
    if !succeeds(cargo(&words).args(Profile::Release.arguments()))? {
        return Ok(false);
    }
    let program = target_folder()?.join(Profile::Release.folder()).join(PROGRAM);
    succeeds(Command::new(program).args(rest))
}
