//! Reconciliation and daily summaries through the face: a statement in parts, what is told of it, and who has what to sign.

use api::v1;
use record::command::{StatementLine, lines_digest};
use record::kinds::{Direction, LineNature};
use tonic::Code;

use crate::fund::{appropriation, bank_accounts};
use crate::harness::{BOOK, Served, date, details, explain, serve_book};

fn line(id: &str, on: &str, direction: v1::BankDirection, amount_fen: i64) -> v1::StatementLine {
    v1::StatementLine {
        id: id.into(),
        date: Some(date(on)),
        direction: direction.into(),
        amount_fen,
        nature: v1::LineNature::Other.into(),
        ..Default::default()
    }
}

fn ours(line: &v1::StatementLine, on: &str) -> StatementLine {
    let came_in = line.direction == i32::from(v1::BankDirection::In);
    StatementLine {
        id: line.id.clone(),
        date: record::Day::parse(on).unwrap(),
        direction: if came_in { Direction::In } else { Direction::Out },
        fen: line.amount_fen,
        nature: LineNature::Other,
        reference: String::new(),
        party: String::new(),
        party_no: String::new(),
        memo: String::new(),
    }
}

async fn upload(
    served: &Served,
    person: &str,
    lines: Vec<v1::StatementLine>,
) -> Result<v1::UploadStatementChunkResponse, client::ClientError> {
    let request = v1::UploadStatementChunkRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        chunk: Some(v1::StatementChunk { upload: "U-1".into(), account: "ZH".into(), first_row: 1, lines }),
    };
    served.client(person).call(|t| async { t.reconciliation().upload_statement_chunk(request.clone()).await }).await
}

async fn seal(served: &Served, seal: v1::StatementSeal) -> Result<v1::ImportStatementResponse, client::ClientError> {
    let request = v1::ImportStatementRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        seal: Some(seal),
    };
    served.client("maker").call(|t| async { t.reconciliation().import_statement(request.clone()).await }).await
}

async fn reconciliation(served: &Served, on: &str) -> v1::GetReconciliationResponse {
    let query = v1::GetReconciliationRequest {
        book: BOOK.into(),
        account: "ZH".into(),
        day: Some(date(on)),
        ..Default::default()
    };
    served.client("audit").call(|t| async { t.reconciliation().get_reconciliation(query.clone()).await }).await.unwrap()
}

/// A charge and its refund beside an appropriation.
fn bank_lines() -> Vec<v1::StatementLine> {
    vec![
        line("TX1", "2018-05-10", v1::BankDirection::In, 50_000_000),
        line("FEE", "2018-05-11", v1::BankDirection::Out, 5_000),
        line("FEE-BACK", "2018-05-12", v1::BankDirection::In, 5_000),
    ]
}

/// The sealing of those lines.
fn whole(lines: &[v1::StatementLine]) -> v1::StatementSeal {
    let days = ["2018-05-10", "2018-05-11", "2018-05-12"];
    let kept: Vec<StatementLine> = lines.iter().zip(days).map(|(line, on)| ours(line, on)).collect();
    v1::StatementSeal {
        code: "S-1".into(),
        upload: "U-1".into(),
        account: "ZH".into(),
        from: Some(date("2018-05-01")),
        to: Some(date("2018-05-31")),
        count: 3,
        in_fen: 50_005_000,
        out_fen: 5_000,
        opening_fen: 0,
        closing_fen: 50_000_000,
        lines_digest: lines_digest(&kept).to_vec(),
        file_digest: vec![7; 32],
        replaces: String::new(),
    }
}

