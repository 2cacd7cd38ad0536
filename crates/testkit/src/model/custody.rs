//! The 20 yuan: receipts (T02, T03) and their passing on to the association (T15).

use record::command::{PostPremiumReceipt, RemitItem, RemitPremiums, SubmitEnrollmentBatch};
use record::kinds::{BankPurpose, Custody, Direction, PayerType, Restriction, Side, Template, Word};
use record::{Day, Fen};

use super::Change;
use super::case::{Case, Draw, Drawn, slips_of, times};
use super::paper::{Deed, Leg};

/// Heads of one batch and source on their way to the association.
struct Part {
    batch: String,
    source: String,
    heads: u32,
    price: Fen,
}

impl Case<'_> {
    pub fn receipt(&mut self, c: &PostPremiumReceipt) -> Vec<Change> {
        self.date(c.received_on);
        self.hit_if(c.bill_no.is_empty(), "LED-008");
        self.bill(&c.bill_no);
        let holder_known = self.m.has_organization(&c.holder);
        self.fault_if(!holder_known, "holder", "UNKNOWN");
        // A holder that is not known ends the looking: what else names nothing is told when it is.
        let Some(batch) = self.m.batch(&c.batch).filter(|_| holder_known) else {
            self.fault_if(holder_known, "batch", "UNKNOWN");
            return Vec::new();
        };
        let own = self.m.own_share(batch);
        self.hit_if(own != Some(c.unit_fen) || times(c.heads, c.unit_fen) != Some(c.fen), "SRC-007");
        let received = self.m.received_heads(&batch.code) + i64::from(c.heads);
        self.hit_if(received > i64::from(batch.insured_count), "ENR-001");
        let Some(source) = self.m.source_of_payer(c.payer).filter(|s| s.enabled) else {
            self.hit("SRC-001");
            return Vec::new();
        };
        if c.custody == Custody::MutualAidDirect {
            return vec![Change::Note(c.clone())];
        }
        let Some(drawn) = self.receipt_bank(c) else { return Vec::new() };
        let posting = &self.m.preset().posting;
        let money = Leg {
            bank: drawn.as_ref().map_or_else(String::new, |d| d.id.clone()),
            counterparty: batch.organization.clone(),
            heads: i64::from(c.heads),
            ..self.premium(&posting.custody_bank, (&source.code, Side::Debit, c.fen), batch, (&c.holder, c.unit_fen))
        };
        let owed = Leg { bank: String::new(), ..money.opposite(&posting.custody_liability) };
        let template = if c.payer == PayerType::Member { Template::T02 } else { Template::T03 };
        let mut paper = self.paper(Word::Dai, template, c.received_on, vec![money, owed]);
        if let Some(drawn) = drawn {
            paper.cashier = drawn.cashier;
            paper.settlement = Some(drawn.settlement);
        }
        paper.deed = Deed::Receipt;
        paper.bill.clone_from(&c.bill_no);
        vec![Change::Paper(Box::new(paper))]
    }

    /// A line of premium money of a batch.
    fn premium(
        &self,
        account: &str,
        (source, side, fen): (&str, Side, Fen),
        batch: &SubmitEnrollmentBatch,
        (holder, price): (&str, Fen),
    ) -> Leg {
        Leg {
            grant: batch.code.clone(),
            year: batch.year,
            class: batch.class.clone(),
            plan: batch.plan.clone(),
            use_code: self.m.use_for(&batch.class, &batch.plan, true),
            holder: holder.to_owned(),
            price,
            ..Leg::new(account, source, side, fen)
        }
    }

    /// SRC-010: the holder has a custody account, and a transaction that is named lies on it. None where it does not.
    fn receipt_bank(&mut self, c: &PostPremiumReceipt) -> Option<Option<Drawn>> {
        if !self.m.has_custody(&c.holder) {
            self.hit("SRC-010");
            return None;
        }
        if c.bank_txn.is_empty() {
            return Some(None);
        }
        self.draw_custody(&c.holder, &c.bank_txn, Direction::In, c.fen, None).map(Some)
    }

    fn draw_custody(
        &mut self,
        holder: &str,
        txn: &str,
        direction: Direction,
        fen: Fen,
        not_before: Option<Day>,
    ) -> Option<Drawn> {
        let account = self.m.bank_txns.iter().find(|(t, _)| t.id == txn).map_or("", |(t, _)| t.account.as_str());
        self.draw(&Draw { account, purpose: BankPurpose::Custody, owner: holder, txn, direction, fen, not_before })
    }

    pub fn remit(&mut self, c: &RemitPremiums) -> Vec<Change> {
        self.date(c.date);
        let association = self.payee(&c.payee_account, "REM-003");
        if !self.m.has_organization(&c.holder) {
            self.fault("holder", "UNKNOWN");
            return Vec::new();
        }
        let total = c.items.iter().map(|item| item.fen).sum();
        let drawn = self.draw_custody(&c.holder, &c.bank_txn, Direction::Out, total, Some(c.date));
        self.evidence(&c.evidence);
        if let (Some(drawn), Some(_)) = (&drawn, &association) {
            self.hit_if(drawn.counterparty != c.payee_account, "REM-003");
            self.cooled(&c.payee_account, "REM-003", c.date, drawn.date);
        }
        let mut parts: Vec<Part> = Vec::new();
        for (i, item) in c.items.iter().enumerate() {
            let before = c.items.iter().take(i);
            let twice = before.filter(|o| (&o.source, &o.batch) == (&item.source, &item.batch)).count() > 0;
            self.fault_if(twice, &format!("items[{i}]"), "DUPLICATE");
            self.remit_item(c, item, &mut parts);
        }
        let Some(drawn) = drawn else { return Vec::new() };
        let posting = &self.m.preset().posting;
        let mut legs = Vec::new();
        for part in &parts {
            let Some(batch) = self.m.batch(&part.batch) else { continue };
            let fen = i64::from(part.heads) * part.price;
            let at = (part.source.as_str(), Side::Debit, fen);
            let owed = Leg {
                counterparty: association.clone().unwrap_or_default(),
                heads: i64::from(part.heads),
                ..self.premium(&posting.custody_liability, at, batch, (&c.holder, part.price))
            };
            legs.push(Leg { bank: drawn.id.clone(), ..owed.opposite(&posting.custody_bank) });
            legs.push(owed);
        }
        if legs.is_empty() {
            return Vec::new();
        }
        let mut paper = self.paper(Word::Ji, Template::T15, c.date, legs);
        paper.cashier = drawn.cashier;
        paper.settlement = Some(drawn.settlement);
        paper.deed = Deed::Remittance(parts.into_iter().map(|p| (p.batch, p.source, p.heads)).collect());
        paper.slips = slips_of(&c.evidence);
        vec![Change::Paper(Box::new(paper))]
    }

    /// REM-003: out of what the holder collected and has not passed on, heads times the own share; oldest batches first. What an
    /// earlier item of the same remittance took is gone for the later ones.
    fn remit_item(&mut self, c: &RemitPremiums, item: &RemitItem, parts: &mut Vec<Part>) {
        if !self.source(&item.source) {
            return;
        }
        if self.m.source(&item.source).is_none_or(|s| s.restriction != Restriction::PassThrough) {
            self.hit("REM-003");
            return;
        }
        if !item.batch.is_empty() && self.m.batch(&item.batch).is_none() {
            self.fault("items.batch", "UNKNOWN");
        }
        let wanted = |b: &&SubmitEnrollmentBatch| {
            if item.batch.is_empty() { b.year == c.year } else { b.code == item.batch }
        };
        let mut batches: Vec<&SubmitEnrollmentBatch> = self.m.batches.iter().filter(wanted).collect();
        batches.sort_by_key(|b| b.submitted_on);
        let custody = &self.m.preset().posting.custody_bank;
        let (mut left, mut fen) = (i64::from(item.heads), 0);
        for batch in batches {
            let Some(own) = self.m.own_share(batch) else { continue };
            let earlier = parts.iter().filter(|p| p.source == item.source && p.batch == batch.code);
            let gone: Vec<(i64, Fen)> = earlier.map(|p| (i64::from(p.heads), i64::from(p.heads) * p.price)).collect();
            let held = self.m.held_heads(&c.holder, &item.source, &batch.code) - gone.iter().map(|g| g.0).sum::<i64>();
            let money = self.m.spendable(custody, &item.source, &batch.code, &c.holder, c.date);
            let money = money - gone.iter().map(|g| g.1).sum::<Fen>();
            let heads = held.min(left).min(money / own).max(0);
            if let Some(heads) = u32::try_from(heads).ok().filter(|heads| *heads > 0) {
                let (batch, source) = (batch.code.clone(), item.source.clone());
                parts.push(Part { batch, source, heads, price: own });
                left -= i64::from(heads);
                fen += i64::from(heads) * own;
            }
        }
        self.hit_if(left > 0 || fen != item.fen, "REM-003");
    }
}
