//! Rule sets, their adoption and reporting, and files of historical entries on the wire.

use api::v1;
use record::{command as ours, ruleset};

use super::wire::wire;
use super::{Fields, Wire};

wire! {
    ruleset::ClassPlans => v1::ClassPlans { class, plans, review_required }
    ruleset::SourceUses => v1::SourceUses { source, uses, grant_uses }
    ruleset::SchemeTerms => v1::SchemeTerms { year, enroll_deadline, cover_months }
    ruleset::Payee => v1::Payee { organization, name, masked_no }
    ruleset::RuleSet => v1::RuleSet {
        book, version, day, standards, parameters, classes, uses, sources, forbidden_uses, schemes, payees, rules
    }
    ours::AdoptRuleSet => v1::RuleSetAdoption { rules, digest, effective_from, approval }
    ours::FileRules => v1::RuleFiling { version, doc_no, filed_on, filed_with, evidence }
    ours::RegisterHistory => v1::HistoricalFile { code, digest, rows, from, to, approval, evidence }
    ours::ReturnGrant => v1::GrantReturn {
        grant, date, bank_account, bank_txn, approval, reason, evidence; fen = amount_fen
    }
}
