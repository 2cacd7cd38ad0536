//! The trust policy of the log as the records have set it.

use proof::{Note, Policy, Statement, policy_digest};
use record::{Digest, Sequence};

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogPolicy {
    /// The policy in force; none before the first.
    pub text: Option<String>,
    /// Origins that were given up.
    pub given_up: Vec<String>,
    /// Size and root of the tree before the record that sets a policy: what a recovery must go on from.
    pub head: (Sequence, Digest),
}

impl LogPolicy {
    /// The policy in force, read.
    pub(crate) fn read(&self) -> Option<Policy> {
        Policy::parse(self.text.as_ref()?.as_bytes()).ok()
    }

    /// Its name in statements.
    pub(crate) fn digest(&self) -> Option<Digest> {
        self.text.as_deref().map(policy_digest)
    }

    /// The origin in force.
    pub(crate) fn origin(&self) -> Option<String> {
        self.read()?.logs().first().map(|log| log.key.name().to_owned())
    }

    pub(super) fn set(&mut self, policy: &str, statement: &str) {
        let stated = Note::parse(statement).ok().and_then(|note| Statement::parse(note.text()).ok());
        if stated.is_some_and(|stated| stated.recovery.is_some()) {
            self.given_up.extend(self.origin());
        }
        self.text = Some(policy.to_owned());
    }
}
