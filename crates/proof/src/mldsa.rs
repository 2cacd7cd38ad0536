//! Signatures with ML-DSA-44 (FIPS 204), which hold against quantum computers too: cosignatures of checkpoints as
//! `c2sp.org/tlog-cosignature` has them (type 0x06), and endorsements of statements, which that type cannot sign. What keys and
//! signatures look like around them stands in `key`.

use ml_dsa::{
    B32, EncodedVerifyingKey, ExpandedSigningKey, Keypair as _, MlDsa44, Signature, SigningKey, VerifyingKey,
};

use crate::checkpoint::Checkpoint;

/// Bytes of a public key.
pub(crate) const KEY_BYTES: usize = 1_312;

/// What every cosigned message begins with.
const LABEL: &[u8; 12] = b"subtree/v1\n\0";

/// The FIPS 204 context of endorsements. Cosignatures have none, so that neither can pass for the other.
const STATEMENT: &[u8] = b"earmark log policy v1";

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// A message of [`cosigned`].
    Cosign,
    /// The text of a statement.
    Endorse,
}

impl Act {
    fn context(self) -> &'static [u8] {
        match self {
            Act::Cosign => b"",
            Act::Endorse => STATEMENT,
        }
    }
}

/// A secret key. Its memory is cleared when it is dropped.
#[derive(Clone)]
pub(crate) struct Secret(Box<SigningKey<MlDsa44>>);

impl Secret {
    /// The key of a seed.
    pub(crate) fn of(seed: &[u8; 32]) -> Secret {
        Secret(Box::new(SigningKey::from_seed(&B32::from(*seed))))
    }

    /// The seed that it was made of.
    pub(crate) fn seed(&self) -> [u8; 32] {
        self.0.to_seed().into()
    }

    /// Its public key.
    pub(crate) fn public(&self) -> Vec<u8> {
        self.0.verifying_key().encode().to_vec()
    }

    /// Signs a message, by the variant of the standard that takes no chance. Empty where no signature was found, which the standard counts
    /// on less than once in 2^100 tries: it verifies nowhere.
    pub(crate) fn sign(&self, act: Act, message: &[u8]) -> Vec<u8> {
        let key = ExpandedSigningKey::<MlDsa44>::from_seed(self.0.as_seed());
        let signed = key.sign_deterministic(message, act.context());
        signed.map(|signature| signature.encode().to_vec()).unwrap_or_default()
    }
}

/// Whether a signature of a public key over a message verifies; none where its length is another.
pub(crate) fn verifies(key: &[u8], act: Act, message: &[u8], signature: &[u8]) -> Option<bool> {
    let key = EncodedVerifyingKey::<MlDsa44>::try_from(key).ok()?;
    if signature.len() != SIGNATURE_BYTES {
        return None;
    }
    let Ok(signature) = Signature::<MlDsa44>::try_from(signature) else { return Some(false) };
    Some(VerifyingKey::<MlDsa44>::decode(&key).verify_with_context(message, act.context(), &signature))
}

/// Bytes of a signature.
const SIGNATURE_BYTES: usize = 2_420;

/// What a cosigner signs of a checkpoint: its own name, the time, the log, and the tree from its first leaf to its last. None where the
/// text is no checkpoint, or a name does not fit. Extension lines are not signed.
pub(crate) fn cosigned(name: &str, time: u64, text: &str) -> Option<Vec<u8>> {
    let Checkpoint { origin, size, root, .. } = Checkpoint::parse(text).ok()?;
    let named =
        |name: &str| Some([&[u8::try_from(name.len()).ok().filter(|len| *len > 0)?][..], name.as_bytes()].concat());
    let start = 0u64;
    Some(
        [
            &LABEL[..],
            &named(name)?,
            &time.to_be_bytes(),
            &named(&origin)?,
            &start.to_be_bytes(),
            &size.to_be_bytes(),
            &root,
        ]
        .concat(),
    )
}
