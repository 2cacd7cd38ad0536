//! Gathering facts: from the batch in the making, the tail and, where the key filter sees a possible hit, the views. The rule that
//! makes it safe: what was read from the views is used only with a tail that was not trimmed past that read.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use ledger::rows::{FactHash, FactRow};
use ledger::{Ask, Facts, State};
use record::{Record, Sequence, VoucherRef};

use crate::committed::Committed;
use crate::draft::Draft;
use crate::error::EngineError;
use crate::store::{Store, StoreError};

/// A map by names of facts.
pub(crate) type FactMap<V> = HashMap<FactHash, V, BuildHasherDefault<NameHasher>>;

/// Takes the name of a fact as its own hash: it is half a SHA-256 already.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NameHasher(u64);

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.first_chunk().map_or(self.0, |first| u64::from_le_bytes(*first));
    }

    /// The length of a name, which is the same for all.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What a decision is made on.
pub(crate) struct Sight<'a> {
    /// The state to judge on.
    pub state: &'a State,
    /// Filter and tail.
    pub committed: &'a Committed,
    /// What was decided and is not committed yet: the batch on its way, and the one in the making.
    drafts: [Option<&'a Draft>; 2],
}

/// What is known of a key without asking the views.
enum Known {
    /// A record that is not in the views yet, or need not be looked for there, makes it.
    Made(FactRow),
    /// Nothing makes it.
    Absent,
    /// Only the views can tell.
    Open,
}

