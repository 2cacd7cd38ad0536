//! Folding a record into the state; what enrols stands in `enrol`. Total: a record that was appended is applied, whatever it says;
//! judging it was `decide`'s work.

use std::collections::BTreeMap;

use record::event::{
    BankAccountRegistered, BankTransactionRegistered, BookCreated, Committed, Effect, GrantOpened, ReceiptFields,
    RolesSet, VoucherPosted,
};
use record::kinds::{BankPurpose, Direction, Element, LedgerKind, Side, Template, VoucherKind};
use record::{Day, Event, Fen, GrantNo, Line, PersonNo, Record, SourceNo, Voucher, VoucherRef};

use super::places::returned_of;
use super::{
    Approval, BankAccount, BankTxn, Commitment, Flow, Grant, Payment, Pending, Person, Posting, Scheme, State, SumKey,
};

impl State {
    /// Folds one record. Records must come in order from 1.
    pub fn apply(&mut self, record: &Record) {
        let person = record.actor.person;
        self.watch(record);
        match &record.event {
            Event::BookCreated(created) => self.open(created),
            Event::AccountDefined { account, .. } => self.accounts.push(account.clone()),
            Event::OrganizationRegistered { organization, .. } => self.organizations.push(organization.clone()),
            Event::BankAccountRegistered(event) => self.add_bank_account(event, Day::of_instant(record.time)),
            Event::BankTransactionRegistered(event) => self.add_bank_txn(event, person),
            Event::RolesSet(event) => self.set_roles(event),
            Event::ParameterSet { key, value, effective_from, approval } => {
                self.parameters.entry(key.clone()).or_default().insert(*effective_from, (value.clone(), *approval));
            }
            Event::StandardSet { standard, approval } => self.set_standard(standard, *approval),
            Event::ApprovalRecorded { approval, .. } => {
                self.approvals.push(Approval { approval: approval.clone(), used_fen: 0, registered_by: person });
            }
            Event::SchemeRegistered { scheme, approval } => {
                let heads = scheme.targets.iter().filter_map(|t| Some((self.class_no(&t.class)?, t.heads))).collect();
                self.schemes.insert(scheme.year, Scheme { scheme: scheme.clone(), heads, approval: *approval });
            }
            Event::QuotaAllocated(event) => self.allocate(event, Day::of_instant(record.time)),
            Event::BatchSubmitted { batch, .. } => {
                self.uploads.remove(&batch.upload);
                self.add_batch(batch, person, Day::of_instant(record.time));
            }
            Event::BatchReviewed { batch, verdict, reviewed_on, .. } => {
                let stands_on = self.stands_from(*reviewed_on, Day::of_instant(record.time));
                if let Some(b) = self.batch_mut(*batch) {
                    b.review = Some((*verdict, stands_on, person));
                }
            }
            Event::CoverConfirmed { batch, confirmation_no, heads, fen, confirmed_on } => {
                if let Some(b) = self.batch_mut(*batch) {
                    b.confirmation = Some((confirmation_no.clone(), *heads, *fen, *confirmed_on));
                }
            }
            Event::GrantOpened(event) => self.open_grant(event),
            Event::Committed(event) => self.commit(event, Day::of_instant(record.time)),
            Event::Released { commitment, heads, fen } => self.release(*commitment, *heads, *fen),
            Event::VoucherPosted(posted) => self.post(posted),
            Event::ReceiptPosted(posted) => {
                self.number(record, &posted.receipt);
                self.post_lines(&posted.voucher, true);
                self.receive(&posted.receipt, 1);
            }
            Event::ReceiptNoted(receipt) => {
                self.number(record, receipt);
                self.note(receipt);
            }
            Event::SourceNumbersVoided { system, from, to, .. } => {
                let numbers = self.source_numbers.entry(*system).or_default();
                let day = numbers.day_within(*from).unwrap_or(Day::of_instant(record.time));
                numbers.add(*from, *to, day);
            }
            Event::PeriodClosed { period, .. } => self.closed_through = Some(*period),
            Event::DaySigned { day, count, fen, reviewer, cashier } => {
                self.receipt_days.entry(*day).or_default().sign((*count, *fen), (*reviewer, *cashier));
            }
            Event::GrantAmended(event) => self.amend(event, Day::of_instant(record.time)),
            _ => self.apply_beside(record),
        }
        self.layer(record);
        self.sequence = record.sequence;
        self.time = record.time;
    }

