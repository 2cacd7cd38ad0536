//! What an audit committee reads: balances at any date as known at any time, listings in stable pages, refusals, the records themselves.

use api::v1;
use tonic::Code;

use crate::fund::{appropriation, bank_accounts};
use crate::harness::{BOOK, Served, date, details, serve_book};

async fn balances(served: &Served, query: v1::GetBalancesRequest) -> v1::GetBalancesResponse {
    let audit = served.client("audit");
    audit.call(|t| async { t.audit().get_balances(query.clone()).await }).await.unwrap()
}

async fn trial(served: &Served, query: v1::GetTrialBalanceRequest) -> v1::GetTrialBalanceResponse {
    let audit = served.client("audit");
    audit.call(|t| async { t.audit().get_trial_balance(query.clone()).await }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn balances_hold_at_a_date_and_as_known_at_a_sequence() {
    let served = serve_book().await;
    bank_accounts(&served).await;
    appropriation(&served, 1, 100).await;
    let of = |as_of: Option<&str>, known_at| v1::GetTrialBalanceRequest {
        book: BOOK.into(),
        as_of_date: as_of.map(date),
        known_at,
        ..Default::default()
    };
    let known = trial(&served, of(None, 0)).await.sequence;
    appropriation(&served, 2, 30).await;
    for (as_of, known_at, expected) in [
        (None, 0, 130),
        (None, known, 100),
        (Some("2018-05-10"), 0, 130),
        (Some("2018-05-09"), 0, 0),
        (Some("2018-05-09"), known, 0),
        (Some("2018-12-31"), known, 100),
    ] {
        let answer = trial(&served, of(as_of, known_at)).await;
        let totals = answer.totals.unwrap();
        assert_eq!((totals.debit_balance_fen, totals.credit_balance_fen), (expected, expected), "{as_of:?} {known_at}");
        assert_eq!(answer.rows.len(), if expected == 0 { 0 } else { 2 });
    }
    let split = |split_by: &[v1::BalanceDimension], account: &str| v1::GetBalancesRequest {
        book: BOOK.into(),
        split_by: split_by.iter().map(|by| (*by).into()).collect(),
        account: account.into(),
        ..Default::default()
    };
    let by_grant = balances(&served, split(&[v1::BalanceDimension::Grant], "10201")).await.balances;
    let rows: Vec<(&str, &str, i64)> =
        by_grant.iter().map(|row| (row.grant.as_str(), row.source.as_str(), row.balance_fen)).collect();
    assert_eq!(rows, [("BK-1", "", 100), ("BK-2", "", 30)]);
    let by_source = balances(&served, split(&[], "")).await.balances;
    assert_eq!(by_source.iter().map(|row| row.balance_fen).collect::<Vec<_>>(), [130, 130]);
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn both_charts_have_the_same_totals() {
    let served = serve_book().await;
    bank_accounts(&served).await;
    appropriation(&served, 1, 100).await;
    let of =
        |chart: v1::Chart| v1::GetTrialBalanceRequest { book: BOOK.into(), chart: chart.into(), ..Default::default() };
    let (new, old) = (trial(&served, of(v1::Chart::V2021)).await, trial(&served, of(v1::Chart::V2009)).await);
    assert_eq!(new.totals, old.totals);
    let codes =
        |answer: &v1::GetTrialBalanceResponse| answer.rows.iter().map(|row| row.account.clone()).collect::<Vec<_>>();
    assert_eq!((codes(&new), codes(&old)), (vec!["10201".into(), "40201".into()], vec!["102".into(), "402".into()]));
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_vouchers_do_not_see_what_is_posted_meanwhile() {
    let served = serve_book().await;
    bank_accounts(&served).await;
    for number in 1..=3 {
        appropriation(&served, number, 100).await;
    }
    let audit = served.client("audit");
    let mut query = v1::ListVouchersRequest { book: BOOK.into(), page_size: 2, with_lines: true, ..Default::default() };
    let (mut seen, mut number) = (Vec::new(), 4);
    loop {
        let page = audit.call(|t| async { t.voucher().list_vouchers(query.clone()).await }).await.unwrap();
        assert!(page.vouchers.iter().all(|voucher| voucher.lines.len() == 2));
        seen.extend(page.vouchers.into_iter().map(|voucher| voucher.reference));
        appropriation(&served, number, 100).await;
        number += 1;
        if page.next_page_token.is_empty() {
            break;
        }
        query.page_token = page.next_page_token;
    }
    assert_eq!(seen, ["记-2018-1", "记-2018-2", "记-2018-3"]);
    let other = v1::ListVouchersRequest { page_token: query.page_token.clone(), source: "S2P".into(), ..query };
    let (code, details) = details(audit.call(|t| async { t.voucher().list_vouchers(other.clone()).await }).await);
    assert_eq!(
        (code, details.bad_request().unwrap().field_violations[0].field.as_str()),
        (Code::InvalidArgument, "page_token")
    );
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_listed_with_their_rules() {
    let served = serve_book().await;
    let review = |submission| v1::ReviewCommandRequest {
        book: BOOK.into(),
        request_id: format!("bad-{submission}"),
        validate_only: false,
        review: None,
    };
    // Malformed and denied requests leave no record.
    let maker = served.client("maker");
    assert!(maker.call(|t| async { t.voucher().review_command(review(1)).await }).await.is_err());
    let refused = v1::RegisterBankAccountRequest {
        book: BOOK.into(),
        request_id: "refused".into(),
        validate_only: false,
        bank_account: Some(v1::BankAccount {
            code: "ZH".into(),
            organization: "GDZGH".into(),
            purpose: v1::BankAccountPurpose::FundSpecial.into(),
            name: "专户".into(),
            masked_no: "1234".into(),
            currency: "USD".into(),
        }),
    };
    assert!(maker.call(|t| async { t.book().register_bank_account(refused.clone()).await }).await.is_err());
    let audit = served.client("audit");
    for (rule, person, count) in [("", "", 1), ("LED-015", "maker", 1), ("USE-006", "", 0), ("", "cashier", 0)] {
        let query = v1::ListRejectionsRequest {
            book: BOOK.into(),
            rule: rule.into(),
            person: person.into(),
            ..Default::default()
        };
        let found = audit.call(|t| async { t.audit().list_rejections(query.clone()).await }).await.unwrap().rejections;
        assert_eq!(found.len(), count, "{rule} {person}");
        if let Some(rejection) = found.first() {
            assert_eq!((rejection.person.as_str(), rejection.request_id.as_str()), ("maker", "refused"));
            assert!(rejection.hits[0].rule == "LED-015" && !rejection.hits[0].clause.is_empty());
        }
    }
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn records_come_as_stored_and_hashed() {
    let served = serve_book().await;
    bank_accounts(&served).await;
    let audit = served.client("audit");
    let mut query = v1::ListRecordsRequest { book: BOOK.into(), page_size: 3, ..Default::default() };
    let (mut records, mut sequence) = (Vec::new(), 0);
    loop {
        let page = audit.call(|t| async { t.audit().list_records(query.clone()).await }).await.unwrap();
        records.extend(page.records);
        sequence = page.sequence.max(sequence);
        if page.next_page_token.is_empty() {
            break;
        }
        query.page_token = page.next_page_token;
    }
    assert_eq!(records.iter().map(|r| r.sequence).collect::<Vec<_>>(), (1..=sequence).collect::<Vec<_>>());
    assert_eq!(records[0].event, "BookCreated");
    for record in &records {
        assert_eq!(record.leaf_hash, record::hash::leaf_hash(&record.body));
        assert_eq!(record::decode(&record.body).unwrap().sequence, record.sequence);
    }
    let head = served.engine.book(BOOK).unwrap().head().unwrap();
    let leaves: Vec<record::Digest> = records.iter().map(|r| r.leaf_hash.clone().try_into().unwrap()).collect();
    assert_eq!(proof::root_of(&leaves), head.root);
    let (code, _) =
        details(served.client("maker").call(|t| async { t.audit().list_records(query.clone()).await }).await);
    assert_eq!(code, Code::PermissionDenied);
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_asks_for_the_future_is_told_how_far_the_book_is() {
    let served = serve_book().await;
    let head = served.engine.book(BOOK).unwrap().head().unwrap().sequence;
    let options = client::Options {
        endpoints: vec![format!("http://{}", served.address)],
        token: served.token("audit").into(),
        language: "en".into(),
        trust: None,
        deadline: std::time::Duration::from_millis(500),
    };
    let client = client::Client::connect(&options).unwrap();
    let query = v1::ListAccountsRequest { book: BOOK.into(), at_least: head + 1, ..Default::default() };
    let answer = client.call(|t| async { t.book().list_accounts(query.clone()).await }).await;
    assert!(answer.is_err());
    let stale = v1::ListAccountsRequest { allow_stale: true, ..query };
    let answer = client.call(|t| async { t.book().list_accounts(stale.clone()).await }).await.unwrap();
    assert_eq!(answer.sequence, head);
    served.stop().await.unwrap();
}
