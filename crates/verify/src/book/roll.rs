//! Things of the books by ordinal, counted from 1, and by their code.

use crate::fast::Map;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Roll<T> {
    items: Vec<(String, T)>,
    codes: Map<String, u32>,
}

impl<T> Default for Roll<T> {
    fn default() -> Roll<T> {
        Roll { items: Vec::new(), codes: Map::default() }
    }
}

impl<T> Roll<T> {
    /// The thing with this ordinal.
    pub(crate) fn get(&self, no: impl Into<u32>) -> Option<&T> {
        let place = usize::try_from(no.into()).ok()?.checked_sub(1)?;
        self.items.get(place).map(|(_, item)| item)
    }

    /// The same, to change.
    pub(crate) fn get_mut(&mut self, no: impl Into<u32>) -> Option<&mut T> {
        let place = usize::try_from(no.into()).ok()?.checked_sub(1)?;
        self.items.get_mut(place).map(|(_, item)| item)
    }

    /// The ordinal of a code.
    pub(crate) fn no(&self, code: &str) -> Option<u32> {
        self.codes.get(code).copied()
    }

    /// The same in the size that lines have it in.
    pub(crate) fn small<N: TryFrom<u32>>(&self, code: &str) -> Option<N> {
        self.no(code).and_then(|no| N::try_from(no).ok())
    }

    /// Ordinal and thing of a code.
    pub(crate) fn find(&self, code: &str) -> Option<(u32, &T)> {
        let no = self.no(code)?;
        Some((no, self.get(no)?))
    }

    /// The code of an ordinal; empty where there is none.
    pub(crate) fn code(&self, no: impl Into<u32>) -> &str {
        let place = usize::try_from(no.into()).ok().and_then(|no| no.checked_sub(1));
        place.and_then(|place| self.items.get(place)).map_or("", |(code, _)| code)
    }

    /// The ordinal that the next thing gets.
    pub(crate) fn next(&self) -> u32 {
        u32::try_from(self.items.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Adds a thing. Under a code that is taken it stands all the same, so that ordinals keep their meaning.
    pub(crate) fn add(&mut self, code: &str, item: T) {
        let no = self.next();
        self.codes.entry(code.to_owned()).or_insert(no);
        self.items.push((code.to_owned(), item));
    }

    /// Ordinal, code and thing, in order.
    pub(crate) fn all(&self) -> impl Iterator<Item = (u32, &str, &T)> {
        (1u32..).zip(&self.items).map(|(no, (code, item))| (no, code.as_str(), item))
    }
}
