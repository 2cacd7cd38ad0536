//! The faults of the memory store are what they say: tests of the engine rest on them.

mod store_cases;

use engine::store::{AppendError, Head, Store, StoreError};
use ledger::rows::ViewRows;
use store_cases::sample::{BOOK, batch, body, book, fill};
use testkit::memory::{Fault, MemoryStore};

#[tokio::test]
async fn each_fault_leaves_what_it_says() {
    // fault, whether the batch is stored, epoch after a fence
    for (fault, stored, epoch) in [
        (Fault::NotCommitted, false, 2),
        (Fault::UnknownCommitted, true, 2),
        (Fault::UnknownLost, false, 2),
        (Fault::Fenced, false, 3),
    ] {
        let store = MemoryStore::new();
        let head = book(&store, BOOK).await;
        store.fail_appends(BOOK, [fault]);
        let next = batch(&head, &[body(1)]);
        let appended = store.append(BOOK, &head, &next).await;
        let as_said = match fault {
            Fault::NotCommitted => matches!(appended, Err(AppendError::NotCommitted(StoreError::Unavailable(_)))),
            Fault::UnknownCommitted | Fault::UnknownLost => matches!(appended, Err(AppendError::Unknown(_))),
            Fault::Fenced => matches!(appended, Err(AppendError::Fenced(2))),
        };
        assert!(as_said, "{fault:?}: {appended:?}");
        let expected = if stored { next.after } else { head };
        // A clone is another hand on the same books.
        let found = store.clone().fence(BOOK).await.unwrap();
        assert_eq!(found, Head { epoch, ..expected }, "{fault:?}");
        fill(&store, BOOK, found, &[1, 1]).await;
    }
}

#[tokio::test]
async fn projections_fail_as_often_as_asked() {
    let store = MemoryStore::new();
    book(&store, BOOK).await;
    store.fail_projections(BOOK, 2);
    for unavailable in [true, true, false] {
        let projected = store.project(BOOK, 0, 1, &ViewRows::default()).await;
        assert_eq!(matches!(projected, Err(StoreError::Unavailable(_))), unavailable, "{projected:?}");
    }
    assert_eq!(store.reached(BOOK).await.unwrap(), 1);
}
