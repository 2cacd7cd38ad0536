//! What must hold of view rows before they are stored, whatever the engine: their range and order, and that each voucher is whole and
//! balances. What is unique in a book is kept by the tables' keys.

use engine::store::StoreError;
use ledger::rows::{LineRow, ViewRows, VoucherRow};
use record::kinds::{LedgerKind, Side};
use record::{Fen, GrantNo, Sequence, SourceNo};

/// Checks rows of the records after `from` up to `to`. Vouchers come by sequence, lines by sequence and number.
pub(crate) fn check(from: Sequence, to: Sequence, rows: &ViewRows) -> Result<(), StoreError> {
    check_range(from, to, rows)?;
    if !rows.vouchers.is_sorted_by(|a, b| a.sequence < b.sequence) {
        return Err(corrupt(from, to, "a record's voucher twice, or vouchers out of order"));
    }
    let mut lines = rows.lines.as_slice();
    for voucher in &rows.vouchers {
        let count = lines.iter().take_while(|row| row.sequence == voucher.sequence).count();
        let (own, rest) = lines.split_at_checked(count).unwrap_or_default();
        let fault = if own.len() < 2 || !own.iter().zip(1..).all(|(row, no)| row.line_no == no) {
            "a voucher of fewer than two lines, or with gaps in their numbers"
        } else if own.iter().any(|row| row.date != voucher.date) {
            "a line of another date than its voucher"
        } else if !balances(voucher, own) {
            "a voucher that does not balance by source and grant"
        } else {
            lines = rest;
            continue;
        };
        return Err(corrupt(from, to, fault));
    }
    if lines.is_empty() { Ok(()) } else { Err(corrupt(from, to, "lines without a voucher, or out of order")) }
}

/// Every row belongs to a record after `from` and up to `to`.
fn check_range(from: Sequence, to: Sequence, rows: &ViewRows) -> Result<(), StoreError> {
    let fits = |sequence: Sequence| sequence > from && sequence <= to;
    let all = from <= to
        && i64::try_from(to).is_ok()
        && rows.vouchers.iter().all(|row| fits(row.sequence))
        && rows.lines.iter().all(|row| fits(row.sequence))
        && rows.facts.iter().all(|row| fits(row.sequence))
        && rows.rejections.iter().all(|row| fits(row.sequence));
    if all { Ok(()) } else { Err(corrupt(from, to, "rows of other records")) }
}

/// Debits equal credits: in an ACTUAL voucher by source and grant, in a BUDGET voucher by source.
fn balances(voucher: &VoucherRow, lines: &[LineRow]) -> bool {
    // Vouchers have few lines, and fewer sources and grants: a list is faster than a map.
    let mut sums: Vec<((SourceNo, GrantNo), i128)> = Vec::with_capacity(2);
    for LineRow { line, .. } in lines {
        let grant = if voucher.ledger == LedgerKind::Actual { line.grant } else { 0 };
        let key = (line.source, grant);
        let fen = signed(line.side, line.fen);
        match sums.iter_mut().find(|(other, _)| *other == key) {
            Some((_, sum)) => *sum += fen,
            None => sums.push((key, fen)),
        }
    }
    sums.iter().all(|(_, sum)| *sum == 0)
}

fn signed(side: Side, fen: Fen) -> i128 {
    match side {
        Side::Debit => i128::from(fen),
        Side::Credit => -i128::from(fen),
    }
}

/// What a fault of rows is to the caller.
pub(crate) fn corrupt(from: Sequence, to: Sequence, fault: &str) -> StoreError {
    StoreError::Corrupt(format!("view rows between {from} and {to}: {fault}"))
}
