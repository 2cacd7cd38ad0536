//! Facts: which keys exist, with the sequence that the views had reached at that read.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use engine::store::{FactsRead, StoreError};
use ledger::rows::{FactHash, FactRow};
use record::Sequence;

use super::book::Book;
use super::{queries, readers::Readers};
use crate::batch::{bound, era_of};
use crate::decode;

/// The facts of some eras among keys. Both lists drive the search, a probe of the primary key for each pair: the LIMIT keeps the planner
/// from joining whole eras, which it would choose for tables that grew since it last looked, at a third of a second a batch.
const FACTS: &str = "SELECT k.key, f.sequence, f.era FROM unnest($2::bigint[]) AS e(era) CROSS JOIN unnest($3::bytea[]) AS k(key) \
     CROSS JOIN LATERAL (SELECT sequence, era FROM fact WHERE book = $1 AND era = e.era::integer AND key = k.key LIMIT 1) AS f";

/// The facts among these keys, each once. The sequence is read first: what the views come to hold meanwhile may be among the facts and
/// is not counted. First in the era where facts were last found, then, for what is left, in all others.
pub(super) async fn facts(readers: &Readers, book: &Book, keys: &[FactHash]) -> Result<FactsRead, StoreError> {
    let reached = queries::reached(readers, book).await?;
    let mut found: BTreeMap<FactHash, Sequence> = BTreeMap::new();
    let last = bound(book.era.load(Ordering::Relaxed));
    let others: Vec<i64> = (0..=bound(era_of(reached))).filter(|era| *era != last).collect();
    for eras in [vec![last], others] {
        let left: Vec<&[u8]> = keys.iter().filter(|key| !found.contains_key(*key)).map(|key| &key[..]).collect();
        if left.is_empty() || eras.is_empty() {
            continue;
        }
        let asked = || sqlx::query(FACTS).bind(book.number).bind(eras.clone()).bind(left.clone());
        let mut era = None;
        for row in readers.rows("views", asked).await? {
            found.insert(decode::fixed(&row, 0)?, decode::number(&row, 1)?);
            era = era.max(Some(decode::number(&row, 2)?));
        }
        if let Some(era) = era {
            book.era.store(era, Ordering::Relaxed);
        }
    }
    let found = found.into_iter().map(|(key, sequence)| FactRow { key, sequence }).collect();
    Ok(FactsRead { reached, found })
}
