//! Judging a command a second time, from the fund's rules and the books before it: which rules it breaks, and which events follow where
//! it breaks none. The tables (`roles`, `kinds`) say who may ask what and what each kind of money, approval and document demands; the
//! subjects say what a command does. Nothing of the ledger's own judging is used.

mod archives;
mod checks;
mod close;
mod correct;
mod deposits;
mod enrol;
mod findings;
mod giver;
mod income;
mod kinds;
mod layers;
mod moves;
mod policy;
mod premium;
mod programme;
mod roles;
mod setup;
mod spend;
mod statements;

use record::command::{self, ReviewCommand};
use record::kinds::{LedgerKind, Settlement, Template, Verdict, VoucherKind, Word};
use record::{ApprovalNo, Command, CommitmentNo, Day, Digest, Event, Line, PersonNo, Record, Voucher, VoucherRef};

use crate::archive::{Archive, Once};
use crate::book::Book;
pub(crate) use checks::{OutOf, balances, voucher_in};
pub(crate) use findings::transition;
pub(crate) use roles::{Ask, allowed, needs_review};

/// Lines of a voucher at most.
pub(crate) const LINES: usize = 1_000;

/// What was found of a command.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// Rules that it breaks, each with what it is about.
    pub broken: Vec<(&'static str, String)>,
    /// Fields that name nothing, name what is taken, or come too late: such a request is malformed and never recorded.
    pub unknown: Vec<String>,
    /// Names that must be new, of what was refused; which of them are is known at the end of the log only.
    pub once: Vec<u128>,
    /// What follows.
    pub events: Vec<Event>,
    /// Whether no judge knows the command.
    pub unjudged: bool,
}

impl Found {
    /// Whether a rule is among those broken.
    pub(crate) fn breaks(&self, rule: &str) -> bool {
        self.broken.iter().any(|(code, _)| *code == rule)
    }
}

/// A command before its judge.
pub(crate) struct Case<'a> {
    pub book: &'a Book,
    pub archive: &'a Archive,
    pub now: i64,
    pub today: Day,
    pub maker: PersonNo,
    pub reviewer: PersonNo,
    /// Digests that may be cited again.
    pub again: Vec<Digest>,
    /// The bill that a corrected receipt keeps.
    pub kept_bill: Option<String>,
    /// Whether the right half of a correction is judged.
    pub correcting: bool,
    /// Whether it was refused: then the names that it says are new may be why.
    pub refused: bool,
    pub found: Found,
    numbers: Vec<((Word, u32), u32)>,
}

/// What a voucher is made of, its number and hands apart.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub template: Template,
    pub kind: VoucherKind,
    pub ledger: LedgerKind,
    pub word: Word,
    pub date: Day,
    pub cashier: PersonNo,
    pub approval: ApprovalNo,
    pub commitment: CommitmentNo,
    pub settlement: Option<Settlement>,
    pub corrects: Option<VoucherRef>,
    pub summary: String,
    pub attachments: usize,
    pub lines: Vec<Line>,
}

impl Plan {
    /// A voucher of money, word 记.
    pub(crate) fn money(template: Template, date: Day, lines: Vec<Line>) -> Plan {
        Plan {
            template,
            kind: VoucherKind::Normal,
            ledger: LedgerKind::Actual,
            word: Word::Ji,
            date,
            cashier: 0,
            approval: 0,
            commitment: 0,
            settlement: None,
            corrects: None,
            summary: String::new(),
            attachments: 0,
            lines,
        }
    }

    /// A voucher of the budget, word 预.
    pub(crate) fn budget(template: Template, date: Day, lines: Vec<Line>) -> Plan {
        Plan { ledger: LedgerKind::Budget, word: Word::Yu, ..Plan::money(template, date, lines) }
    }
}

