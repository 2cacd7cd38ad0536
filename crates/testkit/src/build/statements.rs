//! Statements and their lines.

use record::command::{ImportStatement, MatchStatement, StatementLine, UploadStatementChunk, lines_digest};
use record::kinds::{Direction, LineNature};
use record::{Day, Fen};

use super::digest;

/// A line that says no more than it must.
pub fn statement_line(id: &str, date: Day, direction: Direction, fen: Fen) -> StatementLine {
    StatementLine {
        id: id.into(),
        date,
        direction,
        fen,
        nature: LineNature::Other,
        reference: String::new(),
        party: String::new(),
        party_no: String::new(),
        memo: String::new(),
    }
}

/// A part of a statement.
pub fn statement_chunk(upload: &str, account: &str, first_row: u32, lines: &[StatementLine]) -> UploadStatementChunk {
    UploadStatementChunk { upload: upload.into(), account: account.into(), first_row, lines: lines.to_vec() }
}

/// The sealing of these lines, uploaded under the statement's own code, that begins with a balance.
pub fn statement(
    code: &str,
    account: &str,
    (from, to): (Day, Day),
    opening_fen: Fen,
    lines: &[StatementLine],
) -> ImportStatement {
    let sum = |direction| lines.iter().filter(|l| l.direction == direction).map(|l| l.fen).sum::<Fen>();
    let (in_fen, out_fen) = (sum(Direction::In), sum(Direction::Out));
    ImportStatement {
        code: code.into(),
        upload: if lines.is_empty() { String::new() } else { code.into() },
        account: account.into(),
        from,
        to,
        count: u32::try_from(lines.len()).unwrap_or(u32::MAX),
        in_fen,
        out_fen,
        opening_fen,
        closing_fen: opening_fen + in_fen - out_fen,
        lines_digest: lines_digest(lines),
        file_digest: digest(&format!("file {code}")),
        replaces: String::new(),
    }
}

/// Everything that ids determine on an account.
pub fn match_by_ids(account: &str) -> MatchStatement {
    MatchStatement {
        account: account.into(),
        by_ids: true,
        lines: Vec::new(),
        transactions: Vec::new(),
        reason: String::new(),
    }
}
