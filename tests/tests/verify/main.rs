//! The auditor's second implementation: honest books are clean, damaged ones are told by the code of their damage, and the second reader in
//! Python says the same of both.

mod clean;
mod damage;
mod figures;
mod file;
mod later;
mod python;
mod scenarios;
mod scoped;
mod served;
mod signed;

use earmark_tests::agreement::evidence;
use earmark_tests::damages as table;
use record::{Digest, Record, hash};
use testkit::book::Book;
use verify::{Code, Report, Verifier};

/// The canonical bodies of records.
fn bodies(records: &[Record]) -> Vec<Vec<u8>> {
    records.iter().map(record::encode).collect()
}

/// The root over bodies.
fn root(bodies: &[Vec<u8>]) -> Digest {
    let leaves: Vec<Digest> = bodies.iter().map(|body| hash::leaf_hash(body)).collect();
    proof::root_of(&leaves)
}

/// Verifies bodies as they come.
fn verified(bodies: &[Vec<u8>]) -> Report {
    let mut verifier = Verifier::new([]);
    bodies.iter().for_each(|body| verifier.body(body));
    verifier.finish(Some((bodies.len() as u64, root(bodies))))
}

/// The season up to Christmas, in a book that goes live in 2019.
fn season() -> Book {
    let mut book = Book::new();
    testkit::season::play(&mut book, testkit::season::all());
    book
}

/// The codes of a report's faults, each once.
fn codes(report: &Report) -> Vec<Code> {
    report.counts.keys().copied().collect()
}
