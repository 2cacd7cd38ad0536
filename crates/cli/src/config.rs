//! What is configured, and from where: flags stand over `EARMARK_*` variables, those over a TOML file, that over defaults. An unknown key
//! or variable and a file that is not there are errors. What a setting means is its user's matter.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::{Arg, ArgMatches, Command};
use witness::Trust;

use crate::journal;
use crate::lang::Lang;

/// What variables begin with.
const PREFIX: &str = "EARMARK_";

/// A setting.
struct Key {
    name: &'static str,
    default: Option<&'static str>,
    zh: &'static str,
    en: &'static str,
}

const fn key(name: &'static str, default: Option<&'static str>, zh: &'static str, en: &'static str) -> Key {
    Key { name, default, zh, en }
}

/// Every setting. `token` has no flag, since flags are seen by every user of the machine.
const KEYS: &[Key] = &[
    key(
        "listen",
        Some("127.0.0.1:7340"),
        "服务监听地址；非本机地址须有证书",
        "Where to serve; beyond loopback with a certificate only",
    ),
    key("data", None, "数据目录，每个账套一个文件夹", "Where the books are, one folder a book"),
    key(
        "database",
        None,
        "PostgreSQL 数据库地址 postgres://…，优先于 data",
        "Database of the books, postgres://...; stands over data",
    ),
    key("tls_cert", None, "服务证书链（PEM）", "The server's certificate chain, PEM"),
    key("tls_key", None, "服务私钥（PEM）", "The server's private key, PEM"),
    key(
        "signing_key",
        None,
        "日志密钥文件；服务以此签署检查点",
        "File of the log keys that the server signs checkpoints with",
    ),
    key(
        "memory",
        None,
        "数据目录之外的文件夹，记住已发出的最新检查点；账簿被回退时据此拒绝写入",
        "Folder outside data that remembers the newest checkpoint given out: a book put back to an older state takes no writes",
    ),
    key(
        "witness",
        None,
        "启动时查询的见证人地址或检查点文件，以逗号分隔",
        "Witnesses asked at start, with commas between: addresses, or files of checkpoints that they cosigned",
    ),
    key(
        "witness_ca",
        None,
        "签发见证人证书的CA（PEM）；地址为 https 时须有",
        "Authority of the witnesses' certificates, PEM; needed where an address is https",
    ),
    key("otlp_endpoint", None, "OpenTelemetry 收集端（OTLP/gRPC）", "Where spans and metrics go, OTLP over gRPC"),
    key("log", Some("info"), "日志级别，可分部件", "What is logged: a level, or levels by part"),
    key("log_format", Some("json"), "日志格式：json 或 text", "How it is logged: json or text"),
    key("endpoint", Some("http://127.0.0.1:7340"), "服务地址，多个以逗号分隔", "Servers to ask, with commas between"),
    key("token", None, "令牌", "The caller's token"),
    key("token_file", None, "令牌文件", "File that holds the token"),
    key("tls_ca", None, "签发服务证书的CA（PEM）", "Authority of the server's certificate, PEM"),
    key("book", None, "账套", "The book"),
    key("lang", Some("zh"), "语言：zh 或 en", "Language: zh or en"),
    key("journal", None, "请求留底的文件夹", "Folder of the journal of requests"),
    key("timeout", Some("30"), "请求时限，秒", "Seconds that a request may take"),
];

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag.
    Flag,
    /// A variable.
    Variable(String),
    /// The file.
    File(PathBuf),
    /// Nothing else was said.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag => f.write_str("flag"),
            Origin::Variable(name) => f.write_str(name),
            Origin::File(path) => write!(f, "{}", path.display()),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// The settings in force.
#[derive(Clone, Debug, Default)]
pub struct Config {
    values: BTreeMap<&'static str, (String, Origin)>,
}

/// Adds the settings' flags to a command; they may stand before or after any verb.
pub fn add_to(mut command: Command, lang: Lang) -> Command {
    command = command.arg(
        Arg::new("config")
            .long("config")
            .global(true)
            .value_name("FILE")
            .help(
                lang.pick("配置文件（TOML）；亦可用 EARMARK_CONFIG", "Configuration file, TOML; or EARMARK_CONFIG")
                    .to_owned(),
            )
            .help_heading(heading(lang)),
    );
    for key in KEYS.iter().filter(|key| key.name != "token") {
        let name = key.name.replace('_', "-");
        let arg =
            Arg::new(key.name).long(name).global(true).value_name("V").help(key.help(lang)).help_heading(heading(lang));
        command = command.arg(arg);
    }
    command
}

