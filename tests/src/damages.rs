//! Damages as a table: what somebody with all rights changes in the records of an honest book, and the code that tells it.

pub mod later;

use ledger::Filter;
use record::command::{self, RunDetectors};
use record::event::{Effect, VoucherPosted};
use record::kinds::{IncomeKind, Template, VoucherKind};
use record::{Command, Event, Record, VoucherRef};
use testkit::book::{Book, refused, took_effect};
use testkit::build::{self, day};
use testkit::season;
use verify::Code;

/// What is done to the records.
pub type Damage = fn(&mut Vec<Record>);

/// The season with refusals, a run of the detectors, closings and what the ledger commits of its own accord.
pub fn rich() -> Book {
    let mut book = Book::new();
    season::play(&mut book, season::opening(day("2019-01-01")));
    season::play(&mut book, season::programme());
    season::play(&mut book, season::funding());
    season::play(&mut book, season::enrolment());
    season::play(&mut book, season::spending());
    let again = build::commit("CM-X", "AP-EXP", ("S2P", "A", "COMP"), 1, build::yuan(75), day("2018-12-26"));
    book.set_day(day("2018-12-26"));
    assert_eq!(refused(&book.act(Command::CommitExpenditure(again)))[0], "APR-001");
    let income = build::income(IncomeKind::Donation, "JZ-X", 100, day("2018-12-26"), "TX-1");
    assert_ne!(refused(&book.act(Command::RecordIncome(income))), Vec::<String>::new());
    assert!(took_effect(&book.act(Command::RunDetectors(RunDetectors { day: Some(day("2018-12-20")) }))));
    season::play(&mut book, season::closing());
    let digest = ledger::totals::state_digest(&book.state, &Filter::default());
    let totals = ledger::totals::totals(&book.state);
    for event in [digest, totals] {
        let record = ledger::decide::system_record(&book.state, book.now, event);
        book.append(&[record]);
    }
    book
}

fn place(records: &[Record], is: impl Fn(&Event) -> bool) -> usize {
    records.iter().position(|record| is(&record.event)).expect("the book has such a record")
}

fn change(records: &mut [Record], is: impl Fn(&Event) -> bool) -> &mut Record {
    let at = place(records, is);
    &mut records[at]
}

/// The first money voucher of a template.
fn voucher(records: &mut [Record], template: Template) -> &mut VoucherPosted {
    let is = |event: &Event| matches!(event, Event::VoucherPosted(p) if p.voucher.template == template);
    match &mut change(records, is).event {
        Event::VoucherPosted(posted) => posted,
        _ => unreachable!("just found"),
    }
}

/// Takes records out and numbers what follows anew, as who rebuilds a history would.
pub fn cut(records: &mut Vec<Record>, at: usize, count: usize) {
    let removed: Vec<Record> = records.drain(at..at + count).collect();
    let gone = removed.len() as u64;
    for record in &mut records[at..] {
        record.sequence -= gone;
        let first = removed[0].sequence;
        match &mut record.event {
            Event::Reviewed { submission, .. } if *submission > first => *submission -= gone,
            Event::StateDigest { at, .. } | Event::Totals { at, .. } => *at -= gone,
            Event::FindingOpened(event) if event.tree_size > first => event.tree_size -= gone,
            _ => {}
        }
    }
}

/// Drops the first refusal.
pub fn drop_refusal(records: &mut Vec<Record>) {
    let at = place(records, |event| matches!(event, Event::Refused(_)));
    cut(records, at, 1);
}

fn drop_review(records: &mut Vec<Record>) {
    let at = place(records, |event| matches!(event, Event::VoucherPosted(p) if p.voucher.template == Template::T05));
    let first = (0..at).rev().find(|at| records[*at].part == 0).expect("a first part");
    let request = records[first].request.clone();
    cut(records, first, 1);
    records[first].request = request;
    let parts = records[first].parts - 1;
    for (part, record) in (0..parts).zip(&mut records[first..]) {
        (record.part, record.parts) = (part, parts);
    }
}

fn swap_numbers(records: &mut [Record]) {
    let a = voucher(records, Template::T05).voucher.reference;
    let b = core::mem::replace(&mut voucher(records, Template::T06).voucher.reference, a);
    voucher(records, Template::T05).voucher.reference = b;
}

fn other_rule(records: &mut [Record]) {
    let Event::Refused(refused) = &mut change(records, |event| matches!(event, Event::Refused(_))).event else {
        return;
    };
    refused.hits[0].rule = "USE-012".to_owned();
}

