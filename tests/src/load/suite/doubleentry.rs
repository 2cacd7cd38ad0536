//! Against `doubleentry`, the nearest in kind (a rule core and a proof tree, without purpose): in process there, over gRPC here, both on
//! SQLite files that are synced at every commit.

use std::time::Duration;

use super::{OUR_TIME, PEER_TIME, STREAMS, Setting, WARM_UP};
use crate::load::book::Loaded;
use crate::load::check;
use crate::load::peer;
use crate::load::place::Engine;
use crate::load::row::{Row, grouped, note};

/// Posters that post one by one.
const POSTERS: usize = 128;
/// Entries of its batches.
const BATCH: usize = 100;
/// Receipts of ours over streams.
const STREAMED: u64 = 300_000;
/// And one by one: more than fit in the time.
const UNARY: u64 = 1_000_000;

pub async fn run(setting: &Setting) {
    let loaded = Loaded::start(Engine::Sqlite, UNARY + STREAMED).await;
    let unary = loaded.target.unary(POSTERS, WARM_UP, OUR_TIME).await;
    loaded.catch_up().await;
    let streamed = loaded.target.streams(STREAMS, STREAMED, None).await;
    note(format!("earmark: {}/s one by one, {}/s over streams", grouped(unary.rate()), grouped(streamed.rate())));
    check::sound(loaded).await;
    let alone = at(POSTERS, 1, PEER_TIME).await;
    let batches = at(1, BATCH, PEER_TIME).await;
    setting.tell(&[
        Row::against("unary, 128 posters, sqlite", unary.rate(), ("doubleentry", alone.rate), 20.0, "receipts/s"),
        Row::against(
            "streamed, sqlite",
            streamed.rate(),
            ("doubleentry, batches of 100", batches.rate),
            25.0,
            "receipts/s",
        ),
    ]);
}

/// A run over a file of its own.
async fn at(posters: usize, batch: usize, time: Duration) -> peer::Peer {
    let folder = tempfile::tempdir().expect("there is room for a temporary folder");
    let place = folder.path().to_str().expect("a temporary folder has a plain name");
    peer::run("doubleentry", place, posters, batch, time)
}
