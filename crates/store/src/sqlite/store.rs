//! The `Store` trait on SQLite: finds the book and hands over to the subjects.

use engine::store::{
    AppendError, Batch, BookEntry, Cosignature, FactsRead, Head, LogRow, RowTime, Snapshot, Store, StoreError,
    SumQuery, SumRow, TokenEntry, TreeHead, TreeHeadQuery, VoucherQuery,
};
use ledger::rows::{FactHash, LineRow, RejectionRow, ViewRows, VoucherRow};
use record::{Digest, Sequence, VoucherRef};

use super::book::Book;
use super::{SqliteStore, catalogue, facts, heads, log, project, queries, snapshot};

impl Store for SqliteStore {
    async fn books(&self) -> Result<Vec<BookEntry>, StoreError> {
        catalogue::books(&self.catalogue).await
    }

    async fn create_book(&self, entry: &BookEntry) -> Result<(), StoreError> {
        if entry.book.is_empty() {
            return Err(StoreError::NoSuchBook);
        }
        let mut books = self.books.write().await;
        let arriving = catalogue::arriving(&self.catalogue, &entry.book).await?;
        if arriving == Some(true) {
            return Err(StoreError::BookExists);
        }
        let listed = arriving.is_some();
        let dir = self.book_dir(&entry.book);
        let book = match books.get(&entry.book) {
            Some(book) => std::sync::Arc::clone(book),
            None if listed => std::sync::Arc::new(Book::open(&dir).await?),
            None => std::sync::Arc::new(Book::make(&dir).await?),
        };
        let empty = log::is_empty(&book.log).await;
        books.insert(entry.book.clone(), book);
        if !empty? {
            return Err(StoreError::BookExists);
        }
        // Listed last: a book that is listed has its files.
        catalogue::add_book(&self.catalogue, entry).await
    }

    async fn token(&self, hash: &Digest) -> Result<Option<TokenEntry>, StoreError> {
        catalogue::token(&self.catalogue, hash).await
    }

    async fn tokens(&self) -> Result<Vec<TokenEntry>, StoreError> {
        catalogue::tokens(&self.catalogue).await
    }

    async fn add_token(&self, token: &TokenEntry) -> Result<(), StoreError> {
        catalogue::add_token(&self.catalogue, token).await
    }

    async fn revoke_tokens(&self, person: &str) -> Result<u64, StoreError> {
        catalogue::revoke_tokens(&self.catalogue, person).await
    }

    async fn fence(&self, book: &str) -> Result<Head, StoreError> {
        log::fence(&self.book(book).await?.log).await
    }

    async fn append(&self, book: &str, expected: &Head, batch: &Batch) -> Result<(), AppendError> {
        let book = self.book(book).await.map_err(AppendError::NotCommitted)?;
        log::append(&book.log, expected, batch).await
    }

    async fn log_rows(&self, book: &str, from: Sequence, max_bytes: usize) -> Result<Vec<LogRow>, StoreError> {
        log::rows(&self.book(book).await?.log, from, max_bytes).await
    }

    async fn records(&self, book: &str, sequences: &[Sequence]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        log::records(&self.book(book).await?.log, sequences).await
    }

    async fn row_time(&self, book: &str, sequence: Sequence) -> Result<Option<RowTime>, StoreError> {
        log::row_time(&self.book(book).await?.log, sequence).await
    }

    async fn leaves(&self, book: &str, from: Sequence, to: Sequence) -> Result<Vec<Digest>, StoreError> {
        heads::leaves(&self.book(book).await?.log, from, to).await
    }

    async fn add_tree_head(&self, book: &str, head: &TreeHead) -> Result<TreeHead, StoreError> {
        heads::add(&self.book(book).await?.log, head).await
    }

    async fn add_cosignatures(
        &self,
        book: &str,
        size: Sequence,
        cosignatures: &[Cosignature],
    ) -> Result<(), StoreError> {
        heads::cosign(&self.book(book).await?.log, size, cosignatures).await
    }

    async fn tree_heads(&self, book: &str, query: TreeHeadQuery) -> Result<Vec<TreeHead>, StoreError> {
        heads::read(&self.book(book).await?.log, query).await
    }

    async fn reached(&self, book: &str) -> Result<Sequence, StoreError> {
        queries::reached(&self.book(book).await?.views.open().await?.database).await
    }

    async fn project(&self, book: &str, from: Sequence, to: Sequence, rows: &ViewRows) -> Result<(), StoreError> {
        project::project(&*self.book(book).await?.views.open().await?, from, to, rows).await
    }

    async fn clear_views(&self, book: &str) -> Result<(), StoreError> {
        self.book(book).await?.views.clear().await
    }

    async fn facts(&self, book: &str, keys: &[FactHash]) -> Result<FactsRead, StoreError> {
        facts::facts(&*self.book(book).await?.views.open().await?, keys).await
    }

    async fn save_snapshot(&self, book: &str, snapshot: &Snapshot) -> Result<(), StoreError> {
        let (dir, snapshot) = (self.book(book).await?.dir.clone(), snapshot.clone());
        on_thread(move || snapshot::save(&dir, &snapshot)).await
    }

    async fn snapshot(&self, book: &str) -> Result<Option<Snapshot>, StoreError> {
        let dir = self.book(book).await?.dir.clone();
        on_thread(move || snapshot::load(&dir)).await
    }

    async fn vouchers(&self, book: &str, query: &VoucherQuery) -> Result<Vec<VoucherRow>, StoreError> {
        queries::vouchers(&self.book(book).await?.views.open().await?.database, query).await
    }

    async fn voucher(&self, book: &str, reference: &VoucherRef) -> Result<Option<VoucherRow>, StoreError> {
        queries::voucher(&self.book(book).await?.views.open().await?.database, reference).await
    }

    async fn lines(&self, book: &str, sequences: &[Sequence]) -> Result<Vec<LineRow>, StoreError> {
        queries::lines(&self.book(book).await?.views.open().await?.database, sequences).await
    }

    async fn sums(&self, book: &str, query: &SumQuery) -> Result<Vec<SumRow>, StoreError> {
        queries::sums(&self.book(book).await?.views.open().await?.database, query).await
    }

    async fn rejections(
        &self,
        book: &str,
        after: Sequence,
        up_to: Sequence,
        limit: u32,
    ) -> Result<Vec<RejectionRow>, StoreError> {
        queries::rejections(&self.book(book).await?.views.open().await?.database, after, up_to, limit).await
    }
}

/// Runs what waits for files on a thread that may wait.
async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::Unavailable("snapshot: the work was broken off".into())),
    }
}