    /// The same for what moves neither money nor budget: submissions, refusals, registers, persons and findings.
    fn apply_beside(&mut self, record: &Record) {
        match &record.event {
            Event::Submitted { command } => self.submit(record, command),
            Event::Reviewed { submission, .. } | Event::Withdrawn { submission, .. } => {
                self.pending.remove(submission);
            }
            Event::Refused(_) => self.count_refusal(record.actor.person, record.time),
            Event::RefusalsSuppressed { person, minute } => {
                self.refusals.insert(*person, (*minute, u32::MAX));
            }
            Event::DuesStatusSet { organization, year, fully_paid, as_of, .. } => {
                self.dues.insert((*year, *organization), (*fully_paid, *as_of));
            }
            Event::SnapshotRegistered { snapshot } => {
                self.snapshots.insert(snapshot.code.clone(), snapshot.clone());
            }
            Event::TokenKeyRegistered { key } => {
                self.token_keys.insert(key.year, key.clone());
            }
            Event::RosterChunkUploaded { chunk } => self.add_chunk(record, chunk),
            Event::ArchivesDestroyed { destruction, approval } => {
                let of = (destruction.year, destruction.kind);
                self.destructions.entry(of).or_default().push((destruction.clone(), *approval));
            }
            Event::PersonsEnrolled(_) | Event::StateDigest { .. } | Event::Totals { .. } => {}
            Event::LogPolicySet { policy, statement } => self.log_policy.set(record.sequence, policy, statement),
            Event::DetectorsRun { .. }
            | Event::FindingOpened(_)
            | Event::FindingChanged(_)
            | Event::FindingGone { .. }
            | Event::FindingUpdated(_) => self.findings.apply(record),
            Event::StatementChunkUploaded { chunk } => self.add_statement_chunk(record, chunk),
            Event::StatementImported(event) => self.seal_statement(record, event),
            Event::LinesMatched(event) => self.match_lines(record, event),
            Event::LinesUnmatched(event) => self.unmatch_lines(event),
            // Every other event is folded by `apply`, which hands only these on.
            _ => {}
        }
    }

    fn open(&mut self, created: &BookCreated) {
        let preset = &created.preset;
        self.book = created.book.clone();
        self.name = created.name.clone();
        self.fund_code = preset.fund_code.clone();
        self.fund_name = preset.fund_name.clone();
        self.chart_version = preset.chart_version.clone();
        self.preset = preset.name.clone();
        self.first_period = created.first_period;
        self.live_from = created.live_from;
        self.rules = preset.rules.clone();
        preset.accounts.iter().for_each(|a| self.accounts.push(a.clone()));
        preset.sources.iter().for_each(|s| self.sources.push(s.clone()));
        preset.uses.iter().for_each(|u| self.uses.push(u.clone()));
        preset.classes.iter().for_each(|c| self.classes.push(c.clone()));
        preset.plans.iter().for_each(|p| self.plans.push(p.clone()));
        self.forbidden_uses = preset.forbidden_uses.clone();
        self.posting = Posting::resolve(&preset.posting, &self.accounts);
        self.organizations.push(created.organization.clone());
        preset.organizations.iter().for_each(|o| self.organizations.push(o.clone()));
        let start = created.first_period.first_day();
        for parameter in &preset.parameters {
            self.parameters.entry(parameter.code.clone()).or_default().insert(start, (parameter.name.clone(), 0));
        }
        for standard in &preset.standards {
            self.set_standard(standard, 0);
        }
    }

    fn set_standard(&mut self, standard: &record::preset::StandardDef, approval: record::ApprovalNo) {
        if let (Some(class), Some(plan)) = (self.class_no(&standard.class), self.plan_no(&standard.plan)) {
            self.standards.entry((class, plan)).or_default().insert(standard.valid_from, (standard.clone(), approval));
        }
    }

    fn add_bank_account(&mut self, event: &BankAccountRegistered, registered_on: Day) {
        if event.purpose == BankPurpose::Custody {
            self.custodians.insert(event.organization);
        }
        self.bank_accounts.push(BankAccount {
            code: event.code.clone(),
            organization: event.organization,
            purpose: event.purpose,
            name: event.name.clone(),
            masked_no: event.masked_no.clone(),
            registered_on,
        });
    }

