//! The look at a whole book from outside, through gRPC alone: every record as stored, hashed again and counted; and everything that its
//! views say, to be compared with what they say later.

use std::collections::BTreeMap;

use api::v1;
use proof::Tree;
use record::kinds::Word;
use record::{Event, Record, hash};

use crate::office::{AUDIT, Office};

/// Entries of a page.
const PAGE: i32 = 1_000;

/// What a log holds, as read by somebody who trusts nothing but the bodies of its records.
#[derive(Debug, Default)]
pub struct Log {
    /// RFC 6962 tree over the leaf hashes of the bodies.
    pub tree: Tree,
    /// How often each request id was answered by records.
    pub requests: BTreeMap<String, u32>,
    /// How often each bill number stands on a receipt.
    pub bills: BTreeMap<String, u32>,
    /// Voucher of each request that posted a receipt.
    pub vouchers: BTreeMap<String, String>,
    /// Numbers of the vouchers of word 代, in the order of the log.
    pub receipt_numbers: Vec<u32>,
    /// Sum of the receipts, fen.
    pub received_fen: i64,
}

impl Log {
    /// Reads what a book has recorded beyond what was read before; tells how many records that was. Sequences must follow without gap.
    pub async fn read_on(&mut self, office: &Office) -> u64 {
        let before = self.tree.size();
        let mut request = v1::ListRecordsRequest {
            book: office.book(),
            page_size: PAGE,
            after: before,
            ..v1::ListRecordsRequest::default()
        };
        let client = office.client(AUDIT);
        loop {
            let page = client.call(|to| {
                let request = request.clone();
                async move { to.audit().list_records(request).await }
            });
            let page = page.await.expect("the audit committee may read the records");
            page.records.iter().for_each(|record| self.take(record));
            if page.next_page_token.is_empty() {
                assert_eq!(self.tree.size(), page.sequence, "the listing ends before the sequence that it holds for");
                return self.tree.size() - before;
            }
            request.page_token = page.next_page_token;
        }
    }

    fn take(&mut self, listed: &v1::Record) {
        assert_eq!(listed.sequence, self.tree.size() + 1, "a record is missing or stands twice");
        let leaf = hash::leaf_hash(&listed.body);
        assert_eq!(listed.leaf_hash, leaf, "record {} is not what its hash says", listed.sequence);
        let record: Record = record::decode(&listed.body).expect("a listed body is a record");
        assert_eq!(record.sequence, listed.sequence);
        self.tree.push(leaf);
        if !listed.request_id.is_empty() {
            *self.requests.entry(listed.request_id.clone()).or_default() += 1;
        }
        if let Event::ReceiptPosted(posted) = record.event {
            self.vouchers.insert(listed.request_id.clone(), posted.voucher.reference.to_string());
            *self.bills.entry(posted.receipt.bill_no).or_default() += 1;
            self.receipt_numbers.push(posted.voucher.reference.number);
            self.received_fen += posted.receipt.fen;
        }
    }

    /// Asserts what must hold of any book at rest: the root is that of its head, no request and no bill stands twice, and the numbers of
    /// the receipts have no gap.
    pub async fn assert_sound(&self, office: &Office) {
        let head = head(office).await;
        assert_eq!(head.sequence, self.tree.size(), "the head has moved");
        assert_eq!(head.root, self.tree.root(), "the head's root is not that of the records");
        let twice = |counts: &BTreeMap<String, u32>| counts.iter().find(|(_, n)| **n != 1).map(|(key, _)| key.clone());
        assert_eq!(twice(&self.requests), None, "a request was recorded twice");
        assert_eq!(twice(&self.bills), None, "a bill was booked twice");
        let expected: Vec<u32> = (1..).take(self.receipt_numbers.len()).collect();
        assert_eq!(self.receipt_numbers, expected, "the numbers of word {} have a gap", Word::Dai.code());
    }
}

