//! The cells of a CSV file or of a spreadsheet's first sheet, as text, with the row that each line of the file stands on. What they mean is
//! for those who read them.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::Context;
use calamine::{Data, Reader as _};
use chrono::NaiveDate;

use crate::csv::Reader;

/// Rows of a file with their numbers, from 1.
pub type Rows = Vec<(u64, Vec<String>)>;

/// Reads a file: `.csv`, or a spreadsheet (xlsx, xls, ods).
pub fn read(file: &Path) -> anyhow::Result<Rows> {
    let is_csv = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    if is_csv { csv(file) } else { spreadsheet(file) }
}

fn csv(file: &Path) -> anyhow::Result<Rows> {
    let open = File::open(file).with_context(|| format!("opening {}", file.display()))?;
    let mut reader = Reader::new(BufReader::new(open));
    let mut lines = Vec::new();
    while let Some(line) = reader.row()? {
        lines.push(line);
    }
    Ok(lines)
}

fn spreadsheet(file: &Path) -> anyhow::Result<Rows> {
    let mut book = calamine::open_workbook_auto(file).with_context(|| format!("opening {}", file.display()))?;
    let sheet = book.worksheet_range_at(0).with_context(|| format!("{} has no sheet", file.display()))??;
    let first = sheet.start().map_or(0, |(row, _)| u64::from(row));
    Ok((first + 1..).zip(sheet.rows().map(|cells| cells.iter().map(text).collect())).collect())
}

/// A cell as its user sees it: whole numbers without a point, days as YYYY-MM-DD. An identity number that the spreadsheet keeps as a number
/// has lost its last digits: it stays what it is, and the check digit tells.
fn text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e18 => format!("{number:.0}"),
        Data::DateTime(moment) => day(moment.as_f64()).unwrap_or_else(|| cell.to_string()),
        other => other.to_string().trim().to_owned(),
    }
}

/// The day of a spreadsheet's serial number, which counts from the end of 1899; none where it holds a time of day too.
fn day(serial: f64) -> Option<String> {
    // Whole numbers of this size are exact, so the cast changes nothing.
    #[expect(clippy::cast_possible_truncation, reason = "checked just before")]
    let days = (serial.fract() == 0.0 && (1.0..1e6).contains(&serial)).then_some(serial as i64)?;
    let start = NaiveDate::from_ymd_opt(1899, 12, 30)?;
    Some(start.checked_add_signed(chrono::TimeDelta::try_days(days)?)?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_read_as_people_see_them() {
        assert_eq!(day(43_210.0).as_deref(), Some("2018-04-20"));
        assert_eq!((day(43_210.5), day(0.0)), (None, None));
        assert_eq!(text(&Data::Float(1_000.0)), "1000");
        assert_eq!(text(&Data::Float(0.05)), "0.05");
        assert_eq!(text(&Data::String(" a ".into())), "a");
    }
}
