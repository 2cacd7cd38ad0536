//! Corrections: red (T20), red and blue (T20 with the right voucher), differences (T22), earlier years (T23). What left the bank is not
//! made spendable by a correction (decisions 2).

use std::collections::BTreeMap;

use record::command::{AdjustAmount, CorrectPriorYear, CorrectVoucher, Evidence, ReverseVoucher};
use record::event::Effect;
use record::kinds::{
    ApprovalKind, Change, Direction, LedgerKind, Restriction, Settlement, Side, Template, VoucherKind, Word,
};
use record::{Actor, BankTxnNo, Command, Day, Digest, Event, Fen, Line, Record, SourceNo, Voucher, VoucherRef, hash};

use super::checks::{Needs, voucher_in};
use super::kinds::is_income;
use super::spend::budget_line;
use super::{Case, Plan};
use crate::archive::Original;
use crate::book::Book;

/// What has a way of its own to be put right, and so is not reversed.
const FINAL: &[Template] =
    &[Template::T19, Template::T22, Template::T23, Template::T27, Template::T30, Template::T31, Template::T32];

/// Net that lines draw on each bank transaction, money in positive.
fn bank_net(lines: &[Line]) -> BTreeMap<BankTxnNo, Fen> {
    let mut net: BTreeMap<BankTxnNo, Fen> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.bank != 0) {
        let sum = net.entry(line.bank).or_default();
        *sum = sum.saturating_add(if line.side == Side::Debit { line.fen } else { line.fen.saturating_neg() });
    }
    net
}

/// Books with events on top, to judge what comes after them in the same decision.
pub(super) fn with(book: &Book, events: &[Event], now: i64) -> Book {
    let mut after = book.clone();
    for event in events {
        let sequence = after.sequence.saturating_add(1);
        let (actor, event) = (Actor::default(), event.clone());
        after.fold(&Record { sequence, time: now, actor, rule_set: 0, part: 1, parts: 0, request: None, event });
    }
    after
}

/// LED-010: the original stands, is of this year, ordinary, and nothing came of it since.
fn original(case: &mut Case<'_>, of: VoucherRef, date: Day) -> Option<Original> {
    let Some(original) = case.archive.original(case.book, of).filter(|_| case.book.stands(of)) else {
        // A voucher that stands and may not be reversed (budget, closing) is not kept for it.
        if case.book.stands(of) {
            case.breaks("LED-010", "voucher.kind");
        } else {
            case.unknown("voucher");
        }
        return None;
    };
    let voucher = &original.voucher;
    let reversed = case.archive.is_reversed(of);
    let plain = matches!(voucher.kind, VoucherKind::Normal | VoucherKind::BlueCorrection)
        && voucher.ledger == LedgerKind::Actual
        && !FINAL.contains(&voucher.template);
    if reversed || !plain {
        case.breaks("LED-010", "voucher");
        return None;
    }
    case.breaks_if(voucher.date.year() != date.year() || date < voucher.date, "LED-010", "date");
    case.breaks_if(case.book.adjusted.get(&of).is_some_and(|fen| *fen != 0), "LED-010", "voucher: differences");
    let returned = case.book.payments.get(&of).map_or(0, |payment| payment.returned);
    case.breaks_if(returned > 0, "LED-010", "voucher: returns");
    Some(original)
}

pub(super) fn reverse(case: &mut Case<'_>, c: &ReverseVoucher) -> Vec<Event> {
    case.dated(c.date);
    let Some(original) = original(case, c.voucher, c.date) else { return Vec::new() };
    let back = money_is_back(case, &original.voucher, &c.return_txn, c.date);
    case.unique_papers(&c.evidence);
    red(case, &original, (c.date, &c.reason), back, &c.evidence)
}

