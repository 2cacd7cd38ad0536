//! `earmark reconcile import FILE`: a statement is read whole and judged for form here, goes up in parts that count for nothing, and is
//! sealed: all of it or nothing. Sent again, it is the same requests, and counts once.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use api::v1;
use chrono::NaiveDate;
use client::{Client, ClientError};
use indicatif::{ProgressBar, ProgressStyle};
use ledger::{Ask, Caller, Language};
use record::Command;
use record::command::{StatementLine, UploadStatementChunk, lines_digest};
use record::kinds::{Direction, LineNature};
use sha2::{Digest, Sha256};
use tonic_types::StatusExt;

use super::faults::Faults;
use super::line::{Read, day};
use super::mapping::Mapping;
use super::{camt, table};
use crate::config::Config;
use crate::fail::Misuse;
use crate::lang::Lang;
use crate::{ask, fail, text, yuan};

/// Lines of one part of an upload; the ledger takes as many.
const LINES_PER_CHUNK: usize = 500;
/// Bytes of one part: with what frames them below the ledger's limit of a command.
const BYTES_PER_CHUNK: usize = 96 * 1024;
/// Bytes of a line beside its texts: lengths, day, amount, codes.
const BYTES_OF_LINE: usize = 40;
/// Earlier refusals of one and the same content that are passed over: nobody tries more often by hand.
const MAX_ATTEMPTS: u32 = 100;

/// `earmark reconcile import`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// 对账单文件：csv、xlsx、xls、ods，或 CAMT.053 的 xml [Statement: csv, xlsx, xls, ods, or xml of CAMT.053]
    file: PathBuf,
    /// 账户编号 [Code of the account]
    #[arg(long)]
    account: String,
    /// 列映射文件（toml 或 csv）；xml 不用 [Column mapping, toml or csv; none for xml]
    #[arg(long)]
    mapping: Option<PathBuf>,
    /// 对账单号；缺省为 账户.止日 [Code of the statement; ACCOUNT.LAST-DAY unless given]
    #[arg(long)]
    code: Option<String>,
    /// 起日；文件已载明的可不填 [First day that it covers, unless the file says: YYYY-MM-DD]
    #[arg(long)]
    from: Option<String>,
    /// 止日；文件已载明的可不填 [Last day that it covers, unless the file says: YYYY-MM-DD]
    #[arg(long)]
    to: Option<String>,
    /// 期初余额（元）；文件已载明的可不填 [Opening balance in yuan, unless the file says]
    #[arg(long)]
    opening: Option<String>,
    /// 期末余额（元）；文件已载明的可不填 [Closing balance in yuan, unless the file says]
    #[arg(long)]
    closing: Option<String>,
    /// 互助会收款清单：没有余额 [The association's list of what it received: it has no balances]
    #[arg(long, conflicts_with_all = ["opening", "closing"])]
    list: bool,
    /// 替换该账户最新的一份对账单 [Code of the account's newest statement, to take its place]
    #[arg(long, default_value = "")]
    replaces: String,
    /// 上传号；缺省由文件得出 [Code of the upload; made of the file unless given]
    #[arg(long)]
    upload: Option<String>,
    /// 只检查文件，不报送 [Only check the file; send nothing]
    #[arg(long)]
    check: bool,
}

/// A statement ready to go.
struct Ready {
    lines: Vec<StatementLine>,
    seal: v1::StatementSeal,
    masked: u64,
}

/// Runs `earmark reconcile import`.
pub async fn run(args: &Args, config: &Config, as_json: bool) -> anyhow::Result<()> {
    let lang = config.lang()?;
    let ready = ready(args, lang).map_err(Misuse)?;
    if args.check {
        show(&ready, None, lang, as_json);
        return Ok(());
    }
    let book = config.need("book").map_err(Misuse)?;
    let client = Client::connect(&config.client().map_err(Misuse)?)?;
    upload(&client, book, &ready, lang).await?;
    let seal = &ready.seal;
    let content = prost::Message::encode_to_vec(seal);
    for attempt in 0.. {
        let request = v1::ImportStatementRequest {
            book: book.to_owned(),
            request_id: name("statement", &content, attempt),
            validate_only: false,
            seal: Some(seal.clone()),
        };
        let sealed = client.call(|transport| {
            let request = request.clone();
            async move { transport.reconciliation().import_statement(request).await }
        });
        let Err(error) = sealed.await else { break };
        if !refused_before(&error) || attempt == MAX_ATTEMPTS {
            let context = fail::Context { request_id: Some(request.request_id) };
            return Err(ask::Failed { error, context }.into());
        }
    }
    let matched = matched(&client, book, seal).await?;
    show(&ready, Some(matched), lang, as_json);
    Ok(())
}

