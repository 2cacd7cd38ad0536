//! Findings on record: a run of the detectors against what is known (opened, changed, gone; what stands unchanged is not written
//! again), and the steps of a finding from discovery to its end. What a detector sees stands in `detect`.

use std::collections::BTreeSet;

use record::command::{RunDetectors, UpdateFinding};
use record::finding::{FindingChanged, FindingOpened, FindingUpdated, Sign};
use record::kinds::FindingStep;
use record::{Day, Event, FindingNo};

use super::Desk;
use crate::state::{SignKey, key_of, transition};
use crate::{detect, rules};

/// Changes that one run writes down: with their evidence they fit a log row of 1 MiB. The next run, of the same day, writes the rest.
pub const MAX_CHANGES: usize = 1_000;

pub(super) fn run(desk: &mut Desk<'_>, c: &RunDetectors) -> Vec<Event> {
    let day = c.day.unwrap_or(desk.today);
    desk.check_not_future(day, "day");
    // An earlier day is looked at without being written down: what has changed since would look gone.
    if desk.state.findings.last_run.is_some_and(|last| day < last) {
        desk.fault("day", "OUT_OF_RANGE", "不得早于上次检测日", "must not lie before the day of the last run");
        return Vec::new();
    }
    let signs = detect::signs(desk.state, day, None);
    let mut changes = changes(desk, &signs, day);
    let left = changes.len().saturating_sub(MAX_CHANGES);
    changes.truncate(MAX_CHANGES);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let mut events = vec![Event::DetectorsRun { day, signs: count(signs.len()), left: count(left) }];
    events.append(&mut changes);
    number(desk, &mut events);
    events
}

/// Ordinals of new findings, in the order in which they are written.
fn number(desk: &Desk<'_>, events: &mut [Event]) {
    let mut next: FindingNo = desk.state.findings.next_no();
    for event in events {
        if let Event::FindingOpened(opened) = event {
            opened.no = next;
            next = next.saturating_add(1);
        }
    }
}

/// What a run must write down: new signs, changed ones, and findings whose sign is gone.
fn changes(desk: &Desk<'_>, signs: &[Sign], day: Day) -> Vec<Event> {
    let findings = &desk.state.findings;
    let mut events = Vec::new();
    let mut seen: BTreeSet<SignKey> = BTreeSet::new();
    for sign in signs {
        let key = key_of(sign);
        let newest = findings.newest(&key);
        seen.insert(key);
        match newest {
            Some((_, known)) if known.stands && is_same(&known.sign, sign) => {}
            Some((no, known)) if !known.is_over() => {
                let event = FindingChanged { finding: no, sign: sign.clone(), day };
                events.push(Event::FindingChanged(Box::new(event)));
            }
            ended => events.push(open(desk, sign, day, ended.map_or(0, |(no, _)| no))),
        }
    }
    for (no, finding) in findings.iter().filter(|(_, finding)| finding.stands) {
        let key = key_of(&finding.sign);
        let superseded = findings.newest(&key).is_some_and(|(newest, _)| newest != no);
        if !superseded && !seen.contains(&key) {
            events.push(Event::FindingGone { finding: no, day });
        }
    }
    events
}

/// Whether nothing has changed that anybody would act on.
fn is_same(known: &Sign, now: &Sign) -> bool {
    (known.fen, known.heads, known.count) == (now.fen, now.heads, now.count)
}

fn open(desk: &Desk<'_>, sign: &Sign, day: Day, earlier: FindingNo) -> Event {
    Event::FindingOpened(Box::new(FindingOpened {
        no: 0,
        sign: sign.clone(),
        clause: rules::find(&sign.rule).map_or("", |rule| rule.clause).to_owned(),
        day,
        tree_size: desk.state.sequence,
        earlier,
    }))
}

pub(super) fn update(desk: &mut Desk<'_>, c: &UpdateFinding) -> Vec<Event> {
    let Some(finding) = desk.state.findings.get(c.finding) else {
        desk.unknown("finding");
        return Vec::new();
    };
    let (from, _) = transition(c.step);
    if !from.contains(&finding.state) {
        desk.fault(
            "step",
            "OUT_OF_ORDER",
            "此步骤不能从该发现目前的状态办理",
            "cannot be taken from the finding's present state",
        );
    }
    if c.step == FindingStep::Verify && c.due.is_none() {
        desk.fault("due", "REQUIRED", "核实须定整改期限", "verifying sets the day by which it must be rectified");
    }
    if c.due.is_some_and(|due| due < desk.today) {
        desk.fault("due", "OUT_OF_RANGE", "期限不得早于今天", "must not lie before today");
    }
    for (i, reference) in c.vouchers.iter().enumerate() {
        if !desk.state.has_voucher(*reference) {
            desk.unknown(&format!("vouchers[{i}]"));
        }
    }
    vec![Event::FindingUpdated(FindingUpdated {
        finding: c.finding,
        step: c.step,
        reason: c.reason.clone(),
        due: c.due.or(finding.due),
        vouchers: c.vouchers.clone(),
    })]
}
