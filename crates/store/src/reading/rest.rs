//! What of a place only a verifier looks at: lists with the place that they hold for, sums of blocks, ends of rows, signed
//! heads as they are kept, rows that no record has, and what the database says of its own files.

use engine::store::StoreError;
use ledger::rows::SideSums;
use record::{Day, Digest, Line, Sequence};

use super::{Engine, From, Reading, Row};
use crate::balances::{ROUGH_LEVEL, STEP};
use crate::batch::{ERA, bound};
use crate::decode::{self, Columns};
use crate::sql;

/// A name of an ordinal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredName {
    /// Which list, whether known here or not.
    pub list: String,
    /// Ordinal.
    pub no: u32,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// A key that lines are added up by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKey {
    /// Its number.
    pub no: u32,
    /// Number of its rough key; none where it is one itself.
    pub rough: Option<u32>,
    /// A line with the key's account, source, grant, holder, year, class, plan and use, and zeros elsewhere.
    pub key: Line,
}

/// A sum of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSum {
    /// Number of the key.
    pub key_no: u32,
    /// Vouchers dated up to this day.
    pub date: Day,
    /// The sums.
    pub sums: SideSums,
}

/// Where a row of the log ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndOfRow {
    /// Sequence of its first record.
    pub first: Sequence,
    /// Its records.
    pub count: u64,
    /// Epoch that wrote it.
    pub epoch: u64,
    /// Time of its last record, microseconds.
    pub time: i64,
}

/// A cosignature with the columns that it is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCosignature {
    /// Name of the key.
    pub key_name: String,
    /// Id of the key.
    pub key_id: u32,
    /// The signature line.
    pub line: String,
}

/// A signed head with the columns that it is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptHead {
    /// Records.
    pub size: Sequence,
    /// Root.
    pub root: Digest,
    /// The signed note.
    pub note: String,
    /// Its cosignatures.
    pub cosignatures: Vec<StoredCosignature>,
}

