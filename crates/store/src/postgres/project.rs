//! The projector's transaction: rows into the views by COPY, checked set-wise, and the reached sequence moved; and the views emptied. What
//! the rows say is made in `ledger`; here only their shape is judged.

use std::collections::BTreeMap;

use engine::store::StoreError;
use ledger::rows::{FactRow, NameRow, RejectionRow, ViewRows, VoucherRow};
use record::Sequence;

use super::book::{Book, Projector};
use super::catalogue;
use super::connector::Connector;
use super::copy::Rows;
use super::session::Writing;
use crate::balances::{BalanceRow, Fillings, Key, KeyNo, STEP, to_roll_up};
use crate::batch::{bound, era_of};
use crate::check::{check, corrupt};
use crate::projecting::{Made, Projecting, StoredLine};
use crate::{decode, sql};

/// The reached sequence, kept from others who would move it until the end of the transaction.
const REACHED: &str = "SELECT sequence FROM reached WHERE book = $1 FOR UPDATE";
const VOUCHERS: &str = "COPY voucher (book, sequence, time, word, cycle, number, ledger, kind, template, date, total_fen, summary) \
     FROM STDIN (FORMAT binary)";
const KEYS: &str = "COPY balance_key (book, no, rough, account, source, grant_no, holder, year, class, plan, use_no) \
     FROM STDIN (FORMAT binary)";
const LINES: &str = "COPY line (book, sequence, line_no, key_no, leads, side, fen, counterparty, heads, price, bank) \
     FROM STDIN (FORMAT binary)";
const BALANCES: &str =
    "COPY balance (book, level, block, key_no, date, debit_fen, credit_fen, heads) FROM STDIN (FORMAT binary)";
const FACTS: &str = "COPY fact (book, era, key, sequence) FROM STDIN (FORMAT binary)";
const REJECTIONS: &str =
    "COPY rejection (book, sequence, time, person, request_id, first_rule, hits) FROM STDIN (FORMAT binary)";
/// Names may be given anew: a thing renamed keeps its ordinal.
const NAMES: &str = "INSERT INTO name (book, list, no, code, name) SELECT $1, * FROM UNNEST($2::text[], $3::bigint[], \
     $4::text[], $5::text[]) \
     ON CONFLICT (book, list, no) DO UPDATE SET code = excluded.code, name = excluded.name";

/// Says that this transaction empties the views of a book, which the guards on them ask.
const CLEARING: &str = "SELECT set_config('earmark.clearing', $1::text, true)";
const CLEAR: [&str; 8] = [
    "DELETE FROM voucher WHERE book = $1",
    "DELETE FROM line WHERE book = $1",
    "DELETE FROM balance_key WHERE book = $1",
    "DELETE FROM balance WHERE book = $1",
    "DELETE FROM fact WHERE book = $1",
    "DELETE FROM rejection WHERE book = $1",
    "DELETE FROM name WHERE book = $1",
    "DELETE FROM reached WHERE book = $1",
];

/// Adds up the blocks of a level to one of the next.
const ROLL_UP: &str = concat!(
    "INSERT INTO balance (book, level, block, key_no, date, debit_fen, credit_fen, heads) SELECT $1, made.* FROM (",
    crate::sql::rolled_up!(),
    ") AS made"
);

/// Adds rows and moves the reached sequence from `from` to `to`, in one transaction.
pub(super) async fn project(
    connector: &Connector,
    book: &Book,
    from: Sequence,
    to: Sequence,
    rows: &ViewRows,
) -> Result<(), StoreError> {
    check(from, to, rows)?;
    let mut projector = book.projector.lock().await;
    let Projector { line, known } = &mut *projector;
    let mut writing = line.begin(connector).await?;
    let reached: Sequence = decode::number(&writing.row(sqlx::query(REACHED).bind(book.number)).await?, 0)?;
    if reached != from {
        return Err(StoreError::Corrupt(format!("the views have reached {reached}, not {from}")));
    }
    let mut projecting = match known.take().filter(|known| known.reached() == from) {
        Some(projecting) => projecting,
        None => read(&mut writing, book, from).await?,
    };
    let made = projecting.make(to, &rows.lines);
    insert(&mut writing, book.number, rows, &made).await?;
    for (level, block) in to_roll_up(from, to) {
        roll_up(&mut writing, book, level, block).await?;
    }
    check_landed(&mut writing, book, from, to, rows).await?;
    let moved = sqlx::query(sql::MOVE_REACHED).bind(book.number).bind(bound(from)).bind(bound(to));
    if writing.run(moved).await? != 1 {
        return Err(StoreError::Corrupt("the views' reached sequence moved inside the transaction".into()));
    }
    writing.commit().await?;
    *known = Some(projecting);
    Ok(())
}

/// Reads what projecting needs to know of views that reach to `reached`.
async fn read(writing: &mut Writing<'_>, book: &Book, reached: Sequence) -> Result<Projecting, StoreError> {
    let keys = writing.rows(sqlx::query(sql::KEYS).bind(book.number)).await?;
    let first = bound(Fillings::first(reached));
    let lines = writing.rows(sqlx::query(sql::SUMMANDS).bind(book.number).bind(first).bind(bound(reached))).await?;
    Projecting::from_rows(reached, &keys, &lines)
}

