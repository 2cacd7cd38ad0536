//! Which records of a book an evidence file of a scope holds: those that the scope is about, and all that they rest on, command by command.
//! What a command defines, tells of and rests on stands in `ties`; how a file is written in `engine::evidence`, how it is read in `verify`.
//!
//! The log is gone through from its first record. What is rare is remembered by its ties, so that one pass finds nearly all; premium
//! receipts and bank movements, of which there are millions, are looked at again only while something rests on one that was not found.

mod asked;
mod ties;

use std::collections::BTreeSet;

use record::evidence::Scope;
use record::{Event, Record, Sequence};

pub use asked::{Asked, NoScope};
use ties::{Tie, Ties};

/// Records of a scoped file at most: each carries its way to the root, some 800 bytes in a book of 10^7. Whoever needs more takes the whole
/// book, which carries none.
pub const MAX_PART_RECORDS: usize = 100_000;

/// Why no file of a scope can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPart {
    /// The book has no such grant or voucher, or no voucher of the period, up to that record.
    #[error("up to this checkpoint the book has no such grant or voucher, or no voucher of that period")]
    NotFound,
    /// It would hold more records than a scoped file may.
    #[error("the scope holds more than {MAX_PART_RECORDS} records: export the whole book")]
    TooLarge,
}

/// Records chosen for a scope; see the module.
pub struct Selection {
    asked: Asked,
    scope: Option<Scope>,
    needed: BTreeSet<Tie>,
    /// Commands that are rare, by their ties.
    rare: Vec<Ties>,
    /// Records of a command that is not whole yet.
    open: Vec<Record>,
    chosen: BTreeSet<Sequence>,
    /// Whether what is asked for was met.
    found: bool,
    totals: Option<Sequence>,
    /// Whether something rests on a receipt or movement that came to be needed since the last pass began.
    again: bool,
}

impl Selection {
    /// Before the first record.
    pub fn new(asked: Asked) -> Selection {
        let scope = match &asked {
            Asked::All => Some(Scope::All),
            Asked::Grant(_) => None,
            Asked::Voucher(of) => Some(Scope::Voucher(*of)),
            Asked::Period(from, to) => Some(Scope::Period { from: *from, to: *to }),
        };
        let mut needed = BTreeSet::new();
        if let Asked::Voucher(of) = &asked {
            needed.insert(Tie::Voucher(*of));
        }
        let (rare, open, chosen) = (Vec::new(), Vec::new(), BTreeSet::new());
        Selection { asked, scope, needed, rare, open, chosen, found: false, totals: None, again: false }
    }

    /// Takes the next record of a pass.
    pub fn take(&mut self, record: Record) {
        let last = record.part.saturating_add(1) >= record.parts;
        self.open.push(record);
        if last {
            let command = core::mem::take(&mut self.open);
            self.command(&command);
        }
    }

    fn command(&mut self, command: &[Record]) {
        let Some(first) = command.first() else { return };
        if let Event::Totals { .. } = first.event {
            self.totals = Some(first.sequence);
            return;
        }
        let bulk = command.iter().all(|record| ties::is_bulk(&record.event));
        if !bulk && self.rare_stands(first.sequence) {
            return;
        }
        self.name_grant(command);
        let ties = Ties::of(command);
        let seed = match self.asked {
            Asked::Period(from, to) => ties.days.iter().any(|day| (from..=to).contains(day)),
            _ => false,
        };
        self.found |= seed;
        if seed || self.wants(&ties) {
            self.choose(&ties);
        }
        if !bulk {
            self.rare.push(ties);
        }
    }

    /// Whether a rare command was met in an earlier pass: they are remembered in order.
    fn rare_stands(&self, first: Sequence) -> bool {
        self.rare.last().and_then(|last| last.records.first()).is_some_and(|last| first <= *last)
    }

    /// The grant that is asked for by its code.
    fn name_grant(&mut self, command: &[Record]) {
        let Asked::Grant(asked) = &self.asked else { return };
        let found = command.iter().find_map(|record| match &record.event {
            Event::GrantOpened(grant) if grant.code == *asked => Some(grant.no),
            Event::BatchSubmitted { no, batch } if batch.code == *asked => Some(*no),
            _ => None,
        });
        if let (Some(no), None) = (found, &self.scope) {
            self.scope = Some(Scope::Grant(no));
            self.found = true;
            self.needed.extend([Tie::Grant(no), Tie::Papers(no), Tie::Lines(no)]);
        }
    }

    fn wants(&self, ties: &Ties) -> bool {
        ties.always || ties.defines.iter().chain(&ties.tells_of).any(|tie| self.needed.contains(tie))
    }

    fn choose(&mut self, ties: &Ties) {
        if self.chosen.len() > MAX_PART_RECORDS {
            return;
        }
        if let Asked::Voucher(of) = self.asked {
            self.found |= ties.defines.contains(&Tie::Voucher(of));
        }
        self.chosen.extend(ties.records.iter().copied());
        for tie in &ties.rests_on {
            if self.needed.insert(tie.clone()) {
                self.again |= tie.is_of_bulk();
            }
        }
    }

    /// After a pass: chooses among what is rare until nothing more is wanted. Gives whether another pass may find more.
    pub fn settle(&mut self) -> bool {
        let rare = core::mem::take(&mut self.rare);
        loop {
            let before = (self.chosen.len(), self.needed.len());
            for ties in &rare {
                let known = ties.records.first().is_some_and(|first| self.chosen.contains(first));
                if !known && self.wants(ties) {
                    self.choose(ties);
                }
            }
            if before == (self.chosen.len(), self.needed.len()) || self.chosen.len() > MAX_PART_RECORDS {
                break;
            }
        }
        self.rare = rare;
        core::mem::take(&mut self.again) && self.chosen.len() <= MAX_PART_RECORDS
    }

    /// The scope by ordinals and the records chosen, in order; the newest Totals record among them.
    pub fn finish(mut self) -> Result<(Scope, BTreeSet<Sequence>), NoPart> {
        let scope = self.scope.filter(|_| self.found).ok_or(NoPart::NotFound)?;
        self.chosen.extend(self.totals);
        if self.chosen.len() > MAX_PART_RECORDS { Err(NoPart::TooLarge) } else { Ok((scope, self.chosen)) }
    }
}
