//! Supervision: taking a submission back, running the detectors, following a finding. What a detector sees is not seen a second time here
//! (docs/verify.md); that what it wrote hangs together is.

use record::Event;
use record::command::{RunDetectors, UpdateFinding, WithdrawCommand};
use record::finding::FindingUpdated;
use record::kinds::FindingState::{Closed, Dismissed, Open, Rectifying, Verified};
use record::kinds::{FindingState, FindingStep};

use super::Case;

/// States that a step may be taken from, and the one that it leads to (decisions 21).
pub(crate) fn transition(step: FindingStep) -> (&'static [FindingState], FindingState) {
    match step {
        FindingStep::Verify => (&[Open], Verified),
        FindingStep::Rectify => (&[Verified], Rectifying),
        FindingStep::Close => (&[Rectifying], Closed),
        FindingStep::Dismiss => (&[Open, Verified, Rectifying], Dismissed),
    }
}

/// Its maker takes a submission back.
pub(super) fn withdraw(case: &mut Case<'_>, c: &WithdrawCommand) -> Vec<Event> {
    if !case.book.waiting.contains_key(&c.submission) {
        case.unknown("submission");
    }
    vec![Event::Withdrawn { submission: c.submission, reason: c.reason.clone() }]
}

/// A run: not ahead, and never behind the last one. What it saw is taken from its records.
pub(super) fn run(case: &mut Case<'_>, c: &RunDetectors) -> Vec<Event> {
    let day = c.day.unwrap_or(case.today);
    case.not_ahead(day);
    if case.book.last_run.is_some_and(|last| day < last) {
        case.unknown("day: before the last run");
    }
    Vec::new()
}

pub(super) fn update(case: &mut Case<'_>, c: &UpdateFinding) -> Vec<Event> {
    let place = usize::try_from(c.finding).ok().and_then(|no| no.checked_sub(1));
    let Some(finding) = place.and_then(|place| case.book.findings.get(place)) else {
        case.unknown("finding");
        return Vec::new();
    };
    let out_of_order = !transition(c.step).0.contains(&finding.state);
    let no_due = c.step == FindingStep::Verify && c.due.is_none();
    let late = c.due.is_some_and(|due| due < case.today);
    let dangling = c.vouchers.iter().any(|reference| !case.book.stands(*reference));
    if out_of_order || no_due || late || dangling {
        case.unknown("finding: step, due or vouchers");
    }
    vec![Event::FindingUpdated(FindingUpdated {
        finding: c.finding,
        step: c.step,
        reason: c.reason.clone(),
        due: c.due.or(finding.due),
        vouchers: c.vouchers.clone(),
    })]
}
