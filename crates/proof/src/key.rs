//! Keys of signed notes: verifier keys (vkeys) in the text form of `c2sp.org/signed-note`, and signers. Ed25519 signs notes (type 0x01) and
//! cosignatures (type 0x04), ML-DSA-44 checkpoints alone (type 0x06, see `mldsa`); keys of other types are read, kept and named, but verify
//! nothing.
//!
//! No chance lives here: a signer is made of a seed that its caller drew.

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::mldsa::{self, Act};
use crate::note::Signature;
use crate::text::{from_base64, is_key_name, to_base64};

/// Signature type of plain Ed25519 note signatures, which logs make.
pub const ED25519: u8 = 0x01;
/// Signature type of timestamped Ed25519 cosignatures, which witnesses make.
pub const COSIGNATURE: u8 = 0x04;
/// Signature type of timestamped ML-DSA-44 signatures on checkpoints, which witnesses make, and logs may.
pub const ML_DSA_44: u8 = 0x06;
/// Signature type that signed-note leaves to whoever names one: here that of [`ENDORSING`].
const UNASSIGNED: u8 = 0xff;
/// What tells the key id of an ML-DSA-44 key that endorses statements from that of the same key cosigning.
const ENDORSING: &[u8] = b"earmark log policy v1 with ML-DSA-44";

/// Longest text of a key: an ML-DSA-44 key of 1,312 bytes in base64 beside a name, with room to spare.
pub const MAX_KEY_BYTES: usize = 8 << 10;

/// What the secret text of a signer begins with, as Go's `sumdb/note` writes it.
const SECRET_PREFIX: &str = "PRIVATE+KEY+";

/// Why a text is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is not of the form `name+id+key`, or too long.
    #[error("a key reads NAME+ID+BASE64, and is at most {MAX_KEY_BYTES} bytes long")]
    Shape,
    /// The name is empty, or holds a space or a plus sign.
    #[error("the name of a key is not empty and has no spaces and no plus sign")]
    Name,
    /// The key id is not eight lower-case hexadecimal digits.
    #[error("the id of a key is eight lower-case hexadecimal digits")]
    Id,
    /// The rest is not base64 of a type and a key.
    #[error("the key itself is not base64 of a signature type and a key")]
    Encoding,
    /// A key of this type has another length.
    #[error("a key of signature type {kind:#04x} has {expected} bytes, not {found}")]
    Length {
        /// Signature type.
        kind: u8,
        /// Bytes that it has.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// The id is not the one that follows from name, type and key.
    #[error("the id of this key is {expected:08x}, not {found:08x}: name and key do not belong together")]
    WrongId {
        /// What follows from name, type and key.
        expected: u32,
        /// What was given.
        found: u32,
    },
    /// The bytes are no Ed25519 public key, or one under which forged signatures verify.
    #[error("the bytes are no sound Ed25519 key")]
    Unsound,
    /// The text of a signer is of a type that this version cannot sign with.
    #[error("signature type {0:#04x} cannot be signed with")]
    CannotSign(u8),
}

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Keys of this type cannot be verified by this version.
    #[error("signatures of type {0:#04x} are not verified by this version")]
    Unsupported(u8),
    /// The signature has another length than its type's.
    #[error("the signature of {0} has a wrong length")]
    Length(String),
    /// The time of a cosignature is 0 (which Ed25519's may not be) or beyond 2^63 - 1.
    #[error("the cosignature of {0} bears no possible time")]
    Time(String),
    /// Keys of this type sign checkpoints alone, and this is none, or one whose origin is too long for them.
    #[error("the key of {0} signs checkpoints alone")]
    NoCheckpoint(String),
    /// It does not verify.
    #[error("the signature of {0} does not verify")]
    Wrong(String),
}

/// A key that verifies signatures.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: u32,
    kind: u8,
    material: Vec<u8>,
    scheme: Scheme,
}

/// How a key verifies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Ed25519(VerifyingKey),
    MlDsa44(Act),
    /// As far as this version knows it does not.
    Unknown,
}

impl VerifierKey {
    /// Reads `NAME+ID+BASE64`.
    pub fn parse(text: &str) -> Result<VerifierKey, KeyError> {
        let (name, id, bytes) = split(text)?;
        let (kind, material) = bytes.split_first().ok_or(KeyError::Encoding)?;
        let key = VerifierKey::of(name, *kind, material)?;
        // Types that others define may make their ids otherwise (0x02 does): such a key keeps the id that it came with.
        match *kind {
            ED25519 | COSIGNATURE | ML_DSA_44 if key.id != id => Err(KeyError::WrongId { expected: key.id, found: id }),
            _ => Ok(VerifierKey { id, ..key }),
        }
    }

