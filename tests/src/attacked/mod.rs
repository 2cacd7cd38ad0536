//! Books as somebody attacks them who may do anything with the place that they are kept in: written whole and honest, copied,
//! edited by SQL, re-written from forged records. What is done, and who finds it, stands in the tests.

mod book;
#[path = "../../../crates/cli/src/verify/kept.rs"]
mod kept;
mod place;

pub use book::{Log, ORIGIN, Signed, honest, log_keys, policy, reconciled, unsigned};
pub use kept::{Look, verify};
pub use place::{GUARDS_DOWN, Kind, Part, Place, copy_folder, guards_down, sqlite};
