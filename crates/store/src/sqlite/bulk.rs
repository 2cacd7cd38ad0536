//! Many rows by few statements: multi-row INSERTs of fixed sizes, so that a handful of prepared statements serves every batch.

use std::sync::OnceLock;

use sqlx::Arguments;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArguments, SqliteConnection};

/// Rows of one statement, largest first: each statement is handed to another thread and back, some 20 us. 1 takes every rest. The widest
/// rows stay far below the 32,766 values that SQLite takes.
const SIZES: [usize; 3] = [256, 16, 1];

/// An INSERT of many rows: what stands before VALUES, how many columns, what stands after.
pub(super) struct Bulk {
    before: &'static str,
    columns: usize,
    after: &'static str,
    texts: [OnceLock<String>; SIZES.len()],
}

/// The values of one row, in the order of its columns.
pub(super) type Values = SqliteArguments;

impl Bulk {
    /// An INSERT of rows of so many columns.
    pub(super) const fn new(before: &'static str, columns: usize, after: &'static str) -> Bulk {
        Bulk { before, columns, after, texts: [const { OnceLock::new() }; SIZES.len()] }
    }

    /// Inserts the rows in order.
    pub(super) async fn insert<T>(
        &'static self,
        connection: &mut SqliteConnection,
        rows: &[T],
        bind: impl Fn(&T, &mut Values) -> Result<(), BoxDynError>,
    ) -> Result<(), sqlx::Error> {
        let mut rest = rows;
        for (size, text) in SIZES.into_iter().zip(&self.texts) {
            while let Some((some, others)) = rest.split_at_checked(size) {
                let mut values = Values::default();
                values.reserve(size * self.columns, 0);
                for row in some {
                    bind(row, &mut values).map_err(sqlx::Error::Encode)?;
                }
                let text: &'static str = text.get_or_init(|| self.text(size));
                sqlx::query_with(text, values).execute(&mut *connection).await?;
                rest = others;
            }
        }
        Ok(())
    }

    /// The statement for so many rows. Its values have no names: SQLite looks each name up in a list, which for a thousand of them
    /// took four times as long as the inserts themselves.
    fn text(&self, rows: usize) -> String {
        let mut text = String::from(self.before);
        for row in 0..rows {
            text.push_str(if row == 0 { " VALUES (" } else { ", (" });
            for column in 0..self.columns {
                text.push_str(if column == 0 { "?" } else { ", ?" });
            }
            text.push(')');
        }
        text.push_str(self.after);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_a_place_for_each_value() {
        let bulk = Bulk::new("INSERT INTO t (a, b)", 2, " RETURNING a");
        assert_eq!(bulk.text(1), "INSERT INTO t (a, b) VALUES (?, ?) RETURNING a");
        assert_eq!(bulk.text(2), "INSERT INTO t (a, b) VALUES (?, ?), (?, ?) RETURNING a");
    }
}
