//! `earmark roster`: enrolment forms become tokens here and nowhere else. The roster is read on this machine; what leaves it are tokens,
//! counts, sums and digests. No message, file or request holds a name, a number, a phone or a word of health.

mod identity;
mod key;
mod sheet;

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use api::v1;
use chrono::NaiveDate;
use client::Client;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::fail::Misuse;
use crate::lang::Lang;
use crate::{ask, fail, text, yuan};
use identity::Identity;
use key::{Key, TOKEN_BYTES};
use sheet::{Column, Row};

/// Rows of one part of an upload; the ledger takes as many.
const ROWS_PER_CHUNK: usize = 4_000;

/// `earmark roster`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// 生成年度令牌密钥，只在本机保存；显示须登记的密钥名与校验值 [Make a year's token key, kept on this machine alone; shows what to
    /// register]
    Key {
        /// 年度 [Programme year]
        year: u32,
        /// 密钥名 [Name of the key]
        key_id: String,
        /// 新密钥文件 [New key file]
        #[arg(long)]
        out: PathBuf,
    },
    /// 读报名表（附件2，xlsx、xls、ods 或 csv），校验证件号，写出令牌与合计 [Read an enrolment form (xlsx, xls, ods or csv), check its
    /// numbers, write tokens and totals]
    Tokenize {
        /// 报名表 [Enrolment form]
        file: PathBuf,
        /// 年度密钥文件 [The year's key file]
        #[arg(long)]
        key: PathBuf,
        /// 名册日期，用于核对年龄 [Day of the roster, for ages: YYYY-MM-DD]
        #[arg(long)]
        on: String,
        /// 令牌文件 [File for the tokens]
        #[arg(long)]
        out: PathBuf,
    },
    /// 上传令牌文件；此后由报名批次封存 [Upload a token file; an enrolment form then seals it]
    Submit {
        /// 令牌文件 [Token file]
        file: PathBuf,
        /// 上传号 [Code of the upload]
        #[arg(long)]
        upload: String,
    },
}

/// A roster as it may leave the machine.
#[derive(Debug, Serialize, Deserialize)]
struct Tokens {
    year: u32,
    key_id: String,
    check_value: String,
    rows: usize,
    premium_total_fen: i64,
    high_risk_count: u32,
    roster_digest: String,
    tokens_digest: String,
    /// 32 hexadecimal digits a row.
    tokens: Vec<String>,
}

/// Runs `earmark roster`.
pub async fn run(args: &Args, config: &Config, as_json: bool) -> anyhow::Result<()> {
    let lang = config.lang()?;
    match &args.what {
        What::Key { year, key_id, out } => {
            let key = Key::make(*year, key_id, out)?;
            show_key(&key, lang, as_json)
        }
        What::Tokenize { file, key, on, out } => {
            let on = text::parse_day(on).map_err(Misuse)?;
            let key = Key::read(key).map_err(Misuse)?;
            let tokens = tokenize(file, &key, on, lang)?;
            write(out, &tokens)?;
            show(&tokens, None, lang, as_json);
            Ok(())
        }
        What::Submit { file, upload } => submit(file, upload, config, lang, as_json).await,
    }
}

fn show_key(key: &Key, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    let check = hex::encode(key.check_value()?);
    if as_json {
        println!("{}", serde_json::json!({"year": key.year, "key_id": key.key_id, "check_value": check}));
        return Ok(());
    }
    println!("{} {check}", lang.pick("密钥校验值", "check value"));
    let next = format!("earmark token-key register {} {} --check-value {check}", key.year, key.key_id);
    println!("{} {next}", lang.pick("下一步：登记", "Next: register it with"));
    Ok(())
}

