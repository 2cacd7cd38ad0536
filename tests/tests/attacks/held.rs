//! Attacks that take more than one place: histories that part, copies of yesterday. Witnesses find them, the guard at a
//! server's start does, or an auditor who has the committee's policy.

use std::sync::{Arc, Mutex};

use earmark_tests::attacked::{Log, Look, Place, Signed, log_keys, policy};
use engine::{Asked, Engine, Known, LogKeys, Options, Remembered};
use ledger::state::LogPolicy;
use proof::{AddCheckpoint, Note, Policy, SignedCheckpoint, Signer, consistency_proof, root_of};
use record::{Digest, Sequence};
use verify::Trusted;
use witness::{Answer, Witness};

use super::{Attack, How, Who, World, codes, forged};

/// Which one.
#[derive(Clone, Copy)]
pub enum Case {
    /// Another history is shown to the witness, further than it cosigned.
    Forked,
    /// Another root of the very size that it cosigned.
    SameSize,
    /// Yesterday's log, as if the witness had seen no more.
    RolledBack,
    /// Yesterday's log, from the size that the witness did see.
    Shrunk,
    /// Two witnesses are shown one history each.
    TwoWitnesses,
    /// The witnesses are shown the true history, the auditor a forged one.
    WitnessAndAuditor,
    /// Yesterday's copy is put back under a server with its memory.
    Yesterday,
    /// It went on from yesterday's copy without its memory, past what was signed.
    WentOn,
}

pub fn attacks() -> Vec<Attack> {
    let held = |name, case, who, code| Attack { name, how: How::Held(case), who, code };
    vec![
        held("another history is shown to the witness", Case::Forked, Who::Witness, "422"),
        held("another root of a size that it cosigned is shown to the witness", Case::SameSize, Who::Witness, "422"),
        held("yesterday's log is shown to the witness", Case::RolledBack, Who::Witness, "409"),
        held("a log that shrank is shown to the witness", Case::Shrunk, Who::Witness, "400"),
        held("two histories are shown to two witnesses", Case::TwoWitnesses, Who::Policy, "VER-034"),
        held("witnesses and auditor are shown two histories", Case::WitnessAndAuditor, Who::Policy, "VER-034"),
        held("yesterday's copy is put back", Case::Yesterday, Who::Guard, "ROLLED_BACK"),
        held("yesterday's copy is put back and written on", Case::WentOn, Who::Guard, "FORKED"),
    ]
}

impl Case {
    pub async fn codes(self, world: &World) -> Result<Vec<String>, String> {
        let honest = &world.short;
        let (first, last) = (honest.heads[0].size, honest.heads[1].size);
        // A refusal is dropped early on, and all after it made to fit; signed by the log, whose key was stolen.
        let forge = forged::without_a_refusal(honest);
        let asked = |log: &Log, old: Sequence, size: Sequence| Ok(vec![asked_after(honest, log, old, size)]);
        match self {
            Case::Forked => asked(&forge, first, last - 1),
            Case::SameSize => asked(&forge, first, first),
            Case::RolledBack => asked(honest, first - 5, first - 5),
            Case::Shrunk => asked(honest, first, first - 5),
            Case::TwoWitnesses => two_witnesses(world, honest, &forge).await,
            Case::WitnessAndAuditor => under_policy(world, &forge).await,
            Case::Yesterday => guarded(world, honest, &yesterday(honest)).await,
            Case::WentOn => {
                let remembered = Log { heads: vec![honest.heads[0].clone()], ..honest.clone() };
                guarded(world, &remembered, &forge).await
            }
        }
    }
}

/// The log as it was before its last rows.
fn yesterday(honest: &Log) -> Log {
    let end = honest.heads[0].size;
    let (mut log, mut size) = (Log { rows: Vec::new(), ..honest.clone() }, 0);
    for row in honest.rows.iter().take_while(|row| row.last().is_some_and(|record| record.sequence <= end)) {
        size += row.len() as u64;
        log.rows.push(row.clone());
    }
    log.heads.retain(|head| head.size <= size);
    log
}

fn clock() -> u64 {
    1_700_000_100
}

fn trusted_policy() -> Policy {
    Policy::parse(policy().as_bytes()).expect("a policy")
}

