//! From wire messages to commands and back. Proto types end here: what goes on to the engine is `record::Command`, and what is wrong
//! with a message is said once, for all of its fields. Judging what is asked lives in `ledger`.

mod closed;
mod commands;
mod fields;
mod preset;
mod rules;
mod wire;

pub(crate) use closed::Closed;
pub(crate) use commands::message_of;
pub(crate) use fields::{Fields, form_faults, wire_path};
pub(crate) use wire::{Wire, required};
