//! docs/rules.md is what the ledger's table, its detectors and the scenarios give, and every rule is judged or detected somewhere.
//! `UPDATE_FIXTURES=1` (or `cargo xtask gen rules`) writes it anew.

use std::fs;

use earmark_tests::rules::{document, workspace};
use ledger::rules::RULES;

#[test]
fn the_document_of_rules_is_current() {
    let path = workspace().join("docs/rules.md");
    let made = document();
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        fs::write(&path, &made).expect("docs can be written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let differs = made.lines().zip(found.lines()).find(|(made, found)| made != found);
    assert!(made == found, "docs/rules.md is not current: run `cargo xtask gen rules`; first difference {differs:?}");
}

#[test]
fn every_rule_is_judged_or_detected_and_shown() {
    let text = document();
    for rule in RULES {
        let begin = text.find(&format!("- **{}**", rule.code)).unwrap_or_else(|| panic!("{} has no entry", rule.code));
        let entry = text[begin..].split("\n- **").next().unwrap_or_default();
        assert!(entry.contains("Shown by"), "{} is shown by nothing:\n{entry}", rule.code);
        let judged = entry.contains("Judged in") || entry.contains("Seen by");
        assert!(judged, "{} is judged nowhere:\n{entry}", rule.code);
        for words in [rule.zh, rule.en, rule.clause] {
            assert!(!words.trim().is_empty(), "{} lacks words", rule.code);
        }
    }
}