fn heading(lang: Lang) -> String {
    lang.pick("配置（也可用 EARMARK_* 变量或配置文件）", "Settings (also by EARMARK_* variables or a file)").to_owned()
}

impl Key {
    fn help(&self, lang: Lang) -> String {
        lang.pick(self.zh, self.en).to_owned()
    }

    fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.to_ascii_uppercase())
    }
}

impl Config {
    /// The settings of these flags and variables, and of the file that they name.
    pub fn load(matches: &ArgMatches, variables: &BTreeMap<String, String>) -> anyhow::Result<Config> {
        let config_variable = format!("{PREFIX}CONFIG");
        let known = |name: &str| name == config_variable || KEYS.iter().any(|key| key.variable() == name);
        let unknown: Vec<&str> = variables.keys().map(String::as_str).filter(|name| !known(name)).collect();
        ensure!(unknown.is_empty(), "unknown variables: {}; there are {}", unknown.join(", "), all_variables());
        let file = matches.get_one::<String>("config").or_else(|| variables.get(&config_variable)).map(PathBuf::from);
        let mut from_file = match &file {
            Some(file) => read_file(file)?,
            None => BTreeMap::new(),
        };
        let mut values = BTreeMap::new();
        for key in KEYS {
            // The token has no flag to look for.
            let flag =
                matches.try_get_one::<String>(key.name).ok().flatten().cloned().map(|value| (value, Origin::Flag));
            let variable = || Some((variables.get(&key.variable())?.clone(), Origin::Variable(key.variable())));
            let written = from_file.remove(key.name).zip(file.clone()).map(|(value, file)| (value, Origin::File(file)));
            let default = || key.default.map(|value| (value.to_owned(), Origin::Default));
            if let Some(found) = flag.or_else(variable).or(written).or_else(default) {
                values.insert(key.name, found);
            }
        }
        Ok(Config { values })
    }

    /// The value of a setting.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|(value, _)| value.as_str())
    }

    /// The value of a setting that there must be.
    pub fn need(&self, name: &'static str) -> anyhow::Result<&str> {
        let flag = name.replace('_', "-");
        self.get(name).with_context(|| {
            format!(
                "--{flag} is needed (or {PREFIX}{} or `{name}` in the configuration file)",
                name.to_ascii_uppercase()
            )
        })
    }

    /// The settings with their origins, secrets hidden.
    pub fn shown(&self) -> Vec<(&'static str, String, String)> {
        KEYS.iter()
            .map(|key| match self.values.get(key.name) {
                Some((_, origin)) if key.name == "token" => (key.name, "***".to_owned(), origin.to_string()),
                Some((value, origin)) if key.name == "database" => {
                    (key.name, without_password(value), origin.to_string())
                }
                Some((value, origin)) => (key.name, value.clone(), origin.to_string()),
                None => (key.name, String::new(), String::new()),
            })
            .collect()
    }

    /// The language.
    pub fn lang(&self) -> anyhow::Result<Lang> {
        match self.need("lang")? {
            "zh" => Ok(Lang::Zh),
            "en" => Ok(Lang::En),
            other => bail!("lang is zh or en, not {other:?}"),
        }
    }

    /// The journal's folder.
    pub fn journal(&self) -> anyhow::Result<PathBuf> {
        match self.get("journal") {
            Some(folder) => Ok(PathBuf::from(folder)),
            None => journal::default_folder().context("--journal is needed: there is no home folder"),
        }
    }

    /// What makes witnesses at https trustworthy, where it is configured.
    pub fn witness_trust(&self) -> anyhow::Result<Option<Trust>> {
        let Some(file) = self.get("witness_ca") else { return Ok(None) };
        let authorities = std::fs::read(file).with_context(|| format!("reading {file}"))?;
        Trust::authorities(&authorities).with_context(|| format!("witness_ca: {file}")).map(Some)
    }

    /// What a client connects with.
    pub fn client(&self) -> anyhow::Result<client::Options> {
        let token = match (self.get("token"), self.get("token_file")) {
            (Some(token), _) => token.to_owned(),
            (None, Some(file)) => std::fs::read_to_string(file)
                .with_context(|| format!("reading the token file {file}"))?
                .trim()
                .to_owned(),
            (None, None) => {
                bail!("a token is needed: {PREFIX}TOKEN, or --token-file; `earmark token create` makes one")
            }
        };
        let seconds: u64 = self.need("timeout")?.parse().context("timeout is a number of seconds")?;
        ensure!((1..=86_400).contains(&seconds), "timeout is 1 to 86400 seconds");
        let trust = match self.get("tls_ca") {
            Some(file) => {
                let authority = std::fs::read(file).with_context(|| format!("reading {file}"))?;
                Some(client::Trust { authority, name: None })
            }
            None => None,
        };
        Ok(client::Options {
            endpoints: self.need("endpoint")?.split(',').map(|one| one.trim().to_owned()).collect(),
            token,
            language: self.lang()?.header().to_owned(),
            trust,
            deadline: std::time::Duration::from_secs(seconds),
        })
    }
}

