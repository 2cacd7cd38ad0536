//! The rules of the book above: taking them over, keeping within them (LAY-001), reporting one's own; and allowing historical entries.
//! What is looser than what is told in `crate::layers`.

use record::command::{AdoptRuleSet, FileRules, RegisterBankAccount, RegisterHistory, RegisterScheme};
use record::event::RuleSetAdopted;
use record::kinds::{ApprovalKind, BankPurpose};
use record::preset::StandardDef;
use record::ruleset::{Payee, RuleSet};
use record::{ApprovalNo, Day, Event};

use super::approvals::{Act, carry};
use super::desk::Desk;
use super::lines::OWN;
use crate::layers::{self, Conflict};

/// APR-004: a PARAM approval that carries something of a day.
fn allowed(desk: &mut Desk<'_>, approval: &str, date: Day) -> ApprovalNo {
    let act = Act { approval, kinds: &[ApprovalKind::Param], rule: "APR-004", date, fen: 0, scope: ["", "", ""] };
    carry(desk, &act).unwrap_or(0)
}

fn hit(desk: &mut Desk<'_>, found: impl IntoIterator<Item = Conflict>) {
    for conflict in found {
        desk.hit("LAY-001", &conflict.subject, &conflict.allowed, &conflict.found);
    }
}

pub(super) fn adopt(desk: &mut Desk<'_>, c: &AdoptRuleSet) -> Vec<Event> {
    let approval = allowed(desk, &c.approval, c.effective_from);
    desk.check_open(c.effective_from, "effective_from");
    if c.rules.book == desk.state.book {
        desk.fault("rules.book", "CONFLICT", "须为上级账套的规则集", "must be another book's");
    }
    if let Some(last) = desk.state.layers.adopted.last().map(|a| &a.adopted) {
        if c.rules.book != last.rules.book {
            desk.fault("rules.book", "CONFLICT", "本账套的上级账套已定", "is not the book that stands above this one");
        }
        if c.rules.version < last.rules.version {
            desk.fault(
                "rules.version",
                "OUT_OF_ORDER",
                "不得早于已采用的版本",
                "is older than what was taken over last",
            );
        }
        if c.effective_from < last.effective_from {
            desk.fault(
                "effective_from",
                "OUT_OF_ORDER",
                "不得早于上一版本的生效日",
                "is before the first day of what was taken over last",
            );
        }
    }
    hit(desk, layers::conflicts(desk.state, &c.rules, c.effective_from));
    vec![Event::RuleSetAdopted(Box::new(RuleSetAdopted {
        rules: c.rules.clone(),
        digest: c.digest,
        effective_from: c.effective_from,
        approval,
    }))]
}

/// Judges a setting by every rule set above that binds it from a day on.
fn check(desk: &mut Desk<'_>, from: Day, look: impl Fn(&RuleSet) -> Vec<Conflict>) {
    let found: Vec<Conflict> = desk.state.layers.binding(from).flat_map(|above| look(&above.rules)).collect();
    hit(desk, found);
}

/// LAY-001 for a parameter that is to be set.
pub(super) fn check_parameter(desk: &mut Desk<'_>, key: &str, value: &str, from: Day) {
    check(desk, from, |above| layers::of_parameter(above, key, value).into_iter().collect());
}

/// LAY-001 for a standard that is to be set.
pub(super) fn check_standard(desk: &mut Desk<'_>, standard: &StandardDef) {
    check(desk, standard.valid_from, |above| layers::of_standard(above, standard));
}

/// LAY-001 for a scheme that is to be registered.
pub(super) fn check_scheme(desk: &mut Desk<'_>, scheme: &RegisterScheme) {
    let terms = layers::terms(scheme);
    check(desk, desk.today, |above| layers::of_scheme(above, &terms));
}

/// LAY-001 for an account that is to be registered.
pub(super) fn check_account(desk: &mut Desk<'_>, c: &RegisterBankAccount) {
    if c.purpose != BankPurpose::Payee {
        return;
    }
    let payee = Payee { organization: c.organization.clone(), name: c.name.clone(), masked_no: c.masked_no.clone() };
    check(desk, desk.today, |above| layers::of_payee(above, &payee, &c.code).into_iter().collect());
}

pub(super) fn file(desk: &mut Desk<'_>, c: &FileRules) -> Vec<Event> {
    desk.check_not_future(c.filed_on, "filed_on");
    desk.check_evidence(&c.evidence);
    let known = usize::try_from(c.version).ok().and_then(|no| desk.state.layers.versions.get(no.checked_sub(1)?));
    match known.map(|version| version.filed.is_some()) {
        None => desk.unknown("version"),
        Some(true) => desk.fault("version", "EXISTS", "该版本已备案", "was reported already"),
        Some(false) => {}
    }
    let filed_with = desk.state.organizations.no(&c.filed_with).unwrap_or(0);
    if filed_with == 0 {
        desk.unknown("filed_with");
    } else if filed_with == OWN {
        desk.fault(
            "filed_with",
            "OUT_OF_RANGE",
            "须报上级单位备案",
            "must be another organisation than the book's own",
        );
    }
    vec![Event::RulesFiled {
        version: c.version,
        doc_no: c.doc_no.clone(),
        filed_on: c.filed_on,
        filed_with,
        evidence: c.evidence.clone(),
    }]
}

/// Entries before the first live day are keyed in only from a file that is on record, with who allowed it (补录).
pub(super) fn register_history(desk: &mut Desk<'_>, c: &RegisterHistory) -> Vec<Event> {
    desk.check_evidence(&c.evidence);
    let approval = allowed(desk, &c.approval, desk.today);
    desk.check_open(c.from, "from");
    let live = desk.state.live_from;
    if c.to >= live {
        desk.hit("LED-007", "to", &live.plus_days(-1).to_string(), &c.to.to_string());
    }
    if desk.state.layers.histories.contains_key(&c.code) {
        desk.taken("code");
    }
    if desk.state.layers.histories.values().any(|h| h.history.digest == c.digest) {
        desk.taken("digest");
    }
    vec![Event::HistoryRegistered { history: c.clone(), approval }]
}
