//! Load on a peer: so many posters, each posting one after the other, for a time; and what came of it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Not measured at the begin: connections are made, caches and statements filled.
const WARM_UP: Duration = Duration::from_secs(1);

/// How a peer is loaded.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Posters at once.
    pub posters: u64,
    /// Postings of a call.
    pub batch: u64,
    /// Measured time.
    pub time: Duration,
}

/// What came of it.
#[derive(Debug)]
pub struct Measured {
    postings: u64,
    time: Duration,
    latencies: Vec<Duration>,
}

impl Load {
    /// Calls `post` with ever new numbers of calls, as often as each poster can.
    pub async fn drive<F, Fut>(self, post: F) -> anyhow::Result<Measured>
    where
        F: Fn(u64) -> Fut + Clone + Send + 'static,
        Fut: Future<Output = anyhow::Result<()>> + Send,
    {
        let next = Arc::new(AtomicU64::new(0));
        let from = Instant::now() + WARM_UP;
        let end = from + self.time;
        let posters = (0..self.posters).map(|_| {
            let (post, next) = (post.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                loop {
                    let begun = Instant::now();
                    if begun >= end {
                        return anyhow::Ok(latencies);
                    }
                    post(next.fetch_add(1, Ordering::Relaxed)).await?;
                    let now = Instant::now();
                    if now >= from && now < end {
                        latencies.push(now - begun);
                    }
                }
            })
        });
        let posters: Vec<_> = posters.collect();
        let mut latencies = Vec::new();
        for poster in posters {
            latencies.extend(poster.await??);
        }
        latencies.sort_unstable();
        Ok(Measured { postings: latencies.len() as u64 * self.batch, time: self.time, latencies })
    }
}

impl Measured {
    /// As a JSON line.
    pub fn json(&self) -> String {
        let rate = self.postings as f64 / self.time.as_secs_f64();
        let (p50, p99) = (self.millis(0.5), self.millis(0.99));
        format!(r#"{{"rate": {rate:.1}, "p50": {p50:.3}, "p99": {p99:.3}, "postings": {}}}"#, self.postings)
    }

    fn millis(&self, share: f64) -> f64 {
        let at = ((self.latencies.len() as f64 * share) as usize).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(at).map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
    }
}
