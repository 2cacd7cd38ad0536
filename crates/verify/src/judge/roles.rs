//! Who may ask what, and what takes a second person (rules.md 1.5, decisions 5), as one table.

use record::Command;
use record::command;
use record::kinds::Role::{
    Approver, Audit, Cashier, Collector, EcoDept, FinChief, FinMaker, FinReviewer, MutualAid, SvcDept,
};
use record::kinds::{FindingStep, Role};

use crate::book::Book;

/// Offices that make a command, and offices of which another person reviews it (none: it takes effect at once).
type Row = (&'static str, &'static [Role], &'static [Role]);

const CHIEFS: &[Role] = &[FinReviewer, FinChief];
const REVIEWER: &[Role] = &[FinReviewer];
const FINANCE: &[Role] = &[FinMaker];
const NOBODY: &[Role] = &[];
const RECONCILE: &[Role] = &[FinMaker, FinReviewer, FinChief];

/// The table. What does not stand here nobody may ask.
const OFFICES: &[Row] = &[
    // First, since most of a log are these.
    ("PostPremiumReceipt", &[Collector], NOBODY),
    ("DefineAccount", &[FinChief], NOBODY),
    ("RegisterOrganization", &[FinMaker, SvcDept, EcoDept], NOBODY),
    ("RegisterBankAccount", FINANCE, CHIEFS),
    ("RegisterBankTransaction", &[Cashier], NOBODY),
    ("GrantRole", &[FinChief], &[Approver]),
    ("RevokeRole", &[FinChief], &[Approver]),
    ("SetParameter", &[FinMaker, SvcDept], CHIEFS),
    ("ClosePeriod", &[FinChief], NOBODY),
    ("CloseYear", &[FinMaker, FinChief], CHIEFS),
    ("SignDailySummary", &[FinReviewer, Cashier], &[FinReviewer, Cashier]),
    ("RegisterScheme", &[SvcDept], CHIEFS),
    ("SetSubsidyStandard", &[FinMaker, SvcDept], CHIEFS),
    ("SetBudget", FINANCE, CHIEFS),
    ("AdjustBudget", FINANCE, CHIEFS),
    ("AllocateQuota", &[SvcDept, EcoDept], NOBODY),
    ("SubmitEnrollmentBatch", &[Collector, SvcDept, EcoDept], NOBODY),
    ("ReviewEnrollmentBatch", &[SvcDept, EcoDept, MutualAid], NOBODY),
    ("ConfirmCoverage", &[MutualAid], NOBODY),
    ("RecordIncome", FINANCE, REVIEWER),
    ("RemitPremiums", &[FinMaker, Collector], REVIEWER),
    ("RecordApproval", &[Approver], NOBODY),
    ("CommitExpenditure", FINANCE, REVIEWER),
    ("ReleaseCommitment", FINANCE, REVIEWER),
    ("Disburse", FINANCE, REVIEWER),
    ("RecordReturn", FINANCE, REVIEWER),
    ("CarryToSurplus", FINANCE, REVIEWER),
    ("ReverseVoucher", FINANCE, REVIEWER),
    ("CorrectVoucher", FINANCE, REVIEWER),
    ("TransferBetweenSources", FINANCE, REVIEWER),
    ("AppropriateSurplus", FINANCE, REVIEWER),
    ("RefundPremium", FINANCE, REVIEWER),
    ("AllocateInterest", FINANCE, REVIEWER),
    ("RecordUnidentifiedDeposit", FINANCE, REVIEWER),
    ("IdentifyDeposit", FINANCE, REVIEWER),
    ("ReturnDeposit", FINANCE, REVIEWER),
    ("AdjustAmount", FINANCE, REVIEWER),
    ("CorrectPriorYear", FINANCE, REVIEWER),
    ("ReturnFiscalSurplus", FINANCE, REVIEWER),
    ("PostOpeningBalances", FINANCE, REVIEWER),
    ("AmendGrant", FINANCE, REVIEWER),
    ("SetDuesStatus", FINANCE, CHIEFS),
    ("RegisterSnapshot", &[SvcDept, EcoDept], NOBODY),
    ("RegisterTokenKey", &[SvcDept], CHIEFS),
    ("UploadRosterChunk", &[Collector, SvcDept, EcoDept], NOBODY),
    ("VoidSourceNumbers", FINANCE, REVIEWER),
    ("RunDetectors", &[Audit, FinMaker, FinReviewer, FinChief], NOBODY),
    ("AdoptRuleSet", &[FinMaker, SvcDept], CHIEFS),
    ("FileRules", &[FinMaker, SvcDept], CHIEFS),
    ("RegisterHistory", FINANCE, CHIEFS),
    ("ReturnGrant", FINANCE, REVIEWER),
    // 会计档案管理办法第十八条: the head of accounting signs the list.
    ("RecordDestruction", FINANCE, &[FinChief]),
    ("SetLogPolicy", &[Audit, FinChief], NOBODY),
    // 不相容岗位: whoever moves the money does not reconcile it.
    ("UploadStatementChunk", RECONCILE, NOBODY),
    ("ImportStatement", RECONCILE, NOBODY),
    ("MatchStatement", RECONCILE, NOBODY),
    ("UnmatchStatement", RECONCILE, NOBODY),
    ("UpdateFinding", &[Audit], NOBODY),
    ("UpdateFinding: rectify", &[FinMaker, FinChief], NOBODY),
];

/// The name of a command in the table; none of what goes another way (CreateBook, ReviewCommand, WithdrawCommand) or is not known here.
pub(crate) fn name(command: &Command) -> Option<&'static str> {
    use Command as C;
    Some(match command {
        C::DefineAccount(_) => "DefineAccount",
        C::RegisterOrganization(_) => "RegisterOrganization",
        C::RegisterBankAccount(_) => "RegisterBankAccount",
        C::RegisterBankTransaction(_) => "RegisterBankTransaction",
        C::GrantRole(_) => "GrantRole",
        C::RevokeRole(_) => "RevokeRole",
        C::SetParameter(_) => "SetParameter",
        C::ClosePeriod(_) => "ClosePeriod",
        C::CloseYear(_) => "CloseYear",
        C::SignDailySummary(_) => "SignDailySummary",
        C::RegisterScheme(_) => "RegisterScheme",
        C::SetSubsidyStandard(_) => "SetSubsidyStandard",
        C::SetBudget(_) => "SetBudget",
        C::AdjustBudget(_) => "AdjustBudget",
        C::AllocateQuota(_) => "AllocateQuota",
        C::SubmitEnrollmentBatch(_) => "SubmitEnrollmentBatch",
        C::ReviewEnrollmentBatch(_) => "ReviewEnrollmentBatch",
        C::ConfirmCoverage(_) => "ConfirmCoverage",
        C::RecordIncome(_) => "RecordIncome",
        C::PostPremiumReceipt(_) => "PostPremiumReceipt",
        C::RemitPremiums(_) => "RemitPremiums",
        C::RecordApproval(_) => "RecordApproval",
        C::CommitExpenditure(_) => "CommitExpenditure",
        C::ReleaseCommitment(_) => "ReleaseCommitment",
        C::Disburse(_) => "Disburse",
        C::RecordReturn(_) => "RecordReturn",
        C::CarryToSurplus(_) => "CarryToSurplus",
        C::ReverseVoucher(_) => "ReverseVoucher",
        C::CorrectVoucher(_) => "CorrectVoucher",
        other => return flow_name(other),
    })
}

