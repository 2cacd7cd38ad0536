//! Commands of the layers of rules (办法第十七条): a book takes the rules of the book above over, and reports its own.

use borsh::{BorshDeserialize, BorshSerialize};

use super::Evidence;
use crate::ruleset::RuleSet;
use crate::{Day, Digest};

/// Takes the rules of the book above over, under a PARAM approval (APR-004): from a day on the book's own may only be the same or stricter
/// (LAY-001). A later version of the same book takes the place of an earlier one. Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct AdoptRuleSet {
    /// The rules, whole: a decision never depends on another book's log.
    pub rules: RuleSet,
    /// Their digest, as the book above stated it.
    pub digest: Digest,
    /// First day on which they bind.
    pub effective_from: Day,
    /// Code of the approval; empty is refused (APR-004).
    pub approval: String,
}

/// Notes that the book's rules were reported to the organisation above (备案, 办法第十七条): those of a version, and of every version before
/// it that was not reported.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FileRules {
    /// Version of the book's rule set that the document holds.
    pub version: u32,
    /// Number of the document.
    pub doc_no: String,
    /// Day of the document.
    pub filed_on: Day,
    /// Code of the organisation that it went to.
    pub filed_with: String,
    /// The document, and what shows that it arrived.
    pub evidence: Vec<Evidence>,
}

/// Registers a file of historical entries before it is keyed in (补录, decisions.md 12): what it is, how much is in it, and who allowed it.
/// Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RegisterHistory {
    /// Code of the import, unique.
    pub code: String,
    /// SHA-256 of the file.
    pub digest: Digest,
    /// Entries in the file.
    pub rows: u32,
    /// Earliest date in it.
    pub from: Day,
    /// Latest date in it; before the book's first live day.
    pub to: Day,
    /// Code of a PARAM approval; empty is refused (APR-004).
    pub approval: String,
    /// Where the entries come from: the old books, their closing statement.
    pub evidence: Vec<Evidence>,
}
