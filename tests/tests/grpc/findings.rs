//! Findings through the face: a run, what it put on record, the same seen again without a record, and the steps to the end.

use api::v1;
use tonic::Code;

use crate::fund::bank_accounts;
use crate::harness::{BOOK, Served, date, details, serve_book};

/// A movement of 500 yuan between our account and nobody known.
async fn movement(served: &Served, number: u8, direction: v1::BankDirection, on: &str) {
    let request = v1::RegisterBankTransactionRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        transaction: Some(v1::BankTransaction {
            id: format!("TX{number}"),
            account: "ZH".into(),
            direction: direction.into(),
            amount_fen: 50_000,
            date: Some(date(on)),
            counterparty_account: String::new(),
            settlement: v1::Settlement::Transfer.into(),
            currency: "CNY".into(),
            slip_digest: vec![number; 32],
        }),
    };
    let cashier = served.client("cashier");
    cashier.call(|t| async { t.spending().register_bank_transaction(request.clone()).await }).await.unwrap();
}

async fn detect(served: &Served, person: &str, on: &str) -> Result<v1::RunDetectorsResponse, client::ClientError> {
    let request = v1::RunDetectorsRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        run: Some(v1::DetectorRun { day: Some(date(on)) }),
    };
    served.client(person).call(|t| async { t.audit().run_detectors(request.clone()).await }).await
}

async fn findings(served: &Served) -> Vec<v1::Finding> {
    let query = v1::ListFindingsRequest { book: BOOK.into(), ..Default::default() };
    let audit = served.client("audit");
    audit.call(|t| async { t.audit().list_findings(query.clone()).await }).await.unwrap().findings
}

async fn step(
    served: &Served,
    person: &str,
    step: v1::FindingStep,
    due: Option<&str>,
) -> Result<v1::UpdateFindingResponse, client::ClientError> {
    let request = v1::UpdateFindingRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        update: Some(v1::FindingUpdate {
            finding: 1,
            step: step.into(),
            reason: "经核对".into(),
            due: due.map(date),
            vouchers: Vec::new(),
        }),
    };
    served.client(person).call(|t| async { t.audit().update_finding(request.clone()).await }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_is_found_seen_again_and_taken_to_its_end() {
    let served = serve_book().await;
    bank_accounts(&served).await;
    movement(&served, 1, v1::BankDirection::Out, "2018-07-01").await;
    movement(&served, 2, v1::BankDirection::In, "2018-07-05").await;
    // The day before the money came back there was nothing; an audit reads on, and a stranger to audit does not run anything.
    detect(&served, "maker", "2018-07-04").await.unwrap();
    assert!(findings(&served).await.is_empty());
    assert_eq!(details(detect(&served, "svc", "2018-07-05").await).0, Code::PermissionDenied);
    let run = detect(&served, "audit", "2018-07-05").await.unwrap().result.unwrap().receipt.unwrap();
    assert_eq!(run.sequence - run.first_sequence, 1, "the run, and one finding");

    let found = findings(&served).await;
    let [finding] = found.as_slice() else { panic!("{found:?}") };
    let sign = finding.sign.clone().unwrap();
    assert_eq!((sign.rule.as_str(), sign.level.as_str(), sign.subject.as_str()), ("DIV-002", "D", "TX1"));
    assert_eq!((sign.amount_fen, sign.clause.as_str(), sign.since), (50_000, "办法第十条", Some(date("2018-07-05"))));
    assert!(sign.description.starts_with("possible breach"), "{}", sign.description);
    assert_eq!(sign.parameters[0].key, "detect.round_trip_days");
    assert_eq!((finding.sequence, finding.tree_size), (run.sequence, run.first_sequence - 1));
    assert_eq!(sign.evidence.len(), 2, "both movements");

    // Detector, day and parameters are all that seeing it again takes.
    let query = v1::PreviewFindingsRequest {
        book: BOOK.into(),
        day: finding.found_on,
        detector: sign.detector.clone(),
        ..Default::default()
    };
    let audit = served.client("audit");
    let again = audit.call(|t| async { t.audit().preview_findings(query.clone()).await }).await.unwrap();
    assert_eq!((again.signs, again.left), (vec![sign], 0));
    let unknown = v1::PreviewFindingsRequest { detector: "guess".into(), ..query.clone() };
    let (code, _) = details(audit.call(|t| async { t.audit().preview_findings(unknown.clone()).await }).await);
    assert_eq!(code, Code::InvalidArgument);

    // A run that sees the same writes no finding.
    let second = detect(&served, "audit", "2018-07-06").await.unwrap().result.unwrap().receipt.unwrap();
    assert_eq!(second.sequence, second.first_sequence);

    assert_eq!(
        details(step(&served, "maker", v1::FindingStep::Verify, Some("2999-01-01")).await).0,
        Code::PermissionDenied
    );
    let (code, told) = details(step(&served, "audit", v1::FindingStep::Close, None).await);
    assert_eq!(code, Code::InvalidArgument);
    assert_eq!(told.bad_request().unwrap().field_violations[0].field, "update.step");
    step(&served, "audit", v1::FindingStep::Verify, Some("2999-01-01")).await.unwrap();
    step(&served, "maker", v1::FindingStep::Rectify, None).await.unwrap();
    step(&served, "audit", v1::FindingStep::Close, None).await.unwrap();
    let closed = findings(&served).await.remove(0);
    assert_eq!((closed.state, closed.due), (v1::FindingState::Closed.into(), Some(date("2999-01-01"))));
    let hands: Vec<&str> = closed.steps.iter().map(|taken| taken.person.as_str()).collect();
    assert_eq!(hands, ["audit", "maker", "audit"]);
    served.stop().await.unwrap();
}
