//! Statements of banks and of the association: parts that count for nothing until they are sealed whole, and which lines are which of our
//! movements. A statement that does not agree in itself, or does not go on where the last one ended, is refused (REC-001).

use std::collections::BTreeMap;

use record::command::{
    ImportStatement, MatchStatement, StatementLine, UnmatchStatement, UploadStatementChunk, lines_digest,
};
use record::event::{LinesMatched, LinesUnmatched, StatementImported};
use record::kinds::Direction;
use record::{BankAccountNo, BankTxnNo, Event, Fen, LineNo, MatchNo, StatementNo};

use super::Desk;
use super::persons::{check_own, listed};
use crate::reconcile::{Reconciled, determined, reconciled};
use crate::state::{Statement, Uploaded, signed};

/// Lines of a statement at most: a busy account's month many times over.
pub const MAX_STATEMENT_LINES: u32 = 200_000;
/// Pairs that one record of matches holds: 16 bytes each, well below what a record may hold.
const PAIRS_PER_RECORD: usize = 8_000;

/// The account, if it is one that has statements (SRC-010).
fn account<'s>(desk: &mut Desk<'s>, code: &str) -> Option<Reconciled<'s>> {
    let of = desk.state.bank_accounts.no(code).and_then(|no| reconciled(desk.state, no));
    if of.is_none() {
        desk.hit("SRC-010", "account", "FUND_SPECIAL | CUSTODY | PAYEE", code);
    }
    of
}

pub(super) fn upload(desk: &mut Desk<'_>, c: &UploadStatementChunk) -> Vec<Event> {
    let Some(of) = account(desk, &c.account) else { return Vec::new() };
    let rows = || (c.first_row..).zip(&c.lines);
    if let Some(known) = desk.state.uploads.get(&c.upload) {
        check_own(desk, known, "upload");
        match &known.of {
            Uploaded::Statement(account, lines) if *account == of.no => {
                if rows().any(|(row, _)| lines.contains_key(&row)) {
                    desk.fault("first_row", "EXISTS", "这些行已上传", "was uploaded already");
                }
            }
            _ => desk.fault("account", "OUT_OF_RANGE", "与该次上传的账户不符", "is not the upload's"),
        }
    }
    let statements = &desk.state.statements;
    // What the newest statement holds may be replaced by this one: that is judged when it is sealed.
    let newest = statements.newest(of.no).map_or(0, |(no, _)| no);
    let entered = |line: &StatementLine| statements.line(of.no, &line.id).is_some_and(|(_, e)| e.statement != newest);
    let pick = |wrong: &dyn Fn(&StatementLine) -> bool| rows().filter(|(_, l)| wrong(l)).map(|(row, _)| row).collect();
    let (again, ahead): (Vec<u32>, Vec<u32>) = (pick(&entered), pick(&|line| line.date > desk.today));
    rows_hit(desk, "LED-011", "rows.entered", "", &again);
    rows_hit(desk, "LED-011", "rows.twice", "", &twice(rows()));
    let today = desk.today.to_string();
    rows_hit(desk, "LED-007", "rows.date", &today, &ahead);
    vec![Event::StatementChunkUploaded { chunk: c.clone() }]
}

/// Rows whose id stands on an earlier row.
fn twice<'l>(rows: impl Iterator<Item = (u32, &'l StatementLine)>) -> Vec<u32> {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    rows.filter(|(row, line)| seen.insert(&line.id, *row).is_some()).map(|(row, _)| row).collect()
}

fn rows_hit(desk: &mut Desk<'_>, rule: &str, subject: &str, expected: &str, rows: &[u32]) {
    if !rows.is_empty() {
        desk.hit(rule, subject, expected, &listed(rows));
    }
}

pub(super) fn seal(desk: &mut Desk<'_>, c: &ImportStatement) -> Vec<Event> {
    let Some(of) = account(desk, &c.account) else { return Vec::new() };
    let state = desk.state;
    if state.statements.codes.contains_key(&c.code) {
        desk.taken("code");
    }
    desk.check_not_future(c.to, "to");
    let replaces = replaced(desk, c, of.no);
    let previous = state.statements.of(of.no).filter(|s| s.statement.code != c.replaces).last();
    check_continues(desk, c, &of, previous);
    let lines = uploaded(desk, c, of.no);
    check_sums(desk, c, &of, &lines);
    check_rows(desk, c, &of, replaces, &lines);
    let (last_statement, last_line, last_group) = state.statements.last;
    let first_line: LineNo = last_line.saturating_add(1);
    let imported = StatementImported {
        no: last_statement.saturating_add(1),
        account: of.no,
        first_line,
        statement: c.clone(),
        replaces,
    };
    // Movements that only the replaced statement was matched with are free again.
    let stays = |group: MatchNo| {
        let group = state.statements.groups.get(&group);
        let of_line = |no: &LineNo| state.statements.lines.get(no).map_or(0, |line| line.statement);
        group.is_some_and(|group| replaces == 0 || group.lines.iter().all(|line| of_line(line) != replaces))
    };
    let free = |txn: BankTxnNo| state.statements.matched.get(&(of.no, txn)).is_none_or(|group| !stays(*group));
    let numbered = (first_line..).zip(lines.iter().map(|(_, line)| *line));
    let pairs = determined(&of, numbered, &free);
    let mut events = vec![Event::StatementImported(Box::new(imported))];
    events.extend(matched_by_ids(of.no, last_group, &pairs));
    events
}

