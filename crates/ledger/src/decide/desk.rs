//! The desk: what one decision looks at and gathers. It numbers vouchers, collects hits and faults, and knows the judged day.

use std::collections::BTreeMap;

use record::command::Evidence;
use record::event::{Effect, Hit, VoucherPosted};
use record::kinds::{LedgerKind, Settlement, Template, VoucherKind, Word};
use record::{ApprovalNo, CommitmentNo, Day, Digest, Event, Fen, Line, PersonNo, SourceNo, Voucher, VoucherRef};

use super::Hands;
use crate::facts::{FactKey, bill_digest, unique_evidence};
use crate::{Facts, FieldFault, State, rules};

/// The working place of one decision.
pub(crate) struct Desk<'a> {
    pub state: &'a State,
    pub facts: &'a Facts,
    /// Instant of the decision, microseconds.
    pub now: i64,
    /// Its day in Asia/Shanghai: the record day.
    pub today: Day,
    pub hands: Hands,
    /// Digests, and digests of bill numbers, that may be cited again: a drawn bank transaction's slip, the documents of a voucher under
    /// correction.
    pub reusable: Vec<Digest>,
    /// Whether a correction's replacement is judged: its money moved on the day it did, so deadlines ask about that day.
    pub correcting: bool,
    hits: Vec<Hit>,
    faults: Vec<FieldFault>,
    numbers: BTreeMap<(Word, u32), u32>,
}

/// What a voucher is made of, its number and hands apart.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub ledger: LedgerKind,
    pub word: Word,
    pub template: Template,
    pub kind: VoucherKind,
    pub date: Day,
    pub summary: String,
    pub attachments: usize,
    pub cashier: PersonNo,
    pub approval: ApprovalNo,
    pub commitment: CommitmentNo,
    pub settlement: Option<Settlement>,
    pub corrects: Option<VoucherRef>,
    pub lines: Vec<Line>,
}

impl Draft {
    /// An ordinary voucher of word 记.
    pub fn actual(template: Template, date: Day, lines: Vec<Line>) -> Draft {
        Draft {
            ledger: LedgerKind::Actual,
            word: Word::Ji,
            template,
            kind: VoucherKind::Normal,
            date,
            summary: String::new(),
            attachments: 0,
            cashier: 0,
            approval: 0,
            commitment: 0,
            settlement: None,
            corrects: None,
            lines,
        }
    }

    /// An ordinary voucher of the budget ledger.
    pub fn budget(template: Template, date: Day, lines: Vec<Line>) -> Draft {
        Draft { ledger: LedgerKind::Budget, word: Word::Yu, ..Draft::actual(template, date, lines) }
    }
}

