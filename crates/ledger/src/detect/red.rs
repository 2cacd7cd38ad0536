//! Red vouchers (DIV-006, a warning): many of a month's vouchers are red, or many red ones stand on its last days, before it closes.

use std::collections::BTreeMap;

use record::kinds::SubjectKind;
use record::{Fen, Period, Sequence};

use super::Look;

/// Red vouchers of a month.
#[derive(Default)]
struct Month {
    posted: i64,
    red: i64,
    red_fen: Fen,
    /// Red ones on the last days.
    last_days: i64,
    records: Vec<Sequence>,
}

pub(super) fn look(look: &mut Look<'_>) {
    let (state, day) = (look.state, look.day);
    let least = i64::from(look.number("detect.red_vouchers"));
    let percent = i64::from(look.number("detect.red_percent"));
    let close_days = look.number("detect.close_days");
    let mut months: BTreeMap<Period, Month> = BTreeMap::new();
    for (date, of_day) in state.watch.vouchers.range(..=day) {
        let period = date.period();
        let month = months.entry(period).or_default();
        let red = i64::from(of_day.red);
        month.posted = month.posted.saturating_add(i64::from(of_day.posted));
        month.red = month.red.saturating_add(red);
        month.red_fen = month.red_fen.saturating_add(of_day.red_fen);
        if *date > period.last_day().plus_days(close_days.saturating_neg()) {
            month.last_days = month.last_days.saturating_add(red);
        }
        month.records.extend(&of_day.reds);
    }
    for (period, month) in months {
        let many = month.red.saturating_mul(100) >= percent.saturating_mul(month.posted);
        if month.red < least.max(1) || !(many || month.last_days >= least) {
            continue;
        }
        let mut sign = look.sign("DIV-006", SubjectKind::Period, &period.to_string());
        (sign.fen, sign.count) = (month.red_fen, u32::try_from(month.red).unwrap_or(u32::MAX));
        sign.expected = format!("< {percent}%");
        sign.found = format!("{} / {}", month.red, month.posted);
        sign.since = period.first_day();
        sign.evidence = month.records;
        look.see(sign);
    }
}
