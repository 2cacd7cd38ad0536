//! Proofs of balances and of outflows: every figure of the season is what its records add up to, as known at any record and on any day; and
//! a proof that was tampered with is told by what was done to it, here and in Python.

use std::collections::BTreeMap;

use earmark_tests::agreement::read as read_in_python;
use engine::figures::Figure;
use record::evidence::{BalanceScope, OutflowScope, Scope};
use record::kinds::{Element, Side};
use record::{Day, Event, Line, Record, Voucher, hash};
use verify::Code;

use super::codes;
use super::served::{Piece, Pieces, Served, judged};

/// The records of the book, as its store has them.
async fn records(served: &Served) -> Vec<Record> {
    use engine::store::Store;
    let rows = served.book.store().log_rows(served.book.code(), 1, usize::MAX).await.expect("rows");
    rows.iter().flat_map(|row| &row.bodies).map(|body| record::decode(body).expect("a record")).collect()
}

fn voucher(record: &Record) -> Option<&Voucher> {
    match &record.event {
        Event::VoucherPosted(posted) => Some(&posted.voucher),
        Event::ReceiptPosted(posted) => Some(&posted.voucher),
        _ => None,
    }
}

/// Lines of the first so many records, with their days.
fn lines(records: &[Record], known_at: u64) -> impl Iterator<Item = (Day, &Line)> {
    let known = records.iter().filter(move |record| record.sequence <= known_at);
    known.filter_map(voucher).flat_map(|voucher| voucher.lines.iter().map(|line| (voucher.date, line)))
}

fn fits(scope: &BalanceScope, day: Day, line: &Line) -> bool {
    let is = |asked: u32, no: u32| asked == 0 || asked == no;
    line.account == scope.account
        && is(u32::from(scope.source), u32::from(line.source))
        && is(scope.grant, line.grant)
        && is(scope.holder, line.holder)
        && scope.as_of.is_none_or(|as_of| day <= as_of)
}

fn expected(records: &[Record], scope: &BalanceScope) -> i64 {
    let asked = lines(records, scope.known_at).filter(|(day, line)| fits(scope, *day, line));
    asked.map(|(_, line)| if line.side == Side::Debit { line.fen } else { -line.fen }).sum()
}

/// Balances of every beginning of a key that the season has.
fn scopes(records: &[Record], known_at: u64) -> Vec<BalanceScope> {
    let mut found = BTreeMap::new();
    for (_, line) in lines(records, u64::MAX) {
        let all = [u32::from(line.account), u32::from(line.source), line.grant, line.holder];
        for depth in 1..=4 {
            let mut key = all;
            key[depth..].fill(0);
            found.insert(key, ());
        }
    }
    let scope = |[account, source, grant, holder]: [u32; 4]| BalanceScope {
        account: account as u16,
        source: source as u8,
        grant,
        holder,
        as_of: None,
        known_at,
    };
    found.into_keys().map(scope).collect()
}

#[tokio::test]
async fn every_balance_is_proven_as_of_any_day_and_record() {
    let served = Served::new().await;
    let records = records(&served).await;
    let size = records.len() as u64;
    let totals: Vec<u64> = records
        .iter()
        .filter_map(|record| match record.event {
            Event::Totals { at, .. } => Some(at),
            _ => None,
        })
        .collect();
    let (first, at) = (totals[0], *totals.last().expect("a Totals record"));
    assert!(totals.len() > 2, "{totals:?}");
    let days = [None, Some(Day::parse("2018-06-05").expect("a day")), Some(Day::parse("2018-10-31").expect("a day"))];
    let (mut files, mut shown) = (Vec::new(), Vec::new());
    for (no, scope) in scopes(&records, size).into_iter().enumerate() {
        let known_at = [size, at, at + 1, at - 1, 40, first, first + 1, first - 1][no % 8];
        let scope = BalanceScope { as_of: days[no % 3], known_at, ..scope };
        let file = served.prove(&Figure::Balance(scope.clone()), known_at).await;
        let report = judged(&file);
        assert!(report.is_clean(), "{scope:?}: {:#?}", report.faults);
        let figure = report.figure.expect("a figure");
        assert_eq!(figure.balance(), expected(&records, &scope), "{scope:?}");
        let newest = totals.iter().filter(|at| **at <= known_at).max().copied().unwrap_or(0);
        assert_eq!(figure.totals_at, newest, "{scope:?}");
        assert!(!figure.account.is_empty() && figure.known_at == known_at);
        // Where the sums of a Totals record stand by themselves, the proof is small.
        if totals.contains(&known_at) {
            assert!(file.len() < 64 << 10, "{} bytes", file.len());
        }
        shown.push((scope, figure.balance()));
        files.push(file);
    }
    assert!(files.len() > 100, "{}", files.len());
    let folder = tempfile::tempdir().expect("a folder");
    for ((scope, balance), told) in shown.iter().zip(read_in_python(folder.path(), &files)) {
        assert_eq!((&told["faults"], &told["balance"]), (&serde_json::json!({}), &(*balance).into()), "{scope:?}");
    }
    served.engine.shutdown().await;
}

