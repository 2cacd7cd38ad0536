//! Rule sets (规则集): what the rules of a book are on a day, as data that a book below takes over (办法第十七条). Whether a book keeps within
//! one is `ledger`'s to judge.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::preset::{Named, StandardDef};
use crate::{Day, Digest, hash};

/// Stands before the bytes of a rule set that are hashed, so that its digest is no other thing's.
const DIGEST_CONTEXT: &[u8] = b"earmark/rule-set/v1\0";

/// The rules of a book that were in force on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RuleSet {
    /// Code of the book whose rules they are.
    pub book: String,
    /// Version of its rule set, from 1.
    pub version: u32,
    /// The day.
    pub day: Day,
    /// Subsidy standards in force, each of another class and plan.
    pub standards: Vec<StandardDef>,
    /// Parameters in force: key and value, each key once.
    pub parameters: Vec<Named>,
    /// Beneficiary classes, and the plans open to each.
    pub classes: Vec<ClassPlans>,
    /// Codes of the uses.
    pub uses: Vec<String>,
    /// What each source may pay for.
    pub sources: Vec<SourceUses>,
    /// Codes of the uses that are known and forbidden.
    pub forbidden_uses: Vec<String>,
    /// Terms of the schemes, each of another year.
    pub schemes: Vec<SchemeTerms>,
    /// Accounts of payees.
    pub payees: Vec<Payee>,
    /// Codes of the rules that are enforced.
    pub rules: Vec<String>,
}

/// A beneficiary class of a rule set.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ClassPlans {
    /// Class code.
    pub class: String,
    /// Plans open to it.
    pub plans: Vec<String>,
    /// Whether its batches need a department's review before money moves (APR-002).
    pub review_required: bool,
}

/// A funding source of a rule set.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SourceUses {
    /// Source code.
    pub source: String,
    /// Uses that it may pay for.
    pub uses: Vec<String>,
    /// Whether each of its funding documents must name its own permitted uses (SRC-006).
    pub grant_uses: bool,
}

/// The terms of a year's scheme that bind those below.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SchemeTerms {
    /// Programme year.
    pub year: u16,
    /// Last day for enrolment.
    pub enroll_deadline: Day,
    /// Months of cover.
    pub cover_months: u8,
}

/// The account of a payee.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Payee {
    /// Code of the organisation that owns it.
    pub organization: String,
    /// Account holder's name as the bank has it (户名).
    pub name: String,
    /// Masked number.
    pub masked_no: String,
}

impl RuleSet {
    /// What the rule set is known by: SHA-256 over its canonical bytes.
    pub fn digest(&self) -> Digest {
        let mut bytes = DIGEST_CONTEXT.to_vec();
        let written = self.serialize(&mut bytes);
        debug_assert!(written.is_ok(), "borsh to memory");
        hash::sha256(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_tells_every_field_apart() {
        let plain = RuleSet { book: "GD".into(), version: 1, ..RuleSet::default() };
        let other = [
            RuleSet { book: "GZ".into(), ..plain.clone() },
            RuleSet { version: 2, ..plain.clone() },
            RuleSet { day: Day(1), ..plain.clone() },
            RuleSet { uses: vec!["A75".into()], ..plain.clone() },
            RuleSet { forbidden_uses: vec!["A75".into()], ..plain.clone() },
            RuleSet { rules: vec!["A75".into()], ..plain.clone() },
        ];
        assert!(other.iter().all(|rules| rules.digest() != plain.digest()));
        assert_eq!(plain.clone().digest(), plain.digest());
    }
}
