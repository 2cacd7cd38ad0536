//! Layers of rules (办法第十七条): what a book's own rules are on a day, and where they are looser than those of the book above. Which way a
//! setting is tightened stands in one table here; adopting and refusing is `decide`'s work.

use std::collections::{BTreeMap, BTreeSet};

use record::kinds::BankPurpose;
use record::preset::{Named, StandardDef};
use record::ruleset::{ClassPlans, Payee, RuleSet, SchemeTerms, SourceUses};
use record::{ApprovalNo, Day};

use crate::State;
use crate::decide::PARAM_BODY;

/// Which values of a parameter are the same as the book above's or stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tighter {
    /// The same number or a smaller one: days until somebody must have acted, counts from which something is seen.
    AtMost,
    /// The same number or a larger one: days to wait, spans to look back over.
    AtLeast,
    /// The same bodies or fewer of them.
    Fewer,
    /// Nothing else: what is no limit has no stricter side.
    Same,
}

/// Parameters that are limits, and which way each is tightened. Every other one must stay as it is above.
pub const LIMITS: &[(&str, Tighter)] = &[
    ("P1.remit_max_days", Tighter::AtMost),
    ("P2.pay_max_days", Tighter::AtMost),
    ("P2.return_max_days", Tighter::AtMost),
    ("P2.arrival_max_days", Tighter::AtMost),
    ("P15.review_max_days", Tighter::AtMost),
    ("P16.payee_cooling_days", Tighter::AtLeast),
    ("P17.upload_max_days", Tighter::AtMost),
    ("detect.confirm_max_days", Tighter::AtMost),
    ("detect.round_trip_days", Tighter::AtLeast),
    ("detect.split_days", Tighter::AtLeast),
    ("detect.split_payments", Tighter::AtMost),
    ("detect.red_percent", Tighter::AtMost),
    ("detect.red_vouchers", Tighter::AtMost),
    ("detect.close_days", Tighter::AtLeast),
    ("detect.tries", Tighter::AtMost),
];

/// Which way a parameter is tightened.
pub fn tighter(key: &str) -> Tighter {
    if key.starts_with(PARAM_BODY) {
        return Tighter::Fewer;
    }
    LIMITS.iter().find(|(known, _)| *known == key).map_or(Tighter::Same, |(_, way)| *way)
}

/// Whether a value is the same as the book above's or stricter. A limit that is no number is neither, unless it is the very same.
pub fn is_within(key: &str, value: &str, above: &str) -> bool {
    let numbers = || Some((value.parse::<i64>().ok()?, above.parse::<i64>().ok()?));
    value == above
        || match tighter(key) {
            Tighter::AtMost => numbers().is_some_and(|(value, above)| (0..=above).contains(&value)),
            Tighter::AtLeast => numbers().is_some_and(|(value, above)| value >= above),
            Tighter::Fewer => value.split('|').all(|body| above.split('|').any(|other| other == body)),
            Tighter::Same => false,
        }
}

/// Where a setting is looser than the book above's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// The setting.
    pub subject: String,
    /// What the book above allows; empty where it allows nothing of the kind.
    pub allowed: String,
    /// What the book has.
    pub found: String,
}

fn conflict(subject: String, allowed: impl ToString, found: impl ToString) -> Conflict {
    Conflict { subject, allowed: allowed.to_string(), found: found.to_string() }
}

/// A value of a parameter against the rules above.
pub fn of_parameter(above: &RuleSet, key: &str, value: &str) -> Option<Conflict> {
    let allowed = above.parameters.iter().find(|p| p.code == key).map(|p| p.name.as_str());
    let within = allowed.is_some_and(|allowed| is_within(key, value, allowed));
    (!within).then(|| conflict(key.to_owned(), allowed.unwrap_or_default(), value))
}

/// A standard against the rules above: for a class and plan that they know, neither premium nor subsidy may be higher. What the union does
/// not pay the insured do, or their unit.
pub fn of_standard(above: &RuleSet, standard: &StandardDef) -> Vec<Conflict> {
    let subject = |what: &str| format!("{}/{} {what}", standard.class, standard.plan);
    let same = |s: &&StandardDef| (&s.class, &s.plan) == (&standard.class, &standard.plan);
    let Some(allowed) = above.standards.iter().find(same) else {
        return vec![conflict(subject("premium_fen"), "", standard.premium_fen)];
    };
    let amounts = [
        ("premium_fen", allowed.premium_fen, standard.premium_fen),
        ("subsidy_fen", allowed.subsidy_fen, standard.subsidy_fen),
    ];
    let higher = amounts.into_iter().filter(|(_, allowed, found)| found > allowed);
    higher.map(|(what, allowed, found)| conflict(subject(what), allowed, found)).collect()
}

