//! Checkpoints and proofs of a book: signed after commit, one for a size, kept before anybody hears of them; and the proofs that lead to
//! them. What is signed with is the key of the policy on record; what a proof is made of stands in `nodes`.

use std::sync::Arc;

use ledger::FieldFault;
use ledger::state::LogPolicy;
use proof::{Checkpoint, Digest, Note, Policy, Signature, SignedCheckpoint};
use record::Sequence;

use crate::book::Book;
use crate::error::{EngineError, StopReason};
use crate::shared::Shared;
use crate::store::{Cosignature, Head, Store, StoreError, TreeHead, TreeHeadQuery};

/// Cosigned checkpoints looked through at a time for one that meets the quorum.
const LOOKED_THROUGH: u32 = 16;

/// A signed checkpoint with its cosignatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The note with all signatures.
    pub note: Note,
    /// Whether it meets the quorum of the policy in force.
    pub cosigned: bool,
}

/// A proof that a record is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// The record's body.
    pub body: Vec<u8>,
    /// The way to the root.
    pub path: Vec<Digest>,
    /// The checkpoint that it leads to.
    pub shown: Shown,
}

/// A proof that one log is the beginning of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consistency {
    /// The proof.
    pub proof: Vec<Digest>,
    /// The larger log's checkpoint.
    pub shown: Shown,
}

impl<S: Store> Book<S> {
    /// The checkpoint of a size; with 0 the newest, signed now if the log has grown since the last one. `cosigned` asks for the newest
    /// that meets the quorum, of that size if one is given.
    pub async fn checkpoint(&self, size: Sequence, cosigned: bool) -> Result<Shown, EngineError> {
        self.shared().readable()?;
        let (policy, since) = self.log_policy()?;
        match (size, cosigned) {
            (0, false) => self.sign().await.and_then(|head| shown(&head, &policy)),
            (0, true) => self.newest_cosigned(1, (&policy, since)).await?.ok_or(EngineError::NoCheckpoint),
            (size, cosigned) => {
                let found = self.of_size(size, &policy).await?;
                if found.cosigned || !cosigned { Ok(found) } else { Err(EngineError::NoCheckpoint) }
            }
        }
    }

    /// Proves that a record is in the log: under the checkpoint of this size, or, with 0, under the newest that meets the quorum and holds
    /// it, or else the newest.
    pub async fn prove_inclusion(&self, sequence: Sequence, size: Sequence) -> Result<Inclusion, EngineError> {
        self.shared().readable()?;
        let (policy, since) = self.log_policy()?;
        let held = *self.shared().head.borrow();
        if sequence == 0 || sequence > held || (size > 0 && sequence > size) {
            return Err(out_of_range("record", "没有这一条记录", "is no record of that log"));
        }
        let shown = match size {
            0 => match self.newest_cosigned(sequence, (&policy, since)).await? {
                Some(cosigned) => cosigned,
                None => self.sign().await.and_then(|head| shown(&head, &policy))?,
            },
            size => self.of_size(size, &policy).await?,
        };
        let (body, path) = self.included(sequence, (shown.checkpoint.size, &shown.checkpoint.root)).await?;
        Ok(Inclusion { body, path, shown })
    }

    /// A record's body and its way to the root over `size` records.
    pub(crate) async fn included(
        &self,
        sequence: Sequence,
        (size, root): (Sequence, &Digest),
    ) -> Result<(Vec<u8>, Vec<Digest>), EngineError> {
        let (store, code, index) = (&*self.shared().store, self.code(), sequence.saturating_sub(1));
        let wanted = [sequence];
        let making = self.made(size, |node| proof::inclusion_proof_from(index, size, node));
        let reading = async { Ok(store.records(code, &wanted).await?) };
        let (path, bodies) = tokio::try_join!(making, reading)?;
        let body = bodies.into_iter().next().flatten();
        let body = body.ok_or_else(|| StoreError::Corrupt(format!("record {sequence} is missing")))?;
        // What is handed out proves what it says, or nothing is handed out.
        proof::verify_inclusion(&proof::leaf_hash(&body), index, size, &path, root).map_err(corrupt)?;
        Ok((body, path))
    }

    /// Makes something of the inner nodes over `size` records and more.
    pub(crate) async fn made<T>(
        &self,
        size: Sequence,
        make: impl Fn(&mut dyn FnMut(proof::Node) -> Option<Digest>) -> Result<T, proof::ProofError>,
    ) -> Result<T, EngineError> {
        self.follow(size).await?;
        let nodes = self.shared().nodes.read().await;
        Ok(nodes.make((&*self.shared().store, self.code()), make).await?.map_err(corrupt)?)
    }

    /// Proves that the log of `old` records is the beginning of that of `new` ones, of which there is a checkpoint; 0 is the newest.
    pub async fn prove_consistency(&self, old: Sequence, new: Sequence) -> Result<Consistency, EngineError> {
        let shown = self.checkpoint(new, false).await?;
        let new = shown.checkpoint.size;
        if old > new {
            return Err(out_of_range("old_size", "大于新大小", "is larger than the new size"));
        }
        let proof = self.made(new, |node| proof::consistency_proof_from(old, new, node)).await?;
        Ok(Consistency { proof, shown })
    }

