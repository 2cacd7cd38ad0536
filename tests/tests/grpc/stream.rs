//! The stream of premium receipts: one answer an item, replays, refusals in their place, and going down under a stream.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::v1;
use api::v1::premium_receipt_answer::Answer;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;
use tonic_types::StatusExt;

use crate::fund::bank_accounts;
use crate::harness::{BOOK, Served, date, evidence, explain, serve_book, submission};

/// A book with a scheme and an enrolment batch that receipts can be posted to.
pub async fn serve_batch() -> Served {
    let served = serve_book().await;
    bank_accounts(&served).await;
    let approval = v1::RecordApprovalRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        approval: Some(v1::Approval {
            code: "FA-2018".into(),
            kind: v1::ApprovalKind::Scheme.into(),
            body: v1::ApprovalBody::PartyGroup.into(),
            meeting_on: Some(date("2018-04-08")),
            doc_no: "粤工总〔2018〕18号".into(),
            max_fen: 5_000_000_000,
            minutes_digest: vec![1; 32],
            ..Default::default()
        }),
    };
    let approver = served.client("approver");
    approver.call(|t| async { t.spending().record_approval(approval.clone()).await }).await.unwrap();
    let target = |class: &str, heads| v1::ClassTarget { class: class.into(), heads };
    let scheme = v1::RegisterSchemeRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        scheme: Some(v1::Scheme {
            year: 2018,
            doc_no: "粤工总〔2018〕18号".into(),
            approval: "FA-2018".into(),
            total_fen: 5_000_000_000,
            targets: vec![target("A", 616_000), target("B", 35_000), target("C", 5_000)],
            enroll_deadline: Some(date("2018-12-15")),
            cover_months: 12,
        }),
    };
    let svc = served.client("svc");
    let answer = svc.call(|t| async { t.program().register_scheme(scheme.clone()).await }).await;
    let answer = answer.unwrap_or_else(|error| panic!("scheme: {}", explain(&error)));
    served.approve("chief", submission(answer.result)).await;
    let form = v1::SubmitEnrollmentBatchRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        form: Some(v1::EnrollmentForm {
            code: "B-1".into(),
            organization: "GDZGH".into(),
            year: 2018,
            class: "A".into(),
            plan: "COMP".into(),
            unit_headcount: 2_000,
            insured_count: 2_000,
            premium_total_fen: 2_000 * 9_500,
            gift_type: v1::GiftType::Partial.into(),
            gift_count: 2_000,
            gift_per_person_fen: 7_500,
            gift_total_fen: 2_000 * 7_500,
            roster_rows: 2_000,
            roster_digest: vec![9; 32],
            submitted_on: Some(date("2018-06-01")),
            cover_start: Some(date("2019-01-01")),
            cover_end: Some(date("2019-12-31")),
            evidence: evidence(v1::EvidenceKind::Roster, 9),
            in_service: 2_000,
            ..Default::default()
        }),
    };
    let answer = svc.call(|t| async { t.program().submit_enrollment_batch(form.clone()).await }).await;
    answer.unwrap_or_else(|error| panic!("batch: {}", explain(&error)));
    served
}

pub fn receipt(number: u32) -> v1::PremiumReceiptItem {
    v1::PremiumReceiptItem {
        request_id: format!("r-{number}"),
        receipt: Some(v1::PremiumReceipt {
            holder: "GDZGH".into(),
            payer: v1::PayerType::Member.into(),
            batch: "B-1".into(),
            heads: 1,
            unit_fen: 2_000,
            amount_fen: 2_000,
            received_on: Some(date("2018-06-20")),
            custody: v1::Custody::Collector.into(),
            bill_no: format!("P{number}"),
            ..Default::default()
        }),
    }
}

/// Receipts of which every tenth is malformed and every tenth breaks a rule.
fn mixed(count: u32) -> impl Iterator<Item = v1::PremiumReceiptItem> {
    (0..count).map(|number| {
        let mut item = receipt(number);
        let fields = item.receipt.as_mut().unwrap();
        match number % 10 {
            3 => fields.payer = 0,
            7 => fields.unit_fen = 1_999,
            _ => {}
        }
        item
    })
}

