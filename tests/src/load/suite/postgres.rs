//! Against others on the same PostgreSQL, one account in every posting: `cala-ledger` in process, and the plain program that most would
//! write first. Ours runs over gRPC, with every rule, the tree and idempotency.

use super::{OUR_TIME, PEER_TIME, STREAMS, Setting, WARM_UP};
use crate::load::book::Loaded;
use crate::load::check;
use crate::load::peer::{self, Peer};
use crate::load::place::Engine;
use crate::load::row::{Row, grouped, note};
use crate::load::unary::Run;

/// Posters at which both are loaded one by one.
const POSTERS: [usize; 2] = [16, 64];
/// Postings of cala's batches; the better counts.
const BATCHES: [usize; 2] = [100, 500];
/// Receipts of ours over streams.
const STREAMED: u64 = 300_000;
/// And one by one: more than fit in the time.
const UNARY: u64 = 1_000_000;

/// Ours, measured beside the others.
struct Ours {
    loaded: Loaded,
    unary: [Run; 2],
    streamed: f64,
}

impl Ours {
    async fn measured() -> Ours {
        let loaded = Loaded::start(Engine::Postgres, UNARY + STREAMED).await;
        let mut unary = [Run::default(), Run::default()];
        for (run, posters) in unary.iter_mut().zip(POSTERS) {
            *run = loaded.target.unary(posters, WARM_UP, OUR_TIME).await;
            note(format!(
                "earmark, {posters} posters: {}/s, p99 {:.2} ms",
                grouped(run.rate()),
                run.latencies.millis(0.99)
            ));
            loaded.catch_up().await;
        }
        let streamed = loaded.target.streams(STREAMS, STREAMED, None).await.rate();
        loaded.catch_up().await;
        note(format!("earmark, streamed: {}/s", grouped(streamed)));
        Ours { loaded, unary, streamed }
    }

    /// A peer in a fresh database of the same cluster, while ours is idle.
    async fn peer(&self, name: &str, posters: usize, batch: usize) -> Peer {
        let url = self.loaded.place().database(&format!("{name}_{posters}_{batch}")).await;
        peer::run(name, &url.expect("ours is on PostgreSQL"), posters, batch, PEER_TIME)
    }
}

/// `cala-ledger`: 40 times its single posts, 35 times its best batches, at a lower p99.
pub async fn cala(setting: &Setting) {
    let ours = Ours::measured().await;
    let mut rows = Vec::new();
    for (run, posters) in ours.unary.iter().zip(POSTERS) {
        let theirs = ours.peer("cala", posters, 1).await;
        let name = |what: &str| format!("{what}, {posters} posters, postgresql");
        rows.push(Row::against(&name("unary"), run.rate(), ("cala-ledger", theirs.rate), 40.0, "receipts/s"));
        rows.push(Row::below(&name("unary, p99"), run.latencies.millis(0.99), ("cala-ledger", theirs.p99), 1.0, "ms"));
    }
    let mut best = 0.0f64;
    for batch in BATCHES {
        best = best.max(ours.peer("cala", 1, batch).await.rate);
    }
    rows.push(Row::against(
        "streamed, postgresql",
        ours.streamed,
        ("cala-ledger, best batches", best),
        35.0,
        "receipts/s",
    ));
    check::sound(ours.loaded).await;
    setting.tell(&rows);
}

/// The plain program: 5 times its posts one by one, 30 times over streams. It has no batches.
pub async fn plain(setting: &Setting) {
    let ours = Ours::measured().await;
    let mut rows = Vec::new();
    let mut best = 0.0f64;
    for (run, posters) in ours.unary.iter().zip(POSTERS) {
        let theirs = ours.peer("plain", posters, 1).await;
        best = best.max(theirs.rate);
        let name = format!("unary, {posters} posters, postgresql");
        rows.push(Row::against(&name, run.rate(), ("plain program", theirs.rate), 5.0, "receipts/s"));
    }
    rows.push(Row::against("streamed, postgresql", ours.streamed, ("plain program, best", best), 30.0, "receipts/s"));
    check::sound(ours.loaded).await;
    setting.tell(&rows);
}
