//! A statement of 100,000 lines with 1 % noise, on either engine: uploaded, sealed with all matches that ids determine, and the rest
//! listed with proposals.

use super::{Setting, seconds};
use crate::load::place::Engine;
use crate::load::row::{Row, note};
use crate::statements::{Noise, Registered, assert_told};

/// Movements of the statement.
const NOISE: Noise = Noise { movements: 100_000 };
/// Seconds that all of it may take: "in seconds".
const WITHIN: f64 = 10.0;

pub async fn run(setting: &Setting) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let registered = Registered::start(engine, NOISE).await;
        let (taken, open, _) = registered.reconcile().await;
        assert_told(NOISE, &open);
        let (upload, seal, list) = (seconds(taken.upload), seconds(taken.seal), seconds(taken.list));
        note(format!(
            "{}: upload {upload}, seal and match {seal}, list {} open lines {list}",
            engine.name(),
            open.len()
        ));
        let all = (taken.upload + taken.seal + taken.list).as_secs_f64();
        let name = format!("reconciliation of 100,000 lines, {}", engine.name());
        setting.tell(&[Row::at_most(&name, all, WITHIN, "s")]);
        registered.stop();
    }
}
