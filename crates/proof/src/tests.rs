//! The C2SP texts: known examples, each fault of form, each way not to be believed. Other implementations read the same in the
//! workspace's tests.

use crate::{
    AddCheckpoint, COSIGNATURE, Checkpoint, CheckpointError, Distrust, ED25519, KeyError, ML_DSA_44, Note, NoteError,
    OfflineDistrust, OfflineError, OfflineProof, Policy, PolicyFaultKind, RequestError, Signature, SignatureError,
    SignedCheckpoint, Signer, Statement, VerifierKey, empty_root, inclusion_proof, leaf_hash, policy_digest, root_of,
};

const EXAMPLE_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const EXAMPLE_NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
     Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

fn log() -> Signer {
    Signer::from_seed("example.org/log", ED25519, &[1; 32]).unwrap()
}

fn witness(number: u8) -> Signer {
    Signer::from_seed(&format!("w{number}.example.org"), COSIGNATURE, &[number; 32]).unwrap()
}

fn signed(text: &str, signers: &[&Signer]) -> Note {
    Note::new(text.to_owned(), signers.iter().map(|signer| signer.sign(text, 1_700_000_000)).collect()).unwrap()
}

#[test]
fn the_specifications_own_example_verifies() {
    let key = VerifierKey::parse(EXAMPLE_KEY).unwrap();
    let note = Note::parse(EXAMPLE_NOTE).unwrap();
    assert_eq!(note.to_string(), EXAMPLE_NOTE);
    assert_eq!(note.signed_by(&key), Ok(vec![None]));
    assert_eq!(key.to_string(), EXAMPLE_KEY);
    let other = Note::parse(&EXAMPLE_NOTE.replace("example message", "example massage")).unwrap();
    assert_eq!(other.signed_by(&key), Err(SignatureError::Wrong("example.com/foo".into())));
}

#[test]
fn every_flipped_bit_of_a_signed_checkpoint_is_caught() {
    let (log, witness) = (log(), witness(2));
    let text = Checkpoint::new("example.org/log", 7, [9; 32]).to_string();
    let whole = signed(&text, &[&log, &witness]).to_string();
    let policy = policy(&format!("log {}\nwitness w {}\nquorum w\n", log.verifier(), witness.verifier())).unwrap();
    assert!(policy.judge(&Note::parse(&whole).unwrap()).is_ok());
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let believed = Note::parse(&text).map(|note| policy.judge(&note).is_ok());
        assert!(!matches!(believed, Ok(true)), "bit {bit}: {text}");
    }
}

#[test]
fn keys_have_one_form() {
    let parsed = |text: &str| VerifierKey::parse(text).map(|key| key.to_string());
    assert_eq!(parsed(EXAMPLE_KEY), Ok(EXAMPLE_KEY.to_owned()));
    let sum_db = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    assert_eq!(parsed(sum_db), Ok(sum_db.to_owned()), "base64 may hold plus signs");
    for (text, error) in [
        ("example.com/foo", KeyError::Shape),
        ("example.com/foo+530d903a", KeyError::Shape),
        ("+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", KeyError::Name),
        ("a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", KeyError::Name),
        ("example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", KeyError::Id),
        ("example.com/foo+30d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", KeyError::Id),
        ("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n", KeyError::Encoding),
        ("example.com/foo+530d903a+", KeyError::Encoding),
        ("example.com/foo+530d903a+AekyeRrm", KeyError::Length { kind: 1, expected: 32, found: 5 }),
        (
            "example.com/bar+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            KeyError::WrongId { expected: 0, found: 0x530d_903a },
        ),
        // The neutral element: anything verifies under it.
        ("example.com/foo+530d903a+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", KeyError::Unsound),
    ] {
        let found = parsed(text).unwrap_err();
        let found = match found {
            KeyError::WrongId { found, .. } => KeyError::WrongId { expected: 0, found },
            other => other,
        };
        assert_eq!(found, error, "{text}");
    }
}