    /// Takes in what witnesses signed on the checkpoint of a size: signatures of the policy's witnesses that verify, others are passed
    /// over. Gives the names of those witnesses. It is finished whatever becomes of the caller.
    pub async fn add_cosignatures(&self, size: Sequence, lines: &str) -> Result<(Vec<String>, Shown), EngineError> {
        self.shared().readable()?;
        let (policy, _) = self.log_policy()?;
        let head = self.of_size(size, &policy).await?;
        let bad = |code, zh: &str, en: &str| EngineError::Malformed(vec![fault("cosignatures", code, zh, en)]);
        let signatures = Signature::parse_lines(lines)
            .map_err(|_| bad("BAD_SIGNATURE", "不是签名行", "holds something that is no signature line"))?;
        let (mut names, mut kept) = (Vec::new(), Vec::new());
        for signature in signatures {
            let known = policy.witnesses().iter().find(|witness| witness.key.made(&signature));
            let Some(witness) = known else { continue };
            witness.key.verify(head.note.text(), &signature).map_err(|_| {
                bad("WRONG_SIGNATURE", "见证人的签名对此检查点无效", "a witness's signature is none on this checkpoint")
            })?;
            names.push(witness.name.clone());
            kept.push(Cosignature {
                key_name: signature.name.clone(),
                key_id: signature.id,
                line: signature.to_string(),
            });
        }
        if kept.is_empty() {
            return Err(bad(
                "NO_WITNESS",
                "没有现行策略见证人的签名",
                "bears no signature of a witness of the policy in force",
            ));
        }
        let shared = Arc::clone(self.shared());
        let adding = tokio::spawn(async move {
            let added = shared.store.add_cosignatures(&shared.code, size, &kept).await;
            // Also where it failed: what became of it is not known then.
            shared.cosigned.changed();
            added
        });
        adding.await.unwrap_or_else(|_| Err(broken_off()))?;
        Ok((names, self.of_size(size, &policy).await?))
    }

    /// The policy in force, and the record that set it.
    fn log_policy(&self) -> Result<(Policy, Sequence), EngineError> {
        let found = self.read(|state| state.log_policy.policy().map(|policy| (policy, state.log_policy.since)));
        found?.ok_or(EngineError::NoLogPolicy)
    }

    async fn of_size(&self, size: Sequence, policy: &Policy) -> Result<Shown, EngineError> {
        let query = TreeHeadQuery { from: size, to: size, cosigned: false, limit: 1 };
        let found = self.shared().store.tree_heads(self.code(), query).await?.pop();
        shown(&found.ok_or(EngineError::NoCheckpoint)?, policy)
    }

    /// The newest checkpoint of at least this size that meets the quorum.
    async fn newest_cosigned(
        &self,
        least: Sequence,
        (policy, since): (&Policy, Sequence),
    ) -> Result<Option<Shown>, EngineError> {
        let begun = match self.shared().cosigned.find(since, least) {
            Ok(kept) => return Ok(Some(kept)),
            Err(begun) => begun,
        };
        let found = self.search_cosigned(least, policy).await?;
        if let Some(shown) = &found {
            self.shared().cosigned.keep(since, shown, begun);
        }
        Ok(found)
    }

    async fn search_cosigned(&self, least: Sequence, policy: &Policy) -> Result<Option<Shown>, EngineError> {
        let mut to = i64::MAX as u64;
        loop {
            let query = TreeHeadQuery { from: least, to, cosigned: policy.quorum() != "none", limit: LOOKED_THROUGH };
            let heads = self.shared().store.tree_heads(self.code(), query).await?;
            for head in &heads {
                let shown = shown(head, policy)?;
                if shown.cosigned {
                    return Ok(Some(shown));
                }
            }
            match heads.last() {
                Some(last) if last.size > least => to = last.size - 1,
                _ => return Ok(None),
            }
        }
    }

    /// The newest checkpoint, signed now if the log has grown. It is finished whatever becomes of the caller.
    async fn sign(&self) -> Result<TreeHead, EngineError> {
        let signing = tokio::spawn(sign(Arc::clone(self.shared())));
        signing.await.unwrap_or_else(|_| Err(broken_off().into()))
    }

    /// Brings the inner nodes to the committed head, if they do not hold `size` leaves yet.
    pub(crate) async fn follow(&self, size: Sequence) -> Result<(), EngineError> {
        let shared = self.shared();
        if shared.nodes.read().await.size() >= size {
            return Ok(());
        }
        let head = shared.committed()?.head.clone();
        let mut nodes = shared.nodes.write().await;
        if nodes.size() >= head.sequence {
            return Ok(());
        }
        nodes.follow(&*shared.store, &shared.code, head.sequence).await?;
        let root = nodes.root_at((&*shared.store, &shared.code), head.sequence).await?;
        if root.map_err(corrupt)? == head.root {
            return Ok(());
        }
        *nodes = crate::nodes::Nodes::default();
        Err(StoreError::Corrupt("the leaf hashes of the log do not lead to its root".into()).into())
    }
}

