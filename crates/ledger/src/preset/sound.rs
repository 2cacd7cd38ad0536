//! Whether a preset hangs together: every code it names exists, once, and its numbers add up.

use record::kinds::{IncomeKind, PayerType, Restriction};
use record::preset::Preset;

use crate::form::text::is_code;

/// A list's name, its codes and how many it may have.
type CodeList<'p> = (&'static str, Vec<&'p str>, usize);

/// Where a preset does not hang together: field, Chinese and English text. Empty for a sound one.
pub fn faults(preset: &Preset) -> Vec<(String, String, String)> {
    let mut faults = Vec::new();
    let has_account = |code: &str| preset.accounts.iter().any(|a| a.code == code);
    let has_use = |code: &str| preset.uses.iter().any(|u| u.code == code);
    let _has_class = |code: &str| preset.classes.iter().any(|c| c.code == code);
    let _has_plan = |code: &str| preset.plans.iter().any(|p| p.code == code);
    let mut need = |sound: bool, field: String| add(&mut faults, sound, field);
    let lists: [CodeList<'_>; 6] = [
        ("accounts", preset.accounts.iter().map(|a| a.code.as_str()).collect(), 5_000),
        ("sources", preset.sources.iter().map(|s| s.code.as_str()).collect(), 200),
        ("uses", preset.uses.iter().map(|u| u.code.as_str()).collect(), 200),
        ("classes", preset.classes.iter().map(|c| c.code.as_str()).collect(), 50),
        ("plans", preset.plans.iter().map(|p| p.code.as_str()).collect(), 50),
        ("organizations", preset.organizations.iter().map(|o| o.code.as_str()).collect(), 5_000),
    ];
    for (field, mut codes, max) in lists {
        need(codes.len() <= max, field.to_owned());
        need(codes.iter().all(|code| is_code(code)), field.to_owned());
        codes.sort_unstable();
        need(!codes.windows(2).any(|pair| pair.first() == pair.last()), field.to_owned());
    }
    for account in &preset.accounts {
        need(account.parent.is_empty() || has_account(&account.parent), format!("accounts[{}].parent", account.code));
        need(!account.name_zh.is_empty(), format!("accounts[{}].name_zh", account.code));
        need(!(account.posting && account.blocked), format!("accounts[{}].posting", account.code));
    }
    for source in &preset.sources {
        let passes = source.restriction == Restriction::PassThrough;
        let accounts = [&source.income_account, &source.result_account, &source.carry_account];
        need(accounts.iter().all(|a| (passes && a.is_empty()) || has_account(a)), format!("sources[{}]", source.code));
        need(source.uses.iter().all(|u| has_use(u)), format!("sources[{}].uses", source.code));
        need(
            source.payer.is_empty() || PayerType::from_code(&source.payer).is_some(),
            format!("sources[{}].payer", source.code),
        );
        need(
            source.income_kinds.iter().all(|k| IncomeKind::from_code(k).is_some()),
            format!("sources[{}].income_kinds", source.code),
        );
    }
    programme_faults(preset, &mut faults);
    faults
}

fn programme_faults(preset: &Preset, faults: &mut Vec<(String, String, String)>) {
    let has_account = |code: &str| preset.accounts.iter().any(|a| a.code == code);
    let has_class = |code: &str| preset.classes.iter().any(|c| c.code == code);
    let has_plan = |code: &str| preset.plans.iter().any(|p| p.code == code);
    let mut need = |sound: bool, field: String| add(faults, sound, field);
    for class in &preset.classes {
        need(has_account(&class.expense_account), format!("classes[{}].expense_account", class.code));
        need(class.plans.iter().all(|p| has_plan(p)), format!("classes[{}].plans", class.code));
    }
    for used in preset.uses.iter().filter(|u| !u.class.is_empty() || !u.plan.is_empty()) {
        need(has_class(&used.class) && has_plan(&used.plan), format!("uses[{}]", used.code));
    }
    for standard in &preset.standards {
        let field = format!("standards[{}/{}]", standard.class, standard.plan);
        let adds_up = standard.subsidy_fen.checked_add(standard.own_fen) == Some(standard.premium_fen);
        need(has_class(&standard.class) && has_plan(&standard.plan) && adds_up && standard.premium_fen > 0, field);
    }
    let map = &preset.posting;
    let parts = [
        &map.special_bank,
        &map.custody_bank,
        &map.custody_liability,
        &map.budget_total,
        &map.budget_available,
        &map.budget_allocated,
        &map.budget_committed,
        &map.budget_spent,
        &map.surplus_transfer,
        &map.surplus,
        &map.fiscal_return,
        &map.fiscal_surplus_transfer,
        &map.suspense,
    ];
    let several = map.opening_adjustments.iter().chain(&map.internal_transfers);
    need(parts.into_iter().chain(several).all(|code| has_account(code)), "posting".to_owned());
}

fn add(faults: &mut Vec<(String, String, String)>, sound: bool, field: String) {
    if !sound {
        let zh = "引用的编号不存在、重复或有误".to_owned();
        faults.push((field, zh, "names nothing, a duplicate or a wrong thing".to_owned()));
    }
}
