//! The `Store` trait on PostgreSQL: finds the book and hands over to the subjects.

use engine::store::{
    AppendError, Batch, BookEntry, Cosignature, FactsRead, Head, LogRow, RowTime, Snapshot, Store, StoreError,
    SumQuery, SumRow, TokenEntry, TreeHead, TreeHeadQuery, VoucherQuery,
};
use ledger::rows::{FactHash, LineRow, RejectionRow, ViewRows, VoucherRow};
use record::{Digest, Sequence, VoucherRef};

use super::{PostgresStore, catalogue, facts, heads, log, project, queries, snapshot};

impl Store for PostgresStore {
    async fn books(&self) -> Result<Vec<BookEntry>, StoreError> {
        catalogue::books(&self.readers).await
    }

    async fn create_book(&self, entry: &BookEntry) -> Result<(), StoreError> {
        if entry.book.is_empty() {
            return Err(StoreError::NoSuchBook);
        }
        catalogue::create_book(&self.readers, entry, false).await
    }

    async fn token(&self, hash: &Digest) -> Result<Option<TokenEntry>, StoreError> {
        catalogue::token(&self.readers, hash).await
    }

    async fn tokens(&self) -> Result<Vec<TokenEntry>, StoreError> {
        catalogue::tokens(&self.readers).await
    }

    async fn add_token(&self, token: &TokenEntry) -> Result<(), StoreError> {
        catalogue::add_token(&self.readers, token).await
    }

    async fn revoke_tokens(&self, person: &str) -> Result<u64, StoreError> {
        catalogue::revoke_tokens(&self.readers, person).await
    }

    async fn fence(&self, book: &str) -> Result<Head, StoreError> {
        log::fence(&self.connector, &*self.book(book).await?).await
    }

    async fn append(&self, book: &str, expected: &Head, batch: &Batch) -> Result<(), AppendError> {
        let book = self.book(book).await.map_err(AppendError::NotCommitted)?;
        log::append(&self.connector, &book, expected, batch).await
    }

    async fn log_rows(&self, book: &str, from: Sequence, max_bytes: usize) -> Result<Vec<LogRow>, StoreError> {
        log::rows(&self.readers, &*self.book(book).await?, from, max_bytes).await
    }

    async fn records(&self, book: &str, sequences: &[Sequence]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        log::records(&self.readers, &*self.book(book).await?, sequences).await
    }

    async fn row_time(&self, book: &str, sequence: Sequence) -> Result<Option<RowTime>, StoreError> {
        log::row_time(&self.readers, &*self.book(book).await?, sequence).await
    }

    async fn leaves(&self, book: &str, from: Sequence, to: Sequence) -> Result<Vec<Digest>, StoreError> {
        heads::leaves(&self.readers, &*self.book(book).await?, from, to).await
    }

    async fn add_tree_head(&self, book: &str, head: &TreeHead) -> Result<TreeHead, StoreError> {
        heads::add(&self.readers, &*self.book(book).await?, head).await
    }

    async fn add_cosignatures(
        &self,
        book: &str,
        size: Sequence,
        cosignatures: &[Cosignature],
    ) -> Result<(), StoreError> {
        heads::cosign(&self.readers, &*self.book(book).await?, size, cosignatures).await
    }

    async fn tree_heads(&self, book: &str, query: TreeHeadQuery) -> Result<Vec<TreeHead>, StoreError> {
        heads::read(&self.readers, &*self.book(book).await?, query).await
    }

    async fn reached(&self, book: &str) -> Result<Sequence, StoreError> {
        queries::reached(&self.readers, &*self.book(book).await?).await
    }

    async fn project(&self, book: &str, from: Sequence, to: Sequence, rows: &ViewRows) -> Result<(), StoreError> {
        project::project(&self.connector, &*self.book(book).await?, from, to, rows).await
    }

    async fn clear_views(&self, book: &str) -> Result<(), StoreError> {
        project::clear(&self.connector, &*self.book(book).await?).await
    }

    async fn facts(&self, book: &str, keys: &[FactHash]) -> Result<FactsRead, StoreError> {
        facts::facts(&self.readers, &*self.book(book).await?, keys).await
    }

    async fn save_snapshot(&self, book: &str, snapshot: &Snapshot) -> Result<(), StoreError> {
        snapshot::save(&self.readers, &*self.book(book).await?, snapshot).await
    }

    async fn snapshot(&self, book: &str) -> Result<Option<Snapshot>, StoreError> {
        snapshot::load(&self.readers, &*self.book(book).await?).await
    }

    async fn vouchers(&self, book: &str, query: &VoucherQuery) -> Result<Vec<VoucherRow>, StoreError> {
        queries::vouchers(&self.readers, &*self.book(book).await?, query).await
    }

    async fn voucher(&self, book: &str, reference: &VoucherRef) -> Result<Option<VoucherRow>, StoreError> {
        queries::voucher(&self.readers, &*self.book(book).await?, reference).await
    }

    async fn lines(&self, book: &str, sequences: &[Sequence]) -> Result<Vec<LineRow>, StoreError> {
        queries::lines(&self.readers, &*self.book(book).await?, sequences).await
    }

    async fn sums(&self, book: &str, query: &SumQuery) -> Result<Vec<SumRow>, StoreError> {
        queries::sums(&self.readers, &*self.book(book).await?, query).await
    }

    async fn rejections(
        &self,
        book: &str,
        after: Sequence,
        up_to: Sequence,
        limit: u32,
    ) -> Result<Vec<RejectionRow>, StoreError> {
        queries::rejections(&self.readers, &*self.book(book).await?, after, up_to, limit).await
    }
}
