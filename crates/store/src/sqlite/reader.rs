//! Files of a data folder opened for reading alone, beside the process that writes them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::store::StoreError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteRow};
use sqlx::{ConnectOptions, Connection, Row as _};
use tokio::sync::Mutex;

use super::database::Kind;
use super::{BOOK, files};
use crate::error::store_error;
use crate::reading::{From, Row, SchemaPart};

/// How long a read waits for a lock that only a checkpoint holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// What a file's schema says: names and the tables that they belong to as they are spelled, those of automatic indexes too; our notes of
/// migration steps and SQLite's statistics apart.
const SCHEMA: &str = "SELECT type || ' ' || name, typeof(type) || typeof(name) || typeof(tbl_name) || typeof(sql) || ' ' \
     || tbl_name || ': ' || COALESCE(sql, '') FROM sqlite_schema \
     WHERE tbl_name NOT LIKE '\\_sqlx%' ESCAPE '\\' \
     AND (name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR name LIKE 'sqlite\\_autoindex%' ESCAPE '\\') ORDER BY 1";
/// Pages, indexes against their tables, and constraints; "ok" alone where nothing is wrong.
const INTEGRITY: &str = "PRAGMA integrity_check(100)";

/// See the module. Files are opened when first asked for.
pub(crate) struct Reader {
    dir: PathBuf,
    open: Mutex<Vec<(PathBuf, SqliteConnection)>>,
}

impl Reader {
    pub(crate) async fn open(dir: &Path) -> Result<Reader, StoreError> {
        let reader = Reader { dir: dir.to_owned(), open: Mutex::default() };
        reader.catalogue("SELECT 1").await?;
        Ok(reader)
    }

    /// Rows of the catalogue.
    pub(crate) async fn catalogue(&self, statement: &'static str) -> Result<Vec<Row>, StoreError> {
        self.ask(self.dir.join("catalogue.sqlite"), "catalogue", statement, &[]).await
    }

    /// Rows of a book's log or views.
    pub(crate) async fn rows(
        &self,
        book: &str,
        from: From,
        statement: &'static str,
        binds: &[i64],
    ) -> Result<Vec<Row>, StoreError> {
        let (name, what) = match from {
            From::Log => ("log.sqlite", "log"),
            From::Views => ("views.sqlite", "views"),
        };
        let binds: Vec<i64> = core::iter::once(BOOK).chain(binds.iter().copied()).collect();
        self.ask(self.book_dir(book).join(name), what, statement, &binds).await
    }

    fn book_dir(&self, book: &str) -> PathBuf {
        self.dir.join("books").join(files::folder_name(book))
    }

    async fn ask(
        &self,
        path: PathBuf,
        what: &'static str,
        statement: &'static str,
        binds: &[i64],
    ) -> Result<Vec<Row>, StoreError> {
        let fail = |e: sqlx::Error| store_error(what, &e);
        if !path.is_file() {
            return Err(StoreError::Unavailable(format!("{what}: there is no such file")));
        }
        let mut open = self.open.lock().await;
        let at = match open.iter().position(|(other, _)| *other == path) {
            Some(at) => at,
            None => {
                let connection = options(&path).connect().await.map_err(fail)?;
                open.push((path, connection));
                open.len() - 1
            }
        };
        let Some((_, connection)) = open.get_mut(at) else { return Ok(Vec::new()) };
        let mut query = sqlx::query(statement);
        for bind in binds {
            query = query.bind(*bind);
        }
        let rows: Vec<SqliteRow> = query.fetch_all(connection).await.map_err(fail)?;
        Ok(rows.into_iter().map(|row| -> Row { Box::new(row) }).collect())
    }

    /// The files that hold something of a book.
    fn files(&self, book: &str) -> [(Kind, PathBuf); 3] {
        [
            (Kind::Catalogue, self.dir.join("catalogue.sqlite")),
            (Kind::Log, self.book_dir(book).join("log.sqlite")),
            (Kind::Views, self.book_dir(book).join("views.sqlite")),
        ]
    }

    /// What SQLite finds wrong with these files.
    pub(crate) async fn damage(&self, book: &str) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        for (kind, path) in self.files(book) {
            for row in self.ask(path, kind.name(), INTEGRITY, &[]).await? {
                found.extend(
                    Some(row.text(0)?).filter(|text| text != "ok").map(|text| format!("{}: {text}", kind.name())),
                );
            }
        }
        Ok(found)
    }

    /// The schema of a book's files, and what this version makes.
    pub(crate) async fn schema(&self, book: &str) -> Result<(Vec<SchemaPart>, Vec<SchemaPart>), StoreError> {
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        for (kind, path) in self.files(book) {
            let rows = self.ask(path, kind.name(), SCHEMA, &[]).await?;
            for row in &rows {
                found.push(part(kind, row.text(0)?, &row.text(1)?));
            }
            expected.extend(made(kind).await?);
        }
        found.sort();
        expected.sort();
        Ok((found, expected))
    }
}

/// The schema that this version makes of a kind of file, made once a process.
async fn made(kind: Kind) -> Result<Vec<SchemaPart>, StoreError> {
    static MADE: Mutex<Vec<(Kind, Vec<SchemaPart>)>> = Mutex::const_new(Vec::new());
    let mut made = MADE.lock().await;
    if let Some((_, parts)) = made.iter().find(|(other, _)| *other == kind) {
        return Ok(parts.clone());
    }
    let parts = make(kind).await?;
    made.push((kind, parts.clone()));
    Ok(parts)
}

async fn make(kind: Kind) -> Result<Vec<SchemaPart>, StoreError> {
    let fail = |e: sqlx::Error| store_error(kind.name(), &e);
    let mut memory = SqliteConnectOptions::new().in_memory(true).connect().await.map_err(fail)?;
    kind.make(&mut memory).await?;
    let rows = sqlx::query(SCHEMA).fetch_all(&mut memory).await.map_err(fail)?;
    let mut parts = Vec::with_capacity(rows.len());
    for row in &rows {
        let (name, definition): (String, String) = (row.try_get(0).map_err(fail)?, row.try_get(1).map_err(fail)?);
        parts.push(part(kind, name, &definition));
    }
    memory.close().await.map_err(fail)?;
    Ok(parts)
}

/// White space says nothing.
fn part(kind: Kind, name: String, definition: &str) -> SchemaPart {
    let definition = definition.split_whitespace().collect::<Vec<_>>().join(" ");
    SchemaPart { name: format!("{} {name}", kind.name()), definition }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("trusted_schema", "OFF")
        .pragma("cell_size_check", "ON")
        .pragma("mmap_size", "0")
        .pragma("query_only", "ON")
        .disable_statement_logging()
}
