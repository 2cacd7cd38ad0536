//! The demonstration as a user runs it: its trial balances are those of the worked season, row by row and to the fen; every diversion is
//! refused by the rule that it is about. What a ledger does step by step is in the scenarios.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// One run for all tests of this file: it takes seconds.
fn played() -> &'static Value {
    static PLAYED: std::sync::OnceLock<Value> = std::sync::OnceLock::new();
    PLAYED.get_or_init(|| {
        let data = tempfile::tempdir().expect("a folder");
        let output = Command::new(earmark::program())
            .args(["demo", "--json", "--data"])
            .arg(data.path())
            .env_clear()
            .output()
            .expect("earmark runs");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{out}{err}");
        serde_json::from_str(&out).expect("--json answers JSON alone")
    })
}

#[path = "cli_program/mod.rs"]
mod earmark;

/// Fen of an amount as the files have it.
fn fen(text: &str) -> i64 {
    let (yuan, fen) = text.split_once('.').expect("two decimals");
    assert_eq!(fen.len(), 2, "{text}");
    yuan.parse::<i64>().expect("yuan") * 100 + fen.parse::<i64>().expect("fen")
}

type Row = (String, String, String, [i64; 4]);

fn expected(csv: &str) -> Vec<Row> {
    let mut lines = csv.lines();
    let heading = "source,account,account_name,debit_total,credit_total,debit_balance,credit_balance";
    assert_eq!(lines.next(), Some(heading));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells.len(), 7, "{line}");
        let amounts = [fen(cells[3]), fen(cells[4]), fen(cells[5]), fen(cells[6])];
        (cells[0].to_owned(), cells[1].to_owned(), cells[2].to_owned(), amounts)
    };
    lines.map(row).collect()
}

fn answered(name: &str) -> Vec<Row> {
    let rows = played()["trial_balances"][name].as_array().unwrap_or_else(|| panic!("{name}"));
    let text = |row: &Value, name: &str| row[name].as_str().expect("text").to_owned();
    let amount = |row: &Value, name: &str| row[name].as_i64().expect("fen");
    rows.iter()
        .map(|row| {
            let amounts = ["debit_total_fen", "credit_total_fen", "debit_balance_fen", "credit_balance_fen"];
            (
                text(row, "source"),
                text(row, "account"),
                text(row, "account_name"),
                amounts.map(|name| amount(row, name)),
            )
        })
        .collect()
}

#[test]
fn the_trial_balances_are_those_of_the_worked_season() {
    for (name, csv) in [
        ("before_closing", include_str!("../fixtures/season-2018/trial-balance-before-closing.csv")),
        ("after_closing", include_str!("../fixtures/season-2018/trial-balance-after-closing.csv")),
        ("budget", include_str!("../fixtures/season-2018/budget-trial-balance.csv")),
    ] {
        let (expected, answered) = (expected(csv), answered(name));
        assert!(expected.len() > 15, "{name}: the file is whole");
        for (expected, answered) in expected.iter().zip(&answered) {
            assert_eq!(expected, answered, "{name}");
        }
        assert_eq!(expected.len(), answered.len(), "{name}");
    }
}

#[test]
fn both_charts_have_the_same_totals_by_source_and_element() {
    // In both charts the first digit of an account is its element: assets, liabilities, net assets, income, expense.
    let totals = |name: &str| {
        let mut by_element: BTreeMap<(String, String), (i64, i64, i64)> = BTreeMap::new();
        for (source, account, _, [debits, credits, debit_balance, credit_balance]) in answered(name) {
            let sums = by_element.entry((source, account[..1].to_owned())).or_default();
            // Accounts that the older chart does not tell apart net their balances: compared as one.
            *sums = (sums.0 + debits, sums.1 + credits, sums.2 + debit_balance - credit_balance);
        }
        by_element
    };
    for name in ["before_closing", "after_closing"] {
        let (v2021, v2009) = (totals(name), totals(&format!("{name}_2009")));
        assert!(v2021.len() > 15, "{name}");
        assert_eq!(v2021, v2009, "{name}");
    }
    assert_ne!(answered("before_closing"), answered("before_closing_2009"), "two charts, not one");
}

#[test]
fn the_statement_ties_to_the_trial_balance() {
    let statement = played()["statement"].as_array().expect("rows");
    let column = |source: &str, name: &str| {
        let row = statement.iter().find(|row| row["source"] == source).unwrap_or_else(|| panic!("{source}"));
        row["columns"][name].as_i64().unwrap_or_else(|| panic!("{source} {name}"))
    };
    for (source, opening, income, expense, closing) in [
        ("S2P", 0, 5_000_000_000, 4_999_971_500, 28_500),
        ("S2F", 0, 20_000_000, 19_000_000, 1_000_000),
        ("S3R", 0, 10_000_000, 9_500_000, 500_000),
        ("S3N", 0, 5_000_000, 4_000_000, 1_000_000),
        ("S4C", 0, 3_000_000, 0, 3_000_000),
        ("S4S", 0, 2_000_000, 0, 2_000_000),
        ("S5I", 0, 1_234_567, 0, 1_234_567),
        ("S6X", 0, 500_000, 0, 500_000),
    ] {
        let found = ["opening_fen", "income_fen", "expense_fen", "closing_fen"].map(|name| column(source, name));
        assert_eq!(found, [opening, income, expense, closing], "{source}");
    }
    for (source, collected, remitted, left) in
        [("S1M", 800_000_000, 799_800_000, 200_000), ("S1U", 432_000_000, 432_000_000, 0)]
    {
        let found = ["collected_fen", "remitted_fen", "closing_fen"].map(|name| column(source, name));
        assert_eq!(found, [collected, remitted, left], "{source}");
    }
}