/// LED-010: money that moved is shown to be back: same amount, other direction, same two accounts, unused.
fn money_is_back(case: &mut Case<'_>, original: &Voucher, return_txn: &str, date: Day) -> Option<BankTxnNo> {
    let book = case.book;
    let net = bank_net(&original.lines);
    if net.is_empty() || return_txn.is_empty() {
        case.breaks_if(net.is_empty() != return_txn.is_empty(), "LED-010", "return_txn");
        return None;
    }
    let moved = net.values().fold(0, |sum: Fen, fen| sum.saturating_add(*fen));
    let Some((no, back)) = book.movements.find(return_txn) else {
        case.unknown("return_txn");
        return None;
    };
    case.again.push(back.slip);
    let direction = if moved < 0 { Direction::In } else { Direction::Out };
    let first = |no: &BankTxnNo| book.movements.get(*no);
    let same_account = net.keys().all(|no| first(no).is_some_and(|m| m.account == back.account));
    let left = back.fen.saturating_sub(back.drawn);
    let fits = back.direction == direction && left == moved.saturating_abs() && same_account;
    let partner = |no: &BankTxnNo| first(no).map_or(0, |m| m.counterparty);
    let same_partner = net.keys().map(partner).all(|other| other != 0 && other == back.counterparty);
    case.breaks_if(!fits || !same_partner, "LED-010", "return_txn");
    case.breaks_if(date < back.date, "LED-007", "return_txn.date");
    let cash = back.direction == Direction::Out && back.settlement == Settlement::Cash;
    case.breaks_if(cash, "DIV-003", "return_txn");
    Some(no)
}

/// The red vouchers: the original's lines negative on the same side, and those of the budget voucher that went with it.
fn red(
    case: &mut Case<'_>,
    original: &Original,
    (date, reason): (Day, &str),
    back: Option<BankTxnNo>,
    evidence: &[Evidence],
) -> Vec<Event> {
    let voucher = &original.voucher;
    let of = voucher.reference;
    let cashier = back.and_then(|no| case.book.movements.get(no)).map_or(voucher.cashier_by, |m| m.cashier);
    let plan = Plan {
        ledger: voucher.ledger,
        word: of.word,
        kind: VoucherKind::RedReversal,
        attachments: evidence.len(),
        cashier,
        approval: voucher.approval,
        commitment: voucher.commitment,
        settlement: voucher.settlement,
        corrects: Some(of),
        summary: format!("注销{}{of}号凭证 {reason}", in_chinese(voucher.date)),
        ..Plan::money(Template::T20, date, voucher.lines.iter().map(|line| negative(line, back)).collect())
    };
    let mut events = vec![case.posted(plan, Effect::Reversal { of }, evidence, "")];
    if let Some(lines) = red_budget(case, original, date) {
        let plan = Plan {
            kind: VoucherKind::RedReversal,
            commitment: voucher.commitment,
            corrects: Some(of),
            summary: format!("随{of}注销"),
            ..Plan::budget(Template::T20, date, lines)
        };
        events.push(case.posted(plan, Effect::None, &[], ""));
    }
    events
}

fn negative(line: &Line, back: Option<BankTxnNo>) -> Line {
    let bank = if line.bank == 0 { 0 } else { back.unwrap_or(line.bank) };
    Line { fen: line.fen.saturating_neg(), heads: line.heads.saturating_neg(), bank, ..line.clone() }
}

fn in_chinese(day: Day) -> String {
    let month = |text: &str| text.trim_start_matches('0').to_owned();
    let text = day.to_string();
    let parts: Vec<String> = text.split('-').map(month).collect();
    match parts.as_slice() {
        [year, month, day] => format!("{year}年{month}月{day}日"),
        _ => text,
    }
}

fn red_budget(case: &mut Case<'_>, original: &Original, date: Day) -> Option<Vec<Line>> {
    let commitment = case.book.commitments.get(original.voucher.commitment)?;
    let parts = &case.book.parts;
    let (debit, credit, heads, fen) = match &original.effect {
        Effect::Payment { heads, fen, .. } => (parts.committed, parts.spent, *heads, *fen),
        Effect::Return { heads, fen, .. } => (parts.spent, parts.available, *heads, *fen),
        _ => return None,
    };
    // The budget of an earlier year was not restored, so nothing of it is taken back.
    if original.voucher.template == Template::T18 {
        return None;
    }
    if let Effect::Return { .. } = original.effect {
        case.budget(commitment.line, &[case.book.parts.available], date, fen);
    }
    let lines = [(debit, Side::Debit), (credit, Side::Credit)]
        .map(|at| negative(&budget_line(commitment.line, commitment.unit_fen, at, (fen, heads)), None));
    Some(lines.to_vec())
}

