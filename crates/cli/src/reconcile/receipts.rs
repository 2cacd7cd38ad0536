//! `earmark reconcile receipts FILE.csv`: a collecting system's own list of receipts against the books. Nothing is recorded; it ends
//! with 1 where something differs.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use api::v1;
use chrono::Datelike;
use client::{Client, ClientError};
use v1::DifferenceKind;

use crate::config::Config;
use crate::csv::Reader;
use crate::fail::Misuse;
use crate::import::request_id_of_bill;
use crate::lang::Lang;
use crate::table::Sheet;
use crate::{ask, fail, text, yuan};

/// Receipts of one message.
const ITEMS_PER_MESSAGE: usize = 1_000;
/// Faults listed one by one; of more, the rest is counted.
const SHOWN_FAULTS: usize = 50;

/// `earmark reconcile receipts`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// 清单：CSV，UTF-8；列 request_id（或 bill_no）与 amount（元），其余列不看 [List: CSV in UTF-8 with columns request_id (or bill_no) and
    /// amount in yuan; others are not looked at]
    file: PathBuf,
    /// 来源系统的人员编号；缺省为本人 [Person code of the system; the caller unless given]
    #[arg(long, default_value = "")]
    system: String,
    /// 清单起日 [First day of receipt that the list covers: YYYY-MM-DD]
    #[arg(long)]
    from: Option<String>,
    /// 清单止日 [Last day of receipt that the list covers: YYYY-MM-DD]
    #[arg(long)]
    to: Option<String>,
}

/// Runs `earmark reconcile receipts`.
pub async fn run(args: &Args, config: &Config, as_json: bool) -> anyhow::Result<()> {
    let lang = config.lang()?;
    let book = config.need("book").map_err(Misuse)?;
    let items = read(&args.file, book).map_err(Misuse)?;
    let day = |text: &Option<String>| text.as_deref().map(day_of).transpose().map_err(Misuse);
    let head = v1::ReconcileRequest {
        book: book.to_owned(),
        system: args.system.clone(),
        from_date: day(&args.from)?,
        to_date: day(&args.to)?,
        items: Vec::new(),
    };
    let parts =
        items.chunks(ITEMS_PER_MESSAGE).map(|part| v1::ReconcileRequest { items: part.to_vec(), ..head.clone() });
    let messages: Vec<_> = std::iter::once(head.clone()).chain(parts).collect();
    let client = Client::connect(&config.client().map_err(Misuse)?)?;
    let failed = |error| ask::Failed { error, context: fail::Context::default() };
    let answers = client.call(|transport| {
        let messages = messages.clone();
        async move { transport.premium().reconcile(tokio_stream::iter(messages)).await }
    });
    let mut answers = answers.await.map_err(failed)?;
    let (mut differences, mut totals) = (Vec::new(), None);
    while let Some(answer) = answers.message().await.map_err(|status| failed(ClientError::Status(Box::new(status))))? {
        differences.extend(answer.differences);
        totals = answer.totals.or(totals);
    }
    let totals = totals.context("the answer has no totals")?;
    show(&differences, &totals, lang, as_json);
    ensure!(differences.is_empty(), lang.pick("清单与账面不符", "the list and the books differ").to_owned());
    Ok(())
}

fn day_of(text: &str) -> anyhow::Result<api::google::r#type::Date> {
    let day = text::parse_day(text)?;
    Ok(api::google::r#type::Date {
        year: day.year(),
        month: i32::try_from(day.month())?,
        day: i32::try_from(day.day())?,
    })
}

