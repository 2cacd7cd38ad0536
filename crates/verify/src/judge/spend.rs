//! Committing, releasing, paying (T13, T14), and what comes back of a payment (T17, T18).

use record::command::{CommitExpenditure, Disburse, RecordReturn, ReleaseCommitment};
use record::event::{Committed, Effect};
use record::kinds::{ApprovalKind, Direction, Settlement, Side, Template, Verdict};
use record::{AccountNo, Day, Event, Fen, GrantNo, Heads, Line, OrgNo, SourceNo, UseNo};

use super::checks::{Drawn, Needs, times};
use super::{Case, OutOf, Plan};
use crate::book::look::OWN;
use crate::book::{BudgetLine, Commitment, Payment};

/// Which fields of a budget line's place stand where on a line of the budget ledger.
pub(super) fn budget_line(
    of: BudgetLine,
    unit: Fen,
    (account, side): (AccountNo, Side),
    (fen, heads): (Fen, u32),
) -> Line {
    Line {
        account,
        source: of.1,
        side,
        fen,
        year: of.0,
        class: of.2,
        plan: of.3,
        heads: Heads::try_from(heads).unwrap_or(Heads::MAX),
        price: unit,
        ..Line::default()
    }
}

pub(super) fn commit(case: &mut Case<'_>, c: &CommitExpenditure) -> Vec<Event> {
    if case.book.commitments.no(&c.code).is_some() {
        case.unknown("code: taken");
    }
    case.dated(c.date);
    case.breaks_if(c.date.year() != c.year, "BUD-001", "year");
    case.papers(&c.evidence);
    let source = case.source(&c.source);
    let at = case.class_and_plan(&c.class, &c.plan);
    let needs = Needs {
        approval: &c.approval,
        kinds: &[ApprovalKind::Expenditure],
        rule: "APR-001",
        on: c.date,
        fen: c.fen,
        source: &c.source,
        class: &c.class,
        plan: &c.plan,
    };
    let approval = case.approval(&needs).unwrap_or(0);
    if let Some(at) = at {
        case.price(at, c.date, c.heads, c.unit_fen, c.fen);
    }
    let Some((source, (class, plan))) = source.zip(at) else { return Vec::new() };
    case.purpose(source, case.book.use_of(&c.class, &c.plan, false));
    let line = (c.year, source, class, plan);
    let (allocated, available) = (case.book.parts.allocated, case.book.parts.available);
    case.budget(line, &[allocated, available], c.date, c.fen);
    let from_places = case.book.sums.budget_free(line, allocated, c.date).min(c.fen).max(0);
    let committed = Committed {
        no: case.book.commitments.next(),
        code: c.code.clone(),
        approval,
        year: c.year,
        source,
        class,
        plan,
        heads: c.heads,
        unit_fen: c.unit_fen,
        fen: c.fen,
        from_allocated_fen: from_places,
        date: c.date,
    };
    let lines = encumbrance(case, (line, c.unit_fen), (c.fen, c.heads), from_places, false);
    let plan = Plan {
        attachments: c.evidence.len(),
        approval,
        commitment: committed.no,
        ..Plan::budget(Template::T13, c.date, lines)
    };
    let posted = case.posted(plan, Effect::None, &c.evidence, "");
    vec![Event::Committed(committed), posted]
}

/// 912 and 911 to 913, or back.
fn encumbrance(
    case: &Case<'_>,
    (of, unit): (BudgetLine, Fen),
    (fen, heads): (Fen, u32),
    from_places: Fen,
    back: bool,
) -> Vec<Line> {
    let parts = &case.book.parts;
    let side = if back { Side::Credit } else { Side::Debit };
    let rest = fen.saturating_sub(from_places);
    let own_heads = if from_places > 0 { 0 } else { heads };
    let of_places = (from_places > 0).then(|| budget_line(of, unit, (parts.allocated, side), (from_places, heads)));
    let of_rest = (rest > 0).then(|| budget_line(of, unit, (parts.available, side), (rest, own_heads)));
    let committed = budget_line(of, unit, (parts.committed, side.other()), (fen, heads));
    of_places.into_iter().chain(of_rest).chain([committed]).collect()
}

