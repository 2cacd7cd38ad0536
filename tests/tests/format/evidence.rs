//! Evidence files of docs/format/evidence.md as test vectors: made here, kept as a fixture, and what the verifier in Python says of each.

use record::evidence::{BalanceScope, Header, OutflowScope, Proven, Scope, Sums, Tail, Writer};
use record::kinds::Word;
use record::{Day, VoucherRef, hash};
use serde_json::{Value as Json, json};

use crate::vectors::check_kept;
use crate::{hex, python, records};

/// A few small bodies: what they say is of no matter here.
fn bodies() -> Vec<Vec<u8>> {
    let numbered = (1..).zip(records::log().into_iter().skip(1).take(3));
    numbered.map(|(sequence, (_, record))| record::encode(&record::Record { sequence, ..record })).collect()
}

fn header(scope: Scope) -> Header {
    let leaves: Vec<_> = bodies().iter().map(|body| hash::leaf_hash(body)).collect();
    Header {
        book: records::BOOK.to_owned(),
        origin: "earmark.example/gd".to_owned(),
        scope,
        size: leaves.len() as u64,
        root: proof::root_of(&leaves),
        writer: "earmark test".to_owned(),
    }
}

fn whole() -> Vec<u8> {
    let mut writer = Writer::begin(Vec::new(), &header(Scope::All)).expect("memory");
    bodies().iter().for_each(|body| writer.record(body).expect("memory"));
    writer.note("earmark.example/gd\n3\n").expect("memory");
    writer.finish().expect("memory")
}

fn part(scope: Scope) -> Vec<u8> {
    let bodies = bodies();
    let leaves: Vec<_> = bodies.iter().map(|body| hash::leaf_hash(body)).collect();
    let mut writer = Writer::begin(Vec::new(), &header(scope)).expect("memory");
    let proof = proof::inclusion_proof(&leaves, 1, 3).expect("a proof");
    writer.proven(&Proven { sequence: 2, body: bodies[1].clone(), proof }).expect("memory");
    writer.finish().expect("memory")
}

/// The proof of a figure: two entries with no Totals record that has them, and a tail of one record.
fn figure(scope: Scope) -> Vec<u8> {
    let bodies = bodies();
    let leaves: Vec<_> = bodies.iter().map(|body| hash::leaf_hash(body)).collect();
    let mut writer = Writer::begin(Vec::new(), &header(scope)).expect("memory");
    let sums = Sums { first: 0, count: 1, edge: Vec::new(), bridge: vec![[7; 32]] };
    writer.sums(&sums).expect("memory");
    writer.entry(&(0..44).collect::<Vec<u8>>()).expect("memory");
    let edge = proof::edge_from(2, |node| (node.level == 1).then(|| proof::node_hash(&leaves[0], &leaves[1])));
    writer.tail(&Tail { after: 2, to: 3, edge: edge.expect("an edge"), bridge: Vec::new() }).expect("memory");
    writer.record(&bodies[2]).expect("memory");
    writer.finish().expect("memory")
}

#[test]
fn evidence_files() {
    let voucher = VoucherRef { word: Word::Ji, cycle: 2018, number: 7 };
    let period = Scope::Period { from: Day(17_600), to: Day(17_630) };
    let balance = BalanceScope { account: 2, source: 3, grant: 4, holder: 1, as_of: Some(Day(17_600)), known_at: 3 };
    let outflows = OutflowScope { source: 3, from: Day(17_600), to: Day(17_630), uses: vec![1, 2], known_at: 3 };
    let (balance, outflows) = (Scope::Balance(balance), Scope::Outflows(outflows));
    let empty = Writer::begin(Vec::new(), &header(Scope::All)).and_then(Writer::finish).expect("memory");
    let mut cut = whole();
    cut.truncate(cut.len() - 9);
    let files = [
        ("three records and a note", whole()),
        ("nothing but header and trailer", empty),
        ("cut short", cut),
        ("a part: a grant", part(Scope::Grant(3))),
        ("a part: a voucher", part(Scope::Voucher(voucher))),
        ("a part: a period", part(period)),
        ("a figure: a balance", figure(balance)),
        ("a figure: outflows", figure(outflows)),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = "# Evidence files: name, the whole file, and what tools/verify.py says of it.\n".to_owned();
    for (no, (name, file)) in files.iter().enumerate() {
        let path = folder.path().join(no.to_string());
        std::fs::write(&path, file).expect("a file");
        let (report, _) = python("tools/verify.py", &[path.to_str().expect("a UTF-8 path")], "");
        let report: Json = serde_json::from_str(report.trim()).unwrap_or(Json::Null);
        text += &format!("{}\n", json!({"name": name, "file": hex(file), "report": report}));
    }
    check_kept("evidence.jsonl", &text);
}
