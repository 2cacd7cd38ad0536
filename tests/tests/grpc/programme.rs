//! The programme through the face: rosters as tokens, work lists and withdrawals, numbers and lists of collecting systems, explanations.
//! What the rules say stands in the scenarios.

use api::v1;
use tonic::Code;
use v1::DifferenceKind::{Different, Extra, Missing, Twice};

use crate::harness::{BOOK, Served, date, details, explain, submission};
use crate::stream::{receipt, serve_batch};

/// Registers the year's key, by two persons.
pub async fn register_key(served: &Served) {
    let request = v1::RegisterTokenKeyRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        key: Some(v1::TokenKey { year: 2018, key_id: "K-2018".into(), check_value: vec![3; 32] }),
    };
    let svc = served.client("svc");
    let answer = svc.call(|t| async { t.program().register_token_key(request.clone()).await }).await;
    served.approve("chief", submission(answer.unwrap().result)).await;
}

fn chunk(served: &Served, upload: &str, first_row: u32, tokens: &[u8]) -> v1::UploadRosterChunkRequest {
    v1::UploadRosterChunkRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        chunk: Some(v1::RosterChunk {
            upload: upload.into(),
            year: 2018,
            key_id: "K-2018".into(),
            check_value: vec![3; 32],
            first_row,
            tokens: tokens.iter().flat_map(|person| [*person; 16]).collect(),
        }),
    }
}

