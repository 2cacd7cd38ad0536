//! The log of a book: head, batches and records. What the rows mean to accounting is not known here.

use engine::store::{AppendError, Batch, Head, LogRow, RowTime, StoreError};
use record::Sequence;

use super::book::Book;
use super::connector::Connector;
use super::lock;
use super::readers::Readers;
use super::session::{CommitError, Writing};
use crate::batch::{Wanted, bound, check_follows, overtaken, pack, stored};
use crate::{decode, sql};

const WHAT: &str = "log";

/// The compare-and-set of the head and one row, in one statement: no row comes without the head's move, and one answer is waited for.
const APPEND: &str = "WITH moved AS (UPDATE head SET sequence = $5, root = $6, edge = $7, time = $8 \
     WHERE book = $1 AND sequence = $2 AND epoch = $3 AND root = $4 RETURNING book, epoch, time, root) \
     INSERT INTO log (book, first, count, epoch, time, root, offsets, leaves, bodies) \
     SELECT book, $9, $10, epoch, time, root, $11, $12, $13 FROM moved";

/// Rows that one read of the log gives at most, however small they are.
const MAX_ROWS: i64 = 4_096;

/// Takes the book's lock and raises the epoch on a fresh connection, which becomes the writer's; returns the head, which must agree with
/// the last row.
pub(super) async fn fence(connector: &Connector, book: &Book) -> Result<Head, StoreError> {
    let mut line = book.writer.lock().await;
    let mut session = line.fresh(connector).await?;
    lock::take(&mut session, connector, book.number).await?;
    let mut writing = line.begin_on(session).await?;
    if writing.run(sqlx::query(sql::RAISE_EPOCH).bind(book.number)).await? != 1 {
        return Err(StoreError::Corrupt("the book has no head".into()));
    }
    let head = head(&mut writing, book).await?;
    check_end(&mut writing, book, &head).await?;
    writing.commit().await?;
    Ok(head)
}

async fn head(writing: &mut Writing<'_>, book: &Book) -> Result<Head, StoreError> {
    decode::head(&writing.row(sqlx::query(sql::HEAD).bind(book.number)).await?)
}

/// The head stands where the last row ends; both were written in one transaction.
async fn check_end(writing: &mut Writing<'_>, book: &Book, head: &Head) -> Result<(), StoreError> {
    let last = writing.row_or_none(sqlx::query(sql::LAST_ROW).bind(book.number)).await?;
    decode::check_end(head, last.as_ref())
}

/// Appends a batch, in one transaction.
pub(super) async fn append(
    connector: &Connector,
    book: &Book,
    expected: &Head,
    batch: &Batch,
) -> Result<(), AppendError> {
    check_follows(expected, batch).map_err(AppendError::NotCommitted)?;
    let row = pack(batch).map_err(AppendError::NotCommitted)?;
    let after = &batch.after;
    let append = sqlx::query(APPEND)
        .bind(book.number)
        .bind(stored(expected.sequence)?)
        .bind(stored(expected.epoch)?)
        .bind(&expected.root[..])
        .bind(stored(after.sequence)?)
        .bind(&after.root[..])
        .bind(after.edge.concat())
        .bind(after.time)
        .bind(stored(batch.first)?)
        .bind(stored(batch.bodies.len() as u64)?)
        .bind(row.offsets)
        .bind(row.leaves)
        .bind(row.bodies);

    let mut line = book.writer.lock().await;
    let mut writing = line.begin(connector).await.map_err(AppendError::NotCommitted)?;
    if writing.run(append).await.map_err(AppendError::NotCommitted)? != 1 {
        let found = head(&mut writing, book).await.map_err(AppendError::NotCommitted)?;
        return Err(overtaken(expected, &found));
    }
    writing.commit().await.map_err(|error| match error {
        CommitError::Refused(error) => AppendError::NotCommitted(error),
        CommitError::Unknown(error) => AppendError::Unknown(error),
    })
}

/// Rows that hold records from `from` on.
pub(super) async fn rows(
    readers: &Readers,
    book: &Book,
    from: Sequence,
    max_bytes: usize,
) -> Result<Vec<LogRow>, StoreError> {
    let query =
        || sqlx::query(sql::LOG_ROWS).bind(book.number).bind(bound(from)).bind(bound(max_bytes as u64)).bind(MAX_ROWS);
    readers.rows(WHAT, query).await?.iter().map(decode::log_row).collect()
}

/// Bodies of records; each row that holds some of them is read once.
pub(super) async fn records(
    readers: &Readers,
    book: &Book,
    sequences: &[Sequence],
) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
    let mut wanted = Wanted::new(sequences);
    while let Some(sequence) = wanted.next() {
        let query = || sqlx::query(sql::BODIES_OF).bind(book.number).bind(bound(sequence));
        let row = readers.row_or_none(WHAT, query).await?;
        wanted.found(row.as_ref().map(decode::held).transpose()?);
    }
    Ok(wanted.bodies)
}

/// Sequence and time of the row that holds a record.
pub(super) async fn row_time(
    readers: &Readers,
    book: &Book,
    sequence: Sequence,
) -> Result<Option<RowTime>, StoreError> {
    let query = || sqlx::query(sql::ROW_TIME).bind(book.number).bind(bound(sequence));
    readers.row_or_none(WHAT, query).await?.as_ref().map(decode::row_time).transpose()
}
