//! Proving figures under a checkpoint: a balance, or everything that left a source in a period. A file holds the sums that the newest
//! Totals record commits, of the keys in question with the neighbours that show them whole, and every record after it
//! (docs/decisions/0036-figures-are-proven-by-sums-and-the-records-after-them.md).

use std::collections::BTreeSet;

use ledger::State;
use ledger::state::SumKey;
use ledger::totals::Totalled;
use proof::{Digest, Tree};
use record::evidence::{BalanceScope, OutflowScope, Proven, Scope, Sums, Tail};
use record::kinds::Element;
use record::{Event, Sequence, hash};

use crate::book::Book;
use crate::error::EngineError;
use crate::evidence::{Chunks, ExportError, Moment, Outgoing, Rows, Stored, Walk, corrupt, header, unwritten};
use crate::replay::confirmed_snapshot;
use crate::store::Store;

/// What is to be proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Figure {
    /// A balance.
    Balance(BalanceScope),
    /// Outflows.
    Outflows(OutflowScope),
}

impl Figure {
    fn known_at(&self) -> Sequence {
        match self {
            Figure::Balance(scope) => scope.known_at,
            Figure::Outflows(scope) => scope.known_at,
        }
    }

    fn scope(&self) -> Scope {
        match self {
            Figure::Balance(scope) => Scope::Balance(scope.clone()),
            Figure::Outflows(scope) => Scope::Outflows(scope.clone()),
        }
    }

    /// The beginnings of keys whose sums it is made of.
    fn prefixes(&self, state: &State) -> Vec<Vec<u32>> {
        match self {
            Figure::Balance(scope) => {
                let all = [u32::from(scope.account), u32::from(scope.source), scope.grant, scope.holder];
                let depth = all.iter().position(|part| *part == 0).unwrap_or(all.len());
                vec![all.iter().take(depth).copied().collect()]
            }
            Figure::Outflows(scope) => {
                let assets = state.accounts.iter().filter(|(_, account)| account.element == Element::Asset);
                assets.map(|(no, _)| vec![no, u32::from(scope.source)]).collect()
            }
        }
    }
}

/// The newest Totals record that a figure may start from.
struct Start {
    sequence: Sequence,
    at: Sequence,
    entries: u64,
    root: Digest,
}

/// Where the definitions of what a figure names are looked for: ordinals that the opening does not give.
#[derive(Debug, Default)]
struct Wanted {
    accounts: BTreeSet<u32>,
    grant: u32,
    holder: u32,
}

impl Wanted {
    fn of(figure: &Figure, state: &State, opening: &Event) -> Wanted {
        let Event::BookCreated(created) = opening else { return Wanted::default() };
        let later = |no: u32, given: usize| if no as usize > given { no } else { 0 };
        let (accounts, orgs) = (created.preset.accounts.len(), created.preset.organizations.len() + 1);
        match figure {
            Figure::Balance(scope) => Wanted {
                accounts: BTreeSet::from([later(u32::from(scope.account), accounts)]),
                grant: scope.grant,
                holder: later(scope.holder, orgs),
            },
            // Every account is shown for what it is, so that none that takes outflows is passed over.
            Figure::Outflows(_) => Wanted {
                accounts: state.accounts.iter().map(|(no, _)| later(no, accounts)).collect(),
                ..Wanted::default()
            },
        }
        .without_zero()
    }

    fn without_zero(mut self) -> Wanted {
        self.accounts.remove(&0);
        self
    }

    fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.grant == 0 && self.holder == 0
    }

    /// Whether a record defines something wanted, which then is so no more.
    fn takes(&mut self, event: &Event) -> bool {
        let found = |wanted: &mut u32, no: u32| {
            let is = *wanted != 0 && *wanted == no;
            *wanted = if is { 0 } else { *wanted };
            is
        };
        match event {
            Event::AccountDefined { no, .. } => self.accounts.remove(&u32::from(*no)),
            Event::GrantOpened(grant) => found(&mut self.grant, grant.no),
            Event::BatchSubmitted { no, .. } => found(&mut self.grant, *no),
            Event::OrganizationRegistered { no, .. } => found(&mut self.holder, *no),
            _ => false,
        }
    }
}

