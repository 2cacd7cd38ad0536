//! Folding events that post nothing. Total: whatever a record says is taken in, so that what follows can be judged; what is wrong with
//! it was told before.

use std::collections::BTreeMap;

use record::command::SubmitEnrollmentBatch;
use record::event::{BookCreated, Committed, GrantAmended, GrantOpened, QuotaAllocated};
use record::kinds::{BankPurpose, Change, FindingState};
use record::preset::StandardDef;
use record::{Day, Event, Record};

use super::{
    Account, Approval, Book, Commitment, Finding, Form, Grant, Movement, Parts, Person, Terms, Upload, Waiting, look,
};
use crate::judge::transition;

impl Book {
    /// Folds a record. Vouchers stand in `post`.
    pub(crate) fn fold(&mut self, record: &Record) {
        let (person, day) = (record.actor.person, Day::of_instant(record.time));
        match &record.event {
            Event::BookCreated(created) => self.open_book(created),
            Event::AccountDefined { account, .. } => self.accounts.add(&account.code, account.clone()),
            Event::OrganizationRegistered { organization, .. } => {
                self.orgs.add(&organization.code, organization.clone());
            }
            Event::BankAccountRegistered(event) => {
                if event.purpose == BankPurpose::Custody {
                    self.custodians.insert(event.organization);
                }
                self.bank_accounts.add(&event.code, Account { is: event.clone(), registered_on: day });
            }
            Event::BankTransactionRegistered(event) => {
                let movement = Movement {
                    account: event.account,
                    direction: event.direction,
                    fen: event.fen,
                    drawn: 0,
                    date: event.date,
                    counterparty: event.counterparty,
                    settlement: event.settlement,
                    slip: event.slip_digest,
                    cashier: person,
                };
                self.movements.add(&event.id, movement);
            }
            Event::RolesSet(event) => {
                let now = Person {
                    display: event.display.clone(),
                    roles: event.roles.clone(),
                    organization: event.organization,
                };
                match self.persons.get_mut(event.person) {
                    Some(known) => *known = now,
                    None => self.persons.add(&event.code, now),
                }
            }
            Event::ParameterSet { key, value, effective_from, approval } => {
                self.parameters.entry(key.clone()).or_default().insert(*effective_from, (value.clone(), *approval));
            }
            Event::StandardSet { standard, .. } => self.set_standard(standard),
            Event::ApprovalRecorded { approval, .. } => {
                let now = Approval { is: approval.clone(), used: 0, registered_by: person };
                self.approvals.add(&approval.code, now);
            }
            Event::SchemeRegistered { scheme, approval } => {
                self.schemes.insert(scheme.year, (scheme.clone(), *approval));
            }
            Event::QuotaAllocated(event) => self.allocate(event),
            Event::BatchSubmitted { batch, .. } => {
                self.uploads.remove(&batch.upload);
                self.add_form(batch, person, day);
            }
            Event::GrantOpened(event) => self.open_grant(event),
            Event::GrantAmended(event) => self.amend(event, day),
            Event::Committed(event) => self.commit(event, day),
            Event::Released { commitment, heads, fen } => self.release(*commitment, *heads, *fen),
            _ => self.fold_beside(record, day),
        }
        self.layers.fold(&record.event);
        self.sequence = record.sequence;
        self.time = record.time;
    }

