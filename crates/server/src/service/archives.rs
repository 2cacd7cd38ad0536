//! ListArchives of BookService: how long the originals of each accounting year are kept, what keeps them beyond that, and what was
//! destroyed. Recording a destruction is a command (`book`).

use std::collections::BTreeSet;

use api::v1;
use engine::store::Store;
use ledger::archives::{kept_until, open_matters};
use record::Day;
use record::kinds::ArchiveKind;

use super::at;
use super::audit::day;
use crate::decode::{Closed, Wire};
use crate::edge::Origin;
use crate::encode::Failure;
use crate::face::Face;
use crate::moment::Not;
use crate::reads::Read;

/// Accounting years in one answer: a book of more is asked year by year.
const YEARS: usize = 100;

impl<S: Store> Face<S> {
    pub(super) async fn list_archives(
        &self,
        origin: &Origin,
        message: v1::ListArchivesRequest,
    ) -> Result<v1::ListArchivesResponse, Failure> {
        let at = at!(message).undated(Not::Has("day"))?;
        let asked = day(message.day, "day")?;
        let answer = self.state(origin, &message.book, Read::Money, at, |state| {
            let today = asked.unwrap_or(Day::of_instant(state.time));
            let last = Day::of_instant(state.time).year();
            // Originals of years before the book are kept, and destroyed, by the same rule.
            let destroyed = state.destructions.keys().map(|(year, _)| *year);
            let years: BTreeSet<u16> = (state.first_period.year..=last).chain(destroyed).collect();
            let years = years.into_iter().filter(|year| message.year == 0 || message.year == u32::from(*year));
            let mut archives = Vec::new();
            let mut open = Vec::new();
            for year in years.take(YEARS) {
                let matters = open_matters(state, year);
                for kind in ArchiveKind::ALL {
                    let until = kept_until(*kind, year);
                    let destroyed = state.destructions.get(&(year, *kind)).into_iter().flatten();
                    archives.push(v1::Archive {
                        kind: kind.to_wire(),
                        year: u32::from(year),
                        kept_until: until.show(),
                        destroyable: matters.is_empty() && until.is_some_and(|until| until < today),
                        destroyed: destroyed.map(|(destruction, _)| destruction.show()).collect(),
                    });
                }
                open.extend(matters.into_iter().map(|matter| v1::OpenMatter {
                    kind: matter.kind().to_owned(),
                    subject: matter.subject(year),
                    amount_fen: matter.fen(),
                }));
            }
            Ok(v1::ListArchivesResponse {
                archives,
                open_matters: open,
                sequence: state.sequence,
                root: state.root.to_vec(),
            })
        });
        answer.await
    }
}
