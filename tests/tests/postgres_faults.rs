//! A real server over a PostgreSQL that is killed, cut off, stopped, read-only and full, while receipts are posted: what was
//! acknowledged is there once, everything else at most once and exactly once after it was asked again, and the server goes on by itself.
//! The control, which looks request keys up after a lost answer and fences nothing, must book something twice under the same hands.

#![expect(clippy::print_stdout, reason = "the tests tell how many requests were in flight, and what became of them")]

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::v1;
use earmark_tests::audit::{Log, Views};
use earmark_tests::chance::Chance;
use earmark_tests::collecting::{Collection, OWN_SHARE_FEN};
use earmark_tests::line::{Line, voucher_of};
use earmark_tests::office::{COLLECTOR, Office, Tokens, day, tokens_by};
use earmark_tests::postgres::{self, run};
use earmark_tests::proxy::{CUTS, Cut, Proxy};
use testkit::postgres::Cluster;
use testkit::process::{self, Served};
use tokio::task::JoinHandle;
use tonic::Code;

/// Kills of the whole cluster with SIGKILL.
const KILLS: usize = 20;
/// Cuts of the line, a quarter of each kind.
const LINE_CUTS: usize = 24;
const CONNECTIONS: usize = 2;
/// Posters, each of whom always has a request in flight.
const POSTERS: usize = 8;
const BOOK: &str = "faults";
/// More receipts than can be posted meanwhile.
const COLLECTION: Collection = Collection { holders: 2, member_batches: 100, union_batches: 0, heads: 1_000 };
/// How long service may take to come back: the database starts again, and the longest pause of the server passes.
const BACK_WITHIN: Duration = Duration::from_secs(60);

/// What the posters know.
#[derive(Default)]
struct Known {
    left: VecDeque<v1::PremiumReceiptItem>,
    /// Asked for, and not answered yet.
    asked: BTreeMap<String, v1::PremiumReceiptItem>,
    /// Acknowledged, with the voucher.
    acknowledged: BTreeMap<String, String>,
    /// UNAVAILABLE heard, for the same receipts again.
    unavailable: u64,
}

type Shared = Arc<Mutex<Known>>;

fn known(shared: &Shared) -> MutexGuard<'_, Known> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server over a database, and people who post.
struct Harness {
    tokens: Tokens,
    server: Served,
    log: PathBuf,
    known: Shared,
    stop: Arc<AtomicBool>,
    posters: Vec<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

/// `earmark` with these words over a database.
fn over(url: &str, words: &[&str]) -> Command {
    let mut command = process::plain_command(words);
    command.args(["--database", url]);
    command
}

impl Harness {
    /// Makes the book and begins to post, with a server that reaches its database by this URL.
    async fn new(url: &str) -> Harness {
        let folder = tempfile::tempdir().expect("there is room for a temporary folder");
        let tokens = tokens_by(|words| process::output_of(&mut over(url, words)));
        let log = folder.path().join("log");
        let server = Served::start(&mut over(url, &["serve", "--listen", "127.0.0.1:0"]), &log);
        let office = Office::new(&server.endpoint(), &tokens, BOOK);
        office.open_book(v1::Period { year: 2018, month: 4 }, day(2019, 1, 1)).await;
        COLLECTION.prepare(&office).await;
        let left = (0..COLLECTION.batches()).flat_map(|batch| COLLECTION.receipts_of(batch)).collect();
        let known = Arc::new(Mutex::new(Known { left, ..Known::default() }));
        let stop = Arc::new(AtomicBool::new(false));
        let lines: Vec<Line> =
            (0..CONNECTIONS).map(|_| Line::new(&server.endpoint(), &tokens[COLLECTOR], BOOK)).collect();
        let post = |line: &Line| tokio::spawn(post(line.clone(), Arc::clone(&known), Arc::clone(&stop)));
        let posters = lines.iter().cycle().take(POSTERS).map(post).collect();
        Harness { tokens, server, log, known, stop, posters, _folder: folder }
    }

    fn acknowledged(&self) -> usize {
        known(&self.known).acknowledged.len()
    }

