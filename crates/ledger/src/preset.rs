//! Presets: the project's own files that a book is opened from. Whether one hangs together is told in `sound`.

mod sound;

use std::collections::BTreeMap;

use record::Day;
use record::kinds::{Dimension, Element, OrgType, Restriction, Role, Side};
use record::preset::{AccountDef, ClassDef, Named, OrgDef, PostingMap, Preset, SourceDef, StandardDef, UseDef};
use serde::Deserialize;

use crate::rules;
pub use sound::faults;

/// Presets that this program carries, by name.
pub const NAMES: &[&str] = &["hospital-2018", "hospital-2018-city"];

/// Why a preset cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PresetError {
    /// No preset of this name is built in.
    #[error("no preset named {0:?}; there are: {names}", names = NAMES.join(", "))]
    Unknown(String),
    /// A file of it is not well formed.
    #[error("preset file {file}: {message}")]
    File {
        /// File name.
        file: &'static str,
        /// What is wrong.
        message: String,
    },
}

/// The texts of a preset's files.
struct Files {
    book: &'static str,
    accounts: &'static str,
    sources: &'static str,
    programme: &'static str,
}

/// The built-in preset with this name.
pub fn builtin(name: &str) -> Result<Preset, PresetError> {
    match name {
        "hospital-2018" => read(&Files {
            book: include_str!("../../../presets/hospital-2018/book.toml"),
            accounts: include_str!("../../../presets/hospital-2018/accounts.toml"),
            sources: include_str!("../../../presets/hospital-2018/sources.toml"),
            programme: include_str!("../../../presets/hospital-2018/programme.toml"),
        }),
        // A city's or county's own book: its retained dues stand where the province's appropriation does (方案六(三)).
        "hospital-2018-city" => builtin("hospital-2018").map(|preset| of_city(name, preset)),
        other => Err(PresetError::Unknown(other.to_owned())),
    }
}

/// Sources of a union's own money: in the province's book, and in one below it.
const OWN_MONEY: [&str; 2] = ["S2P", "S2L"];

