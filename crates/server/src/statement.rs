//! The statement of income and use by source (收支情况表): for the fund's own sources what was carried forward, came in, went out and is
//! carried on; for money held for others what was collected and passed on. It reads the lines as they were before the closing vouchers,
//! which only move results to net assets.

use std::collections::BTreeMap;

use api::v1;
use engine::Book;
use engine::store::{Store, SumQuery, VoucherQuery};
use ledger::State;
use ledger::state::Sum;
use record::kinds::{Element, Restriction, Side, VoucherKind, Word};
use record::preset::{AccountDef, SourceDef};
use record::{Day, Sequence};

use crate::balances::{Key, Sums, key_of};
use crate::encode::Failure;
use crate::face::storage;

/// Closing vouchers read at a time.
const CLOSING_PAGE: u32 = 500;

/// The sums that a statement is made of.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// Before the year.
    before: Sums,
    /// In the year, closing vouchers left out.
    within: Sums,
    /// Whether some of the year's lines are dated before the book's first live day.
    pub historical: bool,
}

/// Gathers the sums of a year up to a day, as known at a sequence that the views hold.
pub(crate) async fn gather<S: Store>(
    book: &Book<S>,
    year: u16,
    as_of: Day,
    known_at: Sequence,
) -> Result<Parts, Failure> {
    let first = Day::from_ymd(i32::from(year), 1, 1).unwrap_or_default();
    let live_from = book.read(|state| state.live_from).map_err(|error| crate::face::failure(error, ""))?;
    let before = read(book, None, first.plus_days(-1), known_at).await?;
    // The year in two parts, so that what is historical shows.
    let historical = read(book, Some(first), as_of.min(live_from.plus_days(-1)), known_at).await?;
    let live = read(book, Some(first.max(live_from)), as_of, known_at).await?;
    let is_historical = !historical.is_empty();
    let mut within = historical;
    for (key, sum) in live {
        within.entry(key).or_default().merge(&sum);
    }
    leave_out_closing(book, first, as_of, known_at, &mut within).await?;
    Ok(Parts { before, within, historical: is_historical })
}

async fn read<S: Store>(book: &Book<S>, from: Option<Day>, to: Day, known_at: Sequence) -> Result<Sums, Failure> {
    let mut sums = Sums::new();
    if from.is_some_and(|from| from > to) {
        return Ok(sums);
    }
    let query = SumQuery { as_of: Some(to), from, known_at };
    for row in book.store().sums(book.code(), &query).await.map_err(storage)? {
        let key = reduced(key_of(row.key, row.year));
        let sum = Sum { debit_fen: row.sums.debit_fen, credit_fen: row.sums.credit_fen, heads: row.sums.heads };
        sums.entry(key).or_default().merge(&sum);
    }
    Ok(sums)
}

/// A statement tells accounts, sources and classes apart.
fn reduced(key: Key) -> Key {
    Key { account: key.account, source: key.source, class: key.class, ..Key::default() }
}

/// Takes the lines of closing vouchers (T24 to T26) out of the year's sums.
async fn leave_out_closing<S: Store>(
    book: &Book<S>,
    from: Day,
    to: Day,
    known_at: Sequence,
    sums: &mut Sums,
) -> Result<(), Failure> {
    let mut query = VoucherQuery {
        from: Some(from),
        to: Some(to),
        word: Some(Word::Zhuan),
        up_to: known_at,
        limit: CLOSING_PAGE,
        ..VoucherQuery::default()
    };
    loop {
        let rows = book.store().vouchers(book.code(), &query).await.map_err(storage)?;
        let Some(last) = rows.last() else { return Ok(()) };
        query.after = last.sequence;
        let closing: Vec<Sequence> =
            rows.iter().filter(|row| row.kind == VoucherKind::Closing).map(|row| row.sequence).collect();
        for row in book.store().lines(book.code(), &closing).await.map_err(storage)? {
            let line = row.line;
            let key = Key { account: line.account, source: line.source, class: line.class, ..Key::default() };
            let sum = sums.entry(key).or_default();
            match line.side {
                Side::Debit => sum.debit_fen = sum.debit_fen.saturating_sub(line.fen),
                Side::Credit => sum.credit_fen = sum.credit_fen.saturating_sub(line.fen),
            }
        }
    }
}

