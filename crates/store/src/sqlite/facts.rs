//! Facts: which keys exist, with the sequence that the views had reached at that read.

use std::fmt::Write;

use engine::store::{FactsRead, StoreError};
use ledger::rows::{FactHash, FactRow};

use super::database::Database;
use crate::decode::{self, Columns};

/// One statement, so one view of the data: the reached sequence (without a key), then the facts found. The list drives the search.
pub(super) const FACTS: &str = "SELECT NULL, sequence, NULL FROM reached UNION ALL \
     SELECT f.key, f.sequence, f.value FROM json_each($1) AS asked CROSS JOIN fact AS f ON f.key = unhex(asked.value)";

/// The facts among these keys, each once.
pub(super) async fn facts(views: &Database, keys: &[FactHash]) -> Result<FactsRead, StoreError> {
    let rows = sqlx::query(FACTS).bind(list(keys)).fetch_all(views.readers()).await.map_err(|e| views.error(&e))?;
    let (reached, facts) = rows
        .split_first()
        .ok_or_else(|| StoreError::Corrupt("the views do not tell the sequence that they have reached".into()))?;
    let found = facts
        .iter()
        .map(|row| Ok(FactRow { key: decode::fixed(row, 0)?, sequence: decode::number(row, 1)?, value: row.bytes(2)? }))
        .collect::<Result<_, StoreError>>()?;
    Ok(FactsRead { reached: decode::number(reached, 1)?, found })
}

/// The keys as a JSON list of hex texts, in order and each once.
fn list(keys: &[FactHash]) -> String {
    let mut keys: Vec<u128> = keys.iter().map(|key| u128::from_be_bytes(*key)).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut list = String::with_capacity(keys.len() * 35 + 2);
    for key in keys {
        list.push(if list.is_empty() { '[' } else { ',' });
        // Writing to a String cannot fail.
        write!(list, "\"{key:032x}\"").unwrap_or_default();
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
        assert_eq!(list(&[]), "[]");
        let [one, two] = [1, 2].map(u128::to_be_bytes);
        let text = r#"["00000000000000000000000000000001","00000000000000000000000000000002"]"#;
        assert_eq!(list(&[two, one, two]), text);
    }
}
