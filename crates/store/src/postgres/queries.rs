//! What is read from the views: vouchers, lines, sums, refusals. Each is one statement.

use engine::store::{StoreError, SumQuery, SumRow, VoucherQuery};
use ledger::rows::{LineRow, RejectionRow, VoucherRow};
use record::{Sequence, VoucherRef};

use super::book::Book;
use super::readers::Readers;
use crate::balances::{ROUGH_LEVEL, cover, lowest_level};
use crate::batch::bound;
use crate::decode::Columns;
use crate::listing::{self, Pages};
use crate::{decode, sql};

const WHAT: &str = "views";

/// Lines of the vouchers in some records, with the voucher's date.
const LINES: &str = "SELECT l.sequence, l.line_no, v.date, k.account, k.source, k.grant_no, \
     l.side, l.fen, k.year, k.class, k.plan, k.use_no, k.holder, l.counterparty, l.heads, l.price, l.bank \
     FROM voucher AS v JOIN line AS l ON l.book = v.book AND l.sequence = v.sequence \
     JOIN balance_key AS k ON k.book = l.book AND k.no = l.key_no \
     WHERE v.book = $1 AND v.sequence = ANY($2) ORDER BY l.sequence, l.line_no";

/// Signed sums by side, of blocks given as two lists ($11 levels, $12 blocks), and of the lines after them; the other values as those of
/// `sql::sums`. Each step names the one index that drives it (LATERAL, LIMIT 1): left to choose, the planner, whose statistics are always
/// behind, multiplies all keys with all lines.
const SUMS: &str = "WITH edge AS (SELECT CAST($5 AS BIGINT) AS date, 1 AS sign UNION ALL \
     SELECT CAST($4 AS BIGINT) - 1, -1 WHERE $4 > -2147483648), \
     part AS (SELECT k.account, k.source, k.grant_no, k.holder, k.class, k.plan, k.use_no, k.year, \
     e.sign * b.debit_fen AS debit_fen, e.sign * b.credit_fen AS credit_fen, e.sign * b.heads AS heads \
     FROM balance_key AS k CROSS JOIN UNNEST($11::bigint[], $12::bigint[]) AS c(level, block) CROSS JOIN edge AS e \
     CROSS JOIN LATERAL (SELECT s.debit_fen, s.credit_fen, s.heads FROM balance AS s WHERE s.book = $1 AND s.level = c.level \
     AND s.block = c.block AND s.key_no = k.no AND s.date <= e.date ORDER BY s.date DESC LIMIT 1) AS b \
     WHERE k.book = $1 AND $4 <= $5 AND (k.rough IS NULL) = ($6 = 1) AND ($7 = -1 OR k.account = $7) AND ($8 = -1 OR k.source = $8) \
     AND ($9 = -1 OR k.grant_no = $9) AND ($10 = -1 OR k.holder = $10) \
     UNION ALL SELECT y.account, y.source, CASE WHEN $6 = 1 THEN 0 ELSE y.grant_no END, \
     CASE WHEN $6 = 1 THEN 0 ELSE y.holder END, y.class, CASE WHEN $6 = 1 THEN 0 ELSE y.plan END, \
     CASE WHEN $6 = 1 THEN 0 ELSE y.use_no END, CASE WHEN $6 = 1 THEN 0 ELSE y.year END, \
     CASE l.side WHEN 0 THEN l.fen ELSE 0 END, CASE l.side WHEN 1 THEN l.fen ELSE 0 END, \
     CASE l.side WHEN 0 THEN l.heads ELSE -l.heads END \
     FROM (SELECT sequence, key_no, side, fen, heads FROM line WHERE book = $1 AND sequence > $3 AND sequence <= $2 OFFSET 0) AS l \
     CROSS JOIN LATERAL (SELECT date FROM voucher WHERE book = $1 AND sequence = l.sequence LIMIT 1) AS v \
     CROSS JOIN LATERAL (SELECT * FROM balance_key WHERE book = $1 AND no = l.key_no LIMIT 1) AS y \
     WHERE v.date >= $4 AND v.date <= $5 AND ($7 = -1 OR y.account = $7) AND ($8 = -1 OR y.source = $8) \
     AND ($9 = -1 OR y.grant_no = $9) AND ($10 = -1 OR y.holder = $10)) \
     SELECT account, source, grant_no, holder, class, plan, use_no, year, \
     CAST(SUM(debit_fen) AS BIGINT), CAST(SUM(credit_fen) AS BIGINT), CAST(SUM(heads) AS BIGINT) FROM part \
     GROUP BY account, source, grant_no, holder, class, plan, use_no, year \
     HAVING SUM(debit_fen) <> 0 OR SUM(credit_fen) <> 0 OR SUM(heads) <> 0 \
     ORDER BY account, source, grant_no, holder, class, plan, use_no, year";

