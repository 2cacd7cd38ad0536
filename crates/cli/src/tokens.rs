//! Tokens, made and revoked where the data are: `earmark token create|list|revoke`. The catalogue keeps their hashes only; a token is
//! shown once.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use engine::store::{Store, TokenEntry};
use serde_json::json;
use store::AnyStore;

use crate::json;
use crate::lang::Lang;
use crate::place::Place;
use crate::table::Sheet;
use crate::text;

/// Microseconds of a second.
const MICROS: i64 = 1_000_000;

/// `earmark token`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// 为一人制发令牌 [Make a token for a person]
    Create {
        /// 人员码 [Person code]
        person: String,
        /// 可以建账 [May open books]
        #[arg(long)]
        operator: bool,
        /// 到期日，当日零时(UTC)失效 [Day on which it ends, at midnight UTC]
        #[arg(long, value_name = "YYYY-MM-DD")]
        expires: Option<String>,
        /// 写入仅本人可读的文件，而不是显示 [Write it to a file of the owner's instead of showing it]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// 列出令牌（只有散列） [List tokens, by their hashes]
    List,
    /// 吊销一人的全部令牌 [Revoke all tokens of a person]
    Revoke {
        /// 人员码 [Person code]
        person: String,
    },
}

/// Runs `earmark token`.
pub async fn run(args: &Args, place: &Place, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    let store = place.open().await?;
    match &args.act {
        Act::Create { person, operator, expires, out } => {
            let expires = expires.as_deref().map(end_of).transpose()?;
            let token = make(&store, person, *operator, expires).await?;
            match out {
                Some(file) => write_file(file, &token)?,
                None if as_json => println!("{}", json!({"person": person, "token": token})),
                None => println!("{token}"),
            }
            if !as_json {
                eprintln!(
                    "{}",
                    lang.pick("令牌只此一次可见，请妥善保管。", "The token is shown this once; keep it safe.")
                );
            }
        }
        Act::List => list(&store, lang, as_json).await?,
        Act::Revoke { person } => {
            let count = store.revoke_tokens(person).await?;
            if as_json {
                println!("{}", json!({"person": person, "revoked": count}));
            } else {
                println!("{}", lang.pick("已吊销：", "revoked: ").to_owned() + &count.to_string());
            }
        }
    }
    Ok(())
}

/// Makes a token of 256 random bits for a person and adds its hash to the catalogue.
pub async fn make(store: &impl Store, person: &str, operator: bool, expires_at: Option<i64>) -> anyhow::Result<String> {
    ensure!(ledger::form::text::is_code(person), "{person:?} is no person code: letters, digits and . _ : - only");
    let mut bits = [0u8; 32];
    getrandom::fill(&mut bits).context("the system gives no random bits")?;
    let token = server::auth::token_text(&bits);
    let hash = server::auth::token_hash(&token).context("a token's own text")?;
    let person = person.to_owned();
    let entry = TokenEntry { hash, person, operator, created_at: now(), expires_at, revoked: false };
    store.add_token(&entry).await?;
    Ok(token)
}

/// Writes a token to a file that only its owner reads; one that is there already stays.
pub fn write_file(file: &Path, token: &str) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        if let Some(dir) = file.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        }
        let mut open = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(file)?;
        open.write_all(format!("{token}\n").as_bytes())
    };
    write().with_context(|| format!("writing {}", file.display()))
}

async fn list(store: &AnyStore, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    let tokens = store.tokens().await?;
    let instant = |micros: i64| json::instant(micros.div_euclid(MICROS), 0);
    if as_json {
        let rows = tokens.iter().map(|t| {
            json!({
                "hash": hex::encode(t.hash), "person": t.person, "operator": t.operator,
                "created_at": instant(t.created_at), "expires_at": t.expires_at.map(instant), "revoked": t.revoked,
            })
        });
        println!("{}", serde_json::to_string_pretty(&rows.collect::<Vec<_>>())?);
        return Ok(());
    }
    let mut sheet = Sheet::new([
        (lang.pick("散列", "hash"), false),
        (lang.pick("人员", "person"), false),
        (lang.pick("可建账", "operator"), false),
        (lang.pick("制发", "created"), false),
        (lang.pick("到期", "expires"), false),
        (lang.pick("已吊销", "revoked"), false),
    ]);
    let yes = |flag: bool| if flag { lang.pick("是", "yes") } else { "" }.to_owned();
    for token in &tokens {
        let short: String = hex::encode(token.hash).chars().take(16).collect();
        let expires = token.expires_at.map(instant).unwrap_or_default();
        sheet.row([
            short,
            token.person.clone(),
            yes(token.operator),
            instant(token.created_at),
            expires,
            yes(token.revoked),
        ]);
    }
    print!("{}", sheet.text());
    Ok(())
}

fn end_of(day: &str) -> anyhow::Result<i64> {
    let midnight = text::parse_day(day)?.and_hms_opt(0, 0, 0).context("a day has a midnight")?;
    Ok(midnight.and_utc().timestamp_micros())
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
