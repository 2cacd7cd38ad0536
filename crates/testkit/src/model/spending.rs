//! Approvals, commitments and payments: T13 and T14.

use std::collections::BTreeSet;

use record::command::{CommitExpenditure, Disburse, RecordApproval, ReleaseCommitment};
use record::kinds::{
    ApprovalKind, BankPurpose, Direction, OrgType, Settlement, Side, Template, Verdict as Judgement, Word,
};
use record::{Day, Fen};

use super::case::{Case, Draw, Drawn, slips_of, times};
use super::paper::{Deed, Leg, Paper};
use super::{Change, Grant};

/// A share of a payment: grant, its source, fen.
type Share = (String, String, Fen);

/// An act that needs an approval.
pub(crate) struct Act<'c> {
    pub approval: &'c str,
    pub kinds: &'c [ApprovalKind],
    pub rule: &'static str,
    pub date: Day,
    pub fen: Fen,
    /// Source, class and plan; empty where the act has none.
    pub scope: [&'c str; 3],
}

impl<'c> Act<'c> {
    /// An act that takes no money and has no scope.
    pub fn plain(approval: &'c str, kinds: &'c [ApprovalKind], rule: &'static str, date: Day) -> Act<'c> {
        Act { approval, kinds, rule, date, fen: 0, scope: ["", "", ""] }
    }
}

impl Case<'_> {
    pub fn record_approval(&mut self, c: &RecordApproval) -> Vec<Change> {
        self.fault_if(self.m.approvals.iter().any(|(a, _)| a.code == c.code), "code", "EXISTS");
        self.not_future(c.meeting_on);
        let same =
            |a: &RecordApproval| a.kind == c.kind && a.body == c.body && a.doc_no == c.doc_no && a.scope == c.scope;
        self.hit_if(!c.doc_no.is_empty() && self.m.approvals.iter().any(|(a, _)| same(a)), "APR-001");
        vec![Change::Approval(c.clone(), self.maker.clone())]
    }

    /// Whether an approval carries an act: kind, body, days, scope and ceiling; and another hand registered it (APR-005).
    pub fn carry(&mut self, act: &Act<'_>) {
        let Some((approval, registrar)) = self.m.approvals.iter().find(|(a, _)| a.code == act.approval) else {
            self.hit(act.rule);
            return;
        };
        let bodies = self.m.parameter(&format!("approval_body.{}", approval.kind), act.date);
        let right_body = bodies.split('|').any(|body| body == approval.body.code());
        let ended = approval.valid_to.is_some_and(|last| self.judged(act.date) > last);
        let left = approval.max_fen - self.m.approval_used(&approval.code);
        self.hit_if(!act.kinds.contains(&approval.kind) || !right_body, act.rule);
        self.hit_if(act.date < approval.meeting_on || ended, act.rule);
        self.hit_if(act.fen > left, act.rule);
        self.hit_if(*registrar == self.maker, "APR-005");
        self.in_scope(act.approval, act.rule, act.scope);
    }

    /// What an approval names bounds what is done under it; what it leaves open it leaves open.
    pub fn in_scope(&mut self, approval: &str, rule: &'static str, asked: [&str; 3]) {
        let Some((approval, _)) = self.m.approvals.iter().find(|(a, _)| a.code == approval) else { return };
        let allowed = [&approval.scope.source, &approval.scope.class, &approval.scope.plan];
        let outside = allowed.iter().zip(asked).any(|(a, b)| !a.is_empty() && !b.is_empty() && *a != b);
        self.hit_if(outside, rule);
    }

