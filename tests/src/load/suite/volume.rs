//! A book that grows: rates, reads, size, memory and start at 10^6 records (10^7 in the full run), against the same book when it was small.

use std::time::Duration;

use tokio::process::Command;
use tokio::sync::watch;

use super::{STREAMS, Setting, seconds};
use crate::audit::head;
use crate::chance::Chance;
use crate::load::book::Loaded;
use crate::load::check;
use crate::load::histogram::Histogram;
use crate::load::place::Engine;
use crate::load::readers::{Reader, ask};
use crate::load::row::{Row, grouped, note};

/// Receipts before the rate of the small book is taken.
const EARLY: u64 = 100_000;
/// Receipts of which a rate is taken.
const CHUNK: u64 = 100_000;
/// Posts a second while what was just written is read.
const ORDINARY_RATE: u32 = 2_000;
/// How long.
const ORDINARY_TIME: Duration = Duration::from_secs(10);
/// Receipts that are posted while others read, at most.
const BESIDE: u64 = 4_000_000;
/// The share that latencies are told of.
const MOST: f64 = 0.99;

pub async fn run(setting: &Setting) {
    let (small, large) = if setting.full { (1_000_000, 10_000_000) } else { (2 * EARLY, 1_000_000) };
    let mut loaded = Loaded::start(Engine::Sqlite, large + BESIDE).await;
    let name = |what: &str| format!("{what}, 10^{} records, sqlite", large.ilog10());
    fill(&loaded, EARLY).await;
    let slow = chunk(&loaded).await;
    fill(&loaded, small).await;
    let reader = Reader::of(&loaded.office).await;
    let earlier = any_date(&loaded, &reader).await;
    fill(&loaded, large - CHUNK).await;
    let fast = chunk(&loaded).await;
    note(format!("{}/s at 10^5 records, {}/s at 10^{}", grouped(slow), grouped(fast), large.ilog10()));

    let alone = told("current balance, alone", ask(async || reader.current().await).await);
    let trial = told("trial balance by source", ask(async || reader.trial(&loaded.office).await).await);
    let later = any_date(&loaded, &reader).await;
    let beside = told("current balance, under load", under_load(&loaded, &reader).await);
    loaded.catch_up().await;
    let own = told("own writes, at 2,000 posts/s", own_writes(&loaded, &reader).await);
    loaded.catch_up().await;
    let memory = loaded.server().peak_memory() as f64 / 1e6;

    let started = loaded.restart().await;
    let sound = check::sound(loaded).await;
    note(format!("start took {}", seconds(started)));
    let patience = if setting.full { 15.0 } else { 3.0 };
    setting.tell(&[
        Row::below(&name("posting rate"), 1.0 / fast, ("itself at 10^5", 1.0 / slow), 0.9, "s/receipt"),
        Row::at_most(&name("current balance, p99"), alone, 1.0, "ms"),
        Row::at_most(&name("current balance under posting, p99"), beside, 5.0, "ms"),
        Row::at_most(&name("trial balance by source, p99"), trial, 20.0, "ms"),
        Row::at_most(&name("any date x sequence, p99"), later, 10.0, "ms"),
        Row::below(&name("any date x sequence, p99"), later, ("itself when small", earlier), 1.0 / 1.5, "ms"),
        Row::at_most(&name("own writes at 2,000/s, p99"), own, 20.0, "ms"),
        Row::at_most(&name("log, bytes a receipt"), sound.log_bytes as f64 / sound.receipts as f64, 350.0, "bytes"),
        Row::at_most(&name("peak memory"), memory, 500.0, "MB"),
        Row::at_most(&name("start"), started.as_secs_f64(), patience, "s"),
    ]);
}

/// Posts until the book has so many receipts, and waits for the views.
pub(super) async fn fill(loaded: &Loaded, receipts: u64) {
    let target = &loaded.target;
    let posted = target.acks.count();
    let missing = receipts.saturating_sub(posted);
    if missing == 0 {
        return;
    }
    let streamed = target.streams(STREAMS, missing, None).await;
    let behind = loaded.catch_up().await;
    note(format!(
        "{} receipts, {}/s, views {} later",
        grouped(receipts as f64),
        grouped(streamed.rate()),
        seconds(behind)
    ));
}

/// The rate of a number of receipts from an empty backlog, once storage has written what filling the book left it to write: gigabytes of
/// views at 10^7 records, beside which every flush of the log waits.
async fn chunk(loaded: &Loaded) -> f64 {
    let written = Command::new("sync").arg("-f").arg(loaded.place().data()).status().await;
    assert!(written.expect("sync runs").success(), "storage writes what it was given");
    let streamed = loaded.target.streams(STREAMS, CHUNK, None).await;
    loaded.catch_up().await;
    streamed.rate()
}

pub(super) fn told(what: &str, waits: Histogram) -> f64 {
    let [p50, p99] = [0.5, MOST].map(|share| waits.millis(share));
    note(format!("{what}: p50 {p50:.3} ms, p99 {p99:.3} ms of {} calls", waits.total()));
    p99
}

pub(super) async fn any_date(loaded: &Loaded, reader: &Reader) -> f64 {
    let head = head(&loaded.office).await.sequence;
    let mut seed = 0;
    let waits = ask(|| {
        seed += 1;
        reader.at(Chance::of(seed), head)
    });
    told("any date x sequence", waits.await)
}

/// Reads current balances while streams post as fast as they can.
async fn under_load(loaded: &Loaded, reader: &Reader) -> Histogram {
    let target = loaded.target.clone();
    let (stop, stopped) = watch::channel(false);
    let posting = tokio::spawn(async move { target.streams_until(STREAMS, BESIDE / 2, stopped).await });
    let waits = ask(async || reader.current().await).await;
    stop.send_replace(true);
    let streamed = posting.await.expect("the streams are answered");
    note(format!("{}/s were posted meanwhile", grouped(streamed.rate())));
    waits
}

async fn own_writes(loaded: &Loaded, reader: &Reader) -> Histogram {
    let target = loaded.target.clone();
    let (tell, newest) = watch::channel((0, 0));
    let posting = tokio::spawn(async move { target.paced(ORDINARY_RATE, ORDINARY_TIME, tell).await });
    let waits = reader.own_writes(newest).await;
    let posted = posting.await.expect("posting does not panic");
    note(format!("{}/s were posted meanwhile", grouped(posted as f64 / ORDINARY_TIME.as_secs_f64())));
    waits
}
