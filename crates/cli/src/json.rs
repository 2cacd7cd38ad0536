//! Messages as JSON and back, for `--json` and `--from-json`. Field names are the protos' own. Amounts are whole fen, days `2018-04-20`,
//! months `2018-04`, instants RFC 3339, bytes hexadecimal, enum values their short names. Reading is strict: an unknown or doubled field,
//! a number with a fraction or exponent, a null are errors that name the place.

use std::time::SystemTime;

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, SecondsFormat, Utc};
use prost_reflect::{Cardinality, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value};
use serde_json::{Map, Value as Json};

use crate::schema;
use crate::text;

/// A message as JSON; fields that are not set are left out.
pub fn show(message: &DynamicMessage) -> Json {
    if let Some(text) = text::of_message(message) {
        return Json::String(text);
    }
    let mut object = Map::new();
    for field in message.descriptor().fields() {
        // Scalars stand even when zero, so that readers need not know defaults; messages and choices only when there.
        let optional = field.supports_presence() || field.is_list();
        if optional && !message.has_field(&field) {
            if field.is_list() {
                object.insert(field.name().to_owned(), Json::Array(Vec::new()));
            }
            continue;
        }
        object.insert(field.name().to_owned(), show_value(&field, &message.get_field(&field)));
    }
    Json::Object(object)
}

fn show_value(field: &FieldDescriptor, value: &Value) -> Json {
    match value {
        Value::List(items) => Json::Array(items.iter().map(|item| show_value(field, item)).collect()),
        Value::Message(message) => show(message),
        Value::Bool(flag) => Json::Bool(*flag),
        Value::I32(n) => Json::from(*n),
        Value::I64(n) => Json::from(*n),
        Value::U32(n) => Json::from(*n),
        Value::U64(n) => Json::from(*n),
        Value::F32(n) => Json::from(*n),
        Value::F64(n) => Json::from(*n),
        Value::String(text) => Json::String(text.clone()),
        Value::Bytes(bytes) => Json::String(hex::encode(bytes)),
        Value::EnumNumber(number) => match field.kind() {
            Kind::Enum(of) => Json::String(schema::short_name(&of, *number)),
            _ => Json::from(*number),
        },
        // The API has no maps.
        Value::Map(_) => Json::Null,
    }
}

/// Reads a message from JSON text.
pub fn parse(descriptor: &MessageDescriptor, json: &str) -> anyhow::Result<DynamicMessage> {
    let Strict(json) = serde_json::from_str(json).context("this is not JSON")?;
    read(descriptor, &json, "")
}

/// Reads the message of a field from JSON text: the message alone, or an answer that holds it under the field's name, as `--json` shows
/// one.
pub fn parse_field(descriptor: &MessageDescriptor, field: &str, json: &str) -> anyhow::Result<DynamicMessage> {
    let Strict(json) = serde_json::from_str(json).context("this is not JSON")?;
    let held = json.get(field).filter(|held| held.is_object()).unwrap_or(&json);
    read(descriptor, held, "")
}

fn read(descriptor: &MessageDescriptor, json: &Json, at: &str) -> anyhow::Result<DynamicMessage> {
    let mut message = DynamicMessage::new(descriptor.clone());
    let Json::Object(object) = json else { bail!("{}: an object is expected", place(at, "")) };
    for (name, value) in object {
        let here = place(at, name);
        let Some(field) = descriptor.get_field_by_name(name) else { bail!("{here}: there is no such field") };
        if let Some(choice) = field.containing_oneof() {
            let taken = choice.fields().find(|other| other.number() != field.number() && message.has_field(other));
            ensure!(taken.is_none(), "{here}: only one of the fields of {} can be given", choice.name());
        }
        let value = match (field.cardinality() == Cardinality::Repeated, value) {
            (true, Json::Array(items)) => {
                let read = items.iter().enumerate().map(|(i, item)| read_value(&field, item, &format!("{here}[{i}]")));
                Value::List(read.collect::<anyhow::Result<_>>()?)
            }
            (true, _) => bail!("{here}: a list is expected"),
            (false, value) => read_value(&field, value, &here)?,
        };
        message.set_field(&field, value);
    }
    Ok(message)
}

