//! The 20 yuan: receipts (T02, T03), passing on (T15), giving back (T19).

use record::command::{PostPremiumReceipt, RefundPremium, RemitItem, RemitPremiums};
use record::event::{Effect, ReceiptFields, ReceiptPosted};
use record::kinds::{
    ApprovalKind, BankPurpose, Custody, Direction, EvidenceKind, PayerType, Restriction, Side, Template, VoucherKind,
    Word,
};
use record::{Event, Fen, GrantNo, Heads, Line, OrgNo, SourceNo};

use super::checks::{Draw, Drawn, Needs, times};
use super::{Case, LINES, Plan};
use crate::book::Form;
use crate::book::look::seen;

/// The own share a head of a form: that of the standard on the day it was handed in.
pub(super) fn own_share(case: &Case<'_>, form: &Form) -> Option<Fen> {
    let standard = case.book.standard((form.class, form.plan), form.is.submitted_on)?;
    Some(standard.own_fen).filter(|own| *own > 0)
}

pub(super) fn receipt(case: &mut Case<'_>, c: &PostPremiumReceipt) -> Vec<Event> {
    let book = case.book;
    case.dated(c.received_on);
    case.breaks_if(c.bill_no.is_empty(), "LED-008", "bill_no");
    case.bill(&c.bill_no);
    let numbers = book.source_numbers.get(&case.maker);
    let numbered = c.source_seq > 0 && numbers.is_some_and(|runs| seen(runs, c.source_seq));
    case.breaks_if(!case.correcting && numbered, "LED-006", "source_seq");
    let Some((holder, (batch, form))) = book.orgs.no(&c.holder).zip(book.form_of(&c.batch)) else {
        case.unknown("holder | batch");
        return Vec::new();
    };
    let own = own_share(case, form);
    let right = own == Some(c.unit_fen) && times(c.heads, c.unit_fen) == Some(c.fen);
    case.breaks_if(!right, "SRC-007", "fen");
    let heads = form.received.saturating_add(i64::from(c.heads));
    case.breaks_if(heads > i64::from(form.is.insured_count), "ENR-001", "heads");
    let source = book.source_of_payer(c.payer).filter(|no| book.source(*no).is_some_and(|s| s.enabled));
    let Some(source) = source else {
        case.breaks("SRC-001", "payer");
        return Vec::new();
    };
    let receipt = ReceiptFields {
        batch,
        source,
        holder,
        heads: c.heads,
        fen: c.fen,
        received_on: c.received_on,
        bill_no: c.bill_no.clone(),
        source_seq: c.source_seq,
    };
    if c.custody == Custody::MutualAidDirect {
        return vec![Event::ReceiptNoted(receipt)];
    }
    let registered = book.custodians.contains(&holder);
    case.breaks_if(!registered, "SRC-010", "holder");
    let drawn = if c.bank_txn.is_empty() {
        None
    } else {
        draw_custody(case, holder, &c.bank_txn, Direction::In, (c.fen, None))
    };
    if !registered || (drawn.is_none() && !c.bank_txn.is_empty()) {
        return Vec::new();
    }
    let money = receipt_line(case, c, form, (source, holder, batch, drawn.map_or(0, |drawn| drawn.no)));
    let owed = Line { account: book.parts.owed, side: Side::Credit, bank: 0, ..money.clone() };
    let template = if c.payer == PayerType::Member { Template::T02 } else { Template::T03 };
    let plan = Plan {
        word: Word::Dai,
        attachments: 1,
        cashier: drawn.map_or(0, |drawn| drawn.cashier),
        settlement: drawn.map(|drawn| drawn.settlement),
        ..Plan::money(template, c.received_on, vec![money, owed])
    };
    let voucher = case.voucher(plan);
    vec![Event::ReceiptPosted(Box::new(ReceiptPosted { receipt, voucher }))]
}

/// The money of a receipt in custody.
fn receipt_line(
    case: &Case<'_>,
    c: &PostPremiumReceipt,
    form: &Form,
    (source, holder, batch, bank): (SourceNo, OrgNo, GrantNo, u32),
) -> Line {
    Line {
        account: case.book.parts.custody,
        source,
        grant: batch,
        side: Side::Debit,
        fen: c.fen,
        year: form.is.year,
        class: form.class,
        plan: form.plan,
        use_code: form.own_use,
        holder,
        counterparty: case.book.grants.get(batch).map_or(0, |grant| grant.grantor),
        heads: Heads::try_from(c.heads).unwrap_or(Heads::MAX),
        price: c.unit_fen,
        bank,
    }
}

fn draw_custody(
    case: &mut Case<'_>,
    owner: OrgNo,
    movement: &str,
    direction: Direction,
    (fen, on): (Fen, Option<record::Day>),
) -> Option<Drawn> {
    case.draw(&Draw { account: None, purpose: BankPurpose::Custody, owner, movement, direction, fen, on })
}

/// A part of a remittance.
struct Part {
    batch: GrantNo,
    source: SourceNo,
    heads: u32,
    fen: Fen,
    price: Fen,
}

