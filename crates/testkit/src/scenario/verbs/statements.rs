//! Verbs of reconciliation: lines, statement, match, unmatch.

use record::Command;
use record::command::{MatchStatement, StatementLine, UnmatchStatement};
use record::kinds::{BankPurpose, Direction, LineNature};

use super::super::Fault;
use super::super::args::{Args, coded, date, money, number};
use super::{Context, list};
use crate::build;

pub(super) fn build(context: &Context<'_>, args: &mut Args) -> Result<Option<Command>, Fault> {
    Ok(Some(match args.verb.as_str() {
        "lines" => lines(args)?,
        "statement" => statement(context, args)?,
        "match" => matching(args)?,
        "unmatch" => {
            let (account, line) = (args.word("an account")?, args.word("a line")?);
            let reason = args.field("reason").unwrap_or_else(|| "勾对有误".into());
            Command::UnmatchStatement(UnmatchStatement { account, line, reason })
        }
        _ => return Ok(None),
    }))
}

/// `lines UPLOAD ACCOUNT FIRST-ROW line=LINE ...`: a part of a statement. A line is `ID/DAY/in|out/AMOUNT`, and if wanted behind it
/// `/nature=INTEREST`, `/ref=NUMBER`, `/party=NAME`, `/no=****0001`, `/memo=TEXT`.
fn lines(args: &mut Args) -> Result<Command, Fault> {
    let (upload, account) = (args.word("an upload")?, args.word("an account")?);
    let first_row = number(&args.word("a row")?)?;
    let mut lines = Vec::new();
    for text in args.all("line") {
        lines.push(line(&text)?);
    }
    Ok(Command::UploadStatementChunk(build::statement_chunk(&upload, &account, first_row, &lines)))
}

fn line(text: &str) -> Result<StatementLine, Fault> {
    let unreadable = || Fault::unreadable(format!("{text:?} is no line of a statement"));
    let mut parts = text.split('/');
    let mut part = || parts.next().ok_or_else(unreadable);
    let (id, day, direction, fen) = (part()?, date(part()?)?, part()?, money(part()?)?);
    let direction = match direction {
        "in" => Direction::In,
        "out" => Direction::Out,
        _ => return Err(unreadable()),
    };
    let mut line = build::statement_line(id, day, direction, fen);
    for more in parts {
        let (key, value) = more.split_once('=').ok_or_else(unreadable)?;
        match key {
            "nature" => line.nature = coded(value, LineNature::from_code)?,
            "ref" => line.reference = value.into(),
            "party" => line.party = value.into(),
            "no" => line.party_no = value.into(),
            "memo" => line.memo = value.into(),
            _ => return Err(unreadable()),
        }
    }
    Ok(line)
}

/// `statement CODE ACCOUNT FROM TO [upload=CODE] [opening=] [closing=] [count=] [in=] [out=] [digest=TEXT] [replaces=]`: seals the
/// upload of this code; what is not given is what was uploaded, and the last statement's closing balance.
fn statement(context: &Context<'_>, args: &mut Args) -> Result<Command, Fault> {
    let (code, account) = (args.word("a code")?, args.word("an account")?);
    let days = (date(&args.word("a day")?)?, date(&args.word("a day")?)?);
    let state = &context.book.state;
    let upload = args.field("upload").unwrap_or_else(|| code.clone());
    let uploaded = state.uploads.get(&upload).map(|upload| &upload.of);
    let lines: Vec<StatementLine> = match uploaded {
        Some(ledger::state::Uploaded::Statement(_, lines)) => lines.values().cloned().collect(),
        _ => Vec::new(),
    };
    let replaces = args.field("replaces").unwrap_or_default();
    let no = state.bank_accounts.no(&account).unwrap_or(0);
    let before = state.statements.of(no).filter(|s| s.statement.code != replaces).last();
    let mut sealed = build::statement(&code, &account, days, before.map_or(0, |s| s.statement.closing_fen), &lines);
    if state.bank_accounts.get(no).is_some_and(|a| a.purpose == BankPurpose::Payee) {
        (sealed.opening_fen, sealed.closing_fen) = (0, 0);
    }
    if uploaded.is_some() {
        sealed.upload = upload;
    }
    sealed.replaces = replaces;
    if let Some(text) = args.field("opening") {
        let opening = money(&text)?;
        sealed.closing_fen += opening - sealed.opening_fen;
        sealed.opening_fen = opening;
    }
    args.set("closing", &mut sealed.closing_fen, money)?;
    args.set("in", &mut sealed.in_fen, money)?;
    args.set("out", &mut sealed.out_fen, money)?;
    args.set("count", &mut sealed.count, number)?;
    if let Some(text) = args.field("digest") {
        sealed.lines_digest = build::digest(&text);
    }
    Ok(Command::ImportStatement(sealed))
}

/// `match ACCOUNT ids`, or `match ACCOUNT LINE+LINE TX+TX|- [reason=]`.
fn matching(args: &mut Args) -> Result<Command, Fault> {
    let (account, lines) = (args.word("an account")?, args.word("lines")?);
    if lines == "ids" {
        return Ok(Command::MatchStatement(build::match_by_ids(&account)));
    }
    let transactions = args.word("movements")?;
    let transactions = if transactions == "-" { Vec::new() } else { list(&transactions) };
    let reason = args.field("reason").unwrap_or_else(|| "金额与日期相符".into());
    Ok(Command::MatchStatement(MatchStatement { account, by_ids: false, lines: list(&lines), transactions, reason }))
}
