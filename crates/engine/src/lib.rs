//! The one writer and the projector of each book. Owns the [`store::Store`] trait; knows nothing of SQL or gRPC.

pub mod store;
