//! Rule hits in words: what is wrong, the clause, the shortfall, and which source would have been lawful.

use ledger::Language;
use record::event::Hit;

use crate::decode::wire_path;

/// The field or balance concerned, under the request's own names.
pub(crate) fn subject(content: &str, hit: &Hit) -> String {
    if hit.subject.contains([' ', '/']) { hit.subject.clone() } else { wire_path(content, &hit.subject) }
}

/// What is wrong, in a language.
pub(crate) fn describe(hit: &Hit, language: Language) -> String {
    ledger::rules::describe(hit, language)
}