impl<'a> Desk<'a> {
    pub fn new(state: &'a State, facts: &'a Facts, now: i64, hands: Hands) -> Desk<'a> {
        let today = Day::of_instant(now);
        let (hits, faults, numbers) = Default::default();
        Desk { state, facts, now, today, hands, reusable: Vec::new(), correcting: false, hits, faults, numbers }
    }

    /// Everything that was found, in the documented order; faults of form stand before hits of rules.
    pub fn finish(mut self) -> Result<Vec<Hit>, Vec<FieldFault>> {
        if !self.faults.is_empty() {
            self.faults.sort();
            self.faults.dedup();
            return Err(self.faults);
        }
        self.hits.sort_by_cached_key(|hit| (rules::position(&hit.rule), hit.clone()));
        self.hits.dedup_by(|a, b| a.rule == b.rule && a.subject == b.subject);
        Ok(self.hits)
    }

    /// Takes over what a nested desk found.
    pub fn adopt(&mut self, other: Desk<'_>) {
        self.hits.extend(other.hits);
        self.faults.extend(other.faults);
    }

    /// Whether any rule was hit so far.
    pub fn is_hit(&self) -> bool {
        !self.hits.is_empty()
    }

    /// A rule is hit.
    pub fn hit(&mut self, rule: &str, subject: &str, expected: &str, found: &str) {
        self.push(rule, subject, expected.to_owned(), found.to_owned(), 0, Vec::new());
    }

    /// A rule is hit by an amount: `allowed` fen is less than `asked`.
    pub fn short(&mut self, rule: &str, subject: &str, allowed: Fen, asked: Fen) {
        self.push(rule, subject, allowed.to_string(), asked.to_string(), asked.saturating_sub(allowed), Vec::new());
    }

    /// Like [`Desk::short`], naming sources that could lawfully pay.
    pub fn short_with_sources(&mut self, rule: &str, subject: &str, allowed: Fen, asked: Fen, lawful: Vec<String>) {
        self.push(rule, subject, allowed.to_string(), asked.to_string(), asked.saturating_sub(allowed), lawful);
    }

    /// A rule is hit, with everything that is known of it.
    pub fn push(
        &mut self,
        rule: &str,
        subject: &str,
        expected: String,
        found: String,
        shortfall_fen: Fen,
        lawful: Vec<String>,
    ) {
        let (rule, subject) = (rule.to_owned(), subject.to_owned());
        self.hits.push(Hit { rule, subject, expected, found, shortfall_fen, lawful_sources: lawful });
    }

    /// A field names something that the book does not hold.
    pub fn unknown(&mut self, field: &str) {
        self.fault(field, "UNKNOWN", "账套中没有该编号", "names nothing in this book");
    }

    /// A field gives a code that is taken.
    pub fn taken(&mut self, field: &str) {
        self.fault(field, "EXISTS", "该编号已被使用", "is taken already");
    }

    /// A field is malformed in a way that only the book's content shows.
    pub fn fault(&mut self, field: &str, code: &'static str, zh: &str, en: &str) {
        self.faults.push(FieldFault { field: field.to_owned(), code, zh: zh.to_owned(), en: en.to_owned() });
    }

    /// The day that deadlines judge: from `live_from` on the later of document date and record day (decisions.md 12).
    pub fn judged_day(&self, date: Day) -> Day {
        if date < self.state.live_from { date } else { date.max(self.today) }
    }

    /// The day that deadlines on money judge: the judged day of the voucher, or of a correction the day on which the money moved.
    pub fn deadline_day(&self, date: Day, moved_on: Day) -> Day {
        if self.correcting { moved_on } else { self.judged_day(date) }
    }

    /// LED-007: the date lies in an open month and not after today.
    pub fn check_date(&mut self, date: Day, field: &str) {
        if date > self.today {
            let (today, date) = (self.today.to_string(), date.to_string());
            self.hit("LED-007", field, &today, &date);
        } else {
            self.check_open(date, field);
        }
    }

    /// LED-007: the date lies in a month that is not closed; it may lie ahead.
    pub fn check_open(&mut self, date: Day, field: &str) {
        if !self.state.is_open(date.period()) {
            let (open, date) = (self.state.next_to_close().to_string(), date.to_string());
            self.hit("LED-007", field, &open, &date);
        }
    }

    /// BUD-001: a budget is set and placed no later than its year.
    pub fn check_budget_not_over(&mut self, year: u16, date: Day) {
        if date.year() > year {
            self.hit("BUD-001", "year", &date.year().to_string(), &year.to_string());
        }
    }

    /// BUD-001: a budget is committed, spent and released within its year.
    pub fn check_budget_year(&mut self, year: u16, date: Day) {
        if date.year() != year {
            self.hit("BUD-001", "year", &date.year().to_string(), &year.to_string());
        }
    }

    /// A document's own date: not after today.
    pub fn check_not_future(&mut self, date: Day, field: &str) {
        if date > self.today {
            let (today, date) = (self.today.to_string(), date.to_string());
            self.hit("LED-007", field, &today, &date);
        }
    }

    /// LED-008 and LED-011: at least one document, none of them a bill or slip that backs another voucher.
    pub fn check_evidence(&mut self, evidence: &[Evidence]) {
        if evidence.is_empty() {
            self.hit("LED-008", "evidence", "1", "0");
        }
        self.check_unique_evidence(evidence);
    }

    /// LED-011 alone, for vouchers that may do without documents.
    pub fn check_unique_evidence(&mut self, evidence: &[Evidence]) {
        for (i, document) in evidence.iter().enumerate().filter(|(_, e)| e.kind.is_unique()) {
            let field = format!("evidence[{i}].digest");
            self.check_digest(&document.digest, &field);
            let twice = evidence.iter().filter(|e| e.kind.is_unique() && e.digest == document.digest).count() > 1;
            if twice {
                self.hit("LED-011", &field, "", "twice in this request");
            }
        }
    }

    /// LED-011: a digest that may stand once.
    pub fn check_digest(&mut self, digest: &Digest, field: &str) {
        if self.facts.get(FactKey::Evidence(digest)).is_some() && !self.reusable.contains(digest) {
            self.hit("LED-011", field, "", "");
        }
    }

    /// LED-011: a bill number that may stand once.
    pub fn check_bill(&mut self, bill_no: &str, field: &str) {
        let used = !bill_no.is_empty() && self.facts.get(FactKey::Bill(bill_no)).is_some();
        if used && !self.reusable.contains(&bill_digest(bill_no)) {
            self.hit("LED-011", field, "", bill_no);
        }
    }

    /// SRC-001: the source is registered and enabled.
    pub fn source(&mut self, code: &str, field: &str) -> Option<SourceNo> {
        let found = self.state.source_no(code).filter(|no| self.state.sources.get(*no).is_some_and(|s| s.enabled));
        if found.is_none() {
            self.hit("SRC-001", field, "", code);
        }
        found
    }

    /// A posted voucher without bill number.
    pub fn posted(&self, voucher: Voucher, effect: Effect, evidence: &[Evidence]) -> Event {
        self.posted_with_bill(voucher, effect, evidence, "")
    }

    /// A posted voucher, marked with what of its documents is known already.
    pub fn posted_with_bill(&self, voucher: Voucher, effect: Effect, evidence: &[Evidence], bill_no: &str) -> Event {
        let bill = (!bill_no.is_empty()).then(|| bill_digest(bill_no));
        let digests = unique_evidence(evidence).map(|e| e.digest).chain(bill);
        let reused = digests.filter(|digest| self.reusable.contains(digest)).collect();
        let (bill_no, evidence) = (bill_no.to_owned(), evidence.to_vec());
        Event::VoucherPosted(Box::new(VoucherPosted { voucher, effect, bill_no, evidence, reused }))
    }

    /// Numbers and signs a voucher.
    pub fn voucher(&mut self, draft: Draft) -> Voucher {
        let cycle = self.state.cycle(draft.date);
        let last = self.state.last_number(draft.word, cycle);
        let number = self.numbers.entry((draft.word, cycle)).or_insert(last);
        *number = number.saturating_add(1);
        let closing = draft.kind == VoucherKind::Closing;
        Voucher {
            ledger: draft.ledger,
            reference: VoucherRef { word: draft.word, cycle, number: *number },
            date: draft.date,
            kind: draft.kind,
            template: draft.template,
            summary: draft.summary,
            attachments: u16::try_from(draft.attachments).unwrap_or(u16::MAX),
            prepared_by: self.hands.maker,
            reviewed_by: self.hands.reviewer,
            posted_by: 0,
            cashier_by: draft.cashier,
            chief_by: if closing { self.hands.reviewer } else { 0 },
            corrects: draft.corrects,
            historical: draft.date < self.state.live_from,
            approval: draft.approval,
            commitment: draft.commitment,
            settlement: draft.settlement,
            lines: draft.lines,
        }
    }
}

/// Heads times a unit price; none beyond the range of money.
pub(crate) fn times(heads: u32, unit_fen: Fen) -> Option<Fen> {
    Fen::from(heads).checked_mul(unit_fen).filter(|fen| *fen <= record::MAX_FEN)
}
