//! The gRPC face of Earmark: takes requests, asks the engine, answers. It decides nothing: rules and accounting live in `ledger`, order
//! and durability in `engine`. With `api` and `client` the only crate that knows tonic.
//!
//! A guided tour: [`serve()`] listens within the [`limits`]; `edge` finds out who calls ([`auth`]) and looks at every answer once more;
//! `service` has a file for each service, `face` what their methods do alike. `decode` turns messages into commands, `encode` turns
//! answers, refusals and faults into messages; `pages` has the page tokens, `reads` who may read, `stream` the stream of premium
//! receipts, `balances` and `statement` what auditors ask for.

pub mod auth;
mod balances;
mod decode;
mod edge;
mod encode;
mod face;
pub mod limits;
mod moment;
mod pages;
mod reads;
mod reconcile;
mod serve;
mod service;
mod statement;
mod stream;
mod telemetry;
mod trace;

pub use serve::{ServeError, ServeOptions, TlsIdentity, serve};
