//! Facts: which keys exist, with the sequence that the views had reached at that read.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::Ordering;

use engine::store::{FactsRead, StoreError};
use ledger::rows::{FactHash, FactRow};

use super::database::Database;
use super::log::bound;
use super::queries;
use super::views::Open;
use crate::batch::era_of;

/// The facts of one era among keys, which drive the search: $2 the keys, joined, $3 their number. Places in the list and sequences come as
/// one text: a row each would cost more than the search.
pub(super) const FACTS: &str = "WITH RECURSIVE asked(place) AS (SELECT 0 UNION ALL SELECT place + 1 FROM asked WHERE place + 1 < $3) \
     SELECT group_concat(asked.place || ':' || f.sequence) FROM asked \
     CROSS JOIN fact AS f ON f.era = $1 AND f.key = substr($2, asked.place * 16 + 1, 16)";

/// Keys that are tried in era after era to find out where most of the others stand: what is asked for together was mostly recorded
/// together.
const SAMPLE: usize = 8;

/// The facts among these keys, each once. The sequence is read first: what the views come to hold meanwhile may be among the facts and
/// is not counted. Views that are emptied meanwhile wait for this.
pub(super) async fn facts(views: &Open, keys: &[FactHash]) -> Result<FactsRead, StoreError> {
    let reached = queries::reached(&views.database).await?;
    let mut left: Vec<FactHash> = keys.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let last = views.era.load(Ordering::Relaxed);
    let mut eras: Vec<u64> = (0..=era_of(reached)).rev().collect();
    eras.sort_by_key(|era| *era != last);
    if let Some((sample, [_, ..])) = left.split_at_checked(SAMPLE) {
        for (place, era) in eras.iter().enumerate() {
            if !find(&views.database, *era, sample).await?.is_empty() {
                let era = eras.remove(place);
                eras.insert(0, era);
                views.era.store(era, Ordering::Relaxed);
                break;
            }
        }
    }
    let mut found = Vec::with_capacity(left.len());
    for era in eras {
        if left.is_empty() {
            break;
        }
        let here = find(&views.database, era, &left).await?;
        let places: HashSet<usize> = here.iter().map(|(place, _)| *place).collect();
        let mut place = 0..;
        left.retain(|_| place.next().is_none_or(|place| !places.contains(&place)));
        found.extend(here.into_iter().map(|(_, fact)| fact));
    }
    Ok(FactsRead { reached, found })
}

/// The facts of one era among keys, with their places among them.
async fn find(views: &Database, era: u64, keys: &[FactHash]) -> Result<Vec<(usize, FactRow)>, StoreError> {
    let text: Option<String> = sqlx::query_scalar(FACTS)
        .bind(bound(era))
        .bind(keys.concat())
        .bind(bound(keys.len() as u64))
        .fetch_one(views.readers())
        .await
        .map_err(|e| views.error(&e))?;
    let entries = text.iter().flat_map(|text| text.split(','));
    let found = entries.map(|entry| read(entry, keys)).collect::<Option<_>>();
    found.ok_or_else(|| StoreError::Corrupt("the facts found are no list of places and sequences".into()))
}

/// An entry of the list of what was found: place among the keys asked for, and sequence.
fn read(entry: &str, asked: &[FactHash]) -> Option<(usize, FactRow)> {
    let (place, sequence) = entry.split_once(':')?;
    let place: usize = place.parse().ok()?;
    Some((place, FactRow { key: *asked.get(place)?, sequence: sequence.parse().ok()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_name_keys_that_were_asked_for() {
        let asked = [[1; 16], [2; 16]];
        assert_eq!(read("1:77", &asked), Some((1, FactRow { key: [2; 16], sequence: 77 })));
        for entry in ["2:77", "1", "1:", ":7", "1:-7", "x:7"] {
            assert_eq!(read(entry, &asked), None, "{entry}");
        }
    }
}
