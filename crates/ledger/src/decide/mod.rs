//! Deciding: (state, ask, facts, now) -> records, or why not. Pure. The order is fixed: access, form, request id, refusal bound, then
//! every rule at once.

mod adjust;
mod approvals;
mod archives;
mod bank;
mod batches;
mod book;
mod check;
mod close;
mod correct;
mod deposit;
mod desk;
mod eligibility;
mod explain;
mod findings;
mod funding;
mod give_back;
mod interest;
mod layers;
mod lines;
mod log_policy;
mod numbers;
mod opening;
mod persons;
mod places;
mod premium;
mod programme;
mod refund;
mod returns;
mod spending;
mod statements;
mod transfer;

use record::event::{Hit, Refused};
use record::kinds::{Role, Verdict};
use record::{Actor, Command, Event, PersonNo, Record, Request, Sequence, command};

use crate::access::{self, Denied};
use crate::state::Pending;
use crate::{Ask, Facts, FieldFault, Receipt, State};

pub(crate) use approvals::PARAM_BODY;
pub(crate) use desk::Desk;
pub use explain::{Explanation, OfSource, Spend, explain};
pub use findings::MAX_CHANGES;
pub(crate) use lines::{grant_permits, grants_of, in_term};
pub(crate) use persons::MAX_ROSTER_ROWS;
pub(crate) use statements::MAX_STATEMENT_LINES;

/// Refusals of one person that are recorded in a minute; beyond it the log is protected from flooding (DESIGN.md 1.6).
pub const REFUSALS_PER_MINUTE: u32 = 600;

/// What came of an ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Records to append: the command took effect, was submitted for review, or was refused by rules.
    Records(Vec<Record>),
    /// The same request was answered before: the same answer.
    Replay(Box<Receipt>),
    /// The request id was used for something else.
    KeyReused,
    /// Malformed: nothing is recorded.
    Malformed(Vec<FieldFault>),
    /// The caller's roles do not allow it: nothing is recorded.
    Denied,
    /// Too many refusals this minute: try later. One record says so, once a minute.
    Suppressed(Option<Box<Record>>),
}

/// Who stands behind a command: its maker (制单) and, where it took review, its reviewer (审核).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hands {
    pub maker: PersonNo,
    pub reviewer: PersonNo,
}

/// Judges an ask. `now` is the batch's one reading of the clock, microseconds; record time never runs backwards.
pub fn decide(state: &State, ask: &Ask, facts: &Facts, now: i64) -> Decision {
    let now = now.max(state.time);
    let person = match authorise(state, ask) {
        Ok(person) => person,
        Err(Denied) => return Decision::Denied,
    };
    if !ask.faults().is_empty() {
        return Decision::Malformed(ask.faults().to_vec());
    }
    if let Some(request) = ask.keys().first().filter(|request| facts.has(request)) {
        return match facts.answered(&state.book, request) {
            Some((fingerprint, receipt)) if fingerprint == ask.fingerprint => Decision::Replay(Box::new(receipt)),
            _ => Decision::KeyReused,
        };
    }
    if let Some(suppressed) = suppress(state, person, now) {
        return suppressed;
    }
    let mut desk = Desk::new(state, facts, now, Hands { maker: person, reviewer: 0 });
    let events = judge(&mut desk, &ask.command);
    let events = match desk.finish() {
        Err(faults) => return Decision::Malformed(faults),
        Ok(hits) if hits.is_empty() => events,
        Ok(hits) => vec![Event::Refused(Refused { hits, command: command::encode(&ask.command) })],
    };
    Decision::Records(records(state, ask, person, now, events))
}

/// What `decide` would say without the request id: for `validate_only`, and for judging a preview.
pub fn preview(state: &State, ask: &Ask, facts: &Facts, now: i64) -> Result<Vec<Hit>, Decision> {
    match decide(state, ask, facts, now) {
        Decision::Records(records) => Ok(match records.first().map(|r| &r.event) {
            Some(Event::Refused(refused)) => refused.hits.clone(),
            _ => Vec::new(),
        }),
        other => Err(other),
    }
}

fn authorise(state: &State, ask: &Ask) -> Result<PersonNo, Denied> {
    match (&ask.command, state.sequence) {
        // The server lets only operators open books; the first person listed stands for the opening.
        (Command::CreateBook(_), 0) => Ok(1),
        (Command::CreateBook(_), _) | (_, 0) => Err(Denied),
        (command, _) => access::authorise(state, &ask.caller.person, command),
    }
}

fn suppress(state: &State, person: PersonNo, now: i64) -> Option<Decision> {
    let minute = now.div_euclid(60_000_000);
    let (at, count) = state.refusals.get(&person).copied()?;
    if at != minute || count < REFUSALS_PER_MINUTE {
        return None;
    }
    let event = Event::RefusalsSuppressed { person, minute };
    // The summary record sets the count to its maximum, so it is made once a minute.
    let record = (count != u32::MAX).then(|| Box::new(system_record(state, now, event)));
    Some(Decision::Suppressed(record))
}

