//! Judging a request to cosign, as `c2sp.org/tlog-witness` orders it: comparing with what is remembered and remembering anew happen under
//! one lock, and the cosignature leaves only when what it says is on disk.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use proof::{
    AddCheckpoint, COSIGNATURE, Checkpoint, Distrust, ML_DSA_44, Note, Policy, SignedCheckpoint, Signer, empty_root,
    verify_consistency,
};

use crate::state::{State, StateError};

/// Tells the time, seconds since the Unix epoch.
pub type Clock = fn() -> u64;

/// What a witness answers.
#[derive(Debug)]
pub enum Answer {
    /// Signature lines, each ended by a newline.
    Cosigned(String),
    /// The size that was cosigned last is another than the asker believes.
    Conflict(u64),
    /// It is not cosigned.
    Refused(Refusal),
    /// The witness itself failed; nothing was cosigned.
    Failed(StateError),
}

/// Why a request is not cosigned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request cannot be read.
    #[error("{0}")]
    Malformed(String),
    /// The old size is larger than the checkpoint's: a log does not shrink.
    #[error("the old size is larger than the checkpoint's")]
    Shrinks,
    /// No log of this origin is known.
    #[error("no log of this origin is known here")]
    UnknownOrigin,
    /// No trusted key of the origin signed it, or a signature in a trusted key's name is false.
    #[error("{0}")]
    NotSigned(String),
    /// The checkpoint is not a later state of what was cosigned last.
    #[error("{reason}{}", .evidence.as_ref().map_or(String::new(), |path| format!("; evidence was kept in {}", path.display())))]
    Inconsistent {
        /// What does not fit.
        reason: String,
        /// Where both checkpoints were kept, if they contradict each other.
        evidence: Option<PathBuf>,
    },
}

impl Answer {
    /// The HTTP status that the protocol has for it.
    pub fn status(&self) -> u16 {
        match self {
            Answer::Cosigned(_) => 200,
            Answer::Conflict(_) => 409,
            Answer::Refused(Refusal::Malformed(_) | Refusal::Shrinks) => 400,
            Answer::Refused(Refusal::UnknownOrigin) => 404,
            Answer::Refused(Refusal::NotSigned(_)) => 403,
            Answer::Refused(Refusal::Inconsistent { .. }) => 422,
            Answer::Failed(_) => 500,
        }
    }

    /// The body of the answer.
    pub fn body(&self) -> String {
        match self {
            Answer::Cosigned(lines) => lines.clone(),
            Answer::Conflict(size) => format!("{size}\n"),
            // Where evidence lies is the witness's own matter.
            Answer::Refused(Refusal::Inconsistent { reason, .. }) => format!("{reason}\n"),
            Answer::Refused(refusal) => format!("{refusal}\n"),
            Answer::Failed(_) => "the witness cannot remember, and signs nothing\n".to_owned(),
        }
    }
}

/// A witness.
#[derive(Debug)]
pub struct Witness {
    signer: Signer,
    policy: Policy,
    clock: Clock,
    /// Held from comparing to remembering.
    state: Mutex<State>,
}

impl Witness {
    /// Begins a witness with an empty memory, in a folder that does not exist.
    pub fn begin(folder: &Path, signer: Signer, policy: Policy, clock: Clock) -> Result<Witness, StateError> {
        Ok(Witness { signer, policy, clock, state: Mutex::new(State::begin(folder)?) })
    }

