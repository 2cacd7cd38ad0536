//! Closing months and years (T24 to T26, T12 back, T29), and signing a day's receipts.

use std::collections::BTreeMap;

use record::command::{self, SignDailySummary};
use record::event::Effect;
use record::kinds::{Element, LedgerKind, Role, Side, Template, VoucherKind, Word};
use record::{AccountNo, Command, Day, Event, Fen, GrantNo, Line, Period, SourceNo};

use super::{Case, LINES, Plan};
use crate::book::Key;
use crate::book::look::{OWN, gaps};

pub(super) fn month(case: &mut Case<'_>, period: Period) -> Vec<Event> {
    case.breaks_if(period.month == 12, "LED-007", "period");
    closable(case, period);
    vec![closed(case, period)]
}

fn closed(case: &Case<'_>, period: Period) -> Event {
    Event::PeriodClosed { period, trial_balance: case.book.sums.trial_hash() }
}

/// LED-007: in order, and over. LED-013: nothing left unsigned, unnumbered or unreviewed.
fn closable(case: &mut Case<'_>, period: Period) {
    let book = case.book;
    let last = period.last_day();
    case.breaks_if(period != book.next_to_close() || case.today <= last, "LED-007", "period");
    let unsigned = book.receipt_days.range(period.first_day()..=last).any(|(_, day)| day.posted != day.signed);
    case.breaks_if(unsigned, "LED-013", "receipts");
    let gap = book.source_numbers.values().any(|runs| gaps(runs).any(|(_, _, behind)| behind <= last));
    case.breaks_if(gap, "LED-013", "source_seq");
    let waits = book.waiting.values().filter(|waiting| waiting.last_day >= case.today);
    let open = waits
        .filter_map(|waiting| command::decode(&waiting.command))
        .any(|c| date_of(&c).is_some_and(|d| d.period() == period));
    case.breaks_if(open, "LED-013", "submitted");
}

/// The date under which a waiting command would post. A waiting CloseYear is the closing itself.
fn date_of(command: &Command) -> Option<Day> {
    Some(match command {
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
        Command::PostOpeningBalances(c) => c.date,
        Command::SignDailySummary(c) => c.day,
        Command::SetBudget(c) => c.date,
        Command::AdjustBudget(c) => c.date,
        _ => return None,
    })
}

pub(super) fn year(case: &mut Case<'_>, year: u16) -> Vec<Event> {
    let december = Period { year, month: 12 };
    closable(case, december);
    let date = december.last_day();
    let budgets = case.book.sums.budgets();
    let committed = case.book.parts.committed;
    let open = budgets.iter().any(|((line, account), fen)| (line.0, *account) == (year, committed) && *fen != 0);
    case.breaks_if(open, "LED-013", "commitments");
    let sources: Vec<SourceNo> = case.book.sources.all().filter_map(|(no, ..)| SourceNo::try_from(no).ok()).collect();
    let mut events = Vec::new();
    for source in &sources {
        close_source(case, *source, date, &mut events);
    }
    for source in &sources {
        close_budget(case, (*source, year, date), &budgets, &mut events);
    }
    events.push(closed(case, december));
    events
}

/// Income and expense to the year's result, that and what stands beside it to the accumulated carry-forward.
fn close_source(case: &mut Case<'_>, source: SourceNo, date: Day, events: &mut Vec<Event>) {
    let book = case.book;
    let Some(def) = book.source(source) else { return };
    let result: Option<AccountNo> = book.accounts.small(&def.result_account);
    let carry: Option<AccountNo> = book.accounts.small(&def.carry_account);
    let Some((result, carry)) = result.zip(carry) else { return };
    let element = |no: AccountNo| book.accounts.get(no).map(|account| account.element);
    let heading = |no: AccountNo| book.accounts.get(no).map(|account| account.parent.as_str());
    let of = |wanted: &dyn Fn(AccountNo) -> bool| book.sums.at(date, |key| key.source == source && wanted(key.account));
    let incomes = of(&|no| element(no) == Some(Element::Income));
    let expenses = of(&|no| element(no) == Some(Element::Expense));
    let mut rest = of(&|no| no != carry && no != result && heading(no) == heading(carry));
    for (key, balance) in incomes.iter().chain(&expenses) {
        let sum = rest.entry(Key { account: result, source, grant: key.grant, ..Key::default() }).or_default();
        *sum = sum.saturating_add(*balance);
    }
    rest.retain(|_, balance| *balance != 0);
    move_to(case, (Template::T24, result, date), &incomes, events);
    move_to(case, (Template::T25, result, date), &expenses, events);
    move_to(case, (Template::T26, carry, date), &rest, events);
    // What was handed back to the treasury stands on two accounts that take each other away.
    let (back, into) = (book.parts.handed_back, book.parts.fiscal_in);
    let pair = of(&|no| no == back || no == into);
    move_to(case, (Template::T26, back, date), &pair, events);
}

