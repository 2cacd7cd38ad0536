//! `earmark import receipts FILE.csv`: premium receipts of a file, in one stream; historical entries are `history`'s. The whole file is
//! read and judged for form first; nothing is sent before every row is well formed. Sent again, it books nothing twice: a row's request id
//! is made of book and bill number.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use api::v1;
use chrono::Datelike;
use client::Client;
use indicatif::{ProgressBar, ProgressStyle};
use prost_reflect::{Kind, Value};
use serde_json::json;
use sha2::{Digest, Sha256};
use v1::premium_receipt_answer::Answer;

use crate::config::Config;
use crate::csv::Reader;
use crate::fail::Misuse;
use crate::lang::Lang;
use crate::{ask, fail, schema, text, yuan};

/// Columns that there must be, and those that may be left out. Amounts in yuan. Any other column is an error: a roster with persons in
/// it is not for the ledger.
const NEEDED: [&str; 8] = ["holder", "payer", "batch", "heads", "unit", "amount", "received_on", "bill_no"];
const OPTIONAL: [&str; 4] = ["custody", "bank_txn", "source_seq", "request_id"];
/// Faults listed one by one; of more, the rest is counted.
const SHOWN_FAULTS: usize = 50;

/// `earmark import`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// 代收收款：CSV，UTF-8，金额为元；列 holder,payer,batch,heads,unit,amount,received_on,bill_no，可选
    /// custody,bank_txn,source_seq,request_id [Premium receipts: CSV in UTF-8, amounts in yuan; columns
    /// holder,payer,batch,heads,unit,amount,received_on,bill_no and, if wanted, custody,bank_txn,source_seq,request_id]
    Receipts {
        /// CSV文件 [CSV file]
        file: PathBuf,
        /// 只检查文件，不报送 [Only check the file; send nothing]
        #[arg(long)]
        check: bool,
    },
    /// 补录：CSV 或 xlsx，一行一项业务；列 event 为命令（如 record donation），其余列为该命令的参数名 [Historical entries: CSV or xlsx, an
    /// event a row; column event is a verb (record donation ...), the others are flags of it]
    History(crate::history::Args),
}

/// Runs `earmark import`.
pub async fn run(args: &Args, config: &Config, as_json: bool) -> anyhow::Result<()> {
    let (file, check) = match &args.what {
        What::Receipts { file, check } => (file, check),
        What::History(history) => return crate::history::run(history, config, as_json).await,
    };
    let lang = config.lang()?;
    let book = config.need("book").map_err(Misuse)?;
    let rows = judge(file, book, lang).map_err(Misuse)?;
    if *check {
        let total = yuan::show(rows.fen);
        match as_json {
            true => println!("{}", json!({"rows": rows.count, "total_fen": rows.fen})),
            false => {
                println!("{} {} {} {total}", rows.count, lang.pick("行，合计", "rows, total"), lang.pick("元", "yuan"))
            }
        }
        return Ok(());
    }
    let client = Client::connect(&config.client().map_err(Misuse)?)?;
    let bar = progress(rows.count);
    let mut refused: Vec<(String, tonic::Status)> = Vec::new();
    let items = read(file, book)?.filter_map(Result::ok).map(|(_, item)| item);
    let posted = client.post_receipts(book, items, |answer| {
        bar.inc(1);
        if let Some(Answer::Error(error)) = answer.answer {
            let details = prost::Message::encode_to_vec(&error).into();
            refused.push((answer.request_id, tonic::Status::with_details(error.code.into(), error.message, details)));
        }
    });
    let progress = posted.await.map_err(|error| ask::Failed { error, context: fail::Context::default() })?;
    bar.finish_and_clear();
    report(progress, &refused, lang, as_json);
    ensure!(
        refused.is_empty(),
        lang.pick("部分收款被拒，其余已入账", "some receipts were refused; the others are booked").to_owned()
    );
    Ok(())
}