fn form(served: &Served, code: &str, upload: &str, persons: &[u8]) -> v1::SubmitEnrollmentBatchRequest {
    let tokens: Vec<u8> = persons.iter().flat_map(|person| [*person; 16]).collect();
    let heads = u32::try_from(persons.len()).unwrap();
    v1::SubmitEnrollmentBatchRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        form: Some(v1::EnrollmentForm {
            code: code.into(),
            organization: "GDZGH".into(),
            year: 2018,
            class: "A".into(),
            plan: "COMP".into(),
            unit_headcount: heads,
            insured_count: heads,
            in_service: heads,
            premium_total_fen: i64::from(heads) * 9_500,
            gift_type: v1::GiftType::None.into(),
            roster_rows: heads,
            roster_digest: vec![9; 32],
            submitted_on: Some(date("2018-06-01")),
            cover_start: Some(date("2019-01-01")),
            cover_end: Some(date("2019-12-31")),
            upload: upload.into(),
            tokens_digest: record::hash::sha256(&tokens).to_vec(),
            ..Default::default()
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roster_is_uploaded_in_parts_and_sealed_once() {
    let served = serve_batch().await;
    register_key(&served).await;
    let svc = served.client("svc");
    for (first_row, persons) in [(3, &[13u8, 14][..]), (1, &[11, 12])] {
        let part = chunk(&served, "U-1", first_row, persons);
        svc.call(|t| async { t.program().upload_roster_chunk(part.clone()).await }).await.unwrap();
    }
    let sealed = form(&served, "A-1", "U-1", &[11, 12, 13, 14]);
    let answer = svc.call(|t| async { t.program().submit_enrollment_batch(sealed.clone()).await }).await;
    answer.unwrap_or_else(|error| panic!("{}", explain(&error)));
    // A person who stands in it is refused elsewhere, by row; odd bytes are malformed.
    let again = chunk(&served, "U-2", 1, &[20, 13, 21]);
    let (code, why) = details(svc.call(|t| async { t.program().upload_roster_chunk(again.clone()).await }).await);
    let violation = &why.precondition_failure().unwrap().violations[0];
    assert_eq!((code, violation.r#type.as_str()), (Code::FailedPrecondition, "ENR-003"));
    assert!(violation.description.contains("found 2"), "{violation:?}");
    let mut odd = chunk(&served, "U-2", 1, &[20]);
    odd.chunk.as_mut().unwrap().tokens.pop();
    let (code, why) = details(svc.call(|t| async { t.program().upload_roster_chunk(odd.clone()).await }).await);
    let fields: Vec<_> = why.bad_request().unwrap().field_violations.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(code, Code::InvalidArgument);
    assert!(fields.contains(&"chunk.tokens"), "{fields:?}");
    // Two uploads that hold the same person: the first that is sealed has them, also in one batch of the writer.
    for upload in ["U-3", "U-4"] {
        let part = chunk(&served, upload, 1, &[30]);
        svc.call(|t| async { t.program().upload_roster_chunk(part.clone()).await }).await.unwrap();
    }
    let (one, other) = (form(&served, "A-3", "U-3", &[30]), form(&served, "A-4", "U-4", &[30]));
    let (one, other) = tokio::join!(
        svc.call(|t| async { t.program().submit_enrollment_batch(one.clone()).await }),
        svc.call(|t| async { t.program().submit_enrollment_batch(other.clone()).await }),
    );
    assert_ne!(one.is_ok(), other.is_ok(), "one of the two has the person");
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn work_lists_show_what_a_person_may_review() {
    let served = serve_batch().await;
    let request = v1::RegisterTokenKeyRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        key: Some(v1::TokenKey { year: 2018, key_id: "K-2018".into(), check_value: vec![3; 32] }),
    };
    let svc = served.client("svc");
    let answer = svc.call(|t| async { t.program().register_token_key(request.clone()).await }).await;
    let waiting = submission(answer.unwrap().result);
    let listed = async |person: &str, reviewable: bool| {
        let query = v1::ListSubmittedRequest { book: BOOK.into(), reviewable, ..Default::default() };
        let client = served.client(person);
        let answer = client.call(|t| async { t.voucher().list_submitted(query.clone()).await }).await.unwrap();
        answer.submissions.into_iter().map(|s| (s.submission, s.reviewable)).collect::<Vec<_>>()
    };
    assert_eq!(listed("chief", true).await, [(waiting, true)]);
    assert_eq!(listed("cashier", true).await, []);
    assert_eq!(listed("cashier", false).await, [(waiting, false)]);
    assert_eq!(listed("svc", true).await, [], "nobody reviews their own");
    // Its maker takes it back; others are not let.
    let withdrawal = |served: &Served| v1::WithdrawCommandRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        withdrawal: Some(v1::CommandWithdrawal { submission: waiting, reason: "填错".into() }),
    };
    let by_other = withdrawal(&served);
    let chief = served.client("chief");
    let (code, _) = details(chief.call(|t| async { t.voucher().withdraw_command(by_other.clone()).await }).await);
    assert_eq!(code, Code::PermissionDenied);
    let own = withdrawal(&served);
    svc.call(|t| async { t.voucher().withdraw_command(own.clone()).await }).await.unwrap();
    assert_eq!(listed("chief", false).await, []);
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_systems_list_is_compared_with_the_books() {
    let served = serve_batch().await;
    let system = served.client("gz-system");
    for number in [1, 2, 3, 5] {
        let mut item = receipt(number);
        item.receipt.as_mut().unwrap().source_seq = u64::from(number);
        let request = v1::PostPremiumReceiptRequest {
            book: BOOK.into(),
            request_id: item.request_id,
            validate_only: false,
            receipt: item.receipt,
        };
        let answer = system.call(|t| async { t.premium().post_premium_receipt(request.clone()).await }).await;
        answer.unwrap_or_else(|error| panic!("{}", explain(&error)));
    }
    let query = v1::ListSourceGapsRequest { book: BOOK.into(), ..Default::default() };
    let gaps = system.call(|t| async { t.premium().list_source_gaps(query.clone()).await }).await.unwrap();
    let shown = &gaps.systems[0];
    assert_eq!((shown.system.as_str(), shown.highest, shown.missing), ("gz-system", 5, 1));
    assert_eq!((shown.gaps[0].from, shown.gaps[0].to), (4, 4));
    let item = |id: &str, amount_fen| v1::ReconcileItem { request_id: id.into(), amount_fen };
    let items = [item("r-1", 2_000), item("r-2", 1_999), item("r-9", 2_000), item("r-1", 2_000), item("r-5", 2_000)];
    let messages = [
        v1::ReconcileRequest { book: BOOK.into(), items: items[..2].to_vec(), ..Default::default() },
        v1::ReconcileRequest { book: BOOK.into(), items: items[2..].to_vec(), ..Default::default() },
    ];
    let answer = system.call(|t| async { t.premium().reconcile(tokio_stream::iter(messages.clone())).await }).await;
    let mut answer = answer.unwrap();
    let (mut found, mut totals) = (Vec::new(), None);
    while let Some(message) = answer.message().await.unwrap() {
        found.extend(message.differences.into_iter().map(|d| (d.kind(), d.request_id, d.listed_fen, d.booked_fen)));
        totals = message.totals;
    }
    found.sort();
    let mut wanted = [
        (Missing, "r-9".to_owned(), 2_000, 0),
        (Extra, "r-3".to_owned(), 0, 2_000),
        (Different, "r-2".to_owned(), 1_999, 2_000),
        (Twice, "r-1".to_owned(), 2_000, 0),
    ];
    wanted.sort();
    assert_eq!(found, wanted);
    let totals = totals.unwrap();
    assert_eq!((totals.listed, totals.booked, totals.booked_fen, totals.differences), (5, 4, 8_000, 4));
    // Another's list is the province's people's to compare.
    let asked = [v1::ReconcileRequest { book: BOOK.into(), system: "svc".into(), ..Default::default() }];
    let mut answer =
        system.call(|t| async { t.premium().reconcile(tokio_stream::iter(asked.clone())).await }).await.unwrap();
    assert_eq!(answer.message().await.unwrap_err().code(), Code::PermissionDenied);
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spend_is_explained_and_nothing_is_recorded() {
    let served = serve_batch().await;
    let maker = served.client("maker");
    let query = v1::ExplainRequest {
        book: BOOK.into(),
        class: "A".into(),
        plan: "COMP".into(),
        heads: 2,
        date: Some(date("2018-06-01")),
        ..Default::default()
    };
    let told = maker.call(|t| async { t.program().explain(query.clone()).await }).await.unwrap();
    assert_eq!((told.lawful, told.amount_fen), (false, 15_000));
    let of = |code: &str| told.sources.iter().find(|source| source.source == code).unwrap();
    let rules = |code: &str| of(code).hits.iter().map(|hit| hit.rule.clone()).collect::<Vec<_>>();
    assert_eq!(rules("S2P"), ["SRC-003", "APR-001", "BUD-001"]);
    assert!(told.clauses.iter().any(|clause| clause.rule == "USE-006" && !clause.clause.is_empty()));
    assert!(told.sources.iter().all(|source| !source.source.starts_with("S1")), "others' money pays nothing");
    let again = maker.call(|t| async { t.program().explain(query.clone()).await }).await.unwrap();
    assert_eq!(again.sequence, told.sequence);
    served.stop().await.unwrap();
}
