//! Builders: commands with sensible defaults, so that a test says only what it is about. Each gives the plain command struct; change a
//! field with struct update syntax. What is built is well formed and lawful in the [`crate::season`] unless a test says otherwise.

mod log;
mod money;
mod programme;
mod setup;
mod statements;

use record::command::Evidence;
use record::kinds::EvidenceKind;
use record::{Day, Digest, Fen, hash};

pub use log::{log_key, log_policy, policy_text, set_log_policy, witness_key};
pub use money::{
    commit, correct, disburse, income, receipt, record_return, release, remit, remit_item, reverse, surplus,
};
pub use programme::{
    adjust_budget, approval, batch, body_of, budget_line, chunk, close_year, confirm, dues, quota, quota_line,
    review_batch, scheme, set_budget, snapshot, snapshot_of, standard, token, token_key, tokens_digest,
};
pub use setup::{
    GZ, PAYEE, PERSONS, PROVINCE, SPECIAL, bank_account, bank_txn, cast, create_book, custody_of, organization,
    parameter, person, sign_day,
};
pub use statements::{match_by_ids, statement, statement_chunk, statement_line};

/// A day of `YYYY-MM-DD`; anything else is a fault of the test itself.
pub fn day(text: &str) -> Day {
    Day::parse(text).unwrap_or_else(|e| panic!("{text:?}: {e}"))
}

/// Fen of whole yuan.
pub const fn yuan(yuan: i64) -> Fen {
    yuan * 100
}

/// A digest that stands for a file: the same text, the same file.
pub fn digest(text: &str) -> Digest {
    hash::sha256(text.as_bytes())
}

/// A document of one page; kind and number name its file.
pub fn paper(kind: EvidenceKind, doc_no: &str, date: Day) -> Evidence {
    Evidence { kind, doc_no: doc_no.to_owned(), date, digest: digest(&format!("{kind} {doc_no}")), pages: 1 }
}
