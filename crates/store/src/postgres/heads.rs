//! Leaf hashes, signed tree heads and what witnesses signed on them. What the notes say is not known here.

use engine::store::{Cosignature, StoreError, TreeHead, TreeHeadQuery};
use record::{Digest, Sequence};

use super::book::Book;
use super::readers::Readers;
use super::session::Line;
use crate::batch::bound;
use crate::decode::Columns;
use crate::{decode, sql};

const WHAT: &str = "tree heads";

const ADD: &str =
    "INSERT INTO tree_head (book, size, root, note) VALUES ($1, $2, $3, $4) ON CONFLICT (book, size) DO NOTHING";
const COSIGN: &str = "INSERT INTO cosignature (book, size, key_name, key_id, line) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (book, size, key_name, key_id) DO NOTHING";

/// Leaf hashes of records.
pub(super) async fn leaves(
    readers: &Readers,
    book: &Book,
    from: Sequence,
    to: Sequence,
) -> Result<Vec<Digest>, StoreError> {
    let query = || sqlx::query(sql::LEAVES).bind(book.number).bind(bound(from)).bind(bound(to));
    let mut leaves = Vec::new();
    for row in &readers.rows(WHAT, query).await? {
        leaves.extend(decode::leaves(row, from, to)?);
    }
    Ok(leaves)
}

/// Adds a tree head unless one of its size stands; gives the one that stands. On a connection of its own.
pub(super) async fn add(readers: &Readers, book: &Book, head: &TreeHead) -> Result<TreeHead, StoreError> {
    let query = TreeHeadQuery { from: head.size, to: head.size, cosigned: false, limit: 1 };
    if let Some(standing) = read(readers, book, query).await?.pop() {
        return Ok(standing);
    }
    let mut line = Line::new(WHAT);
    let mut writing = line.begin(readers.connector()).await?;
    // Whoever was quicker stands.
    let add = sqlx::query(ADD).bind(book.number).bind(bound(head.size)).bind(&head.root[..]).bind(&head.note);
    writing.run(add).await?;
    writing.commit().await?;
    line.close().await;
    let standing = read(readers, book, query).await?.pop();
    standing.ok_or_else(|| StoreError::Corrupt("a signed tree head is gone".into()))
}

/// Adds cosignatures of keys that have not cosigned the tree head.
pub(super) async fn cosign(
    readers: &Readers,
    book: &Book,
    size: Sequence,
    cosignatures: &[Cosignature],
) -> Result<(), StoreError> {
    let mut line = Line::new(WHAT);
    let mut writing = line.begin(readers.connector()).await?;
    for Cosignature { key_name, key_id, line } in cosignatures {
        let add =
            sqlx::query(COSIGN).bind(book.number).bind(bound(size)).bind(key_name).bind(i64::from(*key_id)).bind(line);
        writing.run(add).await?;
    }
    writing.commit().await?;
    line.close().await;
    Ok(())
}

/// Tree heads, newest first, with their cosignatures.
pub(super) async fn read(readers: &Readers, book: &Book, query: TreeHeadQuery) -> Result<Vec<TreeHead>, StoreError> {
    let ask = || {
        sqlx::query(sql::TREE_HEADS)
            .bind(book.number)
            .bind(bound(query.from))
            .bind(bound(query.to))
            .bind(i64::from(query.cosigned))
            .bind(i64::from(query.limit))
    };
    let mut found = Vec::new();
    for row in &readers.rows(WHAT, ask).await? {
        let head = decode::tree_head(row)?;
        let lines = || sqlx::query(sql::COSIGNATURES).bind(book.number).bind(bound(head.size));
        let lines = readers.rows(WHAT, lines).await?;
        let cosignatures = lines.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
        found.push(TreeHead { cosignatures, ..head });
    }
    Ok(found)
}
