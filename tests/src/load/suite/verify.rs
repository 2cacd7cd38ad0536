//! `earmark verify` from an evidence file of receipts: records a second on one core and on all, and memory a record.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ledger::{Filter, totals};
use proof::Tree;
use record::evidence::{Header, Scope, Writer};
use record::kinds::PayerType;
use record::{Command as Ask, hash};
use testkit::book::Book;
use testkit::build::{self, GZ, day};
use testkit::season;

use super::Setting;
use crate::load::row::{Row, grouped, note};

/// Receipts of an ordinary run, and of a full one.
const RECEIPTS: [u32; 2] = [1_000_000, 10_000_000];
/// Receipts of the small book, which has the buffers filled that stand between reading and judging: what the large one takes beyond it
/// grows with the book.
const FEW: u32 = 100_000;
/// Records between two commitments of the sums, as an engine makes them.
const PER_DIGEST: u64 = 100_000;
/// The season's largest batch takes so many.
const OF_A_BATCH: u32 = 400_000;

pub async fn run(setting: &Setting) {
    let receipts = RECEIPTS[usize::from(setting.full)];
    let folder = tempfile::tempdir().expect("there is room for a temporary folder");
    let (small, large) = (folder.path().join("small"), folder.path().join("large"));
    let few = make(folder.path(), &small, FEW);
    let many = make(folder.path(), &large, receipts);
    let (_, least) = verify(&small, Cores::All);
    let mut most = 0;
    let mut best = [(Cores::One, Duration::MAX), (Cores::All, Duration::MAX)];
    for _ in 0..3 {
        for (cores, best) in &mut best {
            let (time, memory) = verify(&large, *cores);
            *best = time.min(*best);
            most = most.max(memory);
        }
    }
    let [one, all] = best.map(|(_, time)| many as f64 / time.as_secs_f64());
    let each = most.saturating_sub(least) as f64 / (many - few) as f64;
    note(format!(
        "{} records in {:.2} s on one core, {:.2} s on all; memory {} MB over {} MB",
        grouped(many as f64),
        best[0].1.as_secs_f64(),
        best[1].1.as_secs_f64(),
        most >> 20,
        least >> 20
    ));
    setting.tell(&[
        Row::at_least("verify from an evidence file, one core", one, 300_000.0, "records/s"),
        Row::at_least("verify from an evidence file, all cores", all, 300_000.0, "records/s"),
        Row::at_most("verify, memory a record", each, 64.0, "bytes"),
    ]);
}

/// Writes the evidence file of a season with so many receipts; tells how many records it has.
fn make(folder: &Path, path: &Path, receipts: u32) -> u64 {
    let raw = folder.join("raw");
    let mut out = BufWriter::new(File::create(&raw).expect("a file"));
    let mut tree = Tree::empty();
    let mut take = |book: &mut Book| {
        for record in book.records.drain(..) {
            let body = record::encode(&record);
            tree.push(hash::leaf_hash(&body));
            out.write_all(&(body.len() as u32).to_le_bytes()).and_then(|()| out.write_all(&body)).expect("room");
        }
        book.leaves.clear();
        tree.size()
    };
    let mut book = Book::new();
    let parts = [season::opening(day("2019-01-01")), season::programme(), season::funding(), season::enrolment()];
    season::play(&mut book, parts.into_iter().flatten().collect());
    book.set_day(day("2018-10-31"));
    take(&mut book);
    let mut last = 0;
    for no in 0..receipts {
        let of = no % OF_A_BATCH;
        if of == 0 {
            let batch =
                build::batch(&format!("V-{}", no / OF_A_BATCH), "GZ-U1", "A", "COMP", OF_A_BATCH, day("2018-10-08"));
            book.act(Ask::SubmitEnrollmentBatch(batch));
        }
        let batch = format!("V-{}", no / OF_A_BATCH);
        let receipt = build::receipt(GZ, &batch, 1, PayerType::Member, day("2018-10-31"), &format!("SJ-{no}"));
        book.ask("collector.gz", Ask::PostPremiumReceipt(receipt));
        let size = take(&mut book);
        if size - last >= PER_DIGEST {
            last = size;
            let digest = totals::state_digest(&book.state, &Filter::default());
            for event in [digest, totals::totals(&book.state)] {
                let record = ledger::decide::system_record(&book.state, book.now, event);
                book.append(&[record]);
            }
        }
    }
    let size = take(&mut book);
    let root = tree.root();
    out.flush().expect("room");
    let header = Header {
        book: book.state.book.clone(),
        origin: String::new(),
        scope: Scope::All,
        size,
        root,
        writer: "bench".into(),
    };
    let file = BufWriter::new(File::create(path).expect("a file"));
    let mut writer = Writer::begin(file, &header).expect("room");
    let mut raw = BufReader::new(File::open(raw).expect("the file just written"));
    let mut body = Vec::new();
    for _ in 0..size {
        let mut length = [0; 4];
        raw.read_exact(&mut length).expect("a length");
        body.resize(u32::from_le_bytes(length) as usize, 0);
        raw.read_exact(&mut body).expect("a body");
        writer.record(&body).expect("room");
    }
    writer.finish().expect("room").flush().expect("room");
    size
}

/// Cores that the program may use.
#[derive(Clone, Copy)]
enum Cores {
    One,
    All,
}

impl Cores {
    /// A command that runs a program on them.
    fn run(self, program: &Path) -> Command {
        let Cores::One = self else { return Command::new(program) };
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells which cores may be used");
        let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap_or_default();
        let first: String = list.trim().chars().take_while(char::is_ascii_digit).collect();
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &first]).arg(program);
        command
    }
}

/// Runs the program on a file; tells its time and its peak memory in bytes.
fn verify(path: &Path, cores: Cores) -> (Duration, u64) {
    let ours = std::env::current_exe().expect("a running program has a path").with_file_name("earmark");
    let begun = Instant::now();
    let mut child = cores
        .run(&ours)
        .args(["verify", "--json"])
        .arg(path)
        // What the bench is told by variables is not for the program, which refuses those that it does not know.
        .env_clear()
        .stdout(Stdio::null())
        .spawn()
        .expect("the program stands beside this one");
    let mut peak = 0;
    loop {
        peak = peak.max(peak_of(child.id()));
        if let Some(status) = child.try_wait().expect("a child") {
            assert!(status.success(), "an honest book is clean");
            return (begun.elapsed(), peak);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Peak memory of a process in bytes; 0 once it is gone.
fn peak_of(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).map_or(0, |kib| kib << 10)
}
