//! The readable scenarios of `tests/scenarios`: every file runs, every rule refuses (or finds) and lets pass, every file cites its
//! clause; every diversion of `diversions` is refused or found, and none of its lawful neighbours is. The language itself lives in the
//! test kit.

#![expect(clippy::print_stdout, reason = "the test tells how many diversions of each kind it knows")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use earmark_tests::rules::ELSEWHERE;
use ledger::rules::{self, RULES};
use testkit::scenario::{self, Report};

/// The five abuses of 第十条: how their files begin, their names, and how many of each there are at least.
const ABUSES: &[(&str, &str, usize)] =
    &[("jz", "挤占", 6), ("jl", "截留", 6), ("ny", "挪用", 6), ("ml", "冒领", 6), ("kd", "随意扩大", 6)];
/// How the files of lawful neighbours begin, and how many there are at least.
const LAWFUL: (&str, usize) = ("lawful", 15);
/// Folder of the diversions.
const DIVERSIONS: &str = "diversions/";
/// How far, in commands, the line that a rule lets pass may stand from one that it refuses.
const NEIGHBOUR: usize = 4;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// Name and text of every scenario file, in order; those of the diversions with their folder.
fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for below in ["", DIVERSIONS] {
        let entries = fs::read_dir(folder().join(below)).expect("tests/scenarios");
        let paths = entries.map(|entry| entry.expect("an entry of tests/scenarios").path());
        for path in paths.filter(|path| path.extension().is_some_and(|e| e == "txt")) {
            let name = format!("{below}{}", path.file_name().expect("a file name").to_string_lossy());
            let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
            files.push((name, text));
        }
    }
    files.sort();
    assert!(!files.is_empty(), "there are no scenarios");
    files
}

/// The diversions and their neighbours: name without folder, text, and what they showed.
fn diversions() -> Vec<(String, String, Report)> {
    let of_folder =
        files().into_iter().filter_map(|(name, text)| Some((name.strip_prefix(DIVERSIONS)?.to_owned(), text)));
    let run = |(name, text): (String, String)| {
        let report = scenario::run(&text, &folder()).unwrap_or_else(|e| panic!("{DIVERSIONS}{name}: {e}"));
        (name, text, report)
    };
    of_folder.map(run).collect()
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
fn every_rule_has_a_file_of_its_own_or_a_test_elsewhere() {
    let names: BTreeSet<String> = files().into_iter().map(|(name, _)| name).collect();
    let elsewhere = |code: &str| ELSEWHERE.iter().any(|(other, ..)| *other == code);
    let missing = RULES.iter().map(|rule| rule.code).filter(|code| !elsewhere(code));
    let missing = missing.filter(|code| !names.contains(&format!("{}.txt", code.to_lowercase())));
    assert_none(missing.map(|code| format!("{code}: no tests/scenarios/{}.txt", code.to_lowercase())).collect());
}

#[test]
fn every_diversion_is_refused_or_found_and_no_lawful_neighbour_is() {
    let mut faults = Vec::new();
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    let mut rules: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let all = diversions();
    for (name, text, report) in &all {
        let kind = name.split('-').next().unwrap_or_default().to_owned();
        let head = text.lines().next().unwrap_or_default();
        if kind == LAWFUL.0 {
            let looked =
                text.lines().rfind(|line| !line.trim().is_empty()).is_some_and(|l| l.trim() == "detect -> nothing");
            let of = head.split(':').next().unwrap_or_default().rsplit("of ").next().unwrap_or_default();
            let known =
                of.split(',').all(|code| all.iter().any(|(other, ..)| other.starts_with(&format!("{}-", code.trim()))));
            let bad =
                ["refused", "malformed", "denied", "finds"].iter().find(|word| text.contains(&format!("-> {word}")));
            if !report.refuses.is_empty() || bad.is_some() {
                faults.push(format!("{name}: a lawful neighbour is refused or found"));
            }
            if !looked || !known {
                faults.push(format!("{name}: name the diversions that it resembles, and end with `detect -> nothing`"));
            }
        } else {
            let abuse = ABUSES.iter().find(|(begins, ..)| *begins == kind);
            if abuse.is_none_or(|(_, zh, _)| !head.contains(zh)) {
                faults.push(format!("{name}: begin with the abuse that the file's name says"));
            }
            if report.refuses.is_empty() {
                faults.push(format!("{name}: the diversion passes unseen"));
            }
            let seen = report.refuses.iter().map(|(code, _)| code.clone());
            rules.entry(kind.clone()).or_default().extend(seen);
        }
        *count.entry(kind).or_default() += 1;
    }
    for (kind, least) in ABUSES.iter().map(|(kind, _, least)| (*kind, *least)).chain([LAWFUL]) {
        let found = count.get(kind).copied().unwrap_or(0);
        if found < least {
            faults.push(format!("{kind}: {found} files, at least {least} are wanted"));
        }
    }
    for (kind, zh, _) in ABUSES {
        let codes = rules.get(*kind).map_or(0, BTreeSet::len);
        println!("{zh}: {} diversions, stopped or found by {codes} rules", count.get(*kind).copied().unwrap_or(0));
    }
    println!("合法邻例: {}", count.get(LAWFUL.0).copied().unwrap_or(0));
    assert_none(faults);
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
