//! Unary posters against the ceiling: `earmark serve` and the echo server in turns, so that what else the machine does falls on both.

use std::sync::Arc;
use std::time::Duration;

use testkit::process::Served;

use super::{Setting, WARM_UP, median};
use crate::load::acks::Acks;
use crate::load::book::Loaded;
use crate::load::check;
use crate::load::histogram::Histogram;
use crate::load::place::Engine;
use crate::load::row::{Row, grouped, note};
use crate::load::unary::{Run, Target};

/// Posters at once.
const POSTERS: [usize; 4] = [1, 16, 128, 512];
/// Measured in each turn.
const TURN: Duration = Duration::from_secs(4);
/// The number of posters that has a goal against the ceiling, and its turns of each server; the middle one counts. Others have one turn.
const MEASURED: (usize, usize) = (128, 3);
/// More than the fastest server takes in all turns.
const RECEIPTS: u64 = 5_000_000;

/// What is wanted of an engine.
pub struct Goals {
    /// The engine.
    pub engine: Engine,
    /// Share of the echo server's rate at 128 posters.
    pub of_echo: f64,
    /// Half of one poster's calls take no longer, milliseconds.
    pub p50: f64,
}

/// Rates and latencies of one server at one number of posters.
#[derive(Default)]
struct Seen {
    rates: Vec<f64>,
    latencies: Histogram,
}

impl Seen {
    fn add(&mut self, run: &Run) {
        self.rates.push(run.rate());
        self.latencies.merge(&run.latencies);
    }

    fn tell(&self, who: &str, posters: usize) {
        let [p50, p99] = [0.5, 0.99].map(|share| self.latencies.millis(share));
        let rate = grouped(median(self.rates.clone()));
        note(format!("{posters:>3} posters, {who:<8} {rate:>8}/s, p50 {p50:.3} ms, p99 {p99:.3} ms"));
    }
}

pub async fn run(setting: &Setting, goals: &Goals) {
    let loaded = Loaded::start(goals.engine, RECEIPTS).await;
    let mut echo = std::process::Command::new(std::env::current_exe().expect("a running program has a path"));
    let folder = tempfile::tempdir().expect("there is room for a temporary folder");
    let echo = Served::start(echo.arg("echo-server"), &folder.path().join("echo.log"));
    let echoed = Target {
        endpoint: echo.endpoint(),
        acks: Arc::new(Acks::of(loaded.target.receipts.total())),
        next: Arc::default(),
        ..loaded.target.clone()
    };
    let mut rows = Vec::new();
    for posters in POSTERS {
        let (mut ours, mut theirs) = (Seen::default(), Seen::default());
        let turns = if posters == MEASURED.0 { MEASURED.1 } else { 1 };
        for _ in 0..turns {
            let before = loaded.backlog().await;
            let used = loaded.server().processor_time();
            let run = loaded.target.unary(posters, WARM_UP, TURN).await;
            let used = (loaded.server().processor_time() - used).as_secs_f64() * 1e6 / run.count as f64;
            note(format!(
                "server {used:.1} us a receipt, backlog {before} before and {} after",
                loaded.backlog().await
            ));
            ours.add(&run);
            loaded.catch_up().await;
            theirs.add(&echoed.unary(posters, WARM_UP, TURN).await);
        }
        ours.tell("earmark", posters);
        theirs.tell("echo", posters);
        rows.extend(rows_of(goals, posters, &ours, &theirs));
    }
    echo.kill();
    check::sound(loaded).await;
    setting.tell(&rows);
}

fn rows_of(goals: &Goals, posters: usize, ours: &Seen, theirs: &Seen) -> Vec<Row> {
    let name = |what: &str| format!("{what}, {}", goals.engine.name());
    match posters {
        1 => vec![
            Row::at_most(&name("unary, 1 poster, p50"), ours.latencies.millis(0.5), goals.p50, "ms"),
            Row::at_most(&name("unary, 1 poster, p99"), ours.latencies.millis(0.99), 10.0, "ms"),
        ],
        _ if posters == MEASURED.0 => {
            let (rate, ceiling) = (median(ours.rates.clone()), median(theirs.rates.clone()));
            vec![Row::against(&name("unary, 128 posters"), rate, ("tonic echo", ceiling), goals.of_echo, "receipts/s")]
        }
        _ => Vec::new(),
    }
}
