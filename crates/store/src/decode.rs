//! From columns to the rows of `ledger` and `engine`, by position in the statements of `sql`. Numbers are checked: what does not fit
//! its type was not written by us.

use engine::store::{BookEntry, Head, LogRow, RowTime, StoreError, SumRow, TokenEntry, TreeHead};
use ledger::rows::{LineRow, RejectionRow, SideSums, VoucherRow};
use record::kinds::{LedgerKind, Side, Template, VoucherKind, Word};
use record::{Day, Digest, Line, Sequence, VoucherRef};

use crate::balances::{Key, KeyNo, sums_of};
use crate::batch::Held;

/// A result row of any engine.
pub(crate) trait Columns {
    /// A BIGINT.
    fn int(&self, index: usize) -> Result<i64, StoreError>;
    /// A BIGINT that may be NULL.
    fn int_or_null(&self, index: usize) -> Result<Option<i64>, StoreError>;
    /// Bytes, where they stand.
    fn slice(&self, index: usize) -> Result<&[u8], StoreError>;
    /// Bytes.
    fn bytes(&self, index: usize) -> Result<Vec<u8>, StoreError> {
        self.slice(index).map(<[u8]>::to_vec)
    }
    /// Text.
    fn text(&self, index: usize) -> Result<String, StoreError>;
}

/// A number that must fit its type.
pub(crate) fn number<T: TryFrom<i64>>(row: &impl Columns, index: usize) -> Result<T, StoreError> {
    T::try_from(row.int(index)?).map_err(|_| StoreError::Corrupt(format!("column {index} is out of its range")))
}

/// Bytes that must have their length.
pub(crate) fn fixed<const N: usize>(row: &impl Columns, index: usize) -> Result<[u8; N], StoreError> {
    row.bytes(index)?.try_into().map_err(|_| StoreError::Corrupt(format!("column {index} has another length")))
}

/// A member of a closed set, by its tag.
fn tag<T: Copy>(all: &[T], row: &impl Columns, index: usize) -> Result<T, StoreError> {
    let tag: usize = number(row, index)?;
    all.get(tag).copied().ok_or_else(|| StoreError::Corrupt(format!("column {index} is no known tag")))
}

/// A head.
pub(crate) fn head(row: &impl Columns) -> Result<Head, StoreError> {
    let edge = row.bytes(2)?;
    let (edge, rest) = edge.as_chunks::<32>();
    if !rest.is_empty() {
        return Err(StoreError::Corrupt("the head's edge is not a list of hashes".into()));
    }
    Ok(Head {
        sequence: number(row, 0)?,
        root: fixed(row, 1)?,
        edge: edge.to_vec(),
        time: row.int(3)?,
        epoch: number(row, 4)?,
    })
}

/// The head stands where the last row ends, if there is one; both were written in one transaction.
pub(crate) fn check_end(head: &Head, last: Option<&impl Columns>) -> Result<(), StoreError> {
    let agrees = match last {
        Some(row) => {
            let (first, count): (u64, u64) = (number(row, 0)?, number(row, 1)?);
            let (epoch, root): (u64, Digest) = (number(row, 2)?, fixed(row, 3)?);
            let end = first.saturating_add(count).saturating_sub(1);
            end == head.sequence && root == head.root && row.int(4)? == head.time && epoch <= head.epoch
        }
        None => head.sequence == 0,
    };
    if agrees {
        Ok(())
    } else {
        Err(StoreError::Corrupt("the head does not agree with the last row of the log".into()))
    }
}

/// A row of the log.
pub(crate) fn log_row(row: &impl Columns) -> Result<LogRow, StoreError> {
    let held = Held::new(number(row, 0)?, number(row, 1)?, row.slice(4)?, row.slice(6)?)?;
    held.unpack(row.slice(5)?, number(row, 2)?, fixed(row, 3)?)
}

/// The bodies of a row, where they stand.
pub(crate) fn held(row: &impl Columns) -> Result<Held<'_>, StoreError> {
    Held::new(number(row, 0)?, number(row, 1)?, row.slice(2)?, row.slice(3)?)
}

/// Where a row of the log stands.
pub(crate) fn row_time(row: &impl Columns) -> Result<RowTime, StoreError> {
    let (first, count): (u64, u64) = (number(row, 0)?, number(row, 1)?);
    Ok(RowTime { first, last: first.saturating_add(count).saturating_sub(1), time: row.int(2)? })
}

/// The leaf hashes of a row from one sequence to another, both included.
pub(crate) fn leaves(row: &impl Columns, from: Sequence, to: Sequence) -> Result<Vec<Digest>, StoreError> {
    let (first, count): (u64, u64) = (number(row, 0)?, number(row, 1)?);
    let (leaves, rest) = row.slice(2)?.as_chunks::<32>();
    if !rest.is_empty() || leaves.len() as u64 != count {
        return Err(StoreError::Corrupt("log row whose leaf hashes do not fit its count".into()));
    }
    let held = (first..).zip(leaves).filter(|(sequence, _)| (from..=to).contains(sequence));
    Ok(held.map(|(_, leaf)| *leaf).collect())
}

