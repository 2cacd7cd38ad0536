//! Reconciliation (对账): an account as its statements have it against the same account as the books have it, on any day. What is open
//! falls into the four classes of the 银行余额调节表. Pure reading of the state: matching is `decide`'s, what suggests a breach is `detect`'s.

mod determined;
mod proposals;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use record::kinds::{BankPurpose, OrgType};
use record::{AccountNo, BankAccountNo, BankTxnNo, Day, Fen, LineNo, MatchNo, OrgNo};

pub(crate) use determined::determined;
pub use proposals::{Criterion, MAX_PROPOSALS, Proposal, proposals};

use crate::State;
use crate::state::{BankAccount, BankTxn, EnteredLine, SumKey, signed};

/// The four classes of open items (未达账项).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemClass {
    /// 银行已收企业未收: the bank took it in, the books did not.
    BankIn,
    /// 银行已付企业未付: the bank paid it out, the books did not.
    BankOut,
    /// 企业已收银行未收: the books took it in, the bank did not.
    BookIn,
    /// 企业已付银行未付: the books paid it out, the bank did not.
    BookOut,
}

/// What an open item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ItemOf {
    /// A line that no voucher, or not the whole of it, stands against.
    Line(LineNo),
    /// A movement that vouchers drew on and no line, or not the whole of it, stands against.
    Transaction(BankTxnNo),
}

/// An open item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its class.
    pub class: ItemClass,
    /// The amount that is open, in fen, positive.
    pub fen: Fen,
    /// Day of the line or of the movement.
    pub date: Day,
    /// What it is.
    pub of: ItemOf,
}

/// An account on a day, both ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciliation {
    /// The account.
    pub account: BankAccountNo,
    /// The day.
    pub day: Day,
    /// First and last day that statements cover; none where there is no statement.
    pub covered: Option<(Day, Day)>,
    /// Balance of the books in fen; of a payee's list, what the books paid since its first day, net.
    pub book_fen: Fen,
    /// Balance of the statements in fen, as far as they reach; of a payee's list, what it took in, net.
    pub bank_fen: Fen,
    /// What is open, by class and day.
    pub items: Vec<Item>,
}

impl Reconciliation {
    /// Sum of a class in fen.
    pub fn total(&self, class: ItemClass) -> Fen {
        let of_class = self.items.iter().filter(|item| item.class == class);
        of_class.fold(0, |sum: Fen, item| sum.saturating_add(item.fen))
    }

    /// The books' balance with what only the bank knows, in fen.
    pub fn adjusted_book_fen(&self) -> Fen {
        let known = self.total(ItemClass::BankIn).saturating_sub(self.total(ItemClass::BankOut));
        self.book_fen.saturating_add(known)
    }

    /// The bank's balance with what only the books know, in fen.
    pub fn adjusted_bank_fen(&self) -> Fen {
        let known = self.total(ItemClass::BookIn).saturating_sub(self.total(ItemClass::BookOut));
        self.bank_fen.saturating_add(known)
    }

    /// Whether there is a statement of the day and both adjusted balances are equal (调节后余额相等).
    pub fn is_balanced(&self) -> bool {
        self.covered.is_some_and(|(from, to)| from <= self.day && self.day <= to)
            && self.adjusted_book_fen() == self.adjusted_bank_fen()
    }
}

/// An account that can be reconciled, and how the books see it.
#[derive(Clone, Copy)]
pub(crate) struct Reconciled<'s> {
    pub state: &'s State,
    pub no: BankAccountNo,
    pub account: &'s BankAccount,
    /// Whether its statements are the list of who was paid: its in is our out, and it has no balance.
    pub is_list: bool,
    /// First and last day that statements cover; they follow one another without gap.
    pub covered: Option<(Day, Day)>,
}

/// The account, if it is one of ours or the association's.
pub(crate) fn reconciled(state: &State, no: BankAccountNo) -> Option<Reconciled<'_>> {
    let account = state.bank_accounts.get(no)?;
    let owner = state.organizations.get(account.organization).map(|o| o.org_type);
    let is_list = match account.purpose {
        BankPurpose::FundSpecial | BankPurpose::Custody => false,
        BankPurpose::Payee if owner == Some(OrgType::MutualAid) => true,
        BankPurpose::Payee | BankPurpose::Payer => return None,
    };
    let mut all = state.statements.of(no);
    let covered = all.next().map(|first| (first.statement.from, all.last().unwrap_or(first).statement.to));
    Some(Reconciled { state, no, account, is_list, covered })
}

