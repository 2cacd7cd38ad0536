//! The trial balance by source (试算平衡表), under the book's own chart or, by crosswalk, under that of 2009.

use std::collections::BTreeMap;

use ledger::State;
use ledger::state::Sum;
use record::Fen;

use crate::Sums;

/// Which chart of accounts to print under (科目表).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chart {
    /// The book's own, of 2021.
    V2021,
    /// By crosswalk, of 2009.
    V2009,
}

/// A row: one account of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialRow {
    /// Source code.
    pub source: String,
    /// Account code under the chart.
    pub account: String,
    /// Account name under the chart.
    pub account_name: String,
    /// Debits and credits in total, fen.
    pub debit_total_fen: Fen,
    /// Credits in total, fen.
    pub credit_total_fen: Fen,
    /// Debit balance, fen; 0 where it is a credit balance.
    pub debit_balance_fen: Fen,
    /// Credit balance, fen; 0 where it is a debit balance.
    pub credit_balance_fen: Fen,
}

/// Totals of all rows, fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Debits in total.
    pub debit_total_fen: Fen,
    /// Credits in total.
    pub credit_total_fen: Fen,
    /// Debit balances.
    pub debit_balance_fen: Fen,
    /// Credit balances.
    pub credit_balance_fen: Fen,
}

/// A trial balance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrialBalance {
    /// Rows, by source and account code.
    pub rows: Vec<TrialRow>,
    /// Totals.
    pub totals: Totals,
}

/// The trial balance of sums, by source and account code.
pub fn trial_balance(state: &State, sums: &Sums, chart: Chart) -> TrialBalance {
    // Two accounts of one chart may be one of the other; so the sums are added up by code.
    let mut by_code: BTreeMap<(String, String), (String, Sum)> = BTreeMap::new();
    for (key, sum) in sums {
        let Some(account) = state.accounts.get(key.account) else { continue };
        let (code, name) = match chart {
            Chart::V2009 => (&account.crosswalk_2009, &account.crosswalk_2009_name),
            Chart::V2021 => (&account.code, &account.name_zh),
        };
        let source = state.sources.code(key.source).to_owned();
        let entry = by_code.entry((source, code.clone())).or_insert_with(|| (name.clone(), Sum::default()));
        entry.1.merge(sum);
    }
    let mut totals = Totals::default();
    let rows = by_code.into_iter().map(|((source, account), (account_name, sum))| {
        let row = TrialRow {
            source,
            account,
            account_name,
            debit_total_fen: sum.debit_fen,
            credit_total_fen: sum.credit_fen,
            debit_balance_fen: sum.balance().max(0),
            credit_balance_fen: sum.balance().saturating_neg().max(0),
        };
        totals.debit_total_fen = totals.debit_total_fen.saturating_add(row.debit_total_fen);
        totals.credit_total_fen = totals.credit_total_fen.saturating_add(row.credit_total_fen);
        totals.debit_balance_fen = totals.debit_balance_fen.saturating_add(row.debit_balance_fen);
        totals.credit_balance_fen = totals.credit_balance_fen.saturating_add(row.credit_balance_fen);
        row
    });
    TrialBalance { rows: rows.collect(), totals }
}
