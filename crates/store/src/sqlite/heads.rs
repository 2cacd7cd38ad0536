//! Leaf hashes, signed tree heads and what witnesses signed on them. What the notes say is not known here.

use engine::store::{Cosignature, StoreError, TreeHead, TreeHeadQuery};
use record::{Digest, Sequence};
use sqlx::Row;

use super::BOOK;
use super::database::Database;
use super::log::bound;
use crate::decode::Columns;
use crate::{decode, sql};

const ADD: &str = "INSERT INTO tree_head (size, root, note) VALUES ($1, $2, $3)";
const COSIGN: &str = "INSERT INTO cosignature (size, key_name, key_id, line) VALUES ($1, $2, $3, $4)";

/// Leaf hashes of records.
pub(super) async fn leaves(log: &Database, from: Sequence, to: Sequence) -> Result<Vec<Digest>, StoreError> {
    let query = sqlx::query(sql::LEAVES).bind(BOOK).bind(bound(from)).bind(bound(to));
    let rows = query.fetch_all(log.readers()).await.map_err(|e| log.error(&e))?;
    let mut leaves = Vec::new();
    for row in &rows {
        leaves.extend(decode::leaves(row, from, to)?);
    }
    Ok(leaves)
}

/// Adds a tree head unless one of its size stands; gives the one that stands.
pub(super) async fn add(log: &Database, head: &TreeHead) -> Result<TreeHead, StoreError> {
    let fail = |e: sqlx::Error| log.error(&e);
    let mut writing = log.begin().await.map_err(fail)?;
    let size = bound(head.size);
    let standing = sqlx::query(sql::TREE_HEADS).bind(BOOK).bind(size).bind(size).bind(0i64).bind(1i64);
    let standing = standing.fetch_optional(writing.on()).await.map_err(fail)?;
    let stands = match standing {
        Some(row) => decode::tree_head(&row)?,
        None => {
            let add = sqlx::query(ADD).bind(size).bind(head.root.to_vec()).bind(&head.note);
            add.execute(writing.on()).await.map_err(fail)?;
            TreeHead { cosignatures: Vec::new(), ..head.clone() }
        }
    };
    writing.commit(head.note.len()).await.map_err(fail)?;
    with_cosignatures(log, stands).await
}

/// Adds cosignatures of keys that have not cosigned the tree head.
pub(super) async fn cosign(log: &Database, size: Sequence, cosignatures: &[Cosignature]) -> Result<(), StoreError> {
    let fail = |e: sqlx::Error| log.error(&e);
    let mut writing = log.begin().await.map_err(fail)?;
    let mut bytes = 0;
    for Cosignature { key_name, key_id, line } in cosignatures {
        let id = i64::from(*key_id);
        let known = sqlx::query(sql::HAS_COSIGNED).bind(BOOK).bind(bound(size)).bind(key_name).bind(id);
        let known: i64 = known.fetch_one(writing.on()).await.and_then(|row| row.try_get(0)).map_err(fail)?;
        if known == 0 {
            let add = sqlx::query(COSIGN).bind(bound(size)).bind(key_name).bind(id).bind(line);
            add.execute(writing.on()).await.map_err(fail)?;
            bytes += line.len();
        }
    }
    writing.commit(bytes).await.map_err(fail)
}

/// Tree heads, newest first, with their cosignatures.
pub(super) async fn read(log: &Database, query: TreeHeadQuery) -> Result<Vec<TreeHead>, StoreError> {
    let heads = sqlx::query(sql::TREE_HEADS)
        .bind(BOOK)
        .bind(bound(query.from))
        .bind(bound(query.to))
        .bind(i64::from(query.cosigned))
        .bind(i64::from(query.limit))
        .fetch_all(log.readers())
        .await
        .map_err(|e| log.error(&e))?;
    let mut found = Vec::with_capacity(heads.len());
    for row in &heads {
        found.push(with_cosignatures(log, decode::tree_head(row)?).await?);
    }
    Ok(found)
}

async fn with_cosignatures(log: &Database, head: TreeHead) -> Result<TreeHead, StoreError> {
    let query = sqlx::query(sql::COSIGNATURES).bind(BOOK).bind(bound(head.size));
    let lines = query.fetch_all(log.readers()).await.map_err(|e| log.error(&e))?;
    let cosignatures = lines.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
    Ok(TreeHead { cosignatures, ..head })
}