    pub fn commit(&mut self, c: &CommitExpenditure) -> Vec<Change> {
        self.fault_if(self.m.commitments.iter().any(|(k, _)| k.code == c.code), "code", "EXISTS");
        self.date(c.date);
        self.hit_if(c.date.year() != c.year, "BUD-001");
        self.evidence(&c.evidence);
        let source = self.source(&c.source);
        let at = self.class_and_plan(&c.class, &c.plan);
        let scope = [c.source.as_str(), &c.class, &c.plan];
        let act = Act::plain(&c.approval, &[ApprovalKind::Expenditure], "APR-001", c.date);
        self.carry(&Act { fen: c.fen, scope, ..act });
        if at {
            self.price((&c.class, &c.plan), c.date, c.heads, c.unit_fen, c.fen);
        }
        if !source || !at {
            return Vec::new();
        }
        self.purpose(&c.source, &self.m.use_for(&c.class, &c.plan, false));
        let posting = &self.m.preset().posting;
        let line = (c.year, c.source.as_str(), c.class.as_str(), c.plan.as_str());
        let balance = |account: &str| self.m.budget_left(account, line, c.date);
        let (places, available) = (balance(&posting.budget_allocated), balance(&posting.budget_available));
        self.hit_if(places + available < c.fen, "BUD-001");
        let from_places = places.min(c.fen).max(0);
        let mut paper = self.encumbrance(c, (c.heads, c.fen, from_places), c.date, false);
        paper.slips = slips_of(&c.evidence);
        paper.deed = Deed::Commit;
        vec![Change::Commitment(c.clone(), from_places, self.judged(c.date)), Change::Paper(Box::new(paper))]
    }

    /// A line of the budget under a commitment.
    pub fn budget_leg(&self, of: &CommitExpenditure, account: &str, side: Side, fen: Fen, heads: u32) -> Leg {
        Leg {
            year: of.year,
            class: of.class.clone(),
            plan: of.plan.clone(),
            heads: i64::from(heads),
            price: of.unit_fen,
            ..Leg::new(account, &of.source, side, fen)
        }
    }

    /// T13: allocated places and available budget to committed, or back.
    fn encumbrance(
        &mut self,
        of: &CommitExpenditure,
        (heads, fen, places): (u32, Fen, Fen),
        date: Day,
        back: bool,
    ) -> Paper {
        let posting = &self.m.preset().posting;
        let side = if back { Side::Credit } else { Side::Debit };
        let mut legs = Vec::new();
        if places > 0 {
            legs.push(self.budget_leg(of, &posting.budget_allocated, side, places, heads));
        }
        if fen > places {
            let rest = if places > 0 { 0 } else { heads };
            legs.push(self.budget_leg(of, &posting.budget_available, side, fen - places, rest));
        }
        legs.push(self.budget_leg(of, &posting.budget_committed, side.other(), fen, heads));
        let mut paper = self.paper(Word::Yu, Template::T13, date, legs);
        paper.approval.clone_from(&of.approval);
        paper.commitment.clone_from(&of.code);
        paper
    }

    pub fn release(&mut self, c: &ReleaseCommitment) -> Vec<Change> {
        self.date(c.date);
        self.evidence(&c.evidence);
        let Some((of, _)) = self.m.commitments.iter().find(|(k, _)| k.code == c.commitment) else {
            self.fault("commitment", "UNKNOWN");
            return Vec::new();
        };
        self.hit_if(c.date.year() != of.year, "BUD-001");
        self.hit_if(c.date < of.date, "BUD-005");
        let (heads, fen, places) = self.m.open_commitment(&of.code);
        self.hit_if(c.fen > fen || c.heads > heads, "BUD-005");
        self.hit_if(times(c.heads, of.unit_fen) != Some(c.fen), "USE-005");
        let available = (fen - places).max(0);
        let mut paper = self.encumbrance(of, (c.heads, c.fen, (c.fen - available).max(0)), c.date, true);
        paper.slips = slips_of(&c.evidence);
        paper.deed = Deed::Release(c.heads, c.fen);
        vec![Change::Paper(Box::new(paper))]
    }

    /// The organisation behind a payee's account; `rule` where it is no payee account of the association.
    pub fn payee(&mut self, account: &str, rule: &'static str) -> Option<String> {
        let found = self.m.bank_accounts.iter().find(|a| a.code == account);
        let owner = found.and_then(|a| self.m.organizations.iter().find(|o| o.code == a.organization));
        let kind = owner.map(|o| o.org_type);
        let lawful = kind == Some(OrgType::MutualAid) && found.is_some_and(|a| a.purpose == BankPurpose::Payee);
        self.hit_if(!lawful, rule);
        self.hit_if(!lawful && rule == "USE-006" && kind.is_some_and(OrgType::is_union), "USE-009");
        found.map(|a| a.organization.clone())
    }

