//! `cargo xtask bench views [--json] [--records N] [--spread DAYS] [--data DIR]`: views of the embedded store filled with made receipts
//! up to some sizes, and at each of them what projecting, look-ups of facts, listings and sums take. Nothing but the store runs.

#![expect(clippy::print_stdout, reason = "a bench tells its figures")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::store::{BookEntry, Store, StoreError, SumQuery, VoucherQuery};
use ledger::facts::FactKey;
use ledger::rows::{FactRow, LineRow, ViewRows, VoucherRow};
use record::kinds::{LedgerKind, Side, Template, VoucherKind, Word};
use record::{Day, Line, Sequence, VoucherRef};
use store::SqliteStore;
use testkit::process::own_processor_time;
use tokio::time::Instant;

/// The book that is filled.
const BOOK: &str = "BENCH";
/// Records in a projection, as the engine does when it has a backlog.
const STEP: u64 = 32_768;
/// Receipts of an enrolment batch, which is their grant.
const RECEIPTS_PER_BATCH: u64 = 1_000;
/// Reads of each kind at each size.
const READS: u64 = 200;
/// Look-ups of facts of each kind at each size.
const LOOK_UPS: u64 = 20;
/// Keys looked up at once.
const KEYS: u64 = 1_000;
/// Vouchers of a page, and the one that tells whether there is a next.
const PAGE: u32 = 101;
/// Receipts until the day moves on.
const RECEIPTS_PER_DAY: u64 = 100_000;
/// The day of the first voucher: 2018-05-01.
const FIRST_DAY: i32 = 17_652;

/// What the command line asks for.
struct Asked {
    json: bool,
    records: u64,
    /// Days over which vouchers are dated at random; 1: the day moves on every 100,000 receipts.
    spread: u64,
    data: Option<PathBuf>,
}

/// What is done at each size, told as figures.
struct Bench {
    store: SqliteStore,
    asked: Asked,
    reached: Sequence,
    chance: u64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let asked = asked(std::env::args().skip(1))?;
    let temporary = tempfile::tempdir()?;
    let data = asked.data.clone().unwrap_or_else(|| temporary.path().to_owned());
    let store = SqliteStore::open(&data).await?;
    store.create_book(&BookEntry { book: BOOK.into(), created_at: 1 }).await?;
    let reached = store.reached(BOOK).await?;
    let mut bench = Bench { store, asked, reached, chance: 7 };
    let most = bench.asked.records;
    for size in [100_000, 1_000_000, 10_000_000].into_iter().filter(|size| (reached..=most).contains(size)) {
        bench.fill(size).await?;
        bench.facts().await?;
        bench.sums().await?;
        bench.listings().await?;
        let file = data.join("books").join(BOOK).join("views.sqlite");
        let bytes = std::fs::metadata(&file).map_or(0, |file| file.len()) + wal(&file);
        bench.tell("views", "bytes a receipt", bytes as f64 / bench.reached as f64);
    }
    bench.store.close().await;
    Ok(())
}

fn wal(file: &Path) -> u64 {
    std::fs::metadata(file.with_extension("sqlite-wal")).map_or(0, |file| file.len())
}

fn asked(mut words: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut asked = Asked { json: false, records: 1_000_000, spread: 1, data: None };
    let usage = || "usage: views [--json] [--records N] [--spread DAYS] [--data DIR]".to_owned();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--json" => asked.json = true,
            "--records" => asked.records = words.next().and_then(|n| n.parse().ok()).ok_or_else(usage)?,
            "--spread" => {
                asked.spread = words.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0).ok_or_else(usage)?
            }
            "--data" => asked.data = Some(words.next().ok_or_else(usage)?.into()),
            _ => return Err(usage()),
        }
    }
    Ok(asked)
}

impl Bench {
    fn tell(&self, name: &str, unit: &str, value: f64) {
        if self.asked.json {
            let size = self.reached;
            println!(
                "{}",
                serde_json::json!({"bench": "views", "records": size, "figure": name, "unit": unit, "value": value})
            );
        } else {
            println!("{:>10} {name:<44} {value:>12.2} {unit}", self.reached);
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 33) % bound
    }

    async fn fill(&mut self, size: u64) -> Result<(), StoreError> {
        let from = self.reached;
        let (mut taken, mut processor) = (Duration::ZERO, Duration::ZERO);
        while self.reached < size {
            let to = (self.reached + STEP).min(size);
            let mut rows = ViewRows::default();
            for sequence in self.reached + 1..=to {
                let date = self.date(sequence);
                receipt(sequence, date, &mut rows);
            }
            let (begun, used) = (Instant::now(), own_processor_time());
            self.store.project(BOOK, self.reached, to, &rows).await?;
            taken += begun.elapsed();
            processor += own_processor_time() - used;
            self.reached = to;
        }
        if from == size {
            return Ok(());
        }
        let each = |time: Duration| time.as_secs_f64() * 1e6 / (size - from) as f64;
        self.tell("projecting", "us a receipt", each(taken));
        self.tell("projecting, processor", "us a receipt", each(processor));
        Ok(())
    }

    fn date(&mut self, sequence: Sequence) -> Day {
        let days = if self.asked.spread > 1 { self.below(self.asked.spread) } else { sequence / RECEIPTS_PER_DAY };
        Day(FIRST_DAY + days as i32)
    }

