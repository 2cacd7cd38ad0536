//! Damages of what later commands record: statements and what is matched with them, rules from above, returns to givers, destructions.
//! The books are those of their scenarios.

use std::path::Path;

use record::{Event, Record};
use testkit::scenario;
use verify::Code;

/// The records of a scenario's last book.
pub fn played(name: &str) -> Vec<Record> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let text = std::fs::read_to_string(folder.join(name)).expect("a scenario");
    let (_, books) = scenario::play(&text, &folder).unwrap_or_else(|e| panic!("{name}: {e}"));
    books.iter().rev().find(|book| !book.records.is_empty()).expect("a book").records.clone()
}

/// Scenario, what is done, to which record, and the code that tells it.
pub type Later = (&'static str, &'static str, fn(&mut Record) -> bool, Code);

/// The table.
pub const LATER: &[Later] = &[
    (
        "statements.txt",
        "a statement closes with a fen more",
        |record| match &mut record.event {
            Event::StatementImported(event) => {
                event.statement.closing_fen += 1;
                true
            }
            _ => false,
        },
        Code::Rule,
    ),
    (
        "statements.txt",
        "a statement's lines are numbered anew",
        |record| match &mut record.event {
            Event::StatementImported(event) => {
                event.first_line += 1;
                true
            }
            _ => false,
        },
        Code::Derived,
    ),
    (
        "statements.txt",
        "an uploaded line has another amount than was sealed",
        |record| match &mut record.event {
            Event::StatementChunkUploaded { chunk } => {
                chunk.lines.iter_mut().for_each(|line| line.fen += 1);
                true
            }
            _ => false,
        },
        Code::Rule,
    ),
    (
        "statements.txt",
        "a line is matched with another movement",
        |record| match &mut record.event {
            Event::LinesMatched(event) if !event.groups.is_empty() => {
                event.groups.iter_mut().flat_map(|(_, movements)| movements).for_each(|movement| *movement += 1);
                true
            }
            _ => false,
        },
        Code::Derived,
    ),
    (
        "lay-001.txt",
        "rules from above bind a day later",
        |record| match &mut record.event {
            Event::RuleSetAdopted(event) => {
                event.effective_from = event.effective_from.plus_days(1);
                true
            }
            _ => false,
        },
        Code::Derived,
    ),
    (
        "lay-001.txt",
        "a refusal bears another version of the rules",
        |record| {
            let refused = matches!(record.event, Event::Refused(_));
            record.rule_set += u32::from(refused);
            refused
        },
        Code::Derived,
    ),
    (
        "grant-return.txt",
        "money returned to its giver names another approval",
        |record| match &mut record.event {
            Event::VoucherPosted(posted) if posted.voucher.template == record::kinds::Template::T32 => {
                posted.voucher.approval += 1;
                true
            }
            _ => false,
        },
        Code::Derived,
    ),
    (
        "ret-001.txt",
        "a destruction is of another year",
        |record| match &mut record.event {
            Event::ArchivesDestroyed { destruction, .. } => {
                destruction.year += 1;
                true
            }
            _ => false,
        },
        Code::Derived,
    ),
    (
        "history.txt",
        "a file of historical entries has another digest",
        |record| match &mut record.event {
            Event::HistoryRegistered { history, .. } => {
                history.digest[0] ^= 1;
                true
            }
            _ => false,
        },
        Code::Derived,
    ),
    (
        "enr-003.txt",
        "a person of a roster is another",
        |record| match &mut record.event {
            Event::RosterChunkUploaded { chunk } => {
                chunk.tokens.iter_mut().for_each(|token| token[0] ^= 1);
                true
            }
            _ => false,
        },
        Code::Fingerprint,
    ),
    (
        "enr-003.txt",
        "a person is enrolled whom no roster names",
        |record| match &mut record.event {
            Event::PersonsEnrolled(event) => {
                event.tokens.iter_mut().for_each(|token| token[0] ^= 1);
                true
            }
            _ => false,
        },
        Code::Derived,
    ),
    (
        "payee-cooling.txt",
        "a parameter is set to another value than was reviewed",
        |record| match &mut record.event {
            Event::ParameterSet { value, .. } => {
                value.push('0');
                true
            }
            _ => false,
        },
        Code::Derived,
    ),
];
