//! Committing, releasing and paying: T13 and T14.

use record::command::{CommitExpenditure, Disburse, ReleaseCommitment};
use record::event::{Committed, Effect};
use record::kinds::{ApprovalKind, Direction, OrgType, Settlement, Side, Template};
use record::{AccountNo, ApprovalNo, CommitmentNo, Day, Event, Fen, GrantNo, Line, OrgNo, UseNo};

use super::approvals::{Act, carry};
use super::bank::{Draw, draw};
use super::batches;
use super::desk::{Desk, Draft};
use super::lines::{self, OWN, Outflow};
use crate::state::Commitment;

/// A line of the budget ledger.
pub(crate) fn budget_line(of: &Commitment, account: AccountNo, side: Side, fen: Fen, heads: u32) -> Line {
    Line {
        account,
        source: of.source,
        side,
        fen,
        year: of.year,
        class: of.class,
        plan: of.plan,
        heads: i32::try_from(heads).unwrap_or(i32::MAX),
        price: of.unit_fen,
        ..Line::default()
    }
}

pub(super) fn commit(desk: &mut Desk<'_>, c: &CommitExpenditure) -> Vec<Event> {
    if desk.state.commitments.no(&c.code).is_some() {
        desk.taken("code");
    }
    desk.check_date(c.date, "date");
    desk.check_budget_year(c.year, c.date);
    desk.check_evidence(&c.evidence);
    let source = desk.source(&c.source, "source");
    let at = lines::class_and_plan(desk, &c.class, &c.plan);
    let approval = carry(
        desk,
        &Act {
            approval: &c.approval,
            kinds: &[ApprovalKind::Expenditure],
            rule: "APR-001",
            date: c.date,
            fen: c.fen,
            scope: [&c.source, &c.class, &c.plan],
        },
    );
    if let Some(at) = at {
        lines::check_price(desk, at, c.date, c.heads, c.unit_fen, c.fen);
    }
    let (Some(source), Some((class, plan))) = (source, at) else { return Vec::new() };
    check_purpose(desk, source, desk.state.use_for(&c.class, &c.plan, false));
    let posting = &desk.state.posting;
    let balance = |account| desk.state.budget_left((c.year, source, class, plan), account, c.date);
    let (allocated, available) = (balance(posting.budget_allocated), balance(posting.budget_available));
    if allocated.saturating_add(available) < c.fen {
        let subject = format!("{} {}/{}/{}", c.year, c.source, c.class, c.plan);
        desk.short("BUD-001", &subject, allocated.saturating_add(available), c.fen);
    }
    let from_allocated_fen = allocated.min(c.fen).max(0);
    let committed = Committed {
        no: desk.state.commitments.next_no(),
        code: c.code.clone(),
        approval: approval.unwrap_or(0),
        year: c.year,
        source,
        class,
        plan,
        heads: c.heads,
        unit_fen: c.unit_fen,
        fen: c.fen,
        from_allocated_fen,
        date: c.date,
    };
    let lines = encumbrance(desk, &Commitment::opened(&committed), c.heads, c.fen, from_allocated_fen, false);
    let draft = Draft {
        attachments: c.evidence.len(),
        approval: committed.approval,
        commitment: committed.no,
        ..Draft::budget(Template::T13, c.date, lines)
    };
    let voucher = desk.voucher(draft);
    vec![Event::Committed(committed), desk.posted(voucher, Effect::None, &c.evidence)]
}

/// T13: 912 and 911 to 913, or back.
fn encumbrance(desk: &Desk<'_>, of: &Commitment, heads: u32, fen: Fen, allocated: Fen, back: bool) -> Vec<Line> {
    let posting = &desk.state.posting;
    let side = if back { Side::Credit } else { Side::Debit };
    let available = fen.saturating_sub(allocated);
    let mut lines = Vec::with_capacity(3);
    if allocated > 0 {
        lines.push(budget_line(of, posting.budget_allocated, side, allocated, heads));
    }
    if available > 0 {
        let heads = if allocated > 0 { 0 } else { heads };
        lines.push(budget_line(of, posting.budget_available, side, available, heads));
    }
    lines.push(budget_line(of, posting.budget_committed, side.other(), fen, heads));
    lines
}

/// USE-011, SRC-006, SRC-007: the source by its nature may pay this use.
fn check_purpose(desk: &mut Desk<'_>, source: record::SourceNo, use_code: Option<UseNo>) {
    let Some(use_code) = use_code else { return };
    if !lines::source_permits(desk.state, source, use_code) {
        let rule = lines::purpose_rule(desk.state, source);
        let uses = desk.state.sources.get(source).map(|s| s.uses.join(" | ")).unwrap_or_default();
        let found = desk.state.uses.code(use_code).to_owned();
        desk.hit(rule, "source", &uses, &found);
    }
}

