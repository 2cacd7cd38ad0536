//! From the engine's answers to wire messages: receipts, failures, vouchers, balances. Nothing is decided here.

mod failure;
pub(crate) mod hits;
mod receipt;

pub(crate) use failure::{DOMAIN, Failure};
pub(crate) use receipt::{posted_result, previewed, time};