pub(super) fn release(case: &mut Case<'_>, c: &ReleaseCommitment) -> Vec<Event> {
    case.dated(c.date);
    case.papers(&c.evidence);
    let Some((no, commitment)) = case.book.commitments.find(&c.commitment) else {
        case.unknown("commitment");
        return Vec::new();
    };
    case.breaks_if(c.date.year() != commitment.line.0, "BUD-001", "year");
    case.breaks_if(c.date < commitment.date, "BUD-005", "date");
    case.breaks_if(c.fen > commitment.open_fen || c.heads > commitment.open_heads, "BUD-005", "fen");
    case.breaks_if(times(c.heads, commitment.unit_fen) != Some(c.fen), "USE-005", "fen");
    let own = commitment.open_fen.saturating_sub(commitment.open_places()).max(0);
    let to_places = c.fen.saturating_sub(own).max(0);
    let lines = encumbrance(case, (commitment.line, commitment.unit_fen), (c.fen, c.heads), to_places, true);
    let plan = Plan {
        attachments: c.evidence.len(),
        approval: commitment.approval,
        commitment: no,
        summary: c.reason.clone(),
        ..Plan::budget(Template::T13, c.date, lines)
    };
    let posted = case.posted(plan, Effect::None, &c.evidence, "");
    vec![Event::Released { commitment: no, heads: c.heads, fen: c.fen }, posted]
}

pub(super) fn pay(case: &mut Case<'_>, c: &Disburse) -> Vec<Event> {
    case.dated(c.date);
    case.breaks_if(c.settlement == Settlement::Cash, "DIV-003", "settlement");
    let payee = case.payee(&c.payee_account, "USE-006");
    let drawn = case.draw_special(&c.bank_account, &c.bank_txn, Direction::Out, (c.fen, c.date));
    case.papers(&c.evidence);
    if let Some((drawn, (account, _))) = drawn.zip(payee) {
        case.reached(&drawn, "USE-006", account, c.date);
    }
    let moved_on = drawn.map_or(c.date, |drawn| drawn.date.min(c.date));
    let batches = named_batches(case, c);
    let Some((no, commitment)) = case.book.commitments.find(&c.commitment) else {
        case.breaks("BUD-005", "commitment");
        return Vec::new();
    };
    within_commitment(case, commitment, c, moved_on);
    authority_holds(case, commitment, payee.map(|(_, org)| org), (c.date, moved_on));
    payable(case, commitment, &batches, (c.heads, moved_on));
    let at = (commitment.line.2, commitment.line.3);
    case.price(at, moved_on, c.heads, c.unit_fen, c.fen);
    let use_code = use_of_payment(case, commitment, &c.use_code);
    let account = expense_account(case, commitment, &c.account);
    let source = commitment.line.1;
    case.purpose(source, use_code);
    let Some((use_code, drawn)) = use_code.zip(drawn) else { return Vec::new() };
    let shares = if c.grants.is_empty() {
        case.attribute(OutOf { source, use_code, fen: c.fen, date: c.date, moved_on })
    } else {
        named_shares(case, source, c, (use_code, moved_on))
    };
    let payee = payee.map_or(0, |(_, org)| org);
    let lines = payment_lines(case, commitment, c, &shares, (account, use_code, payee, drawn));
    let plan = Plan {
        attachments: c.evidence.len(),
        cashier: drawn.cashier,
        approval: commitment.approval,
        commitment: no,
        settlement: Some(c.settlement),
        summary: c.summary.clone(),
        ..Plan::money(Template::T14, c.date, lines)
    };
    let effect = Effect::Payment { commitment: no, batches, heads: c.heads, fen: c.fen };
    let paid = case.posted(plan, effect, &c.evidence, "");
    let parts = &case.book.parts;
    let moves = [(parts.committed, Side::Debit), (parts.spent, Side::Credit)];
    let lines = moves.map(|at| budget_line(commitment.line, commitment.unit_fen, at, (c.fen, c.heads)));
    let plan = Plan {
        attachments: 1,
        approval: commitment.approval,
        commitment: no,
        ..Plan::budget(Template::T14, c.date, lines.to_vec())
    };
    let spent = case.posted(plan, Effect::None, &[], "");
    vec![paid, spent]
}

/// The batches that are named, each once (ENR-001).
fn named_batches(case: &mut Case<'_>, c: &Disburse) -> Vec<(GrantNo, u32)> {
    let mut found: Vec<(GrantNo, u32)> = Vec::with_capacity(c.batches.len());
    for code in &c.batches {
        match case.book.form_of(code).map(|(no, form)| (no, form.is.insured_count)) {
            None => case.unknown("batches"),
            Some(batch) if found.contains(&batch) => case.breaks("ENR-001", "batches: twice"),
            Some(batch) => found.push(batch),
        }
    }
    found
}