/// Reads and judges a file. Every fault of every row is told at once.
fn ready(args: &Args, lang: Lang) -> anyhow::Result<Ready> {
    let mut faults = Faults::default();
    let is_xml = args.file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xml"));
    let read = match (&args.mapping, is_xml) {
        (None, true) => camt::read(&args.file, lang, &mut faults)?,
        (Some(_), true) => anyhow::bail!("--mapping is for csv and spreadsheets: an xml file says itself what is what"),
        (None, false) => anyhow::bail!("--mapping is needed: which column is what"),
        (Some(mapping), false) => table::read(&args.file, &Mapping::read(mapping)?, lang, &mut faults)?,
    };
    let given = |text: &Option<String>| text.as_deref().map(text::parse_day).transpose();
    let from = given(&args.from)?.or(read.days.0).context("--from is needed: the file does not say its first day")?;
    let to = given(&args.to)?.or(read.days.1).context("--to is needed: the file does not say its last day")?;
    let sum = |direction| read.lines.iter().filter(|(_, l)| l.direction == direction).map(|(_, l)| l.fen).sum::<i64>();
    let (in_fen, out_fen) = (sum(Direction::In), sum(Direction::Out));
    let balance = |text: &Option<String>| text.as_deref().map(yuan::parse).transpose();
    let (opening, closing) = (balance(&args.opening)?.or(read.opening), balance(&args.closing)?.or(read.closing));
    let (opening, closing) = match (args.list, opening, closing) {
        (true, ..) => (0, 0),
        (false, Some(opening), Some(closing)) => (opening, closing),
        (false, opening, _) => {
            let missing = if opening.is_none() { "--opening" } else { "--closing" };
            anyhow::bail!("{missing} is needed: the file does not say the balance")
        }
    };
    if !args.list && opening + in_fen - out_fen != closing {
        let [opening, came_in, went_out, closing] = [opening, in_fen, out_fen, closing].map(yuan::show);
        faults.whole(match lang {
            Lang::Zh => format!("期初 {opening} + 收入 {came_in} - 支出 {went_out} ≠ 期末 {closing}"),
            Lang::En => format!("opening {opening} + in {came_in} - out {went_out} is not closing {closing}"),
        });
    }
    judge(&read, (from, to), lang, &mut faults)?;
    faults.ended(&args.file, lang)?;
    let bytes = std::fs::read(&args.file).with_context(|| format!("reading {}", args.file.display()))?;
    let file_digest = Sha256::digest(&bytes).to_vec();
    let code = args.code.clone().unwrap_or_else(|| format!("{}.{to}", args.account));
    let made = || format!("{code}.{}", &hex::encode(&file_digest)[..8]);
    let upload = if read.lines.is_empty() { String::new() } else { args.upload.clone().unwrap_or_else(made) };
    let lines: Vec<StatementLine> = read.lines.into_iter().map(|(_, line)| line).collect();
    let seal = v1::StatementSeal {
        upload,
        account: args.account.clone(),
        from: Some(date(from)),
        to: Some(date(to)),
        count: u32::try_from(lines.len())?,
        in_fen,
        out_fen,
        opening_fen: opening,
        closing_fen: closing,
        lines_digest: lines_digest(&lines).to_vec(),
        file_digest,
        replaces: args.replaces.clone(),
        code,
    };
    Ok(Ready { lines, seal, masked: read.masked })
}

/// What the ledger would say of single lines, and what only the file as a whole shows.
fn judge(read: &Read, (from, to): (NaiveDate, NaiveDate), lang: Lang, faults: &mut Faults) -> anyhow::Result<()> {
    let (from, to) = (day(from)?, day(to)?);
    let mut ids: HashMap<&str, u64> = HashMap::new();
    for (place, line) in &read.lines {
        if let Some(first) = ids.insert(&line.id, *place) {
            let words = match lang {
                Lang::Zh => format!("与第 {first} 行同号"),
                Lang::En => format!("stands on row {first} already"),
            };
            faults.row(*place, "id", &words);
        }
        if !(from..=to).contains(&line.date) {
            faults.row(*place, "date", &format!("{} {from}..{to}", lang.pick("不在期间内", "is not within")));
        }
    }
    let language = if lang == Lang::Zh { Language::Zh } else { Language::En };
    let caller = Caller { person: String::new(), key_id: [0; 8], signature: None };
    for part in parts(&read.lines, |(_, line)| line) {
        let lines = part.iter().map(|(_, line)| line.clone()).collect();
        let chunk = UploadStatementChunk { upload: "u".into(), account: "a".into(), first_row: 1, lines };
        let ask = Ask::new("b", caller.clone(), "r".into(), Command::UploadStatementChunk(chunk));
        for fault in ask.faults() {
            match place_of(&fault.field) {
                Some((at, column)) => {
                    let place = part.get(at).map_or(0, |(place, _)| *place);
                    faults.row(place, column, fault.text(language));
                }
                None => faults.whole(format!("{}: {}", fault.field, fault.text(language))),
            }
        }
    }
    Ok(())
}

