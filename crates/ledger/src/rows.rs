//! Rows of the views: what `project` makes of records and what stores keep for queries. Plain data; no SQL, no decisions.

use record::kinds::{LedgerKind, Template, VoucherKind};
use record::{Day, Digest, Fen, Line, Sequence, VoucherRef};

/// A 16-byte name of a fact: the first half of SHA-256 over its kind and key.
pub type FactHash = [u8; 16];

/// A fact: an immutable statement that a key exists. What its readers need to know stands in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactRow {
    /// Name of the fact.
    pub key: FactHash,
    /// Record that made it; for a request the first one of its command.
    pub sequence: Sequence,
}

/// A voucher, without its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoucherRow {
    /// Record that holds it.
    pub sequence: Sequence,
    /// Instant of the record, microseconds.
    pub time: i64,
    /// Word, cycle and number.
    pub reference: VoucherRef,
    /// Ledger.
    pub ledger: LedgerKind,
    /// Kind.
    pub kind: VoucherKind,
    /// Template.
    pub template: Template,
    /// Voucher date.
    pub date: Day,
    /// Sum of its debits in fen.
    pub total_fen: Fen,
    /// 摘要, as given or as made from template and fields; empty for a premium receipt, of which there are millions and whose first line
    /// says it all.
    pub summary: String,
}

/// A line of a voucher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRow {
    /// Record that holds its voucher.
    pub sequence: Sequence,
    /// Line number from 1.
    pub line_no: u16,
    /// Voucher date.
    pub date: Day,
    /// The line.
    pub line: Line,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectionRow {
    /// Record that holds it.
    pub sequence: Sequence,
    /// Instant, microseconds.
    pub time: i64,
    /// Person code of the caller.
    pub person: String,
    /// The request's id.
    pub request_id: String,
    /// First rule hit.
    pub first_rule: String,
    /// Borsh of the list of `record::event::Hit`.
    pub hits: Vec<u8>,
}

/// Names of ordinals, spelled out for people who query the views (LED-014).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameRow {
    /// Which list: ACCOUNT, SOURCE, USE, CLASS, PLAN, GRANT, ORG, PERSON, BANK_TXN.
    pub list: &'static str,
    /// Ordinal.
    pub no: u32,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// Everything that a run of records adds to the views.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewRows {
    /// Facts.
    pub facts: Vec<FactRow>,
    /// Vouchers.
    pub vouchers: Vec<VoucherRow>,
    /// Lines.
    pub lines: Vec<LineRow>,
    /// Refusals.
    pub rejections: Vec<RejectionRow>,
    /// Names.
    pub names: Vec<NameRow>,
}

impl ViewRows {
    /// Number of rows of all kinds.
    pub fn len(&self) -> usize {
        [self.facts.len(), self.vouchers.len(), self.lines.len(), self.rejections.len(), self.names.len()]
            .iter()
            .fold(0, |sum, n| usize::saturating_add(sum, *n))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A signed sum of lines, by side. Red-letter lines lower their own side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SideSums {
    /// Debit total in fen.
    pub debit_fen: Fen,
    /// Credit total in fen.
    pub credit_fen: Fen,
    /// Heads, debit lines less credit lines.
    pub heads: i64,
}

/// A hash that names a fact row of a log position; see [`FactRow`].
pub type LeafHash = Digest;
