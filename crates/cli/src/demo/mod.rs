//! `earmark demo`: starts a server in this process on an embedded database, plays the season of 2018 through gRPC with one token for
//! each seat, tries to divert the money, and shows what the server says. Every figure is the server's; the acts stand in the files here.

mod close;
mod enrol;
mod findings;
mod income;
mod pay;
mod people;
mod print;
mod refused;
mod setup;
mod stage;
mod tally;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use api::v1;
use client::Client;
use engine::{Engine, Options};
use tokio::sync::oneshot;

use crate::lang::Lang;
use crate::place::Place;
use crate::tokens;
use close::Trials;
use findings::OnDay;
use refused::Attempt;
use stage::{Stage, read};

/// How long one request of the demonstration may take; all of them together take seconds.
const REQUEST_WITHIN: Duration = Duration::from_secs(30);

/// What the demonstration found out.
pub(crate) struct Played {
    before: Trials,
    budget: v1::GetTrialBalanceResponse,
    after: Trials,
    statement: v1::GetStatementResponse,
    attempts: Vec<Attempt>,
    findings: Vec<OnDay>,
    rejections: usize,
    book: v1::GetBookResponse,
}

/// Plays the demonstration in a data folder, or in a new temporary one.
pub async fn run(data: Option<&Path>, lang: Lang, json: bool) -> anyhow::Result<()> {
    let data = folder(data)?;
    let begun = Instant::now();
    let store = Arc::new(Place::Folder(data.clone()).open().await?);
    let seats = people::SEATS.iter().map(|seat| seat.code);
    let mut keys = BTreeMap::new();
    for person in seats {
        keys.insert(person, tokens::make(&*store, person, false, None).await?);
    }
    keys.insert("operator", tokens::make(&*store, "operator", true, None).await?);
    write_tokens(&data, &keys)?;
    let engine = Engine::open(Arc::clone(&store), Options::default()).await.context("opening the engine")?;
    let (bound, address) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let options = server::ServeOptions::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None);
    let serving = tokio::spawn(server::serve(engine, options, bound, async {
        // Either way the play is over: it says so, or it is gone.
        drop(stopped.await);
    }));
    let played = match address.await {
        Ok(address) => play(address, &keys, lang, !json).await,
        Err(_) => Err(anyhow::anyhow!("the server did not start")),
    };
    // A server that is gone already needs no telling.
    let _told = stop.send(());
    serving.await.context("the server broke off")?.context("the server ended")?;
    crate::serve::close(store).await;
    let played = played?;
    if json {
        println!("{}", serde_json::to_string_pretty(&tally::json(&played, &data))?);
    } else {
        print!("{}", print::all(&played, lang));
        print!("{}", print::how_to_go_on(&data, &played.book, begun.elapsed().as_secs_f64(), lang));
    }
    Ok(())
}

/// The folder to play in: a new or empty one.
fn folder(asked: Option<&Path>) -> anyhow::Result<PathBuf> {
    let Some(dir) = asked else {
        let made =
            tempfile::Builder::new().prefix("earmark-demo-").tempdir().context("making a temporary directory")?;
        return Ok(made.keep());
    };
    std::fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
    let mut entries = std::fs::read_dir(dir).with_context(|| format!("reading {}", dir.display()))?;
    ensure!(entries.next().is_none(), "{} is not empty: the demonstration begins with nothing", dir.display());
    std::fs::canonicalize(dir).with_context(|| format!("finding {}", dir.display()))
}

/// Leaves each seat's token in a file that only its owner reads, so that one can go on.
fn write_tokens(data: &Path, keys: &BTreeMap<&'static str, String>) -> anyhow::Result<()> {
    let dir = data.join("tokens");
    for (person, token) in keys {
        tokens::write_file(&dir.join(person), token)?;
    }
    Ok(())
}

/// The acts, in the order of the year.
async fn play(
    address: SocketAddr,
    keys: &BTreeMap<&'static str, String>,
    lang: Lang,
    tell: bool,
) -> anyhow::Result<Played> {
    let connect = |token: &String| {
        Client::connect(&client::Options {
            endpoints: vec![format!("http://{address}")],
            token: token.clone(),
            language: lang.header().to_owned(),
            trust: None,
            deadline: REQUEST_WITHIN,
        })
    };
    let clients = keys.iter().map(|(person, token)| Ok((*person, connect(token)?)));
    let mut stage = Stage::new(clients.collect::<anyhow::Result<_>>()?, lang, tell);
    let stage = &mut stage;
    setup::open_book(stage).await?;
    setup::plan(stage).await?;
    close::month(stage, 4).await?;
    income::spring(stage).await?;
    close::month(stage, 5).await?;
    income::june(stage).await?;
    for month in [6, 7, 8] {
        close::month(stage, month).await?;
    }
    enrol::batches(stage).await?;
    close::month(stage, 9).await?;
    pay::commitments(stage).await?;
    let mut paid = pay::october(stage).await?;
    enrol::receipts(stage).await?;
    close::month(stage, 10).await?;
    paid.batches.extend(pay::november(stage).await?);
    close::month(stage, 11).await?;
    stage.say(
        "十二月  确认、上解、利息、退回、年结",
        "December  confirmation, remittance, interest, a return, the year's end",
    );
    enrol::confirm(stage, &paid.batches).await?;
    enrol::remit(stage).await?;
    income::december(stage).await?;
    pay::three_heads_back(stage, &paid.hardship).await?;
    refused::one_more(stage).await?;
    let before = close::trials(stage).await?;
    let budget = close::trial(stage, v1::Ledger::Budget, v1::Chart::V2021).await?;
    close::year(stage).await?;
    let after = close::trials(stage).await?;
    let statement = close::statement(stage).await?;
    refused::new_year(stage).await?;
    let attempts = refused::attempts(stage).await?;
    let findings = findings::seen(stage).await?;
    let listed = read!(stage, "audit", audit.list_rejections, ListRejectionsRequest {});
    let rejections = listed.map_err(|error| stage.failed(&error))?.rejections.len();
    let book = read!(stage, "audit", book.get_book, GetBookRequest {});
    let book = book.map_err(|error| stage.failed(&error))?;
    Ok(Played { before, budget, after, statement, attempts, findings, rejections, book })
}