#[test]
fn signers_are_read_back_and_never_shown() {
    for signer in [log(), witness(3)] {
        let read = Signer::parse(&signer.secret_text()).unwrap();
        assert_eq!(read.verifier(), signer.verifier());
        assert!(!format!("{signer:?}").contains("PRIVATE"));
        let text = "a\n";
        let signature = read.sign(text, 5);
        assert!(signer.verifier().verify(text, &signature).is_ok());
        assert_eq!(VerifierKey::parse(&signer.verifier().to_string()).as_ref(), Ok(signer.verifier()));
    }
    assert_eq!(Signer::from_seed("a", TO_COME, &[0; 32]).unwrap_err(), KeyError::CannotSign(TO_COME));
    assert!(Signer::parse(EXAMPLE_KEY).is_err());
}

/// A signature type that nobody has defined yet.
const TO_COME: u8 = 0x09;

/// The verifier key of a name, type and material.
fn vkey(name: &str, kind: u8, material: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    let hash = Sha256::new().chain_update(name).chain_update([b'\n', kind]).chain_update(material).finalize();
    let text = crate::text::to_base64(&[&[kind][..], material].concat());
    format!("{name}+{:02x}{:02x}{:02x}{:02x}+{text}", hash[0], hash[1], hash[2], hash[3])
}

#[test]
fn a_key_of_a_type_to_come_is_kept_and_never_counts() {
    let text = vkey("pq.example.org", TO_COME, &[3; 40]);
    let key = VerifierKey::parse(&text).unwrap();
    assert_eq!((key.to_string(), key.endorser()), (text, None));
    let log = log();
    let body = Checkpoint::new("example.org/log", 1, [1; 32]).to_string();
    let mut note = signed(&body, &[&log]);
    note.add(Signature { name: key.name().into(), id: key.id(), bytes: vec![7; 2_428] }).unwrap();
    assert_eq!(Note::parse(&note.to_string()), Ok(note.clone()), "its line is kept");
    assert_eq!(note.signed_by(&key), Err(SignatureError::Unsupported(TO_COME)));
    let kind = policy(&format!("log {}\nwitness pq {key}\nquorum pq\n", log.verifier())).unwrap_err().remove(0).1;
    assert_eq!(kind, PolicyFaultKind::KeyType(TO_COME), "a policy names only what can be verified");
}

#[test]
fn cosignatures_with_ml_dsa_are_those_of_the_checkpoint_alone() {
    let (log, pq) = (log(), Signer::from_seed("pq.example.org", ML_DSA_44, &[4; 32]).unwrap());
    let key = pq.verifier();
    assert_eq!(key.to_string(), vkey("pq.example.org", ML_DSA_44, key.material()));
    assert_eq!(VerifierKey::parse(&key.to_string()).as_ref(), Ok(key));
    assert_eq!(Signer::parse(&pq.secret_text()).unwrap().verifier(), key);
    assert!(!format!("{pq:?}").contains("PRIVATE"));
    let checkpoint = Checkpoint::new("example.org/log", 7, [1; 32]);
    let body = checkpoint.to_string();
    let signature = pq.sign(&body, 1_700_000_000);
    assert_eq!(signature.bytes.len(), 8 + 2_420);
    assert_eq!(key.verify(&body, &signature), Ok(Some(1_700_000_000)));
    assert_eq!(key.verify(&body, &pq.sign(&body, 0)), Ok(Some(0)), "it may say nothing of when");
    // Extension lines are not its matter; all else is.
    assert!(key.verify(&format!("{body}further\n"), &signature).is_ok());
    let wrong = Err(SignatureError::Wrong("pq.example.org".into()));
    for other in [
        Checkpoint { size: 8, ..checkpoint.clone() },
        Checkpoint { root: [2; 32], ..checkpoint.clone() },
        Checkpoint { origin: "example.org/lag".into(), ..checkpoint.clone() },
    ] {
        assert_eq!(key.verify(&other.to_string(), &signature), wrong, "{other}");
    }
    for at in [0, 7, 8, 500, 2_427] {
        let mut bent = signature.clone();
        bent.bytes[at] ^= 0x40;
        assert!(key.verify(&body, &bent).is_err(), "byte {at}");
    }
    let mut short = signature.clone();
    short.bytes.pop();
    assert_eq!(key.verify(&body, &short), Err(SignatureError::Length("pq.example.org".into())));
    let mut late = signature.clone();
    late.bytes[0] = 0xff;
    assert_eq!(key.verify(&body, &late), Err(SignatureError::Time("pq.example.org".into())));
    let elsewhere = Signer::from_seed("qp.example.org", ML_DSA_44, &[4; 32]).unwrap();
    assert_eq!(elsewhere.verifier().verify(&body, &signature), Err(SignatureError::Wrong("qp.example.org".into())));
    let none = SignatureError::NoCheckpoint("pq.example.org".into());
    assert_eq!(key.verify("a\n", &pq.sign("a\n", 5)), Err(none), "it signs checkpoints alone");
    // In a policy it counts as any witness, and spoils a note that bears a false one.
    let policy = policy(&format!("log {}\nwitness pq {key}\nquorum pq\n", log.verifier())).unwrap();
    assert_eq!(policy.judge(&signed(&body, &[&log, &pq])).unwrap().cosigned, [("pq".to_owned(), 1_700_000_000)]);
    assert!(matches!(policy.judge(&signed(&body, &[&log])), Err(Distrust::NoQuorum { .. })));
    let mut forged = signed(&body, &[&log]);
    forged.add(Signature { bytes: vec![7; 2_428], ..signature }).unwrap();
    assert!(matches!(policy.judge(&forged), Err(Distrust::Signature(SignatureError::Wrong(_)))));
}

