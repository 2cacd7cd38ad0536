//! Keys, policies and statements of a log, for tests. Seeds are small numbers: nothing here is secret.

use proof::{COSIGNATURE, ED25519, Note, Recovery, Signer, Statement, policy_digest};
use record::Command;
use record::command::SetLogPolicy;

/// A log's key.
pub fn log_key(origin: &str, seed: u8) -> Signer {
    Signer::from_seed(origin, ED25519, &[seed; 32]).expect("a sound key")
}

/// A witness's key.
pub fn witness_key(name: &str, seed: u8) -> Signer {
    Signer::from_seed(name, COSIGNATURE, &[seed; 32]).expect("a sound key")
}

/// A policy of one log, whose quorum is all of these witnesses; `none` without any.
pub fn policy_text(log: &Signer, witnesses: &[&Signer]) -> String {
    let mut text = format!("log {}\n", log.verifier());
    for (number, witness) in (1..).zip(witnesses) {
        text += &format!("witness w{number} {}\n", witness.verifier());
    }
    if witnesses.is_empty() {
        return text + "quorum none\n";
    }
    let names: Vec<String> = (1..=witnesses.len()).map(|number| format!("w{number}")).collect();
    text + &format!("group all-of-them all {}\nquorum all-of-them\n", names.join(" "))
}

/// Sets a policy by the word of these parties.
pub fn set_log_policy(
    book: &str,
    policy: &str,
    follows: Option<&str>,
    recovery: Option<Recovery>,
    parties: &[&Signer],
) -> SetLogPolicy {
    let statement = Statement {
        book: book.to_owned(),
        policy: policy_digest(policy),
        follows: follows.map(policy_digest),
        recovery,
    };
    let text = statement.to_string();
    let endorsed = |signer: &&Signer| signer.endorser().expect("a key that endorses").sign(&text, 0);
    let signatures = parties.iter().map(endorsed).collect();
    let note = Note::new(text.clone(), signatures).expect("a note");
    SetLogPolicy { policy: policy.to_owned(), statement: note.to_string() }
}

/// The same as a command.
pub fn log_policy(book: &str, policy: &str, follows: Option<&str>, parties: &[&Signer]) -> Command {
    Command::SetLogPolicy(set_log_policy(book, policy, follows, None, parties))
}
