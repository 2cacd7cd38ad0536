//! The formats that outlive every program version: commands, events and the records of the log, with their one canonical
//! encoding (borsh), their hashes and identities. What lives here is data; deciding and accounting live in `ledger`, trees in `proof`.
//!
//! Every type that enters a hash is reached from [`Record`] or a [`Command`]. A field, variant or order change here is a
//! format change: it needs a new outer version, and the old one stays readable for ever (accounting files are kept 30 years).
#![deny(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used))]

mod coded;
pub mod command;
mod day;
pub mod event;
pub mod evidence;
pub mod finding;
pub mod hash;
mod ids;
pub mod kinds;
mod log;
pub mod preset;
pub mod ruleset;
mod voucher;

pub use command::Command;
pub use day::{Day, InvalidDay, Period};
pub use event::Event;
pub use ids::{canonical_fingerprint, command_fingerprint, voucher_id};
pub use log::{Actor, DecodeError, MAX_RECORD_BYTES, Record, Request, decode, encode};
pub use voucher::{Line, Voucher, VoucherRef};

/// Money in fen (1/100 yuan). Client amounts are 1..=[`MAX_FEN`]; only red-letter lines made by the server are negative.
pub type Fen = i64;

/// The largest amount a client may send: 9 x 10^14 fen (9 trillion yuan), so that 10^4 of them still add up within `i64`.
pub const MAX_FEN: Fen = 900_000_000_000_000;

/// Ordinal of an account in its book, from 1; 0 means none.
pub type AccountNo = u16;
/// Ordinal of a funding source in its book, from 1; 0 means none.
pub type SourceNo = u8;
/// Ordinal of a use code in its book, from 1; 0 means none.
pub type UseNo = u8;
/// Ordinal of a beneficiary class in its book, from 1; 0 means none.
pub type ClassNo = u8;
/// Ordinal of an insurance plan in its book, from 1; 0 means none.
pub type PlanNo = u8;
/// Ordinal of a grant (funding document or enrolment batch) in its book, from 1; 0 means none.
pub type GrantNo = u32;
/// Ordinal of an organisation in its book, from 1; 0 means none.
pub type OrgNo = u32;
/// Ordinal of a person (staff member or system account) in its book, from 1; 0 is the ledger itself.
pub type PersonNo = u32;
/// Ordinal of an approval in its book, from 1; 0 means none.
pub type ApprovalNo = u32;
/// Ordinal of a commitment in its book, from 1; 0 means none.
pub type CommitmentNo = u32;
/// Ordinal of a bank account in its book, from 1; 0 means none.
pub type BankAccountNo = u32;
/// Ordinal of a bank transaction in its book, from 1; 0 means none.
pub type BankTxnNo = u32;
/// Ordinal of a finding in its book, from 1; 0 means none.
pub type FindingNo = u32;
/// Ordinal of a statement in its book, from 1; 0 means none.
pub type StatementNo = u32;
/// Ordinal of a line of a statement in its book, from 1; 0 means none.
pub type LineNo = u32;
/// Ordinal of a group of matched lines and bank transactions in its book, from 1; 0 means none.
pub type MatchNo = u32;
/// Heads (persons). Negative only in red-letter lines.
pub type Heads = i32;
/// Place of a record in its book's log, from 1 without gap.
pub type Sequence = u64;
/// A SHA-256 value.
pub type Digest = [u8; 32];
/// Stands for an insured person within a year: the first 16 bytes of HMAC-SHA256 over the identity number, under a key of that year which
/// never reaches a ledger. Two of a million persons share one by chance less than once in 10^26.
pub type Token = [u8; 16];
