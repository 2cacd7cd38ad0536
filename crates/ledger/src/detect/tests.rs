//! What no command can bring about: books that are broken. Everything else that detectors see is shown by `tests/scenarios`.

use record::kinds::{Element, Side};
use record::preset::{AccountDef, Named, Preset};
use record::{Day, Line};

use super::{DEFAULTS, DETECTORS, signs};
use crate::state::{State, Sum, SumKey};
use crate::{preset, rules};

/// What no detector can see, for it is not in the books but in how they are stored: the engine checks it against the log itself.
const OF_THE_LOG: &[&str] = &["LED-012"];

fn account(code: &str, element: Element) -> AccountDef {
    AccountDef {
        code: code.into(),
        name_zh: code.into(),
        name_en: code.into(),
        parent: String::new(),
        element,
        normal: Side::Debit,
        posting: true,
        blocked: false,
        dimensions: Vec::new(),
        crosswalk_2009: String::new(),
        crosswalk_2009_name: String::new(),
    }
}

fn post(state: &mut State, account: u16, side: Side, fen: i64) {
    let key = SumKey { account, source: 1, grant: 1, day: Day(100), ..SumKey::default() };
    let mut sum = Sum::default();
    sum.add(&Line { side, fen, ..Line::default() });
    state.sums.insert(key, sum);
}

#[test]
fn a_source_whose_equation_is_broken_is_found() {
    let mut state = State::default();
    state.accounts.push(account("10201", Element::Asset));
    state.accounts.push(account("40201", Element::Income));
    state.accounts.push(account("901", Element::Budget));
    let preset: Preset = preset::builtin("hospital-2018").unwrap();
    preset.sources.iter().for_each(|s| state.sources.push(s.clone()));
    post(&mut state, 1, Side::Debit, 500);
    post(&mut state, 2, Side::Credit, 500);
    // Budget accounts are no money.
    post(&mut state, 3, Side::Debit, 9);
    assert!(signs(&state, Day(100), None).is_empty());
    post(&mut state, 2, Side::Credit, 400);
    let found = signs(&state, Day(100), None);
    let found: Vec<(&str, i64)> = found.iter().map(|s| (s.rule.as_str(), s.fen)).collect();
    assert_eq!(found, [("REC-003", 100)]);
    // The day before there was nothing yet.
    assert!(signs(&state, Day(99), None).is_empty());
}

#[test]
fn every_detecting_rule_has_a_detector_and_every_number_its_parameter() {
    let detected: Vec<&str> = DETECTORS.iter().flat_map(|detector| detector.rules.iter().copied()).collect();
    for rule in rules::RULES.iter().filter(|rule| rule.level.detects()) {
        assert!(detected.contains(&rule.code) || OF_THE_LOG.contains(&rule.code), "{} has no detector", rule.code);
    }
    for code in &detected {
        let level = rules::find(code).map(|rule| rule.level);
        assert!(level.is_some_and(rules::Level::detects), "{code} is no detecting rule");
    }
    let preset = preset::builtin("hospital-2018").unwrap();
    for (key, number) in DEFAULTS {
        let set: Option<&Named> = preset.parameters.iter().find(|p| p.code == *key);
        assert_eq!(set.map(|p| p.name.as_str()), Some(number.to_string().as_str()), "{key}");
    }
}
