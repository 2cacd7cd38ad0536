//! A book in memory: `decide`, `apply` and the facts of all records, without server, engine or store. Tests ask it and look at its
//! state; what an engine adds (batches, undo, durability) is not here.

use std::collections::{BTreeMap, HashMap};

use ledger::rows::{FactHash, FactRow};
use ledger::{Ask, Caller, Decision, Facts, State, access, decide, facts, project};
use record::kinds::{Role, Verdict};
use record::{Command, Day, Digest, Event, PersonNo, Record, Sequence, Voucher, VoucherRef, command, hash};

const MICROS_PER_DAY: i64 = 86_400_000_000;
/// Nine in the morning in Shanghai is one hour past midnight UTC.
const MORNING_MICROS: i64 = 3_600_000_000;
/// A moment passes between two asks, so that the refusal bound of a minute is not met by accident.
const MOMENT_MICROS: i64 = 1_000_000;

/// A book in memory, with the clock that its asks are judged at.
#[derive(Clone, Default)]
pub struct Book {
    /// Everything folded so far.
    pub state: State,
    /// Every record, in order.
    pub records: Vec<Record>,
    /// Their leaf hashes.
    pub leaves: Vec<Digest>,
    /// Instant of the next ask, microseconds since the Unix epoch.
    pub now: i64,
    facts: HashMap<FactHash, FactRow>,
    asked: u64,
}

impl Book {
    /// A book before its first record.
    pub fn new() -> Book {
        Book::default()
    }

    /// Moves the clock to a morning; it never moves back.
    pub fn set_day(&mut self, day: Day) {
        self.now = self.now.max(i64::from(day.0) * MICROS_PER_DAY + MORNING_MICROS);
    }

    /// The clock's day in Shanghai.
    pub fn today(&self) -> Day {
        Day::of_instant(self.now)
    }

    /// Asks under a fresh request id.
    pub fn ask(&mut self, person: &str, command: Command) -> Decision {
        self.asked += 1;
        let request_id = format!("ask-{}", self.asked);
        self.ask_again(person, &request_id, command)
    }

    /// Asks under this request id.
    pub fn ask_again(&mut self, person: &str, request_id: &str, command: Command) -> Decision {
        let caller = Caller { person: person.to_owned(), key_id: [7; 8], signature: None };
        let ask = Ask::new(&self.state.book, caller, request_id.to_owned(), command);
        self.ask_whole(&ask)
    }

    /// Asks, and folds the records that come of it.
    pub fn ask_whole(&mut self, ask: &Ask) -> Decision {
        let facts = self.facts_for(ask);
        let decision = decide(&self.state, ask, &facts, self.now);
        match &decision {
            // A refused opening has no book to be recorded in.
            Decision::Records(_) if self.state.sequence == 0 && !took_effect(&decision) => {}
            Decision::Records(records) => self.append(records),
            Decision::Suppressed(Some(record)) => self.append(core::slice::from_ref(record)),
            _ => {}
        }
        self.now += MOMENT_MICROS;
        decision
    }

    /// Asks as the person who may make the command, and has another review it where it takes review. Gives the last decision.
    pub fn act(&mut self, command: Command) -> Decision {
        let maker = self.maker_of(&command);
        let reviewer = self.reviewer_of(&command, &maker);
        self.ask_reviewed(&maker, &reviewer, command)
    }

    /// Asks as `maker`; if that submits the command, `reviewer` approves it. Gives the last decision.
    pub fn ask_reviewed(&mut self, maker: &str, reviewer: &str, command: Command) -> Decision {
        let decision = self.ask(maker, command);
        match submission(&decision) {
            Some(sequence) => self.review(reviewer, sequence),
            None => decision,
        }
    }

    /// Approves a submitted command.
    pub fn review(&mut self, person: &str, submission: Sequence) -> Decision {
        let review = command::ReviewCommand { submission, verdict: Verdict::Approve, reason: String::new() };
        self.ask(person, Command::ReviewCommand(review))
    }

    /// The first person who may make this command, by the order of its roles; empty if nobody may.
    pub fn maker_of(&self, command: &Command) -> String {
        let role_of_class = match command {
            Command::ReviewEnrollmentBatch(c) => self
                .state
                .grants
                .no(&c.batch)
                .and_then(|no| self.state.batch(no))
                .and_then(|b| self.state.classes.get(b.class))
                .map(|class| class.reviewer),
            Command::RegisterSnapshot(c) => Some(c.register.keeper()),
            _ => None,
        };
        let roles = role_of_class.as_ref().map_or(access::makers(command), core::slice::from_ref);
        let may = |role: Role| {
            self.persons_with(role).find(|(_, code)| access::authorise(&self.state, code, command).is_ok())
        };
        roles.iter().find_map(|role| may(*role)).map(|(_, code)| code.to_owned()).unwrap_or_default()
    }

    /// Another person who may review this command; empty if nobody may or needs to.
    pub fn reviewer_of(&self, command: &Command, maker: &str) -> String {
        let roles: &[Role] =
            if matches!(command, Command::SignDailySummary(_)) { &[Role::Cashier] } else { access::reviewers(command) };
        let other = |role: Role| self.persons_with(role).find(|(_, code)| *code != maker);
        roles.iter().find_map(|role| other(*role)).map(|(_, code)| code.to_owned()).unwrap_or_default()
    }

