//! The views against the log, in both directions: every row that a record makes must stand as it makes it, and no other may stand. Keys
//! and sums of blocks stand in `sums`, texts made from templates in `text`.

mod sums;
mod text;

use record::event::{Effect, Refused};
use record::kinds::{LedgerKind, Side, Template, VoucherKind};
use record::{Day, Digest, Event, Fen, GrantNo, Line, Record, Sequence, Voucher, VoucherRef, hash};

use crate::fault::Code;
use crate::judge::voucher_in;
use crate::report::Report;

pub use sums::{BalanceRow, Block, Key, KeyRow};

/// A row of the vouchers' view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoucherRow {
    /// Record that holds it.
    pub sequence: Sequence,
    /// Instant of the record, microseconds.
    pub time: i64,
    /// Word, cycle and number.
    pub reference: VoucherRef,
    /// Ledger.
    pub ledger: LedgerKind,
    /// Kind.
    pub kind: VoucherKind,
    /// Template.
    pub template: Template,
    /// Voucher date.
    pub date: Day,
    /// Sum of its debits, fen.
    pub total_fen: Fen,
    /// 摘要, as given or as made from template and fields.
    pub summary: String,
}

/// A row of the lines' view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRow {
    /// Record that holds its voucher.
    pub sequence: Sequence,
    /// Its number, from 1.
    pub line_no: u16,
    /// Voucher date.
    pub date: Day,
    /// Its grant, if it is the first line of its voucher that names it.
    pub leads: Option<GrantNo>,
    /// The line.
    pub line: Line,
}

/// A refusal's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectionRow {
    /// Record that holds it.
    pub sequence: Sequence,
    /// Instant, microseconds.
    pub time: i64,
    /// Person code.
    pub person: String,
    /// The request's id.
    pub request_id: String,
    /// First rule.
    pub first_rule: String,
    /// Borsh of the hits.
    pub hits: Vec<u8>,
}

/// What views hold of a run of records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewRows {
    /// Vouchers, by sequence.
    pub vouchers: Vec<VoucherRow>,
    /// Lines, by sequence and number.
    pub lines: Vec<LineRow>,
    /// Refusals, by sequence.
    pub rejections: Vec<RejectionRow>,
}

/// A fact: its 16-byte name, and the record that made it.
pub type FactRow = ([u8; 16], Sequence);

/// A name: list, ordinal, code, name.
pub type NameRow = (String, u32, String, String);

/// Records that the views held when they were read. Lists are read whole, each with the place that it holds for, while a server may go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Vouchers, lines, refusals, facts and sums of the records up to this one are compared.
    pub rows: Sequence,
    /// What the list of names holds for.
    pub names: Sequence,
    /// What the list of keys holds for.
    pub keys: Sequence,
}

/// What the views must hold, gathered record by record.
#[derive(Default)]
pub(crate) struct Expected {
    /// Records that the views have reached; those after it are not theirs yet.
    up_to: Reached,
    rows: ViewRows,
    facts: Vec<FactRow>,
    names: Vec<NameRow>,
    words: text::Words,
    sums: sums::Sums,
}

impl Expected {
    pub(crate) fn new(up_to: Reached) -> Expected {
        Expected { up_to, ..Expected::default() }
    }

    /// Adds what a record makes. `person` is the code of its actor.
    pub(crate) fn add(&mut self, record: &Record, person: &str, enrolled: impl Fn(u16, &[u8; 16]) -> u8) {
        let at = record.sequence;
        if at <= self.up_to.names {
            self.add_names(&record.event);
        }
        if let Event::BookCreated(created) = &record.event {
            self.words = text::Words::of(&created.preset);
        }
        if at > self.up_to.rows.max(self.up_to.keys) {
            return;
        }
        if let Some(voucher) = voucher_in(&record.event) {
            let listed = at <= self.up_to.keys;
            voucher.lines.iter().for_each(|line| self.sums.add(voucher.date, line, listed));
        }
        if at > self.up_to.rows {
            return;
        }
        self.sums.reach(at);
        if let Some(voucher) = voucher_in(&record.event) {
            self.add_voucher(record, voucher);
        }
        match &record.event {
            Event::Refused(refused) => self.add_refusal(record, person, refused),
            Event::PersonsEnrolled(event) => {
                for token in &event.tokens {
                    let times = enrolled(event.year, token);
                    let name = [&b"P"[..], &event.year.to_be_bytes(), &[times], token].concat();
                    self.fact(&name, record.sequence);
                }
            }
            _ => {}
        }
        self.add_facts(record);
    }