pub(super) fn correct(case: &mut Case<'_>, c: &CorrectVoucher) -> Vec<Event> {
    case.dated(c.date);
    case.unique_papers(&c.evidence);
    let Some(original) = original(case, c.voucher, c.date) else { return Vec::new() };
    same_kind(case, &original, c);
    terms_kept(case, &original.voucher, c);
    let theirs = papers_of(&c.replacement);
    let own = c.evidence.iter().filter(|e| e.kind.is_unique());
    let twice = own.clone().any(|e| theirs.iter().any(|t| t.kind.is_unique() && t.digest == e.digest));
    case.breaks_if(twice, "LED-011", "evidence: twice");
    let mut events = red(case, &original, (c.date, &c.reason), None, &c.evidence);
    let after = with(case.book, &events, case.now);
    let mut blue = Case::new(&after, case.archive, case.now, case.maker, case.reviewer);
    (blue.correcting, blue.refused) = (true, case.refused);
    blue.again = original.evidence.iter().map(|e| e.digest).collect();
    blue.again.extend(original.bill_no.as_ref().map(|no| -> Digest { hash::sha256(no.as_bytes()) }));
    if let Command::PostPremiumReceipt(receipt) = &*c.replacement {
        let keeps = original.has_bill(&receipt.bill_no);
        blue.breaks_if(!keeps, "LED-011", "replacement.bill_no");
        blue.kept_bill = keeps.then(|| receipt.bill_no.clone());
    }
    let right = super::effect(&mut blue, &c.replacement);
    let found = blue.found;
    case.found.broken.extend(found.broken);
    case.found.unknown.extend(found.unknown);
    case.found.once.extend(found.once);
    events.extend(right.into_iter().map(|event| dressed(event, c.voucher)));
    bank_unchanged(case, &original.voucher, &events, c.date);
    events
}

/// LED-010: the right half is of the kind that posted the wrong one, dated with the correction.
fn same_kind(case: &mut Case<'_>, original: &Original, c: &CorrectVoucher) {
    let (effect, voucher) = (&original.effect, &original.voucher);
    let (fits, date) = match &*c.replacement {
        Command::Disburse(r) => (matches!(effect, Effect::Payment { .. }), r.date),
        Command::RecordReturn(r) => (matches!(effect, Effect::Return { .. }), r.date),
        Command::RemitPremiums(r) => (matches!(effect, Effect::Remittance { .. }), r.date),
        Command::RecordIncome(r) => (is_income(voucher.template), r.date),
        Command::PostPremiumReceipt(r) => {
            (*effect == Effect::None && voucher.reference.word == Word::Dai, r.received_on)
        }
        _ => (false, c.date),
    };
    case.breaks_if(!fits, "LED-010", "replacement");
    if date != c.date {
        case.unknown("replacement.date");
    }
}

