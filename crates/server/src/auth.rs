//! Who calls: bearer tokens, looked up by their hash in the catalogue. What a person may do is the book's to say (`ledger::access`,
//! `reads`); here is only who it is. The token itself is kept and logged nowhere.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use engine::store::{Store, StoreError, TokenEntry};
use record::{Digest, hash};

/// What every token begins with, so that people and secret scanners know one when they see it.
const TOKEN_PREFIX: &str = "earmark_";

/// How long a looked-up token is believed without looking again: a revoked one ends within this time.
const CACHE_FOR: Duration = Duration::from_secs(2);

/// Tokens kept in memory at most, some 200 bytes each; beyond it the cache starts afresh.
const CACHE_ENTRIES: usize = 10_000;

/// An authenticated caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Person code that the token speaks for.
    pub person: String,
    /// Whether the token may open books.
    pub operator: bool,
    /// First eight bytes of the token's SHA-256.
    pub key_id: [u8; 8],
}

/// Why there is no caller.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotAuthenticated {
    /// No token, or none that is valid now.
    #[error("no valid token")]
    NoValidToken,
    /// The catalogue could not be read.
    #[error("the catalogue could not be read: {0}")]
    Catalogue(#[from] StoreError),
}

/// The text of a token of these random bits: what its owner keeps.
pub fn token_text(bits: &[u8; 32]) -> String {
    format!("{TOKEN_PREFIX}{}", hex::encode(bits))
}

/// What the catalogue keeps of a token: the SHA-256 of its bits. None for text that is no token.
pub fn token_hash(text: &str) -> Option<Digest> {
    let digits = text.strip_prefix(TOKEN_PREFIX)?;
    let lower = digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let bits: [u8; 32] = hex::decode(digits).ok()?.try_into().ok()?;
    lower.then(|| hash::sha256(&bits))
}

/// Looks tokens up.
pub(crate) struct Authenticator<S> {
    store: Arc<S>,
    cache: Mutex<HashMap<Digest, (Instant, TokenEntry)>>,
}

impl<S: Store> Authenticator<S> {
    pub fn new(store: Arc<S>) -> Authenticator<S> {
        Authenticator { store, cache: Mutex::default() }
    }

    /// The caller of an `authorization` header.
    pub async fn authenticate(&self, header: Option<&[u8]>) -> Result<Principal, NotAuthenticated> {
        let hash = header.and_then(bearer).and_then(token_hash).ok_or(NotAuthenticated::NoValidToken)?;
        let entry = match self.cached(&hash) {
            Some(entry) => entry,
            None => {
                let entry = self.store.token(&hash).await?.ok_or(NotAuthenticated::NoValidToken)?;
                self.remember(hash, entry.clone());
                entry
            }
        };
        if entry.revoked || entry.expires_at.is_some_and(|end| end <= now_micros()) {
            return Err(NotAuthenticated::NoValidToken);
        }
        let key_id = hash.first_chunk().copied().unwrap_or_default();
        Ok(Principal { person: entry.person, operator: entry.operator, key_id })
    }

    fn cached(&self, hash: &Digest) -> Option<TokenEntry> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(hash).filter(|(at, _)| at.elapsed() < CACHE_FOR).map(|(_, entry)| entry.clone())
    }

    fn remember(&self, hash: Digest, entry: TokenEntry) {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHE_ENTRIES {
            cache.clear();
        }
        cache.insert(hash, (Instant::now(), entry));
    }
}

/// The token of `Bearer <token>`; the scheme's case does not matter (RFC 9110).
fn bearer(header: &[u8]) -> Option<&str> {
    let (scheme, token) = std::str::from_utf8(header).ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_one_form() {
        let text = token_text(&[0xab; 32]);
        assert_eq!(token_hash(&text), Some(hash::sha256(&[0xab; 32])));
        for bad in [
            "",
            "earmark_",
            &text[8..],
            &text[..70],
            &text.to_uppercase(),
            &format!("{text}0"),
            &text.replace('a', "A"),
        ] {
            assert_eq!(token_hash(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_scheme_is_bearer() {
        for (header, token) in
            [("Bearer t", Some("t")), ("bearer  t ", Some("t")), ("Basic t", None), ("Bearer", None), ("t", None)]
        {
            assert_eq!(bearer(header.as_bytes()), token, "{header}");
        }
    }
}
