//! Parts of the season's book: every grant, voucher and month stands by itself under the committee's policy, what is taken out of one or
//! changed in it is told, and the verifier in Python says the same.

use earmark_tests::agreement::read as read_in_python;
use ledger::evidence::Selection;
use record::evidence::{Header, Proven, Writer};
use record::kinds::Verdict;
use record::{Event, Record, hash};
use verify::{Code, verify_file};

use super::served::{Piece, Pieces, Served, judged};
use super::{bodies, codes, season};

#[tokio::test]
async fn every_scope_of_the_season_stands_by_itself() {
    let served = Served::new().await;
    let size = served.book.head().expect("a head").sequence;
    let (grants, vouchers) = served
        .book
        .read(|state| {
            let grants: Vec<String> = state.grants.iter().map(|(no, _)| state.grants.code(no).to_owned()).collect();
            let last = state.numbers.iter().map(|((word, cycle), last)| (*word, *cycle, *last)).collect::<Vec<_>>();
            (grants, last)
        })
        .expect("a state");
    let mut scopes: Vec<String> = grants.iter().map(|code| format!("grant:{code}")).collect();
    for (word, cycle, last) in vouchers {
        scopes.extend((1..=last).map(|number| format!("voucher:{word}-{cycle}-{number}")));
    }
    scopes.extend((4..=12).map(|month| format!("period:2018-{month:02}")));
    scopes.push("period:2018".to_owned());
    assert!(scopes.len() > 60, "{}", scopes.len());
    let mut files = Vec::new();
    for scope in &scopes {
        // Not in every month of the season something was booked.
        if scope.starts_with("period") && ["-07", "-08", "-09"].iter().any(|month| scope.ends_with(month)) {
            continue;
        }
        let file = served.export(scope).await;
        let report = judged(&file);
        assert!(report.is_clean(), "{scope}: {:#?}", report.faults);
        assert!(report.part && report.cosigned.as_ref().is_some_and(|(at, _)| *at == size), "{scope}");
        assert_eq!(report.origin, "ledger.example.org/gd");
        assert!(report.vouchers > 0 || report.records < size, "{scope}");
        files.push((scope, file));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (scopes, files): (Vec<&String>, Vec<Vec<u8>>) = files.into_iter().unzip();
    for (scope, told) in scopes.iter().zip(read_in_python(folder.path(), &files)) {
        assert_eq!(told["faults"], serde_json::json!({}), "{scope}");
    }
    let whole = judged(&served.export("all").await);
    assert!(whole.is_clean() && !whole.part && whole.unjudged.is_empty(), "{:#?}", whole.faults);
    served.engine.shutdown().await;
}

#[tokio::test]
async fn a_donation_s_file_holds_its_whole_way() {
    let served = Served::new().await;
    let file = served.export("grant:JZ-R").await;
    let report = judged(&file);
    assert_eq!((report.scope.as_str(), report.purposes), ("grant JZ-R", 1));
    let of = |account: &str| report.balances.get(&(account.to_owned(), "S3R".to_owned())).copied().unwrap_or(0);
    // 100,000 yuan came, 1,000 heads at 95 were paid; the year's result took the rest.
    assert_eq!(of("10201"), 500_000);
    let names: Vec<String> = Pieces::of(&file)
        .pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Proven(proven) => {
                let event = record::decode(&proven.body).expect("a record").event;
                Some(format!("{event:?}").split(['(', ' ', '{']).next().unwrap_or_default().to_owned())
            }
            _ => None,
        })
        .collect();
    for name in [
        "BookCreated",
        "RolesSet",
        "SchemeRegistered",
        "GrantOpened",
        "OrganizationRegistered",
        "BankTransactionRegistered",
        "ApprovalRecorded",
        "Committed",
        "BatchSubmitted",
        "BatchReviewed",
        "Submitted",
        "Reviewed",
        "VoucherPosted",
        "PeriodClosed",
        "LogPolicySet",
        "Totals",
    ] {
        assert!(names.iter().any(|found| found == name), "no {name} among {names:?}");
    }
    assert!(!names.iter().any(|name| name == "ReceiptPosted"), "premiums are another matter: {names:?}");
    served.engine.shutdown().await;
}

