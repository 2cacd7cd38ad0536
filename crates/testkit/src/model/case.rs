//! One judgement in the making: what was hit so far, and the checks that every voucher must pass whoever made it. What the single
//! commands ask stands in their own files.

use std::collections::BTreeSet;

use record::command::Evidence;
use record::kinds::{
    BankPurpose, Dimension, Direction, Element, LedgerKind, Restriction, Settlement, Template, VoucherKind, Word,
};
use record::{Day, Digest, Fen, MAX_FEN, VoucherRef};

use super::paper::{Deed, Leg, Paper};
use super::{Change, Model};

/// One judgement.
pub(crate) struct Case<'m> {
    pub m: &'m Model,
    pub today: Day,
    /// Who made the command.
    pub maker: String,
    /// Who reviews it; empty while it is only submitted.
    pub reviewer: String,
    pub hits: BTreeSet<&'static str>,
    pub faults: BTreeSet<(String, &'static str)>,
    /// Bill and digests of a voucher under correction, free to be cited again.
    pub free_bill: String,
    pub free_slips: Vec<Digest>,
    /// Whether a correction's replacement is judged: its money moved on the day it did, so deadlines ask about that day.
    pub correcting: bool,
    numbered: Vec<VoucherRef>,
}

/// A drawn bank transaction: its id, cashier, settlement and the account on its other side.
pub(crate) struct Drawn {
    pub id: String,
    pub cashier: String,
    pub settlement: Settlement,
    pub counterparty: String,
    pub date: Day,
}

/// What a voucher asks of a bank transaction.
pub(crate) struct Draw<'c> {
    pub account: &'c str,
    pub purpose: BankPurpose,
    pub owner: &'c str,
    pub txn: &'c str,
    pub direction: Direction,
    pub fen: Fen,
    /// Voucher date, where it may not be before the movement; receipts may be paid in together later.
    pub not_before: Option<Day>,
}

impl<'m> Case<'m> {
    pub fn new(m: &'m Model, today: Day, maker: &str, reviewer: &str) -> Case<'m> {
        Case {
            m,
            today,
            maker: maker.to_owned(),
            reviewer: reviewer.to_owned(),
            hits: BTreeSet::new(),
            faults: BTreeSet::new(),
            free_bill: String::new(),
            free_slips: Vec::new(),
            correcting: false,
            numbered: Vec::new(),
        }
    }

    pub fn hit(&mut self, rule: &'static str) {
        self.hits.insert(rule);
    }

    pub fn hit_if(&mut self, wrong: bool, rule: &'static str) {
        if wrong {
            self.hit(rule);
        }
    }

    pub fn fault(&mut self, field: &str, code: &'static str) {
        self.faults.insert((field.to_owned(), code));
    }

    pub fn fault_if(&mut self, wrong: bool, field: &str, code: &'static str) {
        if wrong {
            self.fault(field, code);
        }
    }

    /// The code of the book's own organisation, which holds the special account.
    pub fn own(&self) -> &'m str {
        &self.m.opened().organization.code
    }

    /// The day that deadlines judge (decisions 12).
    pub fn judged(&self, date: Day) -> Day {
        if date < self.m.opened().live_from { date } else { date.max(self.today) }
    }

    /// The day that deadlines on money judge: that of the voucher, or of a correction that on which the money moved.
    pub fn deadline(&self, date: Day, moved_on: Day) -> Day {
        if self.correcting { moved_on } else { self.judged(date) }
    }

    /// LED-007 for a voucher date.
    pub fn date(&mut self, date: Day) {
        self.hit_if(date > self.today || !self.m.is_open(date.period()), "LED-007");
    }

    /// LED-007 for a day from which something holds: not in a closed month; it may lie ahead.
    pub fn open_month(&mut self, date: Day) {
        self.hit_if(!self.m.is_open(date.period()), "LED-007");
    }

    /// LED-007 for a document's own date.
    pub fn not_future(&mut self, date: Day) {
        self.hit_if(date > self.today, "LED-007");
    }

    /// LED-008: there is a document. LED-011: no bill or slip backs another voucher.
    pub fn evidence(&mut self, evidence: &[Evidence]) {
        self.hit_if(evidence.is_empty(), "LED-008");
        self.slips(evidence);
    }

    /// LED-011 alone.
    pub fn slips(&mut self, evidence: &[Evidence]) {
        let slips = slips_of(evidence);
        for (i, slip) in slips.iter().enumerate() {
            self.slip(slip);
            self.hit_if(slips.iter().take(i).any(|other| other == slip), "LED-011");
        }
    }

    pub fn slip(&mut self, slip: &Digest) {
        self.hit_if(self.m.slip_used(slip) && !self.free_slips.contains(slip), "LED-011");
    }

