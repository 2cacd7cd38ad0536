//! Cases of the catalogue: books and tokens.

use engine::store::{BookEntry, Store, TokenEntry};

pub async fn books_are_listed_by_code(store: &impl Store) {
    let entry = |code: &str| BookEntry { book: code.into(), created_at: 5 };
    for code in ["SZ-2018", "GD-2018", "gd/..%2e", "粤"] {
        store.create_book(&entry(code)).await.unwrap();
    }
    let expected = ["GD-2018", "SZ-2018", "gd/..%2e", "粤"].map(entry);
    assert_eq!(store.books().await.unwrap(), expected);
    for code in ["gd/..%2e", "粤"] {
        assert_eq!(store.fence(code).await.unwrap().epoch, 1);
    }
}

pub async fn tokens_are_kept_and_revoked(store: &impl Store) {
    let token = |no: u8, person: &str, expires_at| TokenEntry {
        hash: [no; 32],
        person: person.into(),
        operator: no == 1,
        created_at: i64::from(no),
        expires_at,
        revoked: false,
    };
    let tokens = [token(1, "admin", None), token(2, "maker", Some(9)), token(3, "maker", None)];
    for token in tokens.iter().rev() {
        store.add_token(token).await.unwrap();
    }
    assert!(store.add_token(&token(2, "thief", None)).await.is_err());
    assert_eq!(store.tokens().await.unwrap(), tokens);
    assert_eq!(store.token(&[2; 32]).await.unwrap().as_ref(), tokens.get(1));
    assert_eq!(store.token(&[4; 32]).await.unwrap(), None);

    assert_eq!(store.revoke_tokens("maker").await.unwrap(), 2);
    assert_eq!(store.revoke_tokens("maker").await.unwrap(), 0);
    assert_eq!(store.revoke_tokens("nobody").await.unwrap(), 0);
    let revoked: Vec<bool> = store.tokens().await.unwrap().iter().map(|token| token.revoked).collect();
    assert_eq!(revoked, [false, true, true]);
}
