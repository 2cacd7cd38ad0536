//! Rule hits as callers and auditors read them. The words stand in `ledger::rules`.

use api::v1;
use ledger::{Language, rules};
use record::event::Hit;

use crate::decode::wire_path;

/// The field or balance concerned, under the request's own names.
pub(crate) fn subject(content: &str, hit: &Hit) -> String {
    wire_path(content, &hit.subject)
}

/// What is wrong, in a language.
pub(crate) fn describe(hit: &Hit, language: Language) -> String {
    rules::describe(hit, language)
}

/// A hit of a refusal that was recorded.
pub(crate) fn shown(hit: Hit, language: Language) -> v1::RuleHit {
    v1::RuleHit {
        clause: rules::find(&hit.rule).map_or("", |rule| rule.clause).to_owned(),
        description: describe(&hit, language),
        rule: hit.rule,
        subject: hit.subject,
        expected: hit.expected,
        found: hit.found,
        shortfall_fen: hit.shortfall_fen,
        lawful_sources: hit.lawful_sources,
    }
}
