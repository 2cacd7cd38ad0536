//! What commands have in common: dates, documents, bank transactions, approvals, purposes, prices, payees, and the laws that every
//! voucher obeys.

use std::collections::BTreeMap;

use record::command::Evidence;
use record::kinds::{
    ApprovalKind, BankPurpose, Dimension, Direction, Element, LedgerKind, OrgType, Restriction, Settlement, Side,
    VoucherKind,
};
use record::{
    ApprovalNo, BankAccountNo, BankTxnNo, ClassNo, Day, Digest, Event, Fen, GrantNo, Line, MAX_FEN, OrgNo, PersonNo,
    PlanNo, SourceNo, UseNo, Voucher, hash,
};

use super::{Case, LINES};
use crate::archive::Once;
use crate::book::{Grant, Purse, Series, look::OWN};

/// A drawn bank transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drawn {
    pub no: BankTxnNo,
    pub cashier: PersonNo,
    pub settlement: Settlement,
    pub counterparty: BankAccountNo,
    pub date: Day,
    pub whole: Fen,
}

/// What a command draws.
pub(crate) struct Draw<'c> {
    /// Code of our account; none takes the account that the transaction is on.
    pub account: Option<&'c str>,
    pub purpose: BankPurpose,
    pub owner: OrgNo,
    pub movement: &'c str,
    pub direction: Direction,
    pub fen: Fen,
    /// Voucher date, where it may not lie before the movement.
    pub on: Option<Day>,
}

/// What a command needs an approval for.
pub(crate) struct Needs<'c> {
    pub approval: &'c str,
    pub kinds: &'static [ApprovalKind],
    pub rule: &'static str,
    pub on: Day,
    pub fen: Fen,
    pub source: &'c str,
    pub class: &'c str,
    pub plan: &'c str,
}

/// Money that leaves the special account for a use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutOf {
    pub source: SourceNo,
    pub use_code: UseNo,
    pub fen: Fen,
    pub date: Day,
    pub moved_on: Day,
}

