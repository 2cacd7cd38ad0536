//! The client library: connects, says who calls, and repeats what may be repeated. It knows the wire only; what requests mean stands in
//! `api` and the protos.
//!
//! A guided tour: [`Client::connect`] takes [`Options`]; [`Client::call`] makes one request, again under the same request_id while the
//! server is unavailable and the deadline allows; [`Client::post_receipts`] streams premium receipts and takes up a broken stream where
//! answers are missing; [`Client::watch_records`] follows a book's records and takes up a broken stream behind the last one.

mod connect;
mod error;
mod raw;
mod receipts;
mod retry;
mod watch;

pub use connect::{Client, Options, Transport, Trust};
pub use error::ClientError;
pub use raw::AsIs;
pub use receipts::Progress;
pub use retry::is_retryable;
