//! The last saved state of a book, in parts, replaced as a whole. It is a cache: whoever reads it compares it with what the log says of it.

use std::sync::Arc;

use engine::store::{Snapshot, StoreError};
use ledger::Filter;

use super::book::Book;
use super::readers::Readers;
use super::session::Line;
use crate::batch::bound;
use crate::decode::{self, Columns};

/// Bytes of a part of the state: a value that server and driver take in their stride, of a whole that may pass the gigabyte which is
/// their limit. A filter comes in parts of its own.
const PART_BYTES: usize = 16 << 20;
const STATE: i64 = 0;
const FILTER: i64 = 1;

const FORGET: &str = "DELETE FROM snapshot WHERE book = $1";
const ADD_PART: &str = "INSERT INTO snapshot (book, part, at, what, bytes) VALUES ($1, $2, $3, $4, $5)";
/// The numbers of the parts, with what they are parts of.
const PARTS: &str = "SELECT part, at, what FROM snapshot WHERE book = $1 ORDER BY part";
const PART: &str = "SELECT bytes FROM snapshot WHERE book = $1 AND part = $2 AND at = $3";

/// Saves a snapshot in place of the one before, on a connection of its own.
pub(super) async fn save(readers: &Readers, book: &Book, snapshot: &Snapshot) -> Result<(), StoreError> {
    let mut line = Line::new("snapshot");
    let mut writing = line.begin(readers.connector()).await?;
    writing.run(sqlx::query(FORGET).bind(book.number)).await?;
    // An empty one has a part too, so that it is found again.
    let first = snapshot.state.is_empty().then(Vec::new);
    let state = first.into_iter().chain(snapshot.state.chunks(PART_BYTES).map(<[u8]>::to_vec));
    let state = state.map(|part| (STATE, part));
    let filter = snapshot.filter.parts().map(|part| (FILTER, part));
    for (number, (what, bytes)) in (0i64..).zip(state.chain(filter)) {
        let part = sqlx::query(ADD_PART).bind(book.number).bind(number).bind(bound(snapshot.at)).bind(what).bind(bytes);
        writing.run(part).await?;
    }
    writing.commit().await?;
    line.close().await;
    Ok(())
}

/// Reads the snapshot, if there is one. One that is replaced meanwhile counts as none.
pub(super) async fn load(readers: &Readers, book: &Book) -> Result<Option<Snapshot>, StoreError> {
    let parts = readers.rows("snapshot", || sqlx::query(PARTS).bind(book.number)).await?;
    let Some(first) = parts.first() else { return Ok(None) };
    let at = decode::number(first, 1)?;
    let (mut state, mut filter) = (Vec::new(), Vec::new());
    for row in &parts {
        let (number, what) = (row.int(0)?, row.int(2)?);
        let query = || sqlx::query(PART).bind(book.number).bind(number).bind(bound(at));
        let Some(part) = readers.row_or_none("snapshot", query).await? else { return Ok(None) };
        let whole = if what == STATE { &mut state } else { &mut filter };
        whole.extend_from_slice(&part.bytes(0)?);
    }
    // One of another format counts as none, as one that no record confirms does.
    Ok(Filter::from_bytes(&filter).map(|filter| Snapshot { at, state: Arc::new(state), filter }))
}
