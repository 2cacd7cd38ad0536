//! `earmark import history FILE`: entries dated before a book's first live day (补录), an event a row. The file must stand in the book as
//! registered, under an approval; each row goes to the method of its verb, as the caller who may ask it. Others run it too, each for what
//! is theirs, and a second person reviews with `--review`: the same file again takes up where it stopped and books nothing twice.

mod rows;

use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use api::v1;
use client::{Client, ClientError, Transport};
use prost_reflect::Value;
use serde_json::json;
use tonic::Code;

use crate::config::Config;
use crate::fail::Misuse;
use crate::lang::Lang;
use crate::{ask, fail, journal};
use rows::{History, Row};

/// `earmark import history`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// CSV 或电子表格文件 [CSV or spreadsheet file]
    file: PathBuf,
    /// 只检查文件，不报送；显示登记所需的摘要值、行数、起止日 [Only check the file; shows what to register]
    #[arg(long, conflicts_with = "review")]
    check: bool,
    /// 审核他人已报送的各行 [Approve the rows that another person submitted]
    #[arg(long)]
    review: bool,
}

/// How far a run came.
#[derive(Debug, Default)]
struct Progress {
    /// Taken effect now or before.
    posted: u64,
    /// Waiting for review.
    submitted: u64,
    /// Not the caller's to do: other roles', or not waiting for the caller's review.
    others: u64,
}

/// Runs `earmark import history`.
pub async fn run(args: &Args, config: &Config, as_json: bool) -> anyhow::Result<()> {
    let lang = config.lang()?;
    let history = rows::read(&args.file, lang).map_err(Misuse)?;
    if args.check {
        show_check(&history, lang, as_json);
        return Ok(());
    }
    let book = config.need("book").map_err(Misuse)?;
    let client = Client::connect(&config.client().map_err(Misuse)?)?;
    check_allowed(&client, book, &history).await?;
    let mut progress = Progress::default();
    let stopped = match args.review {
        true => review(&client, book, &history, &mut progress).await,
        false => send(&client, book, &history, config, &mut progress).await,
    };
    show_progress(&history, &progress, lang, as_json);
    stopped
}

fn show_check(history: &History, lang: Lang, as_json: bool) {
    let (from, to) = history.span();
    let (rows, digest) = (history.rows.len(), hex::encode(history.digest));
    if as_json {
        let shown = json!({"rows": rows, "digest": digest, "from": from.to_string(), "to": to.to_string()});
        println!("{shown}");
        return;
    }
    println!("{rows} {}  {from} .. {to}\n{digest}", lang.pick("行", "rows"));
    println!(
        "earmark history register CODE --digest {digest} --rows {rows} --from {from} --to {to} --approval APPROVAL --evidence ..."
    );
}

fn show_progress(history: &History, progress: &Progress, lang: Lang, as_json: bool) {
    let (rows, Progress { posted, submitted, others }) = (history.rows.len() as u64, progress);
    let left = rows.saturating_sub(posted + submitted + others);
    if as_json {
        println!("{}", json!({"rows": rows, "posted": posted, "submitted": submitted, "others": others, "left": left}));
        return;
    }
    match lang {
        Lang::Zh => println!("共 {rows} 行：已办 {posted}，待审核 {submitted}，非本人办理 {others}，未办 {left}"),
        Lang::En => {
            println!("{rows} rows: {posted} done, {submitted} to be reviewed, {others} not for you, {left} left")
        }
    }
}

/// The file is on record in the book with these rows and days, and all of it lies before the first live day.
async fn check_allowed(client: &Client, book: &str, history: &History) -> anyhow::Result<()> {
    let request = v1::GetBookRequest { book: book.to_owned(), ..Default::default() };
    let answer = call(client, request, |t, r| async move { t.book().get_book(r).await }).await.map_err(failed)?;
    let live = answer.book.and_then(|book| book.live_from).context("the book has no first live day")?;
    let live = chrono::NaiveDate::from_ymd_opt(live.year, live.month.try_into()?, live.day.try_into()?);
    let live = live.context("the book has no first live day")?;
    let late: Vec<String> = history
        .rows
        .iter()
        .filter(|row| row.date >= live)
        .map(|row| format!("row {}: {}", row.line, row.date))
        .collect();
    if !late.is_empty() {
        return Err(Misuse(anyhow::anyhow!(
            "these are not before the book's first live day {live}: {}",
            late.join("; ")
        ))
        .into());
    }
    let mut token = String::new();
    loop {
        let request = v1::ListHistoriesRequest { book: book.to_owned(), page_token: token, ..Default::default() };
        let page =
            call(client, request, |t, r| async move { t.voucher().list_histories(r).await }).await.map_err(failed)?;
        if let Some(found) = page.histories.iter().find(|found| found.digest == history.digest) {
            let rows = history.rows.len();
            ensure!(
                found.rows as usize == rows,
                "{} is registered with {} rows, the file has {rows}",
                found.code,
                found.rows
            );
            return Ok(());
        }
        if page.next_page_token.is_empty() {
            break;
        }
        token = page.next_page_token;
    }
    bail!(
        "the file is not registered in {book}: `earmark import history FILE --check` shows what to register, under a PARAM approval"
    )
}

