//! Databases for tests, one a test, on the cluster that `cargo xtask test` names or on one that this process starts for itself. What a
//! test does with its database is its own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use testkit::postgres::{Cluster, URL_VARIABLE};

/// A database of a test, with the schema of this version.
pub struct Database {
    /// Where it is.
    pub url: String,
}

impl Database {
    /// A connection of someone else, who may do anything.
    pub async fn raw(&self) -> PgConnection {
        raw(&self.url).await
    }
}

/// A connection of someone else to the database of a URL, with the tables at hand.
pub async fn raw(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().expect("a URL of PostgreSQL");
    let options = options.options([("search_path", "earmark,earmark_log,earmark_views")]);
    options.connect().await.expect("the database takes connections")
}

/// Runs statements as they stand.
pub async fn run(connection: &mut PgConnection, statements: &str) -> Result<u64, sqlx::Error> {
    let done = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(connection).await?;
    Ok(done.rows_affected())
}

/// A fresh database with the schema.
pub async fn database() -> Database {
    let database = empty_database().await;
    store::postgres::migrate(&database.url).await.expect("the schema can be made");
    database
}

/// The same database once more. Nobody may have a connection to it; one that was just closed is waited for.
pub async fn copy_of(database: &Database) -> Database {
    let admin = admin_url();
    let name = database.url.split('?').next().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
    let template = format!(" TEMPLATE {name}");
    Database { url: make_database(&admin, &template, |name| with_name(&admin, name)).await }
}

/// A fresh database without any schema.
pub async fn empty_database() -> Database {
    let admin = admin_url();
    Database { url: make_database(&admin, "", |name| with_name(&admin, name)).await }
}

/// A fresh database with the schema on a cluster of the test's own.
pub async fn database_on(cluster: &Cluster) -> Database {
    let database = Database { url: make_database(&cluster.url("postgres"), "", |name| cluster.url(name)).await };
    store::postgres::migrate(&database.url).await.expect("the schema can be made");
    database
}

/// How often a copy is tried while an earlier connection to the original ends.
const TRIES: u32 = 100;

/// Makes a database and gives what `url` makes of its name. `template` follows its name: what it is a copy of.
async fn make_database(admin: &str, template: &str, url: impl Fn(&str) -> String) -> String {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let name = format!("test_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    let mut connection = raw(admin).await;
    // A name can stand from an earlier process of this number.
    run(&mut connection, &format!("DROP DATABASE IF EXISTS {name}")).await.expect("nobody uses an old test's database");
    let make = format!("CREATE DATABASE {name}{template}");
    for tried in 1.. {
        match run(&mut connection, &make).await {
            Ok(_) => break,
            Err(error) if tried == TRIES => panic!("{make}: {error}"),
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
    connection.close().await.unwrap_or_default();
    url(&name)
}

/// The URL of another database of the same server.
fn with_name(url: &str, name: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, String::new()), |(a, q)| (a, format!("?{q}")));
    let (server, _) = address.rsplit_once('/').expect("the URL names a database");
    format!("{server}/{name}{query}")
}

/// The maintenance database of the cluster that all tests of this process share.
fn admin_url() -> String {
    static OWN: OnceLock<Mutex<Option<Cluster>>> = OnceLock::new();
    if let Ok(url) = std::env::var(URL_VARIABLE) {
        return url;
    }
    let own = OWN.get_or_init(|| Mutex::new(None));
    let mut own = own.lock().unwrap_or_else(PoisonError::into_inner);
    // Statics are not dropped, but the cluster's keeper sees the end of this process.
    let cluster = own.get_or_insert_with(|| {
        Cluster::start(&[])
            .unwrap_or_else(|error| panic!("a private PostgreSQL is needed ({URL_VARIABLE} is not set): {error}"))
    });
    cluster.url("postgres")
}
