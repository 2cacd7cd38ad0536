//! What a `detect` line expects to stand, and what stands: `CODE`, `CODE/SUBJECT` or `CODE/SUBJECT=MEASURE`, where the measure is yuan,
//! heads (`616,000人`) or a count (`5次`).

use ledger::detect;
use ledger::state::{SignKey, State, key_of};
use record::{Day, Fen};

use super::Fault;
use super::args::{money, number, shown};

/// A finding that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Rule code.
    pub rule: String,
    /// Code of what it is about.
    pub subject: String,
    fen: Fen,
    heads: i64,
    count: u32,
}

impl core::fmt::Display for Seen {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}/{}=", self.rule, self.subject)?;
        let measures = [
            (self.fen != 0).then(|| shown(self.fen)),
            (self.heads != 0).then(|| format!("{}人", shown(self.heads * 100).trim_end_matches(".00"))),
            (self.count != 0).then(|| format!("{}次", self.count)),
        ];
        f.write_str(&measures.into_iter().flatten().collect::<Vec<_>>().join("|"))
    }
}

/// A finding that a line expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Rule code.
    pub rule: String,
    subject: Option<String>,
    measure: Option<Measure>,
    text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Measure {
    Fen(Fen),
    Heads(i64),
    Count(u32),
}

impl Wanted {
    /// Reads a token.
    pub fn of(token: &str) -> Result<Wanted, Fault> {
        let (name, measure) = token.split_once('=').map_or((token, None), |(name, measure)| (name, Some(measure)));
        let (rule, subject) = name.split_once('/').map_or((name, None), |(rule, subject)| (rule, Some(subject)));
        if ledger::rules::find(rule).is_none() {
            return Err(Fault::unreadable(format!("{rule} is no rule")));
        }
        let measure = measure.map(|text| match (text.strip_suffix('人'), text.strip_suffix('次')) {
            (Some(heads), _) => number(heads).map(Measure::Heads),
            (_, Some(count)) => number(count).map(Measure::Count),
            _ => money(text).map(Measure::Fen),
        });
        let (rule, subject) = (rule.to_owned(), subject.map(str::to_owned));
        Ok(Wanted { rule, subject, measure: measure.transpose()?, text: token.to_owned() })
    }

    fn is(&self, seen: &Seen) -> bool {
        let measured = self.measure.as_ref().is_none_or(|measure| match measure {
            Measure::Fen(fen) => *fen == seen.fen,
            Measure::Heads(heads) => *heads == seen.heads,
            Measure::Count(count) => *count == seen.count,
        });
        self.rule == seen.rule && self.subject.as_ref().is_none_or(|subject| *subject == seen.subject) && measured
    }
}

impl core::fmt::Display for Wanted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether each that stands is expected, and each expected stands.
pub fn agree(wanted: &[Wanted], seen: &[Seen]) -> bool {
    seen.iter().all(|seen| wanted.iter().any(|wanted| wanted.is(seen)))
        && wanted.iter().all(|wanted| seen.iter().any(|seen| wanted.is(seen)))
}

/// What stands after a run for a day. The record must say what the detectors see: anything else is a fault of the ledger.
pub fn standing(state: &State, day: Day) -> Result<Vec<Seen>, Fault> {
    let signs = detect::signs(state, day, None);
    let is_newest = |no: u32, key: &SignKey| state.findings.newest(key).is_some_and(|(newest, _)| newest == no);
    let on_record: Vec<_> = state
        .findings
        .iter()
        .filter(|(no, f)| f.stands && is_newest(*no, &key_of(&f.sign)))
        .map(|(_, f)| (key_of(&f.sign), f.sign.fen, f.sign.heads, f.sign.count))
        .collect();
    let found: Vec<_> = signs.iter().map(|s| (key_of(s), s.fen, s.heads, s.count)).collect();
    let same = on_record.len() == found.len() && found.iter().all(|sign| on_record.contains(sign));
    if !same {
        return Err(Fault::Differs { expected: format!("{found:?}"), found: format!("on record {on_record:?}") });
    }
    let seen = |s: record::finding::Sign| Seen {
        rule: s.rule,
        subject: s.subject,
        fen: s.fen,
        heads: s.heads,
        count: s.count,
    };
    Ok(signs.into_iter().map(seen).collect())
}

/// `finding CODE/SUBJECT = STATE stands|gone`, of the newest finding of that name.
pub fn look(state: &State, name: &str, want: &str) -> Result<(), Fault> {
    let found = named(state, name).and_then(|no| state.findings.get(no));
    let text = found.map(|f| format!("{} {}", f.state, if f.stands { "stands" } else { "gone" }));
    Fault::unless_same(want, &text.unwrap_or_default())
}

/// The newest finding of `CODE/SUBJECT`.
pub fn named(state: &State, name: &str) -> Option<u32> {
    let (rule, subject) = name.split_once('/')?;
    let is = |f: &ledger::state::Finding| f.sign.rule == rule && f.sign.subject == subject;
    state.findings.iter().filter(|(_, f)| is(f)).map(|(no, _)| no).last()
}
