//! Where books are kept: a folder or a PostgreSQL database, as configured or as named on the command line; opened, and the database's
//! schema brought up to date. What is done with the books stands with the verbs.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::json;
use store::{AnyStore, PostgresStore, Reading, SqliteStore};

use crate::config::{Config, without_password};
use crate::lang::Lang;

/// Where books are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A folder of SQLite files.
    Folder(PathBuf),
    /// The URL of a PostgreSQL database.
    Database(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Folder(folder) => write!(f, "{}", folder.display()),
            Place::Database(url) => f.write_str(&without_password(url)),
        }
    }
}

impl Place {
    /// The place that is configured: `database` stands over `data`.
    pub fn of(config: &Config) -> anyhow::Result<Place> {
        match (config.get("database"), config.get("data")) {
            (Some(url), _) if is_url(url) => Ok(Place::Database(url.to_owned())),
            (Some(url), _) => bail!("database begins with postgres://, not {:?}", without_password(url)),
            (None, Some(folder)) => Ok(Place::Folder(folder.into())),
            (None, None) => bail!(
                "--data or --database is needed (or EARMARK_DATA or EARMARK_DATABASE, or in the configuration file)"
            ),
        }
    }

    /// The place that a text names: a database by its URL, else a folder.
    pub fn named(text: &str) -> Place {
        if is_url(text) { Place::Database(text.to_owned()) } else { Place::Folder(Path::new(text).to_owned()) }
    }

    /// Opens it for reading alone; whoever serves its books goes on.
    pub async fn read(&self) -> anyhow::Result<Reading> {
        let opened = match self {
            Place::Folder(folder) => Reading::folder(folder).await,
            Place::Database(url) => Reading::database(url).await,
        };
        opened.with_context(|| format!("opening {self}"))
    }

    /// Opens it.
    pub async fn open(&self) -> anyhow::Result<AnyStore> {
        let opened = match self {
            Place::Folder(folder) => SqliteStore::open(folder).await.map(|store| AnyStore::Sqlite(Box::new(store))),
            Place::Database(url) => PostgresStore::open(url).await.map(|store| AnyStore::Postgres(Box::new(store))),
        };
        opened.with_context(|| format!("opening {self}"))
    }
}

fn is_url(text: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme))
}

/// `earmark migrate`: brings the schema of the database up to date.
pub async fn migrate(config: &Config, lang: Lang, as_json: bool) -> anyhow::Result<()> {
    let place = Place::of(config)?;
    let Place::Database(url) = &place else {
        bail!(
            "{}",
            lang.pick(
                "数据目录由服务自行升级；migrate 只用于 --database",
                "a data folder is brought up to date by the server itself; migrate is for --database"
            )
        );
    };
    let steps = store::postgres::migrate(url).await.with_context(|| format!("migrating {place}"))?;
    if as_json {
        println!("{}", json!({"database": place.to_string(), "before": steps.before, "now": steps.now}));
    } else {
        println!("{place}  {} {} -> {}", lang.pick("结构步骤", "schema steps"), steps.before, steps.now);
    }
    Ok(())
}
