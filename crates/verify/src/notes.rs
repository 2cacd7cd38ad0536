//! Checkpoints that come with the records, under a trust policy that the auditor holds (`proof`): who signed them, and whether the tree has
//! their roots. The policy is never the one in the book.

use std::collections::BTreeMap;

use proof::{Policy, SignedCheckpoint};
use record::{Digest, Sequence};

use crate::fault::Code;
use crate::report::Report;
use crate::verifier::hex;

/// What an auditor holds from elsewhere.
#[derive(Default)]
pub struct Trusted {
    /// Sizes and roots of checkpoints that were seen before, whoever serves the book now.
    pub checkpoints: BTreeMap<Sequence, Digest>,
    /// Whose signatures on checkpoints count; none: notes are counted and not read.
    pub policy: Option<Policy>,
}

impl<const N: usize> From<[(Sequence, Digest); N]> for Trusted {
    fn from(checkpoints: [(Sequence, Digest); N]) -> Trusted {
        Trusted { checkpoints: checkpoints.into(), policy: None }
    }
}

impl From<&[(Sequence, Digest)]> for Trusted {
    fn from(checkpoints: &[(Sequence, Digest)]) -> Trusted {
        Trusted { checkpoints: checkpoints.iter().copied().collect(), policy: None }
    }
}

/// A checkpoint that a log of the policy signed, to be compared when the tree is of its size.
struct Signed {
    root: Digest,
    /// Who cosigned it, where its quorum did.
    by: Option<Vec<String>>,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Notes {
    policy: Option<Policy>,
    waiting: BTreeMap<Sequence, Vec<Signed>>,
}

impl Notes {
    pub(crate) fn under(policy: Option<Policy>) -> Notes {
        Notes { policy, ..Notes::default() }
    }

    /// Takes a note that comes when the tree has this size and root.
    pub(crate) fn take(&mut self, text: &str, size: Sequence, root: impl FnOnce() -> Digest, report: &mut Report) {
        report.notes = report.notes.saturating_add(1);
        let Some(policy) = &self.policy else { return };
        let Ok(SignedCheckpoint { note, .. }) = SignedCheckpoint::parse(text) else { return };
        // What no log of the policy signed says nothing: keys change, and anybody can write a note.
        let Ok(checkpoint) = policy.signed_by_log(&note) else { return };
        let believed = policy.judge(&note).ok();
        let by = believed.map(|believed| believed.cosigned.into_iter().map(|(name, _)| name).collect());
        let signed = Signed { root: checkpoint.root, by };
        match checkpoint.size.cmp(&size) {
            core::cmp::Ordering::Greater => self.waiting.entry(checkpoint.size).or_default().push(signed),
            core::cmp::Ordering::Equal => compare(&signed, size, root(), report),
            // The tree has gone on: exports put their notes before the records.
            core::cmp::Ordering::Less => report.notes_late = report.notes_late.saturating_add(1),
        }
    }

    /// The tree has reached a size.
    pub(crate) fn reach(&mut self, size: Sequence, root: impl FnOnce() -> Digest, report: &mut Report) {
        if self.waiting.is_empty() {
            return;
        }
        if let Some(signed) = self.waiting.remove(&size) {
            let root = root();
            signed.iter().for_each(|signed| compare(signed, size, root, report));
        }
    }

    /// The records are at their end: what was signed beyond it is lost, and under a policy something must have been believed.
    pub(crate) fn close(&mut self, size: Sequence, report: &mut Report) {
        for (beyond, signed) in core::mem::take(&mut self.waiting) {
            for signed in signed {
                let expected = format!("{beyond} records, {}, signed by the log", hex(&signed.root));
                report.add(size, Code::Checkpoint, expected, format!("{size} records"));
            }
        }
        if let Some(policy) = &self.policy
            && report.cosigned.is_none()
        {
            let quorum = format!("a checkpoint with the quorum {}", policy.quorum());
            report.add(size, Code::Cosigned, quorum, format!("{} notes, none believed", report.notes));
        }
    }
}

fn compare(signed: &Signed, size: Sequence, root: Digest, report: &mut Report) {
    if signed.root != root {
        report.add(size, Code::Checkpoint, format!("{}, signed by the log", hex(&signed.root)), hex(&root));
    } else if let Some(by) = &signed.by
        && report.cosigned.as_ref().is_none_or(|(other, _)| *other <= size)
    {
        report.cosigned = Some((size, by.clone()));
    }
}
