//! The committee's witness: what it cosigns and what not, in the order and with the statuses of c2sp.org/tlog-witness; forks and rollbacks;
//! its memory across crashes; and its HTTP face with the client that belongs to it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proof::{
    AddCheckpoint, Checkpoint, Digest, Note, Policy, SignedCheckpoint, Signer, consistency_proof, leaf_hash, root_of,
};
use testkit::build::{log_key, witness_key};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use witness::client::{ClientError, Submitted, latest, submit};
use witness::{Answer, Refusal, StateError, Witness};

const ORIGIN: &str = "example.org/log";
static NOW: AtomicU64 = AtomicU64::new(1_700_000_000);

fn clock() -> u64 {
    NOW.fetch_add(1, Ordering::Relaxed)
}

fn log() -> Signer {
    log_key(ORIGIN, 1)
}

fn policy() -> Policy {
    Policy::parse(format!("log {}\nquorum none\n", log().verifier()).as_bytes()).unwrap()
}

fn begin(folder: &Path) -> Witness {
    Witness::begin(folder, witness_key("w.example.org", 2), policy(), clock).unwrap()
}

fn open(folder: &Path) -> Result<Witness, StateError> {
    Witness::open(folder, witness_key("w.example.org", 2), policy(), clock)
}

/// Leaves of one history or another: they part after the third.
fn leaves(fork: u8, count: usize) -> Vec<Digest> {
    (0..count).map(|n| leaf_hash(&[n as u8, if n < 3 { 0 } else { fork }])).collect()
}

fn checkpoint(leaves: &[Digest], signer: &Signer) -> Note {
    let text = Checkpoint::new(ORIGIN, leaves.len() as u64, root_of(leaves)).to_string();
    Note::new(text.clone(), vec![signer.sign(&text, 0)]).unwrap()
}

fn request(leaves: &[Digest], old: usize) -> AddCheckpoint {
    let proof = consistency_proof(leaves, old as u64, leaves.len() as u64).unwrap_or_default();
    AddCheckpoint { old: old as u64, proof, checkpoint: checkpoint(leaves, &log()) }
}

/// Asks, and checks a cosignature by the witness's key.
fn cosigned(witness: &Witness, request: &AddCheckpoint) -> bool {
    match witness.add_checkpoint(&request.to_string()) {
        Answer::Cosigned(lines) => {
            let signatures = proof::Signature::parse_lines(&lines).unwrap();
            let times =
                signatures.iter().map(|made| witness.verifier().verify(request.checkpoint.text(), made).unwrap());
            assert!(times.flatten().all(|time| time >= 1_700_000_000), "with the time");
            true
        }
        _ => false,
    }
}

#[test]
fn a_growing_log_is_cosigned_step_by_step() {
    let dir = tempfile::tempdir().unwrap();
    let witness = begin(&dir.path().join("state"));
    let mut old = 0;
    for size in [1, 2, 7, 7, 8, 40] {
        assert!(cosigned(&witness, &request(&leaves(1, size), old)), "{old} to {size}");
        old = size;
    }
    let kept = witness.latest(&Witness::name(ORIGIN)).unwrap().unwrap();
    assert_eq!(kept.checkpoint.size, 40);
    assert_eq!(kept.note.signed_by(log().verifier()).unwrap().len(), 1, "with the log's signature");
    assert_eq!(kept.note.signed_by(witness.verifier()).unwrap().len(), 1, "and its own");
    assert!(witness.latest(&Witness::name("another")).unwrap().is_none());
    assert!(witness.latest("../../etc/passwd").unwrap().is_none());
}

