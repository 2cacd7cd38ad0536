//! What the season must come to: the trial balances of the worked season, row by row and to the fen. A season with fewer members is the
//! same but for the members' subsidy and own shares, so its rows differ by these and by nothing else.

use std::collections::BTreeMap;

use api::v1;

use super::{SUBSIDY_FEN, Season};
use crate::collecting::OWN_SHARE_FEN;

/// Members of the whole season.
const MEMBERS: i64 = 616_000;

/// Source and account.
type Key = (String, String);
/// Debits and credits in total, debit and credit balance, fen.
type Row = [i64; 4];

/// Which trial balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The budget ledger, before the year is closed.
    Budget,
    /// Money, before the year is closed.
    BeforeClosing,
    /// Money, after it.
    AfterClosing,
}

impl Stage {
    fn file(self) -> &'static str {
        match self {
            Stage::Budget => include_str!("../../fixtures/season-2018/budget-trial-balance.csv"),
            Stage::BeforeClosing => include_str!("../../fixtures/season-2018/trial-balance-before-closing.csv"),
            Stage::AfterClosing => include_str!("../../fixtures/season-2018/trial-balance-after-closing.csv"),
        }
    }

    /// Accounts of the appropriation that the members' subsidy goes through: whether on their debit, on their credit side.
    fn subsidy(self) -> &'static [(&'static str, bool, bool)] {
        match self {
            Stage::Budget => &[
                ("901", true, false),
                ("911", true, true),
                ("912", true, true),
                ("913", true, true),
                ("914", false, true),
            ],
            Stage::BeforeClosing => &[("10201", true, true), ("40201", false, true), ("5030501", true, false)],
            Stage::AfterClosing => {
                &[("10201", true, true), ("40201", true, true), ("5030501", true, true), ("32103", true, true)]
            }
        }
    }
}

/// The rows that a season must have at a stage.
pub fn rows(season: Season, stage: Stage) -> BTreeMap<Key, Row> {
    let mut rows: BTreeMap<Key, Row> = stage.file().lines().skip(1).map(row_of).collect();
    let fewer = (MEMBERS - i64::from(season.members())) * SUBSIDY_FEN;
    for (account, debit, credit) in stage.subsidy() {
        let row = rows.get_mut(&("S2P".to_owned(), (*account).to_owned())).expect("the season has this row");
        row[0] -= if *debit { fewer } else { 0 };
        row[1] -= if *credit { fewer } else { 0 };
    }
    let paid = |heads: u32| i64::from(heads) * OWN_SHARE_FEN;
    let (members, unions) = (season.paying_members(), season.members() - season.paying_members());
    for (source, collected, remitted) in
        [("S1M", paid(members), paid(members - season.not_remitted())), ("S1U", paid(unions), paid(unions))]
    {
        let mut set = |account: &str, debit: i64, credit: i64| {
            let row = rows.get_mut(&(source.to_owned(), account.to_owned()));
            if let Some(row) = row {
                (row[0], row[1]) = (debit, credit);
            }
        };
        set("10202", collected, remitted);
        set("22101", remitted, collected);
    }
    for row in rows.values_mut() {
        let balance = row[0] - row[1];
        (row[2], row[3]) = (balance.max(0), (-balance).max(0));
    }
    rows
}

/// The rows of a trial balance as answered.
pub fn found(answer: &v1::GetTrialBalanceResponse) -> BTreeMap<Key, Row> {
    let rows = answer.rows.iter().map(|row| {
        let sums = [row.debit_total_fen, row.credit_total_fen, row.debit_balance_fen, row.credit_balance_fen];
        ((row.source.clone(), row.account.clone()), sums)
    });
    rows.filter(|(_, sums)| *sums != [0; 4]).collect()
}

/// A row of a file: source, account, name, and four amounts in yuan.
fn row_of(line: &str) -> (Key, Row) {
    let fields: Vec<&str> = line.split(',').collect();
    let [source, account, _, amounts @ ..] = fields.as_slice() else { panic!("a short row: {line}") };
    let amounts: Vec<i64> = amounts.iter().map(|yuan| fen(yuan)).collect();
    ((source.to_string(), account.to_string()), amounts.try_into().expect("a row has four amounts"))
}

/// Fen of yuan with two decimals.
fn fen(yuan: &str) -> i64 {
    yuan.replacen('.', "", 1).parse().unwrap_or_else(|_| panic!("no amount: {yuan}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_season_is_the_worked_one() {
        for stage in [Stage::Budget, Stage::BeforeClosing, Stage::AfterClosing] {
            let worked: BTreeMap<Key, Row> = stage.file().lines().skip(1).map(row_of).collect();
            assert_eq!(rows(Season::of(1_000), stage), worked, "{stage:?}");
        }
    }

    #[test]
    fn a_smaller_season_balances_too() {
        for stage in [Stage::Budget, Stage::BeforeClosing, Stage::AfterClosing] {
            let rows = rows(Season::of(10), stage);
            let sum = |column: usize| rows.values().map(|row| row[column]).sum::<i64>();
            assert_eq!((sum(0), sum(2)), (sum(1), sum(3)), "{stage:?}");
            assert!(rows.values().flatten().all(|fen| *fen >= 0), "{stage:?}");
        }
    }
}
