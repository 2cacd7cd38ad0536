//! Terms in days that parameters set: how long a submission waits, how long a new payee account cools, how long
//! an upload stays. Who judges them is `decide`.

use record::Day;

use super::State;

/// Parameter: days within which a submitted command may be reviewed (P15).
pub const PARAM_REVIEW_DAYS: &str = "P15.review_max_days";
/// Parameter: days after its registration from which a payee's account may be paid to (P16).
pub const PARAM_PAYEE_COOLING: &str = "P16.payee_cooling_days";
/// Parameter: days within which an uploaded roster must be sealed (P17).
pub const PARAM_UPLOAD_DAYS: &str = "P17.upload_max_days";

/// Days of review in a book whose parameters do not name any: a month.
const REVIEW_DAYS: i32 = 30;
/// Days of cooling in a book whose parameters do not name any: time enough to ask the payee by another way.
const COOLING_DAYS: i32 = 3;
/// Days of an upload in a book whose parameters do not name any: a week.
const UPLOAD_DAYS: i32 = 7;
/// A term of more days is none: ten years.
const MAX_DAYS: i32 = 3_650;

impl State {
    /// The days that a parameter names on a day; `otherwise` where it names no number of days.
    pub(crate) fn days_on(&self, key: &str, day: Day, otherwise: i32) -> i32 {
        let value = self.parameter_on(key, day).and_then(|value| value.parse::<i32>().ok());
        value.filter(|days| (0..=MAX_DAYS).contains(days)).unwrap_or(otherwise)
    }

    /// The day from which a document stands that was recorded on a day: in a live book not an earlier one that it claims, else what was
    /// done first and decided later would look as if it had been decided first (decisions 12).
    pub(crate) fn stands_from(&self, date: Day, recorded: Day) -> Day {
        if date < self.live_from { date } else { date.max(recorded) }
    }

    /// The last day on which what is submitted on a day may be reviewed.
    pub fn last_day_of_review(&self, submitted_on: Day) -> Day {
        submitted_on.plus_days(self.days_on(PARAM_REVIEW_DAYS, submitted_on, REVIEW_DAYS))
    }

    /// The last day on which what was first uploaded on a day may be sealed.
    pub fn last_day_of_upload(&self, begun_on: Day) -> Day {
        begun_on.plus_days(self.days_on(PARAM_UPLOAD_DAYS, begun_on, UPLOAD_DAYS))
    }

    /// The first day on which a payee's account that was registered on a day may be paid to.
    pub fn first_day_of_payee(&self, registered_on: Day) -> Day {
        registered_on.plus_days(self.days_on(PARAM_PAYEE_COOLING, registered_on, COOLING_DAYS))
    }
}
