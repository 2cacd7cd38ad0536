//! Checkpoints and proofs: one head for a size, every record proven under every checkpoint, cosignatures taken in, and damage told.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use engine::{EngineError, LogKeys, Options, Shown};
use proof::{Policy, Signer, leaf_hash, verify_consistency, verify_inclusion};
use testkit::build::{log_key, log_policy, policy_text, witness_key};

use super::world::{BOOK, World, options, organization};

pub const ORIGIN: &str = "example.org/gdftu";

/// Options of a server that holds these keys.
pub fn holding(keys: &[&Signer]) -> Options {
    let mut log_keys = LogKeys::default();
    keys.iter().for_each(|key| log_keys.add(BOOK, (*key).clone()));
    Options { log_keys: Arc::new(log_keys), ..options() }
}

/// A book whose log has a key and a witness.
pub async fn trusted(options: Options, log: &Signer, witness: &Signer) -> World {
    let world = World::new(options).await;
    let policy = policy_text(log, &[witness]);
    world.post("chief", "policy", log_policy(BOOK, &policy, None, &[log, witness])).await;
    world
}

fn keys() -> (Signer, Signer) {
    (log_key(ORIGIN, 1), witness_key("w.example.org", 2))
}

/// Hands the witness's signature on a checkpoint in.
async fn cosign(world: &World, shown: &Shown, witness: &Signer) -> Result<(Vec<String>, Shown), EngineError> {
    let line = witness.sign(shown.note.text(), 1_700_000_000).to_string();
    world.book.add_cosignatures(shown.checkpoint.size, &line).await
}

