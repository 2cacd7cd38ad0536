//! The stream of premium receipts: read, handed in and answered side by side. What is under way is bounded, and a client that does not
//! take its answers is read no further.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::google::rpc;
use api::v1;
use api::v1::premium_receipt_answer::Answer;
use engine::store::Store;
use engine::{Book, Pending};
use ledger::{Ask, Caller, Language};
use prost::Message;
use record::Command;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::decode::required;
use crate::edge::Origin;
use crate::encode::{Failure, posted_result};
use crate::face::{Face, caller, failure as failure_of};
use crate::telemetry::Requests;

/// Receipts of one message at most: some 200 KiB, a fifth of the message limit.
pub(crate) const ITEMS_PER_MESSAGE: usize = 1_000;
/// Receipts read and not answered, of one stream, at most: two full batches of a writer.
const WINDOW: usize = 4_096;
/// Messages read and not answered, of one stream, at most; it bounds those with few receipts.
const MESSAGES: usize = 1_024;
/// Answers of one message at most: some 50 KiB, so that a line that breaks often still brings some.
const ANSWERS_PER_MESSAGE: usize = 256;
/// Answer messages that wait for the client to take them.
const ANSWER_BUFFER: usize = 4;
/// What every receipt's fields lie in.
const CONTENT: &str = "receipt";

/// The receipts of a message on their way.
struct UnderWay {
    /// Their request ids, with what is wrong with those that were not handed in.
    receipts: Vec<(String, Option<Failure>)>,
    /// The verdicts on the others, in their order.
    handed: Vec<Pending>,
    /// Their part of the window.
    _room: OwnedSemaphorePermit,
}

type Answers = mpsc::Sender<Result<v1::PostPremiumReceiptsResponse, Status>>;

impl<S: Store> Face<S> {
    /// Takes a stream of receipts; gives the stream of answers.
    pub fn receipts(
        &self,
        origin: Origin,
        messages: Streaming<v1::PostPremiumReceiptsRequest>,
    ) -> ReceiverStream<Result<v1::PostPremiumReceiptsResponse, Status>> {
        let (answers, stream) = mpsc::channel(ANSWER_BUFFER);
        let (under_way, taken) = mpsc::channel(MESSAGES);
        let (language, requests) = (origin.language, self.requests.clone());
        let face = self.clone();
        tokio::spawn(async move {
            let reader = tokio::spawn(async move { face.read_receipts(&origin, messages, &under_way).await });
            if answer_receipts(taken, &answers, language, &requests).await.is_none() {
                // Nobody takes answers any more: what was not decided yet need not be.
                reader.abort();
                return;
            }
            // All receipts that were read are answered; what ended the reading comes last.
            if let Ok(Err(failure)) = reader.await {
                drop(answers.send(Err(failure.status(language))).await);
            }
        });
        ReceiverStream::new(stream)
    }

    /// Reads messages and hands their receipts in, until the client ends, an error, or the server goes down.
    async fn read_receipts(
        &self,
        origin: &Origin,
        mut messages: Streaming<v1::PostPremiumReceiptsRequest>,
        under_way: &mpsc::Sender<UnderWay>,
    ) -> Result<(), Failure> {
        let window = Arc::new(Semaphore::new(WINDOW));
        let mut open: Option<Arc<Book<S>>> = None;
        let caller = Arc::new(caller(origin));
        loop {
            let message = tokio::select! {
                message = messages.message() => message,
                () = self.going_down.cancelled() => return Err(going_down()),
            };
            // An undecodable message ends the stream; its cause may hold type names, and stays here.
            let message = message.map_err(|_| {
                Failure::field(
                    "items",
                    "UNDECODABLE",
                    "消息不能解码或过大",
                    "the message cannot be decoded or is too large",
                )
            })?;
            let Some(message) = message else { return Ok(()) };
            if message.items.is_empty() || message.items.len() > ITEMS_PER_MESSAGE {
                return Err(Failure::field(
                    "items",
                    "OUT_OF_RANGE",
                    "每条消息须有 1 至 1000 笔",
                    "a message has 1 to 1000 receipts",
                ));
            }
            let book = match &open {
                Some(book) if book.code() == message.book => Arc::clone(book),
                Some(_) => {
                    return Err(Failure::field(
                        "book",
                        "CHANGED",
                        "同一流只能有一个账套",
                        "a stream names one book throughout",
                    ));
                }
                None => self.book(origin, &message.book)?,
            };
            open = Some(Arc::clone(&book));
            let count = u32::try_from(message.items.len()).unwrap_or(u32::MAX);
            // Whoever answers gives room back; nobody does once the client is gone.
            let room = tokio::select! {
                room = Arc::clone(&window).acquire_many_owned(count) => room,
                () = under_way.closed() => return Ok(()),
            };
            let Ok(room) = room else { return Ok(()) };
            let (receipts, asks) = self.receipt_asks(&caller, &book, message.items);
            let handed = book.submit_many(asks, origin.deadline).await;
            if under_way.send(UnderWay { receipts, handed, _room: room }).await.is_err() {
                return Ok(());
            }
        }
    }

