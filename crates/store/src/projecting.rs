//! What a projector goes on from, and the rows that it makes of lines: keys, lines as they are stored, and sums of full blocks. Pure; how
//! they are read and written stands with each engine.

use engine::store::StoreError;
use ledger::rows::LineRow;
use record::{GrantNo, Sequence};

use crate::balances::{BalanceRow, Fillings, Key, KeyNo, Keys, leads, sums_of};
use crate::decode::{self, Columns};

/// What projecting knows of the views that it goes on from. Forgotten when a projection fails, and then read anew.
#[derive(Debug)]
pub(crate) struct Projecting {
    reached: Sequence,
    keys: Keys,
    fillings: Fillings,
}

/// A line to be stored.
pub(crate) struct StoredLine<'a> {
    pub row: &'a LineRow,
    pub key_no: KeyNo,
    pub leads: Option<GrantNo>,
}

/// The rows to be stored that are made of others.
#[derive(Default)]
pub(crate) struct Made<'a> {
    pub keys: Vec<(KeyNo, Option<KeyNo>, Key)>,
    pub lines: Vec<StoredLine<'a>>,
    pub balances: Vec<BalanceRow>,
}

impl Projecting {
    /// What views say that reach to `reached`: all keys, and the lines after [`Fillings::first`] by `sql::SUMMANDS`.
    pub fn from_rows<R: Columns>(reached: Sequence, keys: &[R], lines: &[R]) -> Result<Projecting, StoreError> {
        let mut known = Keys::default();
        for row in keys {
            let (no, rough, key) = decode::key(row)?;
            known.insert(key, no, rough.unwrap_or(no));
        }
        let mut fillings = Fillings::after(Fillings::first(reached));
        // Blocks that these lines fill are stored already.
        let mut full = Vec::new();
        for row in lines {
            let (sequence, date, numbers, sums) = decode::summand(row)?;
            fillings.add(sequence, date, numbers, sums, &mut full);
        }
        fillings.reach(reached, &mut full);
        Ok(Projecting { reached, keys: known, fillings })
    }

    /// The sequence that it goes on from.
    pub fn reached(&self) -> Sequence {
        self.reached
    }

    /// Makes the rows of lines, keys and full blocks, and goes on to `to`.
    pub fn make<'a>(&mut self, to: Sequence, lines: &'a [LineRow]) -> Made<'a> {
        let Projecting { reached, keys, fillings } = self;
        let mut made = Made { lines: Vec::with_capacity(lines.len()), ..Made::default() };
        for own in lines.chunk_by(|a, b| a.sequence == b.sequence) {
            for (place, row) in own.iter().enumerate() {
                let line = &row.line;
                let numbers = keys.of(line, &mut made.keys);
                let sums = sums_of(line.side, line.fen, line.heads);
                fillings.add(row.sequence, row.date, numbers, sums, &mut made.balances);
                let leads = leads(own.get(..place).unwrap_or_default(), line);
                made.lines.push(StoredLine { row, key_no: numbers.0, leads });
            }
        }
        fillings.reach(to, &mut made.balances);
        *reached = to;
        made
    }
}
