//! Events of the programme: its rules, the places given out, the persons enrolled.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::command::Evidence;
use crate::kinds::Change;
use crate::ruleset::RuleSet;
use crate::{ApprovalNo, ClassNo, Day, Digest, GrantNo, OrgNo, PlanNo, SourceNo, Token};

/// Rules of the book above, taken over.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RuleSetAdopted {
    /// The rules.
    pub rules: RuleSet,
    /// Their digest.
    pub digest: Digest,
    /// First day on which they bind.
    pub effective_from: Day,
    /// Its approval.
    pub approval: ApprovalNo,
}

/// Persons enrolled by a batch, as tokens.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PersonsEnrolled {
    /// The batch.
    pub batch: GrantNo,
    /// Programme year.
    pub year: u16,
    /// Row of the roster that the first token stands for, from 1.
    pub first_row: u32,
    /// The tokens, a row each.
    pub tokens: Vec<Token>,
    /// Of persons that batches sent back had enrolled before: place in `tokens` and how many times.
    pub again: Vec<(u32, u8)>,
}

/// Places allocated or taken back.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct QuotaAllocated {
    /// Notice number.
    pub notice_no: String,
    /// Receiver.
    pub organization: OrgNo,
    /// Programme year.
    pub year: u16,
    /// Source.
    pub source: SourceNo,
    /// Allocated or taken back.
    pub change: Change,
    /// Class, plan and places (none: by actual number).
    pub lines: Vec<(ClassNo, PlanNo, Option<u32>)>,
    /// What the number rests on.
    pub basis: String,
    /// Whether the receiver is a second-level unit.
    pub second_level: bool,
    /// Backing documents.
    pub evidence: Vec<Evidence>,
}
