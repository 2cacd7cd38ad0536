//! The rows of a file of historical entries as requests: a verb and its flags each. Everything wrong with any row and column is told at
//! once.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use chrono::NaiveDate;
use clap::Command;
use prost_reflect::{DynamicMessage, Kind, MethodDescriptor, Value};
use sha2::{Digest, Sha256};

use crate::lang::Lang;
use crate::verbs::{VERBS, Verb};
use crate::{flags, grid, schema};

/// The column that names the verb.
const EVENT: &str = "event";
/// Flags of every verb that a file does not give: they are the program's own.
const NOT_COLUMNS: [&str; 3] = ["request-id", "validate-only", "from-json"];
/// Fields that hold the date of an event, the first of them that its message has.
const DATES: [&str; 7] = ["date", "received_on", "meeting_on", "submitted_on", "reviewed_on", "confirmed_on", "as_of"];
/// Rows of a file at most; the ledger registers no larger one.
const MAX_ROWS: usize = 10_000;
/// Faults listed one by one; of more, the rest is counted.
const SHOWN_FAULTS: usize = 50;

/// A row as a request.
pub struct Row {
    /// Row of the file.
    pub line: u64,
    /// Words of its verb.
    pub event: &'static str,
    /// The method that takes it.
    pub method: MethodDescriptor,
    /// The request, without book and request id.
    pub request: DynamicMessage,
    /// The date that it bears.
    pub date: NaiveDate,
    /// Its request id: made of the file's digest and the row, so that the same file books nothing twice.
    pub request_id: String,
}

/// A file of historical entries.
pub struct History {
    /// SHA-256 of the file.
    pub digest: [u8; 32],
    /// Its rows, in order.
    pub rows: Vec<Row>,
}

impl History {
    /// Earliest and latest date.
    pub fn span(&self) -> (NaiveDate, NaiveDate) {
        let dates = self.rows.iter().map(|row| row.date);
        (dates.clone().min().unwrap_or_default(), dates.max().unwrap_or_default())
    }
}

/// Reads a file; every fault of every row and column is told at once.
pub fn read(file: &Path, lang: Lang) -> anyhow::Result<History> {
    let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    let mut lines = grid::read(file)?.into_iter();
    let is_empty = |cells: &[String]| cells.iter().all(|cell| cell.trim().is_empty());
    let head = lines.find(|(_, cells)| !is_empty(cells));
    let (_, head) = head.with_context(|| format!("{} is empty", file.display()))?;
    let columns: Vec<String> = head.iter().map(|name| name.trim().to_ascii_lowercase().replace('_', "-")).collect();
    ensure!(columns.iter().any(|name| name == EVENT), "{}: column {EVENT} is missing", file.display());
    let mut reader = Reader { columns, verbs: HashMap::new(), prefix: hex::encode(digest), lang };
    let (mut rows, mut faults) = (Vec::new(), reader.columns_twice());
    for (line, cells) in lines.filter(|(_, cells)| !is_empty(cells)) {
        match reader.row(line, &cells) {
            Ok(row) => rows.push(row),
            Err(of_row) => faults.extend(of_row.into_iter().map(|fault| format!("row {line}, {fault}"))),
        }
    }
    if rows.is_empty() && faults.is_empty() {
        faults.push("there are no rows".to_owned());
    }
    if rows.len() > MAX_ROWS {
        faults.push(format!("{} rows are more than {MAX_ROWS}: split the file by month", rows.len()));
    }
    if !faults.is_empty() {
        let count = faults.len();
        faults.truncate(SHOWN_FAULTS);
        if count > SHOWN_FAULTS {
            faults.push(format!("... {}", count - SHOWN_FAULTS));
        }
        let head = match lang {
            Lang::Zh => format!("{}：{count} 处有误，未报送任何一行", file.display()),
            Lang::En => format!("{}: {count} faults; nothing was sent", file.display()),
        };
        bail!("{head}\n{}", faults.join("\n"));
    }
    Ok(History { digest, rows })
}

/// The verb of an event, its method, and the command that reads its flags.
struct Known {
    verb: &'static Verb,
    method: MethodDescriptor,
    command: Command,
}

