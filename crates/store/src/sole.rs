//! Waiting for the last hands on something that is to be closed. What closing means stands with the thing.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long the end waits for others who still hold what is to be closed: requests that were broken off let go within milliseconds.
const HELD_FOR: Duration = Duration::from_secs(5);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(5);

/// The thing itself, once nobody else holds it; none where somebody does not let go.
pub async fn sole<T>(mut held: Arc<T>) -> Option<T> {
    let until = Instant::now() + HELD_FOR;
    loop {
        held = match Arc::try_unwrap(held) {
            Ok(sole) => return Some(sole),
            Err(held) => held,
        };
        if Instant::now() >= until {
            return None;
        }
        sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_another_lets_go_of_later_is_had_then() {
        let held = Arc::new(7);
        let other = Arc::clone(&held);
        let task = tokio::spawn(async move {
            sleep(Duration::from_millis(50)).await;
            drop(other);
        });
        assert_eq!(sole(held).await, Some(7));
        task.await.unwrap();
    }
}
