//! A place of books opened for reading alone, for whoever checks or exports them: no lock is taken, no epoch raised, nothing written,
//! and the server that owns the books goes on. What is read was committed; a book may grow meanwhile, and what was read of it stays so.
//! What only a verifier looks at stands in `rest`.

mod rest;

use std::path::Path;

use engine::evidence::Rows;
use engine::store::{Head, LogRow, StoreError, TreeHead};
use ledger::rows::{FactRow, LineRow, RejectionRow, VoucherRow};
use record::{GrantNo, Sequence};

use crate::batch::{bound, era_begin, era_of};
use crate::decode::{self, Columns};
use crate::postgres::Reader as PostgresReader;
use crate::sql;
use crate::sqlite::Reader as SqliteReader;

/// Rows that one read of the log gives at most.
const MAX_ROWS: i64 = 4_096;

/// Where something is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Log,
    Views,
}

/// A row of either engine.
pub(crate) type Row = Box<dyn Columns + Send>;

impl Columns for &(dyn Columns + Send) {
    fn int(&self, index: usize) -> Result<i64, StoreError> {
        (**self).int(index)
    }

    fn int_or_null(&self, index: usize) -> Result<Option<i64>, StoreError> {
        (**self).int_or_null(index)
    }

    fn slice(&self, index: usize) -> Result<&[u8], StoreError> {
        (**self).slice(index)
    }

    fn text(&self, index: usize) -> Result<String, StoreError> {
        (**self).text(index)
    }
}

/// A place opened for reading.
pub struct Reading(Engine);

pub use rest::{Beside, EndOfRow, KeptHead, StoredCosignature, StoredKey, StoredName, StoredSum};

enum Engine {
    Sqlite(SqliteReader),
    Postgres(Box<PostgresReader>),
}

/// What the views hold of some records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewRange {
    /// Vouchers, by sequence.
    pub vouchers: Vec<VoucherRow>,
    /// Lines, by sequence and number, each with the grant that it leads; those whose voucher or key is missing stand with zeros in its
    /// place.
    pub lines: Vec<(LineRow, Option<GrantNo>)>,
    /// Refusals, by sequence.
    pub rejections: Vec<RejectionRow>,
}

/// A part of a schema that must be as this version makes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemaPart {
    /// Its name: what it is, and what it is called.
    pub name: String,
    /// Its definition.
    pub definition: String,
}

impl Reading {
    /// A data folder of SQLite files. Needs a running tokio runtime.
    pub async fn folder(dir: &Path) -> Result<Reading, StoreError> {
        SqliteReader::open(dir).await.map(|reader| Reading(Engine::Sqlite(reader)))
    }

    /// A PostgreSQL database.
    pub async fn database(url: &str) -> Result<Reading, StoreError> {
        PostgresReader::open(url).await.map(|reader| Reading(Engine::Postgres(Box::new(reader))))
    }

    /// Codes of the books.
    pub async fn books(&self) -> Result<Vec<String>, StoreError> {
        let rows = match &self.0 {
            Engine::Sqlite(reader) => reader.catalogue(sql::BOOKS).await?,
            Engine::Postgres(reader) => reader.catalogue(sql::BOOKS).await?,
        };
        rows.iter().map(|row| row.text(0)).collect()
    }

    /// How far a book's log reaches.
    pub async fn head(&self, book: &str) -> Result<Head, StoreError> {
        let rows = self.rows(book, From::Log, sql::HEAD, &[]).await?;
        let row = rows.first().ok_or_else(|| StoreError::Corrupt("the head is missing".into()))?;
        decode::head(&&**row)
    }

    /// Rows of the log that hold records from `from` on, as many as fit.
    pub async fn log_rows(&self, book: &str, from: Sequence, max_bytes: usize) -> Result<Vec<LogRow>, StoreError> {
        let binds = [bound(from), bound(max_bytes as u64), MAX_ROWS];
        let rows = self.rows(book, From::Log, sql::LOG_ROWS, &binds).await?;
        rows.iter().map(|row| decode::log_row(&&**row)).collect()
    }

