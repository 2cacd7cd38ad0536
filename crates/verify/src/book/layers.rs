//! Layers of rules: what was taken over from the book above, which versions of one's own were reported, files of historical entries.

use std::collections::BTreeMap;

use record::event::RuleSetAdopted;
use record::kinds::BankPurpose;
use record::{Day, Digest, Event};

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layers {
    /// Rules of the book above, in the order in which they were taken over.
    pub above: Vec<RuleSetAdopted>,
    /// Of each version of the book's own rules, from 1, whether it was reported.
    pub reported: Vec<bool>,
    /// Digests of files of historical entries, by code.
    pub histories: BTreeMap<String, Digest>,
}

impl Layers {
    /// Rules that bind what holds from a day on: those in force then, and those to come.
    pub(crate) fn binding(&self, from: Day) -> impl Iterator<Item = &RuleSetAdopted> {
        let begun = self.above.iter().rposition(|above| above.effective_from <= from);
        self.above.iter().skip(begun.unwrap_or(0))
    }

    /// The version that a record bears: that of the rules before it.
    pub(crate) fn version(&self) -> u32 {
        u32::try_from(self.reported.len()).unwrap_or(u32::MAX).max(1)
    }

    /// Folds what changes rules, and what is said of them.
    pub(super) fn fold(&mut self, event: &Event) {
        let changes = match event {
            Event::BookCreated(_)
            | Event::ParameterSet { .. }
            | Event::StandardSet { .. }
            | Event::SchemeRegistered { .. }
            | Event::RuleSetAdopted(_) => true,
            Event::BankAccountRegistered(account) => account.purpose == BankPurpose::Payee,
            _ => false,
        };
        if changes {
            self.reported.push(false);
        }
        match event {
            Event::RuleSetAdopted(adopted) => self.above.push((**adopted).clone()),
            Event::RulesFiled { version, .. } => {
                let count = usize::try_from(*version).unwrap_or(usize::MAX);
                self.reported.iter_mut().take(count).for_each(|reported| *reported = true);
            }
            Event::HistoryRegistered { history, .. } => {
                self.histories.insert(history.code.clone(), history.digest);
            }
            _ => {}
        }
    }
}
