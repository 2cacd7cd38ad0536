//! Commands of bank and association reconciliation (对账): statements as their banks write them, and which of their lines are which of our
//! registered movements.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::kinds::{Direction, LineNature};
use crate::{Day, Digest, Fen};

/// A line of a statement, as who keeps the account wrote it. It names no person: names and numbers of natural persons are masked where
/// the file is read.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StatementLine {
    /// The writer's own number of the line, unique on the account for ever.
    pub id: String,
    /// Day of the movement.
    pub date: Day,
    /// Into the account or out of it.
    pub direction: Direction,
    /// Amount.
    pub fen: Fen,
    /// What the writer says that it is.
    pub nature: LineNature,
    /// Number that the other side gave the movement; may be empty.
    pub reference: String,
    /// Name of the other side (对方户名); may be empty.
    pub party: String,
    /// Masked number of the other side's account (对方账号); may be empty.
    pub party_no: String,
    /// The writer's own words (摘要); may be empty.
    pub memo: String,
}

/// Uploads a part of a statement. Parts of an upload come in any order; together they count for nothing until [`ImportStatement`] seals
/// them, and are forgotten some days later (P17).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct UploadStatementChunk {
    /// Code of the upload, the uploader's own.
    pub upload: String,
    /// Code of the account that the statement is of.
    pub account: String,
    /// Row of the statement that the first line stands on, from 1.
    pub first_row: u32,
    /// The lines, a row each.
    pub lines: Vec<StatementLine>,
}

/// Seals an uploaded statement (银行对账单, or the association's list of what it received): from now on its lines count. What ids determine
/// is matched in the same decision.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ImportStatement {
    /// Code of the statement, unique.
    pub code: String,
    /// The upload; empty for a statement without lines.
    pub upload: String,
    /// Code of the account: one of ours, or a payee's, whose owner's list it then is.
    pub account: String,
    /// First day that it covers.
    pub from: Day,
    /// Last day that it covers.
    pub to: Day,
    /// Lines.
    pub count: u32,
    /// Sum of what came in.
    pub in_fen: Fen,
    /// Sum of what went out.
    pub out_fen: Fen,
    /// Balance before the first line; 0 on a payee's list, which has no balances.
    pub opening_fen: Fen,
    /// Balance after the last line; 0 on a payee's list.
    pub closing_fen: Fen,
    /// [`lines_digest`] of the lines in the order of their rows.
    pub lines_digest: Digest,
    /// SHA-256 of the file as the bank gave it.
    pub file_digest: Digest,
    /// Code of the account's newest statement, where this one takes its place (it was the wrong file); empty otherwise.
    pub replaces: String,
}

/// Says which lines of an account's statements are which of our movements. Their sums are equal; lines that cancel each other out (a
/// charge and its refund) need no movement.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct MatchStatement {
    /// Code of the account.
    pub account: String,
    /// Whether everything that ids determine is to be matched; then nothing is named.
    pub by_ids: bool,
    /// Ids of the lines.
    pub lines: Vec<String>,
    /// Numbers of our movements.
    pub transactions: Vec<String>,
    /// Why they belong together.
    pub reason: String,
}

/// Takes apart what was matched: all lines and movements that stand together with a line.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct UnmatchStatement {
    /// Code of the account.
    pub account: String,
    /// Id of a line.
    pub line: String,
    /// Why.
    pub reason: String,
}

/// SHA-256 over the lines in order. A line is its fields, a tab behind each but the last, which a line feed follows: id, date, direction,
/// fen, nature, reference, party, party_no, memo. Neither tab nor line feed can stand in a field.
pub fn lines_digest<'l>(lines: impl IntoIterator<Item = &'l StatementLine>) -> Digest {
    let mut bytes = Vec::new();
    for line in lines {
        let (date, fen) = (line.date.to_string(), line.fen.to_string());
        let (direction, nature) = (line.direction.code(), line.nature.code());
        let fields = [
            line.id.as_str(),
            &date,
            direction,
            &fen,
            nature,
            &line.reference,
            &line.party,
            &line.party_no,
            &line.memo,
        ];
        bytes.extend_from_slice(fields.join("\t").as_bytes());
        bytes.push(b'\n');
    }
    crate::hash::sha256(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_lines_is_that_of_their_text() {
        let line = |id: &str, direction, fen, nature| StatementLine {
            id: id.into(),
            date: Day::parse("2018-11-30").unwrap(),
            direction,
            fen,
            nature,
            reference: String::new(),
            party: "某行".into(),
            party_no: "****0001".into(),
            memo: "结息".into(),
        };
        let lines =
            [line("1", Direction::In, 12_345, LineNature::Interest), line("2", Direction::Out, 7, LineNature::Other)];
        let text = "1\t2018-11-30\tIN\t12345\tINTEREST\t\t某行\t****0001\t结息\n2\t2018-11-30\tOUT\t7\tOTHER\t\t某行\t****0001\t结息\n";
        assert_eq!(lines_digest(&lines), crate::hash::sha256(text.as_bytes()));
    }
}
