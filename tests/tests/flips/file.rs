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
    let names =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name";
    let names = sqlx::query(names).fetch_all(&mut connection).await.expect("the schema");
    let mut all = vec![table(&mut connection, "sqlite_schema", &["type", "name", "tbl_name", "sql"]).await];
    for row in names {
        let name: String = row.get(0);
        let columns = format!("SELECT name FROM pragma_table_info('{name}')");
        let columns = sqlx::query(AssertSqlSafe(columns)).fetch_all(&mut connection).await.expect("columns");
        let columns: Vec<String> = columns.iter().map(|row| row.get(0)).collect();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        all.push(table(&mut connection, &name, &columns).await);
    }
    all
}

async fn table(
    connection: &mut SqliteConnection,
    name: &str,
    columns: &[&str],
) -> (String, Vec<Vec<(String, String)>>) {
    let spelled: Vec<String> =
        columns.iter().map(|column| format!("typeof({column}) || ' ' || hex(CAST({column} AS BLOB))")).collect();
    let statement = format!("SELECT {} FROM {name} ORDER BY 1, 2", spelled.join(", "));
    let rows = sqlx::query(AssertSqlSafe(statement)).fetch_all(connection).await.expect("rows");
    let row = |row: &sqlx::sqlite::SqliteRow| {
        let value =
            |(at, column): (usize, &&str)| ((*column).to_owned(), row.get::<Option<String>, _>(at).unwrap_or_default());
        columns.iter().enumerate().map(value).collect()
    };
    (name.to_owned(), rows.iter().map(row).collect())
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
