//! The tail: facts of committed records that the views may not hold yet. Which facts a record makes is `ledger`'s matter.

use std::collections::VecDeque;

use ledger::rows::{FactHash, FactRow};
use record::Sequence;

use crate::facts::FactMap;

/// Facts of all committed records after a sequence.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    rows: FactMap<FactRow>,
    order: VecDeque<(Sequence, FactHash)>,
    trimmed_to: Sequence,
}

impl Tail {
    /// An empty tail over views that hold everything up to `reached`.
    pub fn after(reached: Sequence) -> Tail {
        Tail { trimmed_to: reached, ..Tail::default() }
    }

    /// Adds a committed fact.
    pub fn add(&mut self, row: FactRow) {
        self.order.push_back((row.sequence, row.key));
        self.rows.insert(row.key, row);
    }

    /// The fact under a key.
    pub fn get(&self, key: &FactHash) -> Option<&FactRow> {
        self.rows.get(key)
    }

    /// The tail holds every fact of records after this sequence. A read of the views that had reached less is of no use with it.
    pub fn trimmed_to(&self) -> Sequence {
        self.trimmed_to
    }

    /// Forgets what the views hold.
    pub fn trim(&mut self, reached: Sequence) {
        self.trimmed_to = self.trimmed_to.max(reached);
        while let Some((sequence, key)) = self.order.front().copied() {
            if sequence > reached {
                break;
            }
            self.order.pop_front();
            if self.rows.get(&key).is_some_and(|row| row.sequence == sequence) {
                self.rows.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: u8, sequence: Sequence) -> FactRow {
        FactRow { key: [name; 16], sequence }
    }

    #[test]
    fn forgets_exactly_what_the_views_hold() {
        let mut tail = Tail::after(10);
        for (name, sequence) in [(1, 11), (2, 12), (3, 12), (4, 15)] {
            tail.add(row(name, sequence));
        }
        assert_eq!(tail.trimmed_to(), 10);
        tail.trim(12);
        assert_eq!(tail.trimmed_to(), 12);
        assert_eq!([1, 2, 3, 4].map(|name| tail.get(&[name; 16]).is_some()), [false, false, false, true]);
        tail.trim(5);
        assert_eq!(tail.trimmed_to(), 12, "a late, lower reading brings nothing back");
    }
}
