//! Numbers of collecting systems (来源序号): each once, without gap (LED-006), and no month closes over a gap (LED-013). Keeping them is the
//! state's work.

use record::command::{PostPremiumReceipt, VoidSourceNumbers};
use record::{Event, Period};

use super::Desk;

/// LED-006: a system numbers each receipt anew. A correction's receipt keeps the number of the one it replaces.
pub(super) fn check(desk: &mut Desk<'_>, c: &PostPremiumReceipt) {
    let known = desk.state.source_numbers.get(&desk.hands.maker);
    if !desk.correcting && c.source_seq > 0 && known.is_some_and(|numbers| numbers.has(c.source_seq)) {
        desk.hit("LED-006", "source_seq", "", &c.source_seq.to_string());
    }
}

pub(super) fn void(desk: &mut Desk<'_>, c: &VoidSourceNumbers) -> Vec<Event> {
    let Some((system, _)) = desk.state.person(&c.system) else {
        desk.unknown("system");
        return Vec::new();
    };
    let known = desk.state.source_numbers.get(&system);
    // Only what was passed over: a number that may still come is not void.
    if !known.is_some_and(|numbers| numbers.gaps().any(|gap| gap.from <= c.from && c.to <= gap.to)) {
        desk.hit("LED-006", "from", "", &format!("{}-{}", c.from, c.to));
    }
    vec![Event::SourceNumbersVoided { system, from: c.from, to: c.to, reason: c.reason.clone() }]
}

/// LED-013: no system has a gap before a receipt of the month or of an earlier one.
pub(super) fn check_closable(desk: &mut Desk<'_>, period: Period) {
    let state = desk.state;
    for (system, numbers) in &state.source_numbers {
        let gaps: Vec<String> = numbers
            .gaps()
            .filter(|gap| gap.before <= period.last_day())
            .take(10)
            .map(|gap| format!("{}-{}", gap.from, gap.to))
            .collect();
        if !gaps.is_empty() {
            desk.hit("LED-013", &format!("source_seq {}", state.persons.code(*system)), "", &gaps.join(", "));
        }
    }
}
