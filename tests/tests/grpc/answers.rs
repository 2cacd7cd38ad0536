//! What every kind of answer to a mutation looks like: posted, replayed, reused, malformed, refused, judged only, submitted, reviewed.

use api::v1;
use tonic::Code;

use crate::harness::{BOOK, Served, details, serve_book, submission, vouchers};

fn organization(code: &str, request_id: &str) -> v1::RegisterOrganizationRequest {
    v1::RegisterOrganizationRequest {
        book: BOOK.into(),
        request_id: request_id.into(),
        validate_only: false,
        organization: Some(v1::Organization {
            code: code.into(),
            name: "广州市总工会".into(),
            r#type: v1::OrganizationType::CityFed.into(),
            parent: "GDZGH".into(),
            ..Default::default()
        }),
    }
}

async fn register(
    served: &Served,
    request: v1::RegisterOrganizationRequest,
) -> Result<v1::MutationResult, client::ClientError> {
    let client = served.client("maker");
    let answer = client.call(|t| async { t.book().register_organization(request.clone()).await }).await?;
    Ok(answer.result.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_gets_the_same_receipt() {
    let served = serve_book().await;
    let first = register(&served, organization("GZ", "org-1")).await.unwrap().receipt.unwrap();
    let again = register(&served, organization("GZ", "org-1")).await.unwrap().receipt.unwrap();
    assert!(!first.replayed && again.replayed);
    assert_eq!(v1::Receipt { replayed: true, ..first }, again);
    let (code, details) = details(register(&served, organization("SZ", "org-1")).await);
    assert_eq!((code, details.error_info().unwrap().reason.as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_request_names_every_field_and_echoes_nothing() {
    let served = serve_book().await;
    let mut request = organization("G Z", "");
    let organization = request.organization.as_mut().unwrap();
    organization.r#type = 77;
    organization.name = "张三 440105197101290061".into();
    let error = register(&served, request).await.unwrap_err();
    assert!(!format!("{:?}", error.status()).contains("440105197101290061"));
    let (code, details) = details::<()>(Err(error));
    assert_eq!(code, Code::InvalidArgument);
    let violations = &details.bad_request().unwrap().field_violations;
    let mut fields: Vec<&str> = violations.iter().map(|violation| violation.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["organization.code", "organization.name", "organization.type", "request_id"]);
    let personal = violations.iter().find(|violation| violation.field == "organization.name").unwrap();
    assert!(personal.description.contains("PII-001"), "{}", personal.description);
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn judging_only_records_nothing() {
    let served = serve_book().await;
    let before = served.engine.book(BOOK).unwrap().head().unwrap().sequence;
    let judged = v1::RegisterOrganizationRequest { validate_only: true, ..organization("GZ", "") };
    let result = register(&served, judged).await.unwrap();
    assert_eq!((result.judged_at, result.receipt), (before, None));
    assert_eq!(served.engine.book(BOOK).unwrap().head().unwrap().sequence, before);
    register(&served, organization("GZ", "org-1")).await.unwrap();
    served.stop().await.unwrap();
}

fn bank_account(served: &Served, currency: &str) -> v1::RegisterBankAccountRequest {
    v1::RegisterBankAccountRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        bank_account: Some(v1::BankAccount {
            code: "ZH".into(),
            organization: "GDZGH".into(),
            purpose: v1::BankAccountPurpose::FundSpecial.into(),
            name: "广东省总工会专户".into(),
            masked_no: "****1234".into(),
            currency: currency.into(),
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_rule_field_and_record_and_stays_one() {
    let served = serve_book().await;
    let request = bank_account(&served, "USD");
    let maker = served.client("maker");
    let mut records = Vec::new();
    for replayed in ["false", "true"] {
        let (code, details) =
            details(maker.call(|t| async { t.book().register_bank_account(request.clone()).await }).await);
        assert_eq!(code, Code::FailedPrecondition);
        let info = details.error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("LED-015", "earmark"));
        assert_eq!(info.metadata["replayed"], replayed);
        records.push(info.metadata["sequence"].clone());
        let violation = &details.precondition_failure().unwrap().violations[0];
        assert_eq!((violation.r#type.as_str(), violation.subject.as_str()), ("LED-015", "bank_account.currency"));
        assert!(violation.description.contains("CNY"), "{}", violation.description);
    }
    assert_eq!(records[0], records[1]);
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reviewer_sees_what_was_submitted_and_another_person_reviews() {
    let served = serve_book().await;
    let request = bank_account(&served, "CNY");
    let maker = served.client("maker");
    let answer = maker.call(|t| async { t.book().register_bank_account(request.clone()).await }).await.unwrap();
    let submission = submission(answer.result);
    let query = v1::ListSubmittedRequest { book: BOOK.into(), ..Default::default() };
    let reviewer = served.client("reviewer");
    let waiting = reviewer.call(|t| async { t.voucher().list_submitted(query.clone()).await }).await.unwrap();
    assert_eq!(waiting.submissions.len(), 1);
    let shown = &waiting.submissions[0];
    assert_eq!((shown.submission, shown.person.as_str()), (submission, "maker"));
    let account = request.bank_account.clone().unwrap();
    assert_eq!(shown.command.as_ref().unwrap().command, Some(v1::command::Command::BankAccount(account)));

    let result = served.approve("reviewer", submission).await;
    assert!(vouchers(Some(result)).is_empty());
    let waiting = reviewer.call(|t| async { t.voucher().list_submitted(query.clone()).await }).await.unwrap();
    assert!(waiting.submissions.is_empty());
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_too_large_are_malformed() {
    let served = serve_book().await;
    let mut request = organization("GZ", "org-1");
    request.organization.as_mut().unwrap().name = "a".repeat(server::limits::MESSAGE_BYTES + 1);
    let (code, details) = details(register(&served, request).await);
    assert_eq!((code, details.error_info().unwrap().reason.as_str()), (Code::InvalidArgument, "MESSAGE_TOO_LARGE"));
    served.stop().await.unwrap();
}