/// Lines in parts that the ledger takes.
fn parts<T>(lines: &[T], line: impl Fn(&T) -> &StatementLine) -> Vec<&[T]> {
    let size = |line: &StatementLine| {
        let texts = [&line.id, &line.reference, &line.party, &line.party_no, &line.memo];
        BYTES_OF_LINE + texts.iter().map(|text| text.len()).sum::<usize>()
    };
    let (mut parts, mut begin, mut bytes) = (Vec::new(), 0, 0);
    for (at, item) in lines.iter().enumerate() {
        let more = size(line(item));
        if at - begin == LINES_PER_CHUNK || (at > begin && bytes + more > BYTES_PER_CHUNK) {
            parts.push(&lines[begin..at]);
            (begin, bytes) = (at, 0);
        }
        bytes += more;
    }
    if begin < lines.len() {
        parts.push(&lines[begin..]);
    }
    parts
}

/// The line and field of `lines[3].fen`.
fn place_of(field: &str) -> Option<(usize, &str)> {
    let (at, column) = field.strip_prefix("lines[")?.split_once(']')?;
    Some((at.parse().ok()?, column.trim_start_matches('.')))
}

fn date(date: NaiveDate) -> api::google::r#type::Date {
    use chrono::Datelike;
    let part = |number: u32| i32::try_from(number).unwrap_or_default();
    api::google::r#type::Date { year: date.year(), month: part(date.month()), day: part(date.day()) }
}

/// The request id of a content: the same content, the same id. A later attempt has another.
fn name(what: &str, content: &[u8], attempt: u32) -> String {
    let digest = Sha256::new().chain_update(attempt.to_be_bytes()).chain_update(content).finalize();
    format!("{what}-{}", &hex::encode(digest)[..32])
}

/// Whether this is the refusal of an earlier run, which its request id keeps for ever: what stood against it may be gone by now.
fn refused_before(error: &ClientError) -> bool {
    let details = error.status().map(StatusExt::get_error_details);
    let info = details.as_ref().and_then(|details| details.error_info());
    info.is_some_and(|info| info.metadata.get("replayed").is_some_and(|replayed| replayed == "true"))
}

fn line_of(line: &StatementLine) -> v1::StatementLine {
    let direction = if line.direction == Direction::In { v1::BankDirection::In } else { v1::BankDirection::Out };
    let nature = match line.nature {
        LineNature::Other => v1::LineNature::Other,
        LineNature::Interest => v1::LineNature::Interest,
        LineNature::Charge => v1::LineNature::Charge,
    };
    v1::StatementLine {
        id: line.id.clone(),
        date: Some(date(line.date.date())),
        direction: direction.into(),
        amount_fen: line.fen,
        nature: nature.into(),
        reference: line.reference.clone(),
        party: line.party.clone(),
        party_no: line.party_no.clone(),
        memo: line.memo.clone(),
    }
}

/// Uploads every part. A refused part does not keep the others from being judged, so that every faulty row is told; then nothing is
/// sealed.
async fn upload(client: &Client, book: &str, ready: &Ready, lang: Lang) -> anyhow::Result<()> {
    let bar = ProgressBar::new(ready.lines.len() as u64);
    let style = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len}  {per_sec}  {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut refused = Vec::new();
    let mut first_row = 1u32;
    for part in parts(&ready.lines, |line| line) {
        let chunk = v1::StatementChunk {
            upload: ready.seal.upload.clone(),
            account: ready.seal.account.clone(),
            first_row,
            lines: part.iter().map(line_of).collect(),
        };
        if let Err(failed) = upload_part(client, book, &chunk).await {
            match failed.error.status().filter(|status| status.code() == tonic::Code::FailedPrecondition) {
                Some(status) => refused.push(fail::show(status, &failed.context, lang)),
                None => return Err(failed.into()),
            }
        }
        first_row += u32::try_from(part.len())?;
        bar.inc(part.len() as u64);
    }
    bar.finish_and_clear();
    let said = lang.pick("对账单有行被拒，未封存", "lines of the statement were refused; it is not sealed");
    ensure!(refused.is_empty(), "{said}\n{}", refused.join("\n"));
    Ok(())
}

