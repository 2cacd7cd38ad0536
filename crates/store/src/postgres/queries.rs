//! What is read from the views: vouchers, lines, sums, refusals. Each is one statement.

use engine::store::{StoreError, SumQuery, SumRow, VoucherQuery};
use ledger::rows::{LineRow, RejectionRow, VoucherRow};
use record::{Sequence, VoucherRef};

use super::book::Book;
use super::readers::Readers;
use crate::batch::bound;
use crate::{decode, sql};

const WHAT: &str = "views";

/// Lines of the vouchers in some records, with the voucher's record day.
const LINES: &str = "SELECT l.sequence, l.line_no, l.date, v.record_day, l.account, l.source, l.grant_no, \
     l.side, l.fen, l.year, l.class, l.plan, l.use_no, l.holder, l.counterparty, l.heads, l.price, l.bank \
     FROM voucher AS v JOIN line AS l ON l.book = v.book AND l.sequence = v.sequence \
     WHERE v.book = $1 AND v.sequence = ANY($2) ORDER BY l.sequence, l.line_no";

/// Listings of at most this many days are searched by date; longer ones in log order, where most vouchers fit anyway.
const FEW_DAYS: i64 = 31;

/// The sequence that the views have reached.
pub(super) async fn reached(readers: &Readers, book: &Book) -> Result<Sequence, StoreError> {
    decode::number(&readers.row(WHAT, || sqlx::query(sql::REACHED).bind(book.number)).await?, 0)
}

/// A page of a listing.
pub(super) async fn vouchers(
    readers: &Readers,
    book: &Book,
    query: &VoucherQuery,
) -> Result<Vec<VoucherRow>, StoreError> {
    let from = query.from.map_or(i64::MIN, |day| i64::from(day.0));
    let to = query.to.map_or(i64::MAX, |day| i64::from(day.0));
    let statement = if query.grant.is_some() {
        sql::VOUCHERS_OF_GRANT
    } else if to.saturating_sub(from) < FEW_DAYS {
        sql::VOUCHERS_OF_DAYS
    } else {
        sql::VOUCHERS
    };
    let asked = || {
        sqlx::query(statement)
            .bind(book.number)
            .bind(bound(query.after))
            .bind(bound(query.up_to))
            .bind(from)
            .bind(to)
            .bind(query.word.map_or(-1, |word| word as i64))
            .bind(query.source.map_or(-1, i64::from))
            .bind(query.account.map_or(-1, i64::from))
            .bind(query.grant.map_or(-1, i64::from))
            .bind(i64::from(query.limit))
    };
    readers.rows(WHAT, asked).await?.iter().map(decode::voucher).collect()
}

/// The voucher with a reference.
pub(super) async fn voucher(
    readers: &Readers,
    book: &Book,
    reference: &VoucherRef,
) -> Result<Option<VoucherRow>, StoreError> {
    let asked = || {
        sqlx::query(sql::VOUCHER)
            .bind(book.number)
            .bind(i64::from(reference.cycle))
            .bind(reference.word as i64)
            .bind(i64::from(reference.number))
    };
    readers.row_or_none(WHAT, asked).await?.as_ref().map(decode::voucher).transpose()
}

/// Lines of vouchers.
pub(super) async fn lines(readers: &Readers, book: &Book, sequences: &[Sequence]) -> Result<Vec<LineRow>, StoreError> {
    let list: Vec<i64> = sequences.iter().map(|sequence| bound(*sequence)).collect();
    let asked = || sqlx::query(LINES).bind(book.number).bind(list.clone());
    readers.rows(WHAT, asked).await?.iter().map(decode::line).collect()
}

/// Sums of lines.
pub(super) async fn sums(readers: &Readers, book: &Book, query: &SumQuery) -> Result<Vec<SumRow>, StoreError> {
    let asked = || {
        sqlx::query(sql::SUMS)
            .bind(book.number)
            .bind(bound(query.known_at))
            .bind(query.from.map_or(i64::MIN, |day| i64::from(day.0)))
            .bind(query.as_of.map_or(i64::MAX, |day| i64::from(day.0)))
    };
    readers.rows(WHAT, asked).await?.iter().map(decode::sum).collect()
}

/// Refusals.
pub(super) async fn rejections(
    readers: &Readers,
    book: &Book,
    after: Sequence,
    up_to: Sequence,
    limit: u32,
) -> Result<Vec<RejectionRow>, StoreError> {
    let asked =
        || sqlx::query(sql::REJECTIONS).bind(book.number).bind(bound(after)).bind(bound(up_to)).bind(i64::from(limit));
    readers.rows(WHAT, asked).await?.iter().map(decode::rejection).collect()
}