    fn of(name: &str, kind: u8, material: &[u8]) -> Result<VerifierKey, KeyError> {
        let expected = match kind {
            ED25519 | COSIGNATURE => 32,
            ML_DSA_44 => mldsa::KEY_BYTES,
            _ => material.len(),
        };
        if material.len() != expected || material.is_empty() {
            return Err(KeyError::Length { kind, expected, found: material.len() });
        }
        let scheme = match kind {
            ED25519 | COSIGNATURE => Scheme::Ed25519(sound(material)?),
            ML_DSA_44 => Scheme::MlDsa44(Act::Cosign),
            _ => Scheme::Unknown,
        };
        let (id, name) = (key_id(name, &[kind], material), name.to_owned());
        Ok(VerifierKey { name, id, kind, material: material.to_vec(), scheme })
    }

    /// Its name: of a log the origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its id: a name for machines, no strong hash.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Its signature type.
    pub fn kind(&self) -> u8 {
        self.kind
    }

    /// The public key itself. Two keys of the same material are one key under two names.
    pub fn material(&self) -> &[u8] {
        &self.material
    }

    /// The same key as it endorses statements: an Ed25519 key by plain signatures of notes, an ML-DSA-44 key by signatures whose id and
    /// context are those of statements. None of a key that this version cannot verify.
    pub fn endorser(&self) -> Option<VerifierKey> {
        match self.scheme {
            Scheme::Ed25519(_) => VerifierKey::of(&self.name, ED25519, &self.material).ok(),
            Scheme::MlDsa44(_) => {
                let id = key_id(&self.name, &[&[UNASSIGNED], ENDORSING].concat(), &self.material);
                Some(VerifierKey { id, kind: UNASSIGNED, scheme: Scheme::MlDsa44(Act::Endorse), ..self.clone() })
            }
            Scheme::Unknown => None,
        }
    }

    /// Whether a signature says that it is of this key: same name, same id. What it says may be false.
    pub fn made(&self, signature: &Signature) -> bool {
        signature.id == self.id && signature.name == self.name
    }

