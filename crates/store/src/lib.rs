//! Storage of books behind `engine::store::Store`, and the only crate that knows sqlx. SQLite lives in [`sqlite`], the embedded
//! default: a catalogue, and a folder a book with its log (the archive), its views (filled anew from the log at any time) and its
//! snapshot. PostgreSQL lives in [`postgres`], with the same in schemas of one database. What both share stands in [`sql`] and in the
//! coding of rows; no accounting and no rule lives here.

mod any;
mod balances;
mod batch;
mod check;
mod decode;
mod error;
mod listing;
pub mod postgres;
mod projecting;
mod reading;
mod sole;
pub mod sql;
pub mod sqlite;

pub use any::AnyStore;
pub use postgres::PostgresStore;
pub use reading::{
    Beside, EndOfRow, KeptHead, Reading, ReadingOf, SchemaPart, StoredCosignature, StoredKey, StoredName, StoredSum,
    ViewRange,
};
pub use sole::sole;
pub use sqlite::SqliteStore;
