//! From the engine's answers to wire messages: receipts, failures, vouchers, balances. Nothing is decided here.

mod failure;
pub(crate) mod hits;
mod receipt;
mod voucher;

pub(crate) use failure::{DOMAIN, Failure};
pub(crate) use receipt::{posted_result, previewed, time};
pub(crate) use voucher::{voucher, voucher_of};
