//! Why there is no answer.

use std::time::Duration;

use tonic::Status;

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No server was named.
    #[error("no endpoint was given")]
    NoEndpoint,
    /// The address, certificate or token cannot be used.
    #[error("{what} cannot be used: {reason}")]
    BadOption {
        /// Which option.
        what: &'static str,
        /// What is wrong with it; never the token.
        reason: String,
    },
    /// The server answered with an error, which trying again would not change.
    #[error("{}", .0.message())]
    Status(Box<Status>),
    /// The deadline passed while the server was unavailable. What was asked may have been recorded: the same request_id tells.
    #[error("no answer within {waited:?}; the last word was: {}", .last.message())]
    GaveUp {
        /// How long was tried.
        waited: Duration,
        /// The last failure.
        last: Box<Status>,
    },
}

impl ClientError {
    /// The status behind the error, if the server or the transport gave one.
    pub fn status(&self) -> Option<&Status> {
        match self {
            ClientError::Status(status) | ClientError::GaveUp { last: status, .. } => Some(status),
            ClientError::NoEndpoint | ClientError::BadOption { .. } => None,
        }
    }
}
