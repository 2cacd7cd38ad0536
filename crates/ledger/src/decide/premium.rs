//! The 20 yuan: receipts (T02, T03) and their passing on to the association (T15).

use record::command::{PostPremiumReceipt, RemitItem, RemitPremiums};
use record::event::{Effect, ReceiptFields, ReceiptPosted};
use record::kinds::{BankPurpose, Custody, Direction, PayerType, Restriction, Side, Template, Word};
use record::{BankTxnNo, Event, Fen, GrantNo, Heads, Line, OrgNo, SourceNo};

use super::bank::{Draw, Drawn, draw};
use super::check::LINES_PER_VOUCHER;
use super::desk::{Desk, Draft, times};
use super::{lines, numbers};
use crate::state::Batch;

/// The insured's own share a head in a batch: that of the standard on the day it was handed in.
pub(super) fn own_share(desk: &Desk<'_>, batch: &Batch) -> Option<Fen> {
    let standard = desk.state.standard_on(batch.class, batch.plan, batch.form.submitted_on)?;
    (standard.own_fen > 0).then_some(standard.own_fen)
}

pub(super) fn receipt(desk: &mut Desk<'_>, c: &PostPremiumReceipt) -> Vec<Event> {
    desk.check_date(c.received_on, "received_on");
    if c.bill_no.is_empty() {
        desk.hit("LED-008", "bill_no", "1", "0");
    }
    desk.check_bill(&c.bill_no, "bill_no");
    numbers::check(desk, c);
    let Some(holder) = desk.state.organizations.no(&c.holder) else {
        desk.unknown("holder");
        return Vec::new();
    };
    let found = desk.state.grants.no(&c.batch).and_then(|no| Some((no, desk.state.batch(no)?)));
    let Some((batch_no, batch)) = found else {
        desk.unknown("batch");
        return Vec::new();
    };
    check_amount(desk, batch, c);
    let Some(source) = source_of(desk, c.payer) else { return Vec::new() };
    let receipt = ReceiptFields {
        batch: batch_no,
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
    let Some(drawn) = custody_of(desk, c, holder) else { return Vec::new() };
    let template = if c.payer == PayerType::Member { Template::T02 } else { Template::T03 };
    let use_code = desk.state.use_for(&batch.form.class, &batch.form.plan, true).unwrap_or(0);
    let money = Line {
        account: desk.state.posting.custody_bank,
        source,
        grant: batch_no,
        side: Side::Debit,
        fen: c.fen,
        year: batch.form.year,
        class: batch.class,
        plan: batch.plan,
        use_code,
        holder,
        counterparty: desk.state.grants.get(batch_no).map_or(0, |g| g.grantor),
        heads: Heads::try_from(c.heads).unwrap_or(Heads::MAX),
        price: c.unit_fen,
        bank: drawn.map_or(0, |d| d.txn),
    };
    let owed = Line { account: desk.state.posting.custody_liability, side: Side::Credit, bank: 0, ..money.clone() };
    let draft = Draft {
        word: Word::Dai,
        attachments: 1,
        cashier: drawn.map_or(0, |d| d.cashier),
        settlement: drawn.map(|d| d.settlement),
        ..Draft::actual(template, c.received_on, vec![money, owed])
    };
    let voucher = desk.voucher(draft);
    vec![Event::ReceiptPosted(Box::new(ReceiptPosted { receipt, voucher }))]
}

/// SRC-007 and ENR-001: heads times the own share of the batch's standard, and no more heads than the batch insures.
fn check_amount(desk: &mut Desk<'_>, batch: &Batch, c: &PostPremiumReceipt) {
    let own = own_share(desk, batch);
    if own != Some(c.unit_fen) || times(c.heads, c.unit_fen) != Some(c.fen) {
        let expected = own.and_then(|own| times(c.heads, own)).map(|fen| fen.to_string()).unwrap_or_default();
        desk.hit("SRC-007", "fen", &expected, &c.fen.to_string());
    }
    let insured = i64::from(batch.form.insured_count);
    if batch.received_heads.saturating_add(i64::from(c.heads)) > insured {
        let left = insured.saturating_sub(batch.received_heads);
        desk.hit("ENR-001", "heads", &left.to_string(), &c.heads.to_string());
    }
}

/// SRC-001: the source that takes this payer's premiums.
fn source_of(desk: &mut Desk<'_>, payer: PayerType) -> Option<SourceNo> {
    let source = desk.state.source_of_payer(payer);
    if !source.is_some_and(|no| desk.state.sources.get(no).is_some_and(|s| s.enabled)) {
        desk.hit("SRC-001", "payer", "", payer.code());
        return None;
    }
    source
}

/// SRC-010: the holder's money lies in a registered custody account, and a named transaction is on it.
fn custody_of(desk: &mut Desk<'_>, c: &PostPremiumReceipt, holder: OrgNo) -> Option<Option<Drawn>> {
    if !desk.state.custodians.contains(&holder) {
        desk.hit("SRC-010", "holder", BankPurpose::Custody.code(), &c.holder);
        return None;
    }
    if c.bank_txn.is_empty() {
        return Some(None);
    }
    let account = custody_account_of_txn(desk, &c.bank_txn);
    let bank = Draw {
        account: &account,
        purpose: BankPurpose::Custody,
        owner: holder,
        txn: &c.bank_txn,
        direction: Direction::In,
        fen: c.fen,
        not_before: None,
    };
    draw(desk, &bank).map(Some)
}

/// Code of the account that a transaction is on: a holder may have several custody accounts.
pub(super) fn custody_account_of_txn(desk: &Desk<'_>, txn: &str) -> String {
    let account = desk.state.bank_txns.find(txn).map_or(0, |(_, t)| t.account);
    desk.state.bank_accounts.code(account).to_owned()
}

/// A part of a remittance: batch, source, heads, fen, use and price.
struct Part {
    batch: GrantNo,
    source: SourceNo,
    heads: u32,
    fen: Fen,
    price: Fen,
}

pub(super) fn remit(desk: &mut Desk<'_>, c: &RemitPremiums) -> Vec<Event> {
    desk.check_date(c.date, "date");
    let payee = lines::payee(desk, &c.payee_account, "REM-003");
    let Some(holder) = desk.state.organizations.no(&c.holder) else {
        desk.unknown("holder");
        return Vec::new();
    };
    let total = c.items.iter().fold(0, |sum: Fen, item| sum.saturating_add(item.fen));
    let account = custody_account_of_txn(desk, &c.bank_txn);
    let bank = Draw {
        account: &account,
        purpose: BankPurpose::Custody,
        owner: holder,
        txn: &c.bank_txn,
        direction: Direction::Out,
        fen: total,
        not_before: Some(c.date),
    };
    let drawn = draw(desk, &bank);
    desk.check_evidence(&c.evidence);
    if let (Some(drawn), Some((account, _))) = (drawn, payee) {
        drawn.check_reached(desk, "REM-003", account, c.date);
    }
    let mut parts = Vec::new();
    for (i, item) in c.items.iter().enumerate() {
        if c.items.iter().take(i).any(|other| other.source == item.source && other.batch == item.batch) {
            desk.fault(
                &format!("items[{i}]"),
                "DUPLICATE",
                "同一来源和批次只能列一次",
                "names a source and batch twice",
            );
        }
        remit_item(desk, c, holder, (i, item), &mut parts);
    }
    let Some(drawn) = drawn else { return Vec::new() };
    // A payee that is not registered has been told; the money is judged all the same.
    let association = payee.map_or(0, |(_, organization)| organization);
    vouchers(desk, c, holder, association, drawn, &parts)
}

/// REM-003: heads times the own share, out of what the holder collected and has not passed on; oldest batches first.
fn remit_item(
    desk: &mut Desk<'_>,
    c: &RemitPremiums,
    holder: OrgNo,
    (i, item): (usize, &RemitItem),
    parts: &mut Vec<Part>,
) {
    let field = format!("items[{i}].fen");
    let Some(source) = desk.source(&item.source, &format!("items[{i}].source")) else { return };
    if desk.state.sources.get(source).is_none_or(|s| s.restriction != Restriction::PassThrough) {
        desk.hit("REM-003", &format!("items[{i}].source"), "S1M | S1E | S1U", &item.source);
        return;
    }
    let mut left = i64::from(item.heads);
    let mut fen: Fen = 0;
    for (batch_no, held) in candidates(desk, c, holder, source, &item.batch) {
        let Some(own) = desk.state.batch(batch_no).and_then(|b| own_share(desk, b)) else { continue };
        let custody = desk.state.posting.custody_bank;
        // What an earlier item of this remittance takes is gone for this one.
        let earlier = parts.iter().filter(|p| (p.batch, p.source) == (batch_no, source));
        let (taken, taken_fen) = earlier.fold((0, 0), |(heads, fen): (i64, Fen), p| {
            (heads.saturating_add(i64::from(p.heads)), fen.saturating_add(p.fen))
        });
        let held = held.saturating_sub(taken);
        let money = desk.state.spendable(custody, source, batch_no, holder, c.date).saturating_sub(taken_fen);
        let heads = held.min(left).min(money.checked_div(own).unwrap_or(0));
        let Some(heads) = u32::try_from(heads).ok().filter(|h| *h > 0) else { continue };
        let part = times(heads, own).unwrap_or(0);
        parts.push(Part { batch: batch_no, source, heads, fen: part, price: own });
        fen = fen.saturating_add(part);
        left = left.saturating_sub(i64::from(heads));
        if left == 0 {
            break;
        }
    }
    if left > 0 {
        let found = i64::from(item.heads).saturating_sub(left);
        desk.hit("REM-003", &format!("items[{i}].heads"), &found.to_string(), &item.heads.to_string());
    } else if fen != item.fen {
        desk.hit("REM-003", &field, &fen.to_string(), &item.fen.to_string());
    }
}

/// Batches of a holder and source with heads not passed on, oldest first; only the named one if one is named.
fn candidates(
    desk: &mut Desk<'_>,
    c: &RemitPremiums,
    holder: OrgNo,
    source: SourceNo,
    named: &str,
) -> Vec<(GrantNo, i64)> {
    let state = desk.state;
    let held = state
        .custody_heads
        .range((holder, source, 0)..)
        .take_while(|((h, s, _), _)| (*h, *s) == (holder, source))
        .map(|((_, _, batch), heads)| (*batch, *heads))
        .filter(|(_, heads)| *heads > 0);
    let mut found: Vec<(GrantNo, i64)> = if named.is_empty() {
        held.filter(|(batch, _)| state.batch(*batch).is_some_and(|b| b.form.year == c.year)).collect()
    } else {
        let Some(no) = state.grants.no(named).filter(|no| state.batch(*no).is_some()) else {
            desk.unknown("items.batch");
            return Vec::new();
        };
        held.filter(|(batch, _)| *batch == no).collect()
    };
    found.sort_by_key(|(batch, _)| (state.grants.get(*batch).map(|g| g.opened_on), *batch));
    found
}

/// T15, as many vouchers as the lines need: a pair a (source, batch).
fn vouchers(
    desk: &mut Desk<'_>,
    c: &RemitPremiums,
    holder: OrgNo,
    association: OrgNo,
    drawn: Drawn,
    parts: &[Part],
) -> Vec<Event> {
    let pairs_per_voucher = LINES_PER_VOUCHER >> 1;
    let mut events = Vec::new();
    for chunk in parts.chunks(pairs_per_voucher) {
        let lines = chunk.iter().flat_map(|part| pair(desk, holder, association, drawn.txn, part)).collect();
        let items =
            chunk.iter().map(|p| (p.batch, p.source, Heads::try_from(p.heads).unwrap_or(Heads::MAX), p.fen)).collect();
        let draft = Draft {
            attachments: c.evidence.len(),
            cashier: drawn.cashier,
            settlement: Some(drawn.settlement),
            summary: c.summary.clone(),
            ..Draft::actual(Template::T15, c.date, lines)
        };
        let voucher = desk.voucher(draft);
        // The documents stand once, with the first voucher.
        let evidence = if events.is_empty() { c.evidence.as_slice() } else { &[] };
        events.push(desk.posted(voucher, Effect::Remittance { holder, items }, evidence));
    }
    events
}

fn pair(desk: &Desk<'_>, holder: OrgNo, association: OrgNo, txn: BankTxnNo, part: &Part) -> [Line; 2] {
    let batch = desk.state.batch(part.batch);
    let form = batch.map(|b| &b.form);
    let use_code = form.and_then(|f| desk.state.use_for(&f.class, &f.plan, true)).unwrap_or(0);
    let owed = Line {
        account: desk.state.posting.custody_liability,
        source: part.source,
        grant: part.batch,
        side: Side::Debit,
        fen: part.fen,
        year: form.map_or(0, |f| f.year),
        class: batch.map_or(0, |b| b.class),
        plan: batch.map_or(0, |b| b.plan),
        use_code,
        holder,
        counterparty: association,
        heads: Heads::try_from(part.heads).unwrap_or(Heads::MAX),
        price: part.price,
        bank: 0,
    };
    let money = Line { account: desk.state.posting.custody_bank, side: Side::Credit, bank: txn, ..owed.clone() };
    [owed, money]
}
