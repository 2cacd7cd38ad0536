//! The laws that every posted voucher obeys by itself, looked at where what stands is not what should stand. Each has a code of its own.

use record::Voucher;
use record::kinds::{Direction, Word};

use crate::archive::Archive;
use crate::book::Book;
use crate::fault::Code;
use crate::judge::{Case, balances};

/// Laws that a voucher breaks, on books that hold it: code, expected, found.
pub(crate) fn broken(book: &Book, archive: &Archive, voucher: &Voucher) -> Vec<(Code, String, String)> {
    let mut found = Vec::new();
    let mut add = |so: bool, code: Code, expected: &str, is: String| {
        if so {
            found.push((code, expected.to_owned(), is));
        }
    };
    let (total, by_grant) = balances(voucher);
    add(total != 0 || by_grant, Code::Balance, "0 by source and grant", format!("{total} in all"));
    let case = Case::new(book, archive, book.time, voucher.prepared_by, voucher.reviewed_by);
    let laws = case.laws(voucher);
    for (rule, what) in &laws {
        let code = match *rule {
            "LED-003" | "LED-004" | "LED-016" => Code::Line,
            "LED-009" => Code::Hands,
            _ => continue,
        };
        add(true, code, "as the account and the voucher demand", format!("{rule} {what}"));
    }
    let unreviewed = voucher.reference.word == Word::Ji && voucher.reviewed_by == 0;
    add(unreviewed, Code::Review, "a reviewer", "none".to_owned());
    let closing = voucher.kind == record::kinds::VoucherKind::Closing;
    add(!closing && !book.open(voucher.date.period()), Code::Period, "an open month", voucher.date.to_string());
    for line in &voucher.lines {
        let purse = (line.account, line.source, line.grant, line.holder);
        let money = line.account == book.parts.special || line.account == book.parts.custody;
        let lowest = book.sums.purse(purse).map_or(0, |series| series.lowest_from(voucher.date));
        add(money && lowest < 0, Code::Negative, "≥ 0 fen on every day", format!("{lowest} fen"));
        let below = [book.parts.available, book.parts.allocated, book.parts.committed, book.parts.spent];
        if below.contains(&line.account) {
            let at = (line.year, line.source, line.class, line.plan);
            let lowest = book.sums.budget_lowest(at, line.account, voucher.date);
            add(lowest < 0, Code::Budget, "≥ 0 fen", format!("{lowest} fen"));
        }
        if let Some(movement) = book.movements.get(line.bank) {
            let beyond = movement.drawn > movement.fen || movement.drawn < 0;
            let way = if movement.direction == Direction::In { "in" } else { "out" };
            add(beyond, Code::Bank, &format!("≤ {} fen {way}", movement.fen), format!("{} fen", movement.drawn));
        }
    }
    if let Some(approval) = book.approvals.get(voucher.approval) {
        let over = approval.used > approval.is.max_fen;
        add(over, Code::Approval, &format!("≤ {} fen", approval.is.max_fen), format!("{} fen", approval.used));
    }
    found.sort();
    found.dedup();
    found
}
