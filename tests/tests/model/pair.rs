//! A book twice: the ledger's state and the model's lists, asked the same things and compared after each. Here the two are driven; what
//! is compared stands in `compare`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use ledger::rows::{FactHash, FactRow};
use ledger::{Ask, Caller, Decision, Facts, Outcome, Receipt, State, decide, facts, project};
use record::kinds::{Template, VoucherKind};
use record::{Command, Day, Record, Voucher, VoucherRef};
use testkit::model::{Model, Verdict};

use super::compare;

pub const BOOK: &str = "GD2018";

/// One thing asked, as it can be asked again.
#[derive(Clone, Debug)]
pub struct Step {
    pub person: String,
    pub request: String,
    pub command: Command,
    pub now: i64,
    /// Sequence under which it was submitted; 0 if it was not.
    pub submitted: u64,
}

/// How often each thing was said.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    pub verdicts: BTreeMap<&'static str, u64>,
    pub rules: BTreeMap<String, u64>,
    /// Vouchers posted, by template; corrections in blue by their kind.
    pub templates: BTreeMap<&'static str, u64>,
}

/// The ledger and the model of one book.
#[derive(Clone, Default)]
pub struct Pair {
    pub state: State,
    pub model: Model,
    facts: HashMap<FactHash, FactRow>,
    log: Vec<Arc<Record>>,
    receipts: HashMap<String, Receipt>,
    /// Which command posted a voucher of money.
    pub origin: HashMap<VoucherRef, Command>,
    /// Everything asked before it was marked last.
    pub before: Vec<Step>,
    /// Everything asked since the pair was made or marked.
    pub steps: Vec<Step>,
    pub counts: Counts,
    /// The clock, microseconds.
    pub now: i64,
    serial: u64,
}

impl Pair {
    /// The day in Shanghai.
    pub fn today(&self) -> Day {
        Day::of_instant(self.now)
    }

    /// Sets the clock to noon of a day.
    pub fn set_day(&mut self, day: Day) {
        self.now = self.now.max(i64::from(day.0) * 86_400_000_000 + 4 * 3_600_000_000);
    }

    /// A number never given before.
    pub fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Every voucher of the log.
    pub fn vouchers(&self) -> impl Iterator<Item = &Voucher> {
        self.log.iter().filter_map(|r| match &r.event {
            record::Event::VoucherPosted(p) => Some(&p.voucher),
            record::Event::ReceiptPosted(p) => Some(&p.voucher),
            _ => None,
        })
    }

