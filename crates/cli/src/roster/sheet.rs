//! The rows of an enrolment form (报名表, 附件2), found under the form's own headings in the cells that `grid` reads. What the cells must be is
//! `tokenize`'s.

use std::path::Path;

use anyhow::{Context, bail};

use crate::grid;

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
    let lines = grid::read(file)?;
    rows(lines).with_context(|| file.display().to_string())
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
