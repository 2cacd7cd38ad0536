//! Statements of banks and of the association (对账): uploaded in parts, sealed whole, matched with our movements. REC-001 where one does not
//! agree in itself or does not go on where the last one ended.

use std::collections::{BTreeMap, BTreeSet};

use record::command::{
    ImportStatement, MatchStatement, StatementLine, UnmatchStatement, UploadStatementChunk, lines_digest,
};
use record::event::{LinesMatched, LinesUnmatched, StatementImported};
use record::kinds::{BankPurpose, Direction, OrgType};
use record::{BankAccountNo, BankTxnNo, Event, Fen, LineNo, MatchNo, StatementNo};

use super::Case;
use crate::book::{Movement, Upload};

const RULE: &str = "REC-001";
/// Pairs of one record.
const PAIRS: usize = 8_000;

/// An account that has statements.
#[derive(Clone, Copy)]
struct Of {
    no: BankAccountNo,
    /// Whether they are the list of who was paid: what comes in there went out here, and there is no balance.
    list: bool,
}

impl Of {
    fn has(self, movement: &Movement) -> bool {
        self.no == if self.list { movement.counterparty } else { movement.account }
    }

    /// What a statement of the account says of a movement, in positive.
    fn sees(self, movement: &Movement) -> Fen {
        let fen = signed(movement.direction, movement.fen);
        if self.list { fen.saturating_neg() } else { fen }
    }
}

fn signed(direction: Direction, fen: Fen) -> Fen {
    if direction == Direction::In { fen } else { fen.saturating_neg() }
}

/// SRC-010: ours, or a payee's that is the association's.
fn account(case: &mut Case<'_>, code: &str) -> Option<Of> {
    let book = case.book;
    let of = book.bank_accounts.find(code).and_then(|(no, account)| match account.is.purpose {
        BankPurpose::FundSpecial | BankPurpose::Custody => Some(Of { no, list: false }),
        BankPurpose::Payee if book.owner_type(no) == Some(OrgType::MutualAid) => Some(Of { no, list: true }),
        BankPurpose::Payee | BankPurpose::Payer => None,
    });
    case.breaks_if(of.is_none(), "SRC-010", "account");
    of
}

fn own<'b>(case: &mut Case<'b>, code: &str, account: BankAccountNo) -> Option<&'b Upload> {
    let upload = case.book.uploads.get(code);
    let fits = |u: &&Upload| u.person == case.maker && case.today <= u.last_day && u.account == account;
    let own = upload.filter(fits);
    if own.is_none() {
        case.unknown("upload");
    }
    own
}

/// LED-011: an id stands once, on the account and within the lines; what one statement holds may be left out of the first.
fn ids<'l>(case: &mut Case<'_>, of: Of, lines: impl Iterator<Item = &'l StatementLine>, but: StatementNo) {
    let mut seen = BTreeSet::new();
    let mut again = false;
    for line in lines {
        let known = case.book.statements.entered(of.no, &line.id);
        again |= !seen.insert(line.id.as_str()) || known.is_some_and(|(_, entered)| entered.statement != but);
    }
    case.breaks_if(again, "LED-011", "rows");
}

pub(super) fn upload(case: &mut Case<'_>, c: &UploadStatementChunk) -> Vec<Event> {
    let Some(of) = account(case, &c.account) else { return Vec::new() };
    if case.book.uploads.contains_key(&c.upload)
        && let Some(upload) = own(case, &c.upload, of.no)
        && (c.first_row..).zip(&c.lines).any(|(row, _)| upload.lines.contains_key(&row))
    {
        case.unknown("first_row: uploaded already");
    }
    let newest = case.book.statements.newest(of.no).map_or(0, |(no, _)| no);
    ids(case, of, c.lines.iter(), newest);
    case.breaks_if(c.lines.iter().any(|line| line.date > case.today), "LED-007", "rows");
    vec![Event::StatementChunkUploaded { chunk: c.clone() }]
}

