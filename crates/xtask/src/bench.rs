//! `cargo xtask bench <name>`: measurements. Each is a binary of the tests package; this only builds it as shipped and hands over.

use anyhow::Result;

use crate::run::{cargo, succeeds};

/// Runs the measurement with the rest of the command line.
pub fn run(name: &str, rest: &[&str]) -> Result<bool> {
    let words = ["run", "--release", "--package", "earmark-tests", "--bin", name, "--"];
    succeeds(cargo(&words).args(rest))
}
