//! The log of a book: head, batches and records. What the rows mean to accounting is not known here.

use engine::store::{AppendError, Batch, Head, LogRow, RowTime, StoreError};
use record::Sequence;

use super::BOOK;
use super::database::{Broken, Database, Writing};
pub(super) use crate::batch::bound;
use crate::batch::{Wanted, check_follows, overtaken, pack, stored};
use crate::{decode, sql};

/// A whole append in one call, since each call is two changes of thread: the compare-and-set of the head, and, where it held, the row,
/// which then is the answer.
pub(super) const APPEND: &str = "BEGIN IMMEDIATE; \
     UPDATE head SET sequence = $4, root = $5, edge = $6, time = $7 WHERE sequence = $1 AND epoch = $2 AND root = $3; \
     INSERT INTO log (first, count, epoch, time, root, offsets, leaves, bodies) \
     SELECT $8, $9, $2, $7, $5, $10, $11, $12 WHERE changes() = 1 RETURNING first; \
     COMMIT";

/// Rows that one read of the log gives at most, however small they are.
const MAX_ROWS: i64 = 4_096;

/// Raises the epoch on a fresh connection and returns the head, which must agree with the last row.
pub(super) async fn fence(log: &Database) -> Result<Head, StoreError> {
    let fail = |e: sqlx::Error| log.error(&e);
    let mut writing = log.begin_fresh().await.map_err(fail)?;
    sqlx::query(sql::RAISE_EPOCH).bind(BOOK).execute(writing.on()).await.map_err(fail)?;
    let head = head(log, &mut writing).await?;
    check_end(log, &mut writing, &head).await?;
    writing.commit(0).await.map_err(fail)?;
    Ok(head)
}

async fn head(log: &Database, writing: &mut Writing<'_>) -> Result<Head, StoreError> {
    let row = sqlx::query(sql::HEAD).bind(BOOK).fetch_one(writing.on()).await.map_err(|e| log.error(&e))?;
    decode::head(&row)
}

async fn committed_head(log: &Database) -> Result<Head, StoreError> {
    let row = sqlx::query(sql::HEAD).bind(BOOK).fetch_one(log.readers()).await.map_err(|e| log.error(&e))?;
    decode::head(&row)
}

/// The head stands where the last row ends; both were written in one transaction.
async fn check_end(log: &Database, writing: &mut Writing<'_>, head: &Head) -> Result<(), StoreError> {
    let last = sqlx::query(sql::LAST_ROW).bind(BOOK).fetch_optional(writing.on()).await.map_err(|e| log.error(&e))?;
    decode::check_end(head, last.as_ref())
}

/// Appends a batch: the compare-and-set of the head and one row, in one transaction.
pub(super) async fn append(log: &Database, expected: &Head, batch: &Batch) -> Result<(), AppendError> {
    check_follows(expected, batch).map_err(AppendError::NotCommitted)?;
    let row = pack(batch).map_err(AppendError::NotCommitted)?;
    let bytes = row.bodies.len() + row.leaves.len();
    let after = &batch.after;
    let append = sqlx::query(APPEND)
        .bind(stored(expected.sequence)?)
        .bind(stored(expected.epoch)?)
        .bind(expected.root.to_vec())
        .bind(stored(after.sequence)?)
        .bind(after.root.to_vec())
        .bind(after.edge.concat())
        .bind(after.time)
        .bind(stored(batch.first)?)
        .bind(stored(batch.bodies.len() as u64)?)
        .bind(row.offsets)
        .bind(row.leaves)
        .bind(row.bodies);
    let added = log.transact(append, bytes).await.map_err(|broken| match broken {
        Broken::NotCommitted(error) => AppendError::NotCommitted(log.error(&error)),
        Broken::Unknown(error) => AppendError::Unknown(log.error(&error)),
    })?;
    if !added.is_empty() {
        return Ok(());
    }
    // Nothing was written: the head is another's.
    let found = committed_head(log).await.map_err(AppendError::NotCommitted)?;
    Err(overtaken(expected, &found))
}

/// Rows that hold records from `from` on.
pub(super) async fn rows(log: &Database, from: Sequence, max_bytes: usize) -> Result<Vec<LogRow>, StoreError> {
    let rows = sqlx::query(sql::LOG_ROWS)
        .bind(BOOK)
        .bind(bound(from))
        .bind(bound(max_bytes as u64))
        .bind(MAX_ROWS)
        .fetch_all(log.readers())
        .await
        .map_err(|e| log.error(&e))?;
    rows.iter().map(decode::log_row).collect()
}

/// Bodies of records; each row that holds some of them is read once.
pub(super) async fn records(log: &Database, sequences: &[Sequence]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
    let mut wanted = Wanted::new(sequences);
    while let Some(sequence) = wanted.next() {
        let row = sqlx::query(sql::BODIES_OF)
            .bind(BOOK)
            .bind(bound(sequence))
            .fetch_optional(log.readers())
            .await
            .map_err(|e| log.error(&e))?;
        wanted.found(row.as_ref().map(decode::held).transpose()?);
    }
    Ok(wanted.bodies)
}

/// Sequence and time of the row that holds a record.
pub(super) async fn row_time(log: &Database, sequence: Sequence) -> Result<Option<RowTime>, StoreError> {
    let row = sqlx::query(sql::ROW_TIME)
        .bind(BOOK)
        .bind(bound(sequence))
        .fetch_optional(log.readers())
        .await
        .map_err(|e| log.error(&e))?;
    row.as_ref().map(decode::row_time).transpose()
}

/// Whether the log has no record yet.
pub(super) async fn is_empty(log: &Database) -> Result<bool, StoreError> {
    Ok(committed_head(log).await?.sequence == 0)
}
