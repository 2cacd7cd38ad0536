//! Folding the flows beside the ordinary ones: what became of a grant's money, transfers, refunds, adjustments, openings, amended terms.

use borsh::{BorshDeserialize, BorshSerialize};
use record::event::{Effect, GrantAmended};
use record::kinds::{Change, Element, Side, Template, VoucherKind};
use record::{Day, Fen, GrantNo, Heads, Line, OrgNo, SourceNo, UseNo, Voucher, VoucherRef};

use super::{FormerTerms, Grant, State};

/// What became of a grant's money beside the income under it, in fen. Red letters lower what they undo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Flow {
    /// Paid, passed on to the association, or given back to who paid it.
    pub spent_fen: Fen,
    /// Sent back by the association.
    pub returned_fen: Fen,
    /// Brought by a transfer, by surplus of earlier years, by an opening balance, or by the correction of an earlier year.
    pub moved_in_fen: Fen,
    /// Taken by a transfer, handed back to the treasury, returned to its payer or giver, identified as another's, or corrected away.
    pub moved_out_fen: Fen,
    /// Of that, returned to its giver after its purpose had ended (T32).
    pub given_back_fen: Fen,
}

/// What is left of a grant, and how it came to that; fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GrantMoney {
    /// Income booked under it.
    pub received_fen: Fen,
    /// The rest of its flows.
    pub flow: Flow,
    /// Money of it in bank accounts: received, returned and moved in, less spent and moved out.
    pub balance_fen: Fen,
    /// Of the balance, what open commitments of its source would take of it, oldest first.
    pub committed_fen: Fen,
    /// Of the balance, what nothing is committed on.
    pub idle_fen: Fen,
}

/// What became of money of a grant by one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowKind {
    /// Booked as income, or collected as a premium.
    Received,
    /// Paid, passed on to the association, or given back to who paid it.
    Spent,
    /// Sent back by the association.
    Returned,
    /// Brought by transfer, surplus, opening balance or the correction of an earlier year.
    MovedIn,
    /// Taken by transfer, handed back, identified as another's or corrected away.
    MovedOut,
    /// Returned to its giver after its purpose had ended (T32).
    GivenBack,
}

impl State {
    /// What a posted line did to the money of its grant, and by how many fen; red letters are negative. None where it moves nothing between
    /// the grant and the world outside it: the bank's side of a voucher, budgets, closings.
    pub fn flow_of(&self, kind: VoucherKind, template: Template, line: &Line) -> Option<(FlowKind, Fen)> {
        if kind == VoucherKind::Closing {
            return None;
        }
        let income = self.accounts.get(line.account).is_some_and(|a| a.element == Element::Income);
        if income && template != Template::T32 {
            let signed = if line.side == Side::Credit { line.fen } else { line.fen.saturating_neg() };
            return Some((FlowKind::Received, signed));
        }
        let collected = line.account == self.posting.custody_liability
            && line.side == Side::Credit
            && template != Template::T19
            && kind != VoucherKind::Opening;
        let became = if collected { Some(FlowKind::Received) } else { self.became(kind, template, line) };
        became.map(|flow| (flow, line.fen))
    }

    /// The same without income and premiums.
    fn became(&self, kind: VoucherKind, template: Template, line: &Line) -> Option<FlowKind> {
        let posting = &self.posting;
        let expense = self.accounts.get(line.account).is_some_and(|a| a.element == Element::Expense);
        let opening =
            kind == VoucherKind::Opening && [posting.special_bank, posting.custody_bank].contains(&line.account);
        let refunded = template == Template::T19 && line.account == posting.custody_liability;
        let passed_on = line.account == posting.custody_liability && line.side == Side::Debit;
        let suspense = line.account == posting.suspense;
        let adjusted = posting.opening_adjustments.contains(&line.account);
        let moved = posting.internal_transfers.contains(&line.account)
            || (adjusted && template == Template::T23)
            || line.account == posting.fiscal_return;
        match line.side {
            Side::Debit if opening => Some(FlowKind::MovedIn),
            Side::Debit if expense || passed_on => Some(FlowKind::Spent),
            Side::Debit if template == Template::T32 => Some(FlowKind::GivenBack),
            Side::Debit if moved || suspense => Some(FlowKind::MovedOut),
            Side::Credit if suspense => Some(FlowKind::Received),
            Side::Credit if moved => Some(FlowKind::MovedIn),
            Side::Credit if expense || refunded || adjusted => Some(FlowKind::Returned),
            _ => None,
        }
    }