    pub fn bill(&mut self, bill: &str) {
        self.hit_if(!bill.is_empty() && bill != self.free_bill && self.m.bill_used(bill), "LED-011");
    }

    /// SRC-001.
    pub fn source(&mut self, code: &str) -> bool {
        let lawful = self.m.source(code).is_some_and(|s| s.enabled);
        self.hit_if(!lawful, "SRC-001");
        lawful
    }

    /// USE-003 and USE-007: a class of the fund, and a plan that is open to it.
    pub fn class_and_plan(&mut self, class: &str, plan: &str) -> bool {
        let known = self.m.class(class);
        let is_plan = self.m.preset().plans.iter().any(|p| p.code == plan);
        let open = is_plan && known.is_none_or(|c| c.plans.iter().any(|p| p == plan));
        self.hit_if(known.is_none(), "USE-003");
        self.hit_if(!open, "USE-007");
        known.is_some() && open
    }

    /// USE-004: the subsidy of the day. USE-005: heads times price.
    pub fn price(&mut self, at: (&str, &str), day: Day, heads: u32, unit: Fen, fen: Fen) {
        let subsidy = self.m.standard(at.0, at.1, day).map(|s| s.subsidy_fen);
        self.hit_if(subsidy != Some(unit), "USE-004");
        self.hit_if(times(heads, unit) != Some(fen), "USE-005");
    }

    /// The source's nature permits the use, else the rule that guards it.
    pub fn purpose(&mut self, source: &str, use_code: &str) {
        let permitted = self.m.source(source).is_some_and(|s| s.uses.iter().any(|u| u == use_code));
        let rule = self.purpose_rule(source);
        self.hit_if(!permitted, rule);
    }