/// Moves balances to an account of the same source and grant; a grant balances within one voucher.
fn move_to(
    case: &mut Case<'_>,
    (template, to, date): (Template, AccountNo, Day),
    balances: &BTreeMap<Key, Fen>,
    events: &mut Vec<Event>,
) {
    let mut by_grant: BTreeMap<GrantNo, Vec<(&Key, Fen)>> = BTreeMap::new();
    for (key, balance) in balances {
        by_grant.entry(key.grant).or_default().push((key, *balance));
    }
    let mut lines: Vec<Line> = Vec::new();
    for (grant, entries) in by_grant {
        if lines.len().saturating_add(entries.len()) >= LINES {
            post(case, (template, date), core::mem::take(&mut lines), events);
        }
        let net = entries.iter().fold(0, |sum: Fen, (_, balance)| sum.saturating_add(*balance));
        let source = entries.first().map_or(0, |(key, _)| key.source);
        lines.extend(entries.iter().map(|(key, balance)| away(key, *balance)));
        if net != 0 {
            let counter = Key { account: to, source, grant, ..Key::default() };
            lines.push(away(&counter, net.saturating_neg()));
        }
    }
    post(case, (template, date), lines, events);
}

fn post(case: &mut Case<'_>, (template, date): (Template, Day), lines: Vec<Line>, events: &mut Vec<Event>) {
    if !lines.is_empty() {
        let plan = Plan { word: Word::Zhuan, kind: VoucherKind::Closing, ..Plan::money(template, date, lines) };
        events.push(case.posted(plan, Effect::None, &[], ""));
    }
}

/// The line that takes a balance (debit less credit) away.
fn away(key: &Key, balance: Fen) -> Line {
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

/// Places not used go back (T12), then every budget account against its total (T29).
fn close_budget(
    case: &mut Case<'_>,
    (source, year, date): (SourceNo, u16, Day),
    budgets: &BTreeMap<(crate::book::BudgetLine, AccountNo), Fen>,
    events: &mut Vec<Event>,
) {
    let parts = case.book.parts.clone();
    let (mut back, mut cancelled) = (Vec::new(), Vec::new());
    let own = budgets.iter().filter(|((line, account), fen)| {
        (line.0, line.1) == (year, source) && **fen != 0 && ![parts.total, parts.committed].contains(account)
    });
    for (((_, _, class, plan), account), fen) in own {
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
        let mut from = *account;
        if from == parts.allocated {
            back.extend([line(from, Side::Debit), line(parts.available, Side::Credit)]);
            from = parts.available;
        }
        cancelled.extend([line(from, Side::Debit), line(parts.total, Side::Credit)]);
    }
    for (template, lines) in [(Template::T12, back), (Template::T29, cancelled)] {
        for part in lines.chunks(LINES) {
            let plan = Plan {
                ledger: LedgerKind::Budget,
                word: Word::Yu,
                kind: VoucherKind::Closing,
                ..Plan::money(template, date, part.to_vec())
            };
            events.push(case.posted(plan, Effect::None, &[], ""));
        }
    }
}

pub(super) fn sign(case: &mut Case<'_>, c: &SignDailySummary) -> Vec<Event> {
    let posted = case.book.receipt_days.get(&c.day).map_or((0, 0), |day| day.posted);
    case.breaks_if(posted != (c.count, c.total_fen) || posted.0 == 0, "LED-006", "count");
    case.in_open_month(c.day);
    let reviews = case.book.holds(case.maker, &[Role::FinReviewer]);
    let (reviewer, cashier) = if reviews { (case.maker, case.reviewer) } else { (case.reviewer, case.maker) };
    vec![Event::DaySigned { day: c.day, count: c.count, fen: c.total_fen, reviewer, cashier }]
}
