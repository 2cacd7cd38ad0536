//! What is known of the books outside their database: a folder with the newest checkpoint that this server gave out, and witnesses. A book
//! that was put back to an older state is recognised by them (docs/proof.md).

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::ensure;
use engine::store::StoreError;
use engine::{Asked, Known, Remembered};
use ledger::state::LogPolicy;
use proof::{Policy, SignedCheckpoint};
use witness::Trust;
use witness::client::is_https;

use super::read_text;
use crate::config::Config;

/// The memory of a server.
pub struct Memory {
    folder: Option<PathBuf>,
    /// Addresses (`http://...`, `https://...`) of witnesses, and files of checkpoints that they cosigned.
    witnesses: Vec<String>,
    /// What makes those at `https://...` trustworthy.
    trust: Option<Trust>,
}

impl Memory {
    /// The memory that is configured; none where neither a folder nor a witness is.
    pub fn of(config: &Config) -> anyhow::Result<Option<Memory>> {
        let folder = config.get("memory").map(PathBuf::from);
        let named = config.get("witness").unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
        let witnesses: Vec<String> = named.map(str::to_owned).collect();
        let trust = config.witness_trust()?;
        let unsure: Vec<&str> = witnesses.iter().map(String::as_str).filter(|name| is_https(name)).collect();
        ensure!(
            trust.is_some() || unsure.is_empty(),
            "{}: https needs the authority of the witness's certificate: --witness-ca",
            unsure.join(", ")
        );
        if let Some(folder) = &folder {
            let data = config.get("data").map(Path::new);
            let within = data.is_some_and(|data| absolute(folder).starts_with(absolute(data)));
            ensure!(
                !within,
                "memory must lie outside data: what puts an old copy of one back would put back the other"
            );
            fs::create_dir_all(folder)?;
        }
        Ok((folder.is_some() || !witnesses.is_empty()).then_some(Memory { folder, witnesses, trust }))
    }

    fn file(&self, book: &str) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(format!("{book}.checkpoint")))
    }

    /// What this server gave out last.
    fn own(&self, book: &str) -> io::Result<Option<Known>> {
        let Some(file) = self.file(book) else { return Ok(None) };
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let checkpoint = SignedCheckpoint::parse(&text).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Some(Known { from: file.display().to_string(), checkpoint }))
    }

    async fn known_of(&self, book: &str, log_policy: &LogPolicy) -> Result<Vec<Known>, StoreError> {
        // A memory that cannot be read may hold what matters: the book does not open.
        let own =
            self.own(book).map_err(|error| StoreError::Unavailable(format!("the memory of checkpoints: {error}")))?;
        let mut known: Vec<Known> = own.into_iter().collect();
        let Some(policy) = log_policy.policy() else { return Ok(known) };
        let Some(origin) = log_policy.origin() else { return Ok(known) };
        for from in &self.witnesses {
            match cosigned((from, self.trust.as_ref()), &origin, &policy).await {
                Ok(Some(checkpoint)) => known.push(Known { from: from.clone(), checkpoint }),
                Ok(None) => tracing::info!(book, from, "this witness has cosigned nothing of the book"),
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::warn!(book, from, error, "a witness was not heard; the book opens by what others say");
                }
            }
        }
        Ok(known)
    }
}

/// The checkpoint of an origin that a witness cosigned last. It counts by the cosignature of a witness of the policy, whichever key the log
/// had then.
async fn cosigned(
    (from, trust): (&str, Option<&Trust>),
    origin: &str,
    policy: &Policy,
) -> anyhow::Result<Option<SignedCheckpoint>> {
    let text = if from.contains("://") {
        match witness::client::latest(from, origin, trust).await? {
            Some(text) => text,
            None => return Ok(None),
        }
    } else {
        read_text(Path::new(from))?
    };
    let checkpoint = SignedCheckpoint::parse(&text)?;
    if checkpoint.checkpoint.origin != origin {
        return Ok(None);
    }
    let signed = policy
        .witnesses()
        .iter()
        .any(|witness| checkpoint.note.signed_by(&witness.key).is_ok_and(|times| !times.is_empty()));
    ensure!(signed, "it bears no cosignature of a witness of the book's policy");
    Ok(Some(checkpoint))
}

impl Remembered for Memory {
    fn known<'a>(&'a self, book: &'a str, policy: &'a LogPolicy) -> Asked<'a> {
        Box::pin(self.known_of(book, policy))
    }

    fn remember(&self, book: &str, checkpoint: &SignedCheckpoint) -> io::Result<()> {
        let Some(file) = self.file(book) else { return Ok(()) };
        let newer = |known: &Known| {
            let known = &known.checkpoint.checkpoint;
            known.origin == checkpoint.checkpoint.origin && known.size >= checkpoint.checkpoint.size
        };
        if self.own(book)?.as_ref().is_some_and(newer) {
            return Ok(());
        }
        let new = file.with_extension("checkpoint.new");
        let mut open = File::create(&new)?;
        open.write_all(checkpoint.note.to_string().as_bytes())?;
        open.sync_all()?;
        fs::rename(&new, &file)?;
        file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }
}

fn absolute(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    fs::canonicalize(&path).unwrap_or(path)
}
