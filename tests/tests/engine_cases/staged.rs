//! A store that can be held, made to fail and watched: the one in memory with a stage manager in front of it.

use std::future::Future;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use engine::store::{
    AppendError, Batch, BookEntry, Cosignature, FactsRead, Head, LogRow, RowTime, Snapshot, Store, StoreError,
    SumQuery, SumRow, TokenEntry, TreeHead, TreeHeadQuery, VoucherQuery,
};
use ledger::rows::{FactHash, LineRow, RejectionRow, ViewRows, VoucherRow};
use record::{Digest, Sequence, VoucherRef};
use testkit::memory::MemoryStore;
use tokio::sync::watch;

/// A gate before a method: open unless held.
pub struct Gate {
    held: watch::Sender<bool>,
    waiting: watch::Sender<usize>,
}

impl Default for Gate {
    fn default() -> Gate {
        Gate { held: watch::Sender::new(false), waiting: watch::Sender::new(0) }
    }
}

impl Gate {
    pub fn hold(&self) {
        self.held.send_replace(true);
    }

    pub fn release(&self) {
        self.held.send_replace(false);
    }

    /// Waits until somebody stands at the held gate.
    pub async fn somebody_waits(&self) {
        self.waiting.subscribe().wait_for(|n| *n > 0).await.unwrap();
    }

    async fn pass(&self) {
        self.waiting.send_modify(|n| *n += 1);
        self.held.subscribe().wait_for(|held| !held).await.unwrap();
        self.waiting.send_modify(|n| *n -= 1);
    }
}

/// The staged store.
#[derive(Default)]
pub struct Staged {
    pub memory: MemoryStore,
    pub appends: Gate,
    pub projections: Gate,
    /// Fences that fail before one is let through.
    pub failing_fences: AtomicUsize,
    /// What a fence says instead of the truth.
    pub fence_finds: Mutex<Option<Head>>,
    /// Projections that happen and are answered with an error.
    pub lost_projection_answers: AtomicUsize,
    pub panic_at_append: AtomicBool,
    pub panic_at_projection: AtomicBool,
    /// Reads of facts, and keys asked for.
    pub fact_reads: AtomicUsize,
    pub fact_keys: AtomicUsize,
    /// Records read by sequence.
    pub record_reads: AtomicUsize,
    /// Lowest sequence from which the log was read.
    pub log_read_from: AtomicUsize,
    /// Whether leaf hashes are read back spoilt.
    pub spoil_leaves: AtomicBool,
    /// What somebody did to the rows of the log.
    pub tamper: Mutex<Option<fn(&mut LogRow)>>,
}

impl Staged {
    /// A new process on the same storage: nothing held, nothing staged.
    pub fn reopened(&self) -> Staged {
        Staged { memory: self.memory.clone(), log_read_from: AtomicUsize::new(usize::MAX), ..Staged::default() }
    }
}

