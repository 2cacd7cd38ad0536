//! Every detector over as many receipts as the season of 2018 had, while posting goes on: how long a run takes, and what posting loses to
//! runs that follow each other without a pause.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use api::v1;

use super::{STREAMS, Setting, seconds};
use crate::load::book::Loaded;
use crate::load::check;
use crate::load::histogram::Histogram;
use crate::load::place::Engine;
use crate::load::row::{Row, grouped, note};
use crate::office::{AUDIT, Office, day};
use crate::post;

/// Members of the season.
const RECEIPTS: u64 = 616_000;
/// How long posting is measured without runs, and with them.
const TIME: Duration = Duration::from_secs(5);
/// Receipts ready for both measurements: more than they take at any rate seen.
const MORE: u64 = 2_400_000;
/// A variable that takes a smaller season, for looking at the bench itself.
const SMALLER: &str = "EARMARK_BENCH_RECEIPTS";

pub async fn run(setting: &Setting) {
    let receipts = std::env::var(SMALLER).ok().and_then(|text| text.parse().ok()).unwrap_or(RECEIPTS);
    let loaded = Loaded::start(Engine::Sqlite, receipts + MORE).await;
    let filled = loaded.target.streams(STREAMS, receipts, None).await;
    note(format!("{} receipts in {}", grouped(filled.count as f64), seconds(filled.time)));
    loaded.catch_up().await;

    let alone = detect(&loaded.office).await;
    let idle = loaded.target.streams(STREAMS, MORE / 2, Some(Instant::now() + TIME)).await;
    // Both from an empty backlog: a full one holds posting back by itself.
    loaded.catch_up().await;
    let posting = Arc::new(AtomicBool::new(true));
    let (target, until) = (loaded.target.clone(), Arc::clone(&posting));
    let streams = tokio::spawn(async move {
        let streamed = target.streams(STREAMS, MORE / 2, Some(Instant::now() + TIME)).await;
        until.store(false, Ordering::Relaxed);
        streamed
    });
    let mut waits = Histogram::default();
    while posting.load(Ordering::Relaxed) {
        waits.add(detect(&loaded.office).await);
    }
    let beside = streams.await.expect("the streams are answered");
    let rates = [&idle, &beside].map(|streamed| grouped(streamed.rate()));
    note(format!("posting {}/s without runs, {}/s beside {} of them", rates[0], rates[1], waits.total()));
    let (p50, p99) = (waits.millis(0.5), waits.millis(0.99));
    note(format!("a run alone {}, beside posting p50 {p50:.0} ms, p99 {p99:.0} ms", seconds(alone)));
    let sound = check::sound(loaded).await;
    assert_eq!(sound.receipts, filled.count + idle.count + beside.count);
    setting.tell(&[
        Row::at_most("detectors over a season, alone", alone.as_secs_f64(), 2.0, "s"),
        Row::at_most("detectors over a season, beside posting, p99", p99 / 1e3, 5.0, "s"),
        Row::at_least("posting beside detectors, of posting alone", beside.rate() / idle.rate(), 0.5, "x"),
    ]);
}

/// Runs every detector for the day after the deadline, as the audit committee; how long its answer took.
async fn detect(office: &Office) -> Duration {
    let run = v1::DetectorRun { day: Some(day(2018, 12, 16)) };
    let begun = Instant::now();
    post!(office, AUDIT, audit.run_detectors(RunDetectorsRequest { run: Some(run) }));
    begun.elapsed()
}
