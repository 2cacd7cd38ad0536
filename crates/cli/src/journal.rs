//! The local journal of requests: each mutation stands here with its id before it is sent, so that one whose answer was lost can be sent
//! again as it was. One JSON line a request, in a file that only its owner reads.

use std::collections::HashSet;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context;
use serde_json::{Value as Json, json};

use crate::json;

/// Name of the file in the state folder.
const FILE: &str = "requests.jsonl";

/// Where the journal is unless set: `$XDG_STATE_HOME/earmark`, else `~/.local/state/earmark`.
pub fn default_folder() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state"))).map(|base| base.join("earmark"))
}

/// Notes a request before it is sent; only once it is on disk may it go.
pub fn note(folder: &Path, method: &str, request: &Json) -> anyhow::Result<()> {
    let file = folder.join(FILE);
    let write = || -> std::io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut journal = OpenOptions::new().create(true).append(true).mode(0o600).open(&file)?;
        let at = json::of_system_time(SystemTime::now());
        let line = json!({"time": at, "method": method, "request": request});
        journal.write_all(format!("{line}\n").as_bytes())?;
        journal.sync_data()
    };
    write().with_context(|| {
        format!("noting the request in {} before it is sent (--journal names another folder)", file.display())
    })
}

/// Ids of the requests noted so far; none where there is no journal yet.
pub fn noted(folder: &Path) -> anyhow::Result<HashSet<String>> {
    let file = folder.join(FILE);
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(HashSet::new()),
        Err(error) => return Err(error).with_context(|| format!("reading {}", file.display())),
    };
    // A line that was cut short noted a request that was never sent.
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    Ok(lines.filter_map(|line| Some(line["request"]["request_id"].as_str()?.to_owned())).collect())
}

/// An id for a request: 128 random bits.
pub fn new_id() -> anyhow::Result<String> {
    let mut bits = [0u8; 16];
    getrandom::fill(&mut bits).context("the system gives no random bits")?;
    Ok(format!("cli-{}", hex::encode(bits)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_request_is_noted_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/b");
        note(&folder, "SpendingService.Disburse", &json!({"request_id": "r-1"})).unwrap();
        note(&folder, "SpendingService.Disburse", &json!({"request_id": "r-2"})).unwrap();
        let text = std::fs::read_to_string(folder.join(FILE)).unwrap();
        let ids: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(ids.len(), 2);
        assert_eq!(ids[1]["request"]["request_id"], "r-2");
        let mode = std::fs::metadata(folder.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
        assert_ne!(new_id().unwrap(), new_id().unwrap());
        assert!(noted(&folder).unwrap().contains("r-2") && noted(dir.path()).unwrap().is_empty());
    }
}