/// The address of a database as it may be shown: whatever stands between `user:` and the last `@` of its server is hidden, and so is a
/// `password` among its parameters.
pub fn without_password(url: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
    let hidden = |user: &str| user.split_once(':').map_or_else(|| user.to_owned(), |(user, _)| format!("{user}:***"));
    let address = match address.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((user, server)) => format!("{scheme}://{}@{server}", hidden(user)),
            None => address.to_owned(),
        },
        None => address.to_owned(),
    };
    let shown = |part: &str| if part.starts_with("password=") { "password=***".to_owned() } else { part.to_owned() };
    match query {
        Some(query) => format!("{address}?{}", query.split('&').map(shown).collect::<Vec<_>>().join("&")),
        None => address,
    }
}

fn all_variables() -> String {
    KEYS.iter().map(Key::variable).collect::<Vec<_>>().join(", ")
}

/// The file's settings, all of them texts and known.
fn read_file(file: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("reading the configuration {}", file.display()))?;
    let table: toml::Table = text.parse().with_context(|| format!("the configuration {}", file.display()))?;
    let mut faults = Vec::new();
    let mut values = BTreeMap::new();
    for (name, value) in table {
        match value {
            toml::Value::String(text) if KEYS.iter().any(|key| key.name == name) => {
                values.insert(name, text);
            }
            _ if KEYS.iter().any(|key| key.name == name) => faults.push(format!("{name} is written in quotes")),
            _ => faults.push(format!("there is no setting {name}")),
        }
    }
    ensure!(faults.is_empty(), "{}: {}", file.display(), faults.join("; "));
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(flags: &[&str], variables: &[(&str, &str)]) -> anyhow::Result<Config> {
        let command = add_to(Command::new("earmark").no_binary_name(true), Lang::En);
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Config::load(&command.try_get_matches_from(flags)?, &variables)
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn flags_stand_over_variables_over_the_file_over_defaults() {
        let file = file("listen = \"127.0.0.1:3\"\ndata = \"/file\"\nlog = \"warn\"\n");
        let path = file.path().to_str().unwrap();
        let variables = [("EARMARK_LISTEN", "127.0.0.1:2"), ("EARMARK_DATA", "/variable")];
        let config = load(&["--config", path, "--listen", "127.0.0.1:1"], &variables).unwrap();
        let origin = |name: &str| config.values[name].clone();
        assert_eq!(origin("listen"), ("127.0.0.1:1".into(), Origin::Flag));
        assert_eq!(origin("data"), ("/variable".into(), Origin::Variable("EARMARK_DATA".into())));
        assert_eq!(origin("log"), ("warn".into(), Origin::File(path.into())));
        assert_eq!(origin("lang"), ("zh".into(), Origin::Default));
        assert_eq!(config.get("tls_cert"), None);
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for (flags, variables, words) in [
            (&["--config", "/nowhere/earmark.toml"][..], &[][..], "/nowhere/earmark.toml"),
            (&[], &[("EARMARK_LISTENN", "x")], "EARMARK_LISTENN"),
        ] {
            assert!(format!("{:#}", load(flags, variables).unwrap_err()).contains(words));
        }
        for (text, words) in [
            ("lisen = \"x\"\ndta = \"y\"", "no setting lisen"),
            ("timeout = 5", "in quotes"),
            ("listen", "configuration"),
        ] {
            let file = file(text);
            let error = format!("{:#}", load(&["--config", file.path().to_str().unwrap()], &[]).unwrap_err());
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("postgres://u:p@h/d", "postgres://u:***@h/d"),
            ("postgres://u:p@:w@h:5/d?sslmode=require", "postgres://u:***@h:5/d?sslmode=require"),
            ("postgres://u@h/d?password=p&host=x", "postgres://u@h/d?password=***&host=x"),
            ("postgres:///d", "postgres:///d"),
        ] {
            assert_eq!(without_password(url), shown);
        }
        let config = load(&["--database", "postgres://u:secret@h/d"], &[]).unwrap();
        assert!(!format!("{:?}", config.shown()).contains("secret"));
    }

    #[test]
    fn a_token_is_never_shown() {
        let config = load(&[], &[("EARMARK_TOKEN", "earmark_secret")]).unwrap();
        assert!(!format!("{:?}", config.shown()).contains("secret"));
        assert_eq!(config.client().unwrap().token, "earmark_secret");
    }
}
