//! Either store behind one type, for programs that are told at run time which. Every call is handed on as it stands.

use engine::store::{
    AppendError, Batch, BookEntry, Cosignature, FactsRead, Head, LogRow, RowTime, Snapshot, Store, StoreError,
    SumQuery, SumRow, TokenEntry, TreeHead, TreeHeadQuery, VoucherQuery,
};
use ledger::rows::{FactHash, LineRow, RejectionRow, ViewRows, VoucherRow};
use record::{Digest, Sequence, VoucherRef};

use crate::{PostgresStore, SqliteStore};

/// One of the stores.
pub enum AnyStore {
    /// Files of a folder.
    Sqlite(Box<SqliteStore>),
    /// Schemas of a database.
    Postgres(Box<PostgresStore>),
}

/// The same call of whichever it is.
macro_rules! either {
    ($self:ident.$method:ident($($argument:expr),*)) => {
        match $self {
            AnyStore::Sqlite(store) => store.$method($($argument),*).await,
            AnyStore::Postgres(store) => store.$method($($argument),*).await,
        }
    };
}

impl AnyStore {
    /// Lists a book that arrives from another store: its log can be written, and nobody takes it for a book before [`Self::arrived`].
    pub async fn begin_arrival(&self, entry: &BookEntry) -> Result<(), StoreError> {
        either!(self.begin_arrival(entry))
    }

    /// Whether a book is still arriving; none if it is not listed.
    pub async fn arriving(&self, code: &str) -> Result<Option<bool>, StoreError> {
        either!(self.arriving(code))
    }

    /// All of a book is here.
    pub async fn arrived(&self, code: &str) -> Result<(), StoreError> {
        either!(self.arrived(code))
    }

    /// Closes it: waits for what is being written, and gives locks back.
    pub async fn close(self) {
        match self {
            AnyStore::Sqlite(store) => store.close().await,
            AnyStore::Postgres(store) => store.close().await,
        }
    }
}

impl Store for AnyStore {
    async fn books(&self) -> Result<Vec<BookEntry>, StoreError> {
        either!(self.books())
    }

    async fn create_book(&self, entry: &BookEntry) -> Result<(), StoreError> {
        either!(self.create_book(entry))
    }

    async fn token(&self, hash: &Digest) -> Result<Option<TokenEntry>, StoreError> {
        either!(self.token(hash))
    }

    async fn tokens(&self) -> Result<Vec<TokenEntry>, StoreError> {
        either!(self.tokens())
    }

    async fn add_token(&self, token: &TokenEntry) -> Result<(), StoreError> {
        either!(self.add_token(token))
    }

    async fn revoke_tokens(&self, person: &str) -> Result<u64, StoreError> {
        either!(self.revoke_tokens(person))
    }

    async fn fence(&self, book: &str) -> Result<Head, StoreError> {
        either!(self.fence(book))
    }

    async fn append(&self, book: &str, expected: &Head, batch: &Batch) -> Result<(), AppendError> {
        either!(self.append(book, expected, batch))
    }

    async fn log_rows(&self, book: &str, from: Sequence, max_bytes: usize) -> Result<Vec<LogRow>, StoreError> {
        either!(self.log_rows(book, from, max_bytes))
    }

    async fn records(&self, book: &str, sequences: &[Sequence]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        either!(self.records(book, sequences))
    }

    async fn row_time(&self, book: &str, sequence: Sequence) -> Result<Option<RowTime>, StoreError> {
        either!(self.row_time(book, sequence))
    }

    async fn leaves(&self, book: &str, from: Sequence, to: Sequence) -> Result<Vec<Digest>, StoreError> {
        either!(self.leaves(book, from, to))
    }

    async fn add_tree_head(&self, book: &str, head: &TreeHead) -> Result<TreeHead, StoreError> {
        either!(self.add_tree_head(book, head))
    }

    async fn add_cosignatures(
        &self,
        book: &str,
        size: Sequence,
        cosignatures: &[Cosignature],
    ) -> Result<(), StoreError> {
        either!(self.add_cosignatures(book, size, cosignatures))
    }

    async fn tree_heads(&self, book: &str, query: TreeHeadQuery) -> Result<Vec<TreeHead>, StoreError> {
        either!(self.tree_heads(book, query))
    }

    async fn reached(&self, book: &str) -> Result<Sequence, StoreError> {
        either!(self.reached(book))
    }

    async fn project(&self, book: &str, from: Sequence, to: Sequence, rows: &ViewRows) -> Result<(), StoreError> {
        either!(self.project(book, from, to, rows))
    }

    async fn clear_views(&self, book: &str) -> Result<(), StoreError> {
        either!(self.clear_views(book))
    }

    async fn facts(&self, book: &str, keys: &[FactHash]) -> Result<FactsRead, StoreError> {
        either!(self.facts(book, keys))
    }

    async fn save_snapshot(&self, book: &str, snapshot: &Snapshot) -> Result<(), StoreError> {
        either!(self.save_snapshot(book, snapshot))
    }

    async fn snapshot(&self, book: &str) -> Result<Option<Snapshot>, StoreError> {
        either!(self.snapshot(book))
    }

    async fn vouchers(&self, book: &str, query: &VoucherQuery) -> Result<Vec<VoucherRow>, StoreError> {
        either!(self.vouchers(book, query))
    }

    async fn voucher(&self, book: &str, reference: &VoucherRef) -> Result<Option<VoucherRow>, StoreError> {
        either!(self.voucher(book, reference))
    }

    async fn lines(&self, book: &str, sequences: &[Sequence]) -> Result<Vec<LineRow>, StoreError> {
        either!(self.lines(book, sequences))
    }

    async fn sums(&self, book: &str, query: &SumQuery) -> Result<Vec<SumRow>, StoreError> {
        either!(self.sums(book, query))
    }

    async fn rejections(
        &self,
        book: &str,
        after: Sequence,
        up_to: Sequence,
        limit: u32,
    ) -> Result<Vec<RejectionRow>, StoreError> {
        either!(self.rejections(book, after, up_to, limit))
    }
}