/// The sequence that the views have reached.
pub(super) async fn reached(readers: &Readers, book: &Book) -> Result<Sequence, StoreError> {
    decode::number(&readers.row(WHAT, || sqlx::query(sql::REACHED).bind(book.number)).await?, 0)
}

/// The views of a book, as listings search them.
pub(super) struct Searched<'a> {
    pub readers: &'a Readers,
    pub book: &'a Book,
}

impl Pages for Searched<'_> {
    async fn reached(&self) -> Result<Sequence, StoreError> {
        reached(self.readers, self.book).await
    }

    async fn page(&self, statement: &'static str, query: &VoucherQuery) -> Result<Vec<VoucherRow>, StoreError> {
        let asked = || {
            sqlx::query(statement)
                .bind(self.book.number)
                .bind(bound(query.after))
                .bind(bound(query.up_to))
                .bind(query.from.map_or(i64::MIN, |day| i64::from(day.0)))
                .bind(query.to.map_or(i64::MAX, |day| i64::from(day.0)))
                .bind(query.word.map_or(-1, |word| word as i64))
                .bind(query.source.map_or(-1, i64::from))
                .bind(query.account.map_or(-1, i64::from))
                .bind(query.grant.map_or(-1, i64::from))
                .bind(i64::from(query.limit))
        };
        self.readers.rows(WHAT, asked).await?.iter().map(decode::voucher).collect()
    }

    async fn next_block(&self, query: &VoucherQuery, from: u64) -> Result<Option<u64>, StoreError> {
        let asked = || {
            sqlx::query(sql::NEXT_BLOCK)
                .bind(self.book.number)
                .bind(i64::from(ROUGH_LEVEL))
                .bind(bound(from))
                .bind(query.account.map_or(-1, i64::from))
                .bind(query.source.map_or(-1, i64::from))
        };
        let row = self.readers.row(WHAT, asked).await?;
        Ok(row.int_or_null(0)?.and_then(|block| u64::try_from(block).ok()))
    }
}

/// A page of a listing.
pub(super) async fn vouchers(
    readers: &Readers,
    book: &Book,
    query: &VoucherQuery,
) -> Result<Vec<VoucherRow>, StoreError> {
    listing::vouchers(&Searched { readers, book }, query).await
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
    // What the views come to hold meanwhile is not asked for: blocks up to here stand.
    let known_at = query.known_at.min(reached(readers, book).await?);
    let (blocks, covered) = cover(lowest_level(query), known_at);
    let levels: Vec<i64> = blocks.iter().map(|(level, _)| i64::from(*level)).collect();
    let blocks: Vec<i64> = blocks.iter().map(|(_, block)| bound(*block)).collect();
    let or_any = |no: Option<u32>| no.map_or(-1, i64::from);
    let asked = || {
        sqlx::query(SUMS)
            .bind(book.number)
            .bind(bound(known_at))
            .bind(bound(covered))
            .bind(i64::from(query.from.map_or(i32::MIN, |day| day.0)))
            .bind(i64::from(query.as_of.map_or(i32::MAX, |day| day.0)))
            .bind(i64::from(query.rough))
            .bind(or_any(query.account.map(u32::from)))
            .bind(or_any(query.source.map(u32::from)))
            .bind(or_any(query.grant))
            .bind(or_any(query.holder))
            .bind(levels.clone())
            .bind(blocks.clone())
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
