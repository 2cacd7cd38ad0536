//! `earmark`: the program for everybody who works with the ledger. This file reads the command line and says how it ended; each verb has a
//! file of its own, and those that are one request each are lines of `verbs`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line speaks on the terminal")]

mod ask;
mod config;
mod copy;
mod csv;
mod demo;
mod export;
mod fail;
mod flags;
mod grid;
mod history;
mod import;
mod journal;
mod json;
mod lang;
mod place;
mod proving;
mod reconcile;
mod roster;
mod schema;
mod serve;
mod sheets;
mod show;
mod table;
mod telemetry;
mod text;
mod tokens;
mod trace;
mod verbs;
mod verify;
mod watch;
mod yuan;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};
use clap_complete::Shell;

use ask::Failed;
use config::Config;
use fail::Misuse;
use lang::Lang;
use place::Place;

/// A receipt passes through some hundred small allocations on several threads, which glibc's allocator makes a third of its cost, keeping
/// much of what was given back (docs/decisions/0017-allocator.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// It did not work, or was refused.
const FAILED: u8 = 1;
/// It was not understood: flags, settings, files.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let lang = lang_of_help();
    let command = match command(lang) {
        Ok(command) => command,
        Err(error) => return misused(&error),
    };
    // clap itself ends with 0 for help and 2 for what it cannot read.
    let matches = command.clone().get_matches();
    let as_json = matches.get_flag("json");
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return misused(&anyhow::Error::new(error)),
    };
    match runtime.block_on(run(command, &matches, as_json)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ended(&error, lang, as_json),
    }
}

fn misused(error: &anyhow::Error) -> ExitCode {
    eprintln!("earmark: {error:#}");
    ExitCode::from(MISUSED)
}

fn ended(error: &anyhow::Error, lang: Lang, as_json: bool) -> ExitCode {
    let failed = error.downcast_ref::<Failed>();
    match failed.and_then(|failed| Some((failed.error.status()?, &failed.context))) {
        Some((status, context)) if as_json => eprintln!("{}", fail::to_json(status, context)),
        Some((status, context)) => eprint!("{}", fail::show(status, context, lang)),
        None if as_json => eprintln!("{}", serde_json::json!({"error": {"message": format!("{error:#}")}})),
        None => eprintln!("earmark: {error:#}"),
    }
    ExitCode::from(if error.is::<Misuse>() { MISUSED } else { FAILED })
}

/// The language of help texts is needed before flags can be read: looked up by hand, mistakes are told later.
fn lang_of_help() -> Lang {
    let mut words = std::env::args().skip_while(|word| word != "--lang" && !word.starts_with("--lang="));
    let by_flag = words.next().and_then(|word| match word.split_once('=') {
        Some((_, value)) => Some(value.to_owned()),
        None => words.next(),
    });
    match by_flag.or_else(|| std::env::var("EARMARK_LANG").ok()).as_deref() {
        Some("en") => Lang::En,
        _ => Lang::Zh,
    }
}

/// The whole command line.
fn command(lang: Lang) -> anyhow::Result<Command> {
    let about = lang.pick(
        "Earmark（专账）：把每一分钱记在它的来源和用途上的基金会计账本",
        "Earmark: a fund accounting ledger that keeps every fen to its source and purpose",
    );
    let json = Arg::new("json")
        .long("json")
        .global(true)
        .action(ArgAction::SetTrue)
        .help(lang.pick("以JSON输出", "Answer in JSON").to_owned());
    let root = Command::new("earmark")
        .version(env!("CARGO_PKG_VERSION"))
        .about(about.to_owned())
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(typed(lang).into_iter().chain(proving::verbs()).map(|command| in_one_language(command, lang)));
    verbs::add_to(config::add_to(root.arg(json), lang), lang)
}

