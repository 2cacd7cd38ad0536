//! Looks at reconciliations: an account on a day both ways, and what a line might be.

use ledger::reconcile::{Criterion, ItemClass, proposals, reconcile};
use record::Fen;

use super::Fault;
use super::args::{Args, date, shown};
use crate::book::Book;

/// `reconciled ACCOUNT [on=DAY] = book B bank S BANK_IN a BANK_OUT b BOOK_IN c BOOK_OUT d balanced|open`: classes that hold nothing are
/// left out.
pub fn account(book: &Book, args: &mut Args, want: &str) -> Result<(), Fault> {
    let code = args.word("an account")?;
    let day = args.field("on").map_or(Ok(book.today()), |text| date(&text))?;
    let found = book.state.bank_accounts.no(&code).and_then(|no| reconcile(&book.state, no, day));
    let found = found.ok_or_else(|| Fault::unreadable(format!("{code} cannot be reconciled")))?;
    let classes = [
        ("BANK_IN", ItemClass::BankIn),
        ("BANK_OUT", ItemClass::BankOut),
        ("BOOK_IN", ItemClass::BookIn),
        ("BOOK_OUT", ItemClass::BookOut),
    ];
    let class = |(name, class): (&str, ItemClass)| match found.total(class) {
        0 => String::new(),
        fen => format!(" {name} {}", shown(fen)),
    };
    let open: String = classes.into_iter().map(class).collect();
    let ends = if found.is_balanced() { "balanced" } else { "open" };
    let [books, bank] = [found.book_fen, found.bank_fen].map(|fen: Fen| shown(fen));
    Fault::unless_same(want, &format!("book {books} bank {bank}{open} {ends}"))
}

/// `proposed ACCOUNT LINE = TX POINTS CRITERION+CRITERION; TX ...`, or `-`.
pub fn proposed(book: &Book, args: &mut Args, want: &str) -> Result<(), Fault> {
    let (code, id) = (args.word("an account")?, args.word("a line")?);
    let state = &book.state;
    let account = state.bank_accounts.no(&code).unwrap_or(0);
    let line = state.statements.line(account, &id).map(|(no, _)| no);
    let line = line.ok_or_else(|| Fault::unreadable(format!("{code} has no line {id}")))?;
    let name = |criterion: &Criterion| match criterion {
        Criterion::Number => "NUMBER",
        Criterion::Amount => "AMOUNT",
        Criterion::SameDay => "SAME_DAY",
        Criterion::NearDay => "NEAR_DAY",
        Criterion::PartyNumber => "PARTY_NUMBER",
        Criterion::PartyName => "PARTY_NAME",
    };
    let found = proposals(state, account, &[line]).concat().into_iter().map(|proposal| {
        let met: Vec<&str> = proposal.met.iter().map(name).collect();
        format!("{} {} {}", state.bank_txns.code(proposal.transaction), proposal.points, met.join("+"))
    });
    let found: Vec<String> = found.collect();
    Fault::unless_same(want, &if found.is_empty() { "-".to_owned() } else { found.join("; ") })
}
