//! What a bench tells: rows, each with a goal, to the standard output; figures beside them to the standard error.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench tells its figures")]

/// Columns of the table: the bench, ours, the baseline and theirs, the ratio, its goal.
const HEADS: [&str; 6] = ["bench", "ours", "baseline", "theirs", "ratio", "goal"];

/// A measured goal. The ratio is at least the goal where the goal is met, whichever way the figures point.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was measured.
    pub bench: String,
    /// Our figure.
    pub ours: f64,
    /// Who made the other figure: a peer, or `goal` where it was set.
    pub baseline: String,
    /// The other figure.
    pub theirs: f64,
    /// Ours to theirs; theirs to ours where less is better.
    pub ratio: f64,
    /// The least ratio that is wanted.
    pub goal: f64,
    /// Unit of both figures.
    pub unit: &'static str,
}

impl Row {
    /// More is better: a rate against another's.
    pub fn against(bench: &str, ours: f64, (baseline, theirs): (&str, f64), goal: f64, unit: &'static str) -> Row {
        Row { bench: bench.into(), ours, baseline: baseline.into(), theirs, ratio: ours / theirs, goal, unit }
    }

    /// More is better, and a figure is set.
    pub fn at_least(bench: &str, ours: f64, set: f64, unit: &'static str) -> Row {
        Row::against(bench, ours, ("goal", set), 1.0, unit)
    }

    /// Less is better, and a figure is set.
    pub fn at_most(bench: &str, ours: f64, set: f64, unit: &'static str) -> Row {
        Row::below(bench, ours, ("goal", set), 1.0, unit)
    }

    /// Less is better: a time or a size against another's.
    pub fn below(bench: &str, ours: f64, (baseline, theirs): (&str, f64), goal: f64, unit: &'static str) -> Row {
        Row { bench: bench.into(), ours, baseline: baseline.into(), theirs, ratio: theirs / ours, goal, unit }
    }

    /// Whether the goal is met.
    pub fn met(&self) -> bool {
        self.ratio >= self.goal
    }
}

/// How rows are printed.
#[derive(Clone, Copy, Debug)]
pub enum Print {
    /// A JSON line each.
    Json,
    /// A table for people.
    Table,
}

impl Print {
    /// Begins.
    pub fn head(self) {
        if matches!(self, Print::Table) {
            let [bench, ours, baseline, theirs, ratio, goal] = HEADS;
            println!("{bench:<46} {ours:>14} {theirs:>14} {:<10} {ratio:>8} {goal:>6}  {baseline}", "unit");
        }
    }

    /// Prints a row.
    pub fn row(self, row: &Row) {
        let Row { bench, ours, baseline, theirs, ratio, goal, unit } = row;
        match self {
            Print::Json => println!(
                "{}",
                serde_json::json!({
                    "bench": bench, "ours": rounded(*ours), "baseline": baseline, "theirs": rounded(*theirs),
                    "ratio": rounded(*ratio), "goal": goal, "unit": unit,
                })
            ),
            Print::Table => {
                let missed = if row.met() { "" } else { "  MISSED" };
                let (ours, theirs, ratio) = (grouped(*ours), grouped(*theirs), grouped(*ratio));
                println!("{bench:<46} {ours:>14} {theirs:>14} {unit:<10} {ratio:>8} {goal:>6}  {baseline}{missed}");
            }
        }
    }
}

/// Tells a figure that has no goal, or how a bench goes on.
pub fn note(text: impl AsRef<str>) {
    eprintln!("    {}", text.as_ref());
}

/// Four significant digits: more says nothing about a measurement.
fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let scale = 10f64.powf(3.0 - value.abs().log10().floor());
    if scale >= 1.0 { (value * scale).round() / scale } else { value.round() }
}

/// A number for people: thousands apart, decimals where they matter.
pub fn grouped(value: f64) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_at_its_goal_is_good_whichever_way_the_figures_point() {
        for (row, met) in [
            (Row::against("a", 60.0, ("echo", 100.0), 0.6, "calls/s"), true),
            (Row::against("a", 59.0, ("echo", 100.0), 0.6, "calls/s"), false),
            (Row::at_most("a", 0.5, 0.6, "ms"), true),
            (Row::at_most("a", 0.7, 0.6, "ms"), false),
            (Row::at_least("a", 151.0, 150.0, "receipts/s"), true),
        ] {
            assert_eq!(row.met(), met, "{row:?}");
        }
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!((rounded(123_456.7), rounded(0.012_345_6), rounded(0.0)), (123_457.0, 0.012_35, 0.0));
        assert_eq!(
            (grouped(1_234_567.8), grouped(0.256), grouped(12.0)),
            ("1,234,568".into(), "0.26".into(), "12".into())
        );
    }
}
