//! Verbs for those who trust nobody: keys, the statement about a log's policy, the committee's witness, cosigning, checkpoints and offline
//! proofs. What the texts mean is `proof`'s; what is signed is the server's; here they meet files and people (docs/proof.md).

pub mod cosign;
pub mod endorse;
pub mod figure;
pub mod keys;
pub mod memory;
pub mod prove;
pub mod witness;

use std::io::Read;
use std::path::Path;

use anyhow::{Context, anyhow};
use api::google::r#type::Date;
use chrono::Datelike;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use client::{Client, ClientError};
use proof::{Policy, PolicyFault};
use record::Day;

use crate::config::Config;
use crate::fail::{self, Misuse};
use crate::{ask, lang::Lang};

/// These verbs.
pub fn verbs() -> Vec<Command> {
    // What clap makes of a struct of flags opens with the struct's comment: the description stands after it.
    let own = |flags: fn(Command) -> Command, name: &'static str, about: &'static str| {
        flags(Command::new(name)).about(about).long_about(None::<&'static str>)
    };
    vec![
        own(keys::Args::augment_args, "key", "日志密钥：new、show [Log keys: new, show]"),
        own(
            endorse::Args::augment_args,
            "endorse",
            "签署日志信任策略的声明（日志方、见证人各签一次） [Sign the statement about a log's policy: the log's side and each witness once]",
        ),
        own(
            witness::Args::augment_args,
            "witness",
            "监督方的见证程序：key、serve、sign、show [The committee's witness: key, serve, sign, show]",
        ),
        own(
            cosign::CheckpointArgs::augment_args,
            "checkpoint",
            "输出 --book 的已签检查点 [Print the signed checkpoint of --book]",
        ),
        own(
            cosign::Args::augment_args,
            "cosign",
            "请见证人见证 --book 的检查点并交存其签名 [Have witnesses cosign the checkpoint of --book, and hand their signatures in]",
        ),
        own(
            prove::Args::augment_args,
            "prove",
            "输出离线证明：凭证或记录（.tlog-proof）；balance 余额，outflows 支出完整性 \
             [Print an offline proof: of a voucher or a record (.tlog-proof); balance and outflows: of figures]",
        ),
        own(
            prove::VerifyArgs::augment_args,
            "verify-proof",
            "仅凭信任策略文件核验离线证明，不问任何服务 [Check an offline proof with nothing but a policy file; no server is asked]",
        ),
    ]
}

/// Runs one of these verbs.
pub async fn run(name: &str, flags: &ArgMatches, config: &Config, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    match name {
        "key" => keys::run(&keys::Args::from_arg_matches(flags)?, config, lang, as_json),
        "endorse" => endorse::run(&endorse::Args::from_arg_matches(flags)?, config),
        "witness" => witness::run(&witness::Args::from_arg_matches(flags)?, lang, as_json).await,
        "checkpoint" => cosign::checkpoint(&cosign::CheckpointArgs::from_arg_matches(flags)?, config, as_json).await,
        "cosign" => cosign::run(&cosign::Args::from_arg_matches(flags)?, config, lang, as_json).await,
        "prove" => prove::prove(&prove::Args::from_arg_matches(flags)?, config, lang, as_json).await,
        _ => prove::verify(&prove::VerifyArgs::from_arg_matches(flags)?, lang, as_json),
    }
}

/// Longest text file read here: the longest offline proof.
const MAX_FILE_BYTES: u64 = proof::MAX_OFFLINE_BYTES as u64;

/// Reads a text file whole; `-` is the standard input.
fn read_text(file: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(MAX_FILE_BYTES + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|open| open.take(MAX_FILE_BYTES + 1).read_to_string(&mut text))
    };
    let read = read.with_context(|| format!("reading {}", file.display()))?;
    anyhow::ensure!(read as u64 <= MAX_FILE_BYTES, "{} is longer than {MAX_FILE_BYTES} bytes", file.display());
    Ok(text)
}

/// Reads a policy file; every fault of it is named.
pub fn read_policy(file: &Path) -> anyhow::Result<(String, Policy)> {
    let text = read_text(file)?;
    let policy = Policy::parse(text.as_bytes()).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(PolicyFault::to_string).collect();
        anyhow!("{}: {}", file.display(), faults.join("\n"))
    })?;
    Ok((text, policy))
}

/// The book that is configured, and a client to ask about it.
pub fn asking(config: &Config) -> anyhow::Result<(String, Client)> {
    let book = config.need("book").map_err(Misuse)?.to_owned();
    Ok((book, Client::connect(&config.client().map_err(Misuse)?)?))
}

pub fn failed(error: ClientError) -> ask::Failed {
    ask::Failed { error, context: fail::Context::default() }
}

/// A day as messages have it.
pub fn date(day: Day) -> Date {
    let date = day.date();
    let part = |value: u32| i32::try_from(value).unwrap_or(0);
    Date { year: date.year(), month: part(date.month()), day: part(date.day()) }
}

/// A time of a cosignature for people, UTC.
fn time(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| chrono::DateTime::from_timestamp(seconds, 0));
    time.map_or_else(|| seconds.to_string(), |time| time.format("%Y-%m-%d %H:%M:%SZ").to_string())
}

/// The system's clock, seconds since the Unix epoch. A clock before 1970 gives 1, which no cosignature is older than.
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(1, |since| since.as_secs().max(1))
}

fn yes(lang: Lang, is: bool) -> &'static str {
    if is { lang.pick("是", "yes") } else { lang.pick("否", "no") }
}
