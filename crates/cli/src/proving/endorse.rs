//! `earmark endorse`: a party's signature under the statement about a log's policy. The statement is made anew of what it is about and
//! must be the one that is signed: nobody signs what they did not say.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use proof::{Note, Recovery, SignedCheckpoint, Statement, policy_digest};

use super::{keys, read_policy, read_text};
use crate::config::Config;
use crate::fail::Misuse;

/// `earmark endorse`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// 签名方的密钥文件 [Key file of the party that signs]
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// 新策略 [The new policy]
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// 现行策略；首次设置时不给 [The policy in force; none for the first]
    #[arg(long, value_name = "FILE")]
    follows: Option<PathBuf>,
    /// 其他各方已签的声明，在其后加签 [The statement as others have signed it; the signature is added to theirs]
    #[arg(long, value_name = "FILE")]
    statement: Option<PathBuf>,
    /// 恢复：账簿现有的记录数及根（十六进制），见 log-policy get [Recovery: records left and their root in hexadecimal, see log-policy get]
    #[arg(long, value_name = "SIZE:ROOT", requires = "abandons")]
    recovers: Option<String>,
    /// 恢复：放弃的检查点文件 [Recovery: file of the checkpoint that is given up]
    #[arg(long, value_name = "FILE", requires = "recovers")]
    abandons: Option<PathBuf>,
}

/// Runs `earmark endorse`: prints the statement with one more signature.
pub fn run(args: &Args, config: &Config) -> anyhow::Result<()> {
    let book = config.need("book").map_err(Misuse)?;
    let (policy, _) = read_policy(&args.policy).map_err(Misuse)?;
    let follows = args.follows.as_deref().map(read_policy).transpose().map_err(Misuse)?;
    let recovery = match (&args.recovers, &args.abandons) {
        (Some(kept), Some(lost)) => Some(recovery(kept, lost).map_err(Misuse)?),
        _ => None,
    };
    let statement = Statement {
        book: book.to_owned(),
        policy: policy_digest(&policy),
        follows: follows.map(|(text, _)| policy_digest(&text)),
        recovery,
    };
    let text = statement.to_string();
    let mut signatures = Vec::new();
    if let Some(file) = &args.statement {
        let note = Note::parse(&read_text(file)?).with_context(|| file.display().to_string()).map_err(Misuse)?;
        ensure!(
            note.text() == text,
            Misuse(anyhow::anyhow!("{} states something else than these files do", file.display()))
        );
        signatures.extend_from_slice(note.signatures());
    }
    for signer in keys::signer(&args.key, Some(book))? {
        // A witness signs statements with its cosigning key; what is signed keeps them apart from cosignatures.
        let endorser = signer.endorser().context("a key that endorses nothing")?;
        let signature = endorser.sign(&text, 0);
        if !signatures.contains(&signature) {
            signatures.push(signature);
        }
    }
    print!("{}", Note::new(text, signatures)?);
    Ok(())
}

fn recovery(kept: &str, lost: &Path) -> anyhow::Result<Recovery> {
    let (size, root) = kept.split_once(':').context("--recovers takes SIZE:ROOT")?;
    let root = hex::decode(root).ok().and_then(|root| root.try_into().ok());
    let lost = SignedCheckpoint::parse(&read_text(lost)?).with_context(|| lost.display().to_string())?.checkpoint;
    Ok(Recovery {
        size: size.parse().context("--recovers: the size is a number")?,
        root: root.context("--recovers: the root is 64 hexadecimal digits")?,
        lost_size: lost.size,
        lost_root: lost.root,
    })
}
