//! The whole season against a server process: what it takes, and that it comes to the right totals. The bench runs it in full, a test a
//! hundredth of it. How figures are printed stands in the bench.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use api::v1::Ledger;
use client::Client;
use testkit::process::Served;
use tokio::task::block_in_place;

use super::Season;
use super::expected::{self, Stage};
use super::posting::{Posted, post_receipts, receipts_by_day};
use crate::audit::{head, trial};
use crate::office::{COLLECTOR, Office, Tokens, connect, tokens};

/// The book of the season.
const BOOK: &str = "gd-2018";
/// Streams that post receipts at once, each on a connection of its own.
const STREAMS: usize = 4;
/// How often the views are looked at while they catch up.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How long a head must not move to be the last one.
const SETTLED_AFTER: Duration = Duration::from_secs(1);

/// What the season took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Receipts posted.
    pub receipts: u64,
    /// From the first receipt sent to the last acknowledged.
    pub acknowledged: Duration,
    /// From the first receipt sent until the views hold the last.
    pub caught_up: Duration,
    /// The same receipts again, all answered with their old receipts.
    pub replayed: Duration,
    /// Processor time of the server for the receipts, until the views hold them.
    pub processor: Duration,
    /// Processor time of the server for the repetition.
    pub replay_processor: Duration,
    /// Everything else of the season, its closing included.
    pub rest: Duration,
    /// Starting anew over the finished book, until it answers.
    pub restarted: Duration,
    /// Most memory that the server held, bytes.
    pub peak_memory: u64,
    /// Log, in bytes, after the server went down.
    pub log_bytes: u64,
    /// Views, in bytes, after the server went down.
    pub views_bytes: u64,
    /// Records in the log at the end.
    pub records: u64,
}

/// Plays the season. `serve` makes the command of a server over the data folder, which must be empty.
pub async fn run(season: Season, data: &Path, serve: impl Fn(&Path) -> Command) -> Figures {
    let log = data.with_extension("log");
    let tokens = tokens(data);
    let server = Served::start(&mut serve(data), &log);
    let office = Office::new(&server.endpoint(), &tokens, BOOK);
    let mut figures = Figures { receipts: season.collection.receipts(), ..Figures::default() };

    let begun = Instant::now();
    season.begin(&office).await;
    figures.rest = begun.elapsed();
    post_and_repeat(season, &server, &office, &tokens, &mut figures).await;
    let begun = Instant::now();
    season.spend(&office).await;
    assert_stage(season, &office, Stage::BeforeClosing).await;
    assert_stage(season, &office, Stage::Budget).await;
    season.close_months(&office, &receipts_by_day(season)).await;
    season.close_year(&office).await;
    assert_stage(season, &office, Stage::AfterClosing).await;
    figures.rest += begun.elapsed();

    let ended = settled_head(&office).await;
    figures.records = ended.sequence;
    figures.peak_memory = server.peak_memory();
    // Not as part of a task that other tasks wait for: the clients' connections must answer the server's goodbye.
    assert!(block_in_place(|| server.stop()).success(), "the server did not go down in order");
    let folder = data.join("books").join(BOOK);
    let left: Vec<_> =
        ["log.sqlite-wal", "views.sqlite-wal"].into_iter().filter(|name| folder.join(name).exists()).collect();
    assert!(left.is_empty(), "an orderly end left {left:?}: the files are not whole without them");
    figures.log_bytes = bytes(&folder, "log.sqlite");
    figures.views_bytes = bytes(&folder, "views.sqlite");

    let begun = Instant::now();
    let server = Served::start(&mut serve(data), &log);
    let office = Office::new(&server.endpoint(), &tokens, BOOK);
    assert_eq!(head(&office).await.root, ended.root, "the log is another after a restart");
    figures.restarted = begun.elapsed();
    assert_stage(season, &office, Stage::AfterClosing).await;
    assert!(block_in_place(|| server.stop()).success(), "the server did not go down in order");
    figures
}

/// The receipts, and all of them again.
async fn post_and_repeat(season: Season, server: &Served, office: &Office, tokens: &Tokens, figures: &mut Figures) {
    let token = tokens.get(COLLECTOR).expect("the collector has a token");
    let clients: Vec<Client> = (0..STREAMS).map(|_| connect(&server.endpoint(), token)).collect();
    let receipts = season.collection.receipts();
    let used = server.processor_time();
    let begun = Instant::now();
    let first = post_receipts(season, BOOK, &clients).await;
    figures.acknowledged = begun.elapsed();
    views_at(office, first.sequence).await;
    figures.caught_up = begun.elapsed();
    figures.processor = server.processor_time() - used;
    assert_eq!((first.progress.posted, first.progress.replayed), (receipts, 0), "{:?}", first.errors);

    let before = head(office).await.sequence;
    let used = server.processor_time();
    let begun = Instant::now();
    let again: Posted = post_receipts(season, BOOK, &clients).await;
    figures.replayed = begun.elapsed();
    figures.replay_processor = server.processor_time() - used;
    assert_eq!((again.progress.posted, again.progress.replayed), (receipts, receipts), "{:?}", again.errors);
    assert_eq!(head(office).await.sequence, before, "repeated receipts made records");
}

/// The head once it stands still: the digest of the state that a closing makes due is appended right after the closing is answered, and
/// takes the longer the larger the book is.
async fn settled_head(office: &Office) -> api::v1::GetBookResponse {
    let mut found = head(office).await;
    loop {
        tokio::time::sleep(SETTLED_AFTER).await;
        let again = head(office).await;
        if again.sequence == found.sequence {
            return again;
        }
        found = again;
    }
}

/// Waits until the views hold a sequence.
async fn views_at(office: &Office, sequence: u64) {
    while head(office).await.view_sequence < sequence {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn assert_stage(season: Season, office: &Office, stage: Stage) {
    let ledger = if stage == Stage::Budget { Ledger::Budget } else { Ledger::Actual };
    let answer = trial(office, ledger, head(office).await.sequence).await;
    assert_eq!(expected::found(&answer), expected::rows(season, stage), "{stage:?}");
}

/// Bytes of a database with what its write-ahead log still holds.
fn bytes(folder: &Path, name: &str) -> u64 {
    let size = |name: String| std::fs::metadata(folder.join(name)).map_or(0, |file| file.len());
    size(name.to_owned()) + size(format!("{name}-wal"))
}
