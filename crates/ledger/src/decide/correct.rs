//! Corrections: red-letter reversal (T20), and red and blue in one decision (T20 + T21). A correction never makes money spendable that
//! left the bank (decisions.md 2), and reaches no state that a direct posting could not.

use std::collections::BTreeMap;

use record::command::{CorrectVoucher, Evidence, ReverseVoucher};
use record::event::{Effect, VoucherPosted};
use record::kinds::{Direction, LedgerKind, Restriction, Settlement, Side, Template, VoucherKind, Word};
use record::{Actor, BankTxnNo, Command, Day, Event, Fen, Line, Record, SourceNo, Voucher, VoucherRef};

use super::desk::{Desk, Draft};
use super::lines::purpose_rule;
use super::spending::budget_line;
use crate::State;
use crate::facts::{FactKey, bill_digest, evidence_of, unique_evidence};
use crate::receipt::voucher_of;

/// The original of a correction, and what it did.
struct Original {
    voucher: Voucher,
    effect: Effect,
    bill_no: String,
    evidence: Vec<Evidence>,
}

impl Original {
    fn bank_net(&self) -> BTreeMap<BankTxnNo, Fen> {
        bank_net(&self.voucher.lines)
    }
}

/// Net that lines draw on each bank transaction, money in positive.
fn bank_net(lines: &[Line]) -> BTreeMap<BankTxnNo, Fen> {
    let mut net = BTreeMap::new();
    for line in lines.iter().filter(|l| l.bank != 0) {
        let signed = if line.side == Side::Debit { line.fen } else { line.fen.saturating_neg() };
        let sum: &mut Fen = net.entry(line.bank).or_default();
        *sum = sum.saturating_add(signed);
    }
    net
}

pub(super) fn reverse(desk: &mut Desk<'_>, c: &ReverseVoucher) -> Vec<Event> {
    desk.check_date(c.date, "date");
    let Some(original) = original(desk, c.voucher, c.date) else { return Vec::new() };
    let returned = check_money_is_back(desk, &original, &c.return_txn, c.date);
    desk.check_unique_evidence(&c.evidence);
    red(desk, &original, c.date, &c.reason, returned, &c.evidence)
}

/// LED-010: where the original moved money, a bank transaction of the other direction over the same amount, not used otherwise.
fn check_money_is_back(desk: &mut Desk<'_>, original: &Original, return_txn: &str, date: Day) -> Option<BankTxnNo> {
    let net = original.bank_net();
    if net.is_empty() {
        if !return_txn.is_empty() {
            desk.hit("LED-010", "return_txn", "", return_txn);
        }
        return None;
    }
    let moved = net.values().fold(0, |sum: Fen, fen| sum.saturating_add(*fen));
    if return_txn.is_empty() {
        desk.hit("LED-010", "return_txn", &moved.saturating_neg().to_string(), "");
        return None;
    }
    let Some((no, txn)) = desk.state.bank_txns.find(return_txn) else {
        desk.unknown("return_txn");
        return None;
    };
    desk.reusable.push(txn.slip_digest);
    let back = if moved < 0 { Direction::In } else { Direction::Out };
    let same_account = net.keys().all(|n| desk.state.bank_txns.get(*n).is_some_and(|t| t.account == txn.account));
    let left = txn.fen.saturating_sub(txn.used_fen);
    if txn.direction != back || left != moved.saturating_abs() || !same_account {
        desk.hit("LED-010", "return_txn", &moved.saturating_neg().to_string(), &left.to_string());
    }
    // It must have gone back where it came from, to a registered account: else a reversal would be a payment to anybody, or would
    // dress up fresh money as what was spent.
    let partner = |of: &BankTxnNo| desk.state.bank_txns.get(*of).map_or(0, |t| t.counterparty);
    if let Some(other) = net.keys().map(partner).find(|other| *other == 0 || *other != txn.counterparty) {
        let (expected, found) = (
            desk.state.bank_accounts.code(other).to_owned(),
            desk.state.bank_accounts.code(txn.counterparty).to_owned(),
        );
        desk.hit("LED-010", "return_txn.counterparty_account", &expected, &found);
    }
    if date < txn.date {
        desk.hit("LED-007", "return_txn.date", &txn.date.to_string(), &date.to_string());
    }
    if txn.direction == Direction::Out && txn.settlement == Settlement::Cash {
        desk.hit("DIV-003", "return_txn", Settlement::Transfer.code(), Settlement::Cash.code());
    }
    Some(no)
}

