//! What becomes of a commit: answered after it, undone when it did not happen, found out when nobody knows, stopped when the log is not
//! what this process left.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use engine::store::{Head, Store};
use engine::{Answer, EngineError, StopReason};
use testkit::memory::Fault;
use tokio::time::{sleep, timeout};

use super::world::{BOOK, World, ask, options, organization, verdicts};

const A_WHILE: Duration = Duration::from_millis(60);

#[tokio::test]
async fn an_answer_comes_after_commit_and_reads_see_only_what_is_committed() {
    let world = World::new(options()).await;
    let before = world.book.head().unwrap();
    world.store.appends.hold();
    let answer = world.send("maker", "r1", organization("A"));
    tokio::pin!(answer);
    assert!(timeout(A_WHILE, &mut answer).await.is_err(), "answered before commit");
    assert_eq!(world.book.head().unwrap(), before);
    assert!(world.book.read(|state| state.organizations.no("A")).unwrap().is_none());
    world.store.appends.release();
    let receipt = answer.await.unwrap().receipt;
    let head = world.book.head().unwrap();
    assert_eq!((receipt.first, receipt.last), (before.sequence + 1, head.sequence));
    assert!(world.book.read(|state| state.organizations.no("A")).unwrap().is_some());
}

#[tokio::test]
async fn a_batch_that_was_not_committed_leaves_no_trace() {
    let (world, control) = (World::new(options()).await, World::new(options()).await);
    world.store.memory.fail_appends(BOOK, [Fault::NotCommitted, Fault::UnknownLost]);
    for fault in ["not committed", "unknown and lost"] {
        let answer = world.send("maker", "r1", organization("A")).await;
        assert!(matches!(answer, Err(EngineError::Store(_))), "{fault}: {answer:?}");
        assert_eq!(world.root(), control.root(), "{fault}");
    }
    let answer = world.send("maker", "r1", organization("A")).await.unwrap();
    assert!(!answer.replayed);
    control.post("maker", "r1", organization("A")).await;
    assert_eq!(world.root(), control.root());
    assert_eq!(world.state_digest(), control.state_digest());
}

/// Hands two commands in, the second while the first is on its way with this fault.
async fn ahead(world: &World, fault: Option<Fault>) -> Vec<Result<Answer, EngineError>> {
    world.store.memory.fail_appends(BOOK, fault);
    world.store.appends.hold();
    let mut both = world.book.submit_many(vec![ask("maker", "r1", organization("A"))], None).await;
    world.store.appends.somebody_waits().await;
    both.extend(world.book.submit_many(vec![ask("maker", "r2", organization("B"))], None).await);
    while world.book.health().queued > 0 {
        sleep(Duration::from_millis(1)).await;
    }
    world.store.appends.release();
    verdicts(both).await
}

#[tokio::test]
async fn what_is_decided_ahead_of_a_commit_shares_its_fate() {
    let faults = [None, Some(Fault::UnknownCommitted), Some(Fault::NotCommitted), Some(Fault::UnknownLost)];
    for fault in faults {
        let (world, control) = (World::new(options()).await, World::new(options()).await);
        let committed = matches!(fault, None | Some(Fault::UnknownCommitted));
        let name = format!("{fault:?}");
        for verdict in ahead(&world, fault).await {
            assert!(
                if committed { verdict.is_ok() } else { matches!(verdict, Err(EngineError::Store(_))) },
                "{name}: {verdict:?}"
            );
        }
        if !committed {
            assert_eq!(world.root(), control.root(), "{name}");
        }
        for (request, code) in [("r1", "A"), ("r2", "B")] {
            let answer = world.send("maker", request, organization(code)).await.unwrap();
            assert_eq!(answer.replayed, committed, "{name}");
            control.post("maker", request, organization(code)).await;
        }
        assert_eq!((world.root(), world.state_digest()), (control.root(), control.state_digest()), "{name}");
    }
}

#[tokio::test]
async fn what_is_on_its_way_is_known_to_what_is_decided_ahead_of_it() {
    let world = World::new(options()).await;
    world.store.appends.hold();
    let first = world.book.submit_many(vec![ask("maker", "r1", organization("A"))], None).await;
    world.store.appends.somebody_waits().await;
    let others = vec![
        ask("maker", "r1", organization("A")),
        ask("maker", "r1", organization("B")),
        ask("maker", "r2", organization("A")),
    ];
    let others = world.book.submit_many(others, None).await;
    world.store.appends.release();
    let first = verdicts(first).await.remove(0).unwrap();
    let others = verdicts(others).await;
    assert!(others[0].as_ref().is_ok_and(|again| again.replayed && again.receipt == first.receipt), "{:?}", others[0]);
    assert!(matches!(others[1], Err(EngineError::KeyReused)), "{:?}", others[1]);
    let twice = others[2].as_ref().err();
    assert!(matches!(twice, Some(EngineError::Malformed(_))), "{twice:?}");
    assert_eq!(world.book.head().unwrap().sequence, first.receipt.last);
}

