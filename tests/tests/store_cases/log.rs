//! Cases of the log: heads, batches, records.

use engine::store::{AppendError, Batch, BookEntry, Head, LogRow, RowTime, Store, StoreError, SumQuery, VoucherQuery};
use ledger::rows::ViewRows;
use record::hash::sha256;
use record::kinds::Word;
use record::{Sequence, VoucherRef};

use super::sample::{BOOK, Numbers, batch, body, book, fill};

/// Room for any page.
const MUCH: usize = 64 << 20;

pub async fn a_new_book_is_empty(store: &impl Store) {
    let head = book(store, BOOK).await;
    assert_eq!(head, Head { sequence: 0, root: sha256(b""), edge: vec![], time: 0, epoch: 1 });
    assert_eq!(store.log_rows(BOOK, 1, MUCH).await.unwrap(), []);
    assert_eq!(store.records(BOOK, &[0, 1, u64::MAX]).await.unwrap(), [None, None, None]);
    assert_eq!(store.reached(BOOK).await.unwrap(), 0);
    assert_eq!(store.snapshot(BOOK).await.unwrap(), None);
}

pub async fn a_book_without_records_is_made_again_one_with_records_is_not(store: &impl Store) {
    let entry = BookEntry { book: BOOK.into(), created_at: 1 };
    store.create_book(&entry).await.unwrap();
    let again = BookEntry { created_at: 2, ..entry.clone() };
    store.create_book(&again).await.unwrap();
    assert_eq!(store.books().await.unwrap(), [entry]);
    let head = book(store, BOOK).await;
    fill(store, BOOK, head, &[1]).await;
    assert!(matches!(store.create_book(&again).await, Err(StoreError::BookExists)));
    let nameless = BookEntry { book: String::new(), created_at: 1 };
    assert!(store.create_book(&nameless).await.is_err());
}

pub async fn nothing_is_known_of_an_unlisted_book(store: &impl Store) {
    let head = book(store, BOOK).await;
    let batch = batch(&head, &[body(1)]);
    let unknown = |result: Result<(), StoreError>| assert!(matches!(result, Err(StoreError::NoSuchBook)), "{result:?}");
    for code in ["GD-2019", "", "..", "../GD-2018", "gd-2018"] {
        unknown(store.fence(code).await.map(drop));
        unknown(store.log_rows(code, 1, MUCH).await.map(drop));
        unknown(store.records(code, &[1]).await.map(drop));
        unknown(store.reached(code).await.map(drop));
        unknown(store.project(code, 0, 0, &ViewRows::default()).await);
        unknown(store.clear_views(code).await);
        unknown(store.facts(code, &[]).await.map(drop));
        unknown(store.snapshot(code).await.map(drop));
        unknown(store.vouchers(code, &VoucherQuery::default()).await.map(drop));
        unknown(store.voucher(code, &VoucherRef { word: Word::Ji, cycle: 2018, number: 1 }).await.map(drop));
        unknown(store.lines(code, &[1]).await.map(drop));
        unknown(store.sums(code, &SumQuery::default()).await.map(drop));
        unknown(store.rejections(code, 0, 1, 1).await.map(drop));
        let appended = store.append(code, &head, &batch).await;
        assert!(matches!(appended, Err(AppendError::NotCommitted(StoreError::NoSuchBook))), "{appended:?}");
    }
}

