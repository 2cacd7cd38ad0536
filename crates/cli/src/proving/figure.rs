//! `earmark prove balance`, `earmark prove outflows`, and their check: proofs of figures, which are evidence files. What they hold is the
//! server's, how they are judged is `verify`'s.

use std::io::{IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, ensure};
use api::v1;
use client::ClientError;
use proof::Policy;
use prost_types::Timestamp;
use record::evidence::{MARK, Reader};
use record::{Day, Sequence};
use serde_json::{Value as Json, json};
use tonic::Streaming;
use verify::{Figure, Trusted, verify_file};

use super::{asking, date, failed};
use crate::config::Config;
use crate::fail::Misuse;
use crate::lang::Lang;
use crate::table::Sheet;
use crate::{text, verify as verifying, yuan};

/// Figures that are proven.
#[derive(Debug, clap::Subcommand)]
pub enum Figures {
    /// 余额：科目，可再按来源、依据、经管单位；写到标准输出 [A balance: of an account, of a source, grant, holder of it; to the standard output]
    Balance(BalanceArgs),
    /// 支出完整性：某来源在一段期间内的全部支出及其用途；写到标准输出 [Every outflow of a source in a period, and its use; to the standard output]
    Outflows(OutflowArgs),
}

/// `earmark prove balance`.
#[derive(Debug, clap::Args)]
pub struct BalanceArgs {
    /// 科目 [The account]
    account: String,
    /// 资金来源 [The source]
    #[arg(long, default_value = "")]
    source: String,
    /// 依据码，须连同来源 [Grant, under its source]
    #[arg(long, default_value = "")]
    grant: String,
    /// 经管单位，须连同依据码 [Holder, under its grant]
    #[arg(long, default_value = "")]
    holder: String,
    /// 凭证日期截至 [Vouchers dated on or before this day]
    #[arg(long, value_parser = day)]
    as_of_date: Option<Day>,
    /// 已知至序号或时刻；缺省为检查点的全部记录 [As known after this many records or at this time; unless given, all of the checkpoint]
    #[arg(long, value_name = "N|YYYY-MM-DD|RFC3339", value_parser = known)]
    known_at: Option<Known>,
    /// 检查点的记录数；缺省为已达法定见证的最新者，没有则为最新 [Records of the checkpoint; unless given the newest that meets the quorum, else the newest]
    #[arg(long, default_value_t = 0)]
    size: Sequence,
}

/// `earmark prove outflows`.
#[derive(Debug, clap::Args)]
pub struct OutflowArgs {
    /// 资金来源 [The source]
    source: String,
    /// 起始日期 [First voucher date]
    #[arg(long, value_parser = day)]
    from: Day,
    /// 截止日期 [Last voucher date]
    #[arg(long, value_parser = day)]
    to: Day,
    /// 用途码，全部支出应在其内 [Uses that all outflows should lie within]
    #[arg(long, value_delimiter = ',', required = true)]
    uses: Vec<String>,
    /// 已知至序号或时刻；缺省为检查点的全部记录 [As known after this many records or at this time; unless given, all of the checkpoint]
    #[arg(long, value_name = "N|YYYY-MM-DD|RFC3339", value_parser = known)]
    known_at: Option<Known>,
    /// 检查点的记录数；缺省为已达法定见证的最新者，没有则为最新 [Records of the checkpoint; unless given the newest that meets the quorum, else the newest]
    #[arg(long, default_value_t = 0)]
    size: Sequence,
}

/// What a figure is to be known by: a number of records, or a moment.
#[derive(Clone, Copy, Debug)]
enum Known {
    After(Sequence),
    By(Timestamp),
}

impl Known {
    /// The two fields that ask for it.
    fn fields(known: Option<Known>) -> (Sequence, Option<Timestamp>) {
        match known {
            None => (0, None),
            Some(Known::After(sequence)) => (sequence, None),
            Some(Known::By(time)) => (0, Some(time)),
        }
    }
}

fn known(text: &str) -> Result<Known, String> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().map(Known::After).map_err(|_| "a sequence".to_owned());
    }
    let instant = text::instant(text).map_err(|error| format!("{error:#}"))?;
    let nanos = i32::try_from(instant.timestamp_subsec_nanos()).map_err(|error| error.to_string())?;
    Ok(Known::By(Timestamp { seconds: instant.timestamp(), nanos }))
}

fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).map_err(|_| "a day, like 2018-07-31".to_owned())
}

