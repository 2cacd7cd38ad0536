//! Where a log stands, as far as going on appending needs it: state, tree and digest clock. Committed or not is its holder's matter.

use ledger::State;
use proof::Tree;
use record::{Digest, Record, hash};

use crate::digest::DigestClock;
use crate::store::Head;

/// State, tree and digest clock after the same number of records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Position {
    pub state: State,
    pub tree: Tree,
    pub digests: DigestClock,
}

impl Position {
    /// Takes a record in.
    pub fn fold(&mut self, record: &Record, leaf: Digest) {
        self.state.apply(record);
        self.tree.push(leaf);
        self.digests.note(record);
    }

    /// The head that stands here under an epoch.
    pub fn head(&self, epoch: u64) -> Head {
        Head {
            sequence: self.tree.size(),
            root: self.tree.root(),
            edge: self.tree.edge().to_vec(),
            time: self.state.time,
            epoch,
        }
    }
}

/// A command's records, encoded and hashed once.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub records: Vec<Record>,
    pub bodies: Vec<Vec<u8>>,
    pub leaves: Vec<Digest>,
}

impl Sealed {
    pub fn new(records: Vec<Record>) -> Sealed {
        let bodies: Vec<Vec<u8>> = records.iter().map(record::encode).collect();
        let leaves = bodies.iter().map(|body| hash::leaf_hash(body)).collect();
        Sealed { records, bodies, leaves }
    }

    /// Bytes of the bodies.
    pub fn bytes(&self) -> usize {
        self.bodies.iter().map(Vec::len).sum()
    }

    /// Whether every body can be read back.
    pub fn is_recordable(&self) -> bool {
        self.bodies.iter().all(|body| body.len() <= record::MAX_RECORD_BYTES)
    }
}
