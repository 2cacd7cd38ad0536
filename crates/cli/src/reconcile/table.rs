//! Statements in rows and columns, CSV or a spreadsheet's first sheet, read by a column mapping. Headings may stand below a few rows of
//! the bank's own; every fault of every row and column is told.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use calamine::{Data, Reader as _};
use chrono::NaiveDate;
use record::kinds::LineNature;

use super::faults::Faults;
use super::line::{Raw, Read, amount};
use super::mapping::Mapping;
use crate::csv::Reader;
use crate::lang::Lang;

/// Rows of a file: its number as its user sees it, and the cells.
type Rows = Vec<(u64, Vec<String>)>;

/// Reads a statement.
pub fn read(file: &Path, mapping: &Mapping, lang: Lang, faults: &mut Faults) -> anyhow::Result<Read> {
    let extension = file.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    let rows = if matches!(extension.as_str(), "csv" | "txt") { csv(file, mapping)? } else { spreadsheet(file)? };
    lines(rows, mapping, lang, faults).with_context(|| file.display().to_string())
}

fn csv(file: &Path, mapping: &Mapping) -> anyhow::Result<Rows> {
    let bytes = std::fs::read(file).with_context(|| format!("opening {}", file.display()))?;
    let text = if mapping.encoding == "GB18030" {
        let decoded = encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(&bytes);
        decoded.context("the file is not GB18030")?.into_owned().into_bytes()
    } else {
        bytes
    };
    let mut reader = Reader::new(text.as_slice());
    let mut rows = Vec::new();
    while let Some((line, cells)) = reader.row()? {
        rows.push((line, cells.into_iter().map(|cell| cell.trim().to_owned()).collect()));
    }
    Ok(rows)
}

fn spreadsheet(file: &Path) -> anyhow::Result<Rows> {
    let mut book = calamine::open_workbook_auto(file).with_context(|| format!("opening {}", file.display()))?;
    let sheet = book.worksheet_range_at(0).with_context(|| format!("{} has no sheet", file.display()))??;
    let first = sheet.start().map_or(0, |(row, _)| u64::from(row));
    Ok((first + 1..).zip(sheet.rows().map(|cells| cells.iter().map(cell).collect())).collect())
}

/// A cell as text. Days become `YYYY-MM-DD`, numbers have two decimals at most: beyond them a float is not what was typed.
fn cell(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        Data::Float(number) if (number * 100.0 - (number * 100.0).round()).abs() < 1e-4 => format!("{number:.2}"),
        Data::DateTime(at) if at.is_datetime() => {
            let (year, month, day, ..) = at.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        Data::DateTimeIso(text) => text.chars().take(10).collect(),
        other => other.to_string().trim().to_owned(),
    }
}

/// Where the mapped columns stand.
struct Places {
    id: Option<usize>,
    date: usize,
    amount: Option<usize>,
    direction: Option<usize>,
    came_in: Option<usize>,
    went_out: Option<usize>,
    balance: Option<usize>,
    reference: Option<usize>,
    party: Option<usize>,
    party_no: Option<usize>,
    memo: Option<usize>,
}

impl Places {
    /// Finds every mapped heading in the row of headings; each that is missing or stands twice is told.
    fn of(head: &[String], mapping: &Mapping) -> anyhow::Result<Places> {
        let mut faults = Vec::new();
        let mut place = |name: &Option<String>| {
            let name = name.as_ref()?;
            let found: Vec<usize> = (0..).zip(head).filter(|(_, cell)| *cell == name).map(|(at, _)| at).collect();
            match found.as_slice() {
                [at] => return Some(*at),
                [] => faults.push(format!("column {name} is missing")),
                _ => faults.push(format!("column {name} stands twice")),
            }
            None
        };
        let columns = &mapping.columns;
        let places = Places {
            id: place(&columns.id),
            date: place(&Some(columns.date.clone())).unwrap_or_default(),
            amount: place(&columns.amount),
            direction: place(&columns.direction),
            came_in: place(&columns.came_in),
            went_out: place(&columns.went_out),
            balance: place(&columns.balance),
            reference: place(&columns.reference),
            party: place(&columns.party),
            party_no: place(&columns.party_no),
            memo: place(&columns.memo),
        };
        ensure!(faults.is_empty(), "{}", faults.join("; "));
        Ok(places)
    }
}

/// One row under judgement.
struct Row<'r> {
    number: u64,
    cells: &'r [String],
    mapping: &'r Mapping,
    places: &'r Places,
    lang: Lang,
}

