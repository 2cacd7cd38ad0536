//! Developer entry points: `cargo xtask <command>`. One module a command; this file only reads the command line.
//! What the ledger does lives elsewhere: nothing here is shipped.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a developer's tool speaks on the terminal")]

mod bench;
mod check;
mod r#gen;
mod needs;
// One file for tests and tools: this crate stays free of the project's own, so that it is built in seconds.
#[path = "../../testkit/src/postgres.rs"]
#[expect(dead_code, reason = "tests use more of it")]
mod postgres;
mod run;
mod soak;
mod tally;
mod test;
mod words;

use std::process::ExitCode;

const HELP: &str = "\
Usage: cargo xtask <command>

  test [--release]   everything: format, lints, generated code, all tests, documents;
                     fetches what the tests need, skips nothing, ends with the counts
  check              the quick part: format, lints, tidiness and crate arrows
  gen [--check]      makes the gRPC code in crates/api/src/gen from proto/, or checks that it is current
  gen rules          makes docs/rules.md from the table of rules, the detectors and the scenarios
  bench [--json] [--full] [--without NAME]... [NAME...]
                     measures in release mode: all benches or those named; `bench list` names them
  soak [NAME...]     tests in their long form, in release mode, minutes each: flips, agreement

  --help             this text
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["--help" | "-h" | "help"] => {
            print!("{HELP}");
            Ok(true)
        }
        ["test"] => test::run(run::Profile::Dev),
        ["test", "--release"] => test::run(run::Profile::Release),
        ["check"] => check::run(),
        ["gen"] => r#gen::run(false).map(|()| true),
        ["gen", "--check"] => r#gen::run(true).map(|()| true),
        // By the test that holds it current: the document is made of code that this tool does not know.
        ["gen", "rules"] => run::succeeds(
            run::cargo(&["test", "--package", "earmark-tests", "--test", "rules_doc"]).env("UPDATE_FIXTURES", "1"),
        ),
        ["bench", rest @ ..] => bench::run(rest),
        ["soak", rest @ ..] => soak::run(rest),
        _ => Err(anyhow::anyhow!("not a command: `{}`\n\n{HELP}", words.join(" "))),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
