//! What the statement of income and use by source is made of: sums of a year's lines from the views, the closing vouchers left out.
//! The statement itself is `report`'s.

use api::v1;
use engine::Book;
use engine::store::{Store, SumQuery, VoucherQuery};
use ledger::state::Sum;
use record::kinds::{Side, VoucherKind, Word};
use record::{Day, Sequence};
use report::{Columns, Key, Parts, Sums};

use crate::balances::key_of;
use crate::encode::Failure;
use crate::face::storage;

/// Closing vouchers read at a time.
const CLOSING_PAGE: u32 = 500;

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
    let query = SumQuery { rough: true, as_of: Some(to), from, known_at, ..SumQuery::default() };
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

/// A row of the statement as a message.
pub(crate) fn row(row: report::Row) -> v1::StatementRow {
    let columns = match row.columns {
        Columns::Fund(fund) => v1::statement_row::Columns::Fund(v1::FundColumns {
            opening_fen: fund.opening_fen,
            income_fen: fund.income_fen,
            expenses: fund
                .expenses
                .into_iter()
                .map(|expense| v1::ClassExpense { class: expense.class, amount_fen: expense.amount_fen })
                .collect(),
            expense_fen: fund.expense_fen,
            to_surplus_fen: fund.to_surplus_fen,
            closing_fen: fund.closing_fen,
        }),
        Columns::Custody(held) => v1::statement_row::Columns::Custody(v1::CustodyColumns {
            opening_fen: held.opening_fen,
            collected_fen: held.collected_fen,
            remitted_fen: held.remitted_fen,
            closing_fen: held.closing_fen,
        }),
    };
    v1::StatementRow { source: row.source, source_name: row.source_name, columns: Some(columns) }
}
