//! `earmark export`: a book, or what a scope of it is about, as an evidence file; read from where it is kept, or asked of its server, which
//! goes on either way. What a file is stands in `record::evidence`, what it holds in `engine::evidence`, how it is judged in `verify`.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use api::v1;
use client::ClientError;
use engine::evidence::{CHECKPOINTS, CHUNKS_WAITING, Export, Moment};
use indicatif::ProgressBar;
use ledger::evidence::Asked;
use record::Sequence;
use record::evidence::{Header, Reader};
use serde_json::json;
use store::{Reading, ReadingOf};
use tokio::sync::mpsc;

use crate::config::Config;
use crate::fail::Misuse;
use crate::lang::Lang;
use crate::place::Place;
use crate::proving::{asking, date, failed};

/// Bytes written at once.
const WRITE_BYTES: usize = 1 << 20;

/// `earmark export`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// 取证文件，不得已存在 [The evidence file; it must not exist yet]
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// 范围：all、grant:依据码、voucher:记-2018-7、period:2018-07（或 2018、2018-07..2018-09）
    /// [all, grant:CODE, voucher:记-2018-7 or period:2018-07 (or 2018, 2018-07..2018-09)]
    #[arg(long, value_name = "SCOPE", default_value = "all")]
    scope: Asked,
    /// 非 all 时：所据检查点的记录数；缺省为已见证的最新者，没有则为最新 [Unless all: records of the checkpoint; unless given the newest cosigned one, else the newest]
    #[arg(long, default_value_t = 0)]
    size: Sequence,
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
    ensure!(!args.file.exists(), "{}: {}", args.file.display(), lang.pick("文件已存在", "the file exists already"));
    let part = args.file.with_added_extension("part");
    let kept_here = config.get("data").is_some() || config.get("database").is_some();
    let written = if kept_here || config.client().is_err() {
        from_place(args, config, &part).await
    } else {
        from_server(args, config, &part).await
    };
    let (header, records) = match written {
        Ok(written) => written,
        Err(error) => {
            // What is not whole is of no use to anybody.
            drop(std::fs::remove_file(&part));
            return Err(error);
        }
    };
    std::fs::rename(&part, &args.file).with_context(|| format!("writing {}", args.file.display()))?;
    show(args, &header, records, lang, as_json);
    Ok(())
}

fn show(args: &Args, header: &Header, records: u64, lang: Lang, as_json: bool) {
    let (book, root) = (&header.book, hex::encode(header.root));
    let scope = args.scope.to_string();
    if as_json {
        println!(
            "{}",
            json!({
                "book": book, "file": args.file, "scope": scope, "records": records, "size": header.size, "root": root,
                "origin": header.origin,
            })
        );
        return;
    }
    println!("{}", args.file.display());
    println!(
        "{book}  {scope}  {} {records} / {}  {} {root}",
        lang.pick("记录", "records"),
        header.size,
        lang.pick("根", "root")
    );
    let signed_by = if header.origin.is_empty() { lang.pick("无检查点", "no checkpoint") } else { &header.origin };
    println!("{}  {signed_by}", lang.pick("日志", "log"));
}

/// From where the book is kept.
async fn from_place(args: &Args, config: &Config, path: &Path) -> anyhow::Result<(Header, u64)> {
    let place = Place::of(config).map_err(Misuse)?;
    let reading = place.read().await?;
    let book = book_of(&reading, config).await.map_err(Misuse)?;
    let moment = moment(&reading, &book, args).await?;
    let bar = ProgressBar::new(moment.size);
    let progress = |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let (chunks, mut made) = mpsc::channel(CHUNKS_WAITING);
    let export = Export { book: &book, asked: &args.scope, moment: &moment, progress: &progress };
    let rows = ReadingOf(&reading, &book);
    // Each owns its end of the channel: writing ends when all is made, making when nothing can be written.
    let making = async move { export.write(&rows, &chunks).await };
    let writing = async move {
        let mut file = made_file(path)?;
        while let Some(chunk) = made.recv().await {
            file.write_all(&chunk)?;
        }
        whole(file)
    };
    let (made, written) = tokio::join!(making, writing);
    bar.finish_and_clear();
    written.with_context(|| format!("writing {}", path.display()))?;
    made.with_context(|| format!("exporting {book} from {place}"))
}

/// The moment that a file is of.
async fn moment(reading: &Reading, book: &str, args: &Args) -> anyhow::Result<Moment> {
    let head = reading.head(book).await?;
    if args.scope == Asked::All {
        let notes = reading.checkpoints(book, head.sequence, CHECKPOINTS).await?;
        return Ok(Moment::of_head(head.sequence, head.root, notes));
    }
    let up_to = if args.size == 0 { head.sequence } else { args.size };
    let notes = reading.checkpoints(book, up_to, 1).await?;
    match Moment::of_checkpoint(args.size, notes) {
        Some(moment) => Ok(moment),
        None if args.size == 0 => Ok(Moment::of_head(head.sequence, head.root, Vec::new())),
        None => bail!("there is no checkpoint of {} records", args.size),
    }
}

/// From the book's server.
async fn from_server(args: &Args, config: &Config, path: &Path) -> anyhow::Result<(Header, u64)> {
    let (book, client) = asking(config)?;
    let mut scope = v1::EvidenceScope::default();
    match &args.scope {
        Asked::All => {}
        Asked::Grant(code) => scope.grant.clone_from(code),
        Asked::Voucher(of) => scope.voucher = of.to_string(),
        Asked::Period(from, to) => (scope.from, scope.to) = (Some(date(*from)), Some(date(*to))),
    }
    let request = v1::ExportEvidenceRequest { book, scope: Some(scope), size: args.size };
    let stream = client.call(|transport| {
        let request = request.clone();
        async move { transport.proof().export_evidence(request).await }
    });
    let mut stream = stream.await.map_err(failed)?;
    let mut file = made_file(path)?;
    let bar = ProgressBar::new_spinner();
    while let Some(answer) = stream.message().await.map_err(|status| failed(ClientError::Status(Box::new(status))))? {
        file.write_all(&answer.chunk)?;
        bar.inc(answer.chunk.len() as u64);
    }
    bar.finish_and_clear();
    whole(file)?;
    told(path)
}

/// What a file that a server made says of itself. A file that was cut short has no trailer that fits.
fn told(path: &Path) -> anyhow::Result<(Header, u64)> {
    let mut reader = Reader::begin(std::io::BufReader::new(File::open(path)?))?;
    let header = reader.header().clone();
    let mut records = 0;
    while let Some(frame) = reader.next_frame()? {
        let is_record = matches!(frame, record::evidence::Frame::Record(_) | record::evidence::Frame::Proven(_));
        records += u64::from(is_record);
    }
    Ok((header, records))
}

fn made_file(path: &Path) -> anyhow::Result<BufWriter<File>> {
    let file = File::create(path).with_context(|| format!("writing {}", path.display()))?;
    Ok(BufWriter::with_capacity(WRITE_BYTES, file))
}

fn whole(mut file: BufWriter<File>) -> anyhow::Result<()> {
    file.flush()?;
    Ok(file.get_ref().sync_all()?)
}