/// Uploads one part.
async fn upload_part(client: &Client, book: &str, chunk: &v1::StatementChunk) -> Result<(), ask::Failed> {
    let content = prost::Message::encode_to_vec(chunk);
    let mut attempt = 0;
    loop {
        let request = v1::UploadStatementChunkRequest {
            book: book.to_owned(),
            request_id: name("lines", &content, attempt),
            validate_only: false,
            chunk: Some(chunk.clone()),
        };
        let sent = client.call(|transport| {
            let request = request.clone();
            async move { transport.reconciliation().upload_statement_chunk(request).await }
        });
        let Err(error) = sent.await else { return Ok(()) };
        if !refused_before(&error) || attempt == MAX_ATTEMPTS {
            let context = fail::Context { request_id: Some(request.request_id) };
            return Err(ask::Failed { error, context });
        }
        attempt += 1;
    }
}

/// How many lines of the sealed statement ids have matched.
async fn matched(client: &Client, book: &str, seal: &v1::StatementSeal) -> anyhow::Result<u32> {
    let mut query = v1::ListStatementsRequest {
        book: book.to_owned(),
        account: seal.account.clone(),
        page_size: 1_000,
        ..Default::default()
    };
    loop {
        let asked = client.call(|transport| {
            let query = query.clone();
            async move { transport.reconciliation().list_statements(query).await }
        });
        let failed = |error| ask::Failed { error, context: fail::Context::default() };
        let page = asked.await.map_err(failed)?;
        let is = |statement: &v1::Statement| statement.seal.as_ref().is_some_and(|found| found.code == seal.code);
        if let Some(found) = page.statements.iter().find(|statement| is(statement)) {
            return Ok(found.matched);
        }
        ensure!(!page.next_page_token.is_empty(), "the statement was sealed and replaced since");
        query.page_token = page.next_page_token;
    }
}

fn show(ready: &Ready, matched: Option<u32>, lang: Lang, as_json: bool) {
    let seal = &ready.seal;
    let masked = ready.masked;
    if as_json {
        println!(
            "{}",
            serde_json::json!({"code": seal.code, "account": seal.account, "lines": seal.count, "in_fen": seal.in_fen,
                "out_fen": seal.out_fen, "opening_fen": seal.opening_fen, "closing_fen": seal.closing_fen,
                "lines_digest": hex::encode(&seal.lines_digest), "masked": masked, "matched": matched})
        );
        return;
    }
    let [came_in, went_out, opening, closing] =
        [seal.in_fen, seal.out_fen, seal.opening_fen, seal.closing_fen].map(yuan::show);
    match lang {
        Lang::Zh => println!(
            "{}：{} 行，期初 {opening}，收入 {came_in}，支出 {went_out}，期末 {closing} 元；隐去个人信息 {masked} 处",
            seal.code, seal.count
        ),
        Lang::En => println!(
            "{}: {} lines, opening {opening}, in {came_in}, out {went_out}, closing {closing} yuan; {masked} personal texts masked",
            seal.code, seal.count
        ),
    }
    if let Some(matched) = matched {
        let open = seal.count - matched.min(seal.count);
        match lang {
            Lang::Zh => {
                println!("按编号勾对 {matched} 行，未勾对 {open} 行：earmark reconcile unmatched {}", seal.account)
            }
            Lang::En => {
                println!("{matched} lines matched by ids, {open} open: earmark reconcile unmatched {}", seal.account)
            }
        }
    }
}

/// Reads and judges a file, for tests.
#[cfg(test)]
pub fn judged(
    file: &std::path::Path,
    args: &[&str],
    lang: Lang,
) -> anyhow::Result<(Vec<StatementLine>, v1::StatementSeal, u64)> {
    use clap::{Args as _, FromArgMatches};
    let command = Args::augment_args(clap::Command::new("import"));
    let file = file.display().to_string();
    let words = ["import", file.as_str()].into_iter().chain(args.iter().copied());
    let args = Args::from_arg_matches(&command.try_get_matches_from(words)?)?;
    let ready = ready(&args, lang)?;
    Ok((ready.lines, ready.seal, ready.masked))
}