    /// A payee's account takes money some days after its registration (P16), historical entries apart.
    pub fn cooled(&mut self, account: &str, rule: &'static str, date: Day, moved_on: Day) {
        let Some((_, since)) = self.m.accounts_since.iter().find(|(code, _)| code == account) else { return };
        let days = self.m.parameter("P16.payee_cooling_days", *since).parse().unwrap_or(3);
        self.hit_if(date >= self.m.opened().live_from && moved_on < since.plus_days(days), rule);
    }

    pub fn disburse(&mut self, c: &Disburse) -> Vec<Change> {
        self.date(c.date);
        self.hit_if(c.settlement == Settlement::Cash, "DIV-003");
        let payee = self.payee(&c.payee_account, "USE-006");
        let drawn = self.draw(&Draw {
            account: &c.bank_account,
            purpose: BankPurpose::FundSpecial,
            owner: self.own(),
            txn: &c.bank_txn,
            direction: Direction::Out,
            fen: c.fen,
            not_before: Some(c.date),
        });
        self.evidence(&c.evidence);
        if let (Some(drawn), Some(_)) = (&drawn, &payee) {
            self.hit_if(drawn.counterparty != c.payee_account, "USE-006");
            self.cooled(&c.payee_account, "USE-006", c.date, drawn.date);
        }
        // Authority stands before the money leaves, whatever day the voucher then bears.
        let paid_on = drawn.as_ref().map_or(c.date, |d| d.date.min(c.date));
        for (i, code) in c.batches.iter().enumerate() {
            let known = self.m.batch(code).is_some();
            self.fault_if(!known, &format!("batches[{i}]"), "UNKNOWN");
            self.hit_if(known && c.batches.iter().take(i).any(|other| other == code), "ENR-001");
        }
        let Some((of, _)) = self.m.commitments.iter().find(|(k, _)| k.code == c.commitment) else {
            self.hit("BUD-005");
            return Vec::new();
        };
        self.still_authorised(of, c, paid_on, payee.as_deref());
        self.payable_batches(of, c, paid_on);
        self.price((&of.class, &of.plan), paid_on, c.heads, c.unit_fen, c.fen);
        let use_code = self.use_of(of, c);
        let account = self.expense_account(of, c);
        self.purpose(&of.source, &use_code);
        let Some(drawn) = drawn else { return Vec::new() };
        let how = (use_code.as_str(), paid_on);
        let shares = if c.grants.is_empty() { self.oldest_first(of, c, how) } else { self.named_shares(of, c, how) };
        let payee = payee.unwrap_or_default();
        self.payment(of, c, drawn, (&account, &use_code, &payee), &shares)
    }

    /// T14: expense and money a pair a share, and the budget that follows (decisions 8).
    fn payment(
        &mut self,
        of: &CommitExpenditure,
        c: &Disburse,
        drawn: Drawn,
        (account, use_code, payee): (&str, &str, &str),
        shares: &[Share],
    ) -> Vec<Change> {
        let posting = &self.m.preset().posting;
        let mut legs = Vec::new();
        for (i, (grant, source, fen)) in shares.iter().enumerate() {
            let expense = Leg {
                grant: grant.clone(),
                year: of.year,
                class: of.class.clone(),
                plan: of.plan.clone(),
                use_code: use_code.to_owned(),
                holder: self.own().to_owned(),
                counterparty: payee.to_owned(),
                heads: if i == 0 { i64::from(c.heads) } else { 0 },
                price: c.unit_fen,
                ..Leg::new(account, &of.source, Side::Debit, *fen)
            };
            let money = expense.opposite(&posting.special_bank);
            legs.push(Leg { source: source.clone(), heads: 0, bank: drawn.id.clone(), ..money });
            legs.push(expense);
        }
        let mut paper = self.paper(Word::Ji, Template::T14, c.date, legs);
        paper.cashier = drawn.cashier;
        paper.settlement = Some(c.settlement);
        paper.approval.clone_from(&of.approval);
        paper.commitment.clone_from(&of.code);
        paper.slips = slips_of(&c.evidence);
        let mut batches = c.batches.clone();
        let mut seen = BTreeSet::new();
        batches.retain(|code| seen.insert(code.clone()));
        let heads_of = |code: &String| (code.clone(), self.m.batch(code).map_or(0, |b| b.insured_count));
        paper.deed = Deed::Payment(batches.iter().map(heads_of).collect(), c.heads, c.fen);
        let legs = vec![
            self.budget_leg(of, &posting.budget_committed, Side::Debit, c.fen, c.heads),
            self.budget_leg(of, &posting.budget_spent, Side::Credit, c.fen, c.heads),
        ];
        let mut budget = self.paper(Word::Yu, Template::T14, c.date, legs);
        budget.approval.clone_from(&of.approval);
        budget.commitment.clone_from(&of.code);
        vec![Change::Paper(Box::new(paper)), Change::Paper(Box::new(budget))]
    }