/// A scheme against the terms of the same year's scheme above: the deadline no later, the cover the same.
pub fn of_scheme(above: &RuleSet, terms: &SchemeTerms) -> Vec<Conflict> {
    let Some(allowed) = above.schemes.iter().find(|s| s.year == terms.year) else { return Vec::new() };
    let subject = |what: &str| format!("{} {what}", terms.year);
    let mut found = Vec::new();
    if terms.enroll_deadline > allowed.enroll_deadline {
        found.push(conflict(subject("enroll_deadline"), allowed.enroll_deadline, terms.enroll_deadline));
    }
    if terms.cover_months != allowed.cover_months {
        found.push(conflict(subject("cover_months"), allowed.cover_months, terms.cover_months));
    }
    found
}

/// A payee's account against those above: one of them.
pub fn of_payee(above: &RuleSet, payee: &Payee, code: &str) -> Option<Conflict> {
    let shown = |p: &Payee| format!("{} {} {}", p.organization, p.name, p.masked_no);
    let known = above.payees.contains(payee);
    let allowed = || above.payees.iter().map(shown).collect::<Vec<_>>().join(" | ");
    (!known).then(|| conflict(code.to_owned(), allowed(), shown(payee)))
}

/// The rules of a book in force on a day.
pub fn rule_set(state: &State, day: Day) -> RuleSet {
    let standards = state.standards.keys().filter_map(|(class, plan)| state.standard_on(*class, *plan, day).cloned());
    let value = |key: &String| state.parameter_on(key, day).map(str::to_owned);
    let parameters = state.parameters.keys().filter_map(|key| Some(Named { code: key.clone(), name: value(key)? }));
    let class = |c: &record::preset::ClassDef| ClassPlans {
        class: c.code.clone(),
        plans: c.plans.clone(),
        review_required: c.review_required,
    };
    let source = |s: &record::preset::SourceDef| SourceUses {
        source: s.code.clone(),
        uses: s.uses.clone(),
        grant_uses: s.grant_uses,
    };
    RuleSet {
        book: state.book.clone(),
        version: state.rule_set,
        day,
        standards: standards.collect(),
        parameters: parameters.collect(),
        classes: state.classes.iter().map(|(_, c)| class(c)).collect(),
        uses: state.uses.iter().map(|(_, u)| u.code.clone()).collect(),
        sources: state.sources.iter().map(|(_, s)| source(s)).collect(),
        forbidden_uses: state.forbidden_uses.iter().map(|u| u.code.clone()).collect(),
        schemes: state.schemes.values().map(|s| terms(&s.scheme)).collect(),
        payees: payees(state).map(|(_, payee)| payee).collect(),
        rules: state.rules.clone(),
    }
}

/// The terms of a scheme that bind those below.
pub fn terms(scheme: &record::command::RegisterScheme) -> SchemeTerms {
    SchemeTerms { year: scheme.year, enroll_deadline: scheme.enroll_deadline, cover_months: scheme.cover_months }
}

/// The payees' accounts of a book, each with its code.
fn payees(state: &State) -> impl Iterator<Item = (&str, Payee)> {
    let of_payees = state.bank_accounts.iter().filter(|(_, a)| a.purpose == BankPurpose::Payee);
    of_payees.map(|(_, a)| {
        let organization = state.organizations.code(a.organization).to_owned();
        (a.code.as_str(), Payee { organization, name: a.name.clone(), masked_no: a.masked_no.clone() })
    })
}

/// Every setting of a book that is in force on a day or later and looser than the rules above.
pub fn conflicts(state: &State, above: &RuleSet, from: Day) -> Vec<Conflict> {
    let mut found: BTreeSet<Conflict> = BTreeSet::new();
    for (key, values) in &state.parameters {
        let later = values_from(values, from);
        found.extend(later.filter_map(|(_, value)| of_parameter(above, key, value)));
    }
    for days in state.standards.values() {
        let of_class_and_plan = standards_from(days, from);
        found.extend(of_class_and_plan.flat_map(|standard| of_standard(above, standard)));
    }
    found.extend(state.schemes.values().flat_map(|s| of_scheme(above, &terms(&s.scheme))));
    found.extend(payees(state).filter_map(|(code, payee)| of_payee(above, &payee, code)));
    found.extend(of_lists(state, above));
    found.into_iter().collect()
}

