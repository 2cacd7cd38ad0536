//! The season on a real engine, signed and cosigned, and files taken apart and put together again: what a forger would do who can write a
//! file, but not the log.

use std::sync::Arc;

use engine::evidence::{Export, Stored};
use engine::figures::Figure;
use engine::store::{Batch, BookEntry, Head, Store};
use engine::{Book, Engine, LogKeys, Options};
use ledger::{Ask, Caller};
use proof::{Policy, Signer, Tree};
use record::evidence::{Frame, Header, Proven, Reader, Sums, Tail, Writer};
use record::{Command, hash};
use testkit::build::{log_key, log_policy, organization, policy_text, witness_key};
use testkit::memory::MemoryStore;
use verify::{Report, Trusted, verify_file};

const ORIGIN: &str = "ledger.example.org/gd";

/// Records between two Totals records: so few that a proof meets several, some of them older than the newest snapshot.
const TOTALS: u64 = 9;

pub fn keys() -> (Signer, Signer) {
    (log_key(ORIGIN, 1), witness_key("w1.example.org", 3))
}

pub fn policy() -> Policy {
    let (log, witness) = keys();
    Policy::parse(policy_text(&log, &[&witness]).as_bytes()).expect("a policy")
}

/// An engine with the season's book.
pub struct Served {
    pub engine: Arc<Engine<MemoryStore>>,
    pub book: Arc<Book<MemoryStore>>,
    maker: String,
}

impl Served {
    /// The season and its policy from storage, then some organisations, with the digests and totals that fall due; cosigned.
    pub async fn new() -> Served {
        let (log, witness) = keys();
        let mut season = super::season();
        let policy = log_policy(&season.state.book, &policy_text(&log, &[&witness]), None, &[&log, &witness]);
        season.ask("audit", policy);
        let maker = season.maker_of(&Command::RegisterOrganization(registered("X")));
        let code = season.state.book.clone();
        let store = MemoryStore::default();
        store.create_book(&BookEntry { book: code.clone(), created_at: 1 }).await.expect("a book");
        let mut before = store.fence(&code).await.expect("a head");
        let mut tree = Tree::empty();
        // A row of the log holds whole commands.
        for some in season.records.chunk_by(|record, _| record.part + 1 < record.parts || record.sequence % 3 > 0) {
            let bodies: Vec<Vec<u8>> = some.iter().map(record::encode).collect();
            let leaves: Vec<_> = bodies.iter().map(|body| hash::leaf_hash(body)).collect();
            leaves.iter().for_each(|leaf| tree.push(*leaf));
            let time = some.last().map_or(0, |record| record.time);
            let after = Head {
                sequence: tree.size(),
                root: tree.root(),
                edge: tree.edge().to_vec(),
                time,
                epoch: before.epoch,
            };
            let batch = Batch { first: some[0].sequence, bodies, leaves, after: after.clone() };
            store.append(&code, &before, &batch).await.expect("appended");
            before = after;
        }
        let mut log_keys = LogKeys::default();
        log_keys.add(&code, log);
        let now = season.now + 1_000_000;
        let (log_keys, clock) = (Arc::new(log_keys), Arc::new(move || now));
        let options = Options { log_keys, clock, records_per_totals: TOTALS, ..Options::default() };
        let engine = Engine::open(Arc::new(store), options).await.expect("an engine");
        let book = engine.book(&code).expect("the book");
        let served = Served { engine, book, maker };
        for no in 0..25 {
            served.register(no).await;
        }
        served.cosign().await;
        served
    }

    /// Registers an organisation.
    pub async fn register(&self, no: u32) {
        let caller = Caller { person: self.maker.clone(), key_id: [7; 8], signature: None };
        let command = Command::RegisterOrganization(registered(&format!("LATE-{no}")));
        let ask = Ask::new(self.book.code(), caller, format!("late-{no}"), command);
        self.book.submit(ask).await.expect("taken");
    }

    /// Signs the book and has the witness cosign it; gives the size.
    pub async fn cosign(&self) -> u64 {
        let (_, witness) = keys();
        let shown = self.book.checkpoint(0, false).await.expect("signed");
        let line = witness.sign(shown.note.text(), 1_700_000_000).to_string();
        let (_, shown) = self.book.add_cosignatures(shown.checkpoint.size, &line).await.expect("cosigned");
        assert!(shown.cosigned);
        shown.checkpoint.size
    }

