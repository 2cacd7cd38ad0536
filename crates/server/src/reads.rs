//! Who may read what of a book (rules.md 1.5). One table; default deny. Who may change what stands in `ledger::access`.

use ledger::State;
use record::OrgNo;
use record::kinds::Role;

/// What a read shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// The book, its chart, organisations, parameters, periods and schemes.
    Masters,
    /// Places and enrolment batches; a COLLECTOR sees those of its own organisation and below.
    Programme,
    /// Grants, approvals, submissions, vouchers, balances and statements.
    Money,
    /// Refusals and the records themselves.
    Log,
    /// Findings: those who find and those who must put right.
    Findings,
}

use Role::{
    Approver, Audit, Cashier, Collector, EcoDept, FinChief, FinMaker, FinPoster, FinReviewer, MutualAid, SvcDept,
};

/// The province's own people: all but the systems of others.
const OWN: &[Role] = &[FinMaker, FinReviewer, FinPoster, FinChief, Cashier, SvcDept, EcoDept, Approver, Audit];

fn readers(what: Read) -> &'static [Role] {
    match what {
        Read::Masters | Read::Programme => &[
            FinMaker,
            FinReviewer,
            FinPoster,
            FinChief,
            Cashier,
            SvcDept,
            EcoDept,
            Approver,
            Audit,
            Collector,
            MutualAid,
        ],
        Read::Money => OWN,
        Read::Log => &[Audit, FinChief, FinReviewer],
        Read::Findings => &[Audit, FinMaker, FinReviewer, FinChief],
    }
}

/// Whether the person has a role in the book that may read this.
pub(crate) fn may_read(state: &State, person: &str, what: Read) -> bool {
    state.person(person).is_some_and(|(no, _)| state.has_role(no, readers(what)))
}

/// The organisation within which the person must stay, if they may see no other's.
pub(crate) fn bound_to(state: &State, person: &str) -> Option<OrgNo> {
    let (no, known) = state.person(person)?;
    let unbound = state.has_role(no, OWN) || state.has_role(no, &[MutualAid]);
    (!unbound).then_some(known.organization)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_readers() {
        let systems = [Collector, MutualAid];
        for role in Role::ALL {
            assert!(readers(Read::Masters).contains(role) && readers(Read::Programme).contains(role), "{role}");
            assert_eq!(readers(Read::Money).contains(role), !systems.contains(role), "{role}");
            let finds = matches!(role, Audit | FinMaker | FinReviewer | FinChief);
            assert_eq!(readers(Read::Findings).contains(role), finds, "{role}");
            assert_eq!(readers(Read::Log).contains(role), matches!(role, Audit | FinChief | FinReviewer), "{role}");
        }
    }
}