impl<'a> Case<'a> {
    /// A command of these hands at this moment.
    pub(crate) fn new(book: &'a Book, archive: &'a Archive, now: i64, maker: PersonNo, reviewer: PersonNo) -> Case<'a> {
        Case {
            book,
            archive,
            now,
            today: Day::of_instant(now),
            maker,
            reviewer,
            again: Vec::new(),
            kept_bill: None,
            correcting: false,
            refused: false,
            found: Found::default(),
            numbers: Vec::new(),
        }
    }

    /// A rule is broken.
    pub(crate) fn breaks(&mut self, rule: &'static str, subject: impl Into<String>) {
        self.found.broken.push((rule, subject.into()));
    }

    /// A rule is broken if this is so.
    pub(crate) fn breaks_if(&mut self, so: bool, rule: &'static str, subject: &str) {
        if so {
            self.breaks(rule, subject);
        }
    }

    /// A field names nothing, or what is taken.
    pub(crate) fn unknown(&mut self, field: &str) {
        self.found.unknown.push(field.to_owned());
    }

    /// Something that may be used once. Of what stands the archive tells at the end whether it was.
    pub(crate) fn once(&mut self, once: Once<'_>) {
        if self.refused {
            self.found.once.push(once.name());
        }
    }

    /// Numbers and signs a voucher.
    pub(crate) fn voucher(&mut self, plan: Plan) -> Voucher {
        let cycle = self.book.cycle(plan.date);
        let at = (plan.word, cycle);
        let known = self.numbers.iter_mut().find(|(other, _)| *other == at).map(|(_, number)| number);
        let number = match known {
            Some(number) => {
                *number = number.saturating_add(1);
                *number
            }
            None => {
                let number = self.book.last_number(plan.word, cycle).saturating_add(1);
                self.numbers.push((at, number));
                number
            }
        };
        Voucher {
            ledger: plan.ledger,
            reference: VoucherRef { word: plan.word, cycle, number },
            date: plan.date,
            kind: plan.kind,
            template: plan.template,
            summary: plan.summary,
            attachments: u16::try_from(plan.attachments).unwrap_or(u16::MAX),
            prepared_by: self.maker,
            reviewed_by: self.reviewer,
            posted_by: 0,
            cashier_by: plan.cashier,
            chief_by: if plan.kind == VoucherKind::Closing { self.reviewer } else { 0 },
            corrects: plan.corrects,
            historical: plan.date < self.book.live_from,
            approval: plan.approval,
            commitment: plan.commitment,
            settlement: plan.settlement,
            lines: plan.lines,
        }
    }
}

/// Judges what a person asked: for submission, or for effect at once; or whether it was to be refused.
pub(crate) fn judge(book: &Book, archive: &Archive, first: &Record, command: &Command) -> Found {
    let mut case = Case::new(book, archive, first.time, first.actor.person, 0);
    case.refused = matches!(first.event, Event::Refused(_));
    if let Command::ReviewCommand(review) = command {
        review_of(&mut case, review);
        return case.found;
    }
    let events = effect(&mut case, command);
    case.check_vouchers(&events);
    let submitted = || vec![Event::Submitted { command: command::encode(command) }];
    case.found.events = if needs_review(command) { submitted() } else { events };
    case.found
}

/// The review of a submission: what it leads to is judged again at this moment, by both hands.
fn review_of(case: &mut Case<'_>, review: &ReviewCommand) {
    let book = case.book;
    let reviewer = case.maker;
    let waiting = book.waiting.get(&review.submission);
    let Some((waiting, inner)) = waiting.and_then(|w| Some((w, command::decode(&w.command)?))) else {
        case.unknown("submission");
        return;
    };
    if case.today > waiting.last_day {
        case.unknown("submission: expired");
    }
    case.breaks_if(waiting.person == reviewer, "LED-009", "reviewer");
    if let Command::SignDailySummary(_) = inner {
        let other = roles::signers_are_two(book, waiting.person, reviewer);
        case.breaks_if(!other, "LED-009", "signers");
    }
    let mut events =
        vec![Event::Reviewed { submission: review.submission, verdict: review.verdict, reason: review.reason.clone() }];
    if review.verdict == Verdict::Approve {
        let still = allowed(book, waiting.person, &Ask::of(&inner));
        case.breaks_if(!still, "LED-009", "maker");
        (case.maker, case.reviewer) = (waiting.person, reviewer);
        events.extend(effect(case, &inner));
        case.check_vouchers(&events);
    }
    case.found.events = events;
}

