//! Who may ask what (rules.md 1.5), and which commands need a second person (decisions.md 5). One table each; default deny.

use record::kinds::{FindingStep, Role};
use record::{Command, Day, OrgNo, PersonNo};

use crate::State;
use crate::state::Pending;

/// The caller may not ask this. Not recorded; what exists is not revealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this person has no role that may ask this")]
pub struct Denied;

use Role::{Approver, Audit, Cashier, Collector, EcoDept, FinChief, FinMaker, FinReviewer, MutualAid, SvcDept};

/// Roles that may make a command; empty for those that go another way (CreateBook: the operator; ReviewCommand and WithdrawCommand: by
/// what they name).
pub fn makers(command: &Command) -> &'static [Role] {
    match command {
        Command::CreateBook(_) | Command::ReviewCommand(_) | Command::WithdrawCommand(_) => &[],
        Command::DefineAccount(_) | Command::GrantRole(_) | Command::RevokeRole(_) | Command::ClosePeriod(_) => {
            &[FinChief]
        }
        Command::RegisterOrganization(_) => &[FinMaker, SvcDept, EcoDept],
        Command::RegisterBankTransaction(_) => &[Cashier],
        Command::SetParameter(_)
        | Command::SetSubsidyStandard(_)
        | Command::AdoptRuleSet(_)
        | Command::FileRules(_) => &[FinMaker, SvcDept],
        Command::CloseYear(_) => &[FinMaker, FinChief],
        Command::SignDailySummary(_) => &[FinReviewer, Cashier],
        Command::RegisterScheme(_) | Command::RegisterTokenKey(_) => &[SvcDept],
        Command::AllocateQuota(_) => &[SvcDept, EcoDept],
        Command::SubmitEnrollmentBatch(_) | Command::UploadRosterChunk(_) => &[Collector, SvcDept, EcoDept],
        Command::RegisterSnapshot(_) => &[SvcDept, EcoDept],
        Command::ReviewEnrollmentBatch(_) => &[SvcDept, EcoDept, MutualAid],
        Command::ConfirmCoverage(_) => &[MutualAid],
        Command::PostPremiumReceipt(_) => &[Collector],
        Command::RemitPremiums(_) => &[FinMaker, Collector],
        Command::RecordApproval(_) => &[Approver],
        Command::RegisterBankAccount(_)
        | Command::SetBudget(_)
        | Command::AdjustBudget(_)
        | Command::RecordIncome(_)
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
        | Command::SetDuesStatus(_)
        | Command::ReturnGrant(_)
        | Command::RegisterHistory(_)
        | Command::VoidSourceNumbers(_)
        | Command::RecordDestruction(_) => &[FinMaker],
        // Those who watch the log and those who answer for the server; the parties themselves have signed.
        Command::SetLogPolicy(_) => &[Audit, FinChief],
        Command::RunDetectors(_) => &[Audit, FinMaker, FinReviewer, FinChief],
        // Never the cashier, who moves the money that is reconciled (不相容岗位: 出纳不得编制余额调节表).
        Command::UploadStatementChunk(_)
        | Command::ImportStatement(_)
        | Command::MatchStatement(_)
        | Command::UnmatchStatement(_) => &[FinMaker, FinReviewer, FinChief],
        // The owner department says what it does about a finding; the audit committee says what it was (decisions.md 21).
        Command::UpdateFinding(c) if c.step == FindingStep::Rectify => &[FinMaker, FinChief],
        Command::UpdateFinding(_) => &[Audit],
    }
}

/// Roles of which a second person must review the command before it takes effect; empty where it takes effect at once.
pub fn reviewers(command: &Command) -> &'static [Role] {
    match command {
        Command::RegisterBankAccount(_)
        | Command::SetParameter(_)
        | Command::RegisterScheme(_)
        | Command::SetSubsidyStandard(_)
        | Command::SetBudget(_)
        | Command::AdjustBudget(_)
        | Command::SetDuesStatus(_)
        | Command::RegisterTokenKey(_)
        | Command::AdoptRuleSet(_)
        | Command::FileRules(_)
        | Command::RegisterHistory(_)
        | Command::CloseYear(_) => &[FinReviewer, FinChief],
        Command::GrantRole(_) | Command::RevokeRole(_) => &[Approver],
        // The head of accounting signs the list (会计档案管理办法第十八条); a cashier keeps no archive.
        Command::RecordDestruction(_) => &[FinChief],
        // Either of the two signs first; the other is the second person.
        Command::SignDailySummary(_) => &[FinReviewer, Cashier],
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
        | Command::VoidSourceNumbers(_) => &[FinReviewer],
        _ => &[],
    }
}

/// Whether the command takes effect only by another person's review.
pub fn needs_review(command: &Command) -> bool {
    !reviewers(command).is_empty()
}

/// The person of a code, if their roles let them ask this of the book.
pub fn authorise(state: &State, person: &str, command: &Command) -> Result<PersonNo, Denied> {
    let (no, _) = state.person(person).ok_or(Denied)?;
    let allowed = match command {
        Command::ReviewCommand(review) => match state.pending.get(&review.submission) {
            // What is asked about does not exist: the same answer for everybody who may review anything.
            None => state.has_role(no, &[FinReviewer, FinChief, Approver, Cashier]),
            // Reviewing one's own is judged and so recorded (LED-009), whatever roles one has.
            Some(pending) => {
                pending.person == no
                    || record::command::decode(&pending.command)
                        .is_some_and(|inner| state.has_role(no, reviewers(&inner)))
            }
        },
        // Only its maker takes a submission back, whatever offices they hold by now; others are not told that there is one.
        Command::WithdrawCommand(withdrawal) => {
            state.pending.get(&withdrawal.submission).is_none_or(|pending| pending.person == no)
        }
        _ => state.has_role(no, makers(command)),
    };
    if allowed && within_own_organization(state, no, command) { Ok(no) } else { Err(Denied) }
}

/// A COLLECTOR writes for its own organisation and those below it only.
fn within_own_organization(state: &State, person: PersonNo, command: &Command) -> bool {
    let Some(who) = state.persons.get(person) else { return false };
    // Another office lifts the bound only where that office may ask the same.
    let only_collector = !makers(command).iter().any(|role| *role != Collector && who.roles.contains(role));
    let organization = match command {
        Command::PostPremiumReceipt(c) => &c.holder,
        Command::SubmitEnrollmentBatch(c) => &c.organization,
        Command::RemitPremiums(c) => &c.holder,
        _ => return true,
    };
    if !only_collector {
        return true;
    }
    // An organisation that does not exist is a fault of the form, told only to those who may write at all.
    let within = |org: OrgNo| state.is_within(org, who.organization);
    let own_batch = match command {
        // A receipt on somebody else's form would use up that form's heads.
        Command::PostPremiumReceipt(c) => {
            state.grants.find(&c.batch).filter(|(_, g)| g.batch.is_some()).is_none_or(|(_, g)| within(g.grantor))
        }
        _ => true,
    };
    own_batch && state.organizations.no(organization).is_none_or(within)
}

/// Whether the person may review what waits under this submission now: by role, not their own, and not expired.
pub fn may_review(state: &State, person: PersonNo, pending: &Pending, today: Day) -> bool {
    pending.person != person
        && pending.last_day >= today
        && record::command::decode(&pending.command).is_some_and(|inner| state.has_role(person, reviewers(&inner)))
}