    /// Goes on with the memory of a folder. The policy's logs are those that are cosigned; its quorum plays no part. The signer is a
    /// cosigner's (type 0x04 or 0x06).
    pub fn open(folder: &Path, signer: Signer, policy: Policy, clock: Clock) -> Result<Witness, StateError> {
        Ok(Witness { signer, policy, clock, state: Mutex::new(State::open(folder)?) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere left no file half-written: each is replaced whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The checkpoint that was cosigned last, by the name of its origin (SHA-256 in hexadecimal).
    pub fn latest(&self, name: &str) -> Result<Option<SignedCheckpoint>, StateError> {
        let fits = name.len() == 64 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if fits { self.state().named(name) } else { Ok(None) }
    }

    /// The name of an origin in addresses.
    pub fn name(origin: &str) -> String {
        State::name(origin)
    }

    /// Judges the text of a request. It may wait for the disk.
    pub fn add_checkpoint(&self, text: &str) -> Answer {
        let request = match AddCheckpoint::parse(text) {
            Ok(request) => request,
            Err(error) => return Answer::Refused(Refusal::Malformed(error.to_string())),
        };
        match self.judge(&request) {
            Ok(answer) => answer,
            Err(error) => {
                tracing::error!(%error, "the witness cannot remember");
                Answer::Failed(error)
            }
        }
    }

    fn judge(&self, request: &AddCheckpoint) -> Result<Answer, StateError> {
        let checkpoint = match self.policy.signed_by_log(&request.checkpoint) {
            Ok(checkpoint) => checkpoint,
            Err(refusal) => return Ok(Answer::Refused(distrusted(refusal))),
        };
        if request.old > checkpoint.size {
            return Ok(Answer::Refused(Refusal::Shrinks));
        }
        let state = self.state();
        let latest = state.latest(&checkpoint.origin)?;
        let cosigned = latest.as_ref().map_or(0, |latest| latest.checkpoint.size);
        let same_size = latest.as_ref().filter(|latest| latest.checkpoint.size == checkpoint.size);
        if let Some(latest) = same_size.filter(|latest| latest.checkpoint.root != checkpoint.root) {
            // Two heads of one size, both signed by the log: that proves it, whatever was asked.
            let evidence = keep_evidence(&state, latest, request)?;
            if request.old == cosigned {
                return Ok(inconsistent("another root was cosigned for this size", Some(evidence)));
            }
        }
        if request.old != cosigned {
            return Ok(Answer::Conflict(cosigned));
        }
        if checkpoint.size == 0 && checkpoint.root != empty_root() {
            return Ok(inconsistent("the empty tree has another root", None));
        }
        let old_root = latest.as_ref().map_or(empty_root(), |latest| latest.checkpoint.root);
        if let Err(error) = verify_consistency(cosigned, checkpoint.size, &request.proof, &old_root, &checkpoint.root) {
            let evidence = latest.as_ref().map(|latest| keep_evidence(&state, latest, request)).transpose()?;
            return Ok(inconsistent(
                &format!("the proof does not lead from {cosigned} records to this: {error}"),
                evidence,
            ));
        }
        self.cosign(&state, &checkpoint, latest.as_ref(), &request.checkpoint)
    }

    fn cosign(
        &self,
        state: &State,
        checkpoint: &Checkpoint,
        latest: Option<&SignedCheckpoint>,
        note: &Note,
    ) -> Result<Answer, StateError> {
        // A clock that was set back makes no cosignature older than the one before.
        let before = latest.and_then(|latest| latest.note.signed_by(self.signer.verifier()).ok());
        let before = before.into_iter().flatten().flatten().max().unwrap_or(1);
        let signature = self.signer.sign(note.text(), (self.clock)().max(before));
        let line = signature.to_string();
        let by_log = note.signatures().iter().filter(|made| self.policy.logs().iter().any(|log| log.key.made(made)));
        let signatures = by_log.cloned().chain([signature]).collect();
        let note = Note::new(note.text().to_owned(), signatures);
        let note = note.map_err(|error| StateError::Damaged { path: PathBuf::new(), error: error.into() })?;
        state.remember(&SignedCheckpoint { checkpoint: checkpoint.clone(), note })?;
        tracing::info!(origin = checkpoint.origin, size = checkpoint.size, "cosigned");
        Ok(Answer::Cosigned(line))
    }

    /// The witness's key.
    pub fn verifier(&self) -> &proof::VerifierKey {
        debug_assert!(matches!(self.signer.verifier().kind(), COSIGNATURE | ML_DSA_44));
        self.signer.verifier()
    }
}

fn distrusted(refusal: Distrust) -> Refusal {
    match refusal {
        Distrust::Checkpoint(error) => Refusal::Malformed(error.to_string()),
        Distrust::UnknownOrigin(_) => Refusal::UnknownOrigin,
        other => Refusal::NotSigned(other.to_string()),
    }
}

fn inconsistent(reason: &str, evidence: Option<PathBuf>) -> Answer {
    if let Some(path) = &evidence {
        tracing::error!(reason, path = %path.display(), "a log contradicts itself; evidence was kept");
    }
    Answer::Refused(Refusal::Inconsistent { reason: reason.to_owned(), evidence })
}

/// Both checkpoints as they were signed, and the proof that did not fit: enough for anybody who has the log's key.
fn keep_evidence(state: &State, latest: &SignedCheckpoint, request: &AddCheckpoint) -> Result<PathBuf, StateError> {
    let text = format!("Cosigned before:\n\n{}\nAsked to cosign:\n\n{request}", latest.note);
    let name = State::name(&text);
    // Of two that differ two are kept; the same is kept once.
    state.keep_evidence(name.get(..16).unwrap_or(&name), &text)
}