pub(super) fn seal(case: &mut Case<'_>, c: &ImportStatement) -> Vec<Event> {
    let Some(of) = account(case, &c.account) else { return Vec::new() };
    let statements = &case.book.statements;
    if statements.codes.contains(&c.code) {
        case.unknown("code: taken");
    }
    case.not_ahead(c.to);
    let newest = statements.newest(of.no).filter(|(_, statement)| statement.is.code == c.replaces);
    let replaces = newest.map_or(0, |(no, _)| no);
    if !c.replaces.is_empty() && replaces == 0 {
        case.unknown("replaces");
    }
    let mut before = statements.standing.iter().rev().filter(|(no, s)| s.account == of.no && **no != replaces);
    if let Some((_, before)) = before.next() {
        case.breaks_if(c.from != before.is.to.plus_days(1), RULE, "from");
        case.breaks_if(!of.list && c.opening_fen != before.is.closing_fen, RULE, "opening_fen");
    }
    let upload = if c.upload.is_empty() { None } else { own(case, &c.upload, of.no) };
    let lines: Vec<(u32, &StatementLine)> =
        upload.into_iter().flat_map(|upload| &upload.lines).map(|(row, line)| (*row, line)).collect();
    sums(case, c, of, &lines);
    ids(case, of, lines.iter().map(|(_, line)| *line), replaces);
    let outside = lines.iter().any(|(_, line)| line.date < c.from || line.date > c.to);
    case.breaks_if(outside, RULE, "rows.date");
    let first_line = statements.last_line.saturating_add(1);
    let imported = StatementImported {
        no: statements.last_statement.saturating_add(1),
        account: of.no,
        first_line,
        statement: c.clone(),
        replaces,
    };
    // What only the replaced statement was matched with is free again.
    let goes = |group: &MatchNo| {
        let lines = statements.groups.get(group).map_or(&[][..], |group| &group.lines);
        replaces != 0 && lines.iter().any(|no| statements.lines.get(no).is_some_and(|l| l.statement == replaces))
    };
    let free = |movement: BankTxnNo| statements.matched.get(&(of.no, movement)).is_none_or(goes);
    let numbered = (first_line..).zip(lines.iter().map(|(_, line)| *line));
    let pairs = by_ids(case, of, numbered, &free);
    let mut events = vec![Event::StatementImported(Box::new(imported))];
    events.extend(matched(of.no, statements.last_group, &pairs));
    events
}

/// REC-001: count, sums, balances and digest are those of the lines.
fn sums(case: &mut Case<'_>, c: &ImportStatement, of: Of, lines: &[(u32, &StatementLine)]) {
    let whole = (1u32..).zip(lines).all(|(no, (row, _))| no == *row);
    case.breaks_if(!whole || u32::try_from(lines.len()) != Ok(c.count), RULE, "count");
    let (mut inward, mut outward): (Fen, Fen) = (0, 0);
    for (_, line) in lines {
        let sum = if line.direction == Direction::In { &mut inward } else { &mut outward };
        *sum = sum.saturating_add(line.fen);
    }
    case.breaks_if(inward != c.in_fen, RULE, "in_fen");
    case.breaks_if(outward != c.out_fen, RULE, "out_fen");
    let closing = c.opening_fen.saturating_add(c.in_fen).saturating_sub(c.out_fen);
    case.breaks_if(c.closing_fen != if of.list { 0 } else { closing }, RULE, "closing_fen");
    case.breaks_if(of.list && c.opening_fen != 0, RULE, "opening_fen");
    case.breaks_if(lines_digest(lines.iter().map(|(_, line)| *line)) != c.lines_digest, RULE, "lines_digest");
}

