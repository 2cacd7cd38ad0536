//! What an evidence file is asked to be about, as people write it: `all`, `grant:CODE`, `voucher:记-2018-7`, `period:2018-07`.

use core::fmt;
use core::str::FromStr;

use record::{Day, Period, VoucherRef};

/// What a file is to be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The whole book.
    All,
    /// A grant or enrolment batch, by its code.
    Grant(String),
    /// A voucher.
    Voucher(VoucherRef),
    /// Vouchers dated from a day to another, both included.
    Period(Day, Day),
}

/// A text that names no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a scope is all, grant:CODE, voucher:记-2018-7, or period:2018, period:2018-07, period:2018-07..2018-09")]
pub struct NoScope;

impl FromStr for Asked {
    type Err = NoScope;

    fn from_str(text: &str) -> Result<Asked, NoScope> {
        match text.split_once(':') {
            None if text == "all" => Ok(Asked::All),
            Some(("grant", code)) if !code.is_empty() => Ok(Asked::Grant(code.to_owned())),
            Some(("voucher", of)) => VoucherRef::parse(of).map(Asked::Voucher).ok_or(NoScope),
            Some(("period", months)) => {
                let (first, last) = months.split_once("..").unwrap_or((months, months));
                let (from, to) = (span(first)?.0, span(last)?.1);
                if from <= to { Ok(Asked::Period(from, to)) } else { Err(NoScope) }
            }
            _ => Err(NoScope),
        }
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Asked::All => f.write_str("all"),
            Asked::Grant(code) => write!(f, "grant:{code}"),
            Asked::Voucher(of) => write!(f, "voucher:{of}"),
            Asked::Period(from, to) => write!(f, "period:{}..{}", from.period(), to.period()),
        }
    }
}

/// First and last day of a month (`2018-07`) or year (`2018`).
fn span(text: &str) -> Result<(Day, Day), NoScope> {
    let number = |part: &str, width: usize| {
        let digits = part.len() == width && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<u16>().ok().filter(|_| digits).ok_or(NoScope)
    };
    let day = |year: u16, month: u8, first: bool| {
        let start = Day::from_ymd(i32::from(year), u32::from(month), 1).map_err(|_| NoScope)?;
        let period = Period { year, month };
        Ok(if first { start } else { period.last_day() })
    };
    match text.split_once('-') {
        Some((year, month)) => {
            let (year, month) = (number(year, 4)?, u8::try_from(number(month, 2)?).map_err(|_| NoScope)?);
            Ok((day(year, month, true)?, day(year, month, false)?))
        }
        None => {
            let year = number(text, 4)?;
            Ok((day(year, 1, true)?, day(year, 12, false)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        let day = |text: &str| Day::parse(text).unwrap();
        for (text, expected) in [
            ("all", Asked::All),
            ("grant:G-YSHX-1", Asked::Grant("G-YSHX-1".to_owned())),
            ("voucher:记-2018-7", Asked::Voucher(VoucherRef::parse("记-2018-7").unwrap())),
            ("period:2018-07", Asked::Period(day("2018-07-01"), day("2018-07-31"))),
            ("period:2018", Asked::Period(day("2018-01-01"), day("2018-12-31"))),
            ("period:2018-11..2019-02", Asked::Period(day("2018-11-01"), day("2019-02-28"))),
        ] {
            assert_eq!(text.parse(), Ok(expected.clone()), "{text}");
            assert_eq!(expected.to_string().parse(), Ok(expected), "{text}");
        }
        for text in [
            "",
            "ALL",
            "grant:",
            "grant",
            "voucher:7",
            "period:2018-13",
            "period:18-07",
            "period:2018-7",
            "period:2018-09..2018-07",
            "day:2018",
        ] {
            assert_eq!(text.parse::<Asked>(), Err(NoScope), "{text}");
        }
    }
}