#[test]
fn a_log_may_sign_with_ml_dsa() {
    let log = Signer::from_seed("example.org/log", ML_DSA_44, &[6; 32]).unwrap();
    let policy = policy(&format!("log {}\nquorum none\n", log.verifier())).unwrap();
    let body = Checkpoint::new("example.org/log", 3, [1; 32]).to_string();
    let note = Note::new(body.clone(), vec![log.sign(&body, 0)]).unwrap();
    assert_eq!(policy.judge(&note).unwrap().checkpoint.size, 3);
    let other = Checkpoint::new("example.org/log", 4, [1; 32]).to_string();
    let note = Note::new(other, note.signatures().to_vec()).unwrap();
    assert!(matches!(policy.judge(&note), Err(Distrust::Signature(SignatureError::Wrong(_)))));
}

#[test]
fn endorsements_are_no_cosignatures() {
    let (log, pq) = (log(), Signer::from_seed("pq.example.org", ML_DSA_44, &[4; 32]).unwrap());
    let policy = policy(&format!("log {}\nwitness pq {}\nquorum pq\n", log.verifier(), pq.verifier())).unwrap();
    let endorser = pq.endorser().unwrap();
    assert_ne!(endorser.verifier().id(), pq.verifier().id());
    assert_eq!(Some(endorser.verifier()), pq.verifier().endorser().as_ref());
    let statement = "earmark log policy v1\nbook GD\n";
    let note = |signatures| Note::new(statement.to_owned(), signatures).unwrap();
    assert_eq!(policy.quorum_endorses(&note(vec![endorser.sign(statement, 0)])), Ok(true));
    assert_eq!(policy.quorum_endorses(&note(vec![pq.sign(statement, 5)])), Ok(false), "another id");
    let mut false_one = endorser.sign("another\n", 0);
    assert!(policy.quorum_endorses(&note(vec![false_one.clone()])).is_err());
    // The bytes of the one under the name of the other verify nowhere, over the same text.
    let body = Checkpoint::new("example.org/log", 7, [1; 32]).to_string();
    false_one = endorser.sign(&body, 0);
    false_one.id = pq.verifier().id();
    false_one.bytes = [&0u64.to_be_bytes()[..], &false_one.bytes].concat();
    assert!(pq.verifier().verify(&body, &false_one).is_err());
}

#[test]
fn notes_are_read_strictly() {
    let line = "\u{2014} a AAAAAQI=\n";
    let note = |text: &str| Note::parse(text).map(|note| note.signatures().len());
    assert_eq!(note(&format!("x\n\n{line}")), Ok(1));
    assert_eq!(note(&format!("x\n\n\n{line}{line}")), Ok(2), "the last blank line divides");
    for (text, error) in [
        ("", NoteError::Shape),
        ("x\n", NoteError::Shape),
        ("x\n\n", NoteError::Shape),
        (&format!("x\n\n{}", line.trim_end()), NoteError::Shape),
        (&format!("x\r\n\n{line}"), NoteError::ControlCharacter),
        (&format!("x\n\n{line}a\n"), NoteError::SignatureLine(2)),
        ("x\n\n\u{2014} a AAAAAQI\n", NoteError::SignatureLine(1)),
        ("x\n\n\u{2014} a AAAAAA==\n", NoteError::SignatureLine(1)),
        ("x\n\n\u{2014}  AAAAAQI=\n", NoteError::SignatureLine(1)),
        ("x\n\n- a AAAAAQI=\n", NoteError::SignatureLine(1)),
        (&format!("x\n\n{}", line.repeat(65)), NoteError::TooMany),
        (&format!("{}\n\n{line}", "x".repeat(600 << 10)), NoteError::TooLong),
    ] {
        assert_eq!(note(text), Err(error), "{text:.60?}");
    }
    assert_eq!(note(&format!("x\n\n{}", line.repeat(64))), Ok(64));
}

