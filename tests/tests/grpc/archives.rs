//! Archived originals through the face: terms and open matters are listed, a destruction takes two persons and is on record, one that
//! comes too early is refused with its rule. What keeps files, the scenarios show (`ret-001.txt`).

use api::v1;
use tonic::Code;

use crate::harness::{BOOK, Served, date, details, evidence, serve_book, submission};

async fn approve(served: &Served) {
    let request = v1::RecordApprovalRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        approval: Some(v1::Approval {
            code: "XH".into(),
            kind: v1::ApprovalKind::Destruction.into(),
            body: v1::ApprovalBody::ChairOffice.into(),
            meeting_on: Some(date("2021-01-04")),
            doc_no: "纪要〔2021〕1号".into(),
            minutes_digest: vec![5; 32],
            ..Default::default()
        }),
    };
    let approver = served.client("approver");
    approver.call(|t| async { t.spending().record_approval(request.clone()).await }).await.unwrap();
}

fn destruction(served: &Served, list: &str, year: u32) -> v1::RecordDestructionRequest {
    v1::RecordDestructionRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        destruction: Some(v1::Destruction {
            list_no: list.into(),
            kind: v1::ArchiveKind::BankStatement.into(),
            year,
            month: 0,
            volumes: 2,
            date: Some(date("2021-01-05")),
            approval: "XH".into(),
            reason: "保管期满，监销人到场".into(),
            evidence: evidence(v1::EvidenceKind::Other, 9),
        }),
    }
}

async fn archives(served: &Served, person: &str) -> Result<v1::ListArchivesResponse, client::ClientError> {
    let query = v1::ListArchivesRequest { book: BOOK.into(), day: Some(date("2030-01-01")), ..Default::default() };
    served.client(person).call(|t| async { t.book().list_archives(query.clone()).await }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_destroyed_after_their_term_by_two_persons() {
    let served = serve_book().await;
    approve(&served).await;
    let maker = served.client("maker");
    // Of before the book: over in 2021. Of the book's own first year: neither closed nor over.
    let over = destruction(&served, "销-1", 2010);
    let asked = maker.call(|t| async { t.book().record_destruction(over.clone()).await }).await.unwrap();
    served.approve("chief", submission(asked.result)).await;
    let early = destruction(&served, "销-2", 2018);
    let (code, why) = details(maker.call(|t| async { t.book().record_destruction(early.clone()).await }).await);
    assert_eq!(code, Code::FailedPrecondition);
    let violations = &why.precondition_failure().expect("why").violations;
    assert!(
        violations.iter().all(|violation| violation.r#type == "RET-001") && violations.len() == 2,
        "{violations:?}"
    );
    let (code, _) =
        details(served.client("cashier").call(|t| async { t.book().record_destruction(early.clone()).await }).await);
    assert_eq!(code, Code::PermissionDenied, "a cashier keeps no archive");

    let listed = archives(&served, "audit").await.unwrap();
    let of = |year: u32, kind: v1::ArchiveKind| {
        listed.archives.iter().find(|archive| archive.year == year && archive.kind() == kind).expect("an archive")
    };
    let statements = of(2018, v1::ArchiveKind::BankStatement);
    assert_eq!((statements.kept_until, statements.destroyable), (Some(date("2028-12-31")), false), "the year is open");
    assert_eq!(of(2018, v1::ArchiveKind::Voucher).kept_until, Some(date("2048-12-31")));
    assert_eq!(of(2018, v1::ArchiveKind::AnnualReport).kept_until, None);
    let destroyed = &of(2010, v1::ArchiveKind::BankStatement).destroyed;
    assert_eq!(destroyed.iter().map(|d| (d.list_no.as_str(), d.volumes)).collect::<Vec<_>>(), [("销-1", 2)]);
    assert!(listed.open_matters.iter().any(|matter| matter.kind == "YEAR" && matter.subject == "2018"));
    let (code, _) = details(archives(&served, "gz-system").await);
    assert_eq!(code, Code::PermissionDenied);
    served.stop().await.unwrap();
}
