//! Peers of Earmark under load, each as its own documentation uses it: `cala-ledger` and a plain program on PostgreSQL, `doubleentry` on
//! SQLite. One run a process; it prints one JSON line with the rate and the latencies. What they are compared with stands in the benches
//! of the tests package, which start this program.

mod cala;
mod load;
mod plain;
mod single_writer;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};

use load::Load;

const USAGE: &str = "usage: earmark-peers cala URL | plain URL | doubleentry FOLDER, then POSTERS BATCH SECONDS";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [peer, place, posters, batch, seconds] = words.as_slice() else { bail!(USAGE) };
    let load = Load {
        posters: posters.parse().context(USAGE)?,
        batch: batch.parse().context(USAGE)?,
        time: Duration::from_secs(seconds.parse().context(USAGE)?),
    };
    let measured = match peer.as_str() {
        "cala" => cala::run(place, load).await?,
        "plain" => plain::run(place, load).await?,
        "doubleentry" => single_writer::run(Path::new(place), load).await?,
        _ => bail!(USAGE),
    };
    println!("{}", measured.json());
    Ok(())
}
