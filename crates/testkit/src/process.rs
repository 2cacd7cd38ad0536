//! Servers as processes of their own: started on a free port, found by the address that they tell, stopped or killed. Whoever holds one
//! ends it, whatever becomes of the test. What is asked of a server is no matter of this file.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long a server may take to tell its address: replaying a log of a season takes seconds.
const STARTED_WITHIN: Duration = Duration::from_secs(120);

/// The variable with the built `earmark` binary; `cargo xtask test` sets it.
pub const BINARY_VARIABLE: &str = "EARMARK_BIN";

/// The built `earmark` binary: the one named by [`BINARY_VARIABLE`], or the one of the same build as the running test.
pub fn earmark() -> PathBuf {
    if let Some(named) = std::env::var_os(BINARY_VARIABLE) {
        return named.into();
    }
    let test = std::env::current_exe().expect("a running program has a path");
    let beside = test.ancestors().skip(1).take(2).map(|folder| folder.join("earmark")).find(|path| path.is_file());
    beside.unwrap_or_else(|| panic!("no `earmark` is built: run `cargo build --bin earmark`, or set {BINARY_VARIABLE}"))
}

/// `earmark` with these words, over a data folder.
pub fn command(data: &Path, words: &[&str]) -> Command {
    let mut command = plain_command(words);
    command.arg("--data").arg(data);
    command
}

/// `earmark` with these words. It sees none of our own variables, which it would take for its configuration.
pub fn plain_command(words: &[&str]) -> Command {
    let mut command = Command::new(earmark());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("EARMARK_")) {
        command.env_remove(name);
    }
    command.args(words);
    command
}

/// `earmark serve` over a data folder, on a free port of this machine.
pub fn serve(data: &Path) -> Command {
    command(data, &["serve", "--listen", "127.0.0.1:0"])
}

/// What `earmark` with these words prints; panics with all that it says where it fails.
pub fn output(data: &Path, words: &[&str]) -> String {
    output_of(&mut command(data, words))
}

/// What a command prints; panics with all that it says where it fails.
pub fn output_of(command: &mut Command) -> String {
    let ended = command.output().expect("earmark starts");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{command:?}: {said}{}", String::from_utf8_lossy(&ended.stderr));
    said
}

/// A running server.
pub struct Served {
    child: Child,
    address: SocketAddr,
}

impl Served {
    /// Starts a server and waits until it tells where it listens. All that it says is appended to `log`.
    pub fn start(command: &mut Command, log: &Path) -> Served {
        let said: File = OpenOptions::new().create(true).append(true).open(log).expect("the log can be written");
        let (output, input) = std::io::pipe().expect("there is room for a pipe");
        let copy = input.try_clone().expect("a pipe has two ends");
        command.stdin(Stdio::null()).stdout(copy).stderr(input);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        // The command still holds our ends of the pipe; without them it ends with the server.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let (found, address) = mpsc::channel();
        std::thread::spawn(move || listen(BufReader::new(output), said, &found));
        match address.recv_timeout(STARTED_WITHIN) {
            Ok(address) => Served { child, address },
            Err(_) => {
                let _ = child.kill();
                let ended = child.wait();
                let said = std::fs::read_to_string(log).unwrap_or_default();
                panic!("{command:?} told no address ({ended:?}):\n{said}");
            }
        }
    }

    /// Where it listens, as clients write it.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Kills it with SIGKILL: it can do nothing more, not even flush. Returns when it is gone.
    pub fn kill(mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be waited for");
    }

    /// Asks it to go down (SIGTERM) and waits until it has.
    pub fn stop(mut self) -> ExitStatus {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(asked.is_ok_and(|status| status.success()), "the server cannot be asked to go down");
        self.child.wait().expect("a child can be waited for")
    }

    /// Waits until it has ended by itself.
    pub fn ended(mut self) -> ExitStatus {
        self.child.wait().expect("a child can be waited for")
    }

    /// The most memory that it has held so far, in bytes (`VmHWM`).
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("Linux has /proc");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel counts the peak");
        let kib: u64 = peak.trim().trim_end_matches(" kB").parse().expect("the peak is a number of kB");
        kib * 1024
    }

    /// Processor time that it has used so far, user and system.
    pub fn processor_time(&self) -> Duration {
        processor_time_of(&self.child.id().to_string())
    }
}

/// Processor time that this process has used so far.
pub fn own_processor_time() -> Duration {
    processor_time_of("self")
}

fn processor_time_of(process: &str) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("Linux has /proc");
    // Fields 14 and 15, counted after the name in brackets, which may hold spaces; in ticks of 10 ms.
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

impl Drop for Served {
    fn drop(&mut self) {
        // Gone already, if it was stopped or killed; then both fail and there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Copies what a server says to its log, to the end, and tells the addresses in it.
fn listen(output: impl BufRead, mut log: File, found: &mpsc::Sender<SocketAddr>) {
    for line in output.lines().map_while(Result::ok) {
        if let Some(address) = address_in(&line) {
            // Only the first is waited for.
            let _ = found.send(address);
        }
        // A log that cannot be written must not stop the server on a full pipe.
        let _ = writeln!(log, "{line}");
    }
}

/// The loopback address that a line tells of.
fn address_in(line: &str) -> Option<SocketAddr> {
    let from = line.find("127.0.0.1:")?;
    let text = &line[from..];
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ':')).unwrap_or(text.len());
    text[..end].trim_end_matches(['.', ':']).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_what_a_server_says() {
        for (line, port) in [
            ("listening on 127.0.0.1:40123", Some(40123)),
            ("http://127.0.0.1:80/ is served.", Some(80)),
            ("serving on 127.0.0.1:7340.", Some(7340)),
            ("127.0.0.1", None),
            ("127.0.0.1:99999", None),
            ("0.0.0.0:80", None),
        ] {
            assert_eq!(address_in(line).map(|address| address.port()), port, "{line}");
        }
    }
}
