//! The engine over a store in memory: outcomes of commits, request ids, restarts, reading, going down. What a store does stands in
//! `store_suite.rs`; what rules say of a command is `ledger`'s own.

mod engine_cases;