/// The rows: a source each that the book uses or ever had money of.
pub(crate) fn rows(state: &State, parts: &Parts) -> Vec<v1::StatementRow> {
    let mut rows: Vec<v1::StatementRow> = state
        .sources
        .iter()
        .filter_map(|(no, source)| {
            let no = u8::try_from(no).ok()?;
            let of_source = |sums: &Sums| sums.keys().any(|key| key.source == no);
            (source.enabled || of_source(&parts.before) || of_source(&parts.within))
                .then(|| row(state, parts, no, source))
        })
        .collect();
    rows.sort_by(|a, b| a.source.cmp(&b.source));
    rows
}

fn row(state: &State, parts: &Parts, no: u8, source: &SourceDef) -> v1::StatementRow {
    let columns = if source.restriction == Restriction::PassThrough {
        v1::statement_row::Columns::Custody(custody(state, parts, no))
    } else {
        v1::statement_row::Columns::Fund(fund(state, parts, no))
    };
    v1::StatementRow { source: source.code.clone(), source_name: source.name.clone(), columns: Some(columns) }
}

/// Sums of a source's lines on accounts that `wanted` picks.
fn total(state: &State, sums: &Sums, source: u8, wanted: impl Fn(u16, &AccountDef) -> bool) -> Sum {
    let mut total = Sum::default();
    for (key, sum) in sums.iter().filter(|(key, _)| key.source == source) {
        if state.accounts.get(key.account).is_some_and(|account| wanted(key.account, account)) {
            total.merge(sum);
        }
    }
    total
}

fn fund(state: &State, parts: &Parts, source: u8) -> v1::FundColumns {
    let credit = |sum: Sum| sum.balance().saturating_neg();
    let surplus = [state.posting.surplus, state.posting.surplus_transfer];
    let carried = |no: u16, account: &AccountDef| account.element == Element::NetAsset && !surplus.contains(&no);
    // In a year that was never closed, income and expense of the years before still stand on their own accounts.
    let result = |_: u16, account: &AccountDef| matches!(account.element, Element::Income | Element::Expense);
    let opening_fen = credit(total(state, &parts.before, source, carried)).saturating_add(credit(total(
        state,
        &parts.before,
        source,
        result,
    )));
    let income_fen = credit(total(state, &parts.within, source, |_, account| account.element == Element::Income));
    let mut by_class: BTreeMap<u8, i64> = BTreeMap::new();
    for (key, sum) in parts.within.iter().filter(|(key, _)| key.source == source) {
        if state.accounts.get(key.account).is_some_and(|account| account.element == Element::Expense) {
            let spent = by_class.entry(key.class).or_default();
            *spent = spent.saturating_add(sum.balance());
        }
    }
    let expense_fen = by_class.values().fold(0i64, |sum, fen| sum.saturating_add(*fen));
    let moved = credit(total(state, &parts.within, source, carried));
    let to_surplus_fen = credit(total(state, &parts.within, source, |no, _| surplus.contains(&no)));
    v1::FundColumns {
        opening_fen,
        income_fen,
        expenses: by_class
            .into_iter()
            .map(|(class, amount_fen)| v1::ClassExpense { class: state.classes.code(class).to_owned(), amount_fen })
            .collect(),
        expense_fen,
        to_surplus_fen,
        closing_fen: opening_fen.saturating_add(income_fen).saturating_sub(expense_fen).saturating_add(moved),
    }
}

fn custody(state: &State, parts: &Parts, source: u8) -> v1::CustodyColumns {
    let held = |no: u16, _: &AccountDef| no == state.posting.custody_liability;
    let opening_fen = total(state, &parts.before, source, held).balance().saturating_neg();
    let year = total(state, &parts.within, source, held);
    v1::CustodyColumns {
        opening_fen,
        collected_fen: year.credit_fen,
        remitted_fen: year.debit_fen,
        closing_fen: opening_fen.saturating_add(year.credit_fen).saturating_sub(year.debit_fen),
    }
}

