//! What a witness remembers: for each log a file with the checkpoint that it cosigned last. A file is replaced whole, on disk before it
//! counts; what cannot be read is never taken for nothing. One process at a time holds the folder.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use proof::{CheckpointError, MAX_NOTE_BYTES, SignedCheckpoint};
use sha2::{Digest, Sha256};

/// Why a witness cannot remember.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// There is no folder. A witness that starts with an empty memory would cosign any history.
    #[error("{0} does not exist: a new witness is begun on purpose, one that lost its memory is restored")]
    Missing(PathBuf),
    /// The folder is there already.
    #[error("{0} exists already: this witness has begun before")]
    Begun(PathBuf),
    /// Another process is this witness.
    #[error("{0} is held by another process")]
    Held(PathBuf),
    /// The file system failed.
    #[error("{path}: {error}")]
    Files {
        /// Where.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file is not what a witness writes.
    #[error("{path}: {error}: restore it from a copy; it must not be removed")]
    Damaged {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        error: CheckpointError,
    },
}

/// The folder of a witness, held by this process.
#[derive(Debug)]
pub(crate) struct State {
    folder: PathBuf,
    /// Given back when dropped.
    _lock: File,
}

impl State {
    /// Begins an empty memory. The folder must not exist.
    pub fn begin(folder: &Path) -> Result<State, StateError> {
        match fs::create_dir(folder) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Err(StateError::Begun(folder.to_owned())),
            Err(error) => return Err(StateError::Files { path: folder.to_owned(), error }),
        }
        State::open(folder)
    }

    /// Opens a memory that was begun before.
    pub fn open(folder: &Path) -> Result<State, StateError> {
        if !folder.is_dir() {
            return Err(StateError::Missing(folder.to_owned()));
        }
        let path = folder.join("lock");
        let lock = File::create(&path).map_err(|error| StateError::Files { path: path.clone(), error })?;
        match lock.try_lock() {
            Ok(()) => Ok(State { folder: folder.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StateError::Held(folder.to_owned())),
            Err(TryLockError::Error(error)) => Err(StateError::Files { path, error }),
        }
    }

    /// The name of an origin in files and addresses: its SHA-256 in hexadecimal.
    pub fn name(origin: &str) -> String {
        hex::encode(Sha256::digest(origin))
    }

    /// The checkpoint of a log that was cosigned last, with the cosignature; none if there is none yet.
    pub fn latest(&self, origin: &str) -> Result<Option<SignedCheckpoint>, StateError> {
        self.named(&State::name(origin))
    }

    /// The same by the name of the origin.
    pub fn named(&self, name: &str) -> Result<Option<SignedCheckpoint>, StateError> {
        let path = self.folder.join(format!("{name}.checkpoint"));
        let text = match fs::metadata(&path).and_then(|file| {
            let long = file.len() > MAX_NOTE_BYTES as u64;
            if long { Err(io::Error::other("longer than any checkpoint")) } else { fs::read_to_string(&path) }
        }) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StateError::Files { path, error }),
        };
        SignedCheckpoint::parse(&text).map(Some).map_err(|error| StateError::Damaged { path, error })
    }

    /// Remembers a checkpoint: on disk when this returns.
    pub fn remember(&self, checkpoint: &SignedCheckpoint) -> Result<(), StateError> {
        let name = State::name(&checkpoint.checkpoint.origin);
        self.write(&format!("{name}.checkpoint"), &checkpoint.note.to_string())
    }

    /// Keeps evidence against a log; tells where.
    pub fn keep_evidence(&self, name: &str, text: &str) -> Result<PathBuf, StateError> {
        let file = format!("evidence-{name}.txt");
        self.write(&file, text)?;
        Ok(self.folder.join(file))
    }

    /// Writes a file whole: a new one beside it, synced, put in its place, and the folder synced.
    fn write(&self, name: &str, text: &str) -> Result<(), StateError> {
        let path = self.folder.join(name);
        let new = self.folder.join(format!("{name}.new"));
        let written = || -> io::Result<()> {
            let mut file = File::create(&new)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            File::open(&self.folder)?.sync_all()
        };
        written().map_err(|error| StateError::Files { path, error })
    }
}
