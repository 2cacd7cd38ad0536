//! Findings (发现) as the log has made them: what is seen, since when, and how far each has come. Seeing is `detect`'s work.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use record::finding::{FindingOpened, FindingUpdated, Sign};
use record::kinds::{FindingState, FindingStep, SubjectKind};
use record::{Day, Event, FindingNo, PersonNo, Record, Sequence, VoucherRef};

/// Rule, kind and code of a subject: what makes two signs the same one.
pub type SignKey = (String, SubjectKind, String);

/// The key of a sign.
pub fn key_of(sign: &Sign) -> SignKey {
    (sign.rule.clone(), sign.kind, sign.subject.clone())
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StepTaken {
    /// The step.
    pub step: FindingStep,
    /// Who took it.
    pub person: PersonNo,
    /// When, microseconds.
    pub time: i64,
    /// Its record.
    pub sequence: Sequence,
    /// Why.
    pub reason: String,
    /// Day by which it must be rectified, from then on.
    pub due: Option<Day>,
    /// Vouchers that rectified it.
    pub vouchers: Vec<VoucherRef>,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Finding {
    /// What is seen, as last noted.
    pub sign: Sign,
    /// The clause that the rule carries out.
    pub clause: String,
    /// Where it stands.
    pub state: FindingState,
    /// Whether the last run still saw it.
    pub stands: bool,
    /// Day that it was found for.
    pub found_on: Day,
    /// Day of the run that last noted a change.
    pub noted_on: Day,
    /// Its first record.
    pub sequence: Sequence,
    /// Records that the books held when they were looked at.
    pub tree_size: Sequence,
    /// Version of the rule set that it was found under.
    pub rule_set: u32,
    /// The earlier finding of the same rule and subject; 0 none.
    pub earlier: FindingNo,
    /// Day by which it must be rectified.
    pub due: Option<Day>,
    /// Every step, in order.
    pub steps: Vec<StepTaken>,
}

impl Finding {
    /// Whether it has come to its end.
    pub fn is_over(&self) -> bool {
        matches!(self.state, FindingState::Closed | FindingState::Dismissed)
    }
}

/// The state that a step leads to, and those that it may be taken from.
pub fn transition(step: FindingStep) -> (&'static [FindingState], FindingState) {
    use FindingState::{Closed, Dismissed, Open, Rectifying, Verified};
    match step {
        FindingStep::Verify => (&[Open], Verified),
        FindingStep::Rectify => (&[Verified], Rectifying),
        FindingStep::Close => (&[Rectifying], Closed),
        FindingStep::Dismiss => (&[Open, Verified, Rectifying], Dismissed),
    }
}

/// Every finding of a book.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Findings {
    items: Vec<Finding>,
    /// The newest finding of each sign.
    newest: BTreeMap<SignKey, FindingNo>,
    /// Day of the last run; none before the first.
    pub last_run: Option<Day>,
}

impl Findings {
    /// The finding with this ordinal.
    pub fn get(&self, no: FindingNo) -> Option<&Finding> {
        self.items.get(usize::try_from(no).ok()?.checked_sub(1)?)
    }

    fn get_mut(&mut self, no: FindingNo) -> Option<&mut Finding> {
        self.items.get_mut(usize::try_from(no).ok()?.checked_sub(1)?)
    }

    /// The newest finding of a sign.
    pub fn newest(&self, key: &SignKey) -> Option<(FindingNo, &Finding)> {
        let no = *self.newest.get(key)?;
        Some((no, self.get(no)?))
    }

    /// All with their ordinals, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (FindingNo, &Finding)> {
        (1u32..).zip(self.items.iter())
    }

    /// Ordinal that the next one will have.
    pub fn next_no(&self) -> FindingNo {
        u32::try_from(self.items.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Folds a record, if it is about findings.
    pub(super) fn apply(&mut self, record: &Record) {
        match &record.event {
            Event::DetectorsRun { day, .. } => self.last_run = Some(*day),
            Event::FindingOpened(event) => self.open(record, event),
            Event::FindingChanged(event) => {
                if let Some(finding) = self.get_mut(event.finding) {
                    finding.sign = event.sign.clone();
                    finding.stands = true;
                    finding.noted_on = event.day;
                }
            }
            Event::FindingGone { finding, day } => {
                if let Some(finding) = self.get_mut(*finding) {
                    finding.stands = false;
                    finding.noted_on = *day;
                }
            }
            Event::FindingUpdated(event) => self.update(record, event),
            _ => {}
        }
    }

    fn open(&mut self, record: &Record, event: &FindingOpened) {
        self.newest.insert(key_of(&event.sign), event.no);
        self.items.push(Finding {
            sign: event.sign.clone(),
            clause: event.clause.clone(),
            state: FindingState::Open,
            stands: true,
            found_on: event.day,
            noted_on: event.day,
            sequence: record.sequence,
            tree_size: event.tree_size,
            rule_set: record.rule_set,
            earlier: event.earlier,
            due: None,
            steps: Vec::new(),
        });
    }

    fn update(&mut self, record: &Record, event: &FindingUpdated) {
        let Some(finding) = self.get_mut(event.finding) else { return };
        finding.state = transition(event.step).1;
        finding.due = event.due;
        finding.steps.push(StepTaken {
            step: event.step,
            person: record.actor.person,
            time: record.time,
            sequence: record.sequence,
            reason: event.reason.clone(),
            due: event.due,
            vouchers: event.vouchers.clone(),
        });
    }
}
