//! Sample heads, batches and view rows. Roots and edges are made up: a store does not compute them.

use engine::store::{Batch, BookEntry, Head, Store};
use ledger::rows::{FactRow, LineRow, NameRow, RejectionRow, ViewRows, VoucherRow};
use record::hash::{leaf_hash, sha256};
use record::kinds::{LedgerKind, Side, Template, VoucherKind, Word};
use record::{Day, Line, Sequence, VoucherRef};

/// The book that most cases use.
pub const BOOK: &str = "GD-2018";

/// Makes a book and takes it over.
pub async fn book(store: &impl Store, code: &str) -> Head {
    store.create_book(&BookEntry { book: code.into(), created_at: 1 }).await.unwrap();
    store.fence(code).await.unwrap()
}

/// Makes the usual book, with three records and rows of every kind, projected up to the third.
pub async fn filled_book(store: &impl Store) -> Head {
    let head = book(store, BOOK).await;
    let head = fill(store, BOOK, head, &[2, 1]).await;
    let mut rows = join([plain(1, 9_500), plain(2, 200)]);
    rows.facts.push(fact(1, 1));
    rows.rejections.push(rejection(3));
    rows.names = vec![name("ACCOUNT", 501, "501", "保障支出"), name("GRANT", 7, "G-7", "粤工〔2018〕1号")];
    store.project(BOOK, 0, 3, &rows).await.unwrap();
    head
}

/// A batch of these bodies that follows the head.
pub fn batch(before: &Head, bodies: &[Vec<u8>]) -> Batch {
    let sequence = before.sequence + bodies.len() as u64;
    let leaves: Vec<_> = bodies.iter().map(|body| leaf_hash(body)).collect();
    let root = sha256(&[&before.root[..], &leaves.concat()[..]].concat());
    let edge = (0..sequence.count_ones()).map(|place| sha256(&[place as u8])).collect();
    let after = Head { sequence, root, edge, time: before.time + 1_000, epoch: before.epoch };
    Batch { first: before.sequence + 1, bodies: bodies.to_vec(), leaves, after }
}

/// The body of a sample record: of a length between 1 and 300 that its sequence decides.
pub fn body(sequence: Sequence) -> Vec<u8> {
    let hash = sha256(&sequence.to_le_bytes());
    hash.iter().cycle().take(1 + usize::from(hash[0]) + usize::from(hash[1] % 44)).copied().collect()
}

/// Appends batches of these sizes and returns the head.
pub async fn fill(store: &impl Store, code: &str, head: Head, sizes: &[u64]) -> Head {
    let mut head = head;
    for size in sizes {
        let bodies: Vec<_> = (1..=*size).map(|n| body(head.sequence + n)).collect();
        let batch = batch(&head, &bodies);
        store.append(code, &head, &batch).await.unwrap();
        head = batch.after;
    }
    head
}

/// A small repeatable stream of numbers.
pub struct Numbers(pub u64);

impl Numbers {
    /// A number below the bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// A number below the bound, or none one time in two.
    pub fn maybe(&mut self, bound: u64) -> Option<u64> {
        (self.below(2) == 0).then(|| self.below(bound))
    }
}

/// A line with its dimensions filled.
pub fn line(sequence: Sequence, line_no: u16, date: Day, side: Side, account: u16, fen: i64) -> LineRow {
    let line = Line {
        account,
        source: 1,
        grant: 7,
        side,
        fen,
        year: 2018,
        class: 1,
        plan: 2,
        use_code: 3,
        holder: 40,
        counterparty: 50,
        heads: 6,
        price: 7_500,
        bank: 8,
    };
    LineRow { sequence, line_no, date, line }
}

/// A voucher with these lines.
pub fn voucher(sequence: Sequence, date: Day, lines: &[LineRow]) -> VoucherRow {
    VoucherRow {
        sequence,
        time: i64::from(date.plus_days(1).0) * 86_400_000_000 + sequence as i64,
        reference: VoucherRef { word: Word::Ji, cycle: 2018, number: sequence as u32 },
        ledger: LedgerKind::Actual,
        kind: VoucherKind::Normal,
        template: Template::T14,
        date,
        total_fen: lines.iter().filter(|row| row.line.side == Side::Debit).map(|row| row.line.fen).sum(),
        summary: format!("直拨保障费 {sequence}"),
    }
}

/// A day of 2018, by number from 0.
pub fn day(number: u64) -> Day {
    Day::from_ymd(2018, 1, 1).unwrap().plus_days(number as i32)
}

/// A voucher of two lines that balances.
pub fn plain(sequence: Sequence, fen: i64) -> ViewRows {
    let date = day(sequence % 360);
    let lines = vec![line(sequence, 1, date, Side::Debit, 501, fen), line(sequence, 2, date, Side::Credit, 101, fen)];
    ViewRows { vouchers: vec![voucher(sequence, date, &lines)], lines, ..ViewRows::default() }
}

/// A fact of a record.
pub fn fact(key: u8, sequence: Sequence) -> FactRow {
    FactRow { key: [key; 16], sequence }
}

/// A refusal.
pub fn rejection(sequence: Sequence) -> RejectionRow {
    RejectionRow {
        sequence,
        time: 1_545_000_000_000_000 + sequence as i64,
        person: "maker".into(),
        request_id: format!("r-{sequence}"),
        first_rule: "USE-006".into(),
        hits: vec![sequence as u8; 5],
    }
}

/// A name.
pub fn name(list: &'static str, no: u32, code: &str, name: &str) -> NameRow {
    NameRow { list, no, code: code.into(), name: name.into() }
}

/// Joins the rows of several records.
pub fn join(parts: impl IntoIterator<Item = ViewRows>) -> ViewRows {
    let mut all = ViewRows::default();
    for part in parts {
        all.facts.extend(part.facts);
        all.vouchers.extend(part.vouchers);
        all.lines.extend(part.lines);
        all.rejections.extend(part.rejections);
        all.names.extend(part.names);
    }
    all
}

/// Random vouchers of 2 to 7 lines that balance by source and grant, one a record from `first` on, in all words, over 40 days.
pub fn random_vouchers(numbers: &mut Numbers, first: Sequence, count: u64) -> ViewRows {
    join((first..first + count).map(|sequence| {
        let date = day(numbers.below(40));
        let mut lines = Vec::new();
        for _ in 0..=numbers.below(2) {
            let (source, grant) = (1 + numbers.below(3) as u8, 1 + numbers.below(5) as u32);
            let halves = 1 + numbers.below(2);
            let fen = 1 + numbers.below(1_000_000) as i64;
            for (side, parts) in [(Side::Debit, halves), (Side::Credit, 1)] {
                for _ in 0..parts {
                    let share = if side == Side::Debit { fen } else { fen * halves as i64 };
                    let account = 101 + numbers.below(6) as u16;
                    let mut row = line(sequence, lines.len() as u16 + 1, date, side, account, share);
                    (row.line.source, row.line.grant) = (source, grant);
                    row.line.use_code = numbers.below(3) as u8;
                    row.line.heads = numbers.below(100) as i32;
                    lines.push(row);
                }
            }
        }
        let mut voucher = voucher(sequence, date, &lines);
        voucher.reference.word = Word::ALL[numbers.below(4) as usize];
        ViewRows { vouchers: vec![voucher], lines, ..ViewRows::default() }
    }))
}
