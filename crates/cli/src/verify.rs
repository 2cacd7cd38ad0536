//! `earmark verify`: judges a book anew, from an evidence file or, for reading alone, from where it is kept, and says what is wrong.
//! The judging is the crate `verify`'s; here its report is shown, and in `kept` its input is brought from where a book is kept.

mod kept;

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use anyhow::{Context, bail};
use indicatif::ProgressBar;
use record::{Digest, Sequence};
use serde_json::{Value as Json, json};
use verify::{EXPLANATIONS, FAULTS_KEPT, How, Report, Trusted, verify_file};

use crate::config::Config;
use crate::export::book_of;
use crate::fail::Misuse;
use crate::lang::Lang;
use crate::place::Place;
use crate::proving::{figure, read_policy};
use crate::table::Sheet;
use crate::yuan;

/// Bytes of an evidence file read at once.
const FILE_BYTES: usize = 1 << 20;
/// Records between two moves of the progress bar.
const STEP: Sequence = 4_096;
/// Faults that people are shown; `--json` shows all that are kept.
const SHOWN: usize = 50;

/// `earmark verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// 取证文件；不给出则只读核验 --data 或 --database 中的账套 [An evidence file; without it the book of --data or --database, read only]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// 审计方持有的检查点：记录数:根，可多次给出 [A checkpoint that you hold: SIZE:ROOT; may be given often]
    #[arg(long, value_name = "SIZE:ROOT", value_parser = checkpoint)]
    checkpoint: Vec<(Sequence, Digest)>,
    /// 审计方持有的信任策略文件：检查点须由其日志签署、见证人共签 [Your policy file: checkpoints must be signed and cosigned as it says]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// 只核验日志，不比对视图和表结构 [Verify the log alone, not views and schema]
    #[arg(long)]
    log_only: bool,
    /// 列出各规则是否重判及依据 [List which rules are judged again, and from what]
    #[arg(long)]
    explain: bool,
}

impl Args {
    /// What the auditor brings.
    fn trusted(&self) -> anyhow::Result<Trusted> {
        let policy = self.policy.as_deref().map(read_policy).transpose()?;
        Ok(Trusted { checkpoints: self.checkpoint.iter().copied().collect(), policy: policy.map(|(_, policy)| policy) })
    }
}

fn checkpoint(text: &str) -> Result<(Sequence, Digest), String> {
    let parts = text.split_once(':').and_then(|(size, root)| {
        let root: Digest = hex::decode(root).ok()?.try_into().ok()?;
        Some((size.parse().ok()?, root))
    });
    parts.filter(|(size, _)| *size > 0).ok_or_else(|| "SIZE:ROOT, a number and 64 hexadecimal digits".to_owned())
}

/// Something is wrong with the book.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Faulty(String);

/// Says what was found, and ends well or with [`Faulty`].
pub fn told(report: &Report, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        println!("{}", to_json(report));
    } else {
        show(report, lang);
    }
    let faults: u64 = report.counts.values().sum();
    if report.is_clean() {
        return Ok(());
    }
    bail!(Faulty(format!("{faults} {}", lang.pick("处错误", "faults"))))
}

/// Verifies. Ends well, with [`Faulty`], or with [`Misuse`] where nothing could be said.
pub async fn run(args: &Args, config: &Config, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    if args.explain {
        explain(lang, as_json);
        return Ok(());
    }
    let report = match &args.file {
        Some(path) => from_file(path, args).with_context(|| path.display().to_string()),
        None => from_place(args, config).await,
    };
    told(&report.map_err(Misuse)?, lang, as_json)
}

fn from_file(path: &PathBuf, args: &Args) -> anyhow::Result<Report> {
    let file = BufReader::with_capacity(FILE_BYTES, File::open(path)?);
    let bar = ProgressBar::new(0);
    let report = verify_file(file, args.trusted()?, |done, all| {
        if done.is_multiple_of(STEP) || done == all {
            bar.set_length(all);
            bar.set_position(done);
        }
    })?;
    bar.finish_and_clear();
    Ok(report)
}

async fn from_place(args: &Args, config: &Config) -> anyhow::Result<Report> {
    let place = Place::of(config)?;
    let reading = place.read().await?;
    let book = book_of(&reading, config).await?;
    let look = if args.log_only { kept::Look::LOG } else { kept::Look::ALL };
    let bar = ProgressBar::new(0);
    let progress = |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let report = kept::verify(&reading, &book, args.trusted()?, look, progress).await;
    bar.finish_and_clear();
    report.with_context(|| format!("reading {book} from {place}"))
}

fn to_json(report: &Report) -> Json {
    let faults = report.faults.iter().map(|fault| {
        json!({
            "code": fault.code.code(), "sequence": fault.sequence, "expected": fault.expected, "found": fault.found,
        })
    });
    let counts: serde_json::Map<String, Json> =
        report.counts.iter().map(|(code, count)| (code.code().to_owned(), json!(count))).collect();
    let balances = report
        .balances
        .iter()
        .map(|((account, source), fen)| json!({"account": account, "source": source, "fen": fen}));
    json!({
        "book": report.book,
        "part": report.part,
        "scope": report.scope,
        "origin": report.origin,
        "purposes": report.purposes,
        "figure": report.figure.as_ref().map(figure::to_json),
        "records": report.records,
        "root": hex::encode(report.root),
        "vouchers": report.vouchers,
        "judged": report.judged,
        "refusals": report.refusals,
        "unjudged": report.unjudged,
        "totals": report.totals,
        "notes": report.notes,
        "notes_late": report.notes_late,
        "cosigned": report.cosigned.as_ref().map(|(size, by)| json!({"size": size, "by": by})),
        "clean": report.is_clean(),
        "counts": counts,
        "faults": faults.collect::<Vec<_>>(),
        "balances": balances.collect::<Vec<_>>(),
    })
}