pub(super) fn release(desk: &mut Desk<'_>, c: &ReleaseCommitment) -> Vec<Event> {
    desk.check_date(c.date, "date");
    desk.check_evidence(&c.evidence);
    let Some((no, commitment)) = desk.state.commitments.find(&c.commitment) else {
        desk.unknown("commitment");
        return Vec::new();
    };
    desk.check_budget_year(commitment.year, c.date);
    if c.date < commitment.date {
        desk.hit("BUD-005", "date", &commitment.date.to_string(), &c.date.to_string());
    }
    if c.fen > commitment.open_fen {
        desk.short("BUD-005", "fen", commitment.open_fen, c.fen);
    }
    if c.heads > commitment.open_heads {
        desk.hit("BUD-005", "heads", &commitment.open_heads.to_string(), &c.heads.to_string());
    }
    match super::desk::times(c.heads, commitment.unit_fen) {
        Some(product) if product == c.fen => {}
        product => desk.hit("USE-005", "fen", &product.unwrap_or(0).to_string(), &c.fen.to_string()),
    }
    let available = commitment.open_fen.saturating_sub(commitment.open_allocated_fen()).max(0);
    let allocated = c.fen.saturating_sub(available).max(0);
    let lines = encumbrance(desk, commitment, c.heads, c.fen, allocated, true);
    let draft = Draft {
        attachments: c.evidence.len(),
        approval: commitment.approval,
        commitment: no,
        summary: c.reason.clone(),
        ..Draft::budget(Template::T13, c.date, lines)
    };
    let voucher = desk.voucher(draft);
    vec![
        Event::Released { commitment: no, heads: c.heads, fen: c.fen },
        desk.posted(voucher, Effect::None, &c.evidence),
    ]
}

pub(super) fn disburse(desk: &mut Desk<'_>, c: &Disburse) -> Vec<Event> {
    desk.check_date(c.date, "date");
    if c.settlement == Settlement::Cash {
        desk.hit("DIV-003", "settlement", Settlement::Transfer.code(), Settlement::Cash.code());
    }
    let payee = lines::payee(desk, &c.payee_account, "USE-006");
    let drawn = draw(desk, &Draw::special(&c.bank_account, &c.bank_txn, Direction::Out, c.fen, c.date));
    desk.check_evidence(&c.evidence);
    if let (Some(drawn), Some((account, _))) = (drawn, payee) {
        drawn.check_reached(desk, "USE-006", account, c.date);
    }
    // Authority must stand before the money leaves, whatever day the voucher then bears.
    let paid_on = drawn.map_or(c.date, |drawn| drawn.date.min(c.date));
    let batches = batches::named(desk, c);
    let Some((no, commitment)) = desk.state.commitments.find(&c.commitment) else {
        desk.hit("BUD-005", "commitment", "", &c.commitment);
        return Vec::new();
    };
    check_commitment(desk, commitment, c, paid_on);
    check_payee_of_approval(desk, commitment.approval, payee.map(|(_, organization)| organization));
    batches::check(desk, commitment, &batches, (c.heads, paid_on));
    let at = (commitment.class, commitment.plan);
    lines::check_price(desk, at, paid_on, c.heads, c.unit_fen, c.fen);
    let use_code = use_of_payment(desk, commitment, c);
    let account = expense_account(desk, commitment, c);
    check_purpose(desk, commitment.source, use_code);
    let (Some(use_code), Some(drawn)) = (use_code, drawn) else { return Vec::new() };
    // A payee that is not registered has been told; the money is judged all the same.
    let payee_org = payee.map_or(0, |(_, organization)| organization);
    let shares = if c.grants.is_empty() {
        let out = Outflow { source: commitment.source, use_code, fen: c.fen, date: c.date, paid_on };
        lines::attribute(desk, out)
    } else {
        named_shares(desk, commitment, c, (use_code, paid_on))
    };
    let lines = payment_lines(desk, commitment, c, &shares, (account, use_code, payee_org, drawn.txn));
    let draft = Draft {
        attachments: c.evidence.len(),
        cashier: drawn.cashier,
        approval: commitment.approval,
        commitment: no,
        settlement: Some(c.settlement),
        summary: c.summary.clone(),
        ..Draft::actual(Template::T14, c.date, lines)
    };
    let voucher = desk.voucher(draft);
    let effect = Effect::Payment { commitment: no, batches, heads: c.heads, fen: c.fen };
    vec![desk.posted(voucher, effect, &c.evidence), spent(desk, (no, commitment), c.date, c.heads, c.fen)]
}

