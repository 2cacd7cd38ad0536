//! Honest books: the season and every book that a scenario makes, with every refusal in them. Random books stand with the model's tests.

use std::collections::BTreeSet;
use std::path::Path;

use record::{Event, Record};
use testkit::scenario;

use super::{bodies, season, verified};

/// Events of commands that the verifier does not know yet, each with the reason; docs/verify.md says the same.
const NOT_JUDGED: &[(&str, &str)] = &[];

#[test]
fn the_season_is_clean() {
    let book = season();
    let report = verified(&bodies(&book.records));
    assert!(report.is_clean(), "{:#?}", report.faults);
    assert_eq!(report.book, "GD", "the code of the book");
    assert_eq!(report.records, book.records.len() as u64);
    let bank: i64 = report.balances.iter().filter(|((account, _), _)| account == "10201").map(|(_, fen)| *fen).sum();
    assert_eq!(bank, 9_263_067, "{:?}", report.balances);
    assert!(report.unjudged.is_empty(), "{:?}", report.unjudged);
}

#[test]
fn every_scenario_s_books_are_clean_and_its_refusals_judged_alike() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut faults = Vec::new();
    let (mut books, mut refusals) = (0, 0);
    let mut rules: BTreeSet<String> = BTreeSet::new();
    let below = ["", "diversions"].map(|below| std::fs::read_dir(folder.join(below)).expect("tests/scenarios"));
    for entry in below.into_iter().flatten() {
        let path = entry.expect("an entry of tests/scenarios").path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a scenario");
        // A scenario that is wrong by itself hides nothing of the others.
        let made = match scenario::play(&text, &folder) {
            Ok((_, made)) => made,
            Err(error) => {
                faults.push(format!("{name}: {error}"));
                continue;
            }
        };
        for book in made.iter().filter(|book| !book.records.is_empty()) {
            let report = verified(&bodies(&book.records));
            books += 1;
            refusals += report.refusals;
            rules.extend(book.records.iter().flat_map(leading));
            faults.extend(report.faults.iter().map(|fault| format!("{name}: {fault:?}")));
            let unjudged = report.unjudged.keys().filter(|event| NOT_JUDGED.iter().all(|(known, _)| known != event));
            faults.extend(unjudged.map(|event| format!("{name}: {event} is judged by nobody")));
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
    assert!(books > 110 && refusals > 300, "{books} books, {refusals} refusals: these are not the scenarios");
    assert!(rules.len() > 50, "only {} rules lead a refusal: {rules:?}", rules.len());
}

fn leading(record: &Record) -> Option<String> {
    match &record.event {
        Event::Refused(refused) => refused.hits.first().map(|hit| hit.rule.clone()),
        _ => None,
    }
}

#[test]
fn every_rule_is_explained() {
    let explained: Vec<&str> = verify::EXPLANATIONS.iter().map(|e| e.rule).collect();
    let rules: Vec<&str> = ledger::rules::RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(explained, rules);
}

#[test]
fn every_code_and_rule_is_documented() {
    let text = include_str!("../../../docs/verify.md");
    let missing: Vec<&str> =
        verify::Code::ALL.iter().map(|code| code.code()).filter(|code| !text.contains(code)).collect();
    assert!(missing.is_empty(), "docs/verify.md says nothing of {missing:?}");
    let unjudged = verify::EXPLANATIONS.iter().filter(|e| e.how != verify::How::Judged).map(|e| e.rule);
    let missing: Vec<&str> = unjudged.filter(|rule| !text.contains(rule)).collect();
    assert!(missing.is_empty(), "docs/verify.md does not say that {missing:?} are not judged");
}

#[test]
fn the_verifier_imports_only_formats_and_proofs() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/verify/src")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the verifier's sources") {
            let path = entry.expect("a source").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a source");
            let found: Vec<_> = ["ledger::", "engine::", "store::", "testkit::", "server::"]
                .into_iter()
                .filter(|n| text.contains(n))
                .collect();
            assert!(found.is_empty(), "{}: {found:?}", path.display());
            files += 1;
        }
    }
    assert!(files > 20, "these are not the verifier's sources");
}
