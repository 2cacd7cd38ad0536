//! Setting the trust policy of the log: each policy follows the one before by the word of all its parties; after a rollback the log goes on
//! under a new origin, and what is lost is named. What the texts tell by themselves is the form's.

use proof::{Recovery, Statement};
use record::Event;
use record::command::SetLogPolicy;

use super::Desk;
use crate::state::{LogPolicy, Parties};

pub(super) fn set(desk: &mut Desk<'_>, c: &SetLogPolicy) -> Vec<Event> {
    let Some(parties) = Parties::read(c) else {
        desk.fault("statement", "BAD_STATEMENT", "不是已签署的策略声明", "is no signed statement about a policy");
        return Vec::new();
    };
    let before = &desk.state.log_policy;
    let stated = &parties.statement;
    if stated.book != desk.state.book {
        desk.fault("statement", "OTHER_BOOK", "声明属于另一账套", "is about another book");
    }
    if stated.follows != before.digest() {
        let zh = "所承接的不是现行策略";
        desk.fault("statement", "OUT_OF_ORDER", zh, "does not follow the policy in force");
    }
    check_old_parties(desk, before, &parties);
    check_origin(desk, before, &parties);
    if let Some(recovery) = &stated.recovery {
        check_recovery(desk, recovery, stated);
    }
    vec![Event::LogPolicySet { policy: c.policy.clone(), statement: c.statement.clone() }]
}

/// Those whom the policy before names agree to be followed by this one. After a rollback the old log key is asked no more: it has signed
/// what is gone.
fn check_old_parties(desk: &mut Desk<'_>, before: &LogPolicy, parties: &Parties) {
    let Some(old) = before.policy() else { return };
    if parties.statement.recovery.is_none() && !old.log_endorses(&parties.note).unwrap_or(false) {
        let zh = "没有现行策略中日志密钥的有效签名";
        desk.fault("statement", "NOT_SIGNED", zh, "bears no valid signature of the log key in force");
    }
    if !old.quorum_endorses(&parties.note).unwrap_or(false) {
        let zh = "没有现行策略法定见证人的有效签名";
        desk.fault("statement", "NOT_SIGNED", zh, "bears no valid signatures of the quorum in force");
    }
}

/// A log keeps its origin for life; one that was rolled back takes a name that was never used.
fn check_origin(desk: &mut Desk<'_>, before: &LogPolicy, parties: &Parties) {
    let origin = parties.policy.logs().first().map_or("", |log| log.key.name());
    let recovers = parties.statement.recovery.is_some();
    let fits = match before.origin() {
        None => !recovers,
        Some(old) if recovers => old != origin && before.abandoned.iter().all(|past| past.origin != origin),
        Some(old) => old == origin,
    };
    if !fits {
        let zh = "日志名称不得更改；恢复后须用从未用过的新名称";
        desk.fault(
            "policy",
            "ORIGIN",
            zh,
            "a log keeps its origin; one that was rolled back takes one never used before",
        );
    }
}

fn check_recovery(desk: &mut Desk<'_>, recovery: &Recovery, stated: &Statement) {
    let here = (desk.state.sequence, desk.facts.root);
    if here != (recovery.size, Some(recovery.root)) {
        let zh = "声明所述的恢复起点不是账簿的现状";
        desk.fault("statement", "OTHER_HEAD", zh, "recovers another head than the book's");
    }
    if (recovery.lost_size, recovery.lost_root) == (recovery.size, recovery.root) || stated.follows.is_none() {
        desk.fault("statement", "NOTHING_LOST", "没有丢失任何记录", "gives up nothing");
    }
}