/// How far a book reaches.
pub async fn head(office: &Office) -> v1::GetBookResponse {
    let request = v1::GetBookRequest { book: office.book(), ..v1::GetBookRequest::default() };
    let client = office.client(AUDIT);
    let answer = client.call(|to| {
        let request = request.clone();
        async move { to.book().get_book(request).await }
    });
    answer.await.expect("the audit committee may look at its book")
}

/// Trial balance of a ledger, as of a day or for all days.
pub async fn trial(office: &Office, ledger: v1::Ledger, at_least: u64) -> v1::GetTrialBalanceResponse {
    let request = v1::GetTrialBalanceRequest {
        book: office.book(),
        at_least,
        ledger: ledger.into(),
        chart: v1::Chart::V2021.into(),
        ..v1::GetTrialBalanceRequest::default()
    };
    let client = office.client(AUDIT);
    let answer = client.call(|to| {
        let request = request.clone();
        async move { to.audit().get_trial_balance(request).await }
    });
    answer.await.expect("the audit committee may see the trial balance")
}

/// What the views of a book say: balances of a past sequence and of now, by every dimension, and all vouchers with their lines.
#[derive(Debug, PartialEq)]
pub struct Views {
    now: Vec<v1::Balance>,
    before: Vec<v1::Balance>,
    vouchers: Vec<v1::Voucher>,
    rejections: Vec<v1::Rejection>,
}

impl Views {
    /// Reads everything, the past at half of the head's sequence.
    pub async fn read(office: &Office) -> Views {
        let sequence = head(office).await.sequence;
        Views {
            now: balances(office, sequence).await,
            before: balances(office, sequence / 2).await,
            vouchers: vouchers(office, sequence).await,
            rejections: rejections(office, sequence).await,
        }
    }

    /// Vouchers of word 代 in the views, whose numbers must follow without gap.
    pub fn receipts(&self) -> usize {
        let word = Word::Dai.code();
        let numbered = self.vouchers.iter().filter(|voucher| voucher.reference.starts_with(word));
        let numbers = numbered.map(|voucher| voucher.reference.rsplit('-').next().and_then(|no| no.parse().ok()));
        let numbers: Vec<u32> = numbers.map(|no| no.expect("a reference ends in its number")).collect();
        assert!(numbers.iter().copied().eq((1..).take(numbers.len())), "the views have a gap in word {word}");
        numbers.len()
    }
}

/// Takes all pages of a listing: `pages!(office, audit.get_balances(request) -> balances)`.
macro_rules! pages {
    ($office:expr, $service:ident.$method:ident($request:expr) -> $field:ident) => {{
        let mut request = $request;
        let client = $office.client(AUDIT);
        let mut all = Vec::new();
        loop {
            let page = client.call(|to| {
                let request = request.clone();
                async move { to.$service().$method(request).await }
            });
            let page = page.await.expect("the audit committee may read everything");
            all.extend(page.$field);
            if page.next_page_token.is_empty() {
                break all;
            }
            request.page_token = page.next_page_token;
        }
    }};
}

async fn balances(office: &Office, known_at: u64) -> Vec<v1::Balance> {
    use v1::BalanceDimension::{Class, Grant, Holder, Plan, Source, Use, Year};
    let request = v1::GetBalancesRequest {
        book: office.book(),
        page_size: PAGE,
        known_at,
        split_by: [Source, Grant, Holder, Year, Class, Plan, Use].map(i32::from).to_vec(),
        ..v1::GetBalancesRequest::default()
    };
    pages!(office, audit.get_balances(request) -> balances)
}

async fn vouchers(office: &Office, at_least: u64) -> Vec<v1::Voucher> {
    let request = v1::ListVouchersRequest {
        book: office.book(),
        at_least,
        page_size: PAGE,
        with_lines: true,
        ..v1::ListVouchersRequest::default()
    };
    pages!(office, voucher.list_vouchers(request) -> vouchers)
}

async fn rejections(office: &Office, at_least: u64) -> Vec<v1::Rejection> {
    let request = v1::ListRejectionsRequest {
        book: office.book(),
        at_least,
        page_size: PAGE,
        ..v1::ListRejectionsRequest::default()
    };
    pages!(office, audit.list_rejections(request) -> rejections)
}
