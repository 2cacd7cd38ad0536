//! `earmark witness`: the committee's cosigning program, as a server or by files.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use proof::{COSIGNATURE, ML_DSA_44};
use tokio::net::TcpListener;
use witness::{Answer, Witness};

use super::{keys, now, read_policy, read_text};
use crate::fail::Misuse;
use crate::lang::Lang;
use crate::serve::until_told;

/// `earmark witness`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// 生成见证密钥 [Make a witness's key]
    Key {
        /// 密钥文件，新建 [Key file, made anew]
        file: PathBuf,
        /// 见证人名称，如 jingshen.example.org [Name of the witness, for example jingshen.example.org]
        #[arg(long)]
        name: String,
        /// 抗量子签名 ML-DSA-44，代替 Ed25519 [ML-DSA-44, which holds against quantum computers, instead of Ed25519]
        #[arg(long)]
        ml_dsa: bool,
    },
    /// 以 HTTP 提供见证（c2sp.org/tlog-witness） [Serve by HTTP, as c2sp.org/tlog-witness]
    Serve {
        #[command(flatten)]
        own: Own,
        /// 监听地址 [Where to listen]
        #[arg(long, default_value = "127.0.0.1:7341")]
        address: SocketAddr,
        /// 路径前缀，如 /jingshen [Prefix of paths, for example /jingshen]
        #[arg(long, default_value = "")]
        prefix: String,
    },
    /// 以文件见证：读取请求，输出签名行 [By files: reads a request, prints signature lines]
    Sign {
        #[command(flatten)]
        own: Own,
        /// 请求文件；- 为标准输入 [The request; - is the standard input]
        request: PathBuf,
    },
    /// 输出最近见证过的检查点 [Print the checkpoint that was cosigned last]
    Show {
        #[command(flatten)]
        own: Own,
        /// 日志名称 [Name of the log]
        origin: String,
    },
}

/// What a witness has of its own.
#[derive(Debug, clap::Args)]
struct Own {
    /// 密钥文件 [Its key file]
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// 策略文件：其中的日志受见证 [Policy file: the logs in it are cosigned]
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// 记忆所在文件夹，须妥善备份 [Folder of its memory, to be backed up]
    #[arg(long, value_name = "FOLDER")]
    state: PathBuf,
    /// 首次使用：新建空的记忆 [First use: begin an empty memory]
    #[arg(long)]
    begin: bool,
}

impl Own {
    fn open(&self) -> anyhow::Result<Witness> {
        let signer = keys::witness(&self.key).map_err(Misuse)?;
        let (_, policy) = read_policy(&self.policy).map_err(Misuse)?;
        let open = if self.begin { Witness::begin } else { Witness::open };
        open(&self.state, signer, policy, now).context("--state (--begin for a new witness)")
    }
}

/// Runs `earmark witness`.
pub async fn run(args: &Args, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    match &args.act {
        Act::Key { file, name, ml_dsa } => {
            let kind = if *ml_dsa { ML_DSA_44 } else { COSIGNATURE };
            keys::make_witness((name, kind), file, lang, as_json)
        }
        Act::Serve { own, address, prefix } => {
            let witness = Arc::new(own.open()?);
            let listener = TcpListener::bind(address).await.with_context(|| format!("listening on {address}"))?;
            eprintln!(
                "{} http://{}{prefix}  {}",
                lang.pick("见证服务", "witness at"),
                listener.local_addr()?,
                witness.verifier()
            );
            let told = until_told()?;
            witness::http::serve(listener, prefix, witness, told).await.context("serving")
        }
        Act::Sign { own, request } => {
            let text = read_text(request).map_err(Misuse)?;
            let witness = own.open()?;
            match tokio::task::spawn_blocking(move || witness.add_checkpoint(&text)).await? {
                Answer::Cosigned(lines) => {
                    print!("{lines}");
                    Ok(())
                }
                Answer::Conflict(size) => bail!(
                    "{} {size}",
                    lang.pick(
                        "最近见证的记录数不同，请求须自此处起：--old",
                        "another size was cosigned last; the request must begin there: --old"
                    )
                ),
                Answer::Refused(refusal) => {
                    Err(anyhow!(refusal).context(lang.pick("不予见证", "not cosigned").to_owned()))
                }
                Answer::Failed(error) => Err(error.into()),
            }
        }
        Act::Show { own, origin } => {
            let latest = own.open()?.latest(&Witness::name(origin))?;
            let latest =
                latest.with_context(|| lang.pick("尚未见证过该日志", "nothing of this log was cosigned").to_owned())?;
            print!("{}", latest.note);
            Ok(())
        }
    }
}
