//! A roster of a hundred thousand rows: every faulty row is told, part by part, and all of it is enrolled or nothing. The rules themselves
//! are shown in `scenarios/enr-003.txt`.

use ledger::Decision;
use record::command::SubmitEnrollmentBatch;
use record::event::Hit;
use record::{Command, Event};
use testkit::book::{Book, took_effect};
use testkit::build::{self, day};
use testkit::season;

const ROWS: u32 = 100_000;
const PART: u32 = 4_000;
const KEY: &str = "K-2018";

fn book() -> Book {
    let mut book = Book::new();
    book.set_day(day("2018-04-08"));
    let steps = [season::opening(day("2019-01-01")), season::programme()];
    season::play(&mut book, steps.into_iter().flatten().collect());
    assert!(took_effect(&book.act(Command::RegisterTokenKey(build::token_key(2018, KEY)))));
    book
}

/// Uploads persons in parts; what was refused of each.
fn upload(book: &mut Book, code: &str, persons: &[u32]) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (first_row, part) in (0..).map(|n| n * PART + 1).zip(persons.chunks(PART as usize)) {
        let chunk = build::chunk(code, 2018, KEY, first_row, part);
        if let Decision::Records(records) = book.ask("collector.gz", Command::UploadRosterChunk(chunk))
            && let Some(Event::Refused(refused)) = records.first().map(|record| &record.event)
        {
            hits.extend(refused.hits.clone());
        }
    }
    hits
}

fn form(code: &str, upload: &str, persons: &[u32]) -> Command {
    let heads = u32::try_from(persons.len()).expect("a roster");
    let batch = build::batch(code, "GZ-U1", "A", "COMP", heads, day("2018-04-20"));
    let tokens_digest = Some(build::tokens_digest(KEY, persons));
    Command::SubmitEnrollmentBatch(SubmitEnrollmentBatch { upload: upload.into(), tokens_digest, ..batch })
}

/// Rows of a list of rows and ranges.
fn rows(text: &str) -> Vec<u32> {
    let of = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        from.parse::<u32>().expect("a row")..=to.parse().expect("a row")
    };
    text.split(", ").flat_map(of).collect()
}

#[test]
fn a_hundred_thousand_rows_are_enrolled_whole_or_not_at_all() {
    let mut book = book();
    // Persons 1 to 50 are enrolled already.
    let first: Vec<u32> = (1..=50).collect();
    assert_eq!(upload(&mut book, "U-1", &first), []);
    assert!(took_effect(&book.ask("collector.gz", form("A-1", "U-1", &first))));
    // Every thousandth row has one of them.
    let faulty: Vec<u32> = (1..=ROWS).map(|row| if row % 2_000 == 0 { row / 2_000 } else { 1_000 + row }).collect();
    let hits = upload(&mut book, "U-2", &faulty);
    assert!(hits.iter().all(|hit| hit.rule == "ENR-003"));
    let told: Vec<u32> = hits.iter().flat_map(|hit| rows(&hit.found)).collect();
    assert_eq!(told, (1..=ROWS).filter(|row| row % 2_000 == 0).collect::<Vec<_>>());
    let before = book.state.clone();
    assert!(!took_effect(&book.ask("collector.gz", form("A-2", "U-2", &faulty))));
    assert_eq!(book.state.grants, before.grants, "nothing of it is enrolled");
    // The roster without fault, once with a person twice across its parts, once right.
    let right: Vec<u32> = (1..=ROWS).map(|row| 1_000 + row).collect();
    let mut twice = right.clone();
    twice[99_999] = twice[0];
    assert_eq!(upload(&mut book, "U-3", &twice), []);
    let Decision::Records(records) = book.ask("collector.gz", form("A-3", "U-3", &twice)) else {
        panic!("a refusal is a record")
    };
    let Some(Event::Refused(refused)) = records.first().map(|record| &record.event) else { panic!("{records:?}") };
    let found: Vec<_> = refused.hits.iter().map(|hit| (hit.rule.as_str(), hit.found.as_str())).collect();
    assert_eq!(found, [("ENR-003", "100000")]);
    assert_eq!(upload(&mut book, "U-4", &right), []);
    assert!(took_effect(&book.ask("collector.gz", form("A-4", "U-4", &right))));
    assert_eq!(book.state.batch(book.state.grants.no("A-4").expect("the batch")).expect("it").form.insured_count, ROWS);
    // What was sealed waits no more; what nobody seals is swept out by the first upload after its days.
    assert_eq!(book.state.uploads.keys().collect::<Vec<_>>(), ["U-3"]);
    book.set_day(day("2018-05-20"));
    assert_eq!(upload(&mut book, "U-5", &[1]).len(), 1);
    assert_eq!(upload(&mut book, "U-6", &[999]), []);
    assert_eq!(book.state.uploads.keys().collect::<Vec<_>>(), ["U-6"]);
}
