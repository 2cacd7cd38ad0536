//! Column mappings: how one bank lays out its statements, in a TOML file, or in a CSV file of `key,value` rows with the same keys.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

use crate::csv::Reader;

/// How a file is laid out. Columns are named by their headings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// `UTF-8` or `GB18030` (which GBK and GB 2312 are part of); for CSV.
    #[serde(default = "utf8")]
    pub encoding: String,
    /// Form of a day: `YYYY-MM-DD`, `YYYYMMDD`, `YYYY/MM/DD`, `YYYY.MM.DD` or `YYYY年MM月DD日`. A time of day behind it is not looked at.
    pub date_format: String,
    /// Rows whose first cell begins with one of these are no lines: totals, remarks.
    #[serde(default)]
    pub skip_rows: Vec<String>,
    /// Whether the newest line stands first.
    #[serde(default)]
    pub newest_first: bool,
    /// Headings.
    pub columns: Columns,
    /// Words that tell what a line is.
    #[serde(default)]
    pub words: Words,
}

/// Headings of a file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The bank's number of a line; without it ids are made of the lines.
    #[serde(default)]
    pub id: Option<String>,
    /// Day.
    pub date: String,
    /// One column of amounts: signed, or with `direction`.
    #[serde(default)]
    pub amount: Option<String>,
    /// Column that says whether an amount came in or went out.
    #[serde(default)]
    pub direction: Option<String>,
    /// Amounts that came in, where in and out have columns of their own.
    #[serde(default, rename = "in")]
    pub came_in: Option<String>,
    /// Amounts that went out.
    #[serde(default, rename = "out")]
    pub went_out: Option<String>,
    /// Balance after the line: then opening and closing balance follow from the file, and every row is checked.
    #[serde(default)]
    pub balance: Option<String>,
    /// The other side's number of the movement.
    #[serde(default)]
    pub reference: Option<String>,
    /// The other side's name.
    #[serde(default)]
    pub party: Option<String>,
    /// The other side's account.
    #[serde(default)]
    pub party_no: Option<String>,
    /// The bank's words.
    #[serde(default)]
    pub memo: Option<String>,
}

/// Words of a file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// What `direction` says of money that came in.
    #[serde(default, rename = "in")]
    pub came_in: Vec<String>,
    /// What `direction` says of money that went out.
    #[serde(default, rename = "out")]
    pub went_out: Vec<String>,
    /// Words in the bank's own text that mean interest.
    #[serde(default)]
    pub interest: Vec<String>,
    /// Words in the bank's own text that mean a charge.
    #[serde(default)]
    pub charge: Vec<String>,
}

fn utf8() -> String {
    "UTF-8".to_owned()
}

/// Forms of a day.
const DATE_FORMATS: &[(&str, &str)] = &[
    ("YYYY-MM-DD", "%Y-%m-%d"),
    ("YYYYMMDD", "%Y%m%d"),
    ("YYYY/MM/DD", "%Y/%m/%d"),
    ("YYYY.MM.DD", "%Y.%m.%d"),
    ("YYYY年MM月DD日", "%Y年%m月%d日"),
];

impl Mapping {
    /// Reads a mapping file; everything that is wrong with it is told at once.
    pub fn read(file: &Path) -> anyhow::Result<Mapping> {
        let text = std::fs::read_to_string(file).with_context(|| format!("opening {}", file.display()))?;
        let is_csv = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        let read = if is_csv { of_csv(&text) } else { toml::from_str(&text).map_err(anyhow::Error::from) };
        let mapping: Mapping = read.with_context(|| format!("{} is no column mapping", file.display()))?;
        let faults = mapping.faults();
        ensure!(faults.is_empty(), "{}: {}", file.display(), faults.join("; "));
        Ok(mapping)
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.strftime().is_none() {
            let known: Vec<&str> = DATE_FORMATS.iter().map(|(name, _)| *name).collect();
            faults.push(format!("date_format is one of {}", known.join(", ")));
        }
        if !matches!(self.encoding.as_str(), "UTF-8" | "GB18030") {
            faults.push("encoding is UTF-8 or GB18030".to_owned());
        }
        let columns = &self.columns;
        let one = columns.amount.is_some();
        let two = columns.came_in.is_some() || columns.went_out.is_some();
        if one == two || columns.came_in.is_some() != columns.went_out.is_some() {
            faults.push("columns has either amount, or in and out".to_owned());
        }
        if columns.direction.is_some() != (!self.words.came_in.is_empty() && !self.words.went_out.is_empty()) {
            faults.push("columns.direction goes with words.in and words.out".to_owned());
        }
        if columns.direction.is_some() && !one {
            faults.push("columns.direction goes with columns.amount".to_owned());
        }
        faults
    }

    /// The form of a day, as chrono has it.
    pub fn strftime(&self) -> Option<&'static str> {
        DATE_FORMATS.iter().find(|(name, _)| *name == self.date_format).map(|(_, format)| *format)
    }
}

/// A mapping of `key,value` rows: `columns.date,交易日期`, lists with `|` between.
fn of_csv(text: &str) -> anyhow::Result<Mapping> {
    const LISTS: [&str; 5] = ["skip_rows", "words.in", "words.out", "words.interest", "words.charge"];
    let mut table = toml::Table::new();
    let mut reader = Reader::new(text.as_bytes());
    while let Some((line, cells)) = reader.row()? {
        let [key, value] = cells.as_slice() else { bail!("line {line}: key,value is expected") };
        let list = || value.split('|').map(|part| toml::Value::String(part.to_owned())).collect();
        let value = match key.as_str() {
            "newest_first" => {
                toml::Value::Boolean(value.parse().with_context(|| format!("line {line}: true or false"))?)
            }
            key if LISTS.contains(&key) => toml::Value::Array(list()),
            _ => toml::Value::String(value.clone()),
        };
        let (within, name) = match key.split_once('.') {
            None => (&mut table, key.as_str()),
            Some((group, name)) => {
                let below = table.entry(group).or_insert_with(|| toml::Value::Table(toml::Table::new()));
                (below.as_table_mut().with_context(|| format!("line {line}: {group} is no group"))?, name)
            }
        };
        ensure!(within.insert(name.to_owned(), value).is_none(), "line {line}: {key} stands twice");
    }
    Ok(table.try_into()?)
}
