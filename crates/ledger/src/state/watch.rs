//! What detectors look at beside the sums and the registers: heads and money by day, so that any day can be looked at again, red
//! vouchers, refused attempts, and where in the log a thing stands. Nothing here takes part in a decision on money; a receipt that is no
//! correction adds nothing here.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use record::event::{Effect, Refused, VoucherPosted};
use record::kinds::{EvidenceKind, LedgerKind, Side, Template, VoucherKind, Word};
use record::{
    ApprovalNo, BankAccountNo, BankTxnNo, CommitmentNo, Day, Event, Fen, GrantNo, OrgNo, PersonNo, Record, Sequence,
    SourceNo, StatementNo, VoucherRef,
};

use super::{Payment, State};

/// Red vouchers whose records a day keeps; more only count.
const REDS_KEPT: usize = 50;

/// Something that a record brought into the books.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Place {
    /// An approval.
    Approval(ApprovalNo),
    /// A commitment.
    Commitment(CommitmentNo),
    /// A grant or enrolment batch.
    Grant(GrantNo),
    /// A batch's last confirmation.
    Confirmation(GrantNo),
    /// A bank account.
    BankAccount(BankAccountNo),
    /// A bank transaction.
    BankTransaction(BankTxnNo),
    /// A voucher of word 记 of the money ledger.
    Voucher(VoucherRef),
    /// A parameter's value from a day on.
    Parameter(String, Day),
    /// A sealed statement.
    Statement(StatementNo),
}

/// Vouchers of word 记 of one voucher date, money ledger, closing apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct VoucherDay {
    /// Vouchers.
    pub posted: u32,
    /// Red ones among them.
    pub red: u32,
    /// What the red ones took back, in fen, as a positive amount.
    pub red_fen: Fen,
    /// Records of the first red ones.
    pub reds: Vec<Sequence>,
}

/// Refused attempts of one person at one rule on one record day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Tries {
    /// How many requests.
    pub count: u32,
    /// Record of the first.
    pub first: Sequence,
    /// Record of the last.
    pub last: Sequence,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Watch {
    /// Heads whose subsidy was paid, by batch and voucher date; a reversal lowers them on its own date.
    pub paid: BTreeMap<(GrantNo, Day), i64>,
    /// Heads whose own share was passed on, by batch and day, payments straight to the association included.
    pub remitted: BTreeMap<(GrantNo, Day), i64>,
    /// Heads that the payee sent back, by payment and voucher date.
    pub returned: BTreeMap<(VoucherRef, Day), i64>,
    /// Money paid out of a commitment, net of reversals, by voucher date.
    pub spent: BTreeMap<(CommitmentNo, Day), Fen>,
    /// Premium receipts reversed, by source, batch, holder and voucher date of the reversal.
    pub reversed_receipts: BTreeMap<((SourceNo, GrantNo, OrgNo), Day), Fen>,
    /// Of them, those that the same command did not replace, by holder and voucher date.
    pub unreceived: BTreeMap<(OrgNo, Day), Fen>,
    /// Appropriation letters: by grant, their date and the voucher date of the first money under them.
    pub letters: BTreeMap<GrantNo, (Day, Day)>,
    /// Vouchers of word 记, by voucher date.
    pub vouchers: BTreeMap<Day, VoucherDay>,
    /// Refused attempts, by record day, person and rule.
    pub tries: BTreeMap<(Day, PersonNo, String), Tries>,
    /// Where things stand in the log.
    pub places: BTreeMap<Place, Sequence>,
}

fn move_by<K: Ord>(map: &mut BTreeMap<K, i64>, key: K, by: i64) {
    let sum = map.entry(key).or_default();
    *sum = sum.saturating_add(by);
}

/// Sum of a key's movements up to a day.
pub(crate) fn until<K: Copy + Ord>(map: &BTreeMap<(K, Day), i64>, key: K, day: Day) -> i64 {
    map.range((key, Day(i32::MIN))..=(key, day)).fold(0, |sum, (_, by)| i64::saturating_add(sum, *by))
}

impl Watch {
    /// Where a thing stands in the log; none if no record brought it.
    pub fn place(&self, place: &Place) -> Option<Sequence> {
        self.places.get(place).copied()
    }

    /// The effect of a payment's reversal, which names its payment only.
    fn unpay(&mut self, payment: &Payment, on: Day) {
        for (batch, heads) in &payment.batches {
            move_by(&mut self.paid, (*batch, on), i64::from(*heads).saturating_neg());
        }
        move_by(&mut self.spent, (payment.commitment, on), payment.fen.saturating_neg());
    }

    fn refuse(&mut self, record: &Record, refused: &Refused) {
        let day = Day::of_instant(record.time);
        let mut rules: Vec<&str> = refused.hits.iter().map(|hit| hit.rule.as_str()).collect();
        rules.dedup();
        for rule in rules {
            let tries = self.tries.entry((day, record.actor.person, rule.to_owned())).or_default();
            tries.count = tries.count.saturating_add(1);
            tries.first = if tries.first == 0 { record.sequence } else { tries.first };
            tries.last = record.sequence;
        }
    }

