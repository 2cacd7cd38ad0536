//! The auditor's second implementation (`earmark verify`): reads the records of a book and judges everything anew, from the fund's
//! rules and the format alone. It shares no code and no table with `ledger`, knows nothing of engine, store and server, and trusts none
//! of them: bytes, tree, order, request ids, numbers, balances on every day, approvals, budgets, two people, and every command's
//! outcome are told a second time. `docs/verify.md` lists the faults by code and what is not judged.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used))]

mod ahead;
mod archive;
mod asked;
mod book;
mod compare;
mod explain;
mod fast;
mod fault;
mod figure;
mod file;
mod heads;
mod judge;
mod laws;
mod notes;
mod part;
mod report;
mod verifier;
pub mod views;

pub use explain::{EXPLANATIONS, Explanation, How};
pub use fault::{Code, Fault};
pub use figure::{Figure, FigureRow};
pub use file::{CannotVerify, verify_file};
pub use heads::{StoredCosignature, StoredHead};
pub use notes::Trusted;
pub use report::{FAULTS_KEPT, Report};
pub use verifier::Verifier;
