//! Bits anywhere in the files of a data folder. A flip that nothing tells of has changed nothing that can be read: all rows of all
//! tables and the schema are read and compared, so that this is shown and not assumed.

use std::path::{Path, PathBuf};

use earmark_tests::attacked::{Kind, Look, Part, Place, copy_folder, sqlite, verify};
use earmark_tests::chance::Chance;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row};
use store::Reading;
use verify::Trusted;

use super::{Caught, all, count, is_covered, show, small};

/// Bits of the whole run, and of an ordinary one.
const BITS: (u64, u64) = (20_000, 400);

/// Everything that can be read of a file: by table, row and column; the schema as a table of its own.
type Dump = Vec<(String, Vec<Vec<(String, String)>>)>;

async fn dump(path: &Path) -> Dump {
    let mut connection = sqlite(path).await;
    let names = "SELECT CAST(name AS BLOB) FROM sqlite_schema WHERE type = 'table' \
        AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    let names = texts(&mut connection, names).await.expect("the schema");
    let columns = ["type", "name", "tbl_name", "sql"].map(str::to_owned);
    let mut all = vec![("sqlite_schema".to_owned(), rows(&mut connection, "sqlite_schema", &columns).await)];
    for name in names {
        let columns = format!("SELECT CAST(name AS BLOB) FROM pragma_table_info('{name}')");
        let columns = texts(&mut connection, &columns).await.unwrap_or_default();
        all.push((name.clone(), rows(&mut connection, &name, &columns).await));
    }
    all
}

/// Texts of one column, whatever bytes they have.
async fn texts(connection: &mut SqliteConnection, statement: &str) -> Result<Vec<String>, sqlx::Error> {
    let rows = sqlx::query(AssertSqlSafe(statement.to_owned())).fetch_all(connection).await?;
    Ok(rows.iter().map(|row| String::from_utf8_lossy(&row.get::<Vec<u8>, _>(0)).into_owned()).collect())
}

/// All rows of a table; where they cannot be asked for, its columns alone.
async fn rows(connection: &mut SqliteConnection, name: &str, columns: &[String]) -> Vec<Vec<(String, String)>> {
    let spelled: Vec<String> =
        columns.iter().map(|column| format!("typeof({column}) || ' ' || hex(CAST({column} AS BLOB))")).collect();
    let statement = format!("SELECT {} FROM {name} ORDER BY 1, 2", spelled.join(", "));
    let Ok(rows) = sqlx::query(AssertSqlSafe(statement)).fetch_all(connection).await else {
        return vec![columns.iter().map(|column| (column.clone(), "no such column".to_owned())).collect()];
    };
    let row = |row: &sqlx::sqlite::SqliteRow| {
        let value =
            |(at, column): (usize, &String)| (column.clone(), row.get::<Option<String>, _>(at).unwrap_or_default());
        columns.iter().enumerate().map(value).collect()
    };
    rows.iter().map(row).collect()
}

/// Columns in which two readings differ. The schema of a table that is not compared counts as that table's.
fn differing(before: &Dump, after: &Dump) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let notes = format!("text {}", b"_sqlx_migrations".iter().map(|byte| format!("{byte:02X}")).collect::<String>());
    if before.len() != after.len() {
        found.push(("sqlite_schema".to_owned(), "tables".to_owned()));
    }
    for ((name, before), (_, after)) in before.iter().zip(after) {
        if before.len() != after.len() {
            found.push((name.clone(), "rows".to_owned()));
        }
        for (before, after) in before.iter().zip(after) {
            let of_notes = name == "sqlite_schema" && before.iter().any(|(_, value)| *value == notes);
            let name = if of_notes { "_sqlx_migrations" } else { name };
            let pairs = before.iter().zip(after).filter(|((_, a), (_, b))| a != b);
            found.extend(pairs.map(|((column, _), _)| (name.to_owned(), column.clone())));
        }
    }
    found.sort();
    found.dedup();
    found
}

#[tokio::test]
async fn no_bit_of_the_files_changes_in_silence() {
    let log = small();
    let place = Place::written(Kind::Sqlite, &log).await;
    let folder = place.folder().expect("a folder");
    let files: Vec<PathBuf> = Part::ALL.iter().map(|part| place.file(*part).expect("a file")).collect();
    let mut before = Vec::new();
    for file in &files {
        // What a server leaves behind when it ends well is one file, and nothing beside it.
        assert!(!file.with_extension("sqlite-wal").exists(), "{} was checkpointed", file.display());
        before.push((std::fs::read(file).expect("a file"), dump(file).await));
    }
    let sizes: Vec<u64> = before.iter().map(|(bytes, _)| bytes.len() as u64 * 8).collect();
    let (mut chance, mut caught) = (Chance::of(23), Caught::new());
    for _ in 0..if all() { BITS.0 } else { BITS.1 } {
        let mut bit = chance.within(0..sizes.iter().sum());
        let mut at = 0;
        while bit >= sizes[at] {
            bit -= sizes[at];
            at += 1;
        }
        let copy = tempfile::tempdir().expect("a folder");
        copy_folder(folder, copy.path());
        let file = copy.path().join(files[at].strip_prefix(folder).expect("within"));
        let mut bytes = before[at].0.clone();
        bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
        std::fs::write(&file, bytes).expect("written");
        let name = files[at].file_name().expect("a name").to_string_lossy().into_owned();
        let told = match Reading::folder(copy.path()).await {
            Ok(reading) => verify(&reading, &log.book, Trusted::default(), Look::ALL, |_, _| ()).await,
            Err(error) => Err(error),
        };
        match told {
            Err(_) => count(&mut caught, name, "not readable"),
            Ok(report) if !report.is_clean() => {
                count(&mut caught, name, report.faults.first().map_or("", |fault| fault.code.code()));
            }
            Ok(_) => {
                let changed = differing(&before[at].1, &dump(&file).await);
                if let Some((table, column)) = changed.iter().find(|(table, column)| is_covered(table, column)) {
                    let (was, is) = (&before[at].1, dump(&file).await);
                    panic!("bit {bit} of {name}: {table}.{column} changed in silence:\n{was:?}\n{is:?}");
                }
                let what = if changed.is_empty() { "nothing that can be read" } else { "not covered" };
                count(&mut caught, name, what);
            }
        }
    }
    show("bits of the files", &caught);
}