/// The voucher to be corrected, if it may be: posted, never reversed, of this year and not a correction's red half (LED-010).
fn original(desk: &mut Desk<'_>, reference: VoucherRef, date: Day) -> Option<Original> {
    let Some(record) = desk.facts.original(reference) else {
        desk.unknown("voucher");
        return None;
    };
    let original = match &record.event {
        Event::VoucherPosted(p) => Original {
            voucher: p.voucher.clone(),
            effect: p.effect.clone(),
            bill_no: p.bill_no.clone(),
            evidence: p.evidence.clone(),
        },
        Event::ReceiptPosted(p) => Original {
            voucher: p.voucher.clone(),
            effect: Effect::None,
            bill_no: p.receipt.bill_no.clone(),
            evidence: Vec::new(),
        },
        _ => return None,
    };
    let voucher = &original.voucher;
    let reversed = desk.facts.get(FactKey::Reversed(reference)).is_some();
    if reversed {
        desk.hit("LED-010", "voucher", "not reversed yet", &reference.to_string());
    }
    let plain = matches!(voucher.kind, VoucherKind::Normal | VoucherKind::BlueCorrection)
        && voucher.ledger == LedgerKind::Actual
        && !is_final(voucher.template);
    if !plain {
        let found = format!("{} {} {}", voucher.ledger, voucher.template, voucher.kind);
        desk.hit("LED-010", "voucher.kind", VoucherKind::Normal.code(), &found);
    }
    if reversed || !plain {
        // Judging its red lines too would only say the same in other words, on books that cannot be.
        return None;
    }
    if voucher.date.year() != date.year() || date < voucher.date {
        desk.hit("LED-010", "date", &voucher.date.to_string(), &date.to_string());
    }
    // A reversal takes the original's amount back, not what was corrected of it since.
    let adjusted = desk.state.adjustments.get(&reference).copied().unwrap_or(0);
    if adjusted != 0 {
        desk.hit("LED-010", "voucher", "no difference on it", &adjusted.to_string());
    }
    let returned = desk.state.payments.get(&reference).map_or(0, |p| p.returned_heads);
    if returned > 0 {
        desk.hit("LED-010", "voucher", "no return on it", &returned.to_string());
    }
    Some(original)
}

/// What a reversal does not undo: surplus carried on, refunds, returns to givers, differences and earlier years, openings and deposits
/// have ways of their own to be put right.
const fn is_final(template: Template) -> bool {
    use Template::{T19, T22, T23, T27, T30, T31, T32};
    matches!(template, T19 | T22 | T23 | T27 | T30 | T31 | T32)
}

/// Whether a voucher of this template is income that [`record::command::RecordIncome`] books.
pub(super) const fn is_income(template: Template) -> bool {
    use Template::{T01a, T01c, T04, T05, T06, T07, T08, T09, T10};
    matches!(template, T01a | T01c | T04 | T05 | T06 | T07 | T08 | T09 | T10)
}

/// The red vouchers of an original: its own lines negative on the same side, and its budget voucher's.
fn red(
    desk: &mut Desk<'_>,
    original: &Original,
    date: Day,
    reason: &str,
    returned: Option<BankTxnNo>,
    evidence: &[Evidence],
) -> Vec<Event> {
    let of = original.voucher.reference;
    let lines = original.voucher.lines.iter().map(|line| negative(line, returned)).collect();
    let cashier =
        returned.and_then(|no| desk.state.bank_txns.get(no)).map_or(original.voucher.cashier_by, |txn| txn.cashier);
    let summary = format!("注销{}{}号凭证 {reason}", chinese_date(original.voucher.date), of);
    let draft = Draft {
        ledger: original.voucher.ledger,
        word: original.voucher.reference.word,
        kind: VoucherKind::RedReversal,
        attachments: evidence.len(),
        cashier,
        approval: original.voucher.approval,
        commitment: original.voucher.commitment,
        settlement: original.voucher.settlement,
        corrects: Some(of),
        summary,
        ..Draft::actual(Template::T20, date, lines)
    };
    let voucher = desk.voucher(draft);
    let mut events = vec![desk.posted(voucher, Effect::Reversal { of }, evidence)];
    if let Some(lines) = red_budget(desk, original, date) {
        let draft = Draft {
            kind: VoucherKind::RedReversal,
            commitment: original.voucher.commitment,
            corrects: Some(of),
            summary: format!("随{of}注销"),
            ..Draft::budget(Template::T20, date, lines)
        };
        let voucher = desk.voucher(draft);
        events.push(desk.posted(voucher, Effect::None, &[]));
    }
    events
}

fn negative(line: &Line, returned: Option<BankTxnNo>) -> Line {
    let bank = if line.bank == 0 { 0 } else { returned.unwrap_or(line.bank) };
    Line { fen: line.fen.saturating_neg(), heads: line.heads.saturating_neg(), bank, ..line.clone() }
}

