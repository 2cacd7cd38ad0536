//! Facts: which keys exist, with the sequence that the views had reached at that read.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::atomic::Ordering;

use engine::store::{FactsRead, StoreError};
use ledger::rows::{FactHash, FactRow};
use record::Sequence;

use super::log::bound;
use super::queries;
use super::views::Open;
use crate::decode;

/// Records of an era, as a power of two: new facts then go to some 30 MB of the table, which fit the cache, and a look-up that finds
/// its keys in one era leaves the others alone.
const ERA: u32 = 18;

/// The facts of one era among a list of keys, which drives the search.
pub(super) const FACTS: &str = "SELECT f.key, f.sequence FROM json_each($2) AS asked \
     CROSS JOIN fact AS f ON f.era = $1 AND f.key = unhex(asked.value)";

/// The era of a record.
pub(super) fn era_of(sequence: Sequence) -> u64 {
    sequence >> ERA
}

/// The facts among these keys, each once. The sequence is read first: what the views come to hold meanwhile may be among the facts and
/// is not counted. Views that are emptied meanwhile wait for this.
pub(super) async fn facts(views: &Open, keys: &[FactHash]) -> Result<FactsRead, StoreError> {
    let reached = queries::reached(&views.database).await?;
    let mut left: BTreeSet<FactHash> = keys.iter().copied().collect();
    let mut found = Vec::with_capacity(left.len());
    let last = views.era.load(Ordering::Relaxed);
    let others = (0..=era_of(reached)).rev().filter(|era| *era != last);
    for era in std::iter::once(last).chain(others) {
        if left.is_empty() {
            break;
        }
        let rows = sqlx::query(FACTS).bind(bound(era)).bind(list(&left)).fetch_all(views.database.readers()).await;
        let rows = rows.map_err(|e| views.database.error(&e))?;
        if !rows.is_empty() {
            views.era.store(era, Ordering::Relaxed);
        }
        for row in &rows {
            let fact = FactRow { key: decode::fixed(row, 0)?, sequence: decode::number(row, 1)? };
            left.remove(&fact.key);
            found.push(fact);
        }
    }
    Ok(FactsRead { reached, found })
}

/// The keys as a JSON list of hex texts, in order.
fn list(keys: &BTreeSet<FactHash>) -> String {
    let mut list = String::with_capacity(keys.len() * 35 + 2);
    for key in keys {
        list.push(if list.is_empty() { '[' } else { ',' });
        // Writing to a String cannot fail.
        write!(list, "\"{:032x}\"", u128::from_be_bytes(*key)).unwrap_or_default();
    }
    if list.is_empty() {
        list.push('[');
    }
    list.push(']');
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_json() {
        assert_eq!(list(&BTreeSet::new()), "[]");
        let keys = BTreeSet::from([2, 1, 2].map(u128::to_be_bytes));
        let text = r#"["00000000000000000000000000000001","00000000000000000000000000000002"]"#;
        assert_eq!(list(&keys), text);
    }
}
