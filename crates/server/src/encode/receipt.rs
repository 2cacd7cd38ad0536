//! Receipts of mutations on the wire.

use api::v1;
use api::v1::mutation_result::Outcome as Wire;
use ledger::{Outcome, Receipt};
use record::event::Hit;
use record::{Sequence, VoucherRef};

/// A record time (microseconds since the Unix epoch) as a protobuf timestamp.
pub(crate) fn time(micros: i64) -> prost_types::Timestamp {
    let nanos = micros.rem_euclid(1_000_000).saturating_mul(1_000);
    prost_types::Timestamp { seconds: micros.div_euclid(1_000_000), nanos: i32::try_from(nanos).unwrap_or(0) }
}

/// The answer to a request that was recorded, or its refusal.
pub(crate) fn posted_result(
    request_id: &str,
    receipt: Receipt,
    replayed: bool,
) -> Result<v1::MutationResult, Vec<Hit>> {
    let outcome = outcome(receipt.outcome)?;
    Ok(v1::MutationResult {
        outcome: Some(outcome),
        receipt: Some(v1::Receipt {
            request_id: request_id.to_owned(),
            first_sequence: receipt.first,
            sequence: receipt.last,
            leaf_hash: receipt.leaf.to_vec(),
            record_time: Some(time(receipt.time)),
            replayed,
        }),
        judged_at: 0,
    })
}

/// What validate_only answers: whether it would wait for review or take effect, without numbers and identities, which only a
/// decision allots.
pub(crate) fn previewed(submitted: bool, judged_at: Sequence) -> v1::MutationResult {
    let outcome = match submitted {
        true => Wire::Submitted(v1::Submitted { submission: 0 }),
        false => Wire::Posted(v1::Posted::default()),
    };
    v1::MutationResult { outcome: Some(outcome), receipt: None, judged_at }
}

fn outcome(outcome: Outcome) -> Result<Wire, Vec<Hit>> {
    match outcome {
        Outcome::Posted(vouchers) => {
            Ok(Wire::Posted(v1::Posted { vouchers: vouchers.into_iter().map(posted_voucher).collect() }))
        }
        Outcome::Submitted(submission) => Ok(Wire::Submitted(v1::Submitted { submission })),
        // The review took effect by ending the submission; it made no voucher.
        Outcome::Rejected(_) => Ok(Wire::Posted(v1::Posted::default())),
        Outcome::Refused(hits) => Err(hits),
    }
}

fn posted_voucher((reference, id): (VoucherRef, [u8; 16])) -> v1::PostedVoucher {
    v1::PostedVoucher { reference: reference.to_string(), uuid: uuid::Uuid::from_bytes(id).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(outcome: Outcome) -> Receipt {
        Receipt { first: 3, last: 5, leaf: [9; 32], time: -1_500_000, outcome }
    }

    #[test]
    fn receipts_say_where_the_request_stands() {
        let reference = VoucherRef::parse("记-2018-7").unwrap();
        let result = posted_result("r1", receipt(Outcome::Posted(vec![(reference, [1; 16])])), true).unwrap();
        let got = result.receipt.unwrap();
        assert_eq!((got.first_sequence, got.sequence, got.replayed, got.leaf_hash), (3, 5, true, vec![9; 32]));
        assert_eq!(got.record_time.unwrap(), prost_types::Timestamp { seconds: -2, nanos: 500_000_000 });
        let Some(Wire::Posted(posted)) = result.outcome else { panic!("posted") };
        assert_eq!(posted.vouchers[0].reference, "记-2018-7");
        assert_eq!(posted.vouchers[0].uuid, "01010101-0101-0101-0101-010101010101");
    }

    #[test]
    fn a_refusal_is_no_result() {
        assert!(posted_result("r1", receipt(Outcome::Refused(Vec::new())), false).is_err());
    }
}
