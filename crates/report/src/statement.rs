//! The statement of income and use by source (收支情况表): for the fund's own sources what was carried forward, came in, went out and is
//! carried on; for money held for others what was collected and passed on. It is made of the lines as they were before the closing
//! vouchers, which only move results to net assets.

use std::collections::BTreeMap;

use ledger::State;
use ledger::state::Sum;
use record::Fen;
use record::kinds::{Element, Restriction};
use record::preset::{AccountDef, SourceDef};

use crate::Sums;

/// The sums that a statement is made of: by account, source and class.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// Before the year.
    pub before: Sums,
    /// In the year, closing vouchers left out.
    pub within: Sums,
    /// Whether some of the year's lines are dated before the book's first live day.
    pub historical: bool,
}

/// A row: one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Source code.
    pub source: String,
    /// Name of the source.
    pub source_name: String,
    /// Its columns.
    pub columns: Columns,
}

/// Columns of a row, by what the source is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    /// The fund's own money.
    Fund(Fund),
    /// Money held for others.
    Custody(Custody),
}

/// Columns of a source that is the fund's own, fen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fund {
    /// Carried forward from the years before (上年结转).
    pub opening_fen: Fen,
    /// Income of the year (本年收入).
    pub income_fen: Fen,
    /// Expense of the year, by class (本年支出).
    pub expenses: Vec<ClassExpense>,
    /// Expense of the year in total.
    pub expense_fen: Fen,
    /// Carried to surplus (转结余).
    pub to_surplus_fen: Fen,
    /// Carried forward at the end (年末结转).
    pub closing_fen: Fen,
}

/// What a source paid for one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassExpense {
    /// Class code.
    pub class: String,
    /// Amount, fen.
    pub amount_fen: Fen,
}

/// Columns of a source that is held for others, the 20 yuan or what is not identified yet; fen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Custody {
    /// Not yet remitted at the start (期初未上解).
    pub opening_fen: Fen,
    /// Collected (代收).
    pub collected_fen: Fen,
    /// Passed on to the association (上解).
    pub remitted_fen: Fen,
    /// Not yet remitted at the end (期末未上解).
    pub closing_fen: Fen,
}

/// The rows: a source each that the book uses or ever had money of.
pub fn statement(state: &State, parts: &Parts) -> Vec<Row> {
    let mut rows: Vec<Row> = state
        .sources
        .iter()
        .filter_map(|(no, source)| {
            let no = u8::try_from(no).ok()?;
            let of_source = |sums: &Sums| sums.keys().any(|key| key.source == no);
            // 待查款 has a row where there was such money.
            let usual = source.enabled && state.account_no(&source.income_account) != Some(state.posting.suspense);
            (usual || of_source(&parts.before) || of_source(&parts.within)).then(|| row(state, parts, no, source))
        })
        .collect();
    rows.sort_by(|a, b| a.source.cmp(&b.source));
    rows
}

fn row(state: &State, parts: &Parts, no: u8, source: &SourceDef) -> Row {
    let columns = if source.restriction == Restriction::PassThrough {
        Columns::Custody(custody(state, parts, no))
    } else {
        Columns::Fund(fund(state, parts, no))
    };
    Row { source: source.code.clone(), source_name: source.name.clone(), columns }
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

fn fund(state: &State, parts: &Parts, source: u8) -> Fund {
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
    let mut by_class: BTreeMap<u8, Fen> = BTreeMap::new();
    for (key, sum) in parts.within.iter().filter(|(key, _)| key.source == source) {
        if state.accounts.get(key.account).is_some_and(|account| account.element == Element::Expense) {
            let spent = by_class.entry(key.class).or_default();
            *spent = spent.saturating_add(sum.balance());
        }
    }
    let expense_fen = by_class.values().fold(0, |sum: Fen, fen| sum.saturating_add(*fen));
    let moved = credit(total(state, &parts.within, source, carried));
    let to_surplus_fen = credit(total(state, &parts.within, source, |no, _| surplus.contains(&no)));
    Fund {
        opening_fen,
        income_fen,
        expenses: by_class
            .into_iter()
            .map(|(class, amount_fen)| ClassExpense { class: state.classes.code(class).to_owned(), amount_fen })
            .collect(),
        expense_fen,
        to_surplus_fen,
        closing_fen: opening_fen.saturating_add(income_fen).saturating_sub(expense_fen).saturating_add(moved),
    }
}

fn custody(state: &State, parts: &Parts, source: u8) -> Custody {
    let held = |no: u16, _: &AccountDef| [state.posting.custody_liability, state.posting.suspense].contains(&no);
    let opening_fen = total(state, &parts.before, source, held).balance().saturating_neg();
    let year = total(state, &parts.within, source, held);
    Custody {
        opening_fen,
        collected_fen: year.credit_fen,
        remitted_fen: year.debit_fen,
        closing_fen: opening_fen.saturating_add(year.credit_fen).saturating_sub(year.debit_fen),
    }
}

#[cfg(test)]
mod tests {
    use record::event::BookCreated;
    use record::{Day, Event, Period, Record};

    use super::*;
    use crate::Key;

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

    fn row_of(state: &State, before: &[(&str, &str, &str, i64, i64)], within: &[(&str, &str, &str, i64, i64)]) -> Row {
        let parts = Parts { before: sums(state, before), within: sums(state, within), historical: false };
        let source = within[0].1;
        statement(state, &parts).into_iter().find(|row| row.source == source).unwrap()
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
        let Columns::Fund(fund) = row_of(&state, &before, &within).columns else { panic!("S2P is the fund's own") };
        let expense = |class: &str, amount_fen| ClassExpense { class: class.into(), amount_fen };
        let expected = Fund {
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
        let Columns::Custody(custody) = row_of(&state, &before, &within).columns else {
            panic!("S1M is held for others")
        };
        let expected = Custody { opening_fen: 40, collected_fen: 1_000, remitted_fen: 960, closing_fen: 80 };
        assert_eq!(custody, expected);
    }
}