    fn add_bank_txn(&mut self, event: &BankTransactionRegistered, cashier: PersonNo) {
        self.bank_txns.push(BankTxn {
            id: event.id.clone(),
            account: event.account,
            direction: event.direction,
            fen: event.fen,
            used_fen: 0,
            date: event.date,
            counterparty: event.counterparty,
            settlement: event.settlement,
            slip_digest: event.slip_digest,
            cashier,
        });
    }

    fn set_roles(&mut self, event: &RolesSet) {
        let person = Person {
            code: event.code.clone(),
            display: event.display.clone(),
            roles: event.roles.clone(),
            organization: event.organization,
        };
        match self.persons.get_mut(event.person) {
            Some(known) => *known = person,
            None => self.persons.push(person),
        }
    }

    fn open_grant(&mut self, event: &GrantOpened) {
        self.grant_ages.insert((event.source, event.opened_on, event.no));
        self.grants.push(Grant {
            code: event.code.clone(),
            kind: event.kind,
            source: event.source,
            grantor: event.grantor,
            doc_no: event.doc_no.clone(),
            permitted_uses: event.permitted_uses.clone(),
            opened_on: event.opened_on,
            valid_from: event.valid_from,
            valid_to: event.valid_to,
            received_fen: 0,
            batch: None,
            flow: Flow::default(),
            former: Vec::new(),
        });
    }

    fn commit(&mut self, event: &Committed, recorded: Day) {
        if let Some(approval) = self.approvals.get_mut(event.approval) {
            approval.used_fen = approval.used_fen.saturating_add(event.fen);
        }
        let stands_from = self.stands_from(event.date, recorded);
        self.commitments.push(Commitment { stands_from, ..Commitment::opened(event) });
    }

    fn release(&mut self, commitment: record::CommitmentNo, heads: u32, fen: Fen) {
        let Some(c) = self.commitments.get_mut(commitment) else { return };
        let available = c.open_fen.saturating_sub(c.open_allocated_fen());
        c.open_heads = c.open_heads.saturating_sub(heads);
        c.open_fen = c.open_fen.saturating_sub(fen);
        // The available budget is given back first, then allocated places: the reverse of taking.
        c.allocated_fen = c.allocated_fen.saturating_sub(fen.saturating_sub(available).max(0));
        let approval = c.approval;
        if let Some(a) = self.approvals.get_mut(approval) {
            a.used_fen = a.used_fen.saturating_sub(fen);
        }
    }

    fn submit(&mut self, record: &Record, command: &[u8]) {
        let request_id = record.request.as_ref().map(|r| r.id.clone()).unwrap_or_default();
        let last_day = self.last_day_of_review(Day::of_instant(record.time));
        let pending =
            Pending { person: record.actor.person, command: command.to_vec(), request_id, time: record.time, last_day };
        self.pending.insert(record.sequence, pending);
    }

    fn count_refusal(&mut self, person: PersonNo, time: i64) {
        let minute = time.div_euclid(60_000_000);
        let entry = self.refusals.entry(person).or_insert((minute, 0));
        if entry.0 == minute {
            entry.1 = entry.1.saturating_add(1);
        } else {
            *entry = (minute, 1);
        }
    }

    fn post(&mut self, posted: &VoucherPosted) {
        let voucher = &posted.voucher;
        self.post_lines(voucher, false);
        self.consume(voucher);
        match &posted.effect {
            Effect::None => {}
            Effect::Payment { commitment, batches, heads, fen } => {
                self.pay(voucher, *commitment, batches, *heads, *fen);
            }
            Effect::Return { payment, heads, .. } => {
                self.give_back(voucher, *payment, i64::from(*heads));
                self.returns.insert(voucher.reference, (*payment, *heads));
            }
            Effect::Remittance { holder, items } => {
                let kept = items.iter().map(|(g, s, h, f)| (*g, *s, i64::from(*h), *f)).collect();
                for (grant, source, heads, _) in items {
                    self.pass_on(*grant, *source, *holder, i64::from(*heads));
                }
                self.remittances.insert(voucher.reference, kept);
            }
            Effect::Reversal { of } => self.reverse(voucher, *of),
            _ => {}
        }
        self.follow(voucher, &posted.effect);
    }

