//! Flags of a verb, made from its request message, and the request made from flags. The message that a request carries lies flat:
//! `--amount` is the `amount_fen` of whatever is asked, in yuan. Lists of words are separated by commas; an item of a list of messages is
//! `name=value,name=value`, lists within it by `+`. A digest is hexadecimal, or `@FILE` for the SHA-256 of a file;
//! a policy or statement is `@FILE` for its text.

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value};
use sha2::{Digest, Sha256};

use crate::lang::Lang;
use crate::{json, schema, text, yuan};

/// Fields of requests that the program fills in itself: where, under which id, which page.
const OWN_FIELDS: &[&str] = &["book", "request_id", "validate_only", "page_token", KNOWN_AT_TIME];
/// A read's knowledge by time: given by the flag of its knowledge by sequence.
const KNOWN_AT_TIME: &str = "known_at_time";
/// Messages too deep for flags: read from a JSON file.
const BY_FILE: &[&str] = &["earmark.v1.Command", "earmark.v1.Preset", "earmark.v1.RuleSet"];

/// Messages whose fields are texts of many lines: `@FILE` is what stands in the file.
const TEXTS: &[&str] = &["earmark.v1.LogPolicy"];

/// A flag and the field that it fills.
struct Flag {
    name: String,
    path: Vec<FieldDescriptor>,
    form: Form,
}

/// How a field is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// One word.
    Word,
    /// A flag that is there or not.
    Switch,
    /// Words with commas between.
    Words,
    /// `name=value,...`, again for each item.
    Items,
    /// A JSON file.
    File,
}

fn flags(request: &MessageDescriptor) -> Vec<Flag> {
    let mut found = Vec::new();
    for field in request.fields().filter(|field| !OWN_FIELDS.contains(&field.name())) {
        let mut below = Vec::new();
        collect(&field, &[], "", &mut below);
        // The content lies flat, unless one of its names is taken by the request itself.
        let taken = below.iter().any(|flag| request.get_field_by_name(&flag.name.replace('-', "_")).is_some());
        if taken && is_content(&field) {
            below.clear();
            collect_below(&field, &[], &kebab(&field), &mut below);
        }
        found.append(&mut below);
    }
    found
}

fn is_content(field: &FieldDescriptor) -> bool {
    matches!(field.kind(), Kind::Message(_)) && form(field).is_none()
}

/// How a field itself is given; none where its fields are given instead.
fn form(field: &FieldDescriptor) -> Option<Form> {
    let kind = field.kind();
    match (&kind, field.is_list()) {
        (Kind::Message(_), true) if !text::is_word(&kind) => Some(Form::Items),
        (_, true) => Some(Form::Words),
        (Kind::Bool, false) => Some(Form::Switch),
        (Kind::Message(message), false) if BY_FILE.contains(&message.full_name()) => Some(Form::File),
        (kind, false) if text::is_word(kind) => Some(Form::Word),
        _ => None,
    }
}

/// Flags of a field: its own, or those of the message's fields; below the content the names of messages stand before.
fn collect(field: &FieldDescriptor, path: &[FieldDescriptor], prefix: &str, found: &mut Vec<Flag>) {
    let Some(form) = form(field) else {
        let prefix = if path.is_empty() { String::new() } else { format!("{prefix}{}", kebab(field)) };
        return collect_below(field, path, &prefix, found);
    };
    let mut path = path.to_vec();
    path.push(field.clone());
    // The code of a message that is named is the message: `--grant G` before `--grant-doc-no`.
    let name = match (prefix.strip_suffix('-'), field.name()) {
        (Some(prefix), "code") => prefix.to_owned(),
        _ => format!("{prefix}{}", kebab(field)),
    };
    found.push(Flag { name, path, form });
}

fn collect_below(field: &FieldDescriptor, path: &[FieldDescriptor], prefix: &str, found: &mut Vec<Flag>) {
    let Kind::Message(message) = field.kind() else { return };
    let mut path = path.to_vec();
    path.push(field.clone());
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}-") };
    message.fields().for_each(|below| collect(&below, &path, &prefix, found));
}

fn kebab(field: &FieldDescriptor) -> String {
    schema::shown_name(field).replace('_', "-")
}