impl<'r> Row<'r> {
    fn cell(&self, at: Option<usize>) -> &'r str {
        at.and_then(|at| self.cells.get(at)).map_or("", String::as_str)
    }

    fn fault(&self, faults: &mut Faults, column: &Option<String>, zh: &str, en: &str) {
        faults.row(self.number, column.as_deref().unwrap_or_default(), self.lang.pick(zh, en));
    }

    fn date(&self, faults: &mut Faults) -> Option<NaiveDate> {
        let text = self.cell(Some(self.places.date));
        let format = self.mapping.strftime()?;
        // What a spreadsheet keeps as a day has one form, whatever the mapping says.
        let read =
            NaiveDate::parse_and_remainder(text, format).or_else(|_| NaiveDate::parse_and_remainder(text, "%Y-%m-%d"));
        match read {
            Ok((date, rest)) if rest.is_empty() || rest.starts_with([' ', 'T']) => Some(date),
            _ => {
                let (zh, en) = (
                    format!("须为日期 {}", self.mapping.date_format),
                    format!("a day {} is expected", self.mapping.date_format),
                );
                self.fault(faults, &Some(self.mapping.columns.date.clone()), &zh, &en);
                None
            }
        }
    }

    /// An amount in a column; none where the cell is empty.
    fn money(&self, faults: &mut Faults, at: Option<usize>, column: &Option<String>) -> Option<i64> {
        let text = self.cell(at);
        if text.is_empty() {
            return None;
        }
        let read = amount(text).ok();
        if read.is_none() {
            self.fault(faults, column, "须为金额（元）", "an amount in yuan is expected");
        }
        read
    }

    /// The signed amount of the row.
    fn signed(&self, faults: &mut Faults) -> Option<i64> {
        let (columns, places) = (&self.mapping.columns, self.places);
        if columns.amount.is_none() {
            let before = faults.count();
            let came_in = self.money(faults, places.came_in, &columns.came_in).filter(|fen| *fen != 0);
            let went_out = self.money(faults, places.went_out, &columns.went_out).filter(|fen| *fen != 0);
            return match (came_in, went_out) {
                _ if faults.count() > before => None,
                (Some(fen), None) => Some(fen),
                (None, Some(fen)) => Some(-fen),
                _ => {
                    self.fault(
                        faults,
                        &columns.came_in,
                        "收入与支出须恰有一项",
                        "exactly one of in and out is expected",
                    );
                    None
                }
            };
        }
        if self.cell(places.amount).is_empty() {
            self.fault(faults, &columns.amount, "须为金额（元）", "an amount in yuan is expected");
            return None;
        }
        let fen = self.money(faults, places.amount, &columns.amount)?;
        if fen == 0 {
            self.fault(faults, &columns.amount, "金额不得为零", "is zero");
            return None;
        }
        let Some(_) = columns.direction else { return Some(fen) };
        let word = self.cell(places.direction);
        let is = |words: &[String]| words.iter().any(|known| known == word);
        match (is(&self.mapping.words.came_in), is(&self.mapping.words.went_out)) {
            (true, false) => Some(fen),
            (false, true) => Some(-fen),
            _ => {
                self.fault(faults, &columns.direction, "不是映射文件所列的收付标志", "is none of the mapping's words");
                None
            }
        }
    }

    fn nature(&self) -> LineNature {
        let memo = self.cell(self.places.memo);
        let says = |words: &[String]| words.iter().any(|word| !word.is_empty() && memo.contains(word));
        match (says(&self.mapping.words.interest), says(&self.mapping.words.charge)) {
            (true, _) => LineNature::Interest,
            (_, true) => LineNature::Charge,
            _ => LineNature::Other,
        }
    }
}

fn lines(rows: Rows, mapping: &Mapping, lang: Lang, faults: &mut Faults) -> anyhow::Result<Read> {
    let mut rows = rows.into_iter();
    let date = &mapping.columns.date;
    let Some((_, head)) = rows.find(|(_, cells)| cells.iter().any(|cell| cell == date)) else {
        bail!("no row has the heading {date}");
    };
    let places = Places::of(&head, mapping)?;
    let mut read = Read::default();
    let mut balance: Option<i64> = None;
    let mut rows: Rows = rows.collect();
    if mapping.newest_first {
        rows.reverse();
    }
    for (number, cells) in rows {
        let first = cells.iter().find(|cell| !cell.is_empty());
        let Some(first) = first else { continue };
        if mapping.skip_rows.iter().any(|skipped| !skipped.is_empty() && first.starts_with(skipped)) {
            continue;
        }
        let row = Row { number, cells: &cells, mapping, places: &places, lang };
        let (date, fen) = (row.date(faults), row.signed(faults));
        let after = row.money(faults, places.balance, &mapping.columns.balance);
        if places.balance.is_some() && after.is_none() && row.cell(places.balance).is_empty() {
            row.fault(faults, &mapping.columns.balance, "须为余额（元）", "a balance in yuan is expected");
        }
        if let (Some(fen), Some(after)) = (fen, after) {
            let before = after - fen;
            if balance.is_some_and(|balance| balance != before) {
                let (zh, en) = ("与上一行余额接不上", "does not follow from the row before");
                row.fault(faults, &mapping.columns.balance, zh, en);
            }
            read.opening.get_or_insert(before);
            read.closing = Some(after);
        }
        balance = after;
        let id = row.cell(places.id);
        if places.id.is_some() && id.is_empty() {
            row.fault(faults, &mapping.columns.id, "须有明细号", "an id is expected");
        }
        if let (Some(date), Some(fen)) = (date, fen) {
            let raw = Raw {
                id,
                date,
                fen,
                nature: row.nature(),
                reference: row.cell(places.reference),
                party: row.cell(places.party),
                party_no: row.cell(places.party_no),
                memo: row.cell(places.memo),
            };
            read.add(number, &raw)?;
        }
    }
    Ok(read)
}
