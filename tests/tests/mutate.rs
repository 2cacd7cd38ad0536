//! `tools/mutate` itself: that it tells caught from not caught, and that its table still fits the code.
//! Making the faults takes many builds and is run by hand or by night, not here.

use std::process::Command;

/// Runs `tools/mutate` with one word and shows what it said if it is not content.
fn mutate(word: &str) {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/../tools/mutate");
    let output = Command::new(program).arg(word).output().expect("tools/mutate runs with python3 3.11 or newer");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "tools/mutate {word}:\n{}{}", said(&output.stdout), said(&output.stderr));
}

#[test]
fn every_mutation_fits_the_code() {
    mutate("--check");
}

#[test]
fn caught_and_not_caught_are_told_apart() {
    mutate("--self-test");
}
