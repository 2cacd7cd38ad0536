//! The proof of a figure: a balance, or what left a source in a period. It is added up from the sums that a Totals record commits, shown
//! whole by their neighbours, and from every record after it, up to the one that the figure is known at. That the Totals record itself was
//! made rightly is judged where a whole book is (`verifier`); here it is the log's word, under the checkpoint that the committee cosigned.

use std::collections::BTreeMap;

use proof::Tree;
use record::evidence::{BalanceScope, Frame, Header, OutflowScope, Scope, Sums, Tail};
use record::kinds::Element;
use record::{Day, Digest, Event, Fen, Record, Sequence, hash};

use crate::book::{Key, Sum};
use crate::fault::Code;
use crate::judge::voucher_in;
use crate::report::Report;

/// What was proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Whether it is about outflows; else about a balance.
    pub outflows: bool,
    /// Code of the account; empty for all asset accounts.
    pub account: String,
    /// Code of the source; empty all.
    pub source: String,
    /// Code of the grant; empty all.
    pub grant: String,
    /// Code of the holder; empty all.
    pub holder: String,
    /// First voucher date; none from the first on.
    pub from: Option<Day>,
    /// Last voucher date; none to the last.
    pub to: Option<Day>,
    /// Uses that the outflows are said to lie within, by code.
    pub uses: Vec<String>,
    /// As known after this many records.
    pub known_at: Sequence,
    /// Records that the Totals record before it commits; 0 where there is none.
    pub totals_at: Sequence,
    /// The sums, by use (empty: none).
    pub rows: Vec<FigureRow>,
}

/// Sums of one use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureRow {
    /// Code of the use; empty for lines without one.
    pub use_code: String,
    /// Debit total in fen.
    pub debit: Fen,
    /// Credit total in fen.
    pub credit: Fen,
    /// Heads: debit lines less credit lines.
    pub heads: i64,
}

impl Figure {
    /// Debit less credit.
    pub fn balance(&self) -> Fen {
        self.rows.iter().fold(0, |sum: Fen, row| sum.saturating_add(row.debit).saturating_sub(row.credit))
    }
}

enum Asked {
    Balance(BalanceScope),
    Outflows(OutflowScope),
}

/// The Totals record.
struct Committed {
    at: Sequence,
    entries: u64,
    root: Digest,
}

/// A run of its entries, as far as it was read.
struct Run {
    said: Sums,
    tree: Option<Tree>,
    first: Option<Key>,
    last: Option<Key>,
}

impl Run {
    fn end(&self) -> u64 {
        self.said.first.saturating_add(self.said.count)
    }

    fn left(&self) -> u64 {
        self.end().saturating_sub(self.tree.as_ref().map_or(0, Tree::size))
    }
}

/// The records after it, as far as they were read.
struct Records {
    said: Tail,
    tree: Option<Tree>,
}

/// A proof that is being read.
pub(crate) struct FigureOf {
    asked: Asked,
    size: Sequence,
    root: Digest,
    totals: Option<Committed>,
    runs: Vec<Run>,
    records: Option<Records>,
    /// By ordinal: code, and whether it is an asset.
    accounts: BTreeMap<u32, (String, bool)>,
    sources: Vec<String>,
    uses: Vec<String>,
    grants: BTreeMap<u32, String>,
    orgs: BTreeMap<u32, String>,
    sums: BTreeMap<u8, Sum>,
    book: String,
}

impl FigureOf {
    /// The proof that a header announces; none where the file is none.
    pub(crate) fn of(header: &Header) -> Option<FigureOf> {
        let asked = match &header.scope {
            Scope::Balance(scope) => Asked::Balance(scope.clone()),
            Scope::Outflows(scope) => Asked::Outflows(scope.clone()),
            _ => return None,
        };
        Some(FigureOf {
            asked,
            size: header.size,
            root: header.root,
            totals: None,
            runs: Vec::new(),
            records: None,
            accounts: BTreeMap::new(),
            sources: Vec::new(),
            uses: Vec::new(),
            grants: BTreeMap::new(),
            orgs: BTreeMap::new(),
            sums: BTreeMap::new(),
            book: String::new(),
        })
    }

    fn known_at(&self) -> Sequence {
        match &self.asked {
            Asked::Balance(scope) => scope.known_at,
            Asked::Outflows(scope) => scope.known_at,
        }
    }

