//! A burst over streams: as many receipts as the season of 2018 had members, from an empty backlog; then all of them once more.

use std::time::Duration;

use super::{STREAMS, Setting, seconds};
use crate::load::book::Loaded;
use crate::load::check;
use crate::load::place::Engine;
use crate::load::row::{Row, grouped, note};
use crate::load::stream::Streamed;

/// Members of the season.
const RECEIPTS: u64 = 616_000;

pub async fn run(setting: &Setting, engine: Engine, wanted: f64) {
    let loaded = Loaded::start(engine, RECEIPTS).await;
    loaded.catch_up().await;
    let used = loaded.server().processor_time();
    let burst = loaded.target.streams(STREAMS, RECEIPTS, None).await;
    tell("burst", &burst, loaded.server().processor_time() - used);
    note(format!("backlog 0 before and {} after", grouped(loaded.backlog().await as f64)));
    let behind = loaded.catch_up().await;
    let whole = loaded.server().processor_time() - used;
    note(format!("views caught up {} later; server {:.1} us a receipt in all", seconds(behind), each(whole, &burst)));
    assert_eq!(burst.count, RECEIPTS, "receipts without an answer");

    let used = loaded.server().processor_time();
    let again = loaded.target.again(STREAMS, RECEIPTS).await;
    tell("again", &again, loaded.server().processor_time() - used);
    assert_eq!(loaded.target.acks.replays(), RECEIPTS, "a receipt sent again was not told as replayed");
    note(format!("peak memory {} MB", loaded.server().peak_memory() / 1_000_000));
    let sound = check::sound(loaded).await;
    assert_eq!(sound.receipts, RECEIPTS);
    setting.tell(&[
        Row::at_least(&format!("streamed burst of 616,000, {}", engine.name()), burst.rate(), wanted, "receipts/s"),
        Row::at_least(&format!("the same receipts again, {}", engine.name()), again.rate(), 80_000.0, "receipts/s"),
    ]);
}

fn each(used: Duration, streamed: &Streamed) -> f64 {
    used.as_secs_f64() * 1e6 / streamed.count as f64
}

fn tell(what: &str, streamed: &Streamed, used: Duration) {
    let (rate, time) = (grouped(streamed.rate()), seconds(streamed.time));
    let each = each(used, streamed);
    note(format!("{what}: {rate}/s in {time}; server {each:.1} us a receipt; {} went again", streamed.busy));
}
