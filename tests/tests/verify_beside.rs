//! A book verified where it is kept while its server goes on: what is appended and shown meanwhile is no fault of what was there, on
//! either engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use earmark_tests::attacked::{Kind, Look, Place, honest, policy};
use engine::{Engine, Options};
use ledger::{Ask, Caller, Outcome};
use proof::Policy;
use record::Command;
use record::kinds::OrgType;
use testkit::build::{PROVINCE, organization};
use verify::Trusted;

/// Commands that are sent while it is verified.
const SENT: u32 = 120;
/// How often it is verified meanwhile, at least.
const LOOKS: u64 = 3;

async fn beside(kind: Kind) {
    let (book, log) = honest(3);
    let place = Place::written(kind, &log).await;
    let engine = Engine::open(Arc::new(place.store().await), Options::default()).await.expect("an engine");
    let served = engine.book(&log.book).expect("the book");
    let (done, mut looks) = (AtomicBool::new(false), 0u64);
    let post = async {
        for number in 0..SENT {
            let command = organization(&format!("LATER-{number}"), "某市总工会", OrgType::CityFed, PROVINCE);
            let command = Command::RegisterOrganization(command);
            let person = book.maker_of(&command);
            let caller = Caller { person, key_id: [7; 8], signature: None };
            let answer = served.submit(Ask::new(&log.book, caller, format!("later-{number}"), command)).await;
            let posted = answer.is_ok_and(|answer| matches!(answer.receipt.outcome, Outcome::Posted(_)));
            assert!(posted, "{number} is posted");
        }
        done.store(true, Ordering::Relaxed);
    };
    let look = async {
        let (mut first, mut last) = (0, 0);
        while !done.load(Ordering::Relaxed) || looks < LOOKS {
            let trusted = Trusted {
                policy: Some(Policy::parse(policy().as_bytes()).expect("a policy")),
                checkpoints: log.heads.iter().map(|head| (head.size, head.root)).collect(),
            };
            let report = place.verified(trusted, Look::ALL).await.expect("it can be read");
            assert!(report.is_clean(), "{kind:?} at {}: {:#?}", report.records, report.faults);
            (first, last) = (if looks == 0 { report.records } else { first }, report.records);
            looks += 1;
        }
        (first, last)
    };
    let ((), (first, last)) = tokio::join!(post, look);
    assert!(last > first, "it went on meanwhile: from {first} to {last}");
    engine.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_book_on_files_is_clean_while_it_goes_on() {
    beside(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_book_in_a_database_is_clean_while_it_goes_on() {
    beside(Kind::Postgres).await;
}