/// Reads, checks and tokenizes a form. Every faulty row and column is told at once, and no cell is shown.
fn tokenize(file: &Path, key: &Key, on: NaiveDate, lang: Lang) -> anyhow::Result<Tokens> {
    let rows = sheet::read(file)?;
    let mut judged = Judged { lang, on, faults: Vec::new(), seen: HashMap::new() };
    let (mut tokens, mut premium_total_fen, mut high_risk_count) = (Vec::with_capacity(rows.len()), 0i64, 0u32);
    for row in &rows {
        let person = judged.person(row);
        premium_total_fen = premium_total_fen.saturating_add(judged.premium(row));
        high_risk_count += u32::from(judged.high_risk(row));
        if let Some(person) = person {
            tokens.push(key.token(&person.number)?);
        }
    }
    let faults = judged.faults;
    if !faults.is_empty() {
        let head = match lang {
            Lang::Zh => format!("{}：{} 处有误，未生成任何令牌", file.display(), faults.len()),
            Lang::En => format!("{}: {} faults; no token was made", file.display(), faults.len()),
        };
        bail!("{head}\n{}", faults.join("\n"));
    }
    ensure!(!tokens.is_empty(), "{}: there are no rows", file.display());
    let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    Ok(Tokens {
        year: key.year,
        key_id: key.key_id.clone(),
        check_value: hex::encode(key.check_value()?),
        rows: tokens.len(),
        premium_total_fen,
        high_risk_count,
        roster_digest: hex::encode(Sha256::digest(bytes)),
        tokens_digest: hex::encode(Sha256::digest(tokens.concat())),
        tokens: tokens.iter().map(hex::encode).collect(),
    })
}

/// The judgement of a form so far.
struct Judged {
    lang: Lang,
    on: NaiveDate,
    faults: Vec<String>,
    /// Row that first had a number.
    seen: HashMap<String, u64>,
}

impl Judged {
    fn fault(&mut self, row: &Row, column: Column, zh: &str, en: &str) {
        let (number, heading) = (row.number, column.heading());
        self.faults.push(match self.lang {
            Lang::Zh => format!("第 {number} 行，{heading}：{zh}"),
            Lang::En => format!("row {number}, {heading}: {en}"),
        });
    }

    /// ENR-004, and the same person twice in the form.
    fn person(&mut self, row: &Row) -> Option<Identity> {
        let person = match Identity::parse(row.cell(Column::Identity), self.on) {
            Ok(person) => person,
            Err(fault) => {
                let (zh, en) = fault.words();
                self.fault(row, Column::Identity, zh, en);
                return None;
            }
        };
        for (column, holds, fault) in [
            (Column::Sex, person.is_sex(row.cell(Column::Sex)), identity::Fault::Sex),
            (Column::Age, person.is_age(row.cell(Column::Age), self.on), identity::Fault::Age),
        ] {
            if !holds {
                let (zh, en) = fault.words();
                self.fault(row, column, zh, en);
            }
        }
        if let Some(first) = self.seen.insert(person.number.clone(), row.number) {
            let (zh, en) = (format!("与第 {first} 行为同一人"), format!("the same person as row {first}"));
            self.fault(row, Column::Identity, &zh, &en);
        }
        Some(person)
    }

    fn premium(&mut self, row: &Row) -> i64 {
        yuan::parse(row.cell(Column::Premium)).unwrap_or_else(|_| {
            self.fault(row, Column::Premium, "须为金额（元）", "an amount in yuan is expected");
            0
        })
    }

    fn high_risk(&mut self, row: &Row) -> bool {
        match row.cell(Column::HighRisk) {
            "是" => true,
            "否" | "" => false,
            _ => {
                self.fault(row, Column::HighRisk, "须为“是”或“否”", "是 or 否 is expected");
                false
            }
        }
    }
}

fn write(file: &Path, tokens: &Tokens) -> anyhow::Result<()> {
    let open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file);
    let mut out = open.with_context(|| format!("writing {}", file.display()))?;
    out.write_all(serde_json::to_string(tokens)?.as_bytes())?;
    out.sync_all().with_context(|| format!("writing {}", file.display()))
}

