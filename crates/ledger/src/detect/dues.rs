//! Units that turned out not to have paid their union dues after their members had been paid for (ENR-005). Before the payment it is
//! refused; a status that is put right later shows what was paid on the wrong one.

use record::kinds::SubjectKind;
use record::{Day, GrantNo};

use super::Look;
use crate::state::{Place, State, until};

pub(super) fn look(look: &mut Look<'_>) {
    let (state, day) = (look.state, look.day);
    for (no, grant) in state.grants.iter() {
        let Some(batch) = grant.batch.as_deref() else { continue };
        let members = state.classes.get(batch.class).is_some_and(|class| !class.review_required);
        let paid = until(&state.watch.paid, no, day);
        if !members || paid <= 0 {
            continue;
        }
        let Some((false, as_of)) = state.dues_state(batch.form.year, grant.grantor) else { continue };
        if as_of > day {
            continue;
        }
        let mut sign = look.sign("ENR-005", SubjectKind::Batch, &batch.form.code);
        sign.heads = paid;
        sign.expected = "true".into();
        sign.found = "false".into();
        sign.since = as_of.max(first_paid(state, no));
        sign.evidence = look.at(&Place::Grant(no)).into_iter().collect();
        look.see(sign);
    }
}

/// The day on which a batch was first paid.
fn first_paid(state: &State, batch: GrantNo) -> Day {
    let paid = state.watch.paid.range((batch, Day(i32::MIN))..=(batch, Day(i32::MAX)));
    paid.map(|((_, day), _)| *day).next().unwrap_or_default()
}
