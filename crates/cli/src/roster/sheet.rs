//! The rows of an enrolment form (报名表, 附件2), from a spreadsheet or a CSV file: cells as text, found under the form's own headings. What the
//! cells must be is `tokenize`'s.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, bail};
use calamine::{Data, Reader as _};

use crate::csv::Reader;

/// Columns of the form that are looked at. The others (names, phones, health) are not read further than this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// 身份证号码
    Identity,
    /// 性别
    Sex,
    /// 年龄
    Age,
    /// 从事高危行业
    HighRisk,
    /// 保费(元)
    Premium,
}

impl Column {
    /// Every column, in the order of the form.
    pub const ALL: [Column; 5] = [Column::Identity, Column::Sex, Column::Age, Column::HighRisk, Column::Premium];

    /// Its heading in the form.
    pub const fn heading(self) -> &'static str {
        match self {
            Column::Identity => "身份证号码",
            Column::Sex => "性别",
            Column::Age => "年龄",
            Column::HighRisk => "从事高危行业",
            Column::Premium => "保费(元)",
        }
    }

    /// Whether a heading of the file is this one: blanks and the width of brackets do not count.
    fn is(self, heading: &str) -> bool {
        let plain: String = heading.chars().filter(|c| !c.is_whitespace()).collect();
        let plain = plain.replace('（', "(").replace('）', ")");
        plain == self.heading()
            || (self == Column::Premium && plain == "保费")
            || (self == Column::Identity && plain == "身份证号")
    }
}

/// A person's row: its place in the file as a spreadsheet shows it, and the cells that are looked at.
#[derive(Clone, Debug)]
pub struct Row {
    /// Row of the file, from 1.
    pub number: u64,
    cells: [String; 5],
}

impl Row {
    /// A cell.
    pub fn cell(&self, column: Column) -> &str {
        &self.cells[column as usize]
    }
}

/// The rows of persons in a file, `.csv` or a spreadsheet's first sheet.
pub fn read(file: &Path) -> anyhow::Result<Vec<Row>> {
    let is_csv = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let lines = if is_csv { csv(file)? } else { spreadsheet(file)? };
    rows(lines).with_context(|| file.display().to_string())
}

fn csv(file: &Path) -> anyhow::Result<Vec<(u64, Vec<String>)>> {
    let open = File::open(file).with_context(|| format!("opening {}", file.display()))?;
    let mut reader = Reader::new(BufReader::new(open));
    let mut lines = Vec::new();
    while let Some(line) = reader.row()? {
        lines.push(line);
    }
    Ok(lines)
}

fn spreadsheet(file: &Path) -> anyhow::Result<Vec<(u64, Vec<String>)>> {
    let mut book = calamine::open_workbook_auto(file).with_context(|| format!("opening {}", file.display()))?;
    let sheet = book.worksheet_range_at(0).with_context(|| format!("{} has no sheet", file.display()))??;
    let first = sheet.start().map_or(0, |(row, _)| u64::from(row));
    Ok((first + 1..).zip(sheet.rows().map(|cells| cells.iter().map(text).collect())).collect())
}

/// A cell as its user sees it. An identity number that the spreadsheet keeps as a number has lost its last digits: it stays what it is, and
/// the check digit tells.
fn text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e18 => format!("{number:.0}"),
        other => other.to_string().trim().to_owned(),
    }
}

fn rows(lines: Vec<(u64, Vec<String>)>) -> anyhow::Result<Vec<Row>> {
    let mut lines = lines.into_iter();
    let is_head = |cells: &[String]| cells.iter().any(|cell| Column::Identity.is(cell));
    let Some((_, head)) = lines.find(|(_, cells)| is_head(cells)) else {
        bail!("no row has the heading {}", Column::Identity.heading());
    };
    let mut places = [0; 5];
    for column in Column::ALL {
        let found: Vec<usize> = (0..).zip(&head).filter(|(_, cell)| column.is(cell)).map(|(at, _)| at).collect();
        match found.as_slice() {
            [at] => places[column as usize] = *at,
            [] => bail!("the column {} is missing", column.heading()),
            _ => bail!("the column {} stands twice", column.heading()),
        }
    }
    let of_person =
        lines.filter(|(_, cells)| places.iter().any(|at| cells.get(*at).is_some_and(|cell| !cell.is_empty())));
    let row = |(number, cells): (u64, Vec<String>)| Row {
        number,
        cells: places.map(|at| cells.get(at).map_or(String::new(), |cell| cell.trim().to_owned())),
    };
    Ok(of_person.map(row).collect())
}
