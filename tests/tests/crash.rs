//! Kill -9 of the real server with requests in flight, a hundred times: what was acknowledged is there once, what was not is there at
//! most once and exactly once after it was asked again. The control, a server that answers before it commits, must lose something
//! under the same hands: a harness that cannot see a loss proves nothing.

#![expect(clippy::print_stdout, reason = "the test tells how many requests were in flight at each kill")]

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::v1;
use earmark_tests::audit::{Log, Views};
use earmark_tests::chance::Chance;
use earmark_tests::collecting::{Collection, OWN_SHARE_FEN};
use earmark_tests::line::{Line, voucher_of};
use earmark_tests::office::{COLLECTOR, Office, Tokens, day, tokens};
use testkit::process::{self, Served};
use tokio::sync::Notify;

const KILLS: usize = 100;
/// Kills within which the control must have lost something.
const CONTROL_KILLS: usize = 20;
const CONNECTIONS: usize = 2;
/// Posters, each of whom always has a request in flight.
const POSTERS: usize = 8;
const BOOK: &str = "crash";
/// More receipts than can be posted between the kills.
const COLLECTION: Collection = Collection { holders: 2, member_batches: 10, union_batches: 5, heads: 1_000 };

/// What the posters know.
#[derive(Default)]
struct Known {
    /// Receipts that nobody has asked for yet.
    left: VecDeque<v1::PremiumReceiptItem>,
    /// Asked for, and not answered.
    asked: BTreeMap<String, v1::PremiumReceiptItem>,
    /// Acknowledged, with the voucher.
    acknowledged: BTreeMap<String, String>,
}

/// A book in a data folder, its server started and killed again and again.
struct Harness {
    data: PathBuf,
    tokens: Tokens,
    serve: fn(&Path) -> Command,
    known: Arc<Mutex<Known>>,
    chance: Chance,
    /// Requests in flight at each kill.
    in_flight: Vec<usize>,
    _folder: tempfile::TempDir,
}

impl Harness {
    /// Makes the data folder and the book.
    async fn new(serve: fn(&Path) -> Command) -> Harness {
        let folder = tempfile::tempdir().expect("there is room for a temporary folder");
        let data = folder.path().join("data");
        let left = (0..COLLECTION.batches()).flat_map(|batch| COLLECTION.receipts_of(batch)).collect();
        let known = Known { left, ..Known::default() };
        let harness = Harness {
            tokens: tokens(&data),
            data,
            serve,
            known: Arc::new(Mutex::new(known)),
            chance: Chance::of(2018),
            in_flight: Vec::new(),
            _folder: folder,
        };
        let server = harness.start();
        let office = harness.office(&server);
        office.open_book(v1::Period { year: 2018, month: 4 }, day(2019, 1, 1)).await;
        COLLECTION.prepare(&office).await;
        // In order, so that also the control has the book.
        assert!(server.stop().success(), "the server did not go down in order");
        harness
    }

    fn start(&self) -> Served {
        Served::start(&mut (self.serve)(&self.data), &self.data.with_extension("log"))
    }

    fn office(&self, server: &Served) -> Office {
        Office::new(&server.endpoint(), &self.tokens, BOOK)
    }

    fn line(&self, server: &Served) -> Line {
        Line::new(&server.endpoint(), &self.tokens[COLLECTOR], BOOK)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets everybody post, and kills the server a random moment after the first answer.
    async fn post_and_kill(&mut self, server: Served) {
        let answered = Arc::new(Notify::new());
        let lines: Vec<Line> = (0..CONNECTIONS).map(|_| self.line(&server)).collect();
        let posters: Vec<_> = (0..POSTERS)
            .zip(lines.iter().cycle())
            .map(|(_, line)| tokio::spawn(post(line.clone(), Arc::clone(&self.known), Arc::clone(&answered))))
            .collect();
        answered.notified().await;
        tokio::time::sleep(Duration::from_micros(self.chance.within(0..15_000))).await;
        let in_flight = self.known().asked.len();
        server.kill();
        self.in_flight.push(in_flight);
        for poster in posters {
            poster.await.expect("a poster does not panic");
        }
    }

    /// Asks again, under the same request ids, for what was not answered.
    async fn ask_again(&self, server: &Served) {
        let unanswered: Vec<v1::PremiumReceiptItem> = self.known().asked.values().cloned().collect();
        let line = self.line(server);
        let asking = unanswered.into_iter().map(|item| {
            let line = line.clone();
            tokio::spawn(async move {
                let result = line.post_until_answered(&item).await;
                (item, result)
            })
        });
        let asking: Vec<_> = asking.collect();
        for asked in asking {
            let (item, result) = asked.await.expect("asking again does not panic");
            acknowledge(&mut self.known(), &item, &result);
        }
    }
}

/// Posts one receipt after another until the server is gone.
async fn post(line: Line, known: Arc<Mutex<Known>>, answered: Arc<Notify>) {
    let known = || known.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let item = {
            let mut known = known();
            let item = known.left.pop_front().expect("there are more receipts than can be posted");
            known.asked.insert(item.request_id.clone(), item.clone());
            item
        };
        // Any failure means that the server is gone: it has no other reason to refuse these.
        let Ok(result) = line.post(&item, None).await else { return };
        acknowledge(&mut known(), &item, &result);
        answered.notify_one();
    }
}

