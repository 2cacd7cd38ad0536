//! `cargo xtask bench <name>`: measurements. Each is a binary of the tests package, which measures the `earmark` beside it; this only
//! builds both as shipped and hands over.

use std::process::Command;

use anyhow::Result;

use crate::run::{Profile, cargo, succeeds, target_folder};

/// Runs the measurement with the rest of the command line.
pub fn run(name: &str, rest: &[&str]) -> Result<bool> {
    // Both with the features of the whole workspace, so that nothing is built twice.
    let words = ["build", "--workspace", "--bin", "earmark", "--bin", name];
    if !succeeds(cargo(&words).args(Profile::Release.arguments()))? {
        return Ok(false);
    }
    let program = target_folder()?.join(Profile::Release.folder()).join(name);
    succeeds(Command::new(program).args(rest))
}