fn progress(count: u64) -> ProgressBar {
    let bar = ProgressBar::new(count);
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len}  {per_sec}  {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn report(progress: client::Progress, refused: &[(String, tonic::Status)], lang: Lang, as_json: bool) {
    if as_json {
        let failures = refused.iter().map(|(id, status)| {
            let context = fail::Context { request_id: Some(id.clone()) };
            fail::to_json(status, &context)["error"].clone()
        });
        let failures: Vec<_> = failures.collect();
        println!(
            "{}",
            json!({"posted": progress.posted, "replayed": progress.replayed, "failed": progress.failed,
                "resumed": progress.resumed, "failures": failures})
        );
        return;
    }
    let (posted, replayed, failed) = (progress.posted, progress.replayed, progress.failed);
    match lang {
        Lang::Zh => println!("已入账 {posted}（其中早先已入账 {replayed}），被拒 {failed}"),
        Lang::En => println!("{posted} booked ({replayed} of them before), {failed} refused"),
    }
    for (id, status) in refused.iter().take(SHOWN_FAULTS) {
        println!("{id}  {}", fail::show(status, &fail::Context::default(), lang));
    }
    if refused.len() > SHOWN_FAULTS {
        println!("... {}", refused.len() - SHOWN_FAULTS);
    }
}

/// What a file holds.
struct Rows {
    count: u64,
    fen: i64,
}

/// Reads the whole file; every fault of every row and column is told at once.
fn judge(file: &Path, book: &str, lang: Lang) -> anyhow::Result<Rows> {
    let mut rows = Rows { count: 0, fen: 0 };
    let mut faults = Vec::new();
    let mut ids = std::collections::HashMap::new();
    for row in read(file, book)? {
        match row {
            Ok((line, item)) => {
                if let Some(first) = ids.insert(item.request_id, line) {
                    faults.push(format!("line {line}: bill_no or request_id stands on line {first} already"));
                }
                rows.count += 1;
                rows.fen = rows.fen.saturating_add(item.receipt.map_or(0, |receipt| receipt.amount_fen));
            }
            Err(of_row) => faults.extend(of_row),
        }
    }
    if !faults.is_empty() {
        let more = faults.len().saturating_sub(SHOWN_FAULTS);
        let count = faults.len();
        faults.truncate(SHOWN_FAULTS);
        if more > 0 {
            faults.push(format!("... {more}"));
        }
        let head = match lang {
            Lang::Zh => format!("{}：{count} 处有误，未报送任何一行", file.display()),
            Lang::En => format!("{}: {count} faults; nothing was sent", file.display()),
        };
        bail!("{head}\n{}", faults.join("\n"));
    }
    ensure!(rows.count > 0, "{}: there are no rows", file.display());
    Ok(rows)
}

/// A row's request with its line, or everything that is wrong with it.
type Read = Result<(u64, v1::PremiumReceiptItem), Vec<String>>;

/// The rows of a file, one by one.
fn read(file: &Path, book: &str) -> anyhow::Result<impl Iterator<Item = Read> + use<>> {
    let open = File::open(file).with_context(|| format!("opening {}", file.display()))?;
    let mut reader = Reader::new(BufReader::new(open));
    let (_, columns) = reader.row()?.with_context(|| format!("{} is empty", file.display()))?;
    check_columns(&columns).with_context(|| format!("{}, line 1", file.display()))?;
    let book = book.to_owned();
    let mut broken = false;
    Ok(std::iter::from_fn(move || {
        if broken {
            return None;
        }
        match reader.row() {
            Ok(row) => row.map(|(line, cells)| receipt(&book, line, &columns, &cells).map(|item| (line, item))),
            Err(error) => {
                broken = true;
                Some(Err(vec![error.to_string()]))
            }
        }
    }))
}

fn check_columns(columns: &[String]) -> anyhow::Result<()> {
    let mut faults = Vec::new();
    for needed in NEEDED.iter().filter(|needed| !columns.iter().any(|column| column == *needed)) {
        faults.push(format!("column {needed} is missing"));
    }
    for (i, column) in columns.iter().enumerate() {
        if !NEEDED.contains(&column.as_str()) && !OPTIONAL.contains(&column.as_str()) {
            faults.push(format!("column {} ({column}) is not one of a receipt's", i + 1));
        }
        if columns.iter().take(i).any(|other| other == column) {
            faults.push(format!("column {column} stands twice"));
        }
    }
    ensure!(faults.is_empty(), "{}", faults.join("; "));
    Ok(())
}

/// One row as a request.
fn receipt(book: &str, line: u64, columns: &[String], cells: &[String]) -> Result<v1::PremiumReceiptItem, Vec<String>> {
    if cells.len() != columns.len() {
        return Err(vec![format!("line {line}: {} values for {} columns", cells.len(), columns.len())]);
    }
    let mut row = Row { line, columns, cells, faults: Vec::new() };
    let receipt = v1::PremiumReceipt {
        holder: row.text("holder", true),
        payer: row.choice("payer", "", "PremiumReceipt"),
        batch: row.text("batch", true),
        heads: row.number("heads"),
        unit_fen: row.amount("unit"),
        amount_fen: row.amount("amount"),
        received_on: row.day("received_on"),
        custody: row.choice("custody", "COLLECTOR", "PremiumReceipt"),
        bill_no: row.text("bill_no", true),
        bank_txn: row.text("bank_txn", false),
        source_seq: row.number("source_seq"),
    };
    let given = row.text("request_id", false);
    if !row.faults.is_empty() {
        return Err(row.faults);
    }
    let request_id = if given.is_empty() { request_id_of_bill(book, &receipt.bill_no) } else { given };
    Ok(v1::PremiumReceiptItem { request_id, receipt: Some(receipt) })
}

/// The request id of a row that names none: made of book and bill number, so that the file sent again books nothing twice.
pub fn request_id_of_bill(book: &str, bill_no: &str) -> String {
    let digest = hex::encode(Sha256::digest(format!("{book}\0{bill_no}")));
    format!("csv-{}", digest.chars().take(32).collect::<String>())
}

struct Row<'a> {
    line: u64,
    columns: &'a [String],
    cells: &'a [String],
    faults: Vec<String>,
}

