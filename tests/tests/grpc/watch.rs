//! Watching records: each comes once however often the stream breaks, nothing that a watcher does or leaves undone holds the writer up, a
//! slow one is told where to go on, and all of it ends in order.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use api::v1;
use api::v1::audit_service_client::AuditServiceClient;
use api::v1::watch_records_response::Content;
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status, Streaming};
use tonic_types::StatusExt;

use crate::fund::{appropriation, bank_accounts};
use crate::harness::{BOOK, Served, details, explain, serve_book};
use crate::stream::{cutting, receipt, serve_batch};
use crate::times::records;

fn from(from: u64) -> v1::WatchRecordsRequest {
    v1::WatchRecordsRequest { book: BOOK.into(), from, heartbeat_seconds: 1 }
}

async fn opened(served: &Served, request: v1::WatchRecordsRequest) -> Streaming<v1::WatchRecordsResponse> {
    let audit = served.client("audit");
    audit.call(|t| async { t.audit().watch_records(request.clone()).await }).await.unwrap()
}

/// The same over a connection of its own that takes 64 KiB unread, without a deadline.
async fn narrow(served: &Served, request: v1::WatchRecordsRequest) -> Streaming<v1::WatchRecordsResponse> {
    let endpoint = Endpoint::from_shared(format!("http://{}", served.address)).unwrap();
    let endpoint = endpoint.initial_stream_window_size(65_535).initial_connection_window_size(65_535);
    let mut client = AuditServiceClient::new(endpoint.connect().await.unwrap());
    let mut request = Request::new(request);
    let token = format!("Bearer {}", served.token("audit"));
    request.metadata_mut().insert("authorization", token.parse().unwrap());
    client.watch_records(request).await.unwrap().into_inner()
}

/// What a message's records are, by sequence.
fn sequences(message: &v1::WatchRecordsResponse) -> Vec<u64> {
    match &message.content {
        Some(Content::Records(records)) => records.records.iter().map(|record| record.sequence).collect(),
        _ => Vec::new(),
    }
}

