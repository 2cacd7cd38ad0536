//! `earmark` over a PostgreSQL database: the schema is made by its own command and by nobody else, a book is served, and goes from a folder
//! to a database and back with the same root, whole or not at all.

#[path = "cli_program/mod.rs"]
mod earmark;

use earmark::{Said, earmark, run};
use earmark_tests::postgres::{empty_database, run as sql};
use serde_json::{Value, json};

const BOOK: &str = "season-2018";

fn copy(from: &str, to: &str) -> Said {
    run(&["copy", "--from", from, "--to", to, "--book", BOOK, "--with-tokens", "--json"])
}

/// The statement, a page of vouchers, traces, a balance with its proof and what was known earlier, as an auditor with the demonstration's
/// token sees them.
fn seen(place: &[&str], token: &str) -> Vec<Value> {
    let mut command = earmark(&["serve", "--listen", "127.0.0.1:0"]);
    command.args(place);
    let served = earmark::Served::of(command);
    let to = ["--json", "--endpoint", &served.endpoint, "--token-file", token, "--book", BOOK, "--timeout", "60"];
    let ask = |words: &[&str]| run(&[words, &to[..]].concat()).json();
    let mut seen = vec![
        ask(&["statement", "2018"]),
        ask(&["voucher", "list", "--with-lines"]),
        ask(&["trace", "voucher", "记-2018-8"]),
        ask(&["approvals", "--known-at", "150"]),
        ask(&["grant", "list", "--as-of", "2018-10-31", "--known-at", "1000"]),
        ask(&["balance", "10201", "--as-of", "2018-10-31", "--known-at", "300", "--split-by", "GRANT"]),
        ask(&["balance", "10201", "--source", "S2P", "--prove"]),
    ];
    let proven = seen.last().and_then(|balance| balance["proof"].as_str());
    assert!(proven.is_some_and(|proof| proof.len() > 10_000), "{seen:?}");
    for grant in ["G-S2P-2018", "A-2018-ZJ"] {
        let trace = run(&[&["trace", "grant", grant], &to[..]].concat()).ok();
        seen.extend(trace.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON")));
    }
    served.signal("TERM");
    assert_eq!(served.ended(), Some(0));
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_book_goes_to_a_database_and_back_with_the_same_root() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = |name: &str| dir.path().join(name).to_str().expect("a path").to_owned();
    let (here, there, token) = (path("here"), path("there"), path("here/tokens/audit"));
    let database = empty_database().await;
    let url = database.url.as_str();
    run(&["demo", "--json", "--data", &here]).json();

    // Nobody but its own command makes a schema.
    let refused = run(&["serve", "--listen", "127.0.0.1:0", "--database", url]);
    assert!(refused.code == Some(1) && refused.err.contains("earmark migrate"), "{refused:?}");
    let migrated = run(&["migrate", "--database", url, "--json"]).json();
    assert!(migrated["before"] == 0 && migrated["now"].as_u64() >= Some(3), "{migrated}");
    assert_eq!(run(&["migrate", "--data", &here]).code, Some(1), "a folder needs no migrating");

    let copied = copy(&here, url).json();
    let (records, root) = (copied["records"].clone(), copied["root"].clone());
    assert_eq!(copied["copied"], records);
    assert!(copied["tokens"].as_u64() > Some(5), "{copied}");
    let again = copy(&here, url).json();
    assert_eq!((&again["copied"], &again["root"], &again["tokens"]), (&json!(0), &root, &json!(0)));
    let back = copy(url, &there).json();
    assert_eq!((&back["copied"], &back["root"]), (&records, &root));
    let on_files = seen(&["--data", &here], &token);
    assert_eq!(seen(&["--database", url], &token), on_files);
    assert_eq!(seen(&["--data", &there], &token), on_files);
    let rebuilt = run(&["views", "rebuild", "--json", "--database", url]).json();
    assert_eq!(rebuilt, json!([{"book": BOOK, "sequence": records}]));
    assert_eq!(seen(&["--database", url], &token), on_files);

    // Verified where it is kept, and from a file of it.
    let verified = run(&["verify", "--json", "--database", url]);
    assert_eq!(verified.code, Some(0), "{}{}", verified.out, verified.err);
    let file = path("evidence");
    assert_eq!(run(&["export", &file, "--json", "--database", url]).json()["root"], root);
    assert_eq!(run(&["verify", &file, "--json"]).json()["root"], root);
    for scope in ["grant:G-S3R-2018", "period:2018-10"] {
        let parts = ["--data", "--database"].map(|kept| {
            let (part, place) = (path(&format!("{scope}{kept}")), if kept == "--data" { here.as_str() } else { url });
            run(&["export", &part, kept, place, "--scope", scope]).ok();
            assert_eq!(run(&["verify", &part, "--json"]).json()["clean"], true, "{scope}");
            std::fs::read(&part).expect("a file")
        });
        assert!(parts[0] == parts[1], "{scope} is the same part wherever it is kept");
    }

    // A place that has another book of that code keeps it.
    let other = path("other");
    run(&["demo", "--json", "--data", &other]).json();
    let refused = copy(&other, url);
    assert!(refused.code == Some(1) && refused.err.contains("another one"), "{refused:?}");
    assert_eq!(copy(&here, url).json()["root"], root);

    // Half of a book is served by nobody, and goes on where it was.
    sql(&mut database.raw().await, "ALTER TABLE book DISABLE TRIGGER USER; UPDATE book SET arriving = 1")
        .await
        .expect("marked");
    assert_eq!(run(&["views", "rebuild", "--database", url]).code, Some(1), "there is no such book yet");
    assert_eq!(copy(&here, url).json()["copied"], 0);
    assert_eq!(seen(&["--database", url], &token), on_files);
}
