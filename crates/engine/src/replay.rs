//! Opening a book: takes it over, finds the newest confirmed snapshot, replays and verifies the log after it, and brings the tail up to
//! date. What is wrong with a log is told here; nothing is mended.

use ledger::{Filter, project_facts};
use record::{Record, Sequence, hash};

use crate::committed::Committed;
use crate::digest::restore;
use crate::error::EngineError;
use crate::position::Position;
use crate::projector::READ_BYTES;
use crate::shared::Shared;
use crate::store::{Head, LogRow, Store, StoreError};
use crate::tail::Tail;

/// Takes the book over and rebuilds what is known of its log.
pub(crate) async fn open<S: Store>(store: &S, book: &str) -> Result<Committed, StoreError> {
    let head = store.fence(book).await?;
    let (position, filter) = match confirmed_snapshot(store, book, &head).await? {
        Some((position, filter)) => match replay(store, book, &head, position, filter).await {
            Err(StoreError::Corrupt(reason)) => {
                // A snapshot is only a shortcut: the log alone decides.
                tracing::warn!(book, reason, "the snapshot does not lead to the log's head; replaying the whole log");
                replay(store, book, &head, Position::default(), Filter::default()).await?
            }
            other => other?,
        },
        None => replay(store, book, &head, Position::default(), Filter::default()).await?,
    };
    Ok(Committed::new(position, head, filter))
}

/// The newest snapshot, if a record right after it commits it.
pub(crate) async fn confirmed_snapshot<S: Store>(
    store: &S,
    book: &str,
    head: &Head,
) -> Result<Option<(Position, Filter)>, StoreError> {
    let Some(snapshot) = store.snapshot(book).await? else { return Ok(None) };
    if snapshot.at >= head.sequence {
        return Ok(None);
    }
    let confirming = store.records(book, &[snapshot.at + 1]).await?.into_iter().next().flatten();
    let at = snapshot.at;
    let restored = confirming.and_then(|body| restore(snapshot, &body));
    if restored.is_none() {
        tracing::warn!(book, at, "no record confirms the snapshot; it is not used");
    }
    Ok(restored)
}

/// Replays the log from a position to the head, verifying every leaf hash, root and body.
async fn replay<S: Store>(
    store: &S,
    book: &str,
    head: &Head,
    mut position: Position,
    mut filter: Filter,
) -> Result<(Position, Filter), StoreError> {
    let started = position.tree.size();
    while position.tree.size() < head.sequence {
        let rows = store.log_rows(book, position.tree.size() + 1, READ_BYTES).await?;
        if rows.is_empty() {
            return Err(corrupt(position.tree.size() + 1, "is missing"));
        }
        for row in rows {
            take(&mut position, &mut filter, &row, head)?;
        }
        tokio::task::yield_now().await;
    }
    if position.head(head.epoch) != *head {
        return Err(StoreError::Corrupt("the log does not lead to its head".into()));
    }
    tracing::info!(book, from = started, to = head.sequence, "log replayed");
    Ok((position, filter))
}

fn take(position: &mut Position, filter: &mut Filter, row: &LogRow, head: &Head) -> Result<(), StoreError> {
    let first = position.tree.size() + 1;
    let records = decode_row(row, first)?;
    for (record, leaf) in records.iter().zip(&row.leaves) {
        if record.time < position.state.time {
            return Err(corrupt(record.sequence, "is older than the one before"));
        }
        position.fold(record, *leaf);
    }
    if position.tree.root() != row.root {
        return Err(corrupt(first, "begins a batch whose root does not match"));
    }
    if row.epoch > head.epoch || position.tree.size() > head.sequence {
        return Err(corrupt(first, "begins a batch that the head does not know"));
    }
    let facts = project_facts(&records).map_err(|_| corrupt(first, "begins a batch of torn commands"))?;
    facts.iter().for_each(|fact| filter.add(&fact.key));
    Ok(())
}

/// The records of a log row that must begin at `first`, each read back from its body and matched with its leaf hash.
pub(crate) fn decode_row(row: &LogRow, first: Sequence) -> Result<Vec<Record>, StoreError> {
    if row.first != first || row.bodies.is_empty() || row.bodies.len() != row.leaves.len() {
        return Err(corrupt(first, "does not begin a whole batch"));
    }
    let mut records = Vec::with_capacity(row.bodies.len());
    for ((sequence, body), leaf) in (first..).zip(&row.bodies).zip(&row.leaves) {
        if hash::leaf_hash(body) != *leaf {
            return Err(corrupt(sequence, "does not match its leaf hash"));
        }
        let record = record::decode(body).map_err(|error| corrupt(sequence, &error.to_string()))?;
        if record.sequence != sequence {
            return Err(corrupt(sequence, "says another sequence"));
        }
        records.push(record);
    }
    Ok(records)
}

/// The facts of all committed records that the views, which reach to `reached`, do not hold.
pub(crate) async fn tail_after<S: Store>(shared: &Shared<S>, reached: Sequence) -> Result<Tail, EngineError> {
    let mut tail = Tail::after(reached, shared.options.chunk_records);
    let mut next = reached + 1;
    let head = *shared.head.borrow();
    while next <= head {
        let rows = shared.store.log_rows(&shared.code, next, READ_BYTES).await?;
        if rows.is_empty() {
            return Err(corrupt(next, "is missing").into());
        }
        for row in rows {
            let records = decode_row(&row, next)?;
            let facts = project_facts(&records).map_err(|_| corrupt(next, "is torn"))?;
            facts.into_iter().for_each(|fact| tail.add(fact));
            records.iter().for_each(|record| tail.add_voucher(record));
            next += records.len() as u64;
        }
    }
    Ok(tail)
}

fn corrupt(sequence: Sequence, what: &str) -> StoreError {
    StoreError::Corrupt(format!("record {sequence} {what}"))
}
