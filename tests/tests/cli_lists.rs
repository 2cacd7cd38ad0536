//! `earmark roster` and `earmark reconcile` against a served book: a roster becomes tokens on this machine, goes up in parts, is sealed
//! by its form, and the same person is found again; a collecting system's own list is laid beside the books. Nothing of a person is
//! anywhere.

#[path = "cli_program/mod.rs"]
mod earmark;

use std::path::{Path, PathBuf};

use earmark::{Demo as World, run};
use serde_json::{Value, json};

/// Headings of the enrolment form (附件2).
const HEAD: &str = "顺序号,姓名,身份证号码,性别,年龄,健康状况,指定受益人,从事高危行业,保费(元),手机号码,备注";

impl World {
    /// Submits as one person and approves as another.
    fn reviewed(&self, maker: &str, reviewer: &str, words: &[&str]) {
        let submitted = self.ask(maker, &[words, &["--json"]].concat()).json();
        let submission = submitted["result"]["submitted"]["submission"].to_string();
        self.ask(reviewer, &["review", submission.trim_matches('"'), "--verdict", "APPROVE"]).ok();
    }
}

/// A synthetic identity number with a right check digit (GB 11643): region 000000 belongs to nobody.
fn synthetic(birth: &str, serial: u32) -> String {
    let digits = format!("000000{birth}{serial:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let check = ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][(sum % 11) as usize];
    format!("{digits}{check}")
}

/// A row of the form: a woman where the serial is even.
fn row(no: u32, serial: u32) -> String {
    let sex = if serial.is_multiple_of(2) { "女" } else { "男" };
    format!("{no},某某{no},{},{sex},47,良好,某某,否,95,1390000{no:04},\n", synthetic("19710129", serial))
}

/// Makes tokens of persons; gives the file and what was shown.
fn tokenized(world: &World, name: &str, serials: &[u32]) -> (String, Value) {
    let rows: String = (1..).zip(serials).map(|(no, serial)| row(no, *serial)).collect();
    let form = world.write(&format!("{name}.csv"), &format!("报名表\n{HEAD}\n{rows}"));
    let (key, out) = (world.path("key"), world.path(&format!("{name}.tokens")));
    let (key, out) = (key.to_str().expect("a path"), out.to_str().expect("a path").to_owned());
    let shown = run(&["roster", "tokenize", &form, "--key", key, "--on", "2018-10-01", "--out", &out, "--json"]).json();
    (out, shown)
}

fn form_of(code: &str, upload: &str, heads: usize, shown: &Value) -> String {
    json!({"form": {
        "code": code, "organization": "GZ", "year": 2019, "class": "A", "plan": "COMP", "unit_headcount": 100,
        "insured_count": heads, "in_service": heads, "premium_total_fen": heads * 9_500, "gift_type": "NONE",
        "roster_rows": heads, "roster_digest": shown["roster_digest"], "tokens_digest": shown["tokens_digest"],
        "submitted_on": "2019-01-11", "cover_start": "2020-01-01", "cover_end": "2020-12-31", "upload": upload
    }})
    .to_string()
}

/// Whether a text stands anywhere in the files below a folder.
fn stands_in(folder: &Path, text: &str) -> Option<PathBuf> {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if let Some(found) = stands_in(&path, text) {
                return Some(found);
            }
        } else if std::fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
        {
            return Some(path);
        }
    }
    None
}