/// The same of the other flows and of what supervises.
fn flow_name(command: &Command) -> Option<&'static str> {
    use Command as C;
    Some(match command {
        C::TransferBetweenSources(_) => "TransferBetweenSources",
        C::AppropriateSurplus(_) => "AppropriateSurplus",
        C::RefundPremium(_) => "RefundPremium",
        C::AllocateInterest(_) => "AllocateInterest",
        C::RecordUnidentifiedDeposit(_) => "RecordUnidentifiedDeposit",
        C::IdentifyDeposit(_) => "IdentifyDeposit",
        C::ReturnDeposit(_) => "ReturnDeposit",
        C::AdjustAmount(_) => "AdjustAmount",
        C::CorrectPriorYear(_) => "CorrectPriorYear",
        C::ReturnFiscalSurplus(_) => "ReturnFiscalSurplus",
        C::PostOpeningBalances(_) => "PostOpeningBalances",
        C::AmendGrant(_) => "AmendGrant",
        C::SetDuesStatus(_) => "SetDuesStatus",
        C::RegisterSnapshot(_) => "RegisterSnapshot",
        C::RegisterTokenKey(_) => "RegisterTokenKey",
        C::UploadRosterChunk(_) => "UploadRosterChunk",
        C::VoidSourceNumbers(_) => "VoidSourceNumbers",
        C::RunDetectors(_) => "RunDetectors",
        C::UpdateFinding(c) if c.step == FindingStep::Rectify => "UpdateFinding: rectify",
        C::UpdateFinding(_) => "UpdateFinding",
        other => return beside_name(other),
    })
}

