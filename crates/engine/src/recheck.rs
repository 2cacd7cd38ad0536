//! The background check of what is stored (LED-012): reads the log from its first record to the committed head, at a bounded rate and
//! beside the writer, hashes every body against its leaf and every batch against its root, and stops the book where something differs.
//! A start checks the same of what it replays; this also sees what a snapshot let it skip, and what is damaged while the book runs.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use proof::Tree;
use record::{Digest, Sequence, hash};
use tokio::time::{Instant, sleep};

use crate::error::StopReason;
use crate::shared::{Phase, Shared};
use crate::store::{LogRow, Store, StoreError};

/// Bytes of log read at once: a batch or a few. Small, so that reading and hashing them (some milliseconds) hinders nobody.
const READ_BYTES: usize = 1 << 20;

/// Why a pass did not come to the head.
enum Ended {
    /// What is stored is not what was committed.
    Damaged { sequence: Sequence, expected: String, found: String },
    /// Storage does not answer now, or the book has stopped for a reason of its own; the next pass looks again.
    Unread(String),
}

/// Starts the check of a book. It ends with the book; a panic in it stops the book, as one of the writer does.
pub(crate) fn start<S: Store>(shared: &Arc<Shared<S>>) {
    let checking = tokio::spawn(run(Arc::clone(shared)));
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        if checking.await.is_err_and(|error| error.is_panic()) {
            shared.stop(StopReason::Panicked("check of the log"));
        }
    });
}

async fn run<S: Store>(shared: Arc<Shared<S>>) {
    tokio::select! {
        biased;
        () = shared.until_phase(Phase::Closing) => {}
        _ = shared.until_stopped() => {}
        () = passes(&shared) => {}
    }
}

/// One pass after another, with a rest before each: what was just replayed need not be read again at once.
async fn passes<S: Store>(shared: &Shared<S>) {
    loop {
        sleep(shared.options.recheck_rest).await;
        match pass(shared).await {
            Ok(records) => {
                shared.metrics.rechecked(true);
                tracing::debug!(book = shared.code, records, "the stored log is what was committed");
            }
            Err(Ended::Unread(error)) => {
                tracing::warn!(book = shared.code, error, "the check of the log could not read on");
            }
            Err(Ended::Damaged { sequence, expected, found }) => {
                shared.metrics.rechecked(false);
                shared.stop(StopReason::Damaged { sequence, expected, found });
                return;
            }
        }
    }
}

/// Reads and hashes everything up to the head of this moment.
async fn pass<S: Store>(shared: &Shared<S>) -> Result<Sequence, Ended> {
    let (target, root) = match shared.committed() {
        Ok(committed) => (committed.head.sequence, committed.head.root),
        Err(reason) => return Err(Ended::Unread(reason.to_string())),
    };
    let mut tree = Tree::empty();
    while tree.size() < target {
        let begun = Instant::now();
        let first = tree.size() + 1;
        let rows =
            shared.store.log_rows(&shared.code, first, READ_BYTES).await.map_err(|error| unread(first, &error))?;
        if rows.is_empty() {
            return Err(damaged(first, "a record", "none"));
        }
        let mut bytes = 0;
        for row in rows.iter().take_while(|row| row.first <= target) {
            check(&mut tree, row)?;
            bytes += row.bodies.iter().map(Vec::len).sum::<usize>();
            tokio::task::yield_now().await;
        }
        shared.metrics.reread(tree.size() + 1 - first);
        sleep(pace(bytes, shared.options.recheck_bytes_per_second).saturating_sub(begun.elapsed())).await;
    }
    // A log that was rewritten from some record on agrees with itself, not with what this process committed.
    if tree.size() != target || tree.root() != root {
        return Err(damaged(target, &hex(&root), &hex(&tree.root())));
    }
    Ok(target)
}

/// A batch against its leaves and its root.
fn check(tree: &mut Tree, row: &LogRow) -> Result<(), Ended> {
    let first = tree.size() + 1;
    if row.first != first || row.bodies.is_empty() || row.bodies.len() != row.leaves.len() {
        let found =
            format!("a batch from {} of {} bodies and {} leaves", row.first, row.bodies.len(), row.leaves.len());
        return Err(damaged(first, &format!("a whole batch from {first}"), &found));
    }
    for ((sequence, body), leaf) in (first..).zip(&row.bodies).zip(&row.leaves) {
        let found = hash::leaf_hash(body);
        if found != *leaf {
            return Err(damaged(sequence, &hex(leaf), &hex(&found)));
        }
        tree.push(found);
    }
    if tree.root() != row.root {
        return Err(damaged(tree.size(), &hex(&row.root), &hex(&tree.root())));
    }
    Ok(())
}

/// How long reading so many bytes should take.
fn pace(bytes: usize, per_second: u64) -> Duration {
    let micros = (bytes as u64).saturating_mul(1_000_000) / per_second.max(1);
    Duration::from_micros(micros)
}

/// What a failure of reading says: storage that contradicts itself is damage, anything else may pass.
fn unread(sequence: Sequence, error: &StoreError) -> Ended {
    match error {
        StoreError::Corrupt(found) => damaged(sequence, "a row that can be read", found),
        other => Ended::Unread(other.to_string()),
    }
}

fn damaged(sequence: Sequence, expected: &str, found: &str) -> Ended {
    Ended::Damaged { sequence, expected: expected.to_owned(), found: found.to_owned() }
}

fn hex(digest: &Digest) -> String {
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_keeps_to_its_rate() {
        assert_eq!(pace(4 << 20, 4 << 20), Duration::from_secs(1));
        assert_eq!(pace(0, 1), Duration::ZERO);
        assert_eq!(hex(&[0xab; 32]), "ab".repeat(32));
    }
}
