//! `doubleentry` in process on a SQLite file with the store's own settings, as its own bench uses it: entries of two postings, one by one
//! (S1) or in batches (S3).

use std::path::Path;

use doubleentry::currency::EUR;
use doubleentry::store::SqlStore;
use doubleentry::{AccountKind, Amount, Entry, Ledger, LedgerId, MemoSalt, date};

use crate::load::{Load, Measured};

pub async fn run(folder: &Path, load: Load) -> anyhow::Result<Measured> {
    let url = format!("sqlite://{}?mode=rwc", folder.join("doubleentry.db").display());
    let store = SqlStore::sqlite(&url).await?;
    let books = Ledger::new(store, LedgerId::new("example.com/bench")?).await?.with_salt_source(|| MemoSalt([1; 16]));
    let on = date!("2026-01-01");
    books.declare_currency(EUR, 2, on).await?;
    let accounts = [("Assets:Cash", AccountKind::Asset), ("Assets:Bank", AccountKind::Asset)];
    for (path, kind) in accounts.into_iter().chain([("Income:Sales", AccountKind::Income)]) {
        books.open(path, kind, on).await?;
    }
    books.define_months(2026, 1..=12).await?;
    let one = Amount::from_minor(1_00)?;
    let entry = move |n: u64| {
        let debit = if n.is_multiple_of(2) { "Assets:Cash" } else { "Assets:Bank" };
        Entry::new(format!("s-{n}"), date!("2026-06-15")).debit(debit, one, EUR).credit("Income:Sales", one, EUR)
    };
    let measured = load.drive(move |call| {
        let books = books.clone();
        async move {
            loop {
                let done = if load.batch == 1 {
                    books.record(entry(call)).await.map(drop)
                } else {
                    books.record_batch((0..load.batch).map(|at| entry(call * load.batch + at))).await.map(drop)
                };
                match done {
                    Ok(()) => return Ok(()),
                    // A busy file: a retry of a recorded key replays.
                    Err(error) if error.is_transient() => tokio::task::yield_now().await,
                    Err(error) => return Err(error.into()),
                }
            }
        }
    });
    measured.await
}