    /// Every record of the log.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.log.iter().map(|record| &**record)
    }

    /// What the auditor's second implementation says of the log.
    pub fn verified(&self) -> verify::Report {
        let mut verifier = verify::Verifier::new([]);
        self.log.iter().for_each(|record| verifier.body(&record::encode(record)));
        verifier.finish(None)
    }

    /// Asks under a new request id.
    pub fn ask(&mut self, person: &str, command: Command) -> Result<Verdict, String> {
        let request = format!("r-{}", self.serial());
        self.ask_as(person, &request, command)
    }

    /// Asks both, compares, and folds what came of it. The error says how they differ.
    pub fn ask_as(&mut self, person: &str, request: &str, command: Command) -> Result<Verdict, String> {
        let caller = Caller { person: person.to_owned(), key_id: [0; 8], signature: None };
        let ask = Ask::new(BOOK, caller, request.to_owned(), command);
        let decision = decide(&self.state, &ask, &self.facts_of(&ask), self.now);
        let verdict = self.model.ask(person, request, &ask.command, self.now);
        let mut step = Step {
            person: person.to_owned(),
            request: request.to_owned(),
            command: ask.command,
            now: self.now,
            submitted: 0,
        };
        let said = self.fold(&decision, request)?;
        if let Some(Outcome::Submitted(sequence)) = &said {
            step.submitted = *sequence;
            if verdict == Verdict::Submitted {
                self.model.number_submission(*sequence);
            }
        }
        self.steps.push(step);
        compare::verdict(self, &decision, said.as_ref(), &verdict)?;
        if matches!(verdict, Verdict::Replay) && Some(decision) != self.receipts.get(request).cloned().map(replay) {
            return Err("a replay with another receipt than the first answer's".into());
        }
        if let Verdict::Accepted(papers) = &verdict
            && !papers.is_empty()
        {
            compare::invariants(self)?;
            self.remember(papers);
        }
        self.count(&verdict);
        Ok(verdict)
    }

    fn facts_of(&self, ask: &Ask) -> Facts {
        let mut found = Facts::default();
        for key in facts::needs(&self.state, ask) {
            self.facts.get(&key).into_iter().for_each(|row| found.add(*row));
        }
        for reference in found.wanted_vouchers(&self.state, ask) {
            let posts = |record: &&Arc<Record>| ledger::voucher_of(record).is_some_and(|v| v.reference == reference);
            self.log.iter().find(posts).into_iter().for_each(|r| found.add_voucher(reference, r.sequence));
        }
        loop {
            let wanted = found.wanted_records(&self.state, ask);
            for sequence in &wanted {
                let place = usize::try_from(*sequence).ok().and_then(|n| n.checked_sub(1));
                let record = place.and_then(|place| self.log.get(place)).expect("facts name records");
                found.add_original((**record).clone());
            }
            if wanted.is_empty() {
                return found;
            }
        }
    }

    /// Appends the records of a decision, as an engine would.
    fn fold(&mut self, decision: &Decision, request: &str) -> Result<Option<Outcome>, String> {
        let Decision::Records(records) = decision else { return Ok(None) };
        let leaves: Vec<_> = records.iter().map(|r| record::hash::leaf_hash(&record::encode(r))).collect();
        records.iter().for_each(|record| self.state.apply(record));
        let rows = project(&self.state, records).map_err(|e| e.to_string())?;
        self.facts.extend(rows.facts.into_iter().map(|row| (row.key, row)));
        self.log.extend(records.iter().cloned().map(Arc::new));
        let leaf = *leaves.last().ok_or("a decision without records")?;
        let receipt = Receipt::of(BOOK, records, leaf).ok_or("no receipt")?;
        self.receipts.insert(request.to_owned(), receipt.clone());
        Ok(Some(receipt.outcome))
    }

    /// Keeps which command posted what, so that corrections can be made of it.
    fn remember(&mut self, papers: &[testkit::model::Paper]) {
        let Some(step) = self.steps.last() else { return };
        let command = match &step.command {
            Command::ReviewCommand(review) => {
                let submitted = self.steps.iter().find(|s| s.submitted == review.submission);
                submitted.map(|s| s.command.clone())
            }
            command => Some(command.clone()),
        };
        let command = match command {
            Some(Command::CorrectVoucher(c)) => Some(*c.replacement),
            other => other,
        };
        for paper in papers.iter().filter(|p| !p.is_red()) {
            self.origin.extend(command.clone().map(|c| (paper.reference, c)));
        }
    }

    fn count(&mut self, verdict: &Verdict) {
        let name = match verdict {
            Verdict::Accepted(_) => "accepted",
            Verdict::Submitted => "submitted",
            Verdict::Rejected => "rejected by the reviewer",
            Verdict::Refused(_) => "refused",
            Verdict::Malformed(_) => "malformed",
            Verdict::Denied => "denied",
            Verdict::Replay => "replayed",
            Verdict::KeyReused => "key reused",
        };
        *self.counts.verdicts.entry(name).or_default() += 1;
        if let Verdict::Accepted(papers) = verdict {
            for paper in papers {
                let blue = paper.kind == VoucherKind::BlueCorrection && paper.template != Template::T23;
                let template = if blue { paper.kind.code() } else { paper.template.code() };
                *self.counts.templates.entry(template).or_default() += 1;
            }
        }
        let codes: BTreeSet<&str> = match verdict {
            Verdict::Refused(rules) => rules.clone(),
            Verdict::Malformed(faults) => faults.iter().map(|(_, code)| *code).collect(),
            _ => BTreeSet::new(),
        };
        for code in codes {
            *self.counts.rules.entry(code.to_owned()).or_default() += 1;
        }
    }

    /// Forgets steps and counts: what follows is what is looked at.
    pub fn mark(&mut self) {
        self.before.append(&mut self.steps);
        self.counts = Counts::default();
    }
}

fn replay(receipt: Receipt) -> Decision {
    Decision::Replay(Box::new(receipt))
}
