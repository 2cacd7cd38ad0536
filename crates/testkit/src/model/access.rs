//! Who may ask what (rules.md 1.5 and decisions 5), as the documents' table of roles reads.

use record::Command;
use record::kinds::{FindingStep, Role};

use super::Model;

/// Roles that may make a command.
pub fn makers(command: &Command) -> Vec<Role> {
    use Role::{Approver, Audit, Cashier, Collector, EcoDept, FinChief, FinMaker, FinReviewer, MutualAid, SvcDept};
    let roles: &[Role] = match command {
        Command::CreateBook(_) | Command::ReviewCommand(_) | Command::WithdrawCommand(_) => &[],
        Command::DefineAccount(_) | Command::GrantRole(_) | Command::RevokeRole(_) | Command::ClosePeriod(_) => {
            &[FinChief]
        }
        Command::CloseYear(_) => &[FinChief, FinMaker],
        Command::RegisterBankTransaction(_) => &[Cashier],
        Command::SignDailySummary(_) => &[Cashier, FinReviewer],
        Command::RecordApproval(_) => &[Approver],
        Command::RegisterScheme(_) | Command::RegisterTokenKey(_) => &[SvcDept],
        Command::AllocateQuota(_) => &[SvcDept, EcoDept],
        Command::SetParameter(_)
        | Command::SetSubsidyStandard(_)
        | Command::AdoptRuleSet(_)
        | Command::FileRules(_) => &[SvcDept, FinMaker],
        Command::RegisterOrganization(_) => &[SvcDept, EcoDept, FinMaker],
        Command::SubmitEnrollmentBatch(_) | Command::UploadRosterChunk(_) => &[SvcDept, EcoDept, Collector],
        Command::RegisterSnapshot(_) => &[SvcDept, EcoDept],
        Command::ReviewEnrollmentBatch(_) => &[SvcDept, EcoDept, MutualAid],
        Command::ConfirmCoverage(_) => &[MutualAid],
        Command::PostPremiumReceipt(_) => &[Collector],
        Command::RemitPremiums(_) => &[Collector, FinMaker],
        Command::SetLogPolicy(_) => &[FinChief, Audit],
        Command::RunDetectors(_) => &[FinMaker, FinReviewer, FinChief, Audit],
        // Whoever holds the money does not reconcile it.
        Command::UploadStatementChunk(_)
        | Command::ImportStatement(_)
        | Command::MatchStatement(_)
        | Command::UnmatchStatement(_) => &[FinMaker, FinReviewer, FinChief],
        Command::UpdateFinding(c) if c.step == FindingStep::Rectify => &[FinMaker, FinChief],
        Command::UpdateFinding(_) => &[Audit],
        // Everything else is the finance department's to prepare.
        _ => &[FinMaker],
    };
    roles.to_vec()
}

/// Roles of which a second person must review the command; none where it takes effect at once.
pub fn reviewers(command: &Command) -> Vec<Role> {
    match command {
        Command::GrantRole(_) | Command::RevokeRole(_) => vec![Role::Approver],
        Command::RecordDestruction(_) => vec![Role::FinChief],
        Command::SignDailySummary(_) => vec![Role::FinReviewer, Role::Cashier],
        Command::RegisterBankAccount(_)
        | Command::SetParameter(_)
        | Command::RegisterScheme(_)
        | Command::SetBudget(_)
        | Command::AdjustBudget(_)
        | Command::SetDuesStatus(_)
        | Command::RegisterTokenKey(_)
        | Command::AdoptRuleSet(_)
        | Command::FileRules(_)
        | Command::RegisterHistory(_)
        | Command::SetSubsidyStandard(_)
        | Command::CloseYear(_) => vec![Role::FinReviewer, Role::FinChief],
        Command::RecordIncome(_)
        | Command::RemitPremiums(_)
        | Command::CommitExpenditure(_)
        | Command::ReleaseCommitment(_)
        | Command::Disburse(_)
        | Command::RecordReturn(_)
        | Command::CarryToSurplus(_)
        | Command::ReverseVoucher(_)
        | Command::CorrectVoucher(_)
        | Command::TransferBetweenSources(_)
        | Command::AppropriateSurplus(_)
        | Command::RefundPremium(_)
        | Command::AllocateInterest(_)
        | Command::RecordUnidentifiedDeposit(_)
        | Command::IdentifyDeposit(_)
        | Command::ReturnDeposit(_)
        | Command::AdjustAmount(_)
        | Command::CorrectPriorYear(_)
        | Command::ReturnFiscalSurplus(_)
        | Command::PostOpeningBalances(_)
        | Command::AmendGrant(_)
        | Command::ReturnGrant(_)
        | Command::VoidSourceNumbers(_) => vec![Role::FinReviewer],
        _ => Vec::new(),
    }
}

/// Whether the command waits for another person.
pub fn needs_review(command: &Command) -> bool {
    !reviewers(command).is_empty()
}

impl Model {
    /// Whether the person may ask this of the book.
    pub(crate) fn may_ask(&self, person: &str, command: &Command) -> bool {
        let Some(who) = self.persons.iter().find(|p| p.code == person) else { return false };
        let roles = match command {
            Command::ReviewCommand(review) => match self.waiting.iter().find(|w| w.number == review.submission) {
                // One's own review is refused on the record, not turned away.
                Some(waiting) if waiting.person == person => return true,
                Some(waiting) => reviewers(&waiting.command),
                None => vec![Role::FinReviewer, Role::FinChief, Role::Approver, Role::Cashier],
            },
            // Only who submitted it may take it back.
            Command::WithdrawCommand(c) => {
                return self.waiting.iter().all(|w| w.number != c.submission || w.person == person);
            }
            _ => makers(command),
        };
        // Another office lifts a collecting system's bound only where that office may ask the same.
        let bound = !who.roles.iter().any(|r| *r != Role::Collector && roles.contains(r));
        let within = |organization: &str| !bound || self.in_reach(who, organization);
        let in_reach = match command {
            // A receipt on somebody else's form would use up that form's heads.
            Command::PostPremiumReceipt(c) => {
                within(&c.holder) && within(self.batch(&c.batch).map_or("", |batch| &batch.organization))
            }
            Command::SubmitEnrollmentBatch(c) => within(&c.organization),
            Command::RemitPremiums(c) => within(&c.holder),
            _ => true,
        };
        self.has_role(person, &roles) && in_reach
    }

    /// A collecting system writes for its own organisation and those below; organisations that do not exist are no secret.
    fn in_reach(&self, who: &record::command::PersonDef, organization: &str) -> bool {
        !self.has_organization(organization) || self.is_within(organization, &who.organization)
    }
}
