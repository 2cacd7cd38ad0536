//! Answers for people: tables and lists of whatever the API answers, headed by the protos' own words. What has a form of its own is in
//! `sheets`.

use anyhow::Context;
use prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value};

use crate::lang::Lang;
use crate::table::Sheet;
use crate::{reconcile, schema, sheets, text, trace, yuan};

/// Columns of listings whose entries have more than a line holds: paths of fields. Others show every field that is one word.
const COLUMNS: &[(&str, &[&str])] = &[
    (
        "EnrollmentBatch",
        &[
            "form.code",
            "form.organization",
            "form.class",
            "form.plan",
            "form.insured_count",
            "form.submitted_on",
            "review",
            "paid_heads",
            "collected_fen",
            "remitted_fen",
            "confirmation_no",
            "confirmed_heads",
        ],
    ),
    (
        "ApprovalEntry",
        &[
            "approval.code",
            "approval.kind",
            "approval.body",
            "approval.meeting_on",
            "approval.doc_no",
            "approval.max_fen",
            "used_fen",
            "approval.valid_to",
            "registered_by",
        ],
    ),
    (
        "Voucher",
        &[
            "reference",
            "date",
            "kind",
            "template",
            "total_fen",
            "summary",
            "prepared_by",
            "reviewed_by",
            "cashier_by",
            "corrects",
        ],
    ),
    ("Record", &["sequence", "record_time", "person", "event", "request_id", "part", "parts", "leaf_hash"]),
    ("Submission", &["submission", "record_time", "person", "command"]),
    (
        "Finding",
        &[
            "finding",
            "state",
            "stands",
            "sign.rule",
            "sign.subject",
            "sign.amount_fen",
            "sign.heads",
            "sign.count",
            "sign.since",
            "found_on",
            "due",
            "sign.description",
        ],
    ),
    ("Sign", &["rule", "subject", "amount_fen", "heads", "count", "since", "detector", "description"]),
    (
        "Statement",
        &[
            "seal.code",
            "seal.account",
            "seal.from",
            "seal.to",
            "seal.count",
            "matched",
            "seal.opening_fen",
            "seal.in_fen",
            "seal.out_fen",
            "seal.closing_fen",
            "person",
            "record_time",
        ],
    ),
    (
        "UnmatchedLine",
        &[
            "line.id",
            "line.date",
            "line.direction",
            "line.amount_fen",
            "line.nature",
            "line.party",
            "line.memo",
            "statement",
            "proposals",
        ],
    ),
    (
        "DailySummaryEntry",
        &[
            "summary.day",
            "summary.count",
            "summary.total_fen",
            "signed",
            "reviewer",
            "cashier",
            "missing",
            "submission",
            "parts",
        ],
    ),
    (
        "Account",
        &["code", "name_zh", "element", "normal", "posting", "blocked", "crosswalk_2009", "crosswalk_2009_name"],
    ),
];

/// An answer as text.
pub fn answer(message: &DynamicMessage, lang: Lang) -> anyhow::Result<String> {
    let bytes = message.encode_to_vec();
    let name = message.descriptor();
    match name.name() {
        "GetTrialBalanceResponse" => Ok(sheets::trial_balance(&read(&bytes)?, lang)),
        "GetStatementResponse" => Ok(sheets::statement(&read(&bytes)?, lang)),
        "GetVoucherResponse" => sheets::voucher(&read(&bytes)?, lang),
        "GetReconciliationResponse" => Ok(reconcile::sheet::reconciliation(&read(&bytes)?, lang)),
        "TraceVoucherResponse" => trace::voucher(&read(&bytes)?, lang),
        "ListRejectionsResponse" => Ok(sheets::rejections(&read(&bytes)?, lang)),
        _ if name.get_field_by_name("result").is_some() => sheets::outcome(&result(message)?, lang),
        _ => Ok(generic(message, lang)),
    }
}

fn read<M: Message + Default>(bytes: &[u8]) -> anyhow::Result<M> {
    M::decode(bytes).context("reading the answer")
}

fn result(message: &DynamicMessage) -> anyhow::Result<api::v1::MutationResult> {
    match message.get_field_by_name("result").as_deref() {
        Some(Value::Message(result)) => read(&result.encode_to_vec()),
        _ => Ok(api::v1::MutationResult::default()),
    }
}

/// Lists as tables, messages as lists of their fields, single values a line each.
fn generic(message: &DynamicMessage, lang: Lang) -> String {
    let mut text = String::new();
    let mut singles = Sheet::new([("", false), ("", false)]);
    let mut any = false;
    for field in message.descriptor().fields() {
        let value = message.get_field(&field);
        match (field.kind(), &*value) {
            (Kind::Message(of), Value::List(items)) if !text::is_word(&field.kind()) => {
                text.push_str(&listing(&of, items, lang));
            }
            (Kind::Message(_), Value::Message(inner)) if !text::is_word(&field.kind()) => {
                if message.has_field(&field) {
                    text.push_str(&generic(inner, lang));
                }
            }
            _ if field.supports_presence() && !message.has_field(&field) => {}
            (_, value) => {
                let shown = cell(&field, value, lang);
                if !shown.is_empty() {
                    singles.row([schema::heading(&field, lang), shown]);
                    any = true;
                }
            }
        }
    }
    if any { format!("{text}{}", singles.bare_text()) } else { text }
}

