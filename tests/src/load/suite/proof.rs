//! What proofs cost and how soon they come: posting with tree, digests and totals against posting without; inclusion proofs, balances of
//! any date as known at any sequence, and first pages of traces, in a book when it is small and when it is ten times as large; and the
//! verifier.

use ::proof::{Policy, Signer};
use api::v1;
use record::Command;
use testkit::build::{log_key, log_policy, policy_text, witness_key};

use super::{Setting, median, verify, volume};
use crate::chance::Chance;
use crate::load::bare::{self, Posted};
use crate::load::book::{BOOK, Loaded};
use crate::load::place::{Engine, Place};
use crate::load::readers::{Reader, ask};
use crate::load::row::{Row, grouped, note};
use crate::office::AUDIT;

/// Receipts of each run with and without proofs: several Totals and some digests.
const POSTED: u64 = 500_000;
/// Runs of each, in turns, so that what else the machine does falls on both.
const TURNS: usize = 5;
/// Receipts of the small and the large book, in an ordinary run and in a full one: 10^5 and 10^6 lines, 10^6 and 10^7.
const SIZES: [[u64; 2]; 2] = [[50_000, 500_000], [500_000, 5_000_000]];
/// Proofs that are checked before any is timed.
const CHECKED: u64 = 50;

pub async fn run(setting: &Setting) {
    setting.tell(&[posting().await]);
    setting.tell(&history(setting).await);
    verify::run(setting).await;
}

/// Posting with all that proofs take against posting without, the middle one of some turns each.
async fn posting() -> Row {
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        without.push(rate(&Box::pin(bare::post(POSTED, false)).await));
        let posted = Box::pin(bare::post(POSTED, true)).await;
        note(format!("digests, totals and their commits took {:.2} s", posted.digests.as_secs_f64()));
        with.push(rate(&posted));
    }
    let shown = |rates: &[f64]| rates.iter().map(|rate| grouped(rate.round())).collect::<Vec<_>>().join(" ");
    note(format!("with: {}/s; without: {}/s", shown(&with), shown(&without)));
    let name = "posting with tree, digests, totals, no server";
    Row::against(name, median(with), ("without", median(without)), 0.87, "receipts/s")
}

fn rate(posted: &Posted) -> f64 {
    POSTED as f64 / posted.time.as_secs_f64()
}

/// What the committee asks of a book's history, in p99.
struct Asked {
    inclusion: f64,
    any_date: f64,
    first_page: f64,
}

/// The same questions of a book when it is small and when it is ten times as large.
async fn history(setting: &Setting) -> Vec<Row> {
    let [small, large] = SIZES[usize::from(setting.full)];
    let (log, witness) = (log_key("example.org/load", 1), witness_key("w.example.org", 2));
    let mut place = Place::make(Engine::Sqlite).await;
    place.sign_with(&log);
    let loaded = Loaded::start_at(place, large).await;
    let policy = set_policy(&loaded, &log, &witness).await;
    volume::fill(&loaded, small).await;
    let reader = Reader::of(&loaded.office).await;
    let earlier = look(&loaded, &reader, (&policy, &witness)).await;
    volume::fill(&loaded, large).await;
    let later = look(&loaded, &reader, (&policy, &witness)).await;
    crate::load::check::sound(loaded).await;
    let name = |what: &str| format!("{what}, 10^{} lines, p99", (2 * large).ilog10());
    let small = |earlier: f64| ("itself, a tenth", earlier);
    vec![
        Row::at_most(&name("inclusion proof"), later.inclusion, 2.0, "ms"),
        Row::below(&name("inclusion proof"), later.inclusion, small(earlier.inclusion), 1.0 / 1.5, "ms"),
        Row::at_most(&name("any date x sequence"), later.any_date, 5.0, "ms"),
        Row::below(&name("any date x sequence"), later.any_date, small(earlier.any_date), 1.0 / 1.5, "ms"),
        Row::at_most(&name("first page of a grant's trace"), later.first_page, 50.0, "ms"),
    ]
}

/// Puts a policy of one log and one witness on record.
async fn set_policy(loaded: &Loaded, log: &Signer, witness: &Signer) -> Policy {
    let text = policy_text(log, &[witness]);
    let Command::SetLogPolicy(set) = log_policy(BOOK, &text, None, &[log, witness]) else {
        panic!("a policy is set by its command")
    };
    let request = v1::SetLogPolicyRequest {
        book: BOOK.into(),
        request_id: loaded.office.request_id(),
        validate_only: false,
        log_policy: Some(v1::LogPolicy { policy: set.policy, statement: set.statement }),
    };
    let client = loaded.office.client(AUDIT);
    let answer = client.call(|to| {
        let request = request.clone();
        async move { to.proof().set_log_policy(request).await }
    });
    answer.await.expect("the audit committee sets a policy");
    Policy::parse(text.as_bytes()).expect("a policy reads back")
}

/// Has the newest checkpoint cosigned, and asks.
async fn look(loaded: &Loaded, reader: &Reader, (policy, witness): (&Policy, &Signer)) -> Asked {
    let size = cosign(loaded, witness).await;
    for seed in 0..CHECKED {
        reader.inclusion(Chance::of(seed), size, Some(policy)).await;
    }
    let mut seed = CHECKED;
    let waits = ask(|| {
        seed += 1;
        reader.inclusion(Chance::of(seed), size, None)
    });
    let inclusion = volume::told("inclusion proof", waits.await);
    let any_date = volume::any_date(loaded, reader).await;
    let grant = reader.largest_grant().await;
    let first_page = volume::told("first page of a grant's trace", ask(async || reader.trace(&grant).await).await);
    Asked { inclusion, any_date, first_page }
}

/// Signs the log as it stands and has the witness cosign it; gives the size.
async fn cosign(loaded: &Loaded, witness: &Signer) -> u64 {
    let client = loaded.office.client(AUDIT);
    let request = v1::GetCheckpointRequest { book: BOOK.into(), size: 0, cosigned: false };
    let answer = client.call(|to| {
        let request = request.clone();
        async move { to.proof().get_checkpoint(request).await }
    });
    let signed = answer.await.expect("the log is signed").checkpoint.expect("a checkpoint");
    let note = ::proof::Note::parse(&signed.note).expect("a checkpoint is a note");
    let request = v1::AddCosignatureRequest {
        book: BOOK.into(),
        size: signed.size,
        cosignatures: witness.sign(note.text(), 1_700_000_000).to_string(),
    };
    let answer = client.call(|to| {
        let request = request.clone();
        async move { to.proof().add_cosignature(request).await }
    });
    assert!(answer.await.expect("the witness is known").checkpoint.is_some_and(|checkpoint| checkpoint.cosigned));
    signed.size
}