/// What an answer says, in short.
fn kind(answer: &v1::PremiumReceiptAnswer) -> &'static str {
    match answer.answer.as_ref().unwrap() {
        Answer::Result(_) => "posted",
        Answer::Error(error) if error.code == i32::from(Code::InvalidArgument) => "malformed",
        Answer::Error(error) if error.code == i32::from(Code::FailedPrecondition) => "refused",
        Answer::Error(error) => panic!("{error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_receipt_gets_one_answer_and_a_repetition_the_same() {
    let served = serve_batch().await;
    let collector = served.client("gz-system");
    let mut first = BTreeMap::new();
    let progress =
        collector.post_receipts(BOOK, mixed(1_000), |a| assert!(first.insert(a.request_id.clone(), a).is_none())).await;
    let progress = progress.unwrap_or_else(|error| panic!("{}", explain(&error)));
    assert_eq!((progress.posted, progress.replayed, progress.failed), (800, 0, 200));
    for item in mixed(1_000) {
        let expected = match item.request_id.as_bytes().last() {
            Some(b'3') => "malformed",
            Some(b'7') => "refused",
            _ => "posted",
        };
        assert_eq!(kind(&first[&item.request_id]), expected, "{}", item.request_id);
    }
    let head = served.engine.book(BOOK).unwrap().head().unwrap().sequence;
    let progress = collector.post_receipts(BOOK, mixed(1_000), |_| ()).await.unwrap();
    assert_eq!((progress.posted, progress.replayed, progress.failed), (800, 800, 200));
    assert_eq!(served.engine.book(BOOK).unwrap().head().unwrap().sequence, head);

    let query = v1::ListEnrollmentBatchesRequest { book: BOOK.into(), ..Default::default() };
    let batches = collector.call(|t| async { t.program().list_enrollment_batches(query.clone()).await }).await.unwrap();
    assert_eq!(batches.batches[0].collected_fen, 800 * 2_000);
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_may_not_post_is_denied_item_by_item() {
    let served = serve_batch().await;
    let maker = served.client("maker");
    let mut codes = Vec::new();
    let collect = |answer: v1::PremiumReceiptAnswer| match answer.answer.unwrap() {
        Answer::Error(error) => codes.push(error.code),
        Answer::Result(result) => panic!("{result:?}"),
    };
    let progress = maker.post_receipts(BOOK, (0..3).map(receipt), collect).await.unwrap();
    assert_eq!((progress.failed, codes), (3, vec![i32::from(Code::PermissionDenied); 3]));
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn going_down_answers_what_was_taken_and_says_so() {
    let served = serve_batch().await;
    let engine = Arc::clone(&served.engine);
    let collector = served.client("gz-system");
    // The client never ends its side: only the server's going down can.
    let (messages, outgoing) = mpsc::channel(1);
    let stream = Mutex::new(Some(ReceiverStream::new(outgoing)));
    let opened = collector.call(|t| {
        let outgoing = stream.lock().unwrap().take().unwrap();
        async { t.premium().post_premium_receipts(outgoing).await }
    });
    let mut answers = opened.await.unwrap();
    let items = (0..500).map(receipt).collect();
    messages.send(v1::PostPremiumReceiptsRequest { book: BOOK.into(), items }).await.unwrap();
    let mut posted = answers.message().await.unwrap().unwrap().answers.len();
    let going_down = tokio::spawn(served.stop());
    let ended = loop {
        match answers.message().await {
            Ok(Some(message)) => posted += message.answers.iter().filter(|answer| kind(answer) == "posted").count(),
            Ok(None) => panic!("the stream ended as if nothing were"),
            Err(status) => break status,
        }
    };
    let reason = ended.get_error_details().error_info().unwrap().reason.clone();
    assert_eq!((ended.code(), reason.as_str()), (Code::Unavailable, "SHUTTING_DOWN"));
    going_down.await.unwrap().unwrap();
    let head = engine.book(BOOK).unwrap().health();
    assert_eq!((posted, head.head), (500, head.reached));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_breaks_the_streams_rules_ends_it() {
    let served = serve_batch().await;
    let request = |book: &str, count| v1::PostPremiumReceiptsRequest {
        book: book.into(),
        items: (0..count).map(receipt).collect(),
    };
    for (messages, field) in [
        (vec![request(BOOK, 0)], "items"),
        (vec![request(BOOK, 1_001)], "items"),
        (vec![request(BOOK, 1), request("other", 1)], "book"),
    ] {
        let collector = served.client("gz-system");
        let opened = collector.call(|t| {
            let messages = tokio_stream::iter(messages.clone());
            async { t.premium().post_premium_receipts(messages).await }
        });
        let mut answers = opened.await.unwrap();
        let ended = loop {
            match answers.message().await {
                Ok(message) => assert!(message.is_some(), "the stream ended as if nothing were"),
                Err(status) => break status,
            }
        };
        let details = ended.get_error_details();
        assert_eq!(ended.code(), Code::InvalidArgument);
        assert_eq!(details.bad_request().unwrap().field_violations[0].field, field);
    }
    served.stop().await.unwrap();
}

/// Passes connections on to the server and cuts each after so many bytes of answers; how many it cut.
pub async fn cutting(server: std::net::SocketAddr, bytes: u64, cuts: Arc<AtomicUsize>) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let cuts = Arc::clone(&cuts);
            tokio::spawn(async move {
                let server = TcpStream::connect(server).await.unwrap();
                let ((mut up_from, mut down_to), (down_from, mut up_to)) = (client.into_split(), server.into_split());
                let up = tokio::spawn(async move { tokio::io::copy(&mut up_from, &mut up_to).await });
                let passed = tokio::io::copy(&mut down_from.take(bytes), &mut down_to).await;
                if passed.is_ok_and(|passed| passed == bytes) {
                    cuts.fetch_add(1, Ordering::Relaxed);
                }
                up.abort();
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_is_taken_up_where_answers_are_missing() {
    let served = serve_batch().await;
    let cuts = Arc::new(AtomicUsize::new(0));
    let proxy = cutting(served.address, 60_000, Arc::clone(&cuts)).await;
    let options = client::Options {
        endpoints: vec![format!("http://{proxy}")],
        token: served.token("gz-system").into(),
        language: "en".into(),
        trust: None,
        deadline: Duration::from_secs(20),
    };
    let client = client::Client::connect(&options).unwrap();
    let mut answered = BTreeSet::new();
    let progress = client
        .post_receipts(BOOK, (0..1_500).map(receipt), |a| assert!(answered.insert(a.request_id), "answered twice"))
        .await
        .unwrap_or_else(|error| panic!("{}", explain(&error)));
    assert_eq!((progress.posted, progress.failed, answered.len()), (1_500, 0, 1_500));
    assert!(cuts.load(Ordering::Relaxed) >= 2 && progress.resumed >= 2 && progress.replayed > 0, "{progress:?}");
    // Posted once each, however often they were sent.
    let days =
        served.engine.book(BOOK).unwrap().read(|state| state.receipt_days.values().map(|day| day.count).sum::<u64>());
    assert_eq!(days.unwrap(), 1_500);
    served.stop().await.unwrap();
}
