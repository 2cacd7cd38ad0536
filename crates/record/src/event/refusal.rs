//! Refusals: what a request was refused for. Events of what took effect stand in `event`.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::Fen;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Refused {
    /// Every rule that was hit, in the documented order.
    pub hits: Vec<Hit>,
    /// Canonical command that was refused.
    pub command: Vec<u8>,
}

/// One rule that a request hit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Hit {
    /// Rule code (USE-006 ...).
    pub rule: String,
    /// Field or balance concerned.
    pub subject: String,
    /// What the rule allows: a code, a day or an amount in fen.
    pub expected: String,
    /// What was found or asked.
    pub found: String,
    /// By how much an amount falls short, in fen; 0 where no amount is concerned.
    pub shortfall_fen: Fen,
    /// Sources that could lawfully have paid.
    pub lawful_sources: Vec<String>,
}
