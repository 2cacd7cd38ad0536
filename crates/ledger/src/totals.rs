//! What StateDigest and Totals records commit: the canonical state, and the sorted sums.

use record::{Digest, Event, hash};

use crate::{Filter, State};

/// Records between two StateDigest records: a start replays at most this many, well under a second of work.
pub const RECORDS_PER_DIGEST: u64 = 100_000;

impl State {
    /// The canonical bytes of the state: what a snapshot holds.
    pub fn to_bytes(&self) -> Vec<u8> {
        borsh::to_vec(self).unwrap_or_default()
    }

    /// The state of canonical bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<State> {
        borsh::from_slice(bytes).ok()
    }

    /// SHA-256 of the canonical bytes.
    pub fn digest(&self) -> Digest {
        hash::sha256(&self.to_bytes())
    }

    /// One canonical entry a sum, in key order: borsh of the key, then of the sum.
    pub fn total_entries(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.sums.iter().map(|entry| borsh::to_vec(&entry).unwrap_or_default())
    }
}

/// The events that commit a state: its digest and its sums.
pub fn commitments(state: &State, filter: &Filter) -> [Event; 2] {
    let leaves: Vec<Digest> = state.total_entries().map(|entry| hash::leaf_hash(&entry)).collect();
    let entries = u64::try_from(leaves.len()).unwrap_or(u64::MAX);
    [
        Event::StateDigest { at: state.sequence, state: state.digest(), filter: filter.digest() },
        Event::Totals { at: state.sequence, entries, root: proof::root_of(&leaves) },
    ]
}
