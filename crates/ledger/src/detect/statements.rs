//! What statements show: money that left without voucher and vouchers without money (DIV-001), interest that the bank paid and the
//! books do not hold (SRC-008), other money that came in and is nowhere booked (REC-001), the association's list against what it was
//! paid (REC-002), and months without a reconciliation or with one that does not balance (REC-001). From when statements are due:
//! docs/decisions/0024.

use record::kinds::{BankPurpose, LineNature, SubjectKind};
use record::{Day, Fen, Period};

use super::{Look, size};
use crate::reconcile::{Item, ItemClass, ItemOf, Reconciled, reconciled};
use crate::rules::yuan;
use crate::state::Place;

/// Parameter: days that an open item may stay open. An unidentified deposit has as many (decisions.md 18).
const OPEN_ITEM_DAYS: &str = "detect.open_item_days";
/// Parameter: days after a month's end by which its statement must be in.
const STATEMENT_DAYS: &str = "detect.statement_days";

/// Open items of accounts with statements that have stayed open too long.
pub(super) fn items(look: &mut Look<'_>) {
    let days = look.number(OPEN_ITEM_DAYS);
    let state = look.state;
    for of in state.statements.of_account.keys().filter_map(|no| reconciled(state, *no)) {
        let reached = of.covered.map_or(look.day, |(_, to)| to);
        for item in of.items(look.day) {
            let since = item.date.plus_days(days.saturating_add(1));
            // A voucher without movement is a sign only once statements reach so far that the movement would stand on them.
            let told = match item.of {
                ItemOf::Line(_) => true,
                ItemOf::Transaction(_) => reached >= since.plus_days(-1),
            };
            if told && look.day >= since {
                see(look, &of, &item, since);
            }
        }
    }
}

fn see(look: &mut Look<'_>, of: &Reconciled<'_>, item: &Item, since: Day) {
    let state = look.state;
    let outward = matches!(item.class, ItemClass::BankOut | ItemClass::BookOut);
    let (mut sign, evidence) = match item.of {
        ItemOf::Line(no) => {
            let Some(entered) = state.statements.lines.get(&no) else { return };
            let interest = entered.line.nature == LineNature::Interest;
            let rule = match (of.is_list, outward, interest) {
                (true, ..) => "REC-002",
                (false, true, _) => "DIV-001",
                (false, false, true) => "SRC-008",
                (false, false, false) => "REC-001",
            };
            let subject = format!("{}/{}", of.account.code, entered.line.id);
            let sign = look.sign(rule, SubjectKind::StatementLine, &subject);
            (sign, look.at(&Place::Statement(entered.statement)))
        }
        ItemOf::Transaction(no) => {
            let rule = match (of.is_list, outward) {
                (true, _) => "REC-002",
                (false, true) => "DIV-001",
                (false, false) => "REC-001",
            };
            let sign = look.sign(rule, SubjectKind::BankTransaction, state.bank_txns.code(no));
            (sign, look.at(&Place::BankTransaction(no)))
        }
    };
    sign.fen = item.fen;
    let of_books = matches!(item.of, ItemOf::Transaction(_));
    let (books, bank) = if of_books { (item.fen, 0) } else { (0, item.fen) };
    (sign.expected, sign.found) = (yuan(bank), yuan(books));
    sign.since = since;
    sign.evidence = evidence.into_iter().collect();
    look.see(sign);
}

/// Each of our accounts, month by month: whether there is a statement in time, and whether it balances.
pub(super) fn months(look: &mut Look<'_>) {
    let days = look.number(STATEMENT_DAYS);
    let state = look.state;
    for of in state.bank_accounts.iter().filter_map(|(no, _)| reconciled(state, no)).filter(|of| !of.is_list) {
        missing(look, &of, days);
        unbalanced(look, &of);
    }
}

/// Months that are over, and for which the statement is overdue. Of an account that others keep, statements are due once there is one.
fn missing(look: &mut Look<'_>, of: &Reconciled<'_>, days: i32) {
    let state = look.state;
    let keeps = of.account.purpose == BankPurpose::FundSpecial || of.covered.is_some();
    let first_move = state.bank_txns.iter().filter(|(_, txn)| of.has(txn)).map(|(_, txn)| txn.date).min();
    let Some(first_move) = first_move.filter(|_| keeps) else { return };
    let covered = of.covered.map(|(_, to)| to);
    // The first live month, the first in which the account was registered here and moved, or the one after the last statement.
    let begun = state.live_from.max(of.account.registered_on).max(first_move);
    let begun = covered.map_or(begun, |to| begun.max(to.plus_days(1)));
    let first: Period = begun.period();
    let since = |month: Period| month.last_day().plus_days(days.saturating_add(1));
    let (mut month, mut overdue) = (first, 0u32);
    while since(month) <= look.day {
        overdue = overdue.saturating_add(1);
        month = month.next();
    }
    if overdue > 0 {
        // One sign an account, from the first month that is missing on, however many follow it.
        let mut sign = look.sign("REC-001", SubjectKind::Statement, &format!("{}/{first}", of.account.code));
        sign.count = overdue;
        (sign.expected, sign.found) =
            (month.first_day().plus_days(-1).to_string(), covered.map_or_else(String::new, |to| to.to_string()));
        sign.since = since(first);
        look.see(sign);
    }
}

/// The month since whose end the adjusted balances have not been equal. They are equal if what the books hold beside the movements that
/// statements tell of is what the statements began with.
fn unbalanced(look: &mut Look<'_>, of: &Reconciled<'_>) {
    let Some((from, to)) = of.covered else { return };
    let (beside, opening) = (of.beside(), of.opening_fen());
    let mut since: Option<(Period, Fen)> = None;
    let mut month = from.period();
    // A month counts once it is over and its statement reaches its end.
    while month.last_day() <= to && month.last_day() < look.day {
        let held = beside.range(..=month.last_day()).fold(0, |sum: Fen, (_, fen)| sum.saturating_add(*fen));
        let difference = held.saturating_sub(opening);
        since = match since {
            _ if difference == 0 => None,
            Some((first, _)) => Some((first, difference)),
            None => Some((month, difference)),
        };
        month = month.next();
    }
    if let Some((month, difference)) = since {
        let mut sign = look.sign("REC-001", SubjectKind::Statement, &format!("{}/{month}", of.account.code));
        sign.fen = size(difference);
        (sign.expected, sign.found) = (yuan(opening), yuan(opening.saturating_add(difference)));
        sign.since = month.last_day().plus_days(1);
        let first = look.state.statements.of_account.get(&of.no).and_then(|numbers| numbers.first().copied());
        sign.evidence = first.and_then(|no| look.at(&Place::Statement(no))).into_iter().collect();
        look.see(sign);
    }
}