impl Store for Staged {
    async fn fence(&self, book: &str) -> Result<Head, StoreError> {
        if self.failing_fences.fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1)).is_ok() {
            return Err(StoreError::Unavailable("staged".into()));
        }
        let head = self.memory.fence(book).await?;
        let staged = self.fence_finds.lock().unwrap().clone();
        Ok(staged.map_or(head.clone(), |staged| Head { epoch: head.epoch, ..staged }))
    }

    async fn append(&self, book: &str, expected: &Head, batch: &Batch) -> Result<(), AppendError> {
        assert!(!self.panic_at_append.load(SeqCst), "staged panic at an append");
        self.appends.pass().await;
        self.memory.append(book, expected, batch).await
    }

    async fn project(&self, book: &str, from: Sequence, to: Sequence, rows: &ViewRows) -> Result<(), StoreError> {
        assert!(!self.panic_at_projection.load(SeqCst), "staged panic at a projection");
        self.projections.pass().await;
        self.memory.project(book, from, to, rows).await?;
        match self.lost_projection_answers.fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1)) {
            Ok(_) => Err(StoreError::Unavailable("staged".into())),
            Err(_) => Ok(()),
        }
    }

    async fn facts(&self, book: &str, keys: &[FactHash]) -> Result<FactsRead, StoreError> {
        self.fact_reads.fetch_add(1, SeqCst);
        self.fact_keys.fetch_add(keys.len(), SeqCst);
        self.memory.facts(book, keys).await
    }

    async fn records(&self, book: &str, sequences: &[Sequence]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.record_reads.fetch_add(sequences.len(), SeqCst);
        self.memory.records(book, sequences).await
    }

    async fn log_rows(&self, book: &str, from: Sequence, max_bytes: usize) -> Result<Vec<LogRow>, StoreError> {
        self.log_read_from.fetch_min(usize::try_from(from).unwrap(), SeqCst);
        let mut rows = self.memory.log_rows(book, from, max_bytes).await?;
        if let Some(tamper) = *self.tamper.lock().unwrap() {
            rows.iter_mut().for_each(tamper);
        }
        Ok(rows)
    }

    fn books(&self) -> impl Future<Output = Result<Vec<BookEntry>, StoreError>> + Send {
        self.memory.books()
    }

    fn create_book(&self, entry: &BookEntry) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.memory.create_book(entry)
    }

    fn token(&self, hash: &Digest) -> impl Future<Output = Result<Option<TokenEntry>, StoreError>> + Send {
        self.memory.token(hash)
    }

    fn tokens(&self) -> impl Future<Output = Result<Vec<TokenEntry>, StoreError>> + Send {
        self.memory.tokens()
    }

    fn add_token(&self, token: &TokenEntry) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.memory.add_token(token)
    }

    fn revoke_tokens(&self, person: &str) -> impl Future<Output = Result<u64, StoreError>> + Send {
        self.memory.revoke_tokens(person)
    }

    async fn row_time(&self, book: &str, sequence: Sequence) -> Result<Option<RowTime>, StoreError> {
        self.memory.row_time(book, sequence).await
    }

    async fn leaves(&self, book: &str, from: Sequence, to: Sequence) -> Result<Vec<Digest>, StoreError> {
        let mut leaves = self.memory.leaves(book, from, to).await?;
        if self.spoil_leaves.load(SeqCst) {
            leaves.iter_mut().for_each(|leaf| leaf[0] ^= 1);
        }
        Ok(leaves)
    }

    fn add_tree_head(&self, book: &str, head: &TreeHead) -> impl Future<Output = Result<TreeHead, StoreError>> + Send {
        self.memory.add_tree_head(book, head)
    }

    fn add_cosignatures(
        &self,
        book: &str,
        size: Sequence,
        cosignatures: &[Cosignature],
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.memory.add_cosignatures(book, size, cosignatures)
    }

    fn tree_heads(
        &self,
        book: &str,
        query: TreeHeadQuery,
    ) -> impl Future<Output = Result<Vec<TreeHead>, StoreError>> + Send {
        self.memory.tree_heads(book, query)
    }

    fn reached(&self, book: &str) -> impl Future<Output = Result<Sequence, StoreError>> + Send {
        self.memory.reached(book)
    }

    fn clear_views(&self, book: &str) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.memory.clear_views(book)
    }

    fn save_snapshot(&self, book: &str, snapshot: &Snapshot) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.memory.save_snapshot(book, snapshot)
    }

    fn snapshot(&self, book: &str) -> impl Future<Output = Result<Option<Snapshot>, StoreError>> + Send {
        self.memory.snapshot(book)
    }

    fn vouchers(
        &self,
        book: &str,
        query: &VoucherQuery,
    ) -> impl Future<Output = Result<Vec<VoucherRow>, StoreError>> + Send {
        self.memory.vouchers(book, query)
    }

    fn voucher(
        &self,
        book: &str,
        reference: &VoucherRef,
    ) -> impl Future<Output = Result<Option<VoucherRow>, StoreError>> + Send {
        self.memory.voucher(book, reference)
    }

    fn lines(
        &self,
        book: &str,
        sequences: &[Sequence],
    ) -> impl Future<Output = Result<Vec<LineRow>, StoreError>> + Send {
        self.memory.lines(book, sequences)
    }

    fn sums(&self, book: &str, query: &SumQuery) -> impl Future<Output = Result<Vec<SumRow>, StoreError>> + Send {
        self.memory.sums(book, query)
    }

    fn rejections(
        &self,
        book: &str,
        after: Sequence,
        up_to: Sequence,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<RejectionRow>, StoreError>> + Send {
        self.memory.rejections(book, after, up_to, limit)
    }
}
