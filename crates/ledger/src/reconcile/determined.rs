//! What ids determine: a line and a movement that bear one number, on one account, in one direction, over one amount, and no other line
//! that bears it too. Everything weaker is a proposal.

use std::collections::BTreeMap;

use record::command::StatementLine;
use record::{BankTxnNo, LineNo};

use super::Reconciled;
use crate::state::signed;

/// Which movements may still be matched on the account.
pub type Free<'f> = &'f dyn Fn(BankTxnNo) -> bool;

/// Pairs of lines and movements that ids determine, in the order of the movements.
pub(crate) fn determined<'l>(
    of: &Reconciled<'_>,
    lines: impl IntoIterator<Item = (LineNo, &'l StatementLine)>,
    free: Free<'_>,
) -> Vec<(LineNo, BankTxnNo)> {
    // None: more than one line bears the number.
    let mut found: BTreeMap<BankTxnNo, Option<LineNo>> = BTreeMap::new();
    for (no, line) in lines {
        let numbered = |number: &str| {
            let (txn, moved) = of.state.bank_txns.find(number)?;
            let fits = of.has(moved) && of.moved(moved) == signed(line.direction, line.fen) && free(txn);
            fits.then_some(txn)
        };
        let own = numbered(&line.id);
        let others = || (!line.reference.is_empty()).then(|| numbered(&line.reference)).flatten();
        if let Some(txn) = own.or_else(others) {
            found.entry(txn).and_modify(|line| *line = None).or_insert(Some(no));
        }
    }
    found.into_iter().filter_map(|(txn, line)| Some((line?, txn))).collect()
}
