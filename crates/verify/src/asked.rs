//! What was asked, told from what was recorded: the command within a submission or refusal, or the one that the events of a command
//! that took effect at once say in full. Where events leave something out, every command that they can stand for is given.

use record::command::{
    AllocateQuota, ClosePeriod, ConfirmCoverage, CreateBook, DefineAccount, MatchStatement, PersonDef,
    PostPremiumReceipt, QuotaLine, RegisterBankTransaction, RegisterOrganization, RegisterSnapshot, ReviewCommand,
    ReviewEnrollmentBatch, RunDetectors, SetLogPolicy, UnmatchStatement, UpdateFinding, UploadRosterChunk,
    WithdrawCommand, decode,
};
use record::event::{BankTransactionRegistered, BookCreated, QuotaAllocated, ReceiptFields};
use record::kinds::{Custody, PayerType};
use record::{Command, Day, Event, Record};

use crate::book::Book;
use crate::judge::voucher_in;

/// Days before its record on which a notice without a voucher is looked for: what is keyed in later is seldom older.
const NOTICE_DAYS: i32 = 800;

/// What the records of a command stand for.
#[allow(clippy::large_enum_variant, reason = "it lives for one look, and a box would cost most records an allocation")]
pub(crate) enum Asked {
    /// This one.
    One(Command),
    /// One of these; the first is judged.
    Commands(Vec<Command>),
    /// A command that stands in the record, unreadable.
    Unreadable,
    /// Events that begin no command known here.
    Unknown,
}

impl Asked {
    /// The command that is judged, if one is known.
    pub fn first(&self) -> Option<&Command> {
        match self {
            Asked::One(command) => Some(command),
            Asked::Commands(commands) => commands.first(),
            Asked::Unreadable | Asked::Unknown => None,
        }
    }
}

/// The commands that a command's records can stand for, and whether the fingerprint can be recomputed from them.
pub(crate) fn asked(book: &Book, records: &[Record]) -> (Asked, bool) {
    let Some(first) = records.first() else { return (Asked::Unknown, false) };
    let one = |command| (Asked::One(command), true);
    let inner = |bytes: &[u8]| match decode(bytes) {
        Some(command) => one(command),
        None => (Asked::Unreadable, false),
    };
    match &first.event {
        Event::Refused(refused) => inner(&refused.command),
        Event::Submitted { command } => inner(command),
        Event::Reviewed { submission, verdict, reason } => one(Command::ReviewCommand(ReviewCommand {
            submission: *submission,
            verdict: *verdict,
            reason: reason.clone(),
        })),
        Event::Withdrawn { submission, reason } => {
            one(Command::WithdrawCommand(WithdrawCommand { submission: *submission, reason: reason.clone() }))
        }
        // The order in which a person's first offices were listed is not recorded.
        Event::BookCreated(created) => (Asked::One(opening(created, records)), false),
        Event::AccountDefined { account, .. } => {
            one(Command::DefineAccount(DefineAccount { account: account.clone() }))
        }
        Event::OrganizationRegistered { organization, .. } => {
            one(Command::RegisterOrganization(RegisterOrganization { organization: organization.clone() }))
        }
        Event::BankTransactionRegistered(event) => one(Command::RegisterBankTransaction(movement(book, event))),
        Event::PeriodClosed { period, .. } => one(Command::ClosePeriod(ClosePeriod { period: *period })),
        Event::ApprovalRecorded { approval, .. } => one(Command::RecordApproval(approval.clone())),
        Event::QuotaAllocated(event) => notice(book, event, records),
        Event::BatchSubmitted { batch, .. } => one(Command::SubmitEnrollmentBatch(batch.clone())),
        Event::ReceiptPosted(posted) => {
            let line = posted.voucher.lines.first();
            let movement = book.movements.code(line.map_or(0, |line| line.bank)).to_owned();
            let price = line.map_or(0, |line| line.price);
            one(Command::PostPremiumReceipt(receipt(book, &posted.receipt, (Custody::Collector, movement, price))))
        }
        Event::ReceiptNoted(fields) => {
            // A bank transaction that such a receipt named has no line to stand on.
            let price = fields.fen.checked_div(i64::from(fields.heads)).unwrap_or(0);
            let command = receipt(book, fields, (Custody::MutualAidDirect, String::new(), price));
            (Asked::One(Command::PostPremiumReceipt(command)), false)
        }
        _ => beside(book, first),
    }
}