    pub fn purpose_rule(&self, source: &str) -> &'static str {
        match self.m.source(source).map(|s| s.restriction) {
            Some(Restriction::PassThrough) => "SRC-007",
            Some(Restriction::Fiscal) => "SRC-006",
            _ => "USE-011",
        }
    }

    /// SRC-010, LED-011, DIV-003: the account is registered for this, and the transaction on it still covers the amount.
    pub fn draw(&mut self, ask: &Draw<'_>) -> Option<Drawn> {
        let account = self.m.bank_accounts.iter().find(|a| a.code == ask.account);
        let fits = account.is_some_and(|a| a.purpose == ask.purpose && a.organization == ask.owner);
        self.hit_if(!fits, "SRC-010");
        let Some((txn, cashier)) = self.m.bank_txns.iter().find(|(t, _)| t.id == ask.txn) else {
            self.fault("bank_txn", "UNKNOWN");
            return None;
        };
        self.hit_if(fits && txn.account != ask.account, "SRC-010");
        // The voucher that draws on a movement may cite its slip.
        self.free_slips.push(txn.slip_digest);
        let left = if txn.direction == ask.direction { txn.fen - self.m.drawn(&txn.id) } else { 0 };
        self.hit_if(left < ask.fen, "LED-011");
        self.hit_if(ask.not_before.is_some_and(|date| date < txn.date), "LED-007");
        self.hit_if(txn.settlement == Settlement::Cash && ask.direction == Direction::Out, "DIV-003");
        Some(Drawn {
            id: txn.id.clone(),
            cashier: cashier.clone(),
            settlement: txn.settlement,
            counterparty: txn.counterparty_account.clone(),
            date: txn.date,
        })
    }

    /// An ordinary voucher with the next number of its word.
    pub fn paper(&mut self, word: Word, template: Template, date: Day, legs: Vec<Leg>) -> Paper {
        let cycle = self.m.cycle(date);
        let made = self.numbered.iter().filter(|r| (r.word, r.cycle) == (word, cycle)).count();
        let number = self.m.last_number(word, cycle) + u32::try_from(made).unwrap_or(0) + 1;
        let reference = VoucherRef { word, cycle, number };
        self.numbered.push(reference);
        Paper {
            reference,
            ledger: if word == Word::Yu { LedgerKind::Budget } else { LedgerKind::Actual },
            date,
            kind: VoucherKind::Normal,
            template,
            maker: self.maker.clone(),
            reviewer: self.reviewer.clone(),
            cashier: String::new(),
            approval: String::new(),
            commitment: String::new(),
            settlement: None,
            corrects: None,
            legs,
            deed: Deed::Plain,
            bill: String::new(),
            slips: Vec::new(),
        }
    }

    /// What holds for every voucher: LED-001 to LED-004, LED-009, LED-016, SRC-003.
    pub fn check_papers(&mut self, changes: &[Change]) {
        let papers: Vec<&Paper> = changes
            .iter()
            .filter_map(|c| match c {
                Change::Paper(paper) => Some(&**paper),
                _ => None,
            })
            .collect();
        for paper in &papers {
            self.check_legs(paper);
            self.check_sums(paper);
            let hands: Vec<&String> =
                [&paper.maker, &paper.reviewer, &paper.cashier].into_iter().filter(|p| !p.is_empty()).collect();
            let persons: BTreeSet<&String> = hands.iter().copied().collect();
            self.hit_if(persons.len() != hands.len(), "LED-009");
        }
        self.check_never_negative(&papers);
    }

    fn check_legs(&mut self, paper: &Paper) {
        // What was refused already may have no lines to show.
        let cut_short = paper.legs.is_empty() && !self.hits.is_empty();
        self.hit_if(!(2..=1_000).contains(&paper.legs.len()) && !cut_short, "LED-004");
        for leg in &paper.legs {
            self.hit_if(leg.fen == 0 || (leg.fen < 0 && !paper.may_be_red()), "LED-004");
            let Some(account) = self.m.account(&leg.account) else {
                self.hit("LED-003");
                continue;
            };
            let whole = account.dimensions.iter().all(|d| carries(paper, leg, *d));
            let posts = account.posting && !account.name_zh.is_empty();
            let budget = account.element == Element::Budget;
            self.hit_if(!posts || leg.source.is_empty() || !whole, "LED-003");
            self.hit_if(budget != (paper.ledger == LedgerKind::Budget), "LED-016");
        }
    }

    fn check_sums(&mut self, paper: &Paper) {
        self.hit_if(paper.legs.iter().map(Leg::signed).sum::<Fen>() != 0, "LED-001");
        for leg in &paper.legs {
            let same = paper.legs.iter().filter(|l| l.source == leg.source && l.grant == leg.grant);
            self.hit_if(same.map(Leg::signed).sum::<Fen>() != 0, "LED-002");
        }
    }

    /// SRC-003: with the new vouchers, no holder's money in a grant is negative on any day from the first new one on.
    fn check_never_negative(&mut self, papers: &[&Paper]) {
        let posting = &self.m.preset().posting;
        let is_money = |leg: &Leg| leg.account == posting.special_bank || leg.account == posting.custody_bank;
        let new: Vec<(Day, &Leg)> = papers.iter().flat_map(|p| p.legs.iter().map(|l| (p.date, l))).collect();
        let first = papers.iter().map(|p| p.date).min().unwrap_or_default();
        for (_, leg) in new.iter().filter(|(_, l)| is_money(l) && l.signed() < 0) {
            let mut moves = self.m.moves(&leg.account, &leg.source, &leg.grant, &leg.holder);
            moves.extend(new.iter().filter(|(_, l)| same_purse(l, leg)).map(|(day, l)| (*day, l.signed())));
            let days: BTreeSet<Day> = moves.iter().map(|(day, _)| *day).filter(|day| *day >= first).collect();
            let negative = |on: &Day| moves.iter().filter(|(d, _)| d <= on).map(|(_, fen)| fen).sum::<Fen>() < 0;
            self.hit_if(days.iter().any(negative), "SRC-003");
        }
    }
}

fn same_purse(one: &Leg, other: &Leg) -> bool {
    (&one.account, &one.source, &one.grant, &one.holder) == (&other.account, &other.source, &other.grant, &other.holder)
}

/// Whether a line carries what its account demands. Heads stand once on a split payment; closing lines carry no heads and no price.
fn carries(paper: &Paper, leg: &Leg, dimension: Dimension) -> bool {
    let closing = paper.kind == VoucherKind::Closing;
    match dimension {
        Dimension::Source => !leg.source.is_empty(),
        Dimension::Grant => !leg.grant.is_empty(),
        Dimension::Holder => !leg.holder.is_empty(),
        Dimension::Year => leg.year != 0,
        Dimension::Class => !leg.class.is_empty(),
        Dimension::Plan => !leg.plan.is_empty(),
        Dimension::Use => !leg.use_code.is_empty(),
        Dimension::Heads => closing || paper.legs.iter().any(|l| l.account == leg.account && l.heads != 0),
        Dimension::Price => closing || leg.price != 0,
        Dimension::Counterparty => closing || !leg.counterparty.is_empty(),
    }
}

/// Digests of the documents of which each backs one voucher only.
pub(crate) fn slips_of(evidence: &[Evidence]) -> Vec<Digest> {
    evidence.iter().filter(|e| e.kind.is_unique()).map(|e| e.digest).collect()
}

/// Heads times a price; none beyond the range of money.
pub(crate) fn times(heads: u32, unit: Fen) -> Option<Fen> {
    i64::from(heads).checked_mul(unit).filter(|fen| *fen <= MAX_FEN)
}
