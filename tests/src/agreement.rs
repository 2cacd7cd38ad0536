//! The second verifier, `tools/verify.py`: what it says of evidence files, compared with what the first one says; and random damages of the
//! kinds that both know.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use record::evidence::{Header, Scope, Writer};
use record::{Record, hash};
use serde_json::{Value as Json, json};
use verify::{Code, Report, verify_file};

use crate::chance::Chance;

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

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/verify.py")
}

/// What the Python reader says of files.
pub fn read<'a>(folder: &Path, files: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<Json> {
    let mut list = String::new();
    let mut count = 0;
    for (no, file) in files.into_iter().enumerate() {
        count = no + 1;
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
    assert_eq!(found.len(), count, "{}", String::from_utf8_lossy(&output.stderr));
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

/// A random change of records that both verifiers tell alike; half of the time none of the records, and sometimes of the bytes as well.
/// Gives what was done, and the file.
pub fn damaged(book: &str, honest: &[Record], chance: &mut Chance) -> (String, Vec<u8>) {
    let mut records = honest.to_vec();
    let at = chance.within(0..records.len() as u64 - 1) as usize;
    let what = match chance.within(0..14) {
        0 => {
            records.swap(at, at + 1);
            format!("records {at} and the next swapped")
        }
        1 => {
            records.remove(at);
            format!("record {at} dropped")
        }
        2 => {
            let record = records[at].clone();
            records.insert(at, record);
            format!("record {at} doubled")
        }
        3 => {
            records[at].parts += 1;
            format!("record {at} of more parts")
        }
        4 => {
            records.truncate(at.max(1));
            format!("cut after {at}")
        }
        5 => {
            records[at].time -= 86_400_000_000;
            format!("record {at} a day earlier")
        }
        6 => of_requests(&mut records, at),
        7 => of_vouchers(&mut records, chance),
        _ => "honest".to_owned(),
    };
    spoilt(book, what, &records, chance)
}

/// A later request takes the id of an earlier one, or loses it.
fn of_requests(records: &mut [Record], at: usize) -> String {
    let ids: Vec<String> =
        records.iter().filter_map(|r| r.request.as_ref().map(|request| request.id.clone())).collect();
    match records.iter_mut().skip(at).find(|record| record.request.is_some()) {
        Some(record) if at.is_multiple_of(2) => {
            record.request = None;
            format!("no request from record {at} on")
        }
        Some(record) => {
            let id = ids.first().cloned().unwrap_or_default();
            record.request.iter_mut().for_each(|request| request.id.clone_from(&id));
            format!("the first request id again after record {at}")
        }
        None => "honest".to_owned(),
    }
}

/// A voucher of the book gets another number, or a fen more on one side.
fn of_vouchers(records: &mut [Record], chance: &mut Chance) -> String {
    let mut vouchers: Vec<_> = records
        .iter_mut()
        .filter_map(|record| match &mut record.event {
            record::Event::VoucherPosted(posted) => Some(&mut posted.voucher),
            record::Event::ReceiptPosted(posted) => Some(&mut posted.voucher),
            _ => None,
        })
        .collect();
    if vouchers.is_empty() {
        return "honest".to_owned();
    }
    let place = chance.within(0..vouchers.len() as u64) as usize;
    let voucher = &mut vouchers[place];
    if chance.once_in(2) {
        voucher.reference.number += 3;
        return format!("voucher {place} numbered anew");
    }
    voucher.lines.iter_mut().take(1).for_each(|line| line.fen += 1);
    format!("voucher {place} out of balance")
}

/// The file of records, now and then with a byte of a body changed, or cut short.
pub fn spoilt(book: &str, what: String, records: &[Record], chance: &mut Chance) -> (String, Vec<u8>) {
    let mut bodies: Vec<Vec<u8>> = records.iter().map(record::encode).collect();
    let mut what = what;
    if chance.once_in(6) {
        let place = chance.within(0..bodies.len() as u64) as usize;
        let byte = chance.within(0..bodies[place].len() as u64) as usize;
        bodies[place][byte] ^= 1 << chance.within(0..8);
        what += &format!("; byte {byte} of body {place} changed");
    }
    let mut file = evidence(book, &bodies, &[]);
    if chance.once_in(8) {
        file.truncate(file.len() - 1 - chance.within(0..2_000) as usize);
        what += "; cut short";
    }
    (what, file)
}

/// An evidence file of bodies and notes.
pub fn evidence(book: &str, bodies: &[Vec<u8>], notes: &[&str]) -> Vec<u8> {
    let leaves: Vec<record::Digest> = bodies.iter().map(|body| hash::leaf_hash(body)).collect();
    let header = Header {
        book: book.to_owned(),
        origin: String::new(),
        scope: Scope::All,
        size: bodies.len() as u64,
        root: proof::root_of(&leaves),
        writer: "test".to_owned(),
    };
    let mut writer = Writer::begin(Vec::new(), &header).expect("memory takes all");
    bodies.iter().for_each(|body| writer.record(body).expect("memory takes all"));
    notes.iter().for_each(|note| writer.note(note).expect("memory takes all"));
    writer.finish().expect("memory takes all")
}

/// Where the two verifiers say different things of files, by what was done to each.
pub fn differing(files: &[(String, Vec<u8>)]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let theirs = read(folder.path(), files.iter().map(|(_, file)| file));
    let pairs = files.iter().zip(&theirs);
    let differs = |((what, file), theirs): (&(String, Vec<u8>), &Json)| {
        let ours = verify_file(&file[..], [], |_, _| {}).expect("an evidence file");
        compare(what, &ours, theirs).err()
    };
    pairs.filter_map(differs).collect()
}
