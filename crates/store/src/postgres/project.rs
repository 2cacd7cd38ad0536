//! The projector's transaction: rows into the views by COPY, checked set-wise, and the reached sequence moved; and the views emptied. What
//! the rows say is made in `ledger`; here only their shape is judged.

use std::collections::BTreeMap;

use engine::store::StoreError;
use ledger::rows::{FactRow, LineRow, NameRow, RejectionRow, ViewRows, VoucherRow};
use record::Sequence;

use super::book::Book;
use super::catalogue;
use super::connector::Connector;
use super::copy::Rows;
use super::session::Writing;
use crate::batch::{bound, check_range};
use crate::{decode, sql};

/// The reached sequence, kept from others who would move it until the end of the transaction.
const REACHED: &str = "SELECT sequence FROM reached WHERE book = $1 FOR UPDATE";
const VOUCHERS: &str = "COPY voucher (book, sequence, id, word, cycle, number, ledger, kind, template, date, record_day, \
     total_fen, summary) FROM STDIN (FORMAT binary)";
const LINES: &str = "COPY line (book, sequence, line_no, date, account, source, grant_no, side, fen, year, class, plan, use_no, \
     holder, counterparty, heads, price, bank) FROM STDIN (FORMAT binary)";
const FACTS: &str = "COPY fact (book, key, sequence, value) FROM STDIN (FORMAT binary)";
const REJECTIONS: &str =
    "COPY rejection (book, sequence, time, person, request_id, first_rule, hits) FROM STDIN (FORMAT binary)";
/// Names may be given anew: a thing renamed keeps its ordinal.
const NAMES: &str = "INSERT INTO name (book, list, no, code, name) SELECT $1, * FROM UNNEST($2::text[], $3::bigint[], $4::text[], $5::text[]) \
     ON CONFLICT (book, list, no) DO UPDATE SET code = excluded.code, name = excluded.name";

/// Says that this transaction empties the views of a book, which the guards on them ask.
const CLEARING: &str = "SELECT set_config('earmark.clearing', $1::text, true)";
const CLEAR: [&str; 6] = [
    "DELETE FROM voucher WHERE book = $1",
    "DELETE FROM line WHERE book = $1",
    "DELETE FROM fact WHERE book = $1",
    "DELETE FROM rejection WHERE book = $1",
    "DELETE FROM name WHERE book = $1",
    "DELETE FROM reached WHERE book = $1",
];

/// What is checked over the new rows, by statement, with what a row of it means.
const CHECKS: [(&str, &str); 4] = [
    (sql::ORPHANED, "lines without a voucher of their date"),
    (sql::EMPTY, "vouchers without lines"),
    (sql::MISNUMBERED, "vouchers of one line or with gaps in their line numbers"),
    (sql::UNBALANCED, "vouchers that do not balance by source and grant"),
];

/// Adds rows and moves the reached sequence from `from` to `to`, in one transaction.
pub(super) async fn project(
    connector: &Connector,
    book: &Book,
    from: Sequence,
    to: Sequence,
    rows: &ViewRows,
) -> Result<(), StoreError> {
    check_range(from, to, rows)?;
    let mut line = book.projector.lock().await;
    let mut writing = line.begin(connector).await?;
    let reached: Sequence = decode::number(&writing.row(sqlx::query(REACHED).bind(book.number)).await?, 0)?;
    if reached != from {
        return Err(StoreError::Corrupt(format!("the views have reached {reached}, not {from}")));
    }
    insert(&mut writing, book.number, rows).await?;
    if !rows.vouchers.is_empty() || !rows.lines.is_empty() {
        for (check, meaning) in CHECKS {
            let asked = sqlx::query(check).bind(book.number).bind(bound(from)).bind(bound(to));
            let found: i64 = decode::number(&writing.row(asked).await?, 0)?;
            if found != 0 {
                return Err(StoreError::Corrupt(format!("{found} {meaning} between {from} and {to}")));
            }
        }
    }
    let moved = sqlx::query(sql::MOVE_REACHED).bind(book.number).bind(bound(from)).bind(bound(to));
    if writing.run(moved).await? != 1 {
        return Err(StoreError::Corrupt("the views' reached sequence moved inside the transaction".into()));
    }
    Ok(writing.commit().await?)
}

