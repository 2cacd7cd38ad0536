//! The projector's transaction: rows into the views, checked set-wise, and the reached sequence moved. What the rows say is made in
//! `ledger`; here only their shape is judged.

use engine::store::StoreError;
use ledger::rows::{FactRow, LineRow, NameRow, RejectionRow, ViewRows, VoucherRow};
use record::Sequence;
use sqlx::Arguments;
use sqlx::error::BoxDynError;

use super::BOOK;
use super::bulk::{Bulk, Values};
use super::database::{Database, Writing};
use super::log::bound;
use crate::{decode, sql};

static VOUCHERS: Bulk = Bulk::new(
    "INSERT INTO voucher (sequence, id, word, cycle, number, ledger, kind, template, date, record_day, total_fen, summary)",
    12,
    "",
);
static LINES: Bulk = Bulk::new(
    "INSERT INTO line (sequence, line_no, date, account, source, grant_no, side, fen, year, class, plan, use_no, holder, \
     counterparty, heads, price, bank)",
    17,
    "",
);
static FACTS: Bulk = Bulk::new("INSERT INTO fact (key, sequence, value)", 3, "");
static REJECTIONS: Bulk =
    Bulk::new("INSERT INTO rejection (sequence, time, person, request_id, first_rule, hits)", 6, "");
/// Names may be given anew: a thing renamed keeps its ordinal.
static NAMES: Bulk = Bulk::new(
    "INSERT INTO name (list, no, code, name)",
    4,
    " ON CONFLICT (list, no) DO UPDATE SET code = excluded.code, name = excluded.name",
);

/// What is checked over the new rows, by statement, with what a row of it means.
const CHECKS: [(&str, &str); 4] = [
    (sql::ORPHANED, "lines without a voucher of their date"),
    (sql::EMPTY, "vouchers without lines"),
    (sql::MISNUMBERED, "vouchers of one line or with gaps in their line numbers"),
    (sql::UNBALANCED, "vouchers that do not balance by source and grant"),
];

/// About the bytes that a view row takes in the write-ahead log, indexes included.
const ROW_BYTES: usize = 128;

/// Adds rows and moves the reached sequence from `from` to `to`, in one transaction.
pub(super) async fn project(views: &Database, from: Sequence, to: Sequence, rows: &ViewRows) -> Result<(), StoreError> {
    check_range(from, to, rows)?;
    let fail = |e: sqlx::Error| views.error(&e);
    let mut writing = views.begin().await.map_err(fail)?;
    let reached = sqlx::query(sql::REACHED).bind(BOOK).fetch_one(writing.on()).await.map_err(fail)?;
    let reached: Sequence = decode::number(&reached, 0)?;
    if reached != from {
        return Err(StoreError::Corrupt(format!("the views have reached {reached}, not {from}")));
    }
    insert(&mut writing, rows).await.map_err(fail)?;
    for (check, meaning) in CHECKS {
        let found: i64 = sqlx::query_scalar(check)
            .bind(BOOK)
            .bind(bound(from))
            .bind(bound(to))
            .fetch_one(writing.on())
            .await
            .map_err(fail)?;
        if found != 0 {
            return Err(StoreError::Corrupt(format!("{found} {meaning} between {from} and {to}")));
        }
    }
    let moved = sqlx::query(sql::MOVE_REACHED)
        .bind(BOOK)
        .bind(bound(from))
        .bind(bound(to))
        .execute(writing.on())
        .await
        .map_err(fail)?;
    if moved.rows_affected() != 1 {
        return Err(StoreError::Corrupt("the views' reached sequence moved inside the transaction".into()));
    }
    writing.commit(rows.len().saturating_mul(ROW_BYTES)).await.map_err(fail)
}

/// Every row belongs to a record after `from` and up to `to`.
fn check_range(from: Sequence, to: Sequence, rows: &ViewRows) -> Result<(), StoreError> {
    let fits = |sequence: Sequence| sequence > from && sequence <= to;
    let all = from <= to
        && i64::try_from(to).is_ok()
        && rows.vouchers.iter().all(|row| fits(row.sequence))
        && rows.lines.iter().all(|row| fits(row.sequence))
        && rows.facts.iter().all(|row| fits(row.sequence))
        && rows.rejections.iter().all(|row| fits(row.sequence));
    if all { Ok(()) } else { Err(StoreError::Corrupt(format!("view rows outside of {from} to {to}"))) }
}

async fn insert(writing: &mut Writing<'_>, rows: &ViewRows) -> Result<(), sqlx::Error> {
    NAMES.insert(writing.on(), &rows.names, bind_name).await?;
    VOUCHERS.insert(writing.on(), &rows.vouchers, bind_voucher).await?;
    LINES.insert(writing.on(), &rows.lines, bind_line).await?;
    // Keys are hashes: in their order, each page of the table is visited once.
    let mut facts: Vec<&FactRow> = rows.facts.iter().collect();
    facts.sort_unstable_by_key(|fact| fact.key);
    FACTS.insert(writing.on(), &facts, |fact, values| bind_fact(fact, values)).await?;
    REJECTIONS.insert(writing.on(), &rows.rejections, bind_rejection).await
}

fn bind_name(row: &NameRow, values: &mut Values) -> Result<(), BoxDynError> {
    values.add(row.list)?;
    values.add(i64::from(row.no))?;
    values.add(row.code.clone())?;
    values.add(row.name.clone())
}

fn bind_voucher(row: &VoucherRow, values: &mut Values) -> Result<(), BoxDynError> {
    values.add(bound(row.sequence))?;
    values.add(row.id.to_vec())?;
    values.add(row.reference.word as i64)?;
    values.add(i64::from(row.reference.cycle))?;
    values.add(i64::from(row.reference.number))?;
    values.add(row.ledger as i64)?;
    values.add(row.kind as i64)?;
    values.add(row.template as i64)?;
    values.add(i64::from(row.date.0))?;
    values.add(i64::from(row.record_day.0))?;
    values.add(row.total_fen)?;
    values.add(row.summary.clone())
}

fn bind_line(row: &LineRow, values: &mut Values) -> Result<(), BoxDynError> {
    let line = &row.line;
    for number in [
        bound(row.sequence),
        i64::from(row.line_no),
        i64::from(row.date.0),
        i64::from(line.account),
        i64::from(line.source),
        i64::from(line.grant),
        line.side as i64,
        line.fen,
        i64::from(line.year),
        i64::from(line.class),
        i64::from(line.plan),
        i64::from(line.use_code),
        i64::from(line.holder),
        i64::from(line.counterparty),
        i64::from(line.heads),
        line.price,
        i64::from(line.bank),
    ] {
        values.add(number)?;
    }
    Ok(())
}

fn bind_fact(row: &FactRow, values: &mut Values) -> Result<(), BoxDynError> {
    values.add(row.key.to_vec())?;
    values.add(bound(row.sequence))?;
    values.add(row.value.clone())
}

fn bind_rejection(row: &RejectionRow, values: &mut Values) -> Result<(), BoxDynError> {
    values.add(bound(row.sequence))?;
    values.add(row.time)?;
    values.add(row.person.clone())?;
    values.add(row.request_id.clone())?;
    values.add(row.first_rule.clone())?;
    values.add(row.hits.clone())
}
