//! What a voucher rests on, as steps of a trace: approvals, commitment, batches with their reviews and confirmations, bank slips, other
//! vouchers. Read from the voucher's record and the state; who submitted and reviewed it is `back`'s.

use std::collections::BTreeSet;

use api::v1;
use ledger::State;
use ledger::state::Batch;
use record::event::Effect;
use record::kinds::{Direction, Verdict};
use record::{ApprovalNo, BankTxnNo, CommitmentNo, Event, Fen, GrantNo, Record, Voucher, VoucherRef};

use crate::decode::Wire;

/// A step without anything.
pub(super) fn node(kind: v1::TraceKind) -> v1::TraceNode {
    v1::TraceNode { kind: kind.into(), ..v1::TraceNode::default() }
}

/// What a voucher's record says it rests on. In the trace of a batch, of batches only that one is shown.
pub(super) fn rests_on(state: &State, record: &Record, traced: Option<GrantNo>) -> Vec<v1::TraceNode> {
    match &record.event {
        Event::VoucherPosted(posted) => {
            let mut found = of_voucher(state, &posted.voucher);
            found.extend(of_effect(state, &posted.effect, traced));
            found.extend(slips(state, &posted.voucher));
            found
        }
        Event::ReceiptPosted(posted) => {
            let receipt = &posted.receipt;
            let batch = (traced != Some(receipt.batch))
                .then(|| batch(state, receipt.batch, (i64::from(receipt.heads), receipt.fen)));
            batch.into_iter().chain(slips(state, &posted.voucher)).collect()
        }
        _ => Vec::new(),
    }
}

/// Commitments that would take of a grant.
pub(super) fn open_commitments(state: &State, taken: &[(CommitmentNo, Fen)]) -> Vec<v1::TraceCommitment> {
    let shown = |(no, fen): &(CommitmentNo, Fen)| {
        let commitment = state.commitments.get(*no)?;
        Some(v1::TraceCommitment {
            code: commitment.code.clone(),
            approval: state.approvals.code(commitment.approval).to_owned(),
            class: state.classes.code(commitment.class).to_owned(),
            plan: state.plans.code(commitment.plan).to_owned(),
            date: commitment.date.show(),
            amount_fen: *fen,
            open_fen: commitment.open_fen,
        })
    };
    taken.iter().filter_map(shown).collect()
}

fn of_voucher(state: &State, voucher: &Voucher) -> Vec<v1::TraceNode> {
    let original = voucher.corrects.map(original);
    let commitment = commitment(state, voucher.commitment);
    // A commitment shows its own approval, which the voucher names too.
    let of_commitment = state.commitments.get(voucher.commitment).map(|commitment| commitment.approval);
    let approval = if of_commitment == Some(voucher.approval) { None } else { approval(state, voucher.approval) };
    original.into_iter().chain(approval).chain(commitment).collect()
}

fn of_effect(state: &State, effect: &Effect, traced: Option<GrantNo>) -> Vec<v1::TraceNode> {
    let is_shown = |no: GrantNo| traced.is_none_or(|traced| traced == no || !is_batch(state, traced));
    match effect {
        Effect::None | Effect::Opening { .. } => Vec::new(),
        Effect::Payment { batches, .. } => {
            let shown = batches.iter().filter(|(no, _)| is_shown(*no));
            shown.map(|(no, heads)| batch(state, *no, (i64::from(*heads), 0))).collect()
        }
        Effect::Remittance { items, .. } => {
            let shown = items.iter().filter(|(no, ..)| is_shown(*no));
            shown.map(|(no, _, heads, fen)| batch(state, *no, (i64::from(*heads), *fen))).collect()
        }
        Effect::Return { payment, .. } => vec![original(*payment)],
        // The voucher itself names what it reverses.
        Effect::Reversal { .. } => Vec::new(),
        Effect::Transfer { consent, .. } => approval(state, *consent).into_iter().collect(),
        Effect::Refund { receipt, .. } => vec![original(*receipt)],
        Effect::Adjustment { of, .. } => vec![original(*of)],
    }
}