    /// Waits until so many more receipts are acknowledged.
    async fn until_more(&self, count: usize) {
        let wanted = self.acknowledged() + count;
        let reached = async {
            while self.acknowledged() < wanted {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let came = tokio::time::timeout(BACK_WITHIN, reached).await;
        assert!(came.is_ok(), "service does not come back:\n{}", self.said());
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Lets what was asked be answered, and compares what was acknowledged with the log, and the views with views made anew.
    async fn settle(self) -> Settled {
        self.stop.store(true, Ordering::Relaxed);
        for poster in self.posters {
            poster.await.expect("a poster does not panic");
        }
        let office = Office::new(&self.server.endpoint(), &self.tokens, BOOK);
        let mut log = Log::default();
        log.read_on(&office).await;
        log.assert_sound(&office).await;
        let views = Views::read(&office).await;
        let known = known(&self.known);
        assert!(known.asked.is_empty(), "a poster went without its answer");
        assert!(known.acknowledged == log.vouchers, "the log holds other receipts than were acknowledged");
        assert_eq!(log.received_fen, i64::try_from(known.acknowledged.len()).expect("few") * OWN_SHARE_FEN);
        assert_eq!(views.receipts(), known.acknowledged.len());
        let said = std::fs::read_to_string(&self.log).unwrap_or_default();
        assert!(self.server.stop().success(), "the server did not go down in order");
        Settled {
            acknowledged: known.acknowledged.len(),
            unavailable: known.unavailable,
            unknown: said.matches("the outcome of a commit is unknown").count(),
        }
    }
}

struct Settled {
    acknowledged: usize,
    unavailable: u64,
    /// Commits whose outcome the server did not know at first.
    unknown: usize,
}

/// Posts one receipt after another, each until it is acknowledged. The only failure that may be heard of is UNAVAILABLE.
async fn post(line: Line, shared: Shared, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        let item = {
            let mut known = known(&shared);
            let item = known.left.pop_front().expect("there are more receipts than can be posted");
            known.asked.insert(item.request_id.clone(), item.clone());
            item
        };
        let result = loop {
            match line.post(&item, None).await {
                Ok(result) => break result,
                Err(status) => {
                    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
                    known(&shared).unavailable += 1;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        };
        let mut known = known(&shared);
        known.asked.remove(&item.request_id);
        known.acknowledged.insert(item.request_id.clone(), voucher_of(&result));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_of_the_database_lose_nothing_and_double_nothing() {
    let mut cluster = Cluster::start(&[]).expect("a private PostgreSQL");
    let database = postgres::database_on(&cluster).await;
    let harness = Harness::new(&database.url).await;
    let mut chance = Chance::of(2018);
    let mut in_flight = Vec::new();
    for _ in 0..KILLS {
        harness.until_more(50).await;
        tokio::time::sleep(Duration::from_micros(chance.within(0..10_000))).await;
        in_flight.push(known(&harness.known).asked.len());
        cluster.kill().expect("the server can be killed");
        cluster.run().expect("the server recovers");
    }
    harness.until_more(50).await;
    let settled = harness.settle().await;
    println!("in flight at each kill of PostgreSQL: {in_flight:?}");
    println!(
        "{} acknowledged, {} unavailable in between, {} outcomes unknown at first; 0 lost, 0 doubled",
        settled.acknowledged, settled.unavailable, settled.unknown
    );
    assert!(in_flight.iter().all(|count| *count > 0), "a kill had nothing in flight");
    assert!(settled.unknown > 0, "no kill fell into a COMMIT: the interesting moment was never met");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_cut_before_during_and_after_commit_loses_nothing_and_doubles_nothing() {
    let cluster = Cluster::start(&[]).expect("a private PostgreSQL");
    let database = postgres::database_on(&cluster).await;
    let proxy = Proxy::start(cluster.port(), false).await;
    let name = database.url.rsplit('/').next().expect("a name");
    let harness = Harness::new(&cluster.tcp_url(proxy.port(), name)).await;
    for cut in CUTS.into_iter().cycle().take(LINE_CUTS) {
        harness.until_more(20).await;
        proxy.arm(cut);
        harness.until_more(20).await;
        assert!(!proxy.is_armed(), "nothing was committed to be cut: {cut:?}");
    }
    assert_eq!(proxy.cuts(), LINE_CUTS as u64);
    let settled = harness.settle().await;
    println!(
        "{LINE_CUTS} lines cut; {} acknowledged, {} outcomes unknown at first; 0 lost, 0 doubled",
        settled.acknowledged, settled.unknown
    );
    assert_eq!(settled.unknown, LINE_CUTS, "a cut at COMMIT leaves its outcome unknown");
}

/// The control: an entry under a key, and after a lost answer a look whether it is there. No fence.
async fn book_by_lookup(url: &str, key: i64) {
    let there = "SELECT COUNT(*) FROM entry WHERE key = $1";
    loop {
        let mut line = postgres::raw(url).await;
        let found: i64 = sqlx::query_scalar(there).bind(key).fetch_one(&mut line).await.expect("the look is answered");
        if found > 0 {
            return;
        }
        run(&mut line, "BEGIN").await.expect("no cut is due yet");
        let add = sqlx::query("INSERT INTO entry (key) VALUES ($1)").bind(key).execute(&mut line).await;
        add.expect("no cut is due yet");
        if run(&mut line, "COMMIT").await.is_ok() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_keys_up_without_fencing_books_twice() {
    let cluster = Cluster::start(&[]).expect("a private PostgreSQL");
    let database = postgres::database_on(&cluster).await;
    // Where every line of ours finds it.
    run(&mut database.raw().await, "CREATE TABLE earmark.entry (key bigint)").await.expect("a table");
    let proxy = Proxy::start(cluster.port(), true).await;
    let name = database.url.rsplit('/').next().expect("a name");
    let url = cluster.tcp_url(proxy.port(), name);
    for (key, cut) in (0i64..).zip(CUTS) {
        proxy.arm(cut);
        book_by_lookup(&url, key).await;
    }
    // The late one comes late.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let doubled: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM (SELECT key FROM entry GROUP BY key HAVING COUNT(*) > 1) AS twice")
            .fetch_one(&mut database.raw().await)
            .await
            .expect("the table is there");
    println!("the control booked {doubled} of {} entries twice", CUTS.len());
    assert!(doubled > 0, "the control doubled nothing: the cuts would not show a missing fence");
    assert!(CUTS.contains(&Cut::Late));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_stopped_read_only_or_full_is_unavailable_and_comes_back() {
    let mut cluster = Cluster::start(&[]).expect("a private PostgreSQL");
    let database = postgres::database_on(&cluster).await;
    let harness = Harness::new(&database.url).await;
    let full = "CREATE FUNCTION public.no_room() RETURNS trigger LANGUAGE plpgsql AS \
        $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$; \
        CREATE TRIGGER no_room BEFORE INSERT ON log FOR EACH STATEMENT EXECUTE FUNCTION public.no_room()";
    let troubles: [(&str, &[&str], &[&str]); 3] = [
        (
            "read-only",
            &["ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"],
            &[
                "SET default_transaction_read_only = off",
                "ALTER SYSTEM RESET default_transaction_read_only",
                "SELECT pg_reload_conf()",
            ],
        ),
        ("disk of the database is full", &[full], &["DROP TRIGGER no_room ON log"]),
        ("another transaction holds", &["BEGIN; LOCK TABLE head IN ACCESS EXCLUSIVE MODE"], &["ROLLBACK"]),
    ];
    for (told, make, mend) in troubles {
        harness.until_more(20).await;
        let before = known(&harness.known).unavailable;
        let mut other = database.raw().await;
        for statement in make {
            run(&mut other, statement).await.expect(statement);
        }
        let heard = async {
            while known(&harness.known).unavailable < before + POSTERS as u64 || !harness.said().contains(told) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let heard = tokio::time::timeout(BACK_WITHIN, heard).await;
        assert!(heard.is_ok(), "{told} is not told of:\n{}", harness.said());
        for statement in mend {
            run(&mut other, statement).await.expect(statement);
        }
        harness.until_more(20).await;
    }
    cluster.stop().expect("the server can be stopped");
    tokio::time::sleep(Duration::from_millis(300)).await;
    cluster.run().expect("the server starts again");
    harness.until_more(20).await;
    let settled = harness.settle().await;
    println!("{} acknowledged, {} unavailable in between", settled.acknowledged, settled.unavailable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_servers_on_a_book_the_older_stops_at_its_next_append_and_says_so() {
    let cluster = Cluster::start(&[]).expect("a private PostgreSQL");
    let database = postgres::database_on(&cluster).await;
    let proxy = Proxy::start(cluster.port(), false).await;
    let name = database.url.rsplit('/').next().expect("a name");
    let harness = Harness::new(&cluster.tcp_url(proxy.port(), name)).await;
    harness.until_more(20).await;
    harness.stop.store(true, Ordering::Relaxed);
    for poster in harness.posters {
        poster.await.expect("a poster does not panic");
    }
    // While the first is there, a second is told who holds the book.
    let refused = over(&database.url, &["serve", "--listen", "127.0.0.1:0"]).output().expect("earmark starts");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("is held by"), "{said}");

    proxy.set_open(false);
    let log = harness.log.with_extension("second");
    let second = Served::start(&mut over(&database.url, &["serve", "--listen", "127.0.0.1:0"]), &log);
    proxy.set_open(true);
    let item = known(&harness.known).left.pop_front().expect("receipts are left");
    let old = Line::new(&harness.server.endpoint(), &harness.tokens[COLLECTOR], BOOK);
    let refused = old.post(&item, None).await.expect_err("the older server writes no more");
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    assert!(!harness.server.ended().success(), "a fenced server ends with a failure");
    let said = std::fs::read_to_string(&harness.log).unwrap_or_default();
    assert!(said.contains("FENCED: the book is now written under epoch 2"), "{said}");

    let new = Line::new(&second.endpoint(), &harness.tokens[COLLECTOR], BOOK);
    new.post_until_answered(&item).await;
    let office = Office::new(&second.endpoint(), &harness.tokens, BOOK);
    let mut log = Log::default();
    log.read_on(&office).await;
    log.assert_sound(&office).await;
    assert_eq!(log.vouchers.len(), known(&harness.known).acknowledged.len() + 1);
}