/// Judges a command with a desk of its own maker: submission for review, or effect.
fn judge(desk: &mut Desk<'_>, command: &Command) -> Vec<Event> {
    if let Command::ReviewCommand(review) = command {
        return self::review(desk, review);
    }
    let events = effect(desk, command);
    desk.check(&events);
    if access::needs_review(command) { vec![Event::Submitted { command: command::encode(command) }] } else { events }
}

/// The review of a submitted command: judged again, against this moment's state, with both hands known.
fn review(desk: &mut Desk<'_>, review: &command::ReviewCommand) -> Vec<Event> {
    let reviewer = desk.hands.maker;
    let Some(pending) = desk.state.pending.get(&review.submission) else {
        desk.unknown("submission");
        return Vec::new();
    };
    let Some(inner) = command::decode(&pending.command) else {
        desk.unknown("submission");
        return Vec::new();
    };
    check_not_expired(desk, pending);
    if pending.person == reviewer {
        let code = desk.state.persons.code(reviewer).to_owned();
        desk.hit("LED-009", "reviewer", "another person", &code);
    }
    if let Command::SignDailySummary(_) = inner {
        require_other_signer(desk, pending.person, reviewer);
    }
    let mut events =
        vec![Event::Reviewed { submission: review.submission, verdict: review.verdict, reason: review.reason.clone() }];
    if review.verdict == Verdict::Approve {
        check_still_in_office(desk, pending, &inner);
        desk.hands = Hands { maker: pending.person, reviewer };
        events.extend(effect(desk, &inner));
        desk.check(&events);
    }
    events
}

/// What nobody reviewed in time is judged no more: its maker submits it anew.
fn check_not_expired(desk: &mut Desk<'_>, pending: &Pending) {
    if desk.today > pending.last_day {
        desk.fault(
            "submission",
            "EXPIRED",
            "送审已过期，须由制单人重新送审",
            "has expired: its maker must submit it anew",
        );
    }
}

/// LED-009: what somebody submitted who may not ask it any more takes no effect (rules.md 1.5).
fn check_still_in_office(desk: &mut Desk<'_>, pending: &Pending, inner: &Command) {
    let maker = desk.state.persons.code(pending.person).to_owned();
    if access::authorise(desk.state, &maker, inner).is_err() {
        let roles = access::makers(inner).iter().map(|role| role.code()).collect::<Vec<_>>().join(" | ");
        desk.hit("LED-009", "maker", &roles, &maker);
    }
}

/// Its maker takes a submission back.
fn withdraw(desk: &mut Desk<'_>, c: &command::WithdrawCommand) -> Vec<Event> {
    if !desk.state.pending.contains_key(&c.submission) {
        desk.unknown("submission");
    }
    vec![Event::Withdrawn { submission: c.submission, reason: c.reason.clone() }]
}

/// The day's receipts are signed by one FIN_REVIEWER and one CASHIER, not by two of the same office (decisions.md 6).
fn require_other_signer(desk: &mut Desk<'_>, first: PersonNo, second: PersonNo) {
    let is = |person, role| desk.state.has_role(person, &[role]);
    let both = (is(first, Role::FinReviewer) && is(second, Role::Cashier))
        || (is(first, Role::Cashier) && is(second, Role::FinReviewer));
    if !both {
        desk.hit("LED-009", "signers", "FIN_REVIEWER + CASHIER", "");
    }
}