#[test]
fn each_refusal_has_its_status() {
    let dir = tempfile::tempdir().unwrap();
    let witness = begin(&dir.path().join("state"));
    assert!(cosigned(&witness, &request(&leaves(1, 10), 0)));
    let good = request(&leaves(1, 20), 10);
    let by_another = AddCheckpoint { checkpoint: checkpoint(&leaves(1, 20), &log_key(ORIGIN, 9)), ..good.clone() };
    let mut false_one = good.clone();
    let mut signature = log().sign(good.checkpoint.text(), 0);
    signature.bytes[3] ^= 1;
    false_one.checkpoint.add(signature).unwrap();
    let of = |origin: &str| {
        let text = Checkpoint::new(origin, 20, [1; 32]).to_string();
        Note::new(text.clone(), vec![log().sign(&text, 0)]).unwrap()
    };
    let mut spoilt = good.clone();
    spoilt.proof[0][0] ^= 1;
    let cases: [(&str, String, u16); 11] = [
        ("no request", "hello".into(), 400),
        ("no checkpoint", good.to_string().replace("\n20\n", "\n020\n"), 400),
        ("shrinks", AddCheckpoint { old: 21, ..good.clone() }.to_string(), 400),
        ("another origin", AddCheckpoint { checkpoint: of("example.org/other"), ..good.clone() }.to_string(), 404),
        ("another key", by_another.to_string(), 403),
        ("a false signature beside the true one", false_one.to_string(), 403),
        ("from nothing", request(&leaves(1, 20), 0).to_string(), 409),
        ("from elsewhere", request(&leaves(1, 20), 9).to_string(), 409),
        ("a spoilt proof", spoilt.to_string(), 422),
        ("without proof", AddCheckpoint { proof: Vec::new(), ..good.clone() }.to_string(), 422),
        (
            "too much proof",
            AddCheckpoint { proof: [&good.proof[..], &[[0; 32]]].concat(), ..good.clone() }.to_string(),
            422,
        ),
    ];
    for (case, text, status) in cases {
        let answer = witness.add_checkpoint(&text);
        assert_eq!(answer.status(), status, "{case}: {answer:?}");
        if status == 409 {
            assert_eq!(answer.body(), "10\n", "{case}");
        }
    }
    let fresh = begin(&dir.path().join("fresh"));
    let proven = AddCheckpoint { old: 0, ..good.clone() };
    assert_eq!(fresh.add_checkpoint(&proven.to_string()).status(), 422, "from nothing nothing is proven");
    let text = Checkpoint::new(ORIGIN, 0, [1; 32]).to_string();
    let empty = Note::new(text.clone(), vec![log().sign(&text, 0)]).unwrap();
    let empty = AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: empty };
    assert_eq!(fresh.add_checkpoint(&empty.to_string()).status(), 422, "the empty tree has one root");
    assert!(cosigned(&fresh, &request(&[], 0)), "which is cosigned");
    assert!(cosigned(&witness, &good), "and nothing of all this has moved it");
}

#[test]
fn a_forked_log_is_refused_and_the_evidence_kept() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("state");
    let witness = begin(&folder);
    assert!(cosigned(&witness, &request(&leaves(1, 10), 0)));
    let evidence = |answer: Answer| match answer {
        Answer::Refused(Refusal::Inconsistent { evidence, .. }) => std::fs::read_to_string(evidence.unwrap()).unwrap(),
        other => panic!("{other:?}"),
    };
    // The same size with another root, and a longer history that parts before.
    let same = request(&leaves(2, 10), 10);
    let longer = request(&leaves(2, 20), 10);
    for asked in [&same, &longer] {
        let text = evidence(witness.add_checkpoint(&asked.to_string()));
        for note in [&checkpoint(&leaves(1, 10), &log()), &asked.checkpoint] {
            let line = note.signatures()[0].to_string();
            assert!(text.contains(note.text()) && text.contains(&line), "both heads, as the log signed them: {text}");
        }
    }
    // Whoever asks from a wrong size hears of that; two heads of one size are evidence all the same.
    let found = std::fs::read_dir(&folder).unwrap().count();
    std::fs::remove_dir_all(&folder).unwrap();
    let witness = begin(&folder);
    assert!(cosigned(&witness, &request(&leaves(1, 10), 0)));
    assert_eq!(witness.add_checkpoint(&request(&leaves(2, 10), 0).to_string()).status(), 409);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), found - 1);
    assert!(cosigned(&witness, &request(&leaves(1, 20), 10)), "the true history goes on");
}

#[test]
fn a_log_that_was_rolled_back_is_not_cosigned() {
    let dir = tempfile::tempdir().unwrap();
    let witness = begin(&dir.path().join("state"));
    assert!(cosigned(&witness, &request(&leaves(1, 20), 0)));
    // An honest beginning of what was cosigned, which is just older.
    for old in [0, 5, 10] {
        assert_eq!(witness.add_checkpoint(&request(&leaves(1, 10), old).to_string()).status(), 409, "from {old}");
    }
    assert_eq!(witness.add_checkpoint(&request(&leaves(1, 10), 20).to_string()).status(), 400);
    // Grown again past what was cosigned, it cannot prove that it comes from there.
    let regrown = request(&leaves(2, 30), 20);
    assert_eq!(witness.add_checkpoint(&regrown.to_string()).status(), 422);
}

#[test]
fn a_crash_between_remembering_and_answering_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("state");
    let witness = begin(&folder);
    let asked = request(&leaves(1, 10), 0);
    // The answer never arrives, and the witness is gone.
    drop(witness.add_checkpoint(&asked.to_string()));
    drop(witness);
    // What a crash while writing leaves behind stands in nobody's way.
    let name = format!("{}.checkpoint.new", Witness::name(ORIGIN));
    std::fs::write(folder.join(name), "half a check").unwrap();
    let witness = open(&folder).unwrap();
    assert_eq!(witness.add_checkpoint(&asked.to_string()).status(), 409, "it remembers");
    assert!(cosigned(&witness, &request(&leaves(1, 10), 10)), "and signs the same again");
    assert_eq!(witness.add_checkpoint(&request(&leaves(2, 10), 10).to_string()).status(), 422, "but no other");
}

