//! A preset with one entry of each kind, for the vectors' first record. The fund's own preset stands elsewhere.

use record::kinds::{Restriction, Role};
use record::preset::{ClassDef, Named, PostingMap, Preset, SourceDef, UseDef};

fn named(code: &str, name: &str) -> Named {
    Named { code: code.into(), name: name.into() }
}

fn posting() -> PostingMap {
    PostingMap {
        special_bank: "10201".into(),
        custody_bank: "10202".into(),
        custody_liability: "229".into(),
        budget_total: "901".into(),
        budget_available: "911".into(),
        budget_allocated: "912".into(),
        budget_committed: "913".into(),
        budget_spent: "914".into(),
        surplus_transfer: "32204".into(),
        surplus: "32205".into(),
        not_expense: vec!["135".into(), "151".into()],
        pass_down: vec!["212".into()],
        opening_adjustments: vec!["32101".into()],
        internal_transfers: vec!["32102".into(), "33102".into()],
        fiscal_return: "33202".into(),
        fiscal_surplus_transfer: "33204".into(),
        suspense: "21502".into(),
    }
}

/// See above.
pub fn small_preset() -> Preset {
    let source = SourceDef {
        code: "S2P".into(),
        name: "省总工会拨款".into(),
        name_en: "Provincial federation".into(),
        clause: "办法第五条2".into(),
        restriction: Restriction::None,
        income_account: "403".into(),
        result_account: "32103".into(),
        carry_account: "32104".into(),
        uses: vec!["A75".into()],
        grant_uses: false,
        enabled: true,
        payer: String::new(),
        income_kinds: vec!["APPROPRIATION".into()],
        quota_bound: true,
    };
    let use_code =
        UseDef {
            code: "A75".into(), name: "困难职工补贴".into(), class: "A".into(), plan: "COMP".into(), own: false
        };
    let class = ClassDef {
        code: "A".into(),
        name: "一线职工".into(),
        expense_account: "50501".into(),
        plans: vec!["COMP".into()],
        reviewer: Role::SvcDept,
        review_required: false,
    };
    Preset {
        name: "vectors".into(),
        fund_code: "HIC2".into(),
        fund_name: "住院二次医保".into(),
        chart_version: "2021".into(),
        currency: "CNY".into(),
        accounts: vec![],
        sources: vec![source],
        uses: vec![use_code],
        forbidden_uses: vec![named("GIFT", "慰问金")],
        classes: vec![class],
        plans: vec![named("COMP", "综合")],
        posting: posting(),
        standards: vec![],
        parameters: vec![named("P9", "YEAR")],
        organizations: vec![],
        rules: vec!["LED-001".into()],
    }
}
