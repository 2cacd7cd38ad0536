//! The same commands give the same log, however they fall into batches.

use engine::store::Store;
use engine::{EngineError, Options};
use ledger::{Ask, Outcome};
use proptest::prelude::*;
use record::kinds::Direction;

use super::world::{BOOK, World, ask, close, create, options, organization, slip, verdicts};

/// A command of the property: most are accepted, some refused, malformed, repeated or closing a month.
fn command() -> impl Strategy<Value = (u8, u8)> {
    (0u8..10, 0u8..12)
}

fn ask_of((kind, n): (u8, u8), place: usize) -> Ask {
    let id = format!("r{place}");
    match kind {
        // The same request id now and then, with the same or another content.
        0 => ask("maker", &format!("same{}", n % 3), organization(&format!("SAME{}", n % 4))),
        1 => ask("cashier", &id, slip(&format!("S{n}"), Direction::In, 1)),
        2 => ask("cashier", &id, organization("DENIED")),
        3 => ask("maker", &id, organization("坏")),
        4 => ask("chief", &id, close(4 + n % 2)),
        _ => ask("maker", &id, organization(&format!("A{n}-{}", place / 2))),
    }
}

/// A verdict, as far as it may not depend on batching.
fn verdict(answer: Result<engine::Answer, EngineError>) -> String {
    match answer {
        Ok(answer) => {
            let kind = match answer.receipt.outcome {
                Outcome::Refused(hits) => format!("refused {}", hits.len()),
                other => format!("{other:?}"),
            };
            format!("{}..{} {} {kind}", answer.receipt.first, answer.receipt.last, answer.replayed)
        }
        Err(error) => error.to_string(),
    }
}

async fn play(asks: &[Ask], options: Options, at_once: bool) -> (record::Digest, record::Digest, Vec<String>) {
    let world = World::new(options).await;
    let mut told = Vec::new();
    if at_once {
        let pending = world.book.submit_many(asks.to_vec(), None).await;
        told.extend(verdicts(pending).await.into_iter().map(verdict));
    } else {
        for ask in asks {
            told.push(verdict(world.book.submit(ask.clone()).await));
        }
    }
    // What is due after the last command stands in the log by the time that the queue is empty and the engine down.
    world.engine.shutdown().await;
    (world.root(), world.state_digest(), told)
}

#[tokio::test]
async fn a_batch_keeps_to_its_bytes_and_holds_whole_commands() {
    let limit = 2_000;
    let world = World::new(Options { batch_bytes: limit, ..options() }).await;
    world.store.appends.hold();
    let asks = (0..60).map(|i| ask("maker", &format!("r{i}"), organization(&format!("A{i}")))).collect();
    let pending = world.book.submit_many(asks, None).await;
    world.store.appends.release();
    assert!(verdicts(pending).await.iter().all(Result::is_ok));
    let rows = world.store.memory.log_rows(BOOK, 1, usize::MAX).await.unwrap();
    let opening = rows[0].bodies.iter().map(Vec::len).sum::<usize>();
    assert!(opening > limit && rows[0].bodies.len() == 1 + create().persons.len(), "a single command may be larger");
    let bytes: Vec<usize> = rows[1..].iter().map(|row| row.bodies.iter().map(Vec::len).sum()).collect();
    assert!(bytes.iter().all(|bytes| *bytes <= limit), "{bytes:?}");
    assert!(bytes.iter().any(|bytes| *bytes > limit / 2), "{bytes:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_log_does_not_depend_on_batching(
        commands in proptest::collection::vec(command(), 1..60),
        batch_commands in 2usize..40,
        batch_bytes in 200usize..4_000,
    ) {
        let asks: Vec<Ask> = commands.into_iter().enumerate().map(|(place, c)| ask_of(c, place)).collect();
        let each = Options { records_per_totals: 11, ..options() };
        let many = Options { batch_commands, batch_bytes, ..each.clone() };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let one_by_one = runtime.block_on(play(&asks, Options { batch_commands: 1, ..each.clone() }, false));
        let limited = runtime.block_on(play(&asks, many, true));
        let all = runtime.block_on(play(&asks, each, true));
        prop_assert_eq!(&one_by_one, &limited);
        prop_assert_eq!(&one_by_one, &all);
    }
}