#[test]
fn a_memory_is_never_taken_for_empty() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("state");
    assert!(matches!(open(&folder), Err(StateError::Missing(_))));
    let witness = begin(&folder);
    assert!(matches!(open(&folder), Err(StateError::Held(_))), "one process at a time");
    assert!(cosigned(&witness, &request(&leaves(1, 10), 0)));
    drop(witness);
    let again = Witness::begin(&folder, witness_key("w.example.org", 2), policy(), clock);
    assert!(matches!(again, Err(StateError::Begun(_))));
    let file = folder.join(format!("{}.checkpoint", Witness::name(ORIGIN)));
    let whole = std::fs::read_to_string(&file).unwrap();
    for damaged in ["", "x", &whole[..whole.len() - 2]] {
        std::fs::write(&file, damaged).unwrap();
        let witness = open(&folder).unwrap();
        let answer = witness.add_checkpoint(&request(&leaves(2, 10), 0).to_string());
        assert_eq!(answer.status(), 500, "{damaged:?}: {answer:?}");
    }
}

#[test]
fn a_clock_set_back_makes_no_older_cosignature() {
    fn late() -> u64 {
        2_000_000_000
    }
    fn early() -> u64 {
        5
    }
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("state");
    let witness = Witness::begin(&folder, witness_key("w.example.org", 2), policy(), late).unwrap();
    assert!(cosigned(&witness, &request(&leaves(1, 10), 0)));
    drop(witness);
    let witness = Witness::open(&folder, witness_key("w.example.org", 2), policy(), early).unwrap();
    assert!(cosigned(&witness, &request(&leaves(1, 20), 10)));
}

/// Asks in raw HTTP; gives the status line and headers with the body.
async fn raw(address: &str, text: &str) -> String {
    let mut stream = TcpStream::connect(address.trim_start_matches("http://").trim_end_matches("/w")).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn it_speaks_http() {
    let dir = tempfile::tempdir().unwrap();
    let witness = Arc::new(begin(&dir.path().join("state")));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/w", listener.local_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async move { drop(stopped.await) };
    let serving = tokio::spawn(witness::http::serve(listener, "/w", Arc::clone(&witness), shutdown));

    assert_eq!(latest(&address, ORIGIN, None).await.unwrap(), None);
    let first = request(&leaves(1, 10), 0).to_string();
    let Submitted::Cosigned(lines) = submit(&address, &first, None).await.unwrap() else { panic!("not cosigned") };
    assert_eq!(proof::Signature::parse_lines(&lines).unwrap().len(), 1);
    assert_eq!(submit(&address, &first, None).await.unwrap(), Submitted::Conflict(10));
    let forked = submit(&address, &request(&leaves(2, 20), 10).to_string(), None).await.unwrap();
    assert!(matches!(&forked, Submitted::Refused { status: 422, reason } if !reason.contains("state")), "{forked:?}");
    let shown = SignedCheckpoint::parse(&latest(&address, ORIGIN, None).await.unwrap().unwrap()).unwrap();
    assert_eq!(shown.checkpoint.size, 10);

    let host = "Host: w\r\nConnection: close\r\n";
    let body = |text: &str| format!("Content-Length: {}\r\n\r\n{text}", text.len());
    for (asked, status) in [
        (format!("GET /w/add-checkpoint HTTP/1.1\r\n{host}\r\n"), "405"),
        (format!("POST /w/{}/checkpoint HTTP/1.1\r\n{host}{}", Witness::name(ORIGIN), body("")), "405"),
        (format!("GET /w/xyz/checkpoint HTTP/1.1\r\n{host}\r\n"), "404"),
        (format!("GET / HTTP/1.1\r\n{host}\r\n"), "404"),
        (format!("POST /w/add-checkpoint HTTP/1.1\r\n{host}{}", body("hello")), "400"),
        (format!("POST /w/add-checkpoint HTTP/1.1\r\n{host}{}", body(&"x".repeat(600 << 10))), "413"),
        ("nonsense\r\n\r\n".into(), "400"),
    ] {
        let answer = raw(&address, &asked).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{asked:.60?}: {answer}");
    }
    let conflict = raw(&address, &format!("POST /w/add-checkpoint HTTP/1.1\r\n{host}{}", body(&first))).await;
    assert!(
        conflict.to_ascii_lowercase().contains("content-type: text/x.tlog.size") && conflict.ends_with("\r\n\r\n10\n"),
        "{conflict}"
    );

    for wrong in ["127.0.0.1", "ftp://x", ""] {
        assert!(matches!(submit(wrong, &first, None).await, Err(ClientError::Address(_))), "{wrong}");
    }
    let secure = address.replace("http://", "https://");
    assert!(matches!(submit(&secure, &first, None).await, Err(ClientError::NoAuthority(_))), "nobody is trusted");
    drop(stop);
    serving.await.unwrap().unwrap();
    assert!(matches!(latest(&address, ORIGIN, None).await, Err(ClientError::Unreachable { .. })));
}
