//! The ledger against the reference model (`testkit::model`): thousands of random command sequences, the same verdicts and the same
//! books. The model imports nothing of the ledger; what it says comes from the fund's rules.

mod agree;
mod compare;
mod direct;
mod make_flow;
mod make_in;
mod make_moves;
mod make_out;
mod make_plan;
mod pair;
mod papers;
mod regressions;
mod rng;
mod sequence;
mod spoil;
mod spoil_money;
mod world;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ledger::rules::RULES;
use pair::{Counts, Pair};
use world::{LIVE_FROM, STAGES};

/// Sequences of a run.
const SEQUENCES: u64 = 2_000;
/// Where the seeds start. `EARMARK_SEED` runs one sequence: the seed that a failure names.
const FIRST_SEED: u64 = 0x0ea2_3a2c;
/// Of a hundred commands, how many must be accepted at least: else the model is asked about refusals only.
const LEAST_ACCEPTED: u64 = 40;
/// How often each rule must be hit at least.
const LEAST_HITS: u64 = 20;
/// Rules that no command can hit, with the reason.
const OUT_OF_REACH: &[(&str, &str)] = &[
    ("ENR-003", "persons touch no balance, and the model has none"),
    ("ENR-004", "identity numbers end at the tokenizer"),
    ("PII-002", "identity numbers end at the tokenizer"),
    ("REC-001", "statements touch no balance, and the model has none"),
    ("LAY-001", "the model's books stand under no other"),
    ("RET-001", "archived originals touch no balance, and the model has none"),
];
/// What posts vouchers: the templates that have a command, and 蓝字订正.
const TEMPLATES: &[&str] = &[
    "T01a",
    "T01b",
    "T01c",
    "T02",
    "T03",
    "T04",
    "T05",
    "T06",
    "T07",
    "T08",
    "T09",
    "T09b",
    "T10",
    "T11",
    "T12",
    "T13",
    "T14",
    "T15",
    "T16",
    "T17",
    "T18",
    "T19",
    "T20",
    "T22",
    "T23",
    "T24",
    "T25",
    "T26",
    "T27",
    "T28",
    "T29",
    "T31",
    "T32",
    "BLUE_CORRECTION",
];
/// Of so many sequences one is verified by the auditor's second implementation too.
const VERIFIED: u64 = 4;
/// Threads that share the sequences.
const THREADS: u64 = 2;

/// Made once for all tests.
static WORLDS: LazyLock<Vec<Pair>> = LazyLock::new(worlds);

fn worlds() -> Vec<Pair> {
    let all = STAGES.iter().flat_map(|stage| LIVE_FROM.iter().map(move |live| (*stage, *live)));
    all.map(|(stage, live)| {
        world::build(stage, live).unwrap_or_else(|differs| panic!("{stage:?}, live from {live}: {differs}"))
    })
    .collect()
}

/// Runs the sequence of a seed and gives its counts.
fn run(worlds: &[Pair], seed: u64) -> Counts {
    let start = &worlds[usize::try_from(seed % worlds.len() as u64).expect("a small index")];
    let mut pair = start.clone();
    if let Err(reason) = sequence::run(&mut pair, seed) {
        let (steps, last) = sequence::shrink(start, &pair.steps);
        panic!("seed {seed}: {reason}\n\nin the fewest steps: {last}\n{}", sequence::show(&steps));
    }
    if seed.is_multiple_of(VERIFIED) {
        let report = pair.verified();
        assert!(report.is_clean() && report.unjudged.is_empty(), "seed {seed}: {report:#?}");
    }
    pair.counts
}

fn add(total: &mut Counts, counts: &Counts) {
    counts.verdicts.iter().for_each(|(name, n)| *total.verdicts.entry(name).or_default() += n);
    counts.rules.iter().for_each(|(code, n)| *total.rules.entry(code.clone()).or_default() += n);
    counts.templates.iter().for_each(|(code, n)| *total.templates.entry(code).or_default() += n);
}

#[test]
fn the_ledger_and_the_reference_model_agree() {
    let worlds = &*WORLDS;
    if let Some(seed) = std::env::var("EARMARK_SEED").ok().and_then(|text| text.parse().ok()) {
        run(worlds, seed);
        return;
    }
    let mut total = Counts::default();
    std::thread::scope(|scope| {
        let part = |thread: u64| {
            let mut counts = Counts::default();
            let seeds = (0..SEQUENCES).filter(|n| n % THREADS == thread);
            seeds.for_each(|n| add(&mut counts, &run(worlds, FIRST_SEED + n)));
            counts
        };
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || part(thread))).collect();
        for thread in threads {
            match thread.join() {
                Ok(counts) => add(&mut total, &counts),
                Err(failure) => std::panic::resume_unwind(failure),
            }
        }
    });
    show(&total);
    assert_enough(&total);
}

#[expect(clippy::print_stdout, reason = "the table of counts is the evidence that the run reached every rule")]
fn show(total: &Counts) {
    println!("{SEQUENCES} sequences from seed {FIRST_SEED}");
    total.verdicts.iter().for_each(|(name, n)| println!("{n:>8} {name}"));
    total.rules.iter().for_each(|(code, n)| println!("{n:>8} {code}"));
    total.templates.iter().for_each(|(code, n)| println!("{n:>8} vouchers {code}"));
}

/// At least 40 of a hundred commands are accepted; every rule that a command can hit is hit 20 times, and every template that has a
/// command posts 20 vouchers.
fn assert_enough(total: &Counts) {
    let all: u64 = total.verdicts.values().sum();
    let accepted = ["accepted", "submitted", "rejected by the reviewer"];
    let accepted: u64 = accepted.iter().filter_map(|name| total.verdicts.get(name)).sum();
    assert!(accepted * 100 >= all * LEAST_ACCEPTED, "only {accepted} of {all} commands are accepted");
    // What detectors find refuses no command.
    let blocking = RULES.iter().filter(|rule| rule.level.blocks()).map(|rule| rule.code);
    let rules = blocking.filter(|code| OUT_OF_REACH.iter().all(|(out, _)| out != code));
    assert_each("hit", rules, |code| total.rules.get(code));
    assert_each("posted", TEMPLATES.iter().copied(), |code| total.templates.get(code));
}

fn assert_each<'c>(what: &str, codes: impl Iterator<Item = &'c str>, count: impl Fn(&str) -> Option<&'c u64>) {
    let counts = codes.map(|code| (code, count(code).copied().unwrap_or(0)));
    let rare: BTreeMap<&str, u64> = counts.filter(|(_, n)| *n < LEAST_HITS).collect();
    assert!(rare.is_empty(), "{what} less than {LEAST_HITS} times: {rare:?}");
}

#[test]
fn the_model_imports_only_the_formats() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/testkit/src/model");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).expect("the model's folder") {
        let path = entry.expect("a file of the model").path();
        let text = std::fs::read_to_string(&path).expect("a source of the model");
        let outside = ["ledger::", "engine::", "store::", "proof::", "crate::"];
        let found: Vec<_> = outside.iter().filter(|name| text.contains(*name)).collect();
        assert!(found.is_empty(), "{}: {found:?}", path.display());
        files += 1;
    }
    assert!(files > 10, "these are not the model's files");
}
