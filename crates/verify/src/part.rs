//! Judging a part of a book: what a grant, a voucher or a period is about, with what it rests on. That each record is in the tree is
//! `file`'s; here is what the records show by themselves: that they hang together, who acted in which office, that two people did, that
//! vouchers balance, that money went where its documents permit. What a part cannot show is listed in docs/verify.md.

use std::collections::{BTreeMap, BTreeSet};

use record::command::RecordApproval;
use record::event::{Committed, Effect, VoucherPosted};
use record::evidence::Scope;
use record::kinds::{Side, Verdict, Word};
use record::{Day, Event, Record, Sequence, Voucher, VoucherRef};

use crate::archive::Archive;
use crate::asked::asked;
use crate::book::{Book, Grant};
use crate::compare;
use crate::fault::Code;
use crate::judge::{Ask, Case, allowed, balances, voucher_in};
use crate::report::Report;
use crate::verifier::hex;

/// A form and its review.
#[derive(Default)]
struct Form {
    class: String,
    review: Option<(Verdict, Day)>,
}

/// What a part has shown so far.
#[derive(Default)]
pub(crate) struct Part {
    book: Book,
    archive: Archive,
    open: Vec<Record>,
    orgs: BTreeSet<u32>,
    accounts: BTreeSet<u32>,
    grants: BTreeMap<u32, (String, Grant)>,
    forms: BTreeMap<u32, Form>,
    approvals: BTreeMap<u32, RecordApproval>,
    commitments: BTreeMap<u32, Committed>,
    /// Bank movements, with their days.
    movements: BTreeMap<u32, Day>,
    vouchers: BTreeSet<VoucherRef>,
    /// The grant that the part is about.
    about: u32,
    sums: BTreeMap<(String, String), i64>,
}

impl Part {
    pub(crate) fn of(scope: &Scope) -> Part {
        Part { about: if let Scope::Grant(no) = scope { *no } else { 0 }, ..Part::default() }
    }

    /// Takes the next record. Those of a command come together, some of them perhaps left out.
    pub(crate) fn take(&mut self, record: Record, report: &mut Report) {
        let follows = self.open.last().is_some_and(|last| {
            last.sequence.checked_add(1) == Some(record.sequence) && last.part.checked_add(1) == Some(record.part)
        });
        let one_hand = self.open.last().is_none_or(|last| {
            (last.time, &last.actor, last.rule_set, last.parts)
                == (record.time, &record.actor, record.rule_set, record.parts)
        });
        if follows && (!one_hand || record.request.is_some()) {
            let found = format!("part {} of {}", record.part, record.parts);
            report.add(record.sequence, Code::Command, "a command of one hand and one moment", found);
        }
        if !follows {
            self.command(report);
        }
        self.open.push(record);
    }

    /// Judges what has come of a command.
    fn command(&mut self, report: &mut Report) {
        let records = core::mem::take(&mut self.open);
        let Some(first) = records.first() else { return };
        if first.part != 0 {
            lacks(report, first.sequence, "the record that its command begins with", "none");
        }
        // Every change of the rules is in a part, so that the version that a record bears shows none left out.
        let version = self.book.layers.version();
        if first.sequence > 1 && first.rule_set != version {
            lacks(report, first.sequence, &format!("rules of version {}", first.rule_set), &format!("{version}"));
        }
        // What a command defines, its own vouchers may rest on.
        records.iter().for_each(|record| self.define(record, report));
        self.asked(first, &records, report);
        for record in &records {
            if let Some(voucher) = voucher_in(&record.event) {
                self.voucher(record, voucher, first, report);
            }
            if let Event::VoucherPosted(posted) = &record.event {
                self.effect(record, posted, report);
            }
        }
        for record in &records {
            if !self.book.fold_part(record) {
                lacks(report, record.sequence, "accounts and persons in order", "one out of order");
            }
        }
    }

    /// Who asked, and whether the request bears the fingerprint of what stands.
    fn asked(&self, first: &Record, records: &[Record], report: &mut Report) {
        let (Some(request), 0) = (&first.request, first.part) else { return };
        if let Event::Reviewed { submission, .. } = &first.event {
            match self.book.waiting.get(submission) {
                None => lacks(report, first.sequence, &format!("the submission {submission}"), "none"),
                Some(waiting) if waiting.person == first.actor.person => {
                    report.add(first.sequence, Code::Hands, "another person than who submitted it", "the same");
                }
                Some(_) => {}
            }
        }
        // Of what else takes effect at once, the events name by ordinals what the part does not hold.
        let whole = matches!(
            first.event,
            Event::Submitted { .. }
                | Event::Reviewed { .. }
                | Event::Withdrawn { .. }
                | Event::ApprovalRecorded { .. }
                | Event::AccountDefined { .. }
                | Event::OrganizationRegistered { .. }
                | Event::SnapshotRegistered { .. }
                | Event::PeriodClosed { .. }
                | Event::BatchSubmitted { .. }
                | Event::LogPolicySet { .. }
        );
        let (asked, true) = asked(&self.book, records) else { return };
        let Some(command) = asked.first().filter(|_| whole) else { return };
        let person = self.book.persons.code(first.actor.person);
        if record::command_fingerprint(&self.book.code, person, command) != request.fingerprint {
            let expected = "that of the command in the record";
            report.add(first.sequence, Code::Fingerprint, expected, hex(&request.fingerprint));
        }
        let ask = Ask::of(command);
        if !allowed(&self.book, first.actor.person, &ask) {
            let name = ask.name().unwrap_or("review or withdrawal");
            report.add(first.sequence, Code::Role, format!("an office that may ask {name}"), person);
        }
        report.judged = report.judged.saturating_add(1);
    }

