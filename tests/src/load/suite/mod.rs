//! The benches by name: each measures one thing, checks what it left behind, and tells its rows. How load is made stands in the modules
//! above this one.

mod burst;
mod core;
mod detectors;
mod doubleentry;
mod echoed;
mod hledger;
mod postgres;
mod proof;
mod reconciliation;
mod season;
mod sustained;
mod verify;
mod volume;

use std::time::Duration;

use super::place::Engine::{Postgres, Sqlite};
use super::row::{Print, Row, note};
use echoed::Goals;

/// Streams at once, each on a connection of its own: enough to keep the writer busy on the machines this was made on.
const STREAMS: usize = 4;
/// Not measured at the begin of a unary run: connections are made, caches filled.
const WARM_UP: Duration = Duration::from_millis(500);
/// Measured of ours beside a peer.
const OUR_TIME: Duration = Duration::from_secs(6);
/// Measured of a peer.
const PEER_TIME: Duration = Duration::from_secs(8);

/// How the benches are run.
#[derive(Clone, Debug)]
pub struct Setting {
    /// With 10^7 records where the ordinary run takes 10^6.
    pub full: bool,
    /// How rows are printed.
    pub print: Print,
}

impl Setting {
    /// Prints rows as they come.
    fn tell(&self, rows: &[Row]) {
        rows.iter().for_each(|row| self.print.row(row));
    }
}

/// Names and what they measure, in the order in which they run.
pub const BENCHES: &[(&str, &str)] = &[
    ("core", "what a receipt costs in the core, without server or store"),
    ("echo", "unary posters, 1, 16, 128 and 512, against an echo server of the same messages"),
    ("echo-pg", "the same on PostgreSQL"),
    ("burst", "616,000 receipts over streams from an empty backlog, and all of them again"),
    ("burst-pg", "the same on PostgreSQL"),
    ("sustained", "a minute of receipts over streams, and what the projector's backlog does meanwhile"),
    ("sustained-pg", "the same on PostgreSQL"),
    ("volume", "a book that grows: posting rate, reads, memory, size and start"),
    ("doubleentry", "against doubleentry on SQLite: one by one and in batches"),
    ("cala", "against cala-ledger on the same PostgreSQL: one by one and in batches"),
    ("plain", "against a plain program on the same PostgreSQL"),
    ("hledger", "against hledger: a whole ledger read and added up"),
    ("reconciliation", "a statement of 100,000 lines with 1 % noise, on both engines: matched by ids, the rest listed"),
    ("detectors", "every detector over the receipts of a season, while posting goes on"),
    (
        "proof",
        "what tree, digests and totals cost posting; how soon records and balances of any date are proven and told; verify",
    ),
    ("verify", "an evidence file of a million receipts verified: rates and memory"),
    ("season", "the season of 2018 at person level: time, views, memory, size, and all of it again"),
];

/// Runs a bench by name. Panics where a check fails.
pub async fn run(name: &'static str, setting: Setting) {
    let begun = std::time::Instant::now();
    match name {
        "core" => core::run(),
        "echo" => echoed::run(&setting, &Goals { engine: Sqlite, of_echo: 0.6, p50: 0.6 }).await,
        "echo-pg" => echoed::run(&setting, &Goals { engine: Postgres, of_echo: 0.4, p50: 0.9 }).await,
        "burst" => burst::run(&setting, Sqlite, 150_000.0).await,
        "burst-pg" => burst::run(&setting, Postgres, 120_000.0).await,
        "sustained" => sustained::run(&setting, Sqlite, 35_000.0).await,
        "sustained-pg" => sustained::run(&setting, Postgres, 25_000.0).await,
        "volume" => volume::run(&setting).await,
        "doubleentry" => doubleentry::run(&setting).await,
        "cala" => postgres::cala(&setting).await,
        "plain" => postgres::plain(&setting).await,
        "hledger" => hledger::run(&setting).await,
        "reconciliation" => reconciliation::run(&setting).await,
        "detectors" => detectors::run(&setting).await,
        "proof" => proof::run(&setting).await,
        "verify" => verify::run(&setting).await,
        "season" => season::run(&setting).await,
        other => panic!("{other} is listed and not known"),
    }
    note(format!("{name} took {}", seconds(begun.elapsed())));
}

/// A time for people.
fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// The middle one of some figures.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