#[tokio::test]
async fn what_is_taken_out_of_a_part_is_told() {
    let served = Served::new().await;
    let whole = Pieces::of(&served.export("grant:JZ-R").await);
    let mut untold = Vec::new();
    for place in whole.places(|piece| matches!(piece, Piece::Proven(_))) {
        let Piece::Proven(proven) = &whole.pieces[place] else { unreachable!("just found") };
        let record = record::decode(&proven.body).expect("a record");
        let mut less = whole.clone();
        less.pieces.remove(place);
        let report = judged(&less.file());
        if report.is_clean() {
            untold.push(format!("{:?}", record.event).split(['(', ' ', '{']).next().unwrap_or_default().to_owned());
        } else {
            assert!(!codes(&report).contains(&Code::File), "{:?}", report.faults);
        }
        // What a payment rests on, and what the rules are, is missed whoever takes it out.
        let rested_on = matches!(
            record.event,
            Event::BookCreated(_)
                | Event::GrantOpened(_)
                | Event::Committed(_)
                | Event::ApprovalRecorded { .. }
                | Event::BankTransactionRegistered(_)
                | Event::ParameterSet { .. }
                | Event::StandardSet { .. }
                | Event::SchemeRegistered { .. }
        );
        assert!(!rested_on || !report.is_clean(), "{:?}", record.event);
    }
    untold.sort();
    untold.dedup();
    // Nothing in a part rests on these: that they are all there only a whole book shows.
    let may = [
        "LogPolicySet",
        "OrganizationRegistered",
        "PeriodClosed",
        "RolesSet",
        "SnapshotRegistered",
        "Totals",
        "VoucherPosted",
    ];
    assert!(untold.iter().all(|name| may.contains(&name.as_str())), "{untold:?}");
    served.engine.shutdown().await;
}

#[tokio::test]
async fn no_byte_of_a_part_can_be_changed() {
    let served = Served::new().await;
    let honest = served.export("voucher:记-2018-7").await;
    assert!(judged(&honest).is_clean());
    let trusted = || verify::Trusted { policy: Some(super::served::policy()), ..verify::Trusted::default() };
    for at in (0..honest.len()).filter(|at| *at < 300 || at % 61 == 0 || *at > honest.len() - 300) {
        let mut file = honest.clone();
        file[at] ^= 1 << (at % 8);
        let well = verify::verify_file(&file[..], trusted(), |_, _| {}).is_ok_and(|report| report.is_clean());
        assert!(!well, "a flipped bit in byte {at} is not told");
    }
    // With a trailer that fits, the tree tells it.
    let whole = Pieces::of(&honest);
    for place in whole.places(|piece| matches!(piece, Piece::Proven(_))) {
        let mut other = whole.clone();
        let Piece::Proven(proven) = &mut other.pieces[place] else { unreachable!("just found") };
        let middle = proven.body.len() / 2;
        proven.body[middle] ^= 1;
        assert!(codes(&judged(&other.file())).contains(&Code::Root), "record {place}");
    }
    let mut other = whole.clone();
    other.header.size += 1;
    assert!(codes(&judged(&other.file())).contains(&Code::Cosigned), "another size has no checkpoint");
    let mut other = whole;
    other.pieces.retain(|piece| !matches!(piece, Piece::Note(_)));
    assert_eq!(codes(&judged(&other.file())), [Code::Cosigned], "without a checkpoint");
    served.engine.shutdown().await;
}

#[tokio::test]
async fn a_scope_that_is_not_there_makes_no_file() {
    use engine::evidence::{Export, ExportError, Stored};
    use ledger::evidence::NoPart;
    let served = Served::new().await;
    for scope in ["grant:NO-SUCH", "voucher:记-2018-999", "period:2017-05"] {
        let asked = scope.parse().expect("a scope");
        let moment = served.book.moment(&asked, 0).await.expect("a moment");
        let (chunks, taken) = tokio::sync::mpsc::channel(4);
        let export = Export { book: served.book.code(), asked: &asked, moment: &moment, progress: &|_, _| {} };
        let made = export.write(&Stored(&**served.book.store(), served.book.code()), &chunks).await;
        assert!(matches!(made, Err(ExportError::NoPart(NoPart::NotFound))), "{scope}: {made:?}");
        drop(taken);
    }
    assert!(served.book.moment(&"voucher:记-2018-1".parse().expect("a scope"), 3).await.is_err(), "nobody signed 3");
    served.engine.shutdown().await;
}

/// A part of a log as its keepers would write it, whatever they did to its records.
pub fn part_of(records: &[Record], scope: &str) -> Vec<u8> {
    let mut selection = Selection::new(scope.parse().expect("a scope"));
    loop {
        records.iter().for_each(|record| selection.take(record.clone()));
        if !selection.settle() {
            break;
        }
    }
    let (scope, chosen) = selection.finish().expect("a part");
    let bodies = bodies(records);
    let size = bodies.len() as u64;
    let mut gather = proof::Gather::default();
    chosen.iter().for_each(|sequence| gather.inclusion(sequence - 1, size).expect("a record of the log"));
    let mut tree = proof::Tree::empty();
    for leaf in bodies.iter().map(|body| hash::leaf_hash(body)) {
        gather.push(leaf);
        tree.push(leaf);
    }
    let Some(Event::BookCreated(created)) = records.first().map(|record| &record.event) else {
        unreachable!("a book begins with its opening")
    };
    let (book, origin, writer) = (created.book.clone(), String::new(), "test".to_owned());
    let header = Header { book, origin, scope, size, root: tree.root(), writer };
    let mut writer = Writer::begin(Vec::new(), &header).expect("memory");
    for sequence in chosen {
        let proof = proof::inclusion_proof_from(sequence - 1, size, |node| gather.node(node)).expect("a proof");
        let body = bodies[sequence as usize - 1].clone();
        writer.proven(&Proven { sequence, body, proof }).expect("memory");
    }
    writer.finish().expect("memory")
}

