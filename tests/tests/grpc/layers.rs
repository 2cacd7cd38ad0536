//! Rules in layers through the face: the rules of one book taken over by another, settings kept within them, their reporting, a period
//! judged again under other rules; work lists and files of historical entries. What the rules say stands in the scenarios.

use api::v1;
use tonic::Code;
use v1::create_book_request::PresetChoice;

use crate::fund::{appropriation, bank_accounts};
use crate::harness::{BOOK, Served, creation, date, details, evidence, explain, serve_book, submission};

/// The book above.
const ABOVE: &str = "cn-2018";

/// Registers an approval of parameters of 20 April 2018.
async fn approve_parameters(served: &Served) {
    let request = v1::RecordApprovalRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        approval: Some(v1::Approval {
            code: "CS-1".into(),
            kind: v1::ApprovalKind::Param.into(),
            body: v1::ApprovalBody::PartyGroup.into(),
            meeting_on: Some(date("2018-04-20")),
            doc_no: "纪要〔2018〕7号".into(),
            minutes_digest: vec![71; 32],
            ..Default::default()
        }),
    };
    let approver = served.client("approver");
    approver.call(|t| async { t.spending().record_approval(request.clone()).await }).await.unwrap();
}

/// The rules of a book on a day, with their digest.
async fn rules_of(served: &Served, book: &str) -> v1::GetRuleSetResponse {
    let query = v1::GetRuleSetRequest { book: book.into(), day: Some(date("2018-05-01")), ..Default::default() };
    let chief = served.client("chief");
    chief.call(|t| async { t.rules().get_rule_set(query.clone()).await }).await.unwrap()
}

async fn adopt(
    served: &Served,
    rules: v1::GetRuleSetResponse,
) -> Result<v1::AdoptRuleSetResponse, client::ClientError> {
    let request = v1::AdoptRuleSetRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        adoption: Some(v1::RuleSetAdoption {
            rules: rules.rules,
            digest: rules.digest,
            effective_from: Some(date("2018-05-01")),
            approval: "CS-1".into(),
        }),
    };
    served.client("maker").call(|t| async { t.rules().adopt_rule_set(request.clone()).await }).await
}

async fn set_days(served: &Served, days: &str) -> Result<v1::SetParameterResponse, client::ClientError> {
    let request = v1::SetParameterRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        parameter: Some(v1::ParameterChange {
            key: "P1.remit_max_days".into(),
            value: days.into(),
            effective_from: Some(date("2018-06-01")),
            approval: "CS-1".into(),
        }),
    };
    served.client("maker").call(|t| async { t.book().set_parameter(request.clone()).await }).await
}

