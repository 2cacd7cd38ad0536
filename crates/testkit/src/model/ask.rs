//! The order of a judgement: may the person ask, is the request well formed, was it answered before, do the rules allow it. A command
//! that needs a second person is judged when it is submitted and again when it is reviewed.

use record::command::ReviewCommand;
use record::kinds::{Role, Verdict as Judgement};
use record::{Command, Day, Period};

use super::case::Case;
use super::{Change, Model, Verdict, Waiting, needs_review};

impl Model {
    /// Judges an ask at an instant (microseconds since the Unix epoch) and takes note of what it changes.
    pub fn ask(&mut self, person: &str, request_id: &str, command: &Command, now: i64) -> Verdict {
        let opening = matches!(command, Command::CreateBook(_));
        let may = if self.book.is_none() { opening } else { !opening && self.may_ask(person, command) };
        if !may {
            return Verdict::Denied;
        }
        let faults = super::form::faults(request_id, command);
        if !faults.is_empty() {
            return Verdict::Malformed(faults);
        }
        if let Some((_, who, what)) = self.requests.iter().find(|(id, ..)| id == request_id) {
            return if who == person && what == command { Verdict::Replay } else { Verdict::KeyReused };
        }
        let verdict = match command {
            Command::CreateBook(c) => self.create(c),
            _ => self.judge(person, command, Day::of_instant(now)),
        };
        if !matches!(verdict, Verdict::Malformed(_)) {
            self.requests.push((request_id.to_owned(), person.to_owned(), command.clone()));
        }
        verdict
    }

    fn judge(&mut self, person: &str, command: &Command, today: Day) -> Verdict {
        if let Command::ReviewCommand(c) = command {
            return self.review(person, c, today);
        }
        let mut case = Case::new(self, today, person, "");
        let changes = case.effect(command);
        case.check_papers(&changes);
        if let Some(no) = refusal(case) {
            return no;
        }
        if needs_review(command) {
            let until = today.plus_days(self.parameter("P15.review_max_days", today).parse().unwrap_or(30));
            let (person, command) = (person.to_owned(), command.clone());
            self.waiting.push(Waiting { number: 0, person, command, until });
            return Verdict::Submitted;
        }
        self.take(changes)
    }

    fn review(&mut self, person: &str, c: &ReviewCommand, today: Day) -> Verdict {
        let Some(waiting) = self.waiting.iter().find(|w| w.number == c.submission).cloned() else {
            return Verdict::Malformed([("submission".to_owned(), "UNKNOWN")].into());
        };
        let mut case = Case::new(self, today, &waiting.person, person);
        case.fault_if(today > waiting.until, "submission", "EXPIRED");
        case.hit_if(waiting.person == person, "LED-009");
        if let Command::SignDailySummary(_) = waiting.command {
            // One signs as reviewer, the other as cashier.
            let signs = |one: &str, other: &str| {
                self.has_role(one, &[Role::FinReviewer]) && self.has_role(other, &[Role::Cashier])
            };
            case.hit_if(!signs(&waiting.person, person) && !signs(person, &waiting.person), "LED-009");
        }
        let mut changes = Vec::new();
        if c.verdict == Judgement::Approve {
            // Who may not ask it any more has it not done by another's review.
            case.hit_if(!self.may_ask(&waiting.person, &waiting.command), "LED-009");
            changes = case.effect(&waiting.command);
            case.check_papers(&changes);
        }
        if let Some(no) = refusal(case) {
            return no;
        }
        self.waiting.retain(|w| w.number != c.submission);
        if c.verdict == Judgement::Reject { Verdict::Rejected } else { self.take(changes) }
    }

    fn take(&mut self, changes: Vec<Change>) -> Verdict {
        let papers = changes.iter().filter_map(|c| match c {
            Change::Paper(paper) => Some((**paper).clone()),
            _ => None,
        });
        let papers = papers.collect();
        changes.into_iter().for_each(|change| self.add(change));
        Verdict::Accepted(papers)
    }
}

/// What stands against a case: faults of form before hits of rules.
pub(super) fn refusal(case: Case<'_>) -> Option<Verdict> {
    if !case.faults.is_empty() {
        return Some(Verdict::Malformed(case.faults));
    }
    (!case.hits.is_empty()).then_some(Verdict::Refused(case.hits))
}