/// Whether an account can be reconciled: one of ours, or a registered account of the association.
pub fn can_reconcile(state: &State, account: BankAccountNo) -> bool {
    reconciled(state, account).is_some()
}

/// The account of this code as it stands on a day; none if it cannot be reconciled.
pub fn reconcile(state: &State, account: BankAccountNo, day: Day) -> Option<Reconciliation> {
    let of = reconciled(state, account)?;
    Some(Reconciliation {
        account,
        day,
        covered: of.covered,
        book_fen: of.book_fen(day),
        bank_fen: of.bank_fen(day),
        items: of.items(day),
    })
}

impl<'s> Reconciled<'s> {
    /// Whether a movement is one of this account's.
    pub fn has(&self, txn: &BankTxn) -> bool {
        if self.is_list { txn.counterparty == self.no } else { txn.account == self.no }
    }

    /// An amount as the account's statements sign it, of one that is signed as our account has it.
    fn seen(&self, inward: Fen) -> Fen {
        if self.is_list { inward.saturating_neg() } else { inward }
    }

    /// A movement's amount as the account's statements sign it.
    pub fn moved(&self, txn: &BankTxn) -> Fen {
        self.seen(signed(txn.direction, txn.fen))
    }

    /// What vouchers up to a day drew on a movement, as the account's statements sign it.
    fn drawn(&self, txn: BankTxnNo, day: Day) -> Fen {
        self.seen(self.state.statements.drawn_until(txn, day))
    }

