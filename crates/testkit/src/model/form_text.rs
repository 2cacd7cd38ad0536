//! What may stand in a field of a request, for the model: codes, numbers, texts. Naive where the ledger is thorough: it knows the
//! faults that the generator makes (too long, control characters, a mobile number, a health word), not every one there is.

/// The fault of a free text of at most `max` characters.
pub(super) fn text_fault(text: &str, max: usize) -> Option<&'static str> {
    if text.chars().count() > max {
        return Some("TOO_LONG");
    }
    if text.chars().any(char::is_control) {
        return Some("BAD_CHARACTER");
    }
    (names_a_person(text) || text.contains("诊断")).then_some("PII-001")
}

/// The fault of a code that must be given.
pub(super) fn code_fault(code: &str) -> Option<&'static str> {
    let lawful = |c: char| c.is_ascii_alphanumeric() || "._:-".contains(c);
    if code.is_empty() {
        Some("REQUIRED")
    } else if code.len() > 64 || !code.chars().all(lawful) {
        Some("BAD_CODE")
    } else {
        names_a_person(code).then_some("PII-001")
    }
}

/// A mobile number of the mainland: eleven digits by themselves that begin with 13 to 19.
fn names_a_person(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|run| {
        let mut digits = run.chars();
        run.len() == 11 && digits.next() == Some('1') && digits.next().is_some_and(|d| d >= '3')
    })
}
