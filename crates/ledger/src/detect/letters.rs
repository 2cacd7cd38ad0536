//! Appropriations that came late (REM-007). The books know a letter when its money comes, so a late one is seen from its first late day on,
//! but only once it is booked.

use record::kinds::SubjectKind;

use super::Look;
use crate::state::Place;

pub(super) fn look(look: &mut Look<'_>) {
    let state = look.state;
    let days = look.number("P2.arrival_max_days");
    for (grant, (letter, arrived)) in &state.watch.letters {
        let since = letter.plus_days(days.saturating_add(1));
        let Some(found) = state.grants.get(*grant).filter(|_| *arrived >= since && look.day >= since) else { continue };
        let mut sign = look.sign("REM-007", SubjectKind::Grant, &found.code);
        sign.fen = found.received_fen;
        (sign.expected, sign.found) = (letter.plus_days(days).to_string(), arrived.to_string());
        sign.since = since;
        sign.evidence = look.at(&Place::Grant(*grant)).into_iter().collect();
        look.see(sign);
    }
}
