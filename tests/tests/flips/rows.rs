//! Every bit of every column of sampled rows, one at a time, with everything else as it was.

use earmark_tests::attacked::{Kind, Log, Look, Place, honest, verify};
use earmark_tests::chance::Chance;
use store::Reading;
use verify::Trusted;

use super::columns::{Hand, Table, Value};
use super::{Caught, all, count, is_covered, show, small};

/// Rows of the whole run, and of an ordinary one.
const ROWS: (usize, usize) = (300, 30);
/// One row of so many is of sums, whose book is large and takes a while each time.
const OF_SUMS: usize = 10;
/// Bits of a column of an ordinary run.
const SAMPLED_BITS: usize = 3;
/// Bytes of a column of which every bit is tried; of longer ones, bodies of large records, a bit of every byte.
const LONG_BYTES: u64 = 4_096;
/// Records beside the season's, so that blocks of sums are full.
const MORE: u32 = 1_000;
/// What is looked at: guards are down for it, so the schema is not; and what the database finds by itself only where nothing else tells.
const ROWS_ALONE: Look = Look { views: true, schema: false, files: false };
const AND_FILES: Look = Look { views: true, schema: false, files: true };

/// Rows of all tables in turn, until there are enough: table and row.
fn sampled(tables: &[Table], wanted: usize, chance: &mut Chance) -> Vec<(usize, usize)> {
    let mut left: Vec<Vec<usize>> = tables.iter().map(|table| (0..table.rows.len()).collect()).collect();
    let mut taken = Vec::new();
    while taken.len() < wanted && left.iter().any(|rows| !rows.is_empty()) {
        for (table, rows) in left.iter_mut().enumerate() {
            if !rows.is_empty() && taken.len() < wanted {
                taken.push((table, rows.swap_remove(chance.within(0..rows.len() as u64) as usize)));
            }
        }
    }
    taken
}

/// Bits of a value that are tried.
fn bits(value: &Value, chance: &mut Chance) -> Vec<u64> {
    let bits = value.bits();
    if !all() {
        let sampled = (0..SAMPLED_BITS.min(bits as usize)).map(|_| chance.within(0..bits));
        return sampled.collect();
    }
    if bits > LONG_BYTES * 8 {
        return (0..bits / 8).map(|byte| byte * 8 + byte % 8).collect();
    }
    (0..bits).collect()
}

/// What tells of a flip: the code of the first fault, or that nothing can be read.
async fn told(reading: &Reading, book: &str) -> Option<String> {
    for look in [ROWS_ALONE, AND_FILES] {
        match verify(reading, book, Trusted::default(), look, |_, _| ()).await {
            Err(_) => return Some("not readable".to_owned()),
            Ok(report) if report.is_clean() => {}
            Ok(report) => return report.faults.first().map(|fault| fault.code.to_string()),
        }
    }
    None
}

/// Flips bits of rows of these tables of a log's place.
async fn flipped(kind: Kind, log: &Log, of: impl Fn(&Table) -> bool, rows: usize, caught: &mut Caught) {
    let place = Place::written(kind, log).await;
    let mut hand = Hand::on(&place).await;
    let tables: Vec<Table> = hand.tables().await.into_iter().filter(of).collect();
    assert!(tables.iter().all(|table| !table.rows.is_empty()), "every table has rows to flip");
    let reading = place.reading().await.expect("a place");
    let clean = verify(&reading, &log.book, Trusted::default(), ROWS_ALONE, |_, _| ()).await.expect("a report");
    assert!(clean.is_clean(), "{:?}", clean.faults);
    let mut chance = Chance::of(17);
    for (table, row) in sampled(&tables, rows, &mut chance) {
        let (table, row) = (&tables[table], &tables[table].rows[row]);
        for (at, value) in row.iter().enumerate() {
            let name = &table.columns[at].name;
            let place = format!("{}.{name}", table.name);
            for bit in bits(value, &mut chance) {
                let flipped = value.flipped(bit);
                if let Err(_refused) = hand.run(table.part, &hand.set(table, row, at, &flipped)).await {
                    count(caught, place.clone(), "refused by the database");
                    continue;
                }
                let told = told(&reading, &log.book).await;
                match told.as_deref() {
                    Some(catcher) => count(caught, place.clone(), catcher),
                    None if !is_covered(&table.name, name) => count(caught, place.clone(), "not covered"),
                    None => panic!("{kind:?}: bit {bit} of {place} of {row:?} changed in silence"),
                }
                let mut changed = row.clone();
                changed[at] = flipped;
                let back = hand.set(table, &changed, at, value);
                hand.run(table.part, &back).await.unwrap_or_else(|error| panic!("{back}: {error}"));
            }
        }
    }
    let clean = verify(&reading, &log.book, Trusted::default(), ROWS_ALONE, |_, _| ()).await.expect("a report");
    assert!(clean.is_clean(), "all bits are back: {:?}", clean.faults);
}

async fn every_table(kind: Kind) {
    let mut caught = Caught::new();
    let rows = if all() { ROWS.0 } else { ROWS.1 };
    let of_sums = rows / OF_SUMS;
    flipped(kind, &small(), |table| table.name != "balance", rows - of_sums, &mut caught).await;
    // Sums stand of full blocks alone, so that their book is larger.
    flipped(kind, &honest(MORE).1, |table| table.name == "balance", of_sums, &mut caught).await;
    show(&format!("{kind:?}, bits of rows"), &caught);
}

#[tokio::test]
async fn no_bit_of_a_row_on_files_changes_in_silence() {
    every_table(Kind::Sqlite).await;
}

#[tokio::test]
async fn no_bit_of_a_row_in_a_database_changes_in_silence() {
    every_table(Kind::Postgres).await;
}
