//! All accounting and all rules of the fund, pure: no runtime, no SQL, no wire types, no clock, no random.
//!
//! A guided tour: an [`Ask`] comes in; [`form`] tells whether it is well formed, [`access`] whether its caller may ask it, and
//! [`decide()`] judges it against the [`State`] and the [`Facts`] and gives records. [`State::apply`] folds records; [`project()`]
//! makes view rows of them. [`detect`] sees what suggests a breach that no decision can judge. Everything that is 2018's is data of a
//! [`preset`].
#![deny(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::indexing_slicing, clippy::float_arithmetic)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::indexing_slicing))]

pub mod access;
pub mod archives;
mod ask;
pub mod decide;
pub mod detect;
pub mod evidence;
pub mod facts;
pub mod filter;
pub mod form;
pub mod grants;
pub mod layers;
pub mod preset;
mod project;
mod receipt;
pub mod reconcile;
pub mod rejudge;
pub mod rows;
pub mod rules;
pub mod state;
pub mod totals;
pub mod work;

pub use ask::{Ask, Caller, FieldFault, Language};
pub use decide::{Decision, decide};
pub use facts::Facts;
pub use filter::Filter;
pub use project::{ProjectError, project, project_facts, project_facts_of, project_rest, summary};
pub use receipt::{Outcome, Receipt, voucher_of};
pub use state::State;
