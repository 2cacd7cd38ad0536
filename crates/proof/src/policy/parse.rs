//! Reads a policy file, and names every fault of it at once.

use std::collections::{BTreeMap, BTreeSet};

use super::{Group, Log, MAX_ENTRIES, MAX_POLICY_BYTES, Member, Policy, Witness};
use crate::key::{COSIGNATURE, ED25519, KeyError, ML_DSA_44, VerifierKey};
use crate::text::decimal;

/// A fault of a policy file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {kind}")]
pub struct PolicyFault {
    /// Line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub kind: PolicyFaultKind,
}

/// What is wrong with a line of a policy file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFaultKind {
    /// The file is too long.
    #[error("a policy file is at most {MAX_POLICY_BYTES} bytes long")]
    TooLong,
    /// The file is not UTF-8. (The specification allows any bytes above 0x7F and strongly recommends UTF-8.)
    #[error("a policy file is UTF-8")]
    NotUtf8,
    /// A control character other than tab and newline.
    #[error("control characters other than tab and newline are not allowed")]
    ControlCharacter,
    /// The first word is none of log, witness, group, quorum.
    #[error("a line begins with log, witness, group, quorum or #, not with {0}")]
    Keyword(String),
    /// Too few or too many words.
    #[error("expected: {0}")]
    Words(&'static str),
    /// A key that cannot be read.
    #[error("{0}")]
    Key(#[from] KeyError),
    /// A key of a type that this use does not have.
    #[error("a key of signature type {0:#04x} is none for this line")]
    KeyType(u8),
    /// A second line for the same public key.
    #[error("this public key stands in another line already")]
    DuplicateKey,
    /// A name that is taken, or `none`.
    #[error("the name {0} is taken")]
    NameTaken(String),
    /// A name that no line before defines.
    #[error("no line before this one defines {0}")]
    Unknown(String),
    /// A member of two groups, or twice of one.
    #[error("{0} is a member of a group already")]
    MemberTwice(String),
    /// A threshold that is not from 1 to the number of members.
    #[error("the number of a group is all, any, or from 1 to the number of its members")]
    Threshold,
    /// A second quorum line.
    #[error("there is one quorum line only")]
    SecondQuorum,
    /// No quorum line.
    #[error("a quorum line is missing; \"quorum none\" asks for no cosignature")]
    NoQuorum,
    /// More entries than allowed.
    #[error("at most {MAX_ENTRIES} logs, witnesses and groups, each")]
    TooMany,
}

impl PolicyFaultKind {
    /// A name of the kind of fault, without anything of the file's text.
    pub fn name(&self) -> &'static str {
        match self {
            PolicyFaultKind::TooLong => "TOO_LONG",
            PolicyFaultKind::NotUtf8 => "NOT_UTF8",
            PolicyFaultKind::ControlCharacter => "CONTROL_CHARACTER",
            PolicyFaultKind::Keyword(_) => "KEYWORD",
            PolicyFaultKind::Words(_) => "WORDS",
            PolicyFaultKind::Key(_) => "KEY",
            PolicyFaultKind::KeyType(_) => "KEY_TYPE",
            PolicyFaultKind::DuplicateKey => "DUPLICATE_KEY",
            PolicyFaultKind::NameTaken(_) => "NAME_TAKEN",
            PolicyFaultKind::Unknown(_) => "UNKNOWN_NAME",
            PolicyFaultKind::MemberTwice(_) => "MEMBER_TWICE",
            PolicyFaultKind::Threshold => "THRESHOLD",
            PolicyFaultKind::SecondQuorum => "SECOND_QUORUM",
            PolicyFaultKind::NoQuorum => "NO_QUORUM",
            PolicyFaultKind::TooMany => "TOO_MANY",
        }
    }
}

const LOG: &str = "log VKEY [URL]";
const WITNESS: &str = "witness NAME VKEY [URL]";
const GROUP: &str = "group NAME all|any|NUMBER MEMBER...";
const QUORUM: &str = "quorum NAME";

impl Policy {
    /// Reads a policy file.
    pub fn parse(bytes: &[u8]) -> Result<Policy, Vec<PolicyFault>> {
        let whole = |kind| vec![PolicyFault { line: 0, kind }];
        if bytes.len() > MAX_POLICY_BYTES {
            return Err(whole(PolicyFaultKind::TooLong));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| whole(PolicyFaultKind::NotUtf8))?;
        let mut reader = Reader::default();
        let mut faults = Vec::new();
        for (number, line) in (1..).zip(text.split('\n')) {
            if let Err(kind) = reader.line(line) {
                faults.push(PolicyFault { line: number, kind });
            }
        }
        // A quorum line that is wrong itself was told already.
        if !reader.quorum_seen {
            faults.push(PolicyFault { line: 0, kind: PolicyFaultKind::NoQuorum });
        }
        match reader.quorum {
            Some((quorum, quorum_name)) if faults.is_empty() => Ok(Policy {
                logs: reader.logs,
                witnesses: reader.witnesses,
                groups: reader.groups,
                quorum,
                quorum_name,
            }),
            _ => Err(faults),
        }
    }
}

