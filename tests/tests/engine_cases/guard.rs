//! The guard at a book's start: what others hold of its log. An old copy that is whole in itself takes no writes, and reads; a recovery by
//! all parties lets it go on under another origin.

use std::io;
use std::sync::{Arc, Mutex};

use engine::store::StoreError;
use engine::{Asked, EngineError, Known, Options, Remembered};
use ledger::state::LogPolicy;
use proof::{Recovery, SignedCheckpoint, Signer};
use record::Command;
use testkit::build::{log_key, log_policy, policy_text, set_log_policy, witness_key};

use super::proofs::{ORIGIN, holding, trusted};
use super::world::{BOOK, World, organization};

/// A memory outside the store, and whether it answers.
#[derive(Default)]
struct Notebook {
    known: Mutex<Vec<SignedCheckpoint>>,
    torn: bool,
}

impl Remembered for Notebook {
    fn known<'a>(&'a self, _: &'a str, _: &'a LogPolicy) -> Asked<'a> {
        let known = self.known.lock().unwrap().clone();
        let known = known.into_iter().map(|checkpoint| Known { from: "notebook".into(), checkpoint }).collect();
        let torn = self.torn;
        Box::pin(async move { if torn { Err(StoreError::Unavailable("torn".into())) } else { Ok(known) } })
    }

    fn remember(&self, _: &str, checkpoint: &SignedCheckpoint) -> io::Result<()> {
        self.known.lock().unwrap().push(checkpoint.clone());
        Ok(())
    }
}

fn with(notebook: &Arc<Notebook>, keys: &[&Signer]) -> Options {
    let remembered: Arc<dyn Remembered> = Arc::<Notebook>::clone(notebook);
    Options { remembered: Some(remembered), ..holding(keys) }
}

/// Posts, and has the head remembered.
async fn post_and_sign(world: &World, name: &str) -> u64 {
    world.post("maker", name, organization(name)).await;
    world.book.checkpoint(0, false).await.unwrap().checkpoint.size
}

fn is_suspected(answer: &Result<impl std::fmt::Debug, EngineError>, differs: bool) -> bool {
    matches!(answer, Err(EngineError::Suspected(suspicion)) if suspicion.differs == differs)
}

#[tokio::test]
async fn what_everybody_remembers_opens_as_ever() {
    let (log, witness) = (log_key(ORIGIN, 1), witness_key("w", 2));
    let notebook = Arc::new(Notebook::default());
    let world = trusted(with(&notebook, &[&log]), &log, &witness).await;
    post_and_sign(&world, "A").await;
    world.engine.shutdown().await;
    let world = world.reopen(with(&notebook, &[&log])).await.unwrap();
    assert!(world.book.health().is_serving());
    post_and_sign(&world, "B").await;
}

#[tokio::test]
async fn an_old_copy_is_read_and_not_written_until_a_recovery_is_on_record() {
    let (log, witness) = (log_key(ORIGIN, 1), witness_key("w", 2));
    let next = log_key("example.org/gdftu-2", 3);
    let notebook = Arc::new(Notebook::default());
    let world = trusted(with(&notebook, &[&log, &next]), &log, &witness).await;
    let kept = post_and_sign(&world, "A").await;
    world.engine.shutdown().await;
    let old = world.store.memory.copied();
    let world = world.reopen(with(&notebook, &[&log, &next])).await.unwrap();
    let lost = post_and_sign(&world, "B").await;
    world.engine.shutdown().await;
    world.store.memory.put_back(&old);

    let world = world.reopen(with(&notebook, &[&log, &next])).await.unwrap();
    let health = world.book.health();
    assert!(!health.is_serving() && health.suspicion.is_some_and(|suspicion| suspicion.size == lost));
    assert!(is_suspected(&world.send("maker", "c", organization("C")).await, false));
    assert!(is_suspected(&world.book.checkpoint(0, false).await, false), "nothing is signed either");
    assert!(world.book.read(|state| state.organizations.no("A")).unwrap().is_some(), "it is read");
    let head = world.book.head().unwrap();
    assert_eq!(head.sequence, kept, "and the ledger wrote nothing of its own");

    let given_up = notebook.known.lock().unwrap().last().unwrap().checkpoint.clone();
    let recovery = Recovery { size: head.sequence, root: head.root, lost_size: lost, lost_root: given_up.root };
    let (before, after) = (policy_text(&log, &[&witness]), policy_text(&next, &[&witness]));
    let set = |recovery: Option<Recovery>, parties: &[&Signer]| {
        Command::SetLogPolicy(set_log_policy(BOOK, &after, Some(&before), recovery, parties))
    };
    let parties = [&next, &witness];
    let rotation = log_policy(BOOK, &policy_text(&log, &[&witness]), Some(&before), &[&log, &witness]);
    assert!(is_suspected(&world.send("chief", "r0", rotation).await, false), "a plain policy lifts nothing");
    let less = Recovery { lost_size: lost - 1, ..recovery.clone() };
    assert!(
        is_suspected(&world.send("chief", "r1", set(Some(less), &parties)).await, false),
        "it names less than is held"
    );
    let elsewhere = Recovery { root: [1; 32], ..recovery.clone() };
    let refused = world.send("chief", "r2", set(Some(elsewhere), &parties)).await;
    assert!(matches!(refused, Err(EngineError::Malformed(_))), "{refused:?}");
    let refused = world.send("chief", "r3", set(Some(recovery.clone()), &[&next])).await;
    assert!(matches!(refused, Err(EngineError::Malformed(_))), "without the committee: {refused:?}");
    world.post("chief", "r4", set(Some(recovery), &parties)).await;
    assert!(world.book.health().is_serving());
    let went_on = post_and_sign(&world, "C").await;
    assert_eq!(world.book.checkpoint(went_on, false).await.unwrap().checkpoint.origin, "example.org/gdftu-2");
    world.engine.shutdown().await;
    let world = world.reopen(with(&notebook, &[&next])).await.unwrap();
    assert!(world.book.health().is_serving(), "what was given up is held against it no more");
}

#[tokio::test]
async fn another_history_is_told_from_a_shorter_one() {
    let (log, witness) = (log_key(ORIGIN, 1), witness_key("w", 2));
    let notebook = Arc::new(Notebook::default());
    let world = trusted(with(&notebook, &[&log]), &log, &witness).await;
    world.engine.shutdown().await;
    let old = world.store.memory.copied();
    let world = world.reopen(with(&notebook, &[&log])).await.unwrap();
    post_and_sign(&world, "A").await;
    world.engine.shutdown().await;
    world.store.memory.put_back(&old);
    // Whoever put the old copy back goes on without a memory, past what was signed.
    let forked = world.reopen(holding(&[&log])).await.unwrap();
    for name in ["X", "Y", "Z"] {
        forked.post("maker", name, organization(name)).await;
    }
    forked.engine.shutdown().await;
    let world = forked.reopen(with(&notebook, &[&log])).await.unwrap();
    assert!(is_suspected(&world.send("maker", "b", organization("B")).await, true));
}

#[tokio::test]
async fn a_memory_that_cannot_be_read_opens_nothing() {
    let (log, witness) = (log_key(ORIGIN, 1), witness_key("w", 2));
    let world = trusted(holding(&[&log]), &log, &witness).await;
    world.engine.shutdown().await;
    let torn = Arc::new(Notebook { torn: true, ..Notebook::default() });
    assert!(matches!(world.reopen(with(&torn, &[&log])).await, Err(EngineError::Store(_))));
}