struct Reader {
    columns: Vec<String>,
    verbs: HashMap<String, Known>,
    prefix: String,
    lang: Lang,
}

impl Reader {
    fn columns_twice(&self) -> Vec<String> {
        let twice = self
            .columns
            .iter()
            .enumerate()
            .filter(|(i, name)| !name.is_empty() && self.columns.iter().take(*i).any(|other| other == *name));
        twice.map(|(_, name)| format!("column {name} stands twice")).collect()
    }

    fn row(&mut self, line: u64, cells: &[String]) -> Result<Row, Vec<String>> {
        let given: Vec<(String, String)> = self
            .columns
            .iter()
            .zip(cells)
            .map(|(name, cell)| (name.clone(), cell.trim().to_owned()))
            .filter(|(_, cell)| !cell.is_empty())
            .collect();
        let mut faults = Vec::new();
        if cells.iter().skip(self.columns.len()).any(|cell| !cell.trim().is_empty()) {
            faults.push("a value stands behind the last column".to_owned());
        }
        let event = given.iter().find(|(name, _)| name == EVENT).map(|(_, cell)| cell.clone());
        let Some(event) = event else { return Err(with(faults, "event: a verb is needed")) };
        let prefix = self.prefix.clone();
        let known = self.known(&event).map_err(|error| with(faults.clone(), &format!("event: {error:#}")))?;
        let mut words = Vec::new();
        for (name, cell) in given.iter().filter(|(name, _)| name != EVENT) {
            match known.command.get_arguments().find(|arg| arg.get_id() == name.as_str()) {
                _ if NOT_COLUMNS.contains(&name.as_str()) => faults.push(format!("{name}: is not a column")),
                None => faults.push(format!("{name}: {event} has no such flag")),
                Some(arg) => words.extend(flag(arg, name, cell).unwrap_or_else(|fault| {
                    faults.push(fault);
                    Vec::new()
                })),
            }
        }
        let matches = known.command.clone().try_get_matches_from(&words).map_err(|error| {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            with(faults.clone(), &first)
        })?;
        let request = flags::read(&known.method.input(), &matches);
        let request = request.map_err(|error| {
            let told = format!("{error:#}");
            faults
                .iter()
                .cloned()
                .chain(told.lines().map(|l| l.trim_start_matches("--").to_owned()))
                .collect::<Vec<_>>()
        })?;
        let Some(date) = date_of(&request) else { return Err(with(faults, "date: a day is needed")) };
        if !faults.is_empty() {
            return Err(faults);
        }
        let short: String = prefix.chars().take(24).collect();
        let request_id = format!("bl-{short}-{line}");
        Ok(Row { line, event: known.verb.words, method: known.method.clone(), request, date, request_id })
    }

    /// The verb of an event: one that changes the books and bears a date of its own.
    fn known(&mut self, event: &str) -> anyhow::Result<&Known> {
        let words = event.split_whitespace().collect::<Vec<_>>().join(" ");
        if !self.verbs.contains_key(&words) {
            let verb = VERBS.iter().find(|verb| verb.words == words && verb.fixed.is_none());
            let verb = verb.with_context(|| format!("{words:?} is no verb"))?;
            let method = schema::method(verb.method)?;
            let input = method.input();
            let dated = flags::is_mutation(&input) && has_date(&input);
            ensure!(dated, "{words} is no event with a date of its own");
            let command = flags::add_to(Command::new("row").no_binary_name(true), &input, &[], self.lang)?;
            self.verbs.insert(words.clone(), Known { verb, method, command });
        }
        self.verbs.get(&words).context("a verb just found")
    }
}

fn with(mut faults: Vec<String>, more: &str) -> Vec<String> {
    faults.push(more.to_owned());
    faults
}