/// What a command does if nothing forbids it. Hits and faults gather on the desk; the events count only without them.
fn effect(desk: &mut Desk<'_>, command: &Command) -> Vec<Event> {
    match command {
        Command::CreateBook(c) => book::create(desk, c),
        Command::DefineAccount(c) => book::define_account(desk, c),
        Command::RegisterOrganization(c) => book::register_organization(desk, c),
        Command::RegisterBankAccount(c) => bank::register_account(desk, c),
        Command::RegisterBankTransaction(c) => bank::register_transaction(desk, c),
        Command::GrantRole(c) => book::grant_role(desk, c),
        Command::RevokeRole(c) => book::revoke_role(desk, c),
        Command::SetParameter(c) => book::set_parameter(desk, c),
        Command::ClosePeriod(c) => close::period(desk, c),
        Command::CloseYear(c) => close::year(desk, c),
        Command::SignDailySummary(c) => close::sign_day(desk, c),
        Command::RegisterScheme(c) => programme::register_scheme(desk, c),
        Command::SetSubsidyStandard(c) => programme::set_standard(desk, c),
        Command::SetBudget(c) => programme::set_budget(desk, c),
        Command::AdjustBudget(c) => programme::adjust_budget(desk, c),
        Command::AllocateQuota(c) => programme::allocate_quota(desk, c),
        Command::SubmitEnrollmentBatch(c) => programme::submit_batch(desk, c),
        Command::ReviewEnrollmentBatch(c) => programme::review_batch(desk, c),
        Command::ConfirmCoverage(c) => programme::confirm(desk, c),
        Command::RecordIncome(c) => funding::income(desk, c),
        Command::PostPremiumReceipt(c) => premium::receipt(desk, c),
        Command::RemitPremiums(c) => premium::remit(desk, c),
        Command::RecordApproval(c) => approvals::record_approval(desk, c),
        Command::CommitExpenditure(c) => spending::commit(desk, c),
        Command::ReleaseCommitment(c) => spending::release(desk, c),
        Command::Disburse(c) => spending::disburse(desk, c),
        Command::RecordReturn(c) => returns::record_return(desk, c),
        Command::CarryToSurplus(c) => close::carry_to_surplus(desk, c),
        Command::ReverseVoucher(c) => correct::reverse(desk, c),
        Command::CorrectVoucher(c) => correct::correct(desk, c),
        Command::RunDetectors(c) => findings::run(desk, c),
        Command::UpdateFinding(c) => findings::update(desk, c),
        // A review of a review cannot be submitted: reviews take effect at once.
        Command::ReviewCommand(_) => Vec::new(),
        other => flow(desk, other),
    }
}

/// The same for the flows beside the ordinary ones.
fn flow(desk: &mut Desk<'_>, command: &Command) -> Vec<Event> {
    match command {
        Command::TransferBetweenSources(c) => transfer::between_sources(desk, c),
        Command::AppropriateSurplus(c) => funding::appropriate_surplus(desk, c),
        Command::RefundPremium(c) => refund::refund(desk, c),
        Command::AllocateInterest(c) => interest::allocate(desk, c),
        Command::RecordUnidentifiedDeposit(c) => deposit::record_deposit(desk, c),
        Command::IdentifyDeposit(c) => deposit::identify(desk, c),
        Command::ReturnDeposit(c) => deposit::return_deposit(desk, c),
        Command::AdjustAmount(c) => adjust::amount(desk, c),
        Command::CorrectPriorYear(c) => adjust::prior_year(desk, c),
        Command::ReturnFiscalSurplus(c) => transfer::fiscal_surplus(desk, c),
        Command::PostOpeningBalances(c) => opening::balances(desk, c),
        Command::AmendGrant(c) => transfer::amend_grant(desk, c),
        Command::WithdrawCommand(c) => withdraw(desk, c),
        Command::SetDuesStatus(c) => eligibility::set_dues(desk, c),
        Command::RegisterSnapshot(c) => eligibility::register_snapshot(desk, c),
        Command::RegisterTokenKey(c) => persons::register_key(desk, c),
        Command::UploadRosterChunk(c) => persons::upload(desk, c),
        Command::VoidSourceNumbers(c) => numbers::void(desk, c),
        Command::UploadStatementChunk(c) => statements::upload(desk, c),
        Command::ImportStatement(c) => statements::seal(desk, c),
        Command::MatchStatement(c) => statements::match_lines(desk, c),
        Command::UnmatchStatement(c) => statements::unmatch(desk, c),
        Command::ReturnGrant(c) => give_back::return_grant(desk, c),
        Command::AdoptRuleSet(c) => layers::adopt(desk, c),
        Command::FileRules(c) => layers::file(desk, c),
        Command::RegisterHistory(c) => layers::register_history(desk, c),
        Command::RecordDestruction(c) => archives::destroy(desk, c),
        Command::SetLogPolicy(c) => log_policy::set(desk, c),
        // Every other command is judged by `effect`, which hands only these on.
        _ => Vec::new(),
    }
}

/// Dresses events as the records of one command.
fn records(state: &State, ask: &Ask, person: PersonNo, now: i64, events: Vec<Event>) -> Vec<Record> {
    let parts = u16::try_from(events.len()).unwrap_or(u16::MAX);
    let mut sequence: Sequence = state.sequence;
    let mut request = Some(Request { id: ask.request_id.clone(), fingerprint: ask.fingerprint });
    (0..parts)
        .zip(events)
        .map(|(part, event)| {
            sequence = sequence.saturating_add(1);
            Record {
                sequence,
                time: now,
                actor: Actor { person, key_id: ask.caller.key_id, signature: ask.caller.signature.clone() },
                rule_set: state.rule_set.max(1),
                part,
                parts,
                request: request.take(),
                event,
            }
        })
        .collect()
}

/// A record that the ledger makes of its own accord.
pub fn system_record(state: &State, now: i64, event: Event) -> Record {
    Record {
        sequence: state.sequence.saturating_add(1),
        time: now.max(state.time),
        actor: Actor::default(),
        rule_set: state.rule_set.max(1),
        part: 0,
        parts: 1,
        request: None,
        event,
    }
}