/// Adds the flags of a request to a command, with help from the protos.
pub fn add_to(
    mut command: Command,
    request: &MessageDescriptor,
    positional: &[&'static str],
    lang: Lang,
) -> anyhow::Result<Command> {
    let flags = flags(request);
    for flag in &flags {
        let field = flag.path.last().context("a flag fills a field")?;
        let help = format!("{} [{}]", schema::word(field.full_name(), lang), hint(flag, field));
        let mut arg = Arg::new(flag.name.clone()).help(help);
        arg = match flag.form {
            Form::Switch => arg.action(ArgAction::SetTrue),
            Form::Items => arg.action(ArgAction::Append),
            Form::Words => arg.action(ArgAction::Append).value_delimiter(','),
            Form::File => arg.value_parser(value_parser!(PathBuf)),
            Form::Word => arg,
        };
        if let (Kind::Enum(of), Form::Word | Form::Words) = (field.kind(), flag.form) {
            let names = schema::short_names(&of).into_iter().filter(|(_, n)| *n != 0).map(|(name, _)| name);
            arg = arg.value_parser(PossibleValuesParser::new(names)).ignore_case(true).hide_possible_values(true);
        }
        if flag.form != Form::Switch {
            arg = arg.value_name("V").hide_default_value(true);
        }
        arg = match positional.iter().position(|name| *name == flag.name) {
            Some(place) => arg.index(place + 1),
            None if flag.name == "as-of-date" => arg.long("as-of").alias("as-of-date"),
            None => arg.long(flag.name.clone()),
        };
        command = command.arg(arg);
    }
    for name in positional {
        ensure!(flags.iter().any(|flag| flag.name == *name), "{}: no flag {name} to give by position", request.name());
    }
    if is_mutation(request) {
        command = command.args(mutation_args(lang));
    } else if request.get_field_by_name("page_token").is_some() {
        command = command.args(page_args(lang));
    }
    Ok(command)
}

fn hint(flag: &Flag, field: &FieldDescriptor) -> String {
    match flag.form {
        Form::Switch => "true".to_owned(),
        Form::Items => {
            let Kind::Message(message) = field.kind() else { return String::new() };
            let names: Vec<String> = message.fields().map(|field| format!("{}=", schema::shown_name(&field))).collect();
            names.join(",")
        }
        Form::File => "FILE.json".to_owned(),
        _ if schema::is_amount(field) => "yuan".to_owned(),
        _ if is_text_of_lines(field) => "TEXT|@FILE".to_owned(),
        _ if field.name() == "known_at" => "N|YYYY-MM-DD|RFC3339".to_owned(),
        _ => text::what(&field.kind()),
    }
}

fn is_text_of_lines(field: &FieldDescriptor) -> bool {
    TEXTS.contains(&field.parent_message().full_name())
}

/// Whether a request changes something: those alone have an id.
pub fn is_mutation(request: &MessageDescriptor) -> bool {
    request.get_field_by_name("request_id").is_some()
}

fn mutation_args(lang: Lang) -> [Arg; 3] {
    let help = |zh: &'static str, en: &'static str| lang.pick(zh, en).to_owned();
    [
        Arg::new("request-id").long("request-id").value_name("ID").help(help(
            "请求号；不给则生成。重复办理同一请求用同一号",
            "Id of the request; made if not given. The same again repeats the request",
        )),
        Arg::new("validate-only")
            .long("validate-only")
            .action(ArgAction::SetTrue)
            .help(help("只校验，不记录", "Judge only; record nothing")),
        Arg::new("from-json").long("from-json").value_name("FILE|-").help(help(
            "从JSON文件读取整个请求；未知字段报错",
            "Read the whole request from a JSON file; unknown fields are errors",
        )),
    ]
}

fn page_args(lang: Lang) -> [Arg; 2] {
    [
        Arg::new("page-token")
            .long("page-token")
            .value_name("TOKEN")
            .help(lang.pick("页标记", "Token of the page").to_owned()),
        Arg::new("all")
            .long("all")
            .action(ArgAction::SetTrue)
            .conflicts_with("page-token")
            .help(lang.pick("取全部各页", "Follow all pages").to_owned()),
    ]
}

/// The request that the flags describe. Every flag that cannot be read is named.
pub fn read(request: &MessageDescriptor, matches: &ArgMatches) -> anyhow::Result<DynamicMessage> {
    let given = |flag: &Flag| matches.value_source(&flag.name) == Some(clap::parser::ValueSource::CommandLine);
    let given: Vec<Flag> = flags(request).into_iter().filter(given).collect();
    if let Some(file) = matches.try_get_one::<String>("from-json").ok().flatten() {
        ensure!(given.is_empty(), "--from-json holds the whole request: leave out --{}", given[0].name);
        return json::parse(request, &input(file)?).with_context(|| format!("--from-json {file}"));
    }
    let mut message = DynamicMessage::new(request.clone());
    let mut faults = Vec::new();
    for flag in &given {
        if let Some((field, instant)) = known_by_time(request, flag, matches) {
            match instant {
                Ok(instant) => message.set_field(&field, instant),
                Err(error) => faults.push(format!("--{}: {error:#}", flag.name)),
            }
            continue;
        }
        match value(flag, matches) {
            Ok(value) => set(&mut message, &flag.path, value),
            Err(error) => faults.push(format!("--{}: {error:#}", flag.name)),
        }
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(message)
}

/// The moment that `--known-at` names, with the field that takes it; none where it names a sequence.
fn known_by_time(
    request: &MessageDescriptor,
    flag: &Flag,
    matches: &ArgMatches,
) -> Option<(FieldDescriptor, anyhow::Result<Value>)> {
    let [field] = flag.path.as_slice() else { return None };
    let text = matches.try_get_one::<String>(&flag.name).ok().flatten()?;
    if field.name() != "known_at" || text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let by_time = request.get_field_by_name(KNOWN_AT_TIME)?;
    let Kind::Message(of) = by_time.kind() else { return None };
    Some((by_time, text::moment(&of, text).map(Value::Message)))
}

/// Gives the flag of this name the value that the verb stands for; another value is a contradiction.
pub fn fix(message: &mut DynamicMessage, name: &str, given: &str) -> anyhow::Result<()> {
    let all = flags(&message.descriptor());
    let flag = all.into_iter().find(|flag| flag.name == name).with_context(|| format!("no flag {name}"))?;
    let value = word(flag.path.last().context("a flag fills a field")?, given)?;
    let found = flag.path.iter().try_fold(Value::Message(message.clone()), |at, field| {
        at.as_message().filter(|message| message.has_field(field)).map(|message| message.get_field(field).into_owned())
    });
    ensure!(found.is_none_or(|found| found == value), "--{name} is {given} here");
    set(message, &flag.path, value);
    Ok(())
}

/// The text of a file, or of standard input.
fn input(file: &str) -> anyhow::Result<String> {
    if file == "-" {
        return std::io::read_to_string(std::io::stdin()).context("reading standard input");
    }
    std::fs::read_to_string(file).with_context(|| format!("reading {file}"))
}

fn value(flag: &Flag, matches: &ArgMatches) -> anyhow::Result<Value> {
    let field = flag.path.last().context("a flag fills a field")?;
    let texts = || matches.get_many::<String>(&flag.name).into_iter().flatten();
    match flag.form {
        Form::Switch => Ok(Value::Bool(true)),
        Form::Word => word(field, texts().next().map_or("", String::as_str)),
        Form::Words => Ok(Value::List(texts().map(|text| word(field, text)).collect::<anyhow::Result<_>>()?)),
        Form::Items => Ok(Value::List(texts().map(|text| item(field, text)).collect::<anyhow::Result<_>>()?)),
        Form::File => {
            let Kind::Message(message) = field.kind() else { bail!("not a message") };
            let file = matches.get_one::<PathBuf>(&flag.name).context("a file is expected")?;
            let read = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
            Ok(Value::Message(json::parse_field(&message, field.name(), &read)?))
        }
    }
}

fn word(field: &FieldDescriptor, given: &str) -> anyhow::Result<Value> {
    match (field.kind(), given.strip_prefix('@')) {
        (Kind::String, Some(file)) if is_text_of_lines(field) => Ok(Value::String(input(file)?)),
        (Kind::Bytes, Some(file)) => {
            let bytes = std::fs::read(file).with_context(|| format!("reading {file}"))?;
            Ok(Value::Bytes(Sha256::digest(&bytes).to_vec().into()))
        }
        (Kind::Enum(_), _) => text::read(&field.kind(), &given.to_ascii_uppercase()),
        _ if schema::is_amount(field) => Ok(Value::I64(yuan::parse(given)?)),
        (kind, _) => text::read(&kind, given),
    }
}

/// One message of `name=value,name=value`.
fn item(field: &FieldDescriptor, given: &str) -> anyhow::Result<Value> {
    let Kind::Message(descriptor) = field.kind() else { bail!("not a message") };
    let mut message = DynamicMessage::new(descriptor.clone());
    for part in given.split(',') {
        let (name, value) = part.split_once('=').with_context(|| format!("{part:?} is not name=value"))?;
        let field = descriptor.fields().find(|field| schema::shown_name(field) == name);
        let field = field.with_context(|| format!("there is no {name}"))?;
        ensure!(!message.has_field(&field), "{name} is given twice");
        let value = if field.is_list() {
            Value::List(value.split('+').map(|part| word(&field, part)).collect::<anyhow::Result<_>>()?)
        } else {
            word(&field, value).with_context(|| name.to_owned())?
        };
        message.set_field(&field, value);
    }
    Ok(Value::Message(message))
}

fn set(message: &mut DynamicMessage, path: &[FieldDescriptor], value: Value) {
    match path {
        [] => {}
        [field] => message.set_field(field, value),
        [field, below @ ..] => {
            if let Value::Message(inner) = message.get_field_mut(field) {
                set(inner, below, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(method: &str, words: &[&str]) -> anyhow::Result<serde_json::Value> {
        let request = schema::method(method)?.input();
        let command = add_to(Command::new("v").no_binary_name(true), &request, &[], Lang::En)?;
        Ok(json::show(&read(&request, &command.try_get_matches_from(words)?)?))
    }

    #[test]
    fn a_request_is_made_of_flags() {
        let made = parse(
            "FundingService.RecordDonation",
            &[
                "--kind",
                "restricted",
                "--grant",
                "G-1",
                "--grant-doc-no",
                "捐字1号",
                "--grant-permitted-uses",
                "B95,B80",
                "--amount",
                "100000.00",
                "--date",
                "2018-06-06",
                "--evidence",
                "kind=BILL,doc_no=1,date=2018-06-06,pages=1",
                "--evidence",
                "kind=AGREEMENT",
            ],
        )
        .unwrap();
        assert_eq!(made["kind"], "RESTRICTED");
        assert_eq!(made["income"]["amount_fen"], 10_000_000);
        assert_eq!(made["income"]["date"], "2018-06-06");
        assert_eq!(made["income"]["grant"]["code"], "G-1");
        assert_eq!(made["income"]["grant"]["permitted_uses"], serde_json::json!(["B95", "B80"]));
        assert_eq!(made["income"]["evidence"][1]["kind"], "AGREEMENT");
        let lines = [
            "--year",
            "2018",
            "--total",
            "10.50",
            "--lines",
            "source=S2P,class=A,plan=COMP,amount=10.50,change=INCREASE",
        ];
        let made = parse("ProgramService.SetBudget", &lines).unwrap();
        assert_eq!(made["budget"]["lines"][0]["amount_fen"], 1_050);
    }

    #[test]
    fn both_times_are_given_by_two_flags_everywhere() {
        let ask = |method: &str, words: &[&str]| parse(method, words).unwrap();
        let made = ask("FundingService.ListGrants", &["--as-of", "2018-12-31", "--known-at", "7"]);
        assert_eq!((&made["as_of_date"], &made["known_at"]), (&"2018-12-31".into(), &7.into()));
        for (text, instant) in [
            // A day is known to its end, where the books are kept.
            ("2018-12-31", "2018-12-31T15:59:59.999999Z"),
            ("2019-01-01T08:00:00+08:00", "2019-01-01T00:00:00.000000Z"),
            ("2019-01-01T00:00:00.5Z", "2019-01-01T00:00:00.500000Z"),
        ] {
            let made = ask("AuditService.GetTrialBalance", &["--known-at", text]);
            assert_eq!((&made["known_at_time"], &made["known_at"]), (&instant.into(), &0.into()), "{text}");
        }
        for bad in ["2018-13-01", "yesterday", "-1", "7x", "2019-01-01T00:00:00"] {
            let error = parse("AuditService.GetTrialBalance", &[&format!("--known-at={bad}")]).unwrap_err();
            assert!(format!("{error:#}").contains("--known-at: "), "{bad}: {error:#}");
        }
        let reads = schema::methods()
            .into_iter()
            .filter(|name| schema::method(name).is_ok_and(|of| of.input().get_field_by_name("at_least").is_some()));
        for name in reads {
            let request = schema::method(&name).unwrap().input();
            for field in ["as_of_date", "known_at", "known_at_time"] {
                assert!(request.get_field_by_name(field).is_some(), "{name} has no {field}");
            }
        }
    }

    #[test]
    fn every_bad_flag_is_named_at_once() {
        let error = parse(
            "FundingService.RecordInterest",
            &["--amount", "1e5", "--date", "2018-13-01", "--evidence", "kind=BILL,colour=red"],
        );
        let error = format!("{:#}", error.unwrap_err());
        for part in ["--amount: an amount", "--date: there is no such day", "--evidence: there is no colour"] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_digest_may_be_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("slip");
        std::fs::write(&file, "abc").unwrap();
        let made =
            parse("SpendingService.RegisterBankTransaction", &["--slip-digest", &format!("@{}", file.display())])
                .unwrap();
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(made["transaction"]["slip_digest"], digest);
    }
}
