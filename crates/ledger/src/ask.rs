//! What is asked of a book and by whom, and what can be wrong with the asking.

use std::sync::Arc;

use record::{Command, Digest};

use crate::rows::FactHash;
use crate::{facts, form};

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
    /// Who asks; many asks of one stream share it.
    pub caller: Arc<Caller>,
    /// The caller's id for this request, 1 to 64 of `[A-Za-z0-9._:-]`, unique per book for ever. Empty for `validate_only`.
    pub request_id: String,
    /// What is asked.
    pub command: Command,
    /// [`record::command_fingerprint`] of it.
    pub fingerprint: Digest,
    faults: Vec<FieldFault>,
    keys: Vec<FactHash>,
}

impl Ask {
    /// An ask with all that follows from it alone, so that whoever hands it in works that out and not the book's one writer.
    pub fn new(book: &str, caller: impl Into<Arc<Caller>>, request_id: String, command: Command) -> Ask {
        let caller = caller.into();
        let canonical = record::command::encode(&command);
        let fingerprint = record::canonical_fingerprint(book, &caller.person, &canonical);
        let faults = form::check(&request_id, &command, canonical.len());
        // What is malformed is not looked at further.
        let keys = if faults.is_empty() { facts::own_keys(&request_id, &command) } else { Vec::new() };
        Ask { caller, request_id, command, fingerprint, faults, keys }
    }

    /// Everything wrong with its form; empty if nothing is. An empty request id is a fault.
    pub fn faults(&self) -> &[FieldFault] {
        &self.faults
    }

    /// Names of the facts that a decision on it may need, what it reviews apart: that of its request id first.
    pub fn keys(&self) -> &[FactHash] {
        &self.keys
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
