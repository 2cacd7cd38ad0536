//! The flows beside the ordinary ones: transfers (T16), surplus appropriated (T01b), unidentified deposits (T31), differences and earlier
//! years (T22, T23), fiscal money handed back (T28), amended terms. Refunds and shared interest stand in `sharing`.

use record::command::{
    AdjustAmount, AmendGrant, AppropriateSurplus, CorrectPriorYear, GrantSpec, Identified, IdentifyDeposit,
    PostOpeningBalances, RecordUnidentifiedDeposit, ReturnDeposit, ReturnFiscalSurplus, TransferBetweenSources,
};
use record::kinds::{
    ApprovalKind, BankPurpose, Change as Way, Direction, EvidenceKind, IncomeKind, LedgerKind, OrgType, Restriction,
    Side, Template, VoucherKind, Word,
};
use record::{Day, Fen, VoucherRef};

use super::case::{Case, Draw, Drawn, slips_of};
use super::paper::{Deed, Leg, Paper};
use super::spending::Act;
use super::{Change, Grant};

/// The source of money that nobody can place yet (decisions 18).
const SUSPENSE: &str = "P";

impl Case<'_> {
    /// A movement of the special account.
    pub fn special(&mut self, account: &str, txn: &str, direction: Direction, fen: Fen, date: Day) -> Option<Drawn> {
        let owner = self.own();
        let purpose = BankPurpose::FundSpecial;
        self.draw(&Draw { account, purpose, owner, txn, direction, fen, not_before: Some(date) })
    }

    /// A line of the book's own money.
    pub fn own_leg(&self, account: &str, (source, grant): (&str, &str), side: Side, fen: Fen) -> Leg {
        Leg { grant: grant.to_owned(), holder: self.own().to_owned(), ..Leg::new(account, source, side, fen) }
    }

    /// Of these accounts the one under the heading of the source's carry-forward account.
    pub fn beside_carry(&self, source: &str, accounts: &[String]) -> String {
        let heading = |code: &str| self.m.account(code).map(|a| a.parent.clone());
        let wanted = self.m.source(source).and_then(|s| heading(&s.carry_account));
        let found = accounts.iter().find(|a| wanted.is_some() && heading(a) == wanted);
        found.cloned().unwrap_or_default()
    }

    /// A funding document that money comes under; its fault stands under `field`.
    fn document(&mut self, field: &str, spec: &GrantSpec, source: &str, opened_on: Day) -> Option<Change> {
        let known_use = |code: &String| self.m.preset().uses.iter().any(|u| u.code == *code);
        let (mut uses, unknown): (Vec<String>, Vec<String>) = spec.permitted_uses.iter().cloned().partition(known_use);
        self.hit_if(!unknown.is_empty(), "USE-002");
        uses.iter().for_each(|code| self.purpose(source, code));
        uses.sort();
        uses.dedup();
        let grantor_known = spec.grantor.is_empty() || self.m.has_organization(&spec.grantor);
        self.fault_if(!grantor_known, &format!("{field}.grantor"), "UNKNOWN");
        let fresh = Grant {
            code: spec.code.clone(),
            source: source.to_owned(),
            grantor: if grantor_known { spec.grantor.clone() } else { String::new() },
            doc_no: spec.doc_no.clone(),
            uses,
            opened_on,
            valid_from: spec.valid_from,
            valid_to: spec.valid_to,
        };
        if self.m.batch(&spec.code).is_some() {
            self.fault(&format!("{field}.code"), "CONFLICT");
            return None;
        }
        let Some(known) = self.m.grants.iter().find(|g| g.code == spec.code) else {
            return Some(Change::Grant(fresh));
        };
        let same = *known == Grant { opened_on: known.opened_on, ..fresh };
        self.fault_if(!same, &format!("{field}.code"), "CONFLICT");
        None
    }

    /// What the giver of bound money must have said; an approval named where nobody bound it is a fault.
    fn giver_consents(&mut self, source: &str, consent: &str, date: Day, fen: Fen) {
        let kind = match self.m.source(source).map(|s| s.restriction) {
            Some(Restriction::Fiscal) => ApprovalKind::FiscalReply,
            Some(Restriction::Donor | Restriction::Document) => ApprovalKind::DonorConsent,
            _ => return self.fault_if(!consent.is_empty(), "consent", "NOT_NEEDED"),
        };
        let rule = self.purpose_rule(source);
        let act = Act::plain(consent, core::slice::from_ref(&kind), rule, date);
        self.carry(&Act { fen, scope: [source, "", ""], ..act });
    }

    fn held_for_others(&self, source: &str) -> bool {
        self.m.source(source).is_some_and(|s| s.restriction == Restriction::PassThrough)
    }

    pub fn transfer_between(&mut self, c: &TransferBetweenSources) -> Vec<Change> {
        self.date(c.date);
        self.evidence(&c.evidence);
        let act = Act::plain(&c.approval, &[ApprovalKind::InternalTransfer], "SRC-004", c.date);
        self.carry(&Act { fen: c.fen, scope: [&c.source, "", ""], ..act });
        let (from, to) = (self.source(&c.source), self.source(&c.to_source));
        if !from || !to {
            return Vec::new();
        }
        self.hit_if(c.source == c.to_source, "SRC-004");
        if self.held_for_others(&c.source) || self.held_for_others(&c.to_source) {
            self.hit("SRC-007");
            return Vec::new();
        }
        self.giver_consents(&c.source, &c.consent, c.date, c.fen);
        if !self.m.grants.iter().any(|g| g.code == c.grant && g.source == c.source) {
            self.fault("grant", "UNKNOWN");
            return Vec::new();
        }
        let opened = self.document("to_grant", &c.to_grant, &c.to_source, c.date);
        let posting = &self.m.preset().posting;
        let moved = |source: &str| self.beside_carry(source, &posting.internal_transfers);
        let leg = |account: &str, of: (&str, &str), side| Leg {
            use_code: "XF".into(),
            ..self.own_leg(account, of, side, c.fen)
        };
        let (from, to) = ((c.source.as_str(), c.grant.as_str()), (c.to_source.as_str(), c.to_grant.code.as_str()));
        let legs = vec![
            leg(&moved(&c.source), from, Side::Debit),
            leg(&posting.special_bank, from, Side::Credit),
            leg(&posting.special_bank, to, Side::Debit),
            leg(&moved(&c.to_source), to, Side::Credit),
        ];
        let mut paper = self.paper(Word::Ji, Template::T16, c.date, legs);
        paper.approval.clone_from(&c.approval);
        paper.deed = Deed::Transfer(c.consent.clone(), c.fen);
        paper.slips = slips_of(&c.evidence);
        opened.into_iter().chain([Change::Paper(Box::new(paper))]).collect()
    }

    pub fn appropriate_surplus(&mut self, c: &AppropriateSurplus) -> Vec<Change> {
        self.date(c.date);
        let drawn = self.special(&c.bank_account, &c.bank_txn, Direction::In, c.fen, c.date);
        self.evidence(&c.evidence);
        self.payer(drawn.as_ref(), None);
        let takes = |s: &&record::preset::SourceDef| {
            s.enabled && s.income_kinds.iter().any(|k| k == IncomeKind::Appropriation.code())
        };
        let Some(source) = self.m.preset().sources.iter().find(takes).map(|s| s.code.clone()) else {
            self.hit("SRC-001");
            return Vec::new();
        };
        let act = Act::plain(&c.approval, &[ApprovalKind::InternalTransfer], "SRC-004", c.date);
        self.carry(&Act { fen: c.fen, scope: [&source, "", ""], ..act });
        let opened = self.document("grant", &c.grant, &source, c.date);
        let Some(drawn) = drawn else { return Vec::new() };
        let posting = &self.m.preset().posting;
        let money = Leg {
            counterparty: c.grant.grantor.clone(),
            bank: drawn.id.clone(),
            ..self.own_leg(&posting.special_bank, (&source, &c.grant.code), Side::Debit, c.fen)
        };
        let moved = self.beside_carry(&source, &posting.internal_transfers);
        let credit = Leg { bank: String::new(), ..money.opposite(&moved) };
        let mut paper = self.moved_by(&drawn, Template::T01b, c.date, vec![money, credit]);
        paper.approval.clone_from(&c.approval);
        paper.slips = slips_of(&c.evidence);
        opened.into_iter().chain([Change::Paper(Box::new(paper))]).collect()
    }

    /// An ordinary voucher of a movement.
    pub fn moved_by(&mut self, drawn: &Drawn, template: Template, date: Day, legs: Vec<Leg>) -> Paper {
        let mut paper = self.paper(Word::Ji, template, date, legs);
        paper.cashier.clone_from(&drawn.cashier);
        paper.settlement = Some(drawn.settlement);
        paper
    }

    pub fn deposit(&mut self, c: &RecordUnidentifiedDeposit) -> Vec<Change> {
        self.date(c.date);
        let drawn = self.special(&c.bank_account, &c.bank_txn, Direction::In, c.fen, c.date);
        self.evidence(&c.evidence);
        let taken = self.m.grants.iter().any(|g| g.code == c.code) || self.m.batch(&c.code).is_some();
        self.fault_if(taken, "code", "EXISTS");
        let Some(drawn) = drawn else { return Vec::new() };
        let posting = &self.m.preset().posting;
        let money = Leg {
            bank: drawn.id.clone(),
            ..self.own_leg(&posting.special_bank, (SUSPENSE, &c.code), Side::Debit, c.fen)
        };
        let owed = Leg { bank: String::new(), ..money.opposite(&posting.suspense) };
        let mut paper = self.moved_by(&drawn, Template::T31, c.date, vec![money, owed]);
        paper.slips = slips_of(&c.evidence);
        let grant = Grant {
            code: c.code.clone(),
            source: SUSPENSE.into(),
            grantor: String::new(),
            doc_no: c.bank_txn.clone(),
            uses: Vec::new(),
            opened_on: c.date,
            valid_from: None,
            valid_to: None,
        };
        vec![Change::Grant(grant), Change::Paper(Box::new(paper))]
    }

    /// The bank transaction of a deposit that has so much left (SRC-003).
    fn deposit_left(&mut self, code: &str, fen: Fen) -> Option<String> {
        let Some(grant) = self.m.grants.iter().find(|g| g.code == code && g.source == SUSPENSE) else {
            self.fault("deposit", "UNKNOWN");
            return None;
        };
        let suspense = &self.m.preset().posting.suspense;
        let left: Fen = self.m.moves(suspense, SUSPENSE, code, self.own()).iter().map(|(_, fen)| -fen).sum();
        self.hit_if(left < fen, "SRC-003");
        Some(grant.doc_no.clone())
    }

    pub fn identify_deposit(&mut self, c: &IdentifyDeposit) -> Vec<Change> {
        self.date(c.date);
        self.evidence(&c.evidence);
        let (fen, date, txn, theirs) = match &c.identified {
            Identified::Income(r) => (r.fen, r.date, &r.bank_txn, &r.evidence),
            Identified::Return(r) => (r.fen, r.date, &r.bank_txn, &r.evidence),
        };
        self.fault_if(date != c.date, "date", "MISMATCH");
        let theirs = slips_of(theirs);
        self.hit_if(slips_of(&c.evidence).iter().any(|slip| theirs.contains(slip)), "LED-011");
        let Some(brought_by) = self.deposit_left(&c.deposit, fen) else { return Vec::new() };
        self.hit_if(*txn != brought_by, "LED-011");
        let posting = &self.m.preset().posting;
        let owed = self.own_leg(&posting.suspense, (SUSPENSE, &c.deposit), Side::Debit, fen);
        let money = Leg { bank: brought_by.clone(), ..owed.opposite(&posting.special_bank) };
        let mut paper = self.paper(Word::Ji, Template::T31, c.date, vec![owed, money]);
        if let Some((movement, cashier)) = self.m.bank_txns.iter().find(|(t, _)| t.id == brought_by) {
            paper.cashier.clone_from(cashier);
            paper.settlement = Some(movement.settlement);
        }
        paper.slips = slips_of(&c.evidence);
        let mut changes = vec![Change::Paper(Box::new(paper))];
        // What it is is judged on the books as they stand without it.
        let mut after = self.m.clone();
        changes.iter().for_each(|change| after.add(change.clone()));
        let mut nested = Case::new(&after, self.today, &self.maker, &self.reviewer);
        let is = match &c.identified {
            Identified::Income(r) => nested.income(r),
            Identified::Return(r) => nested.record_return(r),
        };
        let (hits, faults) = (nested.hits, nested.faults);
        self.hits.extend(hits);
        self.faults.extend(faults);
        changes.extend(is);
        changes
    }

    pub fn return_deposit(&mut self, c: &ReturnDeposit) -> Vec<Change> {
        self.date(c.date);
        self.evidence(&c.evidence);
        let drawn = self.special(&c.bank_account, &c.bank_txn, Direction::Out, c.fen, c.date);
        let Some(brought_by) = self.deposit_left(&c.deposit, c.fen) else { return Vec::new() };
        let Some(drawn) = drawn else { return Vec::new() };
        let from = self.m.bank_txns.iter().find(|(t, _)| t.id == brought_by);
        let from = from.map_or_else(String::new, |(t, _)| t.counterparty_account.clone());
        self.hit_if(from.is_empty() || from != drawn.counterparty, "USE-006");
        let owner = self.m.bank_accounts.iter().find(|a| a.code == drawn.counterparty);
        let posting = &self.m.preset().posting;
        let owed = Leg {
            counterparty: owner.map_or_else(String::new, |a| a.organization.clone()),
            ..self.own_leg(&posting.suspense, (SUSPENSE, &c.deposit), Side::Debit, c.fen)
        };
        let money = Leg { bank: drawn.id.clone(), ..owed.opposite(&posting.special_bank) };
        let mut paper = self.moved_by(&drawn, Template::T31, c.date, vec![owed, money]);
        paper.slips = slips_of(&c.evidence);
        vec![Change::Paper(Box::new(paper))]
    }

    pub fn adjust(&mut self, c: &AdjustAmount) -> Vec<Change> {
        self.date(c.date);
        self.evidence(&c.evidence);
        let Some(original) = self.adjustable(c.voucher, c.change, c.fen) else { return Vec::new() };
        self.hit_if(original.date.year() != c.date.year() || c.date < original.date, "LED-010");
        let fen = if c.change == Way::Increase { c.fen } else { -c.fen };
        let legs = original.legs.iter().map(|l| Leg { fen, ..l.clone() }).collect();
        let mut paper = self.difference(&original, Template::T22, c.date, legs, fen);
        paper.kind = if fen > 0 { VoucherKind::Normal } else { VoucherKind::RedAdjust };
        paper.slips = slips_of(&c.evidence);
        vec![Change::Paper(Box::new(paper))]
    }

    pub fn prior_year(&mut self, c: &CorrectPriorYear) -> Vec<Change> {
        self.date(c.date);
        self.evidence(&c.evidence);
        let Some(original) = self.adjustable(c.voucher, c.change, c.fen) else { return Vec::new() };
        self.hit_if(original.date.year() >= c.date.year(), "LED-010");
        let source = original.legs.first().map_or_else(String::new, |l| l.source.clone());
        let act = Act::plain(&c.approval, &[ApprovalKind::PriorYear], "LED-010", c.date);
        self.carry(&Act { fen: c.fen, scope: [&source, "", ""], ..act });
        let posting = &self.m.preset().posting;
        let opening = self.beside_carry(&source, &posting.opening_adjustments);
        let up = c.change == Way::Increase;
        let legs = original.legs.iter().map(|l| Leg {
            account: if l.account == posting.special_bank { l.account.clone() } else { opening.clone() },
            side: if up { l.side } else { l.side.other() },
            fen: c.fen,
            ..l.clone()
        });
        let legs = legs.collect();
        let mut paper = self.difference(&original, Template::T23, c.date, legs, if up { c.fen } else { -c.fen });
        paper.kind = VoucherKind::BlueCorrection;
        paper.approval.clone_from(&c.approval);
        paper.slips = slips_of(&c.evidence);
        vec![Change::Paper(Box::new(paper))]
    }

    fn difference(&mut self, of: &Paper, template: Template, date: Day, legs: Vec<Leg>, fen: Fen) -> Paper {
        let mut paper = self.paper(Word::Ji, template, date, legs);
        paper.cashier.clone_from(&of.cashier);
        paper.settlement = of.settlement;
        paper.corrects = Some(of.reference);
        paper.deed = Deed::Adjustment(of.reference, fen);
        paper
    }

    /// LED-010: an income that stands, of which at least nothing is left. LED-011: no more than its movement brought.
    fn adjustable(&mut self, reference: VoucherRef, way: Way, fen: Fen) -> Option<Paper> {
        let Some(original) = self.m.paper(reference).cloned() else {
            self.fault("voucher", "UNKNOWN");
            return None;
        };
        if original.deed != Deed::Income || self.m.is_reversed(reference) {
            self.hit("LED-010");
            return None;
        }
        let stands = original.legs.first().map_or(0, |l| l.fen) + self.m.adjusted(reference);
        let bank = original.legs.iter().find(|l| !l.bank.is_empty()).map_or("", |l| l.bank.as_str());
        let brought = self.m.bank_txns.iter().find(|(t, _)| t.id == bank && t.direction == Direction::In);
        let left = brought.map_or(0, |(t, _)| t.fen - self.m.drawn(bank));
        match way {
            Way::Increase => self.hit_if(left < fen, "LED-011"),
            Way::Decrease => self.hit_if(stands < fen, "LED-010"),
        }
        // A smaller amount of bound money would leave the rest to be booked as something else.
        if let Some(leg) = original.legs.first().filter(|l| way == Way::Decrease && self.is_bound(&l.source)) {
            let rule = self.purpose_rule(&leg.source);
            self.hit(rule);
        }
        Some(original)
    }

    pub fn fiscal_return(&mut self, c: &ReturnFiscalSurplus) -> Vec<Change> {
        self.date(c.date);
        self.evidence(&c.evidence);
        let drawn = self.special(&c.bank_account, &c.bank_txn, Direction::Out, c.fen, c.date);
        let Some(grant) = self.m.grants.iter().find(|g| g.code == c.grant).cloned() else {
            self.fault("grant", "UNKNOWN");
            return Vec::new();
        };
        let source = self.m.source(&grant.source);
        self.hit_if(source.is_none_or(|s| s.restriction != Restriction::Fiscal), "SRC-006");
        let carried = source.map_or_else(String::new, |s| s.carry_account.clone());
        let act = Act::plain(&c.approval, &[ApprovalKind::FiscalReply], "SRC-006", c.date);
        self.carry(&Act { fen: c.fen, scope: [&grant.source, "", ""], ..act });
        let moves = self.m.moves(&carried, &grant.source, &grant.code, self.own());
        self.hit_if(-moves.iter().map(|(_, fen)| fen).sum::<Fen>() < c.fen, "SRC-003");
        let Some(drawn) = drawn else { return Vec::new() };
        let account = self.m.bank_accounts.iter().find(|a| a.code == drawn.counterparty);
        let owner = account.map_or("", |a| a.organization.as_str()).to_owned();
        let treasury = self.m.organizations.iter().any(|o| o.code == owner && o.org_type == OrgType::Fiscal);
        self.hit_if(!treasury || (!grant.grantor.is_empty() && grant.grantor != owner), "USE-006");
        let posting = &self.m.preset().posting;
        let of = (grant.source.as_str(), grant.code.as_str());
        let leg = |account: &str, side| Leg { counterparty: owner.clone(), ..self.own_leg(account, of, side, c.fen) };
        let legs = vec![
            leg(&carried, Side::Debit),
            leg(&posting.fiscal_surplus_transfer, Side::Credit),
            leg(&posting.fiscal_return, Side::Debit),
            Leg { bank: drawn.id.clone(), ..leg(&posting.special_bank, Side::Credit) },
        ];
        let mut paper = self.moved_by(&drawn, Template::T28, c.date, legs);
        paper.approval.clone_from(&c.approval);
        paper.slips = slips_of(&c.evidence);
        vec![Change::Paper(Box::new(paper))]
    }

    /// T30 of a book that has vouchers already: what else it asks is left to the scenarios, for no random book is empty.
    pub fn opening(&mut self, c: &PostOpeningBalances) -> Vec<Change> {
        self.date(c.date);
        self.hit_if(c.date != self.m.opened().first_period.first_day(), "LED-007");
        let money = self.m.papers.iter().filter(|p| p.ledger == LedgerKind::Actual);
        self.hit_if(money.into_iter().any(|p| p.kind != VoucherKind::Opening), "LED-005");
        self.evidence(&c.evidence);
        self.hit_if(!c.evidence.iter().any(|e| e.kind == EvidenceKind::BankSlip), "LED-008");
        Vec::new()
    }

    pub fn amend_grant(&mut self, c: &AmendGrant) -> Vec<Change> {
        self.not_future(c.date);
        self.evidence(&c.evidence);
        let Some(known) = self.m.grants.iter().find(|g| g.code == c.grant).cloned() else {
            self.fault("grant", "UNKNOWN");
            return Vec::new();
        };
        self.hit_if(self.held_for_others(&known.source), "SRC-007");
        self.giver_consents(&known.source, &c.consent, c.date, 0);
        let mut uses = c.permitted_uses.clone();
        for code in &uses {
            if self.m.preset().uses.iter().any(|u| u.code == *code) {
                self.purpose(&known.source, code);
            } else {
                self.hit("USE-002");
            }
        }
        uses.retain(|code| self.m.preset().uses.iter().any(|u| u.code == *code));
        uses.sort();
        uses.dedup();
        let rule = self.purpose_rule(&known.source);
        let needed = self.m.source(&known.source).is_some_and(|s| s.grant_uses);
        self.hit_if(needed && uses.is_empty(), rule);
        let slips = slips_of(&c.evidence);
        let from = if c.date < self.m.opened().live_from { c.date } else { c.date.max(self.today) };
        let terms = Grant { uses, valid_from: c.valid_from, valid_to: c.valid_to, ..known };
        vec![Change::Terms(terms, from, slips)]
    }
}
