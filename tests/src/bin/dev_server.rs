//! dev
#![expect(clippy::print_stdout)]
use engine::{Engine, Options};
use server::{ServeOptions, serve};
use std::sync::Arc;
use store::SqliteStore;
use tokio::sync::oneshot;
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let data = args[args.iter().position(|a| a == "--data").unwrap() + 1].clone();
    let engine = Engine::open(Arc::new(SqliteStore::open(data.as_ref()).await?), Options::default()).await?;
    let (bound, address) = oneshot::channel();
    let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let serving = tokio::spawn(serve(engine, ServeOptions::at(([127, 0, 0, 1], 0).into(), None), bound, async move {
        term.recv().await;
    }));
    println!("listening on {}", address.await?);
    Ok(serving.await??)
}
