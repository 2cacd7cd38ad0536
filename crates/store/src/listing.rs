//! Listings of vouchers: by which searches a page is put together, whatever the engine. How a search is asked stands with each engine.

use std::future::Future;

use engine::store::{StoreError, VoucherQuery};
use ledger::rows::VoucherRow;
use record::{Day, Sequence};

use crate::balances::ROUGH_LEVEL;
use crate::sql;

/// Listings of at most this many days are put together day by day, a search of some 50 us each; longer ones are read in log order, where
/// most vouchers fit anyway.
const FEW_DAYS: i64 = 400;

/// The searches of an engine.
pub(crate) trait Pages: Sync {
    /// The sequence that the views have reached.
    fn reached(&self) -> impl Future<Output = Result<Sequence, StoreError>> + Send;
    /// Vouchers in log order, by one statement of [`sql`].
    fn page(
        &self,
        statement: &'static str,
        query: &VoucherQuery,
    ) -> impl Future<Output = Result<Vec<VoucherRow>, StoreError>> + Send;
    /// The first full block of the lowest level from one on that has lines of the query's account and source.
    fn next_block(
        &self,
        query: &VoucherQuery,
        from: u64,
    ) -> impl Future<Output = Result<Option<u64>, StoreError>> + Send;
}

/// A page of a listing.
pub(crate) async fn vouchers(views: &impl Pages, query: &VoucherQuery) -> Result<Vec<VoucherRow>, StoreError> {
    let days = query.from.zip(query.to).map(|(from, to)| i64::from(to.0) - i64::from(from.0));
    if query.grant.is_some() {
        views.page(sql::VOUCHERS_OF_GRANT, query).await
    } else if days.is_some_and(|days| days < FEW_DAYS) {
        day_by_day(views, query).await
    } else if query.account.is_some() || query.source.is_some() {
        block_by_block(views, query).await
    } else {
        views.page(sql::VOUCHERS, query).await
    }
}

/// The vouchers of few days: of each day those that come before what the days before it gave.
async fn day_by_day(views: &impl Pages, query: &VoucherQuery) -> Result<Vec<VoucherRow>, StoreError> {
    let (Some(Day(from)), Some(Day(to))) = (query.from, query.to) else { return Ok(Vec::new()) };
    let mut one = query.clone();
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let mut rows: Vec<VoucherRow> = Vec::new();
    for day in from..=to {
        (one.from, one.to) = (Some(Day(day)), Some(Day(day)));
        rows.extend(views.page(sql::VOUCHERS_OF_DAY, &one).await?);
        rows.sort_unstable_by_key(|row| row.sequence);
        rows.truncate(limit);
        if rows.len() == limit {
            one.up_to = rows.last().map_or(0, |row| row.sequence - 1);
        }
    }
    Ok(rows)
}

/// The vouchers of an account or source: only blocks of records that have some are looked through, and what follows the last full one.
async fn block_by_block(views: &impl Pages, query: &VoucherQuery) -> Result<Vec<VoucherRow>, StoreError> {
    let up_to = query.up_to.min(views.reached().await?);
    let full = up_to >> ROUGH_LEVEL;
    let mut one = query.clone();
    let mut rows = Vec::new();
    while one.after < up_to && one.limit > 0 {
        let block = one.after >> ROUGH_LEVEL;
        one.up_to = up_to;
        if block < full {
            match views.next_block(query, block).await?.filter(|next| *next < full) {
                Some(next) => {
                    one.after = one.after.max(next << ROUGH_LEVEL);
                    one.up_to = (next + 1) << ROUGH_LEVEL;
                }
                None => one.after = full << ROUGH_LEVEL,
            }
        }
        let found = views.page(sql::VOUCHERS, &one).await?;
        one.limit = one.limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
        one.after = one.up_to;
        rows.extend(found);
    }
    Ok(rows)
}
