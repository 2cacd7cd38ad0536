//! What an audit committee asks while others post, and how long it waits: balances now, at any date as known at any sequence, the trial
//! balance by source, and a voucher that was acknowledged a moment ago.

use std::future::Future;
use std::time::{Duration, Instant};

use api::v1::trace_grant_response::Content;
use api::v1::{self, Ledger};
use client::Client;
use proof::{OfflineProof, Policy};
use tokio::sync::watch;

use super::histogram::Histogram;
use super::paced::Newest;
use crate::audit::trial;
use crate::chance::Chance;
use crate::office::{AUDIT, Office, day};

/// Time of a measurement.
const TIME: Duration = Duration::from_secs(5);
/// Months in which receipts of the season are dated.
const MONTHS: std::ops::Range<u64> = 4..11;

/// A reader of one book, with questions that it answers meaningfully.
#[derive(Clone)]
pub struct Reader {
    client: Client,
    book: String,
    /// The account that every receipt debits.
    account: String,
    /// What references of receipts begin with.
    word: String,
}

impl Reader {
    /// Learns what to ask from what the book holds.
    pub async fn of(office: &Office) -> Reader {
        let client = office.client(AUDIT);
        let row = trial(office, Ledger::Actual, 0).await.rows.into_iter().find(|row| row.debit_balance_fen > 0);
        let account = row.expect("receipts were posted").account;
        let first = v1::ListVouchersRequest { book: office.book(), page_size: 1, ..v1::ListVouchersRequest::default() };
        let listed = client.call(|to| {
            let first = first.clone();
            async move { to.voucher().list_vouchers(first).await }
        });
        let vouchers = listed.await.expect("the audit committee may list vouchers").vouchers;
        let reference = &vouchers.first().expect("receipts were posted").reference;
        let (word, _) = reference.rsplit_once('-').expect("a reference ends in its number");
        Reader { client, book: office.book(), account, word: word.to_owned() }
    }

    /// The balance of the account by source, from the newest state.
    pub async fn current(&self) {
        self.balance(v1::GetBalancesRequest::default()).await;
    }

    /// The balance of the account by source at a day, as known at a sequence.
    pub async fn at(&self, mut chance: Chance, head: u64) {
        let month = i32::try_from(chance.within(MONTHS)).expect("months are few");
        let on = day(2018, month, i32::try_from(chance.within(1..29)).expect("days are few"));
        let known_at = chance.within(1..head + 1);
        self.balance(v1::GetBalancesRequest { as_of_date: Some(on), known_at, ..v1::GetBalancesRequest::default() })
            .await;
    }

    async fn balance(&self, question: v1::GetBalancesRequest) {
        let request = v1::GetBalancesRequest { book: self.book.clone(), account: self.account.clone(), ..question };
        let answer = self.client.call(|to| {
            let request = request.clone();
            async move { to.audit().get_balances(request).await }
        });
        answer.await.expect("balances can be read");
    }

    /// The proof that a record of the log is under the newest cosigned checkpoint of this size; checks it where asked to.
    pub async fn inclusion(&self, mut chance: Chance, size: u64, under: Option<&Policy>) {
        let record = chance.within(1..size + 1);
        let request = v1::ProveInclusionRequest { book: self.book.clone(), record, ..Default::default() };
        let answer = self.client.call(|to| {
            let request = request.clone();
            async move { to.proof().prove_inclusion(request).await }
        });
        let proven = answer.await.expect("a record is proven");
        if let Some(policy) = under {
            let proof = OfflineProof::parse(&proven.tlog_proof).expect("a proof is in its form");
            let believed = proof.verify(policy).expect("the proof holds");
            assert_eq!((proof.index + 1, believed.checkpoint.size), (record, size), "another record or checkpoint");
        }
    }

    /// The grant that most of the account's money came under.
    pub async fn largest_grant(&self) -> String {
        let request = v1::GetBalancesRequest {
            book: self.book.clone(),
            account: self.account.clone(),
            split_by: vec![v1::BalanceDimension::Grant.into()],
            ..v1::GetBalancesRequest::default()
        };
        let answer = self.client.call(|to| {
            let request = request.clone();
            async move { to.audit().get_balances(request).await }
        });
        let balances = answer.await.expect("balances can be read").balances;
        balances.into_iter().max_by_key(|row| row.debit_total_fen).expect("receipts were posted").grant
    }

    /// The first page of vouchers of a grant's trace; nobody waits for the others.
    pub async fn trace(&self, grant: &str) {
        let request = v1::TraceGrantRequest { book: self.book.clone(), grant: grant.to_owned(), ..Default::default() };
        let answer = self.client.call(|to| {
            let request = request.clone();
            async move { to.audit().trace_grant(request).await }
        });
        let mut pages = answer.await.expect("a grant is traced");
        while let Some(page) = pages.message().await.expect("a trace goes on") {
            if let Some(Content::Entries(page)) = page.content {
                assert!(!page.entries.is_empty(), "the grant has vouchers");
                return;
            }
        }
        panic!("a trace has vouchers");
    }

    /// The trial balance by source.
    pub async fn trial(&self, office: &Office) {
        assert!(!trial(office, Ledger::Actual, 0).await.rows.is_empty());
    }

    /// Reads each newest acknowledged voucher, one after the other, until the posting ends; from its acknowledgement to the answer.
    pub async fn own_writes(&self, mut newest: watch::Receiver<Newest>) -> Histogram {
        let mut waits = Histogram::default();
        while newest.changed().await.is_ok() {
            let begun = Instant::now();
            let (sequence, number) = *newest.borrow_and_update();
            let request = v1::GetVoucherRequest {
                book: self.book.clone(),
                at_least: sequence,
                voucher: format!("{}-{number}", self.word),
                ..v1::GetVoucherRequest::default()
            };
            let answer = self.client.call(|to| {
                let request = request.clone();
                async move { to.voucher().get_voucher(request).await }
            });
            answer.await.expect("what was acknowledged can be read");
            waits.add(begun.elapsed());
        }
        waits
    }
}

/// Asks one question after the other, for a while; how long each took.
pub async fn ask<F: Future<Output = ()>>(mut question: impl FnMut() -> F) -> Histogram {
    let mut waits = Histogram::default();
    let end = Instant::now() + TIME;
    while Instant::now() < end {
        let begun = Instant::now();
        question().await;
        waits.add(begun.elapsed());
    }
    waits
}