#[test]
fn checkpoints_are_read_strictly() {
    let root = crate::text::to_base64(&[5; 32]);
    let read = |text: &str| Checkpoint::parse(text);
    let plain = Checkpoint::new("a b", 12, [5; 32]);
    assert_eq!(read(&format!("a b\n12\n{root}\n")), Ok(plain.clone()));
    let extended = Checkpoint { extensions: vec!["x".into(), "y".into()], ..plain };
    assert_eq!(read(&extended.to_string()), Ok(extended));
    for (text, error) in [
        (format!("a\n12\n{root}"), CheckpointError::Lines),
        (format!("\n12\n{root}\n"), CheckpointError::Lines),
        ("a\n12\n".into(), CheckpointError::Lines),
        (format!("a\n012\n{root}\n"), CheckpointError::Size),
        (format!("a\n+1\n{root}\n"), CheckpointError::Size),
        (format!("a\n9223372036854775808\n{root}\n"), CheckpointError::Size),
        (format!("a\n12\n{}\n", &root[1..]), CheckpointError::Root),
        (format!("a\n12\n{root}\nx\n\n"), CheckpointError::Lines),
    ] {
        assert_eq!(read(&text), Err(error), "{text:?}");
    }
}

fn policy(text: &str) -> Result<Policy, Vec<(usize, PolicyFaultKind)>> {
    Policy::parse(text.as_bytes()).map_err(|faults| faults.into_iter().map(|fault| (fault.line, fault.kind)).collect())
}

#[test]
fn a_quorum_of_groups_is_counted() {
    let log = log();
    let witnesses: Vec<Signer> = (2..=7).map(witness).collect();
    let key = |number: usize| witnesses[number].verifier().to_string();
    let text = format!(
        "# committee and its superior\nlog {} https://example.org/\n\n\twitness X1 {}\n witness X2 {} http://x2\nwitness X3 {}\n\
         group X 2 X1 X2 X3\nwitness Y1 {}\nwitness Y2 {}\nwitness Y3 {}\ngroup Y any Y1 Y2 Y3\ngroup both all X Y\nquorum both\n",
        log.verifier(),
        key(0),
        key(1),
        key(2),
        key(3),
        key(4),
        key(5)
    );
    let policy = policy(&text).unwrap();
    assert_eq!((policy.logs().len(), policy.witnesses().len(), policy.quorum()), (1, 6, "both"));
    assert_eq!(policy.witnesses()[1].url.as_deref(), Some("http://x2"));
    let body = Checkpoint::new("example.org/log", 3, [1; 32]).to_string();
    for set in 0u8..64 {
        let mut signers = vec![&log];
        signers.extend((0..6).filter(|i| set >> i & 1 == 1).map(|i| &witnesses[i]));
        let reached = (set & 0b111).count_ones() >= 2 && set >> 3 != 0;
        let judged = policy.judge(&signed(&body, &signers));
        assert_eq!(judged.is_ok(), reached, "{set:06b}");
        if let Ok(believed) = judged {
            assert_eq!(believed.cosigned.len(), signers.len() - 1);
            assert!(believed.cosigned.iter().all(|(_, time)| *time == 1_700_000_000));
        }
    }
}