/// The same of layers of rules, archives, the log itself and statements.
fn beside_name(command: &Command) -> Option<&'static str> {
    use Command as C;
    Some(match command {
        C::AdoptRuleSet(_) => "AdoptRuleSet",
        C::FileRules(_) => "FileRules",
        C::RegisterHistory(_) => "RegisterHistory",
        C::ReturnGrant(_) => "ReturnGrant",
        C::RecordDestruction(_) => "RecordDestruction",
        C::SetLogPolicy(_) => "SetLogPolicy",
        C::UploadStatementChunk(_) => "UploadStatementChunk",
        C::ImportStatement(_) => "ImportStatement",
        C::MatchStatement(_) => "MatchStatement",
        C::UnmatchStatement(_) => "UnmatchStatement",
        _ => return None,
    })
}

/// A command as its asker's offices are judged.
pub(crate) struct Ask<'c> {
    command: &'c Command,
    row: Option<&'static Row>,
}

impl<'c> Ask<'c> {
    /// The command's row.
    pub(crate) fn of(command: &'c Command) -> Ask<'c> {
        let name = name(command);
        Ask { command, row: OFFICES.iter().find(|(other, ..)| Some(*other) == name) }
    }

    /// Its name, if the table knows it.
    pub(crate) fn name(&self) -> Option<&'static str> {
        self.row.map(|(name, ..)| *name)
    }
}

/// Whether a command takes effect by another person's review only.
pub(crate) fn needs_review(command: &Command) -> bool {
    Ask::of(command).row.is_some_and(|(_, _, reviewers)| !reviewers.is_empty())
}

/// Whether a person's offices at this moment let them ask a command. What the table does not know is told elsewhere.
pub(crate) fn allowed(book: &Book, person: u32, ask: &Ask<'_>) -> bool {
    match ask.command {
        // The server lets operators alone open books.
        Command::CreateBook(_) => true,
        Command::ReviewCommand(review) => may_review(book, person, review.submission),
        Command::WithdrawCommand(c) => book.waiting.get(&c.submission).is_none_or(|w| w.person == person),
        _ => {
            // What the table does not know is told as not judged.
            let Some((_, makers, _)) = ask.row else { return true };
            book.holds(person, makers) && within_bounds(book, person, ask.command, makers)
        }
    }
}

fn may_review(book: &Book, person: u32, submission: u64) -> bool {
    let Some(waiting) = book.waiting.get(&submission) else {
        return book.holds(person, &[FinReviewer, FinChief, Approver, Cashier]);
    };
    // Reviewing one's own is judged by LED-009, whatever offices one has.
    waiting.person == person
        || command::decode(&waiting.command)
            .is_some_and(|inner| Ask::of(&inner).row.is_some_and(|(_, _, reviewers)| book.holds(person, reviewers)))
}

/// A collecting system writes for its own organisation and those below only, on forms of theirs.
fn within_bounds(book: &Book, person: u32, command: &Command, makers: &[Role]) -> bool {
    let other_office = makers.iter().any(|role| *role != Collector && book.holds(person, &[*role]));
    let bound = book.persons.get(person).map_or(0, |p| p.organization);
    let code = match command {
        Command::PostPremiumReceipt(c) => &c.holder,
        Command::SubmitEnrollmentBatch(c) => &c.organization,
        Command::RemitPremiums(c) => &c.holder,
        _ => return true,
    };
    if other_office {
        return true;
    }
    let own_form = match command {
        Command::PostPremiumReceipt(c) => {
            let unit = book.form_of(&c.batch).and_then(|(no, _)| book.grants.get(no)).map(|g| g.grantor);
            unit.is_none_or(|unit| book.within(unit, bound))
        }
        _ => true,
    };
    own_form && book.orgs.no(code).is_none_or(|org| book.within(org, bound))
}

/// A day's receipts are signed by a FIN_REVIEWER and a CASHIER (decisions 6).
pub(super) fn signers_are_two(book: &Book, first: u32, second: u32) -> bool {
    let pair = |a, b| book.holds(a, REVIEWER) && book.holds(b, &[Cashier]);
    pair(first, second) || pair(second, first)
}
