//! The other rules of a re-judging, laid over a scratch state: standards, parameters, deadlines, closed uses and sources. They hold for
//! documents dated from a day on, whatever the books say of those days.

use record::preset::StandardDef;
use record::ruleset::RuleSet;
use record::{Day, Event, SourceNo, UseNo};

use crate::State;

/// Rules to judge by in place of the book's own. What is not named stays as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OtherRules {
    /// Subsidy standards; their own first day is not looked at.
    pub standards: Vec<StandardDef>,
    /// Parameters: key and value.
    pub parameters: Vec<(String, String)>,
    /// Last days for enrolment, by programme year.
    pub deadlines: Vec<(u16, Day)>,
    /// Codes of uses that nothing may be paid for.
    pub blocked_uses: Vec<String>,
    /// Codes of sources that may not be used.
    pub blocked_sources: Vec<String>,
}

impl OtherRules {
    /// The rules of a rule set, as if they were the book's own: its standards, parameters and deadlines; uses and sources that it does not
    /// know, or forbids, are closed.
    pub fn of(rules: &RuleSet, state: &State) -> OtherRules {
        let closed = |code: &String| !rules.uses.contains(code) || rules.forbidden_uses.contains(code);
        let unknown = |code: &String| !rules.sources.iter().any(|s| s.source == *code);
        OtherRules {
            standards: rules.standards.clone(),
            parameters: rules.parameters.iter().map(|p| (p.code.clone(), p.name.clone())).collect(),
            deadlines: rules.schemes.iter().map(|s| (s.year, s.enroll_deadline)).collect(),
            blocked_uses: state.uses.iter().map(|(_, u)| u.code.clone()).filter(closed).collect(),
            blocked_sources: state.sources.iter().map(|(_, s)| s.code.clone()).filter(unknown).collect(),
        }
    }

    /// Whether they change nothing.
    pub fn is_empty(&self) -> bool {
        *self == OtherRules::default()
    }

    /// Codes that the book does not have: field and place in its list.
    pub fn unknown(&self, state: &State) -> Vec<(&'static str, usize)> {
        let mut unknown = Vec::new();
        let mut look = |field: &'static str, known: Vec<bool>| {
            unknown.extend((0..).zip(known).filter(|(_, known)| !known).map(|(place, _)| (field, place)));
        };
        let class_and_plan = |s: &StandardDef| state.class_no(&s.class).is_some() && state.plan_no(&s.plan).is_some();
        look("standards", self.standards.iter().map(class_and_plan).collect());
        look("parameters", self.parameters.iter().map(|(key, _)| state.parameters.contains_key(key)).collect());
        look("deadlines", self.deadlines.iter().map(|(year, _)| state.schemes.contains_key(year)).collect());
        look("blocked_uses", self.blocked_uses.iter().map(|code| state.use_no(code).is_some()).collect());
        look("blocked_sources", self.blocked_sources.iter().map(|code| state.source_no(code).is_some()).collect());
        unknown
    }

    /// Lays them over a state from a day on, once more after whatever may have changed the same.
    pub(super) fn lay_over(&self, state: &mut State, from: Day) {
        for standard in &self.standards {
            let (Some(class), Some(plan)) = (state.class_no(&standard.class), state.plan_no(&standard.plan)) else {
                continue;
            };
            let days = state.standards.entry((class, plan)).or_default();
            days.split_off(&from);
            let held = StandardDef { valid_from: from, valid_to: None, ..standard.clone() };
            days.insert(from, (held, 0));
        }
        for (key, value) in &self.parameters {
            let days = state.parameters.entry(key.clone()).or_default();
            days.split_off(&from);
            days.insert(from, (value.clone(), 0));
        }
        for (year, deadline) in &self.deadlines {
            if let Some(scheme) = state.schemes.get_mut(year) {
                scheme.scheme.enroll_deadline = *deadline;
            }
        }
        self.close(state);
    }

    /// A closed source takes no money, and what it holds pays for nothing.
    fn close(&self, state: &mut State) {
        let mut blocked: Vec<SourceNo> = Vec::new();
        for no in 1..state.sources.next_no() {
            let Some(source) = state.sources.get_mut(no) else { continue };
            source.uses.retain(|code| !self.blocked_uses.contains(code));
            if self.blocked_sources.contains(&source.code) {
                source.enabled = false;
                source.uses.clear();
                blocked.extend(SourceNo::try_from(no).ok());
            }
        }
        let closed: Vec<UseNo> = self.blocked_uses.iter().filter_map(|code| state.use_no(code)).collect();
        if closed.is_empty() && blocked.is_empty() {
            return;
        }
        for no in 1..state.grants.next_no() {
            let Some(grant) = state.grants.get_mut(no) else { continue };
            let of_blocked = blocked.contains(&grant.source);
            let former = grant.former.iter_mut().map(|terms| &mut terms.permitted_uses);
            for uses in former.chain([&mut grant.permitted_uses]).filter(|uses| !uses.is_empty()) {
                uses.retain(|no| !of_blocked && !closed.contains(no));
                // A document that names no use permits what its source may pay; this one permits nothing any more.
                if uses.is_empty() {
                    uses.push(0);
                }
            }
        }
    }

    /// Whether an event may have changed what they lie over.
    pub(super) fn meets(event: &Event) -> bool {
        matches!(
            event,
            Event::BookCreated(_)
                | Event::ParameterSet { .. }
                | Event::StandardSet { .. }
                | Event::SchemeRegistered { .. }
                | Event::GrantOpened(_)
                | Event::GrantAmended(_)
        )
    }
}