    fn add_voucher(&mut self, record: &Record, voucher: &Voucher) {
        let debits = voucher.lines.iter().filter(|line| line.side == Side::Debit);
        self.rows.vouchers.push(VoucherRow {
            sequence: record.sequence,
            time: record.time,
            reference: voucher.reference,
            ledger: voucher.ledger,
            kind: voucher.kind,
            template: voucher.template,
            date: voucher.date,
            total_fen: debits.fold(0, |sum, line| sum.saturating_add(line.fen)),
            summary: self.words.summary(voucher),
        });
        let mut before: &[Line] = &[];
        for (line_no, line) in (1u16..).zip(&voucher.lines) {
            let named = before.iter().any(|other| other.grant == line.grant);
            let leads = if named { None } else { Some(line.grant) };
            let (sequence, date) = (record.sequence, voucher.date);
            self.rows.lines.push(LineRow { sequence, line_no, date, leads, line: line.clone() });
            before = voucher.lines.get(..usize::from(line_no)).unwrap_or(&voucher.lines);
        }
    }

    fn add_refusal(&mut self, record: &Record, person: &str, refused: &Refused) {
        self.rows.rejections.push(RejectionRow {
            sequence: record.sequence,
            time: record.time,
            person: person.to_owned(),
            request_id: record.request.as_ref().map(|request| request.id.clone()).unwrap_or_default(),
            first_rule: refused.hits.first().map(|hit| hit.rule.clone()).unwrap_or_default(),
            hits: borsh::to_vec(&refused.hits).unwrap_or_default(),
        });
    }

    fn fact(&mut self, name: &[u8], sequence: Sequence) {
        let digest = hash::sha256(name);
        self.facts.push((digest.first_chunk().copied().unwrap_or_default(), sequence));
    }

    fn papers(&mut self, list: &[record::command::Evidence], reused: &[Digest], sequence: Sequence) {
        let unique = list.iter().filter(|e| e.kind.is_unique() && !reused.contains(&e.digest));
        unique.for_each(|e| self.fact(&[&b"E"[..], &e.digest].concat(), sequence));
    }

    fn add_facts(&mut self, record: &Record) {
        let at = record.sequence;
        let bill = |no: &str| [&b"B"[..], no.as_bytes()].concat();
        match &record.event {
            Event::ReceiptPosted(posted) if posted.voucher.corrects.is_none() => {
                self.fact(&bill(&posted.receipt.bill_no), at)
            }
            Event::ReceiptNoted(receipt) if record.part == 0 => self.fact(&bill(&receipt.bill_no), at),
            Event::BankTransactionRegistered(event) => self.fact(&[&b"E"[..], &event.slip_digest].concat(), at),
            Event::QuotaAllocated(event) => self.papers(&event.evidence, &[], at),
            Event::DuesStatusSet { evidence, .. } => self.papers(evidence, &[], at),
            Event::BatchSubmitted { batch, .. } => self.papers(&batch.evidence, &[], at),
            Event::GrantAmended(event) => self.papers(&event.evidence, &[], at),
            Event::RulesFiled { evidence, .. } => self.papers(evidence, &[], at),
            Event::HistoryRegistered { history, .. } => self.papers(&history.evidence, &[], at),
            Event::ArchivesDestroyed { destruction, .. } => self.papers(&destruction.evidence, &[], at),
            Event::VoucherPosted(posted) => {
                let kept = posted.reused.contains(&hash::sha256(posted.bill_no.as_bytes()));
                if !posted.bill_no.is_empty() && !kept {
                    self.fact(&bill(&posted.bill_no), at);
                }
                if let Effect::Reversal { of } = posted.effect {
                    self.fact(format!("R{of}").as_bytes(), at);
                }
                self.papers(&posted.evidence, &posted.reused, at);
            }
            _ => {}
        }
        if let Some(request) = &record.request {
            self.fact(&[&b"Q"[..], request.id.as_bytes()].concat(), at);
        }
    }

    fn name(&mut self, list: &str, no: u32, code: &str, name: &str) {
        self.names.push((list.to_owned(), no, code.to_owned(), name.to_owned()));
    }

