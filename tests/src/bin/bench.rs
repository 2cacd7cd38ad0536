//! `cargo xtask bench [--json] [--full] [--without NAME]... [NAME...]`: the benches of `load::suite` against the
//! `earmark` beside this program. Exits with 1 where a check failed, not where a goal was missed.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench tells its figures")]

use std::process::ExitCode;

use earmark_tests::load::echo;
use earmark_tests::load::row::Print;
use earmark_tests::load::suite::{self, BENCHES, Setting};

const USAGE: &str = "usage: bench [--json] [--full] [--without NAME]... [NAME...] | bench list";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        // The other end of the echo bench, started by it.
        ["echo-server"] => {
            echo::serve(|address| println!("listening on {address}")).await;
            ExitCode::SUCCESS
        }
        ["list"] => {
            BENCHES.iter().for_each(|(name, what)| println!("{name:<14} {what}"));
            ExitCode::SUCCESS
        }
        words => match asked(words) {
            Ok((names, setting)) => run(names, setting).await,
            Err(usage) => {
                eprintln!("{usage}");
                ExitCode::from(2)
            }
        },
    }
}

fn asked(words: &[&str]) -> Result<(Vec<&'static str>, Setting), String> {
    let mut setting = Setting { full: false, print: Print::Table };
    let (mut names, mut without) = (Vec::new(), Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--json" => setting.print = Print::Json,
            "--full" => setting.full = true,
            "--without" => without.push(known(words.next().ok_or(USAGE)?)?),
            name => names.push(known(name)?),
        }
    }
    if names.is_empty() {
        names = BENCHES.iter().map(|(name, _)| *name).collect();
    }
    names.retain(|name| !without.contains(name));
    Ok((names, setting))
}

fn known(name: &str) -> Result<&'static str, String> {
    let found = BENCHES.iter().find(|(known, _)| *known == name);
    found.map(|(known, _)| *known).ok_or_else(|| format!("no bench is called {name}; see `bench list`\n{USAGE}"))
}

/// Runs them one after the other; one that fails does not keep the others from running.
async fn run(names: Vec<&'static str>, setting: Setting) -> ExitCode {
    setting.print.head();
    let mut failed = Vec::new();
    for name in names {
        eprintln!("{name}");
        if tokio::spawn(suite::run(name, setting.clone())).await.is_err() {
            failed.push(name);
        }
    }
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("checks failed in {}", failed.join(", "));
    ExitCode::FAILURE
}
