//! Commands of supervision (办法第十五条): running the detectors, and following a finding to its end.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::kinds::FindingStep;
use crate::{Day, FindingNo, VoucherRef};

/// Runs every detector over the books as they stand and puts on record what is new, has changed or is gone.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RunDetectors {
    /// Day to look at: vouchers up to it count, and ages are told on it. None means the record day.
    pub day: Option<Day>,
}

/// Takes a finding one step on (decisions.md 21): AUDIT verifies, closes and dismisses, the owner department rectifies.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct UpdateFinding {
    /// The finding.
    pub finding: FindingNo,
    /// The step.
    pub step: FindingStep,
    /// Why.
    pub reason: String,
    /// Day by which it must be rectified; needed to verify, and changed only where given.
    pub due: Option<Day>,
    /// Vouchers that rectified it.
    pub vouchers: Vec<VoucherRef>,
}