    /// The account's lines in the order of their days and rows.
    pub fn lines(&self) -> impl Iterator<Item = (LineNo, &'s EnteredLine)> + use<'s> {
        let statements = &self.state.statements;
        let numbers = statements.of_account.get(&self.no).map_or(&[][..], Vec::as_slice);
        numbers.iter().flat_map(move |no| {
            let first = statements.sealed.get(no).map_or(LineNo::MAX, |s| s.first_line);
            let of = statements.lines.range(first..).take_while(move |(_, line)| line.statement == *no);
            of.map(|(no, line)| (*no, line))
        })
    }

    fn group_of(&self, txn: BankTxnNo) -> Option<MatchNo> {
        self.state.statements.matched.get(&(self.no, txn)).copied()
    }

    /// Whether a movement is one of this account's and not matched on it.
    pub fn is_open(&self, no: BankTxnNo, txn: &BankTxn) -> bool {
        self.has(txn) && self.group_of(no).is_none()
    }

    /// Whether statements say something of a movement: it is matched, or not older than the first statement. What is older lies in the
    /// first opening balance.
    pub fn in_scope(&self, no: BankTxnNo, txn: &BankTxn) -> bool {
        self.group_of(no).is_some() || self.covered.is_some_and(|(from, _)| txn.date >= from)
    }

    /// The ledger account that the books keep this one under.
    fn ledger_account(&self) -> AccountNo {
        let posting = &self.state.posting;
        if self.account.purpose == BankPurpose::Custody { posting.custody_bank } else { posting.special_bank }
    }

    /// Whether it is its owner's first account of its purpose: what vouchers move without naming a movement counts for that one.
    fn is_first(&self) -> bool {
        let same = |a: &BankAccount| (a.purpose, a.organization) == (self.account.purpose, self.account.organization);
        self.state.bank_accounts.iter().find(|(_, a)| same(a)).is_some_and(|(no, _)| no == self.no)
    }

    /// What vouchers moved on the ledger account without naming a movement, by voucher date: openings, receipts without slip.
    fn unnamed(&self) -> BTreeMap<Day, Fen> {
        let mut days: BTreeMap<Day, Fen> = BTreeMap::new();
        if self.is_list || !self.is_first() {
            return days;
        }
        let mut add = |day: Day, fen: Fen| {
            let sum = days.entry(day).or_default();
            *sum = sum.saturating_add(fen);
        };
        let (account, holder): (AccountNo, OrgNo) = (self.ledger_account(), self.account.organization);
        let from = SumKey { account, day: Day(i32::MIN), ..SumKey::default() };
        let sums = self.state.sums.range(from..).take_while(|(key, _)| key.account == account);
        sums.filter(|(key, _)| key.holder == holder).for_each(|(key, sum)| add(key.day, sum.balance()));
        for ((txn, day), inward) in &self.state.statements.drawn {
            let of = self.state.bank_txns.get(*txn).and_then(|txn| self.state.bank_accounts.get(txn.account));
            if of.is_some_and(|a| (a.purpose, a.organization) == (self.account.purpose, holder)) {
                add(*day, inward.saturating_neg());
            }
        }
        days
    }

    /// What the books hold that statements say nothing of, by voucher date: it must be what they began with.
    pub fn beside(&self) -> BTreeMap<Day, Fen> {
        let mut days = self.unnamed();
        for ((no, day), inward) in &self.state.statements.drawn {
            let Some(txn) = self.state.bank_txns.get(*no).filter(|txn| self.has(txn)) else { continue };
            if !self.is_list && !self.in_scope(*no, txn) {
                let sum = days.entry(*day).or_default();
                *sum = sum.saturating_add(*inward);
            }
        }
        days
    }

    /// Balance before the first statement; 0 without one.
    pub fn opening_fen(&self) -> Fen {
        self.state.statements.of(self.no).next().map_or(0, |first| first.statement.opening_fen)
    }

    fn book_fen(&self, day: Day) -> Fen {
        let beside = self.beside().range(..=day).fold(0, |sum: Fen, (_, fen)| sum.saturating_add(*fen));
        let drawn = self.state.statements.drawn.iter().filter(|((_, on), _)| *on <= day);
        let named = drawn.filter(|((no, _), _)| {
            self.state.bank_txns.get(*no).is_some_and(|txn| self.has(txn) && self.in_scope(*no, txn))
        });
        named.fold(beside, |sum: Fen, (_, inward)| sum.saturating_add(self.seen(*inward)))
    }

    fn bank_fen(&self, day: Day) -> Fen {
        let until = self.lines().filter(|(_, entered)| entered.line.date <= day);
        until.fold(self.opening_fen(), |sum, (_, entered)| sum.saturating_add(self.line_fen(entered)))
    }

    fn line_fen(&self, entered: &EnteredLine) -> Fen {
        signed(entered.line.direction, entered.line.fen)
    }

    /// What is open on a day, by class and day.
    pub fn items(&self, day: Day) -> Vec<Item> {
        let mut items = Vec::new();
        let statements = &self.state.statements;
        for group in statements.groups.values().filter(|group| group.account == self.no) {
            let lines = group.lines.iter().filter_map(|no| Some((*no, statements.lines.get(no)?)));
            let lines: Vec<_> = lines.filter(|(_, entered)| entered.line.date <= day).collect();
            let bank = lines.iter().fold(0, |sum: Fen, (_, entered)| sum.saturating_add(self.line_fen(entered)));
            let drawn = |no: &BankTxnNo| self.drawn(*no, day);
            let book = group.transactions.iter().fold(0, |sum: Fen, no| sum.saturating_add(drawn(no)));
            let (of_bank, of_book) = differing(bank, book);
            if let Some((no, entered)) = lines.first().filter(|_| of_bank != 0) {
                items.push(bank_item(*no, entered, of_bank));
            }
            let first = group.transactions.iter().find(|no| drawn(no) != 0);
            if let Some((no, txn)) = first.and_then(|no| Some((*no, self.state.bank_txns.get(*no)?)))
                && of_book != 0
            {
                items.push(book_item(no, txn, of_book));
            }
        }
        for (no, entered) in self.lines().filter(|(_, e)| e.group == 0 && e.line.date <= day) {
            items.push(bank_item(no, entered, self.line_fen(entered)));
        }
        for (no, txn) in self.state.bank_txns.iter().filter(|(_, txn)| self.has(txn)) {
            let drawn = self.drawn(no, day);
            if drawn != 0 && self.group_of(no).is_none() && self.in_scope(no, txn) {
                items.push(book_item(no, txn, drawn));
            }
        }
        items.sort_by_key(|item| (item.class, item.date, item.of));
        items
    }
}

/// What the bank alone and what the books alone have of a group whose lines and vouchers come to these sums.
fn differing(bank: Fen, book: Fen) -> (Fen, Fen) {
    if bank == book {
        (0, 0)
    } else if bank.signum() != book.signum() {
        (bank, book)
    } else if bank.saturating_abs() > book.saturating_abs() {
        (bank.saturating_sub(book), 0)
    } else {
        (0, book.saturating_sub(bank))
    }
}

fn bank_item(no: LineNo, entered: &EnteredLine, fen: Fen) -> Item {
    let class = if fen > 0 { ItemClass::BankIn } else { ItemClass::BankOut };
    Item { class, fen: fen.saturating_abs(), date: entered.line.date, of: ItemOf::Line(no) }
}

fn book_item(no: BankTxnNo, txn: &BankTxn, fen: Fen) -> Item {
    let class = if fen > 0 { ItemClass::BookIn } else { ItemClass::BookOut };
    Item { class, fen: fen.saturating_abs(), date: txn.date, of: ItemOf::Transaction(no) }
}
