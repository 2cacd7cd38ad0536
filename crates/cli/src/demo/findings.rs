//! What the detectors see of the season on its days (decisions 16): nobody could refuse it, the audit committee is shown it. The run of the
//! year's end is put on record.

use api::v1;

use super::stage::{Stage, ask, on, read};
use crate::lang::Lang;
use crate::table::Sheet;
use crate::yuan;

/// Days on which the season is looked at: the last before and the first after something changes.
const DAYS: [&str; 7] =
    ["2018-10-30", "2018-10-31", "2018-11-30", "2018-12-01", "2018-12-10", "2018-12-16", "2018-12-31"];

/// What is seen on a day.
pub struct OnDay {
    /// The day.
    pub day: &'static str,
    /// The signs, as the server gives them.
    pub signs: Vec<v1::Sign>,
}

/// Looks at the season day by day, then runs the detectors for the year's end.
pub async fn seen(stage: &mut Stage) -> anyhow::Result<Vec<OnDay>> {
    let mut days = Vec::new();
    for day in DAYS {
        let detector = String::new();
        let answer =
            read!(stage, "audit", audit.preview_findings, PreviewFindingsRequest { day: on(day), detector: detector });
        days.push(OnDay { day, signs: answer.map_err(|error| stage.failed(&error))?.signs });
    }
    let run = v1::DetectorRun { day: on("2018-12-31") };
    let asked = ask!(stage, "audit", audit.run_detectors, RunDetectorsRequest { run: Some(run) });
    stage.accepted(asked)?;
    Ok(days)
}

/// The days as a table, a rule and its subjects a row.
pub fn shown(days: &[OnDay], lang: Lang) -> String {
    let mut sheet = Sheet::new([
        (lang.pick("日期", "day"), false),
        (lang.pick("规则", "rule"), false),
        (lang.pick("对象", "subjects"), true),
        (lang.pick("金额", "amount"), true),
        (lang.pick("人数", "heads"), true),
        (lang.pick("自", "since"), false),
    ]);
    for of_day in days {
        if of_day.signs.is_empty() {
            let nothing = lang.pick("（无）", "(nothing)").to_owned();
            sheet.row([of_day.day.to_owned(), nothing, String::new(), String::new(), String::new(), String::new()]);
        }
        for (rule, signs) in by_rule(&of_day.signs) {
            let fen: i64 = signs.iter().map(|sign| sign.amount_fen).sum();
            let heads: i64 = signs.iter().map(|sign| sign.heads).sum();
            let since = signs.iter().filter_map(|sign| sign.since).min_by_key(|day| (day.year, day.month, day.day));
            sheet.row([
                of_day.day.to_owned(),
                rule.to_owned(),
                signs.len().to_string(),
                if fen == 0 { String::new() } else { yuan::show(fen) },
                if heads == 0 { String::new() } else { heads.to_string() },
                super::stage::show_date(since.as_ref()),
            ]);
        }
    }
    sheet.text()
}

/// Signs by rule, in the order in which they came.
fn by_rule(signs: &[v1::Sign]) -> Vec<(&str, Vec<&v1::Sign>)> {
    let mut rules: Vec<(&str, Vec<&v1::Sign>)> = Vec::new();
    for sign in signs {
        match rules.iter_mut().find(|(rule, _)| *rule == sign.rule) {
            Some((_, of_rule)) => of_rule.push(sign),
            None => rules.push((&sign.rule, vec![sign])),
        }
    }
    rules
}