#[tokio::test]
async fn every_record_is_proven_under_every_checkpoint() {
    let (log, witness) = keys();
    let world = trusted(holding(&[&log]), &log, &witness).await;
    let policy = Policy::parse(policy_text(&log, &[&witness]).as_bytes()).unwrap();
    let mut sizes = Vec::new();
    for i in 0..530 {
        world.post("maker", &format!("o{i}"), organization(&format!("A{i}"))).await;
        if [0, 1, 2, 100, 252, 253, 254, 300, 511, 529].contains(&i) {
            let shown = world.book.checkpoint(0, false).await.unwrap();
            let (names, cosigned) = cosign(&world, &shown, &witness).await.unwrap();
            assert_eq!((names, cosigned.cosigned), (vec!["w1".to_owned()], true));
            assert_eq!(policy.judge(&cosigned.note).unwrap().checkpoint, shown.checkpoint);
            for look in ["found", "kept"] {
                let proven = world.book.prove_inclusion(1, 0).await.unwrap();
                assert_eq!(proven.shown, cosigned, "{look}: the newest, as soon as it is cosigned");
            }
            sizes.push(shown.checkpoint.size);
        }
    }
    for size in &sizes {
        for sequence in (1..=*size).filter(|n| n % 7 == 0 || n % 256 < 2 || n + 2 > *size || *n < 4) {
            let proven = world.book.prove_inclusion(sequence, *size).await.unwrap();
            let checkpoint = &proven.shown.checkpoint;
            assert_eq!((checkpoint.size, record::decode(&proven.body).unwrap().sequence), (*size, sequence));
            let leaf = leaf_hash(&proven.body);
            verify_inclusion(&leaf, sequence - 1, *size, &proven.path, &checkpoint.root).unwrap();
        }
        for old in &sizes {
            let consistency = world.book.prove_consistency(*old, *size).await;
            if old > size {
                assert!(matches!(consistency, Err(EngineError::Malformed(_))));
                continue;
            }
            let old_root = world.book.checkpoint(*old, true).await.unwrap().checkpoint.root;
            let consistency = consistency.unwrap();
            verify_consistency(*old, *size, &consistency.proof, &old_root, &consistency.shown.checkpoint.root).unwrap();
        }
    }
    // Without a size: under the newest that meets the quorum, or one signed now.
    assert_eq!(world.book.prove_inclusion(3, 0).await.unwrap().shown.checkpoint.size, *sizes.last().unwrap());
    let last = world.post("maker", "last", organization("LAST")).await;
    let proven = world.book.prove_inclusion(last, 0).await.unwrap();
    assert_eq!((proven.shown.checkpoint.size, proven.shown.cosigned), (last, false));
    assert_eq!(world.book.prove_inclusion(3, 0).await.unwrap().shown.checkpoint.size, *sizes.last().unwrap());
    for (sequence, size) in [(0, 0), (last + 1, 0), (5, 4)] {
        assert!(matches!(world.book.prove_inclusion(sequence, size).await, Err(EngineError::Malformed(_))));
    }
    assert!(matches!(world.book.prove_inclusion(1, 40).await, Err(EngineError::NoCheckpoint)), "nobody signed 40");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_size_is_signed_once_however_many_ask() {
    let (log, witness) = keys();
    let world = trusted(holding(&[&log]), &log, &witness).await;
    let asked: Vec<_> = (0..20)
        .map(|_| {
            let book = Arc::clone(&world.book);
            tokio::spawn(async move { book.checkpoint(0, false).await.unwrap() })
        })
        .collect();
    let mut shown = Vec::new();
    for asked in asked {
        shown.push(asked.await.unwrap());
    }
    assert!(shown.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(world.book.checkpoint(shown[0].checkpoint.size, false).await.unwrap(), shown[0]);
}

#[tokio::test]
async fn nothing_is_signed_without_policy_and_key() {
    let (log, witness) = keys();
    let world = World::new(holding(&[&log])).await;
    assert!(matches!(world.book.checkpoint(0, false).await, Err(EngineError::NoLogPolicy)));
    let other = log_key(ORIGIN, 9);
    let world = trusted(holding(&[&other]), &log, &witness).await;
    assert!(matches!(world.book.checkpoint(0, false).await, Err(EngineError::NoLogKey)));
    let world = trusted(holding(&[&other, &log]), &log, &witness).await;
    assert!(world.book.checkpoint(0, false).await.is_ok());
    assert!(matches!(world.book.checkpoint(0, true).await, Err(EngineError::NoCheckpoint)));
}

#[tokio::test]
async fn a_rotated_key_signs_what_comes_after() {
    let (log, witness) = keys();
    let next = log_key(ORIGIN, 3);
    let world = trusted(holding(&[&log, &next]), &log, &witness).await;
    let before = world.book.checkpoint(0, false).await.unwrap();
    let (old, new) = (policy_text(&log, &[&witness]), policy_text(&next, &[&witness]));
    let rotation = log_policy(BOOK, &new, Some(&old), &[&log, &next, &witness]);
    world.post("chief", "rotation", rotation).await;
    let after = world.book.checkpoint(0, false).await.unwrap();
    let (old, new) = (Policy::parse(old.as_bytes()).unwrap(), Policy::parse(new.as_bytes()).unwrap());
    assert!(old.signed_by_log(&before.note).is_ok() && new.signed_by_log(&before.note).is_err());
    assert!(new.signed_by_log(&after.note).is_ok() && old.signed_by_log(&after.note).is_err());
    let proven = world.book.prove_consistency(before.checkpoint.size, after.checkpoint.size).await.unwrap();
    let (from, to) = (&before.checkpoint, &after.checkpoint);
    verify_consistency(from.size, to.size, &proven.proof, &from.root, &to.root).unwrap();
}

#[tokio::test]
async fn only_cosignatures_that_verify_are_kept() {
    let (log, witness) = keys();
    let world = trusted(holding(&[&log]), &log, &witness).await;
    let shown = world.book.checkpoint(0, false).await.unwrap();
    let size = shown.checkpoint.size;
    let stranger = witness_key("x.example.org", 8);
    let unknown = stranger.sign(shown.note.text(), 5).to_string();
    let mut false_one = witness.sign(shown.note.text(), 5);
    false_one.bytes[30] ^= 1;
    for (case, lines) in [
        ("nobody known", unknown.clone()),
        ("a false one", false_one.to_string()),
        ("on another text", witness.sign("x\n", 5).to_string()),
        ("no line", "hello\n".into()),
        ("nothing", String::new()),
    ] {
        let added = world.book.add_cosignatures(size, &lines).await;
        assert!(matches!(added, Err(EngineError::Malformed(_))), "{case}: {added:?}");
    }
    assert!(matches!(world.book.add_cosignatures(size - 1, &unknown).await, Err(EngineError::NoCheckpoint)));
    let both = unknown + &witness.sign(shown.note.text(), 5).to_string();
    let (names, cosigned) = world.book.add_cosignatures(size, &both).await.unwrap();
    assert_eq!((names, cosigned.note.signatures().len()), (vec!["w1".to_owned()], 2), "the stranger is passed over");
}

#[tokio::test]
async fn leaf_hashes_that_do_not_lead_to_the_root_prove_nothing() {
    let (log, witness) = keys();
    let world = trusted(holding(&[&log]), &log, &witness).await;
    world.book.checkpoint(0, false).await.unwrap();
    world.store.spoil_leaves.store(true, SeqCst);
    let proven = world.book.prove_inclusion(1, 0).await;
    assert!(matches!(proven, Err(EngineError::Store(_))), "{proven:?}");
    world.store.spoil_leaves.store(false, SeqCst);
    assert!(world.book.prove_inclusion(1, 0).await.is_ok(), "nothing of it was kept");
}

#[tokio::test]
async fn a_growing_book_is_signed_of_its_own_accord() {
    let (log, witness) = keys();
    let every = std::time::Duration::from_millis(20);
    let world = trusted(Options { checkpoint_every: every, ..holding(&[&log]) }, &log, &witness).await;
    let last = world.post("maker", "o", organization("A")).await;
    for _ in 0..200 {
        if world.book.checkpoint(last, false).await.is_ok() {
            return;
        }
        tokio::time::sleep(every).await;
    }
    panic!("nobody signed");
}