/// The budget voucher that goes with a payment: 913 to 914 (decisions.md 8).
fn spent(desk: &mut Desk<'_>, of: (CommitmentNo, &Commitment), date: Day, heads: u32, fen: Fen) -> Event {
    let posting = &desk.state.posting;
    let lines = vec![
        budget_line(of.1, posting.budget_committed, Side::Debit, fen, heads),
        budget_line(of.1, posting.budget_spent, Side::Credit, fen, heads),
    ];
    let draft = Draft {
        attachments: 1,
        approval: of.1.approval,
        commitment: of.0,
        ..Draft::budget(Template::T14, date, lines)
    };
    let voucher = desk.voucher(draft);
    desk.posted(voucher, Effect::None, &[])
}

fn check_commitment(desk: &mut Desk<'_>, commitment: &Commitment, c: &Disburse, paid_on: Day) {
    desk.check_budget_year(commitment.year, c.date);
    if paid_on < commitment.stands_from {
        desk.hit("BUD-005", "date", &commitment.stands_from.to_string(), &paid_on.to_string());
    }
    // At another price than committed, heads and money of the rest would part ways; a new standard takes a new commitment.
    if c.unit_fen != commitment.unit_fen {
        desk.hit("BUD-005", "unit_fen", &commitment.unit_fen.to_string(), &c.unit_fen.to_string());
    }
    check_approval_still_holds(desk, commitment.approval, c.date, paid_on);
    let short = c.fen.saturating_sub(commitment.open_fen);
    if short <= 0 && c.heads <= commitment.open_heads {
        return;
    }
    desk.short("BUD-005", "commitment", commitment.open_fen, c.fen);
    // Beyond the commitment the payment would need budget and approval of its own: say whether there is any (AC-11).
    let posting = &desk.state.posting;
    let balance = |account| {
        desk.state.budget_balance(commitment.year, commitment.source, commitment.class, commitment.plan, account)
    };
    let budget = balance(posting.budget_allocated).saturating_add(balance(posting.budget_available));
    if budget < short {
        desk.short("BUD-001", "budget", budget, short);
    }
    let left =
        desk.state.approvals.get(commitment.approval).map_or(0, |a| a.approval.max_fen.saturating_sub(a.used_fen));
    if left < short {
        desk.short("APR-001", "approval.max_fen", left, short);
    }
}

/// APR-001: an approval that names a payee carries payments to that one only.
fn check_payee_of_approval(desk: &mut Desk<'_>, approval: ApprovalNo, payee: Option<OrgNo>) {
    let allowed = desk.state.approvals.get(approval).map_or("", |a| a.approval.scope.payee.as_str());
    let named = payee.map_or("", |no| desk.state.organizations.code(no));
    if !allowed.is_empty() && allowed != named {
        desk.hit("APR-001", "approval.scope.payee", allowed, named);
    }
}

/// APR-001, APR-005: consumed at commitment, the approval must still hold on the day of payment.
fn check_approval_still_holds(desk: &mut Desk<'_>, approval: ApprovalNo, date: Day, paid_on: Day) {
    let Some(found) = desk.state.approvals.get(approval) else { return };
    let judged = desk.deadline_day(date, paid_on);
    if paid_on < found.approval.meeting_on {
        desk.hit("APR-001", "approval.meeting_on", &paid_on.to_string(), &found.approval.meeting_on.to_string());
    }
    if let Some(last) = found.approval.valid_to.filter(|last| judged > *last) {
        desk.hit("APR-001", "approval.valid_to", &last.to_string(), &judged.to_string());
    }
    if found.registered_by == desk.hands.maker {
        let code = desk.state.persons.code(found.registered_by).to_owned();
        desk.hit("APR-005", "approval.registered_by", "another person", &code);
    }
}

/// USE-002, USE-012: the use named, or that of class and plan.
fn use_of_payment(desk: &mut Desk<'_>, commitment: &Commitment, c: &Disburse) -> Option<UseNo> {
    let (class, plan) = (desk.state.classes.code(commitment.class), desk.state.plans.code(commitment.plan));
    let right = desk.state.use_for(class, plan, false);
    if c.use_code.is_empty() {
        return right;
    }
    let named = desk.state.use_no(&c.use_code);
    if named.is_none() || named != right {
        let expected = right.map(|no| desk.state.uses.code(no).to_owned()).unwrap_or_default();
        desk.hit("USE-002", "use_code", &expected, &c.use_code);
    }
    if let Some(forbidden) = desk.state.forbidden_uses.iter().find(|u| u.code == c.use_code) {
        let name = forbidden.name.clone();
        desk.hit("USE-012", "use_code", "", &name);
    }
    named.or(right)
}

