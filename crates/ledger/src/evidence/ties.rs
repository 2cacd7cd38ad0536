//! How the records of a command hang together with others: what they define, whose story they tell on, what they rest on.

use record::event::{Effect, VoucherPosted};
use record::kinds::BankPurpose;
use record::{
    ApprovalNo, BankAccountNo, BankTxnNo, CommitmentNo, Day, Event, GrantNo, OrgNo, Period, Record, Sequence, Voucher,
    VoucherRef,
};

/// Something that one record defines or tells of and another rests on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tie {
    /// A voucher.
    Voucher(VoucherRef),
    /// What later undid or changed a voucher.
    Corrections(VoucherRef),
    /// The opening of a grant or the form of a batch.
    Grant(GrantNo),
    /// What became of its terms, its review, its cover.
    Papers(GrantNo),
    /// Vouchers with a line of it.
    Lines(GrantNo),
    /// An organisation by ordinal, and by code as forms name it.
    Organization(OrgNo),
    OrganizationCode(String),
    Approval(ApprovalNo),
    Commitment(CommitmentNo),
    Account(BankAccountNo),
    Movement(BankTxnNo),
    /// The submission that a review takes up.
    Submission(Sequence),
    /// A register's state, by code.
    Snapshot(String),
    /// The closing of a month.
    Month(Period),
    /// The signing of a day's receipts.
    SignedDay(Day),
}

impl Tie {
    /// Whether what it names may be among what is not remembered.
    pub(super) fn is_of_bulk(&self) -> bool {
        matches!(self, Tie::Voucher(_) | Tie::Movement(_))
    }
}

/// Events of which a book has millions, and that few others rest on.
pub(super) fn is_bulk(event: &Event) -> bool {
    matches!(
        event,
        Event::ReceiptPosted(_)
            | Event::ReceiptNoted(_)
            | Event::BankTransactionRegistered(_)
            | Event::RosterChunkUploaded { .. }
            | Event::StatementChunkUploaded { .. }
    )
}

/// What stands in no part of a book: tokens stand for persons, and whoever checks a payment needs the form's digest of them alone.
fn is_left_out(event: &Event) -> bool {
    matches!(event, Event::PersonsEnrolled(_) | Event::RosterChunkUploaded { .. })
}

/// The ties of a command.
#[derive(Clone, Debug, Default)]
pub(super) struct Ties {
    /// Its records, without those that are left out.
    pub records: Vec<Sequence>,
    /// Whether every part holds it: the opening with its rules, what changed rules and offices since, and the log's policies.
    pub always: bool,
    pub defines: Vec<Tie>,
    pub tells_of: Vec<Tie>,
    pub rests_on: Vec<Tie>,
    /// Dates of its vouchers.
    pub days: Vec<Day>,
}

impl Ties {
    pub(super) fn of(command: &[Record]) -> Ties {
        let mut ties = Ties::default();
        for record in command.iter().filter(|record| !is_left_out(&record.event)) {
            ties.records.push(record.sequence);
            ties.add(record.sequence, &record.event);
        }
        // What names nothing is 0 or empty.
        let empty = |tie: &Tie| match tie {
            Tie::Grant(no) | Tie::Papers(no) | Tie::Lines(no) | Tie::Organization(no) => *no == 0,
            Tie::Approval(no) | Tie::Commitment(no) | Tie::Account(no) | Tie::Movement(no) => *no == 0,
            Tie::OrganizationCode(code) | Tie::Snapshot(code) => code.is_empty(),
            _ => false,
        };
        // A year's closing has vouchers of every grant: it is in a part where a line of it is, and not for the month alone.
        if !ties.days.is_empty() {
            ties.tells_of.retain(|tie| !matches!(tie, Tie::Month(_)));
        }
        ties.rests_on.retain(|tie| !empty(tie));
        ties.tells_of.retain(|tie| !empty(tie));
        for list in [&mut ties.rests_on, &mut ties.tells_of] {
            list.sort();
            list.dedup();
        }
        ties
    }

    fn add(&mut self, at: Sequence, event: &Event) {
        match event {
            Event::VoucherPosted(posted) => self.posted(posted),
            Event::ReceiptPosted(posted) => self.voucher(&posted.voucher),
            Event::ReceiptNoted(receipt) => {
                self.tells_of.push(Tie::Lines(receipt.batch));
                self.rests_on.extend([Tie::Grant(receipt.batch), Tie::Organization(receipt.holder)]);
            }
            Event::Submitted { .. } => self.defines.push(Tie::Submission(at)),
            Event::Reviewed { submission, .. } => self.rests_on.push(Tie::Submission(*submission)),
            Event::GrantOpened(grant) => {
                self.defines.push(Tie::Grant(grant.no));
                self.rests_on.push(Tie::Organization(grant.grantor));
            }
            Event::GrantAmended(change) => {
                self.tells_of.push(Tie::Papers(change.grant));
                self.rests_on.extend([Tie::Grant(change.grant), Tie::Approval(change.consent)]);
            }
            Event::BatchSubmitted { no, batch } => {
                self.defines.push(Tie::Grant(*no));
                self.rests_on.push(Tie::OrganizationCode(batch.organization.clone()));
                self.rests_on.push(Tie::Snapshot(batch.snapshot.clone()));
            }
            Event::BatchReviewed { batch, .. } | Event::CoverConfirmed { batch, .. } => {
                self.tells_of.push(Tie::Papers(*batch));
                self.rests_on.push(Tie::Grant(*batch));
            }
            Event::Committed(made) => {
                self.defines.push(Tie::Commitment(made.no));
                self.rests_on.push(Tie::Approval(made.approval));
            }
            Event::Released { commitment, .. } => self.rests_on.push(Tie::Commitment(*commitment)),
            Event::PeriodClosed { period, .. } => self.tells_of.push(Tie::Month(*period)),
            Event::DaySigned { day, .. } => self.tells_of.push(Tie::SignedDay(*day)),
            _ => self.add_master(event),
        }
    }

