//! A minute of receipts over streams, with the projector at work: the backlog must be no longer at the end than it was after ten seconds.

use std::time::{Duration, Instant};

use super::{STREAMS, Setting, seconds};
use crate::load::book::Loaded;
use crate::load::check;
use crate::load::place::Engine;
use crate::load::row::{Row, grouped, note};

/// The first look at the backlog.
const SETTLED: Duration = Duration::from_secs(10);
/// The whole run.
const WHOLE: Duration = Duration::from_secs(60);
/// More than a minute takes at any rate seen: 200,000 a second.
const RECEIPTS: u64 = 12_000_000;

pub async fn run(setting: &Setting, engine: Engine, wanted: f64) {
    let loaded = Loaded::start(engine, RECEIPTS).await;
    loaded.catch_up().await;
    let begun = Instant::now();
    let used = loaded.server().processor_time();
    let target = loaded.target.clone();
    let posting = tokio::spawn(async move { target.streams(STREAMS, RECEIPTS, Some(begun + WHOLE)).await });
    tokio::time::sleep_until((begun + SETTLED).into()).await;
    let settled = loaded.backlog().await;
    tokio::time::sleep_until((begun + WHOLE).into()).await;
    let ended = loaded.backlog().await;
    let streamed = posting.await.expect("the streams are answered");
    let used = (loaded.server().processor_time() - used).as_secs_f64() * 1e6 / streamed.count as f64;
    let (at_ten, at_end) = (grouped(settled as f64), grouped(ended as f64));
    note(format!("{}/s, server {used:.1} us a receipt, {} went again", grouped(streamed.rate()), streamed.busy));
    note(format!("backlog {at_ten} at 10 s, {at_end} at the end, gone {} later", seconds(loaded.catch_up().await)));
    let sound = check::sound(loaded).await;
    assert_eq!(sound.receipts, streamed.count);
    // A batch in flight is no backlog that grows.
    let longest = settled.max(IN_FLIGHT) as f64;
    setting.tell(&[
        Row::at_least(&format!("streamed, sustained 60 s, {}", engine.name()), streamed.rate(), wanted, "receipts/s"),
        Row::at_most(&format!("backlog at 60 s against 10 s, {}", engine.name()), ended as f64, longest, "records"),
    ]);
}

/// Records between log and views that are only on their way: a second's worth at the goal.
const IN_FLIGHT: u64 = 35_000;
