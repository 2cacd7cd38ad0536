//! Unary posts at a set rate, below what the server can do: for what a caller notices on an ordinary busy day.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::acks::{self, Answer};
use super::unary::Target;
use super::wire::Wire;

/// Posters that share the rate: each waits for its answers, so that one alone could not keep it.
const POSTERS: u32 = 16;

/// A receipt that was just acknowledged: its sequence and number; zeros before the first.
pub type Newest = (u64, u64);

impl Target {
    /// Posts at a rate a second for a time; tells the newest acknowledgement as it comes. Gives how many were posted.
    pub async fn paced(&self, rate: u32, time: Duration, newest: watch::Sender<Newest>) -> u64 {
        let wire = Wire::connect(&self.endpoint, &self.token).await;
        let end = Instant::now() + time;
        let posting: Vec<_> = (0..POSTERS)
            .map(|_| {
                let (target, wire, newest) = (self.clone(), wire.clone(), newest.clone());
                let mut beat = interval(Duration::from_secs(1) * POSTERS / rate);
                beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
                tokio::spawn(async move {
                    let mut posted = 0;
                    while beat.tick().await < end {
                        let serial = target.take(1).next().expect("receipts are left");
                        let answer = wire.post(target.receipts.unary(serial)).await.expect("the server is not busy");
                        let answer = acks::unary(&answer);
                        target.acks.note(serial, answer);
                        if let Answer::Posted { sequence, number, .. } = answer {
                            newest.send_replace((sequence, number));
                        }
                        posted += 1;
                    }
                    posted
                })
            })
            .collect();
        let mut posted = 0;
        for poster in posting {
            posted += poster.await.expect("a poster does not panic");
        }
        posted
    }
}