/// Values in force on a day or later.
fn values_from(values: &BTreeMap<Day, (String, ApprovalNo)>, from: Day) -> impl Iterator<Item = (Day, &str)> {
    let first = values.range(..=from).next_back().map_or(from, |(day, _)| *day);
    values.range(first..).map(|(day, (value, _))| (*day, value.as_str()))
}

/// Standards in force on a day or later.
fn standards_from(days: &BTreeMap<Day, (StandardDef, ApprovalNo)>, from: Day) -> impl Iterator<Item = &StandardDef> {
    let first = days.range(..=from).next_back().map_or(from, |(day, _)| *day);
    let later = days.range(first..).map(|(_, (standard, _))| standard);
    later.filter(move |standard| standard.valid_to.is_none_or(|last| from <= last))
}

/// Classes, plans, uses, sources and rules, which a book has from its opening on.
fn of_lists(state: &State, above: &RuleSet) -> Vec<Conflict> {
    let mut found = Vec::new();
    for (_, class) in state.classes.iter() {
        match above.classes.iter().find(|c| c.class == class.code) {
            None => found.push(conflict(format!("class {}", class.code), "", &class.name)),
            Some(allowed) => {
                let more: Vec<&str> =
                    class.plans.iter().filter(|p| !allowed.plans.contains(p)).map(String::as_str).collect();
                if !more.is_empty() {
                    let subject = format!("class {} plans", class.code);
                    found.push(conflict(subject, allowed.plans.join(" | "), more.join(" | ")));
                }
                if allowed.review_required && !class.review_required {
                    found.push(conflict(format!("class {} review_required", class.code), true, false));
                }
            }
        }
    }
    let uses = state.uses.iter().filter(|(_, u)| !above.uses.contains(&u.code));
    found.extend(uses.map(|(_, u)| conflict(format!("use {}", u.code), "", &u.name)));
    for (_, source) in state.sources.iter() {
        match above.sources.iter().find(|s| s.source == source.code) {
            None => found.push(conflict(format!("source {}", source.code), "", &source.name)),
            Some(allowed) => {
                let more: Vec<&str> =
                    source.uses.iter().filter(|u| !allowed.uses.contains(u)).map(String::as_str).collect();
                if !more.is_empty() {
                    let subject = format!("source {} uses", source.code);
                    found.push(conflict(subject, allowed.uses.join(" | "), more.join(" | ")));
                }
                if allowed.grant_uses && !source.grant_uses {
                    found.push(conflict(format!("source {} grant_uses", source.code), true, false));
                }
            }
        }
    }
    let open = above.forbidden_uses.iter().filter(|code| !state.forbidden_uses.iter().any(|u| u.code == **code));
    found.extend(open.map(|code| conflict(format!("forbidden use {code}"), code, "")));
    let dropped = above.rules.iter().filter(|code| !state.rules.contains(code));
    found.extend(dropped.map(|code| conflict(format!("rule {code}"), code, "")));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_tightened_their_own_way_and_nothing_else_moves() {
        for (key, value, above, within) in [
            ("P1.remit_max_days", "30", "30", true),
            ("P1.remit_max_days", "15", "30", true),
            ("P1.remit_max_days", "31", "30", false),
            ("P1.remit_max_days", "-1", "30", false),
            ("P1.remit_max_days", "", "30", false),
            ("P16.payee_cooling_days", "5", "3", true),
            ("P16.payee_cooling_days", "2", "3", false),
            ("detect.split_days", "6", "5", true),
            ("detect.split_days", "4", "5", false),
            ("P9.voucher_cycle", "MONTH", "YEAR", false),
            ("P9.voucher_cycle", "YEAR", "YEAR", true),
            ("approval_body.SCHEME", "领导班子", "党组会议|领导班子", true),
            ("approval_body.SCHEME", "主席办公会议", "党组会议|领导班子", false),
            ("approval_body.SCHEME", "", "党组会议|领导班子", false),
        ] {
            assert_eq!(is_within(key, value, above), within, "{key}: {value} under {above}");
        }
    }

    #[test]
    fn every_limit_is_a_parameter_of_the_preset() {
        let preset = crate::preset::builtin("hospital-2018").unwrap();
        for (key, _) in LIMITS {
            assert!(preset.parameters.iter().any(|p| p.code == *key), "{key}");
        }
    }
}
