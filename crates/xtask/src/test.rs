//! `cargo xtask test`: everything that must hold, with nothing skipped, and the counts at the end.
//! What the tests need from the machine is in `needs`; how results are counted, in `tally`.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use crate::check;
use crate::r#gen;
use crate::needs;
use crate::postgres::URL_VARIABLE;
use crate::run::{Profile, cargo, succeeds, succeeds_reading, target_folder};
use crate::tally::{Reader, Table};

/// The built `earmark` binary, for the tests that treat it as a black box.
const BINARY_VARIABLE: &str = "EARMARK_BIN";
/// A Python that can import grpcio, for the client that is written in another language.
const PYTHON_VARIABLE: &str = "EARMARK_PYTHON";

/// The command; true if all holds.
pub fn run(profile: Profile) -> Result<bool> {
    let target = target_folder()?;
    needs::systemd()?;
    let python = needs::python(&target)?;
    let postgres = needs::postgres()?;

    let mut table = Table::default();
    check::run_static(&mut table)?;
    generated(&mut table);
    if build(profile, &mut table)? {
        let binary = target.join(profile.folder()).join("earmark");
        tests(profile, &binary, &python, &postgres.url("postgres"), &mut table)?;
        documents(&mut table)?;
    } else {
        eprintln!("xtask: the earmark binary does not build, so nothing could be tested");
    }
    table.print();
    Ok(table.total().failed == 0)
}

/// The committed gRPC code is what the protos give.
fn generated(table: &mut Table) {
    let start = Instant::now();
    let current = r#gen::run(true).inspect_err(|error| eprintln!("xtask gen --check: {error:#}"));
    table.check("generated code", current.is_ok(), start.elapsed());
}

/// Builds the binary with the features of the whole workspace, so that the tests build nothing twice.
fn build(profile: Profile, table: &mut Table) -> Result<bool> {
    let start = Instant::now();
    let held = succeeds(cargo(&["build", "--workspace", "--bin", "earmark"]).args(profile.arguments()))?;
    table.check("build", held, start.elapsed());
    Ok(held)
}

/// All unit, integration and document tests.
fn tests(profile: Profile, binary: &Path, python: &Path, postgres: &str, table: &mut Table) -> Result<()> {
    let start = Instant::now();
    let mut reader = Reader::default();
    let mut command = cargo(&["test", "--workspace", "--no-fail-fast"]);
    command.args(profile.arguments()).env(BINARY_VARIABLE, binary).env(PYTHON_VARIABLE, python);
    command.env(URL_VARIABLE, postgres);
    let well = succeeds_reading(&mut command, |line| reader.line(&line))?;
    table.tests("tests", reader.finish(well), start.elapsed());
    Ok(())
}

/// The documentation builds without a warning, so that no link in it is dead.
fn documents(table: &mut Table) -> Result<()> {
    let start = Instant::now();
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--document-private-items"]);
    let held = succeeds(command.env("RUSTDOCFLAGS", "--deny warnings"))?;
    table.check("documents", held, start.elapsed());
    Ok(())
}