    /// Masters and rules.
    fn add_master(&mut self, event: &Event) {
        match event {
            Event::OrganizationRegistered { no, organization } => {
                self.defines.extend([Tie::Organization(*no), Tie::OrganizationCode(organization.code.clone())]);
                self.rests_on.push(Tie::OrganizationCode(organization.parent.clone()));
            }
            Event::BankAccountRegistered(account) => {
                // Who may be paid is a rule.
                self.always |= account.purpose == BankPurpose::Payee;
                self.defines.push(Tie::Account(account.no));
                self.rests_on.push(Tie::Organization(account.organization));
            }
            Event::BankTransactionRegistered(movement) => {
                self.defines.push(Tie::Movement(movement.no));
                self.rests_on.extend([Tie::Account(movement.account), Tie::Account(movement.counterparty)]);
            }
            Event::ApprovalRecorded { no, .. } => self.defines.push(Tie::Approval(*no)),
            Event::SnapshotRegistered { snapshot } => self.defines.push(Tie::Snapshot(snapshot.code.clone())),
            Event::QuotaAllocated(notice) => self.rests_on.push(Tie::Organization(notice.organization)),
            Event::RolesSet(set) => {
                self.always = true;
                self.rests_on.push(Tie::Organization(set.organization));
            }
            Event::ParameterSet { approval, .. }
            | Event::StandardSet { approval, .. }
            | Event::SchemeRegistered { approval, .. }
            | Event::HistoryRegistered { approval, .. } => {
                self.always = true;
                self.rests_on.push(Tie::Approval(*approval));
            }
            Event::RuleSetAdopted(adopted) => {
                self.always = true;
                self.rests_on.push(Tie::Approval(adopted.approval));
            }
            Event::BookCreated(_)
            | Event::AccountDefined { .. }
            | Event::RulesFiled { .. }
            | Event::LogPolicySet { .. } => self.always = true,
            _ => {}
        }
    }

    fn voucher(&mut self, voucher: &Voucher) {
        self.defines.push(Tie::Voucher(voucher.reference));
        self.days.push(voucher.date);
        for line in &voucher.lines {
            self.tells_of.push(Tie::Lines(line.grant));
            self.rests_on.extend([
                Tie::Grant(line.grant),
                Tie::Papers(line.grant),
                Tie::Organization(line.holder),
                Tie::Organization(line.counterparty),
                Tie::Movement(line.bank),
            ]);
        }
        self.rests_on.extend([
            Tie::Approval(voucher.approval),
            Tie::Commitment(voucher.commitment),
            Tie::Corrections(voucher.reference),
            Tie::Month(voucher.date.period()),
        ]);
        if voucher.reference.word == record::kinds::Word::Dai {
            self.rests_on.push(Tie::SignedDay(voucher.date));
        }
        self.corrects(voucher.corrects);
    }

    fn posted(&mut self, posted: &VoucherPosted) {
        self.voucher(&posted.voucher);
        match &posted.effect {
            Effect::None => {}
            Effect::Payment { commitment, batches, .. } => {
                self.rests_on.push(Tie::Commitment(*commitment));
                batches.iter().for_each(|(batch, _)| self.batch(*batch));
            }
            Effect::Remittance { holder, items } => {
                self.rests_on.push(Tie::Organization(*holder));
                items.iter().for_each(|(batch, ..)| self.batch(*batch));
            }
            Effect::Opening { custody } => custody.iter().for_each(|(batch, _, holder, ..)| {
                self.rests_on.push(Tie::Organization(*holder));
                self.batch(*batch);
            }),
            Effect::Transfer { consent, .. } => self.rests_on.push(Tie::Approval(*consent)),
            Effect::Return { payment: of, .. }
            | Effect::Reversal { of }
            | Effect::Refund { receipt: of, .. }
            | Effect::Adjustment { of, .. } => self.corrects(Some(*of)),
        }
    }

    fn batch(&mut self, batch: GrantNo) {
        self.rests_on.extend([Tie::Grant(batch), Tie::Papers(batch)]);
    }

    fn corrects(&mut self, of: Option<VoucherRef>) {
        if let Some(of) = of {
            self.rests_on.push(Tie::Voucher(of));
            self.tells_of.push(Tie::Corrections(of));
        }
    }
}
