//! The record format: test vectors, one spelling for one meaning, and a second reader (`tools/read.py`) that understands the same.
//!
//! `UPDATE_FIXTURES=1 cargo test -p earmark-tests --test format` writes the vectors anew; a difference in them is a format change.

mod commands;
mod debug;
mod evidence;
mod layers;
mod preset;
mod records;
mod spelling;
mod statements;
mod vectors;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A path within the repository.
fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// Runs a Python script of the repository with this input; its output and whether it left with 0.
fn python(script: &str, arguments: &[&str], input: &str) -> (String, bool) {
    let mut child = Command::new("python3")
        .arg(repository(script))
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 must be installed: the format's second reader is written in it");
    let mut stdin = child.stdin.take().expect("a pipe to python3");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("python3 runs");
    // A script that reads no input may close the pipe first; what it printed is what counts.
    drop(writer.join().expect("the writing thread"));
    (String::from_utf8(output.stdout).expect("UTF-8 from python3"), output.status.success())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
