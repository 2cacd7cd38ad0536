//! The readable scenarios of `tests/scenarios`: every file runs, every rule refuses (or finds) and lets pass, every file cites its
//! clause. The language itself lives in the test kit.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ledger::rules::{self, RULES};
use testkit::scenario::{self, Report};

/// Rules that no request can break: file and name of the test that breaks them from outside.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("LED-005", "tests/store_sqlite.rs", "the_guards_refuse_every_change_of_what_stands"),
    // Identity numbers end at the tokenizer.
    ("ENR-004", "../crates/cli/src/roster/tests.rs", "every_faulty_row_and_column_is_told_and_no_number_is_echoed"),
    ("PII-002", "../crates/cli/src/roster/tests.rs", "a_form_becomes_tokens_and_totals"),
    ("REC-003", "../crates/ledger/src/detect/tests.rs", "a_source_whose_equation_is_broken_is_found"),
];
/// How far, in commands, the line that a rule lets pass may stand from one that it refuses.
const NEIGHBOUR: usize = 4;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// Name and text of every scenario file, in order.
fn files() -> Vec<(String, String)> {
    let entries = fs::read_dir(folder()).expect("tests/scenarios");
    let mut files: Vec<(String, String)> = entries
        .map(|entry| entry.expect("an entry of tests/scenarios").path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .map(|path| {
            let name = path.file_name().expect("a file name").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
            (name, text)
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "there are no scenarios");
    files
}

fn run_all() -> Vec<(String, Result<Report, String>)> {
    files().into_iter().map(|(name, text)| (name, scenario::run(&text, &folder()))).collect()
}

fn assert_none(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_scenario_goes_as_written() {
    let failed = run_all().into_iter().filter_map(|(name, outcome)| {
        outcome.err().map(|e| format!("tests/scenarios/{}:{}", name, e.trim_start_matches("line ")))
    });
    assert_none(failed.collect());
}

#[test]
fn every_rule_refuses_and_lets_pass() {
    let mut shown: BTreeSet<String> = BTreeSet::new();
    for (_, report) in run_all().into_iter().filter_map(|(name, r)| Some((name, r.ok()?))) {
        for (code, at) in &report.passes {
            let near = report.refuses.iter().any(|(other, there)| other == code && there.abs_diff(*at) <= NEIGHBOUR);
            if near {
                shown.insert(code.clone());
            }
        }
    }
    let elsewhere = |code: &str| ELSEWHERE.iter().any(|(other, ..)| *other == code);
    let missing = RULES.iter().map(|r| r.code).filter(|code| !shown.contains(*code) && !elsewhere(code));
    assert_none(
        missing
            .map(|code| format!("{code}: no line refused or found by it with a line next to it that passes"))
            .collect(),
    );
}

#[test]
fn rules_tested_elsewhere_are_tested_there() {
    for (code, path, test) in ELSEWHERE {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
        assert!(
            text.is_ok_and(|t| t.contains(&format!("fn {test}("))),
            "{path} has no {test}, so {code} is not tested"
        );
    }
}

#[test]
fn every_file_cites_its_clause() {
    let mut faults = Vec::new();
    for (name, text) in files() {
        let comments: String = text.lines().filter(|l| l.starts_with('#')).collect();
        let code = name.trim_end_matches(".txt").to_uppercase();
        match rules::find(&code) {
            Some(rule) if !comments.contains(rule.clause) => faults.push(format!("{name}: cite {}", rule.clause)),
            None if !["办法第", "方案", "decisions", "books", "rules"].iter().any(|w| comments.contains(w)) => {
                faults.push(format!("{name}: cites no clause"));
            }
            _ => {}
        }
    }
    assert_none(faults);
}
