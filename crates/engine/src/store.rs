//! The store as the engine sees it: books, batches, records, facts and views; never SQL. Implemented by `store` (SQLite, later
//! PostgreSQL) and by the tests' memory store. Every call names its book; facts and views are batch-wise.

use std::future::Future;
use std::sync::Arc;

use ledger::Filter;
use ledger::rows::{FactHash, FactRow, LineRow, RejectionRow, SideSums, ViewRows, VoucherRow};
use record::{Day, Digest, Sequence, VoucherRef};

/// A head: how far a log reaches, its root, the right edge of its tree and the epoch that may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Records in the log.
    pub sequence: Sequence,
    /// RFC 6962 root over their leaf hashes.
    pub root: Digest,
    /// The right edge: roots of the perfect subtrees of `sequence`, largest first.
    pub edge: Vec<Digest>,
    /// Time of the last record, microseconds; 0 for an empty log.
    pub time: i64,
    /// Writers of a lower epoch are fenced.
    pub epoch: u64,
}

/// A batch: one row of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Sequence of its first record.
    pub first: Sequence,
    /// Record bodies, in order, exactly as hashed. At most 1 MiB together unless the batch holds a single command.
    pub bodies: Vec<Vec<u8>>,
    /// Their leaf hashes.
    pub leaves: Vec<Digest>,
    /// Head after this batch.
    pub after: Head,
}

/// Why an append did not give a plain yes.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Certainly not committed: the database said so before or instead of COMMIT. The batch may be decided again.
    #[error("not committed: {0}")]
    NotCommitted(StoreError),
    /// The head has another epoch: a newer writer owns the book.
    #[error("fenced: the book is now written under epoch {0}")]
    Fenced(u64),
    /// The head is at another sequence or root than expected under our own epoch.
    #[error("the log's head is at {found}, expected {expected}")]
    HeadMoved {
        /// What the writer expected.
        expected: Sequence,
        /// What stands there.
        found: Sequence,
    },
    /// COMMIT was sent and its answer was lost: call [`Store::fence`] and look.
    #[error("outcome of COMMIT unknown: {0}")]
    Unknown(StoreError),
}

/// A store failure. Texts never hold row contents.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is gone, locked, full or read-only; trying again later may help.
    #[error("storage unavailable: {0}")]
    Unavailable(String),
    /// What is stored contradicts itself or was made by another version; trying again does not help.
    #[error("storage corrupt or of another version: {0}")]
    Corrupt(String),
    /// The book does not exist.
    #[error("no such book")]
    NoSuchBook,
    /// The book exists already.
    #[error("the book exists already")]
    BookExists,
    /// Another process holds the book's folder.
    #[error("the book is open in another process")]
    Locked,
}

/// A row of the log as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRow {
    /// Sequence of its first record.
    pub first: Sequence,
    /// Record bodies.
    pub bodies: Vec<Vec<u8>>,
    /// Their leaf hashes.
    pub leaves: Vec<Digest>,
    /// Root after the row.
    pub root: Digest,
    /// Epoch that wrote it.
    pub epoch: u64,
}

/// Where a row of the log stands in sequence and time, without what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowTime {
    /// Sequence of its first record.
    pub first: Sequence,
    /// Sequence of its last record.
    pub last: Sequence,
    /// Time of its last record, microseconds.
    pub time: i64,
}

/// What the views knew when facts were read.
#[derive(Clone, Debug, Default)]
pub struct FactsRead {
    /// Sequence that the views had reached at that read.
    pub reached: Sequence,
    /// The facts found among those asked for.
    pub found: Vec<FactRow>,
}

/// A saved state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// State after this many records.
    pub at: Sequence,
    /// Right edge of the tree, whose length `at` tells, then the canonical state.
    pub state: Arc<Vec<u8>>,
    /// Key filter.
    pub filter: Filter,
}

/// A signed tree head: a checkpoint as it stands in storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// Records.
    pub size: Sequence,
    /// Root over them.
    pub root: Digest,
    /// The signed note, as signed by the log.
    pub note: String,
    /// Signature lines of witnesses, each with its newline.
    pub cosignatures: Vec<String>,
}

/// A cosignature as it stands in storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// Name of the witness's key.
    pub key_name: String,
    /// Id of that key.
    pub key_id: u32,
    /// The signature line, with its newline.
    pub line: String,
}

