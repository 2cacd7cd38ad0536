//! Cases of leaf hashes, signed tree heads and cosignatures. The notes are made up: a store does not read them.

use engine::store::{Cosignature, Head, Store, TreeHead, TreeHeadQuery};
use record::Sequence;
use record::hash::leaf_hash;

use super::sample::{BOOK, batch, body, book, fill};

const ALL: TreeHeadQuery = TreeHeadQuery { from: 1, to: i64::MAX as u64, cosigned: false, limit: 100 };

fn signed(head: &Head, note: &str) -> TreeHead {
    TreeHead { size: head.sequence, root: head.root, note: note.into(), cosignatures: Vec::new() }
}

fn by(name: &str, id: u32) -> Cosignature {
    let made = proof::Signature { name: name.into(), id, bytes: vec![id as u8; 72] };
    Cosignature { key_name: name.into(), key_id: id, line: made.to_string() }
}

pub async fn leaf_hashes_are_read_by_range(store: &impl Store) {
    let head = book(store, BOOK).await;
    fill(store, BOOK, head, &[1, 5, 300, 1, 1, 40]).await;
    let all: Vec<_> = (1..=348).map(|sequence: Sequence| leaf_hash(&body(sequence))).collect();
    for (from, to) in
        [(1, 348), (1, 1), (2, 6), (6, 7), (100, 200), (306, 309), (348, 348), (300, 900), (349, 900), (5, 4)]
    {
        let expected: Vec<_> = (from..=to.min(348)).map(|sequence| all[sequence as usize - 1]).collect();
        assert_eq!(store.leaves(BOOK, from, to).await.unwrap(), expected, "{from} to {to}");
    }
    assert!(store.leaves("GD-2019", 1, 1).await.is_err());
}

pub async fn a_size_is_signed_once(store: &impl Store) {
    let head = book(store, BOOK).await;
    let head = fill(store, BOOK, head, &[3]).await;
    let first = signed(&head, "first\n");
    assert_eq!(store.add_tree_head(BOOK, &first).await.unwrap(), first);
    assert_eq!(store.add_tree_head(BOOK, &signed(&head, "second\n")).await.unwrap(), first, "the one that stands");
    let other = TreeHead { root: [9; 32], ..first.clone() };
    assert_eq!(store.add_tree_head(BOOK, &other).await.unwrap(), first, "with another root neither");
    assert_eq!(store.tree_heads(BOOK, ALL).await.unwrap(), [first]);
}

pub async fn only_ends_of_the_log_are_signed(store: &impl Store) {
    let head = book(store, BOOK).await;
    let first = fill(store, BOOK, head, &[3]).await;
    let second = fill(store, BOOK, first.clone(), &[2]).await;
    for (case, head) in [
        ("the middle of a batch", Head { sequence: 4, ..second.clone() }),
        ("beyond the log", Head { sequence: 6, ..second.clone() }),
        ("another root", Head { root: [9; 32], ..second.clone() }),
        ("the root of another size", Head { sequence: 3, ..second.clone() }),
        ("nothing", Head { sequence: 0, ..first.clone() }),
    ] {
        assert!(store.add_tree_head(BOOK, &signed(&head, "x\n")).await.is_err(), "{case}");
    }
    assert_eq!(store.tree_heads(BOOK, ALL).await.unwrap(), []);
    // An older end may still be signed, and the log goes on.
    store.add_tree_head(BOOK, &signed(&first, "x\n")).await.unwrap();
    let third = batch(&second, &[body(6)]);
    store.append(BOOK, &second, &third).await.unwrap();
    store.add_tree_head(BOOK, &signed(&third.after, "x\n")).await.unwrap();
}

pub async fn cosignatures_are_kept_once_a_key(store: &impl Store) {
    let head = book(store, BOOK).await;
    let head = fill(store, BOOK, head, &[3]).await;
    assert!(store.add_cosignatures(BOOK, 3, &[by("a", 1)]).await.is_err(), "nothing is signed yet");
    store.add_tree_head(BOOK, &signed(&head, "x\n")).await.unwrap();
    store.add_cosignatures(BOOK, 3, &[by("b", 1), by("a", 2)]).await.unwrap();
    let again = Cosignature { line: by("a", 2).line.replace('A', "B"), ..by("a", 2) };
    store.add_cosignatures(BOOK, 3, &[again, by("a", 1)]).await.unwrap();
    let mut lines = store.tree_heads(BOOK, ALL).await.unwrap().remove(0).cosignatures;
    lines.sort();
    let mut expected = [by("a", 1), by("a", 2), by("b", 1)].map(|cosignature| cosignature.line);
    expected.sort();
    assert_eq!(lines, expected);
    let standing = store.add_tree_head(BOOK, &signed(&head, "y\n")).await.unwrap();
    assert_eq!((standing.note.as_str(), standing.cosignatures.len()), ("x\n", 3));
}

pub async fn signed_heads_are_listed_newest_first(store: &impl Store) {
    let mut head = book(store, BOOK).await;
    for size in 1..=9u64 {
        head = fill(store, BOOK, head, &[1]).await;
        store.add_tree_head(BOOK, &signed(&head, &format!("note {size}\n"))).await.unwrap();
        if size % 3 == 0 {
            store.add_cosignatures(BOOK, size, &[by("w", 7)]).await.unwrap();
        }
    }
    for (from, to, cosigned, limit, sizes) in [
        (1, 100, false, 3, &[9, 8, 7][..]),
        (2, 4, false, 100, &[4, 3, 2]),
        (1, 8, true, 100, &[6, 3]),
        (5, 100, true, 1, &[9]),
        (10, 100, false, 1, &[]),
        (4, 5, true, 1, &[]),
    ] {
        let found = store.tree_heads(BOOK, TreeHeadQuery { from, to, cosigned, limit }).await.unwrap();
        let found: Vec<u64> = found.iter().map(|head| head.size).collect();
        assert_eq!(found, sizes, "{from} to {to}, cosigned {cosigned}, {limit}");
    }
    assert!(store.tree_heads("GD-2019", ALL).await.is_err());
}
