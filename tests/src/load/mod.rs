//! The load generator: receipts prepared beforehand and posted over gRPC to a server process, one by one or over streams; what was
//! acknowledged, compared with the log afterwards; an echo server of the same messages as the ceiling; and the rows that the benches print.
//! It shares the machine with what it measures, so it is lean: requests are patched bytes, answers are read field by field.

pub mod acks;
pub mod bare;
pub mod book;
pub mod check;
pub mod echo;
pub mod histogram;
pub mod paced;
pub mod peer;
pub mod place;
pub mod readers;
pub mod receipts;
pub mod row;
pub mod stream;
pub mod suite;
pub mod unary;
pub mod wire;