/// Records of pairs that ids determine.
fn matched_by_ids(
    account: BankAccountNo,
    last: MatchNo,
    pairs: &[(LineNo, BankTxnNo)],
) -> impl Iterator<Item = Event> + '_ {
    let firsts = (last.saturating_add(1)..).step_by(PAIRS_PER_RECORD);
    firsts.zip(pairs.chunks(PAIRS_PER_RECORD)).map(move |(first, pairs)| {
        let groups = pairs.iter().map(|(line, txn)| (vec![*line], vec![*txn])).collect();
        Event::LinesMatched(LinesMatched { account, first, by_ids: true, groups, reason: String::new() })
    })
}

/// The statement whose place this one takes: only the account's newest can be replaced.
fn replaced(desk: &mut Desk<'_>, c: &ImportStatement, account: BankAccountNo) -> StatementNo {
    if c.replaces.is_empty() {
        return 0;
    }
    let newest = desk.state.statements.newest(account).filter(|(_, s)| s.statement.code == c.replaces);
    newest.map_or_else(
        || {
            desk.fault("replaces", "UNKNOWN", "须为该账户最新的对账单", "must name the account's newest statement");
            0
        },
        |(no, _)| no,
    )
}

/// Statements follow one another: the first day right behind the last, the opening balance its closing one.
fn check_continues(desk: &mut Desk<'_>, c: &ImportStatement, of: &Reconciled<'_>, previous: Option<&Statement>) {
    let Some(previous) = previous.map(|p| &p.statement) else { return };
    let next = previous.to.plus_days(1);
    if c.from != next {
        desk.hit("REC-001", "from", &next.to_string(), &c.from.to_string());
    }
    if !of.is_list && c.opening_fen != previous.closing_fen {
        desk.hit("REC-001", "opening_fen", &previous.closing_fen.to_string(), &c.opening_fen.to_string());
    }
}

/// The rows and lines of the upload that is sealed.
fn uploaded<'s>(desk: &mut Desk<'s>, c: &ImportStatement, account: BankAccountNo) -> Vec<(u32, &'s StatementLine)> {
    if c.upload.is_empty() {
        return Vec::new();
    }
    let Some(upload) = desk.state.uploads.get(&c.upload) else {
        desk.unknown("upload");
        return Vec::new();
    };
    check_own(desk, upload, "upload");
    match &upload.of {
        Uploaded::Statement(of, lines) if *of == account => lines.iter().map(|(row, line)| (*row, line)).collect(),
        _ => {
            desk.fault("upload", "OUT_OF_RANGE", "与该次上传的账户不符", "is of another account");
            Vec::new()
        }
    }
}

/// Count, sums, balances and digest: what the sealing record says is what was uploaded.
fn check_sums(desk: &mut Desk<'_>, c: &ImportStatement, of: &Reconciled<'_>, lines: &[(u32, &StatementLine)]) {
    let sum = |direction: Direction| {
        let of_it = lines.iter().filter(|(_, line)| line.direction == direction);
        of_it.fold(0, |sum: Fen, (_, line)| sum.saturating_add(line.fen))
    };
    let (came_in, went_out) = (sum(Direction::In), sum(Direction::Out));
    let whole = (1u32..).zip(lines).all(|(no, (row, _))| no == *row);
    if !whole || u32::try_from(lines.len()) != Ok(c.count) {
        desk.hit("REC-001", "count", &c.count.to_string(), &lines.len().to_string());
    }
    for (field, said, found) in [("in_fen", c.in_fen, came_in), ("out_fen", c.out_fen, went_out)] {
        if said != found {
            desk.hit("REC-001", field, &said.to_string(), &found.to_string());
        }
    }
    // A payee's list has no balances.
    let closing = c.opening_fen.saturating_add(c.in_fen).saturating_sub(c.out_fen);
    let closing = if of.is_list { 0 } else { closing };
    if c.closing_fen != closing {
        desk.hit("REC-001", "closing_fen", &closing.to_string(), &c.closing_fen.to_string());
    }
    if of.is_list && c.opening_fen != 0 {
        desk.hit("REC-001", "opening_fen", "0", &c.opening_fen.to_string());
    }
    if c.lines_digest != lines_digest(lines.iter().map(|(_, line)| *line)) {
        desk.hit("REC-001", "lines_digest", "", "");
    }
}