    /// Takes a record that was proven: the Totals record, or one that tells what an ordinal stands for.
    pub(crate) fn proven(&mut self, record: &Record, report: &mut Report) {
        if let Event::Totals { at, entries, root } = &record.event {
            let before = record.sequence.checked_sub(*at).is_some_and(|behind| (1..=2).contains(&behind));
            if self.totals.is_some()
                || !self.runs.is_empty()
                || self.records.is_some()
                || !before
                || *at > self.known_at()
            {
                report.add(
                    record.sequence,
                    Code::Entries,
                    "one Totals record, of records before it",
                    format!("at {at}"),
                );
                return;
            }
            self.totals = Some(Committed { at: *at, entries: *entries, root: *root });
            return;
        }
        self.name(&record.event);
    }

    fn name(&mut self, event: &Event) {
        match event {
            Event::BookCreated(created) => {
                let preset = &created.preset;
                self.book.clone_from(&created.book);
                for (no, account) in (1u32..).zip(&preset.accounts) {
                    self.accounts.insert(no, (account.code.clone(), account.element == Element::Asset));
                }
                self.sources = preset.sources.iter().map(|source| source.code.clone()).collect();
                self.uses = preset.uses.iter().map(|use_code| use_code.code.clone()).collect();
                let orgs = core::iter::once(&created.organization).chain(&preset.organizations);
                self.orgs.extend((1u32..).zip(orgs.map(|org| org.code.clone())));
            }
            Event::AccountDefined { no, account } => {
                let is = (account.code.clone(), account.element == Element::Asset);
                self.accounts.insert(u32::from(*no), is);
            }
            Event::GrantOpened(grant) => drop(self.grants.insert(grant.no, grant.code.clone())),
            Event::BatchSubmitted { no, batch } => drop(self.grants.insert(*no, batch.code.clone())),
            Event::OrganizationRegistered { no, organization } => {
                self.orgs.insert(*no, organization.code.clone());
            }
            _ => {}
        }
    }

    /// Takes another frame.
    pub(crate) fn take(&mut self, frame: &Frame<'_>, report: &mut Report) {
        match frame {
            Frame::Sums(sums) => self.begin_run(sums, report),
            Frame::Entry(entry) => self.entry(entry, report),
            Frame::Tail(tail) => self.begin_records(tail, report),
            Frame::Record(body) => self.record(body, report),
            Frame::Proven(_) | Frame::Note(_) => {}
        }
    }

    fn begin_run(&mut self, sums: &Sums, report: &mut Report) {
        let entries = self.totals.as_ref().map_or(0, |totals| totals.entries);
        let after = self.runs.last().map_or(0, Run::end);
        let run = Run {
            said: sums.clone(),
            tree: Tree::from_edge(sums.first, sums.edge.clone()).ok(),
            first: None,
            last: self.runs.last().and_then(|run| run.last),
        };
        let in_order = sums.first >= after && sums.count > 0 && run.end() <= entries && run.tree.is_some();
        if !in_order || self.records.is_some() || self.runs.last().is_some_and(|run| run.left() > 0) {
            let found = format!("{} from {} on", sums.count, sums.first);
            report.add(0, Code::Entries, format!("entries {after} to {entries}, run after run"), found);
        }
        self.runs.push(run);
    }

    fn entry(&mut self, entry: &[u8], report: &mut Report) {
        let sequence = self.totals.as_ref().map_or(0, |totals| totals.at);
        let read: Option<(Key, Sum)> =
            borsh::from_slice(entry).ok().filter(|read| borsh::to_vec(read).is_ok_and(|again| again == entry));
        let Some(((key, sum), run)) = read.zip(self.runs.last_mut().filter(|run| run.left() > 0)) else {
            report.add(sequence, Code::Entries, "a canonical entry, of those announced", "another");
            return;
        };
        if run.last.is_some_and(|last| last >= key) {
            report.add(sequence, Code::Entries, "entries in order of their keys", "one out of order");
        }
        run.first = run.first.or(Some(key));
        run.last = Some(key);
        let Some(tree) = &mut run.tree else { return };
        tree.push(hash::leaf_hash(entry));
        let whole = tree.size() == run.said.first.saturating_add(run.said.count);
        let root = tree.root();
        if whole && let Some(totals) = &self.totals {
            let (end, said) = (run.end(), &run.said);
            if let Err(error) = proof::verify_consistency(end, totals.entries, &said.bridge, &root, &totals.root) {
                report.add(sequence, Code::Entries, "entries that the Totals record commits", error.to_string());
            }
        }
        if self.is_asked(&key) {
            let own = self.sums.entry(key.use_code).or_default();
            own.merge(&sum);
        }
    }