    /// The rest: reviews, receipts, closings, registers, findings.
    fn fold_beside(&mut self, record: &Record, day: Day) {
        match &record.event {
            Event::BatchReviewed { batch, verdict, reviewed_on, .. } => {
                let stands_on = self.stands_from(*reviewed_on, day);
                if let Some(form) = self.form_mut(*batch) {
                    form.review = Some((*verdict, stands_on));
                }
            }
            Event::VoucherPosted(posted) => self.post(posted),
            Event::ReceiptPosted(posted) => {
                self.number(record, &posted.receipt);
                self.post_receipt(posted);
            }
            Event::ReceiptNoted(receipt) => {
                self.number(record, receipt);
                if let Some(form) = self.form_mut(receipt.batch) {
                    form.received = form.received.saturating_add(i64::from(receipt.heads));
                }
            }
            Event::SourceNumbersVoided { system, from, to, .. } => {
                let runs = self.source_numbers.entry(*system).or_default();
                let within = look::gaps(runs).find(|(first, last, _)| first <= from && from <= last);
                let day = within.map_or(day, |(.., behind)| behind);
                add_run(runs, *from, *to, day);
            }
            Event::PeriodClosed { period, .. } => self.closed_through = Some(*period),
            Event::DaySigned { day, count, fen, .. } => {
                self.receipt_days.entry(*day).or_default().signed = (*count, *fen);
            }
            Event::Submitted { command } => {
                let waiting =
                    Waiting { person: record.actor.person, command: command.clone(), last_day: self.review_until(day) };
                self.waiting.insert(record.sequence, waiting);
            }
            Event::Reviewed { submission, .. } | Event::Withdrawn { submission, .. } => {
                self.waiting.remove(submission);
            }
            Event::DuesStatusSet { organization, year, fully_paid, .. } => {
                self.dues.insert((*year, *organization), *fully_paid);
            }
            Event::SnapshotRegistered { snapshot } => {
                self.snapshots.insert(snapshot.code.clone(), snapshot.clone());
            }
            Event::TokenKeyRegistered { key } => {
                self.token_keys.insert(key.year, key.clone());
            }
            Event::RosterChunkUploaded { chunk } => {
                let upload = self.upload(record, &chunk.upload, day, (chunk.year, 0));
                upload.first_rows.insert(chunk.first_row);
            }
            Event::LogPolicySet { policy, statement } => self.policy.set(policy, statement),
            Event::ArchivesDestroyed { destruction, .. } => self.destroyed.push(destruction.clone()),
            _ => self.fold_statement(record, day),
        }
    }

    fn fold_finding(&mut self, event: &Event) {
        let at = |no: &u32| usize::try_from(*no).ok().and_then(|no| no.checked_sub(1));
        match event {
            Event::DetectorsRun { day, .. } => self.last_run = Some(*day),
            Event::FindingOpened(event) => self.findings.push(Finding {
                state: FindingState::Open,
                stands: true,
                sign: event.sign.clone(),
                due: None,
            }),
            Event::FindingChanged(event) => {
                if let Some(finding) = at(&event.finding).and_then(|at| self.findings.get_mut(at)) {
                    (finding.stands, finding.sign) = (true, event.sign.clone());
                }
            }
            Event::FindingGone { finding, .. } => {
                if let Some(finding) = at(finding).and_then(|at| self.findings.get_mut(at)) {
                    finding.stands = false;
                }
            }
            Event::FindingUpdated(event) => {
                if let Some(finding) = at(&event.finding).and_then(|at| self.findings.get_mut(at)) {
                    (finding.state, finding.due) = (transition(event.step).1, event.due);
                }
            }
            _ => {}
        }
    }

    fn open_book(&mut self, created: &BookCreated) {
        let preset = &created.preset;
        self.code.clone_from(&created.book);
        self.first_period = created.first_period;
        self.live_from = created.live_from;
        preset.accounts.iter().for_each(|a| self.accounts.add(&a.code, a.clone()));
        preset.sources.iter().for_each(|s| self.sources.add(&s.code, s.clone()));
        preset.uses.iter().for_each(|u| self.uses.add(&u.code, u.clone()));
        preset.classes.iter().for_each(|c| self.classes.add(&c.code, c.clone()));
        preset.plans.iter().for_each(|p| self.plans.add(&p.code, p.clone()));
        self.forbidden.clone_from(&preset.forbidden_uses);
        self.rules.clone_from(&preset.rules);
        self.parts = Parts::of(&preset.posting, &self.accounts);
        let orgs = core::iter::once(&created.organization).chain(&preset.organizations);
        orgs.for_each(|o| self.orgs.add(&o.code, o.clone()));
        let start = created.first_period.first_day();
        for parameter in &preset.parameters {
            let values = BTreeMap::from([(start, (parameter.name.clone(), 0))]);
            self.parameters.insert(parameter.code.clone(), values);
        }
        preset.standards.iter().for_each(|standard| self.set_standard(standard));
    }

