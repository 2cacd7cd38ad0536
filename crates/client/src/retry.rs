//! Trying again: only while the server is unavailable, under the same request_id, with growing pauses, never past the deadline.

use std::future::Future;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};
use tonic::{Code, Response, Status};
use tonic_types::StatusExt;

use crate::{Client, ClientError, Transport};

/// The first pause.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
/// The longest pause, unless the server asks for a longer one.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// The longest pause that a server is granted.
const PAUSE_GRANTED: Duration = Duration::from_secs(60);

/// Whether the same request may succeed later: the server says UNAVAILABLE, or the connection broke, so that no server spoke at all
/// (every error of Earmark carries details). A request that was recorded answers its repetition with the same receipt.
pub fn is_retryable(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable => true,
        Code::Unknown | Code::Internal | Code::Cancelled => status.details().is_empty(),
        _ => false,
    }
}

/// How long to wait before trying again: as the server asks, or longer each time; some spread keeps many clients apart.
pub(crate) fn pause(status: &Status, failures: u32) -> Duration {
    let asked = status.get_error_details().retry_info().and_then(|info| info.retry_delay);
    let grown = PAUSE_FIRST.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1).min(16))).min(PAUSE_MAX);
    let base = asked.map_or(grown, |asked| asked.min(PAUSE_GRANTED).max(grown));
    base + base.mul_f64(0.25 * spread())
}

/// A number from 0 to 1 that differs between clients: the clock's finest digits.
fn spread() -> f64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    f64::from(since.subsec_nanos() % 1_000) / 1_000.0
}

impl Client {
    /// Makes a request, and makes it again while the server is unavailable and the deadline allows. `ask` is called for each attempt and
    /// must ask for the same thing: a mutation under the same request_id.
    pub async fn call<T, F, Fut>(&self, mut ask: F) -> Result<T, ClientError>
    where
        F: FnMut(Transport) -> Fut,
        Fut: Future<Output = Result<Response<T>, Status>>,
    {
        let begun = Instant::now();
        let until = begun + self.deadline();
        let mut failures = 0u32;
        loop {
            let status = match ask(self.transport(Some(until))).await {
                Ok(answer) => return Ok(answer.into_inner()),
                Err(status) => status,
            };
            if !is_retryable(&status) {
                return Err(ClientError::Status(Box::new(status)));
            }
            failures = failures.saturating_add(1);
            self.next_endpoint();
            let wait = pause(&status, failures);
            if Instant::now() + wait >= until {
                return Err(ClientError::GaveUp { waited: begun.elapsed(), last: Box::new(status) });
            }
            sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tonic_types::ErrorDetails;

    use super::*;

    #[test]
    fn only_what_no_server_decided_is_tried_again() {
        let with_details =
            |code| Status::with_error_details(code, "", ErrorDetails::with_error_info("R", "earmark", []));
        for (status, again) in [
            (Status::unavailable("connect"), true),
            (with_details(Code::Unavailable), true),
            (Status::unknown("transport error"), true),
            (Status::internal("h2 protocol error"), true),
            (with_details(Code::Internal), false),
            (with_details(Code::FailedPrecondition), false),
            (Status::deadline_exceeded(""), false),
            (Status::permission_denied(""), false),
        ] {
            assert_eq!(is_retryable(&status), again, "{status:?}");
        }
    }

    #[test]
    fn pauses_grow_and_heed_the_server() {
        let plain = Status::unavailable("");
        for (failures, least, most) in [(1, 100, 125), (2, 200, 250), (5, 1_600, 2_000), (40, 5_000, 6_250)] {
            let millis = pause(&plain, failures).as_millis();
            assert!((least..=most).contains(&millis), "{failures}: {millis}");
        }
        let asked = ErrorDetails::with_retry_info(Some(Duration::from_secs(9)));
        let status = Status::with_error_details(Code::Unavailable, "", asked);
        assert!(pause(&status, 1) >= Duration::from_secs(9));
    }
}