    fn voucher(&mut self, record: &Record, voucher: &Voucher, first: &Record, report: &mut Report) {
        let at = record.sequence;
        report.vouchers = report.vouchers.saturating_add(1);
        let (total, by_grant) = balances(voucher);
        if total != 0 || by_grant {
            report.add(at, Code::Balance, "0 by source and grant", format!("{total} in all"));
        }
        let case = Case::new(&self.book, &self.archive, record.time, voucher.prepared_by, voucher.reviewed_by);
        for (rule, what) in case.laws(voucher) {
            let code = match rule {
                "LED-003" | "LED-004" | "LED-016" => Code::Line,
                "LED-009" => Code::Hands,
                _ => continue,
            };
            report.add(at, code, "as the account and the voucher demand", format!("{rule} {what}"));
        }
        if voucher.reference.word == Word::Ji {
            self.reviewed(at, voucher, first, report);
        }
        self.rests_on(at, voucher, report);
        self.add_up(voucher);
        self.vouchers.insert(voucher.reference);
    }

    /// A voucher of word 记 stands by the review of another person.
    fn reviewed(&self, at: Sequence, voucher: &Voucher, first: &Record, report: &mut Report) {
        let Event::Reviewed { submission, verdict: Verdict::Approve, .. } = &first.event else {
            report.add(at, Code::Review, "a review before it", compare::name(&first.event));
            return;
        };
        let maker = self.book.waiting.get(submission).map(|waiting| waiting.person);
        let hands = (Some(voucher.prepared_by), voucher.reviewed_by);
        if maker.is_some() && hands != (maker, first.actor.person) {
            let found = format!("{} and {}", voucher.prepared_by, voucher.reviewed_by);
            let expected = format!("{} and {}", maker.unwrap_or(0), first.actor.person);
            report.add(at, Code::Hands, expected, found);
        }
    }

    /// Everything that a voucher names is in the part.
    fn rests_on(&self, at: Sequence, voucher: &Voucher, report: &mut Report) {
        let mut missing = BTreeSet::new();
        let mut needs = |so: bool, what: &str, no: u32| {
            if no != 0 && !so {
                missing.insert(format!("{what} {no}"));
            }
        };
        for line in &voucher.lines {
            needs(self.grants.contains_key(&line.grant), "grant", line.grant);
            needs(self.movements.contains_key(&line.bank), "bank transaction", line.bank);
            needs(self.orgs.contains(&line.holder), "organisation", line.holder);
            needs(self.orgs.contains(&line.counterparty), "organisation", line.counterparty);
        }
        needs(self.approvals.contains_key(&voucher.approval), "approval", voucher.approval);
        needs(self.commitments.contains_key(&voucher.commitment), "commitment", voucher.commitment);
        if let Some(of) = voucher.corrects.filter(|of| !self.vouchers.contains(of)) {
            missing.insert(format!("voucher {of}"));
        }
        missing.iter().for_each(|what| lacks(report, at, what, "none"));
    }

    /// What a payment did: within its approval, for batches that were reviewed, for a use that its grants' documents permit.
    fn effect(&mut self, record: &Record, posted: &VoucherPosted, report: &mut Report) {
        let (at, voucher) = (record.sequence, &posted.voucher);
        let Effect::Payment { batches, fen, .. } = &posted.effect else { return };
        if let Some(approval) = self.approvals.get(&voucher.approval).filter(|approval| *fen > approval.max_fen) {
            report.add(at, Code::Approval, format!("≤ {} fen", approval.max_fen), format!("{fen} fen"));
        }
        let bank = voucher.lines.iter().find_map(|line| self.movements.get(&line.bank));
        let moved_on = bank.copied().unwrap_or(voucher.date);
        for (batch, _) in batches {
            let Some(form) = self.forms.get(batch) else {
                lacks(report, at, &format!("enrolment form {batch}"), "none");
                continue;
            };
            let class = self.book.classes.find(&form.class).map(|(_, class)| class);
            let needed = class.is_some_and(|class| class.review_required);
            let good = match form.review {
                Some((verdict, on)) => verdict == Verdict::Approve && on <= moved_on,
                None => !needed,
            };
            if !good {
                report.add(at, Code::Rule, "refused", format!("APR-002 batch {batch}"));
            }
        }
        report.purposes = report.purposes.saturating_add(1);
        for line in voucher.lines.iter().filter(|line| line.side == Side::Credit && line.use_code != 0) {
            let Some((code, grant)) = self.grants.get(&line.grant) else { continue };
            if !self.book.grant_permits(grant, line.use_code, moved_on) {
                let expected = format!("a use that {code} permits");
                report.add(at, Code::Rule, expected, format!("use {}", self.book.uses.code(line.use_code)));
            }
        }
    }