#[test]
fn all_faults_of_a_policy_are_named() {
    let (log, one, two) = (log(), witness(2), witness(3));
    let text = format!(
        "log {log}\nlog {log}\nlog {one}\nwitness none {one}\nwitness a {one}\nwitness a {two}\nwitness b {one}\nwitness c x+y\n\
         group g 3 a\ngroup g 1 a a\ngroup h any nobody\ngroup i any\nquorum a\nquorum a\nallow a\nwitness\na\u{1}\n",
        log = log.verifier(),
        one = one.verifier(),
        two = two.verifier()
    );
    use PolicyFaultKind as Kind;
    let expected = vec![
        (2, Kind::DuplicateKey),
        (3, Kind::KeyType(COSIGNATURE)),
        (4, Kind::NameTaken("none".into())),
        (6, Kind::NameTaken("a".into())),
        (7, Kind::DuplicateKey),
        (8, Kind::Key(KeyError::Shape)),
        (9, Kind::Threshold),
        (10, Kind::MemberTwice("a".into())),
        (11, Kind::Unknown("nobody".into())),
        (12, Kind::Words("group NAME all|any|NUMBER MEMBER...")),
        (14, Kind::SecondQuorum),
        (15, Kind::Keyword("allow".into())),
        (16, Kind::Words("witness NAME VKEY [URL]")),
        (17, Kind::ControlCharacter),
    ];
    assert_eq!(policy(&text), Err(expected));
    assert_eq!(policy(""), Err(vec![(0, Kind::NoQuorum)]));
    assert_eq!(policy("quorum x\n"), Err(vec![(1, Kind::Unknown("x".into()))]));
    assert!(policy("quorum none\n").is_ok());
    assert_eq!(Policy::parse(b"\xff").unwrap_err()[0].kind, Kind::NotUtf8);
}

#[test]
fn whom_a_policy_believes() {
    let (log, other, one) = (log(), Signer::from_seed("example.org/log", ED25519, &[9; 32]).unwrap(), witness(2));
    let policy = policy(&format!("log {}\nwitness w {}\nquorum w\n", log.verifier(), one.verifier())).unwrap();
    let body = Checkpoint::new("example.org/log", 3, [1; 32]).to_string();
    assert!(policy.judge(&signed(&body, &[&log, &one])).is_ok());
    assert!(policy.judge(&signed(&body, &[&other, &log, &one])).is_ok(), "unknown keys are passed over");
    assert_eq!(policy.judge(&signed(&body, &[&other, &one])), Err(Distrust::NotSigned("example.org/log".into())));
    assert!(matches!(policy.judge(&signed(&body, &[&log])), Err(Distrust::NoQuorum { .. })));
    let elsewhere = Checkpoint::new("example.org/other", 3, [1; 32]).to_string();
    let judged = policy.judge(&signed(&elsewhere, &[&log, &one]));
    assert_eq!(judged, Err(Distrust::UnknownOrigin("example.org/other".into())));
    // A signature in a known name that is false spoils the note, whatever else it bears.
    let mut forged = signed(&body, &[&log, &one]);
    let mut false_one = one.sign(&body, 5);
    false_one.bytes[20] ^= 1;
    forged.add(false_one).unwrap();
    assert!(matches!(policy.judge(&forged), Err(Distrust::Signature(SignatureError::Wrong(_)))));
    let mut timeless = one.sign(&body, 5);
    timeless.bytes[..8].fill(0);
    let note = Note::new(body.clone(), vec![log.sign(&body, 0), timeless]).unwrap();
    assert!(matches!(policy.judge(&note), Err(Distrust::Signature(SignatureError::Time(_)))));
}

