//! The C2SP texts of `proof` against implementations that nobody here wrote: keys, notes and checkpoints against signed_note and
//! tlog_tiles, cosignatures and quorums against sigsum. Each side reads what the other wrote.

use ed25519_dalek::{Signer as _, SigningKey};
use proof::{COSIGNATURE, Checkpoint, ED25519, Note, Policy, SignedCheckpoint, Signer, VerifierKey, leaf_hash};
use signed_note::{Signer as TheirSigner, StandardSigner, StandardVerifier, Verifier, VerifierList};
use sigsum::{Hash, PublicKey, SigsumSignature};
use testkit::build::{log_key, witness_key};
use tlog_tiles::Checkpoint as TheirCheckpoint;

const ORIGIN: &str = "example.org/账本";

fn theirs(key: &VerifierKey) -> VerifierList {
    let verifier: Box<dyn Verifier> = Box::new(StandardVerifier::new(&key.to_string()).expect("a key that they read"));
    VerifierList::new(vec![verifier])
}

#[test]
fn keys_are_read_on_both_sides() {
    for seed in 0..50 {
        let ours = log_key(ORIGIN, seed);
        let verifier = StandardVerifier::new(&ours.verifier().to_string()).expect("a key that they read");
        assert_eq!((verifier.name(), verifier.key_id()), (ORIGIN, ours.verifier().id()));
        let signer = StandardSigner::new(&ours.secret_text()).expect("a secret that they read");
        assert_eq!((signer.name(), signer.key_id()), (ORIGIN, ours.verifier().id()));
    }
}

#[test]
fn notes_are_signed_on_one_side_and_verified_on_the_other() {
    let (ours, other) = (log_key(ORIGIN, 1), log_key("b", 2));
    for text in ["a\n", "甲\n乙\n", "a\n\nb\n", "\n"] {
        let note = Note::new(text.into(), vec![ours.sign(text, 0), other.sign(text, 0)]).expect("a note");
        let read = signed_note::Note::from_bytes(note.to_string().as_bytes()).expect("a note that they read");
        assert_eq!((read.text(), read.to_bytes()), (text.as_bytes(), note.to_string().into_bytes()));
        let (verified, unverified) = read.verify(&theirs(ours.verifier())).expect("a signature that they verify");
        assert_eq!((verified.len(), unverified.len()), (1, 1), "{text:?}");

        let signer = StandardSigner::new(&ours.secret_text()).expect("a secret that they read");
        let mut made = signed_note::Note::new(text.as_bytes(), &[]).expect("their note");
        made.add_sigs(&[&signer]).expect("their signature");
        let read = Note::parse(std::str::from_utf8(&made.to_bytes()).expect("text")).expect("a note that we read");
        assert_eq!(read.signed_by(ours.verifier()), Ok(vec![None]), "{text:?}");
        assert_eq!(read.signatures()[0], ours.sign(text, 0), "Ed25519 signs one way");
    }
}

#[test]
fn what_one_side_refuses_the_other_does() {
    let ours = log_key("a", 1);
    let good = Note::new("x\n".into(), vec![ours.sign("x\n", 0)]).expect("a note").to_string();
    let line = good.split("\n\n").nth(1).expect("a line");
    for text in [
        String::new(),
        "x\n".into(),
        "x\n\n".into(),
        good.trim_end().into(),
        good.replace("\u{2014}", "-"),
        good.replace("x\n", "x\r\n"),
        format!("{good}{line}x"),
        good.replace("\u{2014} a ", "\u{2014} a  "),
    ] {
        let (we, they) = (Note::parse(&text).is_ok(), signed_note::Note::from_bytes(text.as_bytes()).is_ok());
        assert!(!we && !they, "{text:?}: we {we}, they {they}");
    }
}

#[test]
fn checkpoints_are_read_on_both_sides() {
    for (size, root) in [(0, proof::empty_root()), (1, [1; 32]), (20_852_163, [0xff; 32]), (i64::MAX as u64, [7; 32])] {
        for extensions in [vec![], vec!["one".to_owned(), "two 2".into()]] {
            let ours = Checkpoint { extensions, ..Checkpoint::new(ORIGIN, size, root) };
            let read = TheirCheckpoint::from_bytes(ours.to_string().as_bytes()).expect("a checkpoint that they read");
            assert_eq!((read.origin(), read.size(), read.hash().0), (ORIGIN, size, root));
            assert_eq!(read.to_bytes(), ours.to_string().into_bytes());
            assert_eq!(Checkpoint::parse(&ours.to_string()), Ok(ours));
        }
    }
    let root = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    for text in [
        format!("a\n01\n{root}\n"),
        format!("a\n1\n{root}"),
        "a\n1\nx\n".into(),
        format!("\n1\n{root}\n"),
        "a\n1\n".into(),
    ] {
        assert!(Checkpoint::parse(&text).is_err() && TheirCheckpoint::from_bytes(text.as_bytes()).is_err(), "{text:?}");
    }
    let log = log_key(ORIGIN, 1);
    let text = Checkpoint::new(ORIGIN, 9, [1; 32]).to_string();
    let note = Note::new(text.clone(), vec![log.sign(&text, 0), witness_key("w", 2).sign(&text, 5)]).expect("a note");
    let read = signed_note::Note::from_bytes(note.to_string().as_bytes()).expect("a note that they read");
    assert!(read.verify(&theirs(log.verifier())).is_ok(), "a cosignature is passed over by who does not know it");
    assert!(SignedCheckpoint::parse(&note.to_string()).is_ok());
}