impl Case<'_> {
    /// LED-007: in an open month and not after today.
    pub(crate) fn dated(&mut self, date: Day) {
        let ahead = date > self.today;
        self.breaks_if(ahead || !self.book.open(date.period()), "LED-007", "date");
    }

    /// LED-007: in an open month; it may lie ahead.
    pub(crate) fn in_open_month(&mut self, date: Day) {
        self.breaks_if(!self.book.open(date.period()), "LED-007", "date");
    }

    /// LED-007: not after today.
    pub(crate) fn not_ahead(&mut self, date: Day) {
        self.breaks_if(date > self.today, "LED-007", "date");
    }

    /// The day that deadlines judge (decisions 12).
    pub(crate) fn judged_on(&self, date: Day) -> Day {
        if date < self.book.live_from { date } else { date.max(self.today) }
    }

    /// The same of money: a correction's moved when it did.
    pub(crate) fn deadline(&self, date: Day, moved_on: Day) -> Day {
        if self.correcting { moved_on } else { self.judged_on(date) }
    }

    /// LED-008 and LED-011 of a command's documents.
    pub(crate) fn papers(&mut self, evidence: &[Evidence]) {
        self.breaks_if(evidence.is_empty(), "LED-008", "evidence");
        self.unique_papers(evidence);
    }

    /// LED-011 alone.
    pub(crate) fn unique_papers(&mut self, evidence: &[Evidence]) {
        let unique: Vec<&Digest> = evidence.iter().filter(|e| e.kind.is_unique()).map(|e| &e.digest).collect();
        for (at, digest) in unique.iter().enumerate() {
            let twice = unique.iter().take(at).any(|other| other == digest);
            self.breaks_if(twice, "LED-011", "evidence: twice");
            self.paper(digest);
        }
    }

    /// LED-011: a digest that may stand once.
    pub(crate) fn paper(&mut self, digest: &Digest) {
        if !self.again.contains(digest) {
            self.once(Once::Paper(digest));
        }
    }

    /// LED-011: a bill number that may stand once.
    pub(crate) fn bill(&mut self, bill_no: &str) {
        // Most cases keep nothing: their bill need not be hashed.
        let again = || !self.again.is_empty() && self.again.contains(&hash::sha256(bill_no.as_bytes()));
        let kept = self.kept_bill.as_deref() == Some(bill_no) || again();
        if !bill_no.is_empty() && !kept {
            self.once(Once::Bill(bill_no));
        }
    }

    /// SRC-001: registered and enabled.
    pub(crate) fn source(&mut self, code: &str) -> Option<SourceNo> {
        let no: Option<SourceNo> = self.book.sources.small(code);
        let enabled = no.filter(|no| self.book.source(*no).is_some_and(|s| s.enabled));
        self.breaks_if(enabled.is_none(), "SRC-001", code);
        enabled
    }

    /// SRC-010, LED-011, LED-007, DIV-003 of a bank transaction.
    pub(crate) fn draw(&mut self, ask: &Draw<'_>) -> Option<Drawn> {
        let book = self.book;
        let found = book.movements.find(ask.movement);
        let on_account = found.map_or("", |(_, movement)| book.bank_accounts.code(movement.account));
        let account = book.own_account(ask.account.unwrap_or(on_account), ask.purpose, ask.owner);
        self.breaks_if(account.is_none(), "SRC-010", "bank_account");
        let Some((no, movement)) = found else {
            self.unknown("bank_txn");
            return None;
        };
        self.breaks_if(account.is_some_and(|no| no != movement.account), "SRC-010", "bank_txn");
        self.again.push(movement.slip);
        let left = if movement.direction == ask.direction { movement.fen.saturating_sub(movement.drawn) } else { 0 };
        self.breaks_if(left < ask.fen, "LED-011", "bank_txn");
        self.breaks_if(ask.on.is_some_and(|date| date < movement.date), "LED-007", "bank_txn.date");
        let cash_out = movement.settlement == Settlement::Cash && ask.direction == Direction::Out;
        self.breaks_if(cash_out, "DIV-003", "bank_txn");
        Some(Drawn {
            no,
            cashier: movement.cashier,
            settlement: movement.settlement,
            counterparty: movement.counterparty,
            date: movement.date,
            whole: movement.fen,
        })
    }

    /// A draw on the special account, on the voucher's date.
    pub(crate) fn draw_special(
        &mut self,
        account: &str,
        movement: &str,
        direction: Direction,
        (fen, date): (Fen, Day),
    ) -> Option<Drawn> {
        self.draw(&Draw {
            account: Some(account),
            purpose: BankPurpose::FundSpecial,
            owner: OWN,
            movement,
            direction,
            fen,
            on: Some(date),
        })
    }

    /// The payee's rule: money reached the account that was named, which had cooled by then (P16).
    pub(crate) fn reached(&mut self, drawn: &Drawn, rule: &'static str, account: BankAccountNo, date: Day) {
        let registered = self.book.bank_accounts.get(account).map(|a| a.registered_on);
        let first = registered.map(|day| self.book.payable_from(day));
        let hot = date >= self.book.live_from && first.is_some_and(|first| drawn.date < first);
        self.breaks_if(hot, rule, "payee_account");
        self.breaks_if(drawn.counterparty != account, rule, "bank_txn.counterparty_account");
    }

    /// The payee is a registered payee account of the association: else the rule, and USE-009 where a union body would be paid.
    pub(crate) fn payee(&mut self, code: &str, rule: &'static str) -> Option<(BankAccountNo, OrgNo)> {
        let found = self.book.bank_accounts.find(code).map(|(no, a)| (no, a.is.organization, a.is.purpose));
        let kind = found.and_then(|(no, ..)| self.book.owner_type(no));
        let lawful =
            kind == Some(OrgType::MutualAid) && found.is_some_and(|(_, _, purpose)| purpose == BankPurpose::Payee);
        self.breaks_if(!lawful, rule, code);
        let through_ranks = !lawful && rule == "USE-006" && kind.is_some_and(OrgType::is_union);
        self.breaks_if(through_ranks, "USE-009", code);
        found.map(|(no, owner, _)| (no, owner))
    }

    /// Whether an approval carries what is done under it: kind, body, days, ceiling, scope, and another hand.
    pub(crate) fn approval(&mut self, needs: &Needs<'_>) -> Option<ApprovalNo> {
        let book = self.book;
        let rule = needs.rule;
        let Some((no, found)) = book.approvals.find(needs.approval) else {
            self.breaks(rule, "approval");
            return None;
        };
        let is = &found.is;
        if needs.kinds.contains(&is.kind) {
            let key = format!("approval_body.{}", is.kind);
            let bodies = book.parameter(&key, needs.on).map_or("", |(value, _)| value.as_str());
            self.breaks_if(!bodies.split('|').any(|body| body == is.body.code()), rule, "approval.body");
        } else {
            self.breaks(rule, "approval.kind");
        }
        self.breaks_if(needs.on < is.meeting_on, rule, "approval.meeting_on");
        let judged = self.judged_on(needs.on);
        self.breaks_if(is.valid_to.is_some_and(|last| judged > last), rule, "approval.valid_to");
        self.breaks_if(needs.fen > is.max_fen.saturating_sub(found.used), rule, "approval.max_fen");
        self.breaks_if(found.registered_by == self.maker, "APR-005", needs.approval);
        self.scope(no, rule, [needs.source, needs.class, needs.plan]);
        Some(no)
    }

    /// What an approval names bounds what is done under it.
    pub(crate) fn scope(&mut self, approval: ApprovalNo, rule: &'static str, asked: [&str; 3]) {
        let Some(found) = self.book.approvals.get(approval) else { return };
        let scope = &found.is.scope;
        let outside = |(allowed, asked): (&String, &str)| !allowed.is_empty() && !asked.is_empty() && allowed != asked;
        let any = [&scope.source, &scope.class, &scope.plan].into_iter().zip(asked).any(outside);
        self.breaks_if(any, rule, "approval.scope");
    }

    /// The rule that guards a source's purpose.
    pub(crate) fn purpose_rule(&self, source: SourceNo) -> &'static str {
        match self.book.restriction(source) {
            Some(Restriction::PassThrough) => "SRC-007",
            Some(Restriction::Fiscal) => "SRC-006",
            _ => "USE-011",
        }
    }

    /// A source may by its nature pay a use.
    pub(crate) fn purpose(&mut self, source: SourceNo, use_code: Option<UseNo>) {
        let Some(use_code) = use_code else { return };
        let rule = self.purpose_rule(source);
        self.breaks_if(!self.book.permits(source, use_code), rule, "source");
    }

    /// USE-003, USE-007: class and plan, and the plan open to the class.
    pub(crate) fn class_and_plan(&mut self, class: &str, plan: &str) -> Option<(ClassNo, PlanNo)> {
        let class_no: Option<ClassNo> = self.book.classes.small(class);
        let plan_no: Option<PlanNo> = self.book.plans.small(plan);
        self.breaks_if(class_no.is_none(), "USE-003", class);
        let def = class_no.and_then(|no| self.book.classes.get(no));
        let open = def.is_none_or(|def| def.plans.iter().any(|p| p == plan));
        if plan_no.is_none() || !open {
            self.breaks("USE-007", plan);
            return None;
        }
        class_no.zip(plan_no)
    }

    /// USE-004, USE-005: the standard's subsidy of the day, and heads times it.
    pub(crate) fn price(&mut self, at: (ClassNo, PlanNo), day: Day, heads: u32, unit: Fen, fen: Fen) {
        let standard = self.book.standard(at, day).map(|s| s.subsidy_fen);
        self.breaks_if(standard != Some(unit), "USE-004", "unit_fen");
        self.breaks_if(times(heads, unit) != Some(fen), "USE-005", "fen");
    }

    /// BUD-001: so much of a budget line's accounts is free on a day.
    pub(crate) fn budget(&mut self, line: crate::book::BudgetLine, accounts: &[u16], day: Day, fen: Fen) {
        let free = accounts.iter().map(|account| self.book.sums.budget_free(line, *account, day));
        let free = free.fold(0, Fen::saturating_add);
        self.breaks_if(free < fen, "BUD-001", "budget");
    }

    /// Grants that may carry an outflow, oldest first, with what each has.
    pub(crate) fn carriers(&self, out: OutOf) -> Vec<(GrantNo, Fen)> {
        let judged = self.deadline(out.date, out.moved_on);
        let may = |grant: &Grant| {
            grant.in_term(out.moved_on, judged) && self.book.grant_permits(grant, out.use_code, out.moved_on)
        };
        let open = self.book.oldest_first(out.source).filter(|no| self.book.grants.get(*no).is_some_and(may));
        let with = open.map(|no| (no, self.free(out.source, no, out.date)));
        with.filter(|(_, free)| *free > 0).collect()
    }

    fn free(&self, source: SourceNo, grant: GrantNo, day: Day) -> Fen {
        self.book.sums.free((self.book.parts.special, source, grant, OWN), day)
    }

    /// Splits an outflow over its carriers; SRC-003 where money is short, the purpose's rule where documents do not permit it.
    pub(crate) fn attribute(&mut self, out: OutOf) -> Vec<(GrantNo, Fen)> {
        let mut left = out.fen;
        let mut shares = Vec::new();
        for (grant, free) in self.carriers(out) {
            let part = free.min(left);
            if part > 0 {
                shares.push((grant, part));
            }
            left = left.saturating_sub(part);
        }
        if left > 0 {
            let others = self.book.oldest_first(out.source).filter(|no| !shares.iter().any(|(grant, _)| grant == no));
            let bound = others.map(|no| self.free(out.source, no, out.date)).fold(0, Fen::saturating_add);
            let rule = self.purpose_rule(out.source);
            self.breaks_if(bound > 0, rule, "grants");
            self.breaks_if(bound < left, "SRC-003", "grants");
        }
        shares
    }

    /// The laws of vouchers (LED-001 to 004, 009, 016), and SRC-003: no purse below nothing on any day from its first movement on.
    pub(crate) fn check_vouchers(&mut self, events: &[Event]) {
        for voucher in events.iter().filter_map(voucher_in) {
            let broken = self.laws(voucher);
            self.found.broken.extend(broken.into_iter().map(|(rule, what)| (rule, what.to_owned())));
        }
        let moves = || events.iter().filter_map(voucher_in).flat_map(|voucher| self.moves(voucher));
        // What only adds lowers no balance.
        if moves().all(|(_, _, fen)| fen >= 0) {
            return;
        }
        let mut moved: BTreeMap<Purse, Series> = BTreeMap::new();
        moves().for_each(|(purse, day, fen)| moved.entry(purse).or_default().add(day, fen));
        for (purse, series) in &moved {
            self.breaks_if(self.lowest(*purse, series) < 0, "SRC-003", "balance");
        }
    }

    /// Movements of money: whose, when, and how much came in.
    fn moves(&self, voucher: &Voucher) -> impl Iterator<Item = (Purse, Day, Fen)> {
        let money = [self.book.parts.special, self.book.parts.custody];
        voucher.lines.iter().filter(move |line| money.contains(&line.account)).map(|line| {
            let signed = if line.side == Side::Debit { line.fen } else { line.fen.saturating_neg() };
            ((line.account, line.source, line.grant, line.holder), voucher.date, signed)
        })
    }

    /// The lowest balance from the first movement on, with the movements; 0 where none takes anything.
    fn lowest(&self, purse: Purse, moved: &Series) -> Fen {
        if moved.days().all(|(_, net)| net >= 0) {
            return 0;
        }
        let mut all = self.book.sums.purse(purse).cloned().unwrap_or_default();
        moved.days().for_each(|(day, net)| all.add(day, net));
        let first = moved.days().next().map_or(Day::default(), |(day, _)| day);
        all.lowest_from(first)
    }

    /// What is wrong with a voucher by itself.
    pub(crate) fn laws(&self, voucher: &Voucher) -> Vec<(&'static str, &'static str)> {
        let mut broken = Vec::new();
        let mut add = |so: bool, rule, what| broken.extend(so.then_some((rule, what)));
        let none_to_show = voucher.lines.is_empty() && !self.found.broken.is_empty();
        add(!(2..=LINES).contains(&voucher.lines.len()) && !none_to_show, "LED-004", "lines");
        let red = matches!(voucher.kind, VoucherKind::RedReversal | VoucherKind::RedAdjust);
        for line in &voucher.lines {
            add(line.fen == 0 || (line.fen < 0 && !red), "LED-004", "fen");
            let Some(account) = self.book.accounts.get(line.account) else {
                add(true, "LED-003", "account");
                continue;
            };
            add(!account.posting || line.source == 0 || account.name_zh.is_empty(), "LED-003", "account");
            add((account.element == Element::Budget) != (voucher.ledger == LedgerKind::Budget), "LED-016", "account");
            add(account.dimensions.iter().any(|d| !carries(line, *d, voucher)), "LED-003", "dimensions");
            let total = self.book.sums.trial(line.account, line.source);
            let highest = total.debit.saturating_abs().max(total.credit.saturating_abs());
            add(highest.saturating_add(line.fen.saturating_abs()) > 4_000_000_000_000_000_000, "LED-004", "total");
        }
        let (total, by_grant) = balances(voucher);
        add(total != 0, "LED-001", "lines");
        add(by_grant, "LED-002", "lines");
        let (maker, reviewer, cashier) = (voucher.prepared_by, voucher.reviewed_by, voucher.cashier_by);
        let same = |one: PersonNo, other: PersonNo| one != 0 && one == other;
        add(same(maker, reviewer) || same(maker, cashier) || same(reviewer, cashier), "LED-009", "hands");
        broken
    }
}

