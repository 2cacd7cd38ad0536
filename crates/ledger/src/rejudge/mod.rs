//! Judging a book's records again under other rules (再判): what would have been refused, and what else would then have been impossible.
//! Pure: the records come in order, commands whole; nothing is written. The rules themselves are `decide`'s; where they are exchanged
//! stands in `settings`.
//!
//! Two states are folded. The *actual* one holds everything that happened: what the other rules refuse on it, they refuse by themselves.
//! The *scratch* one leaves out what was refused: what is refused on it alone follows from the refusals before. Ordinals and voucher
//! numbers stay those of the log, so that what was refused leaves its names behind, without money, budget or effect.

mod asks;
mod settings;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use record::event::{Committed, Hit};
use record::kinds::Verdict;
use record::{Command, Day, Event, GrantNo, Record, Sequence, VoucherRef};

use crate::decide::{Decision, decide};
use crate::facts::{self, FactKey};
use crate::receipt::voucher_of;
use crate::rows::{FactHash, FactRow};
use crate::{Ask, Caller, Facts, State, project_facts};
pub use settings::OtherRules;

/// Refusals that a report lists; more are counted by rule. An answer of so many stays below what clients take.
pub const MAX_LISTED: usize = 1_000;
/// Records of a log that are judged again at most: with two states in memory, some minutes of work.
pub const MAX_RECORDS: Sequence = 10_000_000;

/// A command that the other rules would have refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its first record.
    pub sequence: Sequence,
    /// Its record time, microseconds.
    pub time: i64,
    /// The date that it bears.
    pub date: Day,
    /// Vouchers that it posted.
    pub vouchers: Vec<VoucherRef>,
    /// Money that it moved: the debits of its vouchers of money, in fen.
    pub fen: record::Fen,
    /// Rules that would have refused it, and why.
    pub hits: Vec<Hit>,
    /// Whether it would have been lawful by itself, and only follows from what was refused before it.
    pub follows: bool,
}

/// What came of a re-judging.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Commands of the period that were judged.
    pub judged: u64,
    /// Commands of the period that rest on none of the rules that can be exchanged.
    pub taken: u64,
    /// Refusals, in the order of the log, at most [`MAX_LISTED`].
    pub refusals: Vec<Refusal>,
    /// All refusals.
    pub refused: u64,
    /// Of them, those that only follow from others.
    pub following: u64,
    /// Commands refused, by rule; a command counts with each of its rules.
    pub by_rule: BTreeMap<String, u64>,
}

/// A re-judging on its way.
pub struct Trial {
    rules: OtherRules,
    from: Day,
    to: Day,
    actual: State,
    /// From the first refusal on.
    scratch: Option<State>,
    /// Batches that would not have been taken in.
    refused_batches: BTreeSet<GrantNo>,
    facts: HashMap<FactHash, FactRow>,
    vouchers: HashMap<VoucherRef, Sequence>,
    /// Records that decisions looked into.
    originals: HashMap<Sequence, Record>,
    report: Report,
}

/// What a judgement needs beside what was folded: these records, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted(pub Vec<Sequence>);

impl Trial {
    /// Judges commands that bear a date of this period by these rules.
    pub fn new(rules: OtherRules, from: Day, to: Day) -> Trial {
        Trial {
            rules,
            from,
            to,
            actual: State::default(),
            scratch: None,
            refused_batches: BTreeSet::new(),
            facts: HashMap::new(),
            vouchers: HashMap::new(),
            originals: HashMap::new(),
            report: Report::default(),
        }
    }

    /// What came of it.
    pub fn report(self) -> Report {
        self.report
    }

    /// Gives records that a step asked for.
    pub fn give(&mut self, records: Vec<Record>) {
        self.originals.extend(records.into_iter().map(|record| (record.sequence, record)));
    }

