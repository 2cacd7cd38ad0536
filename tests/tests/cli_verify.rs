//! `earmark export` and `earmark verify` as an auditor runs them: from a file and from a data folder, honest and tampered with behind
//! the server's back; and beside a server that goes on. What is told of which damage in the records stands in `verify`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

#[path = "cli_program/mod.rs"]
mod earmark;

use earmark::{Said, run};

/// A data folder with the season of 2018, played once for all tests of this file.
fn season() -> &'static Path {
    static SEASON: std::sync::OnceLock<tempfile::TempDir> = std::sync::OnceLock::new();
    let folder = SEASON.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        run(&["demo", "--json", "--data", text(folder.path())]).ok();
        folder
    });
    folder.path()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

/// A copy of the data folder, to be tampered with.
fn copied(to: &Path) {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).expect("a folder");
        for entry in std::fs::read_dir(from).expect("the season's folder") {
            let path = entry.expect("an entry").path();
            let target = to.join(path.file_name().expect("a name"));
            if path.is_dir() {
                copy(&path, &target);
            } else {
                std::fs::copy(&path, &target).expect("a copy");
            }
        }
    }
    copy(season(), to);
}

/// The file of the only book.
fn file(data: &Path, name: &str) -> PathBuf {
    let mut books = std::fs::read_dir(data.join("books")).expect("books");
    books.next().expect("a book").expect("an entry").path().join(name)
}

async fn tamper(path: &Path, statements: &str) {
    let mut connection: SqliteConnection = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(Duration::from_secs(10))
        .connect()
        .await
        .expect("a file");
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
        .execute(&mut connection)
        .await
        .expect("what a superuser can do");
    connection.close().await.expect("closed");
}

fn codes(said: &Said) -> Vec<String> {
    let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {} {}", said.out, said.err));
    report["counts"].as_object().expect("counts").keys().cloned().collect()
}

#[test]
fn the_season_is_exported_and_verified() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("season.evidence");
    let exported = run(&["export", text(&path), "--json", "--data", text(season())]).json();
    let report = run(&["verify", text(&path), "--json"]).json();
    assert_eq!((&report["root"], &report["records"]), (&exported["root"], &exported["records"]));
    assert_eq!((&report["clean"], &report["unjudged"]), (&Value::Bool(true), &serde_json::json!({})));
    let live = run(&["verify", "--json", "--data", text(season())]);
    assert_eq!(live.code, Some(0), "{}{}", live.out, live.err);
    // A file that stands is not written over.
    let again = run(&["export", text(&path), "--data", text(season())]);
    assert_eq!(again.code, Some(1), "{}", again.err);
    // A checkpoint that was noted before: the right one, and one of another history.
    let known = format!("{}:{}", report["records"], report["root"].as_str().expect("hex"));
    assert_eq!(run(&["verify", text(&path), "--checkpoint", &known]).code, Some(0));
    let other = run(&["verify", text(&path), "--json", "--checkpoint", &format!("7:{}", "00".repeat(32))]);
    assert_eq!((other.code, codes(&other)), (Some(1), vec!["VER-009".to_owned()]));
    let people = run(&["verify", text(&path), "--lang", "en"]).ok();
    assert!(people.contains("nothing is wrong"), "{people}");
}

#[test]
fn what_cannot_be_checked_ends_with_two() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("no");
    std::fs::write(&path, b"nothing of this kind").expect("a file");
    for words in [
        vec!["verify", text(&path)],
        vec!["verify", "/nowhere/at/all"],
        vec!["verify", "--data", text(folder.path())],
        vec!["verify"],
        vec!["verify", text(&path), "--checkpoint", "7"],
    ] {
        let said = run(&words);
        assert_eq!(said.code, Some(2), "{words:?}: {}{}", said.out, said.err);
    }
    let explained = run(&["verify", "--explain", "--json"]).json();
    assert!(explained.as_array().expect("a list").len() > 60);
}

/// What somebody with all rights over the files does to views and schema, and the code that tells it.
const TAMPERED: &[(&str, &str, &str)] = &[
    (
        "views.sqlite",
        "DROP TRIGGER voucher_update; UPDATE voucher SET total_fen = total_fen + 1 WHERE sequence = (SELECT MAX(sequence) FROM voucher)",
        "VER-043",
    ),
    (
        "views.sqlite",
        "DROP TRIGGER line_delete; DELETE FROM line WHERE sequence = (SELECT MAX(sequence) FROM line) AND line_no = 2",
        "VER-041",
    ),
    (
        "views.sqlite",
        "DROP TRIGGER line_insert; INSERT INTO line (sequence, line_no, key_no, leads, side, fen, counterparty, heads, price, bank) \
      SELECT sequence, line_no + 90, key_no, leads, side, 1, counterparty, heads, price, bank FROM line \
      WHERE sequence = (SELECT MAX(sequence) FROM line)",
        "VER-042",
    ),
    (
        "views.sqlite",
        "DROP TRIGGER fact_delete; DELETE FROM fact WHERE sequence = (SELECT MAX(sequence) FROM fact)",
        "VER-041",
    ),
    ("views.sqlite", "DROP TRIGGER rejection_update; UPDATE rejection SET first_rule = 'USE-012'", "VER-043"),
    ("views.sqlite", "UPDATE name SET name = 'x' WHERE list = 'SOURCE' AND no = 1", "VER-043"),
    ("views.sqlite", "DROP TRIGGER line_update", "VER-044"),
    ("log.sqlite", "DROP TRIGGER log_update", "VER-044"),
    (
        "log.sqlite",
        "DROP TRIGGER log_update; UPDATE log SET leaves = zeroblob(length(leaves)) WHERE first = 1",
        "VER-040",
    ),
    ("log.sqlite", "DROP TRIGGER log_update; UPDATE log SET root = zeroblob(32) WHERE first = 1", "VER-040"),
    ("log.sqlite", "DROP TRIGGER head_update; UPDATE head SET root = zeroblob(32)", "VER-008"),
];

#[tokio::test]
async fn what_is_done_to_views_log_rows_and_guards_is_told() {
    let mut missed = Vec::new();
    for (name, statements, code) in TAMPERED {
        let folder = tempfile::tempdir().expect("a folder");
        copied(folder.path());
        tamper(&file(folder.path(), name), statements).await;
        let said = run(&["verify", "--json", "--data", text(folder.path())]);
        if said.code != Some(1) || !codes(&said).iter().any(|found| found == code) {
            missed.push(format!("{statements}: expected {code}, found {:?} {}{}", said.code, said.out, said.err));
        }
    }
    assert!(missed.is_empty(), "\n{}\n", missed.join("\n"));
}

#[tokio::test]
async fn a_dropped_batch_and_a_changed_body_are_told() {
    for (statements, code) in [
        (
            "DROP TRIGGER log_update; UPDATE log SET \
             bodies = CAST(substr(bodies, 1, 200) || x'ff' || substr(bodies, 202) AS BLOB) WHERE first = 1",
            "VER-040",
        ),
        ("DROP TRIGGER log_delete; DELETE FROM log WHERE first = (SELECT MAX(first) FROM log)", "VER-008"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        copied(folder.path());
        tamper(&file(folder.path(), "log.sqlite"), statements).await;
        let said = run(&["verify", "--json", "--data", text(folder.path())]);
        assert_eq!(said.code, Some(1), "{statements}: {}{}", said.out, said.err);
        assert!(codes(&said).iter().any(|found| found == code), "{statements}: {:?}", codes(&said));
    }
}