/// Debits less credits in all, and whether any source and grant is out of balance.
pub(crate) fn balances(voucher: &Voucher) -> (i128, bool) {
    let mut total: i128 = 0;
    // Most vouchers are of one source and grant; those of others stand beside it.
    let mut first: Option<((SourceNo, GrantNo), i128)> = None;
    let mut others: Vec<((SourceNo, GrantNo), i128)> = Vec::new();
    for line in &voucher.lines {
        let fen = i128::from(line.fen);
        let signed = if line.side == Side::Debit { fen } else { fen.saturating_neg() };
        total = total.saturating_add(signed);
        let at = (line.source, line.grant);
        if let Some((_, sum)) = first.iter_mut().chain(&mut others).find(|(other, _)| *other == at) {
            *sum = sum.saturating_add(signed);
        } else if first.is_none() {
            first = Some((at, signed));
        } else {
            others.push((at, signed));
        }
    }
    (total, first.iter().chain(&others).any(|(_, sum)| *sum != 0))
}

/// Whether a line carries what its account demands.
fn carries(line: &Line, dimension: Dimension, voucher: &Voucher) -> bool {
    let closing = voucher.kind == VoucherKind::Closing;
    match dimension {
        Dimension::Source => line.source != 0,
        Dimension::Grant => line.grant != 0,
        Dimension::Holder => line.holder != 0,
        Dimension::Year => line.year != 0,
        Dimension::Class => line.class != 0,
        Dimension::Plan => line.plan != 0,
        Dimension::Use => line.use_code != 0,
        Dimension::Heads => closing || voucher.lines.iter().any(|l| l.account == line.account && l.heads != 0),
        Dimension::Price => closing || line.price != 0,
        Dimension::Counterparty => closing || line.counterparty != 0,
    }
}