    /// What budgets set or raised, surplus carried or appropriated, refunds and money handed back take of their approval; commitments
    /// take theirs by their own events.
    fn consume(&mut self, voucher: &Voucher) {
        let (account, side) = match voucher.template {
            Template::T11 => (self.posting.budget_total, Side::Debit),
            Template::T27 => (self.posting.surplus, Side::Credit),
            Template::T01b => (self.posting.special_bank, Side::Debit),
            Template::T19 => (self.posting.custody_liability, Side::Debit),
            Template::T28 => (self.posting.fiscal_return, Side::Debit),
            Template::T32 => (self.posting.special_bank, Side::Credit),
            _ => return,
        };
        let of_side = voucher.lines.iter().filter(|l| l.account == account && l.side == side);
        let fen = of_side.fold(0, |sum: Fen, l| sum.saturating_add(l.fen));
        self.consume_approval(voucher.approval, fen);
    }

    /// Adds a voucher's lines to every sum that they belong to, and takes its number.
    fn post_lines(&mut self, voucher: &Voucher, receipt: bool) {
        let reference = voucher.reference;
        self.numbers.insert((reference.word, reference.cycle), reference.number);
        for line in &voucher.lines {
            self.post_line(voucher, line);
        }
        if receipt || reference.word == record::kinds::Word::Dai {
            self.receipt_days.entry(voucher.date).or_default().count_in(voucher);
        }
    }

    fn post_line(&mut self, voucher: &Voucher, line: &Line) {
        let key = SumKey::of(voucher.date, line);
        self.sums.entry(key).or_default().add(line);
        self.trial.entry((line.account, line.source)).or_default().add(line);
        if voucher.ledger == LedgerKind::Budget {
            let at = (line.year, line.source, line.class, line.plan, line.account);
            let signed = if line.side == Side::Credit { line.fen } else { line.fen.saturating_neg() };
            let balance: &mut Fen = self.budget.entry(at).or_default();
            *balance = balance.saturating_add(signed);
            return;
        }
        if line.bank != 0
            && let Some(txn) = self.bank_txns.get_mut(line.bank)
        {
            let inward = if line.side == Side::Debit { line.fen } else { line.fen.saturating_neg() };
            let signed = if txn.direction == Direction::In { inward } else { inward.saturating_neg() };
            txn.used_fen = txn.used_fen.saturating_add(signed);
            self.draw_on(line.bank, voucher.date, inward);
        }
        self.flow(voucher, line);
        let income = self.accounts.get(line.account).is_some_and(|a| a.element == Element::Income);
        // What goes back to its giver was received all the same.
        if income && voucher.kind != VoucherKind::Closing && voucher.template != Template::T32 {
            let signed = if line.side == Side::Credit { line.fen } else { line.fen.saturating_neg() };
            if let Some(grant) = self.grants.get_mut(line.grant) {
                grant.received_fen = grant.received_fen.saturating_add(signed);
            }
        }
    }

    fn receive(&mut self, receipt: &ReceiptFields, sign: i64) {
        let heads = i64::from(receipt.heads).saturating_mul(sign);
        let held = self.custody_heads.entry((receipt.holder, receipt.source, receipt.batch)).or_default();
        *held = held.saturating_add(heads);
        let fen = receipt.fen.saturating_mul(sign);
        if let Some(grant) = self.grants.get_mut(receipt.batch) {
            grant.received_fen = grant.received_fen.saturating_add(fen);
            if let Some(batch) = grant.batch.as_deref_mut() {
                batch.received_heads = batch.received_heads.saturating_add(heads);
            }
        }
    }

    fn note(&mut self, receipt: &ReceiptFields) {
        let heads = i64::from(receipt.heads);
        if let Some(batch) = self.batch_mut(receipt.batch) {
            batch.received_heads = batch.received_heads.saturating_add(heads);
            batch.remitted_heads = batch.remitted_heads.saturating_add(heads);
        }
    }

    fn pass_on(&mut self, grant: GrantNo, source: SourceNo, holder: record::OrgNo, heads: i64) {
        let held = self.custody_heads.entry((holder, source, grant)).or_default();
        *held = held.saturating_sub(heads);
        if let Some(batch) = self.batch_mut(grant) {
            batch.remitted_heads = batch.remitted_heads.saturating_add(heads);
        }
    }