/// Rows that no record has, by table.
pub type Beside = Vec<(&'static str, u64)>;

impl Reading {
    /// Names of ordinals, and the sequence that they hold for.
    pub async fn names(&self, book: &str) -> Result<(Sequence, Vec<StoredName>), StoreError> {
        let name = |row: &Row| {
            let row = &&**row;
            Ok(StoredName { list: row.text(2)?, no: decode::number(row, 1)?, code: row.text(3)?, name: row.text(4)? })
        };
        self.listed(book, sql::NAMES, name).await
    }

    /// Keys that lines are added up by, and the sequence that they hold for.
    pub async fn keys(&self, book: &str) -> Result<(Sequence, Vec<StoredKey>), StoreError> {
        let key = |row: &Row| {
            let row = &&**row;
            let rough = row.int_or_null(2)?.map(|_| decode::number(row, 2)).transpose()?;
            Ok(StoredKey { no: decode::number(row, 1)?, rough, key: key_of(row)? })
        };
        self.listed(book, sql::KEYS_OF_RECORDS, key).await
    }

    /// A list that stands beside the sequence reached; its second column is NULL where it is empty.
    async fn listed<T>(
        &self,
        book: &str,
        statement: &'static str,
        read: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<(Sequence, Vec<T>), StoreError> {
        let rows = self.rows(book, From::Views, statement, &[]).await?;
        let Some(first) = rows.first() else { return Ok((0, Vec::new())) };
        let reached = decode::number(&&**first, 0)?;
        if first.int_or_null(1)?.is_none() {
            return Ok((reached, Vec::new()));
        }
        Ok((reached, rows.iter().map(read).collect::<Result<_, _>>()?))
    }

    /// Sums of a block.
    pub async fn sums_of_block(&self, book: &str, level: u32, block: u64) -> Result<Vec<StoredSum>, StoreError> {
        let rows = self.rows(book, From::Views, sql::SUMS_OF_BLOCK, &[i64::from(level), bound(block)]).await?;
        let sum = |row: &Row| {
            let row = &&**row;
            let sums = SideSums { debit_fen: row.int(2)?, credit_fen: row.int(3)?, heads: row.int(4)? };
            Ok(StoredSum { key_no: decode::number(row, 0)?, date: Day(decode::number(row, 1)?), sums })
        };
        rows.iter().map(sum).collect()
    }

    /// Ends of the rows of the log that begin from one record up to another.
    pub async fn ends_of_rows(&self, book: &str, from: Sequence, to: Sequence) -> Result<Vec<EndOfRow>, StoreError> {
        let rows = self.rows(book, From::Log, sql::ENDS_OF_ROWS, &[bound(from), bound(to)]).await?;
        let end = |row: &Row| {
            let row = &&**row;
            let (first, count) = (decode::number(row, 0)?, decode::number(row, 1)?);
            Ok(EndOfRow { first, count, epoch: decode::number(row, 2)?, time: row.int(3)? })
        };
        rows.iter().map(end).collect()
    }

    /// Signed heads of sizes above one up to another, by size.
    pub async fn kept_heads(&self, book: &str, above: Sequence, to: Sequence) -> Result<Vec<KeptHead>, StoreError> {
        let binds = [bound(above), bound(to)];
        let mut heads = Vec::new();
        for row in self.rows(book, From::Log, sql::HEADS_OF_RECORDS, &binds).await? {
            let head = decode::tree_head(&&*row)?;
            heads.push(KeptHead { size: head.size, root: head.root, note: head.note, cosignatures: Vec::new() });
        }
        for row in self.rows(book, From::Log, sql::COSIGNATURES_OF_RECORDS, &binds).await? {
            let row = &&*row;
            let size: Sequence = decode::number(row, 0)?;
            // One of nothing is counted among what stands beside the log.
            let Some(head) = heads.iter_mut().find(|head| head.size == size) else { continue };
            let (key_name, key_id, line) = (row.text(1)?, decode::number(row, 2)?, row.text(3)?);
            head.cosignatures.push(StoredCosignature { key_name, key_id, line });
        }
        Ok(heads)
    }

    /// Rows of the log's tables that no record has.
    pub async fn beside_log(&self, book: &str) -> Result<Beside, StoreError> {
        self.counts(book, From::Log, sql::BESIDE_LOG, &[], &["log", "tree_head", "cosignature"]).await
    }

    /// Rows of the views that no record has.
    pub async fn beside_views(&self, book: &str) -> Result<Beside, StoreError> {
        let binds = [i64::from(ERA), i64::from(ROUGH_LEVEL), i64::from(STEP)];
        let tables = ["voucher", "line", "rejection", "fact", "balance"];
        self.counts(book, From::Views, sql::BESIDE_VIEWS, &binds, &tables).await
    }

    async fn counts(
        &self,
        book: &str,
        from: From,
        statement: &'static str,
        binds: &[i64],
        tables: &[&'static str],
    ) -> Result<Beside, StoreError> {
        let rows = self.rows(book, from, statement, binds).await?;
        let row = rows.first().ok_or_else(|| StoreError::Corrupt("a row that always stands is missing".into()))?;
        tables.iter().enumerate().map(|(at, table)| Ok((*table, decode::number(&&**row, at)?))).collect()
    }

    /// What the database finds wrong with its own files: pages, indexes, constraints; reads all of them. A PostgreSQL server checks its
    /// pages as it reads them and gives nobody else a way to look at its indexes: there it is signed heads that belong to no book.
    pub async fn damage(&self, book: &str) -> Result<Vec<String>, StoreError> {
        match &self.0 {
            Engine::Sqlite(reader) => reader.damage(book).await,
            Engine::Postgres(reader) => reader.damage().await,
        }
    }
}

/// The key in a row of [`sql::KEYS_OF_RECORDS`].
fn key_of(row: &impl Columns) -> Result<Line, StoreError> {
    Ok(Line {
        account: decode::number(row, 3)?,
        source: decode::number(row, 4)?,
        grant: decode::number(row, 5)?,
        side: record::kinds::Side::Debit,
        fen: 0,
        year: decode::number(row, 7)?,
        class: decode::number(row, 8)?,
        plan: decode::number(row, 9)?,
        use_code: decode::number(row, 10)?,
        holder: decode::number(row, 6)?,
        counterparty: 0,
        heads: 0,
        price: 0,
        bank: 0,
    })
}
