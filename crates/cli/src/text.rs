//! Values that are one word on the command line and in JSON: days, months, instants, enum values, bytes, numbers. Amounts in yuan are
//! `yuan`'s.

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, TimeDelta, Utc};
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, ReflectMessage, Value};

use crate::{json, schema};

/// Seconds that Asia/Shanghai is ahead of UTC; it has no summer time.
const SHANGHAI: i32 = 8 * 3_600;

/// A message that is written as one word; none where it has fields of its own.
pub fn of_message(message: &DynamicMessage) -> Option<String> {
    let number = |name: &str| {
        let field = message.descriptor().get_field_by_name(name)?;
        match message.get_field(&field).into_owned() {
            Value::I32(n) => Some(i64::from(n)),
            Value::U32(n) => Some(i64::from(n)),
            Value::I64(n) => Some(n),
            _ => None,
        }
    };
    match message.descriptor().full_name() {
        schema::DATE => Some(format!("{:04}-{:02}-{:02}", number("year")?, number("month")?, number("day")?)),
        schema::PERIOD => Some(format!("{:04}-{:02}", number("year")?, number("month")?)),
        schema::TIME => Some(json::instant(number("seconds")?, i32::try_from(number("nanos")?).ok()?)),
        _ => None,
    }
}

/// Whether values of this kind are one word.
pub fn is_word(kind: &Kind) -> bool {
    match kind {
        Kind::Message(message) => [schema::DATE, schema::PERIOD].contains(&message.full_name()),
        _ => true,
    }
}

/// What a value of this kind looks like, for messages.
pub fn what(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) if message.full_name() == schema::DATE => "YYYY-MM-DD".to_owned(),
        Kind::Message(message) if message.full_name() == schema::PERIOD => "YYYY-MM".to_owned(),
        Kind::Message(_) => "an object".to_owned(),
        Kind::Enum(of) => {
            let names = schema::short_names(of).into_iter().filter(|(_, n)| *n != 0).map(|(name, _)| name);
            names.collect::<Vec<_>>().join("|")
        }
        Kind::Bytes => "HEX".to_owned(),
        Kind::Bool => "true|false".to_owned(),
        Kind::String => "TEXT".to_owned(),
        _ => "N".to_owned(),
    }
}

/// Reads a value from its word.
pub fn read(kind: &Kind, text: &str) -> anyhow::Result<Value> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    Ok(match kind {
        Kind::Message(message) if message.full_name() == schema::DATE => Value::Message(date(message, text)?),
        Kind::Message(message) if message.full_name() == schema::PERIOD => Value::Message(period(message, text)?),
        Kind::Message(of) if of.full_name() == schema::TIME => Value::Message(moment(of, text)?),
        Kind::Message(message) => bail!("{} is not one word", message.name()),
        Kind::Enum(of) => {
            let found = schema::short_names(of).into_iter().find(|(name, n)| name == text && *n != 0);
            Value::EnumNumber(found.with_context(|| format!("one of {} is expected", what(kind)))?.1)
        }
        Kind::Bytes => {
            let lower = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            ensure!(lower, "hexadecimal digits 0-9 a-f are expected");
            Value::Bytes(hex::decode(text).context("an even number of hexadecimal digits is expected")?.into())
        }
        Kind::Bool => match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => bail!("true or false is expected"),
        },
        Kind::String => Value::String(text.to_owned()),
        Kind::Uint32 if digits => Value::U32(text.parse().context("the number is too large")?),
        Kind::Uint64 if digits => Value::U64(text.parse().context("the number is too large")?),
        Kind::Int32 if digits => Value::I32(text.parse().context("the number is too large")?),
        Kind::Int64 if digits => Value::I64(text.parse().context("the number is too large")?),
        _ => bail!("a whole number of digits alone is expected"),
    })
}

/// A moment: RFC 3339 with its zone, or a day, which is known to its end in Asia/Shanghai, where books are kept.
pub fn moment(message: &MessageDescriptor, text: &str) -> anyhow::Result<DynamicMessage> {
    let instant = instant(text)?;
    let mut time = DynamicMessage::new(message.clone());
    time.set_field_by_name("seconds", Value::I64(instant.timestamp()));
    time.set_field_by_name("nanos", Value::I32(i32::try_from(instant.timestamp_subsec_nanos())?));
    Ok(time)
}

/// The same as an instant.
pub fn instant(text: &str) -> anyhow::Result<DateTime<Utc>> {
    let what = "a sequence, a day YYYY-MM-DD or a time like 2019-01-31T17:00:00+08:00 is expected";
    match DateTime::parse_from_rfc3339(text) {
        Ok(instant) => Ok(instant.to_utc()),
        Err(_) => {
            let day = parse_day(text).context(what)?;
            let next = day.succ_opt().and_then(|next| next.and_hms_opt(0, 0, 0)).context(what)?;
            let zone = FixedOffset::east_opt(SHANGHAI).context(what)?;
            let end = next.and_local_timezone(zone).single().context(what)?;
            Ok(end.to_utc() - TimeDelta::microseconds(1))
        }
    }
}

/// A day of `YYYY-MM-DD`, all ten characters.
pub fn parse_day(text: &str) -> anyhow::Result<NaiveDate> {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(i, b)| if matches!(i, 4 | 7) { b == b'-' } else { b.is_ascii_digit() });
    ensure!(shape, "a day is written YYYY-MM-DD");
    text.parse().ok().context("there is no such day")
}

fn date(message: &MessageDescriptor, text: &str) -> anyhow::Result<DynamicMessage> {
    let day = parse_day(text)?;
    let mut date = DynamicMessage::new(message.clone());
    date.set_field_by_name("year", Value::I32(day.year()));
    date.set_field_by_name("month", Value::I32(i32::try_from(day.month())?));
    date.set_field_by_name("day", Value::I32(i32::try_from(day.day())?));
    Ok(date)
}

fn period(message: &MessageDescriptor, text: &str) -> anyhow::Result<DynamicMessage> {
    let day = parse_day(&format!("{text}-01")).context("a month is written YYYY-MM")?;
    let mut period = DynamicMessage::new(message.clone());
    period.set_field_by_name("year", Value::U32(u32::try_from(day.year())?));
    period.set_field_by_name("month", Value::U32(day.month()));
    Ok(period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_strictly() {
        let income = schema::message("Income").unwrap();
        let kind = |name: &str| income.get_field_by_name(name).unwrap().kind();
        for (field, good, bad) in [
            ("date", "2018-04-20", &["2018-4-20", "2018-02-30", "20180420", "2018-04-20 ", "２018-04-20", ""][..]),
            ("amount_fen", "100", &["", "1e5", "1_000", "+1", "-1", "1.0", "１", "99999999999999999999"]),
        ] {
            assert!(read(&kind(field), good).is_ok(), "{good}");
            for bad in bad {
                assert!(read(&kind(field), bad).is_err(), "{bad:?}");
            }
        }
        let closing = schema::message("PeriodClosing").unwrap().get_field_by_name("period").unwrap().kind();
        assert!(
            read(&closing, "2018-11").is_ok() && read(&closing, "2018-13").is_err() && read(&closing, "2018").is_err()
        );
    }
}
