//! The commands and events of reconciliation among the test vectors.

use record::Event;
use record::command::*;
use record::event::*;
use record::kinds::{Direction, LineNature};

use crate::records::day;

/// A part of a statement: interest, and a payment with everything that a line can say.
pub fn chunk() -> UploadStatementChunk {
    let line = |id: &str, direction, fen| StatementLine {
        id: id.into(),
        date: day("2018-12-21"),
        direction,
        fen,
        nature: LineNature::Other,
        reference: String::new(),
        party: String::new(),
        party_no: String::new(),
        memo: String::new(),
    };
    let interest =
        StatementLine { nature: LineNature::Interest, memo: "结息".into(), ..line("L-1", Direction::In, 123) };
    let payment = StatementLine {
        reference: "TX-7".into(),
        party: "省职工保障互助会".into(),
        party_no: "****0001".into(),
        ..line("L-2", Direction::Out, 7_500)
    };
    UploadStatementChunk { upload: "ST-1".into(), account: "ZH-1".into(), first_row: 1, lines: vec![interest, payment] }
}

/// The sealing of a statement.
pub fn sealed() -> ImportStatement {
    ImportStatement {
        code: "DZD-2018-12".into(),
        upload: "ST-1".into(),
        account: "ZH-1".into(),
        from: day("2018-12-01"),
        to: day("2018-12-31"),
        count: 2,
        in_fen: 123,
        out_fen: 7_500,
        opening_fen: 10_000,
        closing_fen: 2_623,
        lines_digest: lines_digest(&chunk().lines),
        file_digest: [0x1f; 32],
        replaces: String::new(),
    }
}

/// A match by hand.
pub fn matching() -> MatchStatement {
    MatchStatement {
        account: "ZH-1".into(),
        by_ids: false,
        lines: vec!["L-2".into()],
        transactions: vec!["TX-7".into()],
        reason: "金额日期相符".into(),
    }
}

/// A match taken apart.
pub fn unmatching() -> UnmatchStatement {
    UnmatchStatement { account: "ZH-1".into(), line: "L-2".into(), reason: "对错".into() }
}

/// The events that come of them.
pub fn events() -> Vec<(&'static str, Event)> {
    let imported = StatementImported { no: 1, account: 1, first_line: 1, statement: sealed(), replaces: 0 };
    let groups = vec![(vec![2], vec![7]), (vec![3, 4], vec![])];
    let matched = LinesMatched { account: 1, first: 1, by_ids: false, groups, reason: "手续费与退回".into() };
    vec![
        ("statement chunk uploaded", Event::StatementChunkUploaded { chunk: chunk() }),
        ("statement imported", Event::StatementImported(Box::new(imported))),
        ("lines matched", Event::LinesMatched(matched)),
        ("lines unmatched", Event::LinesUnmatched(LinesUnmatched { group: 2, reason: "对错".into() })),
    ]
}