#[test]
fn offline_proofs_hold_or_are_refused() {
    let (log, one) = (log(), witness(2));
    let records: Vec<Vec<u8>> = (0..11u8).map(|n| vec![n; 40]).collect();
    let leaves: Vec<_> = records.iter().map(|record| leaf_hash(record)).collect();
    let checkpoint = signed(&Checkpoint::new("example.org/log", 11, root_of(&leaves)).to_string(), &[&log, &one]);
    let policy = policy(&format!("log {}\nwitness w {}\nquorum w\n", log.verifier(), one.verifier())).unwrap();
    for index in 0..11 {
        let record = records[usize::try_from(index).unwrap()].clone();
        let path = inclusion_proof(&leaves, index, 11).unwrap();
        let proof = OfflineProof { extra: Some(record), index, path, checkpoint: checkpoint.clone() };
        assert_eq!(OfflineProof::parse(&proof.to_string()), Ok(proof.clone()));
        assert!(proof.verify(&policy).is_ok());
        let other = OfflineProof { extra: Some(vec![99]), ..proof.clone() };
        assert!(matches!(other.verify(&policy), Err(OfflineDistrust::Proof(_))));
        let moved = OfflineProof { index: (index + 1) % 11, ..proof.clone() };
        assert!(matches!(moved.verify(&policy), Err(OfflineDistrust::Proof(_))));
        let empty = OfflineProof { extra: None, ..proof };
        assert_eq!(OfflineProof::parse(&empty.to_string()), Ok(empty.clone()));
        assert_eq!(empty.verify(&policy), Err(OfflineDistrust::NoRecord));
    }
    let first = "c2sp.org/tlog-proof@v1\n";
    for (text, error) in [
        (String::new(), OfflineError::FirstLine),
        (format!("{first}extra =\nindex 1\n\n"), OfflineError::Extra),
        (format!("{first}index 01\n\n"), OfflineError::Index),
        (format!("{first}index 1\nAAAA\n\n{checkpoint}"), OfflineError::Path(1)),
        (format!("{first}index 1\n\nx"), OfflineError::Note(NoteError::Shape)),
    ] {
        assert_eq!(OfflineProof::parse(&text), Err(error), "{text:?}");
    }
}

#[test]
fn requests_to_witnesses_are_read_strictly() {
    let note = signed(&Checkpoint::new("example.org/log", 0, empty_root()).to_string(), &[&log()]);
    let request = AddCheckpoint { old: 0, proof: vec![[1; 32], [2; 32]], checkpoint: note.clone() };
    assert_eq!(AddCheckpoint::parse(&request.to_string()), Ok(request.clone()));
    let digest = crate::text::to_base64(&[1; 32]);
    for (text, error) in [
        (String::new(), RequestError::Old),
        (format!("old 00\n\n{note}"), RequestError::Old),
        (format!("old -1\n\n{note}"), RequestError::Old),
        (format!("old 1\n{digest}=\n\n{note}"), RequestError::Proof(1)),
        (format!("old 1\n{}\n{note}", format!("{digest}\n").repeat(64)), RequestError::Proof(64)),
        ("old 1\n\nx\n".into(), RequestError::Note(NoteError::Shape)),
    ] {
        assert_eq!(AddCheckpoint::parse(&text), Err(error), "{text:.80?}");
    }
    assert!(SignedCheckpoint::parse(&note.to_string()).is_ok());
}

#[test]
fn statements_are_read_back() {
    let plain = Statement { book: "GD".into(), policy: policy_digest("a"), follows: None, recovery: None };
    let recovery = crate::Recovery { size: 5, root: [1; 32], lost_size: 9, lost_root: [2; 32] };
    let recovering = Statement { follows: Some([3; 32]), recovery: Some(recovery), ..plain.clone() };
    for statement in [plain, recovering] {
        let text = statement.to_string();
        assert_eq!(Statement::parse(&text), Ok(statement));
        for cut in 1..text.len() {
            let shorter = Statement::parse(&text[..cut]);
            // Cut at the end of the fourth line it is one without recovery.
            assert!(shorter.is_err() || shorter.unwrap().to_string() == text[..cut], "{cut}");
        }
        assert!(Statement::parse(&format!("{text}more\n")).is_err());
    }
}

/// The seed with the key's id and beginning of a test that the Go implementation `filippo.io/torchwood` publishes
/// (cmd/litewitness/testdata/mldsa.txt).
#[test]
fn ml_dsa_keys_are_those_of_another_implementation() {
    let seed = [
        0x28, 0x86, 0xad, 0xc2, 0xb0, 0xea, 0xbf, 0xce, 0x67, 0xc0, 0x47, 0x29, 0x39, 0x12, 0x79, 0x98, 0xbf, 0x88,
        0x6c, 0xf2, 0x56, 0xbf, 0xee, 0x8b, 0xa7, 0x6a, 0x25, 0x3f, 0xce, 0x11, 0x46, 0xe0,
    ];
    let log = Signer::from_seed("example.com/mldsa-log", ML_DSA_44, &seed).unwrap();
    let key = log.verifier().to_string();
    assert!(key.starts_with("example.com/mldsa-log+b5df45c5+BuhtcL97l3dcitjZ8Y9J54gmQ1TWn/BMF0yePKpT"), "{key:.80}");
}
