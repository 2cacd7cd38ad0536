//! Commands that set up and close a book.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::kinds::{BankPurpose, Direction, Role, Settlement};
use crate::preset::{AccountDef, OrgDef, Preset};
use crate::{Day, Digest, Fen, Period};

/// Opens a book (账套) from a preset.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CreateBook {
    /// Code of the book; names it in every request.
    pub book: String,
    /// Name of the book.
    pub name: String,
    /// The organisation whose book it is.
    pub organization: OrgDef,
    /// The preset, whole: a book never depends on a file that may change.
    pub preset: Preset,
    /// First accounting period; nothing is dated before it.
    pub first_period: Period,
    /// Documents dated before this day are historical entries, marked 补录 (decisions.md 12).
    pub live_from: Day,
    /// The first persons and their roles.
    pub persons: Vec<PersonDef>,
}

/// A person's roles in a book. Persons are staff codes or system accounts, never insured people.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PersonDef {
    /// Stable code; a token names it.
    pub code: String,
    /// How the person is shown on vouchers.
    pub display: String,
    /// Roles.
    pub roles: Vec<Role>,
    /// Organisation code that bounds a COLLECTOR; empty for others.
    pub organization: String,
}

/// Adds an account to the chart. Its code must be new; a rename is a new account.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DefineAccount {
    /// The account.
    pub account: AccountDef,
}

/// Registers an organisation.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RegisterOrganization {
    /// The organisation.
    pub organization: OrgDef,
}

/// Registers a bank account: our special account, a custody account, or a payee's account. Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RegisterBankAccount {
    /// Stable code.
    pub code: String,
    /// Code of the organisation that owns the account.
    pub organization: String,
    /// What it is registered for.
    pub purpose: BankPurpose,
    /// Account holder's name as the bank has it (户名).
    pub name: String,
    /// Masked number, last four digits at most.
    pub masked_no: String,
    /// Currency; only CNY (LED-015).
    pub currency: String,
}

/// Registers a movement on one of our bank accounts from its slip (回单). The cashier does it; vouchers then draw on it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RegisterBankTransaction {
    /// The bank's transaction number (交易流水号), unique in the book.
    pub id: String,
    /// Code of our account.
    pub account: String,
    /// In or out.
    pub direction: Direction,
    /// Amount.
    pub fen: Fen,
    /// Day of the movement.
    pub date: Day,
    /// Code of the registered account on the other side; empty where it is not registered.
    pub counterparty_account: String,
    /// How the money moved.
    pub settlement: Settlement,
    /// Currency; only CNY.
    pub currency: String,
    /// SHA-256 of the slip, unique.
    pub slip_digest: Digest,
}

/// Gives a person roles. Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct GrantRole {
    /// The person and the roles to add.
    pub person: PersonDef,
}

/// Takes roles from a person. Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RevokeRole {
    /// Person code.
    pub person: String,
    /// Roles to take.
    pub roles: Vec<Role>,
}

/// Changes a parameter from a day on, under a PARAM approval (APR-004). Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetParameter {
    /// Key.
    pub key: String,
    /// New value.
    pub value: String,
    /// First day on which it holds.
    pub effective_from: Day,
    /// Code of the approval.
    pub approval: String,
}

/// Closes a month. Months close in order; nothing re-opens (P12).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ClosePeriod {
    /// The month.
    pub period: Period,
}

/// Posts T24 to T26 and T29 for the year, dated 31 December, and closes December. Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CloseYear {
    /// The year.
    pub year: u16,
}

/// Signs one day's premium receipts (每日汇总, decisions.md 6): by FIN_REVIEWER and CASHIER, the second by review.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignDailySummary {
    /// Voucher date of the receipts.
    pub day: Day,
    /// How many vouchers of word 代 the signers saw on that day.
    pub count: u64,
    /// Their total.
    pub total_fen: Fen,
}
