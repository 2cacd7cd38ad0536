//! What was asked, read back from the records that came of it. Reviews name their submission, which stands in the state until then; what
//! takes effect at once is told by its event.

use record::command::{
    AllocateQuota, ConfirmCoverage, PostPremiumReceipt, QuotaLine, ReviewCommand, ReviewEnrollmentBatch,
};
use record::event::{QuotaAllocated, ReceiptFields};
use record::kinds::{Custody, PayerType, Side, Verdict};
use record::{Command, Day, Event, Fen, GrantNo, Record};

use crate::State;
use crate::receipt::voucher_of;

/// The command of a command's records; none where it rests on none of the rules that can be exchanged (registers, the bank's slips,
/// closings, findings), or took no effect.
pub(super) fn command_of(state: &State, records: &[Record]) -> Option<Command> {
    let first = records.first()?;
    Some(match &first.event {
        Event::Reviewed { submission, verdict: Verdict::Approve, reason } => Command::ReviewCommand(ReviewCommand {
            submission: *submission,
            verdict: Verdict::Approve,
            reason: reason.clone(),
        }),
        Event::ReceiptPosted(posted) => {
            let line = posted.voucher.lines.iter().find(|l| l.side == Side::Debit)?;
            let bank_txn = state.bank_txns.code(line.bank).to_owned();
            receipt(state, &posted.receipt, (line.price, Custody::Collector, bank_txn))?
        }
        Event::ReceiptNoted(fields) => {
            let price = fields.fen.checked_div(Fen::from(fields.heads))?;
            receipt(state, fields, (price, Custody::MutualAidDirect, String::new()))?
        }
        Event::BatchSubmitted { batch, .. } => Command::SubmitEnrollmentBatch(batch.clone()),
        Event::BatchReviewed { batch, verdict, reviewed_on, reason } => {
            Command::ReviewEnrollmentBatch(ReviewEnrollmentBatch {
                batch: state.grants.code(*batch).to_owned(),
                verdict: *verdict,
                reviewed_on: *reviewed_on,
                reason: reason.clone(),
            })
        }
        Event::CoverConfirmed { batch, confirmation_no, heads, fen, confirmed_on } => {
            Command::ConfirmCoverage(ConfirmCoverage {
                batch: state.grants.code(*batch).to_owned(),
                confirmation_no: confirmation_no.clone(),
                heads: *heads,
                fen: *fen,
                confirmed_on: *confirmed_on,
            })
        }
        Event::ApprovalRecorded { approval, .. } => Command::RecordApproval(approval.clone()),
        Event::QuotaAllocated(event) => quota(state, event, date_of(records)),
        _ => return None,
    })
}

fn receipt(
    state: &State,
    fields: &ReceiptFields,
    (unit_fen, custody, bank_txn): (Fen, Custody, String),
) -> Option<Command> {
    Some(Command::PostPremiumReceipt(PostPremiumReceipt {
        holder: state.organizations.code(fields.holder).to_owned(),
        payer: PayerType::from_code(&state.sources.get(fields.source)?.payer)?,
        batch: state.grants.code(fields.batch).to_owned(),
        heads: fields.heads,
        unit_fen,
        fen: fields.fen,
        received_on: fields.received_on,
        custody,
        bill_no: fields.bill_no.clone(),
        bank_txn,
        source_seq: fields.source_seq,
    }))
}

fn quota(state: &State, event: &QuotaAllocated, date: Day) -> Command {
    let line = |(class, plan, heads): &(u8, u8, Option<u32>)| QuotaLine {
        class: state.classes.code(*class).to_owned(),
        plan: state.plans.code(*plan).to_owned(),
        heads: *heads,
    };
    Command::AllocateQuota(AllocateQuota {
        notice_no: event.notice_no.clone(),
        organization: state.organizations.code(event.organization).to_owned(),
        year: event.year,
        source: state.sources.code(event.source).to_owned(),
        date,
        change: event.change,
        lines: event.lines.iter().map(line).collect(),
        basis: event.basis.clone(),
        second_level: event.second_level,
        evidence: event.evidence.clone(),
    })
}

/// The date that a command's records bear: that of their first voucher, else of their document, else the record day.
pub(super) fn date_of(records: &[Record]) -> Day {
    let of_event = |event: &Event| match event {
        Event::ReceiptNoted(fields) => Some(fields.received_on),
        Event::BatchSubmitted { batch, .. } => Some(batch.submitted_on),
        Event::BatchReviewed { reviewed_on, .. } => Some(*reviewed_on),
        Event::CoverConfirmed { confirmed_on, .. } => Some(*confirmed_on),
        Event::ApprovalRecorded { approval, .. } => Some(approval.meeting_on),
        Event::StandardSet { standard, .. } => Some(standard.valid_from),
        Event::ParameterSet { effective_from, .. } => Some(*effective_from),
        _ => None,
    };
    let voucher = records.iter().find_map(|record| Some(voucher_of(record)?.date));
    let document = || records.iter().find_map(|record| of_event(&record.event));
    let recorded = || records.first().map_or(Day::default(), |record| Day::of_instant(record.time));
    voucher.or_else(document).unwrap_or_else(recorded)
}

/// Enrolment batches that records rest on.
pub(super) fn batches_of(records: &[Record]) -> Vec<GrantNo> {
    let mut batches = Vec::new();
    for record in records {
        match &record.event {
            Event::ReceiptPosted(posted) => batches.push(posted.receipt.batch),
            Event::ReceiptNoted(fields) => batches.push(fields.batch),
            Event::BatchReviewed { batch, .. } | Event::CoverConfirmed { batch, .. } => batches.push(*batch),
            Event::VoucherPosted(posted) => {
                if let record::event::Effect::Payment { batches: paid, .. } = &posted.effect {
                    batches.extend(paid.iter().map(|(batch, _)| *batch));
                }
            }
            _ => {}
        }
    }
    batches
}