impl Case<'_> {
    /// What a command does, if nothing stands against it.
    pub fn effect(&mut self, command: &Command) -> Vec<Change> {
        match command {
            Command::CreateBook(_) | Command::ReviewCommand(_) => Vec::new(),
            Command::WithdrawCommand(c) => self.withdraw(c.submission),
            Command::SetDuesStatus(c) => self.set_dues(c),
            Command::RegisterSnapshot(c) => self.register_snapshot(c),
            // Persons touch no balance: the model has none, and its books register no key.
            Command::RegisterTokenKey(_) | Command::UploadRosterChunk(_) => Vec::new(),
            // Nor do the systems' numbers, which the model's receipts do not have.
            Command::VoidSourceNumbers(_) => Vec::new(),
            // Nor do the archived originals: the scenarios judge their destruction.
            Command::RecordDestruction(_) => Vec::new(),
            // Whom readers of the log trust moves nothing either.
            Command::SetLogPolicy(_) => Vec::new(),
            Command::DefineAccount(c) => self.define_account(c),
            Command::RegisterOrganization(c) => self.register_organization(c),
            Command::RegisterBankAccount(c) => self.register_bank_account(c),
            Command::RegisterBankTransaction(c) => self.register_bank_txn(c),
            Command::GrantRole(c) => self.grant_role(c),
            Command::RevokeRole(c) => self.revoke_role(c),
            Command::SetParameter(c) => self.set_parameter(c),
            Command::ClosePeriod(c) => self.close_period(c),
            Command::CloseYear(c) => self.close_year(c),
            Command::SignDailySummary(c) => self.sign_day(c),
            Command::RegisterScheme(c) => self.register_scheme(c),
            Command::SetSubsidyStandard(c) => self.set_standard(c),
            Command::SetBudget(c) => self.set_budget(c),
            Command::AdjustBudget(c) => self.adjust_budget(c),
            Command::AllocateQuota(c) => self.allocate_quota(c),
            Command::SubmitEnrollmentBatch(c) => self.submit_batch(c),
            Command::ReviewEnrollmentBatch(c) => self.review_batch(c),
            Command::ConfirmCoverage(c) => self.confirm(c),
            Command::RecordIncome(c) => self.income(c),
            Command::PostPremiumReceipt(c) => self.receipt(c),
            Command::RemitPremiums(c) => self.remit(c),
            Command::RecordApproval(c) => self.record_approval(c),
            Command::CommitExpenditure(c) => self.commit(c),
            Command::ReleaseCommitment(c) => self.release(c),
            Command::Disburse(c) => self.disburse(c),
            Command::RecordReturn(c) => self.record_return(c),
            Command::CarryToSurplus(c) => self.carry_to_surplus(c),
            Command::ReverseVoucher(c) => self.reverse(c),
            Command::CorrectVoucher(c) => self.correct(c),
            Command::TransferBetweenSources(c) => self.transfer_between(c),
            Command::AppropriateSurplus(c) => self.appropriate_surplus(c),
            Command::RefundPremium(c) => self.refund(c),
            Command::AllocateInterest(c) => self.share_interest(c),
            Command::RecordUnidentifiedDeposit(c) => self.deposit(c),
            Command::IdentifyDeposit(c) => self.identify_deposit(c),
            Command::ReturnDeposit(c) => self.return_deposit(c),
            Command::AdjustAmount(c) => self.adjust(c),
            Command::CorrectPriorYear(c) => self.prior_year(c),
            Command::ReturnFiscalSurplus(c) => self.fiscal_return(c),
            Command::AmendGrant(c) => self.amend_grant(c),
            Command::ReturnGrant(c) => self.return_grant(c),
            Command::PostOpeningBalances(c) => self.opening(c),
            // Its books stand under no other: the scenarios judge the layers of rules, and historical files, which bind nothing here.
            Command::AdoptRuleSet(_) | Command::FileRules(_) | Command::RegisterHistory(_) => Vec::new(),
            // Findings touch no money and bind no later command: the scenarios judge them.
            Command::RunDetectors(_) | Command::UpdateFinding(_) => Vec::new(),
            // Nor do statements, which say what the books should hold and move nothing.
            Command::UploadStatementChunk(_)
            | Command::ImportStatement(_)
            | Command::MatchStatement(_)
            | Command::UnmatchStatement(_) => Vec::new(),
        }
    }

    fn withdraw(&mut self, submission: u64) -> Vec<Change> {
        let waits = self.m.waiting.iter().any(|w| w.number == submission);
        self.fault_if(!waits, "submission", "UNKNOWN");
        vec![Change::Withdrawn(submission)]
    }

    /// The day on which a waiting command would post; none for those that post nothing of their own date.
    pub fn posting_month(command: &Command) -> Option<Period> {
        let date = match command {
            Command::RecordIncome(c) => c.date,
            Command::RemitPremiums(c) => c.date,
            Command::CommitExpenditure(c) => c.date,
            Command::ReleaseCommitment(c) => c.date,
            Command::Disburse(c) => c.date,
            Command::RecordReturn(c) => c.date,
            Command::CarryToSurplus(c) => c.date,
            Command::ReverseVoucher(c) => c.date,
            Command::CorrectVoucher(c) => c.date,
            Command::TransferBetweenSources(c) => c.date,
            Command::AppropriateSurplus(c) => c.date,
            Command::RefundPremium(c) => c.date,
            Command::AllocateInterest(c) => c.date,
            Command::RecordUnidentifiedDeposit(c) => c.date,
            Command::IdentifyDeposit(c) => c.date,
            Command::ReturnDeposit(c) => c.date,
            Command::AdjustAmount(c) => c.date,
            Command::CorrectPriorYear(c) => c.date,
            Command::ReturnFiscalSurplus(c) => c.date,
            Command::ReturnGrant(c) => c.date,
            Command::PostOpeningBalances(c) => c.date,
            Command::SignDailySummary(c) => c.day,
            Command::SetBudget(c) => c.date,
            Command::AdjustBudget(c) => c.date,
            _ => return None,
        };
        Some(date.period())
    }
}