/// BUD-005 by date, price, heads and money; beyond the commitment also what budget and approval have not (AC-11).
fn within_commitment(case: &mut Case<'_>, commitment: &Commitment, c: &Disburse, moved_on: Day) {
    case.breaks_if(c.date.year() != commitment.line.0, "BUD-001", "year");
    case.breaks_if(moved_on < commitment.stands_from, "BUD-005", "date");
    case.breaks_if(c.unit_fen != commitment.unit_fen, "BUD-005", "unit_fen");
    let short = c.fen.saturating_sub(commitment.open_fen);
    if short <= 0 && c.heads <= commitment.open_heads {
        return;
    }
    case.breaks("BUD-005", "commitment");
    let parts = &case.book.parts;
    let balances = [parts.allocated, parts.available]
        .map(|account| case.book.sums.budget_balance(commitment.line, account).unwrap_or(0));
    case.breaks_if(balances.iter().fold(0, |sum: Fen, b| sum.saturating_add(*b)) < short, "BUD-001", "budget");
    let approval = case.book.approvals.get(commitment.approval);
    let left = approval.map_or(0, |a| a.is.max_fen.saturating_sub(a.used));
    case.breaks_if(left < short, "APR-001", "approval.max_fen");
}

/// APR-001, APR-005: the approval that was consumed still holds on the day of payment, for this payee.
fn authority_holds(case: &mut Case<'_>, commitment: &Commitment, payee: Option<OrgNo>, (date, moved_on): (Day, Day)) {
    let book = case.book;
    let Some(found) = book.approvals.get(commitment.approval) else { return };
    let judged = case.deadline(date, moved_on);
    case.breaks_if(moved_on < found.is.meeting_on, "APR-001", "approval.meeting_on");
    case.breaks_if(found.is.valid_to.is_some_and(|last| judged > last), "APR-001", "approval.valid_to");
    case.breaks_if(found.registered_by == case.maker, "APR-005", "approval.registered_by");
    let (allowed, named) = (found.is.scope.payee.as_str(), payee.map_or("", |no| book.orgs.code(no)));
    case.breaks_if(!allowed.is_empty() && allowed != named, "APR-001", "approval.scope.payee");
}

/// What stands against paying batches: heads, class, plan, year, review, dues, places.
fn payable(case: &mut Case<'_>, commitment: &Commitment, batches: &[(GrantNo, u32)], (heads, moved_on): (u32, Day)) {
    let book = case.book;
    let (year, source, class, plan) = commitment.line;
    let total = batches.iter().fold(0u64, |sum, (_, heads)| sum.saturating_add(u64::from(*heads)));
    case.breaks_if(total != u64::from(heads), "ENR-001", "heads");
    places_left(case, source, batches);
    super::enrol::registers(case, batches);
    for (no, _) in batches {
        let Some(form) = book.form(*no) else { continue };
        let def = book.classes.get(form.class);
        let members = def.is_some_and(|def| !def.review_required);
        let unit = book.orgs.no(&form.is.organization).unwrap_or(0);
        let dues = book.dues_paid(form.is.year, unit) == Some(true);
        case.breaks_if(members && !dues, "ENR-005", &form.is.code);
        case.breaks_if(form.paid > 0, "ENR-001", &form.is.code);
        case.breaks_if(form.class != class || form.is.year > year, "BUD-001", &form.is.code);
        case.breaks_if(form.plan != plan, "USE-007", &form.is.code);
        let reviewed = match form.review {
            Some((Verdict::Approve, on)) => on <= moved_on,
            Some((Verdict::Reject, _)) => false,
            None => members,
        };
        case.breaks_if(!reviewed || form.stands_from > moved_on, "APR-002", &form.is.code);
    }
}

