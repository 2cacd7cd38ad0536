//! Parts of the season's book: every grant, voucher and month stands by itself under the committee's policy, what is taken out of one or
//! changed in it is told, and the verifier in Python says the same.

use record::Event;

use super::codes;
use super::python;
use super::served::{Piece, Pieces, Served, judged};
use verify::Code;

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
    for (scope, told) in scopes.iter().zip(python::read(folder.path(), &files)) {
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
