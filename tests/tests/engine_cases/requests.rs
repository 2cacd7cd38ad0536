//! Request ids and other keys: once, wherever the first one stands just now; what is dropped, late or too many.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use engine::{Answer, EngineError, Options, Pending};
use ledger::{Ask, Outcome};
use record::VoucherRef;
use record::kinds::Direction;
use tokio::time::{Instant, timeout};

use super::world::{World, approve, ask, caller, correct, create, options, organization, rules, slip, verdicts};

/// Sends asks so that the writer finds them waiting together.
async fn together(world: &World, asks: Vec<Ask>) -> Vec<Result<Answer, EngineError>> {
    world.store.appends.hold();
    let first = world.book.submit_many(vec![ask("maker", "together", organization("TOGETHER"))], None).await;
    world.store.appends.somebody_waits().await;
    let pending = world.book.submit_many(asks, None).await;
    world.store.appends.release();
    let mut answers = verdicts(first.into_iter().chain(pending)).await;
    answers.remove(0).unwrap();
    answers
}

#[tokio::test]
async fn the_same_request_gets_the_same_receipt_from_batch_tail_and_views() {
    let world = World::new(options()).await;
    world.store.projections.hold();
    let same = || ask("maker", "r1", organization("A"));
    let other = || ask("maker", "r1", organization("B"));
    let in_batch = together(&world, vec![same(), same(), other()]).await;
    let receipt = match &in_batch[..] {
        [Ok(first), Ok(second), Err(EngineError::KeyReused)] => {
            assert!(!first.replayed && second.replayed);
            assert_eq!(first.receipt, second.receipt);
            first.receipt.clone()
        }
        other => panic!("{other:?}"),
    };
    let reads = world.store.fact_reads.load(SeqCst);
    let head = world.book.head().unwrap();
    for place in ["tail", "views"] {
        if place == "views" {
            world.store.projections.release();
            world.caught_up().await;
            // The next publication trims the tail.
            world.post("maker", "r2", organization("C")).await;
        }
        let answer = world.book.submit(same()).await.unwrap();
        assert!(answer.replayed, "{place}");
        assert_eq!(answer.receipt, receipt, "{place}");
        assert!(matches!(world.book.submit(other()).await, Err(EngineError::KeyReused)), "{place}");
    }
    assert_eq!(world.store.fact_reads.load(SeqCst), reads + 2, "the tail was asked first, the views only then");
    assert_eq!(world.book.head().unwrap().sequence, head.sequence + 1, "replays record nothing");
}

#[tokio::test]
async fn new_keys_cost_no_query() {
    let world = World::new(options()).await;
    for i in 0..50 {
        world.post("maker", &format!("r{i}"), organization(&format!("A{i}"))).await;
    }
    assert_eq!(world.store.fact_reads.load(SeqCst), 0);
}

#[tokio::test]
async fn opening_a_book_again_gets_the_same_receipt() {
    let world = World::new(options()).await;
    let open = |id: &str, name: &str| {
        let create = record::command::CreateBook { name: name.into(), ..create() };
        world.engine.create_book(caller("root"), id.into(), create)
    };
    let name = create().name;
    let again = open("open", &name).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.receipt.first, 1);
    assert!(matches!(open("open", "另一账套").await, Err(EngineError::KeyReused)));
    assert!(matches!(open("open-2", &name).await, Err(EngineError::BookExists)));
}

#[tokio::test]
async fn a_slip_is_used_once_wherever_the_first_use_stands() {
    let world = World::new(options()).await;
    world.with_bank().await;
    // The same digest under another number.
    let copy = |n: usize| {
        let mut copy = slip("S", Direction::In, 100);
        if let record::Command::RegisterBankTransaction(slip) = &mut copy {
            slip.id = format!("S-{n}");
        }
        copy
    };
    world.store.projections.hold();
    let answers = together(&world, vec![ask("cashier", "s0", copy(0)), ask("cashier", "s1", copy(1))]).await;
    assert!(matches!(answers[0].as_ref().unwrap().receipt.outcome, Outcome::Posted(_)));
    assert_eq!(rules(answers[1].as_ref().unwrap()), ["LED-011"], "batch");
    assert_eq!(rules(&world.send("cashier", "s2", copy(2)).await.unwrap()), ["LED-011"], "tail");
    let preview = world.book.validate(&ask("cashier", "", copy(2))).await.unwrap();
    assert_eq!(preview.hits[0].rule, "LED-011", "tail, previewed");
    world.store.projections.release();
    world.caught_up().await;
    world.post("maker", "r2", organization("C")).await;
    let reads = world.store.fact_reads.load(SeqCst);
    assert_eq!(rules(&world.send("cashier", "s3", copy(3)).await.unwrap()), ["LED-011"], "views");
    assert!(world.store.fact_reads.load(SeqCst) > reads);
}

