//! Going through a book record by record: bytes, order, tree, then each command against its second judgement. What a command should
//! have led to stands in `judge`; here it is compared with what stands.

mod verdict;

use std::collections::BTreeMap;

use proof::Tree;
use record::{Digest, Event, Record, Sequence, hash};

use crate::ahead::Opened;
use crate::archive::{Archive, Once};
use crate::book::Book;
use crate::compare;
use crate::fault::Code;
use crate::heads::{Heads, StoredHead};
use crate::judge::voucher_in;
use crate::notes::{Notes, Trusted};
use crate::report::Report;
use crate::views::{BalanceRow, Block, Expected, FactRow, KeyRow, NameRow, Reached, ViewRows};

/// A book under verification. Records come in order; memory grows by some 64 bytes a premium receipt.
#[derive(Default)]
pub struct Verifier {
    tree: Tree,
    book: Book,
    archive: Archive,
    report: Report,
    /// The sequence that the next record should have.
    next: Sequence,
    /// Time of the last record.
    time: i64,
    /// Records of a command that is not whole yet.
    open: Vec<Record>,
    /// Roots that the auditor knows, by size.
    known: BTreeMap<Sequence, Digest>,
    /// Checkpoints that came with the records.
    notes: Notes,
    /// Signed heads of the place that the records come from.
    heads: Heads,
    /// Where the last StateDigest record stands.
    digest_at: Sequence,
    /// What the views must hold, where they are compared.
    views: Option<Expected>,
}

impl Verifier {
    /// Before the first record, with what the auditor has from elsewhere.
    pub fn new(trusted: impl Into<Trusted>) -> Verifier {
        let Trusted { checkpoints, policy } = trusted.into();
        Verifier { next: 1, known: checkpoints, notes: Notes::under(policy), ..Verifier::default() }
    }

    /// Compares views too, which have reached these records; to be called before the first one is taken.
    pub fn expect_views(&mut self, up_to: Reached) {
        self.views = Some(Expected::new(up_to));
    }

    /// Takes a signed head as the place keeps it, before the records that it is of; they come ascending.
    pub fn stored_head(&mut self, head: StoredHead) {
        self.heads.take(head);
    }

    /// Compares what the views hold of the records taken since the last time.
    pub fn compare_views(&mut self, found: ViewRows) {
        if let Some(views) = &mut self.views {
            views.compare_rows(found, &mut self.report);
        }
    }

    /// Compares the facts of records below this one, of those taken since the last time.
    pub fn compare_facts(&mut self, below: Sequence, found: Vec<FactRow>) {
        if let Some(views) = &mut self.views {
            views.compare_facts(below, found, &mut self.report);
        }
    }

    /// Blocks of sums that the records taken have filled and that nobody compared yet.
    pub fn full_blocks(&self) -> Vec<Block> {
        self.views.as_ref().map(Expected::full_blocks).unwrap_or_default()
    }

    /// Compares the sums of a full block.
    pub fn compare_block(&mut self, block: Block, found: &[BalanceRow]) {
        if let Some(views) = &mut self.views {
            views.compare_block(block, found, &mut self.report);
        }
    }

    /// Compares the keys that lines are added up by.
    pub fn compare_keys(&mut self, found: Vec<KeyRow>) {
        if let Some(views) = &mut self.views {
            views.compare_keys(found, &mut self.report);
        }
    }

    /// Compares the names of all ordinals.
    pub fn compare_names(&mut self, found: Vec<NameRow>) {
        if let Some(views) = &mut self.views {
            views.compare_names(found, &mut self.report);
        }
    }

    /// Records of which all has been taken in: a command's come together.
    pub fn taken(&self) -> Sequence {
        self.book.sequence
    }

    /// Records read so far.
    pub fn size(&self) -> Sequence {
        self.tree.size()
    }

    /// Root over the records read so far.
    pub fn root(&self) -> Digest {
        self.tree.root()
    }

    /// The right edge of their tree: roots of its perfect subtrees, largest first.
    pub fn edge(&self) -> &[Digest] {
        self.tree.edge()
    }

    /// Time of the last record, microseconds; where time ran backwards, the largest.
    pub fn time(&self) -> i64 {
        self.time
    }

    /// Notes a fault that was found beside the records.
    pub fn fault(&mut self, sequence: Sequence, code: Code, expected: impl Into<String>, found: impl Into<String>) {
        self.report.add(sequence, code, expected, found);
    }

    /// Takes a checkpoint or another note that came with the records; a checkpoint best before the records that it is of.
    pub fn note(&mut self, text: &str) {
        self.notes.take(text, self.tree.size(), || self.tree.root(), &mut self.report);
    }

    /// Takes the next record.
    pub fn body(&mut self, body: &[u8]) {
        self.take(&mut Opened::of(body));
    }