    /// Look-ups of keys that were recorded together, anywhere, and never.
    async fn facts(&mut self) -> Result<(), StoreError> {
        let kinds = [
            ("facts, a run of keys", true, true),
            ("facts, keys anywhere", true, false),
            ("facts, unknown keys", false, false),
        ];
        for (name, known, together) in kinds {
            let mut all = Duration::ZERO;
            for _ in 0..LOOK_UPS {
                let first = self.below(self.reached.saturating_sub(KEYS).max(1));
                let mut keys = Vec::new();
                for no in 0..KEYS {
                    let no = if together { first + 1 + no } else { 1 + self.below(self.reached) };
                    let id = if known { request_id(no) } else { format!("unknown-{no}") };
                    keys.push(FactKey::Request(&id).hash());
                }
                keys.sort_unstable();
                keys.dedup();
                let begun = Instant::now();
                let found = self.store.facts(BOOK, &keys).await?.found.len();
                all += begun.elapsed();
                assert_eq!(found, if known { keys.len() } else { 0 });
            }
            self.tell(name, "us a key", all.as_secs_f64() * 1e6 / (LOOK_UPS * KEYS) as f64);
        }
        Ok(())
    }

    /// A day on which vouchers were dated.
    fn any_day(&mut self) -> Day {
        let days = if self.asked.spread > 1 { self.asked.spread } else { self.reached / RECEIPTS_PER_DAY + 1 };
        Day(FIRST_DAY + self.below(days) as i32)
    }

    fn any_grant(&mut self) -> u32 {
        self.below(self.reached / RECEIPTS_PER_BATCH) as u32 + 1
    }

    async fn sums(&mut self) -> Result<(), StoreError> {
        for kind in ["trial balance", "trial balance of a year", "one grant"] {
            let mut times = Vec::new();
            for _ in 0..READS {
                let known_at = self.below(self.reached) + 1;
                let moment = SumQuery { known_at, as_of: Some(self.any_day()), ..SumQuery::default() };
                let query = match kind {
                    "one grant" => SumQuery { grant: Some((known_at / RECEIPTS_PER_BATCH) as u32 + 1), ..moment },
                    "trial balance" => SumQuery { rough: true, ..moment },
                    _ => SumQuery { rough: true, from: Some(Day(FIRST_DAY)), ..moment },
                };
                let begun = Instant::now();
                self.store.sums(BOOK, &query).await?;
                times.push(begun.elapsed());
            }
            self.quantiles(&format!("{kind}, any date and sequence"), times);
        }
        let begun = Instant::now();
        self.store.sums(BOOK, &SumQuery { known_at: u64::MAX, ..SumQuery::default() }).await?;
        self.quantiles("all keys, newest", vec![begun.elapsed()]);
        Ok(())
    }

    async fn listings(&mut self) -> Result<(), StoreError> {
        for kind in ["a day", "a grant", "a source", "an account without lines", "all"] {
            let mut times = Vec::new();
            for _ in 0..READS {
                let (after, day) = (self.below(self.reached), self.any_day());
                let any = VoucherQuery { after, up_to: u64::MAX, limit: PAGE, ..VoucherQuery::default() };
                let query = match kind {
                    "a day" => VoucherQuery { from: Some(day), to: Some(day), ..any },
                    "a grant" => VoucherQuery { grant: Some(self.any_grant()), after: 0, ..any },
                    "a source" => VoucherQuery { source: Some(3), ..any },
                    "an account without lines" => VoucherQuery { account: Some(9), ..any },
                    _ => any,
                };
                let begun = Instant::now();
                self.store.vouchers(BOOK, &query).await?;
                times.push(begun.elapsed());
            }
            self.quantiles(&format!("page of vouchers of {kind}"), times);
        }
        let mut times = Vec::new();
        for _ in 0..READS {
            let reference = reference(self.below(self.reached) + 1);
            let begun = Instant::now();
            assert!(self.store.voucher(BOOK, &reference).await?.is_some());
            times.push(begun.elapsed());
        }
        self.quantiles("a voucher by its reference", times);
        Ok(())
    }

    fn quantiles(&self, name: &str, mut times: Vec<Duration>) {
        times.sort_unstable();
        for (quantile, place) in [("p50", times.len() / 2), ("p99", times.len() * 99 / 100)] {
            let time = times.get(place).copied().unwrap_or_default();
            self.tell(&format!("{name}, {quantile}"), "ms", time.as_secs_f64() * 1e3);
        }
    }
}

fn request_id(sequence: Sequence) -> String {
    format!("made-{sequence}")
}

fn reference(sequence: Sequence) -> VoucherRef {
    VoucherRef { word: Word::Dai, cycle: 2018, number: sequence as u32 }
}

/// The rows of a premium receipt. Batches are collected sixteen at a time, as by so many streams.
fn receipt(sequence: Sequence, date: Day, rows: &mut ViewRows) {
    let sixteen = sequence / (16 * RECEIPTS_PER_BATCH) * 16;
    let grant = (sixteen + sequence % 16) as u32 + 1;
    let line = |line_no, side, account| LineRow {
        sequence,
        line_no,
        date,
        line: Line {
            account,
            source: 3,
            grant,
            side,
            fen: 2_000,
            year: 2018,
            class: (grant % 3 + 1) as u8,
            plan: 1,
            use_code: 0,
            holder: 100 + grant % 20,
            counterparty: 200 + grant,
            heads: 1,
            price: 2_000,
            bank: 0,
        },
    };
    rows.lines.extend([line(1, Side::Debit, 12), line(2, Side::Credit, 31)]);
    rows.vouchers.push(VoucherRow {
        sequence,
        time: (i64::from(FIRST_DAY) + 200) * 86_400_000_000 + sequence as i64 * 20,
        reference: reference(sequence),
        ledger: LedgerKind::Actual,
        kind: VoucherKind::Normal,
        template: Template::T02,
        date,
        total_fen: 2_000,
        summary: String::new(),
    });
    let keys =
        [FactKey::Bill(&format!("GZ-2018-{sequence:08}")).hash(), FactKey::Request(&request_id(sequence)).hash()];
    rows.facts.extend(keys.map(|key| FactRow { key, sequence }));
}