/// What a command does, and which rules stand against it.
fn effect(case: &mut Case<'_>, command: &Command) -> Vec<Event> {
    use Command as C;
    match command {
        C::CreateBook(c) => setup::create(case, c),
        C::DefineAccount(c) => setup::account(case, c),
        C::RegisterOrganization(c) => setup::organization(case, c),
        C::RegisterBankAccount(c) => setup::bank_account(case, c),
        C::RegisterBankTransaction(c) => setup::movement(case, c),
        C::GrantRole(c) => setup::grant_role(case, c),
        C::RevokeRole(c) => setup::revoke_role(case, c),
        C::SetParameter(c) => setup::parameter(case, c),
        C::RecordApproval(c) => setup::approval(case, c),
        C::VoidSourceNumbers(c) => setup::void_numbers(case, c),
        C::ClosePeriod(c) => close::month(case, c.period),
        C::CloseYear(c) => close::year(case, c.year),
        C::SignDailySummary(c) => close::sign(case, c),
        C::CarryToSurplus(c) => moves::surplus(case, c),
        C::RegisterScheme(c) => programme::scheme(case, c),
        C::SetSubsidyStandard(c) => programme::standard(case, c),
        C::SetBudget(c) => programme::set_budget(case, c),
        C::AdjustBudget(c) => programme::adjust_budget(case, c),
        C::AllocateQuota(c) => programme::quota(case, c),
        C::SubmitEnrollmentBatch(c) => enrol::submit(case, c),
        C::ReviewEnrollmentBatch(c) => enrol::review(case, c),
        C::ConfirmCoverage(c) => enrol::confirm(case, c),
        C::SetDuesStatus(c) => enrol::dues(case, c),
        C::RegisterSnapshot(c) => enrol::snapshot(case, c),
        C::RegisterTokenKey(c) => enrol::token_key(case, c),
        C::UploadRosterChunk(c) => enrol::upload(case, c),
        C::RecordIncome(c) => income::record(case, c),
        C::AppropriateSurplus(c) => income::appropriate(case, c),
        C::AllocateInterest(c) => income::share_interest(case, c),
        C::PostPremiumReceipt(c) => premium::receipt(case, c),
        C::RemitPremiums(c) => premium::remit(case, c),
        C::RefundPremium(c) => premium::refund(case, c),
        C::CommitExpenditure(c) => spend::commit(case, c),
        C::ReleaseCommitment(c) => spend::release(case, c),
        C::Disburse(c) => spend::pay(case, c),
        C::RecordReturn(c) => spend::give_back(case, c),
        C::ReverseVoucher(c) => correct::reverse(case, c),
        C::CorrectVoucher(c) => correct::correct(case, c),
        C::AdjustAmount(c) => correct::adjust(case, c),
        C::CorrectPriorYear(c) => correct::prior_year(case, c),
        C::TransferBetweenSources(c) => moves::transfer(case, c),
        C::ReturnFiscalSurplus(c) => moves::hand_back(case, c),
        C::AmendGrant(c) => moves::amend(case, c),
        C::PostOpeningBalances(c) => moves::opening(case, c),
        C::RecordUnidentifiedDeposit(c) => deposits::deposit(case, c),
        C::IdentifyDeposit(c) => deposits::identify(case, c),
        C::ReturnDeposit(c) => deposits::return_deposit(case, c),
        C::WithdrawCommand(c) => findings::withdraw(case, c),
        C::RunDetectors(c) => findings::run(case, c),
        C::UpdateFinding(c) => findings::update(case, c),
        C::ReturnGrant(c) => giver::return_grant(case, c),
        C::RecordDestruction(c) => archives::destroy(case, c),
        C::AdoptRuleSet(c) => layers::adopt(case, c),
        C::FileRules(c) => layers::file(case, c),
        C::RegisterHistory(c) => layers::history(case, c),
        C::UploadStatementChunk(c) => statements::upload(case, c),
        C::ImportStatement(c) => statements::seal(case, c),
        C::MatchStatement(c) => statements::join(case, c),
        C::UnmatchStatement(c) => statements::part(case, c),
        C::SetLogPolicy(c) => policy::set(case, c),
        // Added since, or a review within a review: the report counts what is not judged here.
        _ => {
            case.found.unjudged = true;
            Vec::new()
        }
    }
}