/// Writes a proof to the standard output.
pub async fn prove(asked: &Figures, config: &Config, lang: Lang) -> anyhow::Result<()> {
    let out = std::io::stdout();
    ensure!(
        !out.is_terminal(),
        Misuse(anyhow::anyhow!(
            "{}",
            lang.pick("证明是二进制文件：请用 > 写入文件", "the proof is a binary file: write it to one with >")
        ))
    );
    let (book, client) = asking(config)?;
    match asked {
        Figures::Balance(args) => {
            let (known_at, known_at_time) = Known::fields(args.known_at);
            let request = v1::ProveBalanceRequest {
                book,
                account: args.account.clone(),
                source: args.source.clone(),
                grant: args.grant.clone(),
                holder: args.holder.clone(),
                as_of_date: args.as_of_date.map(date),
                known_at,
                known_at_time,
                size: args.size,
            };
            let stream = client.call(|transport| {
                let request = request.clone();
                async move { transport.proof().prove_balance(request).await }
            });
            written(stream.await.map_err(failed)?, |answer| answer.chunk).await
        }
        Figures::Outflows(args) => {
            let (known_at, known_at_time) = Known::fields(args.known_at);
            let request = v1::ProveOutflowsRequest {
                book,
                source: args.source.clone(),
                from: Some(date(args.from)),
                to: Some(date(args.to)),
                uses: args.uses.clone(),
                known_at,
                known_at_time,
                size: args.size,
            };
            let stream = client.call(|transport| {
                let request = request.clone();
                async move { transport.proof().prove_outflows(request).await }
            });
            written(stream.await.map_err(failed)?, |answer| answer.chunk).await
        }
    }
}

/// Takes a proof whole, and only then writes it: a stream that was cut short leaves nothing that looks like a proof.
async fn written<M>(mut stream: Streaming<M>, chunk: fn(M) -> Vec<u8>) -> anyhow::Result<()> {
    let mut file = Vec::new();
    while let Some(answer) = stream.message().await.map_err(|status| failed(ClientError::Status(Box::new(status))))? {
        file.extend(chunk(answer));
    }
    let mut reader = Reader::begin(&file[..]).context("the server's answer")?;
    while reader.next_frame().context("the server's answer")?.is_some() {}
    let mut out = std::io::stdout().lock();
    out.write_all(&file).and_then(|()| out.flush()).context("writing to the standard output")
}

/// Whether a file is an evidence file by its first bytes. The standard input is taken for a text.
pub fn is_evidence(file: &Path) -> anyhow::Result<bool> {
    if file == Path::new("-") {
        return Ok(false);
    }
    let mut first = [0; MARK.len()];
    let mut open = std::fs::File::open(file).with_context(|| format!("reading {}", file.display()))?;
    let read = std::io::Read::read_exact(&mut open, &mut first);
    Ok(read.is_ok() && first == *MARK)
}

/// Checks a proof of a figure. Nothing but the two files is asked.
pub fn verify(file: &Path, policy: Policy, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    let open = std::fs::File::open(file).with_context(|| file.display().to_string())?;
    let trusted = Trusted { policy: Some(policy), ..Trusted::default() };
    let report = verify_file(std::io::BufReader::new(open), trusted, |_, _| {});
    verifying::told(&report.with_context(|| file.display().to_string()).map_err(Misuse)?, lang, as_json)
}

/// A figure for programs.
pub fn to_json(figure: &Figure) -> Json {
    let rows = figure
        .rows
        .iter()
        .map(|row| json!({"use": row.use_code, "debit_fen": row.debit, "credit_fen": row.credit, "heads": row.heads}));
    json!({
        "kind": if figure.outflows { "outflows" } else { "balance" },
        "account": figure.account, "source": figure.source, "grant": figure.grant, "holder": figure.holder,
        "from": figure.from.map(|day| day.to_string()), "to": figure.to.map(|day| day.to_string()),
        "uses": figure.uses, "known_at": figure.known_at, "totals_at": figure.totals_at,
        "balance_fen": figure.balance(), "rows": rows.collect::<Vec<_>>(),
    })
}

/// A figure for people.
pub fn show(figure: &Figure, lang: Lang) {
    let named = [
        ("科目", "account", &figure.account),
        ("资金来源", "source", &figure.source),
        ("依据", "grant", &figure.grant),
        ("经管单位", "holder", &figure.holder),
    ];
    for (zh, en, code) in named.into_iter().filter(|(.., code)| !code.is_empty()) {
        println!("{}  {code}", lang.pick(zh, en));
    }
    if let Some(from) = figure.from {
        println!("{}  {from}", lang.pick("凭证日期自", "dated from"));
    }
    if let Some(to) = figure.to {
        println!("{}  {to}", lang.pick("凭证日期至", "dated to"));
    }
    println!("{}  {}", lang.pick("已知至记录", "as known at record"), figure.known_at);
    println!("{}  {}", lang.pick("所据合计承诺至记录", "from the sums committed at record"), figure.totals_at);
    let headings = [("用途", "use"), ("借方", "debit"), ("贷方", "credit"), ("人数", "heads")];
    let mut sheet = Sheet::new(headings.map(|(zh, en)| (lang.pick(zh, en), en != "use")));
    for row in &figure.rows {
        let name = if row.use_code.is_empty() { "-" } else { &row.use_code };
        sheet.row([name.to_owned(), yuan::show(row.debit), yuan::show(row.credit), row.heads.to_string()]);
    }
    print!("{}", sheet.text());
    if figure.outflows {
        println!("{}  {}", lang.pick("所称用途", "uses said"), figure.uses.join(", "));
    } else {
        let (side, fen) = (figure.balance(), figure.balance().saturating_abs());
        let side = if side < 0 { lang.pick("贷", "credit") } else { lang.pick("借", "debit") };
        println!("{}  {side} {}", lang.pick("余额", "balance"), yuan::show(fen));
    }
}