#[cfg(test)]
mod tests {
    use record::event::BookCreated;
    use record::{Event, Period, Record};

    use super::*;

    /// A book with nothing but its preset.
    fn state() -> State {
        let preset = ledger::preset::builtin("hospital-2018").unwrap();
        let created = BookCreated {
            book: "b".into(),
            name: "b".into(),
            organization: preset.organizations[0].clone(),
            preset,
            first_period: Period { year: 2018, month: 1 },
            live_from: Day::parse("2019-01-01").unwrap(),
        };
        let record = Record {
            sequence: 1,
            time: 0,
            actor: record::Actor::default(),
            rule_set: 1,
            part: 0,
            parts: 1,
            request: None,
            event: Event::BookCreated(Box::new(created)),
        };
        let mut state = State::default();
        state.apply(&record);
        state
    }

    /// Sums of (account, source, class, debit, credit).
    fn sums(state: &State, lines: &[(&str, &str, &str, i64, i64)]) -> Sums {
        let line = |(account, source, class, debit_fen, credit_fen): &(&str, &str, &str, i64, i64)| {
            let key = Key {
                account: state.account_no(account).unwrap(),
                source: state.source_no(source).unwrap(),
                class: state.class_no(class).unwrap_or(0),
                ..Key::default()
            };
            (key, Sum { debit_fen: *debit_fen, credit_fen: *credit_fen, heads: 0 })
        };
        lines.iter().map(line).collect()
    }

    fn row_of(
        state: &State,
        before: &[(&str, &str, &str, i64, i64)],
        within: &[(&str, &str, &str, i64, i64)],
    ) -> v1::StatementRow {
        let parts = Parts { before: sums(state, before), within: sums(state, within), historical: false };
        let source = within[0].1;
        rows(state, &parts).into_iter().find(|row| row.source == source).unwrap()
    }

    #[test]
    fn a_source_of_the_fund_carries_what_it_did_not_spend() {
        let state = state();
        let before = [("10201", "S2P", "", 700, 0), ("32104", "S2P", "", 0, 700)];
        // Income 5000; spent 3000 on A and 500 on B, of which 20 came back; 100 of the years before went to surplus.
        let within = [
            ("10201", "S2P", "", 5_020, 3_500),
            ("40201", "S2P", "", 0, 5_000),
            ("5030501", "S2P", "A", 3_000, 0),
            ("5030502", "S2P", "B", 500, 20),
            ("32104", "S2P", "", 100, 0),
            ("32204", "S2P", "", 100, 100),
            ("32205", "S2P", "", 0, 100),
        ];
        let Some(v1::statement_row::Columns::Fund(fund)) = row_of(&state, &before, &within).columns else {
            panic!("S2P is the fund's own")
        };
        let expense = |class: &str, amount_fen| v1::ClassExpense { class: class.into(), amount_fen };
        let expected = v1::FundColumns {
            opening_fen: 700,
            income_fen: 5_000,
            expenses: vec![expense("A", 3_000), expense("B", 480)],
            expense_fen: 3_480,
            to_surplus_fen: 100,
            closing_fen: 2_120,
        };
        assert_eq!(fund, expected);
    }

    #[test]
    fn money_held_for_others_is_collected_and_passed_on() {
        let state = state();
        let before = [("22101", "S1M", "", 0, 40)];
        let within = [("22101", "S1M", "", 960, 1_000)];
        let Some(v1::statement_row::Columns::Custody(custody)) = row_of(&state, &before, &within).columns else {
            panic!("S1M is held for others")
        };
        let expected = v1::CustodyColumns { opening_fen: 40, collected_fen: 1_000, remitted_fen: 960, closing_fen: 80 };
        assert_eq!(custody, expected);
    }
}
