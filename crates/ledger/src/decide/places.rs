//! BUD-004: the heads paid out of money that the scheme's places bound stay within the unit's places (decisions 11). Allocating places
//! stands in `programme`.

use std::collections::BTreeMap;

use record::{ClassNo, GrantNo, OrgNo, SourceNo};

use super::Desk;

/// The batches of a payment against the places of their units: each unit is judged by its own notice, or by the nearest above it.
pub(super) fn check(desk: &mut Desk<'_>, source: SourceNo, batches: &[(GrantNo, u32)]) {
    let state = desk.state;
    if !state.sources.get(source).is_some_and(|s| s.quota_bound) {
        return;
    }
    let mut asked: BTreeMap<(u16, ClassNo, OrgNo), i64> = BTreeMap::new();
    for (no, heads) in batches {
        let Some(batch) = state.batch(*no) else { continue };
        let unit = state.grants.get(*no).map_or(0, |grant| grant.grantor);
        let year = batch.form.year;
        // Where no places of a class were given to anybody, its numbers are not bound (附件1: 劳模按实际).
        if state.has_places(year, source, batch.class) {
            let holder = state.place_holder(year, source, batch.class, unit).unwrap_or(0);
            let sum = asked.entry((year, batch.class, holder)).or_default();
            *sum = sum.saturating_add(i64::from(*heads));
        }
    }
    for ((year, class, holder), heads) in asked {
        check_holder(desk, (year, source, class), holder, heads);
    }
}

/// The same for so many heads of one unit.
pub(super) fn check_unit(desk: &mut Desk<'_>, of: (u16, SourceNo, ClassNo), unit: OrgNo, heads: i64) {
    let (year, source, class) = of;
    let bound = desk.state.sources.get(source).is_some_and(|s| s.quota_bound);
    if bound && desk.state.has_places(year, source, class) {
        let holder = desk.state.place_holder(year, source, class, unit).unwrap_or(0);
        check_holder(desk, of, holder, heads);
    }
}

fn check_holder(desk: &mut Desk<'_>, (year, source, class): (u16, SourceNo, ClassNo), holder: OrgNo, heads: i64) {
    let state = desk.state;
    let places = state.places.get(&(year, source, class, holder)).copied().unwrap_or_default();
    let wanted = state.paid_of_places(year, source, class, holder).saturating_add(heads);
    if !places.by_actual_number && wanted > places.heads {
        let subject = format!("{}/{}", state.organizations.code(holder), state.classes.code(class));
        desk.hit("BUD-004", &subject, &places.heads.to_string(), &wanted.to_string());
    }
}
