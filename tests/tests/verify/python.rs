//! `tools/verify.py` and the verifier agree on honest and on damaged books, in everything that both check. `EARMARK_LEDGERS=1000` tries
//! so many.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use earmark_tests::chance::Chance;
use record::Record;
use serde_json::{Value as Json, json};
use verify::{Code, Report, verify_file};

use super::table::{self, DAMAGES};
use super::{bodies, evidence};

/// What both look at.
const SHARED: &[Code] = &[
    Code::File,
    Code::Body,
    Code::Sequence,
    Code::Time,
    Code::Command,
    Code::Request,
    Code::Root,
    Code::Number,
    Code::Balance,
];
/// Books of an ordinary run.
const LEDGERS: u64 = 40;

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/verify.py")
}

/// What the Python reader says of files.
pub fn read(folder: &Path, files: &[Vec<u8>]) -> Vec<Json> {
    let mut list = String::new();
    for (no, file) in files.iter().enumerate() {
        let path = folder.join(format!("{no}.evidence"));
        fs::write(&path, file).expect("a file");
        list += &format!("{}\n", path.display());
    }
    let list_file = folder.join("list");
    fs::write(&list_file, list).expect("a list");
    let output = Command::new("python3")
        .arg(script())
        .arg("--many")
        .arg(&list_file)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .expect("python3 must be installed: the second verifier is written in it");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let found: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(found.len(), files.len(), "{}", String::from_utf8_lossy(&output.stderr));
    found
}

fn compare(what: &str, ours: &Report, theirs: &Json) -> Result<(), String> {
    let balances: BTreeMap<String, i64> =
        ours.balances.iter().map(|((account, source), fen)| (format!("{account} {source}"), *fen)).collect();
    let root: String = ours.root.iter().map(|byte| format!("{byte:02x}")).collect();
    let plain = json!({"book": ours.book, "records": ours.records, "root": root, "balances": balances});
    for (field, value) in plain.as_object().expect("an object") {
        if theirs[field] != *value {
            return Err(format!("{what}: {field} is {value} here and {} there", theirs[field]));
        }
    }
    for code in SHARED {
        let (here, there) = (ours.counts.contains_key(code), theirs["faults"].get(code.code()).is_some());
        if here != there {
            return Err(format!("{what}: {code} here {here}, there {there}\n{:?}\n{}", ours.counts, theirs["faults"]));
        }
    }
    Ok(())
}

/// A damaged book, or an honest one, with what was done.
fn damaged(honest: &[Record], chance: &mut Chance) -> (String, Vec<Vec<u8>>) {
    let mut records = honest.to_vec();
    let at = chance.within(0..records.len() as u64 - 1) as usize;
    let what = match chance.within(0..8) {
        0 => "honest".to_owned(),
        1 => {
            records.swap(at, at + 1);
            format!("records {at} and the next swapped")
        }
        2 => {
            records.remove(at);
            format!("record {at} dropped")
        }
        3 => {
            let record = records[at].clone();
            records.insert(at, record);
            format!("record {at} doubled")
        }
        4 => {
            records[at].parts += 1;
            format!("record {at} of more parts")
        }
        5 => {
            records.truncate(at.max(1));
            format!("cut after {at}")
        }
        _ => {
            let (name, damage, _) = DAMAGES[chance.within(0..DAMAGES.len() as u64) as usize];
            damage(&mut records);
            name.to_owned()
        }
    };
    let mut bodies = bodies(&records);
    if chance.within(0..6) == 0 {
        let place = chance.within(0..bodies.len() as u64) as usize;
        let byte = chance.within(0..bodies[place].len() as u64) as usize;
        bodies[place][byte] ^= 1 << chance.within(0..8);
        return (format!("{what}; byte {byte} of body {place} changed"), bodies);
    }
    (what, bodies)
}

#[test]
fn the_verifier_in_python_agrees() {
    let ledgers = std::env::var("EARMARK_LEDGERS").ok().and_then(|text| text.parse().ok()).unwrap_or(LEDGERS);
    let honest = table::rich().records;
    let mut chance = Chance::of(7);
    let mut books: Vec<(String, Vec<u8>)> = vec![("honest".to_owned(), evidence("GD", &bodies(&honest), &["a note"]))];
    books.extend(DAMAGES.iter().map(|(name, damage, _)| {
        let mut records = honest.clone();
        damage(&mut records);
        ((*name).to_owned(), evidence("GD", &bodies(&records), &[]))
    }));
    for _ in 0..ledgers {
        let (what, bodies) = damaged(&honest, &mut chance);
        let mut file = evidence("GD", &bodies, &[]);
        if chance.within(0..8) == 0 {
            file.truncate(file.len() - 1 - chance.within(0..2_000) as usize);
        }
        books.push((what, file));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let files: Vec<Vec<u8>> = books.iter().map(|(_, file)| file.clone()).collect();
    let theirs = read(folder.path(), &files);
    let differing: Vec<String> = books
        .iter()
        .zip(&theirs)
        .filter_map(|((what, file), theirs)| {
            let ours = verify_file(&file[..], [], |_, _| {}).expect("an evidence file");
            compare(what, &ours, theirs).err()
        })
        .collect();
    assert!(differing.is_empty(), "\n{}\n", differing.join("\n"));
}