    /// Whether sums of a key are part of the figure.
    fn is_asked(&self, key: &Key) -> bool {
        match &self.asked {
            Asked::Balance(scope) => {
                let is = |asked: u32, no: u32| asked == 0 || asked == no;
                key.account == scope.account
                    && is(u32::from(scope.source), u32::from(key.source))
                    && is(scope.grant, key.grant)
                    && is(scope.holder, key.holder)
                    && scope.as_of.is_none_or(|day| key.day <= day)
            }
            Asked::Outflows(scope) => {
                self.accounts.get(&u32::from(key.account)).is_some_and(|(_, asset)| *asset)
                    && key.source == scope.source
                    && (scope.from..=scope.to).contains(&key.day)
            }
        }
    }

    fn begin_records(&mut self, tail: &Tail, report: &mut Report) {
        let after = self.totals.as_ref().map_or(0, |totals| totals.at);
        let tree = Tree::from_edge(tail.after, tail.edge.clone()).ok();
        let right = tail.after == after && tail.to == self.known_at() && tail.to <= self.size && tree.is_some();
        if !right || self.records.is_some() {
            let expected = format!("records after {after} up to {}, once", self.known_at());
            report.add(tail.to, Code::Tail, expected, format!("after {} up to {}", tail.after, tail.to));
        }
        self.records = Some(Records { said: tail.clone(), tree });
    }

    fn record(&mut self, body: &[u8], report: &mut Report) {
        let known_at = self.known_at();
        let Some(Records { tree: Some(tree), said }) = &mut self.records else {
            report.add(0, Code::Tail, "records where they were announced", "a record");
            return;
        };
        tree.push(hash::leaf_hash(body));
        let at = tree.size();
        if at > said.to {
            report.add(at, Code::Tail, format!("records up to {known_at}"), "a further one");
            return;
        }
        report.records = report.records.saturating_add(1);
        let record = match record::decode(body) {
            Ok(record) => record,
            Err(error) => {
                report.add(at, Code::Body, "a canonical record of a known version", error.to_string());
                return;
            }
        };
        if record.sequence != at {
            report.add(at, Code::Sequence, at.to_string(), record.sequence.to_string());
        }
        self.name(&record.event);
        let Some(voucher) = voucher_in(&record.event) else { return };
        report.vouchers = report.vouchers.saturating_add(1);
        for line in &voucher.lines {
            if self.is_asked(&Key::of(line, voucher.date)) {
                self.sums.entry(line.use_code).or_default().add(line);
            }
        }
    }

    /// The proof is at its end: everything that the figure is made of must have come.
    pub(crate) fn close(self, report: &mut Report) {
        self.check_records(report);
        self.check_runs(report);
        if self.book != report.book {
            report.add(1, Code::Lacks, format!("the opening of {}", report.book), format!("{:?}", self.book));
        }
        let figure = self.told(report);
        if let Asked::Outflows(scope) = &self.asked {
            for (use_code, sum) in &self.sums {
                if sum.credit != 0 && !scope.uses.contains(use_code) {
                    let code = self.code(&self.uses, u32::from(*use_code));
                    let found = format!("{} fen for {}", sum.credit, if code.is_empty() { "no use" } else { &code });
                    report.add(scope.known_at, Code::Outflow, figure.uses.join(", "), found);
                }
            }
        }
        report.scope = if figure.outflows { "outflows" } else { "balance" }.to_owned();
        report.figure = Some(figure);
    }

    fn check_records(&self, report: &mut Report) {
        let Some(Records { said, tree: Some(tree) }) = &self.records else {
            report.add(self.known_at(), Code::Tail, "the records after the Totals record", "none");
            return;
        };
        if tree.size() != said.to {
            let expected = format!("records up to {}", said.to);
            report.add(tree.size(), Code::Tail, expected, format!("up to {}", tree.size()));
            return;
        }
        let way = proof::verify_consistency(said.to, self.size, &said.bridge, &tree.root(), &self.root);
        if let Err(error) = way {
            report.add(said.to, Code::Tail, "records that lead to the checkpoint's root", error.to_string());
        }
    }

