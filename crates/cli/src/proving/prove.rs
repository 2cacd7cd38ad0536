//! `earmark prove` and `earmark verify-proof`: an offline proof of a voucher or a record, and its check with nothing but a policy file.
//! Proofs of figures stand in `figure`.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use api::v1;
use proof::OfflineProof;
use record::{Event, Record};
use serde_json::json;

use super::{asking, failed, figure, read_policy, read_text, time};
use crate::config::Config;
use crate::fail::Misuse;
use crate::lang::Lang;
use crate::{json, yuan};

/// `earmark prove`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    figure: Option<figure::Figures>,
    /// 凭证字号，如 记-2018-7 [The voucher, for example 记-2018-7]
    #[arg(required_unless_present = "record")]
    voucher: Option<String>,
    /// 或：记录序号 [Or the sequence of a record]
    #[arg(long, conflicts_with = "voucher")]
    record: Option<u64>,
    /// 检查点的记录数；缺省为已达法定见证的最新者，没有则为最新 [Records of the checkpoint; unless given the newest that meets the quorum, else the newest]
    #[arg(long, default_value_t = 0)]
    size: u64,
}

/// `earmark verify-proof`.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// 证明文件；- 为标准输入 [The proof; - is the standard input]
    proof: PathBuf,
    /// 信任策略文件，须来自监督方，不得取自服务 [Policy file, from those who watch the log and never from its server]
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
}

/// Runs `earmark prove`: prints the text of the proof.
pub async fn prove(args: &Args, config: &Config, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    if let Some(asked) = &args.figure {
        return figure::prove(asked, config, lang).await;
    }
    let (book, client) = asking(config)?;
    let request = v1::ProveInclusionRequest {
        book,
        voucher: args.voucher.clone().unwrap_or_default(),
        record: args.record.unwrap_or(0),
        size: args.size,
    };
    let answer = client.call(|transport| {
        let request = request.clone();
        async move { transport.proof().prove_inclusion(request).await }
    });
    let answer = answer.await.map_err(failed)?;
    let checkpoint = answer.checkpoint.context("the answer holds no checkpoint")?;
    if as_json {
        println!(
            "{}",
            json!({
                "record": answer.record, "size": checkpoint.size, "cosigned": checkpoint.cosigned,
                "tlog_proof": answer.tlog_proof,
            })
        );
        return Ok(());
    }
    print!("{}", answer.tlog_proof);
    if !checkpoint.cosigned {
        eprintln!(
            "{}",
            lang.pick(
                "此检查点尚未达法定见证，持策略者不会采信；先办理 cosign",
                "This checkpoint does not meet the quorum: who holds the policy will not believe it. Run cosign first."
            )
        );
    }
    Ok(())
}

/// Runs `earmark verify-proof`. Nothing but the two files is asked.
pub fn verify(args: &VerifyArgs, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    let (_, policy) = read_policy(&args.policy).map_err(Misuse)?;
    if figure::is_evidence(&args.proof).map_err(Misuse)? {
        return figure::verify(&args.proof, policy, lang, as_json);
    }
    let text = read_text(&args.proof).map_err(Misuse)?;
    let proof = OfflineProof::parse(&text).with_context(|| args.proof.display().to_string()).map_err(Misuse)?;
    let believed = proof
        .verify(&policy)
        .map_err(|distrust| anyhow!(distrust).context(lang.pick("证明不成立", "the proof does not hold").to_owned()))?;
    let body = proof.extra.as_deref().unwrap_or_default();
    let record = record::decode(body).context("the record was proven, but is of another version")?;
    anyhow::ensure!(
        record.sequence == proof.index.saturating_add(1),
        "the record says that it is record {}, and lies at {}: this log keeps its own books wrongly",
        record.sequence,
        proof.index.saturating_add(1)
    );
    let checkpoint = &believed.checkpoint;
    if as_json {
        let cosigned: Vec<_> =
            believed.cosigned.iter().map(|(name, at)| json!({"witness": name, "time": time(*at)})).collect();
        println!(
            "{}",
            json!({
                "origin": checkpoint.origin, "size": checkpoint.size, "root": hex::encode(checkpoint.root),
                "record": record.sequence, "leaf": hex::encode(proof::leaf_hash(body)), "cosigned": cosigned,
                "kind": kind(&record), "holds": true,
            })
        );
        return Ok(());
    }
    println!("{}", lang.pick("证明成立", "the proof holds"));
    println!("{}  {}", lang.pick("日志", "log"), checkpoint.origin);
    println!("{}  {} / {}", lang.pick("记录", "record"), record.sequence, checkpoint.size);
    println!("{}  {}", lang.pick("根", "root"), hex::encode(checkpoint.root));
    for (name, at) in &believed.cosigned {
        println!("{}  {name}  {}", lang.pick("见证", "cosigned"), time(*at));
    }
    println!("{}  {}", lang.pick("内容", "holds"), describe(&record));
    Ok(())
}

/// The kind of a record's event, as its format names it.
fn kind(record: &Record) -> String {
    let shown = format!("{:?}", record.event);
    shown.split(['(', ' ', '{']).next().unwrap_or_default().to_owned()
}

/// What a proven record holds, in a line: a voucher with its date and amount, else the kind of event.
fn describe(record: &Record) -> String {
    let seconds = record.time.div_euclid(1_000_000);
    let at = json::instant(seconds, 0);
    match &record.event {
        Event::VoucherPosted(_) | Event::ReceiptPosted(_) => match ledger::voucher_of(record) {
            Some(voucher) => {
                let debit = voucher.lines.iter().filter(|line| line.side == record::kinds::Side::Debit);
                let total = debit.fold(0i64, |sum, line| sum.saturating_add(line.fen));
                format!("{} {} {}  ({at})", voucher.reference, voucher.date, yuan::show(total))
            }
            None => kind(record),
        },
        _ => format!("{}  ({at})", kind(record)),
    }
}
