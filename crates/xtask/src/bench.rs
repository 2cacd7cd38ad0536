//! `cargo xtask bench`: measurements. They are programs of the tests package, which measure the `earmark` beside them, and a program of
//! peers from the registry, outside the workspace; this builds them as shipped, finds what else they need, and hands over.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::needs;
use crate::run::{Profile, cargo, root, succeeds, target_folder};

/// The program that has the benches.
const PROGRAM: &str = "bench";
/// The program of the benches of the core, which it runs.
const CORE: &str = "core";
/// The variable in which it finds the program of the peers.
const PEERS_VARIABLE: &str = "EARMARK_PEERS";
/// Benches that run the program of the peers; it takes minutes to build, so others do not wait for it.
const AGAINST_PEERS: &[&str] = &["doubleentry", "cala", "plain"];
/// Benches that start a PostgreSQL.
const ON_POSTGRES: &[&str] = &["echo-pg", "burst-pg", "sustained-pg", "cala", "plain", "reconciliation"];
/// The bench that runs `hledger`.
const AGAINST_HLEDGER: &str = "hledger";
/// Leaves a bench out.
const WITHOUT: &str = "--without";

/// Runs the benches that the rest of the command line names, or all.
pub fn run(rest: &[&str]) -> Result<bool> {
    // All with the features of the whole workspace, so that nothing is built twice.
    let words = ["build", "--workspace", "--bin", "earmark", "--bin", PROGRAM, "--bin", CORE];
    if !succeeds(cargo(&words).args(Profile::Release.arguments()))? {
        return Ok(false);
    }
    let folder = target_folder()?;
    let mut bench = Command::new(folder.join(Profile::Release.folder()).join(PROGRAM));
    bench.args(rest);
    if AGAINST_PEERS.iter().any(|name| runs(rest, name)) {
        let Some(program) = peers(folder.join("peers"))? else { return Ok(false) };
        bench.env(PEERS_VARIABLE, program);
    }
    if ON_POSTGRES.iter().any(|name| runs(rest, name)) {
        needs::postgres_programs();
    }
    if runs(rest, AGAINST_HLEDGER) {
        needs::hledger();
    }
    succeeds(&mut bench)
}

/// Whether the command line runs this bench.
fn runs(rest: &[&str], name: &str) -> bool {
    let without = rest.windows(2).any(|pair| pair == [WITHOUT, name]);
    let before = std::iter::once(&"").chain(rest);
    let words = before.zip(rest).filter(|(before, word)| **before != WITHOUT && !word.starts_with("--"));
    let named: Vec<&str> = words.map(|(_, word)| *word).collect();
    !without && (named.is_empty() || named.contains(&name))
}

/// Builds the program of the peers in a folder of its own, from its own lock file.
fn peers(folder: PathBuf) -> Result<Option<PathBuf>> {
    let manifest = root().join("tests/peers/Cargo.toml");
    let mut build = cargo(&["build", "--release", "--locked", "--manifest-path"]);
    build.arg(manifest).arg("--target-dir").arg(&folder);
    Ok(succeeds(&mut build)?.then(|| folder.join("release/earmark-peers")))
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn a_bench_runs_when_it_is_named_or_none_is() {
        for (rest, runs_it) in [
            (vec![], true),
            (vec!["--json", "--full"], true),
            (vec!["burst"], false),
            (vec!["burst", "cala"], true),
            (vec!["--without", "cala"], false),
            (vec!["--without", "hledger"], true),
            (vec!["list"], false),
        ] {
            assert_eq!(runs(&rest, "cala"), runs_it, "{rest:?}");
        }
    }
}
