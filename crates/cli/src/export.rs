//! `earmark export`: a whole book as an evidence file, read from where it is kept; its server may go on. What a file is stands in
//! `record::evidence`, how it is judged in `verify`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use indicatif::ProgressBar;
use record::evidence::{Header, Scope, Writer};
use serde_json::json;
use store::Reading;

use crate::config::Config;
use crate::fail::Misuse;
use crate::lang::Lang;
use crate::place::Place;

/// Bytes of log read at once.
pub const READ_BYTES: usize = 4 << 20;
/// Cosigned checkpoints that a file carries, the newest ones: years of monthly ones.
pub const CHECKPOINTS: u32 = 100;
/// Bytes written at once.
const WRITE_BYTES: usize = 1 << 20;

/// `earmark export`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// 取证文件，不得已存在 [The evidence file; it must not exist yet]
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// The book that is meant: the configured one, or the only one there is.
pub async fn book_of(reading: &Reading, config: &Config) -> anyhow::Result<String> {
    let books = reading.books().await?;
    match (config.get("book"), books.as_slice()) {
        (Some(book), _) if books.iter().any(|other| other == book) => Ok(book.to_owned()),
        (Some(book), _) => bail!("there is no book {book:?}; there are: {}", books.join(", ")),
        (None, [only]) => Ok(only.clone()),
        (None, _) => bail!("--book is needed; there are: {}", books.join(", ")),
    }
}

/// Writes the file. It stands under its name only when it is whole.
pub async fn run(args: &Args, config: &Config, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    let place = Place::of(config).map_err(Misuse)?;
    ensure!(!args.file.exists(), "{}: {}", args.file.display(), lang.pick("文件已存在", "the file exists already"));
    let reading = place.read().await?;
    let book = book_of(&reading, config).await.map_err(Misuse)?;
    let part = args.file.with_added_extension("part");
    let written = write(&reading, &book, &part).await;
    let header = match written {
        Ok(header) => header,
        Err(error) => {
            // What is not whole is of no use to anybody.
            drop(std::fs::remove_file(&part));
            return Err(error.context(format!("exporting {book} from {place}")));
        }
    };
    std::fs::rename(&part, &args.file).with_context(|| format!("writing {}", args.file.display()))?;
    let (records, root) = (header.size, hex::encode(header.root));
    if as_json {
        println!("{}", json!({"book": book, "file": args.file, "records": records, "root": root}));
    } else {
        println!("{}", args.file.display());
        println!("{book}  {} {records}  {} {root}", lang.pick("记录", "records"), lang.pick("根", "root"));
    }
    Ok(())
}

async fn write(reading: &Reading, book: &str, path: &Path) -> anyhow::Result<Header> {
    let head = reading.head(book).await?;
    let header = Header {
        book: book.to_owned(),
        origin: String::new(),
        scope: Scope::All,
        size: head.sequence,
        root: head.root,
        writer: format!("earmark {}", env!("CARGO_PKG_VERSION")),
    };
    let file = File::create(path).with_context(|| format!("writing {}", path.display()))?;
    let mut writer = Writer::begin(BufWriter::with_capacity(WRITE_BYTES, file), &header)?;
    // Before the records, so that who reads them can compare each root when the tree is of its size.
    for note in reading.checkpoints(book, head.sequence, CHECKPOINTS).await? {
        writer.note(&note)?;
    }
    let bar = ProgressBar::new(head.sequence);
    let mut next = 1;
    while next <= head.sequence {
        let rows = reading.log_rows(book, next, READ_BYTES).await?;
        ensure!(!rows.is_empty(), "record {next} is missing");
        for row in &rows {
            ensure!(row.first == next, "record {next} is missing");
            // The book may have grown since: it is written as it was at its head.
            let left = usize::try_from(head.sequence.saturating_sub(next).saturating_add(1)).unwrap_or(usize::MAX);
            for body in row.bodies.iter().take(left) {
                writer.record(body)?;
            }
            next += row.bodies.len() as u64;
        }
        bar.set_position(next.min(head.sequence));
    }
    bar.finish_and_clear();
    let mut file = writer.finish()?;
    file.flush()?;
    file.get_ref().sync_all()?;
    Ok(header)
}