fn chinese_date(day: Day) -> String {
    let text = day.to_string();
    let mut parts = text.split('-').map(|p| p.trim_start_matches('0'));
    let mut next = || parts.next().unwrap_or("").to_owned();
    format!("{}年{}月{}日", next(), next(), next())
}

/// The red lines of the budget voucher that went with a payment (913, 914) or a return (914, 911).
fn red_budget(desk: &mut Desk<'_>, original: &Original, date: Day) -> Option<Vec<Line>> {
    let commitment = desk.state.commitments.get(original.voucher.commitment)?;
    let posting = &desk.state.posting;
    let (debit, credit, heads, fen) = match &original.effect {
        Effect::Payment { heads, fen, .. } => (posting.budget_committed, posting.budget_spent, *heads, *fen),
        Effect::Return { heads, fen, .. } => (posting.budget_spent, posting.budget_available, *heads, *fen),
        _ => return None,
    };
    if original.voucher.template == Template::T18 {
        // The budget of an earlier year was not restored, so nothing of it is taken back.
        return None;
    }
    if let Effect::Return { .. } = original.effect {
        let of = commitment;
        let left = desk.state.budget_left((of.year, of.source, of.class, of.plan), posting.budget_available, date);
        if left < fen {
            desk.short("BUD-001", "budget", left, fen);
        }
    }
    let lines = [
        budget_line(commitment, debit, Side::Debit, fen, heads),
        budget_line(commitment, credit, Side::Credit, fen, heads),
    ];
    Some(lines.iter().map(|line| negative(line, None)).collect())
}

pub(super) fn correct(desk: &mut Desk<'_>, c: &CorrectVoucher) -> Vec<Event> {
    desk.check_date(c.date, "date");
    desk.check_unique_evidence(&c.evidence);
    let Some(original) = original(desk, c.voucher, c.date) else { return Vec::new() };
    check_kind(desk, &original, c);
    check_terms_kept(desk, &original, c);
    check_documents(desk, &original, c);
    let mut events = red(desk, &original, c.date, &c.reason, None, &c.evidence);
    // The replacement is judged on the books as they stand after the red voucher. Corrections are rare, so a copy is cheap enough.
    let mut after = desk.state.clone();
    for event in &events {
        let sequence = after.sequence.saturating_add(1);
        after.apply(&scratch(sequence, desk.now, event.clone()));
    }
    let mut nested = Desk::new(&after, desk.facts, desk.now, desk.hands);
    nested.correcting = true;
    nested.reusable = original.evidence.iter().map(|e| e.digest).collect();
    nested.reusable.push(bill_digest(&original.bill_no));
    let blue = super::effect(&mut nested, &c.replacement);
    desk.adopt(nested);
    events.extend(blue.into_iter().map(|event| as_correction(event, c.voucher)));
    check_bank_unchanged(desk, &original, &events, c.date);
    events
}

pub(super) fn scratch(sequence: u64, time: i64, event: Event) -> Record {
    Record { sequence, time, actor: Actor::default(), rule_set: 0, part: 0, parts: 1, request: None, event }
}

/// The replacement is the kind of command that posted the original (LED-010), dated with the correction.
fn check_kind(desk: &mut Desk<'_>, original: &Original, c: &CorrectVoucher) {
    let is_receipt = original.voucher.reference.word == Word::Dai;
    let did = &original.effect;
    let (fits, date) = match &*c.replacement {
        Command::Disburse(r) => (matches!(did, Effect::Payment { .. }), r.date),
        Command::RecordReturn(r) => (matches!(did, Effect::Return { .. }), r.date),
        Command::RemitPremiums(r) => (matches!(did, Effect::Remittance { .. }), r.date),
        Command::RecordIncome(r) => (is_income(original.voucher.template), r.date),
        Command::PostPremiumReceipt(r) => (matches!(did, Effect::None) && is_receipt, r.received_on),
        _ => (false, c.date),
    };
    if !fits {
        desk.hit("LED-010", "replacement", original.voucher.template.code(), "");
    }
    if date != c.date {
        desk.fault("replacement.date", "MISMATCH", "须与更正日期相同", "must be the date of the correction");
    }
}

