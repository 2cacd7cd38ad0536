//! The catalogue: books and tokens. Several processes may use it at once. It is written rarely, each time on a connection of its own.

use engine::store::{BookEntry, StoreError, TokenEntry};
use record::Digest;
use record::hash::sha256;

use super::readers::Readers;
use super::session::{Line, Writing};
use crate::decode::Columns;
use crate::{decode, sql};

const WHAT: &str = "catalogue";
const NUMBER: &str = "SELECT no FROM book WHERE code = $1";
/// Lists a book and tells its number; one that is listed stays as it is.
const LIST: &str = "INSERT INTO book (code, created_at, arriving) VALUES ($1, $2, $3) ON CONFLICT (code) DO NOTHING";
const MAKE_HEAD: &str = "INSERT INTO head (book, sequence, root, edge, time, epoch) VALUES ($1, 0, $2, '', 0, 0) \
     ON CONFLICT (book) DO NOTHING";
const MAKE_REACHED: &str = "INSERT INTO reached (book, sequence) VALUES ($1, 0) ON CONFLICT (book) DO NOTHING";

/// All books.
pub(super) async fn books(readers: &Readers) -> Result<Vec<BookEntry>, StoreError> {
    readers.rows(WHAT, || sqlx::query(sql::BOOKS)).await?.iter().map(decode::book).collect()
}

/// Number of a book, if it is listed.
pub(super) async fn number(readers: &Readers, code: &str) -> Result<Option<i64>, StoreError> {
    let row = readers.row_or_none(WHAT, || sqlx::query(NUMBER).bind(code)).await?;
    row.as_ref().map(|row| decode::number(row, 0)).transpose()
}

/// Whether a book is still arriving; none if it is not listed.
pub(super) async fn arriving(readers: &Readers, code: &str) -> Result<Option<bool>, StoreError> {
    let row = readers.row_or_none(WHAT, || sqlx::query(sql::ARRIVING).bind(code)).await?;
    row.map(|row| Ok(row.int(0)? != 0)).transpose()
}

/// Notes that a book has arrived.
pub(super) async fn arrived(readers: &Readers, code: &str) -> Result<(), StoreError> {
    let mut line = Line::new(WHAT);
    let mut writing = line.begin(readers.connector()).await?;
    writing.run(sqlx::query(sql::ARRIVED).bind(code)).await?;
    writing.commit().await?;
    line.close().await;
    Ok(())
}

/// Lists a book, as arriving or not, and makes its empty log and views, in one transaction.
pub(super) async fn create_book(readers: &Readers, entry: &BookEntry, arriving: bool) -> Result<(), StoreError> {
    let mut line = Line::new(WHAT);
    let mut writing = line.begin(readers.connector()).await?;
    let list = sqlx::query(LIST).bind(&entry.book).bind(entry.created_at).bind(i64::from(arriving));
    writing.run(list).await?;
    let found = writing.row(sqlx::query(sql::ARRIVING).bind(&entry.book)).await?.int(0)? != 0;
    if found != arriving {
        return Err(StoreError::BookExists);
    }
    let book: i64 = decode::number(&writing.row(sqlx::query(NUMBER).bind(&entry.book)).await?, 0)?;
    writing.run(sqlx::query(MAKE_HEAD).bind(book).bind(sha256(b"").to_vec())).await?;
    make_reached(&mut writing, book).await?;
    let head = decode::head(&writing.row(sqlx::query(sql::HEAD).bind(book)).await?)?;
    if head.sequence > 0 && !arriving {
        return Err(StoreError::BookExists);
    }
    writing.commit().await?;
    line.close().await;
    Ok(())
}

/// Makes the views of a book begin at nothing, unless they stand.
pub(super) async fn make_reached(writing: &mut Writing<'_>, book: i64) -> Result<(), StoreError> {
    writing.run(sqlx::query(MAKE_REACHED).bind(book)).await.map(drop)
}

/// The token with this hash.
pub(super) async fn token(readers: &Readers, hash: &Digest) -> Result<Option<TokenEntry>, StoreError> {
    let row = readers.row_or_none(WHAT, || sqlx::query(sql::TOKEN).bind(&hash[..])).await?;
    row.as_ref().map(decode::token).transpose()
}

/// All tokens.
pub(super) async fn tokens(readers: &Readers) -> Result<Vec<TokenEntry>, StoreError> {
    readers.rows(WHAT, || sqlx::query(sql::TOKENS)).await?.iter().map(decode::token).collect()
}

/// Adds a token.
pub(super) async fn add_token(readers: &Readers, token: &TokenEntry) -> Result<(), StoreError> {
    let mut line = Line::new(WHAT);
    let mut writing = line.begin(readers.connector()).await?;
    let add = sqlx::query(sql::ADD_TOKEN)
        .bind(&token.hash[..])
        .bind(&token.person)
        .bind(i64::from(token.operator))
        .bind(token.created_at)
        .bind(token.expires_at)
        .bind(i64::from(token.revoked));
    writing.run(add).await?;
    writing.commit().await?;
    line.close().await;
    Ok(())
}

/// Revokes a person's tokens.
pub(super) async fn revoke_tokens(readers: &Readers, person: &str) -> Result<u64, StoreError> {
    let mut line = Line::new(WHAT);
    let mut writing = line.begin(readers.connector()).await?;
    let revoked = writing.run(sqlx::query(sql::REVOKE_TOKENS).bind(person)).await?;
    writing.commit().await?;
    line.close().await;
    Ok(revoked)
}
