//! Facts: immutable statements that a key exists. What can change lives in the state; what grows with every receipt lives here, in the
//! views and in the tail, and reaches a decision as [`Facts`].

mod persons;

use std::collections::{BTreeMap, HashSet};

use record::command::{Evidence, Identified};
use record::{Command, Digest, Event, Record, Sequence, Token, VoucherRef, hash};

use crate::rows::{FactHash, FactRow};
use crate::{Ask, Receipt, State};

/// A key that can exist once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactKey<'a> {
    /// A request id was used.
    Request(&'a str),
    /// A bill number was used (LED-011).
    Bill(&'a str),
    /// A bill's or bank slip's digest was used (LED-011).
    Evidence(&'a Digest),
    /// A voucher was reversed or corrected (LED-010).
    Reversed(VoucherRef),
    /// A person was enrolled in a programme year, so many times before by batches that were sent back (ENR-003).
    Person(u16, &'a Token, u8),
}

impl FactKey<'_> {
    /// The key's name in views, filter and tail.
    pub fn hash(&self) -> FactHash {
        let mut bytes = Vec::with_capacity(80);
        match self {
            FactKey::Request(id) => {
                bytes.push(b'Q');
                bytes.extend_from_slice(id.as_bytes());
            }
            FactKey::Bill(no) => {
                bytes.push(b'B');
                bytes.extend_from_slice(no.as_bytes());
            }
            FactKey::Evidence(digest) => {
                bytes.push(b'E');
                bytes.extend_from_slice(*digest);
            }
            FactKey::Reversed(reference) => {
                bytes.push(b'R');
                bytes.extend_from_slice(reference.to_string().as_bytes());
            }
            FactKey::Person(year, token, times) => {
                bytes.push(b'P');
                bytes.extend_from_slice(&year.to_be_bytes());
                bytes.push(*times);
                bytes.extend_from_slice(*token);
            }
        }
        let digest = hash::sha256(&bytes);
        let mut name = FactHash::default();
        name.copy_from_slice(digest.first_chunk::<16>().unwrap_or(&[0; 16]));
        name
    }
}

/// Whether deciding a command takes the root over the records before it.
pub fn cites_root(command: &Command) -> bool {
    matches!(command, Command::SetLogPolicy(_))
}

/// The facts that one decision may need, as found.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    found: BTreeMap<FactHash, Sequence>,
    vouchers: BTreeMap<VoucherRef, Sequence>,
    originals: BTreeMap<Sequence, Record>,
    /// Root over all records before the decision, for commands that cite it ([`cites_root`]).
    pub root: Option<Digest>,
    /// Names of persons' facts that were looked for, found or not.
    pub(crate) looked: HashSet<FactHash>,
}

impl Facts {
    /// Adds a found fact.
    pub fn add(&mut self, row: FactRow) {
        self.found.insert(row.key, row.sequence);
    }

    /// Adds the place of a voucher.
    pub fn add_voucher(&mut self, reference: VoucherRef, sequence: Sequence) {
        self.vouchers.insert(reference, sequence);
    }

    /// Adds a record that a fact or a voucher's place points to.
    pub fn add_original(&mut self, record: Record) {
        self.originals.insert(record.sequence, record);
    }

    /// The record that made the fact under a key, if it exists.
    pub fn get(&self, key: FactKey<'_>) -> Option<Sequence> {
        // Most decisions find nothing: then no key needs hashing.
        if self.found.is_empty() { None } else { self.found.get(&key.hash()).copied() }
    }

    /// Whether a fact was found under this name.
    pub(crate) fn has(&self, name: &FactHash) -> bool {
        self.found.contains_key(name)
    }

    /// The answer that a request got before, with the fingerprint of what was asked then: made of its records, as it was then. `request` is
    /// the name of its id.
    pub fn answered(&self, book: &str, request: &FactHash) -> Option<(Digest, Receipt)> {
        let first = self.originals.get(self.found.get(request)?)?;
        let command: Vec<Record> =
            of_command(first).map(|no| self.originals.get(&no).cloned()).collect::<Option<_>>()?;
        let leaf = hash::leaf_hash(&record::encode(command.last()?));
        Some((first.request.as_ref()?.fingerprint, Receipt::of(book, &command, leaf)?))
    }

    /// The record that posted a voucher.
    pub fn original(&self, reference: VoucherRef) -> Option<&Record> {
        self.originals.get(self.vouchers.get(&reference)?)
    }

    /// Sequences of records that a decision on `ask` needs in whole and that were not added yet: those of a request answered before, of
    /// which the first tells how many there are; vouchers to be reversed. To be asked again until there are none.
    pub fn wanted_records(&self, state: &State, ask: &Ask) -> Vec<Sequence> {
        // The name of the request is the ask's own, made once: replays come by the hundred thousand.
        if let Some(request) = ask.keys().first().filter(|request| self.has(request)) {
            return self.wanted_of_request(request);
        }
        let mut wanted = Vec::new();
        each_reversal(state, &ask.command, &mut |reference| wanted.extend(self.vouchers.get(&reference)));
        wanted.extend(self.wanted_of_persons(state, &ask.command));
        wanted.retain(|sequence| !self.originals.contains_key(sequence));
        wanted
    }

    /// Vouchers that a decision on `ask` needs the place of and that was not added yet. They exist: numbers are allotted without gap,
    /// so that no fact has to say it.
    pub fn wanted_vouchers(&self, state: &State, ask: &Ask) -> Vec<VoucherRef> {
        let mut wanted = Vec::new();
        each_reversal(state, &ask.command, &mut |reference| {
            if state.has_voucher(reference) && !self.vouchers.contains_key(&reference) {
                wanted.push(reference);
            }
        });
        wanted
    }

    /// The same for what [`Facts::answered`] needs.
    pub fn wanted_of_request(&self, request: &FactHash) -> Vec<Sequence> {
        let Some(first) = self.found.get(request).copied() else { return Vec::new() };
        let mut wanted = self.originals.get(&first).map_or(vec![first], |record| of_command(record).collect());
        wanted.retain(|sequence| !self.originals.contains_key(sequence));
        wanted
    }
}

/// Sequences of the records of the command whose first one this is.
fn of_command(first: &Record) -> impl Iterator<Item = Sequence> + use<> {
    (first.sequence..).take(usize::from(first.parts))
}

pub use persons::looks_for_persons;

/// Names of all facts that a decision on `ask` may need.
pub fn needs(state: &State, ask: &Ask) -> Vec<FactHash> {
    [ask.keys(), &reviewed_keys(state, &ask.command)].concat()
}

/// Of those, the ones that an ask needs by itself: its request id's first.
pub(crate) fn own_keys(request_id: &str, command: &Command) -> Vec<FactHash> {
    let mut keys = Vec::with_capacity(2);
    keys.push(FactKey::Request(request_id).hash());
    command_keys(command, &mut keys);
    if let Command::CorrectVoucher(c) = command {
        command_keys(&c.replacement, &mut keys);
    }
    keys
}

/// Of those, the ones that a review needs for what it reviews.
pub fn reviewed_keys(state: &State, command: &Command) -> Vec<FactHash> {
    let mut keys = Vec::new();
    if let Command::ReviewCommand(_) = command {
        each_command(state, command, &mut |command| command_keys(command, &mut keys));
    }
    keys
}

/// Calls `visit` with the command, what it wraps, and what it reviews.
fn each_command(state: &State, command: &Command, visit: &mut impl FnMut(&Command)) {
    visit(command);
    match command {
        Command::CorrectVoucher(c) => visit(&c.replacement),
        Command::ReviewCommand(c) => {
            let inner = state.pending.get(&c.submission).and_then(|p| record::command::decode(&p.command));
            if let Some(inner) = inner {
                visit(&inner);
                if let Command::CorrectVoucher(c) = &inner {
                    visit(&c.replacement);
                }
            }
        }
        _ => {}
    }
}

/// Calls `visit` with each voucher that the command, or what it reviews, reverses or looks into.
fn each_reversal(state: &State, command: &Command, visit: &mut impl FnMut(VoucherRef)) {
    each_command(state, command, &mut |command| match command {
        Command::ReverseVoucher(c) => visit(c.voucher),
        Command::CorrectVoucher(c) => visit(c.voucher),
        Command::RefundPremium(c) => visit(c.receipt),
        Command::AdjustAmount(c) => visit(c.voucher),
        Command::CorrectPriorYear(c) => visit(c.voucher),
        _ => {}
    });
}

fn command_keys(command: &Command, keys: &mut Vec<FactHash>) {
    let mut bill = |no: &str| {
        if !no.is_empty() {
            keys.push(FactKey::Bill(no).hash());
        }
    };
    match command {
        Command::PostPremiumReceipt(c) => return bill(&c.bill_no),
        Command::RecordIncome(c) => bill(&c.bill_no),
        Command::RegisterBankTransaction(c) => keys.push(FactKey::Evidence(&c.slip_digest).hash()),
        Command::ReverseVoucher(c) => keys.push(FactKey::Reversed(c.voucher).hash()),
        Command::CorrectVoucher(c) => keys.push(FactKey::Reversed(c.voucher).hash()),
        Command::RefundPremium(c) => keys.push(FactKey::Reversed(c.receipt).hash()),
        Command::AdjustAmount(c) => keys.push(FactKey::Reversed(c.voucher).hash()),
        Command::CorrectPriorYear(c) => keys.push(FactKey::Reversed(c.voucher).hash()),
        Command::IdentifyDeposit(c) => {
            let (bill_no, evidence) = match &c.identified {
                Identified::Income(r) => (r.bill_no.as_str(), &r.evidence),
                Identified::Return(r) => ("", &r.evidence),
            };
            bill(bill_no);
            keys.extend(unique_evidence(evidence).map(|e| FactKey::Evidence(&e.digest).hash()));
        }
        _ => {}
    }
    keys.extend(unique_evidence(evidence_of(command)).map(|e| FactKey::Evidence(&e.digest).hash()));
}

/// The documents that a command brings.
pub(crate) fn evidence_of(command: &Command) -> &[Evidence] {
    match command {
        Command::SetBudget(c) => &c.evidence,
        Command::AdjustBudget(c) => &c.evidence,
        Command::AllocateQuota(c) => &c.evidence,
        Command::SubmitEnrollmentBatch(c) => &c.evidence,
        Command::SetDuesStatus(c) => &c.evidence,
        Command::RecordDestruction(c) => &c.evidence,
        Command::RecordIncome(c) => &c.evidence,
        Command::RemitPremiums(c) => &c.evidence,
        Command::CommitExpenditure(c) => &c.evidence,
        Command::ReleaseCommitment(c) => &c.evidence,
        Command::Disburse(c) => &c.evidence,
        Command::RecordReturn(c) => &c.evidence,
        Command::CarryToSurplus(c) => &c.evidence,
        Command::ReverseVoucher(c) => &c.evidence,
        Command::CorrectVoucher(c) => &c.evidence,
        Command::TransferBetweenSources(c) => &c.evidence,
        Command::AppropriateSurplus(c) => &c.evidence,
        Command::RefundPremium(c) => &c.evidence,
        Command::AllocateInterest(c) => &c.evidence,
        Command::RecordUnidentifiedDeposit(c) => &c.evidence,
        Command::IdentifyDeposit(c) => &c.evidence,
        Command::ReturnDeposit(c) => &c.evidence,
        Command::AdjustAmount(c) => &c.evidence,
        Command::CorrectPriorYear(c) => &c.evidence,
        Command::ReturnFiscalSurplus(c) => &c.evidence,
        Command::PostOpeningBalances(c) => &c.evidence,
        Command::AmendGrant(c) => &c.evidence,
        Command::ReturnGrant(c) => &c.evidence,
        Command::FileRules(c) => &c.evidence,
        Command::RegisterHistory(c) => &c.evidence,
        _ => &[],
    }
}

/// How a bill number stands among the reused digests of a voucher.
pub(crate) fn bill_digest(bill_no: &str) -> Digest {
    hash::sha256(bill_no.as_bytes())
}

pub(crate) fn unique_evidence(evidence: &[Evidence]) -> impl Iterator<Item = &Evidence> {
    evidence.iter().filter(|e| e.kind.is_unique())
}

/// Adds the facts that a record makes.
pub(crate) fn add_of_record(record: &Record, rows: &mut Vec<FactRow>) {
    add_named(record, rows, |key| key.hash());
}

/// Adds the facts that a record of this ask makes. Names that the ask has are not made again.
pub(crate) fn add_of_ask(ask: &Ask, record: &Record, rows: &mut Vec<FactRow>) {
    let is_receipt = matches!(ask.command, Command::PostPremiumReceipt(_));
    add_named(record, rows, |key| {
        let known = match key {
            FactKey::Request(_) => ask.keys().first(),
            FactKey::Bill(_) if is_receipt => ask.keys().get(1),
            _ => None,
        };
        known.copied().unwrap_or_else(|| key.hash())
    });
}

fn add_named(record: &Record, rows: &mut Vec<FactRow>, name: impl Fn(FactKey<'_>) -> FactHash) {
    let mut add = |key: FactKey<'_>| rows.push(FactRow { key: name(key), sequence: record.sequence });
    match &record.event {
        // A corrected receipt keeps its bill, which its first voucher made known.
        Event::ReceiptPosted(posted) if posted.voucher.corrects.is_some() => {}
        Event::ReceiptPosted(posted) => add(FactKey::Bill(&posted.receipt.bill_no)),
        // The same where the correction notes it as paid elsewhere: it then stands behind its reversal, in one command.
        Event::ReceiptNoted(_) if record.part > 0 => {}
        Event::ReceiptNoted(receipt) => add(FactKey::Bill(&receipt.bill_no)),
        Event::BankTransactionRegistered(event) => add(FactKey::Evidence(&event.slip_digest)),
        Event::QuotaAllocated(event) => {
            unique_evidence(&event.evidence).for_each(|e| add(FactKey::Evidence(&e.digest)));
        }
        Event::DuesStatusSet { evidence, .. } | Event::RulesFiled { evidence, .. } => {
            unique_evidence(evidence).for_each(|e| add(FactKey::Evidence(&e.digest)));
        }
        Event::ArchivesDestroyed { destruction, .. } => {
            unique_evidence(&destruction.evidence).for_each(|e| add(FactKey::Evidence(&e.digest)));
        }
        Event::PersonsEnrolled(event) => {
            let mut again = event.again.iter().copied().peekable();
            for (place, token) in (0u32..).zip(&event.tokens) {
                let times = again.next_if(|(at, _)| *at == place).map_or(0, |(_, times)| times);
                add(FactKey::Person(event.year, token, times));
            }
        }
        Event::BatchSubmitted { batch, .. } => {
            unique_evidence(&batch.evidence).for_each(|e| add(FactKey::Evidence(&e.digest)));
        }
        Event::HistoryRegistered { history, .. } => {
            unique_evidence(&history.evidence).for_each(|e| add(FactKey::Evidence(&e.digest)));
        }
        Event::GrantAmended(event) => {
            unique_evidence(&event.evidence).for_each(|e| add(FactKey::Evidence(&e.digest)));
        }
        Event::VoucherPosted(posted) => {
            let new = |digest: &Digest| !posted.reused.contains(digest);
            if !posted.bill_no.is_empty() && new(&bill_digest(&posted.bill_no)) {
                add(FactKey::Bill(&posted.bill_no));
            }
            if let record::event::Effect::Reversal { of } = posted.effect {
                add(FactKey::Reversed(of));
            }
            unique_evidence(&posted.evidence)
                .filter(|e| new(&e.digest))
                .for_each(|e| add(FactKey::Evidence(&e.digest)));
        }
        _ => {}
    }
    // A command's first record alone carries its request.
    if let Some(request) = &record.request {
        add(FactKey::Request(&request.id));
    }
}
