//! Tables for people: columns line up with Chinese text in them, amounts stand on the right.

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

/// A line below the headings and nothing else: columns are told apart by their edges.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table under way.
pub struct Sheet {
    table: Table,
    right: Vec<bool>,
}

impl Sheet {
    /// A table with these headings; `true` puts a column on the right.
    pub fn new<H: Into<String>>(headings: impl IntoIterator<Item = (H, bool)>) -> Sheet {
        let (names, right): (Vec<String>, Vec<bool>) =
            headings.into_iter().map(|(name, right)| (name.into(), right)).unzip();
        let mut table = Table::new();
        // Nothing is wrapped or cut: an amount that stands on two lines is misread.
        table.load_style(STYLE).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(names.into_iter().zip(&right).map(|(name, right)| aligned(name, *right)));
        Sheet { table, right }
    }

    /// Adds a row.
    pub fn row<C: Into<String>>(&mut self, cells: impl IntoIterator<Item = C>) {
        let right = self.right.iter().copied().chain(std::iter::repeat(false));
        self.table.add_row(cells.into_iter().zip(right).map(|(cell, right)| aligned(cell.into(), right)));
    }

    /// The table as text, without blanks at line ends.
    pub fn text(&self) -> String {
        self.table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
    }

    /// The rows alone, for lists that need no headings.
    pub fn bare_text(&self) -> String {
        self.table.lines().skip(2).map(|line| format!("{}\n", line.trim_end())).collect()
    }
}

fn aligned(text: String, right: bool) -> Cell {
    let cell = Cell::new(text);
    if right { cell.set_alignment(CellAlignment::Right) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns of a terminal that a character takes: two for Chinese characters and full-width forms.
    fn width(c: char) -> usize {
        let wide = matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}');
        if wide { 2 } else { 1 }
    }

    /// Where each text that stands alone in its cell begins and ends on the screen.
    fn edges(line: &str, text: &str) -> (usize, usize) {
        let at = line.find(text).unwrap_or_else(|| panic!("{text} in {line}"));
        let begin: usize = line[..at].chars().map(width).sum();
        (begin, begin + text.chars().map(width).sum::<usize>())
    }

    #[test]
    fn columns_line_up_with_chinese_text() {
        let mut sheet = Sheet::new([("来源", false), ("科目名称", false), ("借方发生额", true), ("end", false)]);
        sheet.row(["S2P", "银行存款-专户", "50,000,285.00", "x"]);
        sheet.row(["S1M", "bank", "0.00", "y"]);
        sheet.row(["S3N", "其他收入-捐赠(非限定)", "1.00", "z"]);
        let text = sheet.text();
        let line = |part: &str| text.lines().find(|line| line.contains(part)).unwrap();
        let names = ["科目名称", "银行存款-专户", "bank", "其他收入-捐赠(非限定)"];
        let begins: Vec<usize> = names.iter().map(|name| edges(line(name), name).0).collect();
        assert!(begins.windows(2).all(|pair| pair[0] == pair[1]), "{text}");
        let amounts = ["借方发生额", "50,000,285.00", "0.00 ", "1.00"];
        let ends: Vec<usize> = [("借方发生额", "借方"), ("50,000,285.00", "S2P"), ("0.00", "bank"), ("1.00", "S3N")]
            .iter()
            .map(|(amount, of)| edges(line(of), amount).1)
            .collect();
        assert!(ends.windows(2).all(|pair| pair[0] == pair[1]), "{amounts:?}\n{text}");
        let last: Vec<usize> = ["end", "x", "y", "z"]
            .iter()
            .zip(["end", "S2P", "S1M", "S3N"])
            .map(|(cell, of)| line(of).trim_end().chars().map(width).sum::<usize>() - cell.len())
            .collect();
        assert!(last.windows(2).all(|pair| pair[0] == pair[1]), "{text}");
    }
}