    fn set_standard(&mut self, standard: &StandardDef) {
        let at = self.classes.small(&standard.class).zip(self.plans.small(&standard.plan));
        if let Some(at) = at {
            self.standards.entry(at).or_default().insert(standard.valid_from, standard.clone());
        }
    }

    fn allocate(&mut self, event: &QuotaAllocated) {
        self.notices.insert(event.notice_no.clone());
        for (class, _, heads) in &event.lines {
            let number = i64::from(heads.unwrap_or(0));
            let signed = if event.change == Change::Increase { number } else { number.saturating_neg() };
            let given = self.given.entry((event.year, event.source, *class)).or_default();
            *given = given.saturating_add(signed);
            let at = (event.year, event.source, *class, event.organization);
            let places = self.places.entry(at).or_default();
            places.heads = places.heads.saturating_add(signed);
            if event.change == Change::Increase {
                places.by_actual_number = heads.is_none();
            }
        }
    }

    fn add_form(&mut self, form: &SubmitEnrollmentBatch, submitted_by: u32, day: Day) {
        let no = self.grants.next();
        let own_use = self.use_of(&form.class, &form.plan, true).unwrap_or(0);
        let grantor = self.orgs.no(&form.organization).unwrap_or(0);
        let is = Form {
            is: form.clone(),
            submitted_by,
            class: self.classes.small(&form.class).unwrap_or(0),
            plan: self.plans.small(&form.plan).unwrap_or(0),
            own_use,
            review: None,
            stands_from: self.stands_from(form.submitted_on, day),
            paid: 0,
            received: 0,
        };
        self.ages.insert((0, form.submitted_on, no));
        let grant = Grant {
            source: 0,
            grantor,
            doc_no: form.code.clone(),
            terms: vec![Terms { uses: Vec::new(), first: None, last: None, until: None }],
            form: Some(Box::new(is)),
        };
        self.grants.add(&form.code, grant);
    }

    /// The form of an ordinal, to change.
    pub(super) fn form_mut(&mut self, no: u32) -> Option<&mut Form> {
        self.grants.get_mut(no)?.form.as_deref_mut()
    }

    fn open_grant(&mut self, event: &GrantOpened) {
        self.ages.insert((event.source, event.opened_on, event.no));
        let terms =
            Terms { uses: event.permitted_uses.clone(), first: event.valid_from, last: event.valid_to, until: None };
        let grant = Grant {
            source: event.source,
            grantor: event.grantor,
            doc_no: event.doc_no.clone(),
            terms: vec![terms],
            form: None,
        };
        self.grants.add(&event.code, grant);
    }

    fn amend(&mut self, event: &GrantAmended, day: Day) {
        let until = self.stands_from(event.date, day);
        let Some(grant) = self.grants.get_mut(event.grant) else { return };
        if let Some(present) = grant.terms.last_mut() {
            present.until = Some(until);
        }
        let (uses, first, last) = (event.permitted_uses.clone(), event.valid_from, event.valid_to);
        grant.terms.push(Terms { uses, first, last, until: None });
    }

    /// The day from which a paper stands that was recorded on a day: one that claims an earlier day decides nothing that was done before.
    fn stands_from(&self, date: Day, recorded: Day) -> Day {
        if date < self.live_from { date } else { date.max(recorded) }
    }

