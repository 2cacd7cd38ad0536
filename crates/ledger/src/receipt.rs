//! Receipts: the answer to a command, a pure function of its records, so that a replay gets the same one.

use borsh::{BorshDeserialize, BorshSerialize};
use record::event::Hit;
use record::kinds::Verdict;
use record::{Digest, Event, Record, Sequence, Voucher, VoucherRef, voucher_id};

/// The answer to a command that made records.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Receipt {
    /// Sequence of its first record.
    pub first: Sequence,
    /// Sequence of its last record.
    pub last: Sequence,
    /// Leaf hash of its last record.
    pub leaf: Digest,
    /// Record time, microseconds.
    pub time: i64,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Outcome {
    /// It took effect, with these vouchers (none where it posts none): reference and UUID.
    Posted(Vec<(VoucherRef, [u8; 16])>),
    /// It waits for review under this sequence.
    Submitted(Sequence),
    /// The reviewed command was rejected by its reviewer.
    Rejected(Sequence),
    /// It was refused.
    Refused(Vec<Hit>),
}

impl Receipt {
    /// The receipt of a command's records; `leaf` is the leaf hash of the last. None for no records.
    pub fn of(book: &str, records: &[Record], leaf: Digest) -> Option<Receipt> {
        let (first, last) = (records.first()?, records.last()?);
        let outcome = match &first.event {
            Event::Refused(refused) => Outcome::Refused(refused.hits.clone()),
            Event::Submitted { .. } => Outcome::Submitted(first.sequence),
            Event::Reviewed { submission, verdict: Verdict::Reject, .. } => Outcome::Rejected(*submission),
            _ => Outcome::Posted(
                records
                    .iter()
                    .filter_map(|r| Some((r, voucher_of(r)?)))
                    .map(|(r, v)| (v.reference, voucher_id(book, r.sequence, r.time).into_bytes()))
                    .collect(),
            ),
        };
        Some(Receipt { first: first.sequence, last: last.sequence, leaf, time: last.time, outcome })
    }
}

/// The voucher that a record posts.
pub fn voucher_of(record: &Record) -> Option<&Voucher> {
    match &record.event {
        Event::VoucherPosted(posted) => Some(&posted.voucher),
        Event::ReceiptPosted(posted) => Some(&posted.voucher),
        _ => None,
    }
}
