//! Bits flipped: in the columns of rows of every table, on both engines, and anywhere in the files. Nothing that verification covers may
//! change in silence: each flip is told, or the database refuses it, or everything that can be read is shown to be as before. The table of
//! what caught what is printed. `EARMARK_FLIPS=all` (`cargo xtask soak flips`) tries 300 rows bit by bit and 20,000 bits of the files.

mod columns;
mod file;
mod rows;

use std::collections::BTreeMap;

use earmark_tests::attacked::{Log, log_keys, policy};
use record::Command;
use record::kinds::IncomeKind;
use testkit::book::{Book, refused, took_effect};
use testkit::build::{self, day, log_policy};
use testkit::season;

/// What caught the flips: by place, then by catcher.
type Caught = BTreeMap<String, BTreeMap<String, u64>>;

/// Columns that verification does not cover, each with the reason.
const NOT_COVERED: &[(&str, &str, &str)] = &[
    ("book", "created_at", "when the catalogue learnt of the book; its first record has the time that counts"),
    ("head", "only", "what the only row of a table is found by on files; nothing asks for it"),
    ("reached", "only", "the same"),
    ("head", "epoch", "a fence between writers, which every start raises; below the rows' own it is told"),
    ("token", "", "a token opens the door, and is no part of a book"),
    ("_sqlx_migrations", "", "notes of schema steps, judged by the server at its start; the schema itself is compared"),
];

/// Whether a column is one of those.
fn is_covered(table: &str, column: &str) -> bool {
    !NOT_COVERED.iter().any(|(of, name, _)| *of == table && (name.is_empty() || *name == column))
}

/// Whether everything is tried that issue and document promise, or a sample.
fn all() -> bool {
    std::env::var("EARMARK_FLIPS").is_ok_and(|value| value == "all")
}

/// A small book with vouchers of both ledgers, refusals and signed heads.
fn small() -> Log {
    let mut book = Book::new();
    season::play(&mut book, season::opening(day("2019-01-01")));
    season::play(&mut book, season::programme());
    season::play(&mut book, season::funding().into_iter().take(8).collect());
    let (log, [one, two]) = log_keys();
    let set = log_policy(&book.state.book, &policy(), None, &[&log, &one, &two]);
    assert!(took_effect(&book.ask("audit", set)), "the policy is set");
    let before = book.state.sequence;
    for number in 1..=2 {
        let income = build::income(IncomeKind::Donation, &format!("JZ-X{number}"), 100, book.today(), "TX-1");
        assert_ne!(refused(&book.act(Command::RecordIncome(income))), Vec::<String>::new());
    }
    Log::of(&book.state.book, &book.records, &[before, book.state.sequence], &log, &[&one, &two])
}

#[expect(clippy::print_stdout, reason = "the table of what caught what is the evidence")]
fn show(title: &str, caught: &Caught) {
    let all: u64 = caught.values().flat_map(BTreeMap::values).sum();
    println!("\n{title}: {all} flips");
    for (place, by) in caught {
        let by: Vec<String> = by.iter().map(|(catcher, count)| format!("{catcher} {count}")).collect();
        println!("{place:<28} {}", by.join(", "));
    }
    for (table, column, reason) in NOT_COVERED {
        println!("not covered: {table} {column}: {reason}");
    }
}

/// Counts a flip under the first fault of a report, which is its own: those after it may follow from it.
fn count(caught: &mut Caught, place: String, catcher: &str) {
    *caught.entry(place).or_default().entry(catcher.to_owned()).or_default() += 1;
}