pub(super) fn remit(case: &mut Case<'_>, c: &RemitPremiums) -> Vec<Event> {
    case.dated(c.date);
    let payee = case.payee(&c.payee_account, "REM-003");
    let Some(holder) = case.book.orgs.no(&c.holder) else {
        case.unknown("holder");
        return Vec::new();
    };
    let total = c.items.iter().fold(0, |sum: Fen, item| sum.saturating_add(item.fen));
    let drawn = draw_custody(case, holder, &c.bank_txn, Direction::Out, (total, Some(c.date)));
    case.papers(&c.evidence);
    if let Some((drawn, (account, _))) = drawn.zip(payee) {
        case.reached(&drawn, "REM-003", account, c.date);
    }
    let mut parts = Vec::new();
    for (at, item) in c.items.iter().enumerate() {
        let before = c.items.iter().take(at);
        if before.clone().any(|other| (&other.source, &other.batch) == (&item.source, &item.batch)) {
            case.unknown("items: twice");
        }
        take_item(case, c, holder, item, &mut parts);
    }
    let Some(drawn) = drawn else { return Vec::new() };
    let association = payee.map_or(0, |(_, org)| org);
    let mut events: Vec<Event> = Vec::new();
    // A pair of lines a part.
    for chunk in parts.chunks(LINES >> 1) {
        let lines = chunk.iter().flat_map(|part| pair(case, part, holder, (association, drawn.no))).collect();
        let heads = |part: &Part| Heads::try_from(part.heads).unwrap_or(Heads::MAX);
        let items = chunk.iter().map(|part| (part.batch, part.source, heads(part), part.fen)).collect();
        let plan = Plan {
            attachments: c.evidence.len(),
            cashier: drawn.cashier,
            settlement: Some(drawn.settlement),
            summary: c.summary.clone(),
            ..Plan::money(Template::T15, c.date, lines)
        };
        let evidence = if events.is_empty() { c.evidence.as_slice() } else { &[] };
        events.push(case.posted(plan, Effect::Remittance { holder, items }, evidence, ""));
    }
    events
}

/// REM-003: heads times the own share, of what the holder has, oldest forms first.
fn take_item(case: &mut Case<'_>, c: &RemitPremiums, holder: OrgNo, item: &RemitItem, parts: &mut Vec<Part>) {
    let book = case.book;
    let Some(source) = case.source(&item.source) else { return };
    if book.restriction(source) != Some(Restriction::PassThrough) {
        case.breaks("REM-003", &*item.source);
        return;
    }
    if !item.batch.is_empty() && book.form_of(&item.batch).is_none() {
        case.unknown("items.batch");
    }
    let mut held: Vec<(GrantNo, &Form, i64)> = book
        .held
        .range((holder, source, 0)..=(holder, source, GrantNo::MAX))
        .filter(|(_, heads)| **heads > 0)
        .filter_map(|((.., batch), heads)| Some((*batch, book.form(*batch)?, *heads)))
        .filter(|(_, form, _)| if item.batch.is_empty() { form.is.year == c.year } else { form.is.code == item.batch })
        .collect();
    held.sort_by_key(|(batch, form, _)| (form.is.submitted_on, *batch));
    let (mut left, mut fen) = (i64::from(item.heads), 0i64);
    for (batch, form, heads) in held {
        let Some(own) = own_share(case, form) else { continue };
        let earlier = parts.iter().filter(|part| (part.batch, part.source) == (batch, source));
        let (gone, gone_fen) = earlier.fold((0i64, 0i64), |(heads, fen), part| {
            (heads.saturating_add(i64::from(part.heads)), fen.saturating_add(part.fen))
        });
        let money = book.sums.free((book.parts.custody, source, batch, holder), c.date).saturating_sub(gone_fen);
        let affordable = money.checked_div(own).unwrap_or(0);
        let taken = heads.saturating_sub(gone).min(left).min(affordable);
        let Some(taken) = u32::try_from(taken).ok().filter(|taken| *taken > 0) else { continue };
        let part = times(taken, own).unwrap_or(0);
        parts.push(Part { batch, source, heads: taken, fen: part, price: own });
        fen = fen.saturating_add(part);
        left = left.saturating_sub(i64::from(taken));
        if left == 0 {
            break;
        }
    }
    case.breaks_if(left > 0 || fen != item.fen, "REM-003", &item.source);
}

fn pair(case: &Case<'_>, part: &Part, holder: OrgNo, (association, movement): (OrgNo, u32)) -> [Line; 2] {
    let form = case.book.form(part.batch);
    let owed = Line {
        account: case.book.parts.owed,
        source: part.source,
        grant: part.batch,
        side: Side::Debit,
        fen: part.fen,
        year: form.map_or(0, |form| form.is.year),
        class: form.map_or(0, |form| form.class),
        plan: form.map_or(0, |form| form.plan),
        use_code: form.map_or(0, |form| form.own_use),
        holder,
        counterparty: association,
        heads: Heads::try_from(part.heads).unwrap_or(Heads::MAX),
        price: part.price,
        bank: 0,
    };
    let money = Line { account: case.book.parts.custody, side: Side::Credit, bank: movement, ..owed.clone() };
    [owed, money]
}

