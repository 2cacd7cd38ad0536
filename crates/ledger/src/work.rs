//! Work lists: what waits for a person on a day, by their roles (rules.md 1.4, 1.5). A pure look at the state; whether they may do it is
//! judged when they do.

use std::collections::BTreeMap;

use record::kinds::{BankPurpose, FindingState, OrgType, Role, Verdict};
use record::{Day, Fen, OrgNo, Period, PersonNo};

use crate::State;
use crate::access::may_review;
use crate::detect;

/// Parameter: days within which collected premiums are passed on (P1).
const REMIT_DAYS: &str = "P1.remit_max_days";
/// Parameter: days from approval to payment (P2).
const PAY_DAYS: &str = "P2.pay_max_days";
/// Days within which a deposit's origin is found out (decisions.md 18).
const DEPOSIT_DAYS: i32 = 10;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Review what another person submitted.
    ReviewSubmission,
    /// Review an enrolment batch.
    ReviewBatch,
    /// Confirm the cover of a batch that was paid.
    ConfirmCoverage,
    /// Pay out of a commitment.
    PayCommitment,
    /// Book a movement that the bank slip shows.
    BookTransaction,
    /// Pass collected premiums on.
    RemitPremiums,
    /// Sign a day's premium receipts.
    SignDay,
    /// Find out where a deposit belongs.
    IdentifyDeposit,
    /// Verify or dismiss a finding.
    VerifyFinding,
    /// Put right what a finding is about.
    RectifyFinding,
    /// Close a finding that was put right.
    CloseFinding,
    /// Close a month that is over.
    ClosePeriod,
    /// Report the book's rules to the organisation above.
    FileRules,
}

/// Something that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What is to be done.
    pub kind: Kind,
    /// The person's role that it waits for.
    pub role: Role,
    /// Code or number of what it is about; with the kind it names the item.
    pub subject: String,
    /// Organisation concerned; 0 none.
    pub organization: OrgNo,
    /// Money concerned, in fen; 0 none.
    pub fen: Fen,
    /// Heads concerned; 0 none.
    pub heads: i64,
    /// Day since which it waits.
    pub since: Day,
    /// Last day on which it is in time.
    pub due: Option<Day>,
}

/// One look at what waits.
struct Look<'s> {
    state: &'s State,
    person: PersonNo,
    roles: Vec<Role>,
    today: Day,
    items: Vec<Item>,
}

/// What waits for a person, by kind, day and subject; with a role only what waits for that one of theirs.
pub fn work(state: &State, person: PersonNo, only: Option<Role>, today: Day) -> Vec<Item> {
    let held = state.persons.get(person).map(|p| p.roles.clone()).unwrap_or_default();
    let roles = held.into_iter().filter(|role| only.is_none_or(|only| only == *role)).collect();
    let mut look = Look { state, person, roles, today, items: Vec::new() };
    look.submissions();
    look.batches();
    look.payments();
    look.transactions();
    look.premiums();
    look.deposits();
    look.findings();
    look.closing();
    look.items.sort_by(|a, b| (a.kind, a.since, &a.subject).cmp(&(b.kind, b.since, &b.subject)));
    look.items
}

