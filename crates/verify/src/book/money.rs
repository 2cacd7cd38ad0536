//! Folding what undoes: returns, reversals, refunds; and heads served against places.

use record::kinds::{Side, Word};
use record::{Fen, GrantNo, SourceNo, Voucher, VoucherRef};

use super::Book;

impl Book {
    /// Adds heads of a batch to those served out of a source's places, or takes them away.
    pub(super) fn serve(&mut self, source: SourceNo, batch: GrantNo, heads: i64) {
        let Some((year, class)) = self.form(batch).map(|form| (form.is.year, form.class)) else { return };
        let unit = self.grants.get(batch).map_or(0, |grant| grant.grantor);
        let served = self.served.entry((year, source, class, unit)).or_default();
        *served = served.saturating_add(heads);
    }

    /// Takes money that came back off its payment, newest attribution first as its lines tell.
    pub(super) fn give_back(&mut self, voucher: &Voucher, payment: VoucherRef, heads: i64) {
        let Some(paid) = self.payments.get_mut(&payment) else { return };
        let before = returned_of(&paid.batches, paid.returned);
        let returned = i64::from(paid.returned).saturating_add(heads).max(0);
        paid.returned = u32::try_from(returned).unwrap_or(u32::MAX);
        for (grant, _, back) in &mut paid.shares {
            let of_grant = voucher.lines.iter().filter(|line| line.side == Side::Debit && line.grant == *grant);
            *back = of_grant.fold(*back, |sum, line| sum.saturating_add(line.fen));
        }
        let after = returned_of(&paid.batches, paid.returned);
        let source = self.commitments.get(paid.commitment).map_or(0, |c| c.line.1);
        for ((batch, before), (_, after)) in before.into_iter().zip(after) {
            self.serve(source, batch, before.saturating_sub(after));
        }
    }

    /// Undoes what a voucher did beside its lines.
    pub(super) fn reverse(&mut self, red: &Voucher, of: VoucherRef) {
        self.unpay(of);
        if let Some((payment, heads)) = self.returns.remove(&of) {
            self.give_back(red, payment, i64::from(heads).saturating_neg());
        }
        if let Some(items) = self.remittances.remove(&of) {
            let holder = red.lines.first().map_or(0, |line| line.holder);
            items.into_iter().for_each(|(grant, source, heads)| self.hold((holder, source, grant), heads));
        }
        if red.reference.word == Word::Dai
            && let Some(line) = red.lines.iter().find(|line| line.side == Side::Debit)
        {
            let heads = i64::from(line.heads);
            self.hold((line.holder, line.source, line.grant), heads);
            self.receive(line.grant, heads);
        }
    }

    fn unpay(&mut self, of: VoucherRef) {
        let Some(payment) = self.payments.get_mut(&of) else { return };
        payment.reversed = true;
        let (commitment, heads, fen) = (payment.commitment, payment.heads, payment.fen);
        let batches = payment.batches.clone();
        let returned = returned_of(&batches, payment.returned);
        let source = self.commitments.get(commitment).map_or(0, |c| c.line.1);
        returned.into_iter().for_each(|(batch, heads)| self.serve(source, batch, heads));
        for (batch, paid) in batches {
            self.serve(source, batch, i64::from(paid).saturating_neg());
            if let Some(form) = self.form_mut(batch) {
                form.paid = form.paid.saturating_sub(paid);
            }
        }
        if let Some(c) = self.commitments.get_mut(commitment) {
            c.open_heads = c.open_heads.saturating_add(heads);
            c.open_fen = c.open_fen.saturating_add(fen);
            c.paid = c.paid.saturating_sub(fen);
        }
    }

    pub(super) fn refund(&mut self, voucher: &Voucher, receipt: VoucherRef, heads: u32, passed_on: bool) {
        let given = self.refunds.entry(receipt).or_default();
        *given = given.saturating_add(heads);
        let Some(line) = voucher.lines.first() else { return };
        let less = i64::from(heads).saturating_neg();
        self.receive(line.grant, less);
        if !passed_on {
            self.hold((line.holder, line.source, line.grant), less);
        }
    }
}

/// Of the heads that came back of a payment, those of each batch: the last batch's first (decisions 9).
fn returned_of(batches: &[(GrantNo, u32)], returned: u32) -> Vec<(GrantNo, i64)> {
    let mut left = Fen::from(returned);
    let mut found = Vec::with_capacity(batches.len());
    for (batch, heads) in batches.iter().rev() {
        let part = left.min(i64::from(*heads)).max(0);
        left = left.saturating_sub(part);
        found.push((*batch, part));
    }
    found
}
