//! The rules by their stable codes: level, clause, and what a hit says in Chinese and English. Checking them is `decide`'s work; this
//! table is the one place for their order and their words.

mod table;

use record::event::Hit;

use crate::Language;
pub use table::RULES;

/// How a rule works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What breaks it is refused (拦截).
    Blocking,
    /// What breaks it is found by a detector (事后发现).
    Detecting,
    /// A detector points at what may be nothing (警示).
    Warning,
    /// What breaks it is refused where a request shows it, and found where only time or a bank does.
    Both,
}

impl Level {
    /// The stable code: B, D, B/D or W.
    pub const fn code(self) -> &'static str {
        match self {
            Level::Blocking => "B",
            Level::Detecting => "D",
            Level::Both => "B/D",
            Level::Warning => "W",
        }
    }

    /// Whether a request that breaks it is refused.
    pub const fn blocks(self) -> bool {
        matches!(self, Level::Blocking | Level::Both)
    }

    /// Whether a breach is found afterwards.
    pub const fn detects(self) -> bool {
        !matches!(self, Level::Blocking)
    }
}

/// A rule of the fund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable code.
    pub code: &'static str,
    /// How it works.
    pub level: Level,
    /// The clause that it carries out.
    pub clause: &'static str,
    /// What it demands, in Chinese.
    pub zh: &'static str,
    /// What it demands, in English.
    pub en: &'static str,
}

/// The rule with this code.
pub fn find(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code)
}

/// Place of a rule in the documented order; unknown codes stand last.
pub fn position(code: &str) -> usize {
    RULES.iter().position(|rule| rule.code == code).unwrap_or(RULES.len())
}

/// What a hit says to people: the demand, the clause, what was expected and found, the shortfall, and who could lawfully pay.
pub fn describe(hit: &Hit, language: Language) -> String {
    let rule = find(&hit.rule);
    let zh = language == Language::Zh;
    let mut text = rule.map_or("", |rule| if zh { rule.zh } else { rule.en }).to_owned();
    if let Some(rule) = rule {
        text.push_str(&if zh { format!("（{}）", rule.clause) } else { format!(" ({})", rule.clause) });
    }
    let mut part = |zh_label: &str, en_label: &str, value: &str| {
        if !value.is_empty() {
            text.push_str(&if zh { format!("；{zh_label}{value}") } else { format!("; {en_label} {value}") });
        }
    };
    let money = |fen: record::Fen| if zh { format!("{} 元", yuan(fen)) } else { format!("CNY {}", yuan(fen)) };
    // People read yuan; the hit itself keeps fen.
    let shown = |value: &str| match value.parse() {
        Ok(fen) if is_amount(hit) => money(fen),
        _ => value.to_owned(),
    };
    part("应为 ", "expected", &shown(&hit.expected));
    part("实为 ", "found", &shown(&hit.found));
    if hit.shortfall_fen != 0 {
        part("差额 ", "short by", &money(hit.shortfall_fen));
    }
    part("可合法支付的来源 ", "sources that could lawfully pay:", &hit.lawful_sources.join(", "));
    text
}

/// Whether what a hit expected and found are fen.
fn is_amount(hit: &Hit) -> bool {
    hit.shortfall_fen != 0 || hit.subject.ends_with("fen") || matches!(hit.rule.as_str(), "LED-001" | "LED-002")
}

/// Fen as yuan with two decimals.
pub fn yuan(fen: record::Fen) -> String {
    let (whole, rest) = (fen.unsigned_abs() / 100, fen.unsigned_abs() % 100);
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{whole}.{rest:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(rule: &str, subject: &str, expected: &str, found: &str, shortfall_fen: i64) -> Hit {
        let (expected, found) = (expected.to_owned(), found.to_owned());
        Hit { rule: rule.into(), subject: subject.into(), expected, found, shortfall_fen, lawful_sources: Vec::new() }
    }

    #[test]
    fn amounts_are_told_in_yuan_and_nothing_else_is() {
        for (hit, zh) in [
            (hit("USE-004", "unit_fen", "9500", "8000", 0), "；应为 95.00 元；实为 80.00 元"),
            (hit("BUD-001", "2018 S2P/A/COMP", "0", "7500", 7500), "；应为 0.00 元；实为 75.00 元；差额 75.00 元"),
            (hit("LED-002", "S5I/G-1", "0", "-95000", 0), "；应为 0.00 元；实为 -950.00 元"),
            (hit("USE-001", "account", "5030502", "135", 0), "；应为 5030502；实为 135"),
            (hit("ENR-001", "heads", "3", "4", 0), "；应为 3；实为 4"),
        ] {
            let text = describe(&hit, Language::Zh);
            assert!(text.ends_with(zh), "{text}");
        }
    }
}