pub async fn appended_batches_read_back(store: &impl Store) {
    let head = book(store, BOOK).await;
    let first = batch(&head, &[b"one".to_vec(), b"two".to_vec(), vec![0; 5_000]]);
    store.append(BOOK, &head, &first).await.unwrap();
    // A batch of a single command may pass 1 MiB.
    let second = batch(&first.after, &[vec![7; 3 << 20]]);
    store.append(BOOK, &first.after, &second).await.unwrap();

    let row = |batch: &Batch| LogRow {
        first: batch.first,
        bodies: batch.bodies.clone(),
        leaves: batch.leaves.clone(),
        root: batch.after.root,
        epoch: 1,
    };
    assert_eq!(store.log_rows(BOOK, 1, MUCH).await.unwrap(), [row(&first), row(&second)]);
    assert_eq!(store.log_rows(BOOK, 0, MUCH).await.unwrap().len(), 2);
    assert_eq!(store.log_rows(BOOK, 3, MUCH).await.unwrap(), [row(&first), row(&second)]);
    assert_eq!(store.log_rows(BOOK, 4, MUCH).await.unwrap(), [row(&second)]);
    assert_eq!(store.log_rows(BOOK, 5, MUCH).await.unwrap(), []);
    assert_eq!(store.fence(BOOK).await.unwrap(), Head { epoch: 2, ..second.after });
}

pub async fn pages_of_the_log_keep_to_their_limit(store: &impl Store) {
    let head = book(store, BOOK).await;
    let bodies = || vec![vec![1; 68], vec![2; 68]]; // 200 bytes a row with the leaf hashes
    let mut head = head;
    for _ in 0..10 {
        let batch = batch(&head, &bodies());
        store.append(BOOK, &head, &batch).await.unwrap();
        head = batch.after;
    }
    // from, bytes, rows, first row
    for (from, bytes, rows, first) in [
        (1, 0, 1, 1),
        (1, 199, 1, 1),
        (1, 200, 1, 1),
        (1, 399, 1, 1),
        (1, 400, 2, 1),
        (2, 400, 2, 1),
        (3, 600, 3, 3),
        (20, 1, 1, 19),
        (15, MUCH, 3, 15),
    ] {
        let page = store.log_rows(BOOK, from, bytes).await.unwrap();
        assert_eq!((page.len(), page[0].first), (rows, first), "from {from}, {bytes} bytes");
        let follows = page.windows(2).all(|rows| rows[0].first + 2 == rows[1].first);
        assert!(follows, "from {from}, {bytes} bytes");
    }
}

pub async fn records_are_found_wherever_they_stand(store: &impl Store) {
    let head = book(store, BOOK).await;
    let end = fill(store, BOOK, head, &[1, 1, 40, 3, 200, 1, 7]).await.sequence;
    let mut numbers = Numbers(1);
    for count in [0, 1, 2, 10, 300] {
        let asked: Vec<Sequence> = (0..count).map(|_| numbers.below(end + 5)).collect();
        let expected: Vec<_> = asked.iter().map(|s| (*s >= 1 && *s <= end).then(|| body(*s))).collect();
        assert_eq!(store.records(BOOK, &asked).await.unwrap(), expected, "{asked:?}");
    }
    // Each alone, the edges of rows among them.
    for sequence in (0..=end + 1).chain([u64::MAX]) {
        let expected = (sequence >= 1 && sequence <= end).then(|| body(sequence));
        assert_eq!(store.records(BOOK, &[sequence]).await.unwrap(), [expected], "{sequence} alone");
    }
}

pub async fn rows_tell_their_time_without_their_bodies(store: &impl Store) {
    let mut head = book(store, BOOK).await;
    assert_eq!(store.row_time(BOOK, 1).await.unwrap(), None);
    let mut expected = Vec::new();
    for size in [1, 40, 3] {
        let before = head.sequence;
        head = fill(store, BOOK, head, &[size]).await;
        let row = RowTime { first: before + 1, last: head.sequence, time: head.time };
        expected.extend((0..size).map(|_| row));
    }
    for (sequence, row) in (1..).zip(&expected) {
        assert_eq!(store.row_time(BOOK, sequence).await.unwrap().as_ref(), Some(row), "{sequence}");
    }
    assert_eq!(store.row_time(BOOK, 0).await.unwrap(), None);
    assert_eq!(store.row_time(BOOK, 45).await.unwrap(), None);
}

