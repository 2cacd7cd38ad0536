//! What a verification has to say.

use std::collections::BTreeMap;

use record::{Digest, Fen, Sequence};

use crate::fault::{Code, Fault};

/// Faults that are kept in words; of more only the number is kept, by code. A damage early in a book can spoil everything after it.
pub const FAULTS_KEPT: usize = 1_000;

/// The outcome.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Code of the book.
    pub book: String,
    /// Whether only a part of a book was there: what a part cannot show is not judged (docs/verify.md).
    pub part: bool,
    /// What that part is about, in words; empty of a whole book.
    pub scope: String,
    /// Origin that the file names; empty where it names none.
    pub origin: String,
    /// Payments of a part whose purpose was judged against the documents of their grants.
    pub purposes: u64,
    /// The figure that a proof is of.
    pub figure: Option<crate::figure::Figure>,
    /// Records read.
    pub records: Sequence,
    /// Root over them.
    pub root: Digest,
    /// Vouchers, premium receipts included.
    pub vouchers: u64,
    /// Commands that took effect or were submitted, and were judged again.
    pub judged: u64,
    /// Refusals that were judged again.
    pub refusals: u64,
    /// Requests that were judged by nobody here: by the name of their first event.
    pub unjudged: BTreeMap<String, u64>,
    /// Totals records recomputed.
    pub totals: u64,
    /// Checkpoints and other notes that came with the records. They are read only under a policy.
    pub notes: u64,
    /// Of them, signed checkpoints of a size that had passed when they came: not compared.
    pub notes_late: u64,
    /// Size of the largest checkpoint that meets the auditor's policy and has the tree's root, and who cosigned it.
    pub cosigned: Option<(Sequence, Vec<String>)>,
    /// Balances of money (debit less credit) by account and source code, where not zero. Of a part, what its vouchers add up to; of one
    /// that is about a grant, those of their lines that name it.
    pub balances: BTreeMap<(String, String), Fen>,
    /// The first faults, in order of records.
    pub faults: Vec<Fault>,
    /// How many there are, by code.
    pub counts: BTreeMap<Code, u64>,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.counts.is_empty()
    }

    /// How many faults there are.
    pub fn faults_in_all(&self) -> u64 {
        self.counts.values().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// Adds a fault.
    pub fn add(&mut self, sequence: Sequence, code: Code, expected: impl Into<String>, found: impl Into<String>) {
        let count = self.counts.entry(code).or_default();
        *count = count.saturating_add(1);
        if self.faults.len() < FAULTS_KEPT {
            self.faults.push(Fault { sequence, code, expected: expected.into(), found: found.into() });
        }
    }
}
