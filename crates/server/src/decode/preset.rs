//! Presets and their parts on the wire.

use api::v1;
use record::preset;

use super::wire::wire;
use super::{Fields, Wire};

wire! {
    preset::Named => v1::NamedCode { code, name }
    preset::AccountDef => v1::Account {
        code, name_zh, name_en, parent, element, normal, posting, blocked, dimensions, crosswalk_2009, crosswalk_2009_name
    }
    preset::SourceDef => v1::Source {
        code, name, name_en, clause, restriction, income_account, result_account, carry_account, uses, grant_uses, enabled, payer,
        income_kinds, quota_bound
    }
    preset::UseDef => v1::Use { code, name, class, plan, own }
    preset::ClassDef => v1::BeneficiaryClass { code, name, expense_account, plans, reviewer, review_required }
    preset::PostingMap => v1::PostingMap {
        special_bank, custody_bank, custody_liability, budget_total, budget_available, budget_allocated, budget_committed,
        budget_spent, surplus_transfer, surplus, not_expense, pass_down, opening_adjustments, internal_transfers,
        fiscal_return, fiscal_surplus_transfer, suspense
    }
    preset::StandardDef => v1::SubsidyStandard { class, plan, premium_fen, subsidy_fen, own_fen, valid_from, valid_to }
    preset::OrgDef => v1::Organization { code, name, parent, region, uscc; org_type = r#type }
    preset::Preset => v1::Preset {
        name, fund_code, fund_name, chart_version, currency, accounts, sources, uses, forbidden_uses, classes, plans, posting,
        standards, parameters, organizations, rules
    }
}