#[test]
fn every_diversion_is_refused_by_the_rule_that_it_is_about() {
    let refused = played()["refused"].as_array().expect("attempts");
    let rules = |attempt: &Value| -> Vec<String> {
        let rules = attempt["rules"].as_array().expect("rules");
        rules.iter().map(|rule| rule["rule"].as_str().expect("a code").to_owned()).collect()
    };
    for (attempt, rule) in [
        ("pay a city federation instead of the association", "USE-006"),
        ("spend it on administration", "USE-012"),
        ("lend it out as a receivable", "USE-010"),
        ("pay 80 yuan a head where the standard is 95", "USE-004"),
        ("pay 900 yuan for ten heads at 95", "USE-005"),
        ("the 616,001st member", "BUD-001"),
        ("pay with another source's money", "SRC-004"),
        ("spend a donation outside its agreement", "USE-011"),
        ("pay for hardship workers whom no department reviewed", "APR-002"),
        ("take cash from the special account", "DIV-003"),
        ("book a bank slip a second time", "LED-011"),
        ("commit more than the budget holds", "BUD-001"),
        ("enrol after the deadline, the form dated back", "ENR-009"),
        ("date a voucher back into closed November", "LED-007"),
        ("make the maker a reviewer too", "LED-009"),
        ("pass the 20 yuan to another union", "REM-003"),
        ("turn carry-forward into surplus without approval", "DIV-007"),
    ] {
        let found = refused.iter().find(|found| found["attempt"] == attempt).unwrap_or_else(|| panic!("{attempt}"));
        assert!(rules(found).iter().any(|found| found == rule), "{attempt}: {found}");
        assert_eq!(found["code"], "FAILED_PRECONDITION", "{attempt}");
        for hit in found["rules"].as_array().expect("rules") {
            assert!(hit["text"].as_str().is_some_and(|text| text.contains('（')), "a hit names its clause: {hit}");
        }
    }
    let own = refused.iter().find(|found| found["attempt"] == "review one's own payment").expect("own review");
    assert_eq!(own["code"], "FAILED_PRECONDITION");
    assert!(rules(own).iter().any(|rule| rule == "LED-009"), "{own}");
    let personal = refused.iter().find(|found| found["code"] == "INVALID_ARGUMENT").expect("a personal number");
    let text = personal.to_string();
    assert!(text.contains("PII-001") && !text.contains("110101199003070011"), "{text}");
    // Refusals by rule are records; what is denied or malformed leaves none.
    let recorded = refused.iter().filter(|found| found["code"] == "FAILED_PRECONDITION").count();
    assert_eq!(played()["rejections"].as_u64(), Some(recorded as u64));
}

#[test]
fn the_signs_of_the_season_stand_on_their_days() {
    let days = played()["findings"].as_array().expect("days");
    // Fen and heads of a rule's signs on a day.
    let seen = |day: &str, rule: &str| {
        let of_day = days.iter().find(|found| found["day"] == day).unwrap_or_else(|| panic!("{day}"));
        let signs = of_day["signs"].as_array().expect("signs").iter().filter(|sign| sign["rule"] == rule);
        let sum = |name: &str| signs.clone().map(|sign| sign[name].as_i64().expect("a number")).sum::<i64>();
        (sum("amount_fen"), sum("heads"))
    };
    for (day, rule, fen, heads) in [
        ("2018-10-30", "REM-005", 0, 0),
        ("2018-10-31", "REM-005", 4_620_000_000, 616_000),
        ("2018-11-30", "REM-005", 0, 0),
        ("2018-11-30", "MAT-001", 1_232_000_000, 616_000),
        ("2018-12-01", "REM-001", 1_232_000_000, 0),
        ("2018-12-10", "REM-001", 200_000, 0),
        ("2018-12-10", "MAT-001", 200_000, 100),
        ("2018-12-10", "REM-002", 0, 0),
        ("2018-12-16", "REM-002", 200_000, 0),
    ] {
        assert_eq!(seen(day, rule), (fen, heads), "{day} {rule}");
    }
    let texts: Vec<&str> =
        days.iter().flat_map(|day| day["signs"].as_array().into_iter().flatten()).map(text_of).collect();
    assert!(
        texts.len() > 10 && texts.iter().all(|text| text.starts_with("疑似") || text.starts_with("possible")),
        "{texts:?}"
    );
}

fn text_of(sign: &Value) -> &str {
    sign["text"].as_str().expect("text")
}
