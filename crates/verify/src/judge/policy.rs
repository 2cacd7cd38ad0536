//! The trust policy of the log (docs/proof.md): its parties and those of the one before have signed that it follows. All of it is form and
//! consequence, so what is wrong is no broken rule: such a command is refused unrecorded.

use proof::{ED25519, Note, Policy, Statement, policy_digest};
use record::Event;
use record::command::SetLogPolicy;

use super::Case;

pub(super) fn set(case: &mut Case<'_>, c: &SetLogPolicy) -> Vec<Event> {
    let event = vec![Event::LogPolicySet { policy: c.policy.clone(), statement: c.statement.clone() }];
    let note = Note::parse(&c.statement).ok();
    let stated = note.as_ref().and_then(|note| Statement::parse(note.text()).ok());
    let policy = Policy::parse(c.policy.as_bytes()).ok();
    let (Some(note), Some(stated), Some(policy)) = (note, stated, policy) else {
        case.unknown("statement or policy: unreadable");
        return event;
    };
    let wrong = |case: &mut Case<'_>, so: bool, what: &str| {
        if so {
            case.unknown(what);
        }
    };
    let before = &case.book.policy;
    wrong(case, stated.policy != policy_digest(&c.policy), "statement: of another policy");
    wrong(case, stated.book != case.book.code, "statement: of another book");
    wrong(case, stated.follows != before.digest(), "statement: follows another policy");
    let ends = |policy: &Policy| policy.quorum_endorses(&note).unwrap_or(false);
    let logs = |policy: &Policy| policy.log_endorses(&note).unwrap_or(false);
    wrong(case, !logs(&policy) || !ends(&policy), "statement: not signed by its parties");
    if let Some(old) = before.read() {
        // After a rollback the old log key is asked no more: it has signed what is gone.
        let log = stated.recovery.is_some() || logs(&old);
        wrong(case, !log || !ends(&old), "statement: not signed by the parties before");
    }
    let origin = match policy.logs() {
        [log] if log.key.kind() == ED25519 => log.key.name(),
        _ => "",
    };
    let fits = match (before.origin(), &stated.recovery) {
        (None, recovery) => recovery.is_none(),
        (Some(old), None) => old == origin,
        (Some(old), Some(_)) => old != origin && !before.given_up.iter().any(|past| past == origin),
    };
    wrong(case, origin.is_empty() || !fits, "policy: origin");
    if let Some(recovery) = &stated.recovery {
        let here = (recovery.size, recovery.root);
        let lost = (recovery.lost_size, recovery.lost_root);
        wrong(case, here != before.head, "statement: recovers another head");
        wrong(case, here == lost || stated.follows.is_none(), "statement: gives up nothing");
    }
    event
}
