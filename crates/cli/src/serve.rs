//! `earmark serve` and `earmark views rebuild`: the server over the configured store, its end in order, and the views made anew. Limits and
//! transport are `server`'s; where logs go is `telemetry`'s.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use engine::store::Store;
use engine::{Engine, Options};
use indicatif::{ProgressBar, ProgressStyle};
use server::{ServeOptions, TlsIdentity};
use store::AnyStore;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::config::Config;
use crate::lang::Lang;
use crate::place::Place;
use crate::proving::keys;
use crate::proving::memory::Memory;
use crate::telemetry;

/// How often a rebuild looks how far the views are.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long the views may stand still before a rebuild is given up: several times the projector's longest pause.
const STUCK_AFTER: Duration = Duration::from_secs(60);

/// Serves until a signal or a book's stop.
pub async fn run(config: &Config) -> anyhow::Result<()> {
    let telemetry = telemetry::start(config)?;
    let served = serve(config).await;
    if let Err(error) = &served {
        tracing::error!(error = format!("{error:#}"), "the server ended");
    }
    telemetry.flush();
    served
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    let listen = config.need("listen")?;
    let address: SocketAddr =
        listen.parse().with_context(|| format!("listen is an address and port, not {listen:?}"))?;
    let options = ServeOptions::at(address, identity(config)?);
    ensure!(
        options.tls.is_some() || address.ip().is_loopback(),
        "{address} is not a loopback address: give --tls-cert and --tls-key"
    );
    let engine_options = engine_options(config)?;
    let store = Arc::new(Place::of(config)?.open().await?);
    let engine = Engine::open(Arc::clone(&store), engine_options).await.context("opening the books")?;
    let (bound, _) = oneshot::channel();
    let served = server::serve(engine, options, bound, until_told()?).await.context("serving");
    close(store).await;
    served
}

/// The engine's options: the keys that it signs with, and what it remembers outside the database.
fn engine_options(config: &Config) -> anyhow::Result<Options> {
    let mut options = Options::default();
    if let Some(file) = config.get("signing_key") {
        options.log_keys = Arc::new(keys::log_keys(Path::new(file))?);
    }
    if let Some(memory) = Memory::of(config)? {
        options.remembered = Some(Arc::new(memory));
    }
    Ok(options)
}

/// Closes a store at the end, so that its files are whole without their write-ahead logs. Where somebody still holds it nothing is lost:
/// the next start goes on from those.
pub async fn close(store: Arc<AnyStore>) {
    if let Some(store) = store::sole(store).await {
        store.close().await;
    }
}

/// Ready on the first SIGTERM or SIGINT; the second ends the process at once.
pub fn until_told() -> anyhow::Result<impl Future<Output = ()> + Send> {
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
    let (first, told) = oneshot::channel();
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            }
        };
        let signal = next().await;
        tracing::info!(signal, "going down");
        let _told = first.send(());
        let signal = next().await;
        tracing::warn!(signal, "ending at once; what was answered is on disk");
        std::process::exit(1);
    });
    Ok(async {
        // A listener that is gone says stop as well.
        drop(told.await);
    })
}

fn identity(config: &Config) -> anyhow::Result<Option<TlsIdentity>> {
    let read = |file: &str| std::fs::read(file).with_context(|| format!("reading {file}"));
    match (config.get("tls_cert"), config.get("tls_key")) {
        (Some(certificates), Some(key)) => Ok(Some(TlsIdentity { certificates: read(certificates)?, key: read(key)? })),
        (None, None) => Ok(None),
        _ => bail!("tls_cert and tls_key go together"),
    }
}

/// `earmark views`.
#[derive(Debug, clap::Args)]
pub struct ViewsArgs {
    #[command(subcommand)]
    act: ViewsAct,
}

#[derive(Debug, clap::Subcommand)]
enum ViewsAct {
    /// 清空视图并由日志重建；服务须已停止；--book 只建一个账套 [Empty the views and fill them from the log; the server must be down; --book for one book only]
    Rebuild,
}

/// Empties the views of one book or all and waits until they are filled from the log.
pub async fn rebuild(args: &ViewsArgs, config: &Config, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    let ViewsAct::Rebuild = args.act;
    let store = Arc::new(Place::of(config)?.open().await?);
    let entries = store.books().await.context("reading the catalogue")?;
    let wanted = |book: &str| config.get("book").is_none_or(|only| only == book);
    let books: Vec<String> = entries.into_iter().map(|entry| entry.book).filter(|book| wanted(book)).collect();
    ensure!(!books.is_empty(), "{}", lang.pick("没有这样的账套", "there is no such book"));
    for book in &books {
        store.clear_views(book).await.with_context(|| format!("emptying the views of {book}"))?;
    }
    // A log under suspicion gets no record here either.
    let engine = Engine::open(Arc::clone(&store), engine_options(config)?).await.context("opening the books")?;
    let mut rebuilt = Vec::new();
    for code in &books {
        // A book whose opening was cut short has no views.
        let Some(book) = engine.book(code) else { continue };
        let head = *book.watch_head().borrow();
        follow(&store, code, head).await?;
        rebuilt.push(serde_json::json!({"book": code, "sequence": head}));
        if !as_json {
            println!("{code}  {} {head}", lang.pick("视图已重建至序号", "views rebuilt up to sequence"));
        }
    }
    engine.shutdown().await;
    drop(engine);
    close(store).await;
    if as_json {
        println!("{}", serde_json::Value::Array(rebuilt));
    }
    Ok(())
}

async fn follow(store: &AnyStore, book: &str, head: u64) -> anyhow::Result<()> {
    let bar = ProgressBar::new(head);
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len}  {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(book.to_owned());
    let (mut last, mut since) = (0, tokio::time::Instant::now());
    loop {
        let reached = store.reached(book).await.with_context(|| format!("reading the views of {book}"))?;
        bar.set_position(reached);
        if reached >= head {
            bar.finish_and_clear();
            return Ok(());
        }
        if reached != last {
            (last, since) = (reached, tokio::time::Instant::now());
        }
        ensure!(since.elapsed() < STUCK_AFTER, "the views of {book} stand still at {reached} of {head}; see the log");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
