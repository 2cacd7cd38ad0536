//! Signed heads as the place of a book keeps them, with their cosignatures. They are judged by the book's own policies: whoever holds all
//! keys can make others that fit, which only an auditor's policy or a witness tells (`notes`); whoever does not, cannot.

use std::collections::VecDeque;

use proof::{Note, Policy, Signature, SignatureError, SignedCheckpoint, VerifierKey};
use record::{Digest, Sequence};

use crate::fault::Code;
use crate::report::Report;
use crate::verifier::hex;

/// A stored cosignature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCosignature {
    /// Name of the key, as stored.
    pub key_name: String,
    /// Id of the key, as stored.
    pub key_id: u32,
    /// The signature line, with its newline.
    pub line: String,
}

/// A stored signed head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredHead {
    /// Records, as stored.
    pub size: Sequence,
    /// Root, as stored.
    pub root: Digest,
    /// The note as the log signed it.
    pub note: String,
    /// What witnesses signed on it.
    pub cosignatures: Vec<StoredCosignature>,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Heads {
    /// All policies that the records have set so far.
    policies: Vec<Policy>,
    /// Heads of sizes that the tree has not reached, ascending.
    waiting: VecDeque<StoredHead>,
    /// Signatures by keys that no policy so far names: a later one may, since witnesses sign late.
    unknown: Vec<(Sequence, Note, Signature)>,
}

impl Heads {
    /// The records have set a policy.
    pub(crate) fn policy(&mut self, text: &str) {
        self.policies.extend(Policy::parse(text.as_bytes()));
    }

    /// Takes a stored head, before the records that it is of; they come ascending.
    pub(crate) fn take(&mut self, head: StoredHead) {
        self.waiting.push_back(head);
    }

    /// Judges the heads of the size that the tree has, with all of its records taken in.
    pub(crate) fn reach(&mut self, size: Sequence, root: impl Fn() -> Digest, report: &mut Report) {
        while self.waiting.front().is_some_and(|head| head.size <= size) {
            let Some(head) = self.waiting.pop_front() else { return };
            if head.size < size {
                report.add(head.size, Code::Head, "signed heads in the order of their sizes", "one that comes late");
            } else if head.root == root() {
                self.judge(head, report);
            } else {
                report.add(size, Code::Head, hex(&root()), format!("{} in a stored signed head", hex(&head.root)));
            }
        }
    }

    fn judge(&mut self, head: StoredHead, report: &mut Report) {
        let size = head.size;
        let mut fault = |expected: &str, found: &str| report.add(size, Code::Head, expected, found);
        let parsed = match SignedCheckpoint::parse(&head.note) {
            Ok(parsed) if parsed.note.to_string() == head.note => parsed,
            Ok(_) => return fault("a signed note in its canonical form", &head.note),
            Err(error) => return fault("a signed checkpoint", &error.to_string()),
        };
        if (parsed.checkpoint.size, parsed.checkpoint.root) != (size, head.root) {
            let found = format!("{} records, {}", parsed.checkpoint.size, hex(&parsed.checkpoint.root));
            return fault(&format!("a note of {size} records, {}", hex(&head.root)), &found);
        }
        let origin = &parsed.checkpoint.origin;
        if parsed.note.signatures().iter().all(|signature| signature.name != *origin) {
            fault(&format!("a signature of the log {origin}"), "none");
        }
        for signature in parsed.note.signatures() {
            match self.verify(&parsed.note, signature) {
                Some(Ok(())) => {}
                Some(Err(error)) => report.add(size, Code::Head, "a signature of the log", error.to_string()),
                None => self.unknown.push((size, parsed.note.clone(), signature.clone())),
            }
        }
        for stored in &head.cosignatures {
            self.cosignature(size, &parsed.note, stored, report);
        }
    }

    fn cosignature(&mut self, size: Sequence, note: &Note, stored: &StoredCosignature, report: &mut Report) {
        let mut fault = |found: &str| report.add(size, Code::Head, "a witness's signature line", found);
        let parsed = Signature::parse_lines(&stored.line).ok().and_then(|mut all| all.pop().filter(|_| all.is_empty()));
        let Some(signature) = parsed.filter(|signature| signature.to_string() == stored.line) else {
            return fault(&stored.line);
        };
        if (&signature.name, signature.id) != (&stored.key_name, stored.key_id) {
            return fault(&format!("one of {} {:08x}, kept as another's", signature.name, signature.id));
        }
        match self.verify(note, &signature) {
            Some(Ok(())) => {}
            Some(Err(error)) => fault(&error.to_string()),
            None => self.unknown.push((size, note.clone(), signature)),
        }
    }

    /// Verifies a signature by the key of a policy that it names, if there is one. Kinds of keys that this version cannot verify count as
    /// they stand.
    fn verify(&self, note: &Note, signature: &Signature) -> Option<Result<(), SignatureError>> {
        match self.key(signature)?.verify(note.text(), signature) {
            Ok(_) | Err(SignatureError::Unsupported(_)) => Some(Ok(())),
            Err(error) => Some(Err(error)),
        }
    }

    fn key(&self, signature: &Signature) -> Option<&VerifierKey> {
        let logs = self.policies.iter().flat_map(|policy| policy.logs()).map(|log| &log.key);
        let witnesses = self.policies.iter().flat_map(|policy| policy.witnesses()).map(|witness| &witness.key);
        logs.chain(witnesses).find(|key| key.made(signature))
    }

    /// The records are at their end.
    pub(crate) fn close(&mut self, size: Sequence, report: &mut Report) {
        for head in core::mem::take(&mut self.waiting) {
            report.add(head.size, Code::Head, format!("a signed head of {size} records at most"), "a larger one");
        }
        for (at, note, signature) in core::mem::take(&mut self.unknown) {
            let found = match self.verify(&note, &signature) {
                Some(Ok(())) => continue,
                Some(Err(error)) => error.to_string(),
                None => format!("{} {:08x}, whom no policy of the book names", signature.name, signature.id),
            };
            report.add(at, Code::Head, "a signature by log or witness of a policy on record", found);
        }
    }
}
