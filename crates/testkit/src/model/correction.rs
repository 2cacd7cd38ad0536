//! Corrections: a red reversal (T20), and red with blue (T20 + T21). Decisions 2 stands over them: money that left the bank is not
//! there again because a voucher says so.

use std::collections::BTreeMap;

use record::command::{CorrectVoucher, Evidence, ReverseVoucher};
use record::kinds::{Direction, LedgerKind, Restriction, Settlement, Side, Template, VoucherKind, Word};
use record::{Command, Day, Fen, VoucherRef};

use super::Change;
use super::case::{Case, slips_of};
use super::paper::{Deed, Leg, Paper};

/// What has ways of its own to be put right.
const FINAL: [Template; 7] =
    [Template::T19, Template::T22, Template::T23, Template::T27, Template::T30, Template::T31, Template::T32];

/// Net of each bank transaction that lines draw on, money in positive.
fn bank_net<'l>(legs: impl Iterator<Item = &'l Leg>) -> BTreeMap<String, Fen> {
    let mut net = BTreeMap::new();
    for leg in legs.filter(|l| !l.bank.is_empty()) {
        *net.entry(leg.bank.clone()).or_insert(0) += leg.signed();
    }
    net
}

impl<'m> Case<'m> {
    pub fn reverse(&mut self, c: &ReverseVoucher) -> Vec<Change> {
        self.date(c.date);
        let Some(original) = self.correctable(c.voucher, c.date) else { return Vec::new() };
        let net = bank_net(original.legs.iter());
        let moved: Fen = net.values().sum();
        let back = self.m.bank_txns.iter().find(|(t, _)| t.id == c.return_txn);
        if net.is_empty() || c.return_txn.is_empty() {
            // Evidence that the money is back: needed where money moved, out of place where none did.
            self.hit_if(net.is_empty() != c.return_txn.is_empty(), "LED-010");
        } else if let Some((txn, _)) = back {
            let direction = if moved < 0 { Direction::In } else { Direction::Out };
            let account = |id: &String| self.m.bank_txns.iter().find(|(t, _)| t.id == *id).map(|(t, _)| &t.account);
            let same_account = net.keys().all(|id| account(id) == Some(&txn.account));
            let left = txn.fen - self.m.drawn(&txn.id);
            self.hit_if(txn.direction != direction || left != moved.abs() || !same_account, "LED-010");
            // It went back where it came from, to a registered account.
            let partner =
                |id: &String| self.m.bank_txns.iter().find(|(t, _)| t.id == *id).map(|(t, _)| &t.counterparty_account);
            let elsewhere = net.keys().any(|id| partner(id) != Some(&txn.counterparty_account));
            self.hit_if(elsewhere || txn.counterparty_account.is_empty(), "LED-010");
            self.hit_if(c.date < txn.date, "LED-007");
            self.hit_if(txn.direction == Direction::Out && txn.settlement == Settlement::Cash, "DIV-003");
            self.free_slips.push(txn.slip_digest);
        } else {
            self.fault("return_txn", "UNKNOWN");
        }
        self.slips(&c.evidence);
        let back = back.filter(|_| !net.is_empty());
        let mut changes = self.red(original, c.date, back.map(|(t, cashier)| (t.id.as_str(), cashier.as_str())));
        attach(&mut changes, &c.evidence);
        changes
    }

