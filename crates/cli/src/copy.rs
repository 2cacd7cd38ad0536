//! `earmark copy`: a book from one place to another, record by record, with the same root. What it makes of a book, in either place, is
//! what its log says; views are filled where it is served.

use anyhow::{Context, bail, ensure};
use engine::store::{Batch, BookEntry, Cosignature, Head, LogRow, Store, StoreError, TreeHeadQuery};
use indicatif::ProgressBar;
use proof::Tree;
use record::hash;
use serde_json::json;
use store::AnyStore;

use crate::lang::Lang;
use crate::place::Place;

/// Bytes of log read at once.
const READ_BYTES: usize = 8 << 20;

/// Signed checkpoints read at once.
const HEADS: u32 = 1_000;

/// `earmark copy`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// 来处：数据目录或 postgres:// 地址；其服务须已停止 [Where the book is: a folder or postgres://...; its server must be down]
    #[arg(long, value_name = "PLACE")]
    from: String,
    /// 去处：数据目录或 postgres:// 地址 [Where it goes: a folder or postgres://...]
    #[arg(long, value_name = "PLACE")]
    to: String,
    /// 一并复制令牌散列（令牌对去处的全部账套有效） [Copy the hashes of tokens too; a token opens every book of its place]
    #[arg(long)]
    with_tokens: bool,
}

/// Copies a book. Broken off, it goes on where it was when it is started again; until it is whole, nobody serves it there.
pub async fn run(args: &Args, book: &str, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    let (from, to) = (Place::named(&args.from), Place::named(&args.to));
    ensure!(from != to, "{}", lang.pick("来处与去处相同", "it is there already: both places are the same"));
    let (source, target) = (from.open().await?, to.open().await?);
    let entry = source.books().await?.into_iter().find(|entry| entry.book == book);
    let entry = entry.with_context(|| format!("{} {book}", lang.pick("来处没有账套", "there is no such book:")))?;
    // Nobody else writes it from here on.
    let end = source.fence(book).await.with_context(|| format!("taking {book} over at {from}"))?;
    let copied = copy(&source, &target, &entry, &end).await.with_context(|| format!("copying {book} to {to}"))?;
    let tokens = if args.with_tokens { Some(copy_tokens(&source, &target).await?) } else { None };
    source.close().await;
    target.close().await;
    let root = hex::encode(end.root);
    if as_json {
        println!(
            "{}",
            json!({"book": book, "records": end.sequence, "copied": copied, "root": root, "tokens": tokens})
        );
        return Ok(());
    }
    println!("{book}  {} {}  {} {root}", lang.pick("记录", "records"), end.sequence, lang.pick("根", "root"));
    match tokens {
        Some(count) => println!("{} {count}", lang.pick("复制令牌散列", "hashes of tokens copied:")),
        None => println!(
            "{}",
            lang.pick(
                "令牌未复制：在去处另行制发，或加 --with-tokens",
                "tokens are not copied: make new ones there, or add --with-tokens"
            )
        ),
    }
    Ok(())
}

/// Copies the log; tells how many records were not there yet.
async fn copy(source: &AnyStore, target: &AnyStore, entry: &BookEntry, end: &Head) -> anyhow::Result<u64> {
    let book = entry.book.as_str();
    if target.arriving(book).await? != Some(false) {
        target.begin_arrival(entry).await?;
    }
    let mut head = target.fence(book).await.context("taking the book over where it goes")?;
    let there = head.sequence;
    ensure!(there <= end.sequence, "the book has {there} records there, {} here: it is another one", end.sequence);
    let bar = ProgressBar::new(end.sequence);
    let mut tree = Tree::empty();
    while tree.size() < end.sequence {
        let rows = source.log_rows(book, tree.size() + 1, READ_BYTES).await?;
        ensure!(!rows.is_empty(), "record {} is missing", tree.size() + 1);
        for row in &rows {
            head = take(target, book, &mut tree, row, &head, there).await?;
            bar.set_position(tree.size());
        }
    }
    bar.finish_and_clear();
    ensure!(tree.root() == end.root, "the records do not give the root of their head: nothing to rely on");
    let found = target.fence(book).await.context("looking at the copy")?;
    ensure!((found.sequence, found.root) == (end.sequence, end.root), "the copy ended elsewhere than the book");
    copy_heads(source, target, book).await.context("copying the signed checkpoints")?;
    target.arrived(book).await?;
    Ok(end.sequence - there)
}

/// Copies the signed checkpoints with what witnesses signed on them; what is there already stays.
async fn copy_heads(source: &AnyStore, target: &AnyStore, book: &str) -> anyhow::Result<()> {
    let mut to = i64::MAX as u64;
    loop {
        let heads = source.tree_heads(book, TreeHeadQuery { from: 1, to, cosigned: false, limit: HEADS }).await?;
        for head in &heads {
            let there = target.add_tree_head(book, head).await?;
            ensure!(there.root == head.root, "another root was signed there for {} records", head.size);
            let of = |line: &String| {
                let made = proof::Signature::parse(line.trim_end_matches('\n')).context("an unreadable cosignature")?;
                Ok(Cosignature { key_name: made.name, key_id: made.id, line: line.clone() })
            };
            let cosignatures = head.cosignatures.iter().map(of).collect::<anyhow::Result<Vec<Cosignature>>>()?;
            if !cosignatures.is_empty() {
                target.add_cosignatures(book, head.size, &cosignatures).await?;
            }
        }
        match heads.last() {
            Some(last) if last.size > 1 => to = last.size - 1,
            _ => return Ok(()),
        }
    }
}

/// Verifies a row and appends what of it is not there yet; gives the head after it.
async fn take(
    target: &AnyStore,
    book: &str,
    tree: &mut Tree,
    row: &LogRow,
    head: &Head,
    there: u64,
) -> anyhow::Result<Head> {
    ensure!(row.first == tree.size() + 1, "record {} is missing", tree.size() + 1);
    let mut time = head.time;
    for (body, leaf) in row.bodies.iter().zip(&row.leaves) {
        let sequence = tree.size() + 1;
        ensure!(hash::leaf_hash(body) == *leaf, "record {sequence} does not match its leaf hash");
        let record = record::decode(body).with_context(|| format!("record {sequence}"))?;
        ensure!(record.sequence == sequence, "record {sequence} says that it is record {}", record.sequence);
        tree.push(*leaf);
        time = record.time;
        if sequence == there {
            ensure!(tree.root() == head.root, "the book has other records there: it is another one");
        }
    }
    ensure!(tree.root() == row.root, "the batch at record {} does not have its root", row.first);
    if tree.size() <= there {
        return Ok(head.clone());
    }
    let known = usize::try_from(there.saturating_sub(row.first - 1))?;
    let after = Head { sequence: tree.size(), root: tree.root(), edge: tree.edge().to_vec(), time, epoch: head.epoch };
    let batch = Batch {
        first: head.sequence + 1,
        bodies: row.bodies.iter().skip(known).cloned().collect(),
        leaves: row.leaves.iter().skip(known).copied().collect(),
        after,
    };
    match target.append(book, head, &batch).await {
        Ok(()) => Ok(batch.after),
        Err(error) => bail!("{error}; start it again, and it goes on where it was"),
    }
}

/// Adds the tokens that are not there yet; tells how many.
async fn copy_tokens(source: &AnyStore, target: &AnyStore) -> Result<usize, StoreError> {
    let mut added = 0;
    for token in source.tokens().await? {
        if target.token(&token.hash).await?.is_none() {
            target.add_token(&token).await?;
            added += 1;
        }
    }
    Ok(added)
}
