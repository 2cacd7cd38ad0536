//! The table of damages, applied: each is a book that somebody with all rights over the database re-wrote and re-hashed, and each is
//! told by a code of its own. That an honest book shows none of them stands in `clean`.

use std::collections::BTreeSet;

use record::{Digest, Record};
use verify::{Code, Verifier};

use super::table::{self, DAMAGES};
use super::{bodies, codes, root, verified};

#[test]
fn the_undamaged_book_is_clean() {
    let report = verified(&bodies(&table::rich().records));
    assert!(report.is_clean(), "{:#?}", report.faults);
    assert_eq!(report.totals, 1);
    assert!(report.refusals > 0, "the book has refusals to lose");
}

#[test]
fn every_damage_is_told_by_its_code() {
    let honest = table::rich().records;
    let mut missed = Vec::new();
    for (name, damage, code) in DAMAGES {
        let mut records = honest.clone();
        damage(&mut records);
        assert_ne!(records, honest, "{name}: nothing was damaged");
        let report = verified(&bodies(&records));
        if !codes(&report).contains(code) {
            missed.push(format!("{name}: expected {code}, found {:?}\n{:#?}", codes(&report), report.faults.first()));
        }
    }
    assert!(missed.is_empty(), "\n{}\n", missed.join("\n"));
}

/// Codes that no change of a whole book's records brings about: `file`, `signed`, `scoped`, `figures` and the program's tests do.
const BESIDE: &[Code] = &[
    Code::File,
    Code::Body,
    Code::Root,
    Code::Checkpoint,
    Code::Policy,
    Code::Cosigned,
    Code::Lacks,
    Code::Entries,
    Code::Tail,
    Code::Outflow,
    Code::LogRow,
    Code::ViewMissing,
    Code::ViewExtra,
    Code::ViewDiffers,
    Code::Schema,
    Code::Head,
    Code::Storage,
];

#[test]
fn every_code_has_its_damage() {
    let shown: BTreeSet<Code> = DAMAGES.iter().map(|(_, _, code)| *code).chain(BESIDE.iter().copied()).collect();
    let missing: Vec<&Code> = Code::ALL.iter().filter(|code| !shown.contains(code)).collect();
    assert!(missing.is_empty(), "no damage shows {missing:?}");
}

/// Verifies records against what an auditor noted of the honest book.
fn against(noted: &[(u64, Digest)], records: &[Record]) -> Vec<Code> {
    let mut verifier = Verifier::new(noted);
    bodies(records).iter().for_each(|body| verifier.body(body));
    codes(&verifier.finish(None))
}

#[test]
fn a_rewritten_history_does_not_continue_an_old_checkpoint() {
    let honest = table::rich().records;
    let noted: Vec<(u64, Digest)> =
        [10, honest.len() - 3].iter().map(|n| (*n as u64, root(&bodies(&honest[..*n])))).collect();
    assert_eq!(against(&noted, &honest), []);
    // A refusal that is dropped, and everything after it numbered anew, leaves books without fault: only what was noted before tells.
    let mut dropped = honest.clone();
    table::drop_refusal(&mut dropped);
    let codes = against(&noted, &dropped);
    assert!(codes.contains(&Code::Checkpoint), "{codes:?}");
    // A log that was rolled back does not reach the checkpoint at all.
    assert_eq!(against(&noted, &honest[..12]), [Code::Checkpoint,]);
}

#[test]
fn bytes_that_are_no_record_are_told_and_passed_over() {
    let honest = bodies(&table::rich().records);
    for damage in [
        |body: &mut Vec<u8>| body.push(0),
        |body: &mut Vec<u8>| body.truncate(body.len() - 1),
        |body: &mut Vec<u8>| body[0] = 7,
    ] {
        let mut bodies = honest.clone();
        damage(&mut bodies[4]);
        let report = verified(&bodies);
        assert!(codes(&report).contains(&Code::Body), "{:#?}", report.faults);
        assert_eq!(report.records, honest.len() as u64, "the rest is read all the same");
    }
}