pub async fn an_append_to_another_head_changes_nothing(store: &impl Store) {
    let empty = book(store, BOOK).await;
    let head = fill(store, BOOK, empty.clone(), &[2]).await;
    let late = store.append(BOOK, &empty, &batch(&empty, &[body(9)])).await;
    assert!(matches!(late, Err(AppendError::HeadMoved { expected: 0, found: 2 })), "{late:?}");
    let other_root = Head { root: [9; 32], ..head.clone() };
    let forked = store.append(BOOK, &other_root, &batch(&other_root, &[body(3)])).await;
    assert!(matches!(forked, Err(AppendError::HeadMoved { expected: 2, found: 2 })), "{forked:?}");
    let end = fill(store, BOOK, head, &[1]).await;
    assert_eq!(store.fence(BOOK).await.unwrap(), Head { epoch: 2, ..end });
    assert_eq!(store.log_rows(BOOK, 1, MUCH).await.unwrap().len(), 2);
}

pub async fn a_fence_shuts_out_the_writer_before_it(store: &impl Store) {
    let old = book(store, BOOK).await;
    let old = fill(store, BOOK, old, &[2]).await;
    let new = store.fence(BOOK).await.unwrap();
    assert_eq!(new, Head { epoch: 2, ..old.clone() });
    let late = store.append(BOOK, &old, &batch(&old, &[body(3)])).await;
    assert!(matches!(late, Err(AppendError::Fenced(2))), "{late:?}");
    let end = fill(store, BOOK, new, &[1, 1]).await;
    let late = store.append(BOOK, &old, &batch(&old, &[body(3)])).await;
    assert!(matches!(late, Err(AppendError::Fenced(2))), "{late:?}");
    let rows = store.log_rows(BOOK, 1, MUCH).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.epoch).collect::<Vec<_>>(), [1, 2, 2]);
    assert_eq!(store.fence(BOOK).await.unwrap(), Head { epoch: 3, ..end });
}

pub async fn a_batch_that_does_not_follow_is_not_committed(store: &impl Store) {
    let head = book(store, BOOK).await;
    let head = fill(store, BOOK, head, &[2]).await;
    let good = batch(&head, &[body(3), body(4)]);
    let after = |change: fn(&mut Head)| {
        let mut bad = good.clone();
        change(&mut bad.after);
        bad
    };
    for (case, bad) in [
        ("gap", Batch { first: 4, ..good.clone() }),
        ("no records", Batch { bodies: vec![], leaves: vec![], ..good.clone() }),
        ("a leaf too few", Batch { leaves: good.leaves[1..].to_vec(), ..good.clone() }),
        ("other end", after(|head| head.sequence += 1)),
        ("other epoch", after(|head| head.epoch += 1)),
        ("earlier time", after(|head| head.time = 1)),
    ] {
        let appended = store.append(BOOK, &head, &bad).await;
        assert!(matches!(appended, Err(AppendError::NotCommitted(_))), "{case}: {appended:?}");
    }
    store.append(BOOK, &head, &good).await.unwrap();
}

pub async fn books_are_apart(store: &impl Store) {
    let (one, two) = (book(store, BOOK).await, book(store, "SZ-2018").await);
    let one = fill(store, BOOK, one, &[3]).await;
    let two = fill(store, "SZ-2018", two, &[1, 1]).await;
    let rows = super::sample::plain(2, 100);
    store.project("SZ-2018", 0, 2, &rows).await.unwrap();
    assert_eq!(store.fence(BOOK).await.unwrap(), Head { epoch: 2, ..one });
    assert_eq!(store.fence("SZ-2018").await.unwrap(), Head { epoch: 2, ..two });
    assert_eq!((store.reached(BOOK).await.unwrap(), store.reached("SZ-2018").await.unwrap()), (0, 2));
    assert_eq!(store.lines(BOOK, &[2]).await.unwrap(), []);
    assert_eq!(store.lines("SZ-2018", &[2]).await.unwrap(), rows.lines);
}