#[tokio::test]
async fn a_balance_needs_its_checkpoint_and_holds_no_more_than_it_says() {
    let served = Served::new().await;
    let size = served.book.head().expect("a head").sequence;
    let later = served.cosign().await;
    assert_eq!(later, size);
    served.register(77).await;
    // The newest cosigned checkpoint does not hold the newest record: a new one is signed, which nobody cosigned yet.
    let newest = served.book.head().expect("a head").sequence;
    let scope = BalanceScope { account: 2, source: 0, grant: 0, holder: 0, as_of: None, known_at: newest };
    let file = served.prove(&Figure::Balance(scope), newest).await;
    assert_eq!(codes(&judged(&file)), [Code::Cosigned]);
    served.cosign().await;
    let scope = BalanceScope { account: 2, source: 0, grant: 0, holder: 0, as_of: None, known_at: newest };
    assert!(judged(&served.prove(&Figure::Balance(scope), newest).await).is_clean());
    served.engine.shutdown().await;
}

/// What somebody does to a proof, and what tells it.
type Damage = (&'static str, fn(&mut Pieces), &'static [Code]);

fn first(pieces: &Pieces, is: fn(&Piece) -> bool) -> usize {
    *pieces.places(is).first().expect("such a piece")
}

fn balance(pieces: &mut Pieces) -> &mut BalanceScope {
    let Scope::Balance(scope) = &mut pieces.header.scope else { unreachable!("a balance") };
    scope
}

const IS_ENTRY: fn(&Piece) -> bool = |piece| matches!(piece, Piece::Entry(_));
const IS_RECORD: fn(&Piece) -> bool = |piece| matches!(piece, Piece::Record(_));
const IS_PROVEN: fn(&Piece) -> bool = |piece| matches!(piece, Piece::Proven(_));

const DAMAGES: &[Damage] = &[
    (
        "an entry is dropped, and the count with it",
        |pieces| {
            let place = first(pieces, IS_ENTRY);
            pieces.pieces.remove(place);
            for piece in &mut pieces.pieces {
                if let Piece::Sums(sums) = piece {
                    sums.count -= 1;
                }
            }
        },
        &[Code::Entries],
    ),
    (
        "a fen is added to a sum",
        |pieces| {
            let place = pieces.places(IS_ENTRY)[1];
            let Piece::Entry(entry) = &mut pieces.pieces[place] else { unreachable!("just found") };
            entry[20] ^= 1;
        },
        &[Code::Entries],
    ),
    (
        "a fen is moved between two entries",
        |pieces| {
            let places = pieces.places(IS_ENTRY);
            for (place, change) in [(places[0], 1i64), (places[1], -1)] {
                let Piece::Entry(entry) = &mut pieces.pieces[place] else { unreachable!("just found") };
                let fen = i64::from_le_bytes(entry[20..28].try_into().expect("eight bytes")) + change;
                entry[20..28].copy_from_slice(&fen.to_le_bytes());
            }
        },
        &[Code::Entries],
    ),
    (
        "two entries change places",
        |pieces| {
            let places = pieces.places(IS_ENTRY);
            pieces.pieces.swap(places[0], places[1]);
        },
        &[Code::Entries],
    ),
    (
        "a record after the sums is dropped",
        |pieces| {
            let place = *pieces.places(IS_RECORD).last().expect("records");
            pieces.pieces.remove(place);
        },
        &[Code::Tail],
    ),
    (
        "a record after the sums is another",
        |pieces| {
            let place = first(pieces, IS_RECORD);
            let Piece::Record(body) = &mut pieces.pieces[place] else { unreachable!("just found") };
            let mut record = record::decode(body).expect("a record");
            record.time += 1;
            *body = record::encode(&record);
        },
        &[Code::Tail],
    ),
    (
        "the Totals record is left out",
        |pieces| {
            let totals = |piece: &Piece| match piece {
                Piece::Proven(proven) => {
                    matches!(record::decode(&proven.body).expect("a record").event, Event::Totals { .. })
                }
                _ => false,
            };
            let place = *pieces.places(totals).first().expect("a Totals record");
            pieces.pieces.remove(place);
        },
        &[Code::Entries, Code::Tail],
    ),
    (
        "the opening is left out, which tells what the ordinals are",
        |pieces| {
            let place = first(pieces, IS_PROVEN);
            pieces.pieces.remove(place);
        },
        &[Code::Lacks],
    ),
    ("it is said to be known later", |pieces| balance(pieces).known_at -= 1, &[Code::Tail]),
    ("it is said to be of another source", |pieces| balance(pieces).source += 3, &[Code::Entries]),
    ("it is said to be of another account", |pieces| balance(pieces).account += 40, &[Code::Entries]),
    ("it is said to be of a grant that the file does not name", |pieces| balance(pieces).grant = 1, &[Code::Lacks]),
    (
        "the entries are said to stand elsewhere",
        |pieces| {
            for piece in &mut pieces.pieces {
                if let Piece::Sums(sums) = piece {
                    sums.first += 1;
                }
            }
        },
        &[Code::Entries],
    ),
    (
        "the checkpoint is of another root",
        |pieces| pieces.header.root[0] ^= 1,
        &[Code::Root, Code::Checkpoint, Code::Tail, Code::Cosigned],
    ),
];