    /// Takes the next record, opened. What is judged at once stays where it is; a part of a command is taken away.
    pub(crate) fn take(&mut self, opened: &mut Opened) {
        self.heads.reach(self.tree.size(), || self.tree.root(), &mut self.report);
        if let Ok(Some(Record { event: Event::LogPolicySet { policy, .. }, .. })) = &opened.record {
            // A recovery says what it goes on from.
            self.book.policy.head = (self.tree.size(), self.tree.root());
            self.heads.policy(policy);
        }
        self.tree.push(opened.leaf);
        self.check_known();
        let expected = self.next;
        self.next = expected.saturating_add(1);
        match &mut opened.record {
            Ok(slot) => self.place(expected, slot),
            Err(error) => {
                self.report.add(expected, Code::Body, "a canonical record of a known version", error.to_string());
                self.tear(expected);
            }
        }
    }

    /// Looks at where a record stands, and judges it with its command.
    fn place(&mut self, expected: Sequence, slot: &mut Option<Record>) {
        let Some(record) = slot else { return };
        if record.sequence != expected {
            self.report.add(expected, Code::Sequence, expected.to_string(), record.sequence.to_string());
            self.next = record.sequence.saturating_add(1);
        }
        if record.time < self.time {
            self.report.add(record.sequence, Code::Time, format!("≥ {}", self.time), record.time.to_string());
        }
        self.time = self.time.max(record.time);
        if self.open.is_empty() && record.part == 0 && record.parts == 1 {
            self.command(core::slice::from_ref(record));
        } else if let Some(record) = slot.take() {
            self.gather(record);
        }
    }

    fn check_known(&mut self) {
        self.notes.reach(self.tree.size(), || self.tree.root(), &mut self.report);
        if let Some(root) = self.known.remove(&self.tree.size()) {
            let found = self.tree.root();
            if found != root {
                self.report.add(self.tree.size(), Code::Checkpoint, hex(&root), hex(&found));
            }
        }
    }

    /// Records of one command come together.
    fn gather(&mut self, record: Record) {
        let follows = match self.open.last() {
            None => record.part == 0 && record.parts > 1,
            Some(last) => {
                let one_hand = (last.time, &last.actor, last.rule_set, last.parts)
                    == (record.time, &record.actor, record.rule_set, record.parts);
                one_hand && Some(record.part) == last.part.checked_add(1) && record.request.is_none()
            }
        };
        if !follows {
            let found = format!("part {} of {}", record.part, record.parts);
            let expected = self.open.last().map_or("part 0".to_owned(), |r| format!("the part after {}", r.part));
            self.report.add(record.sequence, Code::Command, expected, found);
            self.tear(record.sequence);
            if record.part > 0 || record.parts == 0 {
                // What it says is taken in, so that what follows can be judged.
                self.take_in(core::slice::from_ref(&record));
                self.look_again(core::slice::from_ref(&record));
                return;
            }
        }
        let last = record.part.saturating_add(1) >= record.parts;
        self.open.push(record);
        if last {
            let records = core::mem::take(&mut self.open);
            self.command(&records);
        }
    }

    /// A command of which not all came is taken in unjudged.
    fn tear(&mut self, at: Sequence) {
        let records = core::mem::take(&mut self.open);
        if let Some(first) = records.first() {
            let expected = format!("{} records from {} on", first.parts, first.sequence);
            self.report.add(at, Code::Command, expected, format!("{} records", records.len()));
            self.take_in(&records);
            self.look_again(&records);
        }
    }

    /// Judges a whole command and takes it in.
    fn command(&mut self, records: &[Record]) {
        let Some(first) = records.first() else { return };
        let version = self.book.layers.version();
        if first.rule_set != version {
            let (expected, found) = (format!("rule set {version}"), format!("rule set {}", first.rule_set));
            self.report.add(first.sequence, Code::Derived, expected, found);
        }
        if first.request.is_none() {
            self.by_the_ledger(first);
            self.take_in(records);
            self.look_again(records);
            return;
        }
        let opens = matches!(first.event, Event::BookCreated(_));
        if opens != (first.sequence == 1) {
            self.report.add(
                first.sequence,
                Code::Command,
                "a book is opened by record 1 and no other",
                compare::name(&first.event),
            );
        }
        let clean = self.judge(records, first);
        self.take_in(records);
        if !clean {
            self.look_again(records);
        }
    }

