//! Closing months and years (T24 to T26, T29), signing a day's receipts, and carrying to surplus (T27).

use std::collections::BTreeMap;

use record::command::{CarryToSurplus, ClosePeriod, CloseYear, SignDailySummary};
use record::event::Effect;
use record::kinds::{ApprovalKind, Element, LedgerKind, Restriction, Role, Side, Template, VoucherKind, Word};
use record::{AccountNo, Command, Day, Event, Fen, GrantNo, Line, Period, SourceNo, command, hash};

use super::approvals::{Act, carry};
use super::check::LINES_PER_VOUCHER;
use super::desk::{Desk, Draft};
use super::lines::OWN;
use super::numbers;
use crate::State;
use crate::state::SumKey;

pub(super) fn period(desk: &mut Desk<'_>, c: &ClosePeriod) -> Vec<Event> {
    if c.period.month == 12 {
        desk.hit("LED-007", "period", "CloseYear", &c.period.to_string());
    }
    check_closable(desk, c.period);
    vec![closed(desk.state, c.period)]
}

/// LED-007: months close in order and when they are over. LED-013: nothing of theirs is left unsigned or unreviewed.
fn check_closable(desk: &mut Desk<'_>, period: Period) {
    let next = desk.state.next_to_close();
    if period != next {
        desk.hit("LED-007", "period", &next.to_string(), &period.to_string());
    }
    if desk.today <= period.last_day() {
        desk.hit("LED-007", "period", &desk.today.to_string(), &period.last_day().to_string());
    }
    let days = desk.state.receipt_days.range(period.first_day()..=period.last_day());
    let unsigned = days.filter(|(_, d)| !d.is_signed()).map(|(day, _)| *day);
    if let Some(day) = unsigned.min() {
        desk.hit("LED-013", "receipts", "", &day.to_string());
    }
    numbers::check_closable(desk, period);
    let waiting = desk
        .state
        .pending
        .iter()
        .filter(|(_, pending)| pending.last_day >= desk.today)
        .find(|(_, pending)| command::decode(&pending.command).is_some_and(|c| dated_in(&c, period)));
    if let Some((sequence, _)) = waiting {
        desk.hit("LED-013", "submitted", "", &sequence.to_string());
    }
}

/// Whether a waiting command would post into a month; what has expired waits no more. A waiting CloseYear is the closing itself.
fn dated_in(command: &Command, period: Period) -> bool {
    let date = match command {
        Command::RecordIncome(c) => c.date,
        Command::RemitPremiums(c) => c.date,
        Command::CommitExpenditure(c) => c.date,
        Command::ReleaseCommitment(c) => c.date,
        Command::Disburse(c) => c.date,
        Command::RecordReturn(c) => c.date,
        Command::CarryToSurplus(c) => c.date,
        Command::ReverseVoucher(c) => c.date,
        Command::CorrectVoucher(c) => c.date,
        Command::TransferBetweenSources(c) => c.date,
        Command::AppropriateSurplus(c) => c.date,
        Command::RefundPremium(c) => c.date,
        Command::AllocateInterest(c) => c.date,
        Command::RecordUnidentifiedDeposit(c) => c.date,
        Command::IdentifyDeposit(c) => c.date,
        Command::ReturnDeposit(c) => c.date,
        Command::AdjustAmount(c) => c.date,
        Command::CorrectPriorYear(c) => c.date,
        Command::ReturnFiscalSurplus(c) => c.date,
        Command::ReturnGrant(c) => c.date,
        Command::PostOpeningBalances(c) => c.date,
        Command::SignDailySummary(c) => c.day,
        Command::SetBudget(c) => c.date,
        Command::AdjustBudget(c) => c.date,
        _ => return false,
    };
    date.period() == period
}

/// The closing of a month, with the hash of the trial balance at that moment.
fn closed(state: &State, period: Period) -> Event {
    let rows: Vec<_> = state.trial.iter().map(|(key, sum)| (*key, *sum)).collect();
    let trial_balance = hash::sha256(&borsh::to_vec(&rows).unwrap_or_default());
    Event::PeriodClosed { period, trial_balance }
}

pub(super) fn year(desk: &mut Desk<'_>, c: &CloseYear) -> Vec<Event> {
    let december = Period { year: c.year, month: 12 };
    check_closable(desk, december);
    let date = december.last_day();
    let committed = desk.state.posting.budget_committed;
    let open = desk
        .state
        .budget
        .iter()
        .find(|((y, _, _, _, account), fen)| (*y, *account) == (c.year, committed) && **fen != 0);
    if let Some(((_, source, ..), fen)) = open {
        let subject = desk.state.sources.code(*source).to_owned();
        desk.hit("LED-013", &subject, "0", &fen.to_string());
    }
    let mut events = Vec::new();
    let sources: Vec<SourceNo> = desk.state.sources.iter().filter_map(|(no, _)| SourceNo::try_from(no).ok()).collect();
    for source in &sources {
        close_source(desk, *source, date, &mut events);
    }
    for source in &sources {
        close_budget(desk, *source, c.year, date, &mut events);
    }
    events.push(closed(desk.state, december));
    events
}

