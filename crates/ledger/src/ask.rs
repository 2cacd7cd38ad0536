//! What is asked of a book and by whom, and what can be wrong with the asking.

use record::{Command, Digest};

/// Who asks. The server has authenticated them; what they may do is the book's to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Person code.
    pub person: String,
    /// First eight bytes of the SHA-256 of the key or token used.
    pub key_id: [u8; 8],
    /// The person's own signature over the canonical command, where they gave one.
    pub signature: Option<Vec<u8>>,
}

/// A request for a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Who asks.
    pub caller: Caller,
    /// The caller's id for this request, 1 to 64 of `[A-Za-z0-9._:-]`, unique per book for ever. Empty for `validate_only`.
    pub request_id: String,
    /// What is asked.
    pub command: Command,
    /// [`record::command_fingerprint`] of it.
    pub fingerprint: Digest,
}

impl Ask {
    /// An ask with its fingerprint.
    pub fn new(book: &str, caller: Caller, request_id: String, command: Command) -> Ask {
        let fingerprint = record::command_fingerprint(book, &caller.person, &command);
        Ask { caller, request_id, command, fingerprint }
    }
}

/// Language of texts for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// 中文
    Zh,
    /// English.
    En,
}

/// What is wrong with one field of a malformed request. Never holds the field's text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldFault {
    /// Path of the field, as in the API: `grant.code`, `lines[3].fen`.
    pub field: String,
    /// Stable code of the fault, for example `REQUIRED`, `OUT_OF_RANGE`, `PII-001`.
    pub code: &'static str,
    /// What the field must be, in Chinese.
    pub zh: String,
    /// What the field must be, in English.
    pub en: String,
}

impl FieldFault {
    /// The text in a language.
    pub fn text(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }
}