/// The same of reviews and registers, and of supervision.
fn beside(book: &Book, first: &Record) -> (Asked, bool) {
    let one = |command| (Asked::One(command), true);
    match &first.event {
        Event::BatchReviewed { batch, verdict, reviewed_on, reason } => {
            one(Command::ReviewEnrollmentBatch(ReviewEnrollmentBatch {
                batch: book.grants.code(*batch).to_owned(),
                verdict: *verdict,
                reviewed_on: *reviewed_on,
                reason: reason.clone(),
            }))
        }
        Event::CoverConfirmed { batch, confirmation_no, heads, fen, confirmed_on } => {
            one(Command::ConfirmCoverage(ConfirmCoverage {
                batch: book.grants.code(*batch).to_owned(),
                confirmation_no: confirmation_no.clone(),
                heads: *heads,
                fen: *fen,
                confirmed_on: *confirmed_on,
            }))
        }
        Event::SnapshotRegistered { snapshot } => {
            let snapshot: RegisterSnapshot = snapshot.clone();
            one(Command::RegisterSnapshot(snapshot))
        }
        Event::RosterChunkUploaded { chunk } => {
            let chunk: UploadRosterChunk = chunk.clone();
            one(Command::UploadRosterChunk(chunk))
        }
        Event::DetectorsRun { day, .. } => {
            let today = (*day == Day::of_instant(first.time)).then_some(None);
            let days = core::iter::once(Some(*day)).chain(today);
            (Asked::Commands(days.map(|day| Command::RunDetectors(RunDetectors { day })).collect()), true)
        }
        Event::FindingUpdated(event) => {
            let step = |due| {
                Command::UpdateFinding(UpdateFinding {
                    finding: event.finding,
                    step: event.step,
                    reason: event.reason.clone(),
                    due,
                    vouchers: event.vouchers.clone(),
                })
            };
            // A step that named no day keeps the one that was set before; one that named a day in the past would not stand.
            let kept = event.due.filter(|due| *due < Day::of_instant(first.time)).is_some();
            let first = step(if kept { None } else { event.due });
            (Asked::Commands(vec![first, step(None)]), true)
        }
        Event::LogPolicySet { policy, statement } => {
            one(Command::SetLogPolicy(SetLogPolicy { policy: policy.clone(), statement: statement.clone() }))
        }
        _ => of_statements(book, first),
    }
}

/// The same of statements.
fn of_statements(book: &Book, first: &Record) -> (Asked, bool) {
    let one = |command| (Asked::One(command), true);
    let statements = &book.statements;
    let id = |no: &u32| statements.lines.get(no).map_or(String::new(), |entered| entered.line.id.clone());
    match &first.event {
        Event::StatementChunkUploaded { chunk } => one(Command::UploadStatementChunk(chunk.clone())),
        Event::StatementImported(event) => one(Command::ImportStatement(event.statement.clone())),
        Event::LinesMatched(event) => {
            let groups = || event.groups.iter().filter(|_| !event.by_ids);
            let movement = |no: &u32| book.movements.code(*no).to_owned();
            one(Command::MatchStatement(MatchStatement {
                account: book.bank_accounts.code(event.account).to_owned(),
                by_ids: event.by_ids,
                lines: groups().flat_map(|(lines, _)| lines.iter().map(id)).collect(),
                transactions: groups().flat_map(|(_, movements)| movements.iter().map(movement)).collect(),
                reason: event.reason.clone(),
            }))
        }
        // Which of the group's lines was named is not recorded.
        Event::LinesUnmatched(event) => {
            let group = statements.groups.get(&event.group);
            let lines = group.map_or(&[][..], |group| &group.lines).iter().map(|line| {
                Command::UnmatchStatement(UnmatchStatement {
                    account: book.bank_accounts.code(group.map_or(0, |group| group.account)).to_owned(),
                    line: id(line),
                    reason: event.reason.clone(),
                })
            });
            (Asked::Commands(lines.collect()), true)
        }
        _ => (Asked::Unknown, false),
    }
}