#[tokio::test]
async fn what_is_done_to_a_proof_is_told() {
    let served = Served::new().await;
    let size = served.book.head().expect("a head").sequence;
    let (account, source) =
        served.book.read(|state| (state.account_no("10201"), state.source_no("S2P"))).expect("a state");
    let scope = BalanceScope {
        account: account.expect("an account"),
        source: source.expect("a source"),
        grant: 0,
        holder: 0,
        as_of: None,
        known_at: size,
    };
    let honest = Pieces::of(&served.prove(&Figure::Balance(scope), size).await);
    assert!(
        judged(&honest.file()).is_clean() && honest.places(IS_ENTRY).len() > 2 && honest.places(IS_RECORD).len() > 2
    );
    let (mut files, mut wrong) = (Vec::new(), Vec::new());
    for (name, damage, expected) in DAMAGES {
        let mut pieces = honest.clone();
        damage(&mut pieces);
        let file = pieces.file();
        let found = codes(&judged(&file));
        if !found.iter().any(|code| expected.contains(code)) {
            wrong.push(format!("{name}: expected one of {expected:?}, found {found:?}"));
        }
        files.push(file);
    }
    // A run of honest entries that ends too early, with the proof that fits it: the neighbour is missing.
    let short = shortened(&served, &honest).await;
    assert_eq!(codes(&judged(&short)), [Code::Entries], "no neighbour behind the last entry");
    files.push(short);
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    let folder = tempfile::tempdir().expect("a folder");
    for (no, told) in read_in_python(folder.path(), &files).iter().enumerate() {
        let ours: Vec<&str> = codes(&judged(&files[no])).iter().map(|code| code.code()).collect();
        // Signatures are not checked there.
        let ours: Vec<&str> = ours.into_iter().filter(|code| !["VER-009", "VER-034"].contains(code)).collect();
        let theirs: Vec<&str> = told["faults"].as_object().expect("faults").keys().map(String::as_str).collect();
        assert_eq!(ours, theirs, "{:?}", DAMAGES.get(no).map(|(name, ..)| name));
    }
    served.engine.shutdown().await;
}

/// The same proof without its last entry, as somebody could make it who knows all entries.
async fn shortened(served: &Served, honest: &Pieces) -> Vec<u8> {
    let entries: Vec<Vec<u8>> = served.book.read(|state| state.total_entries().collect()).expect("a state");
    let leaves: Vec<_> = entries.iter().map(|entry| hash::leaf_hash(entry)).collect();
    let mut pieces = honest.clone();
    let last = *pieces.places(IS_ENTRY).last().expect("entries");
    pieces.pieces.remove(last);
    for piece in &mut pieces.pieces {
        if let Piece::Sums(sums) = piece {
            sums.count -= 1;
            let end = sums.first + sums.count;
            sums.bridge = proof::consistency_proof(&leaves, end, leaves.len() as u64).expect("a proof");
        }
    }
    pieces.file()
}