/// Signs the committed head, unless a checkpoint of its size stands. It is stored, and remembered outside the database, before it is given.
async fn sign<S: Store>(shared: Arc<Shared<S>>) -> Result<TreeHead, EngineError> {
    // One at a time: a second head of a size cannot come to be.
    let mut remembered = shared.signing.lock().await;
    let (head, policy): (Head, LogPolicy) = {
        let committed = shared.committed()?;
        (committed.head.clone(), committed.position.state.log_policy.clone())
    };
    if let Some(suspicion) = shared.suspicion() {
        return Err(EngineError::Suspected(suspicion));
    }
    let trusted = policy.policy().ok_or(EngineError::NoLogPolicy)?;
    let key = &trusted.logs().first().ok_or(EngineError::NoLogPolicy)?.key;
    let query = TreeHeadQuery { from: head.sequence, to: head.sequence, cosigned: false, limit: 1 };
    let standing = match shared.store.tree_heads(&shared.code, query).await?.pop() {
        Some(standing) => standing,
        None => {
            let signer = shared.options.log_keys.signer(&shared.code, key).ok_or(EngineError::NoLogKey)?;
            let text = Checkpoint::new(key.name(), head.sequence, head.root).to_string();
            let signature = signer.sign(&text, 0);
            let note = Note::new(text, vec![signature]).map_err(|error| StoreError::Corrupt(error.to_string()))?;
            let made =
                TreeHead { size: head.sequence, root: head.root, note: note.to_string(), cosignatures: Vec::new() };
            let added = shared.store.add_tree_head(&shared.code, &made).await;
            // Where the policy asks for no witness, it is the newest one that meets it.
            shared.cosigned.changed();
            added?
        }
    };
    if standing.root != head.root {
        let reason = format!("another root was signed for {} records", head.sequence);
        shared.stop(StopReason::Corrupt(reason.clone()));
        return Err(StoreError::Corrupt(reason).into());
    }
    if *remembered < standing.size {
        remember(&shared, &standing).await?;
        *remembered = standing.size;
    }
    Ok(standing)
}

async fn remember<S: Store>(shared: &Shared<S>, head: &TreeHead) -> Result<(), EngineError> {
    let Some(memory) = shared.options.remembered.clone() else { return Ok(()) };
    let checkpoint = SignedCheckpoint::parse(&head.note).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let code = shared.code.clone();
    let remembering = tokio::task::spawn_blocking(move || memory.remember(&code, &checkpoint));
    let remembered = remembering.await.unwrap_or_else(|_| Err(std::io::Error::other("the work was broken off")));
    remembered.map_err(|error| {
        tracing::error!(book = shared.code, %error, "a checkpoint cannot be remembered outside the database, and is not given out");
        StoreError::Unavailable(format!("remembering a checkpoint: {error}")).into()
    })
}

/// Signs the book from time to time while it grows, until it stops.
pub(crate) async fn sign_now_and_then<S: Store>(shared: Arc<Shared<S>>) {
    let mut signed = 0;
    loop {
        tokio::select! {
            _ = shared.until_stopped() => return,
            () = tokio::time::sleep(shared.options.checkpoint_every) => {}
        }
        let head = *shared.head.borrow();
        if head == signed {
            continue;
        }
        match sign(Arc::clone(&shared)).await {
            Ok(standing) => signed = standing.size,
            Err(EngineError::NoLogPolicy | EngineError::Suspected(_)) => {}
            Err(error) => tracing::warn!(book = shared.code, %error, "the book was not signed"),
        }
    }
}

/// A stored head with its cosignatures.
pub(crate) fn signed(head: &TreeHead) -> Result<SignedCheckpoint, StoreError> {
    let read = || {
        let mut signed = SignedCheckpoint::parse(&head.note).ok()?;
        for signature in Signature::parse_lines(&head.cosignatures.concat()).unwrap_or_default() {
            signed.note.add(signature).ok()?;
        }
        Some(signed)
    };
    read().ok_or_else(|| StoreError::Corrupt(format!("the checkpoint of {} records is unreadable", head.size)))
}

/// A stored head as it is shown: with its cosignatures, and judged by the policy in force.
fn shown(head: &TreeHead, policy: &Policy) -> Result<Shown, EngineError> {
    let signed = signed(head)?;
    let cosigned = policy.judge(&signed.note).is_ok();
    Ok(Shown { checkpoint: signed.checkpoint, note: signed.note, cosigned })
}

fn corrupt(error: proof::ProofError) -> StoreError {
    StoreError::Corrupt(format!("a proof cannot be made: {error}"))
}

fn broken_off() -> StoreError {
    StoreError::Unavailable("the work was broken off".into())
}

fn out_of_range(field: &str, zh: &str, en: &str) -> EngineError {
    EngineError::Malformed(vec![fault(field, "OUT_OF_RANGE", zh, en)])
}

fn fault(field: &str, code: &'static str, zh: &str, en: &str) -> FieldFault {
    FieldFault { field: field.to_owned(), code, zh: zh.to_owned(), en: en.to_owned() }
}