/// The voucher of an event.
pub(crate) fn voucher_in(event: &Event) -> Option<&Voucher> {
    match event {
        Event::VoucherPosted(posted) => Some(&posted.voucher),
        Event::ReceiptPosted(posted) => Some(&posted.voucher),
        _ => None,
    }
}

/// Heads times a price, within the range of money.
pub(crate) fn times(heads: u32, unit: Fen) -> Option<Fen> {
    Fen::from(heads).checked_mul(unit).filter(|fen| *fen <= MAX_FEN)
}

impl Case<'_> {
    /// A posted voucher, with what of its documents stood before.
    pub(crate) fn posted(
        &mut self,
        plan: super::Plan,
        effect: record::event::Effect,
        evidence: &[Evidence],
        bill_no: &str,
    ) -> Event {
        let voucher = self.voucher(plan);
        let unique = evidence.iter().filter(|e| e.kind.is_unique()).map(|e| e.digest);
        let bill = (!bill_no.is_empty()).then(|| hash::sha256(bill_no.as_bytes()));
        let kept = |digest: &Digest| {
            self.again.contains(digest) || (Some(*digest) == bill && self.kept_bill.as_deref() == Some(bill_no))
        };
        let reused = unique.chain(bill).filter(kept).collect();
        let (bill_no, evidence) = (bill_no.to_owned(), evidence.to_vec());
        Event::VoucherPosted(Box::new(record::event::VoucherPosted { voucher, effect, bill_no, evidence, reused }))
    }
}
