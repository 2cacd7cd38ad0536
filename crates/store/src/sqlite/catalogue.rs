//! The catalogue: books and tokens. Several processes may use it at once (a server and the `token` command), so it has no lock of its
//! own beyond SQLite's, except while its schema is made.

use std::path::Path;

use engine::store::{BookEntry, StoreError, TokenEntry};
use record::Digest;

use super::database::{Database, Kind};
use super::files;
use crate::decode::Columns;
use crate::{decode, sql};

/// Opens the catalogue of a data folder.
pub(super) async fn open(dir: &Path) -> Result<Database, StoreError> {
    let lock = files::wait_for_lock(&dir.join("catalogue.lock")).await?;
    let database = Database::open(&dir.join("catalogue.sqlite"), Kind::Catalogue, true).await?;
    files::sync_dir(dir)?;
    drop(lock);
    Ok(database)
}

/// All books.
pub(super) async fn books(catalogue: &Database) -> Result<Vec<BookEntry>, StoreError> {
    let rows = sqlx::query(sql::BOOKS).fetch_all(catalogue.readers()).await.map_err(|e| catalogue.error(&e))?;
    rows.iter().map(decode::book).collect()
}

/// Whether a book is listed.
pub(super) async fn has_book(catalogue: &Database, code: &str) -> Result<bool, StoreError> {
    let count: i64 = sqlx::query_scalar(sql::HAS_BOOK)
        .bind(code.to_owned())
        .fetch_one(catalogue.readers())
        .await
        .map_err(|e| catalogue.error(&e))?;
    Ok(count > 0)
}

/// Lists a book; one that is listed stays as it is.
pub(super) async fn add_book(catalogue: &Database, entry: &BookEntry) -> Result<(), StoreError> {
    let fail = |e: sqlx::Error| catalogue.error(&e);
    let mut writing = catalogue.begin().await.map_err(fail)?;
    let listed: i64 =
        sqlx::query_scalar(sql::HAS_BOOK).bind(entry.book.clone()).fetch_one(writing.on()).await.map_err(fail)?;
    if listed == 0 {
        let add = sqlx::query(sql::ADD_BOOK).bind(entry.book.clone()).bind(entry.created_at);
        add.execute(writing.on()).await.map_err(fail)?;
    }
    writing.commit(entry.book.len()).await.map_err(fail)
}

/// Whether a book is still arriving; none if it is not listed.
pub(super) async fn arriving(catalogue: &Database, code: &str) -> Result<Option<bool>, StoreError> {
    let row = sqlx::query(sql::ARRIVING)
        .bind(code.to_owned())
        .fetch_optional(catalogue.readers())
        .await
        .map_err(|e| catalogue.error(&e))?;
    row.map(|row| Ok(row.int(0)? != 0)).transpose()
}

/// Lists a book that arrives.
pub(super) async fn add_arriving(catalogue: &Database, entry: &BookEntry) -> Result<(), StoreError> {
    let fail = |e: sqlx::Error| catalogue.error(&e);
    let mut writing = catalogue.begin().await.map_err(fail)?;
    let add = sqlx::query(sql::ADD_ARRIVING).bind(entry.book.clone()).bind(entry.created_at);
    add.execute(writing.on()).await.map_err(fail)?;
    writing.commit(entry.book.len()).await.map_err(fail)
}

/// Notes that a book has arrived.
pub(super) async fn arrived(catalogue: &Database, code: &str) -> Result<(), StoreError> {
    let fail = |e: sqlx::Error| catalogue.error(&e);
    let mut writing = catalogue.begin().await.map_err(fail)?;
    sqlx::query(sql::ARRIVED).bind(code.to_owned()).execute(writing.on()).await.map_err(fail)?;
    writing.commit(code.len()).await.map_err(fail)
}

/// The token with this hash.
pub(super) async fn token(catalogue: &Database, hash: &Digest) -> Result<Option<TokenEntry>, StoreError> {
    let row = sqlx::query(sql::TOKEN)
        .bind(hash.to_vec())
        .fetch_optional(catalogue.readers())
        .await
        .map_err(|e| catalogue.error(&e))?;
    row.as_ref().map(decode::token).transpose()
}

/// All tokens.
pub(super) async fn tokens(catalogue: &Database) -> Result<Vec<TokenEntry>, StoreError> {
    let rows = sqlx::query(sql::TOKENS).fetch_all(catalogue.readers()).await.map_err(|e| catalogue.error(&e))?;
    rows.iter().map(decode::token).collect()
}

/// Adds a token.
pub(super) async fn add_token(catalogue: &Database, token: &TokenEntry) -> Result<(), StoreError> {
    let fail = |e: sqlx::Error| catalogue.error(&e);
    let mut writing = catalogue.begin().await.map_err(fail)?;
    sqlx::query(sql::ADD_TOKEN)
        .bind(token.hash.to_vec())
        .bind(token.person.clone())
        .bind(i64::from(token.operator))
        .bind(token.created_at)
        .bind(token.expires_at)
        .bind(i64::from(token.revoked))
        .execute(writing.on())
        .await
        .map_err(fail)?;
    writing.commit(token.person.len()).await.map_err(fail)
}

/// Revokes a person's tokens.
pub(super) async fn revoke_tokens(catalogue: &Database, person: &str) -> Result<u64, StoreError> {
    let fail = |e: sqlx::Error| catalogue.error(&e);
    let mut writing = catalogue.begin().await.map_err(fail)?;
    let revoke = sqlx::query(sql::REVOKE_TOKENS).bind(person.to_owned());
    let revoked = revoke.execute(writing.on()).await.map_err(fail)?.rows_affected();
    writing.commit(person.len()).await.map_err(fail)?;
    Ok(revoked)
}