    fn add_up(&mut self, voucher: &Voucher) {
        for line in voucher.lines.iter().filter(|line| self.about == 0 || line.grant == self.about) {
            let at = (self.book.accounts.code(line.account).to_owned(), self.book.sources.code(line.source).to_owned());
            let sum = self.sums.entry(at).or_default();
            *sum = sum.saturating_add(if line.side == Side::Debit { line.fen } else { line.fen.saturating_neg() });
        }
    }

    /// Takes in what a record defines.
    fn define(&mut self, record: &Record, report: &mut Report) {
        if let Some((no, code, grant)) = self.book.grant_of(&record.event) {
            self.grants.insert(no, (code, grant));
        }
        match &record.event {
            Event::BookCreated(created) => {
                let given = created.preset.organizations.len().saturating_add(1);
                self.orgs.extend((1..).take(given));
            }
            Event::OrganizationRegistered { no, .. } => self.orgs.extend([*no]),
            Event::BankAccountRegistered(account) => {
                self.accounts.insert(account.no);
                self.needs_org(record.sequence, account.organization, report);
            }
            Event::BankTransactionRegistered(movement) => {
                self.movements.insert(movement.no, movement.date);
                if !self.accounts.contains(&movement.account) {
                    lacks(report, record.sequence, &format!("bank account {}", movement.account), "none");
                }
            }
            Event::ApprovalRecorded { no, approval } => self.approvals.extend([(*no, approval.clone())]),
            Event::ParameterSet { approval, .. }
            | Event::StandardSet { approval, .. }
            | Event::SchemeRegistered { approval, .. }
            | Event::HistoryRegistered { approval, .. } => self.needs_approval(record.sequence, *approval, report),
            Event::RuleSetAdopted(adopted) => self.needs_approval(record.sequence, adopted.approval, report),
            Event::Committed(made) => {
                self.needs_approval(record.sequence, made.approval, report);
                self.commitments.insert(made.no, made.clone());
            }
            Event::BatchSubmitted { no, batch } => {
                self.forms.insert(*no, Form { class: batch.class.clone(), review: None });
            }
            Event::BatchReviewed { batch, verdict, reviewed_on, .. } => {
                if let Some(form) = self.forms.get_mut(batch) {
                    let recorded = Day::of_instant(record.time);
                    let live = *reviewed_on >= self.book.live_from;
                    form.review = Some((*verdict, if live { recorded.max(*reviewed_on) } else { *reviewed_on }));
                }
            }
            Event::GrantOpened(opened) => self.needs_org(record.sequence, opened.grantor, report),
            Event::GrantAmended(change) => {
                self.needs_approval(record.sequence, change.consent, report);
                let recorded = Day::of_instant(record.time);
                if let Some((_, grant)) = self.grants.get_mut(&change.grant) {
                    self.book.change_terms(grant, change, recorded);
                }
            }
            _ => {}
        }
    }

    fn needs_org(&self, at: Sequence, no: u32, report: &mut Report) {
        if no != 0 && !self.orgs.contains(&no) {
            lacks(report, at, &format!("organisation {no}"), "none");
        }
    }

    fn needs_approval(&self, at: Sequence, no: u32, report: &mut Report) {
        if no != 0 && !self.approvals.contains_key(&no) {
            lacks(report, at, &format!("approval {no}"), "none");
        }
    }

    /// The part is at its end: what it is about must be there.
    pub(crate) fn close(mut self, scope: &Scope, last: Sequence, report: &mut Report) {
        self.command(report);
        let known = |no: u32| self.grants.get(&no).map(|(code, _)| code.clone());
        let (there, what) = match scope {
            Scope::Grant(no) => (known(*no).is_some(), format!("grant {}", known(*no).unwrap_or_default())),
            Scope::Voucher(of) => (self.vouchers.contains(of), format!("voucher {of}")),
            Scope::Period { from, to } => (!self.vouchers.is_empty(), format!("vouchers of {from} to {to}")),
            _ => (false, "another scope".to_owned()),
        };
        if !there {
            lacks(report, last, "what the part is about", "none");
        }
        if !self.book.code.is_empty() && self.book.code != report.book {
            report.add(1, Code::Derived, report.book.clone(), self.book.code.clone());
        }
        if self.book.code.is_empty() {
            lacks(report, 1, "the opening of the book", "none");
        }
        report.scope = what;
        self.sums.retain(|_, fen| *fen != 0);
        report.balances = self.sums;
    }
}

fn lacks(report: &mut Report, at: Sequence, expected: &str, found: &str) {
    report.add(at, Code::Lacks, expected, found);
}