    /// The asks of a message's receipts, in order, and for every receipt its id and what is wrong with it.
    fn receipt_asks(
        &self,
        caller: &Arc<Caller>,
        book: &Book<S>,
        items: Vec<v1::PremiumReceiptItem>,
    ) -> (Vec<(String, Option<Failure>)>, Vec<Ask>) {
        let (mut receipts, mut asks) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
        for item in items {
            let request_id = item.request_id.clone();
            match self.receipt_ask(book, caller, item) {
                Ok(ask) => {
                    asks.push(ask);
                    receipts.push((request_id, None));
                }
                Err(failure) => receipts.push((request_id, Some(failure))),
            }
        }
        (receipts, asks)
    }

    fn receipt_ask(&self, book: &Book<S>, caller: &Arc<Caller>, item: v1::PremiumReceiptItem) -> Result<Ask, Failure> {
        self.ask(book, Arc::clone(caller), Some(item.request_id), CONTENT, |fields| {
            Command::PostPremiumReceipt(fields.at(CONTENT, |f| required(f, item.receipt)))
        })
    }
}

/// Answers what was handed in, in its order, as many to a message as wait; none if nobody takes the answers.
async fn answer_receipts(
    mut taken: mpsc::Receiver<UnderWay>,
    answers: &Answers,
    language: Language,
    requests: &Requests,
) -> Option<()> {
    let mut message = v1::PostPremiumReceiptsResponse::default();
    loop {
        let next = match taken.try_recv() {
            Ok(next) => Some(next),
            // What is answered goes out before waiting for more.
            Err(_) => {
                if !message.answers.is_empty() {
                    answers.send(Ok(std::mem::take(&mut message))).await.ok()?;
                }
                tokio::select! {
                    next = taken.recv() => next,
                    () = answers.closed() => return None,
                }
            }
        };
        let Some(next) = next else { return Some(()) };
        let mut verdicts = Vec::with_capacity(next.receipts.len());
        for handed in next.handed {
            tokio::select! {
                some = handed.answers() => verdicts.extend(some),
                () = answers.closed() => return None,
            }
        }
        let mut verdicts = verdicts.into_iter();
        let mut codes = BTreeMap::new();
        for (request_id, failure) in next.receipts {
            let verdict = match failure {
                Some(failure) => Err(failure),
                None => verdicts.next().map_or_else(|| Err(going_down()), |v| v.map_err(|e| failure_of(e, CONTENT))),
            };
            let (code, answer) = answer(request_id, verdict, language);
            *codes.entry(i32::from(code)).or_insert(0) += 1;
            message.answers.push(answer);
            if message.answers.len() >= ANSWERS_PER_MESSAGE {
                answers.send(Ok(std::mem::take(&mut message))).await.ok()?;
            }
        }
        codes.into_iter().for_each(|(code, count)| requests.receipts(code.into(), count));
    }
}

fn answer(
    request_id: String,
    verdict: Result<engine::Answer, Failure>,
    language: Language,
) -> (tonic::Code, v1::PremiumReceiptAnswer) {
    let result = verdict.and_then(|answer| {
        let (sequence, replayed) = (answer.receipt.first, answer.replayed);
        posted_result(&request_id, answer.receipt, replayed).map_err(|hits| Failure::Refused {
            hits,
            content: CONTENT,
            sequence: Some(sequence),
            replayed,
        })
    });
    let (code, answer) = match result {
        Ok(result) => (tonic::Code::Ok, Answer::Result(result)),
        Err(failure) => {
            let status = failure.status(language);
            (status.code(), Answer::Error(rpc_status(&status)))
        }
    };
    (code, v1::PremiumReceiptAnswer { request_id, answer: Some(answer) })
}

/// A status as a message: its details are one already.
fn rpc_status(status: &Status) -> rpc::Status {
    rpc::Status::decode(status.details()).unwrap_or_else(|_| rpc::Status {
        code: i32::from(status.code()),
        message: status.message().to_owned(),
        details: Vec::new(),
    })
}

fn going_down() -> Failure {
    Failure::Unavailable { reason: "SHUTTING_DOWN", reached: None, retry: std::time::Duration::from_secs(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_carries_the_status_with_its_details() {
        let status = Failure::KeyReused.status(Language::En);
        let message = rpc_status(&status);
        assert_eq!((message.code, message.message.as_str()), (i32::from(tonic::Code::AlreadyExists), status.message()));
        assert!(message.details[0].type_url.ends_with("google.rpc.ErrorInfo"));
    }
}
