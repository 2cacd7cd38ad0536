//! Compares what this program understood of a body, as `Debug` shows it, with the JSON that the Python reader printed for the same
//! body: field names, nesting, variants, codes and values must all agree. Knows no single type of the format but Day.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use record::{Day, command, kinds};
use serde_json::Value as Json;

/// A value as `Debug` shows it.
#[derive(Debug)]
enum Shown {
    Text(String),
    Number(i128),
    List(Vec<Shown>),
    Word(String),
    Wrapped(String, Box<Shown>),
    Fields(String, Vec<(String, Shown)>),
}

/// Each code set by type name, with (variant as `Debug` shows it, code) in tag order.
pub fn code_sets() -> Vec<(&'static str, Vec<(String, &'static str)>)> {
    macro_rules! sets {
        ($($set:ident)+) => {
            vec![$((stringify!($set), kinds::$set::ALL.iter().map(|v| (format!("{v:?}"), v.code())).collect())),+]
        };
    }
    sets! {
        Side LedgerKind Word VoucherKind Template Element Restriction Dimension OrgType Role ApprovalKind Body PayerType Custody
        BankPurpose Direction Settlement EvidenceKind IncomeKind GrantKind Change Verdict GiftType RegisterKind
        FindingState FindingStep SubjectKind LineNature ArchiveKind
    }
}

/// Each variant of each set with its code.
static VARIANT_CODES: LazyLock<BTreeSet<(String, &'static str)>> =
    LazyLock::new(|| code_sets().into_iter().flat_map(|(_, set)| set).collect());

/// Panics with the place of the first difference.
pub fn assert_agrees(value: &impl std::fmt::Debug, json: &Json, what: &str) {
    if let Err(difference) = agrees(&parse(&format!("{value:?}")), json) {
        panic!("{what}: {difference}\n{value:?}\n{json}");
    }
}

fn agrees(shown: &Shown, json: &Json) -> Result<(), String> {
    let wrong = || Err(format!("{shown:?} is not {json}"));
    let holds = |yes: bool| if yes { Ok(()) } else { wrong() };
    match (shown, json) {
        (Shown::Text(text), _) => holds(json.as_str() == Some(text)),
        (Shown::Number(number), _) => holds(number_of(json) == Some(*number)),
        (Shown::List(items), Json::String(hex)) => holds(hex_of(items).as_ref() == Some(hex)),
        (Shown::List(items), Json::Array(found)) if items.len() == found.len() => {
            items.iter().zip(found).enumerate().try_for_each(|(i, (a, b))| at(&i.to_string(), agrees(a, b)))
        }
        (Shown::List(_), _) => wrong(),
        (Shown::Word(word), _) => holds(word_agrees(word, json)),
        (Shown::Wrapped(name, inner), _) if name == "Some" => agrees(inner, json),
        (Shown::Wrapped(name, inner), _) if name == "Day" => match (&**inner, json) {
            (Shown::Number(days), Json::String(text)) => {
                holds(i32::try_from(*days).is_ok_and(|days| Day(days).to_string() == *text))
            }
            _ => agrees(inner, json),
        },
        (Shown::Wrapped(name, inner), _) => agrees(inner, only(name, json)?),
        (Shown::Fields(name, fields), Json::Object(found)) => match found.get(name) {
            // A variant with fields: {"Name": {fields}}.
            Some(inner) if found.len() == 1 && fields.iter().all(|(field, _)| field != name) => agrees(shown, inner),
            _ if found.len() != fields.len() => wrong(),
            _ => fields.iter().try_for_each(|(field, value)| {
                let other = found.get(field).ok_or_else(|| format!("{name} has no {field} in {json}"))?;
                at(field, if field == "command" { command_agrees(value, other) } else { agrees(value, other) })
            }),
        },
        (Shown::Fields(..), _) => wrong(),
    }
}

/// The canonical command within a record: the Python reader shows it read.
fn command_agrees(bytes: &Shown, json: &Json) -> Result<(), String> {
    let Shown::List(items) = bytes else { return Err(format!("{bytes:?} is no list of bytes")) };
    let bytes: Option<Vec<u8>> = items.iter().map(byte_of).collect();
    match bytes.as_deref().and_then(command::decode) {
        Some(command) => agrees(&parse(&format!("{command:?}")), json),
        None => agrees(
            &Shown::List(items.iter().filter_map(byte_of).map(|b| Shown::Number(b.into())).collect()),
            &json["unreadable"],
        ),
    }
}

fn word_agrees(word: &str, json: &Json) -> bool {
    match json {
        Json::Null => word == "None",
        Json::Bool(yes) => word == yes.to_string(),
        Json::String(text) => word == text || VARIANT_CODES.contains(&(word.to_owned(), text.as_str())),
        _ => false,
    }
}

fn at(place: &str, outcome: Result<(), String>) -> Result<(), String> {
    outcome.map_err(|e| format!("{place}: {e}"))
}

fn only<'a>(name: &str, json: &'a Json) -> Result<&'a Json, String> {
    json.as_object().filter(|o| o.len() == 1).and_then(|o| o.get(name)).ok_or_else(|| format!("{json} is no {name}"))
}