    /// Takes the records of the next command. Where it asks for others, nothing has happened, and it is to be called again.
    pub fn step(&mut self, records: &[Record]) -> Result<(), Wanted> {
        let date = asks::date_of(records);
        let within = (self.from..=self.to).contains(&date) && takes_effect(records);
        let command = asks::command_of(&self.actual, records).filter(|_| within);
        let Some(command) = command else {
            self.report.taken = self.report.taken.saturating_add(u64::from(within));
            self.take(records);
            return Ok(());
        };
        let own = self.judge(&self.actual, records, &command)?;
        let following = match &self.scratch {
            Some(scratch) if own.is_empty() => {
                let found = self.judge(scratch, records, &command)?;
                let rests = asks::batches_of(records).iter().any(|batch| self.refused_batches.contains(batch));
                (!found.is_empty() || rests).then_some(found)
            }
            _ => None,
        };
        self.report.judged = self.report.judged.saturating_add(1);
        match following {
            Some(hits) => self.refuse(records, date, hits, true),
            None if own.is_empty() => self.take(records),
            None => self.refuse(records, date, own, false),
        }
        Ok(())
    }

    /// What the rules say of a command on a state; a fault that only the books show is told by its code.
    fn judge(&self, state: &State, records: &[Record], command: &Command) -> Result<Vec<Hit>, Wanted> {
        let Some(first) = records.first() else { return Ok(Vec::new()) };
        let caller = Caller {
            person: self.actual.persons.code(first.actor.person).to_owned(),
            key_id: first.actor.key_id,
            signature: None,
        };
        let ask = Ask::new(&state.book, caller, format!("rejudge:{}", first.sequence), command.clone());
        let facts = self.gather(state, &ask)?;
        let decision = decide(state, &ask, &facts, first.time);
        Ok(match decision {
            Decision::Records(made) => match made.first().map(|record| &record.event) {
                Some(Event::Refused(refused)) => refused.hits.clone(),
                _ => Vec::new(),
            },
            Decision::Malformed(faults) => faults.into_iter().map(|f| fault(f.code, &f.field)).collect(),
            Decision::Denied => vec![fault("DENIED", "person")],
            // Request ids play no part, and refusals of the past bound nothing here.
            Decision::Replay(_) | Decision::KeyReused | Decision::Suppressed(_) => Vec::new(),
        })
    }

    /// The facts that a decision needs, of what the log held before the command.
    fn gather(&self, state: &State, ask: &Ask) -> Result<Facts, Wanted> {
        let mut found = Facts::default();
        let rows = facts::needs(state, ask).into_iter().filter_map(|key| self.facts.get(&key));
        rows.for_each(|row| found.add(*row));
        for reference in found.wanted_vouchers(state, ask) {
            self.vouchers.get(&reference).into_iter().for_each(|at| found.add_voucher(reference, *at));
        }
        loop {
            let wanted = found.wanted_records(state, ask);
            let missing: Vec<Sequence> =
                wanted.iter().copied().filter(|sequence| !self.originals.contains_key(sequence)).collect();
            if !missing.is_empty() {
                return Err(Wanted(missing));
            }
            let none = wanted.is_empty();
            wanted.iter().filter_map(|at| self.originals.get(at)).for_each(|r| found.add_original(r.clone()));
            let keys = found.wanted_keys(state, ask);
            if none && keys.is_empty() {
                return Ok(found);
            }
            for key in keys {
                self.facts.get(&key).into_iter().for_each(|row| found.add(*row));
                found.look(key);
            }
        }
    }

    /// Folds records into both states, and what they make known.
    fn take(&mut self, records: &[Record]) {
        self.fold(records);
        if let Some(scratch) = &mut self.scratch {
            records.iter().for_each(|record| apply(scratch, record, &self.rules, self.from));
        }
    }

    /// Folds records into the actual state, and what they make known.
    fn fold(&mut self, records: &[Record]) {
        records.iter().for_each(|record| apply(&mut self.actual, record, &self.rules, self.from));
        self.originals.clear();
        let request = records.first().and_then(|r| r.request.as_ref()).map(|r| FactKey::Request(&r.id).hash());
        let rows = project_facts(records).unwrap_or_default();
        let kept = rows.into_iter().filter(|row| Some(row.key) != request);
        self.facts.extend(kept.map(|row| (row.key, row)));
        let posted = records.iter().filter_map(|record| Some((voucher_of(record)?.reference, record.sequence)));
        self.vouchers.extend(posted);
    }

