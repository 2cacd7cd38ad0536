//! Proofs through the face: who may ask, what a policy, a checkpoint and a proof look like on the wire, and that they hold.

use api::v1;
use proof::{OfflineProof, Policy, Signer};
use record::Command;
use testkit::build::{log_key, log_policy, policy_text, witness_key};
use tonic::Code;

use crate::harness::{BOOK, Served, date, details, serve_book, serve_book_with};
use crate::programme::register_key;
use crate::stream::serve_batch;

fn keys() -> (Signer, Signer) {
    (log_key("example.org/gd", 1), witness_key("w.example.org", 2))
}

async fn set_policy(served: &Served, person: &str) -> Result<v1::SetLogPolicyResponse, client::ClientError> {
    let (log, witness) = keys();
    let policy = policy_text(&log, &[&witness]);
    let Command::SetLogPolicy(set) = log_policy(BOOK, &policy, None, &[&log, &witness]) else { unreachable!() };
    let request = v1::SetLogPolicyRequest {
        book: BOOK.into(),
        request_id: served.id(),
        validate_only: false,
        log_policy: Some(v1::LogPolicy { policy: set.policy, statement: set.statement }),
    };
    served.client(person).call(|t| async { t.proof().set_log_policy(request.clone()).await }).await
}

async fn checkpoint(served: &Served, person: &str, size: u64) -> Result<v1::Checkpoint, client::ClientError> {
    let request = v1::GetCheckpointRequest { book: BOOK.into(), size, cosigned: false };
    let client = served.client(person);
    let answer = client.call(|t| async { t.proof().get_checkpoint(request.clone()).await }).await?;
    Ok(answer.checkpoint.expect("a checkpoint"))
}