/// BUD-004: heads paid out of money that places bind stay within the unit's, or those of the nearest above it.
fn places_left(case: &mut Case<'_>, source: SourceNo, batches: &[(GrantNo, u32)]) {
    let book = case.book;
    if !book.source(source).is_some_and(|s| s.quota_bound) {
        return;
    }
    let mut asked: std::collections::BTreeMap<(u16, u8, OrgNo), i64> = Default::default();
    for (no, heads) in batches {
        let Some((form, grant)) = book.form(*no).zip(book.grants.get(*no)) else { continue };
        let of = (form.is.year, source, form.class);
        // Where nobody has places of a class, its numbers are not bound (附件1: 劳模按实际).
        let any = book.places.range((of.0, of.1, of.2, 0)..=(of.0, of.1, of.2, OrgNo::MAX)).next().is_some();
        if any {
            let holder = book.place_holder(of, grant.grantor).unwrap_or(0);
            let sum = asked.entry((of.0, of.2, holder)).or_default();
            *sum = sum.saturating_add(i64::from(*heads));
        }
    }
    for ((year, class, holder), heads) in asked {
        let places = book.places.get(&(year, source, class, holder)).copied().unwrap_or_default();
        let of_class = book.served.range((year, source, class, 0)..=(year, source, class, OrgNo::MAX));
        let own =
            of_class.filter(|((.., unit), _)| book.place_holder((year, source, class), *unit).unwrap_or(0) == holder);
        let served = own.fold(heads, |sum: i64, (_, heads)| sum.saturating_add(*heads));
        case.breaks_if(!places.by_actual_number && served > places.heads, "BUD-004", book.orgs.code(holder));
    }
}

/// USE-002, USE-012: the use that was named is that of class and plan, and none that is forbidden.
fn use_of_payment(case: &mut Case<'_>, commitment: &Commitment, named: &str) -> Option<UseNo> {
    let book = case.book;
    let (class, plan) = (book.classes.code(commitment.line.2), book.plans.code(commitment.line.3));
    let right = book.use_of(class, plan, false);
    if named.is_empty() {
        return right;
    }
    let found: Option<UseNo> = book.uses.small(named);
    case.breaks_if(found.is_none() || found != right, "USE-002", named);
    case.breaks_if(book.forbidden.iter().any(|u| u.code == named), "USE-012", named);
    found.or(right)
}

/// USE-001, USE-009, USE-010: the expense account of the class and no other.
fn expense_account(case: &mut Case<'_>, commitment: &Commitment, named: &str) -> AccountNo {
    let book = case.book;
    let bound = book.classes.get(commitment.line.2).map_or("", |class| class.expense_account.as_str());
    let right = book.accounts.small(bound).unwrap_or(0);
    if named.is_empty() || named == bound {
        return right;
    }
    let found: Option<AccountNo> = book.accounts.small(named);
    case.breaks("USE-001", named);
    case.breaks_if(found.is_some_and(|no| book.parts.not_expense.contains(&no)), "USE-010", named);
    case.breaks_if(found.is_some_and(|no| book.parts.pass_down.contains(&no)), "USE-009", named);
    found.unwrap_or(0)
}

/// Shares that a payment names: of the source (SRC-004), permitting the use, in term, adding up (LED-001).
fn named_shares(
    case: &mut Case<'_>,
    source: SourceNo,
    c: &Disburse,
    (use_code, moved_on): (UseNo, Day),
) -> Vec<(GrantNo, Fen)> {
    let book = case.book;
    let judged = case.deadline(c.date, moved_on);
    let mut shares: Vec<(GrantNo, Fen)> = Vec::with_capacity(c.grants.len());
    for share in &c.grants {
        let Some((no, grant)) = book.grants.find(&share.grant).filter(|(_, grant)| grant.form.is_none()) else {
            case.unknown("grants");
            continue;
        };
        case.breaks_if(grant.source != source, "SRC-004", &share.grant);
        let fits = book.grant_permits(grant, use_code, moved_on) && grant.in_term(moved_on, judged);
        let rule = case.purpose_rule(grant.source);
        case.breaks_if(!fits, rule, &share.grant);
        if shares.iter().any(|(other, _)| *other == no) {
            case.unknown("grants: twice");
        }
        shares.push((no, share.fen));
    }
    let total = c.grants.iter().fold(0, |sum: Fen, share| sum.saturating_add(share.fen));
    case.breaks_if(total != c.fen, "LED-001", "grants");
    shares
}

