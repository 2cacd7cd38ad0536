//! What StateDigest and Totals records commit: the canonical state, and the sorted sums.

use record::{Digest, Event, hash};

use crate::{Filter, State};

/// Records between two Totals records: what a proof of a balance carries beside its entry.
pub const RECORDS_PER_TOTALS: u64 = 100_000;

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
        hash::sha256_encoded(self)
    }

    /// One canonical entry a sum, in key order: borsh of the key, then of the sum.
    pub fn total_entries(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        self.sums.iter().map(|entry| borsh::to_vec(&entry).unwrap_or_default())
    }
}

/// The event that commits a state and the key filter beside it.
pub fn state_digest(state: &State, filter: &Filter) -> Event {
    Event::StateDigest { at: state.sequence, state: state.digest(), filter: filter.digest() }
}

/// The event that commits the sums.
pub fn totals(state: &State) -> Event {
    let leaves: Vec<Digest> = state.total_entries().map(|entry| hash::leaf_hash(&entry)).collect();
    let entries = u64::try_from(leaves.len()).unwrap_or(u64::MAX);
    Event::Totals { at: state.sequence, entries, root: proof::root_of(&leaves) }
}
