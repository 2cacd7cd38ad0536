//! Everything that the views of a book say, read through the store: vouchers, lines, sums in many ways, refusals, and facts.

use engine::store::{Store, SumQuery, SumRow, VoucherQuery};
use ledger::rows::{FactRow, LineRow, RejectionRow, VoucherRow};
use record::Day;

/// Rows of a page, so small that listings have several.
const PAGE: u32 = 100;

/// What the views of a book say.
#[derive(Debug, PartialEq)]
pub struct Views {
    vouchers: Vec<VoucherRow>,
    lines: Vec<LineRow>,
    rejections: Vec<RejectionRow>,
    sums: Vec<Vec<SumRow>>,
    facts: Vec<FactRow>,
    listings: Vec<Vec<VoucherRow>>,
}

impl Views {
    /// Reads all of it, up to a sequence that the views hold.
    pub async fn read(store: &impl Store, book: &str, end: u64) -> Views {
        let all = VoucherQuery { up_to: end, limit: PAGE, ..VoucherQuery::default() };
        let mut vouchers: Vec<VoucherRow> = Vec::new();
        loop {
            let after = vouchers.last().map_or(0, |row| row.sequence);
            let page = store.vouchers(book, &VoucherQuery { after, ..all.clone() }).await.expect("vouchers");
            if page.is_empty() {
                break;
            }
            vouchers.extend(page);
        }
        let sequences: Vec<u64> = vouchers.iter().map(|row| row.sequence).collect();
        let lines = store.lines(book, &sequences).await.expect("lines");
        let rejections = store.rejections(book, 0, end, 10_000).await.expect("refusals");
        let mut sums = Vec::new();
        for query in sum_queries(&vouchers, &lines, end) {
            sums.push(store.sums(book, &query).await.expect("sums"));
        }
        let mut listings = Vec::new();
        for query in listings_of(&vouchers, &lines, &all) {
            listings.push(store.vouchers(book, &query).await.expect("a listing"));
        }
        let keys: Vec<_> = (0..64).map(|no| ledger::facts::FactKey::Request(&format!("r-{no}")).hash()).collect();
        let mut facts = store.facts(book, &keys).await.expect("facts").found;
        facts.sort_by_key(|fact| fact.key);
        Views { vouchers, lines, rejections, sums, facts, listings }
    }

    /// Panics with the part that differs.
    pub fn assert_same(&self, name: &str, other: &Views) {
        assert!(self.vouchers == other.vouchers, "{name}: vouchers");
        assert!(self.lines == other.lines, "{name}: lines");
        assert!(self.rejections == other.rejections, "{name}: refusals");
        assert!(self.facts == other.facts, "{name}: facts");
        assert!(self.sums == other.sums, "{name}: sums");
        assert!(self.listings == other.listings, "{name}: listings");
    }
}

/// Sums at the end and in the middle of the log, of all days and up to some, of all keys and of some.
fn sum_queries(vouchers: &[VoucherRow], lines: &[LineRow], end: u64) -> Vec<SumQuery> {
    let all = SumQuery { known_at: end, ..SumQuery::default() };
    let day = |place: usize| vouchers.get(place).map(|row| row.date);
    let (early, late): (Option<Day>, Option<Day>) = (day(vouchers.len() / 3), day(vouchers.len() * 2 / 3));
    let mut queries = vec![
        all.clone(),
        SumQuery { rough: true, ..all.clone() },
        SumQuery { known_at: end / 2, ..all.clone() },
        SumQuery { as_of: early, ..all.clone() },
        SumQuery { from: early, as_of: late, known_at: end * 3 / 4, ..all.clone() },
    ];
    if let Some(row) = lines.get(lines.len() / 2) {
        queries.push(SumQuery { account: Some(row.line.account), ..all.clone() });
        queries.push(SumQuery { grant: Some(row.line.grant), as_of: late, ..all.clone() });
        queries.push(SumQuery { source: Some(row.line.source), holder: Some(row.line.holder), ..all });
    }
    queries
}

/// Listings by day, by grant and by account.
fn listings_of(vouchers: &[VoucherRow], lines: &[LineRow], all: &VoucherQuery) -> Vec<VoucherQuery> {
    let mut queries = Vec::new();
    if let Some(row) = vouchers.get(vouchers.len() / 2) {
        queries.push(VoucherQuery { from: Some(row.date), to: Some(row.date), ..all.clone() });
        queries.push(VoucherQuery { from: Some(row.date), word: Some(row.reference.word), ..all.clone() });
    }
    if let Some(row) = lines.get(lines.len() / 3) {
        queries.push(VoucherQuery { grant: Some(row.line.grant), ..all.clone() });
        queries.push(VoucherQuery { account: Some(row.line.account), source: Some(row.line.source), ..all.clone() });
    }
    queries
}
