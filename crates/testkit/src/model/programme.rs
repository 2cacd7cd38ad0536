//! Scheme, standards, budget, quotas and enrolment.

use record::command::{
    AdjustBudget, AllocateQuota, BudgetLine, ConfirmCoverage, Evidence, RegisterScheme, ReviewEnrollmentBatch,
    SetBudget, SetSubsidyStandard, SubmitEnrollmentBatch,
};
use record::kinds::{ApprovalKind, Change as Way, Side, Template, Word};
use record::{Day, Fen};

use super::case::{Case, slips_of, times};
use super::paper::Leg;
use super::spending::Act;
use super::{Change, Review};

impl Case<'_> {
    pub fn register_scheme(&mut self, c: &RegisterScheme) -> Vec<Change> {
        self.fault_if(self.m.scheme(c.year).is_some(), "year", "EXISTS");
        // A scheme entered after the fact is judged on its own days (decisions 12).
        let historical = c.enroll_deadline < self.m.opened().live_from;
        let date = if historical { c.enroll_deadline } else { self.today };
        self.carry(&Act::plain(&c.approval, &[ApprovalKind::Scheme], "APR-003", date));
        let approved = self.m.approvals.iter().find(|(a, _)| a.code == c.approval).map_or(0, |(a, _)| a.max_fen);
        self.hit_if(approved > 0 && c.total_fen > approved, "APR-003");
        // A budget set before its scheme is within it too.
        self.hit_if(self.bound_budget(c.year) > c.total_fen, "BUD-001");
        self.hit_if(c.targets.iter().any(|t| self.m.class(&t.class).is_none()), "USE-003");
        vec![Change::Scheme(c.clone())]
    }

    pub fn set_standard(&mut self, c: &SetSubsidyStandard) -> Vec<Change> {
        let s = &c.standard;
        self.class_and_plan(&s.class, &s.plan);
        let act = Act::plain(&c.approval, &[ApprovalKind::Standard], "APR-004", s.valid_from);
        self.carry(&Act { scope: ["", &s.class, &s.plan], ..act });
        self.open_month(s.valid_from);
        vec![Change::Standard(s.clone())]
    }

    pub fn set_budget(&mut self, c: &SetBudget) -> Vec<Change> {
        self.budget_day(c.date, c.year);
        self.evidence(&c.evidence);
        self.hit_if(c.lines.iter().map(|l| l.fen).sum::<Fen>() != c.total_fen, "BUD-002");
        let kinds = [ApprovalKind::Budget, ApprovalKind::Scheme];
        let act = Act { fen: c.total_fen, ..Act::plain(&c.approval, &kinds, "BUD-002", c.date) };
        let known = self.budget_lines(&act, &c.lines);
        let total = &self.m.preset().posting.budget_total;
        for line in &known {
            let set = self.m.budget_legs(total, c.year, &line.source, &line.class, &line.plan).next().is_some();
            self.hit_if(set, "BUD-002");
        }
        self.budget_paper(c.year, c.date, &c.approval, &known, &c.evidence)
    }

    pub fn adjust_budget(&mut self, c: &AdjustBudget) -> Vec<Change> {
        self.budget_day(c.date, c.year);
        self.evidence(&c.evidence);
        let up = c.lines.iter().filter(|l| l.change == Way::Increase).map(|l| l.fen).sum();
        let act = Act { fen: up, ..Act::plain(&c.approval, &[ApprovalKind::BudgetAdjust], "BUD-002", c.date) };
        let known = self.budget_lines(&act, &c.lines);
        let available = &self.m.preset().posting.budget_available;
        for line in known.iter().filter(|l| l.change == Way::Decrease) {
            let left = self.m.budget_left(available, (c.year, &line.source, &line.class, &line.plan), c.date);
            self.hit_if(left < line.fen, "BUD-001");
        }
        self.budget_paper(c.year, c.date, &c.approval, &known, &c.evidence)
    }

    /// BUD-001: a budget is set and placed no later than its year.
    fn budget_day(&mut self, date: Day, year: u16) {
        self.date(date);
        self.hit_if(date.year() > year, "BUD-001");
    }

    /// The approval carries every line; each line names a source, class and plan that go together, once.
    fn budget_lines(&mut self, act: &Act<'_>, lines: &[BudgetLine]) -> Vec<BudgetLine> {
        let mut known: Vec<BudgetLine> = Vec::new();
        self.carry(act);
        for (i, line) in lines.iter().enumerate() {
            self.in_scope(act.approval, act.rule, [&line.source, &line.class, &line.plan]);
            let source = self.source(&line.source);
            let at = self.class_and_plan(&line.class, &line.plan);
            if !source || !at {
                continue;
            }
            self.purpose(&line.source, &self.m.use_for(&line.class, &line.plan, false));
            let key = |l: &BudgetLine| (l.source.clone(), l.class.clone(), l.plan.clone());
            let twice = known.iter().any(|k| key(k) == key(line));
            self.fault_if(twice, &format!("lines[{i}]"), "DUPLICATE");
            known.push(line.clone());
        }
        known
    }

    /// The budget of a year's money that its scheme bounds.
    fn bound_budget(&self, year: u16) -> Fen {
        let bound = |code: &str| self.m.source(code).is_some_and(|s| s.quota_bound);
        let total = &self.m.preset().posting.budget_total;
        let legs = self.m.legs().filter(|(_, l)| l.account == *total && l.year == year);
        legs.filter(|(_, l)| bound(&l.source)).map(|(_, l)| l.signed()).sum()
    }

    fn budget_paper(
        &mut self,
        year: u16,
        date: Day,
        approval: &str,
        lines: &[BudgetLine],
        evidence: &[Evidence],
    ) -> Vec<Change> {
        let posting = &self.m.preset().posting;
        let bound = |code: &str| self.m.source(code).is_some_and(|s| s.quota_bound);
        // The scheme's money is a hard ceiling (rules.md 6.6).
        if let Some(scheme) = self.m.scheme(year) {
            let set = self.bound_budget(year);
            let signed = |l: &BudgetLine| if l.change == Way::Increase { l.fen } else { -l.fen };
            let change: Fen = lines.iter().filter(|l| bound(&l.source)).map(signed).sum();
            self.hit_if(change > 0 && set + change > scheme.total_fen, "BUD-001");
        }
        let mut legs = Vec::new();
        for line in lines {
            let side = if line.change == Way::Increase { Side::Debit } else { Side::Credit };
            let top = Leg {
                year,
                class: line.class.clone(),
                plan: line.plan.clone(),
                ..Leg::new(&posting.budget_total, &line.source, side, line.fen)
            };
            legs.push(top.opposite(&posting.budget_available));
            legs.push(top);
        }
        let mut paper = self.paper(Word::Yu, Template::T11, date, legs);
        paper.approval = approval.to_owned();
        paper.slips = slips_of(evidence);
        vec![Change::Paper(Box::new(paper))]
    }

    pub fn allocate_quota(&mut self, c: &AllocateQuota) -> Vec<Change> {
        self.budget_day(c.date, c.year);
        self.evidence(&c.evidence);
        self.fault_if(self.m.quotas.iter().any(|q| q.notice_no == c.notice_no), "notice_no", "EXISTS");
        self.fault_if(!self.m.has_organization(&c.organization), "organization", "UNKNOWN");
        let approved = self.m.scheme(c.year).and_then(|s| self.m.approvals.iter().find(|(a, _)| a.code == s.approval));
        self.hit_if(approved.is_none_or(|(a, _)| c.date < a.meeting_on), "APR-003");
        self.second_level(c);
        let source = self.source(&c.source);
        let mut legs = Vec::new();
        let mut lawful = Vec::new();
        for (i, line) in c.lines.iter().enumerate() {
            if !self.class_and_plan(&line.class, &line.plan) {
                continue;
            }
            let twice = lawful.contains(&(&line.class, &line.plan));
            self.fault_if(twice, &format!("lines[{i}]"), "DUPLICATE");
            lawful.push((&line.class, &line.plan));
            if let Some(heads) = line.heads.filter(|heads| source && *heads > 0) {
                legs.extend(self.places(c, (&line.class, &line.plan), heads));
            }
        }
        for (class, _) in lawful.iter().filter(|_| source) {
            let lawful_lines = c.lines.iter().filter(|l| l.class == **class && lawful.contains(&(&l.class, &l.plan)));
            let asked = lawful_lines.filter_map(|l| l.heads).map(i64::from).sum();
            self.check_places(c, class, asked);
        }
        let mut changes = vec![Change::Quota(c.clone())];
        if !legs.is_empty() {
            changes.push(Change::Paper(Box::new(self.paper(Word::Yu, Template::T12, c.date, legs))));
        }
        changes
    }

    /// BUD-003: places within the scheme's where it bounds the source; none taken back that was not given.
    fn check_places(&mut self, c: &AllocateQuota, class: &str, asked: i64) {
        let heads_of = |q: &AllocateQuota| -> i64 {
            let lines = q.lines.iter().filter(|l| l.class == class);
            lines.filter_map(|l| l.heads).map(i64::from).sum()
        };
        // What is taken back was given to that organisation; what is given counts with all others'.
        let back = c.change == Way::Decrease;
        let notices = self.m.quotas.iter().filter(|q| (q.year, &q.source) == (c.year, &c.source));
        let notices = notices.filter(|q| !back || q.organization == c.organization);
        let signed = notices.map(|q| if q.change == Way::Increase { heads_of(q) } else { -heads_of(q) });
        let given = signed.sum::<i64>();
        if back {
            self.hit_if(asked > given, "BUD-003");
        } else if let Some(scheme) = self.m.scheme(c.year)
            && self.m.source(&c.source).is_some_and(|s| s.quota_bound)
        {
            let places = scheme.targets.iter().find(|t| t.class == class).map_or(0, |t| i64::from(t.heads));
            self.hit_if(asked > 0 && given + asked > places, "BUD-003");
        }
    }

    /// T12 at the subsidy of the day.
    fn places(&mut self, c: &AllocateQuota, at: (&str, &str), heads: u32) -> Vec<Leg> {
        let price = self.m.standard(at.0, at.1, c.date).map(|s| s.subsidy_fen);
        let Some((price, fen)) = price.and_then(|price| Some((price, times(heads, price)?))) else {
            self.hit("USE-004");
            return Vec::new();
        };
        let posting = &self.m.preset().posting;
        let (mut from, mut to) = (&posting.budget_available, &posting.budget_allocated);
        if c.change == Way::Decrease {
            (from, to) = (to, from);
        }
        let left = self.m.budget_left(from, (c.year, &c.source, at.0, at.1), c.date);
        self.hit_if(left < fen, "BUD-001");
        let leg = Leg {
            year: c.year,
            class: at.0.to_owned(),
            plan: at.1.to_owned(),
            heads: i64::from(heads),
            price,
            ..Leg::new(from, &c.source, Side::Debit, fen)
        };
        vec![leg.opposite(to), leg]
    }

    pub fn submit_batch(&mut self, c: &SubmitEnrollmentBatch) -> Vec<Change> {
        let taken = self.m.batch(&c.code).is_some() || self.m.grants.iter().any(|g| g.code == c.code);
        self.fault_if(taken, "code", "EXISTS");
        self.fault_if(!self.m.has_organization(&c.organization), "organization", "UNKNOWN");
        self.date(c.submitted_on);
        self.slips(&c.evidence);
        self.hit_if(c.roster_rows != c.insured_count, "ENR-001");
        self.hit_if(times(c.gift_count, c.gift_per_person_fen) != Some(c.gift_total_fen), "ENR-002");
        if self.class_and_plan(&c.class, &c.plan) {
            let premium = self.m.standard(&c.class, &c.plan, c.submitted_on).map(|s| s.premium_fen);
            let total = premium.and_then(|premium| times(c.insured_count, premium));
            self.hit_if(total != Some(c.premium_total_fen), "ENR-002");
        }
        match self.m.scheme(c.year) {
            None => self.hit("APR-003"),
            Some(scheme) => {
                self.hit_if(self.judged(c.submitted_on) > scheme.enroll_deadline, "ENR-009");
                let end = c.cover_start.end_of_months(u32::from(scheme.cover_months));
                self.hit_if(end != Some(c.cover_end), "USE-008");
            }
        }
        self.persons_of(c);
        vec![Change::Batch(c.clone(), self.maker.clone(), self.judged(c.submitted_on))]
    }

    pub fn review_batch(&mut self, c: &ReviewEnrollmentBatch) -> Vec<Change> {
        let Some(batch) = self.m.batch(&c.batch) else {
            self.fault("batch", "UNKNOWN");
            return Vec::new();
        };
        self.not_future(c.reviewed_on);
        let office = self.m.class(&batch.class).map(|class| class.reviewer);
        let right_office = office.is_some_and(|role| self.m.has_role(&self.maker, &[role]));
        self.hit_if(!right_office, "APR-002");
        // Who handed a form in does not review it.
        let own_form = (c.batch.clone(), self.maker.clone());
        self.hit_if(self.m.handed_in.contains(&own_form), "APR-002");
        self.hit_if(c.reviewed_on < batch.submitted_on || self.m.paid_heads(&c.batch) > 0, "APR-002");
        vec![Change::Review(Review { batch: c.batch.clone(), verdict: c.verdict, on: self.judged(c.reviewed_on) })]
    }

    pub fn confirm(&mut self, c: &ConfirmCoverage) -> Vec<Change> {
        self.fault_if(self.m.batch(&c.batch).is_none(), "batch", "UNKNOWN");
        self.not_future(c.confirmed_on);
        vec![Change::Cover(c.clone())]
    }
}
