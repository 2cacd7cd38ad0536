//! The core without server or store: another program beside this one, which prints its own table.

use std::process::Command;

use crate::load::row::note;

/// The program.
const PROGRAM: &str = "core";

pub fn run() {
    let ours = std::env::current_exe().expect("a running program has a path");
    let ended =
        Command::new(ours.with_file_name(PROGRAM)).arg("--bench").output().expect("the program stands beside this one");
    String::from_utf8_lossy(&ended.stdout).lines().for_each(note);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
}