/// Balances at the end of a day of the accounts of some elements, a source's, by account and everything else but the day: debit less
/// credit. The next year's first vouchers may stand in the books already when the old year closes.
fn balances(
    state: &State,
    source: SourceNo,
    date: Day,
    wanted: impl Fn(AccountNo, Element) -> bool,
) -> BTreeMap<SumKey, Fen> {
    let mut found: BTreeMap<SumKey, Fen> = BTreeMap::new();
    for (no, account) in state.accounts.iter() {
        let Ok(no) = AccountNo::try_from(no) else { continue };
        if !wanted(no, account.element) {
            continue;
        }
        let from = SumKey { account: no, source, day: Day(i32::MIN), ..SumKey::default() };
        let of_source = state.sums.range(from..).take_while(|(k, _)| (k.account, k.source) == (no, source));
        for (key, sum) in of_source.filter(|(key, _)| key.day <= date) {
            let balance = found.entry(SumKey { day: Day::default(), ..*key }).or_default();
            *balance = balance.saturating_add(sum.balance());
        }
    }
    found.retain(|_, balance| *balance != 0);
    found
}

/// T24, T25 and T26 of one source.
fn close_source(desk: &mut Desk<'_>, source: SourceNo, date: Day, events: &mut Vec<Event>) {
    let state = desk.state;
    let Some(def) = state.sources.get(source) else { return };
    let (Some(result), Some(carry)) = (state.account_no(&def.result_account), state.account_no(&def.carry_account))
    else {
        return;
    };
    let incomes = balances(state, source, date, |_, element| element == Element::Income);
    let expenses = balances(state, source, date, |_, element| element == Element::Expense);
    // What stands on the other carry-forward accounts of the year (年初余额调整, 单位内部调剂, 本年收支) goes to the accumulated one.
    let heading = state.accounts.get(carry).map(|a| a.parent.clone()).unwrap_or_default();
    let siblings = |no: AccountNo, _: Element| {
        no != carry && no != result && state.accounts.get(no).is_some_and(|a| a.parent == heading)
    };
    let mut remainder: BTreeMap<SumKey, Fen> = balances(state, source, date, siblings);
    for (key, balance) in incomes.iter().chain(&expenses) {
        let key = SumKey { account: result, source, grant: key.grant, ..SumKey::default() };
        let sum = remainder.entry(key).or_default();
        *sum = sum.saturating_add(*balance);
    }
    remainder.retain(|_, balance| *balance != 0);
    transfer(desk, Template::T24, date, &incomes, result, events);
    transfer(desk, Template::T25, date, &expenses, result, events);
    transfer(desk, Template::T26, date, &remainder, carry, events);
    // What was handed back to the treasury (T28) stands on two accounts of 财政拨款结余 that take each other away.
    let handed_back = [state.posting.fiscal_return, state.posting.fiscal_surplus_transfer];
    let pair = balances(state, source, date, |no, _| handed_back.contains(&no));
    transfer(desk, Template::T26, date, &pair, state.posting.fiscal_return, events);
}

/// Moves balances to another account of the same source and grant, in vouchers of word 转 of at most 1,000 lines.
fn transfer(
    desk: &mut Desk<'_>,
    template: Template,
    date: Day,
    balances: &BTreeMap<SumKey, Fen>,
    to: AccountNo,
    events: &mut Vec<Event>,
) {
    let mut by_grant: BTreeMap<GrantNo, Vec<(&SumKey, Fen)>> = BTreeMap::new();
    for (key, balance) in balances {
        by_grant.entry(key.grant).or_default().push((key, *balance));
    }
    let mut lines: Vec<Line> = Vec::new();
    for (grant, entries) in by_grant {
        // One counter line a grant, so that each grant balances within one voucher.
        if lines.len().saturating_add(entries.len()) >= LINES_PER_VOUCHER {
            post_closing(desk, template, date, core::mem::take(&mut lines), events);
        }
        let mut net: Fen = 0;
        let mut source = 0;
        for (key, balance) in entries {
            net = net.saturating_add(balance);
            source = key.source;
            lines.push(closing_line(key, balance));
        }
        let counter = SumKey { account: to, source, grant, ..SumKey::default() };
        if net != 0 {
            lines.push(closing_line(&counter, net.saturating_neg()));
        }
    }
    post_closing(desk, template, date, lines, events);
}

/// The line that takes a balance (debit less credit) away.
fn closing_line(key: &SumKey, balance: Fen) -> Line {
    Line {
        account: key.account,
        source: key.source,
        grant: key.grant,
        side: if balance > 0 { Side::Credit } else { Side::Debit },
        fen: balance.saturating_abs(),
        year: key.year,
        class: key.class,
        plan: key.plan,
        use_code: key.use_code,
        holder: if key.holder == 0 { OWN } else { key.holder },
        ..Line::default()
    }
}