/// A book with its statement sealed.
async fn sealed_book() -> (Served, v1::StatementSeal) {
    let served = serve_book().await;
    bank_accounts(&served).await;
    appropriation(&served, 1, 50_000_000).await;
    let lines = bank_lines();
    let sealed = whole(&lines);
    upload(&served, "maker", lines).await.unwrap_or_else(|error| panic!("{}", explain(&error)));
    seal(&served, sealed.clone()).await.unwrap_or_else(|error| panic!("{}", explain(&error)));
    (served, sealed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_is_wrong_is_not_sealed() {
    let served = serve_book().await;
    bank_accounts(&served).await;
    let lines = bank_lines();
    assert_eq!(details(upload(&served, "cashier", lines.clone()).await).0, Code::PermissionDenied);
    // Every field of every line that is wrong is told at once, and nothing is kept.
    let mut wrong = lines.clone();
    wrong[0].nature = 0;
    wrong[1].amount_fen = 0;
    wrong[2].party_no = "6222021234567890".into();
    let (code, told) = details(upload(&served, "maker", wrong).await);
    let fields: Vec<String> = told.bad_request().unwrap().field_violations.iter().map(|v| v.field.clone()).collect();
    assert_eq!(code, Code::InvalidArgument);
    assert_eq!(fields, ["chunk.lines[0].nature", "chunk.lines[1].amount_fen", "chunk.lines[2].party_no"]);
    upload(&served, "maker", lines.clone()).await.unwrap_or_else(|error| panic!("{}", explain(&error)));
    let sealed = whole(&lines);
    let (code, told) = details(seal(&served, v1::StatementSeal { count: 4, closing_fen: 1, ..sealed.clone() }).await);
    assert_eq!(code, Code::FailedPrecondition);
    let hits = &told.precondition_failure().unwrap().violations;
    let hits: Vec<(&str, &str)> = hits.iter().map(|v| (v.r#type.as_str(), v.subject.as_str())).collect();
    assert_eq!(hits, [("REC-001", "seal.closing_fen"), ("REC-001", "seal.count")]);
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_statement_is_told_and_reconciled() {
    let (served, sealed) = sealed_book().await;
    let auditor = served.client("audit");
    let query = v1::ListStatementsRequest { book: BOOK.into(), ..Default::default() };
    let listed = auditor.call(|t| async { t.reconciliation().list_statements(query.clone()).await }).await.unwrap();
    let [statement] = listed.statements.as_slice() else { panic!("{listed:?}") };
    assert_eq!((statement.seal.as_ref(), statement.matched, statement.person.as_str()), (Some(&sealed), 1, "maker"));

    let found = reconciliation(&served, "2018-05-11").await;
    assert_eq!((found.book_fen, found.bank_fen, found.bank_out_fen), (50_000_000, 49_995_000, 5_000));
    assert_eq!((found.adjusted_book_fen, found.adjusted_bank_fen), (49_995_000, 49_995_000));
    let [item] = found.items.as_slice() else { panic!("{found:?}") };
    assert_eq!((item.class(), item.line.as_str()), (v1::OpenItemClass::BankOut, "FEE"));
    assert!(found.balanced);
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_matched_and_taken_apart() {
    let (served, _) = sealed_book().await;
    let auditor = served.client("audit");
    let matching = v1::MatchRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        matching: Some(v1::StatementMatching {
            account: "ZH".into(),
            by_ids: false,
            lines: vec!["FEE".into(), "FEE-BACK".into()],
            transactions: Vec::new(),
            reason: "手续费已由基本户退回".into(),
        }),
    };
    let maker = served.client("maker");
    maker.call(|t| async { t.reconciliation().r#match(matching.clone()).await }).await.unwrap();
    let query = v1::ListUnmatchedRequest { book: BOOK.into(), account: "ZH".into(), ..Default::default() };
    let open = auditor.call(|t| async { t.reconciliation().list_unmatched(query.clone()).await }).await.unwrap();
    assert!(open.lines.is_empty(), "{open:?}");
    let unmatch = v1::UnmatchRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        unmatching: Some(v1::StatementUnmatching { account: "ZH".into(), line: "FEE".into(), reason: "误".into() }),
    };
    maker.call(|t| async { t.reconciliation().unmatch(unmatch.clone()).await }).await.unwrap();
    let open = auditor.call(|t| async { t.reconciliation().list_unmatched(query.clone()).await }).await.unwrap();
    assert_eq!(open.lines.len(), 2);
    let other = v1::ListUnmatchedRequest { account: "NONE".into(), ..query.clone() };
    let answer = auditor.call(|t| async { t.reconciliation().list_unmatched(other.clone()).await }).await;
    assert_eq!(details(answer).0, Code::InvalidArgument);
    served.stop().await.unwrap();
}