#[test]
fn a_roster_goes_up_as_tokens_and_nobody_is_enrolled_twice() {
    let world = World::new();
    let key = world.path("key");
    let made = run(&["roster", "key", "2019", "K-2019", "--out", key.to_str().expect("a path"), "--json"]).json();
    let (first, shown) = tokenized(&world, "first", &[2, 3, 5]);
    assert_eq!((&shown["rows"], &shown["premium_total_fen"]), (&3.into(), &28_500.into()), "{shown}");
    // Before the key is registered no roster is taken; the refusal is the answer to that upload for good.
    let early = world.ask("collector-gz", &["roster", "submit", &first, "--upload", "U-0"]);
    assert!(early.code == Some(1) && early.err.contains("ENR-003"), "{early:?}");
    let check = made["check_value"].as_str().expect("a check value");
    world.reviewed("svc", "chief", &["token-key", "register", "2019", "K-2019", "--check-value", check]);

    let words = ["roster", "submit", &first, "--upload", "U-1", "--json"];
    let sent = world.ask("collector-gz", &words).json();
    assert_eq!((&sent["upload"], &sent["tokens_digest"]), (&"U-1".into(), &shown["tokens_digest"]), "{sent}");
    // An upload that broke off is sent once more, and counts once.
    assert_eq!(world.ask("collector-gz", &words).json(), sent);
    // Wrong totals seal nothing; the right form does.
    let wrong = world.write("wrong.json", &form_of("A-2019-R1", "U-1", 2, &shown));
    let refused = world.ask("collector-gz", &["batch", "submit", "--from-json", &wrong]);
    assert!(refused.code == Some(1) && refused.err.contains("ENR-001"), "{refused:?}");
    let right = world.write("right.json", &form_of("A-2019-R1", "U-1", 3, &shown));
    world.ask("collector-gz", &["batch", "submit", "--from-json", &right]).ok();

    // The second row of the next roster is somebody of the first.
    let (second, _) = tokenized(&world, "second", &[7, 3, 8]);
    let twice = world.ask("collector-gz", &["roster", "submit", &second, "--upload", "U-2", "--lang", "en"]);
    assert!(twice.code == Some(1) && twice.err.contains("ENR-003") && twice.err.contains("not sealed"), "{twice:?}");
    let faulty = world.write("faulty.csv", &format!("{HEAD}\n{}{}", row(1, 9), row(2, 9)));
    let said = run(&[
        "roster",
        "tokenize",
        &faulty,
        "--key",
        key.to_str().expect("a path"),
        "--on",
        "2018-10-01",
        "--out",
        world.path("none").to_str().expect("a path"),
        "--lang",
        "en",
    ]);
    assert!(said.code == Some(1) && said.err.contains("row 3"), "{said:?}");
    assert!(!world.path("none").exists(), "a faulty form makes no tokens");

    // No number, name or phone is in any file of the book, in any answer, in the journal.
    let numbers = [2, 3, 5, 7, 8, 9].map(|serial| synthetic("19710129", serial));
    for secret in numbers.iter().map(String::as_str).chain(["某某1", "13900000001"]) {
        for folder in ["data", "journal"] {
            assert_eq!(stands_in(&world.path(folder), secret), None, "{secret}");
        }
        for said in [&early, &refused, &twice, &said] {
            assert!(!said.err.contains(secret) && !said.out.contains(secret), "{secret}: {said:?}");
        }
    }
}

#[test]
fn a_systems_own_list_is_laid_beside_the_books() {
    let world = World::new();
    let head = "holder,payer,batch,heads,unit,amount,received_on,bill_no\n";
    let receipts =
        world.write("receipts.csv", &format!("{head}GZ,MEMBER,A-2018-GZ-2,1,20.00,20.00,2019-01-11,CSV-1\n"));
    world.ask("collector-gz", &["import", "receipts", &receipts]).ok();
    let of_day = ["--from", "2019-01-11", "--to", "2019-01-11"];
    let list = world.write("list.csv", "bill_no,amount\nCSV-1,20.00\n");
    let same = world.ask("collector-gz", &[&["reconcile", "receipts", &list, "--json"][..], &of_day].concat()).json();
    assert_eq!((&same["listed"], &same["booked"], &same["differences"]), (&1.into(), &1.into(), &json!([])), "{same}");

    let other = world.write("other.csv", "bill_no,amount\nCSV-1,40.00\nCSV-2,20.00\n");
    let differ = world.ask("collector-gz", &[&["reconcile", "receipts", &other, "--json"][..], &of_day].concat());
    assert_eq!(differ.code, Some(1), "{differ:?}");
    let told: Value = serde_json::from_str(&differ.out).expect("JSON");
    let mut kinds: Vec<&str> =
        told["differences"].as_array().expect("a list").iter().filter_map(|d| d["kind"].as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["DIFFERENT", "MISSING"], "{told}");
    let nothing = world.write("nothing.csv", "bill_no,amount\n");
    let extra =
        world.ask("collector-gz", &[&["reconcile", "receipts", &nothing, "--lang", "en"][..], &of_day].concat());
    assert!(extra.code == Some(1) && extra.out.contains("extra") && extra.out.contains("代-"), "{extra:?}");
    // Every fault of a list at once, and nothing is sent.
    let faulty = world.write("faulty.csv", "bill_no,amount\nCSV-1,2e1\n,20.00\n");
    let said = world.ask("collector-gz", &[&["reconcile", "receipts", &faulty][..], &of_day].concat());
    assert!(said.code == Some(2) && said.err.contains("line 2") && said.err.contains("line 3"), "{said:?}");
    // Another's list is not theirs to see.
    let denied = world
        .ask("collector-gz", &[&["reconcile", "receipts", &list, "--system", "collector-sz"][..], &of_day].concat());
    assert_eq!(denied.code, Some(1), "{denied:?}");
}