async fn versions(served: &Served, unfiled: bool) -> v1::ListRuleSetsResponse {
    let query = v1::ListRuleSetsRequest { book: BOOK.into(), unfiled, ..Default::default() };
    let audit = served.client("audit");
    audit.call(|t| async { t.rules().list_rule_sets(query.clone()).await }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_takes_the_rules_of_another_over_and_keeps_within_them() {
    let served = serve_book().await;
    let above = v1::CreateBookRequest {
        book: ABOVE.into(),
        request_id: "open-above".into(),
        preset_choice: Some(PresetChoice::PresetName("hospital-2018".into())),
        ..creation()
    };
    served.client("operator").call(|t| async { t.book().create_book(above.clone()).await }).await.unwrap();
    approve_parameters(&served).await;

    let rules = rules_of(&served, ABOVE).await;
    let content = rules.rules.clone().unwrap();
    assert_eq!((content.book.as_str(), content.version, rules.digest.len()), (ABOVE, 1, 32));
    assert!(content.parameters.iter().any(|p| (p.code.as_str(), p.name.as_str()) == ("P1.remit_max_days", "30")));

    // Changed on the way, it is not what the book above stated.
    let mut changed = rules.clone();
    changed.rules.as_mut().unwrap().version = 2;
    let (code, why) = details(adopt(&served, changed).await);
    assert_eq!(code, Code::InvalidArgument);
    assert_eq!(why.bad_request().unwrap().field_violations[0].field, "adoption.digest");
    let taken = adopt(&served, rules.clone()).await.unwrap_or_else(|error| panic!("{}", explain(&error)));
    served.approve("chief", submission(taken.result)).await;

    let (code, why) = details(set_days(&served, "31").await);
    assert_eq!(code, Code::FailedPrecondition);
    let violation = &why.precondition_failure().unwrap().violations[0];
    assert_eq!((violation.r#type.as_str(), violation.subject.as_str()), ("LAY-001", "parameter.P1.remit_max_days"));
    assert!(violation.description.contains("30") && violation.description.contains("31"), "{}", violation.description);
    let tighter = set_days(&served, "20").await.unwrap();
    served.approve("chief", submission(tighter.result)).await;

    let listed = versions(&served, false).await;
    let told: Vec<(u32, &str)> = listed.versions.iter().map(|v| (v.version, v.changed.as_str())).collect();
    assert_eq!(told, [(1, "OPENED"), (2, "ADOPTED cn-2018 1"), (3, "PARAMETER P1.remit_max_days")]);
    assert_eq!((listed.adopted[0].digest.clone(), listed.adopted[0].version), (rules.digest, 1));

    let request = v1::FileRulesRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        filing: Some(v1::RuleFiling {
            version: 2,
            doc_no: "备案〔2018〕1号".into(),
            filed_on: Some(date("2018-05-20")),
            filed_with: "GDZHZ".into(),
            evidence: evidence(v1::EvidenceKind::Other, 72),
        }),
    };
    let maker = served.client("maker");
    let filed = maker.call(|t| async { t.rules().file_rules(request.clone()).await }).await;
    let filed = filed.unwrap_or_else(|error| panic!("{}", explain(&error)));
    served.approve("chief", submission(filed.result)).await;
    let left: Vec<u32> = versions(&served, true).await.versions.iter().map(|v| v.version).collect();
    assert_eq!(left, [3], "an earlier version is reported with a later one");
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_is_judged_again_under_other_rules_and_nothing_is_written() {
    let served = serve_book().await;
    bank_accounts(&served).await;
    let reference = appropriation(&served, 1, 5_000_000_000).await;
    let audit = served.client("audit");
    let query = v1::ReplayUnderRulesRequest {
        book: BOOK.into(),
        from: Some(date("2018-01-01")),
        to: Some(date("2018-12-31")),
        rules: Some(v1::OtherRules { blocked_sources: vec!["S2P".into()], ..Default::default() }),
        ..Default::default()
    };
    let ask = |query: v1::ReplayUnderRulesRequest| {
        let audit = &audit;
        async move { audit.call(|t| async { t.audit().replay_under_rules(query.clone()).await }).await }
    };
    let judged = ask(query.clone()).await.unwrap();
    let [refusal] = judged.refusals.as_slice() else { panic!("{judged:?}") };
    assert_eq!((refusal.vouchers.as_slice(), refusal.amount_fen), ([reference].as_slice(), 5_000_000_000));
    assert_eq!((refusal.hits[0].rule.as_str(), refusal.follows), ("SRC-001", false));
    assert_eq!((judged.refused, judged.following, judged.left), (1, 0, 0));
    assert_eq!(judged.by_rule, [v1::RuleCount { rule: "SRC-001".into(), count: 1 }]);
    // Asked again, the same of the same sequence: nothing was written.
    assert_eq!(ask(query.clone()).await.unwrap(), judged);

    // Outside the period nothing is judged.
    let later = v1::ReplayUnderRulesRequest { from: Some(date("2018-06-01")), ..query.clone() };
    assert_eq!(ask(later).await.unwrap().refused, 0);

    for (faulty, field) in [
        (v1::ReplayUnderRulesRequest { rules: None, ..query.clone() }, "rules"),
        (v1::ReplayUnderRulesRequest { adopted_version: 1, ..query.clone() }, "rules"),
        (v1::ReplayUnderRulesRequest { to: Some(date("2017-12-31")), ..query.clone() }, "to"),
        (
            v1::ReplayUnderRulesRequest {
                rules: Some(v1::OtherRules { blocked_uses: vec!["A75".into(), "Z9".into()], ..Default::default() }),
                ..query.clone()
            },
            "rules.blocked_uses[1]",
        ),
    ] {
        let (code, why) = details(ask(faulty).await);
        assert_eq!(code, Code::InvalidArgument, "{field}");
        assert_eq!(why.bad_request().unwrap().field_violations[0].field, field);
    }
    let unknown = v1::ReplayUnderRulesRequest { rules: None, adopted_version: 9, ..query.clone() };
    assert_eq!(details(ask(unknown).await).0, Code::NotFound);
    // It is the audit's to ask, as findings are.
    let cashier = served.client("gz-system");
    let denied = cashier.call(|t| async { t.audit().replay_under_rules(query.clone()).await }).await;
    assert_eq!(details(denied).0, Code::PermissionDenied);
    served.stop().await.unwrap();
}

async fn work(served: &Served, person: &str, page_size: i32, page_token: &str) -> v1::ListWorkResponse {
    let query =
        v1::ListWorkRequest { book: BOOK.into(), page_size, page_token: page_token.into(), ..Default::default() };
    served.client(person).call(|t| async { t.voucher().list_work(query.clone()).await }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_person_is_shown_the_work_that_waits_for_their_roles() {
    let served = serve_book().await;
    approve_parameters(&served).await;
    let waiting = submission(set_days(&served, "20").await.unwrap().result);
    let told = |items: &[v1::WorkItem], kind: v1::WorkKind| -> Vec<String> {
        items.iter().filter(|i| i.kind == i32::from(kind)).map(|i| i.subject.clone()).collect()
    };
    let chief = work(&served, "chief", 0, "").await;
    assert_eq!(told(&chief.items, v1::WorkKind::ReviewSubmission), [waiting.to_string()]);
    // Nobody reviews their own.
    let maker = work(&served, "maker", 0, "").await;
    assert!(told(&maker.items, v1::WorkKind::ReviewSubmission).is_empty(), "{maker:?}");

    // Page by page it is the same list.
    let mut paged = Vec::new();
    let mut token = String::new();
    loop {
        let page = work(&served, "chief", 1, &token).await;
        paged.extend(page.items);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(paged, chief.items);
    served.approve("chief", waiting).await;
    let after = work(&served, "chief", 0, "").await;
    assert!(told(&after.items, v1::WorkKind::ReviewSubmission).is_empty());
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_historical_file_is_registered_once_and_listed() {
    let served = serve_book().await;
    approve_parameters(&served).await;
    let file = v1::HistoricalFile {
        code: "BL-1".into(),
        digest: vec![77; 32],
        rows: 3,
        from: Some(date("2018-01-01")),
        to: Some(date("2018-03-31")),
        approval: "CS-1".into(),
        evidence: evidence(v1::EvidenceKind::Other, 78),
    };
    let request = v1::RegisterHistoryRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        history: Some(file.clone()),
    };
    let maker = served.client("maker");
    let answer = maker.call(|t| async { t.voucher().register_history(request.clone()).await }).await;
    let answer = answer.unwrap_or_else(|error| panic!("{}", explain(&error)));
    served.approve("reviewer", submission(answer.result)).await;
    let query = v1::ListHistoriesRequest { book: BOOK.into(), ..Default::default() };
    let listed = maker.call(|t| async { t.voucher().list_histories(query.clone()).await }).await.unwrap();
    assert_eq!(listed.histories, [file]);
    served.stop().await.unwrap();
}
