//! Resident identity numbers as GB 11643 has them (ENR-004): check digit, birth date, sex, age. A number is judged here and echoed nowhere.

use chrono::{Datelike, NaiveDate};

/// Weights of the first 17 digits.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// The check digit by the weighted sum modulo 11.
const CHECKS: [u8; 11] = *b"10X98765432";

/// What is wrong with a number or with what stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not 17 digits and a check digit.
    Shape,
    /// The birth date in it is none, or lies ahead.
    Birth,
    /// The check digit is not that of the others.
    Check,
    /// The sex beside it is not the one in it.
    Sex,
    /// The age beside it is not the one in it.
    Age,
}

impl Fault {
    /// In Chinese and English. Holds nothing of the number.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Fault::Shape => {
                ("身份证号码应为18位（GB 11643）", "the number must have 17 digits and a check digit (GB 11643)")
            }
            Fault::Birth => ("身份证号码中的出生日期有误", "the birth date in the number is none"),
            Fault::Check => ("身份证号码校验码不符", "the check digit is not that of the number"),
            Fault::Sex => ("性别与身份证号码不符", "the sex is not the number's"),
            Fault::Age => ("年龄与身份证号码不符", "the age is not the number's"),
        }
    }
}

/// A number of the right form: what it tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The number with a capital X.
    pub number: String,
    birth: NaiveDate,
    male: bool,
}

impl Identity {
    /// Reads a number; `on` is the day of the roster, on which everybody in it is born already.
    pub fn parse(text: &str, on: NaiveDate) -> Result<Identity, Fault> {
        let number = text.to_ascii_uppercase();
        let bytes: &[u8; 18] = number.as_bytes().try_into().map_err(|_| Fault::Shape)?;
        let (digits, check) = bytes.split_at(17);
        if !digits.iter().all(u8::is_ascii_digit) || !(check[0].is_ascii_digit() || check[0] == b'X') {
            return Err(Fault::Shape);
        }
        let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        let born = NaiveDate::parse_from_str(&number[6..14], "%Y%m%d").map_err(|_| Fault::Birth)?;
        if born.year() < 1900 || born > on {
            return Err(Fault::Birth);
        }
        if CHECKS[(sum % 11) as usize] != check[0] {
            return Err(Fault::Check);
        }
        let male = (digits[16] - b'0') % 2 == 1;
        Ok(Identity { number, birth: born, male })
    }

    /// Whether the sex beside the number (男 or 女) is the one in it.
    pub fn is_sex(&self, text: &str) -> bool {
        text == if self.male { "男" } else { "女" }
    }

    /// Whether the age beside the number is the one in it on a day: in full years, or as the difference of years.
    pub fn is_age(&self, text: &str, on: NaiveDate) -> bool {
        let years = on.year() - self.birth.year();
        let full = if (on.month(), on.day()) < (self.birth.month(), self.birth.day()) { years - 1 } else { years };
        text.parse::<i32>().is_ok_and(|age| age == years || age == full)
    }
}

/// A synthetic number with a right check digit, of 17 digits: region 000000 belongs to nobody.
#[cfg(test)]
pub fn synthetic(birth: &str, serial: u32) -> String {
    let digits = format!("000000{birth}{serial:03}");
    let sum: u32 = digits.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{digits}{}", char::from(CHECKS[(sum % 11) as usize]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_are_judged() {
        let on = day("2018-10-01");
        let good = synthetic("19710129", 6);
        let person = Identity::parse(&good, on).unwrap();
        assert!(person.is_sex("女") && !person.is_sex("男") && !person.is_sex(""));
        assert!(person.is_age("47", on) && !person.is_age("48", on) && !person.is_age("四十七", on));
        // Before the birthday both ways of counting stand.
        let born_late = Identity::parse(&synthetic("19711229", 7), on).unwrap();
        assert!(born_late.is_age("46", on) && born_late.is_age("47", on) && born_late.is_sex("男"));
        let wrong_check = format!("{}{}", &good[..17], if good.ends_with('0') { '1' } else { '0' });
        for (text, fault) in [
            (wrong_check.as_str(), Fault::Check),
            (&good[..17], Fault::Shape),
            ("", Fault::Shape),
            (&format!("{}Y", &good[..17]), Fault::Shape),
            (&synthetic("19710230", 6), Fault::Birth),
            (&synthetic("20190101", 6), Fault::Birth),
        ] {
            assert_eq!(Identity::parse(text, on), Err(fault));
        }
    }

    #[test]
    fn a_small_x_is_the_same_person() {
        let serial = (0..999).find(|serial| synthetic("19800101", *serial).ends_with('X')).unwrap();
        let capital = synthetic("19800101", serial);
        let on = day("2018-10-01");
        let small = Identity::parse(&capital.to_lowercase(), on).unwrap();
        assert_eq!(small, Identity::parse(&capital, on).unwrap());
    }
}
