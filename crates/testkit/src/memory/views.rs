//! The views of a book in memory, with the checks that the databases make set-wise.

use std::collections::{BTreeMap, BTreeSet};

use engine::store::{FactsRead, StoreError, SumQuery, SumRow, VoucherQuery};
use ledger::rows::{FactHash, FactRow, LineRow, RejectionRow, SideSums, ViewRows, VoucherRow};
use record::kinds::{LedgerKind, Side};
use record::{Fen, Sequence, VoucherRef};

/// Everything projected so far.
#[derive(Clone, Default)]
pub(super) struct Views {
    reached: Sequence,
    vouchers: BTreeMap<Sequence, VoucherRow>,
    references: BTreeMap<VoucherRef, Sequence>,
    lines: BTreeMap<Sequence, Vec<LineRow>>,
    facts: BTreeMap<FactHash, FactRow>,
    rejections: BTreeMap<Sequence, RejectionRow>,
}

fn corrupt(text: &str) -> StoreError {
    StoreError::Corrupt(text.into())
}

impl Views {
    pub(super) fn reached(&self) -> Sequence {
        self.reached
    }

    /// All of it or, on an error, nothing.
    pub(super) fn project(&mut self, from: Sequence, to: Sequence, rows: &ViewRows) -> Result<(), StoreError> {
        if self.reached != from {
            return Err(corrupt("the views have reached another sequence"));
        }
        let mut new = Views::default();
        new.insert(from, to, rows)?;
        new.check()?;
        let known = new.references.keys().any(|reference| self.references.contains_key(reference))
            || new.facts.keys().any(|key| self.facts.contains_key(key));
        if known {
            return Err(corrupt("a reference or fact that exists"));
        }
        self.reached = to;
        self.vouchers.append(&mut new.vouchers);
        self.references.append(&mut new.references);
        self.lines.append(&mut new.lines);
        self.facts.append(&mut new.facts);
        self.rejections.append(&mut new.rejections);
        Ok(())
    }

    fn insert(&mut self, from: Sequence, to: Sequence, rows: &ViewRows) -> Result<(), StoreError> {
        let fits = |sequence: Sequence| sequence > from && sequence <= to;
        let mut new = from <= to;
        for row in &rows.vouchers {
            new &= fits(row.sequence)
                && self.vouchers.insert(row.sequence, row.clone()).is_none()
                && self.references.insert(row.reference, row.sequence).is_none();
        }
        for row in &rows.facts {
            new &= fits(row.sequence) && self.facts.insert(row.key, *row).is_none();
        }
        for row in &rows.rejections {
            new &= fits(row.sequence) && self.rejections.insert(row.sequence, row.clone()).is_none();
        }
        for row in &rows.lines {
            new &= fits(row.sequence);
            self.lines.entry(row.sequence).or_default().push(row.clone());
        }
        if new { Ok(()) } else { Err(corrupt("view rows out of range, or with keys that exist")) }
    }

    fn check(&mut self) -> Result<(), StoreError> {
        for (sequence, lines) in &mut self.lines {
            lines.sort_by_key(|line| line.line_no);
            let voucher = self.vouchers.get(sequence).ok_or_else(|| corrupt("lines without a voucher"))?;
            let numbered = lines.iter().zip(1..).all(|(line, no)| line.line_no == no);
            if lines.len() < 2 || !numbered || lines.iter().any(|line| line.date != voucher.date) {
                return Err(corrupt("a voucher whose lines are not numbered through, or of another date"));
            }
            let mut sums: BTreeMap<(u8, u32), Fen> = BTreeMap::new();
            for LineRow { line, .. } in &*lines {
                let grant = if voucher.ledger == LedgerKind::Actual { line.grant } else { 0 };
                let fen = if line.side == Side::Debit { line.fen } else { -line.fen };
                *sums.entry((line.source, grant)).or_default() += fen;
            }
            if sums.values().any(|sum| *sum != 0) {
                return Err(corrupt("a voucher that does not balance by source and grant"));
            }
        }
        match self.vouchers.keys().find(|sequence| !self.lines.contains_key(sequence)) {
            Some(_) => Err(corrupt("a voucher without lines")),
            None => Ok(()),
        }
    }

    pub(super) fn facts(&self, keys: &[FactHash]) -> FactsRead {
        let keys: BTreeSet<_> = keys.iter().collect();
        let found = keys.into_iter().filter_map(|key| self.facts.get(key)).cloned().collect();
        FactsRead { reached: self.reached, found }
    }

    fn lines_of(&self, sequence: Sequence) -> &[LineRow] {
        self.lines.get(&sequence).map_or(&[], Vec::as_slice)
    }

    pub(super) fn vouchers(&self, query: &VoucherQuery) -> Vec<VoucherRow> {
        let line_fits = |row: &LineRow| {
            query.source.is_none_or(|source| source == row.line.source)
                && query.account.is_none_or(|account| account == row.line.account)
                && query.grant.is_none_or(|grant| grant == row.line.grant)
        };
        let fits = |row: &&VoucherRow| {
            row.sequence > query.after
                && row.sequence <= query.up_to
                && query.from.is_none_or(|day| row.date >= day)
                && query.to.is_none_or(|day| row.date <= day)
                && query.word.is_none_or(|word| row.reference.word == word)
                && self.lines_of(row.sequence).iter().any(line_fits)
        };
        self.vouchers.values().filter(fits).take(query.limit as usize).cloned().collect()
    }

    pub(super) fn voucher(&self, reference: &VoucherRef) -> Option<VoucherRow> {
        self.vouchers.get(self.references.get(reference)?).cloned()
    }

    pub(super) fn lines(&self, sequences: &[Sequence]) -> Vec<LineRow> {
        let sequences: BTreeSet<_> = sequences.iter().copied().collect();
        sequences.into_iter().flat_map(|sequence| self.lines_of(sequence)).cloned().collect()
    }

    pub(super) fn sums(&self, query: &SumQuery) -> Vec<SumRow> {
        let mut sums = BTreeMap::new();
        for row in self.lines.range(..=query.known_at).flat_map(|(_, lines)| lines) {
            if query.from.is_some_and(|day| row.date < day) || query.as_of.is_some_and(|day| row.date > day) {
                continue;
            }
            let line = &row.line;
            let wanted = query.account.is_none_or(|account| account == line.account)
                && query.source.is_none_or(|source| source == line.source)
                && query.grant.is_none_or(|grant| grant == line.grant)
                && query.holder.is_none_or(|holder| holder == line.holder);
            if !wanted {
                continue;
            }
            let full = (line.account, line.source, line.grant, line.holder, line.class, line.plan, line.use_code);
            let rough = (line.account, line.source, 0, 0, line.class, 0, 0);
            let key = if query.rough { (rough, 0) } else { (full, line.year) };
            let sum: &mut SideSums = sums.entry(key).or_default();
            match line.side {
                Side::Debit => {
                    sum.debit_fen += line.fen;
                    sum.heads += i64::from(line.heads);
                }
                Side::Credit => {
                    sum.credit_fen += line.fen;
                    sum.heads -= i64::from(line.heads);
                }
            }
        }
        let some = sums.into_iter().filter(|(_, sums)| *sums != SideSums::default());
        some.map(|((key, year), sums)| SumRow { key, year, sums }).collect()
    }

    pub(super) fn rejections(&self, after: Sequence, up_to: Sequence, limit: u32) -> Vec<RejectionRow> {
        let fits = |row: &&RejectionRow| row.sequence > after && row.sequence <= up_to;
        self.rejections.values().filter(fits).take(limit as usize).cloned().collect()
    }
}
