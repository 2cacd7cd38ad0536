//! Facts: which keys exist, with the sequence that the views had reached at that read.

use engine::store::{FactsRead, StoreError};
use ledger::rows::{FactHash, FactRow};

use super::book::Book;
use super::readers::Readers;
use crate::decode::{self, Columns};

/// One statement, so one view of the data: the reached sequence (without a key), then the facts found. The list drives the search.
const FACTS: &str = "SELECT NULL::bytea, sequence, NULL::bytea FROM reached WHERE book = $1 UNION ALL \
     SELECT f.key, f.sequence, f.value FROM fact AS f WHERE f.book = $1 AND f.key = ANY($2)";

/// The facts among these keys, each once.
pub(super) async fn facts(readers: &Readers, book: &Book, keys: &[FactHash]) -> Result<FactsRead, StoreError> {
    let keys: Vec<&[u8]> = keys.iter().map(|key| &key[..]).collect();
    let rows = readers.rows("views", || sqlx::query(FACTS).bind(book.number).bind(keys.clone())).await?;
    let (reached, facts) = rows
        .split_first()
        .ok_or_else(|| StoreError::Corrupt("the views do not tell the sequence that they have reached".into()))?;
    let found = facts
        .iter()
        .map(|row| Ok(FactRow { key: decode::fixed(row, 0)?, sequence: decode::number(row, 1)?, value: row.bytes(2)? }))
        .collect::<Result<_, StoreError>>()?;
    Ok(FactsRead { reached: decode::number(reached, 1)?, found })
}
