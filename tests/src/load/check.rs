//! The comparison after a run: the log, read from the stopped store, holds each acknowledged receipt exactly once, at the sequence and
//! under the number that were acknowledged; its bodies give its leaf hashes, its root and the trial balance that the server told.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use api::v1::{self, Ledger};
use engine::store::Store;
use proof::Tree;
use record::kinds::Side;
use record::preset::Preset;
use record::{Event, Record, Voucher, hash};

use super::book::{BOOK, Loaded};
use super::receipts::serial_of;
use super::row::{grouped, note};
use super::unary::Target;
use crate::audit::{head, trial};

/// Bytes of the log read at once.
const READ_BYTES: usize = 16 << 20;

/// Debits and credits in fen by source and account code.
type Sums = BTreeMap<(String, String), (i64, i64)>;

/// What the log was found to hold.
#[derive(Clone, Copy, Debug)]
pub struct Sound {
    /// Records.
    pub records: u64,
    /// Receipts of ours.
    pub receipts: u64,
    /// Bytes of the log on disk.
    pub log_bytes: u64,
    /// How long it took to read, hash and add up.
    pub read: Duration,
}

/// Waits for the views, stops the server and compares. Panics where anything differs.
pub async fn sound(loaded: Loaded) -> Sound {
    loaded.catch_up().await;
    let ended = head(&loaded.office).await;
    let told = trial(&loaded.office, Ledger::Actual, ended.sequence).await;
    let (place, target) = loaded.stop();
    let log_bytes = place.log_bytes().await;
    let store = place.open().await;
    place.tell_durability(&store).await;
    let begun = Instant::now();
    let found = read(&store, &target).await;
    let read = begun.elapsed();
    store.close().await;
    drop(place);
    assert_eq!(found.tree.size(), ended.sequence, "the log ends elsewhere than its head said");
    assert_eq!(found.tree.root().as_slice(), ended.root, "the root is not that of the records");
    assert_eq!(found.receipts, target.acks.count(), "the log holds other receipts than were acknowledged");
    assert_eq!(found.sums, sums_told(&told), "the trial balance is not that of the log");
    note(format!(
        "{} receipts in {} records, each once",
        grouped(found.receipts as f64),
        grouped(ended.sequence as f64)
    ));
    Sound { records: ended.sequence, receipts: found.receipts, log_bytes, read }
}

#[derive(Default)]
struct Found {
    tree: Tree,
    preset: Option<Preset>,
    receipts: u64,
    seen: Vec<bool>,
    sums: Sums,
}

async fn read(store: &impl Store, target: &Target) -> Found {
    let mut found = Found { seen: vec![false; target.receipts.total() as usize], ..Found::default() };
    loop {
        let from = found.tree.size() + 1;
        let rows = store.log_rows(BOOK, from, READ_BYTES).await.expect("the log can be read");
        if rows.is_empty() {
            return found;
        }
        for row in rows {
            assert_eq!(row.first, found.tree.size() + 1, "the log has a gap");
            for (body, leaf) in row.bodies.iter().zip(&row.leaves) {
                assert_eq!(hash::leaf_hash(body), *leaf, "a body is not what its leaf hash says");
                found.tree.push(*leaf);
                found.take(record::decode(body).expect("a body is a record"), target);
            }
            assert_eq!(found.tree.root(), row.root, "a row's root is not that of the records");
        }
    }
}

impl Found {
    fn take(&mut self, record: Record, target: &Target) {
        let sequence = record.sequence;
        assert_eq!(sequence, self.tree.size(), "a record says that it stands elsewhere");
        match record.event {
            Event::BookCreated(created) => self.preset = Some(created.preset),
            Event::ReceiptPosted(posted) => {
                let request = record.request.expect("a receipt answers a request");
                let serial = serial_of(request.id.as_bytes()).expect("the receipts are ours");
                assert!(!std::mem::replace(&mut self.seen[serial as usize], true), "receipt {serial} stands twice");
                let place = (sequence, u64::from(posted.voucher.reference.number));
                assert_eq!(target.acks.place(serial), Some(place), "receipt {serial} was not acknowledged so");
                self.receipts += 1;
                self.add(&posted.voucher);
            }
            _ => {}
        }
    }

    fn add(&mut self, voucher: &Voucher) {
        let preset = self.preset.as_ref().expect("a book begins with its preset");
        for line in &voucher.lines {
            let source = &preset.sources[usize::from(line.source) - 1].code;
            let account = &preset.accounts[usize::from(line.account) - 1].code;
            let sums = self.sums.entry((source.clone(), account.clone())).or_default();
            match line.side {
                Side::Debit => sums.0 += line.fen,
                Side::Credit => sums.1 += line.fen,
            }
        }
    }
}

fn sums_told(trial: &v1::GetTrialBalanceResponse) -> Sums {
    let rows = trial.rows.iter();
    rows.map(|row| ((row.source.clone(), row.account.clone()), (row.debit_total_fen, row.credit_total_fen))).collect()
}
