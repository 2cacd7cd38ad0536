//! The ledger against the reference model (`testkit::model`): thousands of random command sequences, the same verdicts and the same
//! books. The model imports nothing of the ledger; what it says comes from the fund's rules.

mod compare;
mod make_flow;
mod make_in;
mod make_out;
mod make_plan;
mod pair;
mod papers;
mod rng;
mod sequence;
mod spoil;
mod spoil_money;
mod world;

use std::collections::BTreeMap;

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
const OUT_OF_REACH: &[(&str, &str)] = &[("LED-005", "no command changes, deletes or inserts a posted voucher")];
/// Threads that share the sequences.
const THREADS: u64 = 2;

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
    pair.counts
}

fn add(total: &mut Counts, counts: &Counts) {
    counts.verdicts.iter().for_each(|(name, n)| *total.verdicts.entry(name).or_default() += n);
    counts.rules.iter().for_each(|(code, n)| *total.rules.entry(code.clone()).or_default() += n);
}

#[test]
fn the_ledger_and_the_reference_model_agree() {
    let worlds = worlds();
    if let Some(seed) = std::env::var("EARMARK_SEED").ok().and_then(|text| text.parse().ok()) {
        run(&worlds, seed);
        return;
    }
    let mut total = Counts::default();
    std::thread::scope(|scope| {
        let worlds = &worlds;
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
}

/// At least 40 of a hundred commands are accepted, and every rule that a command can hit is hit 20 times.
fn assert_enough(total: &Counts) {
    let all: u64 = total.verdicts.values().sum();
    let accepted: u64 =
        ["accepted", "submitted", "rejected by the reviewer"].iter().filter_map(|name| total.verdicts.get(name)).sum();
    assert!(accepted * 100 >= all * LEAST_ACCEPTED, "only {accepted} of {all} commands are accepted");
    let reachable = RULES.iter().map(|rule| rule.code).filter(|code| OUT_OF_REACH.iter().all(|(out, _)| out != code));
    let rare: BTreeMap<&str, u64> = reachable
        .map(|code| (code, total.rules.get(code).copied().unwrap_or(0)))
        .filter(|(_, hits)| *hits < LEAST_HITS)
        .collect();
    assert!(rare.is_empty(), "hit less than {LEAST_HITS} times: {rare:?}");
}