    /// Takes records into books and archive, whatever they say.
    fn take_in(&mut self, records: &[Record]) {
        for record in records {
            if let Some(request) = &record.request {
                self.archive.used(Once::Request(&request.id), record.sequence);
            }
            if let Some(views) = &mut self.views {
                let person = self.book.persons.code(record.actor.person);
                views.add(record, person, |year, token| self.archive.times_enrolled(year, token));
            }
            self.keep(record);
            if let Some(voucher) = voucher_in(&record.event) {
                self.report.vouchers = self.report.vouchers.saturating_add(1);
                let (is, last) =
                    (voucher.reference, self.book.last_number(voucher.reference.word, voucher.reference.cycle));
                if Some(is.number) != last.checked_add(1) {
                    self.report.add(
                        record.sequence,
                        Code::Number,
                        format!("number {}", last.saturating_add(1)),
                        is.to_string(),
                    );
                }
            }
            self.book.fold(record);
        }
    }

    /// Notes what a record uses up, and what later ones may name.
    fn keep(&mut self, record: &Record) {
        let at = record.sequence;
        let archive = &mut self.archive;
        let mut papers = |list: &[record::command::Evidence], reused: &[Digest]| {
            let unique = list.iter().filter(|e| e.kind.is_unique() && !reused.contains(&e.digest));
            unique.for_each(|e| archive.used(Once::Paper(&e.digest), at));
        };
        match &record.event {
            Event::QuotaAllocated(event) => papers(&event.evidence, &[]),
            Event::DuesStatusSet { evidence, .. } => papers(evidence, &[]),
            Event::BatchSubmitted { batch, .. } => papers(&batch.evidence, &[]),
            Event::GrantAmended(event) => papers(&event.evidence, &[]),
            Event::RulesFiled { evidence, .. } => papers(evidence, &[]),
            Event::HistoryRegistered { history, .. } => papers(&history.evidence, &[]),
            Event::ArchivesDestroyed { destruction, .. } => papers(&destruction.evidence, &[]),
            Event::VoucherPosted(posted) => {
                papers(&posted.evidence, &posted.reused);
                let bill = &posted.bill_no;
                if !bill.is_empty() && !posted.reused.contains(&hash::sha256(bill.as_bytes())) {
                    archive.used(Once::Bill(bill), at);
                }
                archive.keep(posted);
            }
            Event::BankTransactionRegistered(event) => archive.used(Once::Paper(&event.slip_digest), at),
            Event::ReceiptPosted(posted) => archive.keep_posted_receipt(posted, at),
            Event::ReceiptNoted(receipt) if record.part == 0 => archive.used(Once::Bill(&receipt.bill_no), at),
            Event::PersonsEnrolled(event) => {
                archive.enrol(event.year, &event.tokens, event.batch);
                archive.forget(&self.book);
            }
            Event::RosterChunkUploaded { chunk } => {
                archive.forget(&self.book);
                archive.upload(&chunk.upload, chunk.first_row, &chunk.tokens);
            }
            _ => {}
        }
    }

    /// The books' own laws over what stands, where it is not what should: so that each kind of damage is told for what it is.
    fn look_again(&mut self, records: &[Record]) {
        for record in records {
            let Some(voucher) = voucher_in(&record.event) else { continue };
            for (code, expected, found) in crate::laws::broken(&self.book, &self.archive, voucher) {
                self.report.add(record.sequence, code, expected, found);
            }
        }
    }

    /// Compares with what is claimed of the whole, and ends.
    pub fn finish(mut self, claimed: Option<(Sequence, Digest)>) -> Report {
        self.tear(self.next);
        let (size, root) = (self.tree.size(), self.tree.root());
        if let Some((claimed_size, claimed_root)) = claimed
            && (claimed_size, claimed_root) != (size, root)
        {
            let expected = format!("{claimed_size} records, {}", hex(&claimed_root));
            self.report.add(size, Code::Root, expected, format!("{size} records, {}", hex(&root)));
        }
        for (beyond, root) in core::mem::take(&mut self.known) {
            if beyond > size {
                let expected = format!("{beyond} records, {}", hex(&root));
                self.report.add(size, Code::Checkpoint, expected, format!("{size} records"));
            }
        }
        self.notes.close(size, &mut self.report);
        self.heads.reach(size, || root, &mut self.report);
        self.heads.close(size, &mut self.report);
        if let Some(views) = &mut self.views {
            views.close(&mut self.report);
        }
        let (twice, unheld) = self.archive.close();
        for (is_request, first, again) in twice {
            let code = if is_request { Code::Request } else { Code::Duplicate };
            self.report.add(again, code, "used once", format!("used at {first} already"));
        }
        for sequence in unheld {
            self.report.add(sequence, Code::Refusal, "no rule broken", "LED-011");
        }
        self.report.faults.sort();
        self.report.book.clone_from(&self.book.code);
        self.report.records = size;
        self.report.root = root;
        self.report.balances = self.book.balances();
        self.report
    }
}

/// Bytes in hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
