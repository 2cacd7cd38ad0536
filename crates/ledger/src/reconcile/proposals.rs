//! What a line might be: open movements with points from one closed table, each saying which criteria it met. A person matches; nothing
//! here matches by itself.

use std::collections::BTreeMap;

use record::{BankAccountNo, BankTxnNo, Fen, LineNo};

use super::{Reconciled, reconciled};
use crate::State;
use crate::state::{BankTxn, EnteredLine, signed};

/// Movements proposed for a line at most.
pub const MAX_PROPOSALS: usize = 3;
/// Points below which nothing is proposed: an amount alone, weeks away, is no sign.
const FEWEST_POINTS: u32 = 50;
/// Days apart that are still near: a weekend.
const NEAR_DAYS: i32 = 3;

/// A criterion that a proposal met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Criterion {
    /// The line bears the movement's number, as its own or as the other side's.
    Number,
    /// Direction and amount are the same.
    Amount,
    /// The day is the same.
    SameDay,
    /// The days are no more than a weekend apart.
    NearDay,
    /// The last digits of the other side's account are those of the registered account.
    PartyNumber,
    /// The other side's name is that of the registered account.
    PartyName,
}

/// The table of points.
const POINTS: &[(Criterion, u32)] = &[
    (Criterion::Number, 60),
    (Criterion::Amount, 40),
    (Criterion::SameDay, 20),
    (Criterion::NearDay, 10),
    (Criterion::PartyNumber, 20),
    (Criterion::PartyName, 20),
];

impl Criterion {
    /// Its points.
    pub fn points(self) -> u32 {
        POINTS.iter().find(|(criterion, _)| *criterion == self).map_or(0, |(_, points)| *points)
    }
}

/// A movement that a line might be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The movement.
    pub transaction: BankTxnNo,
    /// Points of the criteria that it met.
    pub points: u32,
    /// Those criteria, in the order of the table.
    pub met: Vec<Criterion>,
}

/// The account's open movements, so that a page of lines finds theirs quickly.
struct Open<'s> {
    of: Reconciled<'s>,
    by_amount: BTreeMap<Fen, Vec<BankTxnNo>>,
}

impl Open<'_> {
    fn judge(&self, entered: &EnteredLine, no: BankTxnNo, txn: &BankTxn) -> Proposal {
        let line = &entered.line;
        let apart = line.date.0.abs_diff(txn.date.0);
        // On the association's list, the other side is the account that paid; on ours, the registered account that was paid.
        let other = if self.of.is_list { txn.account } else { txn.counterparty };
        let other = self.of.state.bank_accounts.get(other);
        let digits = |number: &str| number.chars().rev().take_while(char::is_ascii_digit).collect::<String>();
        let holds = |criterion: Criterion| match criterion {
            Criterion::Number => txn.id == line.id || txn.id == line.reference,
            Criterion::Amount => self.of.moved(txn) == signed(line.direction, line.fen),
            Criterion::SameDay => apart == 0,
            Criterion::NearDay => apart != 0 && apart <= NEAR_DAYS.unsigned_abs(),
            Criterion::PartyNumber => {
                let number = digits(&line.party_no);
                !number.is_empty() && other.is_some_and(|a| digits(&a.masked_no) == number)
            }
            Criterion::PartyName => !line.party.is_empty() && other.is_some_and(|a| a.name == line.party),
        };
        let met: Vec<Criterion> = POINTS.iter().map(|(criterion, _)| *criterion).filter(|c| holds(*c)).collect();
        let points = met.iter().fold(0u32, |sum, criterion| sum.saturating_add(criterion.points()));
        Proposal { transaction: no, points, met }
    }

    /// Most points first, then the nearest day, then the earliest movement.
    fn proposals(&self, entered: &EnteredLine) -> Vec<Proposal> {
        let txns = &self.of.state.bank_txns;
        let line = &entered.line;
        let numbered = [&line.id, &line.reference].into_iter().filter_map(|number| txns.no(number));
        let alike = self.by_amount.get(&signed(line.direction, line.fen)).into_iter().flatten().copied();
        let mut candidates: Vec<BankTxnNo> = numbered.chain(alike).collect();
        candidates.sort_unstable();
        candidates.dedup();
        let known = candidates.into_iter().filter_map(|no| Some((no, txns.get(no)?)));
        let judged = known.filter(|(no, txn)| self.of.is_open(*no, txn)).map(|(no, txn)| {
            let apart = line.date.0.abs_diff(txn.date.0);
            (apart, self.judge(entered, no, txn))
        });
        let mut found: Vec<(u32, Proposal)> = judged.filter(|(_, p)| p.points >= FEWEST_POINTS).collect();
        found.sort_by_key(|(apart, p)| (core::cmp::Reverse(p.points), *apart, p.transaction));
        found.into_iter().take(MAX_PROPOSALS).map(|(_, proposal)| proposal).collect()
    }
}

/// Proposals for lines of an account, each line's own; none for lines that are matched.
pub fn proposals(state: &State, account: BankAccountNo, lines: &[LineNo]) -> Vec<Vec<Proposal>> {
    let Some(of) = reconciled(state, account) else { return vec![Vec::new(); lines.len()] };
    let mut by_amount: BTreeMap<Fen, Vec<BankTxnNo>> = BTreeMap::new();
    for (no, txn) in state.bank_txns.iter().filter(|(no, txn)| of.is_open(*no, txn)) {
        by_amount.entry(of.moved(txn)).or_default().push(no);
    }
    let open = Open { of, by_amount };
    let entered = |no: &LineNo| state.statements.lines.get(no).filter(|e| e.account == account && e.group == 0);
    lines.iter().map(|no| entered(no).map_or_else(Vec::new, |entered| open.proposals(entered))).collect()
}