/// The preset of a book below the province's: the same rules over its own money.
fn of_city(name: &str, mut preset: Preset) -> Preset {
    let [province, city] = OWN_MONEY;
    name.clone_into(&mut preset.name);
    for source in &mut preset.sources {
        if source.code == province {
            (source.enabled, source.quota_bound) = (false, false);
        } else if source.code == city {
            (source.enabled, source.quota_bound) = (true, true);
        }
    }
    preset
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BookFile {
    name: String,
    fund_code: String,
    fund_name: String,
    currency: String,
    standards_from: String,
    parameters: BTreeMap<String, String>,
    organization: Vec<OrgRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrgRow {
    code: String,
    name: String,
    org_type: String,
    parent: String,
    region: String,
    uscc: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountsFile {
    version: String,
    account: Vec<AccountRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountRow {
    code: String,
    name_zh: String,
    name_en: String,
    parent: String,
    element: String,
    normal: String,
    posting: bool,
    blocked: bool,
    dimensions: Vec<String>,
    crosswalk_2009: String,
    crosswalk_2009_name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourcesFile {
    source: Vec<SourceRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceRow {
    code: String,
    name: String,
    name_en: String,
    clause: String,
    restriction: String,
    income_account: String,
    result_account: String,
    carry_account: String,
    uses: Vec<String>,
    grant_uses: bool,
    enabled: bool,
    payer: String,
    income_kinds: Vec<String>,
    quota_bound: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgrammeFile {
    #[serde(rename = "use")]
    uses: Vec<UseRow>,
    forbidden_use: Vec<NamedRow>,
    class: Vec<ClassRow>,
    plan: Vec<NamedRow>,
    standard: Vec<StandardRow>,
    posting: PostingRow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UseRow {
    code: String,
    name: String,
    class: String,
    plan: String,
    own: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedRow {
    code: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassRow {
    code: String,
    name: String,
    expense_account: String,
    plans: Vec<String>,
    reviewer: String,
    review_required: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StandardRow {
    class: String,
    plan: String,
    premium_fen: i64,
    subsidy_fen: i64,
    own_fen: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PostingRow {
    special_bank: String,
    custody_bank: String,
    custody_liability: String,
    budget_total: String,
    budget_available: String,
    budget_allocated: String,
    budget_committed: String,
    budget_spent: String,
    surplus_transfer: String,
    surplus: String,
    not_expense: Vec<String>,
    pass_down: Vec<String>,
    opening_adjustments: Vec<String>,
    internal_transfers: Vec<String>,
    fiscal_return: String,
    fiscal_surplus_transfer: String,
    suspense: String,
}

fn parse<T: for<'de> Deserialize<'de>>(file: &'static str, text: &str) -> Result<T, PresetError> {
    toml::from_str(text).map_err(|e| PresetError::File { file, message: e.message().to_owned() })
}

/// A coded value, or which file holds the bad one.
fn coded<T>(file: &'static str, value: &str, found: Option<T>) -> Result<T, PresetError> {
    found.ok_or_else(|| PresetError::File { file, message: format!("{value:?} is no known code") })
}

fn read(files: &Files) -> Result<Preset, PresetError> {
    let book: BookFile = parse("book.toml", files.book)?;
    let accounts: AccountsFile = parse("accounts.toml", files.accounts)?;
    let sources: SourcesFile = parse("sources.toml", files.sources)?;
    let programme: ProgrammeFile = parse("programme.toml", files.programme)?;
    let from = Day::parse(&book.standards_from)
        .map_err(|e| PresetError::File { file: "book.toml", message: format!("standards_from: {e}") })?;
    Ok(Preset {
        name: book.name,
        fund_code: book.fund_code,
        fund_name: book.fund_name,
        chart_version: accounts.version,
        currency: book.currency,
        accounts: accounts.account.into_iter().map(account).collect::<Result<_, _>>()?,
        sources: sources.source.into_iter().map(source).collect::<Result<_, _>>()?,
        uses: programme.uses.into_iter().map(use_def).collect(),
        forbidden_uses: programme.forbidden_use.into_iter().map(named).collect(),
        classes: programme.class.into_iter().map(class).collect::<Result<_, _>>()?,
        plans: programme.plan.into_iter().map(named).collect(),
        posting: posting(programme.posting),
        standards: programme.standard.into_iter().map(|row| standard(row, from)).collect(),
        parameters: book.parameters.into_iter().map(|(code, name)| Named { code, name }).collect(),
        organizations: book.organization.into_iter().map(organization).collect::<Result<_, _>>()?,
        rules: rules::RULES.iter().map(|rule| rule.code.to_owned()).collect(),
    })
}

fn account(row: AccountRow) -> Result<AccountDef, PresetError> {
    let file = "accounts.toml";
    Ok(AccountDef {
        element: coded(file, &row.element, Element::from_code(&row.element))?,
        normal: coded(file, &row.normal, Side::from_code(&row.normal))?,
        dimensions: row.dimensions.iter().map(|d| coded(file, d, Dimension::from_code(d))).collect::<Result<_, _>>()?,
        code: row.code,
        name_zh: row.name_zh,
        name_en: row.name_en,
        parent: row.parent,
        posting: row.posting,
        blocked: row.blocked,
        crosswalk_2009: row.crosswalk_2009,
        crosswalk_2009_name: row.crosswalk_2009_name,
    })
}

fn source(row: SourceRow) -> Result<SourceDef, PresetError> {
    Ok(SourceDef {
        restriction: coded("sources.toml", &row.restriction, Restriction::from_code(&row.restriction))?,
        code: row.code,
        name: row.name,
        name_en: row.name_en,
        clause: row.clause,
        income_account: row.income_account,
        result_account: row.result_account,
        carry_account: row.carry_account,
        uses: row.uses,
        grant_uses: row.grant_uses,
        enabled: row.enabled,
        payer: row.payer,
        income_kinds: row.income_kinds,
        quota_bound: row.quota_bound,
    })
}

fn use_def(row: UseRow) -> UseDef {
    UseDef { code: row.code, name: row.name, class: row.class, plan: row.plan, own: row.own }
}

fn named(row: NamedRow) -> Named {
    Named { code: row.code, name: row.name }
}

fn class(row: ClassRow) -> Result<ClassDef, PresetError> {
    Ok(ClassDef {
        reviewer: coded("programme.toml", &row.reviewer, Role::from_code(&row.reviewer))?,
        code: row.code,
        name: row.name,
        expense_account: row.expense_account,
        plans: row.plans,
        review_required: row.review_required,
    })
}

fn standard(row: StandardRow, valid_from: Day) -> StandardDef {
    StandardDef {
        class: row.class,
        plan: row.plan,
        premium_fen: row.premium_fen,
        subsidy_fen: row.subsidy_fen,
        own_fen: row.own_fen,
        valid_from,
        valid_to: None,
    }
}

fn posting(row: PostingRow) -> PostingMap {
    PostingMap {
        special_bank: row.special_bank,
        custody_bank: row.custody_bank,
        custody_liability: row.custody_liability,
        budget_total: row.budget_total,
        budget_available: row.budget_available,
        budget_allocated: row.budget_allocated,
        budget_committed: row.budget_committed,
        budget_spent: row.budget_spent,
        surplus_transfer: row.surplus_transfer,
        surplus: row.surplus,
        not_expense: row.not_expense,
        pass_down: row.pass_down,
        opening_adjustments: row.opening_adjustments,
        internal_transfers: row.internal_transfers,
        fiscal_return: row.fiscal_return,
        fiscal_surplus_transfer: row.fiscal_surplus_transfer,
        suspense: row.suspense,
    }
}

fn organization(row: OrgRow) -> Result<OrgDef, PresetError> {
    Ok(OrgDef {
        org_type: coded("book.toml", &row.org_type, OrgType::from_code(&row.org_type))?,
        code: row.code,
        name: row.name,
        parent: row.parent,
        region: row.region,
        uscc: row.uscc,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_presets_hang_together() {
        for name in NAMES {
            let preset = builtin(name).unwrap();
            assert_eq!(faults(&preset), Vec::new(), "{name}");
        }
        assert!(matches!(builtin("none"), Err(PresetError::Unknown(_))));
    }
}