impl<S: Store> Book<S> {
    /// The moment of a figure: the checkpoint of `size`; with 0 the newest that meets the quorum, if it holds `known_at`, else the newest.
    pub async fn moment_holding(&self, size: Sequence, known_at: Sequence) -> Result<Moment, EngineError> {
        let moment = self.moment_of_part(size).await?;
        if size > 0 || moment.size >= known_at || moment.notes.is_empty() {
            return Ok(moment);
        }
        let newest = self.checkpoint(0, false).await?;
        self.moment_of_part(newest.checkpoint.size).await
    }

    /// Writes the file that proves a figure at a moment, which holds the records that the figure is known at.
    pub async fn prove_figure(&self, figure: &Figure, moment: &Moment, chunks: &Chunks) -> Result<(), ExportError> {
        let rows = Stored(&**self.store(), self.code());
        let known_at = figure.known_at();
        let start = self.start(&rows, known_at, moment.size).await?;
        let mut proven = self.definitions(&rows, figure, moment.size).await?;
        proven.extend(start.as_ref().map(|start| start.sequence));
        let header = header(self.code(), figure.scope(), moment);
        let mut out = Outgoing::begin(&header, &moment.notes, chunks)?;
        for at in proven {
            let (body, proof) = self.included(at, (moment.size, &moment.root)).await?;
            out.writer.proven(&Proven { sequence: at, body, proof }).map_err(unwritten)?;
        }
        out.flow().await?;
        if let Some(start) = &start {
            self.write_sums(&rows, figure, start, &mut out).await?;
        }
        let after = start.as_ref().map_or(0, |start| start.at);
        self.write_tail(&rows, (after, known_at), moment, &mut out).await?;
        out.finish().await
    }

    /// The newest Totals record of sums up to a record.
    async fn start(
        &self,
        rows: &Stored<'_, S>,
        known_at: Sequence,
        size: Sequence,
    ) -> Result<Option<Start>, ExportError> {
        // One stands at most two records behind what it commits, and so many apart; other settings may have held before.
        let mut reach = self.shared().options.records_per_totals.saturating_add(2);
        loop {
            let from = known_at.saturating_sub(reach).max(1);
            let mut walk = Walk::new(rows, from, known_at.saturating_add(2).min(size));
            let mut newest = None;
            loop {
                let passing = walk.more().await?;
                if passing.is_empty() {
                    break;
                }
                for (sequence, body, _) in &passing {
                    if let Event::Totals { at, entries, root } = decoded(*sequence, body)?.event
                        && at <= known_at
                    {
                        newest = Some(Start { sequence: *sequence, at, entries, root });
                    }
                }
            }
            if newest.is_some() || from == 1 {
                return Ok(newest);
            }
            reach = reach.saturating_mul(4);
        }
    }

    /// Records that define what the figure names: the first, and those that came later.
    async fn definitions(
        &self,
        rows: &Stored<'_, S>,
        figure: &Figure,
        size: Sequence,
    ) -> Result<BTreeSet<Sequence>, ExportError> {
        let first = rows.rows(1, 1).await?.into_iter().next().and_then(|row| row.bodies.into_iter().next());
        let first = decoded(1, &first.ok_or_else(|| corrupt("record 1 is missing".to_owned()))?)?;
        let mut wanted = self.read(|state| Wanted::of(figure, state, &first.event))?;
        let mut found = BTreeSet::from([1]);
        let mut walk = Walk::new(rows, 2, size);
        while !wanted.is_empty() {
            let passing = walk.more().await?;
            if passing.is_empty() {
                break;
            }
            for (sequence, body, _) in &passing {
                if wanted.takes(&decoded(*sequence, body)?.event) {
                    found.insert(*sequence);
                }
            }
        }
        // Accounts that were defined after the checkpoint took nothing before it.
        if wanted.grant != 0 || wanted.holder != 0 {
            return Err(ledger::evidence::NoPart::NotFound.into());
        }
        Ok(found)
    }

    /// The sums that a Totals record commits, in order.
    async fn sums(&self, rows: &Stored<'_, S>, start: &Start) -> Result<Vec<(SumKey, Vec<u8>)>, ExportError> {
        let head = self.head()?;
        let saved = confirmed_snapshot(&**self.store(), self.code(), &head).await?;
        let saved = saved.filter(|(position, _)| position.state.sequence <= start.at);
        let begin = saved
            .map_or((0, Totalled::default()), |(position, _)| (position.state.sequence, Totalled::of(&position.state)));
        // A snapshot is only a shortcut: the log alone decides.
        for (from, mut sums) in [begin, (0, Totalled::default())] {
            let mut walk = Walk::new(rows, from.saturating_add(1), start.at);
            loop {
                let passing = walk.more().await?;
                if passing.is_empty() {
                    break;
                }
                for (sequence, body, _) in &passing {
                    sums.take(&decoded(*sequence, body)?);
                }
            }
            let entries = sums.entries();
            let mut tree = Tree::empty();
            entries.iter().for_each(|(_, entry)| tree.push(hash::leaf_hash(entry)));
            if (tree.size(), tree.root()) == (start.entries, start.root) {
                return Ok(entries);
            }
        }
        Err(corrupt(format!("the Totals record {} does not commit the sums of the log", start.sequence)))
    }

