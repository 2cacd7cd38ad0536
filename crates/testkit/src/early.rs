//! A store that breaks the promise that every other one keeps: it says that a batch is committed, and writes it a moment later. It is the
//! control of the crash tests: a harness that cannot catch this one cannot catch anything.

use std::sync::Arc;
use std::time::Duration;

use engine::store::{
    AppendError, Batch, BookEntry, Cosignature, FactsRead, Head, LogRow, RowTime, Snapshot, Store, StoreError,
    SumQuery, SumRow, TokenEntry, TreeHead, TreeHeadQuery, VoucherQuery,
};
use ledger::rows::{FactHash, LineRow, RejectionRow, ViewRows, VoucherRow};
use record::{Digest, Sequence, VoucherRef};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

/// What is written later, in order: a batch that was already answered, and when it is due; or a mark up to which everything is written.
#[derive(Debug)]
enum Later {
    Append { due: Instant, book: String, expected: Box<Head>, batch: Box<Batch> },
    Reached(oneshot::Sender<()>),
}

/// Answers appends before they are done; all else is the inner store's.
pub struct EarlyStore<S> {
    inner: Arc<S>,
    later: mpsc::UnboundedSender<Later>,
    delay: Duration,
}

impl<S: Store> EarlyStore<S> {
    /// Wraps a store whose batches are written `delay` after they were answered. Needs a running tokio runtime.
    pub fn new(inner: S, delay: Duration) -> EarlyStore<S> {
        let inner = Arc::new(inner);
        let (later, queue) = mpsc::unbounded_channel();
        tokio::spawn(write_later(Arc::clone(&inner), queue));
        EarlyStore { inner, later, delay }
    }

    /// Waits until everything that was answered is written.
    async fn caught_up(&self) -> Result<(), StoreError> {
        let gone = |_| StoreError::Unavailable("the late writer has ended".into());
        let (mark, reached) = oneshot::channel();
        self.later.send(Later::Reached(mark)).map_err(|_| gone(()))?;
        reached.await.map_err(|_| gone(()))
    }
}

async fn write_later<S: Store>(store: Arc<S>, mut queue: mpsc::UnboundedReceiver<Later>) {
    while let Some(later) = queue.recv().await {
        match later {
            Later::Append { due, book, expected, batch } => {
                sleep_until(due).await;
                // Nobody is left to hear of a failure: the end of the marks makes it seen.
                if store.append(&book, &expected, &batch).await.is_err() {
                    return;
                }
            }
            Later::Reached(mark) => drop(mark.send(())),
        }
    }
}

impl<S: Store> Store for EarlyStore<S> {
    async fn append(&self, book: &str, expected: &Head, batch: &Batch) -> Result<(), AppendError> {
        let due = Instant::now() + self.delay;
        let (expected, batch) = (Box::new(expected.clone()), Box::new(batch.clone()));
        let later = Later::Append { due, book: book.to_owned(), expected, batch };
        let gone = |_| AppendError::NotCommitted(StoreError::Unavailable("the late writer has ended".into()));
        self.later.send(later).map_err(gone)
    }

    async fn fence(&self, book: &str) -> Result<Head, StoreError> {
        self.caught_up().await?;
        self.inner.fence(book).await
    }

    async fn project(&self, book: &str, from: Sequence, to: Sequence, rows: &ViewRows) -> Result<(), StoreError> {
        // Views ahead of their log would give the fault away at the next start, to the server itself.
        self.caught_up().await?;
        self.inner.project(book, from, to, rows).await
    }

    async fn books(&self) -> Result<Vec<BookEntry>, StoreError> {
        self.inner.books().await
    }

    async fn create_book(&self, entry: &BookEntry) -> Result<(), StoreError> {
        self.inner.create_book(entry).await
    }

    async fn token(&self, hash: &Digest) -> Result<Option<TokenEntry>, StoreError> {
        self.inner.token(hash).await
    }

    async fn tokens(&self) -> Result<Vec<TokenEntry>, StoreError> {
        self.inner.tokens().await
    }

    async fn add_token(&self, token: &TokenEntry) -> Result<(), StoreError> {
        self.inner.add_token(token).await
    }

    async fn revoke_tokens(&self, person: &str) -> Result<u64, StoreError> {
        self.inner.revoke_tokens(person).await
    }

    async fn log_rows(&self, book: &str, from: Sequence, max_bytes: usize) -> Result<Vec<LogRow>, StoreError> {
        self.inner.log_rows(book, from, max_bytes).await
    }

    async fn records(&self, book: &str, sequences: &[Sequence]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.inner.records(book, sequences).await
    }

    async fn row_time(&self, book: &str, sequence: Sequence) -> Result<Option<RowTime>, StoreError> {
        self.inner.row_time(book, sequence).await
    }

    async fn leaves(&self, book: &str, from: Sequence, to: Sequence) -> Result<Vec<Digest>, StoreError> {
        self.inner.leaves(book, from, to).await
    }

    async fn add_tree_head(&self, book: &str, head: &TreeHead) -> Result<TreeHead, StoreError> {
        self.inner.add_tree_head(book, head).await
    }

    async fn add_cosignatures(
        &self,
        book: &str,
        size: Sequence,
        cosignatures: &[Cosignature],
    ) -> Result<(), StoreError> {
        self.inner.add_cosignatures(book, size, cosignatures).await
    }

    async fn tree_heads(&self, book: &str, query: TreeHeadQuery) -> Result<Vec<TreeHead>, StoreError> {
        self.inner.tree_heads(book, query).await
    }

    async fn reached(&self, book: &str) -> Result<Sequence, StoreError> {
        self.inner.reached(book).await
    }

    async fn clear_views(&self, book: &str) -> Result<(), StoreError> {
        self.inner.clear_views(book).await
    }

    async fn facts(&self, book: &str, keys: &[FactHash]) -> Result<FactsRead, StoreError> {
        self.inner.facts(book, keys).await
    }

    async fn save_snapshot(&self, book: &str, snapshot: &Snapshot) -> Result<(), StoreError> {
        self.inner.save_snapshot(book, snapshot).await
    }

    async fn snapshot(&self, book: &str) -> Result<Option<Snapshot>, StoreError> {
        self.inner.snapshot(book).await
    }

    async fn vouchers(&self, book: &str, query: &VoucherQuery) -> Result<Vec<VoucherRow>, StoreError> {
        self.inner.vouchers(book, query).await
    }

    async fn voucher(&self, book: &str, reference: &VoucherRef) -> Result<Option<VoucherRow>, StoreError> {
        self.inner.voucher(book, reference).await
    }

    async fn lines(&self, book: &str, sequences: &[Sequence]) -> Result<Vec<LineRow>, StoreError> {
        self.inner.lines(book, sequences).await
    }

    async fn sums(&self, book: &str, query: &SumQuery) -> Result<Vec<SumRow>, StoreError> {
        self.inner.sums(book, query).await
    }

    async fn rejections(
        &self,
        book: &str,
        after: Sequence,
        up_to: Sequence,
        limit: u32,
    ) -> Result<Vec<RejectionRow>, StoreError> {
        self.inner.rejections(book, after, up_to, limit).await
    }
}
