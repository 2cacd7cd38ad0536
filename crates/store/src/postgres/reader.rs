//! A database opened for reading alone: connections that cannot write, and no book's lock.

use std::sync::Arc;

use engine::store::StoreError;

use super::connector::Connector;
use super::readers::Readers;
use super::{catalogue, schema};
use crate::reading::{From, Row, SchemaPart};

const WHAT: &str = "database";

/// The parts of our schemas.
const PARTS: &str = include_str!("parts.sql");

/// What a database that this version has migrated gives: a part a line, name and definition with a tab between. Its test writes it
/// (`UPDATE_FIXTURES=1`, `--test store_postgres`).
const MADE: &str = include_str!("schema.tsv");

/// Signed heads and cosignatures of books that are none. What else is laid to another book is missing in its own.
const STRAYS: &str = "SELECT (SELECT COUNT(*) FROM tree_head AS t WHERE NOT EXISTS (SELECT 1 FROM book AS b WHERE b.no = t.book)), \
     (SELECT COUNT(*) FROM cosignature AS c WHERE NOT EXISTS (SELECT 1 FROM book AS b WHERE b.no = c.book))";

/// See the module.
pub(crate) struct Reader {
    readers: Readers,
}

impl Reader {
    pub(crate) async fn open(url: &str) -> Result<Reader, StoreError> {
        let connector = Arc::new(Connector::new(url)?);
        let mut connection = connector.reading(WHAT).await?;
        schema::check(&mut connection).await?;
        Ok(Reader { readers: Readers::new(connector) })
    }

    /// Rows of the catalogue.
    pub(crate) async fn catalogue(&self, statement: &'static str) -> Result<Vec<Row>, StoreError> {
        self.ask(WHAT, statement, &[]).await
    }

    /// Rows of a book's log or views.
    pub(crate) async fn rows(
        &self,
        book: &str,
        from: From,
        statement: &'static str,
        binds: &[i64],
    ) -> Result<Vec<Row>, StoreError> {
        let what = match from {
            From::Log => "log",
            From::Views => "views",
        };
        let number = catalogue::number(&self.readers, book).await?.ok_or(StoreError::NoSuchBook)?;
        let binds: Vec<i64> = core::iter::once(number).chain(binds.iter().copied()).collect();
        self.ask(what, statement, &binds).await
    }

    async fn ask(&self, what: &'static str, statement: &'static str, binds: &[i64]) -> Result<Vec<Row>, StoreError> {
        let asked = || {
            let mut query = sqlx::query(statement);
            for bind in binds {
                query = query.bind(*bind);
            }
            query
        };
        let rows = self.readers.rows(what, asked).await?;
        Ok(rows.into_iter().map(|row| -> Row { Box::new(row) }).collect())
    }

    /// Rows that belong to no book.
    pub(crate) async fn damage(&self) -> Result<Vec<String>, StoreError> {
        let rows = self.ask(WHAT, STRAYS, &[]).await?;
        let mut found = Vec::new();
        for (at, table) in ["tree_head", "cosignature"].into_iter().enumerate() {
            let count = rows.first().map_or(Ok(0), |row| row.int(at))?;
            if count > 0 {
                found.push(format!("{table}: {count} rows of no book"));
            }
        }
        Ok(found)
    }

    /// The schema as it stands, and as it should be.
    pub(crate) async fn schema(&self) -> Result<(Vec<SchemaPart>, Vec<SchemaPart>), StoreError> {
        let rows = self.ask(WHAT, PARTS, &[]).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let definition = row.text(1)?.split_whitespace().collect::<Vec<_>>().join(" ");
            found.push(SchemaPart { name: row.text(0)?, definition });
        }
        found.sort();
        let part = |(name, definition): (&str, &str)| SchemaPart { name: name.into(), definition: definition.into() };
        Ok((found, MADE.lines().filter_map(|line| line.split_once('\t')).map(part).collect()))
    }
}
