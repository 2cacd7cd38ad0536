//! Cases of the views: what is projected is checked, and reads back as a naive reading of the rows says.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::store::{Snapshot, Store, StoreError, SumQuery, SumRow, VoucherQuery};
use ledger::Filter;
use ledger::rows::{LineRow, SideSums, ViewRows, VoucherRow};
use record::kinds::{LedgerKind, Side, Word};
use record::{Sequence, VoucherRef};

use super::sample::{BOOK, Numbers, book, day, fact, join, name, plain, random_vouchers, rejection};

fn everything() -> VoucherQuery {
    VoucherQuery { up_to: u64::MAX, limit: u32::MAX, ..VoucherQuery::default() }
}

pub async fn projected_rows_read_back(store: &impl Store) {
    book(store, BOOK).await;
    let mut rows = join([plain(2, 9_500), plain(5, 1)]);
    // Extremes of every number, and a red-letter line.
    let line = &mut rows.lines[0].line;
    (line.account, line.grant, line.holder, line.counterparty, line.bank) = (u16::MAX, 7, u32::MAX, u32::MAX, u32::MAX);
    (line.year, line.class, line.plan, line.use_code, line.heads, line.price) =
        (u16::MAX, u8::MAX, u8::MAX, u8::MAX, i32::MIN, i64::MAX);
    (rows.lines[0].line.fen, rows.lines[1].line.fen) = (-9_500, -9_500);
    rows.facts = vec![fact(1, 2), fact(2, 5)];
    rows.rejections = vec![rejection(3)];
    rows.names = vec![name("ACCOUNT", 101, "102", "银行存款"), name("ACCOUNT", 101, "1002", "银行存款")];
    store.project(BOOK, 0, 6, &rows).await.unwrap();

    assert_eq!(store.reached(BOOK).await.unwrap(), 6);
    assert_eq!(store.vouchers(BOOK, &everything()).await.unwrap(), rows.vouchers);
    assert_eq!(store.lines(BOOK, &[5, 2, 5, 4]).await.unwrap(), rows.lines);
    assert_eq!(store.lines(BOOK, &[]).await.unwrap(), []);
    assert_eq!(store.rejections(BOOK, 0, 6, 10).await.unwrap(), rows.rejections);
    for voucher in &rows.vouchers {
        assert_eq!(store.voucher(BOOK, &voucher.reference).await.unwrap().as_ref(), Some(voucher));
    }
    for (word, cycle, number) in [(Word::Dai, 2018, 2), (Word::Ji, 2019, 2), (Word::Ji, 2018, 3)] {
        assert_eq!(store.voucher(BOOK, &VoucherRef { word, cycle, number }).await.unwrap(), None);
    }
}

