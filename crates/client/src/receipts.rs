//! The stream of premium receipts: many at a time, each answered once, whatever happens to connections in between. Receipts without an
//! answer are sent again under their request_id, so that none is lost and none is booked twice.

use std::collections::{HashMap, VecDeque};

use api::google::rpc;
use api::v1;
use api::v1::premium_receipt_answer::Answer;
use prost::Message;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use crate::retry::{is_retryable, pause};
use crate::{Client, ClientError};

/// Receipts sent and not answered, at most: the server's own window.
const WINDOW: usize = 4_096;
/// Receipts of one message.
const ITEMS_PER_MESSAGE: usize = 256;
/// Messages that wait for the connection.
const MESSAGES: usize = 4;

/// How a stream of receipts went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Receipts answered with a result.
    pub posted: u64,
    /// Of them, those that had been answered before.
    pub replayed: u64,
    /// Receipts answered with an error.
    pub failed: u64,
    /// Times that the stream was taken up anew.
    pub resumed: u64,
}

/// What is not answered yet.
struct Open<I> {
    book: String,
    rest: I,
    /// Receipts without an answer, by request id.
    unanswered: HashMap<String, v1::PremiumReceipt>,
    /// Of them, those to send, in order.
    to_send: VecDeque<String>,
    /// The server was busy: nothing is sent before this.
    not_before: Instant,
    /// When the last answer came.
    last_answer: Instant,
    failures: u32,
    progress: Progress,
}

impl Client {
    /// Posts receipts of a book and hands every answer to `answered`, in the order in which answers come. It ends when each receipt has
    /// one, or when none has come for the deadline.
    pub async fn post_receipts(
        &self,
        book: &str,
        receipts: impl IntoIterator<Item = v1::PremiumReceiptItem>,
        mut answered: impl FnMut(v1::PremiumReceiptAnswer),
    ) -> Result<Progress, ClientError> {
        let now = Instant::now();
        let mut open = Open {
            book: book.to_owned(),
            rest: receipts.into_iter(),
            unanswered: HashMap::new(),
            to_send: VecDeque::new(),
            not_before: now,
            last_answer: now,
            failures: 0,
            progress: Progress::default(),
        };
        loop {
            let status = match self.session(&mut open, &mut answered).await {
                Ok(()) => return Ok(open.progress),
                Err(status) => status,
            };
            if !is_retryable(&status) {
                return Err(ClientError::Status(Box::new(status)));
            }
            open.failures = open.failures.saturating_add(1);
            self.next_endpoint();
            let wait = pause(&status, open.failures);
            if open.last_answer + self.deadline() <= Instant::now() + wait {
                return Err(ClientError::GaveUp { waited: open.last_answer.elapsed(), last: Box::new(status) });
            }
            sleep(wait).await;
            open.progress.resumed = open.progress.resumed.saturating_add(1);
            // Everything without an answer goes again; order between receipts carries no meaning.
            open.to_send = open.unanswered.keys().cloned().collect();
        }
    }

    /// One connection's part of the stream; ok once nothing is left to answer.
    async fn session<I: Iterator<Item = v1::PremiumReceiptItem>>(
        &self,
        open: &mut Open<I>,
        answered: &mut impl FnMut(v1::PremiumReceiptAnswer),
    ) -> Result<(), Status> {
        let (messages, outgoing) = mpsc::channel(MESSAGES);
        let mut service = self.transport(None).premium();
        let answers =
            timeout_at(Instant::now() + self.deadline(), service.post_premium_receipts(ReceiverStream::new(outgoing)));
        let mut answers: Streaming<v1::PostPremiumReceiptsResponse> =
            answers.await.map_err(|_| Status::unavailable("no answer to the opening of the stream"))??.into_inner();
        loop {
            open.refill();
            if open.unanswered.is_empty() {
                return Ok(());
            }
            let paused = open.not_before > Instant::now();
            let silent = open.last_answer + self.deadline();
            tokio::select! {
                room = messages.reserve(), if !paused && !open.to_send.is_empty() => {
                    let room = room.map_err(|_| Status::unavailable("the stream was closed"))?;
                    room.send(open.next_message());
                }
                () = sleep_until(open.not_before), if paused => {}
                answer = answers.message() => match answer? {
                    Some(message) => message.answers.into_iter().for_each(|answer| open.take(answer, answered)),
                    None => return Err(Status::unavailable("the stream ended before all receipts were answered")),
                },
                () = sleep_until(silent) => return Err(Status::unavailable("no answer within the deadline")),
            }
        }
    }
}

impl<I: Iterator<Item = v1::PremiumReceiptItem>> Open<I> {
    /// Takes receipts up to the window.
    fn refill(&mut self) {
        while self.unanswered.len() < WINDOW {
            let Some(item) = self.rest.next() else { return };
            self.to_send.push_back(item.request_id.clone());
            self.unanswered.insert(item.request_id, item.receipt.unwrap_or_default());
        }
    }

    fn next_message(&mut self) -> v1::PostPremiumReceiptsRequest {
        let count = self.to_send.len().min(ITEMS_PER_MESSAGE);
        let ids = self.to_send.drain(..count);
        let items = ids.filter_map(|request_id| {
            let receipt = self.unanswered.get(&request_id)?.clone();
            Some(v1::PremiumReceiptItem { request_id, receipt: Some(receipt) })
        });
        v1::PostPremiumReceiptsRequest { items: items.collect(), book: self.book.clone() }
    }

    fn take(&mut self, answer: v1::PremiumReceiptAnswer, answered: &mut impl FnMut(v1::PremiumReceiptAnswer)) {
        if let Some(Answer::Error(error)) = &answer.answer
            && error.code == i32::from(Code::Unavailable)
        {
            // The server had no room for this one: it goes again, after a pause.
            self.failures = self.failures.saturating_add(1);
            self.not_before = Instant::now() + pause(&status_of(error), self.failures.min(6));
            if self.unanswered.contains_key(&answer.request_id) {
                self.to_send.push_back(answer.request_id);
            }
            return;
        }
        if self.unanswered.remove(&answer.request_id).is_none() {
            return;
        }
        self.last_answer = Instant::now();
        self.failures = 0;
        match &answer.answer {
            Some(Answer::Result(result)) => {
                self.progress.posted = self.progress.posted.saturating_add(1);
                if result.receipt.as_ref().is_some_and(|receipt| receipt.replayed) {
                    self.progress.replayed = self.progress.replayed.saturating_add(1);
                }
            }
            Some(Answer::Error(_)) | None => self.progress.failed = self.progress.failed.saturating_add(1),
        }
        answered(answer);
    }
}

/// A status as tonic knows it, of its message.
fn status_of(message: &rpc::Status) -> Status {
    Status::with_details(Code::from(message.code), message.message.clone(), message.encode_to_vec().into())
}
