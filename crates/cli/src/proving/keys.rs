//! `earmark key`: keys of logs and witnesses, made of the system's random bits and kept in files that only their owner reads. A log key
//! file has a line a key, `BOOK PRIVATE+KEY+...`; a witness's has one line, the key alone.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use engine::LogKeys;
use proof::{COSIGNATURE, ED25519, ML_DSA_44, Signer};
use serde_json::json;

use super::read_text;
use crate::config::Config;
use crate::fail::Misuse;
use crate::lang::Lang;

/// `earmark key`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// 为 --book 生成日志密钥，加入密钥文件 [Make a log key for --book and add it to the key file]
    New {
        /// 密钥文件；不存在则新建，仅本人可读 [Key file, made if it is not there, readable by its owner only]
        file: PathBuf,
        /// 日志名称，终身不变，如 ledger.example.org/gd-hic2 [Name of the log for its whole life, for example ledger.example.org/gd-hic2]
        #[arg(long)]
        origin: String,
    },
    /// 显示密钥文件的公钥 [Show the public keys of a key file]
    Show {
        /// 密钥文件 [Key file]
        file: PathBuf,
    },
}

/// Runs `earmark key`.
pub fn run(args: &Args, config: &Config, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    match &args.act {
        Act::New { file, origin } => {
            let book = config.need("book").map_err(Misuse)?;
            ensure!(ledger::form::text::is_code(book), Misuse(anyhow::anyhow!("{book:?} is no code of a book")));
            let signer = make(origin, ED25519).map_err(Misuse)?;
            add_line(file, &format!("{book} {}", signer.secret_text()))?;
            show(&[(Some(book.to_owned()), signer)], lang, as_json);
        }
        Act::Show { file } => show(&read(file)?, lang, as_json),
    }
    Ok(())
}

/// A new key of this name.
pub fn make(name: &str, kind: u8) -> anyhow::Result<Signer> {
    let mut seed = [0u8; 32];
    getrandom::fill(&mut seed).context("the system gives no random bits")?;
    Signer::from_seed(name, kind, &seed).with_context(|| format!("{name:?}"))
}

/// Adds a line to a file of secrets, which is put in place whole; a line that is there stays.
pub fn add_line(file: &Path, line: &str) -> anyhow::Result<()> {
    let before = if file.exists() { secret_text(file)? } else { String::new() };
    let new = file.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut open = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
        open.write_all(format!("{before}{line}\n").as_bytes())?;
        open.sync_all()?;
        std::fs::rename(&new, file)?;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::File::open(folder)?.sync_all()
    };
    write().with_context(|| format!("writing {}", file.display()))
}

/// Reads a file of secrets; one that others read is refused.
fn secret_text(file: &Path) -> anyhow::Result<String> {
    let mode = std::fs::metadata(file).with_context(|| format!("reading {}", file.display()))?.permissions().mode();
    ensure!(mode & 0o077 == 0, "{}: others may read the keys: chmod 600", file.display());
    read_text(file)
}

/// The keys of a file, with the book of each; a witness's key has none. Messages show nothing of the file.
fn read(file: &Path) -> anyhow::Result<Vec<(Option<String>, Signer)>> {
    let text = secret_text(file)?;
    let mut keys = Vec::new();
    let mut faults = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (book, key) = match line.split_once(' ') {
            Some((book, key)) => (Some(book.to_owned()), key),
            None => (None, line),
        };
        match Signer::parse(key) {
            Ok(signer) => keys.push((book, signer)),
            Err(error) => faults.push(format!("line {number}: {error}")),
        }
    }
    ensure!(faults.is_empty(), "{}: {}", file.display(), faults.join("; "));
    ensure!(!keys.is_empty(), "{} holds no key", file.display());
    Ok(keys)
}

/// The log keys that a server signs with.
pub fn log_keys(file: &Path) -> anyhow::Result<LogKeys> {
    let mut found = LogKeys::default();
    for (book, signer) in read(file)? {
        match book {
            Some(book) if signer.verifier().kind() == ED25519 => found.add(&book, signer),
            _ => bail!("{}: {} is no log key of a book", file.display(), signer.verifier()),
        }
    }
    Ok(found)
}

/// The one key of a file that signs for somebody: a witness's, or the log key of a book.
pub fn signer(file: &Path, book: Option<&str>) -> anyhow::Result<Vec<Signer>> {
    let wanted = |of: &Option<String>| of.is_none() || of.as_deref() == book;
    let found: Vec<Signer> = read(file)?.into_iter().filter(|(of, _)| wanted(of)).map(|(_, signer)| signer).collect();
    ensure!(!found.is_empty(), "{} holds no key of a witness or of this book", file.display());
    Ok(found)
}

/// The key of a witness.
pub fn witness(file: &Path) -> anyhow::Result<Signer> {
    match signer(file, None)?.as_slice() {
        [signer] if matches!(signer.verifier().kind(), COSIGNATURE | ML_DSA_44) => Ok(signer.clone()),
        _ => bail!("{} is no witness's key file", file.display()),
    }
}

fn show(keys: &[(Option<String>, Signer)], lang: Lang, as_json: bool) {
    if as_json {
        let shown = keys.iter().map(|(book, signer)| {
            json!({"book": book, "name": signer.verifier().name(), "vkey": signer.verifier().to_string()})
        });
        println!("{}", serde_json::Value::Array(shown.collect()));
        return;
    }
    for (book, signer) in keys {
        let word = if book.is_some() { "log" } else { "witness NAME" };
        println!("{word} {}", signer.verifier());
        if let Some(book) = book {
            eprintln!("{} {book}: {}", lang.pick("账套", "book"), signer.verifier().name());
        }
    }
}

/// Makes a witness's key of a signature type in a new file.
pub fn make_witness((name, kind): (&str, u8), file: &Path, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    ensure!(!file.exists(), "{} exists: a key is never overwritten", file.display());
    let signer = make(name, kind).map_err(Misuse)?;
    add_line(file, &signer.secret_text())?;
    show(&[(None, signer)], lang, as_json);
    Ok(())
}