#[tokio::test]
async fn no_outflow_of_a_source_lies_outside_its_purposes() {
    let served = Served::new().await;
    let records = records(&served).await;
    let size = records.len() as u64;
    let day = |text: &str| Day::parse(text).expect("a day");
    let of = |code: &str| served.book.read(|state| state.use_no(code)).expect("a state").expect("a use");
    let assets: Vec<u16> = served
        .book
        .read(|state| {
            let assets = state.accounts.iter().filter(|(_, account)| account.element == Element::Asset);
            assets.map(|(no, _)| no as u16).collect()
        })
        .expect("a state");
    let mut files = Vec::new();
    for (source, from, to, uses, outside) in [
        ("S2P", "2018-01-01", "2018-12-31", &["A75", "B95", "C95"][..], false),
        ("S2P", "2018-01-01", "2018-10-31", &["B95", "C95"], false),
        ("S2P", "2018-01-01", "2018-12-31", &["B95", "C95"], true),
        ("S2P", "2018-11-01", "2018-12-31", &["A75"], false),
        ("S3R", "2018-06-01", "2018-12-31", &["B95"], false),
        ("S3R", "2018-06-01", "2018-12-31", &["C95"], true),
        ("S3N", "2018-01-01", "2018-09-30", &["B95"], false),
        ("S1M", "2018-01-01", "2018-12-31", &["A20"], false),
        ("S1M", "2018-01-01", "2018-12-31", &["A75"], true),
    ] {
        let mut uses: Vec<u8> = uses.iter().map(|code| of(code)).collect();
        uses.sort_unstable();
        let no = served.book.read(|state| state.source_no(source)).expect("a state").expect("a source");
        let scope = OutflowScope { source: no, from: day(from), to: day(to), uses, known_at: size };
        let file = served.prove(&Figure::Outflows(scope.clone()), size).await;
        let report = judged(&file);
        let told: &[Code] = if outside { &[Code::Outflow] } else { &[] };
        assert_eq!(codes(&report), told, "{source} {from} {to}: {:#?}", report.faults);
        let figure = report.figure.expect("a figure");
        let mut sums: BTreeMap<u8, i64> = BTreeMap::new();
        for (on, line) in lines(&records, size) {
            let within = line.source == no && (scope.from..=scope.to).contains(&on) && assets.contains(&line.account);
            if within && line.side == Side::Credit {
                *sums.entry(line.use_code).or_default() += line.fen;
            }
        }
        let credits: i64 = figure.rows.iter().map(|row| row.credit).sum();
        assert_eq!(credits, sums.values().sum::<i64>(), "{source} {from} {to}");
        files.push(file);
    }
    // Another period or another set of uses is another claim, judged by the same records.
    let mut pieces = Pieces::of(&files[1]);
    let Scope::Outflows(scope) = &mut pieces.header.scope else { unreachable!("outflows") };
    scope.to = day("2018-12-31");
    files.push(pieces.file());
    assert_eq!(codes(&judged(&pieces.file())), [Code::Outflow], "the members' payment of November");
    // A run of entries that is left out may hide what was paid from another account.
    let honest = Pieces::of(&files[0]);
    let mut runs = 0;
    for place in honest.places(|piece| matches!(piece, Piece::Sums(_))) {
        let mut pieces = honest.clone();
        let Piece::Sums(sums) = pieces.pieces.remove(place) else { unreachable!("just found") };
        (0..sums.count).for_each(|_| drop(pieces.pieces.remove(place)));
        assert_eq!(codes(&judged(&pieces.file()))[0], Code::Entries);
        files.push(pieces.file());
        runs += 1;
    }
    assert!(runs > 1, "{runs}");
    let folder = tempfile::tempdir().expect("a folder");
    for (no, told) in read_in_python(folder.path(), &files).iter().enumerate() {
        let ours: Vec<&str> = codes(&judged(&files[no])).iter().map(|code| code.code()).collect();
        let theirs: Vec<&str> = told["faults"].as_object().expect("faults").keys().map(String::as_str).collect();
        assert_eq!(ours, theirs, "file {no}");
    }
    served.engine.shutdown().await;
}