fn post_closing(desk: &mut Desk<'_>, template: Template, date: Day, lines: Vec<Line>, events: &mut Vec<Event>) {
    if lines.is_empty() {
        return;
    }
    let draft = Draft { word: Word::Zhuan, kind: VoucherKind::Closing, ..Draft::actual(template, date, lines) };
    let voucher = desk.voucher(draft);
    events.push(desk.posted(voucher, Effect::None, &[]));
}

/// T12 back for places not used, then T29: 914 and 911 against 901.
fn close_budget(desk: &mut Desk<'_>, source: SourceNo, year: u16, date: Day, events: &mut Vec<Event>) {
    let posting = &desk.state.posting;
    let mut returned = Vec::new();
    let mut cancelled = Vec::new();
    let of_source = desk.state.budget.iter().filter(|((y, s, ..), fen)| (*y, *s) == (year, source) && **fen != 0);
    for ((_, _, class, plan, account), fen) in of_source {
        let line = |account: AccountNo, side: Side| Line {
            account,
            source,
            side,
            fen: fen.saturating_abs(),
            year,
            class: *class,
            plan: *plan,
            ..Line::default()
        };
        if *account == posting.budget_total || *account == posting.budget_committed {
            continue;
        }
        if *account == posting.budget_allocated {
            returned.extend([line(*account, Side::Debit), line(posting.budget_available, Side::Credit)]);
            cancelled.extend([line(posting.budget_available, Side::Debit), line(posting.budget_total, Side::Credit)]);
        } else {
            cancelled.extend([line(*account, Side::Debit), line(posting.budget_total, Side::Credit)]);
        }
    }
    for (template, lines) in [(Template::T12, returned), (Template::T29, cancelled)] {
        for chunk in lines.chunks(LINES_PER_VOUCHER) {
            let draft = Draft {
                ledger: LedgerKind::Budget,
                word: Word::Yu,
                kind: VoucherKind::Closing,
                ..Draft::actual(template, date, chunk.to_vec())
            };
            let voucher = desk.voucher(draft);
            events.push(desk.posted(voucher, Effect::None, &[]));
        }
    }
}

pub(super) fn sign_day(desk: &mut Desk<'_>, c: &SignDailySummary) -> Vec<Event> {
    let day = desk.state.receipt_days.get(&c.day).cloned().unwrap_or_default();
    if (day.count, day.fen) != (c.count, c.total_fen) || day.count == 0 {
        let expected = format!("{} / {}", day.count, day.fen);
        desk.hit("LED-006", "count", &expected, &format!("{} / {}", c.count, c.total_fen));
    }
    if !desk.state.is_open(c.day.period()) {
        desk.hit("LED-007", "day", &desk.state.next_to_close().to_string(), &c.day.to_string());
    }
    let maker_reviews = desk.state.has_role(desk.hands.maker, &[Role::FinReviewer]);
    let (reviewer, cashier) =
        if maker_reviews { (desk.hands.maker, desk.hands.reviewer) } else { (desk.hands.reviewer, desk.hands.maker) };
    vec![Event::DaySigned { day: c.day, count: c.count, fen: c.total_fen, reviewer, cashier }]
}

pub(super) fn carry_to_surplus(desk: &mut Desk<'_>, c: &CarryToSurplus) -> Vec<Event> {
    desk.check_date(c.date, "date");
    desk.check_evidence(&c.evidence);
    let act = Act {
        approval: &c.approval,
        kinds: &[ApprovalKind::CarryToSurplus],
        rule: "DIV-007",
        date: c.date,
        fen: c.fen,
        scope: [&c.source, "", ""],
    };
    let approval = carry(desk, &act).unwrap_or(0);
    let Some(source) = desk.source(&c.source, "source") else { return Vec::new() };
    // T27 knows the union's own surplus only. Fiscal money goes back to the treasury or stays carried forward.
    if desk.state.sources.get(source).is_some_and(|s| s.restriction == Restriction::Fiscal) {
        desk.hit("SRC-006", "source", "", &c.source);
    }
    let Some((grant, _)) = desk.state.grants.find(&c.grant).filter(|(_, g)| g.source == source) else {
        desk.unknown("grant");
        return Vec::new();
    };
    let posting = &desk.state.posting;
    let carry = desk.state.sources.get(source).and_then(|s| desk.state.account_no(&s.carry_account)).unwrap_or(0);
    let left = desk.state.balance(carry, source, grant, OWN).saturating_neg();
    if left < c.fen {
        desk.short("SRC-003", "fen", left, c.fen);
    }
    let line = |account: AccountNo, side: Side| Line {
        account,
        source,
        grant,
        side,
        fen: c.fen,
        holder: OWN,
        ..Line::default()
    };
    let lines = vec![
        line(carry, Side::Debit),
        line(posting.surplus_transfer, Side::Credit),
        line(posting.surplus_transfer, Side::Debit),
        line(posting.surplus, Side::Credit),
    ];
    let draft = Draft { attachments: c.evidence.len(), approval, ..Draft::actual(Template::T27, c.date, lines) };
    let voucher = desk.voucher(draft);
    vec![desk.posted(voucher, Effect::None, &c.evidence)]
}
