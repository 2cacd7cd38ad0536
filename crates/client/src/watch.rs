//! Streams that the server sends: records as they come, taken up where a stream broke, and traces, which are asked for once.

use std::ops::ControlFlow;
use std::time::Duration;

use api::v1;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tonic::{Status, Streaming};

use crate::retry::{is_retryable, pause};
use crate::{Client, ClientError};

/// Heartbeats that may be missed before a stream counts as broken.
const MISSED: u32 = 3;
/// Seconds between heartbeats where the request names none: the server's own.
const HEARTBEAT: u32 = 10;

impl Client {
    /// Follows the records of a book from `request.from` on and hands each message over, until `taken` breaks off. A stream that breaks,
    /// or that the server ends because it was read too slowly, is taken up behind the last message, so that each record comes once.
    /// Gives the record to go on from. Ends with an error that trying again would not change, or when no stream comes about within the
    /// deadline.
    pub async fn watch_records(
        &self,
        mut request: v1::WatchRecordsRequest,
        mut taken: impl FnMut(v1::WatchRecordsResponse) -> ControlFlow<()>,
    ) -> Result<u64, ClientError> {
        let heartbeat = if request.heartbeat_seconds == 0 { HEARTBEAT } else { request.heartbeat_seconds };
        let silence = Duration::from_secs(heartbeat.saturating_mul(MISSED).into());
        let (mut failures, mut last_word) = (0u32, Instant::now());
        loop {
            let ended = self.watch_once(&mut request, silence, &mut taken, &mut last_word).await;
            let status = match ended {
                Ok(next) => return Ok(next),
                Err(status) => status,
            };
            if !is_retryable(&status) {
                return Err(ClientError::Status(Box::new(status)));
            }
            if last_word.elapsed() < silence {
                failures = 0;
            }
            failures = failures.saturating_add(1);
            self.next_endpoint();
            let wait = pause(&status, failures);
            if last_word + self.deadline() + silence <= Instant::now() + wait {
                return Err(ClientError::GaveUp { waited: last_word.elapsed(), last: Box::new(status) });
            }
            sleep(wait).await;
        }
    }

    /// One stream's part; the record to go on from once `taken` breaks off.
    async fn watch_once(
        &self,
        request: &mut v1::WatchRecordsRequest,
        silence: Duration,
        taken: &mut impl FnMut(v1::WatchRecordsResponse) -> ControlFlow<()>,
        last_word: &mut Instant,
    ) -> Result<u64, Status> {
        let mut service = self.transport(None).audit();
        let opening = timeout_at(Instant::now() + self.deadline(), service.watch_records(request.clone()));
        let opened = opening.await.map_err(|_| Status::unavailable("no answer to the opening of the stream"))??;
        let mut messages: Streaming<v1::WatchRecordsResponse> = opened.into_inner();
        loop {
            let message = timeout(silence, messages.message()).await;
            let message = message.map_err(|_| Status::unavailable("no heartbeat came"))??;
            let message = message.ok_or_else(|| Status::unavailable("the stream ended"))?;
            *last_word = Instant::now();
            request.from = message.next;
            if taken(message).is_break() {
                return Ok(request.from);
            }
        }
    }

    /// Traces a grant and hands each message over. A trace is added up by the server from its first voucher on, so that one that breaks
    /// off is an error, not taken up.
    pub async fn trace_grant(
        &self,
        request: v1::TraceGrantRequest,
        mut taken: impl FnMut(v1::TraceGrantResponse) -> ControlFlow<()>,
    ) -> Result<(), ClientError> {
        let mut messages = self.call(|t| async { t.audit().trace_grant(request.clone()).await }).await?;
        while let Some(message) = messages.message().await.map_err(|status| ClientError::Status(Box::new(status)))? {
            if taken(message).is_break() {
                break;
            }
        }
        Ok(())
    }
}