/// A request to cosign the head of a size, with the proof from another size.
fn request(log: &Log, old: Sequence, size: Sequence, key: &Signer) -> AddCheckpoint {
    let leaves: Vec<Digest> = log.leaves().into_iter().take(size as usize).collect();
    let proof = consistency_proof(&leaves, old, size).unwrap_or_default();
    let head = Signed::new(key, size, root_of(&leaves), &[]);
    AddCheckpoint { old, proof, checkpoint: Note::parse(&head.note).expect("a note") }
}

/// The status that a witness answers which cosigned the honest log's first head before.
fn asked_after(honest: &Log, log: &Log, old: Sequence, size: Sequence) -> String {
    let (key, [one, _]) = log_keys();
    let folder = tempfile::tempdir().expect("a folder");
    let witness = Witness::begin(&folder.path().join("state"), one, trusted_policy(), clock).expect("a witness");
    let first = honest.heads[0].size;
    let cosigned = witness.add_checkpoint(&request(honest, 0, first, &key).to_string());
    assert!(matches!(cosigned, Answer::Cosigned(_)), "{cosigned:?}");
    // The true history goes on being cosigned.
    witness.add_checkpoint(&request(log, old, size, &key).to_string()).status().to_string()
}

/// Each of two witnesses cosigns another history; the auditor is shown the one that the second has cosigned.
async fn two_witnesses(world: &World, honest: &Log, forge: &Log) -> Result<Vec<String>, String> {
    let (key, [one, two]) = log_keys();
    let mut shown = forge.clone();
    for (log, signer) in [(honest, one), (forge, two)] {
        let folder = tempfile::tempdir().expect("a folder");
        let name = (signer.verifier().name().to_owned(), signer.verifier().id());
        let witness = Witness::begin(&folder.path().join("state"), signer, trusted_policy(), clock).expect("a witness");
        let size = log.rows.concat().len() as u64;
        let Answer::Cosigned(line) = witness.add_checkpoint(&request(log, 0, size, &key).to_string()) else {
            return Err("a witness that has seen nothing cosigns".into());
        };
        let root = root_of(&log.leaves());
        let mut head = Signed::new(&key, size, root, &[]);
        head.cosignatures.push((name.0, name.1, line));
        shown.heads = vec![head];
    }
    under_policy(world, &shown).await
}

/// What the auditor finds under the committee's policy.
async fn under_policy(world: &World, log: &Log) -> Result<Vec<String>, String> {
    let place = Place::written(world.kind, log).await;
    let trusted = Trusted { policy: Some(trusted_policy()), ..Trusted::default() };
    place.verified(trusted, Look::ALL).await.map(|report| codes(&report)).map_err(|error| error.to_string())
}

/// A memory outside the place.
struct Notebook(Mutex<Vec<SignedCheckpoint>>);

impl Remembered for Notebook {
    fn known<'a>(&'a self, _: &'a str, _: &'a LogPolicy) -> Asked<'a> {
        let known = self.0.lock().expect("no panic").clone();
        let known = known.into_iter().map(|checkpoint| Known { from: "memory".into(), checkpoint }).collect();
        Box::pin(async move { Ok(known) })
    }

    fn remember(&self, _: &str, checkpoint: &SignedCheckpoint) -> std::io::Result<()> {
        self.0.lock().expect("no panic").push(checkpoint.clone());
        Ok(())
    }
}

/// What a server says at its start over a log, whose memory holds the last head of another.
async fn guarded(world: &World, remembered: &Log, log: &Log) -> Result<Vec<String>, String> {
    let place = Place::written(world.kind, log).await;
    let head = remembered.heads.last().expect("a signed head");
    let known = SignedCheckpoint::parse(&head.whole()).map_err(|error| error.to_string())?;
    let mut keys = LogKeys::default();
    keys.add(&log.book, log_keys().0);
    let options = Options {
        remembered: Some(Arc::new(Notebook(Mutex::new(vec![known])))),
        log_keys: Arc::new(keys),
        ..Options::default()
    };
    let engine = Engine::open(Arc::new(place.store().await), options).await.map_err(|error| error.to_string())?;
    let book = engine.book(&log.book).ok_or("no book")?;
    let health = book.health();
    assert!(!health.is_serving(), "it takes no writes: {health:?}");
    engine.shutdown().await;
    let told = health.suspicion.map(|suspicion| suspicion.to_string()).unwrap_or_default();
    Ok(told.split(':').next().map(str::to_owned).into_iter().collect())
}