async fn inclusion(
    served: &Served,
    person: &str,
    (voucher, record, size): (&str, u64, u64),
) -> Result<v1::ProveInclusionResponse, client::ClientError> {
    let request = v1::ProveInclusionRequest { book: BOOK.into(), voucher: voucher.into(), record, size };
    served.client(person).call(|t| async { t.proof().prove_inclusion(request.clone()).await }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_proven_over_the_wire() {
    let (log, witness) = keys();
    let served = serve_book_with(&[&log]).await;
    assert_eq!(details(checkpoint(&served, "audit", 0).await).0, Code::NotFound, "there is no policy yet");
    assert_eq!(details(set_policy(&served, "maker").await).0, Code::PermissionDenied);
    set_policy(&served, "audit").await.unwrap();
    let query = v1::GetLogPolicyRequest { book: BOOK.into(), ..Default::default() };
    let shown = served.client("svc").call(|t| async { t.proof().get_log_policy(query.clone()).await }).await.unwrap();
    assert_eq!((shown.origin.as_str(), shown.since, shown.root.len()), ("example.org/gd", shown.sequence, 32));
    let policy = Policy::parse(shown.policy.as_bytes()).unwrap();

    let signed = checkpoint(&served, "gz-system", 0).await.unwrap();
    assert_eq!((signed.size, signed.root.clone(), signed.cosigned), (shown.sequence, shown.root, false));
    let text = proof::Note::parse(&signed.note).unwrap();
    let request = v1::AddCosignatureRequest {
        book: BOOK.into(),
        size: signed.size,
        cosignatures: witness.sign(text.text(), 1_700_000_000).to_string(),
    };
    let added =
        served.client("svc").call(|t| async { t.proof().add_cosignature(request.clone()).await }).await.unwrap();
    assert!(added.witnesses == ["w1"] && added.checkpoint.unwrap().cosigned);

    let proven = inclusion(&served, "audit", ("", 1, 0)).await.unwrap();
    let offline = OfflineProof::parse(&proven.tlog_proof).unwrap();
    assert_eq!((offline.extra.as_ref(), offline.index), (Some(&proven.body), 0));
    assert_eq!(offline.verify(&policy).unwrap().checkpoint.size, signed.size);
    let request = v1::ProveConsistencyRequest { book: BOOK.into(), old_size: 1, new_size: signed.size };
    let consistent = served.client("svc").call(|t| async { t.proof().prove_consistency(request.clone()).await }).await;
    let text = proof::AddCheckpoint::parse(&consistent.unwrap().witness_request).unwrap();
    assert!(text.old == 1 && !text.proof.is_empty());

    for (case, person, asked, code) in [
        ("a record, by one who may not read the log", "svc", ("", 1, 0), Code::PermissionDenied),
        ("a stranger", "stranger", ("", 1, 0), Code::PermissionDenied),
        ("neither", "audit", ("", 0, 0), Code::InvalidArgument),
        ("both", "audit", ("记-2018-1", 1, 0), Code::InvalidArgument),
        ("no voucher", "audit", ("记-2018-1", 0, 0), Code::NotFound),
        ("no reference", "audit", ("x", 0, 0), Code::InvalidArgument),
        ("no record", "audit", ("", 999, 0), Code::InvalidArgument),
        ("no checkpoint", "audit", ("", 1, 1), Code::NotFound),
    ] {
        assert_eq!(details(inclusion(&served, person, asked).await).0, code, "{case}");
    }
    assert_eq!(details(checkpoint(&served, "stranger", 0).await).0, Code::PermissionDenied);
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_the_key_says_so() {
    let served = serve_book().await;
    set_policy(&served, "chief").await.unwrap();
    let (code, details) = details(checkpoint(&served, "audit", 0).await);
    assert_eq!((code, details.error_info().unwrap().reason.as_str()), (Code::NotFound, "NOT_FOUND"));
    served.stop().await.unwrap();
}

async fn balances(
    served: &Served,
    person: &str,
    request: v1::GetBalancesRequest,
) -> Result<v1::GetBalancesResponse, client::ClientError> {
    let request = v1::GetBalancesRequest { book: BOOK.into(), prove: true, ..request };
    served.client(person).call(|t| async { t.audit().get_balances(request.clone()).await }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn balances_bring_their_proof_or_say_why_not() {
    let (log, witness) = keys();
    let served = serve_book_with(&[&log]).await;
    set_policy(&served, "audit").await.unwrap();
    let signed = checkpoint(&served, "audit", 0).await.unwrap();
    let text = proof::Note::parse(&signed.note).unwrap();
    let cosignatures = witness.sign(text.text(), 1_700_000_000).to_string();
    let request = v1::AddCosignatureRequest { book: BOOK.into(), size: signed.size, cosignatures };
    served.client("svc").call(|t| async { t.proof().add_cosignature(request.clone()).await }).await.unwrap();

    let one = v1::GetBalancesRequest { account: "10201".into(), source: "S2P".into(), ..Default::default() };
    let shown = balances(&served, "audit", one.clone()).await.unwrap();
    assert_eq!(shown.sequence, signed.size, "what is shown is what is proven");
    let policy = Policy::parse(policy_text(&log, &[&witness]).as_bytes()).unwrap();
    let trusted = verify::Trusted { policy: Some(policy), ..verify::Trusted::default() };
    let report = verify::verify_file(&shown.proof[..], trusted, |_, _| {}).unwrap();
    assert!(report.is_clean(), "{:?}", report.faults);
    let signed_fen =
        |row: &v1::Balance| if row.side == v1::Side::Debit as i32 { row.balance_fen } else { -row.balance_fen };
    let figure = report.figure.unwrap();
    assert_eq!(figure.balance(), shown.balances.iter().map(signed_fen).sum::<i64>());
    assert_eq!((figure.account.as_str(), figure.source.as_str()), ("10201", "S2P"));

    let unprovable = v1::GetBalancesRequest { grant: "X".into(), ..Default::default() };
    let (code, told) = details(balances(&served, "audit", unprovable).await);
    let fields: Vec<String> = told.bad_request().unwrap().field_violations.iter().map(|f| f.field.clone()).collect();
    assert_eq!((code, fields), (Code::InvalidArgument, vec!["account".to_owned(), "source".to_owned()]));
    let unknown = v1::GetBalancesRequest { account: "999".into(), ..Default::default() };
    assert_eq!(details(balances(&served, "audit", unknown).await).0, Code::NotFound);
    let late = v1::GetBalancesRequest { known_at: signed.size + 1_000, ..one.clone() };
    assert_eq!(details(balances(&served, "audit", late).await).0, Code::InvalidArgument);
    // A proof holds records whole: who may see balances and not the log gets none.
    assert_eq!(details(balances(&served, "svc", one).await).0, Code::PermissionDenied);
    served.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_too_large_for_an_answer_is_streamed() {
    let served = serve_batch().await;
    register_key(&served).await;
    let svc = served.client("svc");
    // Tokens of 200,000 persons: 3.2 MB of records, none of which a balance can leave out.
    for part in 0..50u32 {
        let tokens = (0..4_000u32).flat_map(|row| u128::from(part * 4_000 + row).to_be_bytes()).collect();
        let request = v1::UploadRosterChunkRequest {
            book: BOOK.into(),
            request_id: served.id(),
            validate_only: false,
            chunk: Some(v1::RosterChunk {
                upload: "U".into(),
                year: 2018,
                key_id: "K-2018".into(),
                check_value: vec![3; 32],
                first_row: part * 4_000 + 1,
                tokens,
            }),
        };
        svc.call(|t| async { t.program().upload_roster_chunk(request.clone()).await }).await.unwrap();
    }
    let one = v1::GetBalancesRequest { account: "10202".into(), ..Default::default() };
    let (code, told) = details(balances(&served, "audit", one).await);
    let violation = &told.bad_request().unwrap().field_violations[0];
    assert_eq!((code, violation.field.as_str()), (Code::InvalidArgument, "prove"));
    assert!(violation.description.contains("ProveBalance"), "{violation:?}");
    let audit = served.client("audit");
    let request = v1::ProveBalanceRequest { book: BOOK.into(), account: "10202".into(), ..Default::default() };
    let stream = audit.call(|t| async { t.proof().prove_balance(request.clone()).await });
    let (mut stream, mut file) = (stream.await.unwrap(), Vec::new());
    while let Some(answer) = stream.message().await.unwrap() {
        assert!(answer.chunk.len() <= 256 << 10);
        file.extend(answer.chunk);
    }
    assert!(file.len() > 3 << 20, "{}", file.len());
    let report = verify::verify_file(&file[..], [], |_, _| {}).unwrap();
    assert!(report.is_clean() && report.figure.is_some_and(|figure| figure.balance() == 0), "{:?}", report.faults);

    // A part of a book leaves tokens out.
    let scope = v1::EvidenceScope { grant: "B-1".into(), ..Default::default() };
    let request = v1::ExportEvidenceRequest { book: BOOK.into(), scope: Some(scope.clone()), size: 0 };
    let stream = audit.call(|t| async { t.proof().export_evidence(request.clone()).await });
    let (mut stream, mut file) = (stream.await.unwrap(), Vec::new());
    while let Some(answer) = stream.message().await.unwrap() {
        file.extend(answer.chunk);
    }
    assert!(file.len() < 1 << 20, "{}", file.len());
    assert!(verify::verify_file(&file[..], [], |_, _| {}).unwrap().is_clean());
    for (case, scope, person, code) in [
        (
            "two of them",
            v1::EvidenceScope { voucher: "记-2018-1".into(), ..scope.clone() },
            "audit",
            Code::InvalidArgument,
        ),
        (
            "half a period",
            v1::EvidenceScope { from: Some(date("2018-06-01")), ..Default::default() },
            "audit",
            Code::InvalidArgument,
        ),
        ("who may not read the log", scope, "svc", Code::PermissionDenied),
    ] {
        let request = v1::ExportEvidenceRequest { book: BOOK.into(), scope: Some(scope), size: 0 };
        let asked = served.client(person).call(|t| async { t.proof().export_evidence(request.clone()).await }).await;
        assert_eq!(details(asked.map(drop)).0, code, "{case}");
    }
    let scope = v1::EvidenceScope { grant: "NO-SUCH".into(), ..Default::default() };
    let request = v1::ExportEvidenceRequest { book: BOOK.into(), scope: Some(scope), size: 0 };
    let stream = audit.call(|t| async { t.proof().export_evidence(request.clone()).await });
    assert_eq!(stream.await.unwrap().message().await.unwrap_err().code(), Code::NotFound);
    served.stop().await.unwrap();
}
