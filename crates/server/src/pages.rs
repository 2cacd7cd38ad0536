//! Page tokens: where a listing goes on. A token is bound to the method, the book and the query, and holds the sequence at which the
//! listing began, so that what is written meanwhile neither shifts nor doubles an entry.

use record::{Sequence, hash};

use crate::encode::Failure;

/// Entries of a page when the caller names none.
pub(crate) const PAGE_DEFAULT: u32 = 100;
/// Entries of a page at most: with 4 KiB an entry a page stays within the largest answer that clients take by default (4 MiB).
pub(crate) const PAGE_MAX: u32 = 1_000;
/// Hex digits of a token at most: an entry's key is at most 256 bytes.
const MAX_TOKEN: usize = 2 * (8 + 8 + 256);

/// What a listing was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// Entries wanted.
    pub size: usize,
    /// Sequence at which the listing began; none on the first page.
    pub snapshot: Option<Sequence>,
    /// Key of the last entry of the page before; empty on the first page.
    pub after: Vec<u8>,
    /// What the token is bound to.
    query: [u8; 8],
}

impl Page {
    /// The page that a request asks for. `query` is everything that must stay the same from page to page, in any fixed form.
    pub fn open(size: i32, token: &str, query: &[&str]) -> Result<Page, Failure> {
        let query = digest(query);
        let size = match u32::try_from(size) {
            Err(_) => return Err(Failure::field("page_size", "OUT_OF_RANGE", "不得为负", "must not be negative")),
            Ok(0) => PAGE_DEFAULT,
            Ok(size) => size.min(PAGE_MAX),
        };
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if token.is_empty() {
            return Ok(Page { size, snapshot: None, after: Vec::new(), query });
        }
        let (bound, snapshot, after) = parse(token).ok_or_else(invalid)?;
        if bound != query {
            return Err(invalid());
        }
        Ok(Page { size, snapshot: Some(snapshot), after, query })
    }

    /// The key of the last entry before, as a number; 0 on the first page.
    pub fn after_number(&self) -> Result<u64, Failure> {
        if self.after.is_empty() {
            return Ok(0);
        }
        <[u8; 8]>::try_from(self.after.as_slice()).map(u64::from_be_bytes).map_err(|_| invalid())
    }

    /// The token of the page after the entry with this key.
    pub fn token(&self, snapshot: Sequence, last: &[u8]) -> String {
        let bytes: Vec<u8> = [&self.query[..], &snapshot.to_be_bytes()[..], last].concat();
        hex::encode(bytes)
    }

    /// A page of a list whose entries are numbered from 1 in order of registration: the entries, the next token, and the sequence that
    /// they hold for. Entries registered after the listing began have higher numbers, and come last.
    pub fn numbered<'a, T: 'a, W>(
        &self,
        sequence: Sequence,
        list: impl Iterator<Item = (u32, &'a T)>,
        mut show: impl FnMut(u32, &'a T) -> W,
    ) -> Result<(Vec<W>, String, Sequence), Failure> {
        let after = self.after_number()?;
        let rest = list.filter(|(no, _)| u64::from(*no) > after);
        let keyed = rest.map(|(no, item)| (u64::from(no).to_be_bytes().to_vec(), (no, item)));
        let (page, token) = self.take(self.snapshot.unwrap_or(sequence), keyed);
        Ok((page.into_iter().map(|(no, item)| show(no, item)).collect(), token, sequence))
    }

    /// Takes a page of entries that come in key order and all lie behind `after`, and the token of the next one, if there is more.
    pub fn take<T>(&self, snapshot: Sequence, entries: impl Iterator<Item = (Vec<u8>, T)>) -> (Vec<T>, String) {
        let mut page = Vec::new();
        let mut last = Vec::new();
        for (key, entry) in entries {
            if page.len() == self.size {
                return (page, self.token(snapshot, &last));
            }
            page.push(entry);
            last = key;
        }
        (page, String::new())
    }
}

fn invalid() -> Failure {
    Failure::field(
        "page_token",
        "INVALID_PAGE_TOKEN",
        "必须是同一查询上一页给出的标记",
        "must be the token that the page before of the same query gave",
    )
}

fn parse(token: &str) -> Option<([u8; 8], Sequence, Vec<u8>)> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    let bytes = hex::decode(token).ok()?;
    let (query, rest) = bytes.split_first_chunk::<8>()?;
    let (snapshot, after) = rest.split_first_chunk::<8>()?;
    Some((*query, u64::from_be_bytes(*snapshot), after.to_vec()))
}

fn digest(parts: &[&str]) -> [u8; 8] {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    let mut short = [0; 8];
    for (to, from) in short.iter_mut().zip(hash::sha256(&bytes)) {
        *to = from;
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(after: u64, up_to: u64) -> impl Iterator<Item = (Vec<u8>, u64)> {
        (after + 1..=up_to).map(|n| (n.to_be_bytes().to_vec(), n))
    }

    #[test]
    fn pages_join_without_gap_or_double_while_entries_are_added() {
        let (mut token, mut seen, mut total) = (String::new(), Vec::new(), 250);
        loop {
            let page = Page::open(100, &token, &["ListAccounts", "book"]).unwrap();
            let snapshot = page.snapshot.unwrap_or(total);
            let (entries, next) = page.take(snapshot, numbers(page.after_number().unwrap(), snapshot));
            seen.extend(entries);
            total += 40;
            if next.is_empty() {
                break;
            }
            token = next;
        }
        assert_eq!(seen, (1..=250).collect::<Vec<u64>>());
    }

    #[test]
    fn sizes_have_a_default_and_a_cap() {
        for (asked, given) in [(0, 100), (1, 1), (1000, 1000), (1001, 1000), (i32::MAX, 1000)] {
            assert_eq!(Page::open(asked, "", &[]).unwrap().size, given);
        }
        assert!(Page::open(-1, "", &[]).is_err());
    }

    #[test]
    fn a_token_serves_its_own_query_only() {
        let token = Page::open(0, "", &["ListGrants", "b", "S2P"]).unwrap().token(7, &3u64.to_be_bytes());
        let page = Page::open(0, &token, &["ListGrants", "b", "S2P"]).unwrap();
        assert_eq!((page.snapshot, page.after_number()), (Some(7), Ok(3)));
        for query in [&["ListGrants", "b", "S2F"][..], &["ListGrants", "bS2P", ""], &["ListAccounts", "b", "S2P"]] {
            assert!(Page::open(0, &token, query).is_err(), "{query:?}");
        }
        for bad in ["zz", "00", &"0".repeat(10_000), &token[..31]] {
            assert!(Page::open(0, bad, &["ListGrants", "b", "S2P"]).is_err(), "{bad:.20}");
        }
    }
}
