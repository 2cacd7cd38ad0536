//! Daily summaries through the face: what a day holds by unit and source, whose signature is missing, and who finds it on their work
//! list.

use api::v1;

use crate::harness::{BOOK, Served, date, submission};
use crate::stream::{receipt, serve_batch};

async fn post(served: &Served, number: u32) {
    let item = receipt(number);
    let request = v1::PostPremiumReceiptRequest {
        book: BOOK.into(),
        request_id: item.request_id,
        validate_only: false,
        receipt: item.receipt,
    };
    let system = served.client("gz-system");
    system.call(|t| async { t.premium().post_premium_receipt(request.clone()).await }).await.unwrap();
}

async fn listed(served: &Served, person: &str, unsigned: bool, for_me: bool) -> Vec<v1::DailySummaryEntry> {
    let query = v1::ListDailySummariesRequest { book: BOOK.into(), unsigned, for_me, ..Default::default() };
    let client = served.client(person);
    client.call(|t| async { t.book().list_daily_summaries(query.clone()).await }).await.unwrap().summaries
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_waits_for_both_signatures_and_for_nobody_else() {
    let served = serve_batch().await;
    post(&served, 1).await;
    post(&served, 2).await;
    let day = v1::DailySummary { day: Some(date("2018-06-20")), count: 2, total_fen: 4_000 };
    let [entry] = &listed(&served, "audit", true, false).await[..] else { panic!("one day") };
    assert_eq!((entry.summary, entry.signed, entry.submission), (Some(day), false, 0));
    assert_eq!(entry.missing().collect::<Vec<_>>(), [v1::Role::FinReviewer, v1::Role::Cashier]);
    let [part] = &entry.parts[..] else { panic!("{entry:?}") };
    assert_eq!((part.organization.as_str(), part.source.as_str()), ("GDZGH", "S1M"));
    assert_eq!((part.count, part.heads, part.amount_fen), (2, 2, 4_000));
    for (person, days) in [("reviewer", 1), ("cashier", 1), ("maker", 0), ("audit", 0)] {
        assert_eq!(listed(&served, person, false, true).await.len(), days, "{person}");
    }
    // The cashier signs first: the reviewer's is what is missing.
    let request = v1::SignDailySummaryRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        summary: Some(day),
    };
    let cashier = served.client("cashier");
    let signed = cashier.call(|t| async { t.book().sign_daily_summary(request.clone()).await }).await.unwrap();
    let waiting = submission(signed.result);
    let [entry] = &listed(&served, "reviewer", true, true).await[..] else { panic!("one day") };
    assert_eq!((entry.cashier.as_str(), entry.reviewer.as_str(), entry.submission), ("cashier", "", waiting));
    assert_eq!(entry.missing().collect::<Vec<_>>(), [v1::Role::FinReviewer]);
    assert!(listed(&served, "cashier", false, true).await.is_empty());
    served.approve("reviewer", waiting).await;
    assert!(listed(&served, "reviewer", true, false).await.is_empty());
    let [entry] = &listed(&served, "reviewer", false, false).await[..] else { panic!("one day") };
    assert_eq!((entry.signed, entry.reviewer.as_str(), entry.cashier.as_str()), (true, "reviewer", "cashier"));
    assert!(entry.missing.is_empty());
    // What comes later must be signed for anew, by both.
    post(&served, 3).await;
    let [entry] = &listed(&served, "cashier", true, true).await[..] else { panic!("one day") };
    assert_eq!((entry.signed, entry.missing.len(), entry.reviewer.as_str()), (false, 2, ""));
    served.stop().await.unwrap();
}
