//! The damages of what later commands record, applied: each is told by its code.

use earmark_tests::damages::later::{LATER, played};

use super::{bodies, codes, verified};

#[test]
fn every_damage_of_later_records_is_told_by_its_code() {
    let mut missed = Vec::new();
    for (scenario, name, damage, code) in LATER {
        let mut records = played(scenario);
        if !records.iter_mut().any(damage) {
            missed.push(format!("{scenario}: no record for {name:?}"));
            continue;
        }
        let report = verified(&bodies(&records));
        if !codes(&report).contains(code) {
            missed.push(format!("{name}: expected {code}, found {:?}\n{:#?}", codes(&report), report.faults.first()));
        }
    }
    assert!(missed.is_empty(), "\n{}\n", missed.join("\n"));
}