/// The rule of a source whose giver bound it, or none.
fn bound_by_giver(case: &Case<'_>, source: SourceNo) -> Option<&'static str> {
    let bound =
        matches!(case.book.restriction(source), Some(Restriction::Donor | Restriction::Fiscal | Restriction::Document));
    bound.then(|| case.purpose_rule(source))
}

/// USE-011, SRC-006: a correction leaves bound money its source, and its document no wider (decision 0026).
fn terms_kept(case: &mut Case<'_>, wrong: &Voucher, c: &CorrectVoucher) {
    let Command::RecordIncome(right) = &*c.replacement else { return };
    let Some((source, grant)) = wrong.lines.first().map(|line| (line.source, line.grant)) else { return };
    let Some(rule) = bound_by_giver(case, source) else { return };
    let book = case.book;
    let enters = if right.source.is_empty() {
        book.lawful_for(right.kind).next().map(|(_, source)| source.code.as_str()).unwrap_or_default()
    } else {
        right.source.as_str()
    };
    if enters != book.sources.code(source) {
        case.breaks(rule, "replacement.source");
        return;
    }
    let Some(terms) = book.grants.get(grant).and_then(|grant| grant.present()) else { return };
    let spec = &right.grant;
    let within = |code: &String| terms.uses.iter().any(|no| book.uses.code(*no) == code);
    let wider = spec.permitted_uses.is_empty() || !spec.permitted_uses.iter().all(within);
    let earlier = terms.first.is_some_and(|first| spec.valid_from.is_none_or(|from| from < first));
    let later = terms.last.is_some_and(|last| spec.valid_to.is_none_or(|to| to > last));
    case.breaks_if(wider && !terms.uses.is_empty(), rule, "replacement.grant.permitted_uses");
    case.breaks_if(earlier, rule, "replacement.grant.valid_from");
    case.breaks_if(later, rule, "replacement.grant.valid_to");
}

fn papers_of(command: &Command) -> &[Evidence] {
    match command {
        Command::Disburse(r) => &r.evidence,
        Command::RecordReturn(r) => &r.evidence,
        Command::RemitPremiums(r) => &r.evidence,
        Command::RecordIncome(r) => &r.evidence,
        _ => &[],
    }
}

/// The right half stands as 蓝字订正.
fn dressed(event: Event, of: VoucherRef) -> Event {
    let dress = |voucher: &mut Voucher| {
        voucher.kind = VoucherKind::BlueCorrection;
        voucher.corrects = Some(of);
        if voucher.summary.is_empty() {
            voucher.summary = format!("订正{of}号凭证");
        }
    };
    match event {
        Event::VoucherPosted(mut posted) => {
            dress(&mut posted.voucher);
            Event::VoucherPosted(posted)
        }
        Event::ReceiptPosted(mut posted) => {
            dress(&mut posted.voucher);
            Event::ReceiptPosted(posted)
        }
        other => other,
    }
}

/// LED-010: over red and blue the net of every bank transaction is what it was.
fn bank_unchanged(case: &mut Case<'_>, original: &Voucher, events: &[Event], date: Day) {
    let mut net: BTreeMap<BankTxnNo, Fen> = bank_net(&original.lines).into_keys().map(|no| (no, 0)).collect();
    let vouchers = || events.iter().filter_map(voucher_in);
    for voucher in vouchers().filter(|voucher| voucher.date == date) {
        for (no, fen) in bank_net(&voucher.lines) {
            let sum = net.entry(no).or_default();
            *sum = sum.saturating_add(fen);
        }
    }
    let noted = events.iter().any(|event| matches!(event, Event::ReceiptNoted(_)));
    let whole = noted || vouchers().any(|voucher| voucher.kind == VoucherKind::BlueCorrection);
    case.breaks_if(whole && net.values().any(|fen| *fen != 0), "LED-010", "bank_txn");
}

/// What a difference asks.
struct Difference<'c> {
    voucher: VoucherRef,
    change: Change,
    fen: Fen,
    date: Day,
    reason: &'c str,
    evidence: &'c [Evidence],
}

pub(super) fn adjust(case: &mut Case<'_>, c: &AdjustAmount) -> Vec<Event> {
    let asked = Difference {
        voucher: c.voucher,
        change: c.change,
        fen: c.fen,
        date: c.date,
        reason: &c.reason,
        evidence: &c.evidence,
    };
    let Some(income) = income_of(case, &asked) else { return Vec::new() };
    case.breaks_if(income.date.year() != c.date.year() || c.date < income.date, "LED-010", "date");
    let (kind, fen) = match c.change {
        Change::Increase => (VoucherKind::Normal, c.fen),
        Change::Decrease => (VoucherKind::RedAdjust, c.fen.saturating_neg()),
    };
    let lines = income.lines.iter().map(|line| Line { fen, ..line.clone() }).collect();
    difference(case, &asked, &income, (Template::T22, kind, 0), lines)
}