/// Pairs that a common number determines: one account, direction and amount, and no other line with that number.
fn by_ids<'l>(
    case: &Case<'_>,
    of: Of,
    lines: impl IntoIterator<Item = (LineNo, &'l StatementLine)>,
    free: &dyn Fn(BankTxnNo) -> bool,
) -> Vec<(LineNo, BankTxnNo)> {
    let mut found: BTreeMap<BankTxnNo, Vec<LineNo>> = BTreeMap::new();
    for (no, line) in lines {
        let numbers = [line.id.as_str(), line.reference.as_str()];
        let movements = numbers.into_iter().filter(|number| !number.is_empty());
        let mut movements = movements.filter_map(|number| case.book.movements.find(number)).filter(|(no, movement)| {
            of.has(movement) && of.sees(movement) == signed(line.direction, line.fen) && free(*no)
        });
        if let Some((movement, _)) = movements.next() {
            found.entry(movement).or_default().push(no);
        }
    }
    let alone = found.into_iter().filter_map(|(movement, lines)| match lines.as_slice() {
        [line] => Some((*line, movement)),
        _ => None,
    });
    alone.collect()
}

/// Records of pairs.
fn matched(account: BankAccountNo, last: MatchNo, pairs: &[(LineNo, BankTxnNo)]) -> Vec<Event> {
    let mut first = last.saturating_add(1);
    let mut events = Vec::new();
    for part in pairs.chunks(PAIRS) {
        let groups = part.iter().map(|(line, movement)| (vec![*line], vec![*movement])).collect();
        events.push(Event::LinesMatched(LinesMatched { account, first, by_ids: true, groups, reason: String::new() }));
        first = first.saturating_add(MatchNo::try_from(part.len()).unwrap_or(MatchNo::MAX));
    }
    events
}

pub(super) fn join(case: &mut Case<'_>, c: &MatchStatement) -> Vec<Event> {
    let Some(of) = account(case, &c.account) else { return Vec::new() };
    let statements = &case.book.statements;
    let first = statements.last_group.saturating_add(1);
    let event =
        |by_ids, groups, reason| Event::LinesMatched(LinesMatched { account: of.no, first, by_ids, groups, reason });
    if c.by_ids {
        let free = |movement: BankTxnNo| !statements.matched.contains_key(&(of.no, movement));
        let pairs = by_ids(case, of, statements.open(of.no), &free);
        let events = matched(of.no, statements.last_group, &pairs);
        // That nothing was there to match is on record too.
        return if events.is_empty() { vec![event(true, Vec::new(), String::new())] } else { events };
    }
    let (mut of_bank, mut of_book): (Fen, Fen) = (0, 0);
    let (mut lines, mut movements) = (Vec::new(), Vec::new());
    for id in &c.lines {
        match statements.entered(of.no, id).filter(|(_, entered)| entered.group == 0) {
            None => case.unknown("lines"),
            Some((no, entered)) => {
                lines.push(no);
                of_bank = of_bank.saturating_add(signed(entered.line.direction, entered.line.fen));
            }
        }
    }
    for id in &c.transactions {
        let found = case.book.movements.find(id).filter(|(_, movement)| of.has(movement));
        match found.filter(|(no, _)| !statements.matched.contains_key(&(of.no, *no))) {
            None => case.unknown("transactions"),
            Some((no, movement)) => {
                // Whoever moved the money does not say that the bank's line is it.
                case.breaks_if(movement.cashier == case.maker, "LED-009", "transactions");
                movements.push(no);
                of_book = of_book.saturating_add(of.sees(movement));
            }
        }
    }
    case.breaks_if(of_bank != of_book, RULE, "transactions");
    vec![event(false, vec![(lines, movements)], c.reason.clone())]
}

pub(super) fn part(case: &mut Case<'_>, c: &UnmatchStatement) -> Vec<Event> {
    let Some(of) = account(case, &c.account) else { return Vec::new() };
    let group = case.book.statements.entered(of.no, &c.line).map_or(0, |(_, entered)| entered.group);
    if group == 0 {
        case.unknown("line");
    }
    vec![Event::LinesUnmatched(LinesUnmatched { group, reason: c.reason.clone() })]
}