    fn commit(&mut self, event: &Committed, day: Day) {
        self.take_approval(event.approval, event.fen);
        let commitment = Commitment {
            approval: event.approval,
            line: (event.year, event.source, event.class, event.plan),
            unit_fen: event.unit_fen,
            open_heads: event.heads,
            open_fen: event.fen,
            from_places: event.from_allocated_fen,
            paid: 0,
            date: event.date,
            stands_from: self.stands_from(event.date, day),
        };
        self.commitments.add(&event.code, commitment);
    }

    fn release(&mut self, no: u32, heads: u32, fen: i64) {
        let Some(commitment) = self.commitments.get_mut(no) else { return };
        let own = commitment.open_fen.saturating_sub(commitment.open_places());
        commitment.open_heads = commitment.open_heads.saturating_sub(heads);
        commitment.open_fen = commitment.open_fen.saturating_sub(fen);
        commitment.from_places = commitment.from_places.saturating_sub(fen.saturating_sub(own).max(0));
        let approval = commitment.approval;
        self.take_approval(approval, fen.saturating_neg());
    }

    /// Takes an amount of an approval, or gives it back.
    pub(super) fn take_approval(&mut self, no: u32, fen: i64) {
        if let Some(approval) = self.approvals.get_mut(no) {
            approval.used = approval.used.saturating_add(fen);
        }
    }

    /// The upload of a code; a new one sweeps out those that nobody can seal any more.
    fn upload(&mut self, record: &Record, code: &str, day: Day, (year, account): (u16, u32)) -> &mut Upload {
        if !self.uploads.contains_key(code) {
            self.uploads.retain(|_, upload| upload.last_day >= day);
        }
        let (person, last_day) = (record.actor.person, self.seal_until(day));
        let fresh =
            || Upload { person, year, account, lines: BTreeMap::new(), first_rows: Default::default(), last_day };
        self.uploads.entry(code.to_owned()).or_insert_with(fresh)
    }

    fn fold_statement(&mut self, record: &Record, day: Day) {
        match &record.event {
            Event::StatementChunkUploaded { chunk } => {
                let account = self.bank_accounts.no(&chunk.account).unwrap_or(0);
                let upload = self.upload(record, &chunk.upload, day, (0, account));
                upload.lines.extend((chunk.first_row..).zip(chunk.lines.iter().cloned()));
            }
            Event::StatementImported(event) => {
                let upload = self.uploads.remove(&event.statement.upload);
                let lines = upload.map(|upload| upload.lines.into_values().collect()).unwrap_or_default();
                self.statements.seal(event, lines);
            }
            Event::LinesMatched(event) => self.statements.join(event),
            Event::LinesUnmatched(event) => self.statements.part(event.group),
            _ => self.fold_finding(&record.event),
        }
    }

    fn number(&mut self, record: &Record, receipt: &record::event::ReceiptFields) {
        // The receipt of a correction keeps the number of the one that it replaces.
        if receipt.source_seq > 0 && record.part == 0 {
            let runs = self.source_numbers.entry(record.actor.person).or_default();
            add_run(runs, receipt.source_seq, receipt.source_seq, receipt.received_on);
        }
    }
}

impl Commitment {
    /// Of what is open, the part that came from allocated places: payments spend those first.
    pub(crate) fn open_places(&self) -> i64 {
        self.from_places.saturating_sub(self.paid).max(0)
    }
}

/// Takes new numbers into the runs.
fn add_run(runs: &mut super::Runs, from: u64, to: u64, day: Day) {
    let (mut first, mut last, mut earliest) = (from, to, day);
    let before = runs.range(..=from).next_back().map(|(start, (end, of))| (*start, *end, *of));
    if let Some((start, end, of)) = before.filter(|(_, end, _)| end.saturating_add(1) >= from) {
        (first, last, earliest) = (start, end.max(to), of.min(day));
    }
    if let Some((end, of)) = last.checked_add(1).and_then(|next| runs.remove(&next)) {
        (last, earliest) = (end, earliest.min(of));
    }
    runs.insert(first, (last, earliest));
}