pub(super) fn prior_year(case: &mut Case<'_>, c: &CorrectPriorYear) -> Vec<Event> {
    let asked = Difference {
        voucher: c.voucher,
        change: c.change,
        fen: c.fen,
        date: c.date,
        reason: &c.reason,
        evidence: &c.evidence,
    };
    let Some(income) = income_of(case, &asked) else { return Vec::new() };
    case.breaks_if(income.date.year() >= c.date.year(), "LED-010", "date");
    let source = income.lines.first().map_or(0, |line| line.source);
    let code = case.book.sources.code(source).to_owned();
    let needs = Needs {
        approval: &c.approval,
        kinds: &[ApprovalKind::PriorYear],
        rule: "LED-010",
        on: c.date,
        fen: c.fen,
        source: &code,
        class: "",
        plan: "",
    };
    let approval = case.approval(&needs).unwrap_or(0);
    let (money, opening) = (case.book.parts.special, case.book.opening_of(source));
    let lines = income.lines.iter().map(|line| Line {
        account: if line.account == money { money } else { opening },
        side: if c.change == Change::Increase { line.side } else { line.side.other() },
        fen: c.fen,
        ..line.clone()
    });
    let lines = lines.collect();
    difference(case, &asked, &income, (Template::T23, VoucherKind::BlueCorrection, approval), lines)
}

/// LED-010: an income that stands. LED-011: no more than its bank transaction brought.
fn income_of(case: &mut Case<'_>, asked: &Difference<'_>) -> Option<Voucher> {
    case.dated(asked.date);
    case.papers(asked.evidence);
    let Some(original) = case.archive.original(case.book, asked.voucher).filter(|_| case.book.stands(asked.voucher))
    else {
        if case.book.stands(asked.voucher) {
            case.breaks("LED-010", "voucher");
        } else {
            case.unknown("voucher");
        }
        return None;
    };
    let income = original.voucher;
    let stands = matches!(income.kind, VoucherKind::Normal | VoucherKind::BlueCorrection);
    if !is_income(income.template) || !stands || case.archive.is_reversed(asked.voucher) {
        case.breaks("LED-010", "voucher");
        return None;
    }
    let booked = income.lines.iter().find(|line| line.side == Side::Debit).map_or(0, |line| line.fen);
    let before = case.book.adjusted.get(&asked.voucher).copied().unwrap_or(0);
    let movement = income.lines.iter().find(|line| line.bank != 0).and_then(|line| case.book.movements.get(line.bank));
    let inward = movement.filter(|m| m.direction == Direction::In);
    let left = inward.map_or(0, |m| m.fen.saturating_sub(m.drawn));
    match asked.change {
        Change::Increase => case.breaks_if(left < asked.fen, "LED-011", "fen"),
        Change::Decrease => case.breaks_if(booked.saturating_add(before) < asked.fen, "LED-010", "fen"),
    }
    // The bank brought what is booked: less of bound money would make the rest free (decision 0026).
    let source = income.lines.first().map_or(0, |line| line.source);
    if let Some(rule) = bound_by_giver(case, source).filter(|_| asked.change == Change::Decrease) {
        case.breaks(rule, "change");
    }
    case.again.extend(movement.map(|m| m.slip));
    Some(income)
}

fn difference(
    case: &mut Case<'_>,
    asked: &Difference<'_>,
    income: &Voucher,
    (template, kind, approval): (Template, VoucherKind, u32),
    lines: Vec<Line>,
) -> Vec<Event> {
    let plan = Plan {
        kind,
        attachments: asked.evidence.len(),
        cashier: income.cashier_by,
        approval,
        settlement: income.settlement,
        corrects: Some(asked.voucher),
        summary: format!("订正{}号凭证金额 {}", asked.voucher, asked.reason),
        ..Plan::money(template, asked.date, lines)
    };
    let effect = Effect::Adjustment { of: asked.voucher, change: asked.change, fen: asked.fen };
    vec![case.posted(plan, effect, asked.evidence, "")]
}
