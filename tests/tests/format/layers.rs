//! A rule set, its adoption and reporting, and a historical file, for the vectors.

use record::command::{AdoptRuleSet, RegisterHistory};
use record::event::RuleSetAdopted;
use record::kinds::EvidenceKind;
use record::preset::{Named, StandardDef};
use record::ruleset::{ClassPlans, Payee, RuleSet, SchemeTerms, SourceUses};
use record::{Command, Event};

use crate::records::{day, evidence};

/// A rule set with one entry of each list.
fn rules() -> RuleSet {
    RuleSet {
        book: "GD-HIC2".into(),
        version: 7,
        day: day("2018-04-20"),
        standards: vec![StandardDef {
            class: "A".into(),
            plan: "COMP".into(),
            premium_fen: 9_500,
            subsidy_fen: 7_500,
            own_fen: 2_000,
            valid_from: day("2018-04-08"),
            valid_to: None,
        }],
        parameters: vec![Named { code: "P1.remit_max_days".into(), name: "30".into() }],
        classes: vec![ClassPlans {
            class: "B".into(),
            plans: vec!["COMP".into(), "ALLOW".into()],
            review_required: true,
        }],
        uses: vec!["A75".into(), "B95".into()],
        sources: vec![SourceUses { source: "S2F".into(), uses: vec!["B95".into()], grant_uses: true }],
        forbidden_uses: vec!["FEE".into()],
        schemes: vec![SchemeTerms { year: 2018, enroll_deadline: day("2018-12-15"), cover_months: 12 }],
        payees: vec![Payee {
            organization: "GDZHZ".into(),
            name: "广东省职工保障互助会".into(),
            masked_no: "****0001".into(),
        }],
        rules: vec!["USE-001".into(), "LAY-001".into()],
    }
}

fn history() -> RegisterHistory {
    RegisterHistory {
        code: "BL-2018".into(),
        digest: [9; 32],
        rows: 42,
        from: day("2018-04-08"),
        to: day("2018-05-31"),
        approval: "PF-2018-03".into(),
        evidence: vec![evidence(EvidenceKind::Other, "旧账结账表", "2018-05-31")],
    }
}

/// The adoption of a rule set, as a command.
pub fn adoption() -> Command {
    let rules = rules();
    Command::AdoptRuleSet(AdoptRuleSet {
        digest: rules.digest(),
        rules,
        effective_from: day("2018-05-01"),
        approval: "PF-2018-02".into(),
    })
}

/// The events of layers.
pub fn events() -> Vec<(&'static str, Event)> {
    let rules = rules();
    let digest = rules.digest();
    let adopted = RuleSetAdopted { rules, digest, effective_from: day("2018-05-01"), approval: 2 };
    let filed = Event::RulesFiled {
        version: 3,
        doc_no: "穗工〔2018〕9号".into(),
        filed_on: day("2018-05-02"),
        filed_with: 2,
        evidence: vec![evidence(EvidenceKind::Other, "穗工〔2018〕9号", "2018-05-02")],
    };
    vec![
        ("rule set adopted", Event::RuleSetAdopted(Box::new(adopted))),
        ("rules filed", filed),
        ("history registered", Event::HistoryRegistered { history: history(), approval: 2 }),
    ]
}
