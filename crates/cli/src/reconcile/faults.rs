//! What is wrong with a file, every row of every column, in few words: rows with the same fault in the same column stand together.

use std::collections::BTreeMap;
use std::path::Path;

use crate::lang::Lang;

/// Spans of rows told of one fault; more are counted. Beyond it nobody reads on.
const SHOWN_SPANS: usize = 500;

/// Faults under way.
#[derive(Debug, Default)]
pub struct Faults {
    /// By column and words: the rows.
    rows: BTreeMap<(String, String), Vec<u64>>,
    /// Of the file as a whole.
    whole: Vec<String>,
}

impl Faults {
    /// A fault of a row's column.
    pub fn row(&mut self, row: u64, column: &str, words: &str) {
        self.rows.entry((column.to_owned(), words.to_owned())).or_default().push(row);
    }

    /// A fault of the file as a whole.
    pub fn whole(&mut self, words: impl Into<String>) {
        self.whole.push(words.into());
    }

    /// How many faults there are.
    pub fn count(&self) -> usize {
        self.whole.len() + self.rows.values().map(Vec::len).sum::<usize>()
    }

    /// Nothing, or an error that tells them all.
    pub fn ended(self, file: &Path, lang: Lang) -> anyhow::Result<()> {
        let count = self.count();
        if count == 0 {
            return Ok(());
        }
        let head = match lang {
            Lang::Zh => format!("{}：{count} 处有误，未报送任何一行", file.display()),
            Lang::En => format!("{}: {count} faults; nothing was sent", file.display()),
        };
        let of_rows = self.rows.into_iter().map(|((column, words), mut rows)| {
            rows.sort_unstable();
            let (label, listed) = (lang.pick("行", "rows"), listed(&rows));
            format!("  {column}: {words} ({label} {listed})")
        });
        let lines: Vec<String> = self.whole.iter().map(|words| format!("  {words}")).chain(of_rows).collect();
        anyhow::bail!("{head}\n{}", lines.join("\n"))
    }
}

/// Rows as people write them: `3, 17, 20-35`.
fn listed(rows: &[u64]) -> String {
    let mut spans: Vec<(u64, u64)> = Vec::new();
    for row in rows {
        match spans.last_mut() {
            Some((_, last)) if *row <= *last + 1 => *last = *row,
            _ => spans.push((*row, *row)),
        }
    }
    let more = spans.len().saturating_sub(SHOWN_SPANS);
    let shown = spans.iter().take(SHOWN_SPANS);
    let mut words: Vec<String> =
        shown.map(|(first, last)| if first == last { first.to_string() } else { format!("{first}-{last}") }).collect();
    if more > 0 {
        words.push(format!("... +{more}"));
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_told_and_the_rest_is_counted() {
        let mut faults = Faults::default();
        for row in [7, 3, 4, 5] {
            faults.row(row, "金额", "is no amount");
        }
        faults.whole("the balance does not add up");
        assert_eq!(faults.count(), 5);
        let text = faults.ended(Path::new("f.csv"), Lang::En).unwrap_err().to_string();
        assert!(text.contains("金额: is no amount (rows 3-5, 7)") && text.contains("does not add up"), "{text}");
        let odd: Vec<u64> = (0..2_000).map(|n| n * 2).collect();
        assert!(listed(&odd).ends_with("998, ... +1500"));
        assert!(Faults::default().ended(Path::new("f"), Lang::En).is_ok());
    }
}
