//! The last saved state of a book: a file beside its databases, replaced as a whole. It is a cache: one that is damaged or of another
//! format counts as none, and whoever reads it compares it with what the log says of it.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;

use engine::store::{Snapshot, StoreError};
use ledger::Filter;
use record::hash::{Hashing, sha256};

use crate::error::file_error;

/// What the file begins with; then sequence, length of the state (little-endian u64), state, filter, and the SHA-256 of all before it.
const MAGIC: &[u8; 20] = b"earmark/snapshot/v2\n";

/// Writes a snapshot in place of the one before.
pub(super) fn save(dir: &Path, snapshot: &Snapshot) -> Result<(), StoreError> {
    let written = || -> std::io::Result<()> {
        let new = dir.join("snapshot.new");
        let mut file = File::create(&new)?;
        write(snapshot, &mut file)?;
        file.sync_all()?;
        std::fs::rename(&new, dir.join("snapshot"))
    };
    written().map_err(|e| file_error("snapshot", &e))?;
    super::files::sync_dir(dir)
}

/// Reads the snapshot, if there is a whole one.
pub(super) fn load(dir: &Path) -> Result<Option<Snapshot>, StoreError> {
    let mut bytes = Vec::new();
    match File::open(dir.join("snapshot")).and_then(|mut file| file.read_to_end(&mut bytes)) {
        Ok(_) => {}
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(file_error("snapshot", &e)),
    }
    let snapshot = decode(&bytes);
    if snapshot.is_none() {
        tracing::warn!("the snapshot is damaged or of another version, and is not used");
    }
    Ok(snapshot)
}

fn write(snapshot: &Snapshot, to: &mut impl Write) -> std::io::Result<()> {
    let mut hashing = Hashing::new(&mut *to);
    hashing.write_all(MAGIC)?;
    hashing.write_all(&snapshot.at.to_le_bytes())?;
    hashing.write_all(&(snapshot.state.len() as u64).to_le_bytes())?;
    hashing.write_all(&snapshot.state)?;
    for part in snapshot.filter.parts() {
        hashing.write_all(&part)?;
    }
    let hash = hashing.finish();
    to.write_all(&hash)
}

fn decode(bytes: &[u8]) -> Option<Snapshot> {
    let (content, hash) = bytes.split_last_chunk::<32>()?;
    if sha256(content) != *hash {
        return None;
    }
    let rest = content.strip_prefix(MAGIC)?;
    let (at, rest) = rest.split_first_chunk::<8>()?;
    let (state_len, rest) = rest.split_first_chunk::<8>()?;
    let (state, filter) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*state_len)).ok()?)?;
    let (at, filter) = (u64::from_le_bytes(*at), Filter::from_bytes(filter)?);
    Some(Snapshot { at, state: Arc::new(state.to_vec()), filter })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_snapshot_is_read() {
        let snapshot = Snapshot { at: 7, state: Arc::new(vec![1, 2, 3]), filter: Filter::default() };
        let mut bytes = Vec::new();
        write(&snapshot, &mut bytes).unwrap();
        assert_eq!(decode(&bytes), Some(snapshot));
        for cut in 0..bytes.len() {
            assert_eq!(decode(&bytes[..cut]), None, "cut at {cut}");
        }
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert_eq!(decode(&flipped), None, "flipped at {at}");
        }
    }
}
