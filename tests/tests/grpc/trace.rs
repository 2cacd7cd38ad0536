//! Traces through the face: the parts of a grant come to what the books say, in pages, now and earlier; a voucher leads back to who asked
//! and who reviewed it, its money, its slip and its documents. Whole seasons are traced in `cli_trace.rs`.

use api::v1;
use api::v1::trace_grant_response::Content;
use tonic::Code;

use crate::fund::{appropriation, bank_accounts};
use crate::harness::{BOOK, Served, date, details, serve_book};
use crate::stream::{receipt, serve_batch};

fn of(grant: &str) -> v1::TraceGrantRequest {
    v1::TraceGrantRequest { book: BOOK.into(), grant: grant.into(), ..Default::default() }
}

/// A trace taken apart: summary, vouchers and how many messages they came in, totals.
async fn traced(
    served: &Served,
    request: v1::TraceGrantRequest,
) -> (Option<v1::TraceSummary>, Vec<v1::TraceEntry>, usize, Option<v1::TraceTotals>) {
    let audit = served.client("audit");
    let mut stream = audit.call(|t| async { t.audit().trace_grant(request.clone()).await }).await.unwrap();
    let (mut summary, mut entries, mut pages, mut totals) = (None, Vec::new(), 0, None);
    while let Some(message) = stream.message().await.unwrap() {
        assert!(totals.is_none(), "nothing follows the totals");
        assert_eq!(message.root.len(), 32);
        match message.content.unwrap() {
            Content::Summary(first) => summary = Some(first),
            Content::Entries(some) => {
                assert_eq!(some.entries.last().unwrap().sequence, some.last);
                entries.extend(some.entries);
                pages += 1;
            }
            Content::Totals(last) => totals = Some(last),
        }
    }
    (summary, entries, pages, totals)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_of_many_vouchers_is_traced_page_by_page() {
    let served = serve_batch().await;
    let collector = served.client("gz-system");
    collector.post_receipts(BOOK, (0..700).map(receipt), |_| ()).await.unwrap();
    let (summary, entries, pages, totals) = traced(&served, of("B-1")).await;
    let (grant, totals) = (summary.unwrap().grant.unwrap(), totals.unwrap());
    assert_eq!((grant.received_fen, totals.balance_fen, totals.vouchers), (1_400_000, 1_400_000, 700));
    assert!(pages >= 4, "in pages: {pages}");
    let [sum] = &totals.sums[..] else { panic!("{:?}", totals.sums) };
    assert_eq!((sum.flow(), sum.amount_fen, sum.vouchers), (v1::GrantFlow::Received, 1_400_000, 700));
    assert!(entries.iter().all(|entry| entry.parts.len() == 1 && entry.parts[0].amount_fen == 2_000));
    assert!(entries.windows(2).all(|pair| pair[0].sequence < pair[1].sequence));

    // One that broke off goes on, without summary and totals.
    let middle = entries[333].sequence;
    let (summary, rest, _, totals) = traced(&served, v1::TraceGrantRequest { after: middle, ..of("B-1") }).await;
    assert!(summary.is_none() && totals.is_none());
    assert_eq!(rest, entries[334..]);

    // As known earlier, and by a date.
    let (_, earlier, _, totals) = traced(&served, v1::TraceGrantRequest { known_at: middle, ..of("B-1") }).await;
    assert_eq!((earlier.len(), totals.unwrap().balance_fen), (334, 334 * 2_000));
    let by_date = v1::TraceGrantRequest { as_of_date: Some(date("2018-06-19")), ..of("B-1") };
    let (summary, none, _, totals) = traced(&served, by_date).await;
    assert_eq!((none.len(), totals.unwrap().balance_fen), (0, 0));
    assert_eq!(summary.unwrap().grant.unwrap().balance_fen, 0);
    served.stop().await.unwrap();
}

/// The steps below a step that are of a kind.
fn below(node: &v1::TraceNode, kind: v1::TraceKind) -> Vec<&v1::TraceNode> {
    node.below.iter().filter(|below| below.kind() == kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voucher_leads_back_to_its_money_its_hands_and_its_papers() {
    let served = serve_book().await;
    bank_accounts(&served).await;
    let before = served.engine.book(BOOK).unwrap().head().unwrap().sequence;
    let reference = appropriation(&served, 1, 5_000).await;
    let audit = served.client("audit");
    let ask = |known_at, as_of: Option<&str>| v1::TraceVoucherRequest {
        book: BOOK.into(),
        voucher: reference.clone(),
        known_at,
        as_of_date: as_of.map(date),
        ..Default::default()
    };
    let now = ask(0, None);
    let answer = audit.call(|t| async { t.audit().trace_voucher(now.clone()).await }).await.unwrap();
    let trace = answer.trace.unwrap();
    assert_eq!((trace.kind(), trace.code.as_str(), trace.amount_fen), (v1::TraceKind::Voucher, "记-2018-1", 5_000));
    let [grant] = below(&trace, v1::TraceKind::Grant)[..] else { panic!("{trace:?}") };
    assert_eq!((grant.code.as_str(), grant.amount_fen, grant.organization.as_str()), ("BK-1", 5_000, "GDZGH"));
    let [submitted] = below(&trace, v1::TraceKind::Submission)[..] else { panic!("{trace:?}") };
    let [reviewed] = below(submitted, v1::TraceKind::Review)[..] else { panic!("{trace:?}") };
    assert_eq!((submitted.person.as_str(), reviewed.person.as_str()), ("maker", "reviewer"));
    assert!(submitted.sequence < reviewed.sequence && reviewed.sequence < trace.sequence);
    let [slip] = below(&trace, v1::TraceKind::BankTransaction)[..] else { panic!("{trace:?}") };
    assert_eq!((slip.code.as_str(), slip.amount_fen, slip.person.as_str()), ("TX1", 5_000, "cashier"));
    assert_eq!(below(&trace, v1::TraceKind::Evidence).len(), 1);
    for unknown in [ask(before, None), ask(0, Some("2018-05-09"))] {
        let (code, _) = details(audit.call(|t| async { t.audit().trace_voucher(unknown.clone()).await }).await);
        assert_eq!(code, Code::NotFound, "{unknown:?}");
    }
    // The grant's trace names the same voucher on the same slip.
    let (summary, entries, _, totals) = traced(&served, of("BK-1")).await;
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!((entry.voucher.as_str(), entry.rests_on[0].code.as_str()), ("记-2018-1", "TX1"));
    let grant = summary.unwrap().grant.unwrap();
    assert_eq!((grant.idle_fen, totals.unwrap().idle_fen), (5_000, 5_000));
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_traced_says_why() {
    let served = serve_book().await;
    let audit = served.client("audit");
    let (code, _) = details(audit.call(|t| async { t.audit().trace_grant(of("NONE")).await }).await);
    assert_eq!(code, Code::NotFound);
    let collector = served.client("gz-system");
    let (code, _) = details(collector.call(|t| async { t.audit().trace_grant(of("NONE")).await }).await);
    assert_eq!(code, Code::PermissionDenied);
    let bad = v1::TraceVoucherRequest { book: BOOK.into(), voucher: "记-7".into(), ..Default::default() };
    let (code, found) = details(audit.call(|t| async { t.audit().trace_voucher(bad.clone()).await }).await);
    assert_eq!(
        (code, found.bad_request().unwrap().field_violations[0].field.as_str()),
        (Code::InvalidArgument, "voucher")
    );
    served.stop().await.unwrap();
}
