//! A book judged where it is kept: its log, and what stands beside the log: ends of rows, signed heads, views, schema, files. Everything is
//! read beside a server that may go on, so each list is compared for the moment that it was read at. This file knows `engine`, `store` and
//! `verify` and nothing of the command line: the tests that attack books include it.

use engine::evidence::CHECKPOINTS;
use engine::store::{Head, LogRow, StoreError};
use record::{Sequence, hash};
use store::{EndOfRow, Reading, StoredKey};
use verify::views::{BalanceRow, Key, KeyRow, LineRow, NameRow, Reached, RejectionRow, ViewRows, VoucherRow};
use verify::{Code, Report, StoredCosignature, StoredHead, Trusted, Verifier};

/// Bytes of log read at once.
const READ_BYTES: usize = 4 << 20;

/// What is looked at beside the records.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Views, in both directions.
    pub views: bool,
    /// Tables, triggers, functions and rights.
    pub schema: bool,
    /// What the database finds wrong with its own files.
    pub files: bool,
}

impl Look {
    /// Everything.
    pub const ALL: Look = Look { views: true, schema: true, files: true };
    /// The log alone.
    pub const LOG: Look = Look { views: false, schema: false, files: false };
}

/// Verifies a book. `progress` is told records read and records in all. Errs where something cannot be read.
pub async fn verify(
    reading: &Reading,
    book: &str,
    trusted: Trusted,
    look: Look,
    progress: impl Fn(Sequence, Sequence),
) -> Result<Report, StoreError> {
    let mut verifier = Verifier::new(trusted);
    // Lists first, then rows, then the head: what is read later holds at least what was read before.
    let views = if look.views { Some(Lists::read(reading, book).await?) } else { None };
    let head = reading.head(book).await?;
    let mut kept = Kept { reading, book, head, epoch: 1, compared: 0, reached: 0 };
    if !reading.books().await?.iter().any(|listed| listed == book) {
        verifier.fault(0, Code::Derived, format!("the catalogue lists {book}"), "it does not");
    }
    if let Some(views) = &views {
        kept.reached = views.reached.rows.min(kept.head.sequence);
        verifier.expect_views(Reached { rows: kept.reached, ..views.reached });
        if views.reached.rows > kept.head.sequence {
            let found = format!("views of {} records", views.reached.rows);
            verifier.fault(kept.head.sequence, Code::ViewExtra, format!("{} records", kept.head.sequence), found);
        }
    }
    if look.schema {
        kept.schema(&mut verifier).await?;
    }
    if look.files {
        for found in reading.damage(book).await? {
            verifier.fault(0, Code::Storage, "ok", found);
        }
    }
    for note in reading.checkpoints(book, kept.head.sequence, CHECKPOINTS).await? {
        verifier.note(&note);
    }
    kept.log(&mut verifier, look.views, progress).await?;
    if let Some(views) = views {
        kept.rest_of_views(&mut verifier, views).await?;
    }
    Ok(kept.end(verifier))
}

/// Lists of the views that are read whole.
struct Lists {
    reached: Reached,
    names: Vec<NameRow>,
    keys: Vec<KeyRow>,
}

impl Lists {
    async fn read(reading: &Reading, book: &str) -> Result<Lists, StoreError> {
        let (names_at, names) = reading.names(book).await?;
        let (keys_at, keys) = reading.keys(book).await?;
        let rows = reading.reached(book).await?;
        let reached = Reached { rows, names: names_at, keys: keys_at };
        let names = names.into_iter().map(|row| (row.list, row.no, row.code, row.name)).collect();
        Ok(Lists { reached, names, keys: keys.iter().map(key_row).collect() })
    }
}

/// A book under verification.
struct Kept<'a> {
    reading: &'a Reading,
    book: &'a str,
    head: Head,
    /// The epoch of the last row: later ones are of the same or a higher one.
    epoch: u64,
    /// Records whose views were compared.
    compared: Sequence,
    /// Records whose views are to be compared.
    reached: Sequence,
}

