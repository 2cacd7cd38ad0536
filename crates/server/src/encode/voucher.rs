//! Vouchers as people read them: ordinals spelled out by the book's lists, which only ever grow.

use api::v1;
use ledger::State;
use ledger::rows::VoucherRow;
use record::{Event, Line, PersonNo, Record, Voucher};

use super::time;
use crate::decode::{Closed, Wire};

/// The voucher that a record holds.
pub(crate) fn voucher_of(record: &Record) -> Option<&Voucher> {
    match &record.event {
        Event::VoucherPosted(posted) => Some(&posted.voucher),
        Event::ReceiptPosted(posted) => Some(&posted.voucher),
        _ => None,
    }
}

/// A voucher of the views, with what only its record holds.
pub(crate) fn voucher(
    state: &State,
    row: &VoucherRow,
    record: &Record,
    voucher: &Voucher,
    with_lines: bool,
) -> v1::Voucher {
    let person = |no: PersonNo| state.persons.get(no).map(|p| p.code.clone()).unwrap_or_default();
    let lines = if with_lines { voucher.lines.as_slice() } else { &[] };
    v1::Voucher {
        reference: row.reference.to_string(),
        uuid: record::voucher_id(&state.book, row.sequence, record.time).to_string(),
        sequence: row.sequence,
        record_time: Some(time(record.time)),
        ledger: row.ledger.to_wire(),
        kind: row.kind.to_wire(),
        template: row.template.code().to_owned(),
        date: row.date.show(),
        summary: ledger::summary(state, voucher),
        attachments: u32::from(voucher.attachments),
        prepared_by: person(voucher.prepared_by),
        reviewed_by: person(voucher.reviewed_by),
        posted_by: person(voucher.posted_by),
        cashier_by: person(voucher.cashier_by),
        chief_by: person(voucher.chief_by),
        corrects: voucher.corrects.map(|original| original.to_string()).unwrap_or_default(),
        historical: voucher.historical,
        approval: state.approvals.code(voucher.approval).to_owned(),
        commitment: state.commitments.code(voucher.commitment).to_owned(),
        settlement: voucher.settlement.map_or(0, Closed::to_wire),
        total_fen: row.total_fen,
        lines: (1u32..).zip(lines).map(|(number, each)| line(state, number, each)).collect(),
    }
}

fn line(state: &State, line_no: u32, line: &Line) -> v1::VoucherLine {
    v1::VoucherLine {
        line_no,
        account: state.accounts.code(line.account).to_owned(),
        account_name: state.accounts.get(line.account).map(|account| account.name_zh.clone()).unwrap_or_default(),
        source: state.sources.code(line.source).to_owned(),
        grant: state.grants.code(line.grant).to_owned(),
        side: line.side.to_wire(),
        amount_fen: line.fen,
        year: u32::from(line.year),
        class: state.classes.code(line.class).to_owned(),
        plan: state.plans.code(line.plan).to_owned(),
        r#use: state.uses.code(line.use_code).to_owned(),
        holder: state.organizations.code(line.holder).to_owned(),
        counterparty: state.organizations.code(line.counterparty).to_owned(),
        heads: line.heads,
        price_fen: line.price,
        bank_txn: state.bank_txns.code(line.bank).to_owned(),
    }
}
