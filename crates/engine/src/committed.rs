//! The committed read model: what reads see and what the writer goes back to. Changed only by publishing a committed batch.

use ledger::Filter;
use record::Sequence;

use crate::flight::Flight;
use crate::position::Position;
use crate::store::Head;
use crate::tail::Tail;

/// Everything known of the committed log.
#[derive(Debug)]
pub(crate) struct Committed {
    pub position: Position,
    pub head: Head,
    /// Keys of all committed facts.
    pub filter: Filter,
    /// Committed facts that the views may not hold yet.
    pub tail: Tail,
}

impl Committed {
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
        self.head = after;
    }
}