/// A sigsum log's origin is made of its key.
fn sigsum_log() -> (Signer, Hash) {
    let plain = log_key("any", 1);
    let hash = Hash::new(plain.verifier().material());
    (Signer::from_seed(&format!("sigsum.org/v1/tree/{hash:x}"), ED25519, &[1; 32]).expect("a sound key"), hash)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn public(key: &VerifierKey) -> PublicKey {
    PublicKey::from(<[u8; 32]>::try_from(key.material()).expect("32 bytes"))
}

#[test]
fn cosignatures_are_those_of_another_implementation() {
    let (log, log_hash) = sigsum_log();
    let witness = witness_key("w", 2);
    let submitter = SigningKey::from_bytes(&[3; 32]);
    let message = Hash::new("a message");
    let checksum = Hash::new(&message);
    let leaf_signature = submitter.sign(&[b"sigsum.org/v1/tree-leaf\0".as_slice(), checksum.as_ref()].concat());
    let key_hash = Hash::new(submitter.verifying_key().as_bytes());
    let leaf = [checksum.as_ref(), &leaf_signature.to_bytes()[..], key_hash.as_ref()].concat();
    let root = leaf_hash(&leaf);
    let text = Checkpoint::new(log.verifier().name(), 1, root).to_string();
    let policy =
        format!("log {}\nwitness w {}\nquorum w\n", hex(log.verifier().material()), hex(witness.verifier().material()));
    let policy = sigsum::Policy::parse(&policy).expect("their policy");
    let verified = |time: u64, said: u64| {
        let cosignature = witness.sign(&text, time);
        let text = format!(
            "version=2\nlog={log_hash:x}\nleaf={key_hash:x} {}\n\nsize=1\nroot_hash={}\nsignature={}\n\
             cosignature={:x} {said} {}\n\nleaf_index=0\n",
            hex(&leaf_signature.to_bytes()),
            hex(&root),
            hex(&log.sign(&text, 0).bytes),
            Hash::new(witness.verifier().material()),
            hex(&cosignature.bytes[8..]),
        );
        let signed = SigsumSignature::from_ascii(&text).expect("a proof that they read");
        sigsum::verify(&message, &signed, &[public_of(&submitter)], &policy).is_ok()
    };
    assert!(verified(1_700_000_000, 1_700_000_000));
    assert!(!verified(1_700_000_000, 1_700_000_001), "the time is signed too");
}

fn public_of(key: &SigningKey) -> PublicKey {
    PublicKey::from(key.verifying_key().to_bytes())
}

#[test]
fn quorums_are_counted_alike() {
    let (log, _) = sigsum_log();
    let witnesses: Vec<Signer> = (10..15).map(|seed| witness_key(&format!("k{seed}"), seed)).collect();
    let groups = [
        "group g 2 w0 w1 w2\ngroup h any w3 w4\ngroup q all g h\nquorum q\n",
        "group g all w0 w1\ngroup h 1 g w2\ngroup q 2 h w3 w4\nquorum q\n",
        "quorum w3\n",
        "quorum none\n",
    ];
    let text = Checkpoint::new(log.verifier().name(), 1, [1; 32]).to_string();
    for group in groups {
        let (mut ours, mut their) = (format!("log {}\n", log.verifier()), String::new());
        for (number, witness) in witnesses.iter().enumerate() {
            let hex = hex(witness.verifier().material());
            ours += &format!("witness w{number} {}\n", witness.verifier());
            their += &format!("witness w{number} {hex}\n");
        }
        let policy = Policy::parse((ours + group).as_bytes()).expect("our policy");
        let other = sigsum::Policy::parse(&(their + group)).expect("their policy");
        for set in 0..32u8 {
            let signed: Vec<&Signer> = (0..5).filter(|i| set >> i & 1 == 1).map(|i| &witnesses[i]).collect();
            let hashes: Vec<Hash> = signed.iter().map(|witness| Hash::new(public(witness.verifier()))).collect();
            let signatures = std::iter::once(&log).chain(signed).map(|signer| signer.sign(&text, 9)).collect();
            let note = Note::new(text.clone(), signatures).expect("a note");
            assert_eq!(policy.judge(&note).is_ok(), other.check_quorum(&hashes), "{set:05b} of {group}");
        }
    }
    assert!(witnesses.iter().all(|witness| witness.verifier().kind() == COSIGNATURE));
}
