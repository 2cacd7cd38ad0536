//! The test vectors of docs/format.md: bodies, leaf hashes, roots, fingerprints and voucher ids, made here, kept as fixtures, checked by
//! the Python reader.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value as Json, json};

use crate::{commands, debug, hex, python, records, repository};

/// Compares with a fixture, or writes it when `UPDATE_FIXTURES` is set; the Python reader must agree with its vectors.
fn check_fixture(name: &str, text: &str) {
    let path = check_kept(name, text);
    let (report, well) = python("tools/read.py", &["--vectors", path.to_str().expect("a UTF-8 path")], "");
    assert!(well, "{name}: {report}");
    let count = text.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(serde_json::from_str::<Json>(&report).expect("JSON"), json!({"vectors": count, "wrong": 0}));
}

/// Compares with a fixture, or writes it when `UPDATE_FIXTURES` is set.
pub fn check_kept(name: &str, text: &str) -> PathBuf {
    let path = repository("tests/fixtures/format").join(name);
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        fs::write(&path, text).expect("the fixture is written");
    }
    let kept = fs::read_to_string(&path).expect("the fixture exists; UPDATE_FIXTURES=1 makes it");
    for (line, (kept, made)) in (1..).zip(kept.lines().zip(text.lines())) {
        assert_eq!(kept, made, "{name}, line {line}: the format has changed");
    }
    assert_eq!(kept, text, "{name}: the format has changed");
    path
}

#[test]
fn bodies_leaves_and_roots() {
    let log = records::log();
    let lines: String = log.iter().map(|(_, record)| hex(&record::encode(record)) + "\n").collect();
    let (read, well) = python("tools/read.py", &["-"], &lines);
    assert!(well, "{read}");
    let read: Vec<&str> = read.lines().collect();
    let mut tree = proof::Tree::empty();
    let mut text =
        "# Record bodies: name, body, RFC 6962 leaf hash, root of the tree with it, and the record as read.\n"
            .to_owned();
    for ((name, record), answer) in log.iter().zip(&read) {
        let body = record::encode(record);
        let leaf = record::hash::leaf_hash(&body);
        tree.push(leaf);
        let answer: Json = serde_json::from_str(answer).expect("JSON");
        assert_eq!(answer["leaf"], hex(&leaf), "{name}");
        debug::assert_agrees(record, &answer["record"], name);
        let vector = json!({
            "name": name, "body": hex(&body), "leaf": hex(&leaf), "root": hex(&tree.root()), "record": answer["record"],
        });
        text += &format!("{vector}\n");
    }
    let head: Json = serde_json::from_str(read[log.len()]).expect("JSON");
    assert_eq!(head, json!({"size": log.len(), "root": hex(&tree.root())}));
    check_fixture("records.jsonl", &text);
}

#[test]
fn command_fingerprints() {
    let mut text = "# Canonical commands: their bytes, and their fingerprint for a book and a person.\n".to_owned();
    let mut seen = BTreeSet::new();
    for (name, book, person, command) in commands::vectors() {
        let bytes = hex(&record::command::encode(&command));
        let (answer, _) = python("tools/read.py", &["--commands", "-"], &bytes);
        let answer: Json = serde_json::from_str(answer.trim()).expect("JSON");
        debug::assert_agrees(&command, &answer["command"], name);
        let fingerprint = hex(&record::command_fingerprint(book, person, &command));
        assert!(seen.insert(fingerprint.clone()), "{name}: another request has this fingerprint");
        let vector = json!({
            "name": name, "book": book, "person": person, "bytes": bytes, "fingerprint": fingerprint,
            "command": answer["command"],
        });
        text += &format!("{vector}\n");
    }
    check_fixture("commands.jsonl", &text);
}

#[test]
fn voucher_ids() {
    let mut text = "# Identities of vouchers: book, sequence and time (microseconds) of their record.\n".to_owned();
    for (book, sequence, time) in [
        (records::BOOK, 1, 0),
        (records::BOOK, 19, 1_544_839_200_000_000),
        (records::BOOK, 20, 1_544_839_200_000_000),
        ("GD-HIC3", 20, 1_544_839_200_000_999),
        ("粤", u64::from(u32::MAX) + 1, 1_544_839_200_001_000),
    ] {
        let id = record::voucher_id(book, sequence, time);
        assert_eq!(id.get_version_num(), 7);
        let vector = json!({"book": book, "sequence": sequence, "time": time, "voucher_id": id.to_string()});
        text += &format!("{vector}\n");
    }
    check_fixture("voucher_ids.jsonl", &text);
}

#[test]
fn every_event_has_a_vector() {
    let seen: BTreeSet<String> =
        records::log().iter().map(|(_, record)| first_word(&format!("{:?}", record.event)).to_owned()).collect();
    let tables = tables();
    let rows = tables["Event"]["rows"].as_array().expect("rows");
    let known: BTreeSet<String> = rows.iter().map(|row| row[0].as_str().expect("a name").to_owned()).collect();
    assert_eq!(seen, known);
}

#[test]
fn the_documented_code_sets_are_the_programs() {
    let tables = tables();
    let sets = debug::code_sets();
    for (name, set) in &sets {
        let codes: Vec<Json> = set.iter().map(|(_, code)| json!([code, null])).collect();
        assert_eq!(tables[name]["rows"], Json::Array(codes), "{name}");
    }
    let documented = tables.as_object().expect("tables").values().filter(|table| table["kind"] == "codes").count();
    assert_eq!(documented, sets.len(), "a set is documented that is not compared here");
}

#[test]
fn the_short_reader_of_the_documentation_works() {
    let text = fs::read_to_string(repository("docs/format.md")).expect("docs/format.md");
    let (_, after) = text.split_once("```python\n").expect("a Python block");
    let (program, _) = after.split_once("```").expect("its end");
    assert!(program.lines().count() <= 12, "the short reader is short");
    let fixture = repository("tests/fixtures/format/records.jsonl");
    let output = std::process::Command::new("python3").arg("-c").arg(program).arg(&fixture).output().expect("python3");
    let last = records::log().len();
    let kept = fs::read_to_string(&fixture).expect("the fixture");
    let head: Json = serde_json::from_str(kept.lines().last().expect("a vector")).expect("JSON");
    let expected = format!("{last} {}", head["root"].as_str().expect("a root"));
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().last(), Some(expected.as_str()), "{output:?}");
}

fn tables() -> Json {
    let (text, well) = python("tools/read.py", &["--tables"], "");
    assert!(well);
    serde_json::from_str(&text).expect("JSON")
}

fn first_word(text: &str) -> &str {
    text.split(['(', ' ', '{']).next().unwrap_or(text)
}
