//! The last saved state of a book, in parts, replaced as a whole. It is a cache: whoever reads it compares it with what the log says of it.

use std::sync::Arc;

use engine::store::{Snapshot, StoreError};

use super::book::Book;
use super::readers::Readers;
use super::session::Line;
use crate::batch::bound;
use crate::decode::{self, Columns};

/// Bytes of a part: a value that server and driver take in their stride, of a state that may pass the gigabyte which is their limit.
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
    let whole = |bytes: &Arc<Vec<u8>>| if bytes.is_empty() { vec![Vec::new()] } else { split(bytes) };
    let state = whole(&snapshot.state).into_iter().map(|part| (STATE, part));
    let filter = whole(&snapshot.filter).into_iter().map(|part| (FILTER, part));
    for (number, (what, bytes)) in (0i64..).zip(state.chain(filter)) {
        let part = sqlx::query(ADD_PART).bind(book.number).bind(number).bind(bound(snapshot.at)).bind(what).bind(bytes);
        writing.run(part).await?;
    }
    writing.commit().await?;
    line.close().await;
    Ok(())
}

fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.chunks(PART_BYTES).map(<[u8]>::to_vec).collect()
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
    Ok(Some(Snapshot { at, state: Arc::new(state), filter: Arc::new(filter) }))
}
