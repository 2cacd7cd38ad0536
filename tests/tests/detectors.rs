//! Detectors over the state of a whole season: 5,000 batches of 123 heads, each paid in on 25 days, as 616,000 receipts leave it. What each
//! detector sees is shown by the scenarios; here it is how long they take, since they run between two batches of the writer.

use std::time::{Duration, Instant};

use ledger::detect;
use ledger::state::State;
use record::event::{ReceiptFields, ReceiptPosted};
use record::kinds::{LedgerKind, Side, Template, VoucherKind, Word};
use record::{Actor, Day, Event, Line, Record, Voucher, VoucherRef};
use testkit::book::Book;
use testkit::build::{self, day};
use testkit::season;

const BATCHES: u32 = 5_000;
const DAYS: i32 = 25;
/// Without optimisation on a busy machine; built for release it is a fraction of this.
const BOUND: Duration = Duration::from_secs(10);

fn apply(state: &mut State, event: Event) {
    let record = Record {
        sequence: state.sequence + 1,
        time: state.time,
        actor: Actor::default(),
        rule_set: 1,
        part: 0,
        parts: 1,
        request: None,
        event,
    };
    state.apply(&record);
}

/// A receipt of some heads of a batch on a day, as the books hold it.
fn receipt(state: &State, batch: u32, number: u32, heads: u32, on: Day) -> Event {
    let source = state.source_no("S1M").unwrap();
    let holder = state.organizations.no(build::GZ).unwrap();
    let fen = i64::from(heads) * 2_000;
    let money = Line {
        account: state.posting.custody_bank,
        source,
        grant: batch,
        side: Side::Debit,
        fen,
        holder,
        heads: i32::try_from(heads).unwrap(),
        ..Line::default()
    };
    let owed = Line { account: state.posting.custody_liability, side: Side::Credit, ..money.clone() };
    let voucher = Voucher {
        ledger: LedgerKind::Actual,
        reference: VoucherRef { word: Word::Dai, cycle: 2018, number },
        date: on,
        kind: VoucherKind::Normal,
        template: Template::T02,
        summary: String::new(),
        attachments: 1,
        prepared_by: 1,
        reviewed_by: 0,
        posted_by: 0,
        cashier_by: 0,
        chief_by: 0,
        corrects: None,
        historical: true,
        approval: 0,
        commitment: 0,
        settlement: None,
        lines: vec![money, owed],
    };
    let receipt =
        ReceiptFields { batch, source, holder, heads, fen, received_on: on, bill_no: String::new(), source_seq: 0 };
    Event::ReceiptPosted(Box::new(ReceiptPosted { receipt, voucher }))
}

#[test]
fn a_season_is_looked_through_in_seconds() {
    let mut book = Book::new();
    season::play(&mut book, [season::opening(day("2019-01-01")), season::programme()].concat());
    let mut state = book.state;
    let first = day("2018-10-08");
    for at in 0..BATCHES {
        let no = state.grants.next_no();
        let form = build::batch(&format!("X-{at}"), "GZ-U1", "A", "COMP", 123, first);
        apply(&mut state, Event::BatchSubmitted { no, batch: form });
        for paid_in in 0..DAYS {
            let number = state.last_number(Word::Dai, 2018) + 1;
            let event = receipt(&state, no, number, 5, first.plus_days(paid_in));
            apply(&mut state, event);
        }
    }
    let begun = Instant::now();
    let signs = detect::signs(&state, day("2018-12-16"), None);
    let taken = begun.elapsed();
    let seen: Vec<(&str, i64)> = signs.iter().map(|s| (s.rule.as_str(), s.fen)).collect();
    let all = i64::from(BATCHES) * i64::from(DAYS) * 5 * 2_000;
    assert_eq!(seen, [("REM-001", all), ("REM-002", all)]);
    assert!(taken < BOUND, "{taken:?}");
}