fn is_batch(state: &State, no: GrantNo) -> bool {
    state.grants.get(no).is_some_and(|grant| grant.batch.is_some())
}

fn original(reference: VoucherRef) -> v1::TraceNode {
    v1::TraceNode { code: reference.to_string(), ..node(v1::TraceKind::Original) }
}

fn approval(state: &State, no: ApprovalNo) -> Option<v1::TraceNode> {
    let found = state.approvals.get(no)?;
    let approval = &found.approval;
    Some(v1::TraceNode {
        code: approval.code.clone(),
        text: approval.doc_no.clone(),
        date: approval.meeting_on.show(),
        amount_fen: approval.max_fen,
        person: state.persons.code(found.registered_by).to_owned(),
        ..node(v1::TraceKind::Approval)
    })
}

fn commitment(state: &State, no: CommitmentNo) -> Option<v1::TraceNode> {
    let found = state.commitments.get(no)?;
    Some(v1::TraceNode {
        code: found.code.clone(),
        text: format!("{} {}", state.classes.code(found.class), state.plans.code(found.plan)),
        date: found.date.show(),
        below: approval(state, found.approval).into_iter().collect(),
        ..node(v1::TraceKind::Commitment)
    })
}

/// A batch, with its review and confirmation; heads and money as the voucher has them.
fn batch(state: &State, no: GrantNo, (heads, amount_fen): (i64, Fen)) -> v1::TraceNode {
    let Some(grant) = state.grants.get(no) else { return node(v1::TraceKind::Batch) };
    let Some(batch) = grant.batch.as_deref() else { return node(v1::TraceKind::Batch) };
    let form = &batch.form;
    v1::TraceNode {
        code: grant.code.clone(),
        text: format!("{} {}", form.class, form.plan),
        date: form.submitted_on.show(),
        amount_fen,
        heads,
        person: state.persons.code(batch.submitted_by).to_owned(),
        organization: state.organizations.code(grant.grantor).to_owned(),
        below: reviewed(state, batch),
        ..node(v1::TraceKind::Batch)
    }
}

fn reviewed(state: &State, batch: &Batch) -> Vec<v1::TraceNode> {
    let review = batch.review.map(|(verdict, day, person)| v1::TraceNode {
        code: match verdict {
            Verdict::Approve => "APPROVE".to_owned(),
            Verdict::Reject => "REJECT".to_owned(),
        },
        date: day.show(),
        person: state.persons.code(person).to_owned(),
        ..node(v1::TraceKind::BatchReview)
    });
    let confirmation = batch.confirmation.as_ref().map(|(number, heads, fen, day)| v1::TraceNode {
        code: number.clone(),
        date: day.show(),
        amount_fen: *fen,
        heads: i64::from(*heads),
        ..node(v1::TraceKind::Confirmation)
    });
    review.into_iter().chain(confirmation).collect()
}

/// The bank slips that the lines of a voucher draw on, each once.
fn slips(state: &State, voucher: &Voucher) -> Vec<v1::TraceNode> {
    let numbers: BTreeSet<BankTxnNo> = voucher.lines.iter().map(|line| line.bank).filter(|no| *no != 0).collect();
    let slip = |no: &BankTxnNo| {
        let slip = state.bank_txns.get(*no)?;
        let account = state.bank_accounts.code(slip.account);
        let other = state.bank_accounts.code(slip.counterparty);
        let arrow = if slip.direction == Direction::In { "<-" } else { "->" };
        Some(v1::TraceNode {
            code: slip.id.clone(),
            text: format!("{account} {arrow} {other}").trim_end().to_owned(),
            date: slip.date.show(),
            amount_fen: slip.fen,
            person: state.persons.code(slip.cashier).to_owned(),
            ..node(v1::TraceKind::BankTransaction)
        })
    };
    numbers.iter().filter_map(slip).collect()
}