/// What the lines so far said.
#[derive(Default)]
struct Reader {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    names: BTreeMap<String, Member>,
    in_groups: BTreeSet<Member>,
    quorum: Option<(Option<Member>, String)>,
    quorum_seen: bool,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), PolicyFaultKind> {
        if line.bytes().any(|byte| (byte < 0x20 && byte != b'\t') || byte == 0x7f) {
            return Err(PolicyFaultKind::ControlCharacter);
        }
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match words.split_first() {
            None => Ok(()),
            Some((word, _)) if word.starts_with('#') => Ok(()),
            Some((&"log", rest)) => self.log(rest),
            Some((&"witness", rest)) => self.witness(rest),
            Some((&"group", rest)) => self.group(rest),
            Some((&"quorum", rest)) => self.quorum(rest),
            Some((word, _)) => Err(PolicyFaultKind::Keyword((*word).to_owned())),
        }
    }

    fn log(&mut self, words: &[&str]) -> Result<(), PolicyFaultKind> {
        let (key, url) = match words {
            [key] => (key, None),
            [key, url] => (key, Some((*url).to_owned())),
            _ => return Err(PolicyFaultKind::Words(LOG)),
        };
        let taken = self.logs.iter().map(|log| &log.key);
        let key = read_key(key, &[ED25519, ML_DSA_44], taken)?;
        push(&mut self.logs, Log { key, url }).map(drop)
    }

    fn witness(&mut self, words: &[&str]) -> Result<(), PolicyFaultKind> {
        let (name, key, url) = match words {
            [name, key] => (name, key, None),
            [name, key, url] => (name, key, Some((*url).to_owned())),
            _ => return Err(PolicyFaultKind::Words(WITNESS)),
        };
        self.free(name)?;
        let taken = self.witnesses.iter().map(|witness| &witness.key);
        let key = read_key(key, &[COSIGNATURE, ML_DSA_44], taken)?;
        let place = push(&mut self.witnesses, Witness { name: (*name).to_owned(), key, url })?;
        self.names.insert((*name).to_owned(), Member::Witness(place));
        Ok(())
    }

    fn group(&mut self, words: &[&str]) -> Result<(), PolicyFaultKind> {
        let [name, threshold, members @ ..] = words else { return Err(PolicyFaultKind::Words(GROUP)) };
        if members.is_empty() {
            return Err(PolicyFaultKind::Words(GROUP));
        }
        self.free(name)?;
        let threshold = match *threshold {
            "any" => 1,
            "all" => members.len(),
            number => decimal(number).and_then(|number| usize::try_from(number).ok()).unwrap_or(0),
        };
        if !(1..=members.len()).contains(&threshold) {
            return Err(PolicyFaultKind::Threshold);
        }
        let mut counted = Vec::new();
        for name in members {
            let member = self.defined(name)?;
            if !self.in_groups.insert(member) {
                return Err(PolicyFaultKind::MemberTwice((*name).to_owned()));
            }
            counted.push(member);
        }
        let place = push(&mut self.groups, Group { threshold, members: counted })?;
        self.names.insert((*name).to_owned(), Member::Group(place));
        Ok(())
    }

    fn quorum(&mut self, words: &[&str]) -> Result<(), PolicyFaultKind> {
        let [name] = words else {
            self.quorum_seen = true;
            return Err(PolicyFaultKind::Words(QUORUM));
        };
        if std::mem::replace(&mut self.quorum_seen, true) {
            return Err(PolicyFaultKind::SecondQuorum);
        }
        let member = if *name == "none" { None } else { Some(self.defined(name)?) };
        self.quorum = Some((member, (*name).to_owned()));
        Ok(())
    }

    fn free(&self, name: &str) -> Result<(), PolicyFaultKind> {
        if name == "none" || self.names.contains_key(name) {
            return Err(PolicyFaultKind::NameTaken(name.to_owned()));
        }
        Ok(())
    }

    fn defined(&self, name: &str) -> Result<Member, PolicyFaultKind> {
        self.names.get(name).copied().ok_or_else(|| PolicyFaultKind::Unknown(name.to_owned()))
    }
}

fn read_key<'a>(
    text: &str,
    kinds: &[u8],
    mut taken: impl Iterator<Item = &'a VerifierKey>,
) -> Result<VerifierKey, PolicyFaultKind> {
    let key = VerifierKey::parse(text)?;
    if !kinds.contains(&key.kind()) {
        return Err(PolicyFaultKind::KeyType(key.kind()));
    }
    if taken.any(|other| other.material() == key.material()) {
        return Err(PolicyFaultKind::DuplicateKey);
    }
    Ok(key)
}

/// Adds an entry; tells its place.
fn push<T>(list: &mut Vec<T>, entry: T) -> Result<usize, PolicyFaultKind> {
    if list.len() >= MAX_ENTRIES {
        return Err(PolicyFaultKind::TooMany);
    }
    list.push(entry);
    Ok(list.len().saturating_sub(1))
}
