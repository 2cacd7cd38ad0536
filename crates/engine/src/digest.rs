//! StateDigest and Totals records, and the snapshots that they confirm: when they are due, how a snapshot is laid out. What they commit
//! is computed by `ledger::totals`.

use std::sync::Arc;

use ledger::{Filter, State};
use proof::Tree;
use record::{Digest, Event, Record, Sequence, hash};

use crate::committed::Committed;
use crate::position::Position;
use crate::store::Snapshot;

/// Bytes of a tree node.
const NODE_BYTES: usize = size_of::<Digest>();

/// A StateDigest is due once the book has grown by this share of it (a sixteenth) since the last one: the filter that it hashes, and the
/// snapshot that is saved with it, grow with the book, so that at a fixed distance they would cost a record ever more. A start replays
/// at most that share.
const GROWTH: u64 = 16;

/// Tells what is due. A function of the log alone, so that batching and restarts change nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DigestClock {
    /// What the last digest committed.
    digest: Sequence,
    /// What the last totals committed.
    totals: Sequence,
    /// Whether a period closed after that digest.
    closed: bool,
}

/// What is to be committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The sums.
    Totals,
    /// State and filter, with a snapshot, and the sums.
    Digest,
}

impl DigestClock {
    pub fn note(&mut self, record: &Record) {
        match &record.event {
            Event::StateDigest { at, .. } => *self = DigestClock { digest: *at, closed: false, ..*self },
            Event::Totals { at, .. } => self.totals = *at,
            Event::PeriodClosed { .. } => self.closed = true,
            _ => {}
        }
    }

    /// What is due after this many records.
    pub fn due(&self, sequence: Sequence, records_per_totals: u64) -> Option<Due> {
        let apart = records_per_totals.max(sequence / GROWTH);
        if self.closed || sequence.saturating_sub(self.digest) >= apart {
            Some(Due::Digest)
        } else {
            (sequence.saturating_sub(self.totals) >= records_per_totals).then_some(Due::Totals)
        }
    }
}

/// The snapshot of a committed position. The state's bytes follow the right edge of the tree, whose length the sequence tells.
pub(crate) fn snapshot_of(committed: &Committed) -> Snapshot {
    let mut state = committed.position.tree.edge().concat();
    state.extend(committed.position.state.to_bytes());
    Snapshot { at: committed.head.sequence, state: Arc::new(state), filter: committed.filter.clone() }
}

/// The position that a snapshot holds, if `confirming`, the body of the log's record right after it, commits exactly it. That this
/// record and the edge are those of the log shows when the records after the snapshot lead to the head's root.
pub(crate) fn restore(snapshot: Snapshot, confirming: &[u8]) -> Option<(Position, Filter)> {
    let Event::StateDigest { at, state, filter } = record::decode(confirming).ok()?.event else { return None };
    let nodes = usize::try_from(snapshot.at.count_ones()).ok()?;
    let (edge, bytes) = snapshot.state.split_at_checked(nodes.checked_mul(NODE_BYTES)?)?;
    let confirmed = at == snapshot.at && state == hash::sha256(bytes) && filter == snapshot.filter.digest();
    if !confirmed {
        return None;
    }
    let edge = edge.chunks_exact(NODE_BYTES).filter_map(|node| node.try_into().ok()).collect();
    let tree = Tree::from_edge(at, edge).ok()?;
    let state = State::from_bytes(bytes).filter(|state| state.sequence == at)?;
    let position = Position { state, tree, digests: DigestClock::default() };
    Some((position, snapshot.filter))
}
