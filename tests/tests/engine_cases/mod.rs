//! The cases, by subject, and the small world that they play in.

mod batching;
mod guard;
mod outcomes;
mod proofs;
mod reading;
mod requests;
mod restart;
mod staged;
mod stopping;
mod world;