#[tokio::test]
async fn a_correction_finds_its_original_in_batch_tail_and_views() {
    for place in ["batch", "tail", "views"] {
        let world = World::new(options()).await;
        world.with_bank().await;
        world.post("cashier", "in.slip", slip("in", Direction::In, 700)).await;
        let submitted = world.send("maker", "in", super::world::income("in", 700)).await.unwrap().receipt.last;
        let voucher = VoucherRef { word: super::world::JI, cycle: 2018, number: 1 };
        let correction = ask("maker", "red", correct(voucher, "in", 700));
        if place != "views" {
            world.store.projections.hold();
        }
        let answer = if place == "batch" {
            let review = ask("reviewer", "in.review", approve(submitted));
            let head = world.book.head().unwrap().sequence;
            // The correction's own submission is approved in the same batch too, at the sequence that it will get: the command that
            // fills the first batch, the opened grant, the voucher and the review come before it.
            let red = ask("reviewer", "red.review", approve(head + 1 + 3 + 1));
            let mut answers = together(&world, vec![review, correction, red]).await;
            assert!(matches!(answers[2].as_ref().unwrap().receipt.outcome, Outcome::Posted(_)), "{:?}", answers[2]);
            answers.remove(1)
        } else {
            world.send("reviewer", "in.review", approve(submitted)).await.unwrap();
            if place == "views" {
                world.caught_up().await;
                world.post("maker", "r2", organization("C")).await;
            }
            world.book.submit(correction).await
        };
        let answer = answer.unwrap();
        assert!(matches!(answer.receipt.outcome, Outcome::Submitted(_)), "{place}: {answer:?}");
    }
}