    /// BUD-005, APR-001, APR-005, BUD-001: the commitment covers the payment, and its approval still holds on the day.
    fn still_authorised(&mut self, of: &CommitExpenditure, c: &Disburse, paid_on: Day, payee: Option<&str>) {
        self.hit_if(c.date.year() != of.year, "BUD-001");
        self.hit_if(paid_on < day_of(&self.m.committed_from, &of.code) || c.unit_fen != of.unit_fen, "BUD-005");
        let mut left = 0;
        if let Some((approval, registrar)) = self.m.approvals.iter().find(|(a, _)| a.code == of.approval) {
            let ended = approval.valid_to.is_some_and(|last| self.deadline(c.date, paid_on) > last);
            let named = &approval.scope.payee;
            let other_payee = !named.is_empty() && payee != Some(named.as_str());
            self.hit_if(paid_on < approval.meeting_on || ended || other_payee, "APR-001");
            self.hit_if(*registrar == self.maker, "APR-005");
            left = approval.max_fen - self.m.approval_used(&of.approval);
        }
        let (heads, fen, _) = self.m.open_commitment(&of.code);
        if c.fen <= fen && c.heads <= heads {
            return;
        }
        // Beyond the commitment: is there budget, is there approval for it (AC-11)?
        let posting = &self.m.preset().posting;
        let balance = |account: &str| self.m.budget(account, of.year, &of.source, &of.class, &of.plan);
        let short = c.fen - fen;
        self.hit("BUD-005");
        self.hit_if(balance(&posting.budget_allocated) + balance(&posting.budget_available) < short, "BUD-001");
        self.hit_if(left < short, "APR-001");
    }

    /// ENR-001, BUD-001 by class and year, USE-007, APR-002.
    fn payable_batches(&mut self, of: &CommitExpenditure, c: &Disburse, paid_on: Day) {
        let codes: BTreeSet<&String> = c.batches.iter().collect();
        let batches: Vec<_> = codes.into_iter().filter_map(|code| self.m.batch(code)).collect();
        let heads: u64 = batches.iter().map(|b| u64::from(b.insured_count)).sum();
        self.hit_if(heads != u64::from(c.heads), "ENR-001");
        self.within_places(of, &batches);
        for batch in batches {
            self.hit_if(self.m.paid_heads(&batch.code) > 0, "ENR-001");
            self.hit_if(batch.class != of.class || batch.year > of.year, "BUD-001");
            self.hit_if(batch.plan != of.plan, "USE-007");
            let needed = self.m.class(&batch.class).is_some_and(|class| class.review_required);
            let passed = match self.m.reviews.iter().rfind(|r| r.batch == batch.code) {
                Some(last) => last.verdict == Judgement::Approve && last.on <= paid_on,
                None => !needed,
            };
            self.hit_if(!passed || day_of(&self.m.handed_in_from, &batch.code) > paid_on, "APR-002");
        }
    }

