//! What is read from the views: vouchers, lines, sums, refusals. Each is one statement.

use engine::store::{StoreError, SumQuery, SumRow, VoucherQuery};
use ledger::rows::{LineRow, RejectionRow, VoucherRow};
use record::{Sequence, VoucherRef};

use super::BOOK;
use super::database::Database;
use super::log::bound;
use crate::balances::{ROUGH_LEVEL, cover, lowest_level};
use crate::decode::Columns;
use crate::listing::{self, Pages};
use crate::sql::sums;
use crate::{decode, sql};

/// Lines of the vouchers in some records, with the voucher's date. The list drives the search.
pub(super) const LINES: &str = "SELECT l.sequence, l.line_no, v.date, k.account, k.source, k.grant_no, \
     l.side, l.fen, k.year, k.class, k.plan, k.use_no, k.holder, l.counterparty, l.heads, l.price, l.bank \
     FROM (SELECT DISTINCT value AS sequence FROM json_each($1)) AS asked \
     CROSS JOIN voucher AS v ON v.sequence = asked.sequence CROSS JOIN line AS l ON l.sequence = v.sequence \
     CROSS JOIN balance_key AS k ON k.no = l.key_no ORDER BY l.sequence, l.line_no";

/// Signed sums by side, of a JSON list of blocks and the lines after them: by rough keys, of a grant, by all keys.
const SUMS: [&str; 3] = [
    sums!(
        rough,
        "(SELECT json_extract(value, '$[0]') AS level, json_extract(value, '$[1]') AS block FROM json_each($11))"
    ),
    sums!(
        grant,
        "(SELECT json_extract(value, '$[0]') AS level, json_extract(value, '$[1]') AS block FROM json_each($11))"
    ),
    sums!(
        all,
        "(SELECT json_extract(value, '$[0]') AS level, json_extract(value, '$[1]') AS block FROM json_each($11))"
    ),
];

/// The sequence that the views have reached.
pub(super) async fn reached(views: &Database) -> Result<Sequence, StoreError> {
    let row = sqlx::query(sql::REACHED).bind(BOOK).fetch_one(views.readers()).await.map_err(|e| views.error(&e))?;
    decode::number(&row, 0)
}

/// A page of a listing.
pub(super) async fn vouchers(views: &Database, query: &VoucherQuery) -> Result<Vec<VoucherRow>, StoreError> {
    listing::vouchers(views, query).await
}

impl Pages for Database {
    async fn reached(&self) -> Result<Sequence, StoreError> {
        reached(self).await
    }

    async fn page(&self, statement: &'static str, query: &VoucherQuery) -> Result<Vec<VoucherRow>, StoreError> {
        page(self, statement, query).await
    }

    async fn next_block(&self, query: &VoucherQuery, from: u64) -> Result<Option<u64>, StoreError> {
        next_block(self, query, from).await
    }
}

async fn next_block(views: &Database, query: &VoucherQuery, from: u64) -> Result<Option<u64>, StoreError> {
    let row = sqlx::query(sql::NEXT_BLOCK)
        .bind(BOOK)
        .bind(i64::from(ROUGH_LEVEL))
        .bind(bound(from))
        .bind(query.account.map_or(-1, i64::from))
        .bind(query.source.map_or(-1, i64::from))
        .fetch_one(views.readers())
        .await
        .map_err(|e| views.error(&e))?;
    Ok(row.int_or_null(0)?.and_then(|block| u64::try_from(block).ok()))
}

/// Vouchers in log order, by one statement.
async fn page(views: &Database, statement: &'static str, query: &VoucherQuery) -> Result<Vec<VoucherRow>, StoreError> {
    let rows = sqlx::query(statement)
        .bind(BOOK)
        .bind(bound(query.after))
        .bind(bound(query.up_to))
        .bind(query.from.map_or(i64::MIN, |day| i64::from(day.0)))
        .bind(query.to.map_or(i64::MAX, |day| i64::from(day.0)))
        .bind(query.word.map_or(-1, |word| word as i64))
        .bind(query.source.map_or(-1, i64::from))
        .bind(query.account.map_or(-1, i64::from))
        .bind(query.grant.map_or(-1, i64::from))
        .bind(i64::from(query.limit))
        .fetch_all(views.readers())
        .await
        .map_err(|e| views.error(&e))?;
    rows.iter().map(decode::voucher).collect()
}