/// Adds up the blocks below to a block.
async fn roll_up(writing: &mut Writing<'_>, book: &Book, level: u32, block: u64) -> Result<(), StoreError> {
    let rolled = sqlx::query(ROLL_UP)
        .bind(book.number)
        .bind(i64::from(level))
        .bind(bound(block))
        .bind(i64::from(level - STEP))
        .bind(bound(block << STEP))
        .bind(bound(((block + 1) << STEP) - 1));
    writing.run(rolled).await.map(drop)
}

/// Whether what was checked is what stands now, all of it and no more.
async fn check_landed(
    writing: &mut Writing<'_>,
    book: &Book,
    from: Sequence,
    to: Sequence,
    rows: &ViewRows,
) -> Result<(), StoreError> {
    let landed = writing.row(sqlx::query(sql::LANDED).bind(book.number).bind(bound(from)).bind(bound(to))).await?;
    let (vouchers, lines): (usize, usize) = (decode::number(&landed, 0)?, decode::number(&landed, 1)?);
    let difference: i64 = decode::number(&landed, 2)?;
    if (vouchers, lines, difference) == (rows.vouchers.len(), rows.lines.len(), 0) {
        return Ok(());
    }
    Err(corrupt(from, to, "other vouchers and lines than were to be added"))
}

/// Empties the views of a book.
pub(super) async fn clear(connector: &Connector, book: &Book) -> Result<(), StoreError> {
    let mut projector = book.projector.lock().await;
    let Projector { line, known } = &mut *projector;
    *known = None;
    let mut writing = line.begin(connector).await?;
    writing.row(sqlx::query(CLEARING).bind(book.number)).await?;
    for statement in CLEAR {
        writing.run_long(sqlx::query(statement).bind(book.number)).await?;
    }
    catalogue::make_reached(&mut writing, book.number).await?;
    Ok(writing.commit().await?)
}

async fn insert(writing: &mut Writing<'_>, book: i64, rows: &ViewRows, made: &Made<'_>) -> Result<(), StoreError> {
    names(writing, book, &rows.names).await?;
    let book = i32::try_from(book).map_err(|_| StoreError::Corrupt("a book's number beyond 2^31".into()))?;
    copy(writing, KEYS, &made.keys, |row, to| key(row, book, to)).await?;
    copy(writing, VOUCHERS, &rows.vouchers, |row, to| voucher(row, book, to)).await?;
    copy(writing, LINES, &made.lines, |row, to| line(row, book, to)).await?;
    copy(writing, BALANCES, &made.balances, |row, to| balance(row, book, to)).await?;
    // Keys are hashes: in their order, each page of the index is visited once.
    let mut facts = rows.facts.clone();
    facts.sort_unstable_by_key(|fact| (era_of(fact.sequence), fact.key));
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
    to.row(12).int4(book).int8(bound(row.sequence)).int8(row.time).int2(row.reference.word as i16);
    to.int8(i64::from(row.reference.cycle)).int8(i64::from(row.reference.number));
    to.int2(row.ledger as i16).int2(row.kind as i16).int2(row.template as i16);
    to.int4(row.date.0).int8(row.total_fen).field(row.summary.as_bytes());
}

fn key((no, rough, key): &(KeyNo, Option<KeyNo>, Key), book: i32, to: &mut Rows) {
    to.row(11).int4(book).number(*no);
    match rough {
        Some(rough) => to.number(*rough),
        None => to.null(),
    };
    to.int4(i32::from(key.account)).int2(i16::from(key.source)).int8(i64::from(key.grant)).int8(i64::from(key.holder));
    to.int4(i32::from(key.year)).int2(i16::from(key.class)).int2(i16::from(key.plan)).int2(i16::from(key.use_code));
}

fn line(stored: &StoredLine<'_>, book: i32, to: &mut Rows) {
    let line = &stored.row.line;
    to.row(11).int4(book).int8(bound(stored.row.sequence)).int4(i32::from(stored.row.line_no)).number(stored.key_no);
    match stored.leads {
        Some(grant) => to.int8(i64::from(grant)),
        None => to.null(),
    };
    to.int2(line.side as i16).int8(line.fen).int8(i64::from(line.counterparty)).int4(line.heads);
    to.int8(line.price).int8(i64::from(line.bank));
}

fn balance(row: &BalanceRow, book: i32, to: &mut Rows) {
    // A level is below 64.
    to.row(8).int4(book).int2(row.level as i16).int8(bound(row.block)).number(row.key_no).int4(row.date.0);
    to.int8(row.sums.debit_fen).int8(row.sums.credit_fen).int8(row.sums.heads);
}

fn fact(row: &FactRow, book: i32, to: &mut Rows) {
    // 2^31 eras are more records than a log can number.
    to.row(4).int4(book).int4(i32::try_from(era_of(row.sequence)).unwrap_or(i32::MAX));
    to.field(&row.key).int8(bound(row.sequence));
}

fn rejection(row: &RejectionRow, book: i32, to: &mut Rows) {
    to.row(7).int4(book).int8(bound(row.sequence)).int8(row.time).field(row.person.as_bytes());
    to.field(row.request_id.as_bytes()).field(row.first_rule.as_bytes()).field(&row.hits);
}