    /// Verifies a signature over a note's text. Gives the time of a cosignature, none of a plain signature.
    pub fn verify(&self, text: &str, signature: &Signature) -> Result<Option<u64>, SignatureError> {
        let length = || SignatureError::Length(self.name.clone());
        let wrong = || SignatureError::Wrong(self.name.clone());
        let (time, bytes) = match self.kind {
            COSIGNATURE | ML_DSA_44 => {
                let (time, bytes) = signature.bytes.split_first_chunk::<8>().ok_or_else(length)?;
                let time = u64::from_be_bytes(*time);
                // A cosigner with ML-DSA-44 that says nothing of when writes 0.
                if (time == 0 && self.kind == COSIGNATURE) || i64::try_from(time).is_err() {
                    return Err(SignatureError::Time(self.name.clone()));
                }
                (Some(time), bytes)
            }
            _ => (None, &signature.bytes[..]),
        };
        let holds = match self.scheme {
            Scheme::Ed25519(key) => {
                let message = time.map_or_else(|| text.to_owned(), |time| cosigned_message(time, text));
                let bytes: [u8; 64] = bytes.try_into().map_err(|_| length())?;
                key.verify_strict(message.as_bytes(), &ed25519_dalek::Signature::from_bytes(&bytes)).is_ok()
            }
            Scheme::MlDsa44(Act::Cosign) => {
                let message = mldsa::cosigned(&self.name, time.unwrap_or(0), text);
                let message = message.ok_or_else(|| SignatureError::NoCheckpoint(self.name.clone()))?;
                mldsa::verifies(&self.material, Act::Cosign, &message, bytes).ok_or_else(length)?
            }
            Scheme::MlDsa44(Act::Endorse) => {
                mldsa::verifies(&self.material, Act::Endorse, text.as_bytes(), bytes).ok_or_else(length)?
            }
            Scheme::Unknown => return Err(SignatureError::Unsupported(self.kind)),
        };
        if holds { Ok(time) } else { Err(wrong()) }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![self.kind];
        bytes.extend_from_slice(&self.material);
        write!(f, "{}+{:08x}+{}", self.name, self.id, to_base64(&bytes))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

/// A key that signs: of a log (type 0x01) or of a witness (types 0x04 and 0x06).
#[derive(Clone)]
pub struct Signer {
    public: VerifierKey,
    secret: Secret,
}

#[derive(Clone)]
enum Secret {
    Ed25519(Box<SigningKey>),
    MlDsa44(mldsa::Secret),
}

impl Secret {
    fn seed(&self) -> [u8; 32] {
        match self {
            Secret::Ed25519(key) => key.to_bytes(),
            Secret::MlDsa44(key) => key.seed(),
        }
    }
}

impl Signer {
    /// The signer of a seed: 32 bytes of a sound random source.
    pub fn from_seed(name: &str, kind: u8, seed: &[u8; 32]) -> Result<Signer, KeyError> {
        if !is_key_name(name) {
            return Err(KeyError::Name);
        }
        let (secret, material) = match kind {
            ED25519 | COSIGNATURE => {
                let key = SigningKey::from_bytes(seed);
                let material = key.verifying_key().as_bytes().to_vec();
                (Secret::Ed25519(Box::new(key)), material)
            }
            ML_DSA_44 => {
                let key = mldsa::Secret::of(seed);
                let material = key.public();
                (Secret::MlDsa44(key), material)
            }
            _ => return Err(KeyError::CannotSign(kind)),
        };
        Ok(Signer { public: VerifierKey::of(name, kind, &material)?, secret })
    }

    /// Reads the secret text, `PRIVATE+KEY+NAME+ID+BASE64`.
    pub fn parse(text: &str) -> Result<Signer, KeyError> {
        let (name, id, bytes) = split(text.strip_prefix(SECRET_PREFIX).ok_or(KeyError::Shape)?)?;
        let (kind, seed) = bytes.split_first().ok_or(KeyError::Encoding)?;
        let seed: [u8; 32] =
            seed.try_into().map_err(|_| KeyError::Length { kind: *kind, expected: 32, found: seed.len() })?;
        let signer = Signer::from_seed(name, *kind, &seed)?;
        match signer.public.id {
            expected if expected != id => Err(KeyError::WrongId { expected, found: id }),
            _ => Ok(signer),
        }
    }

    /// The secret text: whoever has it signs in this name.
    pub fn secret_text(&self) -> String {
        let mut bytes = vec![self.public.kind];
        bytes.extend_from_slice(&self.secret.seed());
        format!("{SECRET_PREFIX}{}+{:08x}+{}", self.public.name, self.public.id, to_base64(&bytes))
    }

    /// The key that verifies what this one signs.
    pub fn verifier(&self) -> &VerifierKey {
        &self.public
    }

    /// The same secret as it endorses statements: see [`VerifierKey::endorser`].
    pub fn endorser(&self) -> Option<Signer> {
        Some(Signer { public: self.public.endorser()?, secret: self.secret.clone() })
    }

    /// Signs a note's text. A cosigner's signature bears the time, seconds since the Unix epoch; a log's takes no heed of it. A cosigner
    /// with ML-DSA-44 signs checkpoints alone: over another text its signature is one that verifies nowhere.
    pub fn sign(&self, text: &str, time: u64) -> Signature {
        let stamped = |bytes: &[u8]| [&time.to_be_bytes()[..], bytes].concat();
        let bytes = match (&self.secret, self.public.kind) {
            (Secret::Ed25519(key), COSIGNATURE) => {
                stamped(&key.sign(cosigned_message(time, text).as_bytes()).to_bytes())
            }
            (Secret::Ed25519(key), _) => key.sign(text.as_bytes()).to_bytes().to_vec(),
            (Secret::MlDsa44(key), ML_DSA_44) => {
                // No message of checkpoints is empty.
                let message = mldsa::cosigned(&self.public.name, time, text).unwrap_or_default();
                stamped(&key.sign(Act::Cosign, &message))
            }
            (Secret::MlDsa44(key), _) => key.sign(Act::Endorse, text.as_bytes()),
        };
        Signature { name: self.public.name.clone(), id: self.public.id, bytes }
    }
}

/// Never the secret.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.public)
    }
}

/// What a cosigner signs: the header and the time keep it apart from every other thing that the key might sign.
fn cosigned_message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// SHA-256(name || 0x0A || signature type || public key), its first four bytes.
fn key_id(name: &str, kind: &[u8], material: &[u8]) -> u32 {
    let hash =
        Sha256::new().chain_update(name).chain_update(b"\n").chain_update(kind).chain_update(material).finalize();
    hash.first_chunk::<4>().map_or(0, |first| u32::from_be_bytes(*first))
}

fn sound(material: &[u8]) -> Result<VerifyingKey, KeyError> {
    let bytes: [u8; 32] = material.try_into().map_err(|_| KeyError::Unsound)?;
    let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::Unsound)?;
    if key.is_weak() { Err(KeyError::Unsound) } else { Ok(key) }
}

/// Name, id and bytes of a text; base64 may hold plus signs, a name may not.
fn split(text: &str) -> Result<(&str, u32, Vec<u8>), KeyError> {
    if text.len() > MAX_KEY_BYTES {
        return Err(KeyError::Shape);
    }
    let (name, rest) = text.split_once('+').ok_or(KeyError::Shape)?;
    let (id, bytes) = rest.split_once('+').ok_or(KeyError::Shape)?;
    if !is_key_name(name) {
        return Err(KeyError::Name);
    }
    let is_hex = id.len() == 8 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let id = u32::from_str_radix(id, 16).ok().filter(|_| is_hex).ok_or(KeyError::Id)?;
    Ok((name, id, from_base64(bytes).ok_or(KeyError::Encoding)?))
}
