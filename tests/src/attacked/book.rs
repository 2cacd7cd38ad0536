//! The honest book under attack, its log's signed heads, and logs rebuilt from forged records as a thief of the log's key would.

use ledger::State;
use proof::{Checkpoint, Note, Signer, root_of};
use record::hash::leaf_hash;
use record::kinds::OrgType;
use record::{Command, Digest, Event, Record, Sequence};
use testkit::book::{Book, took_effect};
use testkit::build::{log_key, log_policy, organization, policy_text, witness_key};

use crate::damages;

/// The log's name.
pub const ORIGIN: &str = "ledger.example.org/gd";
/// Records of a row of the log at most: so that a small book has many rows.
const ROW_RECORDS: usize = 24;
/// Seconds since the Unix epoch at which all is signed.
const SIGNED_AT: u64 = 1_700_000_000;

/// The log's key and those of its two witnesses, all of whom the policy asks.
pub fn log_keys() -> (Signer, [Signer; 2]) {
    (log_key(ORIGIN, 1), [witness_key("w1", 3), witness_key("w2", 4)])
}

/// The committee's policy.
pub fn policy() -> String {
    let (log, [one, two]) = log_keys();
    policy_text(&log, &[&one, &two])
}

/// A signed head.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Records.
    pub size: Sequence,
    /// Root.
    pub root: Digest,
    /// The note as the log signed it.
    pub note: String,
    /// Witnesses' signature lines, with the names and ids of their keys.
    pub cosignatures: Vec<(String, u32, String)>,
}

impl Signed {
    /// A head, signed by the log and cosigned by these.
    pub fn new(log: &Signer, size: Sequence, root: Digest, by: &[&Signer]) -> Signed {
        let text = Checkpoint::new(log.verifier().name(), size, root).to_string();
        let note = Note::new(text.clone(), vec![log.sign(&text, SIGNED_AT)]).expect("a note").to_string();
        let line = |signer: &&Signer| {
            let key = signer.verifier();
            (key.name().to_owned(), key.id(), signer.sign(&text, SIGNED_AT).to_string())
        };
        Signed { size, root, note, cosignatures: by.iter().map(line).collect() }
    }

    /// The whole note.
    pub fn whole(&self) -> String {
        self.cosignatures.iter().fold(self.note.clone(), |note, (.., line)| note + line)
    }
}

/// A log: rows of whole commands, and its signed heads, each at the end of a row.
#[derive(Clone, Debug)]
pub struct Log {
    /// Code of the book.
    pub book: String,
    /// Its rows.
    pub rows: Vec<Vec<Record>>,
    /// Its signed heads, by size.
    pub heads: Vec<Signed>,
}

impl Log {
    /// A log of these records, with heads of these sizes, signed and cosigned by these.
    pub fn of(book: &str, records: &[Record], sizes: &[Sequence], log: &Signer, by: &[&Signer]) -> Log {
        let leaves: Vec<Digest> = records.iter().map(|record| leaf_hash(&record::encode(record))).collect();
        let root = |size: Sequence| root_of(leaves.get(..size as usize).unwrap_or(&leaves));
        let heads = sizes.iter().map(|size| Signed::new(log, *size, root(*size), by)).collect();
        Log { book: book.to_owned(), rows: rows(records, sizes), heads }
    }

    /// All records.
    pub fn records(&self) -> Vec<Record> {
        self.rows.concat()
    }

    /// Its leaf hashes.
    pub fn leaves(&self) -> Vec<Digest> {
        self.rows.iter().flatten().map(|record| leaf_hash(&record::encode(record))).collect()
    }
}

/// Records in rows of whole commands, a row ending at each of these sizes.
fn rows(records: &[Record], ends: &[Sequence]) -> Vec<Vec<Record>> {
    let mut rows: Vec<Vec<Record>> = vec![Vec::new()];
    for (place, record) in (1..).zip(records) {
        let row = rows.last_mut().expect("there is always one");
        row.push(record.clone());
        let whole = record.part.saturating_add(1) >= record.parts;
        if whole && (row.len() >= ROW_RECORDS || ends.contains(&place)) {
            rows.push(Vec::new());
        }
    }
    rows.retain(|row| !row.is_empty());
    rows
}

/// The honest book with so many organisations more, each a record: signed and cosigned once before them, and at its end.
pub fn honest(more: u32) -> (Book, Log) {
    let mut book = damages::rich();
    let (log, [one, two]) = log_keys();
    let set = log_policy(&book.state.book, &policy(), None, &[&log, &one, &two]);
    assert!(took_effect(&book.ask("audit", set)), "the policy is set");
    let before = book.state.sequence;
    for number in 0..more {
        let organization =
            organization(&format!("EX-{number}"), "某市总工会", OrgType::CityFed, testkit::build::PROVINCE);
        assert!(took_effect(&book.act(Command::RegisterOrganization(organization))));
    }
    let sizes = [before, book.state.sequence];
    let log = Log::of(&book.state.book, &book.records, &sizes, &log, &[&one, &two]);
    (book, log)
}

/// A log of forged records, in rows as before; heads of the same ends as the honest log's, signed with the stolen key of the log. The
/// witnesses' cosignatures cannot be had.
pub fn unsigned(book: &str, records: &[Record], honest: &Log) -> Log {
    let (log, _) = log_keys();
    let end = records.len() as Sequence;
    let sizes: Vec<Sequence> = honest.heads.iter().map(|head| head.size.min(end)).collect();
    Log::of(book, records, &sizes, &log, &[])
}

/// Forged records with what the ledger commits of its own accord made to fit: digests of the state and totals of the sums, wherever the
/// forged records can still be folded.
pub fn reconciled(records: &[Record]) -> Vec<Record> {
    let fold = || {
        let (mut state, mut made) = (State::default(), Vec::with_capacity(records.len()));
        for record in records {
            let mut record = record.clone();
            match &mut record.event {
                Event::Totals { entries, root, .. } => {
                    if let Event::Totals { entries: own, root: of_own, .. } = ledger::totals::totals(&state) {
                        (*entries, *root) = (own, of_own);
                    }
                }
                Event::StateDigest { state: digest, .. } => *digest = state.digest(),
                _ => {}
            }
            state.apply(&record);
            made.push(record);
        }
        made
    };
    // Some forgeries are none that the ledger could fold: their digests stay as they are.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(fold)).unwrap_or_else(|_| records.to_vec())
}