    /// Notes a refusal; the actual state goes on as it did, the scratch one without it.
    fn refuse(&mut self, records: &[Record], date: Day, hits: Vec<Hit>, follows: bool) {
        let mut scratch = self.scratch.take().unwrap_or_else(|| self.actual.clone());
        leave_out(&mut scratch, records, &mut self.refused_batches);
        self.scratch = Some(scratch);
        self.fold(records);
        let report = &mut self.report;
        report.refused = report.refused.saturating_add(1);
        report.following = report.following.saturating_add(u64::from(follows));
        let rules: BTreeSet<&String> = hits.iter().map(|hit| &hit.rule).collect();
        for rule in rules {
            let count = report.by_rule.entry(rule.clone()).or_default();
            *count = count.saturating_add(1);
        }
        let Some(first) = records.first().filter(|_| report.refusals.len() < MAX_LISTED) else { return };
        let vouchers = records.iter().filter_map(voucher_of);
        report.refusals.push(Refusal {
            sequence: first.sequence,
            time: first.time,
            date,
            vouchers: vouchers.clone().map(|v| v.reference).collect(),
            fen: vouchers.fold(0, |sum: record::Fen, v| sum.saturating_add(money(v))),
            hits,
            follows,
        });
    }
}

/// The debits of a voucher of money.
fn money(voucher: &record::Voucher) -> record::Fen {
    let debits = voucher.lines.iter().filter(|l| l.grant != 0 && l.side == record::kinds::Side::Debit);
    debits.fold(0, |sum: record::Fen, line| sum.saturating_add(line.fen))
}

/// A fault of form that only the books show, as a hit.
fn fault(code: &str, field: &str) -> Hit {
    let (expected, found) = (String::new(), String::new());
    Hit { rule: code.into(), subject: field.into(), expected, found, shortfall_fen: 0, lawful_sources: Vec::new() }
}

/// Whether records changed the books: refusals, submissions and what the ledger notes of itself did not.
fn takes_effect(records: &[Record]) -> bool {
    let nothing = |event: &Event| {
        matches!(
            event,
            Event::Refused(_)
                | Event::Submitted { .. }
                | Event::RefusalsSuppressed { .. }
                | Event::StateDigest { .. }
                | Event::Totals { .. }
        )
    };
    records.first().is_some_and(|record| !nothing(&record.event))
}

fn apply(state: &mut State, record: &Record, rules: &OtherRules, from: Day) {
    state.apply(record);
    if OtherRules::meets(&record.event) {
        rules.lay_over(state, from);
    }
}

/// Folds a refused command's names and numbers without its effect.
fn leave_out(state: &mut State, records: &[Record], refused_batches: &mut BTreeSet<GrantNo>) {
    for record in records {
        let bare = |event: Event| Record { event, ..record.clone() };
        match &record.event {
            Event::GrantOpened(_)
            | Event::AccountDefined { .. }
            | Event::OrganizationRegistered { .. }
            | Event::BankAccountRegistered(_)
            | Event::ApprovalRecorded { .. }
            | Event::Reviewed { .. } => state.apply(record),
            Event::Committed(event) => {
                let nothing = Committed { heads: 0, fen: 0, from_allocated_fen: 0, ..event.clone() };
                state.apply(&bare(Event::Committed(nothing)));
            }
            Event::BatchSubmitted { no, batch } => {
                state.apply(record);
                let reason = String::new();
                let (batch, reviewed_on) = (*no, batch.submitted_on);
                let verdict = Verdict::Reject;
                state.apply(&bare(Event::BatchReviewed { batch, verdict, reviewed_on, reason }));
                refused_batches.insert(batch);
            }
            _ => {}
        }
        if let Some(voucher) = voucher_of(record) {
            let reference = voucher.reference;
            state.numbers.insert((reference.word, reference.cycle), reference.number);
        }
        state.sequence = record.sequence;
        state.time = record.time;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_rules_name_what_the_book_does_not_have() {
        let rules = OtherRules {
            parameters: vec![("P1.remit_max_days".into(), "15".into())],
            blocked_uses: vec!["A75".into()],
            ..OtherRules::default()
        };
        assert!(!rules.is_empty() && OtherRules::default().is_empty());
        assert_eq!(rules.unknown(&State::default()), [("parameters", 0), ("blocked_uses", 0)]);
    }
}
