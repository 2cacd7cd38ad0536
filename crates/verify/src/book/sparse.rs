//! Folding a part of a book: what every part holds whole (chart, persons and their offices, rules, submissions). Ordinals of what a part
//! holds here and there would lose their meaning in these rolls; the part keeps those itself.

use record::{Event, Record};

use super::Book;

impl Book {
    /// Folds a record of a part. Gives whether what it lists is the next in order: else something was left out.
    pub(crate) fn fold_part(&mut self, record: &Record) -> bool {
        let in_order = match &record.event {
            Event::AccountDefined { no, .. } => u32::from(*no) == self.accounts.next(),
            Event::RolesSet(set) => {
                let next = self.persons.next();
                if set.new { set.person == next } else { set.person < next }
            }
            _ => true,
        };
        match &record.event {
            Event::BookCreated(_)
            | Event::AccountDefined { .. }
            | Event::RolesSet(_)
            | Event::ParameterSet { .. }
            | Event::StandardSet { .. }
            | Event::SchemeRegistered { .. }
            | Event::Submitted { .. }
            | Event::Reviewed { .. }
            | Event::Withdrawn { .. }
            | Event::LogPolicySet { .. }
                if in_order =>
            {
                self.fold(record);
            }
            event => {
                self.layers.fold(event);
                self.sequence = record.sequence;
                self.time = record.time;
            }
        }
        in_order
    }

    /// The grant or form that an event opens, as a part keeps it.
    pub(crate) fn grant_of(&self, event: &Event) -> Option<(u32, String, super::Grant)> {
        let terms = |uses: &[u8], first, last| super::Terms { uses: uses.to_vec(), first, last, until: None };
        match event {
            Event::GrantOpened(opened) => {
                let grant = super::Grant {
                    source: opened.source,
                    grantor: opened.grantor,
                    doc_no: opened.doc_no.clone(),
                    terms: vec![terms(&opened.permitted_uses, opened.valid_from, opened.valid_to)],
                    form: None,
                };
                Some((opened.no, opened.code.clone(), grant))
            }
            Event::BatchSubmitted { no, batch } => {
                let grant = super::Grant {
                    source: 0,
                    grantor: 0,
                    doc_no: batch.code.clone(),
                    terms: vec![terms(&[], None, None)],
                    form: None,
                };
                Some((*no, batch.code.clone(), grant))
            }
            _ => None,
        }
    }

    /// Takes over changed terms, which hold from the day that their paper stands from.
    pub(crate) fn change_terms(
        &self,
        grant: &mut super::Grant,
        change: &record::event::GrantAmended,
        recorded: record::Day,
    ) {
        let until = if change.date < self.live_from { change.date } else { change.date.max(recorded) };
        if let Some(present) = grant.terms.last_mut() {
            present.until = Some(until);
        }
        let uses = change.permitted_uses.clone();
        grant.terms.push(super::Terms { uses, first: change.valid_from, last: change.valid_to, until: None });
    }
}