/// Reads the whole list; every fault of every row is told at once, before anything is sent.
fn read(file: &Path, book: &str) -> anyhow::Result<Vec<v1::ReconcileItem>> {
    let open = File::open(file).with_context(|| format!("opening {}", file.display()))?;
    let mut reader = Reader::new(BufReader::new(open));
    let (_, columns) = reader.row()?.with_context(|| format!("{} is empty", file.display()))?;
    let place = |name: &str| columns.iter().position(|column| column == name);
    let amount = place("amount").context("column amount is missing")?;
    let (by_id, by_bill) = (place("request_id"), place("bill_no"));
    ensure!(by_id.is_some() || by_bill.is_some(), "a column request_id or bill_no is needed");
    let (mut items, mut faults) = (Vec::new(), Vec::new());
    while let Some((line, cells)) = reader.row()? {
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).map_or("", String::as_str);
        let (id, bill) = (cell(by_id), cell(by_bill));
        let request_id = if id.is_empty() && !bill.is_empty() { request_id_of_bill(book, bill) } else { id.to_owned() };
        match yuan::parse(cell(Some(amount))) {
            Ok(amount_fen) if !request_id.is_empty() => items.push(v1::ReconcileItem { request_id, amount_fen }),
            Ok(_) => faults.push(format!("line {line}: request_id or bill_no is needed")),
            Err(error) => faults.push(format!("line {line}, amount: {error}")),
        }
    }
    if !faults.is_empty() {
        let more = faults.len().saturating_sub(SHOWN_FAULTS);
        faults.truncate(SHOWN_FAULTS);
        faults.extend((more > 0).then(|| format!("... {more}")));
        bail!("{}: nothing was sent\n{}", file.display(), faults.join("\n"));
    }
    Ok(items)
}

/// What a difference is called.
fn kind(difference: &v1::ReceiptDifference, lang: Lang) -> &'static str {
    match difference.kind() {
        DifferenceKind::Missing => lang.pick("账上没有", "missing"),
        DifferenceKind::Extra => lang.pick("清单没有", "extra"),
        DifferenceKind::Different => lang.pick("金额不符", "different"),
        DifferenceKind::Twice => lang.pick("清单重复", "twice"),
        DifferenceKind::Unspecified => "",
    }
}

fn show(differences: &[v1::ReceiptDifference], totals: &v1::ReconcileTotals, lang: Lang, as_json: bool) {
    if as_json {
        let shown = differences.iter().map(|d| {
            serde_json::json!({"kind": kind(d, Lang::En).to_uppercase(), "request_id": d.request_id, "listed_fen": d.listed_fen,
                "booked_fen": d.booked_fen, "voucher": d.voucher})
        });
        println!(
            "{}",
            serde_json::json!({"listed": totals.listed, "listed_fen": totals.listed_fen, "booked": totals.booked,
                "booked_fen": totals.booked_fen, "sequence": totals.sequence, "differences": shown.collect::<Vec<_>>()})
        );
        return;
    }
    if !differences.is_empty() {
        let mut sheet = Sheet::new([
            (lang.pick("差异", "difference"), false),
            (lang.pick("请求号", "request id"), false),
            (lang.pick("清单金额", "listed"), true),
            (lang.pick("账面金额", "booked"), true),
            (lang.pick("凭证", "voucher"), false),
        ]);
        for d in differences {
            let amounts = [yuan::show(d.listed_fen), yuan::show(d.booked_fen)];
            let [listed, booked] = amounts;
            sheet.row([kind(d, lang).to_owned(), d.request_id.clone(), listed, booked, d.voucher.clone()]);
        }
        print!("{}", sheet.text());
    }
    let (listed, booked) = (yuan::show(totals.listed_fen), yuan::show(totals.booked_fen));
    match lang {
        Lang::Zh => println!(
            "清单 {} 笔 {listed} 元；账面 {} 笔 {booked} 元；差异 {} 笔",
            totals.listed, totals.booked, totals.differences
        ),
        Lang::En => println!(
            "{} listed, {listed} yuan; {} booked, {booked} yuan; {} differ",
            totals.listed, totals.booked, totals.differences
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> anyhow::Result<Vec<v1::ReconcileItem>> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), text)?;
        read(file.path(), "b")
    }

    #[test]
    fn a_list_names_receipts_by_request_or_by_bill() {
        let items = list("bill_no,amount,request_id,x\n1,20.00,,\n2,20,r-2,\n").unwrap();
        assert_eq!(items[0].request_id, request_id_of_bill("b", "1"));
        assert_eq!((items[1].request_id.as_str(), items[1].amount_fen), ("r-2", 2_000));
    }

    #[test]
    fn all_faults_of_a_list_are_told() {
        let error = format!("{:#}", list("request_id,amount\n,20\nr,20.001\n").err().unwrap());
        assert!(
            error.contains("line 2") && error.contains("line 3, amount") && error.contains("nothing was sent"),
            "{error}"
        );
        assert!(list("amount\n20\n").is_err() && list("request_id\nr\n").is_err());
    }
}