fn number_of(json: &Json) -> Option<i128> {
    json.as_i64().map(i128::from).or_else(|| json.as_u64().map(i128::from))
}

fn byte_of(shown: &Shown) -> Option<u8> {
    if let Shown::Number(number) = shown { u8::try_from(*number).ok() } else { None }
}

fn hex_of(items: &[Shown]) -> Option<String> {
    items.iter().map(|item| byte_of(item).map(|byte| format!("{byte:02x}"))).collect()
}

fn parse(text: &str) -> Shown {
    let mut rest = text;
    let shown = value(&mut rest);
    assert_eq!(rest, "", "left over of {text}");
    shown
}

fn value(rest: &mut &str) -> Shown {
    match rest.chars().next() {
        Some('"') => quoted(rest),
        Some('[') => Shown::List(items(rest, '[', ']', value)),
        Some('(') => Shown::List(items(rest, '(', ')', value)),
        Some(c) if c == '-' || c.is_ascii_digit() => {
            Shown::Number(word(rest).parse().expect("Debug shows whole numbers in digits"))
        }
        _ => named(rest),
    }
}

fn named(rest: &mut &str) -> Shown {
    let name = word(rest);
    if rest.starts_with('(') {
        let inner = items(rest, '(', ')', value).pop().expect("a wrapped value");
        Shown::Wrapped(name, Box::new(inner))
    } else if let Some(after) = rest.strip_prefix(" {") {
        *rest = after;
        let mut fields = Vec::new();
        while !eat(rest, " }") {
            assert!(eat(rest, " "), "a field at {rest}");
            let field = word(rest);
            assert!(eat(rest, ": "), "a value of {field} at {rest}");
            fields.push((field, value(rest)));
            eat(rest, ",");
        }
        Shown::Fields(name, fields)
    } else {
        Shown::Word(name)
    }
}

fn items<T>(rest: &mut &str, open: char, close: char, one: impl Fn(&mut &str) -> T) -> Vec<T> {
    let mut found = Vec::new();
    assert!(eat(rest, &open.to_string()));
    while !eat(rest, &close.to_string()) {
        found.push(one(rest));
        eat(rest, ", ");
    }
    found
}

/// A name or number: everything up to punctuation.
fn word(rest: &mut &str) -> String {
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    *rest = after;
    word.to_owned()
}

fn eat(rest: &mut &str, text: &str) -> bool {
    let after = rest.strip_prefix(text);
    *rest = after.unwrap_or(rest);
    after.is_some()
}

fn quoted(rest: &mut &str) -> Shown {
    let mut text = String::new();
    let mut letters = rest.char_indices().skip(1);
    while let Some((place, letter)) = letters.next() {
        match letter {
            '"' => {
                *rest = &rest[place + 1..];
                return Shown::Text(text);
            }
            '\\' => text.push(match letters.next().expect("an escaped letter").1 {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '0' => '\0',
                'u' => {
                    let hex: String =
                        letters.by_ref().map(|(_, c)| c).take_while(|c| *c != '}').filter(|c| *c != '{').collect();
                    u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32).expect("an escaped code point")
                }
                other => other,
            }),
            other => text.push(other),
        }
    }
    panic!("text without end");
}