impl Row<'_> {
    fn cell(&self, column: &str) -> &str {
        let at = self.columns.iter().position(|found| found == column);
        at.and_then(|at| self.cells.get(at)).map_or("", String::as_str)
    }

    fn fault(&mut self, column: &str, words: impl std::fmt::Display) {
        self.faults.push(format!("line {}, {column}: {words}", self.line));
    }

    fn text(&mut self, column: &str, needed: bool) -> String {
        let value = self.cell(column).to_owned();
        if needed && value.is_empty() {
            self.fault(column, "a value is needed");
        }
        value
    }

    fn amount(&mut self, column: &str) -> i64 {
        yuan::parse(self.cell(column)).unwrap_or_else(|error| {
            self.fault(column, error);
            0
        })
    }

    fn number<T: std::str::FromStr + Default>(&mut self, column: &str) -> T {
        let value = self.cell(column);
        if value.is_empty() && !NEEDED.contains(&column) {
            return T::default();
        }
        let digits = value.bytes().all(|b| b.is_ascii_digit());
        match value.parse() {
            Ok(number) if digits => number,
            _ => {
                self.fault(column, "a whole number of digits alone is expected");
                T::default()
            }
        }
    }

    fn day(&mut self, column: &str) -> Option<api::google::r#type::Date> {
        match text::parse_day(self.cell(column)) {
            Ok(day) => {
                let date = api::google::r#type::Date {
                    year: day.year(),
                    month: i32::try_from(day.month()).unwrap_or_default(),
                    day: i32::try_from(day.day()).unwrap_or_default(),
                };
                Some(date)
            }
            Err(error) => {
                self.fault(column, error);
                None
            }
        }
    }

    /// The number of an enum value of a message's field of this name.
    fn choice(&mut self, column: &str, default: &str, message: &str) -> i32 {
        let value = if self.cell(column).is_empty() { default } else { self.cell(column) };
        let field = schema::message(message).ok().and_then(|message| message.get_field_by_name(column));
        let kind = field.map_or(Kind::Int32, |field| field.kind());
        match text::read(&kind, value) {
            Ok(Value::EnumNumber(number)) => number,
            Ok(_) => 0,
            Err(error) => {
                self.fault(column, error);
                0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "holder,payer,batch,heads,unit,amount,received_on,bill_no\n";

    fn judged(text: &str) -> anyhow::Result<Rows> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), text)?;
        judge(file.path(), "b", Lang::En)
    }

    #[test]
    fn a_file_is_read_row_by_row() {
        let rows = judged(&format!(
            "{HEAD}GZ,MEMBER,A-1,500,20,10000.00,2018-10-31,1\nGZ,UNIT_UNION,A-1,1,20.00,20,2018-10-31,2\n"
        ));
        let rows = rows.unwrap();
        assert_eq!((rows.count, rows.fen), (2, 1_002_000));
    }

    #[test]
    fn all_faults_of_all_rows_are_told_at_once() {
        let rows = [
            "GZ,NOBODY,A-1,5e2,20,1_000,2018-10-31,1",
            ",MEMBER,A-1,1,20,20.001,31.10.2018,2",
            "GZ",
            "GZ,MEMBER,A-1,1,20,20,2018-10-31,2",
            "GZ,MEMBER,A-1,1,20,20,2018-10-31,2",
        ];
        let text = format!("{HEAD}{}\n", rows.join("\n"));
        let error = format!("{:#}", judged(&text).err().unwrap());
        for part in [
            "line 2, payer",
            "line 2, heads",
            "line 2, amount",
            "line 3, holder",
            "line 3, amount",
            "line 3, received_on",
            "line 4: 1 values",
            "line 6: bill_no",
            "nothing was sent",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[test]
    fn a_roster_is_not_for_the_ledger() {
        let error =
            format!("{:#}", judged("holder,payer,batch,heads,unit,amount,received_on,身份证号\n").err().unwrap());
        assert!(error.contains("身份证号") && error.contains("bill_no is missing"), "{error}");
    }
}
