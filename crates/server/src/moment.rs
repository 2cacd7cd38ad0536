//! When a read looks: at least how far, by voucher date, as known when. One place reads the fields that all reads share, so that none of
//! them can be passed over.

use api::google::r#type::Date;
use prost_types::Timestamp;
use record::{Day, Sequence};

use crate::decode::{Fields, Wire};
use crate::encode::Failure;

/// Microseconds of a second.
const MICROS: i64 = 1_000_000;
/// Nanoseconds of a microsecond.
const NANOS: i32 = 1_000;

/// As of which knowledge a read answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Known {
    /// The newest.
    #[default]
    Newest,
    /// After so many records.
    After(Sequence),
    /// After the last record committed by this instant, microseconds.
    By(i64),
}

/// What every read says beside its question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct At {
    /// Answer only from at least this sequence; 0 none.
    pub at_least: Sequence,
    /// Take older data instead of waiting.
    pub allow_stale: bool,
    /// Vouchers dated on or before this day; none for all.
    pub as_of: Option<Day>,
    /// As known when.
    pub known: Known,
}

/// Why a read takes no date or no earlier knowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Not {
    /// It has a day of its own in this field.
    Has(&'static str),
    /// What it lists is known by record and has no date.
    Dated,
    /// It tells what is to be done now.
    Now,
}

impl At {
    /// Reads the fields; everything that is wrong with them at once.
    pub fn read(
        (at_least, allow_stale): (u64, bool),
        as_of_date: Option<Date>,
        known_at: u64,
        known_at_time: Option<Timestamp>,
    ) -> Result<At, Failure> {
        let mut fields = Fields::default();
        let as_of = fields.at("as_of_date", |f| Wire::read(f, as_of_date));
        let known = match (known_at, known_at_time) {
            (0, None) => Known::Newest,
            (sequence, None) => Known::After(sequence),
            (sequence, Some(time)) => fields.at("known_at_time", |f| {
                if sequence != 0 {
                    f.fault("ONE_OF", "与 known_at 只能给出一个", "give known_at or known_at_time, not both");
                }
                instant(time).map(Known::By).unwrap_or_else(|| {
                    f.fault("INVALID_TIME", "不是有效的时刻", "is no instant");
                    Known::Newest
                })
            }),
        };
        if !fields.is_clean() {
            return Err(Failure::Malformed(fields.with(Vec::new())));
        }
        Ok(At { at_least, allow_stale, as_of, known })
    }

    /// The same for a read that takes no date of vouchers.
    pub fn undated(self, why: Not) -> Result<At, Failure> {
        if self.as_of.is_some() { Err(why.refuses("as_of_date")) } else { Ok(self) }
    }

    /// The same for a read that knows only what is known now.
    pub fn newest(self, why: Not) -> Result<At, Failure> {
        match self.known {
            Known::Newest => Ok(self),
            Known::After(_) => Err(why.refuses("known_at")),
            Known::By(_) => Err(why.refuses("known_at_time")),
        }
    }

    /// The same for a later page of a listing from the views: of the knowledge that the first one was of.
    pub fn of_page(self, snapshot: Option<Sequence>) -> At {
        At { known: snapshot.map_or(self.known, Known::After), ..self }
    }

    /// Whether a day is not after the date asked for.
    pub fn holds(&self, day: Day) -> bool {
        self.as_of.is_none_or(|as_of| day <= as_of)
    }

    /// What must stay the same from page to page.
    pub fn key(&self) -> String {
        format!("{:?} {:?}", self.as_of, self.known)
    }
}

impl Not {
    fn refuses(self, field: &str) -> Failure {
        let (zh, en) = match self {
            Not::Has(own) => {
                (format!("此查询用 {own} 指定日期"), format!("this read has a day of its own: give {own}"))
            }
            Not::Dated => (
                "此处所列没有凭证日期，用 known_at 或 known_at_time 查询从前".to_owned(),
                "what is listed here has no voucher date: ask known_at or known_at_time for earlier ones".to_owned(),
            ),
            Not::Now => ("此查询只反映当前".to_owned(), "this tells what is to be done now".to_owned()),
        };
        Failure::field(field, "NOT_APPLICABLE", &zh, &en)
    }
}

/// Microseconds since the epoch; finer parts of an instant are left out, as records have none.
fn instant(time: Timestamp) -> Option<i64> {
    if !(0..1_000_000_000).contains(&time.nanos) {
        return None;
    }
    time.seconds.checked_mul(MICROS)?.checked_add(i64::from(time.nanos / NANOS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(date: Option<(i32, i32, i32)>, known_at: u64, time: Option<(i64, i32)>) -> Result<At, Vec<String>> {
        let date = date.map(|(year, month, day)| Date { year, month, day });
        let time = time.map(|(seconds, nanos)| Timestamp { seconds, nanos });
        At::read((0, false), date, known_at, time).map_err(|failure| match failure {
            Failure::Malformed(faults) => faults.into_iter().map(|f| format!("{} {}", f.field, f.code)).collect(),
            other => vec![format!("{other:?}")],
        })
    }

    #[test]
    fn every_fault_is_told_at_once() {
        assert_eq!(read(None, 0, None).unwrap(), At::default());
        assert_eq!(read(None, 7, None).unwrap().known, Known::After(7));
        assert_eq!(read(None, 0, Some((1, 2_999))).unwrap().known, Known::By(1_000_002));
        assert_eq!(
            read(Some((2018, 2, 30)), 7, Some((1, 0))).unwrap_err(),
            ["as_of_date INVALID_DATE", "known_at_time ONE_OF"]
        );
        for bad in [(0, -1), (0, 1_000_000_000), (i64::MAX, 0)] {
            assert_eq!(read(None, 0, Some(bad)).unwrap_err(), ["known_at_time INVALID_TIME"], "{bad:?}");
        }
    }

    #[test]
    fn a_read_refuses_what_it_cannot_have_and_says_why() {
        let dated = read(Some((2018, 5, 1)), 0, None).unwrap();
        for why in [Not::Has("day"), Not::Dated] {
            let Err(Failure::Malformed(faults)) = dated.undated(why) else { panic!("refused") };
            assert_eq!((faults[0].field.as_str(), faults[0].code), ("as_of_date", "NOT_APPLICABLE"));
        }
        let known = read(None, 9, None).unwrap();
        assert!(known.undated(Not::Dated).is_ok() && known.newest(Not::Now).is_err());
        assert_eq!(known.of_page(Some(4)).known, Known::After(4));
        assert_eq!(known.of_page(None).known, Known::After(9));
    }
}
