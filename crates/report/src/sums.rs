//! Sums of lines by what they are of: what every statement here is made of.

use std::collections::BTreeMap;

use ledger::state::Sum;
use record::AccountNo;

/// What a sum is of, by ordinals; a dimension that does not split is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Account.
    pub account: AccountNo,
    /// Source.
    pub source: u8,
    /// Grant.
    pub grant: u32,
    /// Organisation that holds the money.
    pub holder: u32,
    /// Programme year.
    pub year: u16,
    /// Beneficiary class.
    pub class: u8,
    /// Plan.
    pub plan: u8,
    /// Use.
    pub use_code: u8,
}

/// Sums by what they are of.
pub type Sums = BTreeMap<Key, Sum>;
