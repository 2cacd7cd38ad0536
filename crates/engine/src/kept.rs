//! The newest checkpoint that met the quorum, kept between proofs: reading it anew and verifying its signatures take longer than a proof.

use std::sync::{Mutex, MutexGuard, PoisonError};

use record::Sequence;

use crate::proofs::Shown;

/// The newest cosigned checkpoint, until one is signed or cosigned, or another policy is in force.
#[derive(Debug, Default)]
pub(crate) struct KeptCheckpoint(Mutex<Slot>);

#[derive(Debug, Default)]
struct Slot {
    /// Signatures and cosignatures that came in.
    changes: u64,
    /// The policy that it was judged by, told by its record, and the checkpoint.
    found: Option<(Sequence, Shown)>,
}

impl KeptCheckpoint {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        // Nothing under this lock can leave it half-changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one that is kept, where it was judged by this policy and holds so many records; else the moment that a search begins at.
    pub fn find(&self, policy: Sequence, least: Sequence) -> Result<Shown, u64> {
        let slot = self.slot();
        match &slot.found {
            Some((judged_by, shown)) if *judged_by == policy && shown.checkpoint.size >= least => Ok(shown.clone()),
            _ => Err(slot.changes),
        }
    }

    /// Keeps what a search found that began at this moment, unless something has come in since.
    pub fn keep(&self, policy: Sequence, shown: &Shown, begun: u64) {
        let mut slot = self.slot();
        if slot.changes == begun {
            slot.found = Some((policy, shown.clone()));
        }
    }

    /// Something was signed or cosigned.
    pub fn changed(&self) {
        let mut slot = self.slot();
        slot.changes += 1;
        slot.found = None;
    }
}
