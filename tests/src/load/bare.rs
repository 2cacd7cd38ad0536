//! Posting without server and gRPC: what a book's writer does with receipts, in a task of its own over a real store. Here, and only here,
//! it can be done without leaf hashes, tree, digests, totals and their snapshots, to tell what they cost: the program has no such way.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::store::{AppendError, Batch, BookEntry, Head, Snapshot, Store};
use ledger::rows::FactRow;
use ledger::totals::{RECORDS_PER_TOTALS, state_digest, totals};
use ledger::{Ask, Caller, Decision, Facts, Filter, Receipt, State, decide, project_facts, project_facts_of};
use proof::Tree;
use record::kinds::PayerType;
use record::{Command, Digest, Event, Record, hash};
use store::SqliteStore;
use testkit::book::Book;
use testkit::build::{self, GZ, day};
use testkit::season;
use tokio::task::JoinHandle;

/// Commands of a batch, as streams make them.
const BATCH: u64 = 2_048;
/// Forms that the receipts are shared out among, and heads of each: the members of the season.
const FORMS: u64 = 616;
const HEADS: u32 = 1_000;
/// Bytes of the log read at once.
const READ_BYTES: usize = 16 << 20;

/// A run.
#[derive(Clone, Copy, Debug)]
pub struct Posted {
    /// Of the receipts, from the first decision to the last commit.
    pub time: Duration,
    /// What was spent on digests and totals, their commits included.
    pub digests: Duration,
}

/// Posts receipts, each batch decided while the one before is written and flushed; `proving` with all that proofs take.
pub async fn post(receipts: u64, proving: bool) -> Posted {
    let folder = tempfile::tempdir().expect("there is room for a temporary folder");
    let store = Arc::new(SqliteStore::open(folder.path()).await.expect("an empty folder opens"));
    let mut book = season_with_forms();
    let mut writer = Writer::begin(Arc::clone(&store), &mut book, proving).await;
    let caller = Arc::new(Caller { person: "collector.gz".into(), key_id: [7; 8], signature: None });
    let begun = Instant::now();
    let mut next = 0;
    while next < receipts {
        let to = receipts.min(next + BATCH);
        writer.round(&caller, next..to).await;
        writer.commit_due().await;
        next = to;
    }
    writer.land().await;
    let time = begun.elapsed();
    let posted = Posted { time, digests: writer.digests };
    writer.check(receipts).await;
    Arc::into_inner(store).expect("the writer is gone").close().await;
    posted
}

fn season_with_forms() -> Book {
    let mut book = Book::new();
    let parts = [season::opening(day("2019-01-01")), season::programme(), season::funding(), season::enrolment()];
    season::play(&mut book, parts.into_iter().flatten().collect());
    book.set_day(day("2018-10-31"));
    for no in 0..FORMS {
        let form = build::batch(&form(no), "GZ-U1", "A", "COMP", HEADS, day("2018-10-08"));
        book.act(Command::SubmitEnrollmentBatch(form));
    }
    book
}

fn form(no: u64) -> String {
    format!("V-{no}")
}

/// A batch in the making, or on its way.
#[derive(Default)]
struct Draft {
    records: Vec<Record>,
    bodies: Vec<Vec<u8>>,
    leaves: Vec<Digest>,
    facts: Vec<FactRow>,
}

struct Writer {
    store: Arc<SqliteStore>,
    code: String,
    proving: bool,
    now: i64,
    working: State,
    committed: State,
    filter: Filter,
    tree: Tree,
    head: Head,
    flight: Option<(JoinHandle<Result<(), AppendError>>, Draft)>,
    saving: Option<JoinHandle<()>>,
    /// Records at the last Totals and the last StateDigest.
    last: (u64, u64),
    digests: Duration,
    receipts: u64,
}

impl Writer {
    /// Begins the book's log with the records that it has.
    async fn begin(store: Arc<SqliteStore>, book: &mut Book, proving: bool) -> Writer {
        let code = book.state.book.clone();
        let entry = BookEntry { book: code.clone(), created_at: book.now };
        store.create_book(&entry).await.expect("the catalogue takes a book");
        let head = store.fence(&code).await.expect("a new log has a head");
        let mut writer = Writer {
            store,
            code,
            proving,
            now: book.now,
            working: State::default(),
            committed: State::default(),
            filter: Filter::default(),
            tree: Tree::empty(),
            head,
            flight: None,
            saving: None,
            last: (0, 0),
            digests: Duration::ZERO,
            receipts: 0,
        };
        let mut draft = Draft::default();
        let facts = project_facts(&book.records).expect("what was decided can be projected");
        for record in book.records.drain(..) {
            writer.take(&mut draft, record);
        }
        draft.facts = facts;
        writer.send(draft).await;
        writer.land().await;
        writer
    }