/// Empties the views of a book.
pub(super) async fn clear(connector: &Connector, book: &Book) -> Result<(), StoreError> {
    let mut line = book.projector.lock().await;
    let mut writing = line.begin(connector).await?;
    writing.row(sqlx::query(CLEARING).bind(book.number)).await?;
    for statement in CLEAR {
        writing.run_long(sqlx::query(statement).bind(book.number)).await?;
    }
    catalogue::make_reached(&mut writing, book.number).await?;
    Ok(writing.commit().await?)
}

async fn insert(writing: &mut Writing<'_>, book: i64, rows: &ViewRows) -> Result<(), StoreError> {
    names(writing, book, &rows.names).await?;
    let book = i32::try_from(book).map_err(|_| StoreError::Corrupt("a book's number beyond 2^31".into()))?;
    copy(writing, VOUCHERS, &rows.vouchers, |row, to| voucher(row, book, to)).await?;
    copy(writing, LINES, &rows.lines, |row, to| line(row, book, to)).await?;
    // Keys are hashes: in their order, each page of the index is visited once.
    let mut facts: Vec<&FactRow> = rows.facts.iter().collect();
    facts.sort_unstable_by_key(|fact| fact.key);
    copy(writing, FACTS, &facts, |row, to| fact(row, book, to)).await?;
    copy(writing, REJECTIONS, &rows.rejections, |row, to| rejection(row, book, to)).await
}

/// Names, the last of each ordinal: one statement may not change a row twice.
async fn names(writing: &mut Writing<'_>, book: i64, rows: &[NameRow]) -> Result<(), StoreError> {
    let last: BTreeMap<(&str, u32), &NameRow> = rows.iter().map(|row| ((row.list, row.no), row)).collect();
    if last.is_empty() {
        return Ok(());
    }
    let lists: Vec<&str> = last.values().map(|row| row.list).collect();
    let numbers: Vec<i64> = last.values().map(|row| i64::from(row.no)).collect();
    let codes: Vec<&str> = last.values().map(|row| row.code.as_str()).collect();
    let names: Vec<&str> = last.values().map(|row| row.name.as_str()).collect();
    let asked = sqlx::query(NAMES).bind(book).bind(lists).bind(numbers).bind(codes).bind(names);
    writing.run(asked).await.map(drop)
}

/// About the bytes of a row on its way.
const ROW_BYTES: usize = 160;

async fn copy<T>(
    writing: &mut Writing<'_>,
    statement: &'static str,
    rows: &[T],
    add: impl Fn(&T, &mut Rows),
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut binary = Rows::with_capacity(rows.len().saturating_mul(ROW_BYTES));
    for row in rows {
        add(row, &mut binary);
    }
    writing.copy(statement, binary.finish()).await
}

fn voucher(row: &VoucherRow, book: i32, to: &mut Rows) {
    to.row(13).int4(book).int8(bound(row.sequence)).field(&row.id).int2(row.reference.word as i16);
    to.int8(i64::from(row.reference.cycle)).int8(i64::from(row.reference.number));
    to.int2(row.ledger as i16).int2(row.kind as i16).int2(row.template as i16);
    to.int4(row.date.0).int4(row.record_day.0).int8(row.total_fen).field(row.summary.as_bytes());
}

fn line(row: &LineRow, book: i32, to: &mut Rows) {
    let line = &row.line;
    to.row(18).int4(book).int8(bound(row.sequence)).int4(i32::from(row.line_no)).int4(row.date.0);
    to.int4(i32::from(line.account)).int2(i16::from(line.source)).int8(i64::from(line.grant));
    to.int2(line.side as i16).int8(line.fen).int4(i32::from(line.year));
    to.int2(i16::from(line.class)).int2(i16::from(line.plan)).int2(i16::from(line.use_code));
    to.int8(i64::from(line.holder)).int8(i64::from(line.counterparty)).int4(line.heads);
    to.int8(line.price).int8(i64::from(line.bank));
}

fn fact(row: &FactRow, book: i32, to: &mut Rows) {
    to.row(4).int4(book).field(&row.key).int8(bound(row.sequence)).field(&row.value);
}

fn rejection(row: &RejectionRow, book: i32, to: &mut Rows) {
    to.row(7).int4(book).int8(bound(row.sequence)).int8(row.time).field(row.person.as_bytes());
    to.field(row.request_id.as_bytes()).field(row.first_rule.as_bytes()).field(&row.hits);
}
