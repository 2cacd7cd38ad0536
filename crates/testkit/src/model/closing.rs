//! Closing months and years (T24 to T26, T29), signing days, carrying to surplus (T27).

use record::command::{CarryToSurplus, ClosePeriod, CloseYear, SignDailySummary};
use record::kinds::{ApprovalKind, Element, Restriction, Side, Template, VoucherKind, Word};
use record::{Day, Fen, Period};

use super::Change;
use super::case::{Case, slips_of};
use super::paper::Leg;
use super::spending::Act;

/// Adds a leg to the sum of those that agree in everything but amount, heads and the like: a balance, debit positive.
fn add(balances: &mut Vec<Leg>, leg: &Leg) {
    let plain = Leg {
        side: Side::Debit,
        fen: leg.signed(),
        counterparty: String::new(),
        heads: 0,
        price: 0,
        bank: String::new(),
        ..leg.clone()
    };
    let same = |b: &&mut Leg| Leg { fen: 0, ..(**b).clone() } == Leg { fen: 0, ..plain.clone() };
    match balances.iter_mut().find(same) {
        Some(sum) => sum.fen += plain.fen,
        None => balances.push(plain),
    }
}

impl Case<'_> {
    pub fn close_period(&mut self, c: &ClosePeriod) -> Vec<Change> {
        self.hit_if(c.period.month == 12, "LED-007");
        self.closable(c.period);
        vec![Change::Closed(c.period)]
    }

    /// LED-007: in order, and over. LED-013: nothing unsigned, nothing waiting.
    fn closable(&mut self, period: Period) {
        self.hit_if(period != self.m.next_to_close() || self.today <= period.last_day(), "LED-007");
        let receipts = self.m.papers.iter().filter(|p| p.reference.word == Word::Dai && p.date.period() == period);
        let unsigned = |day: Day| {
            let signed = self.m.signatures.iter().rfind(|(d, ..)| *d == day).map(|(_, count, fen)| (*count, *fen));
            signed != Some(self.m.receipts_of_day(day))
        };
        // What has expired waits no more.
        let mut waiting = self.m.waiting.iter().filter(|w| w.until >= self.today);
        let waits = waiting.any(|w| Case::posting_month(&w.command) == Some(period));
        let any_unsigned = receipts.map(|p| p.date).any(unsigned);
        self.hit_if(any_unsigned || waits, "LED-013");
    }

    pub fn close_year(&mut self, c: &CloseYear) -> Vec<Change> {
        let december = Period { year: c.year, month: 12 };
        let date = december.last_day();
        self.closable(december);
        let posting = &self.m.preset().posting;
        let mut budget: Vec<Leg> = Vec::new();
        let kept =
            |l: &Leg| self.m.account(&l.account).is_some_and(|a| a.element == Element::Budget) && l.year == c.year;
        self.m.legs().filter(|(_, l)| kept(l)).for_each(|(_, l)| add(&mut budget, l));
        budget.retain(|l| l.fen != 0);
        self.hit_if(budget.iter().any(|l| l.account == posting.budget_committed), "LED-013");
        let mut changes = Vec::new();
        let sources = self.m.preset().sources.clone();
        for source in &sources {
            self.close_source(&source.code, date, &mut changes);
        }
        for source in &sources {
            let of_source: Vec<&Leg> = budget.iter().filter(|l| l.source == source.code).collect();
            self.close_budget(&of_source, date, &mut changes);
        }
        changes.push(Change::Closed(december));
        changes
    }

    /// T24 and T25: income and expense of the year to the source's result; T26: result and the other carry-forward accounts to the
    /// accumulated one. Only what is dated by the year's last day belongs to the year.
    fn close_source(&mut self, code: &str, date: Day, changes: &mut Vec<Change>) {
        let Some(source) = self.m.source(code) else { return };
        let (result, carry) = (&source.result_account, &source.carry_account);
        let Some(heading) = self.m.account(carry).map(|a| &a.parent) else { return };
        let (mut income, mut expense, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for (_, leg) in self.m.legs().filter(|(day, l)| l.source == code && *day <= date) {
            let Some(account) = self.m.account(&leg.account) else { continue };
            match account.element {
                Element::Income => add(&mut income, leg),
                Element::Expense => add(&mut expense, leg),
                _ if account.parent == *heading && account.code != *carry && account.code != *result => {
                    add(&mut rest, leg);
                }
                _ => {}
            }
        }
        for leg in income.iter().chain(&expense) {
            let of_grant = Leg { grant: leg.grant.clone(), ..Leg::new(result, code, Side::Debit, leg.fen) };
            add(&mut rest, &of_grant);
        }
        self.transfer(Template::T24, date, &income, result, changes);
        self.transfer(Template::T25, date, &expense, result, changes);
        self.transfer(Template::T26, date, &rest, carry, changes);
        let posting = &self.m.preset().posting;
        let mut handed_back = Vec::new();
        for (_, leg) in self.m.legs().filter(|(day, l)| l.source == code && *day <= date) {
            if [&posting.fiscal_return, &posting.fiscal_surplus_transfer].contains(&&leg.account) {
                add(&mut handed_back, leg);
            }
        }
        self.transfer(Template::T26, date, &handed_back, &posting.fiscal_return, changes);
    }

    /// Takes balances away and puts their net on another account, grant by grant.
    fn transfer(&mut self, template: Template, date: Day, balances: &[Leg], to: &str, changes: &mut Vec<Change>) {
        let away = |balance: &Leg, fen: Fen| Leg {
            side: if fen > 0 { Side::Credit } else { Side::Debit },
            fen: fen.abs(),
            holder: if balance.holder.is_empty() { self.own().to_owned() } else { balance.holder.clone() },
            ..balance.clone()
        };
        let moved: Vec<&Leg> = balances.iter().filter(|l| l.fen != 0).collect();
        let mut legs: Vec<Leg> = moved.iter().map(|l| away(l, l.fen)).collect();
        let mut grants: Vec<&String> = moved.iter().map(|l| &l.grant).collect();
        grants.sort();
        grants.dedup();
        for grant in grants {
            let of_grant = moved.iter().filter(|l| l.grant == *grant);
            let net: Fen = of_grant.map(|l| l.fen).sum();
            if let Some(source) = moved.first().filter(|_| net != 0).map(|l| &l.source) {
                let counter = Leg { grant: grant.clone(), ..Leg::new(to, source, Side::Debit, net) };
                legs.push(away(&counter, -net));
            }
        }
        if !legs.is_empty() {
            let mut paper = self.paper(Word::Zhuan, template, date, legs);
            paper.kind = VoucherKind::Closing;
            changes.push(Change::Paper(Box::new(paper)));
        }
    }

    /// T12 back for places not used, then T29: what was available or spent, against the total.
    fn close_budget(&mut self, balances: &[&Leg], date: Day, changes: &mut Vec<Change>) {
        let posting = &self.m.preset().posting;
        let (mut returned, mut cancelled) = (Vec::new(), Vec::new());
        for balance in balances {
            // A credit balance is taken away by a debit.
            let away = Leg { fen: balance.fen.abs(), ..(*balance).clone() };
            if balance.account == posting.budget_allocated {
                returned.push(away.opposite(&posting.budget_available));
                cancelled.push(Leg { account: posting.budget_available.clone(), ..away.clone() });
                cancelled.push(away.opposite(&posting.budget_total));
                returned.push(away);
            } else if balance.account == posting.budget_available || balance.account == posting.budget_spent {
                cancelled.push(away.opposite(&posting.budget_total));
                cancelled.push(away);
            }
        }
        for (template, legs) in [(Template::T12, returned), (Template::T29, cancelled)] {
            if !legs.is_empty() {
                let mut paper = self.paper(Word::Yu, template, date, legs);
                paper.kind = VoucherKind::Closing;
                changes.push(Change::Paper(Box::new(paper)));
            }
        }
    }

    pub fn sign_day(&mut self, c: &SignDailySummary) -> Vec<Change> {
        let (count, fen) = self.m.receipts_of_day(c.day);
        self.hit_if((count, fen) != (c.count, c.total_fen) || count == 0, "LED-006");
        self.hit_if(!self.m.is_open(c.day.period()), "LED-007");
        vec![Change::Signed(c.day, c.count, c.total_fen)]
    }

    pub fn carry_to_surplus(&mut self, c: &CarryToSurplus) -> Vec<Change> {
        self.date(c.date);
        self.evidence(&c.evidence);
        let act = Act::plain(&c.approval, &[ApprovalKind::CarryToSurplus], "DIV-007", c.date);
        self.carry(&Act { fen: c.fen, scope: [&c.source, "", ""], ..act });
        if !self.source(&c.source) {
            return Vec::new();
        }
        if !self.m.grants.iter().any(|g| g.code == c.grant && g.source == c.source) {
            self.fault("grant", "UNKNOWN");
            return Vec::new();
        }
        // T27 knows the union's own surplus: fiscal money stays carried forward, or goes back to the treasury.
        let fiscal = self.m.source(&c.source).is_some_and(|s| s.restriction == Restriction::Fiscal);
        self.hit_if(fiscal, "SRC-006");
        let carry = self.m.source(&c.source).map_or("", |s| s.carry_account.as_str());
        let left: Fen = self.m.moves(carry, &c.source, &c.grant, self.own()).iter().map(|(_, fen)| -fen).sum();
        self.hit_if(left < c.fen, "SRC-003");
        let leg = |account: &str, side: Side| Leg {
            grant: c.grant.clone(),
            holder: self.own().to_owned(),
            ..Leg::new(account, &c.source, side, c.fen)
        };
        let posting = &self.m.preset().posting;
        let legs = vec![
            leg(carry, Side::Debit),
            leg(&posting.surplus_transfer, Side::Credit),
            leg(&posting.surplus_transfer, Side::Debit),
            leg(&posting.surplus, Side::Credit),
        ];
        let mut paper = self.paper(Word::Ji, Template::T27, c.date, legs);
        paper.approval.clone_from(&c.approval);
        paper.slips = slips_of(&c.evidence);
        vec![Change::Paper(Box::new(paper))]
    }
}
