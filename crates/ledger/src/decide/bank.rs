//! Bank accounts, bank transactions, and what vouchers may draw on them.

use record::command::{RegisterBankAccount, RegisterBankTransaction};
use record::event::{BankAccountRegistered, BankTransactionRegistered};
use record::kinds::{BankPurpose, Direction, OrgType, Settlement};
use record::{BankAccountNo, BankTxnNo, Day, Event, Fen, OrgNo, PersonNo};

use super::lines::OWN;
use super::{Desk, layers};
use crate::state::BankAccount;

/// A bank transaction that a voucher draws on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drawn {
    pub txn: BankTxnNo,
    pub cashier: PersonNo,
    pub settlement: Settlement,
    pub counterparty: BankAccountNo,
    /// Day on which the money moved.
    pub date: Day,
}

pub(super) fn register_account(desk: &mut Desk<'_>, c: &RegisterBankAccount) -> Vec<Event> {
    let Some(organization) = desk.state.organizations.no(&c.organization) else {
        desk.unknown("organization");
        return Vec::new();
    };
    if desk.state.bank_accounts.no(&c.code).is_some() {
        desk.taken("code");
    }
    check_currency(desk, &c.currency);
    let org_type = desk.state.organizations.get(organization).map(|o| o.org_type);
    if c.purpose == BankPurpose::FundSpecial && organization != 1 {
        desk.hit("SRC-010", "organization", desk.state.organizations.code(1u32), &c.organization);
    }
    if c.purpose == BankPurpose::Payee && org_type != Some(OrgType::MutualAid) {
        desk.hit("USE-006", "organization", OrgType::MutualAid.code(), &c.organization);
    }
    layers::check_account(desk, c);
    vec![Event::BankAccountRegistered(BankAccountRegistered {
        no: desk.state.bank_accounts.next_no(),
        code: c.code.clone(),
        organization,
        purpose: c.purpose,
        name: c.name.clone(),
        masked_no: c.masked_no.clone(),
    })]
}

pub(super) fn register_transaction(desk: &mut Desk<'_>, c: &RegisterBankTransaction) -> Vec<Event> {
    if desk.state.bank_txns.no(&c.id).is_some() {
        desk.taken("id");
    }
    desk.check_not_future(c.date, "date");
    desk.check_digest(&c.slip_digest, "slip_digest");
    check_currency(desk, &c.currency);
    let account = desk.state.bank_accounts.find(&c.account);
    let is_ours = |a: &BankAccount| matches!(a.purpose, BankPurpose::FundSpecial | BankPurpose::Custody);
    let ours = account.filter(|(_, a)| is_ours(a)).map(|(no, _)| no);
    if ours.is_none() {
        desk.hit("SRC-010", "account", "FUND_SPECIAL | CUSTODY", &c.account);
    }
    let counterparty = if c.counterparty_account.is_empty() {
        0
    } else {
        desk.state.bank_accounts.no(&c.counterparty_account).unwrap_or_else(|| {
            desk.unknown("counterparty_account");
            0
        })
    };
    vec![Event::BankTransactionRegistered(BankTransactionRegistered {
        no: desk.state.bank_txns.next_no(),
        id: c.id.clone(),
        account: ours.unwrap_or(0),
        direction: c.direction,
        fen: c.fen,
        date: c.date,
        counterparty,
        settlement: c.settlement,
        slip_digest: c.slip_digest,
    })]
}

fn check_currency(desk: &mut Desk<'_>, currency: &str) {
    if currency != "CNY" {
        desk.hit("LED-015", "currency", "CNY", currency);
    }
}

/// What a voucher asks of a bank transaction.
pub(crate) struct Draw<'c> {
    /// Code of our account.
    pub account: &'c str,
    pub purpose: BankPurpose,
    /// Owner that the account must have.
    pub owner: OrgNo,
    pub txn: &'c str,
    pub direction: Direction,
    pub fen: Fen,
    /// Voucher date, where it may not be before the movement; receipts may be paid in together later.
    pub not_before: Option<Day>,
}

impl<'c> Draw<'c> {
    /// A draw on a transaction of the book's own special account, for a voucher of this date.
    pub fn special(account: &'c str, txn: &'c str, direction: Direction, fen: Fen, date: Day) -> Draw<'c> {
        Draw { account, purpose: BankPurpose::FundSpecial, owner: OWN, txn, direction, fen, not_before: Some(date) }
    }
}

impl Drawn {
    /// The rule that guards the payee: the money went to the very account that the request names, and not before it had cooled: who
    /// slips a payee's account in has the days until then to be found out. Historical entries paid accounts that are registered now.
    pub fn check_reached(&self, desk: &mut Desk<'_>, rule: &str, account: BankAccountNo, date: Day) {
        let registered_on = desk.state.bank_accounts.get(account).map(|a| a.registered_on);
        let first = registered_on.map(|day| desk.state.first_day_of_payee(day));
        if let Some(first) = first.filter(|first| date >= desk.state.live_from && self.date < *first) {
            desk.hit(rule, "payee_account", &first.to_string(), &self.date.to_string());
        }
        if self.counterparty != account {
            let code = |no| desk.state.bank_accounts.code(no).to_owned();
            let (named, reached) = (code(account), code(self.counterparty));
            desk.hit(rule, "bank_txn.counterparty_account", &named, &reached);
        }
    }
}

/// SRC-010 and LED-011: the account is registered for this purpose and owner, and the transaction on it still covers the amount.
pub(crate) fn draw(desk: &mut Desk<'_>, ask: &Draw<'_>) -> Option<Drawn> {
    let account = desk
        .state
        .bank_account(ask.account, ask.purpose)
        .filter(|(_, a)| a.organization == ask.owner)
        .map(|(no, _)| no);
    if account.is_none() {
        desk.hit("SRC-010", "bank_account", ask.purpose.code(), ask.account);
    }
    let Some((no, txn)) = desk.state.bank_txns.find(ask.txn) else {
        desk.unknown("bank_txn");
        return None;
    };
    if account.is_some_and(|a| a != txn.account) {
        let code = desk.state.bank_accounts.code(txn.account).to_owned();
        desk.hit("SRC-010", "bank_txn", ask.account, &code);
    }
    desk.reusable.push(txn.slip_digest);
    let left = if txn.direction == ask.direction { txn.fen.saturating_sub(txn.used_fen) } else { 0 };
    if left < ask.fen {
        desk.short("LED-011", "bank_txn", left, ask.fen);
    }
    if let Some(date) = ask.not_before.filter(|date| *date < txn.date) {
        desk.hit("LED-007", "bank_txn.date", &txn.date.to_string(), &date.to_string());
    }
    if txn.settlement == Settlement::Cash && ask.direction == Direction::Out {
        desk.hit("DIV-003", "bank_txn", Settlement::Transfer.code(), Settlement::Cash.code());
    }
    Some(Drawn {
        txn: no,
        cashier: txn.cashier,
        settlement: txn.settlement,
        counterparty: txn.counterparty,
        date: txn.date,
    })
}
