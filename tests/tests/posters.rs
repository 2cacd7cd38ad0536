//! Many at once: 100 posters on 8 connections, who ask twice on purpose, hang up, come too late and try again. Nothing is lost, nothing
//! is doubled, and the numbers have no gap.

#![expect(clippy::print_stdout, reason = "the test tells what its posters met")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use api::v1::{self, Ledger};
use earmark_tests::audit::{Log, Views, head, trial};
use earmark_tests::chance::Chance;
use earmark_tests::collecting::{Collection, OWN_SHARE_FEN};
use earmark_tests::line::{Line, voucher_of};
use earmark_tests::office::{COLLECTOR, Office, day, tokens};
use testkit::process::{self, Served};

const CONNECTIONS: usize = 8;
const BOOK: &str = "posters";
/// 100 posters: each has a batch, and posts its receipts.
const COLLECTION: Collection = Collection { holders: 4, member_batches: 60, union_batches: 40, heads: 30 };

/// What a poster met.
#[derive(Debug, Default)]
struct Met {
    /// Voucher of each request id, as acknowledged.
    vouchers: BTreeMap<String, String>,
    /// Calls given up before their answer, by hanging up or by a deadline.
    given_up: u32,
    /// Acknowledgements that said that the request had been answered before.
    replayed: u32,
}

impl Met {
    fn acknowledged(&mut self, item: &v1::PremiumReceiptItem, result: &v1::MutationResult) {
        let voucher = voucher_of(result);
        let known = self.vouchers.entry(item.request_id.clone()).or_insert_with(|| voucher.clone());
        assert_eq!(*known, voucher, "{} was acknowledged with two vouchers", item.request_id);
        self.replayed += u32::from(result.receipt.as_ref().is_some_and(|receipt| receipt.replayed));
    }
}

/// Posts the receipts of a batch one by one, each until it is acknowledged, and some more often than that.
async fn post(poster: u32, line: Line) -> Met {
    let mut chance = Chance::of(u64::from(poster));
    let mut met = Met::default();
    for item in COLLECTION.receipts_of(poster) {
        match chance.within(0..10) {
            // Hangs up somewhere on the way.
            0 | 1 => {
                let patience = Duration::from_micros(chance.within(100..150_000));
                let answer = tokio::time::timeout(patience, line.post(&item, None)).await;
                met.given_up += u32::from(answer.is_err());
            }
            // Tells a deadline that may be over before the server has looked.
            2 => {
                let deadline = Duration::from_micros(chance.within(100..150_000));
                met.given_up += u32::from(line.post(&item, Some(deadline)).await.is_err());
            }
            // Asks twice at once.
            3 | 4 => {
                let (one, other) = tokio::join!(line.post_until_answered(&item), line.post_until_answered(&item));
                [one, other].iter().for_each(|result| met.acknowledged(&item, result));
            }
            _ => {}
        }
        let result = line.post_until_answered(&item).await;
        met.acknowledged(&item, &result);
    }
    met
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_posters_lose_nothing_and_double_nothing() {
    let folder = tempfile::tempdir().expect("there is room for a temporary folder");
    let data = folder.path().join("data");
    let tokens = tokens(&data);
    let server = Served::start(&mut process::serve(&data), &data.with_extension("log"));
    let office = Office::new(&server.endpoint(), &tokens, BOOK);
    office.open_book(v1::Period { year: 2018, month: 4 }, day(2019, 1, 1)).await;
    COLLECTION.prepare(&office).await;

    let lines: Vec<Line> = (0..CONNECTIONS).map(|_| Line::new(&server.endpoint(), &tokens[COLLECTOR], BOOK)).collect();
    let posters = (0..COLLECTION.batches()).zip(lines.iter().cycle());
    let posting: Vec<_> = posters.map(|(poster, line)| tokio::spawn(post(poster, line.clone()))).collect();
    let mut all = Met::default();
    for poster in posting {
        let met = poster.await.expect("a poster does not panic");
        all.vouchers.extend(met.vouchers);
        all.given_up += met.given_up;
        all.replayed += met.replayed;
    }
    let receipts = COLLECTION.receipts();
    assert_eq!(all.vouchers.len() as u64, receipts, "some receipts were not acknowledged");
    assert_eq!(
        all.vouchers.values().collect::<BTreeSet<_>>().len() as u64,
        receipts,
        "a voucher number was given twice"
    );
    assert!(all.given_up > 50, "hardly anybody hung up: {}", all.given_up);
    assert!(all.replayed > 300, "hardly anything was asked twice: {}", all.replayed);

    let mut log = Log::default();
    log.read_on(&office).await;
    log.assert_sound(&office).await;
    assert!(all.vouchers == log.vouchers, "the log holds other receipts than were acknowledged");
    assert_eq!(log.bills.len() as u64, receipts);
    assert_eq!(log.receipt_numbers.len() as u64, receipts);
    let views = Views::read(&office).await;
    assert_eq!(views.receipts() as u64, receipts);
    let trial = trial(&office, Ledger::Actual, head(&office).await.sequence).await;
    let totals = trial.totals.expect("a trial balance has totals");
    let fen = i64::try_from(receipts).expect("receipts are few") * OWN_SHARE_FEN;
    assert_eq!((log.received_fen, totals.debit_balance_fen, totals.credit_balance_fen), (fen, fen, fen));
    println!("{receipts} receipts; {} calls given up, {} replays", all.given_up, all.replayed);
    assert!(server.stop().success(), "the server did not go down in order");
}
