//! Starting again: replay, snapshots, digests, damage, views that come back.

use std::sync::atomic::Ordering::SeqCst;

use engine::store::{LogRow, Snapshot, Store, StoreError, VoucherQuery};
use engine::{EngineError, Options};
use record::{Event, Sequence};
use testkit::memory::Fault;

use super::staged::Staged;
use super::world::{BOOK, World, caller, close, create, options, organization};

/// A book with some vouchers and a refusal, stopped in good order.
async fn a_used_book(options: Options) -> World {
    let world = World::new(options).await;
    world.with_bank().await;
    for (name, fen) in [("q1", 100), ("q2", 200), ("q3", 300)] {
        world.interest(name, fen).await;
    }
    for i in 0..20 {
        world.post("maker", &format!("o{i}"), organization(&format!("A{i}"))).await;
    }
    world.engine.shutdown().await;
    world
}

/// Place of the actor's key id in a body: it takes part in no check but the leaf hash.
const KEY_ID: usize = 22;

type Damage = (&'static str, fn(&mut LogRow));

async fn event_at(store: &Staged, sequence: Sequence) -> Event {
    let body = store.memory.records(BOOK, &[sequence]).await.unwrap().remove(0).unwrap();
    record::decode(&body).unwrap().event
}

#[tokio::test]
async fn replay_gives_the_same_state_and_root() {
    let old = a_used_book(options()).await;
    let new = old.reopen(options()).await.unwrap();
    assert_eq!(new.state_digest(), old.state_digest());
    assert_eq!(new.root(), old.root());
    assert_eq!(new.store.log_read_from.load(SeqCst), 1);
    assert!(new.send("maker", "o7", organization("A7")).await.unwrap().replayed);
    new.post("maker", "o20", organization("A20")).await;
}

#[tokio::test]
async fn a_confirmed_snapshot_shortens_the_replay() {
    let digests = || Options { records_per_totals: 10, ..options() };
    let old = a_used_book(digests()).await;
    let snapshot = old.store.snapshot(BOOK).await.unwrap().expect("a snapshot was saved");
    let new = old.reopen(digests()).await.unwrap();
    assert_eq!(new.store.log_read_from.load(SeqCst) as u64, snapshot.at + 1);
    assert_eq!(new.state_digest(), old.state_digest());
    assert_eq!(new.root(), old.root());
    let whole = old.reopen(digests()).await.unwrap();
    assert!(whole.send("maker", "o7", organization("A7")).await.unwrap().replayed, "the filter came with the snapshot");
}

#[tokio::test]
async fn a_snapshot_that_nothing_confirms_is_not_used() {
    let digests = || Options { records_per_totals: 10, ..options() };
    let flip = |bytes: &[u8], place: usize| {
        let mut bytes = bytes.to_vec();
        bytes[place] ^= 1;
        std::sync::Arc::new(bytes)
    };
    for part in ["edge", "state", "filter"] {
        let old = a_used_book(digests()).await;
        let good = old.store.snapshot(BOOK).await.unwrap().unwrap();
        let bad = if part == "filter" {
            let mut filter = good.filter.clone();
            filter.add(&[7; 16]);
            Snapshot { filter, ..good.clone() }
        } else {
            Snapshot { state: flip(&good.state, if part == "edge" { 3 } else { good.state.len() - 9 }), ..good.clone() }
        };
        old.store.save_snapshot(BOOK, &bad).await.unwrap();
        let new = old.reopen(digests()).await.unwrap();
        assert_eq!(new.store.log_read_from.load(SeqCst), 1, "{part}: the whole log was read");
        assert_eq!(new.state_digest(), old.state_digest(), "{part}");
        assert_eq!(new.root(), old.root(), "{part}");
    }
}

#[tokio::test]
async fn a_digest_stands_right_after_a_close_and_after_so_many_records() {
    let world = World::new(options()).await;
    let closed = world.post("chief", "c4", close(4)).await;
    world.post("maker", "r1", organization("A")).await;
    let Event::StateDigest { at, .. } = event_at(&world.store, closed + 1).await else { panic!("no digest") };
    assert_eq!(at, closed);
    let Event::Totals { at, entries, .. } = event_at(&world.store, closed + 2).await else { panic!("no totals") };
    assert_eq!((at, entries), (closed, 0));
    assert!(matches!(event_at(&world.store, closed + 3).await, Event::OrganizationRegistered { .. }));
}

#[tokio::test]
async fn a_digest_that_is_due_is_appended_before_anything_else() {
    let old = a_used_book(options()).await;
    let head = old.book.head().unwrap().sequence;
    let new = old.reopen(Options { records_per_totals: 10, ..options() }).await.unwrap();
    let posted = new.post("maker", "o20", organization("A20")).await;
    assert_eq!(posted, head + 3);
    assert!(matches!(event_at(&new.store, head + 1).await, Event::StateDigest { at, .. } if at == head));
}

#[tokio::test]
async fn a_damaged_log_is_not_served() {
    let damages: [Damage; 5] = [
        ("body", |row| row.bodies[0][KEY_ID] ^= 1),
        ("body and leaf", |row| {
            row.bodies[0][KEY_ID] ^= 1;
            row.leaves[0] = record::hash::leaf_hash(&row.bodies[0]);
        }),
        ("leaf", |row| row.leaves[0][0] ^= 1),
        ("root", |row| row.root[0] ^= 1),
        ("epoch", |row| row.epoch = 99),
    ];
    let old = a_used_book(options()).await;
    for (part, damage) in damages {
        let store = old.store.reopened();
        *store.tamper.lock().unwrap() = Some(damage);
        match engine::Engine::open(std::sync::Arc::new(store), options()).await {
            Err(EngineError::Store(error)) => assert!(matches!(*error, StoreError::Corrupt(_)), "{part}: {error}"),
            Err(other) => panic!("{part}: {other:?}"),
            Ok(_) => panic!("{part}: opened"),
        }
    }
    assert!(old.reopen(options()).await.is_ok());
}

#[tokio::test]
async fn emptied_views_come_back_also_when_the_backlog_is_over_its_bound() {
    for backlog_records in [5, 1_000_000] {
        let old = a_used_book(options()).await;
        let head = old.book.head().unwrap().sequence;
        let all = VoucherQuery { up_to: head, limit: 100, ..VoucherQuery::default() };
        let before = old.store.vouchers(BOOK, &all).await.unwrap();
        assert_eq!(before.len(), 3);
        old.store.clear_views(BOOK).await.unwrap();
        let new = old.reopen(Options { backlog_records, ..options() }).await.unwrap();
        assert!(
            new.send("maker", "o7", organization("A7")).await.unwrap().replayed,
            "facts that the views lack are in the tail"
        );
        new.caught_up().await;
        assert_eq!(new.store.vouchers(BOOK, &all).await.unwrap(), before);
    }
}

#[tokio::test]
async fn views_emptied_under_a_running_book_come_back_and_no_key_is_used_twice_meanwhile() {
    let world = World::new(options()).await;
    for i in 0..5 {
        world.post("maker", &format!("o{i}"), organization(&format!("A{i}"))).await;
    }
    world.caught_up().await;
    world.post("maker", "o5", organization("A5")).await;
    world.caught_up().await;
    world.store.projections.hold();
    world.store.clear_views(BOOK).await.unwrap();
    let blind = world.send("maker", "o2", organization("A2")).await;
    assert!(matches!(blind, Err(EngineError::Store(_))), "neither views nor tail know: {blind:?}");
    // The next record shows the projector that its views are gone.
    world.post("maker", "o6", organization("A6")).await;
    world.store.projections.release();
    tokio::time::timeout(std::time::Duration::from_secs(2), async {
        while world.book.health().reached < world.book.head().unwrap().sequence || world.book.health().views_failing {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("the views come back");
    assert!(world.send("maker", "o2", organization("A2")).await.unwrap().replayed);
}

#[tokio::test]
async fn views_beyond_the_log_tell_of_a_log_that_was_rolled_back() {
    let old = a_used_book(options()).await;
    let head = old.book.head().unwrap().sequence;
    old.store.project(BOOK, head, head + 1, &ledger::rows::ViewRows::default()).await.unwrap();
    match old.reopen(options()).await {
        Err(EngineError::Store(error)) => assert!(error.to_string().contains("rolled back"), "{error}"),
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("opened"),
    }
}

#[tokio::test]
async fn a_book_whose_opening_was_cut_short_is_opened_again() {
    let store = std::sync::Arc::new(Staged::default());
    let engine = engine::Engine::open(std::sync::Arc::clone(&store), options()).await.unwrap();
    store.memory.create_book(&engine::store::BookEntry { book: BOOK.into(), created_at: 0 }).await.unwrap();
    store.memory.fail_appends(BOOK, [Fault::NotCommitted]);
    let open = || engine.create_book(caller("root"), "open".into(), create());
    assert!(matches!(open().await, Err(EngineError::Store(_))));
    assert!(engine.book(BOOK).is_none() && engine.books().is_empty());
    let next = engine::Engine::open(std::sync::Arc::new(store.reopened()), options()).await.unwrap();
    assert!(next.books().is_empty(), "a book without records is no book yet");
    let answer = open().await.unwrap();
    assert_eq!((answer.receipt.first, answer.replayed), (1, false));
    assert_eq!(engine.books().len(), 1);
}

#[tokio::test]
async fn a_book_whose_opening_does_not_fit_a_record_is_not_opened() {
    let engine = engine::Engine::open(std::sync::Arc::new(Staged::default()), options()).await.unwrap();
    let mut large = create();
    let account = large.preset.accounts[0].clone();
    large
        .preset
        .accounts
        .extend((0..4_000).map(|i| record::preset::AccountDef { code: format!("X{i}"), ..account.clone() }));
    let answer = engine.create_book(caller("root"), "open".into(), large).await;
    assert!(matches!(answer, Err(EngineError::Unrecordable)), "{answer:?}");
    assert!(engine.books().is_empty());
    assert!(engine.create_book(caller("root"), "open".into(), create()).await.is_ok());
}
