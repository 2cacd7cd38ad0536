//! Signs and findings (迹象, 发现): what a detector saw, and what the log keeps of it. Only what suggests a breach stands here; what it was
//! is the audit committee's to say (rules.md 2). Detecting is `ledger`'s work.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::kinds::{FindingStep, SubjectKind};
use crate::{Day, Fen, FindingNo, Sequence, VoucherRef};

/// What a detector saw on a day (疑似). The same books and the same day give the same signs to whoever looks.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Sign {
    /// Rule code (REM-001 ...).
    pub rule: String,
    /// Name of the detector that sees it: with `parameters` and the day, how anyone can compute it again.
    pub detector: String,
    /// What it is about.
    pub kind: SubjectKind,
    /// Code of what it is about.
    pub subject: String,
    /// Money concerned, in fen; 0 where none is.
    pub fen: Fen,
    /// Heads concerned; 0 where none are.
    pub heads: i64,
    /// How many vouchers, payments or attempts are concerned; 0 where none are counted.
    pub count: u32,
    /// What the rule expects.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// First day on which it was so.
    pub since: Day,
    /// Sequences of records that show it, the first fifty.
    pub evidence: Vec<Sequence>,
    /// Key and value of each parameter that it was judged by.
    pub parameters: Vec<(String, String)>,
}

/// A finding was opened.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FindingOpened {
    /// Its ordinal.
    pub no: FindingNo,
    /// What was seen.
    pub sign: Sign,
    /// The clause that the rule carries out, as it stood then.
    pub clause: String,
    /// Day that it was found for.
    pub day: Day,
    /// Records that the books held when they were looked at: the size of the tree at that moment.
    pub tree_size: Sequence,
    /// The earlier finding of the same rule and subject, which had come to its end; 0 none.
    pub earlier: FindingNo,
}

/// An open finding's sign has changed, or is there again.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FindingChanged {
    /// The finding.
    pub finding: FindingNo,
    /// What is seen now.
    pub sign: Sign,
    /// Day that it was seen for.
    pub day: Day,
}

/// A finding was taken a step on; the record says by whom and when.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FindingUpdated {
    /// The finding.
    pub finding: FindingNo,
    /// The step.
    pub step: FindingStep,
    /// Why.
    pub reason: String,
    /// Day by which it must be rectified, from now on; none if none was ever set.
    pub due: Option<Day>,
    /// Vouchers that rectified it.
    pub vouchers: Vec<VoucherRef>,
}