fn opening(created: &BookCreated, records: &[Record]) -> Command {
    let orgs: Vec<&str> =
        core::iter::once(&created.organization).chain(&created.preset.organizations).map(|o| o.code.as_str()).collect();
    let code = |no: u32| {
        let place = usize::try_from(no).ok().and_then(|no| no.checked_sub(1));
        place.and_then(|place| orgs.get(place)).map_or(String::new(), |code| (*code).to_owned())
    };
    let persons = records.iter().filter_map(|record| match &record.event {
        Event::RolesSet(event) => Some(PersonDef {
            code: event.code.clone(),
            display: event.display.clone(),
            roles: event.roles.clone(),
            organization: code(event.organization),
        }),
        _ => None,
    });
    Command::CreateBook(Box::new(CreateBook {
        book: created.book.clone(),
        name: created.name.clone(),
        organization: created.organization.clone(),
        preset: created.preset.clone(),
        first_period: created.first_period,
        live_from: created.live_from,
        persons: persons.collect(),
    }))
}

fn movement(book: &Book, event: &BankTransactionRegistered) -> RegisterBankTransaction {
    RegisterBankTransaction {
        id: event.id.clone(),
        account: book.bank_accounts.code(event.account).to_owned(),
        direction: event.direction,
        fen: event.fen,
        date: event.date,
        counterparty_account: book.bank_accounts.code(event.counterparty).to_owned(),
        settlement: event.settlement,
        currency: "CNY".to_owned(),
        slip_digest: event.slip_digest,
    }
}

fn receipt(
    book: &Book,
    fields: &ReceiptFields,
    (custody, bank_txn, unit_fen): (Custody, String, i64),
) -> PostPremiumReceipt {
    let payer = book.source(fields.source).and_then(|source| PayerType::from_code(&source.payer));
    PostPremiumReceipt {
        holder: book.orgs.code(fields.holder).to_owned(),
        payer: payer.unwrap_or(PayerType::Member),
        batch: book.grants.code(fields.batch).to_owned(),
        heads: fields.heads,
        unit_fen,
        fen: fields.fen,
        received_on: fields.received_on,
        custody,
        bill_no: fields.bill_no.clone(),
        bank_txn,
        source_seq: fields.source_seq,
    }
}

/// A notice is dated as its voucher; one that bound no money on a day that only the fingerprint tells.
fn notice(book: &Book, event: &QuotaAllocated, records: &[Record]) -> (Asked, bool) {
    let line = |(class, plan, heads): &(u8, u8, Option<u32>)| QuotaLine {
        class: book.classes.code(*class).to_owned(),
        plan: book.plans.code(*plan).to_owned(),
        heads: *heads,
    };
    let on = |date| {
        Command::AllocateQuota(AllocateQuota {
            notice_no: event.notice_no.clone(),
            organization: book.orgs.code(event.organization).to_owned(),
            year: event.year,
            source: book.sources.code(event.source).to_owned(),
            date,
            change: event.change,
            lines: event.lines.iter().map(line).collect(),
            basis: event.basis.clone(),
            second_level: event.second_level,
            evidence: event.evidence.clone(),
        })
    };
    if let Some(voucher) = records.iter().find_map(|record| voucher_in(&record.event)) {
        return (Asked::One(on(voucher.date)), true);
    }
    let Some(first) = records.first() else { return (Asked::Unknown, false) };
    let today = Day::of_instant(first.time);
    let request = first.request.as_ref().map(|request| request.fingerprint);
    let person = book.persons.code(first.actor.person);
    let days = (0..NOTICE_DAYS).map(|back| today.plus_days(0i32.saturating_sub(back)));
    let found = days.map(on).find(|c| request == Some(record::command_fingerprint(&book.code, person, c)));
    (Asked::One(found.unwrap_or_else(|| on(today))), false)
}
