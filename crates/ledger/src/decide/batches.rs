//! The enrolment batches that a payment names, and whether they may be paid. Handing in and reviewing them stand in `programme`.

use record::command::Disburse;
use record::kinds::Verdict;
use record::{Day, GrantNo};

use super::desk::Desk;
use crate::state::Commitment;

/// The batches that are paid, each in whole.
pub(super) fn named(desk: &mut Desk<'_>, c: &Disburse) -> Vec<(GrantNo, u32)> {
    let mut found = Vec::with_capacity(c.batches.len());
    for (i, code) in c.batches.iter().enumerate() {
        let no = desk.state.grants.no(code).filter(|no| desk.state.batch(*no).is_some());
        match no.and_then(|no| Some((no, desk.state.batch(no)?.form.insured_count))) {
            None => desk.unknown(&format!("batches[{i}]")),
            Some(batch) if found.contains(&batch) => desk.hit("ENR-001", &format!("batches[{i}]"), "1", "2"),
            Some(batch) => found.push(batch),
        }
    }
    found
}

/// ENR-001, ENR-005, ENR-006 over the year, APR-002, BUD-001 by class and year, BUD-004, USE-007: the heads paid are the batches'
/// heads, handed in and reviewed by the day the money left, unpaid, of the commitment's class and plan.
pub(super) fn check(
    desk: &mut Desk<'_>,
    commitment: &Commitment,
    batches: &[(GrantNo, u32)],
    (paid, paid_on): (u32, Day),
) {
    let total = batches.iter().fold(0u64, |sum, (_, heads)| sum.saturating_add(u64::from(*heads)));
    if total != u64::from(paid) {
        desk.hit("ENR-001", "heads", &total.to_string(), &paid.to_string());
    }
    super::places::check(desk, commitment.source, batches);
    super::eligibility::check_registers(desk, batches);
    for (no, heads) in batches {
        let Some(batch) = desk.state.batch(*no) else { continue };
        super::eligibility::check_dues(desk, batch);
        let code = batch.form.code.clone();
        if batch.paid_heads > 0 {
            desk.hit("ENR-001", &code, "0", &batch.paid_heads.saturating_add(*heads).to_string());
        }
        if batch.class != commitment.class {
            let expected = desk.state.classes.code(commitment.class).to_owned();
            desk.hit("BUD-001", &code, &expected, &batch.form.class);
        }
        if batch.plan != commitment.plan {
            let expected = desk.state.plans.code(commitment.plan).to_owned();
            desk.hit("USE-007", &code, &expected, &batch.form.plan);
        }
        // Next year's forms wait for next year's budget; an older form may be paid out of money carried on.
        if batch.form.year > commitment.year {
            desk.hit("BUD-001", &code, &commitment.year.to_string(), &batch.form.year.to_string());
        }
        let class = desk.state.classes.get(batch.class);
        let reviewed = match batch.review {
            Some((Verdict::Approve, on, _)) => on <= paid_on,
            // A form that was sent back is not paid, whether its class needs a review or not.
            Some((Verdict::Reject, ..)) => false,
            None => class.is_some_and(|class| !class.review_required),
        };
        if !reviewed || batch.stands_from > paid_on {
            let reviewer = class.map_or("", |class| class.reviewer.code());
            desk.hit("APR-002", &code, reviewer, "");
        }
    }
}