    fn pay(
        &mut self,
        voucher: &Voucher,
        commitment: record::CommitmentNo,
        batches: &[(GrantNo, u32)],
        heads: u32,
        fen: Fen,
    ) {
        for (batch, paid) in batches {
            if let Some(b) = self.batch_mut(*batch) {
                b.paid_heads = b.paid_heads.saturating_add(*paid);
            }
        }
        let source = self.commitments.get(commitment).map_or(0, |c| c.source);
        batches.iter().for_each(|(batch, paid)| self.pay_places(source, *batch, i64::from(*paid)));
        if let Some(c) = self.commitments.get_mut(commitment) {
            c.open_heads = c.open_heads.saturating_sub(heads);
            c.open_fen = c.open_fen.saturating_sub(fen);
            c.paid_fen = c.paid_fen.saturating_add(fen);
        }
        let expense = voucher.lines.iter().find(|l| l.side == Side::Debit);
        let shares: Vec<(GrantNo, Fen)> =
            voucher.lines.iter().filter(|l| l.side == Side::Credit).map(|l| (l.grant, l.fen)).collect();
        let payment = Payment {
            commitment,
            batches: batches.to_vec(),
            heads,
            fen,
            returned: vec![0; shares.len()],
            shares,
            account: expense.map_or(0, |l| l.account),
            use_code: expense.map_or(0, |l| l.use_code),
            date: voucher.date,
            returned_heads: 0,
            reversed: false,
        };
        self.payments.insert(voucher.reference, payment);
    }

    fn give_back(&mut self, voucher: &Voucher, payment: VoucherRef, heads: i64) {
        let by_grant: BTreeMap<GrantNo, Fen> =
            voucher.lines.iter().filter(|l| l.side == Side::Debit).fold(BTreeMap::new(), |mut sums, l| {
                let sum: &mut Fen = sums.entry(l.grant).or_default();
                *sum = sum.saturating_add(l.fen);
                sums
            });
        let Some(paid) = self.payments.get_mut(&payment) else { return };
        let before = returned_of(&paid.batches, paid.returned_heads);
        paid.returned_heads =
            u32::try_from(i64::from(paid.returned_heads).saturating_add(heads).max(0)).unwrap_or(u32::MAX);
        for ((grant, _), returned) in paid.shares.iter().zip(paid.returned.iter_mut()) {
            *returned = returned.saturating_add(by_grant.get(grant).copied().unwrap_or(0));
        }
        let (after, commitment) = (returned_of(&paid.batches, paid.returned_heads), paid.commitment);
        let source = self.commitments.get(commitment).map_or(0, |c| c.source);
        for ((batch, before), (_, after)) in before.into_iter().zip(after) {
            self.pay_places(source, batch, before.saturating_sub(after));
        }
    }

    /// Undoes what the original voucher did beside its lines; the red lines have undone those already.
    fn reverse(&mut self, red: &Voucher, of: VoucherRef) {
        if let Some(payment) = self.payments.get_mut(&of) {
            payment.reversed = true;
            let (commitment, heads, fen) = (payment.commitment, payment.heads, payment.fen);
            let batches = payment.batches.clone();
            let returned = returned_of(&batches, payment.returned_heads);
            let source = self.commitments.get(commitment).map_or(0, |c| c.source);
            returned.into_iter().for_each(|(batch, heads)| self.pay_places(source, batch, heads));
            for (batch, paid) in batches {
                self.pay_places(source, batch, i64::from(paid).saturating_neg());
                if let Some(b) = self.batch_mut(batch) {
                    b.paid_heads = b.paid_heads.saturating_sub(paid);
                }
            }
            if let Some(c) = self.commitments.get_mut(commitment) {
                c.open_heads = c.open_heads.saturating_add(heads);
                c.open_fen = c.open_fen.saturating_add(fen);
                c.paid_fen = c.paid_fen.saturating_sub(fen);
            }
        }
        if let Some((payment, heads)) = self.returns.remove(&of) {
            self.give_back(red, payment, i64::from(heads).saturating_neg());
        }
        if let Some(items) = self.remittances.remove(&of) {
            let holder = red.lines.first().map_or(0, |l| l.holder);
            for (grant, source, heads, _) in items {
                self.pass_on(grant, source, holder, heads.saturating_neg());
            }
        }
        if matches!(red.reference.word, record::kinds::Word::Dai) {
            self.unreceive(red);
        }
    }

    fn unreceive(&mut self, red: &Voucher) {
        let Some(line) = red.lines.iter().find(|l| l.side == Side::Debit) else { return };
        let receipt = ReceiptFields {
            batch: line.grant,
            source: line.source,
            holder: line.holder,
            heads: line.heads.unsigned_abs(),
            fen: line.fen.saturating_neg(),
            received_on: red.date,
            bill_no: String::new(),
            source_seq: 0,
        };
        self.receive(&receipt, -1);
    }
}
