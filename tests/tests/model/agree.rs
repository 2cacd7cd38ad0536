//! The verifier in Python on random books, honest and damaged: it says of each what the other one says. `EARMARK_LEDGERS=1000`
//! (`cargo xtask soak agreement`) tries so many.

use earmark_tests::agreement::{damaged, differing};
use earmark_tests::chance::Chance;
use record::Record;

use super::pair::BOOK;
use super::{FIRST_SEED, WORLDS, sequence};

/// Books of an ordinary run.
const LEDGERS: u64 = 60;
/// Books that one Python process reads: their files are removed together.
const TOGETHER: usize = 50;

#[test]
fn the_verifier_in_python_agrees_on_random_books() {
    let ledgers = std::env::var("EARMARK_LEDGERS").ok().and_then(|text| text.parse().ok()).unwrap_or(LEDGERS);
    let mut chance = Chance::of(FIRST_SEED);
    let mut files = Vec::new();
    let mut honest = 0;
    for seed in FIRST_SEED..FIRST_SEED + ledgers {
        let mut pair = WORLDS[(seed % WORLDS.len() as u64) as usize].clone();
        sequence::run(&mut pair, seed).unwrap_or_else(|reason| panic!("seed {seed}: {reason}"));
        let records: Vec<Record> = pair.records().cloned().collect();
        let (what, file) = damaged(BOOK, &records, &mut chance);
        honest += u64::from(what == "honest");
        files.push((format!("seed {seed}, {what}"), file));
    }
    assert!(honest > ledgers / 10 && honest < ledgers * 9 / 10, "{honest} of {ledgers} are honest");
    for files in files.chunks(TOGETHER) {
        let differing = differing(files);
        assert!(differing.is_empty(), "\n{}\n", differing.join("\n"));
    }
}
