//! A store in memory, for fast tests: the same answers as the databases give, and faults on demand. Nothing outlives the last clone.

mod views;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::store::{
    AppendError, Batch, BookEntry, Cosignature, FactsRead, Head, LogRow, RowTime, Snapshot, Store, StoreError,
    SumQuery, SumRow, TokenEntry, TreeHead, TreeHeadQuery, VoucherQuery,
};
use ledger::rows::{FactHash, LineRow, RejectionRow, ViewRows, VoucherRow};
use record::hash::sha256;
use record::{Digest, Sequence, VoucherRef};

use views::Views;

/// What goes wrong with an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is stored and the store says so.
    NotCommitted,
    /// The batch is stored, and the answer of COMMIT is lost.
    UnknownCommitted,
    /// Nothing is stored, and the answer of COMMIT is lost.
    UnknownLost,
    /// Another writer has taken the book over just before.
    Fenced,
}

/// The store. Clones share their books, so that one can be handed to an engine and another to its successor.
#[derive(Clone, Default)]
pub struct MemoryStore {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    books: BTreeMap<String, Book>,
    tokens: BTreeMap<Digest, TokenEntry>,
}

#[derive(Clone)]
struct Book {
    entry: BookEntry,
    head: Head,
    log: Vec<LogRow>,
    /// Times of the rows' last records.
    times: Vec<i64>,
    views: Views,
    snapshot: Option<Snapshot>,
    heads: BTreeMap<Sequence, TreeHead>,
    append_faults: VecDeque<Fault>,
    project_faults: usize,
}

impl Book {
    fn new(entry: BookEntry) -> Book {
        let head = Head { sequence: 0, root: sha256(b""), edge: Vec::new(), time: 0, epoch: 0 };
        Book {
            entry,
            head,
            log: Vec::new(),
            times: Vec::new(),
            views: Views::default(),
            snapshot: None,
            heads: BTreeMap::new(),
            append_faults: VecDeque::new(),
            project_faults: 0,
        }
    }

    fn append(&mut self, expected: &Head, batch: &Batch) -> Result<(), AppendError> {
        check_follows(expected, batch).map_err(AppendError::NotCommitted)?;
        let fault = self.append_faults.pop_front();
        match fault {
            Some(Fault::NotCommitted) => return Err(AppendError::NotCommitted(injected())),
            Some(Fault::Fenced) => self.head.epoch += 1,
            Some(Fault::UnknownLost) => return Err(AppendError::Unknown(injected())),
            Some(Fault::UnknownCommitted) | None => {}
        }
        let head = &self.head;
        if head.epoch != expected.epoch {
            return Err(AppendError::Fenced(head.epoch));
        }
        if (head.sequence, head.root) != (expected.sequence, expected.root) {
            return Err(AppendError::HeadMoved { expected: expected.sequence, found: head.sequence });
        }
        self.head = batch.after.clone();
        self.times.push(batch.after.time);
        self.log.push(LogRow {
            first: batch.first,
            bodies: batch.bodies.clone(),
            leaves: batch.leaves.clone(),
            root: batch.after.root,
            epoch: batch.after.epoch,
        });
        if fault.is_some() { Err(AppendError::Unknown(injected())) } else { Ok(()) }
    }

    fn row_of(&self, sequence: Sequence) -> Option<&LogRow> {
        let place = self.log.partition_point(|row| row.first <= sequence).checked_sub(1)?;
        self.log.get(place).filter(|row| sequence - row.first < row.bodies.len() as u64)
    }

    fn row_time(&self, sequence: Sequence) -> Option<RowTime> {
        let row = self.row_of(sequence)?;
        let place = self.log.partition_point(|other| other.first < row.first);
        let last = row.first + row.bodies.len() as u64 - 1;
        Some(RowTime { first: row.first, last, time: *self.times.get(place)? })
    }

    fn leaves(&self, from: Sequence, to: Sequence) -> Vec<Digest> {
        let all = self.log.iter().flat_map(|row| (row.first..).zip(&row.leaves));
        all.filter(|(sequence, _)| (from..=to).contains(sequence)).map(|(_, leaf)| *leaf).collect()
    }

    fn sign(&mut self, head: &TreeHead) -> Result<TreeHead, StoreError> {
        if let Some(standing) = self.heads.get(&head.size) {
            return Ok(standing.clone());
        }
        let ends_there = |row: &LogRow| row.first + row.leaves.len() as u64 == head.size + 1 && row.root == head.root;
        if !self.row_of(head.size).is_some_and(ends_there) {
            return Err(StoreError::Corrupt("a tree head of no end of the log".into()));
        }
        let made = TreeHead { cosignatures: Vec::new(), ..head.clone() };
        self.heads.insert(head.size, made.clone());
        Ok(made)
    }

