//! The projector's transaction: rows into the views, sums of full blocks, what landed compared with what was checked, and the reached
//! sequence moved. What the rows say is made in `ledger`; their shape is judged in `check`.

use engine::store::StoreError;
use ledger::rows::{FactRow, NameRow, RejectionRow, ViewRows, VoucherRow};
use record::Sequence;
use sqlx::Arguments;
use sqlx::error::BoxDynError;

use super::BOOK;
use super::bulk::{Bulk, Values};
use super::database::{Database, Writing};
use super::guards::lift;
use super::log::bound;
use super::views::Open;
use crate::balances::{BalanceRow, Fillings, Key, KeyNo, STEP, to_roll_up};
use crate::batch::era_of;
use crate::check::{check, corrupt};
use crate::projecting::{Made, Projecting, StoredLine};
use crate::{decode, sql};

static VOUCHERS: Bulk = Bulk::new(
    "INSERT INTO voucher (sequence, time, word, cycle, number, ledger, kind, template, date, total_fen, summary)",
    11,
    "",
);
static KEYS: Bulk = Bulk::new(
    "INSERT INTO balance_key (no, rough, account, source, grant_no, holder, year, class, plan, use_no)",
    10,
    "",
);
static LINES: Bulk = Bulk::new(
    "INSERT INTO line (sequence, line_no, key_no, leads, side, fen, counterparty, heads, price, bank)",
    10,
    "",
);
static BALANCES: Bulk =
    Bulk::new("INSERT INTO balance (level, block, key_no, date, debit_fen, credit_fen, heads)", 7, "");
static FACTS: Bulk = Bulk::new("INSERT INTO fact (era, key, sequence)", 3, "");
static REJECTIONS: Bulk =
    Bulk::new("INSERT INTO rejection (sequence, time, person, request_id, first_rule, hits)", 6, "");
/// Names may be given anew: a thing renamed keeps its ordinal.
static NAMES: Bulk = Bulk::new(
    "INSERT INTO name (list, no, code, name)",
    4,
    " ON CONFLICT (list, no) DO UPDATE SET code = excluded.code, name = excluded.name",
);

/// Adds up the blocks of a level to one of the next.
pub(super) const ROLL_UP: &str = concat!(
    "INSERT INTO balance (level, block, key_no, date, debit_fen, credit_fen, heads) ",
    crate::sql::rolled_up!()
);

/// About the bytes that a view row takes in the write-ahead log, indexes included.
const ROW_BYTES: usize = 64;

/// Adds rows and moves the reached sequence from `from` to `to`, in one transaction.
pub(super) async fn project(views: &Open, from: Sequence, to: Sequence, rows: &ViewRows) -> Result<(), StoreError> {
    check(from, to, rows)?;
    let mut slot = views.projecting.lock().await;
    let views = &views.database;
    let fail = |e: sqlx::Error| views.error(&e);
    let mut writing = views.begin().await.map_err(fail)?;
    let reached = sqlx::query(sql::REACHED).bind(BOOK).fetch_one(writing.on()).await.map_err(fail)?;
    let reached: Sequence = decode::number(&reached, 0)?;
    if reached != from {
        return Err(StoreError::Corrupt(format!("the views have reached {reached}, not {from}")));
    }
    let mut projecting = match slot.take().filter(|projecting| projecting.reached() == from) {
        Some(projecting) => projecting,
        None => read(views, &mut writing, from).await?,
    };
    let made = projecting.make(to, &rows.lines);
    let guards = lift(writing.on(), rows.len()).await.map_err(fail)?;
    insert(&mut writing, rows, &made).await.map_err(fail)?;
    guards.set(writing.on()).await.map_err(fail)?;
    for (level, block) in to_roll_up(from, to) {
        roll_up(&mut writing, level, block).await.map_err(fail)?;
    }
    check_landed(views, &mut writing, from, to, rows).await?;
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
    writing.commit(rows.len().saturating_mul(ROW_BYTES)).await.map_err(fail)?;
    *slot = Some(projecting);
    Ok(())
}

/// Reads what projecting needs to know of views that reach to `reached`.
async fn read(views: &Database, writing: &mut Writing<'_>, reached: Sequence) -> Result<Projecting, StoreError> {
    let fail = |e: sqlx::Error| views.error(&e);
    let keys = sqlx::query(sql::KEYS).bind(BOOK).fetch_all(writing.on()).await.map_err(fail)?;
    let lines = sqlx::query(sql::SUMMANDS).bind(BOOK).bind(bound(Fillings::first(reached))).bind(bound(reached));
    let lines = lines.fetch_all(writing.on()).await.map_err(fail)?;
    Projecting::from_rows(reached, &keys, &lines)
}

