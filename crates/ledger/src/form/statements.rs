//! The form of commands of reconciliation.

use record::Command;
use record::command::{ImportStatement, MatchStatement, StatementLine, UploadStatementChunk};

use super::{Form, MAX_LINES};
use crate::decide::MAX_STATEMENT_LINES;

/// Lines of one part of a statement: with the largest request in mind, and an answer that can name every field of each.
pub const MAX_CHUNK_LINES: usize = 500;
/// Characters of the other side's name: banks print no more.
const MAX_PARTY_CHARS: usize = 100;
/// Characters of the bank's own words.
const MAX_MEMO_CHARS: usize = 100;

impl Form {
    pub(super) fn statements(&mut self, command: &Command) {
        match command {
            Command::UploadStatementChunk(c) => self.statement_chunk(c),
            Command::ImportStatement(c) => self.statement(c),
            Command::MatchStatement(c) => self.matching(c),
            Command::UnmatchStatement(c) => {
                self.code("account", &c.account);
                self.required_number("line", &c.line);
                self.required_text("reason", &c.reason);
            }
            _ => {}
        }
    }

    fn statement_chunk(&mut self, c: &UploadStatementChunk) {
        self.code("upload", &c.upload);
        self.code("account", &c.account);
        self.each("lines", &c.lines, 1, MAX_CHUNK_LINES, Form::statement_line);
        let last = u32::try_from(c.lines.len()).ok().and_then(|count| c.first_row.checked_add(count));
        if c.first_row == 0 || last.is_none_or(|last| last > MAX_STATEMENT_LINES.saturating_add(1)) {
            let (zh, en) = ("对账单最多20万行", "a statement has at most 200,000 rows, from 1");
            self.fault("first_row", "OUT_OF_RANGE", zh, en);
        }
    }

    fn statement_line(&mut self, line: &StatementLine) {
        self.required_number("id", &line.id);
        self.day("date", line.date);
        self.fen("fen", line.fen);
        self.number("reference", &line.reference);
        self.text_up_to("party", &line.party, MAX_PARTY_CHARS);
        if !line.party_no.is_empty() {
            self.masked_no("party_no", &line.party_no);
        }
        self.text_up_to("memo", &line.memo, MAX_MEMO_CHARS);
    }

    fn statement(&mut self, c: &ImportStatement) {
        self.code("code", &c.code);
        self.optional_code("upload", &c.upload);
        self.code("account", &c.account);
        self.day("from", c.from);
        self.day("to", c.to);
        self.term("to", Some(c.from), Some(c.to));
        if c.count > MAX_STATEMENT_LINES {
            self.fault("count", "OUT_OF_RANGE", "对账单最多20万行", "a statement has at most 200,000 rows");
        }
        if (c.count == 0) != c.upload.is_empty() {
            self.fault("upload", "REQUIRED", "有明细行时须填，无则不填", "is given if there are lines, and only then");
        }
        for (field, fen) in [
            ("in_fen", c.in_fen),
            ("out_fen", c.out_fen),
            ("opening_fen", c.opening_fen),
            ("closing_fen", c.closing_fen),
        ] {
            self.fen_or_zero(field, fen);
        }
        self.digest("lines_digest", &c.lines_digest);
        self.digest("file_digest", &c.file_digest);
        self.optional_code("replaces", &c.replaces);
    }

    fn matching(&mut self, c: &MatchStatement) {
        self.code("account", &c.account);
        if c.by_ids {
            if !c.lines.is_empty() || !c.transactions.is_empty() {
                let (zh, en) = ("按编号勾对时不列明细", "is left out where ids determine what is matched");
                self.fault("lines", "OUT_OF_RANGE", zh, en);
            }
            self.text("reason", &c.reason);
            return;
        }
        self.each("lines", &c.lines, 1, MAX_LINES, |form, id| form.required_number("", id));
        self.each("transactions", &c.transactions, 0, MAX_LINES, |form, id| form.required_number("", id));
        for (field, ids) in [("lines", &c.lines), ("transactions", &c.transactions)] {
            let mut sorted: Vec<&String> = ids.iter().take(MAX_LINES).collect();
            sorted.sort_unstable();
            if sorted.windows(2).any(|pair| pair.first() == pair.last()) {
                self.fault(field, "DUPLICATE", "编号重复", "names an id twice");
            }
        }
        self.required_text("reason", &c.reason);
    }
}
