//! The other programs that we are compared with, run one after the other: their figures come as a JSON line. They are built apart from the
//! workspace (`tests/peers`), since nothing else needs them.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::row::note;

/// The variable with the built program of `tests/peers`; `cargo xtask bench` sets it.
pub const PROGRAM_VARIABLE: &str = "EARMARK_PEERS";

/// How a peer did.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Postings a second.
    pub rate: f64,
    /// Half of the calls took no longer, milliseconds.
    pub p50: f64,
    /// 99 in 100 calls took no longer, milliseconds.
    pub p99: f64,
}

/// Runs a peer at a place: so many posters, so many postings a call, for a time.
pub fn run(peer: &str, place: &str, posters: usize, batch: usize, time: Duration) -> Peer {
    let program = std::env::var_os(PROGRAM_VARIABLE).map(PathBuf::from);
    let program = program.unwrap_or_else(|| {
        panic!("the baseline {peer} is missing: run `cargo xtask bench`, or set {PROGRAM_VARIABLE}, or leave it out by --without")
    });
    let mut command = Command::new(program);
    command.args([peer, place, &posters.to_string(), &batch.to_string(), &time.as_secs().to_string()]);
    let ended = command.output().expect("the program of the peers starts");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{peer}: {said}{}", String::from_utf8_lossy(&ended.stderr));
    let told: serde_json::Value = serde_json::from_str(said.trim()).expect("a peer tells one JSON line");
    let figure = |name: &str| told[name].as_f64().expect("a peer tells its figures");
    let peer_was = Peer { rate: figure("rate"), p50: figure("p50"), p99: figure("p99") };
    note(format!(
        "{peer}, {posters} posters, {batch} a call: {:.0}/s, p50 {:.2} ms, p99 {:.2} ms",
        peer_was.rate, peer_was.p50, peer_was.p99
    ));
    peer_was
}