/// T19: the only outflow beside those to the association, so it names receipt, approval and the payer's own receipt.
pub(super) fn refund(case: &mut Case<'_>, c: &RefundPremium) -> Vec<Event> {
    case.dated(c.date);
    case.papers(&c.evidence);
    case.breaks_if(!c.evidence.iter().any(|e| e.kind == EvidenceKind::Bill), "USE-006", "evidence");
    let original = case.archive.original(case.book, c.receipt);
    let original = original.filter(|o| c.receipt.word == Word::Dai && o.voucher.kind != VoucherKind::RedReversal);
    let of =
        original.and_then(|o| Some((o.voucher.date, o.voucher.lines.into_iter().find(|l| l.side == Side::Credit)?)));
    let Some((received_on, paid)) = of else {
        case.unknown("receipt");
        return Vec::new();
    };
    case.breaks_if(c.date < received_on, "LED-007", "date");
    case.breaks_if(case.archive.is_reversed(c.receipt), "LED-010", "receipt");
    let source = case.book.sources.code(paid.source).to_owned();
    let needs = Needs {
        approval: &c.approval,
        kinds: &[ApprovalKind::Expenditure],
        rule: "APR-001",
        on: c.date,
        fen: c.fen,
        source: &source,
        class: "",
        plan: "",
    };
    let approval = case.approval(&needs).unwrap_or(0);
    let names_it = case.book.approvals.get(approval).is_none_or(|a| !a.is.scope.source.is_empty());
    case.breaks_if(!names_it, "APR-001", "approval.scope.source");
    case.breaks_if(times(c.heads, paid.price) != Some(c.fen), "USE-005", "fen");
    let given = case.book.refunds.get(&c.receipt).copied().unwrap_or(0);
    case.breaks_if(c.heads > paid.heads.unsigned_abs().saturating_sub(given), "ENR-001", "heads");
    let passed_on = !c.return_txn.is_empty();
    case.breaks_if(i64::from(c.heads) > left_of(case, &paid, passed_on), "REM-003", "heads");
    let (fen, on) = (c.fen, Some(c.date));
    let back = passed_on.then(|| draw_custody(case, paid.holder, &c.return_txn, Direction::In, (fen, on)));
    let stranger = back.flatten().is_some_and(|drawn| case.book.association(drawn.counterparty) == 0);
    case.breaks_if(stranger, "REM-006", "return_txn.counterparty_account");
    let out = draw_custody(case, paid.holder, &c.refund_txn, Direction::Out, (fen, on));
    let to = out.and_then(|drawn| case.book.bank_accounts.get(drawn.counterparty));
    case.breaks_if(
        to.is_some_and(|to| to.is.purpose != BankPurpose::Payer),
        "USE-006",
        "refund_txn.counterparty_account",
    );
    let mut events = Vec::new();
    if let Some(back) = back {
        let Some(back) = back else { return Vec::new() };
        events.push(refund_voucher(case, c, &paid, (back, true), 0));
    }
    let Some(out) = out else { return Vec::new() };
    events.push(refund_voucher(case, c, &paid, (out, false), approval));
    events
}

/// Heads that can still be given back: of what the holder has, or of what was passed on and has not come back.
fn left_of(case: &Case<'_>, paid: &Line, passed_on: bool) -> i64 {
    let book = case.book;
    if !passed_on {
        return book.held.get(&(paid.holder, paid.source, paid.grant)).copied().unwrap_or(0);
    }
    let (out, back) = book.passed.get(&(paid.source, paid.grant, paid.holder)).copied().unwrap_or_default();
    out.saturating_sub(back).checked_div(paid.price.max(1)).unwrap_or(0)
}

fn refund_voucher(
    case: &mut Case<'_>,
    c: &RefundPremium,
    paid: &Line,
    (drawn, back): (Drawn, bool),
    approval: u32,
) -> Event {
    let owed = Line {
        side: if back { Side::Credit } else { Side::Debit },
        fen: c.fen,
        use_code: case.book.uses.small("RF").unwrap_or(0),
        counterparty: if back { case.book.association(drawn.counterparty) } else { paid.counterparty },
        heads: Heads::try_from(c.heads).unwrap_or(Heads::MAX),
        bank: 0,
        ..paid.clone()
    };
    let money = Line { account: case.book.parts.custody, side: owed.side.other(), bank: drawn.no, ..owed.clone() };
    let plan = Plan {
        attachments: c.evidence.len(),
        cashier: drawn.cashier,
        approval,
        settlement: Some(drawn.settlement),
        summary: c.reason.clone(),
        ..Plan::money(Template::T19, c.date, if back { vec![money, owed] } else { vec![owed, money] })
    };
    if back {
        return case.posted(plan, Effect::None, &[], "");
    }
    let effect = Effect::Refund { receipt: c.receipt, heads: c.heads, passed_on: !c.return_txn.is_empty() };
    case.posted(plan, effect, &c.evidence, "")
}