impl<'a> Sight<'a> {
    /// What a decision is made on.
    pub fn new(state: &'a State, committed: &'a Committed, drafts: [Option<&'a Draft>; 2]) -> Sight<'a> {
        Sight { state, committed, drafts }
    }

    /// What one of the drafts, the older one first, has.
    fn drafted<R>(&self, look: impl Fn(&'a Draft) -> Option<R>) -> Option<R> {
        self.drafts.iter().flatten().find_map(|draft| look(draft))
    }

    /// What batch, filter and tail say of a key. The filter is asked before the tail, which it covers: it is far smaller, and nearly
    /// every key is new.
    fn known(&self, key: &FactHash) -> Known {
        if let Some(row) = self.drafted(|draft| draft.fact(key)) {
            return Known::Made(*row);
        }
        if !self.committed.filter.may_hold(key) {
            return Known::Absent;
        }
        self.committed.tail.get(key).map_or(Known::Open, Known::Made)
    }

    /// The place of a voucher that the views need not be asked for.
    fn voucher(&self, reference: VoucherRef) -> Option<Sequence> {
        self.drafted(|draft| draft.voucher(reference)).or_else(|| self.committed.tail.voucher(reference))
    }
}

/// What must be read from the store before a decision.
#[derive(Debug, Default)]
pub(crate) struct Missing {
    pub keys: Vec<FactHash>,
    pub vouchers: Vec<VoucherRef>,
    pub records: Vec<Sequence>,
}

impl Missing {
    /// Adds what another decision misses.
    pub fn merge(&mut self, other: Missing) {
        self.keys.extend(other.keys);
        self.vouchers.extend(other.vouchers);
        self.records.extend(other.records);
    }

    /// Each thing once. Done for a whole batch at once: sorting at each of its commands takes time in the square of their number.
    fn once(mut self) -> Missing {
        self.keys.sort_unstable();
        self.keys.dedup();
        self.vouchers.sort_unstable();
        self.vouchers.dedup();
        self.records.sort_unstable();
        self.records.dedup();
        self
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.vouchers.is_empty() && self.records.is_empty()
    }
}

/// What was read from the store for the decisions of one batch.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    asked: HashSet<FactHash, BuildHasherDefault<NameHasher>>,
    found: FactMap<FactRow>,
    vouchers: HashMap<VoucherRef, Sequence>,
    originals: HashMap<Sequence, Record>,
    /// Lowest sequence that the views had reached at these reads.
    reached: Option<Sequence>,
}

impl Gathered {
    /// The fact under a key, if there is one; an error where only the views can tell and were not asked.
    fn look_up(&self, sight: &Sight<'_>, key: &FactHash) -> Result<Option<FactRow>, ()> {
        match sight.known(key) {
            Known::Made(row) => Ok(Some(row)),
            Known::Absent => Ok(None),
            Known::Open if self.asked.contains(key) => Ok(self.found.get(key).copied()),
            Known::Open => Err(()),
        }
    }

    /// The facts that a decision on `ask` needs, or what is still missing. `keys` are its [`ledger::facts::needs`].
    pub fn resolve<'k>(
        &mut self,
        sight: &Sight<'_>,
        ask: &Ask,
        keys: impl Iterator<Item = &'k FactHash>,
    ) -> Result<Facts, Missing> {
        if self.reached.is_some_and(|reached| reached < sight.committed.tail.trimmed_to()) {
            // The tail moved on since the read; what it forgot may be what the read did not see.
            *self = Gathered::default();
        }
        let mut facts = Facts::default();
        let mut missing = Missing::default();
        for key in keys {
            match self.look_up(sight, key) {
                Ok(row) => row.into_iter().for_each(|row| facts.add(row)),
                Err(()) => missing.keys.push(*key),
            }
        }
        for reference in facts.wanted_vouchers(sight.state, ask) {
            match sight.voucher(reference).or_else(|| self.vouchers.get(&reference).copied()) {
                Some(sequence) => facts.add_voucher(reference, sequence),
                None => missing.vouchers.push(reference),
            }
        }
        loop {
            let wanted = facts.wanted_records(sight.state, ask);
            for sequence in &wanted {
                let uncommitted = sight.drafted(|draft| draft.record(*sequence));
                match uncommitted.or_else(|| self.originals.get(sequence)) {
                    Some(record) => facts.add_original(record.clone()),
                    None => missing.records.push(*sequence),
                }
            }
            // Which persons are asked about may stand in records.
            let keys = if missing.is_empty() { facts.wanted_keys(sight.state, ask) } else { Vec::new() };
            for key in &keys {
                match self.look_up(sight, key) {
                    Ok(row) => row.into_iter().for_each(|row| facts.add(row)),
                    Err(()) => missing.keys.push(*key),
                }
                facts.look(*key);
            }
            if (wanted.is_empty() && keys.is_empty()) || !missing.is_empty() {
                break;
            }
        }
        if missing.is_empty() { Ok(facts) } else { Err(missing) }
    }

    /// Reads what is missing: the keys in one query, the vouchers each, the records in one.
    pub async fn fetch<S: Store>(&mut self, store: &S, book: &str, missing: Missing) -> Result<(), EngineError> {
        let missing = missing.once();
        if !missing.keys.is_empty() {
            let read = store.facts(book, &missing.keys).await?;
            self.reached = Some(self.reached.map_or(read.reached, |reached| reached.min(read.reached)));
            self.asked.extend(missing.keys);
            self.found.extend(read.found.into_iter().map(|row| (row.key, row)));
        }
        for reference in missing.vouchers {
            // Views that are being rebuilt may not have it again yet; then it stays missing.
            let row = store.voucher(book, &reference).await?;
            self.vouchers.extend(row.map(|row| (reference, row.sequence)));
        }
        if !missing.records.is_empty() {
            let records = read_records(store, book, &missing.records).await?;
            self.originals.extend(records.into_iter().map(|record| (record.sequence, record)));
        }
        Ok(())
    }
}

/// Records that facts name.
pub(crate) async fn read_records<S: Store>(
    store: &S,
    book: &str,
    sequences: &[Sequence],
) -> Result<Vec<Record>, StoreError> {
    let bodies = store.records(book, sequences).await?;
    let decoded = sequences.iter().zip(bodies).map(|(sequence, body)| {
        let record = body.and_then(|body| record::decode(&body).ok()).filter(|record| record.sequence == *sequence);
        record
            .ok_or_else(|| StoreError::Corrupt(format!("a fact names record {sequence}, which the log does not hold")))
    });
    decoded.collect()
}