fn read_value(field: &FieldDescriptor, json: &Json, at: &str) -> anyhow::Result<Value> {
    let kind = field.kind();
    match (&kind, json) {
        (Kind::Message(descriptor), Json::Object(_)) => Ok(Value::Message(read(descriptor, json, at)?)),
        (Kind::String, Json::String(text)) => Ok(Value::String(text.clone())),
        (Kind::Bool, Json::Bool(flag)) => Ok(Value::Bool(*flag)),
        // One grammar for what is one word on the command line and in JSON; amounts are fen here, and numbers are numbers.
        (Kind::Message(_) | Kind::Enum(_) | Kind::Bytes, Json::String(text)) => {
            text::read(&kind, text).with_context(|| at.to_owned())
        }
        (Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64, Json::Number(number)) => {
            text::read(&kind, &number.to_string()).with_context(|| at.to_owned())
        }
        (Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64, _) => bail!("{at}: a whole number is expected"),
        _ => bail!("{at}: {} is expected", text::what(&kind)),
    }
}

fn place(at: &str, name: &str) -> String {
    match (at.is_empty(), name.is_empty()) {
        (true, true) => "request".to_owned(),
        (true, false) => name.to_owned(),
        (false, true) => at.to_owned(),
        (false, false) => format!("{at}.{name}"),
    }
}

/// JSON in which no object names a field twice.
struct Strict(Json);

impl<'de> serde::Deserialize<'de> for Strict {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Strict, D::Error> {
        deserializer.deserialize_any(Reader).map(Strict)
    }
}

struct Reader;

impl<'de> serde::de::Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Json, E> {
        Ok(Json::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(number.into())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Json, E> {
        Err(E::custom(format!("{number} is not a whole number written in digits alone")))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::String(text.to_owned()))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Json, E> {
        Err(E::custom("null says nothing: leave the field out"))
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::Array(list))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = entries.next_entry::<String, Strict>()? {
            if object.insert(name.clone(), value).is_some() {
                return Err(serde::de::Error::custom(format!("{name} is given twice")));
            }
        }
        Ok(Json::Object(object))
    }
}

/// An instant of seconds and nanoseconds as RFC 3339 in UTC.
pub fn instant(seconds: i64, nanos: i32) -> String {
    let nanos = u32::try_from(nanos).unwrap_or_default();
    DateTime::from_timestamp(seconds, nanos)
        .map(|time| time.to_rfc3339_opts(SecondsFormat::Micros, true))
        .unwrap_or_default()
}

/// A time of the machine's clock, likewise.
pub fn of_system_time(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn income() -> MessageDescriptor {
        schema::message("RecordDonationRequest").unwrap()
    }

    #[test]
    fn what_is_shown_is_read_back() {
        let text = r#"{"book":"b","request_id":"r","validate_only":false,"kind":"RESTRICTED","income":{"source":"S3R","account":"",
            "grant":{"code":"G","grantor":"D","doc_no":"n","permitted_uses":["B95"],"valid_from":"2018-01-01"},"amount_fen":10000000,
            "date":"2018-06-06","bank_account":"SP","bank_txn":"T","bill_no":"1","summary":"","evidence":[{"kind":"AGREEMENT",
            "doc_no":"1","date":"2018-06-01","digest":"00ff","pages":2}]}}"#;
        let message = parse(&income(), text).unwrap();
        let again = show(&message);
        assert_eq!(again, serde_json::from_str::<Json>(text).unwrap());
    }

    #[test]
    fn reading_is_strict() {
        for (text, words) in [
            (r#"{"book":"a","book":"b"}"#, "given twice"),
            (r#"{"boook":"a"}"#, "boook: there is no such field"),
            (r#"{"income":{"amount_fen":1e5}}"#, "not a whole number"),
            (r#"{"income":{"amount_fen":1.0}}"#, "not a whole number"),
            (r#"{"income":{"amount_fen":"100"}}"#, "income.amount_fen: a whole number"),
            (r#"{"income":{"amount_fen":9223372036854775808}}"#, "income.amount_fen"),
            (r#"{"income":{"date":"2018-02-30"}}"#, "income.date"),
            (r#"{"income":{"evidence":{}}}"#, "income.evidence: a list"),
            (r#"{"income":{"evidence":[{"digest":"xyz"}]}}"#, "income.evidence[0].digest"),
            (r#"{"kind":"NONE"}"#, "kind"),
            (r#"{"book":null}"#, "null"),
            ("[]", "request: an object"),
            ("{", "not JSON"),
        ] {
            let error = format!("{:#}", parse(&income(), text).unwrap_err());
            assert!(error.contains(words), "{text}: {error}");
        }
        let command = schema::message("Command").unwrap();
        let error = parse(&command, r#"{"review":{"submission":1},"year_closing":{"year":2018}}"#).unwrap_err();
        assert!(format!("{error:#}").contains("only one"), "{error:#}");
    }
}