    fn check_runs(&self, report: &mut Report) {
        let Some(totals) = self.totals.as_ref().filter(|totals| totals.entries > 0) else { return };
        if self.runs.iter().any(|run| run.left() > 0) {
            report.add(totals.at, Code::Entries, "as many entries as announced", "fewer");
        }
        let wanted: Vec<Vec<u32>> = match &self.asked {
            Asked::Balance(scope) => {
                let all = [u32::from(scope.account), u32::from(scope.source), scope.grant, scope.holder];
                let depth = all.iter().position(|part| *part == 0).unwrap_or(all.len());
                vec![all.iter().take(depth).copied().collect()]
            }
            Asked::Outflows(scope) => {
                self.check_accounts(totals, report);
                let assets = self.accounts.iter().filter(|(_, (_, asset))| *asset);
                assets.map(|(no, _)| vec![*no, u32::from(scope.source)]).collect()
            }
        };
        for prefix in wanted {
            if !self.runs.iter().any(|run| covers(run, totals.entries, &prefix)) {
                let expected =
                    format!("every entry of account {}, shown whole by its neighbours", prefix.first().unwrap_or(&0));
                report.add(totals.at, Code::Entries, expected, "some may be missing");
            }
        }
    }

    /// The last entry shows which accounts there are; of each it must be known what it is.
    fn check_accounts(&self, totals: &Committed, report: &mut Report) {
        let last = self.runs.last().filter(|run| run.end() == totals.entries).and_then(|run| run.last);
        let Some(last) = last else {
            report.add(totals.at, Code::Entries, "the last entry, which shows what accounts there are", "none");
            return;
        };
        for no in 1..=u32::from(last.account) {
            if !self.accounts.contains_key(&no) {
                report.add(totals.at, Code::Lacks, format!("account {no}"), "none");
            }
        }
    }

    fn code(&self, list: &[String], no: u32) -> String {
        let place = usize::try_from(no).ok().and_then(|no| no.checked_sub(1));
        place.and_then(|place| list.get(place)).cloned().unwrap_or_default()
    }

    /// The figure in codes. What it names must be told by the records of the file.
    fn told(&self, report: &mut Report) -> Figure {
        let mut known = |code: Option<String>, no: u32, what: &str| {
            let code = code.filter(|code| !code.is_empty());
            if no != 0 && code.is_none() {
                report.add(0, Code::Lacks, format!("{what} {no}"), "none");
            }
            code.filter(|_| no != 0).unwrap_or_default()
        };
        let (outflows, scope) = match &self.asked {
            Asked::Balance(scope) => (None, scope.clone()),
            Asked::Outflows(asked) => {
                let scope = BalanceScope {
                    account: 0,
                    source: asked.source,
                    grant: 0,
                    holder: 0,
                    as_of: Some(asked.to),
                    known_at: asked.known_at,
                };
                (Some(asked), scope)
            }
        };
        let account = u32::from(scope.account);
        let source = u32::from(scope.source);
        let uses = outflows.map_or(&[][..], |asked| &asked.uses).iter();
        let uses: Vec<String> =
            uses.map(|no| known(Some(self.code(&self.uses, u32::from(*no))), u32::from(*no), "use")).collect();
        // What came in is no outflow; what came back under a use is told beside it.
        let sums = self.sums.iter().filter(|(no, sum)| outflows.is_none() || **no != 0 || sum.credit != 0);
        let rows = sums.map(|(no, sum)| FigureRow {
            use_code: self.code(&self.uses, u32::from(*no)),
            debit: sum.debit,
            credit: sum.credit,
            heads: sum.heads,
        });
        Figure {
            outflows: outflows.is_some(),
            account: known(self.accounts.get(&account).map(|(code, _)| code.clone()), account, "account"),
            source: known(Some(self.code(&self.sources, source)), source, "source"),
            grant: known(self.grants.get(&scope.grant).cloned(), scope.grant, "grant"),
            holder: known(self.orgs.get(&scope.holder).cloned(), scope.holder, "organisation"),
            from: outflows.map(|asked| asked.from),
            to: scope.as_of,
            uses,
            known_at: scope.known_at,
            totals_at: self.totals.as_ref().map_or(0, |totals| totals.at),
            rows: rows.collect(),
        }
    }
}

/// Whether a run holds every entry whose key begins so: it begins before the first of them, or at the very first entry, and ends behind
/// the last of them, or at the very last entry.
fn covers(run: &Run, entries: u64, prefix: &[u32]) -> bool {
    let begins = |key: &Key| {
        let all = [u32::from(key.account), u32::from(key.source), key.grant, key.holder];
        all.iter().take(prefix.len()).copied().collect::<Vec<u32>>()
    };
    let (Some(first), Some(last)) = (run.first, run.last) else { return false };
    let before = run.said.first == 0 || begins(&first).as_slice() < prefix;
    let behind = run.end() == entries || begins(&last).as_slice() > prefix;
    before && behind && run.left() == 0
}