/// The words of a cell: a flag and its value, items apart by semicolons; a switch takes true alone.
fn flag(arg: &clap::Arg, name: &str, cell: &str) -> Result<Vec<String>, String> {
    let flag = format!("--{name}");
    if matches!(arg.get_action(), clap::ArgAction::SetTrue) {
        return match cell {
            "true" | "TRUE" | "是" => Ok(vec![flag]),
            "false" | "FALSE" | "否" => Ok(Vec::new()),
            _ => Err(format!("{name}: true or false is expected")),
        };
    }
    let items = matches!(arg.get_action(), clap::ArgAction::Append) && arg.get_value_delimiter().is_none();
    let values: Vec<&str> = if items { cell.split(';').map(str::trim).collect() } else { vec![cell] };
    Ok(values.into_iter().filter(|value| !value.is_empty()).map(|value| format!("{flag}={value}")).collect())
}

/// Whether a request's content has a date of its own.
fn has_date(request: &prost_reflect::MessageDescriptor) -> bool {
    request.fields().any(|field| match field.kind() {
        Kind::Message(of) if of.full_name() == schema::DATE => DATES.contains(&field.name()),
        Kind::Message(of) if !field.is_list() && of.full_name().starts_with("earmark.v1.") => {
            of.fields().any(|below| DATES.contains(&below.name()))
        }
        _ => false,
    })
}

/// The date that a request bears.
fn date_of(request: &DynamicMessage) -> Option<NaiveDate> {
    let contents = request.fields().filter_map(|(_, value)| match value {
        Value::Message(content) => Some(content),
        _ => None,
    });
    contents.into_iter().find_map(|content| {
        let found = DATES.iter().find_map(|name| {
            let field = content.descriptor_field(name)?;
            content.has_field(&field).then(|| content.get_field(&field).into_owned())
        })?;
        crate::text::parse_day(&crate::text::of_message(found.as_message()?)?).ok()
    })
}

/// Looks a field up by name.
trait FieldByName {
    fn descriptor_field(&self, name: &str) -> Option<prost_reflect::FieldDescriptor>;
}

impl FieldByName for DynamicMessage {
    fn descriptor_field(&self, name: &str) -> Option<prost_reflect::FieldDescriptor> {
        prost_reflect::ReflectMessage::descriptor(self).get_field_by_name(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(text: &str) -> anyhow::Result<History> {
        let file = tempfile::Builder::new().suffix(".csv").tempfile()?;
        std::fs::write(file.path(), text)?;
        read(file.path(), Lang::En)
    }

    #[test]
    fn a_row_is_a_verb_and_its_flags() {
        let text = "event,id,account,direction,amount,date,settlement,currency,kind,grant,bank_txn,evidence\n\
            bank-transaction register,TX-1,SPECIAL,IN,100000.00,2018-06-06,TRANSFER,CNY,,,,\n\
            record donation,,,,100000,2018-06-06,,,RESTRICTED,JZ-1,TX-1,\"kind=BILL,doc_no=1;kind=AGREEMENT\"\n";
        let history = judged(text).unwrap();
        assert_eq!(history.rows.len(), 2);
        let [first, second] = history.rows.as_slice() else { panic!("two rows") };
        assert_eq!((first.line, first.event), (2, "bank-transaction register"));
        assert_eq!(second.method.name(), "RecordDonation");
        let shown = crate::json::show(&second.request);
        assert_eq!(shown["income"]["amount_fen"], 10_000_000);
        assert_eq!(shown["income"]["evidence"][1]["kind"], "AGREEMENT");
        assert_eq!(history.span().0.to_string(), "2018-06-06");
        assert!(first.request_id.starts_with("bl-") && first.request_id.len() <= 64);
        assert_ne!(first.request_id, second.request_id);
    }

    #[test]
    fn all_faults_of_all_rows_are_told_at_once() {
        let text = "event,amount,date,colour,date\n\
            record interest,1e5,2018-13-01,,\n\
            record gold,1,2018-06-06,,\n\
            close year,,2018-06-06,,\n\
            record interest,1,2018-06-06,red,\n\
            ,1,2018-06-06,,\n\
            record interest,1,,,\n";
        let error = format!("{:#}", judged(text).err().unwrap());
        for part in [
            "column date stands twice",
            "row 2, amount: an amount",
            "row 2, date: there is no such day",
            "row 3, event: \"record gold\" is no verb",
            "row 4, event: close year is no event with a date of its own",
            "row 5, colour: record interest has no such flag",
            "row 6, event: a verb is needed",
            "row 7, date: a day is needed",
            "nothing was sent",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
}