/// Which signed tree heads to read, newest first.
#[derive(Clone, Copy, Debug)]
pub struct TreeHeadQuery {
    /// Smallest size.
    pub from: Sequence,
    /// Largest size.
    pub to: Sequence,
    /// Only those that somebody cosigned.
    pub cosigned: bool,
    /// How many at most.
    pub limit: u32,
}

/// Which vouchers to list, newest last. All given conditions hold together.
#[derive(Clone, Debug, Default)]
pub struct VoucherQuery {
    /// Only vouchers recorded after this sequence (the page's place).
    pub after: Sequence,
    /// Only vouchers recorded at or before this sequence (the listing's snapshot).
    pub up_to: Sequence,
    /// Earliest voucher date.
    pub from: Option<Day>,
    /// Latest voucher date.
    pub to: Option<Day>,
    /// Only this word's tag (`record::kinds::Word`).
    pub word: Option<record::kinds::Word>,
    /// Only vouchers with a line of this source.
    pub source: Option<u8>,
    /// Only vouchers with a line of this account.
    pub account: Option<u16>,
    /// Only vouchers with a line of this grant.
    pub grant: Option<u32>,
    /// How many at most.
    pub limit: u32,
}

/// Which lines to add up, and by what. All given conditions hold together.
#[derive(Clone, Debug, Default)]
pub struct SumQuery {
    /// By account, source and class alone: the other parts of the keys are 0, and `grant` and `holder` must not be given.
    pub rough: bool,
    /// Only lines of this account.
    pub account: Option<u16>,
    /// Only lines of this source.
    pub source: Option<u8>,
    /// Only lines of this grant.
    pub grant: Option<u32>,
    /// Only lines of this holder.
    pub holder: Option<u32>,
    /// Lines of vouchers dated on or before this day.
    pub as_of: Option<Day>,
    /// Lines of vouchers dated on or after this day.
    pub from: Option<Day>,
    /// Lines recorded at or before this sequence.
    pub known_at: Sequence,
}

/// Sums of one (account, source, grant, holder, class, plan, use).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SumRow {
    /// Account, source, grant, holder, class, plan and use, by ordinal.
    pub key: (u16, u8, u32, u32, u8, u8, u8),
    /// Programme year.
    pub year: u16,
    /// The sums.
    pub sums: SideSums,
}

/// A book as the catalogue has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookEntry {
    /// Code.
    pub book: String,
    /// When it was opened, microseconds.
    pub created_at: i64,
}

/// A token as the catalogue has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenEntry {
    /// SHA-256 of the token's 256 random bits; the token itself is nowhere kept.
    pub hash: Digest,
    /// Person code that it speaks for, in every book.
    pub person: String,
    /// Whether it may open books.
    pub operator: bool,
    /// When it was made, microseconds.
    pub created_at: i64,
    /// When it ends, microseconds; none never.
    pub expires_at: Option<i64>,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// Storage of books. Futures must not be dropped half-way by requests: only the engine's own tasks call the writing methods.