    /// LED-010: an ordinary voucher of money, of this year, not yet reversed, with nothing returned on it.
    fn correctable(&mut self, reference: VoucherRef, date: Day) -> Option<&'m Paper> {
        let Some(original) = self.m.paper(reference) else {
            self.fault("voucher", "UNKNOWN");
            return None;
        };
        let ordinary = matches!(original.kind, VoucherKind::Normal | VoucherKind::BlueCorrection);
        let money = original.ledger == LedgerKind::Actual && !FINAL.contains(&original.template);
        if !ordinary || !money || self.m.is_reversed(reference) {
            // Nothing more is asked of what is never corrected.
            self.hit("LED-010");
            return None;
        }
        self.hit_if(original.date.year() != date.year() || date < original.date, "LED-010");
        self.hit_if(self.m.returned_heads(reference) > 0 || self.m.adjusted(reference) != 0, "LED-010");
        Some(original)
    }

    /// The original's lines, same side and negative, and those of the budget voucher that went with it.
    fn red(&mut self, original: &Paper, date: Day, back: Option<(&str, &str)>) -> Vec<Change> {
        let negative = |leg: &Leg| {
            let mut red = Leg { fen: -leg.fen, heads: -leg.heads, ..leg.clone() };
            if let Some((id, _)) = back.filter(|_| !leg.bank.is_empty()) {
                red.bank = id.to_owned();
            }
            red
        };
        let legs = original.legs.iter().map(negative).collect();
        let mut paper = self.paper(original.reference.word, Template::T20, date, legs);
        paper.kind = VoucherKind::RedReversal;
        paper.cashier = back.map_or(original.cashier.clone(), |(_, cashier)| cashier.to_owned());
        paper.approval.clone_from(&original.approval);
        paper.commitment.clone_from(&original.commitment);
        paper.settlement = original.settlement;
        paper.corrects = Some(original.reference);
        paper.deed = Deed::Red(original.reference);
        let mut changes = vec![Change::Paper(Box::new(paper))];
        let posting = &self.m.preset().posting;
        let (debit, credit, heads, fen) = match original.deed {
            Deed::Payment(_, heads, fen) => (&posting.budget_committed, &posting.budget_spent, heads, fen),
            Deed::Return(_, heads, fen) => (&posting.budget_spent, &posting.budget_available, heads, fen),
            _ => return changes,
        };
        let Some((of, _)) = self.m.commitments.iter().find(|(k, _)| k.code == original.commitment) else {
            return changes;
        };
        if original.template == Template::T18 {
            return changes;
        }
        if let Deed::Return(..) = original.deed {
            // What the return gave back to the budget may be committed again by now.
            let line = (of.year, of.source.as_str(), of.class.as_str(), of.plan.as_str());
            let left = self.m.budget_left(&posting.budget_available, line, date);
            self.hit_if(left < fen, "BUD-001");
        }
        let legs = vec![
            negative(&self.budget_leg(of, debit, Side::Debit, fen, heads)),
            negative(&self.budget_leg(of, credit, Side::Credit, fen, heads)),
        ];
        let mut budget = self.paper(Word::Yu, Template::T20, date, legs);
        budget.kind = VoucherKind::RedReversal;
        budget.commitment.clone_from(&of.code);
        budget.corrects = Some(original.reference);
        changes.push(Change::Paper(Box::new(budget)));
        changes
    }

    pub fn correct(&mut self, c: &CorrectVoucher) -> Vec<Change> {
        self.date(c.date);
        self.slips(&c.evidence);
        let Some(original) = self.correctable(c.voucher, c.date).cloned() else { return Vec::new() };
        self.same_kind(&original, c);
        self.stays_bound(&original, c);
        self.documents(&original, c);
        let mut changes = self.red(&original, c.date, None);
        attach(&mut changes, &c.evidence);
        // The right voucher is judged on the books as they stand without the wrong one.
        let mut after = self.m.clone();
        changes.iter().for_each(|change| after.add(change.clone()));
        let mut nested = Case::new(&after, self.today, &self.maker, &self.reviewer);
        nested.correcting = true;
        nested.free_bill.clone_from(&original.bill);
        nested.free_slips.clone_from(&original.slips);
        let blue = nested.effect(&c.replacement);
        let (hits, faults) = (nested.hits, nested.faults);
        self.hits.extend(hits);
        self.faults.extend(faults);
        let judged = !blue.is_empty();
        changes.extend(blue.into_iter().map(|change| match change {
            Change::Paper(paper) => Change::Paper(Box::new(Paper {
                kind: VoucherKind::BlueCorrection,
                corrects: Some(c.voucher),
                ..*paper
            })),
            other => other,
        }));
        let papers = changes.iter().filter_map(|change| match change {
            Change::Paper(paper) => Some(paper),
            _ => None,
        });
        let net = bank_net(papers.flat_map(|p| &p.legs));
        self.hit_if(judged && net.values().any(|fen| *fen != 0), "LED-010");
        changes
    }

    /// LED-011: red and blue bring no bill or slip twice; a receipt keeps its bill.
    fn documents(&mut self, original: &Paper, c: &CorrectVoucher) {
        let theirs = slips_of(documents_of(&c.replacement));
        self.hit_if(slips_of(&c.evidence).iter().any(|slip| theirs.contains(slip)), "LED-011");
        if let Command::PostPremiumReceipt(receipt) = &*c.replacement {
            self.hit_if(receipt.bill_no != original.bill, "LED-011");
        }
    }

    /// What a giver bound is not loosened by a correction: neither another source, nor more uses, nor a longer term.
    fn stays_bound(&mut self, original: &Paper, c: &CorrectVoucher) {
        let Command::RecordIncome(income) = &*c.replacement else { return };
        let Some(leg) = original.legs.first().filter(|l| self.is_bound(&l.source)) else { return };
        let rule = self.purpose_rule(&leg.source);
        let takes =
            |s: &&record::preset::SourceDef| s.enabled && s.income_kinds.iter().any(|kind| kind == income.kind.code());
        let by_kind = self.m.preset().sources.iter().find(takes).map_or("", |s| s.code.as_str());
        let named = if income.source.is_empty() { by_kind } else { &income.source };
        if named != leg.source {
            return self.hit(rule);
        }
        let Some(terms) = self.m.grants.iter().find(|grant| grant.code == leg.grant) else { return };
        let spec = &income.grant;
        let wider = spec.permitted_uses.is_empty() || spec.permitted_uses.iter().any(|code| !terms.uses.contains(code));
        let earlier = terms.valid_from.is_some_and(|from| spec.valid_from.is_none_or(|first| first < from));
        let later = terms.valid_to.is_some_and(|to| spec.valid_to.is_none_or(|last| last > to));
        self.hit_if((!terms.uses.is_empty() && wider) || earlier || later, rule);
    }

    /// Whether a giver's word binds a source's money.
    pub fn is_bound(&self, source: &str) -> bool {
        let restriction = self.m.source(source).map(|s| s.restriction);
        matches!(restriction, Some(Restriction::Donor | Restriction::Fiscal | Restriction::Document))
    }

    /// LED-010: replaced by a command of the kind that posted it; dated with the correction.
    fn same_kind(&mut self, original: &Paper, c: &CorrectVoucher) {
        let (fits, date) = match &*c.replacement {
            Command::Disburse(r) => (matches!(original.deed, Deed::Payment(..)), r.date),
            Command::RecordReturn(r) => (matches!(original.deed, Deed::Return(..)), r.date),
            Command::RemitPremiums(r) => (matches!(original.deed, Deed::Remittance(_)), r.date),
            Command::RecordIncome(r) => (original.deed == Deed::Income, r.date),
            Command::PostPremiumReceipt(r) => (original.deed == Deed::Receipt, r.received_on),
            _ => (false, c.date),
        };
        self.hit_if(!fits, "LED-010");
        self.fault_if(date != c.date, "replacement.date", "MISMATCH");
    }
}

/// The documents that a replacement brings.
fn documents_of(command: &Command) -> &[Evidence] {
    match command {
        Command::Disburse(r) => &r.evidence,
        Command::RecordReturn(r) => &r.evidence,
        Command::RemitPremiums(r) => &r.evidence,
        Command::RecordIncome(r) => &r.evidence,
        _ => &[],
    }
}

/// The documents of a correction stand with its first red voucher.
fn attach(changes: &mut [Change], evidence: &[Evidence]) {
    if let Some(Change::Paper(paper)) = changes.first_mut() {
        paper.slips = slips_of(evidence);
    }
}
