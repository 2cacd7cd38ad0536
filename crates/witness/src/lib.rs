//! The audit committee's witness: it remembers the largest tree of each log that it knows, and cosigns only what that tree is the beginning
//! of (`c2sp.org/tlog-witness`). It trusts neither the log nor its operator, and knows nothing of books: a small program on a machine of
//! the committee's own, by HTTP ([`http`]) or by files.
//!
//! A tour: [`Witness`] judges a request and remembers (`state`) before it answers; [`client`] is the asker's side of the same protocol, in
//! plain or by TLS ([`Trust`]).

pub mod client;
pub mod http;
mod state;
mod tls;
mod witness;

pub use state::StateError;
pub use tls::{Trust, TrustError};
pub use witness::{Answer, Clock, Refusal, Witness};
