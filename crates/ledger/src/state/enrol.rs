//! Folding quotas, enrolment forms, uploads and the numbers of receipts. Money is folded in `apply`, places in `places`.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use record::command::{StatementLine, UploadRosterChunk, UploadStatementChunk};
use record::event::{QuotaAllocated, ReceiptFields};
use record::kinds::{Change, GrantKind};
use record::{BankAccountNo, Day, GrantNo, PersonNo, Record, Sequence};

use super::{Batch, Flow, Grant, Quota, State};

/// What an upload is the parts of.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Uploaded {
    /// A roster of a programme year. Its tokens stand in the records.
    Roster(u16),
    /// A statement of an account, and its lines by their rows.
    Statement(BankAccountNo, BTreeMap<u32, StatementLine>),
}

/// A roster or a statement uploaded in parts, which nothing has sealed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Upload {
    /// Who uploads it.
    pub person: PersonNo,
    /// What it is the parts of.
    pub of: Uploaded,
    /// Records of its parts, by their first rows.
    pub chunks: BTreeMap<u32, Sequence>,
    /// Last day on which it may be sealed.
    pub last_day: Day,
}

impl State {
    pub(super) fn allocate(&mut self, event: &QuotaAllocated, date: Day) {
        for (class, _, heads) in &event.lines {
            let heads = i64::from(heads.unwrap_or(0));
            let signed = if event.change == Change::Increase { heads } else { heads.saturating_neg() };
            let total: &mut i64 = self.quota_heads.entry((event.year, event.source, *class)).or_default();
            *total = total.saturating_add(signed);
        }
        self.allocate_places(event);
        self.quotas.insert(event.notice_no.clone(), Quota { notice: event.clone(), date });
    }

    pub(super) fn add_batch(
        &mut self,
        form: &record::command::SubmitEnrollmentBatch,
        submitted_by: PersonNo,
        recorded: Day,
    ) {
        let org = self.organizations.no(&form.organization).unwrap_or(0);
        let batch = Batch {
            class: self.class_no(&form.class).unwrap_or(0),
            plan: self.plan_no(&form.plan).unwrap_or(0),
            form: form.clone(),
            submitted_by,
            stands_from: self.stands_from(form.submitted_on, recorded),
            review: None,
            paid_heads: 0,
            received_heads: 0,
            remitted_heads: 0,
            confirmation: None,
        };
        let no = self.grants.next_no();
        self.grant_ages.insert((0, form.submitted_on, no));
        self.grants.push(Grant {
            code: form.code.clone(),
            kind: GrantKind::PremiumBatch,
            source: 0,
            grantor: org,
            doc_no: form.code.clone(),
            permitted_uses: Vec::new(),
            opened_on: form.submitted_on,
            valid_from: None,
            valid_to: None,
            received_fen: 0,
            batch: Some(Box::new(batch)),
            flow: Flow::default(),
            former: Vec::new(),
        });
    }

    pub(crate) fn batch_mut(&mut self, no: GrantNo) -> Option<&mut Batch> {
        self.grants.get_mut(no)?.batch.as_deref_mut()
    }

    /// The enrolment batch with this ordinal.
    pub fn batch(&self, no: GrantNo) -> Option<&Batch> {
        self.grants.get(no)?.batch.as_deref()
    }

    pub(super) fn add_chunk(&mut self, record: &Record, chunk: &UploadRosterChunk) {
        self.add_part(record, &chunk.upload, chunk.first_row, Uploaded::Roster(chunk.year));
    }

    pub(super) fn add_statement_chunk(&mut self, record: &Record, chunk: &UploadStatementChunk) {
        let account = self.bank_accounts.no(&chunk.account).unwrap_or(0);
        let of = Uploaded::Statement(account, BTreeMap::new());
        let upload = self.add_part(record, &chunk.upload, chunk.first_row, of);
        if let Uploaded::Statement(_, lines) = &mut upload.of {
            lines.extend((chunk.first_row..).zip(chunk.lines.iter().cloned()));
        }
    }

    /// Notes a part. A new upload sweeps out those that have expired.
    fn add_part(&mut self, record: &Record, code: &str, first_row: u32, of: Uploaded) -> &mut Upload {
        let today = Day::of_instant(record.time);
        if !self.uploads.contains_key(code) {
            self.uploads.retain(|_, upload| upload.last_day >= today);
        }
        let (person, last_day) = (record.actor.person, self.last_day_of_upload(today));
        let fresh = || Upload { person, of, chunks: BTreeMap::new(), last_day };
        let upload = self.uploads.entry(code.to_owned()).or_insert_with(fresh);
        upload.chunks.insert(first_row, record.sequence);
        upload
    }

    /// Takes a receipt's number in; one that corrects another stands behind its reversal and has none of its own.
    pub(super) fn number(&mut self, record: &Record, receipt: &ReceiptFields) {
        if receipt.source_seq > 0 && record.part == 0 {
            let numbers = self.source_numbers.entry(record.actor.person).or_default();
            numbers.add(receipt.source_seq, receipt.source_seq, receipt.received_on);
        }
    }
}