    fn count(&mut self, posted: &VoucherPosted, sequence: Sequence) {
        let voucher = &posted.voucher;
        if voucher.reference.word != Word::Ji || voucher.kind == VoucherKind::Closing {
            return;
        }
        self.places.insert(Place::Voucher(voucher.reference), sequence);
        let day = self.vouchers.entry(voucher.date).or_default();
        day.posted = day.posted.saturating_add(1);
        if matches!(voucher.kind, VoucherKind::RedReversal | VoucherKind::RedAdjust) {
            day.red = day.red.saturating_add(1);
            let debits = voucher.lines.iter().filter(|l| l.side == Side::Debit);
            let fen = debits.fold(0, |sum: Fen, l| sum.saturating_add(l.fen));
            day.red_fen = day.red_fen.saturating_sub(fen);
            if day.reds.len() < REDS_KEPT {
                day.reds.push(sequence);
            }
        }
    }

    /// The letter of an appropriation, and when its money came.
    fn arrive(&mut self, posted: &VoucherPosted) {
        let voucher = &posted.voucher;
        let letters = posted.evidence.iter().filter(|e| e.kind == EvidenceKind::AppropriationLetter);
        let Some(letter) = letters.map(|e| e.date).min() else { return };
        if let Some(line) = voucher.lines.first() {
            self.letters.entry(line.grant).or_insert((letter, voucher.date));
        }
    }
}

impl State {
    /// Takes note of a record, before the rest of the state has folded it: ordinals that it brings are the next ones.
    pub(super) fn watch(&mut self, record: &Record) {
        let sequence = record.sequence;
        let place = match &record.event {
            Event::ApprovalRecorded { no, .. } => Place::Approval(*no),
            Event::Committed(event) => Place::Commitment(event.no),
            Event::BatchSubmitted { no, .. } => Place::Grant(*no),
            Event::GrantOpened(event) => Place::Grant(event.no),
            Event::CoverConfirmed { batch, .. } => Place::Confirmation(*batch),
            Event::BankAccountRegistered(event) => Place::BankAccount(event.no),
            Event::BankTransactionRegistered(event) => Place::BankTransaction(event.no),
            Event::ParameterSet { key, effective_from, .. } => Place::Parameter(key.clone(), *effective_from),
            Event::ReceiptNoted(receipt) => {
                let heads = i64::from(receipt.heads);
                return move_by(&mut self.watch.remitted, (receipt.batch, receipt.received_on), heads);
            }
            Event::ReceiptPosted(posted) if posted.voucher.kind == VoucherKind::BlueCorrection => {
                // The red half came just before: the receipt is another one now, and as old as it was.
                let key = (posted.receipt.holder, posted.voucher.date);
                return move_by(&mut self.watch.unreceived, key, posted.receipt.fen.saturating_neg());
            }
            Event::Refused(refused) => return self.watch.refuse(record, refused),
            Event::VoucherPosted(posted) if posted.voucher.ledger == LedgerKind::Actual => {
                return self.watch_voucher(posted, sequence);
            }
            _ => return,
        };
        self.watch.places.insert(place, sequence);
    }

    fn watch_voucher(&mut self, posted: &VoucherPosted, sequence: Sequence) {
        let voucher = &posted.voucher;
        let on = voucher.date;
        self.watch.count(posted, sequence);
        if matches!(voucher.template, Template::T01a | Template::T01b | Template::T01c) {
            self.watch.arrive(posted);
        }
        match &posted.effect {
            // Money that changes its source, opens the books or was booked at a wrong amount moves no heads.
            Effect::None | Effect::Transfer { .. } | Effect::Adjustment { .. } | Effect::Opening { .. } => {}
            // What the association sent back is passed on no longer.
            Effect::Refund { heads, passed_on, .. } => {
                let batch = voucher.lines.first().filter(|_| *passed_on).map(|line| line.grant);
                if let Some(batch) = batch {
                    move_by(&mut self.watch.remitted, (batch, on), i64::from(*heads).saturating_neg());
                }
            }
            Effect::Payment { commitment, batches, fen, .. } => {
                for (batch, heads) in batches {
                    move_by(&mut self.watch.paid, (*batch, on), i64::from(*heads));
                }
                move_by(&mut self.watch.spent, (*commitment, on), *fen);
            }
            Effect::Return { payment, heads, .. } => {
                move_by(&mut self.watch.returned, (*payment, on), i64::from(*heads));
            }
            Effect::Remittance { items, .. } => {
                for (batch, _, heads, _) in items {
                    move_by(&mut self.watch.remitted, (*batch, on), i64::from(*heads));
                }
            }
            Effect::Reversal { of } => {
                for line in voucher.lines.iter().filter(|l| of.word == Word::Dai && l.side == Side::Credit) {
                    let fen = line.fen.saturating_neg();
                    move_by(&mut self.watch.unreceived, (line.holder, on), fen);
                    let key = ((line.source, line.grant, line.holder), on);
                    move_by(&mut self.watch.reversed_receipts, key, fen);
                }
                if let Some(payment) = self.payments.get(of) {
                    self.watch.unpay(payment, on);
                }
                if let Some((payment, heads)) = self.returns.get(of) {
                    move_by(&mut self.watch.returned, (*payment, on), i64::from(*heads).saturating_neg());
                }
                for (batch, _, heads, _) in self.remittances.get(of).into_iter().flatten() {
                    move_by(&mut self.watch.remitted, (*batch, on), heads.saturating_neg());
                }
            }
        }
    }
}
