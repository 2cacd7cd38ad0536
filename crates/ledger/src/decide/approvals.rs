//! Approvals as spendable authorisations: registering them, and asking whether one carries an act.

use record::command::RecordApproval;
use record::kinds::ApprovalKind;
use record::{ApprovalNo, Day, Event, Fen};

use super::Desk;

/// Parameter prefix that lists, separated by `|`, the bodies that may give a kind of approval: `approval_body.EXPENDITURE`.
pub const PARAM_BODY: &str = "approval_body.";

pub(super) fn record_approval(desk: &mut Desk<'_>, c: &RecordApproval) -> Vec<Event> {
    if desk.state.approvals.no(&c.code).is_some() {
        desk.taken("code");
    }
    desk.check_not_future(c.meeting_on, "meeting_on");
    // One decision of one document authorises once: registered again under another code it would be spent twice.
    let same = |known: &RecordApproval| {
        (known.kind, known.body, &known.doc_no, &known.scope) == (c.kind, c.body, &c.doc_no, &c.scope)
    };
    let twice = desk.state.approvals.iter().find(|(_, known)| !c.doc_no.is_empty() && same(&known.approval));
    if let Some((_, known)) = twice {
        let code = known.approval.code.clone();
        desk.hit("APR-001", "doc_no", "", &code);
    }
    vec![Event::ApprovalRecorded { no: desk.state.approvals.next_no(), approval: c.clone() }]
}

/// An act that needs an approval.
pub(crate) struct Act<'c> {
    /// Code of the approval cited.
    pub approval: &'c str,
    /// Kinds that can carry it.
    pub kinds: &'c [ApprovalKind],
    /// Rule that a missing or unfit approval hits.
    pub rule: &'c str,
    /// Date of the act.
    pub date: Day,
    /// Money that it takes; 0 where it takes none.
    pub fen: Fen,
    /// Source, class and plan codes of the act; empty where it has none.
    pub scope: [&'c str; 3],
}

/// Whether the cited approval carries the act: kind, body, day, scope, ceiling (`act.rule`), and another hand (APR-005). Gives its
/// ordinal where it exists.
pub(crate) fn carry(desk: &mut Desk<'_>, act: &Act<'_>) -> Option<ApprovalNo> {
    let kinds = act.kinds.iter().map(|k| k.code()).collect::<Vec<_>>().join(" | ");
    let Some((no, found)) = desk.state.approvals.find(act.approval) else {
        desk.hit(act.rule, "approval", &kinds, act.approval);
        return None;
    };
    let approval = &found.approval;
    if !act.kinds.contains(&approval.kind) {
        desk.hit(act.rule, "approval.kind", &kinds, approval.kind.code());
    } else {
        let key = format!("{PARAM_BODY}{}", approval.kind);
        let bodies = desk.state.parameter_on(&key, act.date).unwrap_or("");
        if !bodies.split('|').any(|body| body == approval.body.code()) {
            desk.hit(act.rule, "approval.body", bodies, approval.body.code());
        }
    }
    if act.date < approval.meeting_on {
        desk.hit(act.rule, "approval.meeting_on", &act.date.to_string(), &approval.meeting_on.to_string());
    }
    let judged = desk.judged_day(act.date);
    if let Some(last) = approval.valid_to.filter(|last| judged > *last) {
        desk.hit(act.rule, "approval.valid_to", &last.to_string(), &judged.to_string());
    }
    let left = approval.max_fen.saturating_sub(found.used_fen);
    if act.fen > left {
        desk.short(act.rule, "approval.max_fen", left, act.fen);
    }
    if found.registered_by == desk.hands.maker {
        let code = desk.state.persons.code(found.registered_by).to_owned();
        desk.hit("APR-005", "approval.registered_by", "another person", &code);
    }
    check_scope(desk, no, act.rule, act.scope);
    Some(no)
}

/// APR-001: an approval of outlays carries another outflow of a source than the payment of premiums only where it says so by naming
/// that source.
pub(crate) fn carry_outflow(desk: &mut Desk<'_>, approval: &str, source: &str, date: Day, fen: Fen) {
    let rule = "APR-001";
    let kinds = &[ApprovalKind::Expenditure];
    carry(desk, &Act { approval, kinds, rule, date, fen, scope: [source, "", ""] });
    let unnamed = desk.state.approvals.find(approval).is_some_and(|(_, found)| found.approval.scope.source.is_empty());
    if unnamed {
        desk.hit(rule, "approval.scope.source", source, "");
    }
}

/// What an approval names bounds what is done under it, line by line; what it leaves open, and what the act has not, is free.
pub(crate) fn check_scope(desk: &mut Desk<'_>, approval: ApprovalNo, rule: &str, asked: [&str; 3]) {
    let state = desk.state;
    let Some(found) = state.approvals.get(approval) else { return };
    let scope = &found.approval.scope;
    let fields = [
        ("approval.scope.source", &scope.source),
        ("approval.scope.class", &scope.class),
        ("approval.scope.plan", &scope.plan),
    ];
    for ((subject, allowed), asked) in fields.into_iter().zip(asked) {
        if !allowed.is_empty() && !asked.is_empty() && allowed != asked {
            desk.hit(rule, subject, allowed, asked);
        }
    }
}