    /// An evidence file of a scope.
    pub async fn export(&self, scope: &str) -> Vec<u8> {
        let asked = scope.parse().expect("a scope");
        let moment = self.book.moment(&asked, 0).await.expect("a moment");
        let (chunks, taken) = tokio::sync::mpsc::channel(4);
        let export = Export { book: self.book.code(), asked: &asked, moment: &moment, progress: &|_, _| {} };
        let rows = Stored(&**self.book.store(), self.book.code());
        let making = async move { export.write(&rows, &chunks).await };
        let (made, file) = tokio::join!(making, gathered(taken));
        made.unwrap_or_else(|error| panic!("{scope}: {error}"));
        file
    }

    /// A proof of a figure under the newest checkpoint that holds it.
    pub async fn prove(&self, figure: &Figure, known_at: u64) -> Vec<u8> {
        let moment = self.book.moment_holding(0, known_at).await.expect("a moment");
        let (chunks, taken) = tokio::sync::mpsc::channel(4);
        let (book, figure) = (Arc::clone(&self.book), figure.clone());
        let making = async move { book.prove_figure(&figure, &moment, &chunks).await };
        let (made, file) = tokio::join!(making, gathered(taken));
        made.expect("a proof");
        file
    }
}

fn registered(code: &str) -> record::command::RegisterOrganization {
    organization(code, "某市总工会", record::kinds::OrgType::CityFed, testkit::build::PROVINCE)
}

async fn gathered(mut taken: tokio::sync::mpsc::Receiver<Vec<u8>>) -> Vec<u8> {
    let mut file = Vec::new();
    while let Some(chunk) = taken.recv().await {
        file.extend(chunk);
    }
    file
}

/// Verifies a file under the committee's policy.
pub fn judged(file: &[u8]) -> Report {
    let trusted = Trusted { policy: Some(policy()), ..Trusted::default() };
    verify_file(file, trusted, |_, _| {}).expect("an evidence file")
}

/// A frame, owned.
#[derive(Clone, Debug)]
pub enum Piece {
    Record(Vec<u8>),
    Note(String),
    Proven(Proven),
    Tail(Tail),
    Sums(Sums),
    Entry(Vec<u8>),
}

/// A file taken apart.
#[derive(Clone, Debug)]
pub struct Pieces {
    pub header: Header,
    pub pieces: Vec<Piece>,
}

impl Pieces {
    pub fn of(file: &[u8]) -> Pieces {
        let mut reader = Reader::begin(file).expect("a file");
        let header = reader.header().clone();
        let mut pieces = Vec::new();
        while let Some(frame) = reader.next_frame().expect("a frame") {
            pieces.push(match frame {
                Frame::Record(body) => Piece::Record(body.to_vec()),
                Frame::Note(text) => Piece::Note(text.to_owned()),
                Frame::Proven(proven) => Piece::Proven(proven),
                Frame::Tail(tail) => Piece::Tail(tail),
                Frame::Sums(sums) => Piece::Sums(sums),
                Frame::Entry(entry) => Piece::Entry(entry.to_vec()),
            });
        }
        Pieces { header, pieces }
    }

    /// The file of these pieces, with a trailer that fits.
    pub fn file(&self) -> Vec<u8> {
        let mut writer = Writer::begin(Vec::new(), &self.header).expect("memory");
        for piece in &self.pieces {
            match piece {
                Piece::Record(body) => writer.record(body),
                Piece::Note(text) => writer.note(text),
                Piece::Proven(proven) => writer.proven(proven),
                Piece::Tail(tail) => writer.tail(tail),
                Piece::Sums(sums) => writer.sums(sums),
                Piece::Entry(entry) => writer.entry(entry),
            }
            .expect("memory");
        }
        writer.finish().expect("memory")
    }

    /// Places of the pieces that are so.
    pub fn places(&self, is: impl Fn(&Piece) -> bool) -> Vec<usize> {
        (0..self.pieces.len()).filter(|place| is(&self.pieces[*place])).collect()
    }
}