/// A signed tree head, its cosignatures apart.
pub(crate) fn tree_head(row: &impl Columns) -> Result<TreeHead, StoreError> {
    Ok(TreeHead { size: number(row, 0)?, root: fixed(row, 1)?, note: row.text(2)?, cosignatures: Vec::new() })
}

/// A voucher.
pub(crate) fn voucher(row: &impl Columns) -> Result<VoucherRow, StoreError> {
    Ok(VoucherRow {
        sequence: number(row, 0)?,
        time: row.int(1)?,
        reference: VoucherRef { word: tag(Word::ALL, row, 2)?, cycle: number(row, 3)?, number: number(row, 4)? },
        ledger: tag(LedgerKind::ALL, row, 5)?,
        kind: tag(VoucherKind::ALL, row, 6)?,
        template: tag(Template::ALL, row, 7)?,
        date: Day(number(row, 8)?),
        total_fen: row.int(9)?,
        summary: row.text(10)?,
    })
}

/// A line, with its voucher's date.
pub(crate) fn line(row: &impl Columns) -> Result<LineRow, StoreError> {
    Ok(LineRow {
        sequence: number(row, 0)?,
        line_no: number(row, 1)?,
        date: Day(number(row, 2)?),
        line: Line {
            account: number(row, 3)?,
            source: number(row, 4)?,
            grant: number(row, 5)?,
            side: tag(Side::ALL, row, 6)?,
            fen: row.int(7)?,
            year: number(row, 8)?,
            class: number(row, 9)?,
            plan: number(row, 10)?,
            use_code: number(row, 11)?,
            holder: number(row, 12)?,
            counterparty: number(row, 13)?,
            heads: number(row, 14)?,
            price: row.int(15)?,
            bank: number(row, 16)?,
        },
    })
}

/// A key that lines are added up by, with its number and that of its rough key.
pub(crate) fn key(row: &impl Columns) -> Result<(KeyNo, Option<KeyNo>, Key), StoreError> {
    let rough = row.int_or_null(1)?;
    let key = Key {
        rough: rough.is_none(),
        account: number(row, 2)?,
        source: number(row, 3)?,
        grant: number(row, 4)?,
        holder: number(row, 5)?,
        year: number(row, 6)?,
        class: number(row, 7)?,
        plan: number(row, 8)?,
        use_code: number(row, 9)?,
    };
    Ok((number(row, 0)?, rough.map(|_| number(row, 1)).transpose()?, key))
}

/// A line as far as sums need it: sequence, date, its keys, its sums.
pub(crate) fn summand(row: &impl Columns) -> Result<(Sequence, Day, (KeyNo, KeyNo), SideSums), StoreError> {
    let sums = sums_of(tag(Side::ALL, row, 4)?, row.int(5)?, number(row, 6)?);
    Ok((number(row, 0)?, Day(number(row, 1)?), (number(row, 2)?, number(row, 3)?), sums))
}

/// A sum.
pub(crate) fn sum(row: &impl Columns) -> Result<SumRow, StoreError> {
    Ok(SumRow {
        key: (
            number(row, 0)?,
            number(row, 1)?,
            number(row, 2)?,
            number(row, 3)?,
            number(row, 4)?,
            number(row, 5)?,
            number(row, 6)?,
        ),
        year: number(row, 7)?,
        sums: SideSums { debit_fen: row.int(8)?, credit_fen: row.int(9)?, heads: row.int(10)? },
    })
}

/// A refusal.
pub(crate) fn rejection(row: &impl Columns) -> Result<RejectionRow, StoreError> {
    Ok(RejectionRow {
        sequence: number(row, 0)?,
        time: row.int(1)?,
        person: row.text(2)?,
        request_id: row.text(3)?,
        first_rule: row.text(4)?,
        hits: row.bytes(5)?,
    })
}

/// A book of the catalogue.
pub(crate) fn book(row: &impl Columns) -> Result<BookEntry, StoreError> {
    Ok(BookEntry { book: row.text(0)?, created_at: row.int(1)? })
}

/// A token of the catalogue.
pub(crate) fn token(row: &impl Columns) -> Result<TokenEntry, StoreError> {
    Ok(TokenEntry {
        hash: fixed(row, 0)?,
        person: row.text(1)?,
        operator: row.int(2)? != 0,
        created_at: row.int(3)?,
        expires_at: row.int_or_null(4)?,
        revoked: row.int(5)? != 0,
    })
}
