//! Calendar days and accounting periods in Asia/Shanghai. No clock lives here: instants come in as arguments.

use borsh::{BorshDeserialize, BorshSerialize};
use chrono::{Datelike, NaiveDate};

/// A calendar day in Asia/Shanghai, as days since 1970-01-01.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Day(pub i32);

/// The text or parts do not name a day between 1900-01-01 and 2999-12-31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a calendar day between 1900-01-01 and 2999-12-31")]
pub struct InvalidDay;

/// Asia/Shanghai is UTC+8 without daylight saving since 1991.
const SHANGHAI_OFFSET_MICROS: i64 = 8 * 3_600 * 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * 1_000_000;

impl Day {
    /// The day with these parts.
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Result<Day, InvalidDay> {
        if !(1900..=2999).contains(&year) {
            return Err(InvalidDay);
        }
        let date = NaiveDate::from_ymd_opt(year, month, day).ok_or(InvalidDay)?;
        Ok(Day(date.to_epoch_days()))
    }

    /// Parses exactly `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Result<Day, InvalidDay> {
        let well_formed = text.len() == 10
            && text.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
        if !well_formed {
            return Err(InvalidDay);
        }
        let part =
            |range: core::ops::Range<usize>| text.get(range).and_then(|s| s.parse::<u32>().ok()).ok_or(InvalidDay);
        let year = i32::try_from(part(0..4)?).map_err(|_| InvalidDay)?;
        Day::from_ymd(year, part(5..7)?, part(8..10)?)
    }

    /// The day in Asia/Shanghai on which this instant (microseconds since the Unix epoch) falls.
    pub fn of_instant(micros: i64) -> Day {
        let days = micros.saturating_add(SHANGHAI_OFFSET_MICROS).div_euclid(MICROS_PER_DAY);
        Day(i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX }))
    }

    /// The same day as a chrono date; days outside chrono's range clamp to its ends.
    pub fn date(self) -> NaiveDate {
        NaiveDate::from_epoch_days(self.0).unwrap_or(if self.0 < 0 { NaiveDate::MIN } else { NaiveDate::MAX })
    }

    /// Calendar year.
    pub fn year(self) -> u16 {
        u16::try_from(self.date().year()).unwrap_or(0)
    }

    /// Calendar month, 1 to 12.
    pub fn month(self) -> u8 {
        u8::try_from(self.date().month()).unwrap_or(0)
    }

    /// The accounting period that holds this day.
    pub fn period(self) -> Period {
        Period { year: self.year(), month: self.month() }
    }

    /// This many calendar days later (earlier if negative), saturating.
    pub fn plus_days(self, days: i32) -> Day {
        Day(self.0.saturating_add(days))
    }

    /// The day before the same day this many months later: the last day of a cover of that many months.
    pub fn end_of_months(self, months: u32) -> Option<Day> {
        let end = self.date().checked_add_months(chrono::Months::new(months))?.pred_opt()?;
        Some(Day(end.to_epoch_days()))
    }

    /// 31 December of the year.
    pub fn last_of_year(year: u16) -> Option<Day> {
        Day::from_ymd(i32::from(year), 12, 31).ok()
    }
}

impl core::fmt::Display for Day {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", self.date().format("%Y-%m-%d"))
    }
}

/// An accounting period (会计期间): one calendar month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Period {
    /// Calendar year.
    pub year: u16,
    /// Month 1 to 12.
    pub month: u8,
}

impl Period {
    /// The period after this one.
    pub fn next(self) -> Period {
        if self.month >= 12 {
            Period { year: self.year.saturating_add(1), month: 1 }
        } else {
            Period { year: self.year, month: self.month.saturating_add(1) }
        }
    }

    /// The first day of the period; day 0 if the period is no calendar month.
    pub fn first_day(self) -> Day {
        Day::from_ymd(i32::from(self.year), u32::from(self.month), 1).unwrap_or_default()
    }

    /// The last day of the period.
    pub fn last_day(self) -> Day {
        self.next().first_day().plus_days(-1)
    }
}

impl core::fmt::Display for Period {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_parse_strictly() {
        for (text, ok) in [
            ("2018-12-15", true),
            ("2016-02-29", true),
            ("2018-02-29", false),
            ("2018-13-01", false),
            ("2018-1-01", false),
            ("+018-01-01", false),
            ("2018-01-01 ", false),
            ("２018-01-0", false),
            ("1899-12-31", false),
            ("", false),
        ] {
            assert_eq!(Day::parse(text).is_ok(), ok, "{text}");
            if let Ok(day) = Day::parse(text) {
                assert_eq!(day.to_string(), text);
            }
        }
    }

    #[test]
    fn instants_fall_on_shanghai_days() {
        // 2018-12-15T15:59:59.999999Z is still the 15th in Shanghai, a microsecond later is the 16th.
        let midnight = i64::from(Day::parse("2018-12-16").unwrap().0) * MICROS_PER_DAY - SHANGHAI_OFFSET_MICROS;
        assert_eq!(Day::of_instant(midnight - 1).to_string(), "2018-12-15");
        assert_eq!(Day::of_instant(midnight).to_string(), "2018-12-16");
    }

    #[test]
    fn cover_ends_the_day_before_its_anniversary() {
        for (start, end) in [("2019-01-01", "2019-12-31"), ("2019-03-15", "2020-03-14"), ("2020-02-29", "2021-02-27")] {
            assert_eq!(Day::parse(start).unwrap().end_of_months(12).unwrap().to_string(), end);
        }
    }

    #[test]
    fn periods_follow_each_other() {
        let december = Period { year: 2018, month: 12 };
        assert_eq!(december.next().to_string(), "2019-01");
        assert_eq!(december.last_day().to_string(), "2018-12-31");
    }
}