/// Adds up the blocks below to a block.
async fn roll_up(writing: &mut Writing<'_>, level: u32, block: u64) -> Result<(), sqlx::Error> {
    let done = sqlx::query(ROLL_UP)
        .bind(BOOK)
        .bind(i64::from(level))
        .bind(bound(block))
        .bind(i64::from(level - STEP))
        .bind(bound(block << STEP))
        .bind(bound(((block + 1) << STEP) - 1));
    done.execute(writing.on()).await.map(drop)
}

/// Whether what was checked is what stands now, all of it and no more.
async fn check_landed(
    views: &Database,
    writing: &mut Writing<'_>,
    from: Sequence,
    to: Sequence,
    rows: &ViewRows,
) -> Result<(), StoreError> {
    let landed = sqlx::query(sql::LANDED).bind(BOOK).bind(bound(from)).bind(bound(to));
    let landed = landed.fetch_one(writing.on()).await.map_err(|e| views.error(&e))?;
    let (vouchers, lines): (usize, usize) = (decode::number(&landed, 0)?, decode::number(&landed, 1)?);
    let difference: i64 = decode::number(&landed, 2)?;
    if (vouchers, lines, difference) == (rows.vouchers.len(), rows.lines.len(), 0) {
        return Ok(());
    }
    Err(corrupt(from, to, "other vouchers and lines than were to be added"))
}

async fn insert(writing: &mut Writing<'_>, rows: &ViewRows, made: &Made<'_>) -> Result<(), sqlx::Error> {
    NAMES.insert(writing.on(), &rows.names, bind_name).await?;
    KEYS.insert(writing.on(), &made.keys, bind_key).await?;
    VOUCHERS.insert(writing.on(), &rows.vouchers, bind_voucher).await?;
    LINES.insert(writing.on(), &made.lines, bind_line).await?;
    BALANCES.insert(writing.on(), &made.balances, bind_balance).await?;
    // Keys are hashes: in their order, each page of the table is visited once.
    let mut facts = rows.facts.clone();
    facts.sort_unstable_by_key(|fact| (era_of(fact.sequence), fact.key));
    FACTS.insert(writing.on(), &facts, bind_fact).await?;
    REJECTIONS.insert(writing.on(), &rows.rejections, bind_rejection).await
}

fn bind_name(row: &NameRow, values: &mut Values) -> Result<(), BoxDynError> {
    values.add(row.list)?;
    values.add(i64::from(row.no))?;
    values.add(row.code.clone())?;
    values.add(row.name.clone())
}

fn bind_voucher(row: &VoucherRow, values: &mut Values) -> Result<(), BoxDynError> {
    for number in [
        bound(row.sequence),
        row.time,
        row.reference.word as i64,
        i64::from(row.reference.cycle),
        i64::from(row.reference.number),
        row.ledger as i64,
        row.kind as i64,
        row.template as i64,
        i64::from(row.date.0),
        row.total_fen,
    ] {
        values.add(number)?;
    }
    values.add(row.summary.clone())
}

fn bind_key(row: &(KeyNo, Option<KeyNo>, Key), values: &mut Values) -> Result<(), BoxDynError> {
    let (no, rough, key) = row;
    values.add(i64::from(*no))?;
    values.add(rough.map(i64::from))?;
    for number in [
        i64::from(key.account),
        i64::from(key.source),
        i64::from(key.grant),
        i64::from(key.holder),
        i64::from(key.year),
        i64::from(key.class),
        i64::from(key.plan),
        i64::from(key.use_code),
    ] {
        values.add(number)?;
    }
    Ok(())
}

fn bind_line(stored: &StoredLine<'_>, values: &mut Values) -> Result<(), BoxDynError> {
    let line = &stored.row.line;
    for number in [bound(stored.row.sequence), i64::from(stored.row.line_no), i64::from(stored.key_no)] {
        values.add(number)?;
    }
    values.add(stored.leads.map(i64::from))?;
    for number in [
        line.side as i64,
        line.fen,
        i64::from(line.counterparty),
        i64::from(line.heads),
        line.price,
        i64::from(line.bank),
    ] {
        values.add(number)?;
    }
    Ok(())
}

fn bind_balance(row: &BalanceRow, values: &mut Values) -> Result<(), BoxDynError> {
    for number in [
        i64::from(row.level),
        bound(row.block),
        i64::from(row.key_no),
        i64::from(row.date.0),
        row.sums.debit_fen,
        row.sums.credit_fen,
        row.sums.heads,
    ] {
        values.add(number)?;
    }
    Ok(())
}

fn bind_fact(row: &FactRow, values: &mut Values) -> Result<(), BoxDynError> {
    values.add(bound(era_of(row.sequence)))?;
    values.add(row.key.to_vec())?;
    values.add(bound(row.sequence))
}

fn bind_rejection(row: &RejectionRow, values: &mut Values) -> Result<(), BoxDynError> {
    values.add(bound(row.sequence))?;
    values.add(row.time)?;
    values.add(row.person.clone())?;
    values.add(row.request_id.clone())?;
    values.add(row.first_rule.clone())?;
    values.add(row.hits.clone())
}