    fn persons_with(&self, role: Role) -> impl Iterator<Item = (PersonNo, &str)> {
        self.state.persons.iter().filter(move |(_, p)| p.roles.contains(&role)).map(|(no, p)| (no, p.code.as_str()))
    }

    /// The facts that an ask needs, as an engine would find them.
    pub fn facts_for(&self, ask: &Ask) -> Facts {
        let mut found = Facts::default();
        let rows = facts::needs(&self.state, ask).into_iter().filter_map(|key| self.facts.get(&key));
        rows.for_each(|row| found.add(*row));
        for reference in found.wanted_vouchers(&self.state, ask) {
            let posts = |record: &&Record| ledger::voucher_of(record).is_some_and(|v| v.reference == reference);
            self.records.iter().find(posts).into_iter().for_each(|r| found.add_voucher(reference, r.sequence));
        }
        loop {
            let wanted = found.wanted_records(&self.state, ask);
            let records: Vec<&Record> = wanted.into_iter().filter_map(|sequence| self.record(sequence)).collect();
            let no_records = records.is_empty();
            records.into_iter().for_each(|record| found.add_original(record.clone()));
            let keys = found.wanted_keys(&self.state, ask);
            if no_records && keys.is_empty() {
                if facts::cites_root(&ask.command) {
                    found.root = Some(proof::root_of(&self.leaves));
                }
                return found;
            }
            for key in keys {
                self.facts.get(&key).into_iter().for_each(|row| found.add(*row));
                found.look(key);
            }
        }
    }

    /// The record at a sequence.
    pub fn record(&self, sequence: Sequence) -> Option<&Record> {
        self.records.get(usize::try_from(sequence).ok()?.checked_sub(1)?)
    }

    /// The voucher of a number.
    pub fn voucher(&self, reference: VoucherRef) -> Option<&Voucher> {
        self.records.iter().find_map(|record| match &record.event {
            Event::VoucherPosted(p) if p.voucher.reference == reference => Some(&p.voucher),
            Event::ReceiptPosted(p) if p.voucher.reference == reference => Some(&p.voucher),
            _ => None,
        })
    }

    /// Folds records, as replay does: state, facts, leaves.
    pub fn append(&mut self, records: &[Record]) {
        let leaves: Vec<Digest> = records.iter().map(|r| hash::leaf_hash(&record::encode(r))).collect();
        records.iter().for_each(|r| self.state.apply(r));
        let rows = project(&self.state, records).unwrap_or_else(|e| panic!("records of one command: {e}"));
        self.facts.extend(rows.facts.into_iter().map(|row| (row.key, row)));
        self.records.extend_from_slice(records);
        self.leaves.extend(leaves);
    }
}

impl Book {
    /// How the books break their own laws, if they do: a (source, grant) that does not balance, money below zero on some day, or a
    /// budget account below zero.
    pub fn unsound(&self) -> Option<String> {
        let state = &self.state;
        let money = [state.posting.special_bank, state.posting.custody_bank];
        let mut grants: BTreeMap<_, i64> = BTreeMap::new();
        let mut days: BTreeMap<_, BTreeMap<Day, i64>> = BTreeMap::new();
        for (key, sum) in &state.sums {
            *grants.entry((key.source, key.grant)).or_default() += sum.balance();
            if money.contains(&key.account) {
                let day = days.entry((key.account, key.source, key.grant, key.holder)).or_default();
                *day.entry(key.day).or_default() += sum.balance();
            }
        }
        if let Some((at, sum)) = grants.iter().find(|(_, sum)| **sum != 0) {
            return Some(format!("source and grant {at:?} are out of balance by {sum} fen"));
        }
        for (at, movements) in &days {
            let mut balance = 0;
            for (day, fen) in movements {
                balance += fen;
                if balance < 0 {
                    return Some(format!("account, source, grant and holder {at:?} stand at {balance} fen on {day}"));
                }
            }
        }
        let total = state.posting.budget_total;
        let below = state.budget.iter().find(|((.., account), fen)| *account != total && **fen < 0);
        below.map(|(at, fen)| format!("budget line {at:?} stands at {fen} fen"))
    }
}

/// The sequence under which a decision submitted its command for review.
pub fn submission(decision: &Decision) -> Option<Sequence> {
    let Decision::Records(records) = decision else { return None };
    let first = records.first()?;
    matches!(first.event, Event::Submitted { .. }).then_some(first.sequence)
}

/// The rules that refused, in the documented order, each once; empty if the decision is no refusal.
pub fn refused(decision: &Decision) -> Vec<String> {
    let Decision::Records(records) = decision else { return Vec::new() };
    let Some(Event::Refused(refusal)) = records.first().map(|r| &r.event) else { return Vec::new() };
    let mut codes: Vec<String> = refusal.hits.iter().map(|h| h.rule.clone()).collect();
    codes.dedup();
    codes
}

/// Whether a decision took effect: records that neither refuse nor wait for review.
pub fn took_effect(decision: &Decision) -> bool {
    let Decision::Records(records) = decision else { return false };
    !matches!(records.first().map(|r| &r.event), None | Some(Event::Refused(_) | Event::Submitted { .. }))
}