impl Look<'_> {
    /// The first of the person's roles that is among these.
    fn role(&self, among: &[Role]) -> Option<Role> {
        among.iter().copied().find(|role| self.roles.contains(role))
    }

    fn item(&self, kind: Kind, role: Role, subject: impl ToString, since: Day) -> Item {
        let subject = subject.to_string();
        Item { kind, role, subject, organization: 0, fen: 0, heads: 0, since, due: None }
    }

    fn days(&self, key: &str, otherwise: i32) -> i32 {
        self.state.days_on(key, self.today, otherwise)
    }

    fn submissions(&mut self) {
        for (submission, pending) in &self.state.pending {
            let inner = record::command::decode(&pending.command);
            let role = inner.and_then(|inner| self.role(crate::access::reviewers(&inner)));
            let Some(role) = role.filter(|_| may_review(self.state, self.person, pending, self.today)) else {
                continue;
            };
            let since = Day::of_instant(pending.time);
            let mut item = self.item(Kind::ReviewSubmission, role, submission, since);
            item.due = Some(pending.last_day);
            self.items.push(item);
        }
    }

    fn batches(&mut self) {
        let state = self.state;
        for (_, grant) in state.grants.iter() {
            let Some(batch) = grant.batch.as_deref() else { continue };
            let reviewer = state.classes.get(batch.class).map(|class| class.reviewer);
            let fresh = batch.review.is_none() && batch.submitted_by != self.person;
            if let Some(role) = reviewer.filter(|role| fresh && self.roles.contains(role)) {
                let mut item = self.item(Kind::ReviewBatch, role, &grant.code, batch.form.submitted_on);
                (item.organization, item.heads) = (grant.grantor, i64::from(batch.form.insured_count));
                item.fen = batch.form.premium_total_fen;
                item.due = state.schemes.get(&batch.form.year).map(|s| s.scheme.enroll_deadline);
                self.items.push(item);
            }
            let sent_back = batch.review.is_some_and(|(verdict, ..)| verdict == Verdict::Reject);
            let confirmed = batch.confirmation.as_ref().map_or(0, |(_, heads, ..)| *heads);
            let differs = batch.paid_heads > 0 && confirmed != batch.paid_heads && !sent_back;
            if let Some(role) = self.role(&[Role::MutualAid]).filter(|_| differs) {
                let mut item = self.item(Kind::ConfirmCoverage, role, &grant.code, batch.form.submitted_on);
                (item.organization, item.heads) = (grant.grantor, i64::from(batch.paid_heads));
                self.items.push(item);
            }
        }
    }

    fn payments(&mut self) {
        let Some(role) = self.role(&[Role::FinMaker, Role::Cashier]) else { return };
        let within = self.days(PAY_DAYS, 15);
        for (_, commitment) in self.state.commitments.iter().filter(|(_, c)| c.open_fen > 0) {
            let mut item = self.item(Kind::PayCommitment, role, &commitment.code, commitment.date);
            (item.fen, item.heads) = (commitment.open_fen, i64::from(commitment.open_heads));
            let met = self.state.approvals.get(commitment.approval).map(|a| a.approval.meeting_on);
            item.due = met.map(|day| day.plus_days(within));
            self.items.push(item);
        }
    }

    /// Movements of the special account that no voucher covers, each with what is left of it.
    fn transactions(&mut self) {
        let Some(role) = self.role(&[Role::FinMaker, Role::Cashier]) else { return };
        for (_, txn) in self.state.bank_txns.iter().filter(|(_, t)| t.used_fen < t.fen) {
            let account = self.state.bank_accounts.get(txn.account);
            // A holder's custody account is told by its premiums.
            if account.is_some_and(|a| a.purpose == BankPurpose::FundSpecial) {
                let mut item = self.item(Kind::BookTransaction, role, &txn.id, txn.date);
                item.fen = txn.fen.saturating_sub(txn.used_fen);
                self.items.push(item);
            }
        }
    }

    fn premiums(&mut self) {
        let state = self.state;
        if let Some(role) = self.role(&[Role::FinMaker, Role::Collector]) {
            let bound = state.persons.get(self.person).map_or(0, |p| p.organization);
            let mine = |holder: OrgNo| role != Role::Collector || state.is_within(holder, bound);
            let within = self.days(REMIT_DAYS, 30);
            let held = detect::held_premiums(state, self.today);
            for (holder, (heads, fen, since)) in held.into_iter().filter(|(holder, _)| mine(*holder)) {
                let mut item = self.item(Kind::RemitPremiums, role, state.organizations.code(holder), since);
                (item.organization, item.heads, item.fen) = (holder, heads, fen);
                item.due = Some(since.plus_days(within));
                self.items.push(item);
            }
        }
        if let Some(role) = self.role(&[Role::FinReviewer, Role::Cashier]) {
            let unsigned = |d: &crate::state::ReceiptDay| (d.count, d.fen) != (d.signed_count, d.signed_fen);
            for (day, receipts) in state.receipt_days.iter().filter(|(_, d)| unsigned(d)) {
                let mut item = self.item(Kind::SignDay, role, day, *day);
                item.fen = receipts.fen;
                self.items.push(item);
            }
        }
    }

    fn deposits(&mut self) {
        let Some(role) = self.role(&[Role::FinMaker]) else { return };
        let Some(source) = self.state.suspense_source() else { return };
        for (no, grant) in self.state.grants.iter().filter(|(_, g)| g.source == source) {
            let fen = crate::grants::money(self.state, no).balance_fen;
            if fen > 0 {
                let mut item = self.item(Kind::IdentifyDeposit, role, &grant.code, grant.opened_on);
                (item.fen, item.due) = (fen, Some(grant.opened_on.plus_days(DEPOSIT_DAYS)));
                self.items.push(item);
            }
        }
    }

    fn findings(&mut self) {
        for (no, finding) in self.state.findings.iter() {
            let (kind, roles): (Kind, &[Role]) = match finding.state {
                FindingState::Open if finding.stands => (Kind::VerifyFinding, &[Role::Audit]),
                FindingState::Verified => (Kind::RectifyFinding, &[Role::FinMaker, Role::FinChief]),
                FindingState::Rectifying => (Kind::CloseFinding, &[Role::Audit]),
                _ => continue,
            };
            let Some(role) = self.role(roles) else { continue };
            let mut item = self.item(kind, role, no, finding.found_on);
            (item.fen, item.heads, item.due) = (finding.sign.fen, finding.sign.heads, finding.due);
            self.items.push(item);
        }
    }

    fn closing(&mut self) {
        let state = self.state;
        if let Some(role) = self.role(&[Role::FinChief]) {
            let next: Period = state.next_to_close();
            if next < self.today.period() {
                let since = next.next().first_day();
                let item = self.item(Kind::ClosePeriod, role, next, since);
                self.items.push(item);
            }
        }
        let above = state.organizations.get(1u32).is_some_and(|own| own.org_type == OrgType::ProvFed);
        if let Some(role) = self.role(&[Role::SvcDept]).filter(|_| !above) {
            // The newest one is reported, and those before it with it.
            let unfiled: BTreeMap<u32, Day> = state.layers.unfiled().map(|(no, version)| (no, version.day)).collect();
            if let Some(((_, since), (newest, _))) = unfiled.first_key_value().zip(unfiled.last_key_value()) {
                let item = self.item(Kind::FileRules, role, newest, *since);
                self.items.push(item);
            }
        }
    }
}