/// Totals, and what the form must say once they are uploaded.
fn show(tokens: &Tokens, upload: Option<&str>, lang: Lang, as_json: bool) {
    if as_json {
        println!(
            "{}",
            serde_json::json!({
                "year": tokens.year, "key_id": tokens.key_id, "rows": tokens.rows, "upload": upload,
                "premium_total_fen": tokens.premium_total_fen, "high_risk_count": tokens.high_risk_count,
                "roster_digest": tokens.roster_digest, "tokens_digest": tokens.tokens_digest,
            })
        );
        return;
    }
    let premium = yuan::show(tokens.premium_total_fen);
    match lang {
        Lang::Zh => println!("{} 行，保费合计 {premium} 元，高危 {} 人", tokens.rows, tokens.high_risk_count),
        Lang::En => println!("{} rows, premium {premium} yuan, {} at high risk", tokens.rows, tokens.high_risk_count),
    }
    if let Some(upload) = upload {
        println!("{}", lang.pick("已上传。报名批次须写明：", "Uploaded. The enrolment form must say:"));
        println!(
            "  --upload {upload} --roster-rows {} --roster-digest {} --tokens-digest {} --high-risk-count {}",
            tokens.rows, tokens.roster_digest, tokens.tokens_digest, tokens.high_risk_count
        );
    }
}

/// Uploads every part. A refused part does not keep the others from being judged, so that every faulty row is told; then nothing is sealed.
async fn submit(file: &Path, upload: &str, config: &Config, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    let book = config.need("book").map_err(Misuse)?;
    let text = std::fs::read_to_string(file).with_context(|| format!("opening {}", file.display()))?;
    let tokens: Tokens =
        serde_json::from_str(&text).ok().with_context(|| format!("{} is no token file", file.display()))?;
    let decoded: Vec<[u8; TOKEN_BYTES]> = tokens
        .tokens
        .iter()
        .map(|token| hex::decode(token).ok()?.try_into().ok())
        .collect::<Option<_>>()
        .with_context(|| format!("{} is no token file", file.display()))?;
    let check_value = hex::decode(&tokens.check_value).context("the check value is no hexadecimal number")?;
    let client = Client::connect(&config.client().map_err(Misuse)?)?;
    let mut refused = Vec::new();
    let mut first_row = 1u32;
    for part in decoded.chunks(ROWS_PER_CHUNK) {
        let request = v1::UploadRosterChunkRequest {
            book: book.to_owned(),
            // The same part again is the same request: an upload that broke off is sent once more, and counts once.
            request_id: chunk_id(upload, first_row, part),
            validate_only: false,
            chunk: Some(v1::RosterChunk {
                upload: upload.to_owned(),
                year: tokens.year,
                key_id: tokens.key_id.clone(),
                check_value: check_value.clone(),
                first_row,
                tokens: part.concat(),
            }),
        };
        let sent = client.call(|transport| {
            let request = request.clone();
            async move { transport.program().upload_roster_chunk(request).await }
        });
        if let Err(error) = sent.await {
            let context = fail::Context { request_id: Some(request.request_id.clone()) };
            match error.status().filter(|status| status.code() == tonic::Code::FailedPrecondition) {
                Some(status) => refused.push(fail::show(status, &context, lang)),
                None => return Err(ask::Failed { error, context }.into()),
            }
        }
        first_row += u32::try_from(part.len())?;
    }
    ensure!(
        refused.is_empty(),
        "{}\n{}",
        lang.pick("名册有行被拒，未封存", "rows of the roster were refused; it is not sealed"),
        refused.join("\n")
    );
    show(&tokens, Some(upload), lang, as_json);
    Ok(())
}

/// The request id of a part: the same content, the same id.
fn chunk_id(upload: &str, first_row: u32, part: &[[u8; TOKEN_BYTES]]) -> String {
    let digest = hex::encode(Sha256::digest(part.concat()));
    let name = hex::encode(Sha256::digest(format!("{upload}\0{first_row}\0{digest}")));
    format!("roster-{}", &name[..32])
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