fn payment_lines(
    case: &Case<'_>,
    commitment: &Commitment,
    c: &Disburse,
    shares: &[(GrantNo, Fen)],
    (account, use_code, payee, drawn): (AccountNo, UseNo, OrgNo, Drawn),
) -> Vec<Line> {
    let (year, source, class, plan) = commitment.line;
    let mut heads = Heads::try_from(c.heads).unwrap_or(Heads::MAX);
    let mut lines = Vec::with_capacity(shares.len().saturating_mul(2));
    for (grant, fen) in shares {
        let expense = Line {
            account,
            source,
            grant: *grant,
            side: Side::Debit,
            fen: *fen,
            year,
            class,
            plan,
            use_code,
            holder: OWN,
            counterparty: payee,
            heads,
            price: c.unit_fen,
            bank: 0,
        };
        let money = Line {
            account: case.book.parts.special,
            source: case.book.grants.get(*grant).map_or(0, |grant| grant.source),
            side: Side::Credit,
            heads: 0,
            bank: drawn.no,
            ..expense.clone()
        };
        heads = 0;
        lines.extend([expense, money]);
    }
    lines
}

pub(super) fn give_back(case: &mut Case<'_>, c: &RecordReturn) -> Vec<Event> {
    case.dated(c.date);
    let drawn = case.draw_special(&c.bank_account, &c.bank_txn, Direction::In, (c.fen, c.date));
    case.papers(&c.evidence);
    let book = case.book;
    let payment = book.payments.get(&c.payment);
    let of = payment.and_then(|payment| Some((payment, book.commitments.get(payment.commitment)?)));
    let Some((payment, commitment)) = of else {
        case.unknown("payment");
        return Vec::new();
    };
    case.breaks_if(payment.date > c.date || payment.reversed, "LED-010", "payment");
    case.breaks_if(c.heads > payment.heads.saturating_sub(payment.returned), "ENR-001", "heads");
    case.breaks_if(times(c.heads, commitment.unit_fen) != Some(c.fen), "USE-005", "fen");
    let Some(drawn) = drawn else { return Vec::new() };
    let association = book.association(drawn.counterparty);
    case.breaks_if(association == 0, "SRC-002", "bank_txn.counterparty_account");
    // A closed year's expense is closed and its budget over: the opening balance takes the money.
    let earlier = payment.date.year() < c.date.year();
    let account = if earlier { book.opening_of(commitment.line.1) } else { payment.account };
    let lines = return_lines(case, (payment, account), commitment, c, (association, drawn.no));
    let template = if earlier { Template::T18 } else { Template::T17 };
    let plan = Plan {
        attachments: c.evidence.len(),
        cashier: drawn.cashier,
        commitment: payment.commitment,
        settlement: Some(drawn.settlement),
        summary: c.reason.clone(),
        ..Plan::money(template, c.date, lines)
    };
    let effect = Effect::Return { payment: c.payment, heads: c.heads, fen: c.fen };
    let mut events = vec![case.posted(plan, effect, &c.evidence, "")];
    if !earlier {
        let moves = [(book.parts.spent, Side::Debit), (book.parts.available, Side::Credit)];
        let lines = moves.map(|at| budget_line(commitment.line, commitment.unit_fen, at, (c.fen, c.heads)));
        let plan = Plan {
            attachments: 1,
            commitment: payment.commitment,
            ..Plan::budget(Template::T17, c.date, lines.to_vec())
        };
        events.push(case.posted(plan, Effect::None, &[], ""));
    }
    events
}

/// Newest attribution first, up to what each grant carried and has not got back.
fn return_lines(
    case: &Case<'_>,
    (payment, account): (&Payment, AccountNo),
    commitment: &Commitment,
    c: &RecordReturn,
    (association, movement): (OrgNo, u32),
) -> Vec<Line> {
    let (year, source, class, plan) = commitment.line;
    let mut left = c.fen;
    let mut heads = Heads::try_from(c.heads).unwrap_or(Heads::MAX);
    let mut lines = Vec::new();
    for (grant, paid, back) in payment.shares.iter().rev() {
        let part = paid.saturating_sub(*back).min(left);
        if part <= 0 {
            continue;
        }
        left = left.saturating_sub(part);
        let expense = Line {
            account,
            source,
            grant: *grant,
            side: Side::Credit,
            fen: part,
            year,
            class,
            plan,
            use_code: payment.use_code,
            holder: OWN,
            counterparty: association,
            heads,
            price: commitment.unit_fen,
            bank: 0,
        };
        let money =
            Line { account: case.book.parts.special, side: Side::Debit, heads: 0, bank: movement, ..expense.clone() };
        heads = 0;
        lines.extend([money, expense]);
    }
    lines
}
