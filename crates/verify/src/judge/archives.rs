//! Destroying archived originals (RET-001; 会计档案管理办法第十四条、第十九条): after their term, under an approval, and never while something
//! of their year is open.

use std::collections::BTreeMap;

use record::command::{Identified, RecordDestruction, decode};
use record::kinds::{ApprovalKind, ArchiveKind, Element, FindingState};
use record::{Command, Event, Fen, Period, VoucherRef};

use super::Case;
use super::checks::Needs;
use crate::book::Book;

/// Years that each kind is kept from the end of its year on; none for ever.
const TERMS: &[(ArchiveKind, Option<u16>)] = &[
    (ArchiveKind::Voucher, Some(30)),
    (ArchiveKind::Ledger, Some(30)),
    (ArchiveKind::Statement, Some(10)),
    (ArchiveKind::AnnualReport, None),
    (ArchiveKind::BankStatement, Some(10)),
    (ArchiveKind::Reconciliation, Some(10)),
];

pub(super) fn destroy(case: &mut Case<'_>, c: &RecordDestruction) -> Vec<Event> {
    case.not_ahead(c.date);
    case.papers(&c.evidence);
    if case.book.destroyed.iter().any(|other| other.list_no == c.list_no) {
        case.unknown("list_no: taken");
    }
    let needs = Needs {
        approval: &c.approval,
        kinds: &[ApprovalKind::Destruction],
        rule: "RET-001",
        on: c.date,
        fen: 0,
        source: "",
        class: "",
        plan: "",
    };
    let approval = case.approval(&needs).unwrap_or(0);
    let years = TERMS.iter().find(|(kind, _)| *kind == c.kind).and_then(|(_, years)| *years);
    let last = years.map(|years| Period { year: c.year.saturating_add(years), month: 12 }.last_day());
    case.breaks_if(last.is_none_or(|last| c.date <= last), "RET-001", "date");
    case.breaks_if(year_is_open(case.book, c.year), "RET-001", "year");
    case.breaks_if(is_owed(case.book, c.year), "RET-001", "debts");
    case.breaks_if(is_waiting(case.book, c.year), "RET-001", "submissions");
    case.breaks_if(is_found(case.book, c.year), "RET-001", "findings");
    let same = |other: &RecordDestruction| {
        let months = other.month == 0 || c.month == 0 || other.month == c.month;
        (other.year, other.kind) == (c.year, c.kind) && months
    };
    case.breaks_if(case.book.destroyed.iter().any(same), "RET-001", "month");
    vec![Event::ArchivesDestroyed { destruction: c.clone(), approval }]
}

fn year_is_open(book: &Book, year: u16) -> bool {
    year >= book.first_period.year && book.open(Period { year, month: 12 })
}

/// Liabilities that vouchers of the year made or moved, and that stand by now.
fn is_owed(book: &Book, year: u16) -> bool {
    let mut debts: BTreeMap<_, (Fen, bool)> = BTreeMap::new();
    for (key, sum) in book.sums.all() {
        if book.accounts.get(key.account).is_some_and(|account| account.element == Element::Liability) {
            let debt = debts.entry((key.account, key.source, key.grant, key.holder)).or_default();
            *debt = (debt.0.saturating_add(sum.balance()), debt.1 || key.day.year() == year);
        }
    }
    debts.values().any(|(fen, moved)| *moved && *fen != 0)
}

/// Whether a correction, return or refund of a voucher of the year waits for its reviewer.
fn is_waiting(book: &Book, year: u16) -> bool {
    let about = |command: &Command| -> Option<VoucherRef> {
        Some(match command {
            Command::ReverseVoucher(c) => c.voucher,
            Command::CorrectVoucher(c) => c.voucher,
            Command::AdjustAmount(c) => c.voucher,
            Command::CorrectPriorYear(c) => c.voucher,
            Command::RecordReturn(c) => c.payment,
            Command::RefundPremium(c) => c.receipt,
            Command::IdentifyDeposit(c) => match &c.identified {
                Identified::Return(back) => back.payment,
                Identified::Income(_) => return None,
            },
            _ => return None,
        })
    };
    // A cycle is a year, or a month as YYYYMM (P9).
    let of_year = |voucher: VoucherRef| {
        let year = u32::from(year);
        voucher.cycle == year || voucher.cycle.checked_div(100) == Some(year)
    };
    book.waiting.values().filter_map(|waiting| decode(&waiting.command)).filter_map(|c| about(&c)).any(of_year)
}

/// Whether a finding of the year is not at its end; one that went by itself before anybody confirmed it keeps nothing.
fn is_found(book: &Book, year: u16) -> bool {
    book.findings.iter().any(|finding| {
        let over = matches!(finding.state, FindingState::Closed | FindingState::Dismissed);
        let gone = finding.state == FindingState::Open && !finding.stands;
        !over && !gone && finding.sign.since.year() == year
    })
}