    /// Checkpoints that the log signed up to a size, as signed notes with their cosignatures: the newest one, and as many as are wanted of
    /// those that somebody cosigned.
    pub async fn checkpoints(&self, book: &str, up_to: Sequence, cosigned: u32) -> Result<Vec<String>, StoreError> {
        let mut heads = Vec::new();
        for binds in [[0, 1], [1, i64::from(cosigned)]] {
            let binds = [0, bound(up_to), binds[0], binds[1]];
            for row in self.rows(book, From::Log, sql::TREE_HEADS, &binds).await? {
                let head = decode::tree_head(&&*row)?;
                if !heads.iter().any(|known: &TreeHead| known.size == head.size) {
                    heads.push(head);
                }
            }
        }
        let mut notes = Vec::with_capacity(heads.len());
        for head in heads {
            let lines = self.rows(book, From::Log, sql::COSIGNATURES, &[bound(head.size)]).await?;
            let lines = lines.iter().map(|row| row.text(0)).collect::<Result<String, _>>()?;
            notes.push(head.note + &lines);
        }
        Ok(notes)
    }

    /// How far a book's views reach.
    pub async fn reached(&self, book: &str) -> Result<Sequence, StoreError> {
        let rows = self.rows(book, From::Views, sql::REACHED, &[]).await?;
        rows.first().map_or(Ok(0), |row| decode::number(&&**row, 0))
    }

    /// What the views hold of the records after `after` up to `to`.
    pub async fn views(&self, book: &str, after: Sequence, to: Sequence) -> Result<ViewRange, StoreError> {
        let range = [bound(after), bound(to)];
        let vouchers = self.rows(book, From::Views, sql::VOUCHERS_OF_RECORDS, &range).await?;
        let lines = self.rows(book, From::Views, sql::LINES_OF_RECORDS, &range).await?;
        let rejections = self.rows(book, From::Views, sql::REJECTIONS, &[range[0], range[1], i64::MAX]).await?;
        Ok(ViewRange {
            vouchers: vouchers.iter().map(|row| decode::voucher(&&**row)).collect::<Result<_, _>>()?,
            lines: lines.iter().map(|row| led_line(&&**row)).collect::<Result<_, _>>()?,
            rejections: rejections.iter().map(|row| decode::rejection(&&**row)).collect::<Result<_, _>>()?,
        })
    }

    /// The era of facts that a record belongs to.
    pub fn era(sequence: Sequence) -> u64 {
        era_of(sequence)
    }

    /// The first record of the next era.
    pub fn era_end(era: u64) -> Sequence {
        era_begin(era.saturating_add(1))
    }

    /// Facts of an era, by key.
    pub async fn facts(&self, book: &str, era: u64) -> Result<Vec<FactRow>, StoreError> {
        let rows = self.rows(book, From::Views, sql::FACTS_OF_ERA, &[bound(era)]).await?;
        let fact = |row: &Row| {
            let row = &&**row;
            Ok(FactRow { key: decode::fixed(row, 0)?, sequence: decode::number(row, 1)? })
        };
        rows.iter().map(fact).collect()
    }

    /// The schema as it stands and as this version makes it, with rights that others than its owner have.
    pub async fn schema(&self, book: &str) -> Result<(Vec<SchemaPart>, Vec<SchemaPart>), StoreError> {
        match &self.0 {
            Engine::Sqlite(reader) => reader.schema(book).await,
            Engine::Postgres(reader) => reader.schema().await,
        }
    }

    async fn rows(
        &self,
        book: &str,
        from: From,
        statement: &'static str,
        binds: &[i64],
    ) -> Result<Vec<Row>, StoreError> {
        match &self.0 {
            Engine::Sqlite(reader) => reader.rows(book, from, statement, binds).await,
            Engine::Postgres(reader) => reader.rows(book, from, statement, binds).await,
        }
    }
}

/// A line, and the grant that it leads.
fn led_line(row: &impl Columns) -> Result<(LineRow, Option<GrantNo>), StoreError> {
    let leads = row.int_or_null(17)?.map(|_| decode::number(row, 17)).transpose()?;
    Ok((decode::line(row)?, leads))
}

/// A book's log within a place, as it is gone through for an export.
pub struct ReadingOf<'a>(pub &'a Reading, pub &'a str);

impl Rows for ReadingOf<'_> {
    async fn rows(&self, from: Sequence, max_bytes: usize) -> Result<Vec<LogRow>, StoreError> {
        self.0.log_rows(self.1, from, max_bytes).await
    }
}