fn reason(status: &Status) -> (Code, String, u64) {
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    (status.code(), info.reason.clone(), info.metadata.get("next").map_or(0, |next| next.parse().unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn records_come_from_any_sequence_and_then_as_they_are_committed() {
    let served = serve_book().await;
    bank_accounts(&served).await;
    let head = served.engine.book(BOOK).unwrap().head().unwrap().sequence;
    for begin in [0, 1, 3, head, head + 1] {
        let mut stream = opened(&served, from(begin)).await;
        let mut seen = Vec::new();
        while seen.len() as u64 + begin.max(1) <= head {
            let message = stream.message().await.unwrap().unwrap();
            seen.extend(sequences(&message));
            assert_eq!(message.next, seen.last().unwrap() + 1);
        }
        assert_eq!(seen, (begin.max(1)..=head).collect::<Vec<_>>(), "from {begin}");
    }
    let mut stream = opened(&served, from(head + 1)).await;
    appropriation(&served, 1, 100).await;
    let now = served.engine.book(BOOK).unwrap().head().unwrap().sequence;
    let mut seen = Vec::new();
    while seen.last() != Some(&now) {
        let message = stream.message().await.unwrap().unwrap();
        seen.extend(sequences(&message));
    }
    assert_eq!(seen, (head + 1..=now).collect::<Vec<_>>());
    // As stored and hashed, as they are listed.
    let mut stream = opened(&served, from(1)).await;
    let mut watched = Vec::new();
    while watched.len() as u64 != now {
        if let Some(Content::Records(some)) = stream.message().await.unwrap().unwrap().content {
            watched.extend(some.records);
        }
    }
    assert_eq!(watched, records(&served).await);
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_tell_position_and_root_while_nothing_comes() {
    let served = serve_book().await;
    let head = served.engine.book(BOOK).unwrap().head().unwrap();
    let mut stream = opened(&served, from(head.sequence + 1)).await;
    for _ in 0..2 {
        let message = stream.message().await.unwrap().unwrap();
        let Some(Content::Heartbeat(beat)) = message.content else { panic!("{message:?}") };
        assert_eq!((beat.sequence, beat.root, message.next), (head.sequence, head.root.to_vec(), head.sequence + 1));
        assert!(beat.server_time.is_some());
    }
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_watched_is_refused_before_anything_is_sent() {
    let served = serve_book().await;
    let head = served.engine.book(BOOK).unwrap().head().unwrap().sequence;
    let audit = served.client("audit");
    for (request, field, said) in [
        (from(head + 2), "from", "BEYOND_THE_LOG"),
        (from(u64::MAX), "from", "BEYOND_THE_LOG"),
        (v1::WatchRecordsRequest { heartbeat_seconds: 61, ..from(1) }, "heartbeat_seconds", "OUT_OF_RANGE"),
        (v1::WatchRecordsRequest { book: String::new(), ..from(1) }, "book", "REQUIRED"),
    ] {
        let (code, details) = details(audit.call(|t| async { t.audit().watch_records(request.clone()).await }).await);
        let violation = details.bad_request().unwrap().field_violations[0].clone();
        assert_eq!((code, violation.field.as_str()), (Code::InvalidArgument, field));
        assert!(violation.description.contains(said), "{violation:?}");
    }
    let maker = served.client("maker");
    let (code, _) = details(maker.call(|t| async { t.audit().watch_records(from(1)).await }).await);
    assert_eq!(code, Code::PermissionDenied);
    served.stop().await.unwrap();
}

async fn post_many(served: &Served, numbers: std::ops::Range<u32>) {
    let collector = served.client("gz-system");
    let count = u64::from(numbers.end - numbers.start);
    let mut posted = 0;
    // In parts, since a busy machine may take long over them.
    for first in numbers.clone().step_by(250) {
        let part = (first..numbers.end.min(first + 250)).map(receipt);
        let progress = collector.post_receipts(BOOK, part, |_| ()).await;
        posted += progress.unwrap_or_else(|error| panic!("{}", explain(&error))).posted;
    }
    assert_eq!(posted, count);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_breaks_again_and_again_sees_each_record_once() {
    let served = serve_batch().await;
    post_many(&served, 0..600).await;
    let cuts = Arc::new(AtomicUsize::new(0));
    let proxy = cutting(served.address, 60_000, Arc::clone(&cuts)).await;
    let options = client::Options {
        endpoints: vec![format!("http://{proxy}")],
        token: served.token("audit").into(),
        language: "en".into(),
        trust: None,
        deadline: Duration::from_secs(20),
    };
    let client = client::Client::connect(&options).unwrap();
    let until = served.engine.book(BOOK).unwrap().head().unwrap().sequence + 400;
    let mut seen = Vec::new();
    let watching = client.watch_records(from(1), |message| {
        seen.extend(sequences(&message));
        if message.next > until { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let (next, ()) = tokio::join!(watching, post_many(&served, 600..1_000));
    assert!(next.unwrap() > until);
    assert_eq!(seen, (1..=*seen.last().unwrap()).collect::<Vec<_>>(), "each once, in order");
    assert!(cuts.load(Ordering::Relaxed) >= 2, "the proxy cut the stream");
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_that_reads_nothing_holds_nobody_up_and_is_told_to_resume() {
    let served = serve_batch().await;
    // More than windows and buffers on the way hold.
    post_many(&served, 0..1_800).await;
    let mut stalled = narrow(&served, from(1)).await;
    let begun = Instant::now();
    tokio::time::sleep(Duration::from_millis(200)).await;
    post_many(&served, 1_800..1_950).await;
    assert!(begun.elapsed() < Duration::from_secs(9), "posting waited for a watcher: {:?}", begun.elapsed());
    let head = served.engine.book(BOOK).unwrap().head().unwrap().sequence;
    // Longer than the server lets messages lie.
    tokio::time::sleep(Duration::from_secs(11)).await;
    let mut seen = Vec::new();
    let ended = loop {
        match stalled.message().await {
            Ok(Some(message)) => seen.extend(sequences(&message)),
            Ok(None) => panic!("the stream ended as if nothing were"),
            Err(status) => break status,
        }
    };
    let (code, reason, next) = reason(&ended);
    assert_eq!((code, reason.as_str()), (Code::Unavailable, "RESUME"));
    assert_eq!(seen, (1..next).collect::<Vec<_>>(), "what came stands before where to go on");
    assert!(next <= head, "there was more to come: {next} of {head}");
    let mut resumed = opened(&served, from(next)).await;
    while seen.last() != Some(&head) {
        let message = resumed.message().await.unwrap().unwrap();
        seen.extend(sequences(&message));
    }
    assert_eq!(seen, (1..=head).collect::<Vec<_>>());
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn going_down_ends_a_watch_in_order() {
    let served = serve_book().await;
    let head = served.engine.book(BOOK).unwrap().head().unwrap().sequence;
    let mut stream = opened(&served, from(1)).await;
    let mut seen = Vec::new();
    while seen.last() != Some(&head) {
        seen.extend(sequences(&stream.message().await.unwrap().unwrap()));
    }
    let going_down = tokio::spawn(served.stop());
    let ended = loop {
        match stream.message().await {
            Ok(Some(message)) => seen.extend(sequences(&message)),
            Ok(None) => panic!("the stream ended as if nothing were"),
            Err(status) => break status,
        }
    };
    assert_eq!(reason(&ended), (Code::Unavailable, "SHUTTING_DOWN".to_owned(), head + 1));
    going_down.await.unwrap().unwrap();
}