#[tokio::test]
async fn what_is_malformed_or_not_allowed_is_not_recorded() {
    let world = World::new(options()).await;
    let head = world.book.head().unwrap();
    let malformed = world.send("maker", "r1", organization("全角")).await;
    assert!(matches!(&malformed, Err(EngineError::Malformed(faults)) if faults.len() == 1), "{malformed:?}");
    for who in ["cashier", "nobody"] {
        assert!(matches!(world.send(who, "r2", organization("A")).await, Err(EngineError::Denied)), "{who}");
    }
    assert_eq!(world.book.head().unwrap(), head);
    // A refusal is an answer, and recorded.
    let refused = world.send("cashier", "r3", slip("S", Direction::In, 1)).await.unwrap();
    assert_eq!(rules(&refused), ["SRC-010"]);
    assert_eq!(refused.receipt.last, head.sequence + 1);
    assert!(world.send("cashier", "r3", slip("S", Direction::In, 1)).await.unwrap().replayed);
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_a_stream_waits_for_room() {
    let world = World::new(Options { queue_commands: 4, batch_commands: 4, ahead_commands: 5, ..options() }).await;
    world.store.appends.hold();
    let asks = |range: std::ops::Range<u32>| {
        range.map(|i| ask("maker", &format!("r{i}"), organization(&format!("A{i}")))).collect::<Vec<_>>()
    };
    let mut pending: Vec<Pending> = world.book.submit_many(asks(0..1), None).await;
    world.store.appends.somebody_waits().await;
    pending.extend(world.book.submit_many(asks(1..5), None).await);
    let started = Instant::now();
    let refused = world.send("maker", "r9", organization("A9")).await;
    assert!(matches!(refused, Err(EngineError::Overloaded { .. })), "{refused:?}");
    assert!(started.elapsed() < Duration::from_millis(100));
    let over = world.book.submit_many(asks(10..12), None).await;
    let over = verdicts(over).await;
    assert!(over.len() == 2 && over.iter().all(|verdict| matches!(verdict, Err(EngineError::Overloaded { .. }))));
    let (more, ()) = tokio::join!(world.book.submit_many(asks(5..30), None), async { world.store.appends.release() });
    pending.extend(more);
    let mut last = 0;
    for verdict in verdicts(pending).await {
        let first = verdict.unwrap().receipt.first;
        assert!(first > last, "in the order sent");
        last = first;
    }
}

#[tokio::test]
async fn a_flood_leaves_room_for_who_asks_once() {
    // Two of 32 are kept for lone commands.
    let world = World::new(Options { queue_commands: 32, ahead_commands: 64, ..options() }).await;
    world.store.appends.hold();
    let asks = |range: std::ops::Range<u32>| {
        range.map(|i| ask("maker", &format!("r{i}"), organization(&format!("A{i}")))).collect::<Vec<_>>()
    };
    let first = world.book.submit_many(asks(0..1), None).await;
    world.store.appends.somebody_waits().await;
    let flood = world.book.submit_many(asks(1..31), None).await;
    let alone = |i: u32| world.book.submit(ask("maker", &format!("r{i}"), organization(&format!("A{i}"))));
    let (more, one, another, over, ()) =
        tokio::join!(world.book.submit_many(asks(31..51), None), alone(51), alone(52), alone(53), async {
            world.store.appends.release()
        },);
    assert!(matches!(over, Err(EngineError::Overloaded { .. })), "{over:?}");
    let streamed = verdicts(first.into_iter().chain(flood).chain(more)).await;
    assert!(streamed.len() == 51 && streamed.into_iter().chain([one, another]).all(|verdict| verdict.is_ok()));
}

#[tokio::test]
async fn a_caller_that_went_away_is_dropped_before_the_batch_and_finished_after() {
    let world = World::new(options()).await;
    let start = world.book.head().unwrap().sequence;
    world.store.appends.hold();
    // In its batch already when the caller goes.
    let formed = world.book.submit_many(vec![ask("maker", "r1", organization("A"))], None).await;
    world.store.appends.somebody_waits().await;
    let abandoned = world.book.submit_many(vec![ask("maker", "r2", organization("B"))], None).await;
    let late = world.book.submit_many(vec![ask("maker", "r3", organization("C"))], Some(Instant::now())).await;
    let kept = world.book.submit_many(vec![ask("maker", "r4", organization("D"))], None).await;
    drop((formed, abandoned));
    world.store.appends.release();
    let late = verdicts(late).await.remove(0);
    assert!(matches!(late, Err(EngineError::Late | EngineError::Overloaded { .. })), "{late:?}");
    assert_eq!(verdicts(kept).await.remove(0).unwrap().receipt.last, start + 2);
    let there = |code: &str| world.book.read(|state| state.organizations.no(code)).unwrap().is_some();
    assert_eq!(["A", "B", "C", "D"].map(there), [true, false, false, true]);
    let again = world.send("maker", "r1", organization("A")).await.unwrap();
    assert!(again.replayed, "the caller that went away asks again");
}

#[tokio::test]
async fn the_log_is_protected_from_a_flood_of_refusals() {
    let world = World::new(Options { batch_commands: 512, ..options() }).await;
    let bound = ledger::decide::REFUSALS_PER_MINUTE;
    let asks = (0..bound + 20).map(|i| ask("cashier", &format!("f{i}"), slip(&format!("S{i}"), Direction::In, 1)));
    let before = world.book.head().unwrap().sequence;
    let pending = world.book.submit_many(asks.collect(), None).await;
    let mut suppressed = 0;
    for verdict in verdicts(pending).await {
        match verdict {
            Ok(answer) => assert_eq!(rules(&answer), ["SRC-010"]),
            Err(EngineError::RefusalsSuppressed { retry_after }) => {
                suppressed += 1;
                assert!(retry_after <= Duration::from_secs(60) && retry_after > Duration::ZERO);
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(suppressed, 20);
    let records = world.book.head().unwrap().sequence - before;
    assert_eq!(records, u64::from(bound) + 1, "one summary record stands for the rest");
    timeout(Duration::from_secs(1), world.post("maker", "r1", organization("A"))).await.expect("others go on");
}
