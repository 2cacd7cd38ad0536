//! Running other programs from the workspace root: cargo with the right profile, and reading its output while it is shown.
//! What the output means is in `tally`; which programs run, in the commands.

use std::io::{BufRead as _, BufReader, PipeReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// How long the output of an ended program may be silent before it is complete.
const QUIET: Duration = Duration::from_secs(2);

/// The build profile of what is tested.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build.
    Dev,
    /// As shipped.
    Release,
}

impl Profile {
    /// The folder under `target/`.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }

    /// The arguments that choose it.
    pub fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Dev => &[],
            Self::Release => &["--release"],
        }
    }
}

/// The workspace root: two above this crate.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// `cargo <words>` in the workspace root, by the cargo that runs us.
pub fn cargo(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(words);
    command
}

/// Where cargo builds, however that was configured.
pub fn target_folder() -> Result<PathBuf> {
    let output = cargo(&["metadata", "--format-version=1", "--no-deps"]).output().context("cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let folder = metadata["target_directory"].as_str().context("cargo metadata names no target_directory")?;
    Ok(PathBuf::from(folder))
}

/// Runs to the end, showing the output; true if the program said all is well.
pub fn succeeds(command: &mut Command) -> Result<bool> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    Ok(status.success())
}

/// As [`succeeds`], also handing every line of output (both streams, in the order written) to `each` afterwards.
pub fn succeeds_reading(command: &mut Command, each: impl FnMut(String)) -> Result<bool> {
    let (reader, writer) = std::io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    // The pipe ends when its last writer is gone, and the command still holds our copies.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (sender, lines) = channel();
    std::thread::spawn(move || show(reader, &sender));
    let well = child.wait()?.success();
    // A process that outlived its test keeps the pipe open: what cargo wrote is here by now, so do not wait for that one.
    std::iter::from_fn(|| lines.recv_timeout(QUIET).ok()).for_each(each);
    Ok(well)
}

/// Copies the pipe to the terminal and, line by line, to the channel.
fn show(reader: PipeReader, sender: &Sender<String>) {
    let mut reader = BufReader::new(reader);
    let mut terminal = std::io::stdout();
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        // A terminal that went away must not stop the counting.
        let _ = terminal.write_all(&line);
        if sender.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
            return;
        }
        line.clear();
    }
}