/// The voucher with a reference.
pub(super) async fn voucher(views: &Database, reference: &VoucherRef) -> Result<Option<VoucherRow>, StoreError> {
    let row = sqlx::query(sql::VOUCHER)
        .bind(BOOK)
        .bind(i64::from(reference.cycle))
        .bind(reference.word as i64)
        .bind(i64::from(reference.number))
        .fetch_optional(views.readers())
        .await
        .map_err(|e| views.error(&e))?;
    row.as_ref().map(decode::voucher).transpose()
}

/// Lines of vouchers.
pub(super) async fn lines(views: &Database, sequences: &[Sequence]) -> Result<Vec<LineRow>, StoreError> {
    let list: Vec<String> = sequences.iter().map(|sequence| bound(*sequence).to_string()).collect();
    let rows = sqlx::query(LINES)
        .bind(format!("[{}]", list.join(",")))
        .fetch_all(views.readers())
        .await
        .map_err(|e| views.error(&e))?;
    rows.iter().map(decode::line).collect()
}

/// Sums of lines.
pub(super) async fn sums(views: &Database, query: &SumQuery) -> Result<Vec<SumRow>, StoreError> {
    if query.from.zip(query.as_of).is_some_and(|(from, as_of)| from > as_of) {
        return Ok(Vec::new());
    }
    // What the views come to hold meanwhile is not asked for: blocks up to here stand.
    let known_at = query.known_at.min(reached(views).await?);
    let (blocks, covered) = cover(lowest_level(query), known_at);
    let blocks: Vec<String> = blocks.iter().map(|(level, block)| format!("[{level},{block}]")).collect();
    let or_any = |no: Option<u32>| no.map_or(-1, i64::from);
    let [rough, grant, all] = SUMS;
    let statement = match query.grant {
        _ if query.rough => rough,
        Some(_) => grant,
        None => all,
    };
    let rows = sqlx::query(statement)
        .bind(BOOK)
        .bind(bound(known_at))
        .bind(bound(covered))
        .bind(i64::from(query.from.map_or(i32::MIN, |day| day.0)))
        .bind(i64::from(query.as_of.map_or(i32::MAX, |day| day.0)))
        .bind(i64::from(query.rough))
        .bind(or_any(query.account.map(u32::from)))
        .bind(or_any(query.source.map(u32::from)))
        .bind(or_any(query.grant))
        .bind(or_any(query.holder))
        .bind(format!("[{}]", blocks.join(",")))
        .fetch_all(views.readers())
        .await
        .map_err(|e| views.error(&e))?;
    rows.iter().map(decode::sum).collect()
}

/// Refusals.
pub(super) async fn rejections(
    views: &Database,
    after: Sequence,
    up_to: Sequence,
    limit: u32,
) -> Result<Vec<RejectionRow>, StoreError> {
    let rows = sqlx::query(sql::REJECTIONS)
        .bind(BOOK)
        .bind(bound(after))
        .bind(bound(up_to))
        .bind(i64::from(limit))
        .fetch_all(views.readers())
        .await
        .map_err(|e| views.error(&e))?;
    rows.iter().map(decode::rejection).collect()
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Row};

    use super::*;
    use crate::sqlite::database::Kind;

    #[tokio::test]
    async fn sums_search_each_block_by_key_and_date() {
        let dir = tempfile::tempdir().unwrap();
        let views = Database::open(&dir.path().join("views.sqlite"), Kind::Views, true).await.unwrap();
        let searches = ["USING INDEX balance_key_rough", "USING INDEX balance_key_by_grant", "SCAN balance_key"];
        for (statement, keys) in SUMS.into_iter().zip(searches) {
            let explain = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")));
            let steps = explain.fetch_all(views.readers()).await.unwrap();
            let plan: Vec<String> = steps.iter().map(|step| step.get(3)).collect();
            for wanted in ["SEARCH b USING PRIMARY KEY (level=? AND block=? AND key_no=? AND date=?)", keys] {
                assert!(plan.iter().any(|step| step.contains(wanted)), "{wanted}: {plan:#?}");
            }
        }
        views.close().await;
    }
}