    fn cosign(&mut self, size: Sequence, cosignatures: &[Cosignature]) -> Result<(), StoreError> {
        let none = || StoreError::Corrupt("a cosignature of no tree head".into());
        let head = self.heads.get_mut(&size).ok_or_else(none)?;
        for cosignature in cosignatures {
            // Who signed stands at the beginning of the line, name and id.
            let by = |line: &String| proof::Signature::parse(line.trim_end()).map(|made| (made.name, made.id));
            let key = Some((cosignature.key_name.clone(), cosignature.key_id));
            if head.cosignatures.iter().all(|line| by(line) != key) {
                head.cosignatures.push(cosignature.line.clone());
            }
        }
        Ok(())
    }

    fn heads_of(&self, query: TreeHeadQuery) -> Vec<TreeHead> {
        let within = self.heads.range(query.from..=query.to).rev().map(|(_, head)| head);
        let wanted = within.filter(|head| !query.cosigned || !head.cosignatures.is_empty());
        wanted.take(usize::try_from(query.limit).unwrap_or(usize::MAX)).cloned().collect()
    }

    fn rows_from(&self, from: Sequence, max_bytes: usize) -> Vec<LogRow> {
        let start = self.log.partition_point(|row| row.first + row.bodies.len() as u64 <= from);
        let mut bytes = 0;
        let mut rows = Vec::new();
        for row in self.log.iter().skip(start) {
            bytes += row.bodies.iter().map(Vec::len).sum::<usize>() + row.leaves.len() * 32;
            if bytes > max_bytes && !rows.is_empty() {
                break;
            }
            rows.push(row.clone());
        }
        rows
    }
}

fn injected() -> StoreError {
    StoreError::Unavailable("injected fault".into())
}

fn check_follows(expected: &Head, batch: &Batch) -> Result<(), StoreError> {
    let count = batch.bodies.len() as u64;
    let follows = count > 0
        && batch.leaves.len() == batch.bodies.len()
        && expected.sequence + 1 == batch.first
        && expected.sequence + count == batch.after.sequence
        && expected.epoch == batch.after.epoch
        && expected.time <= batch.after.time;
    if follows { Ok(()) } else { Err(StoreError::Corrupt("a batch that does not follow the expected head".into())) }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> MemoryStore {
        MemoryStore::default()
    }

    /// The coming appends of the book meet these faults, one each, in this order.
    pub fn fail_appends(&self, book: &str, faults: impl IntoIterator<Item = Fault>) {
        if let Some(book) = self.lock().books.get_mut(book) {
            book.append_faults.extend(faults);
        }
    }

    /// So many coming projections of the book are answered with `Unavailable`.
    pub fn fail_projections(&self, book: &str, times: usize) {
        if let Some(book) = self.lock().books.get_mut(book) {
            book.project_faults = times;
        }
    }

    /// All books as they are now: what a backup keeps.
    pub fn copied(&self) -> MemoryStore {
        let books = self.lock().books.clone();
        MemoryStore { inner: Arc::new(Mutex::new(Inner { books, ..Inner::default() })) }
    }

    /// Puts the books of a copy in the place of those here; every clone sees them.
    pub fn put_back(&self, copy: &MemoryStore) {
        let books = copy.lock().books.clone();
        self.lock().books = books;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, book: &str, work: impl FnOnce(&mut Book) -> T) -> Result<T, StoreError> {
        self.lock().books.get_mut(book).map(work).ok_or(StoreError::NoSuchBook)
    }
}

impl Store for MemoryStore {
    async fn books(&self) -> Result<Vec<BookEntry>, StoreError> {
        Ok(self.lock().books.values().map(|book| book.entry.clone()).collect())
    }

    async fn create_book(&self, entry: &BookEntry) -> Result<(), StoreError> {
        if entry.book.is_empty() {
            return Err(StoreError::NoSuchBook);
        }
        let mut inner = self.lock();
        let book = inner.books.entry(entry.book.clone()).or_insert_with(|| Book::new(entry.clone()));
        if book.head.sequence > 0 { Err(StoreError::BookExists) } else { Ok(()) }
    }

    async fn token(&self, hash: &Digest) -> Result<Option<TokenEntry>, StoreError> {
        Ok(self.lock().tokens.get(hash).cloned())
    }

    async fn tokens(&self) -> Result<Vec<TokenEntry>, StoreError> {
        let mut tokens: Vec<_> = self.lock().tokens.values().cloned().collect();
        tokens.sort_by_key(|token| (token.created_at, token.hash));
        Ok(tokens)
    }