    /// Decides receipts of these numbers and sends them off.
    async fn round(&mut self, caller: &Arc<Caller>, numbers: std::ops::Range<u64>) {
        let mut draft = Draft::default();
        for no in numbers {
            let receipt =
                build::receipt(GZ, &form(no % FORMS), 1, PayerType::Member, day("2018-10-31"), &format!("SJ-{no}"));
            let command = Command::PostPremiumReceipt(receipt);
            let ask = Ask::new(&self.code, Arc::clone(caller), format!("load-{no:09}"), command);
            black_box(ask.keys().iter().any(|key| self.filter.may_hold(key)));
            let Decision::Records(records) = decide(&self.working, &ask, &Facts::default(), self.now) else {
                panic!("receipt {no} makes no record");
            };
            let posted = matches!(records.as_slice(), [Record { event: Event::ReceiptPosted(_), .. }]);
            assert!(posted, "receipt {no} was not posted");
            draft.facts.extend(project_facts_of(&ask, &records).expect("what was decided can be projected"));
            let leaf = records.into_iter().map(|record| self.take(&mut draft, record)).last();
            let last = draft.records.last().map(core::slice::from_ref).unwrap_or_default();
            black_box(Receipt::of(&self.code, last, leaf.unwrap_or_default()));
            self.receipts += 1;
        }
        self.send(draft).await;
    }

    /// Encodes a record, hashes it where proofs are made, and folds it.
    fn take(&mut self, draft: &mut Draft, record: Record) -> Digest {
        let body = record::encode(&record);
        // A log row has a leaf hash for each record: without proofs it is of zeros.
        let leaf = if self.proving { hash::leaf_hash(&body) } else { Digest::default() };
        self.working.apply(&record);
        if self.proving {
            self.tree.push(leaf);
        }
        draft.records.push(record);
        draft.bodies.push(body);
        draft.leaves.push(leaf);
        leaf
    }

    /// Sends a batch off once the one before it is in the log; that one is published while storage writes this one.
    async fn send(&mut self, mut draft: Draft) {
        let after = Head {
            sequence: self.working.sequence,
            root: if self.proving { self.tree.root() } else { Digest::default() },
            edge: if self.proving { self.tree.edge().to_vec() } else { Vec::new() },
            time: self.working.time,
            epoch: self.head.epoch,
        };
        let batch = Batch {
            first: self.head.sequence + 1,
            bodies: core::mem::take(&mut draft.bodies),
            leaves: core::mem::take(&mut draft.leaves),
            after: after.clone(),
        };
        let before = self.arrived().await;
        let (store, code, expected) = (Arc::clone(&self.store), self.code.clone(), self.head.clone());
        let append = tokio::spawn(async move { store.append(&code, &expected, &batch).await });
        self.head = after;
        self.flight = Some((append, draft));
        self.publish(before);
    }

    async fn arrived(&mut self) -> Option<Draft> {
        let (append, draft) = self.flight.take()?;
        append.await.expect("an append does not panic").expect("the log takes a batch");
        Some(draft)
    }

    fn publish(&mut self, draft: Option<Draft>) {
        let Some(draft) = draft else { return };
        draft.records.iter().for_each(|record| self.committed.apply(record));
        draft.facts.iter().for_each(|fact| self.filter.add(&fact.key));
    }

    async fn land(&mut self) {
        let draft = self.arrived().await;
        self.publish(draft);
    }

    /// Commits what is due of digests and totals, at the distances of a book's writer (decision 0033).
    async fn commit_due(&mut self) {
        let (at, (totals_at, digest_at)) = (self.working.sequence, self.last);
        let digest = at - digest_at >= RECORDS_PER_TOTALS.max(at / 16);
        if !self.proving || (!digest && at - totals_at < RECORDS_PER_TOTALS) {
            return;
        }
        let begun = Instant::now();
        self.land().await;
        let mut events = Vec::new();
        let mut snapshot = None;
        if digest {
            events.push(state_digest(&self.committed, &self.filter));
            let mut bytes = self.tree.edge().concat();
            bytes.extend(self.committed.to_bytes());
            snapshot = Some(Snapshot { at, state: Arc::new(bytes), filter: self.filter.clone() });
            self.last.1 = at;
        }
        events.push(totals(&self.committed));
        self.last.0 = at;
        let mut draft = Draft::default();
        for event in events {
            let record = ledger::decide::system_record(&self.working, self.now, event);
            self.take(&mut draft, record);
        }
        self.send(draft).await;
        self.land().await;
        if let Some(snapshot) = snapshot {
            if let Some(saving) = self.saving.take() {
                saving.await.expect("a snapshot's task does not panic");
            }
            let (store, code) = (Arc::clone(&self.store), self.code.clone());
            self.saving = Some(tokio::spawn(async move {
                store.save_snapshot(&code, &snapshot).await.expect("a snapshot is saved");
            }));
        }
        self.digests += begun.elapsed();
    }

    /// The log holds every receipt, and leads to the root that was committed. Panics where it does not.
    async fn check(mut self, receipts: u64) {
        if let Some(saving) = self.saving.take() {
            saving.await.expect("a snapshot's task does not panic");
        }
        let (mut tree, mut posted, mut next) = (Tree::empty(), 0, 1);
        while next <= self.head.sequence {
            let rows = self.store.log_rows(&self.code, next, READ_BYTES).await.expect("the log can be read");
            assert!(!rows.is_empty(), "the log ends before {next}");
            for body in rows.iter().flat_map(|row| &row.bodies) {
                let record = record::decode(body).expect("a body is a record");
                assert_eq!(record.sequence, next, "the log has a gap");
                posted += u64::from(matches!(record.event, Event::ReceiptPosted(_)));
                tree.push(hash::leaf_hash(body));
                next += 1;
            }
        }
        assert_eq!((posted, self.receipts), (receipts, receipts), "other receipts stand than were posted");
        assert!(!self.proving || tree.root() == self.head.root, "the root is not that of the records");
    }
}
