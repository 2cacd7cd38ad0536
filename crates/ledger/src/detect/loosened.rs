//! What was posted while a parameter was looser than before (DIV-008): to be looked at again, whether the loosening was approved or not. A
//! loosening ends when the parameter is as tight again as it was before it. A subsidy that is raised within a year is one too, until that
//! year's end: a new year's standard holds from its first day.

use record::kinds::SubjectKind;
use record::{ApprovalNo, CommitmentNo, Day, Fen, Period};

use super::Look;
use super::parameters::{Looser, looser};
use crate::decide::PARAM_BODY;
use crate::rules::yuan;
use crate::state::Place;

/// A time during which a parameter was looser than before.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Loosening {
    from: Day,
    /// Last day; none while it lasts.
    until: Option<Day>,
    before: String,
    value: String,
}

pub(super) fn look(look: &mut Look<'_>) {
    let (state, day) = (look.state, look.day);
    for (key, values) in &state.parameters {
        let values: Vec<(Day, &str)> = values
            .range(..=day)
            .map(|(from, (value, _)): (&Day, &(String, ApprovalNo))| (*from, value.as_str()))
            .collect();
        for loosening in loosenings(key, &values) {
            see(look, key, &loosening);
        }
    }
    raised_standards(look);
}

/// Payments of a class and plan at a subsidy that was raised within the year.
fn raised_standards(look: &mut Look<'_>) {
    let (state, day) = (look.state, look.day);
    for ((class, plan), standards) in &state.standards {
        let values: Vec<(Day, Fen)> =
            standards.range(..=day).map(|(from, (standard, _))| (*from, standard.subsidy_fen)).collect();
        for (from, before, after) in raises(&values) {
            let lowered = values.iter().find(|(on, fen)| *on > from && *fen <= before).map(|(on, _)| on.plus_days(-1));
            let last = Period { year: from.year(), month: 12 }.last_day();
            let window = from..=lowered.unwrap_or(day).min(last).min(day);
            let of_standard = |commitment: CommitmentNo| {
                state.commitments.get(commitment).is_some_and(|c| (c.class, c.plan) == (*class, *plan))
            };
            let paid: Vec<_> = state
                .payments
                .iter()
                .filter(|(_, p)| !p.reversed && window.contains(&p.date) && of_standard(p.commitment))
                .collect();
            if paid.is_empty() {
                continue;
            }
            let name = format!("standard.{}.{}/{from}", state.classes.code(*class), state.plans.code(*plan));
            let mut sign = look.sign("DIV-008", SubjectKind::Parameter, &name);
            sign.fen = paid.iter().fold(0, |sum: Fen, (_, p)| sum.saturating_add(p.fen));
            sign.count = u32::try_from(paid.len()).unwrap_or(u32::MAX);
            (sign.expected, sign.found) = (yuan(before), yuan(after));
            sign.since = from;
            sign.evidence = paid.iter().filter_map(|(reference, _)| look.at(&Place::Voucher(**reference))).collect();
            look.see(sign);
        }
    }
}

/// Rises of a subsidy that begin after the first day of a year: the day, the amount before and after.
fn raises(values: &[(Day, Fen)]) -> Vec<(Day, Fen, Fen)> {
    let pairs = values.iter().zip(values.iter().skip(1));
    let within_year = |from: Day| from != Period { year: from.year(), month: 1 }.first_day();
    pairs
        .filter(|((_, before), (from, after))| after > before && within_year(*from))
        .map(|((_, before), (from, after))| (*from, *before, *after))
        .collect()
}

fn see(look: &mut Look<'_>, key: &str, loosening: &Loosening) {
    let (state, day) = (look.state, look.day);
    let until = loosening.until.unwrap_or(day).min(day);
    let posted = state.watch.vouchers.range(loosening.from..=until).fold(0u32, |n, (_, d)| n.saturating_add(d.posted));
    if posted == 0 {
        return;
    }
    let paid = state.payments.values().filter(|p| !p.reversed && (loosening.from..=until).contains(&p.date));
    let fen = paid.fold(0, |sum: Fen, p| sum.saturating_add(p.fen));
    let mut sign = look.sign("DIV-008", SubjectKind::Parameter, &format!("{key}/{}", loosening.from));
    (sign.fen, sign.count) = (fen, posted);
    sign.expected.clone_from(&loosening.before);
    sign.found = format!("{}; {}..{until}; {}", loosening.value, loosening.from, yuan(fen));
    sign.since = loosening.from;
    sign.evidence = look.at(&Place::Parameter(key.to_owned(), loosening.from)).into_iter().collect();
    look.see(sign);
}

/// Whether a value lets more pass than another: numbers by their key, lists of bodies by what they add.
fn is_looser(key: &str, value: &str, than: &str) -> bool {
    if key.starts_with(PARAM_BODY) {
        return value.split('|').any(|body| !than.split('|').any(|other| other == body));
    }
    let (Some(way), Ok(value), Ok(than)) = (looser(key), value.parse::<i32>(), than.parse::<i32>()) else {
        return false;
    };
    match way {
        Looser::Larger => value > than,
        Looser::Smaller => value < than,
    }
}

fn loosenings(key: &str, values: &[(Day, &str)]) -> Vec<Loosening> {
    let mut found: Vec<Loosening> = Vec::new();
    for ((_, earlier), (from, value)) in values.iter().zip(values.iter().skip(1)) {
        match found.last_mut().filter(|open| open.until.is_none()) {
            Some(open) if !is_looser(key, value, &open.before) => open.until = Some(from.plus_days(-1)),
            Some(_) => {}
            None if is_looser(key, value, earlier) => found.push(Loosening {
                from: *from,
                until: None,
                before: (*earlier).to_owned(),
                value: (*value).to_owned(),
            }),
            None => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loosening_lasts_until_it_is_as_tight_again() {
        let values = [(Day(1), "15"), (Day(5), "30"), (Day(7), "40"), (Day(9), "15"), (Day(11), "10"), (Day(12), "12")];
        let found = loosenings("P2.pay_max_days", &values);
        let spans: Vec<(Day, Option<Day>)> = found.iter().map(|l| (l.from, l.until)).collect();
        assert_eq!(spans, [(Day(5), Some(Day(8))), (Day(12), None)]);
        assert!(loosenings("P9.voucher_cycle", &[(Day(1), "YEAR"), (Day(2), "MONTH")]).is_empty());
        assert_eq!(loosenings("detect.split_days", &[(Day(1), "5"), (Day(2), "1")]).len(), 1);
        let year = |text: &str| Day::parse(text).unwrap();
        let standards = [(year("2018-04-08"), 95), (year("2018-11-01"), 100), (year("2019-01-01"), 110)];
        assert_eq!(raises(&standards), [(year("2018-11-01"), 95, 100)]);
        let bodies = [(Day(1), "主席办公会议"), (Day(2), "主席办公会议|党组会议"), (Day(3), "主席办公会议")];
        assert_eq!(loosenings("approval_body.EXPENDITURE", &bodies).len(), 1);
    }
}