/// What only the whole statement shows of its rows.
fn check_rows(
    desk: &mut Desk<'_>,
    c: &ImportStatement,
    of: &Reconciled<'_>,
    replaces: StatementNo,
    lines: &[(u32, &StatementLine)],
) {
    let statements = &desk.state.statements;
    let entered = |line: &StatementLine| statements.line(of.no, &line.id).is_some_and(|(_, e)| e.statement != replaces);
    let pick = |wrong: &dyn Fn(&StatementLine) -> bool| {
        lines.iter().filter(|(_, line)| wrong(line)).map(|(row, _)| *row).collect::<Vec<u32>>()
    };
    let (again, outside) = (pick(&entered), pick(&|line| !(c.from..=c.to).contains(&line.date)));
    rows_hit(desk, "LED-011", "rows.entered", "", &again);
    rows_hit(desk, "LED-011", "rows.twice", "", &twice(lines.iter().copied()));
    rows_hit(desk, "REC-001", "rows.date", &format!("{}..{}", c.from, c.to), &outside);
}

pub(super) fn match_lines(desk: &mut Desk<'_>, c: &MatchStatement) -> Vec<Event> {
    let Some(of) = account(desk, &c.account) else { return Vec::new() };
    let last = desk.state.statements.last.2;
    if c.by_ids {
        let lines = of.lines().filter(|(_, entered)| entered.group == 0).map(|(no, entered)| (no, &entered.line));
        let free = |txn: BankTxnNo| !desk.state.statements.matched.contains_key(&(of.no, txn));
        let pairs = determined(&of, lines, &free);
        let mut events: Vec<Event> = matched_by_ids(of.no, last, &pairs).collect();
        if events.is_empty() {
            // That there was nothing to match is on record too.
            let (first, groups, reason) = (last.saturating_add(1), Vec::new(), String::new());
            events.push(Event::LinesMatched(LinesMatched { account: of.no, first, by_ids: true, groups, reason }));
        }
        return events;
    }
    let (lines, of_bank) = named_lines(desk, &of, &c.lines);
    let (transactions, of_book) = named_transactions(desk, &of, &c.transactions);
    if of_bank != of_book {
        desk.hit("REC-001", "transactions.fen", &of_bank.to_string(), &of_book.to_string());
    }
    vec![Event::LinesMatched(LinesMatched {
        account: of.no,
        first: last.saturating_add(1),
        by_ids: false,
        groups: vec![(lines, transactions)],
        reason: c.reason.clone(),
    })]
}

/// Open lines of the account by their ids, and their net sum.
fn named_lines(desk: &mut Desk<'_>, of: &Reconciled<'_>, ids: &[String]) -> (Vec<LineNo>, Fen) {
    let (mut numbers, mut sum): (Vec<LineNo>, Fen) = (Vec::new(), 0);
    for (i, id) in ids.iter().enumerate() {
        let field = format!("lines[{i}]");
        let Some((no, entered)) = desk.state.statements.line(of.no, id) else {
            desk.unknown(&field);
            continue;
        };
        if entered.group != 0 {
            matched_already(desk, &field);
        }
        numbers.push(no);
        sum = sum.saturating_add(signed(entered.line.direction, entered.line.fen));
    }
    (numbers, sum)
}

/// Open movements of the account by their numbers, and their net sum as its statements sign it. LED-009: whoever moved the money does not
/// say that the bank's line is it.
fn named_transactions(desk: &mut Desk<'_>, of: &Reconciled<'_>, ids: &[String]) -> (Vec<BankTxnNo>, Fen) {
    let (mut numbers, mut sum): (Vec<BankTxnNo>, Fen) = (Vec::new(), 0);
    for (i, id) in ids.iter().enumerate() {
        let field = format!("transactions[{i}]");
        let Some((no, txn)) = desk.state.bank_txns.find(id).filter(|(_, txn)| of.has(txn)) else {
            desk.unknown(&field);
            continue;
        };
        if !of.is_open(no, txn) {
            matched_already(desk, &field);
        }
        if txn.cashier == desk.hands.maker {
            let cashier = desk.state.persons.code(txn.cashier).to_owned();
            desk.hit("LED-009", &field, "another person", &cashier);
        }
        numbers.push(no);
        sum = sum.saturating_add(of.moved(txn));
    }
    (numbers, sum)
}

fn matched_already(desk: &mut Desk<'_>, field: &str) {
    desk.fault(field, "EXISTS", "已勾对", "is matched already");
}

pub(super) fn unmatch(desk: &mut Desk<'_>, c: &UnmatchStatement) -> Vec<Event> {
    let Some(of) = account(desk, &c.account) else { return Vec::new() };
    let group = desk.state.statements.line(of.no, &c.line).map_or(0, |(_, entered)| entered.group);
    if group == 0 {
        desk.fault("line", "UNKNOWN", "该账户没有此已勾对的行", "names no matched line of the account");
    }
    vec![Event::LinesUnmatched(LinesUnmatched { group, reason: c.reason.clone() })]
}
