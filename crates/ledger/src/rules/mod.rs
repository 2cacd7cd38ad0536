//! The rules by their stable codes: level, clause, and what a hit says in Chinese and English. Checking them is `decide`'s work; this
//! table is the one place for their order and their words.

mod table;

use record::event::Hit;

use crate::Language;
pub use table::RULES;

/// A rule of the fund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Stable code.
    pub code: &'static str,
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
    part("应为 ", "expected", &hit.expected);
    part("实为 ", "found", &hit.found);
    if hit.shortfall_fen != 0 {
        let yuan = yuan(hit.shortfall_fen);
        part("差额 ", "short by", &if zh { format!("{yuan} 元") } else { format!("CNY {yuan}") });
    }
    part("可合法支付的来源 ", "sources that could lawfully pay:", &hit.lawful_sources.join(", "));
    text
}

/// Fen as yuan with two decimals.
pub fn yuan(fen: record::Fen) -> String {
    let (whole, rest) = (fen.unsigned_abs() / 100, fen.unsigned_abs() % 100);
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{whole}.{rest:02}")
}
