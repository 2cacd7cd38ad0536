//! What StateDigest and Totals records commit: the canonical state, and the sorted sums.

use std::collections::BTreeMap;

use record::{Digest, Event, Record, hash};

use crate::state::{Sum, SumKey};
use crate::{Filter, State, voucher_of};

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

/// Sums of lines as they stood after some record, added up again: what proves a balance by a Totals record that newer ones have followed.
#[derive(Clone, Debug, Default)]
pub struct Totalled(BTreeMap<SumKey, Sum>);

impl Totalled {
    /// The sums of a state.
    pub fn of(state: &State) -> Totalled {
        Totalled(state.sums.clone())
    }

    /// Adds the lines of the next record.
    pub fn take(&mut self, record: &Record) {
        let Some(voucher) = voucher_of(record) else { return };
        for line in &voucher.lines {
            self.0.entry(SumKey::of(voucher.date, line)).or_default().add(line);
        }
    }

    /// Keys and canonical entries, in order.
    pub fn entries(&self) -> Vec<(SumKey, Vec<u8>)> {
        self.0.iter().map(|entry| (*entry.0, borsh::to_vec(&entry).unwrap_or_default())).collect()
    }
}
