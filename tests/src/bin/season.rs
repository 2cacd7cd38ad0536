//! `cargo xtask bench season [--json] [--members N] [--data DIR]`: the season of 2018 at person level against the release server on the
//! embedded store, and what it took. The figures are printed for people, or as a JSON line each; the totals are asserted on the way.

#![expect(clippy::print_stdout, reason = "a bench tells its figures")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use earmark_tests::season::Season;
use earmark_tests::season::run::{Figures, run};
use testkit::process;

/// Batches of members in the season, among which the members are shared out.
const BATCHES: u32 = 616;
/// Members of the whole season.
const MEMBERS: u32 = 616_000;

/// What the command line asks for.
struct Asked {
    json: bool,
    members: u32,
    data: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let asked = asked(std::env::args().skip(1))?;
    let season = Season::of(asked.members / BATCHES);
    // A folder of our own is gone with us; a named one stays to be looked at.
    let temporary = tempfile::tempdir()?;
    let data = asked.data.clone().unwrap_or_else(|| temporary.path().join("data"));
    let figures = run(season, &data, process::serve).await;
    let rows = rows(&figures);
    for (name, unit, value) in &rows {
        if asked.json {
            println!("{}", serde_json::json!({"bench": "season", "figure": name, "unit": unit, "value": value}));
        } else {
            println!("{name:<38} {:>16} {unit}", grouped(*value));
        }
    }
    if !asked.json && asked.data.is_some() {
        println!("the books stay in {}", Path::new(&data).display());
    }
    Ok(())
}

fn asked(mut words: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut asked = Asked { json: false, members: MEMBERS, data: None };
    let usage = || format!("usage: season [--json] [--members N, a multiple of {}] [--data DIR]", BATCHES * 10);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--json" => asked.json = true,
            "--members" => asked.members = words.next().and_then(|n| n.parse().ok()).ok_or_else(usage)?,
            "--data" => asked.data = Some(words.next().ok_or_else(usage)?.into()),
            _ => return Err(usage()),
        }
    }
    if asked.members == 0 || !asked.members.is_multiple_of(BATCHES * 10) {
        return Err(usage());
    }
    Ok(asked)
}

/// The figures, with units.
fn rows(figures: &Figures) -> Vec<(&'static str, &'static str, f64)> {
    let receipts = figures.receipts as f64;
    let rate = |time: Duration| receipts / time.as_secs_f64();
    let each = |time: Duration| time.as_secs_f64() * 1e6 / receipts;
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    vec![
        ("receipts", "", receipts),
        ("records in the log", "", figures.records as f64),
        ("all receipts acknowledged", "s", figures.acknowledged.as_secs_f64()),
        ("acknowledged", "receipts/s", rate(figures.acknowledged)),
        ("views hold them all", "s", figures.caught_up.as_secs_f64()),
        ("to the views", "receipts/s", rate(figures.caught_up)),
        ("processor, server, views included", "us a receipt", each(figures.processor)),
        ("all receipts again, as replays", "s", figures.replayed.as_secs_f64()),
        ("replayed", "receipts/s", rate(figures.replayed)),
        ("processor, server, a replay", "us a receipt", each(figures.replay_processor)),
        ("everything else of the season", "s", figures.rest.as_secs_f64()),
        ("restart over the finished book", "s", figures.restarted.as_secs_f64()),
        ("peak memory of the server", "MiB", mib(figures.peak_memory)),
        ("log", "MiB", mib(figures.log_bytes)),
        ("log", "bytes a receipt", figures.log_bytes as f64 / receipts),
        ("views", "MiB", mib(figures.views_bytes)),
        ("views", "bytes a receipt", figures.views_bytes as f64 / receipts),
    ]
}

/// A number for people: thousands apart, decimals where they matter.
fn grouped(value: f64) -> String {
    if value.abs() < 1_000.0 && value.fract() != 0.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
