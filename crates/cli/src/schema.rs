//! The API as data: messages and methods from its own descriptors, and what each of them is called in both languages. Requests that the
//! command line builds from flags and files are built over these, so that it knows every method and field that the server knows.

use std::collections::HashMap;
use std::sync::LazyLock;

use anyhow::Context;
use prost_reflect::{DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor};

use crate::lang::Lang;

/// Package of the API.
const PACKAGE: &str = "earmark.v1";

/// Descriptors and words. Broken ones would be a fault of the build: the tests read every entry.
static POOL: LazyLock<Option<DescriptorPool>> = LazyLock::new(|| DescriptorPool::decode(api::FILE_DESCRIPTOR_SET).ok());
static WORDS: LazyLock<HashMap<&'static str, (&'static str, &'static str)>> = LazyLock::new(|| {
    let lines = api::WORDS.lines().map(|line| line.splitn(3, '\t').collect::<Vec<_>>());
    lines.filter_map(|parts| Some((*parts.first()?, (*parts.get(1)?, *parts.get(2)?)))).collect()
});

/// The method `Service.Method`.
pub fn method(name: &str) -> anyhow::Result<MethodDescriptor> {
    let (service, method) = name.split_once('.').context("a method is named Service.Method")?;
    let pool = POOL.as_ref().context("the API's descriptors cannot be read")?;
    let service = pool.get_service_by_name(&format!("{PACKAGE}.{service}")).context("no such service")?;
    let found = service.methods().find(|found| found.name() == method);
    found.with_context(|| format!("no method {name}"))
}

/// The message of this name.
pub fn message(name: &str) -> anyhow::Result<MessageDescriptor> {
    let pool = POOL.as_ref().context("the API's descriptors cannot be read")?;
    pool.get_message_by_name(&format!("{PACKAGE}.{name}")).with_context(|| format!("no message {name}"))
}

/// Every method of the API, as `Service.Method`: what the verbs are measured against.
#[cfg(test)]
pub fn methods() -> Vec<String> {
    let services = POOL.iter().flat_map(DescriptorPool::services).filter(|s| s.package_name() == PACKAGE);
    services
        .flat_map(|service| {
            let name = service.name().to_owned();
            service.methods().map(move |method| format!("{name}.{}", method.name())).collect::<Vec<_>>()
        })
        .collect()
}

/// The comment on a name, in one of the languages; empty where there is none.
pub fn word(full_name: &str, lang: Lang) -> &'static str {
    let (english, chinese) = WORDS.get(full_name).copied().unwrap_or_default();
    match lang {
        Lang::Zh if !chinese.is_empty() => chinese,
        _ => english,
    }
}

/// What a field is called over a column: the protos' Chinese word, or its name in words.
pub fn heading(field: &FieldDescriptor, lang: Lang) -> String {
    match lang {
        Lang::Zh => word(field.full_name(), Lang::Zh).to_owned(),
        Lang::En => shown_name(field).replace('_', " "),
    }
}

/// The field's name for people: amounts are given and shown in yuan.
pub fn shown_name(field: &FieldDescriptor) -> &str {
    if is_amount(field) { field.name().trim_end_matches("_fen") } else { field.name() }
}

/// Whether the field holds fen.
pub fn is_amount(field: &FieldDescriptor) -> bool {
    field.name().ends_with("_fen") && field.kind() == Kind::Int64
}

/// A calendar day.
pub const DATE: &str = "google.type.Date";
/// An instant.
pub const TIME: &str = "google.protobuf.Timestamp";
/// A calendar month.
pub const PERIOD: &str = "earmark.v1.Period";

/// An enum's values by their short names: `CITY_FED` for `ORGANIZATION_TYPE_CITY_FED`.
pub fn short_names(of: &EnumDescriptor) -> Vec<(String, i32)> {
    let prefix = prefix(of);
    of.values()
        .map(|value| (value.name().strip_prefix(&prefix).unwrap_or(value.name()).to_owned(), value.number()))
        .collect()
}

/// The short name of a number, or the number where it is unknown.
pub fn short_name(of: &EnumDescriptor, number: i32) -> String {
    let found = short_names(of).into_iter().find(|(_, n)| *n == number);
    found.map_or_else(|| number.to_string(), |(name, _)| name)
}

/// `ORGANIZATION_TYPE_` for `OrganizationType`: what every value begins with.
fn prefix(of: &EnumDescriptor) -> String {
    let mut text = String::new();
    for (i, c) in of.name().chars().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            text.push('_');
        }
        text.push(c.to_ascii_uppercase());
    }
    text.push('_');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_and_field_has_words_in_both_languages() {
        let methods = methods();
        assert!(methods.len() > 50, "{}", methods.len());
        for name in methods {
            let method = method(&name).unwrap();
            for message in [method.input(), method.output()] {
                for field in message.fields() {
                    assert!(!word(field.full_name(), Lang::En).is_empty(), "{}", field.full_name());
                    assert!(!word(field.full_name(), Lang::Zh).is_empty(), "{}", field.full_name());
                }
            }
        }
    }

    #[test]
    fn enum_values_have_short_names() {
        let field = message("Organization").unwrap().get_field_by_name("type").unwrap();
        let Kind::Enum(of) = field.kind() else { panic!("an enum") };
        assert_eq!(short_name(&of, 2), "CITY_FED");
        assert!(short_names(&of).iter().all(|(name, _)| !name.starts_with("ORGANIZATION")));
    }
}