    async fn write_sums(
        &self,
        rows: &Stored<'_, S>,
        figure: &Figure,
        start: &Start,
        out: &mut Outgoing<'_>,
    ) -> Result<(), ExportError> {
        let entries = self.sums(rows, start).await?;
        let prefixes = self.read(|state| figure.prefixes(state))?;
        let mut spans: Vec<(usize, usize)> = prefixes.iter().filter_map(|prefix| span(&entries, prefix)).collect();
        if let (Figure::Outflows(_), Some(last)) = (figure, entries.len().checked_sub(1)) {
            // The last entry shows that no further account has any.
            spans.push((last, entries.len()));
        }
        let leaves: Vec<Digest> = entries.iter().map(|(_, entry)| hash::leaf_hash(entry)).collect();
        for (from, to) in joined(spans) {
            let mut before = Tree::empty();
            leaves.iter().take(from).for_each(|leaf| before.push(*leaf));
            let (first, end) = (from as u64, to as u64);
            let bridge = proof::consistency_proof(&leaves, end, start.entries)?;
            let sums = Sums { first, count: end.saturating_sub(first), edge: before.edge().to_vec(), bridge };
            out.writer.sums(&sums).map_err(unwritten)?;
            for (_, entry) in entries.iter().skip(from).take(to.saturating_sub(from)) {
                out.writer.entry(entry).map_err(unwritten)?;
                out.flow().await?;
            }
        }
        Ok(())
    }

    /// The records after the Totals record's sums, up to the one that the figure is known at.
    async fn write_tail(
        &self,
        rows: &Stored<'_, S>,
        (after, to): (Sequence, Sequence),
        moment: &Moment,
        out: &mut Outgoing<'_>,
    ) -> Result<(), ExportError> {
        let edge = self.made(moment.size, |node| proof::edge_from(after, node)).await?;
        let bridge = self.made(moment.size, |node| proof::consistency_proof_from(to, moment.size, node)).await?;
        let mut tree = Tree::from_edge(after, edge.clone())?;
        out.writer.tail(&Tail { after, to, edge, bridge: bridge.clone() }).map_err(unwritten)?;
        let mut walk = Walk::new(rows, after.saturating_add(1), to);
        loop {
            let passing = walk.more().await?;
            if passing.is_empty() {
                break;
            }
            for (_, body, leaf) in &passing {
                tree.push(*leaf);
                out.writer.record(body).map_err(unwritten)?;
                out.flow().await?;
            }
        }
        Ok(proof::verify_consistency(to, moment.size, &bridge, &tree.root(), &moment.root)?)
    }
}

fn decoded(sequence: Sequence, body: &[u8]) -> Result<record::Record, ExportError> {
    record::decode(body).map_err(|error| corrupt(format!("record {sequence}: {error}")))
}

/// The entries whose keys begin so, with a neighbour on each side, which shows that there are no others; none of no entries.
fn span(entries: &[(SumKey, Vec<u8>)], prefix: &[u32]) -> Option<(usize, usize)> {
    let begins = |key: &SumKey| {
        let all = [u32::from(key.account), u32::from(key.source), key.grant, key.holder];
        all.iter().take(prefix.len()).copied().collect::<Vec<u32>>()
    };
    let from = entries.partition_point(|(key, _)| begins(key).as_slice() < prefix);
    let to = entries.partition_point(|(key, _)| begins(key).as_slice() <= prefix);
    (!entries.is_empty()).then(|| (from.saturating_sub(1), to.saturating_add(1).min(entries.len())))
}

/// Spans in order, with those that meet made one.
fn joined(mut spans: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    spans.sort_unstable();
    let mut joined: Vec<(usize, usize)> = Vec::new();
    for (from, to) in spans {
        match joined.last_mut() {
            Some((_, end)) if from <= *end => *end = to.max(*end),
            _ => joined.push((from, to)),
        }
    }
    joined
}
