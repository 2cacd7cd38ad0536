//! Unary posters: each a task that posts one receipt after the other, waiting for each answer. How many receipts come how fast is all that
//! is told here; whether they stand in the log is `check`.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tonic::Code;

use super::acks::{self, Acks, Answer};
use super::histogram::Histogram;
use super::receipts::Receipts;
use super::wire::Wire;

/// Posters that share a connection at most: an eighth of what the server allows, and enough for a connection not to be the limit.
const POSTERS_PER_CONNECTION: usize = 32;
/// How long a poster rests after the server was busy.
const REST: Duration = Duration::from_millis(20);

/// Where receipts go and what came of them.
#[derive(Clone, Debug)]
pub struct Target {
    /// The server.
    pub endpoint: String,
    /// Token of the collecting system.
    pub token: String,
    /// What is sent.
    pub receipts: Arc<Receipts>,
    /// What was acknowledged.
    pub acks: Arc<Acks>,
    /// The next serial that nobody has sent.
    pub next: Arc<AtomicU64>,
}

/// How a run went.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Receipts acknowledged in the measured time.
    pub count: u64,
    /// The measured time.
    pub time: Duration,
    /// Latencies in the measured time.
    pub latencies: Histogram,
    /// Times that the server was busy.
    pub busy: u64,
}

impl Run {
    /// Receipts a second.
    pub fn rate(&self) -> f64 {
        self.count as f64 / self.time.as_secs_f64()
    }

    fn merge(&mut self, other: &Run) {
        self.count += other.count;
        self.busy += other.busy;
        self.latencies.merge(&other.latencies);
    }
}

impl Target {
    /// Takes serials that nobody else gets; fewer at the end, none when all are taken.
    pub fn take(&self, count: u64) -> Range<u64> {
        let begun = self.next.fetch_add(count, Ordering::Relaxed);
        let total = self.receipts.total();
        begun.min(total)..(begun + count).min(total)
    }

    /// Posts with this many posters: first a while that is not measured, then for the time given, or until receipts run out.
    pub async fn unary(&self, posters: usize, warm_up: Duration, time: Duration) -> Run {
        let connections = posters.div_ceil(POSTERS_PER_CONNECTION);
        let wires = Wire::connect_many(&self.endpoint, &self.token, connections).await;
        let from = Instant::now() + warm_up;
        let window = from..from + time;
        let posting: Vec<_> = (0..posters)
            .map(|at| tokio::spawn(poster(self.clone(), wires[at % connections].clone(), window.clone())))
            .collect();
        let mut run = Run { time, ..Run::default() };
        for poster in posting {
            run.merge(&poster.await.expect("a poster does not panic"));
        }
        assert!(
            self.next.load(Ordering::Relaxed) < self.receipts.total(),
            "the receipts ran out before the time was over"
        );
        run
    }
}

async fn poster(target: Target, wire: Wire, window: Range<Instant>) -> Run {
    let mut run = Run::default();
    let mut sent = Instant::now();
    while sent < window.end {
        let Some(serial) = target.take(1).next() else { break };
        let answered = loop {
            match wire.post(target.receipts.unary(serial)).await {
                Ok(answer) => break acks::unary(&answer),
                Err(status) if status.code() == Code::Unavailable => run.busy += 1,
                Err(status) => break Answer::Refused(status.code() as u64),
            }
            tokio::time::sleep(REST).await;
        };
        let now = Instant::now();
        target.acks.note(serial, answered);
        if window.contains(&now) {
            run.count += 1;
            run.latencies.add(now - sent);
        }
        sent = now;
    }
    run
}