/// The verbs that are more than a request.
fn typed(lang: Lang) -> Vec<Command> {
    let own = |name: &'static str, zh: &str, en: &str| Command::new(name).about(lang.pick(zh, en).to_owned());
    // What clap makes of a struct of flags opens with the struct's comment: the description stands after it.
    let with = |flags: fn(Command) -> Command, own: Command| {
        let about = own.get_about().cloned().unwrap_or_default();
        flags(own).about(about).long_about(None::<&'static str>)
    };
    let shell = Arg::new("shell").required(true).value_parser(value_parser!(Shell));
    vec![
        own(
            "demo",
            "演示：从零播放 2018 年全年；--data 保留数据",
            "Play the season of 2018 from nothing; --data keeps the data",
        ),
        own("serve", "启动服务：--data 目录或 --database 数据库", "Serve the books of --data or --database"),
        own(
            "migrate",
            "建立或升级 --database 的结构；服务从不自行升级",
            "Make or upgrade the schema of --database; a server never does",
        ),
        with(tokens::Args::augment_args, own("token", "令牌：create、list、revoke", "Tokens: create, list, revoke")),
        with(serve::ViewsArgs::augment_args, own("views", "视图：rebuild", "Views: rebuild")),
        with(
            copy::Args::augment_args,
            own(
                "copy",
                "把 --book 复制到另一处（数据目录或数据库），根不变",
                "Copy --book to another place, folder or database, with the same root",
            ),
        ),
        with(
            export::Args::augment_args,
            own(
                "export",
                "把 --book 的全部或 --scope 所及记录写成取证文件：取自 --data、--database，或取自服务",
                "Write --book, or what --scope is about, as an evidence file: from --data, --database, or its server",
            ),
        ),
        with(
            verify::Args::augment_args,
            own(
                "verify",
                "独立核验：取证文件，或只读核验数据目录、数据库；0 无误，1 有误，2 无法核验",
                "Verify an evidence file, or a book where it is kept, read only; 0 clean, 1 faults, 2 could not check",
            ),
        ),
        with(import::Args::augment_args, own("import", "批量导入", "Import files")),
        with(
            roster::Args::augment_args,
            own(
                "roster",
                "名册：key、tokenize、submit；个人信息不离开本机",
                "Rosters: key, tokenize, submit; no personal data leaves this machine",
            ),
        ),
        with(
            reconcile::Args::augment_args,
            own(
                "reconcile",
                "对账：银行对账单、互助会清单、来源系统的收款清单",
                "Reconcile: bank statements, the association's list, a collecting system's receipts",
            ),
        ),
        own("config", "列出生效的配置及其来源", "Show the settings in force and where they come from"),
        own("completions", "生成命令补全脚本", "Print a completion script").arg(shell),
    ]
}

/// Help texts written `中文 [English]`, in one language.
fn in_one_language(command: Command, lang: Lang) -> Command {
    let pick = |text: String| match text.strip_suffix(']').and_then(|text| text.rsplit_once(" [")) {
        Some((zh, en)) => lang.pick(zh, en).to_owned(),
        None => text,
    };
    let mut command = command.mut_args(|arg| match arg.get_help().map(ToString::to_string) {
        Some(help) => arg.help(pick(help)),
        None => arg,
    });
    if let Some(about) = command.get_about().map(ToString::to_string) {
        command = command.about(pick(about));
    }
    command.mut_subcommands(|below| in_one_language(below, lang))
}

async fn run(mut command: Command, matches: &ArgMatches, as_json: bool) -> anyhow::Result<()> {
    let (name, flags) = matches.subcommand().context("a verb is needed")?;
    if let Some(shell) = flags.try_get_one::<Shell>("shell").ok().flatten() {
        clap_complete::generate(*shell, &mut command, "earmark", &mut std::io::stdout());
        return Ok(());
    }
    let variables = variables().map_err(Misuse)?;
    let config = Config::load(matches, &variables).map_err(Misuse)?;
    let lang = config.lang().map_err(Misuse)?;
    match name {
        "demo" => Box::pin(demo::run(config.get("data").map(Path::new), lang, as_json)).await,
        "serve" => serve::run(&config).await,
        "copy" => {
            let book = config.need("book").map_err(Misuse)?;
            copy::run(&copy::Args::from_arg_matches(flags)?, book, lang, as_json).await
        }
        "export" => export::run(&export::Args::from_arg_matches(flags)?, &config, lang, as_json).await,
        "verify" => verify::run(&verify::Args::from_arg_matches(flags)?, &config, lang, as_json).await,
        "migrate" => place::migrate(&config, lang, as_json).await,
        "token" => {
            let place = Place::of(&config).map_err(Misuse)?;
            tokens::run(&tokens::Args::from_arg_matches(flags)?, &place, lang, as_json).await
        }
        "views" => serve::rebuild(&serve::ViewsArgs::from_arg_matches(flags)?, &config, lang, as_json).await,
        "roster" => roster::run(&roster::Args::from_arg_matches(flags)?, &config, as_json).await,
        // The other verbs below it are one request each.
        "reconcile" if flags.subcommand_name().is_some_and(|verb| reconcile::OWN.contains(&verb)) => {
            reconcile::run(&reconcile::Args::from_arg_matches(flags)?, &config, as_json).await
        }
        "import" => import::run(&import::Args::from_arg_matches(flags)?, &config, as_json).await,
        "key" | "endorse" | "witness" | "checkpoint" | "cosign" | "prove" | "verify-proof" => {
            Box::pin(proving::run(name, flags, &config, lang, as_json)).await
        }
        "config" => {
            show_config(&config, lang, as_json);
            Ok(())
        }
        _ => {
            let (verb, flags) = verbs::find(matches).context("a verb is needed")?;
            ask::run(verb, flags, &config, as_json).await
        }
    }
}

/// The `EARMARK_*` variables.
fn variables() -> anyhow::Result<BTreeMap<String, String>> {
    let own = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    own.filter(|(name, _)| name.starts_with("EARMARK_"))
        .map(|(name, value)| {
            let value = value.into_string().map_err(|_| anyhow::anyhow!("{name} is not UTF-8"))?;
            Ok((name, value))
        })
        .collect()
}

fn show_config(config: &Config, lang: Lang, as_json: bool) {
    if as_json {
        let shown = config
            .shown()
            .into_iter()
            .map(|(name, value, origin)| serde_json::json!({"name": name, "value": value, "origin": origin}));
        println!("{}", serde_json::Value::Array(shown.collect()));
        return;
    }
    let headings = [("配置", "setting"), ("值", "value"), ("来自", "from")];
    let mut sheet = table::Sheet::new(headings.map(|(zh, en)| (lang.pick(zh, en), false)));
    for (name, value, origin) in config.shown() {
        sheet.row([name.to_owned(), value, origin]);
    }
    print!("{}", sheet.text());
}
