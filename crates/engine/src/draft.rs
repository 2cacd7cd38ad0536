//! A batch in the making: the records decided so far, their facts, and the answers that wait for its commit.

use std::collections::BTreeMap;

use ledger::rows::{FactHash, FactRow};
use ledger::{Outcome, voucher_of};
use record::{Digest, Record, Sequence, VoucherRef};

use crate::book::Answer;
use crate::error::EngineError;
use crate::facts::FactMap;
use crate::metrics::{Came, Metrics};
use crate::position::Sealed;
use crate::projector::Followed;
use crate::queue::Reply;
use crate::store::{Batch, Head};

/// What a caller will hear.
pub(crate) type Verdict = Result<Answer, EngineError>;

/// A batch in the making.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    records: Vec<Record>,
    bodies: Vec<Vec<u8>>,
    leaves: Vec<Digest>,
    bytes: usize,
    /// Decided and not committed, in log order.
    facts: Vec<FactRow>,
    /// Place in `facts` by key.
    places: FactMap<usize>,
    answers: Vec<(Reply, Verdict)>,
}

impl Draft {
    /// An empty one with room for so many commands of the usual kind: a record and two facts.
    pub fn for_commands(count: usize) -> Draft {
        Draft {
            records: Vec::with_capacity(count),
            bodies: Vec::with_capacity(count),
            leaves: Vec::with_capacity(count),
            facts: Vec::with_capacity(count * 2),
            places: FactMap::with_capacity_and_hasher(count * 2, Default::default()),
            answers: Vec::with_capacity(count),
            bytes: 0,
        }
    }

    /// Adds a command's records with the facts that they make.
    pub fn add(&mut self, sealed: Sealed, facts: Vec<FactRow>) {
        self.bytes += sealed.bytes();
        self.records.extend(sealed.records);
        self.bodies.extend(sealed.bodies);
        self.leaves.extend(sealed.leaves);
        for (place, fact) in (self.facts.len()..).zip(&facts) {
            self.places.insert(fact.key, place);
        }
        self.facts.extend(facts);
    }

    /// Notes what a caller will hear once the batch is committed. Also verdicts that record nothing wait for it: they were judged on
    /// what is not committed yet.
    pub fn answer(&mut self, reply: Reply, verdict: Verdict) {
        self.answers.push((reply, verdict));
    }

    /// Commands judged.
    pub fn commands(&self) -> usize {
        self.answers.len()
    }

    /// Whether a command of so many bytes still fits; the first one always does.
    pub fn has_room(&self, bytes: usize, limit: usize) -> bool {
        self.records.is_empty() || self.bytes.saturating_add(bytes) <= limit
    }

    /// Its records.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Its records with their leaf hashes.
    pub fn leaves(&self) -> impl Iterator<Item = (&Record, Digest)> {
        self.records.iter().zip(self.leaves.iter().copied())
    }

    /// The record at a sequence, if it is among them.
    pub fn record(&self, sequence: Sequence) -> Option<&Record> {
        let first = self.records.first()?.sequence;
        self.records.get(usize::try_from(sequence.checked_sub(first)?).ok()?)
    }

    /// The record that posts a voucher, if one of its commands does. Only reversals ask, so it is looked for.
    pub fn voucher(&self, reference: VoucherRef) -> Option<Sequence> {
        let posts = |record: &&Record| voucher_of(record).is_some_and(|voucher| voucher.reference == reference);
        self.records.iter().find(posts).map(|record| record.sequence)
    }

    /// Its facts, in log order.
    pub fn facts(&self) -> &[FactRow] {
        &self.facts
    }

    /// The fact under a key, if one of its commands made it.
    pub fn fact(&self, key: &FactHash) -> Option<&FactRow> {
        self.places.get(key).and_then(|place| self.facts.get(*place))
    }

    /// The batch to append; takes the bodies out. None without records.
    pub fn batch(&mut self, after: Head) -> Option<Batch> {
        let first = self.records.first()?.sequence;
        Some(Batch { first, bodies: std::mem::take(&mut self.bodies), leaves: self.leaves.clone(), after })
    }

    /// Takes out the records, for the projector, which ends with this one.
    pub fn followed(&mut self, last: Sequence) -> Followed {
        let (records, facts) = (std::mem::take(&mut self.records), std::mem::take(&mut self.facts));
        Followed { first: records.first().map_or(0, |record| record.sequence), last, records, facts }
    }

    /// Tells every caller the verdict.
    pub fn tell(self, metrics: &Metrics) {
        let mut counts = BTreeMap::new();
        for (reply, verdict) in self.answers {
            *counts.entry(came(&verdict)).or_insert(0) += 1;
            reply.send(verdict);
        }
        counts.into_iter().for_each(|(came, count)| metrics.commands(came, count));
    }

    /// Tells every caller that nothing was recorded.
    pub fn fail(self, error: &EngineError) {
        for (reply, _) in self.answers {
            reply.send(Err(error.clone()));
        }
    }
}

/// How a verdict is counted.
fn came(verdict: &Verdict) -> Came {
    match verdict {
        Ok(answer) if answer.replayed => Came::Replayed,
        Ok(answer) if matches!(answer.receipt.outcome, Outcome::Refused(_)) => Came::Refused,
        Ok(_) => Came::Accepted,
        Err(EngineError::Store(_)) => Came::Unavailable,
        Err(_) => Came::Unrecorded,
    }
}
