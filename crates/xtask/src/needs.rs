//! What the tests need from the machine beyond cargo: found, made, or named plainly as missing. Never skipped.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::postgres::Cluster;
use crate::run::succeeds;

/// The exact Python packages of the foreign client: pinned, so that every machine tests with the same.
const PYTHON_PACKAGES: &str = include_str!("../python-packages.txt");

/// The modules that must load before the environment counts as made.
const PYTHON_PROBE: &str = "import grpc, grpc_tools.protoc, google.rpc.error_details_pb2";

/// `systemd-analyze`, which judges the unit file in `deploy/` without systemd running.
pub fn systemd() -> Result<()> {
    if runs("systemd-analyze", ["--version"]) {
        return Ok(());
    }
    install("systemd");
    if runs("systemd-analyze", ["--version"]) {
        return Ok(());
    }
    bail!("the tests need systemd-analyze (Debian's package `systemd`): apt-get install systemd");
}

/// A PostgreSQL of our own, started: it ends with what is returned, or with this process.
pub fn postgres() -> Result<Cluster> {
    postgres_programs();
    Cluster::start(&[]).context("the tests need a private PostgreSQL, 15 or newer")
}

/// The programs of PostgreSQL's server; whoever starts one says so where they are missing.
pub fn postgres_programs() {
    if !crate::postgres::is_installed() {
        install("postgresql");
    }
}

/// `hledger`, which the bench of the same name compares with; that bench says so where it is missing.
pub fn hledger() {
    if !runs("hledger", ["--version"]) {
        install("hledger");
    }
}

/// A Python with the packages of the foreign client, in a private environment under the target folder.
pub fn python(target: &Path) -> Result<PathBuf> {
    let folder = target.join("python");
    let python = folder.join("bin/python");
    let stamp = folder.join("packages.txt");
    let made = std::fs::read_to_string(&stamp).is_ok_and(|text| text == PYTHON_PACKAGES);
    if made && runs(&python, ["-c", PYTHON_PROBE]) {
        return Ok(python);
    }
    make_python(&folder, &python).context(
        "the tests need Python 3.10 or newer with venv (Debian's packages `python3` and `python3-venv`) and, once, \
         a package index that pip can reach for the packages in crates/xtask/python-packages.txt",
    )?;
    std::fs::write(stamp, PYTHON_PACKAGES)?;
    Ok(python)
}

fn make_python(folder: &Path, python: &Path) -> Result<()> {
    println!("making a Python environment in {}", folder.display());
    if !runs("python3", ["-c", "import ensurepip, venv"]) {
        install("python3-venv");
    }
    step(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    let list = folder.join("wanted.txt");
    std::fs::write(&list, PYTHON_PACKAGES)?;
    step(
        Command::new(python)
            .args(["-m", "pip", "install", "--quiet", "--only-binary=:all:", "--requirement"])
            .arg(list),
    )?;
    step(Command::new(python).args(["-c", PYTHON_PROBE]))
}

fn step(command: &mut Command) -> Result<()> {
    if succeeds(command)? { Ok(()) } else { bail!("failed: {command:?}") }
}

/// Tries Debian's package manager, where this process may use it. Whether that helped, the caller looks. It says what it does on the
/// standard error: the standard output is the benches'.
fn install(package: &str) {
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0");
    if !root || !runs("apt-get", ["--version"]) {
        return;
    }
    eprintln!("installing Debian's package {package}");
    let apt = |words: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.args(words).env("DEBIAN_FRONTEND", "noninteractive").stdout(std::io::stderr());
        matches!(succeeds(&mut apt), Ok(true))
    };
    let install = ["install", "--yes", "--no-install-recommends", package];
    // A fresh machine has no list of packages yet.
    let installed = apt(&install) || (apt(&["update"]) && apt(&install));
    if !installed {
        eprintln!("xtask: apt-get could not install {package}");
    }
}

/// Whether the program starts and ends well.
fn runs<const N: usize>(program: impl AsRef<OsStr>, words: [&str; N]) -> bool {
    let status = Command::new(program).args(words).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
