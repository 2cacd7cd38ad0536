//! Receipts over streams: many a message, an answer each. Nothing is held back here: the server's windows and HTTP/2's say how far the
//! sender may run ahead. Receipts for which the server was busy go again.

use std::time::{Duration, Instant};

use prost::bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep_until;
use tokio_stream::wrappers::ReceiverStream;

use super::acks;
use super::unary::Target;
use super::wire::Wire;

/// Receipts of one message: below the server's 1,000, above which nothing is gained.
const ITEMS_PER_MESSAGE: u64 = 500;
/// Messages that wait for the connection.
const MESSAGES: usize = 2;
/// How long to rest after the server was busy.
const REST: Duration = Duration::from_millis(50);

/// How a run went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Streamed {
    /// Receipts acknowledged.
    pub count: u64,
    /// From the first sent to the last acknowledged.
    pub time: Duration,
    /// Receipts that went again because the server was busy.
    pub busy: u64,
}

impl Streamed {
    /// Receipts a second.
    pub fn rate(&self) -> f64 {
        self.count as f64 / self.time.as_secs_f64()
    }
}

impl Target {
    /// Posts serials in order over this many streams, each on a connection of its own, as many as `count`; where `until` is given, only
    /// up to then.
    pub async fn streams(&self, streams: usize, count: u64, until: Option<Instant>) -> Streamed {
        let (stop, stopped) = watch::channel(false);
        if let Some(until) = until {
            tokio::spawn(async move {
                sleep_until(until.into()).await;
                stop.send_replace(true);
            });
        }
        self.streams_until(streams, count, stopped).await
    }

    /// The same until told to stop.
    pub async fn streams_until(&self, streams: usize, count: u64, stopped: watch::Receiver<bool>) -> Streamed {
        let wires = Wire::connect_many(&self.endpoint, &self.token, streams).await;
        let begun = Instant::now();
        let end = self.next.load(std::sync::atomic::Ordering::Relaxed) + count;
        let running: Vec<_> =
            wires.into_iter().map(|wire| tokio::spawn(stream(self.clone(), wire, end, stopped.clone()))).collect();
        let mut all = Streamed::default();
        for stream in running {
            let (count, busy) = stream.await.expect("a stream does not panic");
            all.count += count;
            all.busy += busy;
        }
        all.time = begun.elapsed();
        // Sequences that were taken beyond the end were sent by nobody.
        self.next.fetch_min(end, std::sync::atomic::Ordering::Relaxed);
        all
    }

    /// Sends the same serials again over this many streams; every one must be answered as before.
    pub async fn again(&self, streams: usize, count: u64) -> Streamed {
        let again = Target { next: std::sync::Arc::default(), ..self.clone() };
        again.streams(streams, count, None).await
    }
}

/// One stream, taken up again as long as receipts are left without a plain answer; tells how many were acknowledged and how many went
/// again.
async fn stream(target: Target, wire: Wire, end: u64, stopped: watch::Receiver<bool>) -> (u64, u64) {
    let fresh = target.clone();
    let messages = std::iter::from_fn(move || {
        if *stopped.borrow() {
            return None;
        }
        let taken = fresh.take(ITEMS_PER_MESSAGE);
        let serials = taken.start.min(end)..taken.end.min(end);
        (!serials.is_empty()).then(|| fresh.receipts.message(serials))
    });
    let (mut count, mut busy) = session(&target, &wire, messages).await;
    let mut went_again = 0;
    while !busy.is_empty() {
        went_again += busy.len() as u64;
        tokio::time::sleep(REST).await;
        let receipts = target.receipts.clone();
        let left = busy;
        let messages: Vec<Bytes> =
            left.chunks(ITEMS_PER_MESSAGE as usize).map(|serials| receipts.listed(serials.iter().copied())).collect();
        let more;
        (more, busy) = session(&target, &wire, messages.into_iter()).await;
        count += more;
    }
    (count, went_again)
}

/// Sends the messages over one stream and takes all answers; tells how many were acknowledged and which were not.
async fn session(
    target: &Target,
    wire: &Wire,
    mut messages: impl Iterator<Item = Bytes> + Send + 'static,
) -> (u64, Vec<u64>) {
    let (send, requests) = mpsc::channel(MESSAGES);
    let sender = tokio::spawn(async move {
        while let Ok(room) = send.reserve().await {
            let Some(message) = messages.next() else { return };
            room.send(message);
        }
    });
    let mut answers = wire.stream(ReceiverStream::new(requests)).await.expect("the stream opens");
    let (mut count, mut busy) = (0, Vec::new());
    while let Some(message) = answers.message().await.expect("the stream is answered to its end") {
        acks::streamed(&message, |serial, answer| {
            if target.acks.note(serial, answer) {
                count += 1;
            } else {
                busy.push(serial);
            }
        });
    }
    sender.await.expect("the sender does not panic");
    (count, busy)
}
