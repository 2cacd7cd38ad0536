//! Sums at any date as known at any sequence, against a naive replay of the same lines: many questions, each with its own filters, in the
//! order of their sequences, so that the replay takes every line in once.

use std::collections::BTreeMap;

use engine::store::{Store, SumQuery};
use ledger::rows::{LineRow, ViewRows};
use record::kinds::Side;
use record::{Day, Sequence};

use super::sample::{BOOK, Numbers, book, day, join, line, voucher};

/// Records of the book: some of its blocks of sums are full on each level, and many lines lie in none.
const RECORDS: Sequence = 9_300;
/// Questions.
const PAIRS: usize = 10_000;
/// Dates, in no order: most vouchers are backdated against some earlier one.
const DAYS: u64 = 10;

/// What a line is told apart by: account, source, grant, holder, year, class, plan, use.
type Key = (u16, u8, u32, u32, u16, u8, u8, u8);
/// Debits, credits, heads.
type Sums = (i64, i64, i64);

/// A question: the store's, and the filters that are applied to its rows.
#[derive(Debug)]
struct Question {
    query: SumQuery,
    class: Option<u8>,
    plan: Option<u8>,
    use_code: Option<u8>,
    year: Option<u16>,
}

impl Question {
    fn random(numbers: &mut Numbers) -> Question {
        // Full keys have their lowest blocks at 8,192 records: below it thousands of lines are added up for each question.
        let rough = numbers.below(4) != 0;
        let fine = |n: Option<u64>| n.filter(|_| !rough);
        let query = SumQuery {
            rough,
            account: numbers.maybe(3).map(|n| 101 + n as u16),
            source: numbers.maybe(2).map(|n| 1 + n as u8),
            grant: fine(numbers.maybe(2)).map(|n| 1 + n as u32),
            holder: fine(numbers.maybe(2)).map(|n| 40 + n as u32),
            as_of: numbers.maybe(DAYS + 1).map(day),
            from: if numbers.below(4) == 0 { numbers.maybe(DAYS).map(day) } else { None },
            known_at: numbers.below(RECORDS + 1),
        };
        Question {
            query,
            class: numbers.maybe(2).map(|n| n as u8),
            plan: fine(numbers.maybe(2)).map(|n| n as u8),
            use_code: fine(numbers.maybe(2)).map(|n| n as u8),
            year: fine(numbers.maybe(2)).map(|n| 2018 + n as u16),
        }
    }

    fn keeps(&self, key: &Key) -> bool {
        let (account, source, grant, holder, year, class, plan, use_code) = *key;
        let query = &self.query;
        query.account.is_none_or(|wanted| wanted == account)
            && query.source.is_none_or(|wanted| wanted == source)
            && query.grant.is_none_or(|wanted| wanted == grant)
            && query.holder.is_none_or(|wanted| wanted == holder)
            && self.class.is_none_or(|wanted| wanted == class)
            && self.plan.is_none_or(|wanted| wanted == plan)
            && self.use_code.is_none_or(|wanted| wanted == use_code)
            && self.year.is_none_or(|wanted| wanted == year)
    }

    fn dates(&self, on: Day) -> bool {
        self.query.as_of.is_none_or(|to| on <= to) && self.query.from.is_none_or(|from| from <= on)
    }
}

fn add(into: &mut Sums, sums: Sums) {
    *into = (into.0 + sums.0, into.1 + sums.1, into.2 + sums.2);
}

/// A voucher of two lines that balances, with every dimension drawn.
fn drawn(numbers: &mut Numbers, sequence: Sequence) -> ViewRows {
    let date = day(numbers.below(DAYS));
    let (source, grant) = (1 + numbers.below(2) as u8, 1 + numbers.below(2) as u32);
    // A red letter now and then.
    let fen = (1 + numbers.below(1_000_000) as i64) * if numbers.below(20) == 0 { -1 } else { 1 };
    let lines: Vec<LineRow> = (1u16..)
        .zip([Side::Debit, Side::Credit])
        .map(|(line_no, side)| {
            let mut row = line(sequence, line_no, date, side, 101 + numbers.below(3) as u16, fen);
            row.line.source = source;
            row.line.grant = grant;
            row.line.holder = 40 + numbers.below(2) as u32;
            row.line.year = 2018 + numbers.below(2) as u16;
            row.line.class = numbers.below(2) as u8;
            row.line.plan = numbers.below(2) as u8;
            row.line.use_code = numbers.below(2) as u8;
            row.line.heads = numbers.below(50) as i32;
            row
        })
        .collect();
    ViewRows { vouchers: vec![voucher(sequence, date, &lines)], lines, ..ViewRows::default() }
}

pub async fn sums_equal_a_replay_at_ten_thousand_dates_and_sequences(store: &impl Store) {
    book(store, BOOK).await;
    let mut numbers = Numbers(77);
    let mut lines = Vec::new();
    let mut reached = 0;
    while reached < RECORDS {
        let step = (1 + numbers.below(900)).min(RECORDS - reached);
        let rows = join((reached + 1..=reached + step).map(|sequence| drawn(&mut numbers, sequence)));
        store.project(BOOK, reached, reached + step, &rows).await.unwrap();
        lines.extend(rows.lines);
        reached += step;
    }
    let mut questions: Vec<Question> = (0..PAIRS).map(|_| Question::random(&mut numbers)).collect();
    questions.sort_by_key(|question| question.query.known_at);

    let mut replayed: BTreeMap<(Day, Key), Sums> = BTreeMap::new();
    let mut rest = lines.iter().peekable();
    let mut some = 0;
    for question in &questions {
        while let Some(row) = rest.next_if(|row| row.sequence <= question.query.known_at) {
            let l = &row.line;
            let key = (l.account, l.source, l.grant, l.holder, l.year, l.class, l.plan, l.use_code);
            let sums = match l.side {
                Side::Debit => (l.fen, 0, i64::from(l.heads)),
                Side::Credit => (0, l.fen, -i64::from(l.heads)),
            };
            add(replayed.entry((row.date, key)).or_default(), sums);
        }
        let mut expected = Sums::default();
        for ((on, key), sums) in &replayed {
            if question.dates(*on) && question.keeps(key) {
                add(&mut expected, *sums);
            }
        }
        let mut found = Sums::default();
        for row in store.sums(BOOK, &question.query).await.unwrap() {
            let (account, source, grant, holder, class, plan, use_code) = row.key;
            let key = (account, source, grant, holder, row.year, class, plan, use_code);
            if question.keeps(&key) {
                add(&mut found, (row.sums.debit_fen, row.sums.credit_fen, row.sums.heads));
            }
        }
        assert_eq!(found, expected, "{question:?}");
        some += usize::from(found != Sums::default());
    }
    assert!(some > PAIRS / 2, "the questions find too little to tell anything: {some}");
}
