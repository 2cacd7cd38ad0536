//! The command about the log itself: whom its readers trust.

use borsh::{BorshDeserialize, BorshSerialize};

/// Sets the trust policy of the book's log: its key, the witnesses, and which of them must cosign. All whom the new policy and the one
/// before name have signed the statement, so no second person reviews it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetLogPolicy {
    /// The policy, in the text form of `c2sp.org/tlog-policy`.
    pub policy: String,
    /// What its parties state, a signed note (docs/proof.md).
    pub statement: String,
}