/// USE-011, SRC-006: money that its giver bound keeps its source and its terms. What loosens them is a transfer or an amendment, under the
/// giver's consent; a correction would say the same without asking anybody.
fn check_terms_kept(desk: &mut Desk<'_>, original: &Original, c: &CorrectVoucher) {
    let Command::RecordIncome(income) = &*c.replacement else { return };
    let Some(line) = original.voucher.lines.first() else { return };
    let state = desk.state;
    let Some(rule) = bound_rule(state, line.source) else { return };
    let booked = state.sources.code(line.source).to_owned();
    let named = if income.source.is_empty() {
        let mut takes = state.sources_of_income(income.kind).filter(|(_, source)| source.enabled);
        takes.next().map_or_else(String::new, |(_, source)| source.code.clone())
    } else {
        income.source.clone()
    };
    if named != booked {
        desk.hit(rule, "replacement.source", &booked, &named);
        return;
    }
    let Some(grant) = state.grants.get(line.grant) else { return };
    let (from, to) = (grant.valid_from, grant.valid_to);
    let bound: Vec<&str> = grant.permitted_uses.iter().map(|no| state.uses.code(*no)).collect();
    let wider = income.grant.permitted_uses.is_empty()
        || income.grant.permitted_uses.iter().any(|code| !bound.contains(&code.as_str()));
    if !bound.is_empty() && wider {
        let found = income.grant.permitted_uses.join(" | ");
        desk.hit(rule, "replacement.grant.permitted_uses", &bound.join(" | "), &found);
    }
    let shown = |day: Option<Day>| day.map(|day| day.to_string()).unwrap_or_default();
    let (first, last) = (income.grant.valid_from, income.grant.valid_to);
    if from.is_some_and(|from| first.is_none_or(|first| first < from)) {
        desk.hit(rule, "replacement.grant.valid_from", &shown(from), &shown(first));
    }
    if to.is_some_and(|to| last.is_none_or(|last| last > to)) {
        desk.hit(rule, "replacement.grant.valid_to", &shown(to), &shown(last));
    }
}

/// The rule that guards what the giver of a source's money bound it to; none where nobody bound it.
pub(super) fn bound_rule(state: &State, source: SourceNo) -> Option<&'static str> {
    let restriction = state.sources.get(source).map(|s| s.restriction)?;
    let bound = matches!(restriction, Restriction::Donor | Restriction::Fiscal | Restriction::Document);
    bound.then(|| purpose_rule(state, source))
}

/// LED-011: red and blue half bring no bill or slip twice; a receipt keeps its bill number.
fn check_documents(desk: &mut Desk<'_>, original: &Original, c: &CorrectVoucher) {
    let theirs = evidence_of(&c.replacement);
    for document in unique_evidence(&c.evidence) {
        if unique_evidence(theirs).any(|e| e.digest == document.digest) {
            desk.hit("LED-011", "evidence", "", "twice in this request");
        }
    }
    if let Command::PostPremiumReceipt(receipt) = &*c.replacement
        && receipt.bill_no != original.bill_no
    {
        desk.hit("LED-011", "replacement.bill_no", &original.bill_no, &receipt.bill_no);
    }
}

fn as_correction(event: Event, of: VoucherRef) -> Event {
    let dress = |mut voucher: Voucher| {
        voucher.kind = VoucherKind::BlueCorrection;
        voucher.corrects = Some(of);
        if voucher.summary.is_empty() {
            voucher.summary = format!("订正{of}号凭证");
        }
        voucher
    };
    match event {
        Event::VoucherPosted(p) => {
            let VoucherPosted { voucher, effect, bill_no, evidence, reused } = *p;
            Event::VoucherPosted(Box::new(VoucherPosted { voucher: dress(voucher), effect, bill_no, evidence, reused }))
        }
        Event::ReceiptPosted(mut p) => {
            p.voucher = dress(p.voucher);
            Event::ReceiptPosted(p)
        }
        other => other,
    }
}

/// LED-010: over red and blue, every bank transaction's net is what it was (decisions.md 2).
fn check_bank_unchanged(desk: &mut Desk<'_>, original: &Original, events: &[Event], date: Day) {
    let mut net: BTreeMap<BankTxnNo, Fen> = original.bank_net().into_keys().map(|no| (no, 0)).collect();
    for event in events {
        let record = scratch(0, 0, event.clone());
        let Some(voucher) = voucher_of(&record).filter(|v| v.date == date) else { continue };
        for (no, fen) in bank_net(&voucher.lines) {
            let sum = net.entry(no).or_default();
            *sum = sum.saturating_add(fen);
        }
    }
    // A replacement that did not come to lines has said why already; a receipt noted as paid elsewhere never has lines.
    let whole = events.iter().any(|e| {
        matches!(e, Event::ReceiptNoted(_))
            || voucher_of(&scratch(0, 0, e.clone())).is_some_and(|v| v.kind == VoucherKind::BlueCorrection)
    });
    for (no, fen) in net.into_iter().filter(|(_, fen)| whole && *fen != 0) {
        let id = desk.state.bank_txns.code(no).to_owned();
        desk.hit("LED-010", "bank_txn", &id, &fen.to_string());
    }
}
