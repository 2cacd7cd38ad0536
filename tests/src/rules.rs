//! docs/rules.md, made from the ledger's own table of rules, its detectors, the places in the code that judge each rule, and the scenarios
//! that show it. That the file is current is tested in `rules_doc`; that every rule is shown, in `scenarios`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use ledger::detect::DETECTORS;
use ledger::rules::{Level, RULES, Rule};

/// Rules that no request can break: file and name of the test that breaks them from outside.
pub const ELSEWHERE: &[(&str, &str, &str)] = &[
    // What is stored is the engine's to check.
    ("LED-012", "tests/recheck.rs", "a_damaged_log_stops_the_running_book_on_sqlite"),
    // Identity numbers end at the tokenizer.
    ("ENR-004", "../crates/cli/src/roster/tests.rs", "every_faulty_row_and_column_is_told_and_no_number_is_echoed"),
    ("PII-002", "../crates/cli/src/roster/tests.rs", "a_form_becomes_tokens_and_totals"),
    ("REC-003", "../crates/ledger/src/detect/tests.rs", "a_source_whose_equation_is_broken_is_found"),
];

/// Folders of the code that judges, below the workspace; the table itself is in none of them.
const JUDGES: &[&str] =
    &["crates/ledger/src/form", "crates/ledger/src/decide", "crates/engine/src", "crates/cli/src/roster"];
/// Rules that are held where no code names them: by the reader of rosters, whose faults are told before anything reaches a book.
const UNNAMED: &[(&str, &str)] = &[("ENR-004", "cli/roster/identity.rs"), ("PII-002", "cli/roster/mod.rs")];
/// Folders of scenarios, below the workspace.
const SCENARIOS: &[&str] = &["tests/scenarios", "tests/scenarios/diversions"];
/// Names that a rule's entry gives of the places and scenarios at most; the rest is counted.
const NAMES: usize = 8;
/// Columns of a line.
const COLUMNS: usize = 140;

/// The workspace's folder.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Files of a folder with this ending, in order of their names.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry of a folder").path()).collect();
    found.retain(|path| path.extension().is_some_and(|e| e == ending));
    found.sort();
    found
}

/// Places in the code whose strings begin with each code, tests apart.
fn places() -> BTreeMap<&'static str, Vec<String>> {
    let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for folder in JUDGES {
        for path in files(&workspace().join(folder), "rs") {
            let text = fs::read_to_string(&path).expect("source code is text");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let name = path.file_name().expect("a file name").to_string_lossy().into_owned();
            if name == "tests.rs" {
                continue;
            }
            let lines: Vec<&str> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            for rule in RULES {
                let named = format!("\"{}", rule.code);
                if lines.iter().any(|line| line.contains(&named)) {
                    let folder = folder.trim_start_matches("crates/").replace("/src", "");
                    places.entry(rule.code).or_default().push(format!("{folder}/{name}"));
                }
            }
        }
    }
    for (code, place) in UNNAMED {
        places.entry(code).or_default().push((*place).to_owned());
    }
    places
}

/// Scenario files that refuse or find by each code.
fn shown() -> BTreeMap<&'static str, Vec<String>> {
    let mut shown: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for folder in SCENARIOS {
        for path in files(&workspace().join(folder), "txt") {
            let text = fs::read_to_string(&path).expect("a scenario is text");
            let outcomes = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once("-> "));
            let words: Vec<&str> = outcomes
                .filter_map(|(_, outcome)| outcome.split(" passes ").next())
                .filter(|outcome| ["refused", "finds", "malformed"].iter().any(|begins| outcome.starts_with(begins)))
                .flat_map(str::split_whitespace)
                .collect();
            let stem = path.file_stem().expect("a file name").to_string_lossy().into_owned();
            let name = if folder.ends_with("diversions") { format!("diversions/{stem}") } else { stem };
            for rule in RULES {
                let is = |word: &&str| word.split(['/', '=']).next() == Some(rule.code);
                if words.iter().any(is) {
                    shown.entry(rule.code).or_default().push(name.clone());
                }
            }
        }
    }
    shown
}

/// Names in backquotes, the first few, its own file first.
fn list(names: &[String], own: &str) -> String {
    let (first, others): (Vec<_>, Vec<_>) = names.iter().partition(|name| *name == own);
    let all: Vec<String> = first.into_iter().chain(others).map(|name| format!("`{name}`")).collect();
    let more = all.len().saturating_sub(NAMES);
    let named = all[..all.len() - more].join(", ");
    if more == 0 { named } else { format!("{named} and {more} more") }
}

/// A paragraph in lines of at most so many columns, broken at blanks, each after the first indented.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::from("  ")];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("there is a line");
        if last.chars().count() + 1 + word.chars().count() > COLUMNS && !last.trim().is_empty() {
            lines.push(format!("  {word}"));
        } else {
            if !last.trim().is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines.join("\n")
}

fn entry(rule: &Rule, places: &[String], shown: &[String]) -> String {
    let mut by = Vec::new();
    if !places.is_empty() {
        by.push(format!("Judged in {}.", list(places, "")));
    }
    let detectors: Vec<String> =
        DETECTORS.iter().filter(|d| d.rules.contains(&rule.code)).map(|d| format!("`{}`", d.name)).collect();
    if !detectors.is_empty() {
        by.push(format!("Seen by the detector {}.", detectors.join(", ")));
    }
    if !shown.is_empty() {
        by.push(format!("Shown by {}.", list(shown, &rule.code.to_lowercase())));
    }
    if let Some((_, file, test)) = ELSEWHERE.iter().find(|(code, ..)| *code == rule.code) {
        let file = file.strip_prefix("../").map_or_else(|| format!("tests/{file}"), str::to_owned);
        by.push(format!("Shown by the test `{test}` of `{file}`."));
    }
    format!(
        "- **{}** ({}) {}  \n{}  \n{}  \n{}\n",
        rule.code,
        rule.level.code(),
        rule.clause,
        wrapped(rule.zh),
        wrapped(rule.en),
        wrapped(&by.join(" "))
    )
}

/// The whole document.
pub fn document() -> String {
    let (places, shown) = (places(), shown());
    let mut text = String::from(HEAD);
    let mut section = "";
    for rule in RULES {
        let of = if rule.level == Level::Blocking || rule.level == Level::Both { BLOCKING } else { DETECTING };
        if of != section {
            section = of;
            write!(text, "\n{section}\n").expect("writing to a string");
        }
        let none = Vec::new();
        let at = places.get(rule.code).unwrap_or(&none);
        text.push_str(&entry(rule, at, shown.get(rule.code).unwrap_or(&none)));
    }
    text
}

const HEAD: &str = "# Rules 规则目录

Made by `cargo xtask gen rules` from the ledger's own table (`crates/ledger/src/rules/table.rs`); a test holds it current. The order is
that in which an answer lists its hits. Each entry: code, level, clause, what it demands in Chinese and English, which code judges it, which
scenarios of `tests/scenarios` show it refused or found. B: what breaks it is refused (拦截). D: what breaks it is found by a detector
(事后发现). B/D: refused where a request shows it, found where only time does. W: a detector points at what may be nothing (警示). Every finding
is a suspicion (疑似); what it was is the audit committee's to say (定性). Whoever meets one rule again and again on a day is told of under
that rule's code by the detector `refused-attempts`, rules of form apart.
";
const BLOCKING: &str = "## Refused 拦截\n";
const DETECTING: &str = "## Found 事后发现\n";
