//! A statement as it was read from a file of any kind, and single values as banks write them. How files are laid out is `table`'s and
//! `camt`'s.

use std::collections::HashMap;

use anyhow::{Context, ensure};
use chrono::{Datelike, NaiveDate};
use record::Day;
use record::command::StatementLine;
use record::kinds::{Direction, LineNature};
use sha2::{Digest, Sha256};

use super::mask;
use crate::yuan;

/// What was read.
#[derive(Debug, Default)]
pub struct Read {
    /// The lines, each with its place in the file.
    pub lines: Vec<(u64, StatementLine)>,
    /// Balance before the first line in fen, where the file tells it.
    pub opening: Option<i64>,
    /// Balance after the last line in fen, where the file tells it.
    pub closing: Option<i64>,
    /// First and last day, where the file tells them.
    pub days: (Option<NaiveDate>, Option<NaiveDate>),
    /// Texts that held personal data and were left out or masked.
    pub masked: u64,
    /// How many lines without a number say the same.
    alike: HashMap<record::Digest, u32>,
}

/// A line's values before they are one.
#[derive(Debug)]
pub struct Raw<'r> {
    /// The bank's number; empty where it gives none.
    pub id: &'r str,
    /// Day.
    pub date: NaiveDate,
    /// Signed amount in fen: in is positive.
    pub fen: i64,
    /// What the bank says that it is.
    pub nature: LineNature,
    /// The other side's number of it.
    pub reference: &'r str,
    /// The other side's name.
    pub party: &'r str,
    /// The other side's account number, whole.
    pub party_no: &'r str,
    /// The bank's words.
    pub memo: &'r str,
}

impl Read {
    /// Adds a line, with nothing personal in it.
    pub fn add(&mut self, place: u64, raw: &Raw<'_>) -> anyhow::Result<()> {
        let (party, party_masked) = mask::name(raw.party);
        let (memo, memo_masked) = mask::text(raw.memo);
        self.masked += u64::from(party_masked) + u64::from(memo_masked);
        let mut line = StatementLine {
            id: raw.id.to_owned(),
            date: day(raw.date)?,
            direction: if raw.fen >= 0 { Direction::In } else { Direction::Out },
            fen: raw.fen.checked_abs().context("the amount is out of range")?,
            nature: raw.nature,
            reference: raw.reference.to_owned(),
            party,
            party_no: mask::number(raw.party_no),
            memo,
        };
        if line.id.is_empty() {
            line.id = self.made_id(&line);
        }
        self.lines.push((place, line));
        Ok(())
    }

    /// The id of a line whose bank gives none: made of everything that it says and of how many lines say the same before it, so that the
    /// same file gives the same ids.
    fn made_id(&mut self, line: &StatementLine) -> String {
        let said = record::command::lines_digest([line]);
        let times = self.alike.entry(said).or_default();
        let digest = Sha256::new().chain_update(said).chain_update(times.to_be_bytes()).finalize();
        *times += 1;
        format!("h-{}", &hex::encode(digest)[..24])
    }
}

/// A day of the ledger.
pub fn day(date: NaiveDate) -> anyhow::Result<Day> {
    Day::from_ymd(date.year(), date.month(), date.day()).ok().context("the day is out of range")
}

/// A signed amount as banks print it: a sign in front, thousands apart by commas, two decimals at most.
pub fn amount(text: &str) -> anyhow::Result<i64> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let plain = if digits.contains(',') {
        let whole = digits.split('.').next().unwrap_or_default();
        let groups: Vec<&str> = whole.split(',').collect();
        let right = groups.iter().skip(1).all(|group| group.len() == 3)
            && groups.first().is_some_and(|first| (1..=3).contains(&first.len()));
        ensure!(right && !digits.split('.').skip(1).any(|rest| rest.contains(',')), yuan::NotYuan);
        digits.replace(',', "")
    } else {
        digits.to_owned()
    };
    // Some programs write 100.50 as 100.5000.
    let plain = match plain.split_once('.') {
        Some((whole, rest)) if rest.len() > 2 => {
            let (kept, zeros) = rest.split_at(2);
            ensure!(zeros.bytes().all(|b| b == b'0'), yuan::NotYuan);
            format!("{whole}.{kept}")
        }
        _ => plain,
    };
    Ok(sign * yuan::parse(&plain)?)
}
