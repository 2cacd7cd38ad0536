//! The same random command sequences into an engine on each store: the same receipts and refusals, the same root, and views that say the
//! same. On memory every command is a batch of its own, on the databases they come as many as there are in a day: how commands are
//! batched must not show. The commands are made by the generators of the model test.

#![allow(dead_code, reason = "the generators are the model test's")]

#[path = "../model/compare.rs"]
mod compare;
#[path = "../model/direct.rs"]
mod direct;
#[path = "../model/make_flow.rs"]
mod make_flow;
#[path = "../model/make_in.rs"]
mod make_in;
#[path = "../model/make_moves.rs"]
mod make_moves;
#[path = "../model/make_out.rs"]
mod make_out;
#[path = "../model/make_plan.rs"]
mod make_plan;
#[path = "../model/pair.rs"]
mod pair;
#[path = "../model/papers.rs"]
mod papers;
#[path = "../model/rng.rs"]
mod rng;
#[path = "../model/sequence.rs"]
mod sequence;
#[path = "../model/spoil.rs"]
mod spoil;
#[path = "../model/spoil_money.rs"]
mod spoil_money;
#[path = "../model/world.rs"]
mod world;

mod driven;
mod views;

use std::io::Write as _;

use driven::{Driven, Script};
use earmark_tests::postgres::database;
use pair::Pair;
use store::{PostgresStore, SqliteStore};
use testkit::memory::MemoryStore;
use world::{LIVE_FROM, STAGES};

/// Sequences in all.
const SEQUENCES: u64 = 300;
/// Sequences that follow one another in a book.
const IN_A_BOOK: u64 = 10;
/// Where the seeds start.
const FIRST_SEED: u64 = 0x0d1f_f000;

/// Books of every stage: what was asked of each, by the generators.
fn scripts() -> Vec<Script> {
    let all = STAGES.iter().flat_map(|stage| LIVE_FROM.iter().map(move |live| (*stage, *live)));
    let worlds: Vec<Pair> = all
        .map(|(stage, live)| world::build(stage, live).unwrap_or_else(|differs| panic!("{stage:?}: {differs}")))
        .collect();
    (0..SEQUENCES / IN_A_BOOK)
        .map(|no| {
            let mut pair = worlds[usize::try_from(no).expect("few") % worlds.len()].clone();
            for seed in 0..IN_A_BOOK {
                let seed = FIRST_SEED + no * IN_A_BOOK + seed;
                sequence::run(&mut pair, seed).unwrap_or_else(|reason| panic!("seed {seed}: {reason}"));
                pair.mark();
            }
            Script { book: format!("GD-{no}"), steps: pair.before }
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_stores_say_the_same_of_the_same_commands() {
    let scripts = scripts();
    let database = database().await;
    let folder = tempfile::tempdir().expect("there is room for a temporary folder");
    let memory = Driven::new(MemoryStore::new()).await;
    let sqlite = Driven::new(SqliteStore::open(folder.path()).await.expect("a data folder")).await;
    let postgres = Driven::new(PostgresStore::open(&database.url).await.expect("a database")).await;
    let (mut commands, mut records) = (0, 0);
    for script in scripts {
        // One by one; what is learnt there (the numbers of submissions) makes the days that the others are asked.
        let (days, said) = memory.ask_one_by_one(script).await;
        commands += said.answers.len();
        records += said.head.sequence;
        let (on_sqlite, on_postgres) = tokio::join!(sqlite.ask_by_days(&days), postgres.ask_by_days(&days));
        said.assert_same("SQLite", &on_sqlite);
        said.assert_same("PostgreSQL", &on_postgres);
    }
    // Past the harness's capture, so that the counts always show.
    writeln!(
        std::io::stdout(),
        "{SEQUENCES} sequences, {commands} commands, {records} records: the same on three stores"
    )
    .expect("standard output");
    assert!(commands as u64 > SEQUENCES * 30, "hardly anything was asked");
    memory.engine.shutdown().await;
    sqlite.engine.shutdown().await;
    postgres.engine.shutdown().await;
}
