//! The one writer and the projector of each book. Owns the [`store::Store`] trait; knows nothing of SQL or gRPC.
//!
//! A guided tour: [`Engine`] opens books from their logs (`replay`) and hands out [`Book`]s. A book's `writer` takes what waits; a
//! `round` gathers its `facts` and lets `ledger` decide it into a `draft`; the draft is committed (`commit`); what is committed stands
//! in the read model (`committed`), is followed by the `projector`, and read again by `recheck`. Why it is built so:
//! docs/decisions/0003-working-and-committed-state.md.

mod book;
mod commit;
mod committed;
mod digest;
mod draft;
mod engine;
mod error;
pub mod evidence;
mod facts;
pub mod figures;
mod flight;
mod guard;
mod kept;
mod metrics;
mod nodes;
mod options;
mod past;
mod position;
mod projector;
mod proofs;
mod queue;
mod recheck;
mod rejudge;
mod replay;
mod round;
mod shared;
pub mod store;
mod tail;
mod tasks;
mod writer;

pub use book::{Answer, Book, Health, Preview};
pub use engine::{Engine, Fatal};
pub use error::{EngineError, StopReason};
pub use guard::{Asked, Known, Remembered, Suspicion};
pub use options::{Clock, LogKeys, Options};
pub use past::Past;
pub use proofs::{Consistency, Inclusion, Shown};
pub use queue::Pending;