    /// Adds a line of money to its grant's flow. Closing vouchers only move results to net assets.
    pub(super) fn flow(&mut self, voucher: &Voucher, line: &Line) {
        if voucher.kind == VoucherKind::Closing {
            return;
        }
        let Some(became) = self.became(voucher.kind, voucher.template, line) else { return };
        let Some(grant) = self.grants.get_mut(line.grant) else { return };
        let into: &mut Fen = match became {
            FlowKind::Received => &mut grant.received_fen,
            FlowKind::Spent => &mut grant.flow.spent_fen,
            FlowKind::Returned => &mut grant.flow.returned_fen,
            FlowKind::MovedIn => &mut grant.flow.moved_in_fen,
            FlowKind::MovedOut => &mut grant.flow.moved_out_fen,
            FlowKind::GivenBack => {
                grant.flow.given_back_fen = grant.flow.given_back_fen.saturating_add(line.fen);
                &mut grant.flow.moved_out_fen
            }
        };
        *into = into.saturating_add(line.fen);
    }

    /// What the effects of these flows change beside the lines.
    pub(super) fn follow(&mut self, voucher: &Voucher, effect: &Effect) {
        match effect {
            Effect::Transfer { consent, fen } => {
                self.consume_approval(voucher.approval, *fen);
                self.consume_approval(*consent, *fen);
            }
            Effect::Refund { receipt, heads, passed_on } => self.refund(voucher, *receipt, *heads, *passed_on),
            Effect::Adjustment { of, change, fen } => {
                self.consume_approval(voucher.approval, *fen);
                let signed = if *change == Change::Increase { *fen } else { fen.saturating_neg() };
                let sum = self.adjustments.entry(*of).or_default();
                *sum = sum.saturating_add(signed);
            }
            Effect::Opening { custody } => custody.iter().for_each(|entry| self.open_custody(*entry)),
            _ => {}
        }
        if voucher.kind == VoucherKind::Opening {
            self.openings = self.openings.saturating_add(1);
        }
    }

    /// Takes an amount of an approval; nothing of none.
    pub(super) fn consume_approval(&mut self, approval: record::ApprovalNo, fen: Fen) {
        if let Some(approval) = self.approvals.get_mut(approval) {
            approval.used_fen = approval.used_fen.saturating_add(fen);
        }
    }

    fn refund(&mut self, voucher: &Voucher, receipt: VoucherRef, heads: u32, passed_on: bool) {
        let given = self.refunds.entry(receipt).or_default();
        *given = given.saturating_add(heads);
        let Some(line) = voucher.lines.first() else { return };
        let (batch, source, holder) = (line.grant, line.source, line.holder);
        let heads = i64::from(heads);
        if let Some(b) = self.batch_mut(batch) {
            b.received_heads = b.received_heads.saturating_sub(heads);
            if passed_on {
                b.remitted_heads = b.remitted_heads.saturating_sub(heads);
            }
        }
        if !passed_on {
            let held = self.custody_heads.entry((holder, source, batch)).or_default();
            *held = held.saturating_sub(heads);
        }
    }

    fn open_custody(&mut self, (batch, source, holder, heads, _): (GrantNo, SourceNo, OrgNo, Heads, Fen)) {
        let heads = i64::from(heads);
        let held = self.custody_heads.entry((holder, source, batch)).or_default();
        *held = held.saturating_add(heads);
        if let Some(b) = self.batch_mut(batch) {
            b.received_heads = b.received_heads.saturating_add(heads);
        }
    }

    /// New terms stand from their document's day, in a live book not from before it was recorded.
    pub(super) fn amend(&mut self, event: &GrantAmended, recorded: Day) {
        let until = if event.date < self.live_from { event.date } else { recorded.max(event.date) };
        let Some(grant) = self.grants.get_mut(event.grant) else { return };
        grant.former.push(FormerTerms {
            amended_by: event.doc_no.clone(),
            until,
            permitted_uses: core::mem::replace(&mut grant.permitted_uses, event.permitted_uses.clone()),
            valid_from: core::mem::replace(&mut grant.valid_from, event.valid_from),
            valid_to: core::mem::replace(&mut grant.valid_to, event.valid_to),
        });
    }
}

impl Grant {
    /// The terms that stood on a day: uses permitted, first and last day.
    pub fn terms_on(&self, day: Day) -> (&[UseNo], Option<Day>, Option<Day>) {
        match self.former.iter().find(|former| day < former.until) {
            Some(former) => (&former.permitted_uses, former.valid_from, former.valid_to),
            None => (&self.permitted_uses, self.valid_from, self.valid_to),
        }
    }
}