/// USE-001, USE-009, USE-010: the expense account of the class, and no other.
fn expense_account(desk: &mut Desk<'_>, commitment: &Commitment, c: &Disburse) -> AccountNo {
    let bound = desk.state.classes.get(commitment.class).map_or("", |class| class.expense_account.as_str());
    let right = desk.state.account_no(bound).unwrap_or(0);
    if c.account.is_empty() || c.account == bound {
        return right;
    }
    let named = desk.state.account_no(&c.account);
    let posting = &desk.state.posting;
    let (not_expense, pass_down) = (
        named.is_some_and(|no| posting.not_expense.contains(&no)),
        named.is_some_and(|no| posting.pass_down.contains(&no)),
    );
    desk.hit("USE-001", "account", bound, &c.account);
    if not_expense {
        desk.hit("USE-010", "account", bound, &c.account);
    }
    if pass_down {
        desk.hit("USE-009", "account", bound, &c.account);
    }
    named.unwrap_or(0)
}

/// The shares that a payment names: their grants exist, belong to the source (SRC-004), permit the use and are in term.
fn named_shares(
    desk: &mut Desk<'_>,
    commitment: &Commitment,
    c: &Disburse,
    (use_code, paid_on): (UseNo, Day),
) -> Vec<(GrantNo, Fen)> {
    let term = (paid_on, desk.deadline_day(c.date, paid_on));
    let mut shares = Vec::with_capacity(c.grants.len());
    let mut total: Fen = 0;
    for (i, share) in c.grants.iter().enumerate() {
        let field = format!("grants[{i}].grant");
        total = total.saturating_add(share.fen);
        let Some((no, grant)) = desk.state.grants.find(&share.grant).filter(|(_, g)| g.batch.is_none()) else {
            desk.unknown(&field);
            continue;
        };
        if grant.source != commitment.source {
            let (expected, found) = (desk.state.sources.code(commitment.source), desk.state.sources.code(grant.source));
            desk.hit("SRC-004", &field, expected, found);
        }
        if !lines::grant_permits(desk.state, grant, use_code, paid_on) || !lines::in_term(grant, term) {
            let rule = lines::purpose_rule(desk.state, grant.source);
            let uses = grant.permitted_uses.iter().map(|u| desk.state.uses.code(*u)).collect::<Vec<_>>().join(" | ");
            let found = desk.state.uses.code(use_code).to_owned();
            desk.hit(rule, &field, &uses, &found);
        }
        if shares.iter().any(|(g, _)| *g == no) {
            desk.fault(&field, "DUPLICATE", "同一资金文件只能列一次", "names a grant twice");
        }
        shares.push((no, share.fen));
    }
    if total != c.fen {
        desk.hit("LED-001", "grants", &c.fen.to_string(), &total.to_string());
    }
    shares
}

/// T14's lines, a pair a grant: the expense under the commitment's source, the money under the grant's own. Where the two differ the
/// voucher does not balance by source, and LED-002 says so.
fn payment_lines(
    desk: &Desk<'_>,
    commitment: &Commitment,
    c: &Disburse,
    shares: &[(GrantNo, Fen)],
    (account, use_code, payee, txn): (AccountNo, UseNo, u32, u32),
) -> Vec<Line> {
    let mut heads = i32::try_from(c.heads).unwrap_or(i32::MAX);
    let mut lines = Vec::with_capacity(shares.len().saturating_mul(2));
    for (grant, fen) in shares {
        let source = desk.state.grants.get(*grant).map_or(0, |g| g.source);
        let expense = Line {
            account,
            source: commitment.source,
            grant: *grant,
            side: Side::Debit,
            fen: *fen,
            year: commitment.year,
            class: commitment.class,
            plan: commitment.plan,
            use_code,
            holder: OWN,
            counterparty: payee,
            heads,
            price: c.unit_fen,
            bank: 0,
        };
        let money = Line {
            account: desk.state.posting.special_bank,
            source,
            side: Side::Credit,
            heads: 0,
            bank: txn,
            ..expense.clone()
        };
        heads = 0;
        lines.extend([expense, money]);
    }
    lines
}

/// The association, as counterparty of what it sends back.
pub(crate) fn association(desk: &Desk<'_>, account: u32) -> u32 {
    let owner = desk.state.bank_accounts.get(account).map_or(0, |a| a.organization);
    let is_association = desk.state.organizations.get(owner).is_some_and(|o| o.org_type == OrgType::MutualAid);
    if is_association { owner } else { 0 }
}
