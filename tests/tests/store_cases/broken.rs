//! Writes that nobody waits for any more: dropped at any point, they leave all or nothing.

use std::future::Future;
use std::task::Poll;

use engine::store::{Head, Store, TokenEntry};
use record::hash::sha256;

use super::sample::{BOOK, batch, body, fill, plain};

/// Polls a future so many times, then drops it at once, whatever it waits for; tells whether it was done before.
async fn poll_times<T>(future: impl Future<Output = T>, times: usize) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let mut polls = 0;
    std::future::poll_fn(|context| {
        polls += 1;
        match future.as_mut().poll(context) {
            Poll::Pending if polls >= times => Poll::Ready(None),
            polled => polled.map(Some),
        }
    })
    .await
}

/// Breaks appends, projections and tokens off, each after that many polls; `head` is that of a filled store.
pub async fn writes_leave_all_or_nothing(store: &impl Store, mut head: Head, polls: impl Iterator<Item = usize>) {
    let (mut whole, mut broken) = (0, 0);
    for times in polls {
        let next = batch(&head, &[body(head.sequence + 1), body(head.sequence + 2)]);
        let appended = poll_times(store.append(BOOK, &head, &next), times).await;
        let found = store.fence(BOOK).await.unwrap();
        if found.sequence == next.after.sequence {
            assert_eq!(found.root, next.after.root);
            whole += 1;
        } else {
            assert!(appended.is_none(), "an acknowledged batch is gone");
            assert_eq!((found.sequence, found.root), (head.sequence, head.root));
            broken += 1;
        }
        head = found;

        let reached = store.reached(BOOK).await.unwrap();
        poll_times(store.project(BOOK, reached, reached + 1, &plain(reached + 1, 100)), times).await;
        let (lines, now) = loop {
            // A projection whose COMMIT was under way when it was dropped ends by itself.
            let before = store.reached(BOOK).await.unwrap();
            let lines = store.lines(BOOK, &[reached + 1]).await.unwrap();
            if store.reached(BOOK).await.unwrap() == before {
                break (lines, before);
            }
        };
        assert_eq!(lines.len(), if now == reached { 0 } else { 2 });

        // A write that nobody waits for must never land in a transaction that was left open.
        let token = TokenEntry {
            hash: sha256(&head.sequence.to_le_bytes()),
            person: "p".into(),
            operator: false,
            created_at: 1,
            expires_at: None,
            revoked: false,
        };
        if store.token(&token.hash).await.unwrap().is_none() {
            poll_times(store.add_token(&token), times).await;
        }
    }
    assert!(whole > 5 && broken > 5, "{whole} whole, {broken} broken off: one kind is hardly tried");
    fill(store, BOOK, head, &[1]).await;
}
