//! The trust policy of the log as the records have set it, and the origins that were given up. What the texts mean is `proof`'s.

use borsh::{BorshDeserialize, BorshSerialize};
use proof::{Log, Note, Policy, Recovery, Statement, policy_digest};
use record::command::SetLogPolicy;
use record::{Digest, Sequence};

/// Whom readers of the log trust.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct LogPolicy {
    /// The policy in force; empty before the first.
    pub text: String,
    /// Sequence of its record; 0 before the first.
    pub since: Sequence,
    /// Origins that were given up, in order.
    pub abandoned: Vec<Abandoned>,
}

/// An origin that was given up when its log was rolled back.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Abandoned {
    /// The origin.
    pub origin: String,
    /// Records that were left of it, which the new origin begins with.
    pub kept: (Sequence, Digest),
    /// Its largest checkpoint that anybody held, as stated.
    pub lost: (Sequence, Digest),
}

/// The texts of the command, read.
pub(crate) struct Parties {
    pub policy: Policy,
    pub note: Note,
    pub statement: Statement,
}

impl Parties {
    /// Reads both texts; none where either is not what it should be, which the form has told.
    pub fn read(command: &SetLogPolicy) -> Option<Parties> {
        let note = Note::parse(&command.statement).ok()?;
        let statement = Statement::parse(note.text()).ok()?;
        Some(Parties { policy: Policy::parse(command.policy.as_bytes()).ok()?, note, statement })
    }
}

impl LogPolicy {
    /// The policy in force, read; none before the first.
    pub fn policy(&self) -> Option<Policy> {
        Policy::parse(self.text.as_bytes()).ok()
    }

    /// Its name in statements.
    pub fn digest(&self) -> Option<Digest> {
        (self.since > 0).then(|| policy_digest(&self.text))
    }

    /// The origin in force.
    pub fn origin(&self) -> Option<String> {
        self.policy()?.logs().first().map(origin_of)
    }

    /// Takes a policy that was set.
    pub(crate) fn set(&mut self, sequence: Sequence, policy: &str, statement: &str) {
        let stated = Note::parse(statement).ok().and_then(|note| Statement::parse(note.text()).ok());
        if let Some(Recovery { size, root, lost_size, lost_root }) = stated.and_then(|stated| stated.recovery) {
            let origin = self.origin().unwrap_or_default();
            self.abandoned.push(Abandoned { origin, kept: (size, root), lost: (lost_size, lost_root) });
        }
        policy.clone_into(&mut self.text);
        self.since = sequence;
    }
}

fn origin_of(log: &Log) -> String {
    log.key.name().to_owned()
}