pub trait Store: Send + Sync + 'static {
    /// Books in the catalogue, by code.
    fn books(&self) -> impl Future<Output = Result<Vec<BookEntry>, StoreError>> + Send;
    /// Adds a book to the catalogue and makes its empty log and views. A book without records is no book yet: it is made again.
    fn create_book(&self, entry: &BookEntry) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Token with this hash.
    fn token(&self, hash: &Digest) -> impl Future<Output = Result<Option<TokenEntry>, StoreError>> + Send;
    /// All tokens.
    fn tokens(&self) -> impl Future<Output = Result<Vec<TokenEntry>, StoreError>> + Send;
    /// Adds a token.
    fn add_token(&self, token: &TokenEntry) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Revokes all tokens of a person; tells how many.
    fn revoke_tokens(&self, person: &str) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Takes the book over: raises the epoch on a fresh connection (waiting behind any transaction still open, and fencing it), then
    /// reads the head. Also how an unknown outcome is resolved.
    fn fence(&self, book: &str) -> impl Future<Output = Result<Head, StoreError>> + Send;
    /// Appends a batch in one transaction: compare-and-set of the head from (`expected.sequence`, `expected.epoch`,
    /// `expected.root`) to `batch.after`, and one log row.
    fn append(
        &self,
        book: &str,
        expected: &Head,
        batch: &Batch,
    ) -> impl Future<Output = Result<(), AppendError>> + Send;
    /// Log rows that hold records from `from` on, in order, at least one row if there is one, then as many as fit `max_bytes`.
    fn log_rows(
        &self,
        book: &str,
        from: Sequence,
        max_bytes: usize,
    ) -> impl Future<Output = Result<Vec<LogRow>, StoreError>> + Send;
    /// Bodies of these records, in the order asked; none for one that the log does not hold.
    fn records(
        &self,
        book: &str,
        sequences: &[Sequence],
    ) -> impl Future<Output = Result<Vec<Option<Vec<u8>>>, StoreError>> + Send;
    /// Sequence and time of the row that holds a record; none beyond the log. What the row holds is not read.
    fn row_time(
        &self,
        book: &str,
        sequence: Sequence,
    ) -> impl Future<Output = Result<Option<RowTime>, StoreError>> + Send;

    /// Leaf hashes of the records from `from` up to `to`, both included, as far as the log holds them. Bodies are not read.
    fn leaves(
        &self,
        book: &str,
        from: Sequence,
        to: Sequence,
    ) -> impl Future<Output = Result<Vec<Digest>, StoreError>> + Send;
    /// Adds a signed tree head of a batch's end, unless one of its size stands: there is never a second one. Gives the one that stands.
    fn add_tree_head(&self, book: &str, head: &TreeHead) -> impl Future<Output = Result<TreeHead, StoreError>> + Send;
    /// Adds cosignatures to a signed tree head; one by a key that cosigned it already is left out.
    fn add_cosignatures(
        &self,
        book: &str,
        size: Sequence,
        cosignatures: &[Cosignature],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Signed tree heads, newest first, each with its cosignatures.
    fn tree_heads(
        &self,
        book: &str,
        query: TreeHeadQuery,
    ) -> impl Future<Output = Result<Vec<TreeHead>, StoreError>> + Send;

    /// Sequence that the views have reached.
    fn reached(&self, book: &str) -> impl Future<Output = Result<Sequence, StoreError>> + Send;
    /// Adds rows to the views and moves the reached sequence from `from` to `to`, by compare-and-set, in one transaction. Checks
    /// set-wise: each ACTUAL voucher's sums per (source, grant) and each BUDGET voucher's per source are zero; counts and
    /// contiguity fit.
    fn project(
        &self,
        book: &str,
        from: Sequence,
        to: Sequence,
        rows: &ViewRows,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Empties the views, so that the projector fills them anew.
    fn clear_views(&self, book: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Facts among these keys, in one query, with the sequence that the views had reached.
    fn facts(&self, book: &str, keys: &[FactHash]) -> impl Future<Output = Result<FactsRead, StoreError>> + Send;

    /// Saves a snapshot, replacing older ones.
    fn save_snapshot(&self, book: &str, snapshot: &Snapshot) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// The newest snapshot.
    fn snapshot(&self, book: &str) -> impl Future<Output = Result<Option<Snapshot>, StoreError>> + Send;

    /// Vouchers of a listing, by sequence.
    fn vouchers(
        &self,
        book: &str,
        query: &VoucherQuery,
    ) -> impl Future<Output = Result<Vec<VoucherRow>, StoreError>> + Send;
    /// The voucher with this reference.
    fn voucher(
        &self,
        book: &str,
        reference: &VoucherRef,
    ) -> impl Future<Output = Result<Option<VoucherRow>, StoreError>> + Send;
    /// Lines of the vouchers in these records, by sequence and line number.
    fn lines(
        &self,
        book: &str,
        sequences: &[Sequence],
    ) -> impl Future<Output = Result<Vec<LineRow>, StoreError>> + Send;
    /// Sums of lines, by key; keys whose sums are all zero are left out.
    fn sums(&self, book: &str, query: &SumQuery) -> impl Future<Output = Result<Vec<SumRow>, StoreError>> + Send;
    /// Refusals recorded after `after` and up to `up_to`, by sequence.
    fn rejections(
        &self,
        book: &str,
        after: Sequence,
        up_to: Sequence,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<RejectionRow>, StoreError>> + Send;
}
