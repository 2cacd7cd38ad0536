//! Folding vouchers and premium receipts: their lines into the sums, their effects into documents, batches, commitments and approvals.

use record::event::{Effect, ReceiptPosted, VoucherPosted};
use record::kinds::{Change, Direction, LedgerKind, Side, Template, VoucherKind, Word};
use record::{Fen, GrantNo, OrgNo, SourceNo, Voucher};

use super::sums::signed;
use super::{Book, Payment};

/// Of a template the account and side whose lines take of the voucher's approval.
const CONSUMES: &[(Template, Part, Side)] = &[
    (Template::T11, Part::Total, Side::Debit),
    (Template::T27, Part::Surplus, Side::Credit),
    (Template::T01b, Part::Special, Side::Debit),
    (Template::T19, Part::Owed, Side::Debit),
    (Template::T28, Part::HandedBack, Side::Debit),
    (Template::T32, Part::Special, Side::Credit),
];

#[derive(Clone, Copy)]
enum Part {
    Total,
    Surplus,
    Special,
    Owed,
    HandedBack,
}

impl Book {
    /// Folds a voucher and its effect.
    pub(crate) fn post(&mut self, posted: &VoucherPosted) {
        let voucher = &posted.voucher;
        self.post_lines(voucher);
        self.consume(voucher);
        match &posted.effect {
            Effect::Payment { commitment, batches, heads, fen } => {
                self.pay(voucher, *commitment, batches, *heads, *fen);
            }
            Effect::Return { payment, heads, .. } => {
                self.give_back(voucher, *payment, i64::from(*heads));
                self.returns.insert(voucher.reference, (*payment, *heads));
            }
            Effect::Remittance { holder, items } => {
                let kept: Vec<_> = items.iter().map(|(g, s, h, _)| (*g, *s, i64::from(*h))).collect();
                kept.iter().for_each(|(g, s, h)| self.hold((*holder, *s, *g), h.saturating_neg()));
                self.remittances.insert(voucher.reference, kept);
            }
            Effect::Reversal { of } => self.reverse(voucher, *of),
            Effect::Transfer { consent, fen } => {
                self.take_approval(voucher.approval, *fen);
                self.take_approval(*consent, *fen);
            }
            Effect::Refund { receipt, heads, passed_on } => self.refund(voucher, *receipt, *heads, *passed_on),
            Effect::Adjustment { of, change, fen } => {
                self.take_approval(voucher.approval, *fen);
                let signed = if *change == Change::Increase { *fen } else { fen.saturating_neg() };
                let sum = self.adjusted.entry(*of).or_default();
                *sum = sum.saturating_add(signed);
            }
            Effect::Opening { custody } => {
                for (batch, source, holder, heads, _) in custody {
                    self.hold((*holder, *source, *batch), i64::from(*heads));
                    self.receive(*batch, i64::from(*heads));
                }
            }
            // Nothing, or an effect that was added since.
            _ => {}
        }
        if voucher.kind == VoucherKind::Opening {
            self.openings = self.openings.saturating_add(1);
        }
    }

    /// Folds a premium receipt.
    pub(crate) fn post_receipt(&mut self, posted: &ReceiptPosted) {
        self.post_lines(&posted.voucher);
        let receipt = &posted.receipt;
        let heads = i64::from(receipt.heads);
        self.hold((receipt.holder, receipt.source, receipt.batch), heads);
        self.receive(receipt.batch, heads);
    }

    fn post_lines(&mut self, voucher: &Voucher) {
        let reference = voucher.reference;
        self.numbers.insert((reference.word, reference.cycle), reference.number);
        self.sums.post(voucher);
        for line in &voucher.lines {
            if voucher.ledger == LedgerKind::Budget {
                continue;
            }
            if line.bank != 0
                && let Some(movement) = self.movements.get_mut(line.bank)
            {
                let inward = signed(line);
                let taken = if movement.direction == Direction::In { inward } else { inward.saturating_neg() };
                movement.drawn = movement.drawn.saturating_add(taken);
            }
            if line.account == self.parts.owed {
                self.pass(voucher, line);
            }
        }
        if reference.word == Word::Dai {
            let debits = voucher.lines.iter().filter(|line| line.side == Side::Debit);
            let fen = debits.fold(0, |sum: Fen, line| sum.saturating_add(line.fen));
            let day = self.receipt_days.entry(voucher.date).or_default();
            day.posted = (day.posted.0.saturating_add(1), day.posted.1.saturating_add(fen));
        }
    }

    /// What of the liability was passed on, and what came back of it under the use of a refund.
    fn pass(&mut self, voucher: &Voucher, line: &record::Line) {
        if voucher.reference.word == Word::Dai && line.side == Side::Credit {
            return;
        }
        let refund = self.uses.small::<u8>("RF").unwrap_or(0);
        let (out, back) = self.passed.entry((line.source, line.grant, line.holder)).or_default();
        match line.side {
            Side::Debit if line.use_code != refund => *out = out.saturating_add(line.fen),
            Side::Credit if line.use_code == refund => *back = back.saturating_add(line.fen),
            _ => {}
        }
    }

    fn consume(&mut self, voucher: &Voucher) {
        let Some((_, part, side)) = CONSUMES.iter().find(|(template, ..)| *template == voucher.template) else {
            return;
        };
        let account = match part {
            Part::Total => self.parts.total,
            Part::Surplus => self.parts.surplus,
            Part::Special => self.parts.special,
            Part::Owed => self.parts.owed,
            Part::HandedBack => self.parts.handed_back,
        };
        let of_side = voucher.lines.iter().filter(|line| line.account == account && line.side == *side);
        let fen = of_side.fold(0, |sum: Fen, line| sum.saturating_add(line.fen));
        self.take_approval(voucher.approval, fen);
    }

    /// Adds heads to what a holder has of a batch, or takes them away.
    pub(super) fn hold(&mut self, at: (OrgNo, SourceNo, GrantNo), heads: i64) {
        let held = self.held.entry(at).or_default();
        *held = held.saturating_add(heads);
    }

    /// Adds heads to those whose own share a batch has received.
    pub(super) fn receive(&mut self, batch: GrantNo, heads: i64) {
        if let Some(form) = self.form_mut(batch) {
            form.received = form.received.saturating_add(heads);
        }
    }

    fn pay(&mut self, voucher: &Voucher, commitment: u32, batches: &[(GrantNo, u32)], heads: u32, fen: Fen) {
        let source = self.commitments.get(commitment).map_or(0, |c| c.line.1);
        for (batch, paid) in batches {
            if let Some(form) = self.form_mut(*batch) {
                form.paid = form.paid.saturating_add(*paid);
            }
            self.serve(source, *batch, i64::from(*paid));
        }
        if let Some(c) = self.commitments.get_mut(commitment) {
            c.open_heads = c.open_heads.saturating_sub(heads);
            c.open_fen = c.open_fen.saturating_sub(fen);
            c.paid = c.paid.saturating_add(fen);
        }
        let expense = voucher.lines.iter().find(|line| line.side == Side::Debit);
        let money = voucher.lines.iter().filter(|line| line.side == Side::Credit);
        let payment = Payment {
            commitment,
            batches: batches.to_vec(),
            heads,
            fen,
            shares: money.map(|line| (line.grant, line.fen, 0)).collect(),
            account: expense.map_or(0, |line| line.account),
            use_code: expense.map_or(0, |line| line.use_code),
            date: voucher.date,
            returned: 0,
            reversed: false,
        };
        self.payments.insert(voucher.reference, payment);
    }
}