    /// USE-002, USE-012: the use of class and plan; another one that is named is followed, and refused.
    fn use_of(&mut self, of: &CommitExpenditure, c: &Disburse) -> String {
        let right = self.m.use_for(&of.class, &of.plan, false);
        if c.use_code.is_empty() || c.use_code == right {
            return right;
        }
        let preset = self.m.preset();
        self.hit("USE-002");
        self.hit_if(preset.forbidden_uses.iter().any(|u| u.code == c.use_code), "USE-012");
        if preset.uses.iter().any(|u| u.code == c.use_code) { c.use_code.clone() } else { right }
    }

    /// USE-001, USE-009, USE-010: the expense account of the class.
    fn expense_account(&mut self, of: &CommitExpenditure, c: &Disburse) -> String {
        let bound = self.m.class(&of.class).map_or_else(String::new, |class| class.expense_account.clone());
        if c.account.is_empty() || c.account == bound {
            return bound;
        }
        let posting = &self.m.preset().posting;
        self.hit("USE-001");
        self.hit_if(posting.not_expense.contains(&c.account), "USE-010");
        self.hit_if(posting.pass_down.contains(&c.account), "USE-009");
        c.account.clone()
    }

    /// Whether a grant may pay a use for a voucher of a date, with money that moved on a day.
    fn permits(&self, grant: &Grant, use_code: &str, (date, paid_on): (Day, Day)) -> bool {
        let grant = self.m.terms_on(grant, paid_on);
        let begun = grant.valid_from.is_none_or(|first| first <= paid_on);
        let in_term = begun && grant.valid_to.is_none_or(|last| self.deadline(date, paid_on) <= last);
        let source = self.m.source(&grant.source);
        let by_source = source.is_some_and(|s| !s.grant_uses && s.uses.iter().any(|u| u == use_code));
        in_term && if grant.uses.is_empty() { by_source } else { grant.uses.iter().any(|u| u == use_code) }
    }

    /// Splits a payment over its source's open grants, oldest first. What they cannot carry hits SRC-003, or the source's purpose
    /// where there is money whose documents do not permit this use or day.
    fn oldest_first(&mut self, of: &CommitExpenditure, c: &Disburse, (use_code, paid_on): (&str, Day)) -> Vec<Share> {
        let special = &self.m.preset().posting.special_bank;
        let (mut left, mut elsewhere) = (c.fen, 0);
        let mut shares = Vec::new();
        for grant in self.m.grants_by_age(&of.source) {
            let has = self.m.spendable(special, &of.source, &grant.code, self.own(), c.date);
            if !self.permits(grant, use_code, (c.date, paid_on)) {
                elsewhere += has;
            } else if has.min(left) > 0 {
                shares.push((grant.code.clone(), of.source.clone(), has.min(left)));
                left -= has.min(left);
            }
        }
        let rule = self.purpose_rule(&of.source);
        self.hit_if(left > 0 && elsewhere > 0, rule);
        self.hit_if(left > elsewhere, "SRC-003");
        shares
    }

    /// The shares that a payment names: of its own source (SRC-004), within their documents, adding up (LED-001).
    fn named_shares(&mut self, of: &CommitExpenditure, c: &Disburse, (use_code, paid_on): (&str, Day)) -> Vec<Share> {
        let mut shares: Vec<Share> = Vec::new();
        for (i, share) in c.grants.iter().enumerate() {
            let field = format!("grants[{i}].grant");
            let Some(grant) = self.m.grants.iter().find(|g| g.code == share.grant) else {
                self.fault(&field, "UNKNOWN");
                continue;
            };
            self.hit_if(grant.source != of.source, "SRC-004");
            let rule = self.purpose_rule(&grant.source);
            let permitted = self.permits(grant, use_code, (c.date, paid_on));
            self.hit_if(!permitted, rule);
            self.fault_if(shares.iter().any(|(code, ..)| *code == share.grant), &field, "DUPLICATE");
            shares.push((grant.code.clone(), grant.source.clone(), share.fen));
        }
        self.hit_if(c.grants.iter().map(|s| s.fen).sum::<Fen>() != c.fen, "LED-001");
        shares
    }
}

/// The day beside a code.
fn day_of(list: &[(String, Day)], code: &str) -> Day {
    list.iter().find(|(other, _)| other == code).map_or(Day(i32::MIN), |(_, day)| *day)
}