    async fn add_token(&self, token: &TokenEntry) -> Result<(), StoreError> {
        let mut inner = self.lock();
        if inner.tokens.contains_key(&token.hash) {
            return Err(StoreError::Corrupt("a token with this hash exists".into()));
        }
        inner.tokens.insert(token.hash, token.clone());
        Ok(())
    }

    async fn revoke_tokens(&self, person: &str) -> Result<u64, StoreError> {
        let mut inner = self.lock();
        let live = inner.tokens.values_mut().filter(|token| token.person == person && !token.revoked);
        Ok(live.map(|token| token.revoked = true).count() as u64)
    }

    async fn fence(&self, book: &str) -> Result<Head, StoreError> {
        self.with(book, |book| {
            book.head.epoch += 1;
            book.head.clone()
        })
    }

    async fn append(&self, book: &str, expected: &Head, batch: &Batch) -> Result<(), AppendError> {
        self.with(book, |book| book.append(expected, batch)).map_err(AppendError::NotCommitted)?
    }

    async fn log_rows(&self, book: &str, from: Sequence, max_bytes: usize) -> Result<Vec<LogRow>, StoreError> {
        self.with(book, |book| book.rows_from(from, max_bytes))
    }

    async fn records(&self, book: &str, sequences: &[Sequence]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.with(book, |book| {
            let body = |sequence: &Sequence| {
                let row = book.row_of(*sequence)?;
                row.bodies.get(usize::try_from(*sequence - row.first).ok()?).cloned()
            };
            sequences.iter().map(body).collect()
        })
    }

    async fn row_time(&self, book: &str, sequence: Sequence) -> Result<Option<RowTime>, StoreError> {
        self.with(book, |book| book.row_time(sequence))
    }

    async fn leaves(&self, book: &str, from: Sequence, to: Sequence) -> Result<Vec<Digest>, StoreError> {
        self.with(book, |book| book.leaves(from, to))
    }

    async fn add_tree_head(&self, book: &str, head: &TreeHead) -> Result<TreeHead, StoreError> {
        self.with(book, |book| book.sign(head))?
    }

    async fn add_cosignatures(
        &self,
        book: &str,
        size: Sequence,
        cosignatures: &[Cosignature],
    ) -> Result<(), StoreError> {
        self.with(book, |book| book.cosign(size, cosignatures))?
    }

    async fn tree_heads(&self, book: &str, query: TreeHeadQuery) -> Result<Vec<TreeHead>, StoreError> {
        self.with(book, |book| book.heads_of(query))
    }

    async fn reached(&self, book: &str) -> Result<Sequence, StoreError> {
        self.with(book, |book| book.views.reached())
    }

    async fn project(&self, book: &str, from: Sequence, to: Sequence, rows: &ViewRows) -> Result<(), StoreError> {
        self.with(book, |book| match book.project_faults.checked_sub(1) {
            Some(left) => {
                book.project_faults = left;
                Err(injected())
            }
            None => book.views.project(from, to, rows),
        })?
    }

    async fn clear_views(&self, book: &str) -> Result<(), StoreError> {
        self.with(book, |book| book.views = Views::default())
    }

    async fn facts(&self, book: &str, keys: &[FactHash]) -> Result<FactsRead, StoreError> {
        self.with(book, |book| book.views.facts(keys))
    }

    async fn save_snapshot(&self, book: &str, snapshot: &Snapshot) -> Result<(), StoreError> {
        self.with(book, |book| book.snapshot = Some(snapshot.clone()))
    }

    async fn snapshot(&self, book: &str) -> Result<Option<Snapshot>, StoreError> {
        self.with(book, |book| book.snapshot.clone())
    }

    async fn vouchers(&self, book: &str, query: &VoucherQuery) -> Result<Vec<VoucherRow>, StoreError> {
        self.with(book, |book| book.views.vouchers(query))
    }

    async fn voucher(&self, book: &str, reference: &VoucherRef) -> Result<Option<VoucherRow>, StoreError> {
        self.with(book, |book| book.views.voucher(reference))
    }

    async fn lines(&self, book: &str, sequences: &[Sequence]) -> Result<Vec<LineRow>, StoreError> {
        self.with(book, |book| book.views.lines(sequences))
    }

    async fn sums(&self, book: &str, query: &SumQuery) -> Result<Vec<SumRow>, StoreError> {
        self.with(book, |book| book.views.sums(query))
    }

    async fn rejections(
        &self,
        book: &str,
        after: Sequence,
        up_to: Sequence,
        limit: u32,
    ) -> Result<Vec<RejectionRow>, StoreError> {
        self.with(book, |book| book.views.rejections(after, up_to, limit))
    }
}
