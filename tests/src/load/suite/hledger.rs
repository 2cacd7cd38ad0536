//! Against `hledger` for reading a whole ledger: it reads a journal and adds it up; we read a log of as many receipts, hash every record
//! and every node of the tree, and add up the lines by source and account. Both sums are checked.

use std::fmt::Write as _;
use std::process::Command;
use std::time::Instant;

use super::{STREAMS, Setting};
use crate::collecting::OWN_SHARE_FEN;
use crate::load::book::Loaded;
use crate::load::check;
use crate::load::place::Engine;
use crate::load::row::{Row, note};

/// Receipts in either ledger.
const RECEIPTS: u64 = 100_000;
/// Fen of a yuan.
const YUAN: i64 = 100;

pub async fn run(setting: &Setting) {
    let has = Command::new("hledger").arg("--version").output();
    let version =
        has.expect("the baseline is missing: install the package hledger, or leave it out by --without hledger");
    note(String::from_utf8_lossy(&version.stdout).trim());
    let folder = tempfile::tempdir().expect("there is room for a temporary folder");
    let journal = folder.path().join("receipts.journal");
    std::fs::write(&journal, written()).expect("the journal can be written");
    let begun = Instant::now();
    let balance =
        Command::new("hledger").args(["balance", "--depth=1", "--no-total", "assets", "-f"]).arg(&journal).output();
    let theirs = begun.elapsed();
    let said = balance.expect("hledger starts").stdout;
    let said = String::from_utf8_lossy(&said).into_owned();
    let fen = i64::try_from(RECEIPTS).expect("receipts are few") * OWN_SHARE_FEN;
    assert!(said.contains(&format!("{}.00 CNY", fen / YUAN)), "hledger comes to another sum: {said}");

    let loaded = Loaded::start(Engine::Sqlite, RECEIPTS).await;
    let streamed = loaded.target.streams(STREAMS, RECEIPTS, None).await;
    assert_eq!(streamed.count, RECEIPTS, "receipts without an answer");
    let ours = check::sound(loaded).await.read;
    setting.tell(&[Row::below(
        "a ledger of 100,000 read, hashed and added up",
        ours.as_secs_f64(),
        ("hledger", theirs.as_secs_f64()),
        1.0,
        "s",
    )]);
}

/// The receipts as hledger writes them: a transaction of two postings each.
fn written() -> String {
    let mut text = String::new();
    for serial in 0..RECEIPTS {
        let (month, day) = (4 + serial % 7, 1 + serial % 28);
        let batch = serial % 616;
        writeln!(
            text,
            "2018-{month:02}-{day:02} * ({serial}) receipt\n    assets:custody:{batch}  20.00 CNY\n    \
             liabilities:premiums:{batch}  -20.00 CNY\n"
        )
        .expect("text can be added to text");
    }
    text
}
