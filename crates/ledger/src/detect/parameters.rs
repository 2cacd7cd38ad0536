//! The numbers that detectors judge by. A book sets them as parameters; one that has none, or whose value is no number, is judged by the
//! value here. Which way each is loosened (DIV-008) follows from the table of limits in `layers`.

use record::Day;

use crate::State;
use crate::layers::{Tighter, tighter};

/// Which way a parameter is loosened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Looser {
    /// A larger number lets more pass.
    Larger,
    /// A smaller number lets more pass.
    Smaller,
}

/// Keys of the numbers, their values where a book sets none (rules.md 7, P1 and P2; the rest is ours), as the preset has them.
pub const DEFAULTS: &[(&str, i32)] = &[
    ("P1.remit_max_days", 30),
    ("P2.pay_max_days", 15),
    ("P2.return_max_days", 10),
    ("P2.arrival_max_days", 10),
    ("detect.confirm_max_days", 30),
    ("detect.round_trip_days", 10),
    ("detect.split_days", 5),
    ("detect.split_payments", 3),
    ("detect.red_percent", 20),
    ("detect.red_vouchers", 3),
    ("detect.close_days", 5),
    ("detect.tries", 5),
    ("detect.open_item_days", 10),
    ("detect.statement_days", 10),
];

/// How a key is loosened, the other way than it is tightened; none for keys that are no limits of these detectors.
pub(super) fn looser(key: &str) -> Option<Looser> {
    let known = DEFAULTS.iter().any(|(known, _)| *known == key);
    known.then(|| if tighter(key) == Tighter::AtLeast { Looser::Smaller } else { Looser::Larger })
}

/// The number of a key on a day, never negative.
pub(super) fn number(state: &State, key: &str, day: Day) -> i32 {
    let set = state.parameter_on(key, day).and_then(|value| value.parse::<i32>().ok()).filter(|number| *number >= 0);
    let usual = || DEFAULTS.iter().find(|(known, _)| *known == key).map_or(0, |(_, number)| *number);
    set.unwrap_or_else(usual)
}