/// What a part of a book shows, and what no part can.
fn show_part(report: &Report, lang: Lang) {
    println!("{}  {}", lang.pick("账套的一部分", "a part of a book"), report.scope);
    println!("{}  {}", lang.pick("按资金文件核对用途的支付", "payments judged by their documents"), report.purposes);
    for ((account, source), fen) in &report.balances {
        println!("  {account} {source}  {}", yuan::show(*fen));
    }
    println!(
        "{}",
        lang.pick(
            "已核对：各记录确在树中，规则记录无缺，经办与审核为两人且有岗，凭证平衡，用途合于资金文件",
            "checked: the records are in the tree, no record of rules is left out, two persons of office acted, vouchers balance, money \
             went where its documents permit"
        )
    );
    println!(
        "{}",
        lang.pick(
            "部分不能证明：没有其他凭证、凭证不断号、余额与预算不为负、票据未重复（用整个账套，或 prove balance、prove outflows）",
            "no part can show: that there are no other vouchers, no gap in numbers, nothing below zero, no bill used twice (take the whole \
             book, or prove balance and prove outflows)"
        )
    );
}

fn show(report: &Report, lang: Lang) {
    let pairs = [
        ("账套", "book", report.book.clone()),
        ("记录", "records", report.records.to_string()),
        ("树根", "root", hex::encode(report.root)),
        ("凭证", "vouchers", report.vouchers.to_string()),
        ("重判的业务", "commands judged again", report.judged.to_string()),
        ("重判的拒绝", "refusals judged again", report.refusals.to_string()),
        ("核对的汇总承诺", "totals recomputed", report.totals.to_string()),
    ];
    // Of a part, commands are judged as far as it shows them; of a figure, none are.
    let told = if report.figure.is_some() {
        3
    } else if report.part {
        5
    } else {
        pairs.len()
    };
    for (zh, en, value) in pairs.into_iter().take(told) {
        println!("{}  {value}", lang.pick(zh, en));
    }
    if let Some((size, by)) = &report.cosigned {
        println!(
            "{}  {size}  {}",
            lang.pick("符合信任策略的检查点", "checkpoint that meets the policy"),
            by.join(", ")
        );
    }
    for (event, count) in &report.unjudged {
        println!("{}  {event} {count}", lang.pick("本版本不重判", "not judged by this version"));
    }
    if report.part && report.cosigned.is_none() && report.is_clean() {
        let unread = "没有 --policy：检查点未核对，只知各记录同在一棵树中";
        let unsigned = "without --policy no checkpoint was checked: the records are in one tree, whosesoever it is";
        println!("{}", lang.pick(unread, unsigned));
    }
    match &report.figure {
        Some(figure) => figure::show(figure, lang),
        None if report.part => show_part(report, lang),
        None => {}
    }
    if report.is_clean() {
        println!("{}", lang.pick("核验通过，未发现错误", "verified: nothing is wrong"));
        return;
    }
    let headings = [("编码", "code"), ("数量", "count"), ("错误", "fault")];
    let mut sheet = Sheet::new(headings.map(|(zh, en)| (lang.pick(zh, en), en == "count")));
    for (code, count) in &report.counts {
        sheet.row([code.code().to_owned(), count.to_string(), lang.pick(code.zh(), code.en()).to_owned()]);
    }
    print!("{}", sheet.text());
    for fault in report.faults.iter().take(SHOWN) {
        println!("{}  {} {}", fault.code, lang.pick("记录", "record"), fault.sequence);
        println!("    {} {}", lang.pick("应为", "expected"), fault.expected);
        println!("    {} {}", lang.pick("实为", "found"), fault.found);
    }
    if report.faults.len() > SHOWN {
        let more = report.faults.len() - SHOWN;
        let kept = if report.faults.len() == FAULTS_KEPT { "+" } else { "" };
        println!("{} {more}{kept}", lang.pick("其余（见 --json）", "more, with --json:"));
    }
}

fn explain(lang: Lang, as_json: bool) {
    if as_json {
        let rules = EXPLANATIONS.iter().map(|e| json!({"rule": e.rule, "how": e.how.code(), "zh": e.zh, "en": e.en}));
        println!("{}", Json::Array(rules.collect()));
        return;
    }
    let headings = [("规则", "rule"), ("重判", "judged"), ("依据或原因", "from what, or why not")];
    let mut sheet = Sheet::new(headings.map(|(zh, en)| (lang.pick(zh, en), false)));
    for e in EXPLANATIONS {
        let how = match e.how {
            How::Judged => lang.pick("是", "yes"),
            How::Partly => lang.pick("部分", "in part"),
            How::Not => lang.pick("否", "no"),
        };
        sheet.row([e.rule, how, lang.pick(e.zh, e.en)]);
    }
    print!("{}", sheet.text());
}
