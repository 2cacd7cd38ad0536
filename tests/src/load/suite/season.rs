//! The season of 2018 at person level: everything that the fund's year asks for, in order, with totals that are known beforehand.

use std::time::Duration;

use testkit::process;

use super::Setting;
use crate::load::row::{Row, grouped, note};
use crate::season::Season;
use crate::season::run::{Figures, run as play};

/// Members of each of the 616 batches.
const HEADS: u32 = 1_000;

pub async fn run(setting: &Setting) {
    let folder = tempfile::tempdir().expect("there is room for a temporary folder");
    let figures = play(Season::of(HEADS), &folder.path().join("data"), process::serve).await;
    for (name, unit, value) in told(&figures) {
        note(format!("{name:<38} {:>12} {unit}", grouped(value)));
    }
    let receipts = figures.receipts as f64;
    let mb = |bytes: u64| bytes as f64 / 1e6;
    setting.tell(&[
        Row::at_most("season, all receipts acknowledged", figures.acknowledged.as_secs_f64(), 6.0, "s"),
        Row::at_most("season, views hold them all", figures.caught_up.as_secs_f64(), 25.0, "s"),
        Row::at_most("season, peak memory of the server", mb(figures.peak_memory), 300.0, "MB"),
        Row::at_least("season sent again", receipts / figures.replayed.as_secs_f64(), 80_000.0, "receipts/s"),
        Row::at_most("log, bytes a receipt", figures.log_bytes as f64 / receipts, 350.0, "bytes"),
    ]);
}

/// The figures beside the goals, with units.
fn told(figures: &Figures) -> Vec<(&'static str, &'static str, f64)> {
    let receipts = figures.receipts as f64;
    let each = |time: Duration| time.as_secs_f64() * 1e6 / receipts;
    vec![
        ("records in the log", "", figures.records as f64),
        ("processor, server, views included", "us a receipt", each(figures.processor)),
        ("processor, server, a replay", "us a receipt", each(figures.replay_processor)),
        ("everything else of the season", "s", figures.rest.as_secs_f64()),
        ("restart over the finished book", "s", figures.restarted.as_secs_f64()),
        ("views", "bytes a receipt", figures.views_bytes as f64 / receipts),
    ]
}