/// The payment out of the restricted donation.
fn payment(records: &mut [Record]) -> &mut Record {
    let pays = |record: &&mut Record| match &record.event {
        Event::VoucherPosted(posted) => {
            let effect = matches!(posted.effect, record::event::Effect::Payment { .. });
            effect && posted.voucher.lines.iter().any(|line| line.grant == 3)
        }
        _ => false,
    };
    records.iter_mut().find(pays).expect("a payment of JZ-R")
}

fn paid(records: &mut [Record]) -> &mut record::event::VoucherPosted {
    let Event::VoucherPosted(posted) = &mut payment(records).event else { unreachable!("just found") };
    posted
}

/// What the keepers of a log did before they signed it, and what a part of it tells.
type Deed = (&'static str, fn(&mut [Record]), Code);

const KEEPERS: &[Deed] = &[
    ("a fen more on one side", |records| paid(records).voucher.lines[0].fen += 1, Code::Balance),
    (
        "paid for a use that the agreement does not permit",
        |records| paid(records).voucher.lines.iter_mut().for_each(|line| line.use_code += 1),
        Code::Rule,
    ),
    (
        "made and reviewed by one person",
        |records| {
            let voucher = &mut paid(records).voucher;
            voucher.reviewed_by = voucher.prepared_by;
        },
        Code::Hands,
    ),
    (
        "reviewed by a person without the office",
        |records| {
            let at = payment(records).sequence as usize - 2;
            assert!(matches!(records[at].event, Event::Reviewed { .. }));
            records[at].actor.person = records.iter().find_map(office_of_cashier).expect("a cashier");
        },
        Code::Role,
    ),
    (
        "another command than the one that was asked",
        |records| {
            let at = payment(records).sequence as usize - 2;
            let Event::Reviewed { submission, .. } = records[at].event else { unreachable!("a review") };
            let Event::Submitted { command } = &mut records[submission as usize - 1].event else {
                unreachable!("a submission")
            };
            let Some(record::Command::Disburse(mut pay)) = record::command::decode(command) else {
                unreachable!("a payment")
            };
            pay.fen += 100;
            *command = record::command::encode(&record::Command::Disburse(pay));
        },
        Code::Fingerprint,
    ),
    (
        "without a review",
        |records| {
            let at = payment(records).sequence as usize - 2;
            let Event::Reviewed { verdict, .. } = &mut records[at].event else { unreachable!("a review") };
            *verdict = Verdict::Reject;
        },
        Code::Review,
    ),
    (
        "for a batch that was sent back",
        |records| {
            let record::event::Effect::Payment { batches, .. } = &paid(records).effect else {
                unreachable!("a payment")
            };
            let paid = batches[0].0;
            for record in records {
                match &mut record.event {
                    Event::BatchReviewed { batch, verdict, .. } if *batch == paid => *verdict = Verdict::Reject,
                    _ => {}
                }
            }
        },
        Code::Rule,
    ),
    (
        "beyond its approval",
        |records| {
            let no = paid(records).voucher.approval;
            for record in records {
                match &mut record.event {
                    Event::ApprovalRecorded { no: other, approval } if *other == no => approval.max_fen = 1,
                    _ => {}
                }
            }
        },
        Code::Approval,
    ),
    ("one record of it under other rules", |records| payment(records).rule_set += 1, Code::Command),
    (
        "under rules that the part does not hold",
        |records| {
            let at = payment(records).sequence as usize - 2;
            records[at..at + 3].iter_mut().for_each(|record| record.rule_set += 1);
        },
        Code::Lacks,
    ),
    ("to an account that takes none", |records| paid(records).voucher.lines[0].account = 1, Code::Line),
];

fn office_of_cashier(record: &Record) -> Option<u32> {
    match &record.event {
        Event::RolesSet(set) if set.roles == [record::kinds::Role::Cashier] => Some(set.person),
        _ => None,
    }
}

#[test]
fn what_keepers_did_before_they_signed_is_told_by_a_part() {
    let honest = season().records;
    let told = |records: &[Record]| {
        let report = verify_file(&part_of(records, "grant:JZ-R")[..], [], |_, _| {}).expect("a file");
        (codes(&report), report.faults)
    };
    assert_eq!(told(&honest).0, []);
    let mut missed = Vec::new();
    for (name, damage, code) in KEEPERS {
        let mut records = honest.clone();
        damage(&mut records);
        assert_ne!(records, honest, "{name}: nothing was done");
        let (found, faults) = told(&records);
        if !found.contains(code) {
            missed.push(format!("{name}: expected {code}, found {found:?}\n{:#?}", faults.first()));
        }
    }
    assert!(missed.is_empty(), "\n{}\n", missed.join("\n"));
}
