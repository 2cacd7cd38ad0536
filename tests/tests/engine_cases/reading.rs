//! Reading: what was written is read, older data only where asked for, and views that do not move say so at once.

use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use engine::{EngineError, Options};

use super::world::{BOOK, World, ask, options, organization, slip};

#[tokio::test]
async fn a_read_waits_for_the_head_found_on_arrival_and_names_what_it_got() {
    let world = World::new(options()).await;
    world.caught_up().await;
    world.store.projections.hold();
    let shown = world.book.health().reached;
    let posted = world.post("maker", "r1", organization("A")).await;
    assert_eq!(posted, shown + 1);
    let behind = world.book.views_at(None, false, None).await;
    assert!(matches!(behind, Err(EngineError::ViewsBehind { reached }) if reached == shown), "{behind:?}");
    assert_eq!(world.book.views_at(None, true, None).await.unwrap(), shown, "older data, where asked for");
    assert_eq!(world.book.views_at(Some(shown), false, None).await.unwrap(), shown, "old enough a question");
    let soon = tokio::time::Instant::now() + Duration::from_millis(20);
    let started = Instant::now();
    assert!(world.book.views_at(Some(posted), false, Some(soon)).await.is_err());
    assert!(started.elapsed() < Duration::from_millis(150), "no longer than the deadline");
    world.store.projections.release();
    assert_eq!(world.book.views_at(Some(posted), false, None).await.unwrap(), posted);
}

#[tokio::test]
async fn failing_views_are_told_at_once_and_posting_goes_on() {
    let world = World::new(Options { read_wait: Duration::from_secs(30), ..options() }).await;
    world.caught_up().await;
    world.store.memory.fail_projections(BOOK, 3);
    world.post("maker", "r1", organization("A")).await;
    let started = Instant::now();
    let behind = world.book.views_at(None, false, None).await;
    assert!(matches!(behind, Err(EngineError::ViewsBehind { .. })), "{behind:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(!world.book.health().is_serving());
    world.post("maker", "r2", organization("B")).await;
    let mut views = world.book.health();
    while !views.is_serving() || views.reached < views.head {
        tokio::time::sleep(Duration::from_millis(20)).await;
        views = world.book.health();
        assert!(started.elapsed() < Duration::from_secs(10), "{views:?}");
    }
}

#[tokio::test]
async fn posting_slows_down_when_the_views_are_too_far_behind() {
    let world = World::new(Options { backlog_records: 5, batch_commands: 1, ..options() }).await;
    world.caught_up().await;
    world.store.projections.hold();
    let mut posted = 0;
    let refused = loop {
        match world.send("maker", &format!("r{posted}"), organization(&format!("A{posted}"))).await {
            Ok(_) => posted += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, EngineError::Overloaded { .. }), "{refused:?}");
    assert_eq!(posted, 5);
    world.store.projections.release();
    world.post("maker", "r5", organization("A5")).await;
}

#[tokio::test]
async fn a_preview_says_what_would_happen_and_records_nothing() {
    let world = World::new(options()).await;
    let head = world.book.head().unwrap();
    let good = world.book.validate(&ask("maker", "", organization("A"))).await.unwrap();
    assert_eq!((good.hits.len(), good.judged_at), (0, head.sequence));
    let bad = world.book.validate(&ask("cashier", "", slip("S", record::kinds::Direction::In, 1))).await.unwrap();
    assert_eq!(bad.hits[0].rule, "SRC-010");
    let denied = world.book.validate(&ask("cashier", "", organization("A"))).await;
    assert!(matches!(denied, Err(EngineError::Denied)), "{denied:?}");
    // Not even a request of the preview's own name disturbs it.
    world.post("maker", "validate_only", organization("B")).await;
    assert!(world.book.validate(&ask("maker", "", organization("C"))).await.unwrap().hits.is_empty());
    assert_eq!(world.book.head().unwrap().sequence, head.sequence + 1);
    let create = super::world::create();
    let other = record::command::CreateBook { book: "OTHER".into(), ..create.clone() };
    assert!(world.engine.validate_book(super::world::caller("root"), other).unwrap().hits.is_empty());
    let exists = world.engine.validate_book(super::world::caller("root"), create);
    assert!(matches!(exists, Err(EngineError::BookExists)), "{exists:?}");
}

#[tokio::test]
async fn views_that_moved_although_their_answer_was_lost_go_on_from_there() {
    let world = World::new(options()).await;
    world.caught_up().await;
    world.store.lost_projection_answers.store(1, SeqCst);
    world.post("maker", "r1", organization("A")).await;
    let posted = world.post("maker", "r2", organization("B")).await;
    let started = Instant::now();
    while !world.book.health().is_serving() || world.book.health().reached < posted {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", world.book.health());
    }
}