/// A table of messages, without columns in which nothing stands.
fn listing(of: &MessageDescriptor, items: &[Value], lang: Lang) -> String {
    let columns: Vec<Vec<FieldDescriptor>> = match COLUMNS.iter().find(|(name, _)| *name == of.name()) {
        Some((_, paths)) => paths.iter().filter_map(|path| resolve(of, path)).collect(),
        None => of.fields().filter(|field| field.name() != "evidence").map(|field| vec![field]).collect(),
    };
    let rows: Vec<Vec<String>> = items
        .iter()
        .filter_map(Value::as_message)
        .map(|item| columns.iter().map(|path| at(item, path, lang)).collect())
        .collect();
    let kept: Vec<usize> = (0..columns.len()).filter(|i| rows.iter().any(|row| !row[*i].is_empty())).collect();
    if rows.is_empty() {
        return format!("{}\n", lang.pick("（无）", "(none)"));
    }
    let headings = kept.iter().filter_map(|i| {
        let field = columns[*i].last()?;
        Some((schema::heading(field, lang), is_number(field)))
    });
    let mut sheet = Sheet::new(headings.collect::<Vec<_>>());
    for row in &rows {
        sheet.row(kept.iter().map(|i| row[*i].clone()));
    }
    sheet.text()
}

fn resolve(of: &MessageDescriptor, path: &str) -> Option<Vec<FieldDescriptor>> {
    if let Some(choice) = of.oneofs().find(|oneof| oneof.name() == path) {
        return choice.fields().next().map(|field| vec![field]);
    }
    let mut of = of.clone();
    let mut fields = Vec::new();
    for name in path.split('.') {
        let field = of.get_field_by_name(name)?;
        if let Kind::Message(inner) = field.kind() {
            of = inner;
        }
        fields.push(field);
    }
    Some(fields)
}

fn at(message: &DynamicMessage, path: &[FieldDescriptor], lang: Lang) -> String {
    match path {
        [] => String::new(),
        // What is not there is not zero.
        [field] if field.supports_presence() && !message.has_field(field) => String::new(),
        [field] => cell(field, &message.get_field(field), lang),
        [field, below @ ..] => {
            message.get_field(field).as_message().map(|inner| at(inner, below, lang)).unwrap_or_default()
        }
    }
}

fn is_number(field: &FieldDescriptor) -> bool {
    !field.is_list() && matches!(field.kind(), Kind::Int32 | Kind::Int64 | Kind::Uint32 | Kind::Uint64)
}

/// A value as a table holds it.
fn cell(field: &FieldDescriptor, value: &Value, lang: Lang) -> String {
    match value {
        Value::List(items) => {
            let parts = items.iter().map(|item| cell(field, item, lang)).collect::<Vec<_>>();
            parts.join(if matches!(field.kind(), Kind::Message(_)) { "; " } else { "," })
        }
        Value::Message(inner) => text::of_message(inner).unwrap_or_else(|| words(inner, lang)),
        Value::Bool(flag) => if *flag { lang.pick("是", "yes") } else { "" }.to_owned(),
        Value::I64(fen) if schema::is_amount(field) => yuan::show(*fen),
        // No year is not the year 0.
        Value::U32(0) if field.name() == "year" => String::new(),
        Value::I32(n) => n.to_string(),
        Value::I64(n) => n.to_string(),
        Value::U32(n) => n.to_string(),
        Value::U64(n) => n.to_string(),
        Value::String(text) => text.clone(),
        Value::Bytes(bytes) => hex::encode(bytes).chars().take(16).collect(),
        Value::EnumNumber(number) => match field.kind() {
            Kind::Enum(of) if *number != 0 => enum_word(&of, *number, lang),
            _ => String::new(),
        },
        _ => String::new(),
    }
}

/// A message within a cell: its words one after the other; of a choice, what was chosen.
fn words(message: &DynamicMessage, lang: Lang) -> String {
    let descriptor = message.descriptor();
    let in_choice = |field: &FieldDescriptor| field.containing_oneof().is_some_and(|oneof| !oneof.is_synthetic());
    let chosen = descriptor.fields().find(|field| in_choice(field) && message.has_field(field));
    if let Some(field) = chosen {
        return schema::heading(&field, lang);
    }
    let parts = descriptor
        .fields()
        .filter(|field| message.has_field(field))
        .map(|field| cell(&field, &message.get_field(&field), lang));
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn enum_word(of: &prost_reflect::EnumDescriptor, number: i32, lang: Lang) -> String {
    let found = of.get_value(number).map(|value| format!("{}.{}", of.full_name(), value.name()));
    match (lang, found) {
        (Lang::Zh, Some(name)) => schema::word(&name, Lang::Zh).to_owned(),
        _ => schema::short_name(of, number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn a_listing_has_the_protos_headings_and_no_empty_columns() {
        let descriptor = schema::message("GetBalancesResponse").unwrap();
        let text = r#"{"balances":[{"account":"10201","account_name":"银行存款-专户","source":"S2P","side":"DEBIT",
            "debit_total_fen":5000028500,"credit_total_fen":5000000000,"balance_fen":28500}],"sequence":7}"#;
        let shown = answer(&json::parse(&descriptor, text).unwrap(), Lang::Zh).unwrap();
        for part in ["科目编号", "借方发生额", "50,000,285.00", "285.00", "借", "答案所据序号"] {
            assert!(shown.contains(part), "{part}\n{shown}");
        }
        assert!(!shown.contains("依据码"), "{shown}");
    }

    #[test]
    fn every_column_exists() {
        for (name, paths) in COLUMNS {
            let of = schema::message(name).unwrap();
            for path in *paths {
                assert!(resolve(&of, path).is_some(), "{name}.{path}");
            }
        }
    }
}
