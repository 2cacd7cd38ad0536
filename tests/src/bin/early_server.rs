//! The control of the crash tests: a whole server that answers before it commits. `early_server <data folder>` serves the books of the
//! folder on a free port and prints the address; tokens and books are made as for any other server.

#![expect(clippy::print_stdout, reason = "it tells its address, as `earmark serve` does")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use engine::{Engine, Options};
use server::{ServeOptions, serve};
use store::SqliteStore;
use testkit::early::EarlyStore;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// How long after its answer a batch is written: some disk flushes, so that a kill at any moment finds something unwritten.
const DELAY: Duration = Duration::from_millis(25);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data: PathBuf = std::env::args_os().nth(1).ok_or("usage: early_server <data folder>")?.into();
    let store = EarlyStore::new(SqliteStore::open(&data).await?, DELAY);
    let engine = Engine::open(Arc::new(store), Options::default()).await?;
    let (bound, address) = oneshot::channel();
    let options = ServeOptions::at(([127, 0, 0, 1], 0).into(), None);
    let mut asked = signal(SignalKind::terminate())?;
    let shutdown = async move {
        asked.recv().await;
    };
    let serving = tokio::spawn(serve(engine, options, bound, shutdown));
    println!("listening on {}", address.await?);
    Ok(serving.await??)
}
