//! `earmark checkpoint` and `earmark cosign`: a book's signed checkpoint, taken to a witness, and its cosignature brought back. By HTTP
//! in one go, or by files: what goes to the witness and what comes from it are texts.

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};
use api::v1;
use client::Client;
use serde_json::json;
use witness::Trust;
use witness::client::{Submitted, latest, submit};

use super::{asking, failed, read_text, yes};
use crate::config::Config;
use crate::fail::Misuse;
use crate::lang::Lang;

/// Times that a witness may say that it has moved on meanwhile: others ask it too.
const TRIES: usize = 3;

/// `earmark checkpoint`.
#[derive(Debug, clap::Args)]
pub struct CheckpointArgs {
    /// 记录数；缺省为最新 [Records; the newest unless given]
    #[arg(long, default_value_t = 0)]
    size: u64,
    /// 只要已达法定见证的 [Only one that meets the quorum]
    #[arg(long)]
    cosigned: bool,
}

/// `earmark cosign`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// 见证人地址，多个以逗号分隔 [Addresses of witnesses, with commas between: http(s)://HOST:PORT/PREFIX; https with --witness-ca]
    #[arg(long, value_delimiter = ',', conflicts_with_all = ["request", "response"])]
    to: Vec<String>,
    /// 以文件：输出请求，自见证人上次见证的记录数起 [By files: print a request, from the size that the witness cosigned last]
    #[arg(long, value_name = "OLD")]
    request: Option<u64>,
    /// 以文件：交存见证人的回答 [By files: hand in what the witness answered]
    #[arg(long, value_name = "FILE", requires = "size", conflicts_with = "request")]
    response: Option<PathBuf>,
    /// 检查点的记录数；缺省为最新 [Records of the checkpoint; the newest unless given]
    #[arg(long)]
    size: Option<u64>,
}

/// Runs `earmark checkpoint`: prints the signed note.
pub async fn checkpoint(args: &CheckpointArgs, config: &Config, as_json: bool) -> anyhow::Result<()> {
    let (book, client) = asking(config)?;
    let checkpoint = fetch(&client, &book, args.size, args.cosigned).await?;
    if as_json {
        println!("{}", shown(&checkpoint));
    } else {
        print!("{}", checkpoint.note);
    }
    Ok(())
}

fn shown(checkpoint: &v1::Checkpoint) -> serde_json::Value {
    json!({
        "origin": checkpoint.origin, "size": checkpoint.size, "root": hex::encode(&checkpoint.root),
        "note": checkpoint.note, "cosigned": checkpoint.cosigned,
    })
}

async fn fetch(client: &Client, book: &str, size: u64, cosigned: bool) -> anyhow::Result<v1::Checkpoint> {
    let request = v1::GetCheckpointRequest { book: book.to_owned(), size, cosigned };
    let answer = client.call(|transport| {
        let request = request.clone();
        async move { transport.proof().get_checkpoint(request).await }
    });
    answer.await.map_err(failed)?.checkpoint.context("the answer holds no checkpoint")
}

async fn request_from(client: &Client, book: &str, old: u64, new: u64) -> anyhow::Result<v1::ProveConsistencyResponse> {
    let request = v1::ProveConsistencyRequest { book: book.to_owned(), old_size: old, new_size: new };
    let answer = client.call(|transport| {
        let request = request.clone();
        async move { transport.proof().prove_consistency(request).await }
    });
    Ok(answer.await.map_err(failed)?)
}

/// Runs `earmark cosign`.
pub async fn run(args: &Args, config: &Config, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    let (book, client) = asking(config)?;
    if let Some(old) = args.request {
        let proven = request_from(&client, &book, old, args.size.unwrap_or(0)).await?;
        print!("{}", proven.witness_request);
        let size = proven.checkpoint.map_or(0, |checkpoint| checkpoint.size);
        eprintln!("{} {size}", lang.pick("检查点记录数", "records of the checkpoint"));
        return Ok(());
    }
    if let Some(file) = &args.response {
        let size = args.size.context("--size is needed").map_err(Misuse)?;
        let lines = read_text(file).map_err(Misuse)?;
        return hand_in(&client, &book, size, lines, lang, as_json).await;
    }
    ensure!(!args.to.is_empty(), Misuse(anyhow::anyhow!("--to names a witness; --request and --response go by files")));
    let checkpoint = fetch(&client, &book, args.size.unwrap_or(0), false).await?;
    let trust = config.witness_trust().map_err(Misuse)?;
    let mut failures = Vec::new();
    for address in &args.to {
        match ask_witness(&client, &book, (address, trust.as_ref()), &checkpoint).await {
            Ok(lines) => hand_in(&client, &book, checkpoint.size, lines, lang, as_json).await?,
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    // One that is down does not keep the others from signing.
    ensure!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

/// Signature lines of a witness on a checkpoint.
async fn ask_witness(
    client: &Client,
    book: &str,
    (address, trust): (&str, Option<&Trust>),
    checkpoint: &v1::Checkpoint,
) -> anyhow::Result<String> {
    // What it cosigned last it says itself; a witness without the second face says it when asked from nothing.
    let known = latest(address, &checkpoint.origin, trust).await?;
    let known = known.and_then(|text| proof::SignedCheckpoint::parse(&text).ok());
    let mut old = known.map_or(0, |known| known.checkpoint.size);
    for _ in 0..TRIES {
        ensure!(
            old <= checkpoint.size,
            "the witness at {address} holds a checkpoint of {old} records, this one has {}: the log was rolled back, or an older \
             checkpoint is asked about",
            checkpoint.size
        );
        let request = request_from(client, book, old, checkpoint.size).await?.witness_request;
        match submit(address, &request, trust).await? {
            Submitted::Cosigned(lines) => return Ok(lines),
            Submitted::Conflict(size) => old = size,
            Submitted::Refused { status, reason } => {
                bail!("the witness at {address} does not cosign ({status}): {reason}")
            }
        }
    }
    bail!("the witness at {address} keeps moving on: ask again")
}

async fn hand_in(
    client: &Client,
    book: &str,
    size: u64,
    cosignatures: String,
    lang: Lang,
    as_json: bool,
) -> anyhow::Result<()> {
    let request = v1::AddCosignatureRequest { book: book.to_owned(), size, cosignatures };
    let answer = client.call(|transport| {
        let request = request.clone();
        async move { transport.proof().add_cosignature(request).await }
    });
    let answer = answer.await.map_err(failed)?;
    let checkpoint = answer.checkpoint.context("the answer holds no checkpoint")?;
    if as_json {
        println!("{}", json!({"witnesses": answer.witnesses, "checkpoint": shown(&checkpoint)}));
    } else {
        println!(
            "{} {}  {} {}  {} {}",
            lang.pick("见证人", "cosigned by"),
            answer.witnesses.join(", "),
            lang.pick("记录数", "records"),
            checkpoint.size,
            lang.pick("已达法定见证", "meets the quorum:"),
            yes(lang, checkpoint.cosigned)
        );
    }
    Ok(())
}