#[tokio::test]
async fn an_unknown_outcome_that_was_committed_is_answered_as_such() {
    let world = World::new(options()).await;
    let epoch = world.book.head().unwrap().epoch;
    world.store.memory.fail_appends(BOOK, [Fault::UnknownCommitted]);
    let first = world.send("maker", "r1", organization("A")).await.unwrap();
    assert!(!first.replayed);
    assert_eq!(world.book.head().unwrap().epoch, epoch + 1, "fenced against the old transaction");
    let again = world.send("maker", "r1", organization("A")).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.receipt, first.receipt);
    world.post("maker", "r2", organization("B")).await;
}

#[tokio::test]
async fn while_an_outcome_is_unknown_nothing_is_decided_and_nobody_hears() {
    let world = World::new(options()).await;
    world.store.memory.fail_appends(BOOK, [Fault::UnknownCommitted]);
    world.store.failing_fences.store(usize::MAX, SeqCst);
    let (first, second) = (world.send("maker", "r1", organization("A")), world.send("maker", "r2", organization("B")));
    tokio::pin!(first, second);
    tokio::select! {
        _ = &mut first => panic!("answered while unknown"),
        _ = &mut second => panic!("decided while unknown"),
        () = sleep(A_WHILE) => {}
    }
    assert!(world.book.health().parked && !world.book.health().is_serving());
    world.store.failing_fences.store(0, SeqCst);
    assert!(first.await.is_ok() && second.await.is_ok());
    assert!(world.book.health().is_serving());
}

/// What a fence finds after an unknown outcome, and why the book stops.
async fn stops(find: impl FnOnce(&Head) -> Head, reason: impl FnOnce(&Head) -> StopReason) {
    let world = World::new(options()).await;
    world.post("maker", "r0", organization("O")).await;
    let head = world.book.head().unwrap();
    *world.store.fence_finds.lock().unwrap() = Some(find(&head));
    world.store.memory.fail_appends(BOOK, [Fault::UnknownLost]);
    let expected = reason(&head);
    match world.send("maker", "r1", organization("A")).await {
        Err(EngineError::Stopped { reason }) => assert_eq!(reason, expected),
        other => panic!("{other:?}"),
    }
    let fatal = timeout(Duration::from_secs(2), world.engine.wait_fatal()).await.expect("fatal");
    assert_eq!(fatal.reason, expected);
    let later = world.send("maker", "r2", organization("B")).await;
    assert!(matches!(later, Err(EngineError::Stopped { .. })), "{later:?}");
    let read = world.book.read(|state| state.sequence);
    assert!(matches!(read, Err(EngineError::Stopped { .. })), "a stopped book vouches for nothing: {read:?}");
}

#[tokio::test]
async fn a_log_below_what_was_acknowledged_stops_the_book() {
    stops(
        |head| Head { sequence: head.sequence - 1, ..head.clone() },
        |head| StopReason::RolledBack { acknowledged: head.sequence, found: head.sequence - 1 },
    )
    .await;
}

#[tokio::test]
async fn another_root_at_what_was_acknowledged_stops_the_book() {
    stops(
        |head| Head { root: [9; 32], ..head.clone() },
        |head| StopReason::RolledBack { acknowledged: head.sequence, found: head.sequence },
    )
    .await;
}

#[tokio::test]
async fn records_of_another_writer_stop_the_book() {
    stops(
        |head| Head { sequence: head.sequence + 9, ..head.clone() },
        |head| StopReason::HeadMoved { expected: head.sequence, found: head.sequence + 9 },
    )
    .await;
}

#[tokio::test]
async fn a_newer_writer_fences_the_older() {
    let old = World::new(options()).await;
    let new = old.reopen(options()).await.unwrap();
    let answer = old.send("maker", "r1", organization("A")).await;
    assert!(matches!(answer, Err(EngineError::Stopped { reason: StopReason::Fenced { .. } })), "{answer:?}");
    new.post("maker", "r1", organization("A")).await;
}

#[tokio::test]
async fn a_writer_that_was_overtaken_while_it_did_not_know_does_not_take_the_book_back() {
    let world = World::new(options()).await;
    world.store.memory.fail_appends(BOOK, [Fault::UnknownLost]);
    world.store.appends.hold();
    let answer = world.book.submit_many(vec![ask("maker", "r1", organization("A"))], None).await;
    world.store.appends.somebody_waits().await;
    let overtaken = world.store.memory.fence(BOOK).await.unwrap();
    world.store.appends.release();
    match verdicts(answer).await.remove(0) {
        Err(EngineError::Stopped { reason: StopReason::Fenced { epoch } }) => assert!(epoch > overtaken.epoch),
        other => panic!("{other:?}"),
    }
}