fn acknowledge(known: &mut Known, item: &v1::PremiumReceiptItem, result: &v1::MutationResult) {
    known.asked.remove(&item.request_id);
    let twice = known.acknowledged.insert(item.request_id.clone(), voucher_of(result));
    assert_eq!(twice, None, "{} was not to be asked again", item.request_id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_kills_lose_nothing_and_double_nothing() {
    let mut harness = Harness::new(process::serve).await;
    let mut log = Log::default();
    let mut found_unanswered = 0;
    for _ in 0..KILLS {
        let server = harness.start();
        log.read_on(&harness.office(&server)).await;
        // What was in flight stands in the log once or not at all.
        let counts: Vec<u32> =
            harness.known().asked.keys().filter_map(|request| log.requests.get(request).copied()).collect();
        assert!(counts.iter().all(|count| *count == 1), "an unanswered request was recorded twice");
        found_unanswered += counts.len();
        harness.ask_again(&server).await;
        harness.post_and_kill(server).await;
    }
    let server = harness.start();
    harness.ask_again(&server).await;
    let office = harness.office(&server);
    log.read_on(&office).await;
    log.assert_sound(&office).await;
    // The same again from the first record on: nothing of what was read on the way has changed.
    let mut anew = Log::default();
    anew.read_on(&office).await;
    anew.assert_sound(&office).await;
    let acknowledged = harness.known().acknowledged.clone();
    assert!(acknowledged == anew.vouchers, "the log holds other receipts than were acknowledged");
    assert_eq!(anew.received_fen, i64::try_from(acknowledged.len()).expect("few") * OWN_SHARE_FEN);

    let before = Views::read(&office).await;
    assert_eq!(before.receipts(), acknowledged.len());
    server.kill();
    let rebuilt = process::output(&harness.data, &["views", "rebuild", "--book", BOOK]);
    assert!(rebuilt.contains(BOOK), "{rebuilt}");
    let server = harness.start();
    let office = harness.office(&server);
    assert!(Views::read(&office).await == before, "rebuilt views say something else");

    let in_flight = &harness.in_flight;
    println!("in flight at each kill: {in_flight:?}");
    println!("{} acknowledged; {found_unanswered} unanswered found in the log", acknowledged.len());
    let with_some = in_flight.iter().filter(|count| **count > 0).count();
    assert!(with_some >= KILLS * 9 / 10, "only {with_some} of {KILLS} kills had requests in flight");
    assert!(found_unanswered > 0, "no kill fell between a commit and its answer: the interesting moment was never met");
    assert!(server.stop().success(), "the server did not go down in order");
}

/// The server that answers before it commits.
fn serve_early(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_early_server"));
    command.arg(data);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_answers_before_it_commits_is_caught() {
    let mut harness = Harness::new(serve_early).await;
    for kill in 1..=CONTROL_KILLS {
        let server = harness.start();
        harness.post_and_kill(server).await;
        let server = harness.start();
        let mut log = Log::default();
        log.read_on(&harness.office(&server)).await;
        let known = harness.known();
        let lost = known.acknowledged.keys().filter(|request| !log.requests.contains_key(*request)).count();
        if lost > 0 {
            println!("the control lost {lost} of {} acknowledged receipts by kill {kill}", known.acknowledged.len());
            return;
        }
    }
    panic!("the control lost nothing in {CONTROL_KILLS} kills: the harness would not see a loss");
}
