//! The committed read model: what reads see and what the writer goes back to. Changed only by publishing a committed batch.

use std::collections::VecDeque;

use ledger::Filter;
use record::{Digest, Sequence};

use crate::flight::Flight;
use crate::position::Position;
use crate::store::Head;
use crate::tail::Tail;

/// Roots of committed batches remembered: those that views still follow, and those that a listing's next pages hold for.
const RECENT_ROOTS: usize = 1_024;

/// Everything known of the committed log.
#[derive(Debug)]
pub(crate) struct Committed {
    pub position: Position,
    pub head: Head,
    /// Roots of the newest batches, oldest first: what views answer holds for the end of one.
    recent: VecDeque<(Sequence, Digest)>,
    /// Keys of all committed facts.
    pub filter: Filter,
    /// Committed facts that the views may not hold yet.
    pub tail: Tail,
}

impl Committed {
    /// What is known of a log that was read up to its head.
    pub fn new(position: Position, head: Head, filter: Filter) -> Committed {
        let recent = VecDeque::from([(head.sequence, head.root)]);
        Committed { position, head, recent, filter, tail: Tail::default() }
    }

    /// The root after so many records, if they end one of the newest batches.
    pub fn root_of(&self, size: Sequence) -> Option<Digest> {
        let place = self.recent.binary_search_by_key(&size, |(end, _)| *end).ok()?;
        self.recent.get(place).map(|(_, root)| *root)
    }

    /// Takes a committed batch in: the same records, applied again.
    pub fn publish(&mut self, flight: &Flight, after: Head, reached: Sequence) {
        for record in flight.draft.records() {
            self.position.state.apply(record);
            self.tail.add_voucher(record);
        }
        self.position.tree = flight.tree.clone();
        self.position.digests = flight.digests;
        for fact in flight.draft.facts() {
            self.filter.add(&fact.key);
            self.tail.add(*fact);
        }
        self.tail.trim(reached);
        if self.recent.len() == RECENT_ROOTS {
            self.recent.pop_front();
        }
        self.recent.push_back((after.sequence, after.root));
        self.head = after;
    }
}