fn to_another(records: &mut [Record]) -> VoucherRef {
    let reference = voucher(records, Template::T06).voucher.reference;
    VoucherRef { number: reference.number + 7, ..reference }
}

/// Name, damage, code.
pub const DAMAGES: &[(&str, Damage, Code)] = &[
    ("a record is dropped", |r| drop(r.remove(20)), Code::Sequence),
    ("time runs backwards", |r| r[30].time -= 90_000_000_000_000, Code::Time),
    (
        "a command loses its last record",
        |r| {
            let at = place(r, |event| matches!(event, Event::VoucherPosted(p) if p.voucher.template == Template::T14));
            cut(r, at + 1, 1);
        },
        Code::Command,
    ),
    (
        "a request id stands twice",
        |r| {
            let mut requests = r.iter_mut().filter_map(|record| record.request.as_mut()).skip(20);
            let id = requests.next().expect("a client's command").id.clone();
            requests.next().expect("a client's command").id = id;
        },
        Code::Request,
    ),
    (
        "a command that nobody asked for",
        |r| {
            change(r, |event| matches!(event, Event::ApprovalRecorded { .. })).request = None;
        },
        Code::Request,
    ),
    (
        "an approval is forged",
        |r| {
            if let Event::ApprovalRecorded { approval, .. } =
                &mut change(r, |e| matches!(e, Event::ApprovalRecorded { .. })).event
            {
                approval.max_fen *= 2;
            }
        },
        Code::Fingerprint,
    ),
    (
        "an approval is dropped, and all after it numbered anew",
        |r| {
            let at = place(r, |event| matches!(event, Event::ApprovalRecorded { no: 2, .. }));
            cut(r, at, 1);
        },
        Code::Ordinal,
    ),
    (
        "a review names a form that is not there",
        |r| {
            if let Event::BatchReviewed { batch, .. } =
                &mut change(r, |e| matches!(e, Event::BatchReviewed { .. })).event
            {
                *batch = 999;
            }
        },
        Code::Name,
    ),
    (
        "a voucher is numbered anew",
        |r| {
            let other = to_another(r);
            voucher(r, Template::T06).voucher.reference = other;
        },
        Code::Number,
    ),
    ("two vouchers swap their numbers", |r| swap_numbers(r), Code::Number),
    (
        "a fen moves between sources",
        |r| {
            let lines = &mut voucher(r, Template::T05).voucher.lines;
            lines[1].source = lines[1].source.wrapping_add(1);
        },
        Code::Balance,
    ),
    (
        "a voucher takes from another grant",
        |r| {
            let other = voucher(r, Template::T06).voucher.lines[0].grant;
            voucher(r, Template::T14).voucher.lines.iter_mut().for_each(|line| line.grant = other);
        },
        Code::Attribution,
    ),
    (
        "a line turns negative",
        |r| {
            voucher(r, Template::T05).voucher.lines.iter_mut().for_each(|line| line.fen = -line.fen);
        },
        Code::Line,
    ),
    (
        "balanced lines are added late",
        |r| {
            let lines = &mut voucher(r, Template::T05).voucher.lines;
            let more: Vec<_> = lines.iter().map(|line| record::Line { fen: 1, ..line.clone() }).collect();
            lines.extend(more);
        },
        Code::Derived,
    ),
    (
        "a class is labelled anew",
        |r| {
            voucher(r, Template::T14).voucher.lines.iter_mut().for_each(|line| line.class = 3);
        },
        Code::Derived,
    ),
    (
        "a voucher is dated back",
        |r| {
            let posted = voucher(r, Template::T05);
            posted.voucher.date = posted.voucher.date.plus_days(-1);
        },
        Code::Derived,
    ),
    (
        "a payment is raised beyond its money",
        |r| {
            voucher(r, Template::T14).voucher.lines.iter_mut().for_each(|line| line.fen *= 100);
        },
        Code::Negative,
    ),
    (
        "places bind more budget than there is",
        |r| {
            voucher(r, Template::T12).voucher.lines.iter_mut().for_each(|line| line.fen *= 100);
        },
        Code::Budget,
    ),
    (
        "a budget is raised beyond its approval",
        |r| {
            voucher(r, Template::T11).voucher.lines.iter_mut().for_each(|line| line.fen *= 2);
        },
        Code::Approval,
    ),
    (
        "the maker reviews",
        |r| {
            let voucher = &mut voucher(r, Template::T05).voucher;
            voucher.reviewed_by = voucher.prepared_by;
        },
        Code::Hands,
    ),
    (
        "a person without the office asks",
        |r| {
            let cashier = change(r, |e| matches!(e, Event::BankTransactionRegistered(_))).actor.person;
            change(r, |e| matches!(e, Event::ApprovalRecorded { .. })).actor.person = cashier;
        },
        Code::Role,
    ),
    ("a voucher stands without its review", drop_review, Code::Review),
    (
        "a review names another submission",
        |r| {
            if let Event::Reviewed { submission, .. } = &mut change(r, |e| matches!(e, Event::Reviewed { .. })).event {
                *submission += 1;
            }
        },
        Code::Review,
    ),
    (
        "a closing hides what stood",
        |r| {
            let event = &mut change(r, |e| matches!(e, Event::PeriodClosed { .. })).event;
            if let Event::PeriodClosed { trial_balance, .. } = event {
                trial_balance[0] ^= 1;
            }
        },
        Code::Period,
    ),
    (
        "a bank movement shrinks",
        |r| {
            let event = &mut change(r, |e| matches!(e, Event::BankTransactionRegistered(t) if t.id == "TX-3")).event;
            if let Event::BankTransactionRegistered(txn) = event {
                txn.fen -= 1;
            }
        },
        Code::Bank,
    ),
    (
        "a bill backs two receipts",
        |r| {
            let mut first = None;
            for record in r.iter_mut() {
                if let Event::ReceiptPosted(posted) = &mut record.event {
                    match &first {
                        None => first = Some(posted.receipt.bill_no.clone()),
                        Some(bill) => posted.receipt.bill_no.clone_from(bill),
                    }
                }
            }
        },
        Code::Duplicate,
    ),
    (
        "totals are forged",
        |r| {
            if let Event::Totals { root, .. } = &mut change(r, |e| matches!(e, Event::Totals { .. })).event {
                root[31] ^= 1;
            }
        },
        Code::Totals,
    ),
    (
        "a state digest names another place",
        |r| {
            if let Event::StateDigest { at, .. } = &mut change(r, |e| matches!(e, Event::StateDigest { .. })).event {
                *at -= 1;
            }
        },
        Code::StateDigest,
    ),
    ("a refusal is laid to another rule", |r| other_rule(r), Code::Refusal),
    (
        "what a rule refused is let pass",
        |r| {
            let event = &mut change(r, |e| matches!(e, Event::Refused(_))).event;
            if let Event::Refused(refused) = event {
                *event = Event::Submitted { command: core::mem::take(&mut refused.command) };
            }
        },
        Code::Rule,
    ),
    (
        "a day is signed for fewer receipts",
        |r| {
            if let Event::DaySigned { count, .. } = &mut change(r, |e| matches!(e, Event::DaySigned { .. })).event {
                *count -= 1;
            }
        },
        Code::Signed,
    ),
    (
        "a finding is numbered anew",
        |r| {
            if let Event::FindingOpened(event) = &mut change(r, |e| matches!(e, Event::FindingOpened(_))).event {
                event.no += 5;
            }
        },
        Code::Finding,
    ),
    (
        "a reversal takes half",
        |r| {
            let red = |e: &Event| matches!(e, Event::VoucherPosted(p) if p.voucher.kind == VoucherKind::RedReversal);
            if let Event::VoucherPosted(posted) = &mut change(r, red).event {
                posted.voucher.lines.iter_mut().for_each(|line| line.fen /= 2);
            }
        },
        Code::Correction,
    ),
    (
        "a reversal names another voucher",
        |r| {
            let red = |e: &Event| matches!(e, Event::VoucherPosted(p) if matches!(p.effect, Effect::Reversal { .. }));
            if let Event::VoucherPosted(posted) = &mut change(r, red).event {
                posted.effect = Effect::Reversal { of: VoucherRef { number: 1, ..posted.voucher.reference } };
            }
        },
        Code::Correction,
    ),
    (
        "a submission asks for more than was asked",
        |r| {
            let event = &mut change(r, |e| matches!(e, Event::Submitted { .. })).event;
            if let Event::Submitted { command } = event
                && let Some(Command::RegisterBankAccount(mut account)) = command::decode(command)
            {
                account.name.push('甲');
                *command = command::encode(&Command::RegisterBankAccount(account));
            }
        },
        Code::Fingerprint,
    ),
];
