//! The key of a year's person tokens (P13): made once, kept in a file at the one place that tokenizes, never sent anywhere. What the ledger
//! knows is its name and a check value.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, ensure};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// Bytes of a key.
const KEY_BYTES: usize = 32;
/// Bytes of a token: half of the HMAC.
pub const TOKEN_BYTES: usize = 16;

/// A year's key.
#[derive(Serialize, Deserialize)]
pub struct Key {
    /// Programme year.
    pub year: u32,
    /// Name, under which the ledger registers it.
    pub key_id: String,
    /// 32 bytes in hexadecimal digits.
    key: String,
}

impl Key {
    /// Makes a key of random bytes and writes it to a new file that only its owner reads.
    pub fn make(year: u32, key_id: &str, file: &Path) -> anyhow::Result<Key> {
        let mut bytes = [0u8; KEY_BYTES];
        getrandom::fill(&mut bytes).context("no random bytes")?;
        let key = Key { year, key_id: key_id.to_owned(), key: hex::encode(bytes) };
        let mut out = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(file)
            .with_context(|| format!("making {} (a key is never overwritten)", file.display()))?;
        out.write_all(toml::to_string(&key)?.as_bytes())?;
        out.sync_all()?;
        Ok(key)
    }

    /// Reads a key from its file; a file that others read is refused.
    pub fn read(file: &Path) -> anyhow::Result<Key> {
        let mut open =
            OpenOptions::new().read(true).open(file).with_context(|| format!("opening {}", file.display()))?;
        let mode = open.metadata()?.permissions().mode();
        ensure!(mode & 0o077 == 0, "{}: others may read the key: chmod 600", file.display());
        let mut text = String::new();
        open.read_to_string(&mut text)?;
        // A message of the parser would show a part of the file.
        let key: Option<Key> = toml::from_str(&text).ok();
        let key = key.filter(|key| hex::decode(&key.key).is_ok_and(|bytes| bytes.len() == KEY_BYTES));
        key.with_context(|| format!("{} is no key file", file.display()))
    }

    fn hmac(&self, label: &str, text: &str) -> anyhow::Result<[u8; 32]> {
        let key = hex::decode(&self.key).ok().context("no key")?;
        let mut hmac = Hmac::<Sha256>::new_from_slice(&key).ok().context("no key")?;
        hmac.update(label.as_bytes());
        hmac.update(&[0]);
        hmac.update(text.as_bytes());
        Ok(hmac.finalize().into_bytes().into())
    }

    /// Shows whether somebody holds the same key, and nothing of it.
    pub fn check_value(&self) -> anyhow::Result<[u8; 32]> {
        self.hmac("earmark/token-key/v1", &self.year.to_string())
    }

    /// The token of a person's identity number.
    pub fn token(&self, number: &str) -> anyhow::Result<[u8; TOKEN_BYTES]> {
        let whole = self.hmac("earmark/token/v1", number)?;
        whole.first_chunk().copied().context("a token is half an HMAC")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("2018.key");
        let made = Key::make(2018, "K-2018", &file).unwrap();
        assert!(Key::make(2018, "K-2018", &file).is_err(), "a key is never overwritten");
        let read = Key::read(&file).unwrap();
        assert_eq!(
            (read.check_value().unwrap(), read.token("1").unwrap()),
            (made.check_value().unwrap(), made.token("1").unwrap())
        );
        let other = Key::make(2018, "K-2018", &folder.path().join("other.key")).unwrap();
        assert_ne!(other.check_value().unwrap(), made.check_value().unwrap());
        assert_ne!(other.token("1").unwrap(), made.token("1").unwrap());
        assert_ne!(made.token("2").unwrap(), made.token("1").unwrap());
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Key::read(&file).is_err(), "others may read it");
    }
}
