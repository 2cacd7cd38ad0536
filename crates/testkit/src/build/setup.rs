//! Commands that open a book, and its cast: one person for each role of rules.md 1.5, the province, a city and its units.

use ledger::preset;
use record::command::{
    CreateBook, PersonDef, RegisterBankAccount, RegisterBankTransaction, RegisterOrganization, SetParameter,
    SignDailySummary,
};
use record::kinds::{BankPurpose, Direction, OrgType, Role, Settlement};
use record::preset::OrgDef;
use record::{Day, Fen, Period};

use super::digest;

/// The book's own organisation.
pub const PROVINCE: &str = "GDZGH";
/// The city that collects and holds premiums.
pub const GZ: &str = "GZ";
/// Our special account.
pub const SPECIAL: &str = "SPECIAL";
/// The association's registered account.
pub const PAYEE: &str = "HZH-1";

/// Person codes with their one role, and the organisation that bounds a collector.
pub const PERSONS: &[(&str, Role, &str)] = &[
    ("fin.maker", Role::FinMaker, ""),
    ("fin.reviewer", Role::FinReviewer, ""),
    ("fin.poster", Role::FinPoster, ""),
    ("fin.chief", Role::FinChief, ""),
    ("cashier", Role::Cashier, ""),
    ("svc.dept", Role::SvcDept, ""),
    ("eco.dept", Role::EcoDept, ""),
    ("approver", Role::Approver, ""),
    ("mutual.aid", Role::MutualAid, ""),
    ("audit", Role::Audit, ""),
];

/// Code of an organisation's custody account.
pub fn custody_of(organization: &str) -> String {
    format!("{organization}-DG")
}

/// A person with one role.
pub fn person(code: &str, role: Role, organization: &str) -> PersonDef {
    PersonDef {
        code: code.to_owned(),
        display: format!("{code} ({role})"),
        roles: vec![role],
        organization: organization.to_owned(),
    }
}

/// One person for each role; collectors come when their organisations are registered.
pub fn cast() -> Vec<PersonDef> {
    PERSONS.iter().map(|(code, role, organization)| person(code, *role, organization)).collect()
}

/// The province's book of the fund, opened from the built-in preset with the whole cast.
pub fn create_book(first_period: Period, live_from: Day) -> CreateBook {
    CreateBook {
        book: "GD".into(),
        name: "广东省总工会住院二次医保资金".into(),
        organization: organization(PROVINCE, "广东省总工会", OrgType::ProvFed, "").organization,
        preset: preset::builtin("hospital-2018").unwrap_or_else(|e| panic!("built-in preset: {e}")),
        first_period,
        live_from,
        persons: cast(),
    }
}

/// An organisation.
pub fn organization(code: &str, name: &str, org_type: OrgType, parent: &str) -> RegisterOrganization {
    RegisterOrganization {
        organization: OrgDef {
            code: code.into(),
            name: name.into(),
            org_type,
            parent: parent.into(),
            region: String::new(),
            uscc: String::new(),
        },
    }
}

/// A bank account in CNY.
pub fn bank_account(code: &str, organization: &str, purpose: BankPurpose) -> RegisterBankAccount {
    RegisterBankAccount {
        code: code.into(),
        organization: organization.into(),
        purpose,
        name: format!("{organization} {purpose}"),
        masked_no: "****0001".into(),
        currency: "CNY".into(),
    }
}

/// A transfer on one of our accounts; its slip is named after it.
pub fn bank_txn(id: &str, account: &str, direction: Direction, fen: Fen, date: Day) -> RegisterBankTransaction {
    RegisterBankTransaction {
        id: id.into(),
        account: account.into(),
        direction,
        fen,
        date,
        counterparty_account: String::new(),
        settlement: Settlement::Transfer,
        currency: "CNY".into(),
        slip_digest: digest(&format!("slip {id}")),
    }
}

/// A parameter from a day on.
pub fn parameter(key: &str, value: &str, effective_from: Day, approval: &str) -> SetParameter {
    SetParameter { key: key.into(), value: value.into(), effective_from, approval: approval.into() }
}

/// The signing of a day's receipts.
pub fn sign_day(day: Day, count: u64, total_fen: Fen) -> SignDailySummary {
    SignDailySummary { day, count, total_fen }
}
