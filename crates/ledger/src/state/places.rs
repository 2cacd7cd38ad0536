//! Places of organisations, the heads paid against them, and dues: the fold and the look-ups up the tree of organisations.

use borsh::{BorshDeserialize, BorshSerialize};
use record::event::QuotaAllocated;
use record::kinds::Change;
use record::{ClassNo, Day, GrantNo, OrgNo, SourceNo};

use super::State;

/// Places of a class that an organisation has, net of what was taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Places {
    /// Places.
    pub heads: i64,
    /// Whether its newest notice gives no number (附件1: 按实际人数).
    pub by_actual_number: bool,
}

impl State {
    pub(super) fn allocate_places(&mut self, event: &QuotaAllocated) {
        for (class, _, heads) in &event.lines {
            let places = self.places.entry((event.year, event.source, *class, event.organization)).or_default();
            let number = i64::from(heads.unwrap_or(0));
            match event.change {
                Change::Increase => {
                    places.heads = places.heads.saturating_add(number);
                    places.by_actual_number = heads.is_none();
                }
                Change::Decrease => places.heads = places.heads.saturating_sub(number),
            }
        }
    }

    /// Adds heads of a batch to those paid, or takes them out.
    pub(super) fn pay_places(&mut self, source: SourceNo, batch: GrantNo, heads: i64) {
        let Some(of) = self.batch(batch).map(|b| (b.form.year, b.class)) else { return };
        let unit = self.grants.get(batch).map_or(0, |grant| grant.grantor);
        let paid = self.paid_heads.entry((of.0, source, of.1, unit)).or_default();
        *paid = paid.saturating_add(heads);
    }

    /// Whether anybody was given places of a class.
    pub fn has_places(&self, year: u16, source: SourceNo, class: ClassNo) -> bool {
        self.places.range((year, source, class, 0)..=(year, source, class, OrgNo::MAX)).next().is_some()
    }

    /// The organisation whose places a unit's are: itself, or the nearest above it that was given any.
    pub fn place_holder(&self, year: u16, source: SourceNo, class: ClassNo, unit: OrgNo) -> Option<OrgNo> {
        self.at_or_above(unit, |org| self.places.contains_key(&(year, source, class, org)).then_some(org))
    }

    /// Heads paid for the units whose places are this organisation's.
    pub fn paid_of_places(&self, year: u16, source: SourceNo, class: ClassNo, holder: OrgNo) -> i64 {
        let paid = self.paid_heads.range((year, source, class, 0)..=(year, source, class, OrgNo::MAX));
        let of_holder =
            paid.filter(|((.., unit), _)| self.place_holder(year, source, class, *unit).unwrap_or(0) == holder);
        of_holder.fold(0, |sum: i64, (_, heads)| sum.saturating_add(*heads))
    }

    /// Whether the dues of a year were paid in full: as stated of the unit, or of the nearest above it of which it was stated.
    pub fn dues_of(&self, year: u16, unit: OrgNo) -> Option<bool> {
        self.dues_state(year, unit).map(|(paid, _)| paid)
    }

    /// The same with the day of which it is the state.
    pub fn dues_state(&self, year: u16, unit: OrgNo) -> Option<(bool, Day)> {
        self.at_or_above(unit, |org| self.dues.get(&(year, org)).copied())
    }

    /// What is found of an organisation, or of the nearest above it.
    fn at_or_above<T>(&self, unit: OrgNo, find: impl Fn(OrgNo) -> Option<T>) -> Option<T> {
        let mut at = unit;
        // The tree is at most as deep as the list is long; a step bound keeps a bad cycle from looping.
        for _ in 0..=self.organizations.len() {
            if let Some(found) = find(at) {
                return Some(found);
            }
            at = self.organizations.get(at).and_then(|o| self.organizations.no(&o.parent))?;
        }
        None
    }
}

/// Of the heads that came back of a payment, those of each batch: the last batch's come back first, as its money does (decisions 9).
pub(super) fn returned_of(batches: &[(GrantNo, u32)], returned: u32) -> Vec<(GrantNo, i64)> {
    let mut left = i64::from(returned);
    let mut found: Vec<(GrantNo, i64)> = Vec::with_capacity(batches.len());
    for (batch, heads) in batches.iter().rev() {
        let part = left.min(i64::from(*heads)).max(0);
        left = left.saturating_sub(part);
        found.push((*batch, part));
    }
    found
}