/// What is wrong, and the change that makes it so.
type Break = (&'static str, fn(&mut ViewRows));

/// Changes that each break one constraint of a good projection of records 5 and 6 over 1 to 4.
fn broken() -> Vec<Break> {
    vec![
        ("one side too much", |rows| rows.lines[0].line.fen += 1),
        ("another source on one side", |rows| rows.lines[0].line.source = 2),
        ("another grant on one side", |rows| rows.lines[0].line.grant = 8),
        ("BUDGET, another source on one side", |rows| {
            rows.vouchers[0].ledger = LedgerKind::Budget;
            rows.lines[0].line.source = 2;
        }),
        ("a single line", |rows| {
            rows.lines.remove(1);
            rows.lines[0].line.fen = 0;
        }),
        ("numbers from 2", |rows| rows.lines[..2].iter_mut().for_each(|row| row.line_no += 1)),
        ("a gap in the numbers", |rows| rows.lines[1].line_no = 3),
        ("a number twice", |rows| rows.lines[1].line_no = 1),
        ("no lines", |rows| drop(rows.lines.drain(..2))),
        ("no voucher", |rows| drop(rows.vouchers.remove(0))),
        ("a line of another date", |rows| rows.lines[1].date = day(300)),
        ("a voucher beyond the end", |rows| {
            rows.vouchers[1].sequence = 7;
            rows.lines[2..].iter_mut().for_each(|row| row.sequence = 7);
        }),
        ("balanced lines added to an old voucher", |rows| {
            rows.lines[..2].iter_mut().for_each(|row| (row.sequence, row.line_no) = (2, row.line_no + 2));
        }),
        ("a voucher in place of an old one", |rows| rows.vouchers[0].sequence = 2),
        ("a reference that exists", |rows| rows.vouchers[0].reference.number = 2),
        ("a reference twice", |rows| rows.vouchers[0].reference = rows.vouchers[1].reference),
        ("a record's voucher twice", |rows| rows.vouchers[1].sequence = 5),
        ("a fact that exists", |rows| rows.facts[0].key = [1; 16]),
        ("a fact twice", |rows| rows.facts.push(fact(5, 6))),
        ("a fact of an old record", |rows| rows.facts[0].sequence = 4),
        ("a refusal of an old record", |rows| rows.rejections[0].sequence = 4),
        ("a refusal twice", |rows| rows.rejections.push(rejection(6))),
        ("a refusal beyond the end", |rows| rows.rejections[0].sequence = 7),
    ]
}

pub async fn rows_that_break_a_constraint_change_nothing(store: &impl Store) {
    book(store, BOOK).await;
    let mut before = join([plain(2, 100), plain(3, 100)]);
    before.facts.push(fact(1, 2));
    store.project(BOOK, 0, 4, &before).await.unwrap();
    let mut good = join([plain(5, 100), plain(6, 100)]);
    good.facts.push(fact(5, 5));
    good.rejections.push(rejection(6));
    for (case, change) in broken() {
        let mut bad = good.clone();
        change(&mut bad);
        let projected = store.project(BOOK, 4, 6, &bad).await;
        assert!(matches!(projected, Err(StoreError::Corrupt(_))), "{case}: {projected:?}");
        assert_eq!(store.reached(BOOK).await.unwrap(), 4, "{case}");
        assert_eq!(store.vouchers(BOOK, &everything()).await.unwrap(), before.vouchers, "{case}");
        assert_eq!(store.lines(BOOK, &[2, 3, 5, 6]).await.unwrap(), before.lines, "{case}");
        assert_eq!(store.facts(BOOK, &[[1; 16], [5; 16]]).await.unwrap().found, before.facts, "{case}");
    }
    // BUDGET lines balance by source alone.
    good.vouchers[0].ledger = LedgerKind::Budget;
    (good.lines[0].line.grant, good.lines[1].line.grant) = (0, 9);
    store.project(BOOK, 4, 6, &good).await.unwrap();
}

pub async fn the_reached_sequence_moves_by_compare_and_set(store: &impl Store) {
    book(store, BOOK).await;
    store.project(BOOK, 0, 3, &ViewRows::default()).await.unwrap();
    for (from, to) in [(0, 4), (2, 4), (4, 5), (3, 2)] {
        let projected = store.project(BOOK, from, to, &ViewRows::default()).await;
        assert!(matches!(projected, Err(StoreError::Corrupt(_))), "{from} to {to}: {projected:?}");
        assert_eq!(store.reached(BOOK).await.unwrap(), 3);
    }
    store.project(BOOK, 3, 3, &ViewRows::default()).await.unwrap();
    store.project(BOOK, 3, 1_000, &ViewRows::default()).await.unwrap();
    assert_eq!(store.reached(BOOK).await.unwrap(), 1_000);
}

pub async fn facts_come_with_the_reached_sequence(store: &impl Store) {
    book(store, BOOK).await;
    assert_eq!(store.facts(BOOK, &[[1; 16]]).await.unwrap().reached, 0);
    // So far apart that an engine may keep them apart.
    let facts: Vec<_> = (0..200).map(|no| fact(no, 1 + 200_000 * u64::from(no / 50))).collect();
    store.project(BOOK, 0, 700_000, &ViewRows { facts: facts.clone(), ..ViewRows::default() }).await.unwrap();
    let mut numbers = Numbers(3);
    for count in [0, 1, 7, 8, 9, 100, 5_000] {
        let keys: Vec<_> = (0..count).map(|_| [numbers.below(256) as u8; 16]).collect();
        let read = store.facts(BOOK, &keys).await.unwrap();
        assert_eq!(read.reached, 700_000);
        let mut found = read.found;
        found.sort_by_key(|fact| fact.key);
        let expected: Vec<_> = facts.iter().filter(|fact| keys.contains(&fact.key)).cloned().collect();
        assert_eq!(found, expected);
    }
}

fn fits(query: &VoucherQuery, voucher: &VoucherRow, lines: &[LineRow]) -> bool {
    let mut own = lines.iter().filter(|row| row.sequence == voucher.sequence);
    (query.after + 1..=query.up_to).contains(&voucher.sequence)
        && query.from.is_none_or(|from| from <= voucher.date)
        && query.to.is_none_or(|to| voucher.date <= to)
        && query.word.is_none_or(|word| word == voucher.reference.word)
        && own.any(|row| {
            query.source.is_none_or(|source| source == row.line.source)
                && query.account.is_none_or(|account| account == row.line.account)
                && query.grant.is_none_or(|grant| grant == row.line.grant)
        })
}

pub async fn listings_equal_a_naive_filter(store: &impl Store) {
    const COUNT: Sequence = 150;
    book(store, BOOK).await;
    let mut numbers = Numbers(11);
    let rows = random_vouchers(&mut numbers, 1, COUNT);
    store.project(BOOK, 0, COUNT, &rows).await.unwrap();
    let mut found = 0;
    for _ in 0..400 {
        let query = VoucherQuery {
            after: numbers.maybe(COUNT).unwrap_or(0),
            up_to: numbers.maybe(COUNT + 9).unwrap_or(u64::MAX),
            from: numbers.maybe(40).map(day),
            to: numbers.maybe(40).map(day),
            word: numbers.maybe(4).map(|word| Word::ALL[word as usize]),
            source: numbers.maybe(4).map(|source| source as u8),
            account: numbers.maybe(6).map(|account| 101 + account as u16),
            grant: numbers.maybe(6).map(|grant| grant as u32),
            limit: numbers.maybe(10).map_or(1_000, |limit| limit as u32),
        };
        let naive: Vec<_> = rows.vouchers.iter().filter(|voucher| fits(&query, voucher, &rows.lines)).collect();
        let listed = store.vouchers(BOOK, &query).await.unwrap();
        assert!(listed.iter().eq(naive.iter().copied().take(query.limit as usize)), "{query:?}");
        found += listed.len();
    }
    assert!(found > 1_000, "the filters find too little to tell anything: {found}");
}

/// What a question about sums asks for, line by line.
fn naive_sums(query: &SumQuery, lines: &[LineRow]) -> Vec<SumRow> {
    let mut sums: BTreeMap<_, SideSums> = BTreeMap::new();
    for row in lines {
        let line = &row.line;
        let wanted = row.sequence <= query.known_at
            && query.from.is_none_or(|from| from <= row.date)
            && query.as_of.is_none_or(|to| row.date <= to)
            && query.account.is_none_or(|account| account == line.account)
            && query.source.is_none_or(|source| source == line.source)
            && query.grant.is_none_or(|grant| grant == line.grant)
            && query.holder.is_none_or(|holder| holder == line.holder);
        if !wanted {
            continue;
        }
        let full = (line.account, line.source, line.grant, line.holder, line.class, line.plan, line.use_code);
        let rough = (line.account, line.source, 0, 0, line.class, 0, 0);
        let sum = sums.entry(if query.rough { (rough, 0) } else { (full, line.year) }).or_default();
        let sign = if line.side == Side::Debit { 1 } else { -1 };
        sum.heads += sign * i64::from(line.heads);
        if sign > 0 { sum.debit_fen += line.fen } else { sum.credit_fen += line.fen }
    }
    let some = sums.into_iter().filter(|(_, sums)| *sums != SideSums::default());
    some.map(|((key, year), sums)| SumRow { key, year, sums }).collect()
}

/// Sums over enough records that some of their blocks are full on each of three levels, projected in steps that break blocks anywhere.
pub async fn sums_equal_a_naive_sum(store: &impl Store) {
    const COUNT: Sequence = 10_000;
    book(store, BOOK).await;
    let everything = SumQuery { known_at: u64::MAX, ..SumQuery::default() };
    assert_eq!(store.sums(BOOK, &everything).await.unwrap(), []);
    let mut numbers = Numbers(12);
    let mut lines = Vec::new();
    let mut reached = 0;
    while reached < COUNT {
        // Mostly small steps, as a quiet book takes them, and some large ones.
        let most = if numbers.below(3) == 0 { 3_000 } else { 40 };
        let step = 1 + numbers.below(most);
        let rows = random_vouchers(&mut numbers, reached + 1, step);
        store.project(BOOK, reached, reached + step, &rows).await.unwrap();
        lines.extend(rows.lines);
        reached += step;
    }
    for _ in 0..120 {
        let rough = numbers.below(2) == 0;
        let query = SumQuery {
            rough,
            account: numbers.maybe(6).map(|account| 101 + account as u16),
            source: numbers.maybe(4).map(|source| source as u8),
            grant: numbers.maybe(6).filter(|_| !rough).map(|grant| grant as u32),
            holder: numbers.maybe(2).filter(|_| !rough).map(|holder| 39 + holder as u32),
            as_of: numbers.maybe(40).map(day),
            from: numbers.maybe(40).map(day),
            known_at: numbers.maybe(reached + 9).unwrap_or(u64::MAX),
        };
        assert_eq!(store.sums(BOOK, &query).await.unwrap(), naive_sums(&query, &lines), "{query:?}");
    }
}

pub async fn refusals_are_paged_by_sequence(store: &impl Store) {
    book(store, BOOK).await;
    let rejections: Vec<_> = [2, 3, 7, 8, 20].map(rejection).into();
    let rows = ViewRows { rejections: rejections.clone(), ..ViewRows::default() };
    store.project(BOOK, 0, 20, &rows).await.unwrap();
    for (after, up_to, limit, expected) in
        [(0, 20, 9, 0..5), (2, 20, 2, 1..3), (7, 8, 9, 3..4), (0, 7, 9, 0..3), (20, 99, 9, 5..5), (0, 20, 0, 0..0)]
    {
        assert_eq!(store.rejections(BOOK, after, up_to, limit).await.unwrap(), rejections[expected]);
    }
}

pub async fn cleared_views_are_filled_anew(store: &impl Store) {
    let head = book(store, BOOK).await;
    let head = super::sample::fill(store, BOOK, head, &[3]).await;
    let mut rows = join([plain(1, 100), plain(2, 200)]);
    rows.facts.push(fact(1, 1));
    for _ in 0..3 {
        store.project(BOOK, 0, 2, &rows).await.unwrap();
        assert_eq!(store.vouchers(BOOK, &everything()).await.unwrap(), rows.vouchers);
        store.clear_views(BOOK).await.unwrap();
        assert_eq!(store.reached(BOOK).await.unwrap(), 0);
        assert_eq!(store.vouchers(BOOK, &everything()).await.unwrap(), []);
        assert_eq!(store.lines(BOOK, &[1, 2]).await.unwrap(), []);
        assert_eq!(store.facts(BOOK, &[[1; 16]]).await.unwrap().found, []);
    }
    // The log is not touched.
    super::sample::fill(store, BOOK, head, &[1]).await;
    assert_eq!(store.records(BOOK, &[4]).await.unwrap(), [Some(super::sample::body(4))]);
}

pub async fn the_newest_snapshot_stands(store: &impl Store) {
    book(store, BOOK).await;
    for (at, len) in [(3, 0), (100_000, 2 << 20), (200_000, 10)] {
        let mut filter = Filter::default();
        (0..len as u128 / 2).for_each(|key| filter.add(&key.to_le_bytes()));
        let snapshot = Snapshot { at, state: Arc::new(vec![at as u8; len]), filter };
        store.save_snapshot(BOOK, &snapshot).await.unwrap();
        assert_eq!(store.snapshot(BOOK).await.unwrap(), Some(snapshot));
    }
    store.clear_views(BOOK).await.unwrap();
    assert_eq!(store.snapshot(BOOK).await.unwrap().map(|snapshot| snapshot.at), Some(200_000));
}
