//! Commands about the archived originals (会计档案管理办法): the paper and files that the book's records cite. The log itself is never
//! destroyed.

use borsh::{BorshDeserialize, BorshSerialize};

use super::Evidence;
use crate::Day;
use crate::kinds::ArchiveKind;

/// Records that archived originals were destroyed after their term (销毁清册). Reviewed by a second person.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RecordDestruction {
    /// Number of the list of what was destroyed (销毁清册号), unique.
    pub list_no: String,
    /// Kind of archive.
    pub kind: ArchiveKind,
    /// Accounting year of the files.
    pub year: u16,
    /// Month of the files, 1 to 12; 0 for the whole year.
    pub month: u8,
    /// Volumes destroyed (卷数).
    pub volumes: u32,
    /// Day of the destruction.
    pub date: Day,
    /// Approval of it.
    pub approval: String,
    /// Why, and who watched over it (监销).
    pub reason: String,
    /// The signed list and what else shows it.
    pub evidence: Vec<Evidence>,
}