impl Kept<'_> {
    async fn log(
        &mut self,
        verifier: &mut Verifier,
        views: bool,
        progress: impl Fn(Sequence, Sequence),
    ) -> Result<(), StoreError> {
        let end = self.head.sequence;
        let mut next = 1;
        while next <= end {
            let rows = self.reading.log_rows(self.book, next, READ_BYTES).await?;
            let Some(last) = rows.last().map(|row| row.first.saturating_add(row.bodies.len() as u64 - 1).min(end))
            else {
                verifier.fault(next, Code::LogRow, format!("records up to {end}"), "none");
                break;
            };
            let ends = self.reading.ends_of_rows(self.book, next, last).await?;
            for head in self.reading.kept_heads(self.book, next - 1, last).await? {
                verifier.stored_head(stored_head(head));
            }
            for row in &rows {
                self.row(verifier, row, next);
                self.end_of_row(verifier, row, ends.iter().find(|end| end.first == row.first));
                next = row.first + row.bodies.len() as u64;
            }
            if views {
                self.views(verifier, verifier.taken().min(self.reached)).await?;
            }
            progress(next.saturating_sub(1).min(end), end);
        }
        for (table, count) in self.reading.beside_log(self.book).await? {
            if count > 0 {
                let code = if table == "log" { Code::LogRow } else { Code::Head };
                verifier.fault(end, code, format!("no {table} beside the records"), format!("{count}"));
            }
        }
        Ok(())
    }

    /// A row of the log: where it begins, its leaf hashes, and its root once its records are in.
    fn row(&self, verifier: &mut Verifier, row: &LogRow, next: Sequence) {
        if row.first != next {
            verifier.fault(next, Code::LogRow, format!("a row from {next} on"), format!("from {} on", row.first));
        }
        for ((at, body), leaf) in (row.first..).zip(&row.bodies).zip(&row.leaves) {
            // What came after the head was read is not looked at.
            if at > self.head.sequence {
                return;
            }
            verifier.body(body);
            if hash::leaf_hash(body) != *leaf {
                verifier.fault(at, Code::LogRow, hex(&hash::leaf_hash(body)), hex(leaf));
            }
        }
        if verifier.root() != row.root {
            verifier.fault(row.first, Code::LogRow, hex(&verifier.root()), hex(&row.root));
        }
    }

    /// What a row says of its end: the time of its last record, and an epoch that no later one falls below.
    fn end_of_row(&mut self, verifier: &mut Verifier, row: &LogRow, end: Option<&EndOfRow>) {
        // It may have been appended after the head was read.
        if row.first > self.head.sequence {
            return;
        }
        let Some(end) = end else {
            verifier.fault(row.first, Code::LogRow, "a row of the log", "none any more");
            return;
        };
        if end.time != verifier.time() {
            verifier.fault(row.first, Code::LogRow, format!("time {}", verifier.time()), format!("time {}", end.time));
        }
        if end.epoch < self.epoch || end.epoch > self.head.epoch {
            let expected = format!("an epoch from {} to {}", self.epoch, self.head.epoch);
            verifier.fault(row.first, Code::LogRow, expected, format!("epoch {}", end.epoch));
        }
        self.epoch = self.epoch.max(end.epoch);
    }

    /// Compares views of the records up to one.
    async fn views(&mut self, verifier: &mut Verifier, to: Sequence) -> Result<(), StoreError> {
        let from = self.compared;
        if from >= to {
            return Ok(());
        }
        self.compared = to;
        verifier.compare_views(rows_of(self.reading.views(self.book, from, to).await?));
        // Facts stand by era: they are compared when an era is over.
        for era in Reading::era(from)..Reading::era(to) {
            self.facts(verifier, era).await?;
        }
        for (level, block) in verifier.full_blocks() {
            let found = self.reading.sums_of_block(self.book, level, block).await?;
            let sum = |row: &store::StoredSum| BalanceRow {
                key: row.key_no,
                day: row.date,
                debit: row.sums.debit_fen,
                credit: row.sums.credit_fen,
                heads: row.sums.heads,
            };
            verifier.compare_block((level, block), &found.iter().map(sum).collect::<Vec<_>>());
        }
        Ok(())
    }

    async fn facts(&self, verifier: &mut Verifier, era: u64) -> Result<(), StoreError> {
        let facts = self.reading.facts(self.book, era).await?;
        // Asked after them: a fact that the views show belongs to a record that they have reached.
        let reached = self.reading.reached(self.book).await?;
        for fact in facts.iter().filter(|fact| fact.sequence > reached) {
            let found = format!("a fact of record {}", fact.sequence);
            verifier.fault(0, Code::ViewExtra, format!("facts of {reached} records"), found);
        }
        verifier.compare_facts(Reading::era_end(era), facts.into_iter().map(|row| (row.key, row.sequence)).collect());
        Ok(())
    }

    async fn rest_of_views(&mut self, verifier: &mut Verifier, lists: Lists) -> Result<(), StoreError> {
        self.views(verifier, self.reached).await?;
        self.facts(verifier, Reading::era(self.reached)).await?;
        verifier.compare_names(lists.names);
        verifier.compare_keys(lists.keys);
        for (table, count) in self.reading.beside_views(self.book).await? {
            if count > 0 {
                let found = format!("{count} rows");
                verifier.fault(0, Code::ViewExtra, format!("no {table} beside the records that views reached"), found);
            }
        }
        Ok(())
    }

    async fn schema(&self, verifier: &mut Verifier) -> Result<(), StoreError> {
        let (found, expected) = self.reading.schema(self.book).await?;
        for part in expected.iter().filter(|part| !found.contains(part)) {
            let other = found.iter().find(|other| other.name == part.name).map_or("none", |other| &other.definition);
            verifier.fault(0, Code::Schema, format!("{}: {}", part.name, part.definition), other);
        }
        for part in found.iter().filter(|part| !expected.iter().any(|other| other.name == part.name)) {
            verifier.fault(0, Code::Schema, format!("no {}", part.name), part.definition.as_str());
        }
        Ok(())
    }

    /// The head, and under which name the book is kept.
    fn end(self, mut verifier: Verifier) -> Report {
        let head = &self.head;
        if verifier.edge() != head.edge {
            let shown = |edge: &[record::Digest]| edge.iter().map(|root| hex(root)).collect::<Vec<_>>().join(" ");
            verifier.fault(head.sequence, Code::Root, format!("edge {}", shown(verifier.edge())), shown(&head.edge));
        }
        if verifier.time() != head.time {
            let expected = format!("time {}", verifier.time());
            verifier.fault(head.sequence, Code::LogRow, expected, format!("time {} in the head", head.time));
        }
        let mut report = verifier.finish(Some((head.sequence, head.root)));
        if head.sequence > 0 && report.book != self.book {
            report.add(1, Code::Derived, self.book, report.book.clone());
        }
        report
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn stored_head(head: store::KeptHead) -> StoredHead {
    let cosignature = |kept: store::StoredCosignature| StoredCosignature {
        key_name: kept.key_name,
        key_id: kept.key_id,
        line: kept.line,
    };
    StoredHead {
        size: head.size,
        root: head.root,
        note: head.note,
        cosignatures: head.cosignatures.into_iter().map(cosignature).collect(),
    }
}

fn key_row(row: &StoredKey) -> KeyRow {
    let line = &row.key;
    let key = Key {
        account: line.account,
        source: line.source,
        grant: line.grant,
        holder: line.holder,
        year: line.year,
        class: line.class,
        plan: line.plan,
        use_code: line.use_code,
    };
    KeyRow { no: row.no, rough: row.rough, key }
}

fn rows_of(found: store::ViewRange) -> ViewRows {
    let voucher = |row: ledger::rows::VoucherRow| VoucherRow {
        sequence: row.sequence,
        time: row.time,
        reference: row.reference,
        ledger: row.ledger,
        kind: row.kind,
        template: row.template,
        date: row.date,
        total_fen: row.total_fen,
        summary: row.summary,
    };
    let rejection = |row: ledger::rows::RejectionRow| RejectionRow {
        sequence: row.sequence,
        time: row.time,
        person: row.person,
        request_id: row.request_id,
        first_rule: row.first_rule,
        hits: row.hits,
    };
    let line = |(row, leads): (ledger::rows::LineRow, Option<u32>)| LineRow {
        sequence: row.sequence,
        line_no: row.line_no,
        date: row.date,
        leads,
        line: row.line,
    };
    ViewRows {
        vouchers: found.vouchers.into_iter().map(voucher).collect(),
        lines: found.lines.into_iter().map(line).collect(),
        rejections: found.rejections.into_iter().map(rejection).collect(),
    }
}
