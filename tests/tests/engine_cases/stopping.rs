//! Going down, in good order and not: nothing acknowledged is lost, and nobody overlooks a stop.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use engine::store::LogRow;
use engine::{EngineError, Options, StopReason};
use record::hash::leaf_hash;
use testkit::memory::Fault;
use tokio::time::timeout;

use super::world::{BOOK, World, ask, options, organization, verdicts};

async fn panics(task: &'static str) {
    let world = World::new(options()).await;
    world.caught_up().await;
    let switch = if task == "writer" { &world.store.panic_at_append } else { &world.store.panic_at_projection };
    switch.store(true, SeqCst);
    let first = world.send("maker", "r1", organization("A")).await;
    let fatal = timeout(Duration::from_secs(2), world.engine.wait_fatal()).await.expect("fatal");
    assert_eq!((fatal.book.as_str(), &fatal.reason), (BOOK, &StopReason::Panicked(task)));
    if task == "writer" {
        assert!(matches!(first, Err(EngineError::Stopped { reason: StopReason::Panicked("writer") })), "{first:?}");
    }
    let later = world.send("maker", "r2", organization("B")).await;
    assert!(matches!(later, Err(EngineError::Stopped { reason: StopReason::Panicked(_) })), "{later:?}");
    assert!(!world.book.health().is_serving());
    assert!(world.book.read(|state| state.sequence).is_err());
    timeout(Duration::from_secs(2), world.engine.shutdown()).await.expect("a stopped book goes down too");
    // The next process finds what was acknowledged.
    let next = world.reopen(options()).await.unwrap();
    assert_eq!(next.send("maker", "r1", organization("A")).await.unwrap().replayed, first.is_ok());
}

#[tokio::test]
async fn a_panic_of_the_writer_stops_the_book() {
    panics("writer").await;
}

#[tokio::test]
async fn a_panic_of_the_projector_stops_the_book() {
    panics("projector").await;
}

/// What somebody does to a row of the log while its book runs.
type Damage = (&'static str, fn(&mut LogRow));

#[tokio::test]
async fn a_damaged_log_stops_the_running_book() {
    let damages: [Damage; 5] = [
        ("body", |row| row.bodies[0][9] ^= 1),
        // Rewritten so that the row agrees with itself: its root does not, nor would the head's.
        ("body and leaf", |row| {
            row.bodies[0][9] ^= 1;
            row.leaves[0] = leaf_hash(&row.bodies[0]);
        }),
        ("leaf", |row| row.leaves[0][0] ^= 1),
        ("root", |row| row.root[0] ^= 1),
        ("a record is missing", |row| {
            row.bodies.pop();
            row.leaves.pop();
        }),
    ];
    for (part, damage) in damages {
        let world = World::new(Options { recheck_rest: Duration::from_millis(10), ..options() }).await;
        world.post("maker", "r1", organization("A")).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(world.book.health().is_serving(), "{part}: what is whole does not stop the book");
        *world.store.tamper.lock().unwrap() = Some(damage);
        let fatal = timeout(Duration::from_secs(5), world.engine.wait_fatal()).await.expect(part);
        assert!(matches!(fatal.reason, StopReason::Damaged { .. }), "{part}: {}", fatal.reason);
        assert!(fatal.reason.to_string().starts_with("LED-012"), "{}", fatal.reason);
        let later = world.send("maker", "r2", organization("B")).await;
        assert!(matches!(later, Err(EngineError::Stopped { reason: StopReason::Damaged { .. } })), "{part}: {later:?}");
        timeout(Duration::from_secs(2), world.engine.shutdown()).await.expect("a stopped book goes down too");
    }
}

#[tokio::test]
async fn a_shutdown_finishes_what_waits_and_projects_it() {
    let world = World::new(options()).await;
    world.store.appends.hold();
    let asks = (0..40).map(|i| ask("maker", &format!("r{i}"), organization(&format!("A{i}")))).collect();
    let pending = world.book.submit_many(asks, None).await;
    world.store.appends.somebody_waits().await;
    let ((), ()) = tokio::join!(world.engine.shutdown(), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let refused = world.send("maker", "late", organization("LATE")).await;
        assert!(matches!(refused, Err(EngineError::Stopped { reason: StopReason::ShutDown })), "{refused:?}");
        world.store.appends.release();
    });
    assert!(verdicts(pending).await.iter().all(Result::is_ok));
    let health = world.book.health();
    assert_eq!((health.reached, health.stopped), (health.head, Some(StopReason::ShutDown)));
    assert!(timeout(Duration::from_millis(20), world.engine.wait_fatal()).await.is_err(), "a shutdown is not fatal");
    let create = world.engine.create_book(super::world::caller("root"), "o".into(), super::world::create()).await;
    assert!(matches!(create, Err(EngineError::Stopped { .. })), "{create:?}");
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_ever_for_an_unknown_outcome() {
    let world = World::new(options()).await;
    world.store.memory.fail_appends(BOOK, [Fault::UnknownCommitted]);
    world.store.failing_fences.store(usize::MAX, SeqCst);
    let (answer, down) = tokio::join!(world.send("maker", "r1", organization("A")), async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        timeout(Duration::from_secs(5), world.engine.shutdown()).await
    });
    down.expect("down in time");
    assert!(matches!(answer, Err(EngineError::Stopped { reason: StopReason::OutcomeUnknown })), "{answer:?}");
    let next = world.reopen(options()).await.unwrap();
    assert!(next.send("maker", "r1", organization("A")).await.unwrap().replayed, "it was committed");
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_ever_for_views_that_do_not_move() {
    let world = World::new(options()).await;
    world.caught_up().await;
    world.store.memory.fail_projections(BOOK, usize::MAX);
    world.post("maker", "r1", organization("A")).await;
    timeout(Duration::from_secs(5), world.engine.shutdown()).await.expect("down in time");
    let health = world.book.health();
    assert!(health.reached < health.head);
}