/// A request that is made again while the server is unavailable.
async fn call<Q: Clone, R, F>(client: &Client, request: Q, ask: impl Fn(Transport, Q) -> F) -> Result<R, ClientError>
where
    F: Future<Output = Result<tonic::Response<R>, tonic::Status>>,
{
    client.call(|transport| ask(transport, request.clone())).await
}

fn failed(error: ClientError) -> ask::Failed {
    ask::Failed { error, context: fail::Context::default() }
}

/// Sends the rows in order: what the caller may not ask is left to others; the first that the rules do not take yet ends the run.
async fn send(
    client: &Client,
    book: &str,
    history: &History,
    config: &Config,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    let folder = config.journal()?;
    let noted = journal::noted(&folder)?;
    for row in &history.rows {
        let mut request = row.request.clone();
        request.set_field_by_name("book", Value::String(book.to_owned()));
        if !noted.contains(&row.request_id) {
            request.set_field_by_name("validate_only", Value::Bool(true));
            match ask::call(client, &row.method, &request).await {
                Ok(_) => {}
                Err(error) if is(&error, Code::PermissionDenied) => {
                    progress.others += 1;
                    continue;
                }
                Err(error) => return Err(stopped(row, error)),
            }
            request.set_field_by_name("validate_only", Value::Bool(false));
            request.set_field_by_name("request_id", Value::String(row.request_id.clone()));
            journal::note(&folder, row.method.full_name(), &crate::json::show(&request))?;
        }
        request.set_field_by_name("request_id", Value::String(row.request_id.clone()));
        match ask::call(client, &row.method, &request).await {
            Ok(answer) if is_submitted(&answer) => progress.submitted += 1,
            Ok(_) => progress.posted += 1,
            // Somebody else has keyed this row in.
            Err(error) if is(&error, Code::AlreadyExists) => progress.posted += 1,
            Err(error) if is(&error, Code::PermissionDenied) => progress.others += 1,
            Err(error) => return Err(stopped(row, error)),
        }
    }
    settle(client, book, history, progress).await
}

/// Of the rows that were submitted, those that wait no more have taken effect, or were sent back.
async fn settle(client: &Client, book: &str, history: &History, progress: &mut Progress) -> anyhow::Result<()> {
    if progress.submitted == 0 {
        return Ok(());
    }
    let waiting = submissions(client, book).await?;
    let still = history.rows.iter().filter(|row| waiting.contains_key(&row.request_id)).count() as u64;
    progress.posted += progress.submitted.saturating_sub(still);
    progress.submitted = progress.submitted.min(still);
    Ok(())
}

/// Approves what others submitted of the rows, in order.
async fn review(client: &Client, book: &str, history: &History, progress: &mut Progress) -> anyhow::Result<()> {
    let waiting = submissions(client, book).await?;
    for row in &history.rows {
        let Some(submission) = waiting.get(&row.request_id).filter(|found| found.reviewable) else {
            progress.others += 1;
            continue;
        };
        let verdict = v1::Verdict::Approve.into();
        let request = v1::ReviewCommandRequest {
            book: book.to_owned(),
            request_id: format!("{}-r{}", row.request_id, submission.submission),
            validate_only: false,
            review: Some(v1::CommandReview { submission: submission.submission, verdict, reason: String::new() }),
        };
        let answer = call(client, request, |t, r| async move { t.voucher().review_command(r).await }).await;
        answer.map_err(|error| stopped(row, error))?;
        progress.posted += 1;
    }
    Ok(())
}

/// What waits for review, by the request that submitted it.
async fn submissions(client: &Client, book: &str) -> anyhow::Result<HashMap<String, v1::Submission>> {
    let mut found = HashMap::new();
    let mut token = String::new();
    loop {
        let request = v1::ListSubmittedRequest { book: book.to_owned(), page_token: token, ..Default::default() };
        let page =
            call(client, request, |t, r| async move { t.voucher().list_submitted(r).await }).await.map_err(failed)?;
        found.extend(page.submissions.into_iter().map(|submission| (submission.request_id.clone(), submission)));
        if page.next_page_token.is_empty() {
            return Ok(found);
        }
        token = page.next_page_token;
    }
}

fn is(error: &ClientError, code: Code) -> bool {
    error.status().is_some_and(|status| status.code() == code)
}

/// The failure of a row, told with the row.
fn stopped(row: &Row, error: ClientError) -> anyhow::Error {
    let context = fail::Context { request_id: Some(row.request_id.clone()) };
    let place = format!("row {} ({}, {})", row.line, row.event, row.date);
    anyhow::Error::new(ask::Failed { error, context }).context(place)
}

fn is_submitted(answer: &prost_reflect::DynamicMessage) -> bool {
    let bytes = prost::Message::encode_to_vec(answer);
    let result = <v1::RecordApprovalResponse as prost::Message>::decode(bytes.as_slice()).ok().and_then(|a| a.result);
    matches!(result.and_then(|r| r.outcome), Some(v1::mutation_result::Outcome::Submitted(_)))
}
