//! Who may ask what (rules.md 1.5), and which commands need a second person (decisions.md 5). Default deny.

use record::kinds::{FindingStep, Role};
use record::{Command, Day, OrgNo, PersonNo};

use crate::State;
use crate::state::Pending;

/// The caller may not ask this. Not recorded; what exists is not revealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this person has no role that may ask this")]
pub struct Denied;

use Role::{Approver, Audit, Cashier, Collector, EcoDept, FinChief, FinMaker, FinReviewer, MutualAid, SvcDept};

/// The offices of a command: the roles that may make it, and those of which a second person must review it before it takes effect.
struct Offices {
    makers: &'static [Role],
    reviewers: &'static [Role],
}

/// Takes effect at once.
const fn alone(makers: &'static [Role]) -> Offices {
    Offices { makers, reviewers: &[] }
}

const fn reviewed(makers: &'static [Role], reviewers: &'static [Role]) -> Offices {
    Offices { makers, reviewers }
}

/// Roles that may make a command; empty for those that go another way (CreateBook: the operator; ReviewCommand and WithdrawCommand: by
/// what they name).
pub fn makers(command: &Command) -> &'static [Role] {
    offices(command).makers
}

/// Roles of which a second person must review the command before it takes effect; empty where it takes effect at once.
pub fn reviewers(command: &Command) -> &'static [Role] {
    offices(command).reviewers
}

/// The one table.
fn offices(command: &Command) -> Offices {
    match command {
        Command::CreateBook(_) | Command::ReviewCommand(_) | Command::WithdrawCommand(_) => alone(&[]),
        Command::DefineAccount(_) | Command::ClosePeriod(_) => alone(&[FinChief]),
        Command::GrantRole(_) | Command::RevokeRole(_) => reviewed(&[FinChief], &[Approver]),
        Command::RegisterOrganization(_) => alone(&[FinMaker, SvcDept, EcoDept]),
        Command::RegisterBankTransaction(_) => alone(&[Cashier]),
        Command::SetParameter(_)
        | Command::SetSubsidyStandard(_)
        | Command::AdoptRuleSet(_)
        | Command::FileRules(_) => reviewed(&[FinMaker, SvcDept], &[FinReviewer, FinChief]),
        Command::CloseYear(_) => reviewed(&[FinMaker, FinChief], &[FinReviewer, FinChief]),
        // Either of the two signs first; the other is the second person.
        Command::SignDailySummary(_) => reviewed(&[FinReviewer, Cashier], &[FinReviewer, Cashier]),
        Command::RegisterScheme(_) | Command::RegisterTokenKey(_) => reviewed(&[SvcDept], &[FinReviewer, FinChief]),
        Command::AllocateQuota(_) | Command::RegisterSnapshot(_) => alone(&[SvcDept, EcoDept]),
        Command::SubmitEnrollmentBatch(_) | Command::UploadRosterChunk(_) => alone(&[Collector, SvcDept, EcoDept]),
        Command::ReviewEnrollmentBatch(_) => alone(&[SvcDept, EcoDept, MutualAid]),
        Command::ConfirmCoverage(_) => alone(&[MutualAid]),
        Command::PostPremiumReceipt(_) => alone(&[Collector]),
        Command::RemitPremiums(_) => reviewed(&[FinMaker, Collector], &[FinReviewer]),
        Command::RecordApproval(_) => alone(&[Approver]),
        // The head of accounting signs the list (会计档案管理办法第十八条); a cashier keeps no archive.
        Command::RecordDestruction(_) => reviewed(&[FinMaker], &[FinChief]),
        // Those who watch the log and those who answer for the server; the parties themselves have signed.
        Command::SetLogPolicy(_) => alone(&[Audit, FinChief]),
        Command::RunDetectors(_) => alone(&[Audit, FinMaker, FinReviewer, FinChief]),
        // Never the cashier, who moves the money that is reconciled (不相容岗位: 出纳不得编制余额调节表).
        Command::UploadStatementChunk(_)
        | Command::ImportStatement(_)
        | Command::MatchStatement(_)
        | Command::UnmatchStatement(_) => alone(&[FinMaker, FinReviewer, FinChief]),
        // The owner department says what it does about a finding; the audit committee says what it was (decisions.md 21).
        Command::UpdateFinding(c) if c.step == FindingStep::Rectify => alone(&[FinMaker, FinChief]),
        Command::UpdateFinding(_) => alone(&[Audit]),
        // What the finance department makes and reviews itself: settings by its reviewer or chief, vouchers by its reviewer.
        Command::RegisterBankAccount(_)
        | Command::SetBudget(_)
        | Command::AdjustBudget(_)
        | Command::SetDuesStatus(_)
        | Command::RegisterHistory(_) => reviewed(&[FinMaker], &[FinReviewer, FinChief]),
        Command::RecordIncome(_)
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
        | Command::VoidSourceNumbers(_) => reviewed(&[FinMaker], &[FinReviewer]),
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