    fn add_names(&mut self, event: &Event) {
        match event {
            Event::BookCreated(created) => {
                let preset = &created.preset;
                let orgs = core::iter::once(&created.organization).chain(&preset.organizations);
                (1..).zip(&preset.accounts).for_each(|(no, a)| self.name("ACCOUNT", no, &a.code, &a.name_zh));
                (1..).zip(&preset.sources).for_each(|(no, s)| self.name("SOURCE", no, &s.code, &s.name));
                (1..).zip(&preset.uses).for_each(|(no, u)| self.name("USE", no, &u.code, &u.name));
                (1..).zip(&preset.classes).for_each(|(no, c)| self.name("CLASS", no, &c.code, &c.name));
                (1..).zip(&preset.plans).for_each(|(no, p)| self.name("PLAN", no, &p.code, &p.name));
                (1..).zip(orgs).for_each(|(no, o)| self.name("ORG", no, &o.code, &o.name));
            }
            Event::AccountDefined { no, account } => {
                self.name("ACCOUNT", u32::from(*no), &account.code, &account.name_zh)
            }
            Event::OrganizationRegistered { no, organization } => {
                self.name("ORG", *no, &organization.code, &organization.name);
            }
            Event::BankTransactionRegistered(event) => self.name("BANK_TXN", event.no, &event.id, ""),
            Event::GrantOpened(event) => self.name("GRANT", event.no, &event.code, &event.doc_no),
            Event::BatchSubmitted { no, batch } => self.name("GRANT", *no, &batch.code, ""),
            Event::RolesSet(event) if event.new => self.name("PERSON", event.person, &event.code, &event.display),
            _ => {}
        }
    }

    /// Compares the rows gathered since the last time with those found, and forgets them.
    pub(crate) fn compare_rows(&mut self, mut found: ViewRows, report: &mut Report) {
        let expected = core::mem::take(&mut self.rows);
        compare("voucher", &expected.vouchers, &found.vouchers, |row| row.sequence, |row| row.sequence, report);
        let at = |row: &LineRow| (row.sequence, row.line_no);
        found.lines.sort_by_key(at);
        compare("line", &expected.lines, &found.lines, at, |row| row.sequence, report);
        compare("rejection", &expected.rejections, &found.rejections, |row| row.sequence, |row| row.sequence, report);
    }

    /// Compares the facts of records below this one that were gathered since the last time.
    pub(crate) fn compare_facts(&mut self, below: Sequence, mut found: Vec<FactRow>, report: &mut Report) {
        let all = core::mem::take(&mut self.facts);
        let (mut expected, later): (Vec<FactRow>, Vec<FactRow>) =
            all.into_iter().partition(|(_, sequence)| *sequence < below);
        self.facts = later;
        found.retain(|(_, sequence)| *sequence <= self.up_to.rows);
        expected.sort_unstable();
        found.sort_unstable();
        compare("fact", &expected, &found, |row| row.0, |row| row.1, report);
    }

    /// Compares all keys.
    pub(crate) fn compare_keys(&mut self, found: Vec<KeyRow>, report: &mut Report) {
        self.sums.compare_keys(found, report);
    }

    /// Blocks of sums that are full and not compared yet.
    pub(crate) fn full_blocks(&self) -> Vec<Block> {
        self.sums.full_blocks().collect()
    }

    /// Compares the sums of a full block.
    pub(crate) fn compare_block(&mut self, block: Block, found: &[BalanceRow], report: &mut Report) {
        self.sums.compare_block(block, found, report);
    }

    /// What was not compared is missing.
    pub(crate) fn close(&mut self, report: &mut Report) {
        self.sums.close(report);
    }

    /// Compares all names.
    pub(crate) fn compare_names(&mut self, mut found: Vec<NameRow>, report: &mut Report) {
        let mut expected = core::mem::take(&mut self.names);
        expected.sort();
        found.sort();
        let key = |row: &NameRow| (row.0.clone(), row.1);
        compare("name", &expected, &found, key, |_| 0, report);
    }
}

/// Goes through two lists that are sorted by a key.
fn compare<T: PartialEq + core::fmt::Debug, K: Ord>(
    what: &str,
    expected: &[T],
    found: &[T],
    key: impl Fn(&T) -> K,
    sequence: impl Fn(&T) -> Sequence,
    report: &mut Report,
) {
    let (mut expected, mut found) = (expected.iter().peekable(), found.iter().peekable());
    let short = |row: &T| format!("{row:?}").chars().take(200).collect::<String>();
    loop {
        let order = match (expected.peek(), found.peek()) {
            (None, None) => return,
            (Some(_), None) => core::cmp::Ordering::Less,
            (None, Some(_)) => core::cmp::Ordering::Greater,
            (Some(a), Some(b)) => key(a).cmp(&key(b)),
        };
        let mine = if order.is_le() { expected.next() } else { None };
        let theirs = if order.is_ge() { found.next() } else { None };
        match (mine, theirs) {
            (Some(row), None) => report.add(sequence(row), Code::ViewMissing, format!("{what} {}", short(row)), "none"),
            (None, Some(row)) => report.add(sequence(row), Code::ViewExtra, format!("no such {what}"), short(row)),
            (Some(mine), Some(theirs)) if mine != theirs => {
                report.add(sequence(mine), Code::ViewDiffers, format!("{what} {}", short(mine)), short(theirs));
            }
            _ => {}
        }
    }
}
